#include "source/git_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "archive/tgz.h"
#include "base/clock.h"
#include "source/artifact.h"
#include "source/unpack.h"

static const struct artifact_owner owner = { { "GitRepository", 13 }, { "ns", 2 }, { "repo", 4 } };

struct setting {
	struct git_test g;
	struct artifact_store *store;
};

static void open_store(struct setting *s)
{
	struct artifact_options o = { .dir = str_c(git_test_path(&s->g, "data")),
				      .host = S("source.example") };

	assert_ok(artifact_store_open(&s->store, &o));
}

static void set_up(struct setting *s)
{
	git_test_init(&s->g);
	open_store(s);
}

static void tear_down(struct setting *s)
{
	artifact_store_close(s->store);
	git_test_release(&s->g);
}

static void add_text(struct filelist *l, const char *path, enum filelist_type type,
		     const char *text)
{
	assert_ok(filelist_add(l, (struct filelist_entry){ .path = str_c(path),
							   .type = type,
							   .from = FILELIST_TEXT,
							   .text = str_c(text) }));
}

static void add_sample(struct setting *s, const char *file, const char *text, struct artifact *out)
{
	struct filelist l = FILELIST_INIT(&s->g.a);

	add_text(&l, "b/two.yaml", FILELIST_FILE, text);
	add_text(&l, "a.sh", FILELIST_EXEC, "#!/bin/sh\n");
	add_text(&l, "b/link", FILELIST_LINK, "two.yaml");
	add_text(&l, "empty", FILELIST_DIR, "");
	assert_ok(filelist_sort(&l));
	assert_ok(artifact_add_list(s->store, &s->g.a, &owner, str_c(file), S("main@sha1:1"), &l,
				    NULL, out));
}

static err *add_line(void *ctx, str path, const struct fs_entry *e, enum fs_step *next)
{
	(void)next;
	buf_addf(ctx, "%.*s%s %o\n", STR_ARG(path), e->type == FS_DIR ? "/" : "", e->info.mode);
	return NULL;
}

static void test_stored_and_opened(void **state)
{
	struct setting s;
	struct artifact a, b;
	struct artifact_tree *one, *two;
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	str text;

	(void)state;
	set_up(&s);
	add_sample(&s, "1.tar.gz", "kind: A\n", &a);
	assert_true(str_eq(a.path, S("gitrepository/ns/repo/1.tar.gz")));
	assert_true(str_eq(a.url, S("http://source.example/gitrepository/ns/repo/1.tar.gz")));
	assert_true(str_eq(a.revision, S("main@sha1:1")));
	assert_true(str_starts(a.digest, S("sha256:")));
	assert_true(a.size > 0 && a.time > 0);
	assert_true(artifact_exists(s.store, a.path));
	assert_ok(artifact_verify(s.store, &a));
	add_sample(&s, "2.tar.gz", "kind: A\n", &b);
	assert_true(str_eq(a.digest, b.digest)); /* the same files, the same bytes */
	assert_ok(artifact_open(s.store, &a, &one));
	assert_ok(artifact_open(s.store, &b, &two));
	assert_ptr_equal(one, two);
	assert_ok(fs_walk(artifact_tree_fs(one), STR_NONE,
			  &(struct fs_walk){ .info = true, .visit = add_line, .ctx = &list }));
	assert_string_equal(buf_c(&list), "a.sh 700\nb/ 750\nb/two.yaml 600\nempty/ 750\n");
	/* removed while somebody looks: it stays until the last one is gone */
	assert_ok(artifact_remove(s.store, a.path));
	assert_ok(fs_read(artifact_tree_fs(one), &s.g.a, S("b/two.yaml"), 100, &text));
	assert_true(str_eq(text, S("kind: A\n")));
	artifact_close(one);
	artifact_close(two);
	assert_false(artifact_exists(s.store, a.path));
	assert_ok(artifact_open(s.store, &b, &two)); /* made anew */
	artifact_close(two);
	tear_down(&s);
}

static void test_what_is_in_the_file(void **state)
{
	struct setting s;
	struct artifact a;
	CLEANUP(tgz_drop) struct tgz *t = NULL;
	static const char *const want[] = { "a.sh 0 700", "b 5 750", "b/two.yaml 0 600",
					    "empty 5 750" };
	str bytes, text;
	bool more;

	(void)state;
	set_up(&s);
	add_sample(&s, "1.tar.gz", "kind: A\n", &a);
	assert_ok(fs_read(s.g.fs, &s.g.a, arena_cat(&s.g.a, S("data/"), a.path), 1 << 20, &text));
	assert_int_equal(text.n, a.size);
	assert_ok(tgz_open(&t, &s.g.a, text, NULL));
	for (size_t i = 0;; i++) {
		struct tar_entry e;

		assert_ok(tgz_next(t, &e, &bytes, &more));
		if (!more) {
			assert_int_equal(i, sizeof want / sizeof *want);
			break;
		}
		str line = arena_printf(&s.g.a, "%.*s %c %llo", STR_ARG(e.name), e.type,
					(unsigned long long)e.mode);

		assert_string_equal(line.p, want[i]);
		assert_int_equal(e.mtime, 0);
	}
	struct fs_info info;

	assert_ok(fs_stat(s.g.fs, arena_cat(&s.g.a, S("data/"), a.path), &info));
	assert_int_equal(info.mode, 0600);
	tear_down(&s);
}

static void test_ignore_rules(void **state)
{
	struct setting s;
	struct artifact a;
	struct ignore *ig;
	struct artifact_tree *t;
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	str spec = S("/b\n!/b/keep.txt\n");

	(void)state;
	set_up(&s);
	struct filelist l = FILELIST_INIT(&s.g.a);

	add_text(&l, ".sourceignore", FILELIST_FILE, "*.md\n");
	add_text(&l, "x.md", FILELIST_FILE, "x");
	add_text(&l, "x.png", FILELIST_FILE, "x"); /* the defaults are off */
	add_text(&l, ".gitignore", FILELIST_FILE, "x");
	add_text(&l, "b/drop.txt", FILELIST_FILE, "x");
	add_text(&l, "b/keep.txt", FILELIST_FILE, "x");
	add_text(&l, "c/.sourceignore", FILELIST_FILE, "!y.md\nz\n");
	add_text(&l, "c/y.md", FILELIST_FILE, "x");
	add_text(&l, "c/z", FILELIST_FILE, "x");
	add_text(&l, "z", FILELIST_FILE, "x");
	assert_ok(filelist_sort(&l));
	assert_ok(filelist_ignore(&l, &s.g.a, &spec, &ig));
	assert_ok(artifact_add_list(s.store, &s.g.a, &owner, S("1.tar.gz"), S("r"), &l, ig, &a));
	assert_ok(artifact_open(s.store, &a, &t));
	assert_ok(fs_walk(artifact_tree_fs(t), STR_NONE,
			  &(struct fs_walk){ .info = true, .visit = add_line, .ctx = &list }));
	assert_string_equal(buf_c(&list), ".sourceignore 600\nb/ 750\nb/keep.txt 600\nc/ 750\n"
					  "c/.sourceignore 600\nc/y.md 600\nx.png 600\nz 600\n");
	artifact_close(t);
	tear_down(&s);
}

static void test_lists_that_no_directory_holds(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	struct filelist l = FILELIST_INIT(&a);

	add_text(&l, "a", FILELIST_FILE, "");
	add_text(&l, "a-b", FILELIST_FILE, "");
	add_text(&l, "a/c", FILELIST_FILE, "");
	assert_error(filelist_sort(&l), "invalid path: \"a\": it is a file and a directory");
	l = (struct filelist)FILELIST_INIT(&a);
	add_text(&l, "a/c", FILELIST_FILE, "");
	add_text(&l, "a/c", FILELIST_EXEC, "");
	assert_error(filelist_sort(&l), "invalid path: \"a/c\": it is there twice");
	l = (struct filelist)FILELIST_INIT(&a);
	add_text(&l, "s", FILELIST_LINK, "/etc");
	add_text(&l, "s/passwd", FILELIST_FILE, "");
	assert_error(filelist_sort(&l), "invalid path: \"s\": it is a file and a directory");
	assert_true(filelist_has(&l, S("s")));
	assert_false(filelist_has(&l, S("s/pass")));
}

static void test_changed_files_are_refused(void **state)
{
	struct setting s;
	struct artifact a, b;
	struct artifact_tree *t;

	(void)state;
	set_up(&s);
	add_sample(&s, "1.tar.gz", "kind: A\n", &a);
	assert_ok(artifact_verify(s.store, &a));
	add_sample(&s, "1.tar.gz", "kind: B\n", &b);
	str text = arena_printf(&s.g.a, "computed digest doesn't match '%.*s'", STR_ARG(a.digest));

	assert_error(artifact_verify(s.store, &a), text.p);
	text = arena_printf(
		&s.g.a,
		"failed to verify archive: computed digest doesn't match provided '%.*s' "
		"(check whether file size exceeds max download size)",
		STR_ARG(a.digest));
	assert_error(artifact_open(s.store, &a, &t), text.p);
	a.digest = S("md5:00000000000000000000000000000000");
	assert_error(
		artifact_verify(s.store, &a),
		"failed to parse artifact digest 'md5:00000000000000000000000000000000': unsupported "
		"digest algorithm");
	a.digest = STR_NONE;
	assert_error(artifact_verify(s.store, &a), "artifact has no digest");
	assert_error(artifact_open(s.store, &a, &t), "empty digest");
	tear_down(&s);
}

static void test_a_restart(void **state)
{
	struct setting s;
	struct artifact a;
	struct artifact_tree *t;

	(void)state;
	set_up(&s);
	add_sample(&s, "1.tar.gz", "kind: A\n", &a);
	assert_ok(artifact_open(s.store, &a, &t));
	artifact_close(t);
	artifact_store_close(s.store);
	git_test_file(&s.g, "data/.tmp/leftover", "x");
	git_test_file(&s.g, "data/.trees/another-boot/x", "x");
	open_store(&s);
	assert_false(fs_is_file(s.g.fs, S("data/.tmp/leftover")));
	assert_ok(artifact_verify(s.store, &a));
	assert_ok(artifact_open(s.store, &a, &t));
	artifact_close(t);
	assert_false(fs_is_file(s.g.fs, S("data/.trees/another-boot/x")));
	tear_down(&s);
}

static void set_age(struct setting *s, str path, int64_t seconds)
{
	const char *full = git_test_path(&s->g, arena_cat(&s->g.a, S("data/"), path).p);
	struct timespec t = { clock_wall() / CLOCK_SECOND - seconds, 0 }, both[2] = { t, t };

	assert_int_equal(utimensat(AT_FDCWD, full, both, 0), 0);
}

static void test_retention(void **state)
{
	struct setting s;
	struct artifact a[5];
	size_t removed;
	bool any;

	(void)state;
	set_up(&s);
	for (int i = 0; i < 5; i++) {
		add_sample(&s, arena_printf(&s.g.a, "%d.tar.gz", i).p, "kind: A\n", &a[i]);
		set_age(&s, a[i].path, 10 - i);
	}
	git_test_file(&s.g, "data/gitrepository/ns/repo/0.tar.gz.lock", "");
	/* none is old: of five two stay, the current one and the newest */
	assert_ok(artifact_collect(s.store, &owner, a[1].path, &removed));
	assert_int_equal(removed, 3);
	assert_true(artifact_exists(s.store, a[1].path));
	assert_true(artifact_exists(s.store, a[4].path));
	assert_false(fs_is_file(s.g.fs, S("data/gitrepository/ns/repo/0.tar.gz.lock")));
	/* after a minute, all but the current one */
	set_age(&s, a[1].path, 100);
	set_age(&s, a[4].path, 100);
	assert_ok(artifact_collect(s.store, &owner, a[1].path, &removed));
	assert_int_equal(removed, 1);
	assert_true(artifact_exists(s.store, a[1].path));
	assert_ok(artifact_link(s.store, &owner, S("1.tar.gz"), S("latest.tar.gz")));
	assert_ok(artifact_collect(s.store, &owner, a[1].path, &removed));
	assert_int_equal(removed, 0);
	assert_ok(artifact_remove_all(s.store, &owner, &any));
	assert_true(any);
	assert_ok(artifact_remove_all(s.store, &owner, &any));
	assert_false(any);
	assert_false(fs_is_dir(s.g.fs, S("data/gitrepository/ns/repo")));
	tear_down(&s);
}

static const char *const not_served[] = {
	"",
	"gitrepository",
	"gitrepository/ns/repo/",
	".trees",
	".tmp/x",
	"../x",
	"/etc/passwd",
	"gitrepository/ns/repo/none",
	"gitrepository/ns/repo/1.tar.gz.lock",
	"gitrepository/ns/repo/out",
	"gitrepository/ns/repo/../repo/1.tar.gz",
	"gitrepository//ns",
};

static void test_serving(void **state)
{
	struct setting s;
	struct artifact a;
	uint64_t size;
	int fd;

	(void)state;
	set_up(&s);
	add_sample(&s, "1.tar.gz", "kind: A\n", &a);
	git_test_file(&s.g, "data/gitrepository/ns/repo/1.tar.gz.lock", "");
	assert_int_equal(
		symlink("/etc/passwd", git_test_path(&s.g, "data/gitrepository/ns/repo/out")), 0);
	assert_ok(artifact_open_file(s.store, a.path, &fd, &size));
	assert_int_equal(size, a.size);
	close(fd);
	assert_ok(artifact_link(s.store, &owner, S("1.tar.gz"), S("latest.tar.gz")));
	assert_ok(
		artifact_open_file(s.store, S("gitrepository/ns/repo/latest.tar.gz"), &fd, &size));
	close(fd);
	for (size_t i = 0; i < sizeof not_served / sizeof *not_served; i++)
		assert_error(artifact_open_file(s.store, str_c(not_served[i]), &fd, &size),
			     "404 page not found");
	tear_down(&s);
}

static void test_names_lead_nowhere_else(void **state)
{
	static const struct artifact_owner bad[] = {
		{ { "K", 1 }, { "..", 2 }, { "n", 1 } },
		{ { "K", 1 }, { "n", 1 }, { "a/b", 3 } },
		{ { "K", 1 }, { "", 0 }, { "n", 1 } },
	};
	struct setting s;
	struct artifact a;

	(void)state;
	set_up(&s);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP(err_drop)
		err *e = artifact_add_bytes(s.store, &s.g.a, &bad[i], S("x"), S("r"), S("bytes"),
					    &a);

		assert_non_null(e);
	}
	assert_error(artifact_add_bytes(s.store, &s.g.a, &owner, S("../x"), S("r"), S("b"), &a),
		     "invalid name of an artifact: ../x");
	assert_ok(artifact_add_bytes(s.store, &s.g.a, &owner, S("index.yaml"), S("r"), S("b"), &a));
	tear_down(&s);
}

/* A limit on the size of files stands for the disk. */
static void test_a_full_disk(void **state)
{
	struct setting s;
	struct artifact a;
	struct rlimit old, small;
	CLEANUP(buf_release) struct buf noise = BUF_INIT;
	uint32_t x = 1;

	(void)state;
	set_up(&s);
	for (size_t i = 0; i < 100000; i++) {
		x = x * 1103515245 + 12345;
		buf_addc(&noise, (char)(x >> 16));
	}
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){ 10000, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	err *e = artifact_add_bytes(s.store, &s.g.a, &owner, S("x"), S("r"), buf_str(&noise), &a);

	setrlimit(RLIMIT_FSIZE, &old);
	assert_error(e, "write artifact: file too large");
	struct fs_entry *entries;
	size_t n;

	assert_ok(fs_list(s.g.fs, &s.g.a, S("data/.tmp"), 10, &entries, &n));
	assert_int_equal(n, 0);
	assert_false(artifact_exists(s.store, S("gitrepository/ns/repo/x")));
	assert_ok(artifact_add_bytes(s.store, &s.g.a, &owner, S("x"), S("r"), buf_str(&noise), &a));
	tear_down(&s);
}

/* ---- hostile archives -------------------------------------------------------- */

struct odd_entry {
	const char *name, *link;
	char type;
	int64_t mode;
	const char *text; /* the error; NULL: it is fine */
};

static const struct odd_entry odd[] = {
	{ "../../etc/x", "", '0', 0644, "tar contained invalid name error \"../../etc/x\"" },
	{ "/etc/x", "", '0', 0644, "tar contained invalid name error \"/etc/x\"" },
	{ "a/../../x", "", '0', 0644, "tar contained invalid name error \"a/../../x\"" },
	{ "./../x", "", '0', 0644, "tar contained invalid name error \"./../x\"" },
	{ "a\\..\\..\\x", "", '0', 0644,
	  "tar contained invalid name error \"a\\\\..\\\\..\\\\x\"" },
	{ "C:\\x", "", '0', 0644, "tar contained invalid name error \"C:\\\\x\"" },
	{ "a\x1b[2Jb", "", '0', 0644, "tar contained invalid name error \"a\\x1b[2Jb\"" },
	{ "l", "/etc", '2', 0777,
	  "tar file entry l is a symlink, which is not allowed in this context" },
	{ "h", "/etc/passwd", '1', 0644,
	  "tar file entry h contained unsupported file type hard link" },
	{ "c", "", '3', 0644, "tar file entry c contained unsupported file type" },
	{ "b", "", '4', 0644, "tar file entry b contained unsupported file type" },
	{ "f", "", '6', 0644, "tar file entry f contained unsupported file type" },
	{ "suid", "", '0', 06777, NULL },
	{ "./x", "", '0', 0644, NULL },
};

static void pack(struct buf *out, const struct odd_entry *entries, size_t n)
{
	CLEANUP(buf_release) struct buf tar = BUF_INIT;
	struct sink_buf sink;
	struct tar_writer w;

	sink_buf_init(&sink, &tar, "tar");
	tar_writer_init(&w, &sink.sink);
	for (size_t i = 0; i < n; i++) {
		assert_ok(
			tar_write_entry(&w, &(struct tar_entry){ .name = str_c(entries[i].name),
								 .link = str_c(entries[i].link),
								 .type = entries[i].type,
								 .mode = entries[i].mode,
								 .size = entries[i].type == '0' }));
		if (entries[i].type == '0')
			assert_ok(tar_write_bytes(&w, S("x")));
	}
	assert_ok(tar_finish(&w));
	assert_ok(gzip_write(buf_str(&tar), 0, out));
}

static void test_hostile_archives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct git_test g;

		git_test_init(&g);
		pack(&b, &odd[i], 1);
		if (odd[i].text)
			assert_error(unpack_tgz(g.fs, buf_str(&b), NULL), odd[i].text);
		else
			assert_ok(unpack_tgz(g.fs, buf_str(&b), NULL));
		struct fs_info info;

		if (!strcmp(odd[i].name, "suid")) {
			assert_ok(fs_lstat(g.fs, S("suid"), &info));
			assert_int_equal(info.mode, 0700);
		}
		git_test_release(&g);
	}
}

static void test_links_are_never_followed(void **state)
{
	static const struct odd_entry through[] = { { "a", "/tmp", '2', 0777, NULL },
						    { "a/passwd", "", '0', 0644, NULL } };
	static const struct odd_entry twice[] = { { "a", "", '0', 0644, NULL },
						  { "a", "", '0', 0644, NULL } };
	static const struct odd_entry both[] = { { "a", "", '0', 0644, NULL },
						 { "a/b", "", '0', 0644, NULL } };
	struct unpack_options skip = { .skip_links = true };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct git_test g;

	(void)state;
	git_test_init(&g);
	pack(&b, through, 2);
	assert_ok(unpack_tgz(g.fs, buf_str(&b), &skip)); /* "a" is a directory of ours */
	assert_true(fs_is_dir(g.fs, S("a")));
	git_test_release(&g);
	git_test_init(&g);
	buf_clear(&b);
	pack(&b, twice, 2);
	err *e = unpack_tgz(g.fs, buf_str(&b), NULL);

	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_EXISTS);
	err_free(e);
	git_test_release(&g);
	git_test_init(&g);
	buf_clear(&b);
	pack(&b, both, 2);
	e = unpack_tgz(g.fs, buf_str(&b), NULL);
	assert_non_null(e);
	err_free(e);
	assert_error(unpack_tgz(g.fs, S("no archive"), NULL),
		     "requires gzip-compressed body: gzip: invalid header");
	git_test_release(&g);
}

static void test_bombs(void **state)
{
	struct unpack_options few = { .limits = { .entries = 10 } },
			      small = { .limits = { .total = 5 } };
	static const struct odd_entry one = { "d/e", "", '0', 0644, NULL };
	struct odd_entry many[20];
	char names[20][8];
	CLEANUP(buf_release) struct buf b = BUF_INIT, zeros = BUF_INIT, bomb = BUF_INIT;
	struct git_test g;

	(void)state;
	git_test_init(&g);
	for (int i = 0; i < 20; i++) {
		many[i] = one;
		snprintf(names[i], 8, "f%d", i);
		many[i].name = names[i];
	}
	pack(&b, many, 20);
	assert_error(unpack_tgz(g.fs, buf_str(&b), &few), "archive has more entries than 10");
	git_test_release(&g);
	git_test_init(&g);
	assert_error(unpack_tgz(g.fs, buf_str(&b), &small),
		     "archive is larger than the maximum size 5");
	git_test_release(&g);
	/* two hundred megabytes of nothing in two hundred kilobytes */
	git_test_init(&g);
	struct sink_buf sink;
	struct tar_writer w;

	buf_fill(&zeros, 0, 200 << 20);
	sink_buf_init(&sink, &bomb, "tar");
	tar_writer_init(&w, &sink.sink);
	assert_ok(tar_write_entry(
		&w, &(struct tar_entry){
			    .name = S("zeros"), .type = '0', .mode = 0644, .size = zeros.n }));
	buf_add(&bomb, buf_str(&zeros));
	buf_clear(&b);
	assert_ok(gzip_write(buf_str(&bomb), 1, &b));
	assert_error(unpack_tgz(g.fs, buf_str(&b), NULL),
		     "archive is larger than the maximum size 104857600");
	git_test_release(&g);
}

static const struct {
	const char *digest, *text;
} digests[] = {
	{ "sha256:0123456789012345678901234567890123456789012345678901234567890123", NULL },
	{ "sha256:012345678901234567890123456789012345678901234567890123456789012",
	  "invalid checksum digest length" },
	{ "sha256:A123456789012345678901234567890123456789012345678901234567890123",
	  "invalid checksum digest format" },
	{ "sha1:0123456789012345678901234567890123456789", "unsupported digest algorithm" },
	{ "md5:01234567890123456789012345678901", "unsupported digest algorithm" },
	{ "x:1", "unsupported digest algorithm" },
	{ "", "invalid checksum digest format" },
	{ "sha256", "invalid checksum digest format" },
	{ "sha256:", "invalid checksum digest format" },
	{ ":01", "invalid checksum digest format" },
};

static str noted(struct setting *s, const char *name)
{
	str text;

	assert_ok(artifact_noted(s->store, &s->g.a, str_c(name), &text));
	return text;
}

static void test_notes(void **state)
{
	struct setting s;
	CLEANUP(buf_release) struct buf large = BUF_INIT;

	(void)state;
	set_up(&s);
	for (int i = 0; i < 70000; i++)
		buf_addc(&large, 'x');
	assert_int_equal(noted(&s, "one").n, 0);
	assert_ok(artifact_note(s.store, S("one"), S("first")));
	assert_ok(artifact_note(s.store, S("two"), S("a\nb 3\n")));
	assert_ok(artifact_note(s.store, S("one"), S("second")));
	/* it does not become longer and longer */
	for (int i = 0; i < 100; i++)
		assert_ok(artifact_note(s.store, S("three"), buf_str(&large)));
	assert_ok(artifact_note(s.store, S("three"), STR_NONE));
	assert_ok(artifact_note(s.store, S("three"), STR_NONE));
	artifact_store_close(s.store);
	const char *path = git_test_path(&s.g, "data/.notes");
	FILE *f = fopen(path, "a");

	fseek(f, 0, SEEK_END);
	assert_true(ftell(f) < 2 << 20);
	fputs("two 100\nhalf", f);
	fclose(f);
	open_store(&s);
	assert_true(str_eq(noted(&s, "one"), S("second")));
	assert_true(str_eq(noted(&s, "two"), S("a\nb 3\n")));
	assert_int_equal(noted(&s, "three").n, 0);
	assert_ok(artifact_note(s.store, S("one"), STR_NONE));
	assert_int_equal(noted(&s, "one").n, 0);
	tear_down(&s);
}

static uint64_t inode(struct setting *s, const struct artifact *a, nlink_t *names)
{
	struct stat st;
	char path[600];

	snprintf(path, sizeof path, "%s/%.*s", git_test_path(&s->g, "data"), STR_ARG(a->path));
	assert_int_equal(stat(path, &st), 0);
	*names = st.st_nlink;
	return st.st_ino;
}

static void test_equal_bytes_are_one_file(void **state)
{
	const struct artifact_owner other = { S("HelmChart"), S("ns"), S("c") };
	struct artifact_tree *tree;
	struct artifact a, b, c, d;
	struct setting s;
	nlink_t names;

	(void)state;
	set_up(&s);
	add_sample(&s, "1.tar.gz", "kind: A\n", &a);
	add_sample(&s, "2.tar.gz", "kind: A\n", &b);
	add_sample(&s, "3.tar.gz", "kind: B\n", &c);
	assert_int_equal(inode(&s, &a, &names), inode(&s, &b, &names));
	assert_int_equal(names, 2);
	inode(&s, &c, &names);
	assert_int_equal(names, 1);
	/* once more under the same name, and as bytes of another owner */
	add_sample(&s, "2.tar.gz", "kind: A\n", &b);
	assert_ok(artifact_add_bytes(s.store, &s.g.a, &other, S("x.tgz"), S("1"), S("bytes"), &c));
	assert_ok(artifact_add_bytes(s.store, &s.g.a, &other, S("y.tgz"), S("2"), S("bytes"), &d));
	assert_int_equal(inode(&s, &c, &names), inode(&s, &d, &names));
	assert_int_equal(names, 2);
	/* what one gives up, the other keeps, packed and unpacked */
	assert_ok(artifact_open(s.store, &a, &tree));
	artifact_close(tree);
	assert_ok(artifact_remove(s.store, a.path));
	assert_ok(artifact_verify(s.store, &b));
	assert_ok(artifact_open(s.store, &b, &tree));
	artifact_close(tree);
	/* a file that was changed is nobody's twin */
	FILE *f = fopen(arena_cat(&s.g.a, str_c(git_test_path(&s.g, "data/")), b.path).p, "ab");

	assert_non_null(f);
	fputs("x", f);
	fclose(f);
	add_sample(&s, "4.tar.gz", "kind: A\n", &a);
	assert_ok(artifact_verify(s.store, &a));
	inode(&s, &a, &names);
	assert_int_equal(names, 1);
	tear_down(&s);
}

struct removal {
	struct artifact_store *store;
	pthread_barrier_t *start;
	str path;
};

static void *remove_one(void *arg)
{
	const struct removal *r = arg;

	pthread_barrier_wait(r->start);
	assert_ok(artifact_remove(r->store, r->path));
	return NULL;
}

/* Also when both look for each other and find that one is left. */
static void test_the_last_of_twins_takes_the_tree_along(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	for (int round = 0; round < 1000; round++) {
		const char *text = arena_printf(&s.g.a, "kind: %d\n", round).p;
		struct artifact_tree *tree;
		struct artifact twins[2];
		pthread_barrier_t start;
		pthread_t threads[2];
		struct removal r[2];

		add_sample(&s, "1.tar.gz", text, &twins[0]);
		add_sample(&s, "2.tar.gz", text, &twins[1]);
		assert_ok(artifact_open(s.store, &twins[0], &tree));
		artifact_close(tree);
		pthread_barrier_init(&start, NULL, 2);
		for (int i = 0; i < 2; i++) {
			r[i] = (struct removal){ s.store, &start, twins[i].path };
			pthread_create(&threads[i], NULL, remove_one, &r[i]);
		}
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&start);
	}
	assert_int_equal(system(arena_printf(&s.g.a, "test -z \"$(find '%s' -name two.yaml)\"",
					     git_test_path(&s.g, "data")).p),
			 0);
	tear_down(&s);
}

static size_t leftovers(struct setting *s)
{
	struct fs_entry *entries;
	size_t n;
	struct fs *fs;

	assert_ok(fs_open(&fs, str_c(git_test_path(&s->g, "data/.tmp")), NULL));
	assert_ok(fs_list(fs, &s->g.a, STR_NONE, 1000, &entries, &n));
	fs_close(fs);
	return n;
}

/* More than is held before it is known whether the same lies there, and many of them. */
static void test_large_and_many(void **state)
{
	enum { LARGE = (1 << 20) + 1, MANY = 300 };
	const struct artifact_owner o = { S("HelmChart"), S("ns"), S("c") };
	struct artifact a, b, many[MANY];
	char *bytes = mem_calloc(LARGE, 1);
	struct setting s;
	nlink_t names;

	(void)state;
	set_up(&s);
	for (size_t n = LARGE - 1; n <= LARGE; n++) {
		assert_ok(artifact_add_bytes(s.store, &s.g.a, &o, S("a.tgz"), S("1"), str_of(bytes, n),
					     &a));
		assert_ok(artifact_add_bytes(s.store, &s.g.a, &o, S("b.tgz"), S("1"), str_of(bytes, n),
					     &b));
		assert_int_equal(a.size, n);
		assert_int_equal(inode(&s, &a, &names), inode(&s, &b, &names));
		assert_int_equal(names, 2);
		assert_ok(artifact_verify(s.store, &b));
		bytes[0] = 'x'; /* other bytes under the same names */
	}
	for (size_t i = 0; i < MANY; i++) {
		str text = arena_printf(&s.g.a, "%zu", i);

		assert_ok(artifact_add_bytes(s.store, &s.g.a, &o, text, text, text, &many[i]));
	}
	assert_ok(artifact_remove(s.store, many[7].path));
	assert_false(artifact_exists(s.store, many[7].path));
	assert_ok(artifact_add_bytes(s.store, &s.g.a, &o, S("twin"), S("1"), S("299"), &a));
	assert_int_equal(inode(&s, &a, &names), inode(&s, &many[299], &names));
	for (size_t i = 0; i < MANY; i++)
		if (i != 7)
			assert_ok(artifact_verify(s.store, &many[i]));
	assert_int_equal(leftovers(&s), 0);
	free(bytes);
	tear_down(&s);
}

static void test_digests(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct digest d;
	str out;

	(void)state;
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
		if (digests[i].text)
			assert_error(digest_parse(&d, str_c(digests[i].digest)), digests[i].text);
		else
			assert_ok(digest_parse(&d, str_c(digests[i].digest)));
	}
	assert_ok(digest_of(&a, DIGEST_BLAKE3, S(""), &out));
	assert_true(str_eq(
		out, S("blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")));
	assert_ok(digest_of(&a, DIGEST_SHA384, S("abc"), &out));
	assert_true(str_eq(
		out, S("sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		       "8086072ba1e7cc2358baeca134c825a7")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored_and_opened),
		cmocka_unit_test(test_what_is_in_the_file),
		cmocka_unit_test(test_ignore_rules),
		cmocka_unit_test(test_lists_that_no_directory_holds),
		cmocka_unit_test(test_changed_files_are_refused),
		cmocka_unit_test(test_a_restart),
		cmocka_unit_test(test_retention),
		cmocka_unit_test(test_serving),
		cmocka_unit_test(test_names_lead_nowhere_else),
		cmocka_unit_test(test_a_full_disk),
		cmocka_unit_test(test_hostile_archives),
		cmocka_unit_test(test_links_are_never_followed),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_equal_bytes_are_one_file),
		cmocka_unit_test(test_the_last_of_twins_takes_the_tree_along),
		cmocka_unit_test(test_large_and_many),
		cmocka_unit_test(test_digests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
