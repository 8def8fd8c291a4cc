#include "source/git_test.h"

#include <poll.h>

#include "source/worktree.h"

static str paths(struct arena *a, const struct filelist *l)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->entries.n; i++)
		buf_addf(&b, "%.*s ", STR_ARG(l->entries.p[i].path));
	return arena_str(a, buf_str(&b));
}

static str line_of(struct git_test *g, str out)
{
	str line;

	(void)g;
	str_line(&out, &line);
	return line;
}

static void scan(struct worktree *w, struct git_test *g, struct worktree_state *out)
{
	assert_ok(worktree_scan(w, &g->a, out));
}

static void test_clean_and_dirty(void **state)
{
	static const char *const formats[] = { "sha1", "sha256" };

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		CLEANUP(worktree_drop) struct worktree *w = NULL;
		struct worktree_state s, again;
		struct git_test g;

		git_test_init(&g);
		git_test_repo(&g, formats[f]);
		str head = line_of(&g, git(&g, "repo", "rev-parse", "HEAD"));
		str clean = arena_printf(&g.a, "main@%s:%.*s", formats[f], STR_ARG(head));

		assert_ok(worktree_open(&w, str_c(git_test_path(&g, "repo"))));
		scan(w, &g, &s);
		assert_string_equal(s.revision.p, clean.p);
		assert_false(s.dirty);
		assert_string_equal(
			paths(&g.a, &s.files).p,
			"README.md apps/one.yaml apps/two.yaml apps2/three.yaml link run.sh ");
		/* a change, then back */
		git_test_file(&g, "repo/apps/one.yaml", "kind: Changed\n");
		scan(w, &g, &s);
		assert_true(s.dirty);
		assert_true(str_starts(s.revision, arena_cat(&g.a, clean, S("-dirty."))));
		assert_int_equal(s.revision.n, clean.n + 7 + 12);
		git_test_file(&g, "repo/apps/one.yaml", "kind: ConfigMap\n");
		scan(w, &g, &again);
		assert_string_equal(again.revision.p, clean.p);
		/* a new file, one that is left out, a mode */
		git_test_file(&g, "repo/.gitignore", "*.tmp\n/out/\n");
		git_test_file(&g, "repo/x.tmp", "x");
		git_test_file(&g, "repo/out/x", "x");
		scan(w, &g, &s);
		assert_string_equal(
			paths(&g.a, &s.files).p,
			".gitignore README.md apps/one.yaml apps/two.yaml apps2/three.yaml "
			"link run.sh ");
		str tree = line_of(&g, git(&g, "repo", "add", "."));

		tree = line_of(&g, git(&g, "repo", "write-tree"));
		char hex[GITID_HEX + 1];

		gitid_print(&s.tree, hex);
		assert_true(str_eq(tree, str_c(hex)));
		git_test_release(&g);
	}
}

static void test_a_folder_of_a_repository(void **state)
{
	CLEANUP(worktree_drop) struct worktree *w = NULL;
	struct worktree_state s;
	struct git_test g;

	(void)state;
	git_test_init(&g);
	git_test_repo(&g, "sha1");
	assert_ok(worktree_open(&w, str_c(git_test_path(&g, "repo/apps"))));
	scan(w, &g, &s);
	assert_false(s.dirty);
	assert_string_equal(paths(&g.a, &s.files).p, "one.yaml two.yaml ");
	git(&g, "repo", "checkout", "-q", "--detach");
	scan(w, &g, &s);
	assert_true(str_starts(s.revision, S("sha1:")));
	git_test_release(&g);
}

static void test_no_repository(void **state)
{
	CLEANUP(worktree_drop) struct worktree *w = NULL;
	struct worktree_state s, again;
	struct git_test g;

	(void)state;
	git_test_init(&g);
	git_test_file(&g, "a/b.yaml", "x");
	assert_ok(worktree_open(&w, fs_root(g.fs)));
	scan(w, &g, &s);
	assert_true(str_starts(s.revision, S("local@sha256:")));
	assert_int_equal(s.revision.n, 13 + 64);
	assert_true(s.dirty);
	scan(w, &g, &again);
	assert_true(str_eq(s.revision, again.revision));
	git_test_file(&g, "a/b.yaml", "y");
	scan(w, &g, &again);
	assert_false(str_eq(s.revision, again.revision));
	git_test_release(&g);
}

/* A repository's own configuration starts nothing. */
static void test_configuration_starts_no_program(void **state)
{
	CLEANUP(worktree_drop) struct worktree *w = NULL;
	struct worktree_state s;
	struct git_test g;

	(void)state;
	git_test_init(&g);
	git_test_repo(&g, "sha1");
	const char *probe = git_test_path(&g, "probe");

	git(&g, "repo", "config", "core.fsmonitor", arena_printf(&g.a, "touch %s", probe).p);
	git(&g, "repo", "config", "core.sshCommand", arena_printf(&g.a, "touch %s", probe).p);
	git(&g, "repo", "config", "core.pager", arena_printf(&g.a, "touch %s", probe).p);
	git_test_file(&g, "repo/.git/hooks/post-index-change", "#!/bin/sh\ntouch probe\n");
	assert_ok(worktree_open(&w, str_c(git_test_path(&g, "repo"))));
	scan(w, &g, &s);
	assert_false(s.dirty);
	assert_false(fs_is_file(g.fs, S("probe")));
	git_test_release(&g);
}

static bool is_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void test_watching(void **state)
{
	CLEANUP(worktree_drop) struct worktree *w = NULL;
	struct worktree_state s;
	struct git_test g;

	(void)state;
	git_test_init(&g);
	git_test_file(&g, "a/b.yaml", "x");
	assert_ok(worktree_open(&w, fs_root(g.fs)));
	scan(w, &g, &s);
	worktree_drain(w);
	assert_false(is_readable(worktree_fd(w), 0));
	git_test_file(&g, "a/b.yaml", "y");
	assert_true(is_readable(worktree_fd(w), 5000));
	assert_true(worktree_drain(w));
	assert_false(worktree_drain(w));
	git_test_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_and_dirty),
		cmocka_unit_test(test_a_folder_of_a_repository),
		cmocka_unit_test(test_no_repository),
		cmocka_unit_test(test_configuration_starts_no_program),
		cmocka_unit_test(test_watching),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
