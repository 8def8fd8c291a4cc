/* Archives as strangers make them, and as we make them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "archive/name.h"
#include "archive/tgz.h"

static void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static void fails(err *e, int code, const char *want)
{
	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	assert_int_equal(err_code(e), code);
	err_free(e);
}

/* ---- making ----------------------------------------------------------- */

struct made {
	struct buf tar;
	struct sink_buf to;
	struct tar_writer w;
};

static void begin(struct made *m)
{
	*m = (struct made){ .tar = BUF_INIT };
	sink_buf_init(&m->to, &m->tar, "archive");
	tar_writer_init(&m->w, &m->to.sink);
}

static void add(struct made *m, const char *name, char type, const char *link, str bytes)
{
	need(tar_write_entry(&m->w, &(const struct tar_entry){
					    .name = str_c(name), .link = str_c(link), .type = type,
					    .mode = 06777, .size = bytes.n, .mtime = 1 }));
	need(tar_write_bytes(&m->w, bytes));
}

/* Finish, and compress into `out`. */
static void end(struct made *m, struct buf *out)
{
	need(tar_finish(&m->w));
	need(gzip_write(buf_str(&m->tar), 6, out));
	buf_release(&m->tar);
}

/* The header's checksum made right again. */
static void seal(char *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 7, "%06o", sum);
}

/* ---- reading as a careful caller -------------------------------------- */

/* Go through an archive as one who unpacks it: files and directories with
 * good names only. Adds "NAME=BYTES;" for each file. */
static err *unpack(str text, const struct tgz_limits *limits, struct arena *a, struct buf *seen)
{
	CLEANUP(tgz_drop) struct tgz *t = NULL;
	struct tar_entry e;
	str bytes;
	bool more;

	TRY(tgz_open(&t, a, text, limits));
	for (;;) {
		TRY(tgz_next(t, &e, &bytes, &more));
		if (!more)
			return NULL;
		TRY(archive_name_check(e.name));
		if (tar_is_dir(&e))
			continue;
		if (e.type != TAR_FILE)
			return err_new(ERR_FORBIDDEN, "'%.*s' is no file but '%c'",
				       STR_ARG(e.name), e.type);
		buf_addf(seen, "%.*s=%.*s:%o;", STR_ARG(e.name), STR_ARG(bytes),
			 tar_safe_mode(&e));
	}
}

static void check(str text, const struct tgz_limits *limits, int code, const char *want_error,
		  const char *want)
{
	struct arena a = ARENA_INIT;
	struct buf seen = BUF_INIT;
	err *e = unpack(text, limits, &a, &seen);

	if (want_error) {
		fails(e, code, want_error);
	} else {
		need(e);
		assert_string_equal(buf_c(&seen), want);
	}
	buf_release(&seen);
	arena_release(&a);
}

static const struct {
	const char *name;
	char type;
	const char *link, *want_error, *want;
} entries[] = {
	{ "a/b.txt", '0', "", NULL, "a/b.txt=x:755;" },
	{ "./a/b", '0', "", NULL, "./a/b=x:755;" },
	{ "dir/", '5', "", NULL, "" },
	{ "../../etc/x", '0', "", "tar contained invalid name error \"../../etc/x\"", NULL },
	{ "..", '5', "", "tar contained invalid name error \"..\"", NULL },
	{ "a/..", '5', "", "tar contained invalid name error \"a/..\"", NULL },
	{ "/etc/x", '0', "", "tar contained invalid name error \"/etc/x\"", NULL },
	{ "a/../../x", '0', "", "tar contained invalid name error \"a/../../x\"", NULL },
	{ "./../x", '0', "", "tar contained invalid name error \"./../x\"", NULL },
	{ "a\\..\\..\\x", '0', "", "tar contained invalid name error \"a\\\\..\\\\..\\\\x\"", NULL },
	{ "C:\\x", '0', "", "tar contained invalid name error \"C:\\\\x\"", NULL },
	{ "c:/x", '0', "", "tar contained invalid name error \"c:/x\"", NULL },
	{ "", '0', "", "tar contained invalid name error \"\"", NULL },
	{ "a\nb", '0', "", "tar contained invalid name error \"a\\nb\"", NULL },
	{ "\x1b[31mred", '0', "", "tar contained invalid name error \"\\x1b[31mred\"", NULL },
	{ "\xc2\x9b" "1m", '0', "", "tar contained invalid name error \"\\u009b1m\"", NULL },
	{ "\xff", '0', "", "tar contained invalid name error \"\\xff\"", NULL },
	{ "a", '2', "/etc", "'a' is no file but '2'", NULL },
	{ "a", '2', "b", "'a' is no file but '2'", NULL },
	{ "a", '1', "../../etc/passwd", "'a' is no file but '1'", NULL },
	{ "dev", '3', "", "'dev' is no file but '3'", NULL },
	{ "dev", '4', "", "'dev' is no file but '4'", NULL },
	{ "fifo", '6', "", "'fifo' is no file but '6'", NULL },
};

static void test_hostile_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		struct buf text = BUF_INIT;
		struct made m;

		begin(&m);
		add(&m, entries[i].name, entries[i].type, entries[i].link,
		    entries[i].type == '0' ? S("x") : STR_NONE);
		end(&m, &text);
		check(buf_str(&text), NULL, 0, entries[i].want_error, entries[i].want);
		buf_release(&text);
	}
}

static void test_long_names(void **state)
{
	char name[ARCHIVE_PATH_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof name);
	assert_true(archive_name_is_safe(str_of(name, 255)));
	assert_false(archive_name_is_safe(str_of(name, 256)));
	for (size_t i = 100; i < sizeof name; i += 100)
		name[i] = '/';
	assert_true(archive_name_is_safe(str_of(name, ARCHIVE_PATH_MAX)));
	assert_false(archive_name_is_safe(str_of(name, ARCHIVE_PATH_MAX + 1)));
	assert_false(archive_name_is_safe(S("a\0b")));
	err *e = archive_name_check(str_of(name, sizeof name));

	assert_true(err_text(e).n < 600);
	assert_true(str_ends(err_text(e), S("\"...")));
	err_free(e);
}

/* What the header says about the size, and what then comes of it. */
static const struct {
	const char *size;
	const char *want;
} sizes[] = {
	/* The file's bytes are read as the next header. */
	{ "00000000000", "archive/tar: invalid tar header" },
	{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "archive/tar: invalid tar header" },
	{ "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "archive/tar: invalid tar header" },
	{ "nonsense\0\0\0", "archive/tar: invalid tar header" },
	{ "00000100000", "unexpected EOF" },
	{ "77777777777", "archive is larger than the maximum size 104857600" },
};

static void test_sizes_that_lie(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf text = BUF_INIT;
		struct made m;

		begin(&m);
		add(&m, "f", '0', "", S("some bytes"));
		memcpy(m.tar.p + 124, sizes[i].size, 12);
		seal(m.tar.p);
		end(&m, &text);
		check(buf_str(&text), NULL, i == 5 ? ARCHIVE_TOO_LARGE : 0, sizes[i].want, NULL);
		buf_release(&text);
	}
}

static void test_bombs_stop_at_the_limit(void **state)
{
	struct buf zeros = BUF_INIT, text = BUF_INIT, seen = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct made m;

	(void)state;
	buf_fill(&zeros, 0, 50 << 20);
	begin(&m);
	add(&m, "one", '2', "", STR_NONE);
	need(tar_write_entry(&m.w, &(const struct tar_entry){
					   .name = S("big"), .type = '0', .size = 200 << 20 }));
	for (int i = 0; i < 4; i++)
		need(tar_write_bytes(&m.w, buf_str(&zeros)));
	end(&m, &text);
	assert_true(text.n < 1 << 20);
	memcpy(text.p + text.n - 4, "\0\0\0\x01", 4);	/* 16 MiB, it says */
	struct tgz *t;
	struct tar_entry e;
	str bytes;
	bool more;

	need(tgz_open(&t, &a, buf_str(&text), NULL));
	need(tgz_next(t, &e, &bytes, &more));
	fails(tgz_next(t, &e, &bytes, &more), ARCHIVE_TOO_LARGE,
	      "archive is larger than the maximum size 104857600");
	tgz_close(t);
	assert_true(a.held < 1 << 20);
	arena_release(&a);
	buf_release(&zeros);
	buf_release(&text);
	buf_release(&seen);
}

static void test_limits_of_entries(void **state)
{
	struct buf text = BUF_INIT;
	struct made m;

	(void)state;
	begin(&m);
	add(&m, "a", '0', "", S("12345"));
	add(&m, "b", '0', "", S("678"));
	end(&m, &text);
	str s = buf_str(&text);

	check(s, &(struct tgz_limits){ .total = 8, .entry = 5, .entries = 2 }, 0, NULL,
	      "a=12345:755;b=678:755;");
	check(s, &(struct tgz_limits){ .total = 7 }, ARCHIVE_TOO_LARGE,
	      "archive is larger than the maximum size 7", NULL);
	check(s, &(struct tgz_limits){ .entry = 4 }, ARCHIVE_TOO_LARGE,
	      "archive entry is larger than the maximum size 4", NULL);
	check(s, &(struct tgz_limits){ .entries = 1 }, ARCHIVE_TOO_MANY,
	      "archive has more entries than 1", NULL);
	buf_release(&text);
}

static void test_a_million_empty_entries(void **state)
{
	struct buf text = BUF_INIT;
	struct made m;
	struct buf part = BUF_INIT;

	(void)state;
	begin(&m);
	for (int i = 0; i < 10000; i++)
		add(&m, "f", '0', "", STR_NONE);
	need(gzip_write(buf_str(&m.tar), 9, &part));
	for (int i = 0; i < 100; i++)
		buf_add(&text, buf_str(&part));
	check(buf_str(&text), NULL, ARCHIVE_TOO_MANY, "archive has more entries than 100000", NULL);
	buf_release(&m.tar);
	buf_release(&part);
	buf_release(&text);
}

/* A pax header with this body, then a file. */
static void with_pax(str body, char type, struct buf *text)
{
	struct made m;

	begin(&m);
	add(&m, "PaxHeaders.0/f", '0', "", body);
	m.tar.p[156] = type;
	seal(m.tar.p);
	add(&m, "f", '0', "", S("x"));
	end(&m, text);
}

static void test_extended_headers(void **state)
{
	static const struct {
		const char *body;
		char type;
		const char *want_error, *want;
	} cases[] = {
		{ "13 path=a/b/c\n", 'x', "archive/tar: invalid tar header", NULL },
		{ "14 path=a/b/c\n", 'x', NULL, "a/b/c=x:755;" },
		{ "16 path=../../x\n", 'x', "tar contained invalid name error \"../../x\"", NULL },
		{ "long/name", 'L', NULL, "long/name=x:755;" },
		{ "22 GNU.sparse.major=1\n", 'x', "archive/tar: sparse files are not supported", NULL },
		{ "12 size=-10\n", 'x', "archive/tar: invalid tar header", NULL },
		{ "18446744073709551617 a=b\n", 'x', "archive/tar: invalid tar header", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = BUF_INIT;

		with_pax(str_c(cases[i].body), cases[i].type, &text);
		check(buf_str(&text), NULL, 0, cases[i].want_error, cases[i].want);
		buf_release(&text);
	}
	struct buf body = BUF_INIT, text = BUF_INIT;

	buf_fill(&body, 'k', TAR_SPECIAL_MAX + 1);
	with_pax(buf_str(&body), 'x', &text);
	check(buf_str(&text), NULL, 0, "archive/tar: header field too long", NULL);
	buf_release(&text);
	text = (struct buf)BUF_INIT;
	with_pax(S("sparse"), 'S', &text);
	check(buf_str(&text), NULL, 0, "archive/tar: sparse files are not supported", NULL);
	buf_release(&body);
	buf_release(&text);
}

static void test_same_path_twice_is_shown_twice(void **state)
{
	struct buf text = BUF_INIT;
	struct made m;

	(void)state;
	begin(&m);
	add(&m, "a", '0', "", S("1"));
	add(&m, "a/", '5', "", STR_NONE);
	add(&m, "a", '0', "", S("2"));
	end(&m, &text);
	check(buf_str(&text), NULL, 0, NULL, "a=1:755;a=2:755;");
	buf_release(&text);
}

static void test_damage_behind_the_last_entry_is_found(void **state)
{
	struct buf tar = BUF_INIT, text = BUF_INIT;
	struct made m;

	(void)state;
	begin(&m);
	add(&m, "a", '0', "", S("x"));
	need(tar_finish(&m.w));
	buf_add(&tar, buf_str(&m.tar));
	buf_fill(&tar, 0, 20 << 20);	/* more padding than is unpacked at once */
	need(gzip_write(buf_str(&tar), 9, &text));
	check(buf_str(&text), NULL, 0, NULL, "a=x:755;");
	text.p[text.n - 8] ^= 1;
	check(buf_str(&text), NULL, 0, "gzip: invalid checksum", NULL);
	buf_trim(&text, text.n - 1);
	check(buf_str(&text), NULL, 0, "unexpected EOF", NULL);
	buf_release(&m.tar);
	buf_release(&tar);
	buf_release(&text);
}

static void test_what_is_no_archive(void **state)
{
	(void)state;
	check(S(""), NULL, 0, "EOF", NULL);
	check(S("apiVersion: v1\nkind: List\n"), NULL, 0, "gzip: invalid header", NULL);
	check(S("PK\3\4 a zip file, longer than a header"), NULL, 0, "gzip: invalid header", NULL);
	struct buf text = BUF_INIT;

	need(gzip_write(S("not a tar"), 0, &text));
	check(buf_str(&text), NULL, 0, "unexpected EOF", NULL);
	buf_clear(&text);
	need(gzip_write(STR_NONE, 0, &text));
	check(buf_str(&text), NULL, 0, NULL, "");
	buf_release(&text);
}

static void test_large_archives_are_streamed(void **state)
{
	struct buf big = BUF_INIT, text = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct tar_entry e;
	struct tgz *t;
	struct made m;
	uint32_t seed = 5;
	str bytes;
	bool more;

	(void)state;
	while (big.n < 18 << 20) {
		seed = seed * 1664525u + 1013904223u;
		buf_bytes(&big, &seed, sizeof seed);
	}
	begin(&m);
	add(&m, "big", '0', "", buf_str(&big));
	add(&m, "small", '0', "", S("x"));
	end(&m, &text);
	need(tgz_open(&t, &a, buf_str(&text), NULL));
	need(tgz_next(t, &e, &bytes, &more));
	assert_true(str_eq(bytes, buf_str(&big)));
	need(tgz_next(t, &e, &bytes, &more));
	assert_true(str_eq(bytes, S("x")));
	assert_true(str_eq(e.name, S("small")));
	need(tgz_next(t, &e, &bytes, &more));
	assert_false(more);
	tgz_close(t);
	arena_release(&a);
	buf_release(&big);
	buf_release(&text);
}

static void test_written_archives_do_not_depend_on_order(void **state)
{
	const struct tgz_file files[] = {
		{ .name = S("b/x"), .bytes = S("1") }, { .name = S("b"), .dir = true },
		{ .name = S("a.sh"), .bytes = S("2"), .exec = true }, { .name = S("b.c"), .bytes = S("3") },
	};
	const struct tgz_file other[] = { files[3], files[2], files[1], files[0] };
	struct buf one = BUF_INIT, two = BUF_INIT;

	(void)state;
	need(tgz_write(files, 4, NULL, &one));
	need(tgz_write(other, 4, NULL, &two));
	assert_true(str_eq(buf_str(&one), buf_str(&two)));
	check(buf_str(&one), NULL, 0, NULL, "a.sh=2:755;b.c=3:644;b/x=1:644;");
	buf_clear(&two);
	need(tgz_write(other, 4, &(const struct tgz_options){ .keep_order = true, .level = 9 }, &two));
	check(buf_str(&two), NULL, 0, NULL, "b.c=3:644;a.sh=2:755;b/x=1:644;");
	buf_clear(&two);
	need(tgz_write(NULL, 0, NULL, &two));
	check(buf_str(&two), NULL, 0, NULL, "");
	buf_release(&one);
	buf_release(&two);
}

static void test_bad_names_are_not_written(void **state)
{
	const struct tgz_file out[] = { { .name = S("../x") } };
	const struct tgz_file twice[] = { { .name = S("x") }, { .name = S("x/"), .dir = true } };
	struct buf b = BUF_INIT, small = BUF_LIMIT(10);

	(void)state;
	fails(tgz_write(out, 1, NULL, &b), 0, "tar contained invalid name error \"../x\"");
	fails(tgz_write(twice, 2, NULL, &b), 0, "archive holds 'x' twice");
	fails(tgz_write(twice, 1, NULL, &small), 0, "archive is larger than 10 bytes");
	struct made m;

	begin(&m);
	fails(tar_write_entry(&m.w, &(const struct tar_entry){ .name = S("a\0b"), .type = '0' }), 0,
	      "archive/tar: cannot encode header: NUL in a name");
	need(tar_write_entry(&m.w, &(const struct tar_entry){ .name = S("a"), .type = '0', .size = 5 }));
	fails(tar_write_bytes(&m.w, S("123456")), 0, "archive/tar: write too long");
	need(tar_write_bytes(&m.w, S("123")));
	fails(tar_finish(&m.w), 0, "archive/tar: missed writing 2 bytes");
	buf_release(&m.tar);
	buf_release(&b);
	buf_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_entries),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_sizes_that_lie),
		cmocka_unit_test(test_bombs_stop_at_the_limit),
		cmocka_unit_test(test_limits_of_entries),
		cmocka_unit_test(test_a_million_empty_entries),
		cmocka_unit_test(test_extended_headers),
		cmocka_unit_test(test_same_path_twice_is_shown_twice),
		cmocka_unit_test(test_damage_behind_the_last_entry_is_found),
		cmocka_unit_test(test_what_is_no_archive),
		cmocka_unit_test(test_large_archives_are_streamed),
		cmocka_unit_test(test_written_archives_do_not_depend_on_order),
		cmocka_unit_test(test_bad_names_are_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
