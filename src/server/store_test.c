#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/rand.h"
#include "base/workers.h"
#include "server/store.h"
#include "server/store_log.h"

/* ---- writing small objects --------------------------------------------- */

static enum store_outcome put(struct store *s, struct store_table *t, enum store_write write,
			      const char *ns, const char *name, uint64_t expect, const char *value,
			      uint64_t *rv)
{
	char head[256], tail[256];
	struct store_op op = {
		.write = write,
		.table = t,
		.expect = expect,
		.parts.namespace = str_c(ns),
		.parts.name = str_c(name),
	};
	const char start[] = "{\"kind\":\"Thing\",\"apiVersion\":\"v1\",";

	snprintf(head, sizeof head, "%s\"metadata\":{\"name\":\"%s\",\"resourceVersion\":\"", start,
		 name);
	snprintf(tail, sizeof tail, "\",\"labels\":{\"v\":\"%s\"}},\"spec\":[1]}", value);
	op.parts.head = str_c(head);
	op.parts.tail = str_c(tail);
	op.parts.body_at = sizeof start - 1;
	op.parts.meta_at = op.parts.body_at + (uint32_t)strlen("\"metadata\":");
	enum store_outcome outcome = store_write(s, &op);

	if (outcome == STORE_DONE) {
		if (rv)
			*rv = op.blob->rv;
		blob_unref(op.blob);
	}
	err_free(op.error);
	return outcome;
}

static void check_value(struct store *s, struct store_table *t, const char *ns, const char *name,
			const char *value)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct blob *b = store_get(s, t, str_c(ns), str_c(name));

	if (!value) {
		assert_null(b);
		return;
	}
	assert_non_null(b);
	assert_true(str_eq(node_str(node_get(blob_labels(&a, b), S("v"))), str_c(value)));
	node tree = blob_tree(&a, b);
	char rv[24];

	snprintf(rv, sizeof rv, "%llu", (unsigned long long)b->rv);
	assert_true(str_eq(node_str(node_dig(tree, "metadata", "resourceVersion")), str_c(rv)));
	assert_int_equal(node_int(node_at(node_get(tree, S("spec")), 0)), 1);
	blob_unref(b);
}

/* "a/x=1 b/y=2" */
static void expect_list(struct store *s, struct store_table *t, struct store_range r,
			const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf got = BUF_INIT;
	struct store_list l;

	assert_int_equal(store_list(s, t, &r, &l), STORE_OK);
	for (size_t i = 0; i < l.n; i++) {
		str v = node_str(node_get(blob_labels(&a, l.p[i]), S("v")));

		buf_addf(&got, "%s%.*s/%.*s=%.*s", i ? " " : "", STR_ARG(blob_namespace(l.p[i])),
			 STR_ARG(blob_name(l.p[i])), STR_ARG(v));
	}
	if (l.more)
		buf_addf(&got, " +%zu", l.more);
	assert_string_equal(buf_c(&got), want);
	store_list_release(&l);
}

static struct store *open_memory(void)
{
	struct store *s = NULL;

	assert_null(store_open(&s, &(struct store_options){ .dir = S(":memory:") }));
	return s;
}

/* ---- tests ------------------------------------------------------------- */

static void test_writes_meet_what_is_there(void **state)
{
	struct store *s = open_memory();
	struct store_table *t = store_table(s, S("apps"), S("things"));
	uint64_t first, second;

	(void)state;
	assert_int_equal(put(s, t, STORE_UPDATE, "a", "x", 0, "1", NULL), STORE_MISSING);
	assert_int_equal(put(s, t, STORE_DELETE, "a", "x", 0, "1", NULL), STORE_MISSING);
	assert_int_equal(put(s, t, STORE_CREATE, "a", "x", 0, "1", &first), STORE_DONE);
	assert_int_equal(put(s, t, STORE_CREATE, "a", "x", 0, "2", NULL), STORE_EXISTS);
	assert_int_equal(put(s, t, STORE_UPDATE, "a", "x", first, "2", &second), STORE_DONE);
	assert_true(second > first);
	assert_int_equal(put(s, t, STORE_UPDATE, "a", "x", first, "3", NULL), STORE_CONFLICT);
	check_value(s, t, "a", "x", "2");
	assert_int_equal(put(s, t, STORE_DELETE, "a", "x", first, "2", NULL), STORE_CONFLICT);
	assert_int_equal(put(s, t, STORE_DELETE, "a", "x", second, "2", NULL), STORE_DONE);
	check_value(s, t, "a", "x", NULL);
	assert_true(str_eq(store_table_name(t), S("apps/things")));
	assert_ptr_equal(store_table(s, S("apps"), S("things")), t);
	store_close(s);
}

static void test_guard_must_be_there(void **state)
{
	struct store *s = open_memory();
	struct store_table *t = store_table(s, STR_NONE, S("things"));
	struct store_table *spaces = store_table(s, STR_NONE, S("namespaces"));
	struct store_op op = {
		.table = t,
		.guard = spaces,
		.guard_name = S("a"),
		.parts = { .namespace = S("a"),
			   .name = S("x"),
			   .head = S("{\"metadata\":{\""),
			   .tail = S("\":1}}") },
	};

	(void)state;
	assert_int_equal(store_write(s, &op), STORE_NO_GUARD);
	assert_int_equal(put(s, spaces, STORE_CREATE, "", "a", 0, "", NULL), STORE_DONE);
	assert_int_equal(store_write(s, &op), STORE_DONE);
	blob_unref(op.blob);
	store_close(s);
}

static void test_lists_are_cut_in_order(void **state)
{
	struct store *s = open_memory();
	struct store_table *t = store_table(s, STR_NONE, S("things"));
	static const char *const keys[][2] = { { "b", "m" }, { "a", "z" }, { "a", "b" },
					       { "c", "a" }, { "b", "a" }, { "ab", "q" } };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		put(s, t, STORE_CREATE, keys[i][0], keys[i][1], 0, "1", NULL);
	expect_list(s, t, (struct store_range){ 0 }, "a/b=1 a/z=1 ab/q=1 b/a=1 b/m=1 c/a=1");
	expect_list(s, t, (struct store_range){ .namespace = S("b") }, "b/a=1 b/m=1");
	expect_list(s, t, (struct store_range){ .namespace = S("bb") }, "");
	expect_list(s, t, (struct store_range){ .limit = 2 }, "a/b=1 a/z=1 +4");
	expect_list(
		s, t,
		(struct store_range){ .after_namespace = S("a"), .after_name = S("z"), .limit = 2 },
		"ab/q=1 b/a=1 +2");
	expect_list(s, t,
		    (struct store_range){
			    .namespace = S("b"), .after_namespace = S("b"), .after_name = S("c") },
		    "b/m=1");
	store_close(s);
}

static void test_many_objects_stay_sorted(void **state)
{
	struct store *s = open_memory();
	struct store_table *t = store_table(s, STR_NONE, S("things"));
	enum { N = 1000 };
	struct store_list l;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i * 7919 % N);
		assert_int_equal(put(s, t, STORE_CREATE, "a", name, 0, "1", NULL), STORE_DONE);
	}
	for (unsigned i = 0; i < N; i += 3) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		assert_int_equal(put(s, t, STORE_DELETE, "a", name, 0, "1", NULL), STORE_DONE);
	}
	assert_int_equal(store_list(s, t, &(struct store_range){ 0 }, &l), STORE_OK);
	assert_int_equal(l.n, N - (N + 2) / 3);
	assert_int_equal(store_count(s, t), l.n);
	for (size_t i = 1; i < l.n; i++)
		assert_true(str_cmp(blob_name(l.p[i - 1]), blob_name(l.p[i])) < 0);
	store_list_release(&l);
	store_close(s);
}

static void test_older_states_are_listed(void **state)
{
	struct store *s = open_memory();
	struct store_table *t = store_table(s, STR_NONE, S("things"));
	uint64_t at;

	(void)state;
	put(s, t, STORE_CREATE, "a", "b", 0, "1", NULL);
	put(s, t, STORE_CREATE, "a", "d", 0, "1", NULL);
	put(s, t, STORE_CREATE, "a", "f", 0, "1", &at);
	put(s, t, STORE_UPDATE, "a", "d", 0, "2", NULL);
	put(s, t, STORE_UPDATE, "a", "d", 0, "3", NULL);
	put(s, t, STORE_DELETE, "a", "f", 0, "1", NULL);
	put(s, t, STORE_CREATE, "a", "a", 0, "9", NULL);
	put(s, t, STORE_CREATE, "a", "z", 0, "9", NULL);
	put(s, t, STORE_DELETE, "a", "z", 0, "9", NULL);
	expect_list(s, t, (struct store_range){ 0 }, "a/a=9 a/b=1 a/d=3");
	expect_list(s, t, (struct store_range){ .at = at }, "a/b=1 a/d=1 a/f=1");
	expect_list(s, t, (struct store_range){ .at = at + 1, .limit = 1 }, "a/b=1 +2");
	expect_list(s, t,
		    (struct store_range){
			    .at = at + 1, .after_namespace = S("a"), .after_name = S("b") },
		    "a/d=2 a/f=1");
	struct store_list l;

	assert_int_equal(store_list(s, t, &(struct store_range){ .at = at + 100 }, &l),
			 STORE_FUTURE);
	store_close(s);
}

static void test_events_resume(void **state)
{
	struct store *s = open_memory();
	struct store_table *t = store_table(s, STR_NONE, S("things"));
	struct store_table *other = store_table(s, STR_NONE, S("others"));
	struct store_event e[8];
	uint64_t at, upto;
	size_t n;

	(void)state;
	put(s, t, STORE_CREATE, "a", "b", 0, "1", &at);
	put(s, other, STORE_CREATE, "a", "b", 0, "1", NULL);
	put(s, t, STORE_UPDATE, "a", "b", 0, "2", NULL);
	put(s, t, STORE_DELETE, "a", "b", 0, "2", NULL);
	assert_int_equal(store_events(s, t, at, e, 8, &n, &upto), STORE_OK);
	assert_int_equal(n, 2);
	assert_int_equal(upto, store_rv(s));
	assert_int_equal(e[0].change, STORE_MODIFIED);
	assert_int_equal(e[0].before->rv, at);
	assert_int_equal(e[1].change, STORE_DELETED);
	assert_int_equal(e[1].now->rv, e[1].rv);
	store_event_release(&e[0]);
	store_event_release(&e[1]);
	assert_int_equal(store_events(s, NULL, at, e, 1, &n, &upto), STORE_OK);
	assert_int_equal(n, 1);
	assert_ptr_equal(e[0].table, other);
	assert_int_equal(upto, e[0].rv);
	store_event_release(&e[0]);
	assert_int_equal(store_events(s, NULL, 1 << 30, e, 1, &n, &upto), STORE_FUTURE);
	store_close(s);
}

static void test_the_past_is_bounded(void **state)
{
	struct store *s = NULL;
	struct store_table *t;
	struct store_event e[1];
	uint64_t at, upto;
	size_t n;

	(void)state;
	assert_null(store_open(&s, &(struct store_options){ .dir = S(":memory:"),
							    .history_bytes = 4096 }));
	t = store_table(s, STR_NONE, S("things"));
	put(s, t, STORE_CREATE, "a", "b", 0, "0", &at);
	for (int i = 0; i < 100; i++)
		put(s, t, STORE_UPDATE, "a", "b", 0, "1", NULL);
	assert_int_equal(store_events(s, t, at, e, 1, &n, &upto), STORE_EXPIRED);
	assert_true(store_oldest(s) > at);
	assert_int_equal(store_events(s, t, store_oldest(s), e, 1, &n, &upto), STORE_OK);
	store_event_release(&e[0]);
	store_close(s);
}

/* ---- on disk ----------------------------------------------------------- */

static struct store *open_dir(struct fs *dir)
{
	struct store *s = NULL;
	err *e = store_open(&s, &(struct store_options){ .dir = fs_root(dir), .full_sync = true });

	if (e)
		print_error("%s\n", err_msg(e));
	assert_null(e);
	return s;
}

static void test_reopened_as_it_was(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct store_event e[4];
	uint64_t at, last, upto;
	size_t n;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	struct store *s = open_dir(dir);
	struct store_table *t = store_table(s, S("g"), S("things"));

	put(s, t, STORE_CREATE, "a", "b", 0, "1", &at);
	put(s, t, STORE_CREATE, "a", "c", 0, "1", NULL);
	put(s, t, STORE_UPDATE, "a", "b", 0, "2", NULL);
	put(s, t, STORE_DELETE, "a", "c", 0, "1", &last);
	store_close(s);
	s = open_dir(dir);
	t = store_table(s, S("g"), S("things"));
	assert_int_equal(store_rv(s), last);
	assert_int_equal(store_changed(t), last);
	expect_list(s, t, (struct store_range){ 0 }, "a/b=2");
	expect_list(s, t, (struct store_range){ .at = at }, "a/b=1");
	assert_int_equal(store_events(s, t, at, e, 4, &n, &upto), STORE_OK);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		store_event_release(&e[i]);
	store_close(s);
}

static void test_the_log_is_compacted(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct store *s = NULL;
	uint64_t last, oldest;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	assert_null(store_open(&s, &(struct store_options){ .dir = fs_root(dir),
							    .history_bytes = 4096 }));
	struct store_table *t = store_table(s, S("g"), S("things"));

	put(s, t, STORE_CREATE, "a", "old", 0, "1", NULL);
	for (int i = 0; i < 3000; i++)
		put(s, t, i ? STORE_UPDATE : STORE_CREATE, "a", "b", 0, i % 2 ? "1" : "2", &last);
	oldest = store_oldest(s);
	store_close(s);
	assert_null(store_open(&s, &(struct store_options){ .dir = fs_root(dir) }));
	t = store_table(s, S("g"), S("things"));
	assert_true(store_oldest(s) > 1024 && store_oldest(s) <= oldest);
	assert_int_equal(store_rv(s), last);
	expect_list(s, t, (struct store_range){ 0 }, "a/b=1 a/old=1");
	expect_list(s, t, (struct store_range){ .at = last - 1 }, "a/b=2 a/old=1");
	store_close(s);
}

static void test_two_servers_cannot_share_it(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	struct store *s = open_dir(dir), *second = NULL;
	err *e = store_open(&second, &(struct store_options){ .dir = fs_root(dir) });

	assert_non_null(e);
	assert_true(str_has(err_text(e), S("locked")));
	err_free(e);
	store_close(s);
}

/* ---- a disk that refuses ----------------------------------------------- */

/* No file may grow: what a full disk is to the database. */
static void set_room(rlim_t bytes)
{
	struct rlimit l = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void test_a_full_disk_loses_nothing(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	uint64_t first, last;
	int written = 0;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	signal(SIGXFSZ, SIG_IGN);
	struct store *s = open_dir(dir);
	struct store_table *t = store_table(s, STR_NONE, S("things"));

	assert_int_equal(put(s, t, STORE_CREATE, "a", "first", 0, "1", &first), STORE_DONE);
	set_room(100000);
	for (enum store_outcome o = STORE_DONE; o != STORE_FAILED && written < 10000; written++) {
		char name[16];

		snprintf(name, sizeof name, "n%d", written);
		o = put(s, t, STORE_CREATE, "a", name, 0, "1", NULL);
	}
	assert_true(written < 10000);
	/* readers see what was answered, and nothing else */
	assert_int_equal(store_count(s, t), written);
	check_value(s, t, "a", "first", "1");
	struct store_op op = { .table = t,
			       .parts = { .namespace = S("a"), .name = S("x"), .head = S("{\"metadata\":{\""),
					  .tail = S("\":1}}") } };

	assert_int_equal(store_write(s, &op), STORE_FAILED);
	assert_true(str_has(err_text(op.error), S("the store cannot be written")));
	err_free(op.error);
	set_room(RLIM_INFINITY);
	assert_int_equal(put(s, t, STORE_CREATE, "a", "last", 0, "2", &last), STORE_DONE);
	store_close(s);
	s = open_dir(dir);
	t = store_table(s, STR_NONE, S("things"));
	check_value(s, t, "a", "first", "1");
	check_value(s, t, "a", "last", "2");
	assert_int_equal(store_count(s, t), written + 1);
	store_close(s);
}

/* What is held is written together, and a disk that refuses it is told of. */
static void test_held_writes_are_settled(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	signal(SIGXFSZ, SIG_IGN);
	for (int full = 0; full < 2; full++) {
		struct store *s = open_dir(dir);
		struct store_table *t = store_table(s, STR_NONE, full ? S("others") : S("things"));

		store_hold(s);
		for (int i = 0; i < 6000; i++) {
			char name[16];

			snprintf(name, sizeof name, "n%d", i);
			assert_int_equal(put(s, t, STORE_CREATE, "a", name, 0, "1", NULL), STORE_DONE);
		}
		if (full)
			set_room(1);
		CLEANUP(err_drop) err *e = store_settle(s);

		set_room(RLIM_INFINITY);
		assert_int_equal(e != NULL, full);
		store_close(s);
	}
	struct store *s = open_dir(dir);

	assert_int_equal(store_count(s, store_table(s, STR_NONE, S("things"))), 6000);
	assert_int_not_equal(store_count(s, store_table(s, STR_NONE, S("others"))), 6000);
	assert_int_equal(put(s, store_table(s, STR_NONE, S("things")), STORE_CREATE, "a", "x", 0, "1", NULL),
			 STORE_DONE);
	store_close(s);
}

/* One row as the server writes it, but for what `row` says otherwise. */
static void damage(struct fs *dir, const struct store_log_row *row)
{
	struct store_log *l;

	assert_null(store_log_open(&l, fs_root(dir), false));
	assert_null(store_log_begin(l));
	assert_null(store_log_add(l, row));
	assert_null(store_log_commit(l));
	store_log_close(l);
}

static void test_damaged_rows_are_told(void **state)
{
#define OBJECT  "{\"kind\":\"Thing\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"}"
#define ROW(rv_, table_, change_, body, meta, text)                                      \
	{ .rv = (rv_), .table = S(table_), .name = S("x"), .change = (change_),             \
	  .body_at = (body), .meta_at = (meta), .json = S(text) }
	static const char misplaced[] = "its metadata is not where it should be";
	static const struct {
		struct store_log_row row;
		const char *why;
	} rows[] = {
		{ ROW(7, "/things", 0, 34, 45, OBJECT "}"), NULL },
		{ ROW(7, "/things", 9, 34, 45, OBJECT "}"), "9 is no kind of change" },
		{ ROW(7, "things", 0, 34, 45, OBJECT "}"), "'things' names no resource" },
		{ ROW(7, "/things", 0, 34, 34, OBJECT "}"), misplaced },
		{ ROW(7, "/things", 0, 34, 70, OBJECT "}"), misplaced },
		{ ROW(7, "/things", 0, 0, 45, OBJECT "}"), misplaced },
		{ ROW(8, "/things", 0, 34, 45, OBJECT "}"), misplaced },
		{ ROW(7, "/things", 0, 34, 45, OBJECT), "unexpected end of JSON input" },
		{ ROW(7, "/things", 0, 34, 45, OBJECT ",\"spec\":\x01}"),
		  "invalid character '\\x01' looking for beginning of value" },
	};
#undef ROW
#undef OBJECT

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fs *dir;
		struct store *s = NULL;

		assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
		damage(dir, &rows[i].row);
		CLEANUP(err_drop)
		err *e = store_open(&s, &(struct store_options){ .dir = fs_root(dir) });

		assert_int_equal(e != NULL, rows[i].why != NULL);
		if (e) {
			assert_true(str_starts(err_text(e), S("row ")));
			assert_true(str_has(err_text(e), S(" is damaged; take the data directory from a "
							   "backup, or an empty one: ")));
			assert_true(str_ends(err_text(e), str_c(rows[i].why)));
		}
		store_close(s);
		fs_close(dir);
	}
}

static void test_what_cannot_be_opened(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct store *s = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	assert_null(fs_write(dir, S("store.db"), S("this is no database, but long enough to be read as "
						    "the head of one: it is not that either, of course"),
			     0600));
	err *e = store_open(&s, &(struct store_options){ .dir = fs_root(dir) });

	assert_non_null(e);
	assert_true(str_has(err_text(e), S("store.db: cannot open the store: file is not a database")));
	err_free(e);
}

/* ---- killed ------------------------------------------------------------ */

enum { WRITERS = 16, NAMES = 40, ROUNDS = 12 };

/* What a child reports after each answered write. */
struct report {
	uint64_t rv;
	uint32_t writer, value;
};

struct child {
	struct store *s;
	struct store_table *t;
	uint32_t base;
	int out;
};

static void write_until_killed(void *ctx, size_t writer)
{
	struct child *c = ctx;

	for (uint32_t i = 1;; i++) {
		char name[16], value[16];
		struct report r = { .writer = (uint32_t)writer, .value = c->base + i };

		snprintf(name, sizeof name, "w%zu-%u", writer, r.value % NAMES);
		snprintf(value, sizeof value, "%u", r.value);
		enum store_outcome o = put(c->s, c->t, STORE_UPDATE, "a", name, 0, value, &r.rv);

		if (o == STORE_MISSING)
			o = put(c->s, c->t, STORE_CREATE, "a", name, 0, value, &r.rv);
		if (o != STORE_DONE || write(c->out, &r, sizeof r) != sizeof r)
			_exit(3);
	}
}

static void run_child(struct fs *dir, uint32_t base, int out)
{
	struct child c = { .base = base, .out = out };

	c.s = open_dir(dir);
	c.t = store_table(c.s, STR_NONE, S("things"));
	workers_each(workers_new(WRITERS, 0), WRITERS, write_until_killed, &c);
	_exit(4);
}

/* Values answered so far, and the highest number seen. */
struct seen {
	uint32_t value[WRITERS][NAMES];
	uint64_t rv;
	size_t answers;
};

static void read_reports(int in, struct seen *seen)
{
	struct report r;

	while (read(in, &r, sizeof r) == sizeof r) {
		uint32_t *v = &seen->value[r.writer][r.value % NAMES];

		if (r.value > *v)
			*v = r.value;
		if (r.rv > seen->rv)
			seen->rv = r.rv;
		seen->answers++;
	}
}

static void check_seen(struct store *s, const struct seen *seen)
{
	struct store_table *t = store_table(s, STR_NONE, S("things"));

	assert_true(store_rv(s) >= seen->rv);
	for (size_t w = 0; w < WRITERS; w++)
		for (size_t i = 0; i < NAMES; i++) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;
			char name[16];
			uint64_t value = 0;

			if (!seen->value[w][i])
				continue;
			snprintf(name, sizeof name, "w%zu-%zu", w, i);
			CLEANUP(blob_drop) struct blob *b = store_get(s, t, S("a"), str_c(name));

			assert_non_null(b);
			assert_true(
				str_to_u64(node_str(node_get(blob_labels(&a, b), S("v"))), &value));
			assert_true(value >= seen->value[w][i]);
		}
}

static void test_no_answered_write_is_lost_by_a_kill(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	const char *more = getenv("RILL_KILL_ROUNDS");
	long rounds = more ? strtol(more, NULL, 10) : ROUNDS;
	static struct seen seen;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("store")));
	for (long round = 0; round < rounds; round++) {
		int pipes[2];

		assert_int_equal(pipe(pipes), 0);
		pid_t pid = fork();

		if (!pid)
			run_child(dir, (uint32_t)round * 1000000, pipes[1]);
		close(pipes[1]);
		/* a child that is slow to begin is not killed before its first answer */
		poll(&(struct pollfd){ .fd = pipes[0], .events = POLLIN }, 1, 60000);
		usleep((useconds_t)rand_below(80000));
		kill(pid, SIGKILL);
		read_reports(pipes[0], &seen);
		close(pipes[0]);
		waitpid(pid, NULL, 0);
		struct store *s = open_dir(dir);

		check_seen(s, &seen);
		store_close(s);
	}
	assert_true(seen.answers > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_meet_what_is_there),
		cmocka_unit_test(test_guard_must_be_there),
		cmocka_unit_test(test_lists_are_cut_in_order),
		cmocka_unit_test(test_many_objects_stay_sorted),
		cmocka_unit_test(test_older_states_are_listed),
		cmocka_unit_test(test_events_resume),
		cmocka_unit_test(test_the_past_is_bounded),
		cmocka_unit_test(test_reopened_as_it_was),
		cmocka_unit_test(test_the_log_is_compacted),
		cmocka_unit_test(test_two_servers_cannot_share_it),
		cmocka_unit_test(test_a_full_disk_loses_nothing),
		cmocka_unit_test(test_held_writes_are_settled),
		cmocka_unit_test(test_damaged_rows_are_told),
		cmocka_unit_test(test_what_cannot_be_opened),
		cmocka_unit_test(test_no_answered_write_is_lost_by_a_kill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
