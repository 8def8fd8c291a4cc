#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/fs.h"

/* A directory with a root in it and a secret beside the root:
 *	secret  root/file  root/dir/sub/deep  root/dir/x  and links, see below */
struct world {
	struct fs *top;
	struct fs *strict, *inside;		/* as the kernel does it */
	struct fs *strict_old, *inside_old;	/* name after name */
	struct arena a;
};

static void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static void fails(err *e, const char *want)
{
	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	err_free(e);
}

static void link_at(const struct world *w, const char *target, const char *name)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/root/%s", fs_root(w->top).p, name);
	assert_int_equal(symlink(target, buf_c(&path)), 0);
	buf_release(&path);
}

static struct fs *open_root(const struct world *w, enum fs_links links, bool old)
{
	const struct fs_options o = { .links = links, .no_openat2 = old, .show_below = true };
	struct buf path = BUF_INIT;
	struct fs *f;

	buf_addf(&path, "%s/root", fs_root(w->top).p);
	need(fs_open(&f, buf_str(&path), &o));
	buf_release(&path);
	return f;
}

static int setup(void **state)
{
	struct world *w = mem_calloc(1, sizeof *w);
	struct buf real = BUF_INIT;

	need(fs_open_temp(&w->top, STR_NONE, S("fs-test-")));
	need(fs_create(w->top, S("secret"), S("SECRET"), 0644));
	need(fs_mkdir(w->top, S("root/dir/sub"), 0755));
	need(fs_mkdir(w->top, S("root-other"), 0755));
	need(fs_create(w->top, S("root-other/x"), S("SECRET"), 0644));
	need(fs_create(w->top, S("root/file"), S("hello"), 0640));
	need(fs_create(w->top, S("root/dir/x"), S("in dir"), 0644));
	need(fs_create(w->top, S("root/dir/sub/deep"), S("deep"), 0644));
	link_at(w, "dir", "to-dir");
	link_at(w, "dir/sub/../x", "to-x");
	link_at(w, "../secret", "out");
	link_at(w, "..", "up");
	link_at(w, "dir/../../secret", "out-by-dots");
	link_at(w, "../root/file", "out-and-in");
	link_at(w, "loop", "loop");
	link_at(w, "none", "dangling");
	link_at(w, "/etc", "etc");
	link_at(w, "../file", "dir/to-file");
	link_at(w, "../../..", "dir/sub/far");
	buf_addf(&real, "%s/root/dir/x", fs_root(w->top).p);
	link_at(w, buf_c(&real), "abs-inside");
	buf_clear(&real);
	buf_addf(&real, "%s/root-other/x", fs_root(w->top).p);
	link_at(w, buf_c(&real), "abs-beside");
	buf_release(&real);
	w->strict = open_root(w, FS_LINKS_REFUSE, false);
	w->inside = open_root(w, FS_LINKS_INSIDE, false);
	w->strict_old = open_root(w, FS_LINKS_REFUSE, true);
	w->inside_old = open_root(w, FS_LINKS_INSIDE, true);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	fs_close(w->strict);
	fs_close(w->inside);
	fs_close(w->strict_old);
	fs_close(w->inside_old);
	fs_close(w->top);
	arena_release(&w->a);
	free(w);
	return 0;
}

/* What reading gives: the text, or the error behind '!'. */
static const struct {
	const char *path, *strict, *inside;
} reads[] = {
	{ "file", "hello", "hello" },
	{ "./dir//x", "in dir", "in dir" },
	{ "dir/../file", "hello", "hello" },
	{ "dir/sub/../../file", "hello", "hello" },
	{ "dir/sub/deep", "deep", "deep" },
	{ "none", "!open none: no such file or directory",
	  "!open none: no such file or directory" },
	{ "file/x", "!open file/x: not a directory", "!open file/x: not a directory" },
	{ "dir", "!read dir: is a directory", "!read dir: is a directory" },
	{ "", "!read .: is a directory", "!read .: is a directory" },
	/* Out by the text alone. */
	{ "..", "!open ..: path escapes from parent", "!open ..: path escapes from parent" },
	{ "../secret", "!open ../secret: path escapes from parent",
	  "!open ../secret: path escapes from parent" },
	{ "dir/../../secret", "!open dir/../../secret: path escapes from parent",
	  "!open dir/../../secret: path escapes from parent" },
	{ "/etc/passwd", "!open /etc/passwd: path escapes from parent",
	  "!open /etc/passwd: path escapes from parent" },
	/* Links. */
	{ "to-dir/x", "!open to-dir/x: symbolic links are not followed here", "in dir" },
	{ "to-x", "!open to-x: symbolic links are not followed here", "in dir" },
	{ "dir/to-file", "!open dir/to-file: symbolic links are not followed here", "hello" },
	{ "abs-inside", "!open abs-inside: symbolic links are not followed here", "in dir" },
	{ "out", "!open out: symbolic links are not followed here",
	  "!open out: path escapes from parent" },
	{ "up/secret", "!open up/secret: symbolic links are not followed here",
	  "!open up/secret: path escapes from parent" },
	{ "out-by-dots", "!open out-by-dots: symbolic links are not followed here",
	  "!open out-by-dots: path escapes from parent" },
	{ "out-and-in", "!open out-and-in: symbolic links are not followed here",
	  "!open out-and-in: path escapes from parent" },
	{ "abs-beside", "!open abs-beside: symbolic links are not followed here",
	  "!open abs-beside: path escapes from parent" },
	{ "etc/passwd", "!open etc/passwd: symbolic links are not followed here",
	  "!open etc/passwd: path escapes from parent" },
	{ "dir/sub/far/secret", "!open dir/sub/far/secret: symbolic links are not followed here",
	  "!open dir/sub/far/secret: path escapes from parent" },
	{ "loop", "!open loop: symbolic links are not followed here",
	  "!open loop: too many levels of symbolic links" },
	{ "dangling", "!open dangling: symbolic links are not followed here",
	  "!open dangling: no such file or directory" },
};

static void check_read(struct world *w, const struct fs *f, const char *path, const char *want)
{
	str got;
	err *e = fs_read(f, &w->a, str_c(path), 100, &got);

	if (want[0] == '!')
		fails(e, want + 1);
	else {
		need(e);
		assert_string_equal(got.p, want);
		assert_int_equal(got.n, strlen(want));
	}
}

static void test_nothing_outside_the_root_is_read(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
		check_read(w, w->strict, reads[i].path, reads[i].strict);
		check_read(w, w->inside, reads[i].path, reads[i].inside);
		check_read(w, w->strict_old, reads[i].path, reads[i].strict);
		check_read(w, w->inside_old, reads[i].path, reads[i].inside);
	}
}

static void test_odd_paths_are_errors(void **state)
{
	struct world *w = *state;
	struct buf path = BUF_INIT;
	str got;

	err *e = fs_read(w->strict, &w->a, S("file\0x"), 100, &got);

	assert_true(str_ends(err_text(e), S(": invalid argument")));
	err_free(e);
	buf_fill(&path, 'a', 256);
	for (int old = 0; old < 2; old++) {
		e = fs_read(old ? w->strict_old : w->strict, &w->a, buf_str(&path), 100, &got);
		assert_true(str_ends(err_text(e), S(": file name too long")));
		err_free(e);
	}
	buf_clear(&path);
	for (int i = 0; i < 3000; i++)
		buf_add(&path, S("a/"));
	e = fs_read(w->strict, &w->a, buf_str(&path), 100, &got);
	assert_true(str_ends(err_text(e), S(": file name too long")));
	err_free(e);
	buf_release(&path);
}

static void test_only_regular_files_are_read(void **state)
{
	struct world *w = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct buf fifo = BUF_INIT;
	str got;

	buf_addf(&fifo, "%s/root/fifo", fs_root(w->top).p);
	assert_int_equal(mkfifo(buf_c(&fifo), 0600), 0);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s/root/sock", fs_root(w->top).p);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof addr), 0);
	fails(fs_read(w->strict, &w->a, S("fifo"), 100, &got), "open fifo: not a regular file");
	fails(fs_read(w->inside_old, &w->a, S("fifo"), 100, &got), "open fifo: not a regular file");
	fails(fs_read(w->strict, &w->a, S("sock"), 100, &got), "open sock: not a regular file");
	struct fs *dev;

	need(fs_open(&dev, S("/dev"), NULL));
	fails(fs_read(dev, &w->a, S("zero"), 100, &got), "open /dev/zero: not a regular file");
	fs_close(dev);
	close(sock);
	need(fs_remove(w->strict, S("fifo")));
	need(fs_remove(w->strict, S("sock")));
	buf_release(&fifo);
}

static void test_reads_are_bounded(void **state)
{
	struct world *w = *state;
	struct buf path = BUF_INIT;
	str got = S("untouched");

	need(fs_read(w->strict, &w->a, S("file"), 5, &got));
	assert_string_equal(got.p, "hello");
	fails(fs_read(w->strict, &w->a, S("file"), 4, &got),
	      "read file: file is larger than 4 bytes");
	/* A terabyte that costs nothing until somebody reads it. */
	need(fs_create(w->strict, S("huge"), STR_NONE, 0600));
	buf_addf(&path, "%s/root/huge", fs_root(w->top).p);
	assert_int_equal(truncate(buf_c(&path), (off_t)1 << 40), 0);
	fails(fs_read(w->strict, &w->a, S("huge"), 1 << 20, &got),
	      "read huge: file is larger than 1048576 bytes");
	assert_true(w->a.high < 1 << 20);
	need(fs_remove(w->strict, S("huge")));
	/* Files of /proc are larger than they say. */
	need(fs_read_any(&w->a, S("/proc/self/status"), 1 << 16, &got));
	assert_true(str_starts(got, S("Name:")));
	fails(fs_read_any(&w->a, S("/proc/self/status"), 16, &got),
	      "read /proc/self/status: file is larger than 16 bytes");
	fails(fs_read_any(&w->a, S("/nowhere"), 16, &got),
	      "open /nowhere: no such file or directory");
	fails(fs_read_any(&w->a, S("/etc"), 16, &got), "read /etc: is a directory");
	buf_release(&path);
}

static void test_messages_begin_with_the_shown_root(void **state)
{
	struct world *w = *state;
	struct fs *f, *below;
	struct buf want = BUF_INIT;
	str got;

	need(fs_open(&f, fs_root(w->top), NULL));
	need(fs_open_below(&below, f, S("root/dir")));
	buf_addf(&want, "open %s/root/dir/none: no such file or directory", fs_root(w->top).p);
	fails(fs_read(below, &w->a, S("none"), 9, &got), buf_c(&want));
	assert_true(str_ends(fs_root(below), S("/root/dir")));
	fails(fs_read(below, &w->a, S("../file"), 9, &got),
	      (buf_clear(&want),
	       buf_addf(&want, "open %s/root/dir/../file: path escapes from parent",
			fs_root(w->top).p),
	       buf_c(&want)));
	fs_close(below);
	fs_close(f);
	fails(fs_open(&f, S("/nowhere/x"), NULL), "open /nowhere/x: no such file or directory");
	fails(fs_open_below(&f, w->inside, S("up")), "open up: path escapes from parent");
	fails(fs_open_below(&f, w->strict, S("file")), "open file: not a directory");
	buf_release(&want);
}

static void test_stat_tells_types(void **state)
{
	struct world *w = *state;
	struct fs_info i;

	need(fs_stat(w->strict, S("file"), &i));
	assert_int_equal(i.type, FS_FILE);
	assert_int_equal(i.mode, 0640);
	assert_int_equal(i.size, 5);
	need(fs_lstat(w->strict, S("to-dir"), &i));
	assert_int_equal(i.type, FS_LINK);
	need(fs_stat(w->inside, S("to-dir"), &i));
	assert_int_equal(i.type, FS_DIR);
	need(fs_lstat(w->strict, S(""), &i));
	assert_int_equal(i.type, FS_DIR);
	fails(fs_stat(w->strict, S("none"), &i), "stat none: no such file or directory");
	fails(fs_lstat(w->strict, S("none"), &i), "lstat none: no such file or directory");
	fails(fs_lstat(w->inside, S("up/secret"), &i), "lstat up/secret: path escapes from parent");
	assert_true(fs_is_file(w->inside, S("to-x")));
	assert_false(fs_is_file(w->strict, S("to-x")));
	assert_true(fs_is_dir(w->strict, S("dir")));
	assert_false(fs_is_dir(w->strict, S("none")));
}

static void test_real_path_has_no_links(void **state)
{
	struct world *w = *state;
	static const char *const pairs[][2] = {
		{ "", "" }, { "to-dir/sub/../x", "dir/x" }, { "to-x", "dir/x" },
		{ "abs-inside", "dir/x" }, { "dir/sub", "dir/sub" },
	};
	str got;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		need(fs_real(w->inside, &w->a, str_c(pairs[i][0]), &got));
		assert_string_equal(got.p, pairs[i][1]);
		need(fs_real(w->inside_old, &w->a, str_c(pairs[i][0]), &got));
		assert_string_equal(got.p, pairs[i][1]);
	}
	fails(fs_real(w->inside, &w->a, S("out"), &got), "lstat out: path escapes from parent");
	need(fs_read_link(w->strict, &w->a, S("out"), &got));
	assert_string_equal(got.p, "../secret");
	fails(fs_read_link(w->strict, &w->a, S("file"), &got), "readlink file: invalid argument");
}

static void test_links_full_of_dots_end(void **state)
{
	struct world *w = *state;
	struct buf target = BUF_INIT;
	str got;

	for (int i = 0; i < 500; i++)
		buf_add(&target, S("dir/../"));
	buf_add(&target, S("dots"));
	link_at(w, buf_c(&target), "dots");
	fails(fs_read(w->inside, &w->a, S("dots"), 9, &got),
	      "open dots: too many levels of symbolic links");
	fails(fs_read(w->inside_old, &w->a, S("dots"), 9, &got),
	      "open dots: too many levels of symbolic links");
	need(fs_remove(w->strict, S("dots")));
	buf_release(&target);
}

static void test_lists_are_sorted_by_bytes_and_bounded(void **state)
{
	struct world *w = *state;
	struct fs_entry *list;
	size_t n;
	static const char *const want[] = { "B", "a", "ab", "a\xff\x01", "\xc3\xa9" };
	static const enum fs_type types[] = { FS_DIR, FS_FILE, FS_FILE, FS_FILE, FS_FILE };

	need(fs_mkdir(w->strict, S("list/B"), 0755));
	for (size_t i = 1; i < 5; i++) {
		struct buf path = BUF_INIT;

		buf_addf(&path, "list/%s", want[i]);
		need(fs_create(w->strict, buf_str(&path), S("x"), 0644));
		buf_release(&path);
	}
	need(fs_list(w->strict, &w->a, S("list"), 5, &list, &n));
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i].name.p, want[i]);
		assert_int_equal(list[i].type, types[i]);
	}
	fails(fs_list(w->strict, &w->a, S("list"), 4, &list, &n),
	      "readdir list: more than 4 entries");
	fails(fs_list(w->strict, &w->a, S("file"), 4, &list, &n), "open file: not a directory");
	fails(fs_list(w->inside, &w->a, S("up"), 4, &list, &n), "open up: path escapes from parent");
	need(fs_remove_all(w->strict, S("list")));
}

struct visited {
	struct buf text;
	const char *skip, *stop;
};

static err *visit(void *ctx, str path, const struct fs_entry *e, enum fs_step *next)
{
	struct visited *v = ctx;

	buf_add(&v->text, path);
	buf_addc(&v->text, "fdlo"[e->type]);
	buf_addc(&v->text, ' ');
	if (v->skip && str_eq(path, str_c(v->skip)))
		*next = FS_SKIP;
	if (v->stop && str_eq(path, str_c(v->stop)))
		*next = FS_STOP;
	return NULL;
}

static void check_walk(const struct fs *f, const char *path, struct visited v, const char *want)
{
	struct fs_walk w = { .visit = visit, .ctx = &v };

	need(fs_walk(f, str_c(path), &w));
	assert_string_equal(buf_c(&v.text), want);
	buf_release(&v.text);
}

static void test_walk_is_in_order_and_follows_no_link(void **state)
{
	struct world *w = *state;
	const struct visited v = { .text = BUF_INIT };

	check_walk(w->strict, "dir", v,
		   "dir/subd dir/sub/deepf dir/sub/farl dir/to-filel dir/xf ");
	check_walk(w->strict_old, "dir/sub/..", v,
		   "dir/subd dir/sub/deepf dir/sub/farl dir/to-filel dir/xf ");
	/* The start may be a link inside the root. */
	check_walk(w->inside, "to-dir/sub", v, "dir/sub/deepf dir/sub/farl ");
	check_walk(w->strict, "dir", (struct visited){ .text = BUF_INIT, .skip = "dir/sub" },
		   "dir/subd dir/to-filel dir/xf ");
	check_walk(w->strict, "dir", (struct visited){ .text = BUF_INIT, .stop = "dir/sub/deep" },
		   "dir/subd dir/sub/deepf ");
}

static void test_walk_is_bounded(void **state)
{
	struct world *w = *state;
	struct visited v = { .text = BUF_INIT };
	struct fs_walk walk = { .visit = visit, .ctx = &v, .max_entries = 4 };

	fails(fs_walk(w->strict, S("dir"), &walk), "readdir dir/sub: more than 4 entries");
	walk = (struct fs_walk){ .visit = visit, .ctx = &v, .max_depth = 1 };
	fails(fs_walk(w->strict, S("dir"), &walk), "open dir/sub: more than 1 directories deep");
	fails(fs_walk(w->strict, S("none"), &walk), "lstat none: no such file or directory");
	fails(fs_walk(w->strict, S("to-dir"), &walk),
	      "lstat to-dir: symbolic links are not followed here");
	buf_release(&v.text);
}

static void test_writing_replaces_whole_files(void **state)
{
	struct world *w = *state;
	struct fs_info i;

	need(fs_write(w->strict, S("dir/new"), S("one"), 0600));
	check_read(w, w->strict, "dir/new", "one");
	need(fs_write(w->strict, S("dir/new"), S("two"), 0755));
	check_read(w, w->strict, "dir/new", "two");
	need(fs_stat(w->strict, S("dir/new"), &i));
	assert_int_equal(i.mode, 0755);
	fails(fs_create(w->strict, S("dir/new"), S("x"), 0600), "open dir/new: file exists");
	need(fs_rename(w->strict, S("dir/new"), S("moved")));
	need(fs_link(w->strict, S("moved"), S("dir/again")));
	fails(fs_link(w->strict, S("moved"), S("dir/again")), "link moved dir/again: file exists");
	fails(fs_link(w->strict, S("moved"), S("../again")),
	      "link moved ../again: path escapes from parent");
	need(fs_remove(w->strict, S("dir/again")));
	check_read(w, w->strict, "moved", "two");
	need(fs_remove(w->strict, S("moved")));
	fails(fs_remove(w->strict, S("moved")), "remove moved: no such file or directory");
	fails(fs_remove(w->strict, S("dir")), "remove dir: directory not empty");
	fails(fs_write(w->strict, S("dir"), S("x"), 0600), "open dir: is a directory");
	fails(fs_write(w->strict, S("none/x"), S("x"), 0600),
	      "open none/x: no such file or directory");
	fails(fs_rename(w->strict, S("none"), S("b")), "rename none b: no such file or directory");
	/* Nothing half-made is left behind. */
	const struct visited v = { .text = BUF_INIT };

	check_walk(w->strict, "dir", v,
		   "dir/subd dir/sub/deepf dir/sub/farl dir/to-filel dir/xf ");
}

static void test_nothing_outside_the_root_is_changed(void **state)
{
	struct world *w = *state;
	const struct fs *all[] = { w->strict, w->strict_old, w->inside, w->inside_old };
	str got;

	for (size_t i = 0; i < 4; i++) {
		bool strict = i < 2;

		fails(fs_write(all[i], S("up/secret"), S("x"), 0600),
		      strict ? "open up/secret: symbolic links are not followed here"
			     : "open up/secret: path escapes from parent");
		fails(fs_create(all[i], S("../new"), S("x"), 0600),
		      "open ../new: path escapes from parent");
		fails(fs_create(all[i], S("dangling"), S("x"), 0600),
		      "open dangling: file exists");
		fails(fs_mkdir(all[i], S("etc/new"), 0755),
		      strict ? "mkdir etc/new: symbolic links are not followed here"
			     : "mkdir etc/new: path escapes from parent");
		fails(fs_remove(all[i], S("up/secret")),
		      strict ? "remove up/secret: symbolic links are not followed here"
			     : "remove up/secret: path escapes from parent");
		fails(fs_rename(all[i], S("file"), S("../file")),
		      "rename file ../file: path escapes from parent");
		fails(fs_remove(all[i], S("")), "remove .: invalid argument");
		/* A link itself is replaced, what it points at is not. */
		need(fs_write(all[i], S("out"), S("mine"), 0600));
		check_read(w, all[i], "out", "mine");
		need(fs_remove(all[i], S("out")));
		link_at(w, "../secret", "out");
	}
	need(fs_read(w->top, &w->a, S("secret"), 100, &got));
	assert_string_equal(got.p, "SECRET");
}

static void test_directories_are_made_with_parents(void **state)
{
	struct world *w = *state;

	need(fs_mkdir(w->strict, S("a/b/c"), 0755));
	need(fs_mkdir(w->strict, S("a/b/c"), 0755));
	need(fs_mkdir(w->strict, S(""), 0755));
	assert_true(fs_is_dir(w->strict, S("a/b/c")));
	need(fs_mkdir(w->inside, S("to-dir/made"), 0755));
	assert_true(fs_is_dir(w->strict, S("dir/made")));
	fails(fs_mkdir(w->strict, S("file/a"), 0755), "mkdir file/a: not a directory");
	fails(fs_mkdir(w->strict, S("file"), 0755), "mkdir file: not a directory");
	need(fs_remove(w->strict, S("dir/made")));
	need(fs_remove_all(w->strict, S("a")));
	need(fs_remove_all(w->strict, S("a")));
	assert_false(fs_is_dir(w->strict, S("a")));
}

static void test_deep_trees_are_removed(void **state)
{
	struct world *w = *state;
	int fd = open(fs_root(w->strict).p, O_PATH | O_DIRECTORY);

	/* Deeper than any path can say and than descriptors would last. */
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(fd, "tree", 0755), 0);
		int next = openat(fd, "tree", O_PATH | O_DIRECTORY);

		assert_true(next >= 0);
		assert_int_equal(symlinkat("/etc", next, "link"), 0);
		assert_int_equal(mkdirat(next, "side", 0755), 0);
		close(fd);
		fd = next;
	}
	close(fd);
	need(fs_remove_all(w->strict, S("tree")));
	assert_false(fs_is_dir(w->strict, S("tree")));
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

struct swapper {
	const struct world *w;
	atomic_bool stop;
};

static void *swap(void *arg)
{
	struct swapper *s = arg;
	struct buf real = BUF_INIT, bad = BUF_INIT, at = BUF_INIT;

	buf_addf(&real, "%s/root/real", fs_root(s->w->top).p);
	buf_addf(&bad, "%s/root/bad", fs_root(s->w->top).p);
	buf_addf(&at, "%s/root/at", fs_root(s->w->top).p);
	while (!s->stop) {
		rename(buf_c(&at), buf_c(&real));
		rename(buf_c(&bad), buf_c(&at));
		rename(buf_c(&at), buf_c(&bad));
		rename(buf_c(&real), buf_c(&at));
	}
	buf_release(&real);
	buf_release(&bad);
	buf_release(&at);
	return NULL;
}

static void test_a_swapped_link_never_leads_out(void **state)
{
	struct world *w = *state;
	const struct fs *all[] = { w->strict, w->strict_old, w->inside, w->inside_old };
	struct swapper s = { .w = w };
	pthread_t thread;
	size_t read_well = 0;

	need(fs_mkdir(w->strict, S("at"), 0755));
	need(fs_create(w->strict, S("at/x"), S("mine"), 0644));
	link_at(w, "../root-other", "bad");
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (int i = 0; i < 4000; i++) {
		struct arena a = ARENA_INIT;
		str got = STR_NONE;
		err *e = fs_read(all[i % 4], &a, S("at/x"), 100, &got);

		assert_false(!e && !str_eq(got, S("mine")));
		read_well += !e;
		err_free(e);
		e = fs_create(all[i % 4], S("at/planted"), S("x"), 0644);
		if (!e)
			err_free(fs_remove(all[i % 4], S("at/planted")));
		err_free(e);
		arena_release(&a);
	}
	s.stop = true;
	pthread_join(thread, NULL);
	assert_true(read_well > 0);
	assert_false(fs_is_file(w->top, S("root-other/planted")));
	need(fs_remove_all(w->strict, S("at")));
	err_free(fs_remove_all(w->strict, S("real")));
	err_free(fs_remove_all(w->strict, S("bad")));
	assert_true(fs_is_file(w->top, S("root-other/x")));
}

static void test_temporary_roots_vanish(void **state)
{
	struct world *w = *state;
	struct fs *t;

	need(fs_open_temp(&t, fs_root(w->top), S("t-")));
	str root = fs_root(t);
	str name = arena_str(&w->a, str_from(root, str_rfind_char(root, '/') + 1));

	assert_true(str_starts(name, S("t-")));

	assert_true(fs_is_dir(w->top, name));
	need(fs_mkdir(t, S("a/b"), 0755));
	need(fs_create(t, S("a/b/c"), S("x"), 0400));
	fs_close(t);
	assert_false(fs_is_dir(w->top, name));
	fails(fs_open_temp(&t, STR_NONE, S("a/b")), "mkdir a/b: pattern contains path separator");
}

static void test_what_a_killed_process_left_is_swept(void **state)
{
	struct world *w = *state;
	struct fs *used;

	need(fs_mkdir(w->top, S("root/tmp/x-1" FS_TEMP_SUFFIX "/a/b"), 0700));
	need(fs_create(w->top, S("root/tmp/x-1" FS_TEMP_SUFFIX "/a/b/c"), S("x"), 0400));
	need(fs_mkdir(w->top, S("root/tmp/x-2"), 0700));
	need(fs_create(w->top, S("root/tmp/file" FS_TEMP_SUFFIX), S("x"), 0600));
	link_at(w, "../dir", "tmp/link" FS_TEMP_SUFFIX);
	str parent = arena_cat(&w->a, fs_root(w->top), S("/root/tmp"));

	need(fs_open_temp(&used, parent, S("used-")));
	need(fs_create(used, S("a"), S("x"), 0600));
	assert_int_equal(fs_sweep_temp(parent), 1);
	assert_false(fs_is_dir(w->top, S("root/tmp/x-1" FS_TEMP_SUFFIX)));
	assert_true(fs_is_dir(w->top, S("root/tmp/x-2")));
	assert_true(fs_is_file(w->top, S("root/tmp/file" FS_TEMP_SUFFIX)));
	assert_true(fs_is_file(w->top, S("root/dir/x")));
	assert_true(fs_is_file(used, S("a")));
	assert_int_equal(fs_sweep_temp(parent), 0);
	fs_close(used);
	assert_int_equal(fs_sweep_temp(arena_cat(&w->a, parent, S("/none"))), 0);
}

static void test_local_paths(void **state)
{
	static const char *const local[] = { ".", "a", "a/..", "a/../b", "a/b/../../c", "..." };
	static const char *const not_local[] = { "", "/", "/a", "..", "../a", "a/../..", "a/../../b" };

	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		assert_true(fs_is_local(str_c(local[i])));
	for (size_t i = 0; i < sizeof not_local / sizeof *not_local; i++)
		assert_false(fs_is_local(str_c(not_local[i])));
	assert_false(fs_is_local(S("a\0b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_outside_the_root_is_read),
		cmocka_unit_test(test_odd_paths_are_errors),
		cmocka_unit_test(test_only_regular_files_are_read),
		cmocka_unit_test(test_reads_are_bounded),
		cmocka_unit_test(test_messages_begin_with_the_shown_root),
		cmocka_unit_test(test_stat_tells_types),
		cmocka_unit_test(test_real_path_has_no_links),
		cmocka_unit_test(test_links_full_of_dots_end),
		cmocka_unit_test(test_lists_are_sorted_by_bytes_and_bounded),
		cmocka_unit_test(test_walk_is_in_order_and_follows_no_link),
		cmocka_unit_test(test_walk_is_bounded),
		cmocka_unit_test(test_writing_replaces_whole_files),
		cmocka_unit_test(test_nothing_outside_the_root_is_changed),
		cmocka_unit_test(test_directories_are_made_with_parents),
		cmocka_unit_test(test_deep_trees_are_removed),
		cmocka_unit_test(test_a_swapped_link_never_leads_out),
		cmocka_unit_test(test_temporary_roots_vanish),
		cmocka_unit_test(test_what_a_killed_process_left_is_swept),
		cmocka_unit_test(test_local_paths),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
