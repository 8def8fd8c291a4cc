#include "source/git_test.h"

#include "source/gitcheckout.h"
#include "source/gitobj.h"
#include "source/gittree.h"

static const char *const good_names[] = {
	"a",     ".gitignore", ".gitmodules", "git",   "...", "a b", ".git-x", "git~2",
	".gitx", "\xff",       "-x",          "a.git", ".g",  "..a", "CON",
};

static const struct {
	const char *name;
	size_t n;
} bad_names[] = {
	{ "", 0 },
	{ ".", 1 },
	{ "..", 2 },
	{ "a/b", 3 },
	{ "a\0b", 3 },
	{ ".git", 4 },
	{ ".GIT", 4 },
	{ ".Git ", 5 },
	{ ".git.", 5 },
	{ ".git . .", 8 },
	{ "git~1", 5 },
	{ "GIT~1 ", 6 },
	{ ".git:x", 6 },
	{ ".git\\x", 6 },
	{ ".g\xe2\x80\x8c"
	  "it",
	  7 },
	{ "\xef\xbb\xbf.git", 7 },
	{ ".git               ", 19 },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good_names / sizeof *good_names; i++)
		assert_ok(gitobj_check_name(str_c(good_names[i])));
	for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
		CLEANUP(err_drop)
		err *e = gitobj_check_name(str_of(bad_names[i].name, bad_names[i].n));

		if (!e)
			fail_msg("'%s' is taken for a good name", bad_names[i].name);
		assert_true(str_starts(err_text(e), S("invalid path: \"")));
	}
}

static const struct {
	const char *name;
	bool good;
} refs[] = {
	{ "refs/heads/main", true },
	{ "refs/heads/a/b", true },
	{ "HEAD", true },
	{ "refs/tags/v1.0.0+x", true },
	{ "refs/heads/-x", true },
	{ "", false },
	{ "-x", false },
	{ "--output=x", false },
	{ "refs/heads/../x", false },
	{ "refs/heads/a..b", false },
	{ "refs//x", false },
	{ "refs/heads/", false },
	{ "/refs", false },
	{ "refs/heads/a\nb", false },
	{ "refs/heads/a b", false },
	{ "refs/heads/a~1", false },
	{ "refs/heads/a^", false },
	{ "refs/heads/a:b", false },
	{ "refs/heads/a?", false },
	{ "refs/heads/a*", false },
	{ "refs/heads/a[", false },
	{ "refs/heads/a\\b", false },
	{ "refs/heads/.a", false },
	{ "refs/heads/a.lock", false },
	{ "refs/heads/a.lock/b", false },
	{ "refs/heads/a.", false },
	{ "refs/heads/@{1}", false },
	{ "@", false },
};

static void test_reference_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refs / sizeof *refs; i++)
		if (gitobj_is_ref_name(str_c(refs[i].name)) != refs[i].good)
			fail_msg("'%s'", refs[i].name);
	assert_false(gitobj_is_ref_name(str_of("refs/heads/a\0b", 14)));
}

#define TREE   "tree 0123456789012345678901234567890123456789\n"
#define PARENT "parent 1111111111111111111111111111111111111111\n"
#define WHO    "author A <a@b> 1700000000 +0130\ncommitter C D <c@d> 1700000001 -0030\n"

static void test_a_commit(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gitobj_commit c;

	(void)state;
	assert_ok(gitobj_commit(
		&a,
		S(TREE PARENT
		  "parent 2222222222222222222222222222222222222222\n" WHO
		  "gpgsig -----BEGIN SSH SIGNATURE-----\n one\n -----END\nencoding x\n\n"
		  "subject\n\nbody\n"),
		GITID_SHA1, &c));
	assert_int_equal(c.tree.b[1], 0x23);
	assert_int_equal(c.parent.b[0], 0x11);
	assert_true(str_eq(c.author.name, S("A")));
	assert_true(str_eq(c.author.email, S("a@b")));
	assert_int_equal(c.author.when, 1700000000);
	assert_int_equal(c.author.zone, 90);
	assert_int_equal(c.committer.zone, -30);
	assert_true(str_eq(c.committer.name, S("C D")));
	assert_true(str_eq(c.message, S("subject\n\nbody\n")));
	assert_true(str_eq(c.signature, S("-----BEGIN SSH SIGNATURE-----\none\n-----END\n")));
	assert_true(str_eq(c.payload,
			   S(TREE PARENT "parent 2222222222222222222222222222222222222222\n" WHO
					 "encoding x\n\nsubject\n\nbody\n")));
	assert_ok(gitobj_commit(&a, S(TREE "\n"), GITID_SHA1, &c));
	assert_int_equal(c.signature.n, 0);
	assert_true(str_eq(c.payload, S(TREE "\n")));
	assert_error(gitobj_commit(&a, S("\nx"), GITID_SHA1, &c),
		     "malformed commit: it has no tree");
	assert_error(gitobj_commit(&a, S("tree 01\n\n"), GITID_SHA1, &c),
		     "malformed commit: its tree has no name");
	assert_error(gitobj_commit(&a, S(TREE "\n"), GITID_SHA256, &c),
		     "malformed commit: it has no tree");
}

static void test_a_tag(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gitobj_tag t;

	(void)state;
	assert_ok(gitobj_tag(&a,
			     S("object 0123456789012345678901234567890123456789\ntype commit\n"
			       "tag v1\ntagger T <t@t> 1 +0000\n\nmessage\n-----BEGIN PGP "
			       "SIGNATURE-----\nx\n"),
			     GITID_SHA1, &t));
	assert_true(str_eq(t.name, S("v1")));
	assert_true(str_eq(t.target_type, S("commit")));
	assert_true(str_eq(t.message, S("message\n")));
	assert_true(str_eq(t.signature, S("-----BEGIN PGP SIGNATURE-----\nx\n")));
	assert_true(str_ends(t.payload, S("\n\nmessage\n")));
	assert_true(str_starts(t.payload, S("object 0123")));
	assert_error(gitobj_tag(&a, S("type commit\n\n"), GITID_SHA1, &t),
		     "malformed tag: it has no object");
}

static void test_subjects(void **state)
{
	static const struct {
		const char *message, *want;
	} rows[] = {
		{ "short\n\nbody", "short" },
		{ "", "" },
		{ "12345678901234567890123456789012345678901234567890",
		  "12345678901234567890123456789012345678901234567890" },
		{ "123456789012345678901234567890123456789012345678901\nx",
		  "12345678901234567890123456789012345678901234567890..." },
		{ "äääääääääääääääääääääääääääääääääääääääääääääääääää",
		  "ääääääääääääääääääääääääääääääääääääääääääääääääää..." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		gitobj_subject(&b, str_c(rows[i].message));
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

#define ID "aaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *tree;
	size_t n;
	const char *text;
} bad_trees[] = {
	{ "100644", 6, "malformed tree: an entry without a mode" },
	{ "10x644 a\0" ID, 29, "malformed tree: an entry without a mode" },
	{ "777 a\0" ID, 26, "malformed tree: an entry without a mode" },
	{ "100644 a", 8, "malformed tree: unexpected end" },
	{ "100644 a\0aaaa", 13, "malformed tree: unexpected end" },
	{ "100644 \0" ID, 28, "invalid path: \"\"" },
	{ "100644 ..\0" ID, 30, "invalid path: \"..\"" },
	{ "100644 b\0" ID "100644 a\0" ID, 58, "malformed tree: entries are not in order" },
	{ "40000 a\0" ID "100644 a-\0" ID, 58, "malformed tree: entries are not in order" },
	{ "100644 a\0" ID "40000 a\0" ID, 57, "malformed tree: entries are not in order" },
};

static err *read_all(str tree, size_t *n)
{
	struct gitobj_order last = { 0 };
	struct gitobj_entry e;
	bool more;

	for (*n = 0;; ++*n) {
		TRY(gitobj_tree_next(&tree, GITID_SHA1, &last, &e, &more));
		if (!more)
			return NULL;
	}
}

static void test_trees(void **state)
{
	size_t n;

	(void)state;
	assert_ok(read_all(str_of("100644 a-\0" ID "40000 a\0" ID "100664 b\0" ID "120000 c\0" ID
				  "160000 d\0" ID "100755 e\0" ID,
				  30 + 28 + 4 * 29),
			   &n));
	assert_int_equal(n, 6);
	for (size_t i = 0; i < sizeof bad_trees / sizeof *bad_trees; i++)
		assert_error(read_all(str_of(bad_trees[i].tree, bad_trees[i].n), &n),
			     bad_trees[i].text);
}

static void test_gitmodules(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	gittree_modules m = { 0 };

	(void)state;
	assert_ok(gittree_read_modules(
		&a,
		S("# c\n[core]\n\tpath = no\n[submodule \"one\"]\n\tpath = a/b ; c\n"
		  "\turl = \"../x y.git\"\n[submodule \"two\"]\n  URL=https://h/\\\"q\n"),
		&m));
	assert_int_equal(m.n, 2);
	assert_true(str_eq(m.p[0].path, S("a/b")));
	assert_true(str_eq(m.p[0].url, S("../x y.git")));
	assert_true(str_eq(m.p[1].url, S("https://h/\"q")));
}

static const struct {
	const char *old, *now;
} revisions[] = {
	{ "main/0123456789012345678901234567890123456789",
	  "main@sha1:0123456789012345678901234567890123456789" },
	{ "a/b/0123456789012345678901234567890123456789",
	  "a/b@sha1:0123456789012345678901234567890123456789" },
	{ "HEAD/0123456789012345678901234567890123456789",
	  "sha1:0123456789012345678901234567890123456789" },
	{ "0123456789012345678901234567890123456789",
	  "sha1:0123456789012345678901234567890123456789" },
	{ "main@sha1:0123456789012345678901234567890123456789",
	  "main@sha1:0123456789012345678901234567890123456789" },
	{ "", "" },
};

static void test_old_revisions(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof revisions / sizeof *revisions; i++)
		assert_true(str_eq(gitcheckout_revision(&a, str_c(revisions[i].old)),
				   str_c(revisions[i].now)));
	assert_true(str_eq(gitcheckout_shown_url(&a, S("https://u:p@h/x@y:z")),
			   S("https://u:***@h/x@y:z")));
	assert_true(
		str_eq(gitcheckout_shown_url(&a, S("https://u:p@q@h/")), S("https://u:***@h/")));
	assert_true(str_eq(gitcheckout_shown_url(&a, S("https://h:80/x")), S("https://h:80/x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),      cmocka_unit_test(test_reference_names),
		cmocka_unit_test(test_a_commit),   cmocka_unit_test(test_a_tag),
		cmocka_unit_test(test_subjects),   cmocka_unit_test(test_trees),
		cmocka_unit_test(test_gitmodules), cmocka_unit_test(test_old_revisions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
