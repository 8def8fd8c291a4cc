/* Beside the recorded answers (tests/golden/archive): limits, large texts,
 * streams. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "archive/gzip.h"

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

/* Text that compresses a little. */
static void fill(struct buf *b, size_t n)
{
	uint32_t seed = 1;

	while (b->n < n) {
		seed = seed * 1664525u + 1013904223u;
		buf_addf(b, "%u line\n", seed >> 12);
	}
	buf_trim(b, n);
}

static void test_what_is_written_is_read(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 4096, 65536, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int level = 0; level <= 9; level += 3) {
			struct buf plain = BUF_INIT, packed = BUF_INIT, again = BUF_INIT;

			fill(&plain, sizes[i]);
			need(gzip_write(buf_str(&plain), level, &packed));
			assert_true(gzip_is(buf_str(&packed)));
			assert_int_equal(gzip_claimed(buf_str(&packed)), sizes[i]);
			need(gzip_read(buf_str(&packed), sizes[i], &again));
			assert_true(str_eq(buf_str(&plain), buf_str(&again)));
			buf_release(&plain);
			buf_release(&packed);
			buf_release(&again);
		}
}

static void test_same_bytes_for_same_input(void **state)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	(void)state;
	need(gzip_write(S("hello hello hello"), 9, &a));
	need(gzip_write(S("hello hello hello"), 9, &b));
	assert_true(str_eq(buf_str(&a), buf_str(&b)));
	/* Neither name nor time. */
	assert_memory_equal(a.p + 3, "\0\0\0\0\0", 5);
	buf_release(&a);
	buf_release(&b);
}

/* What a packer had before leaves no trace. */
static void test_packer_is_as_new_for_each_text(void **state)
{
	static const char *const texts[] = { "hello hello hello", "", "and hello", "hello hello hello" };
	struct gzip_packer *p = gzip_packer_new(6);

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CLEANUP(buf_release) struct buf a = BUF_INIT, b = BUF_INIT;

		need(gzip_pack(p, str_c(texts[i]), &a));
		need(gzip_write(str_c(texts[i]), 6, &b));
		assert_true(str_eq(buf_str(&a), buf_str(&b)));
	}
	gzip_packer_free(p);
	gzip_packer_free(NULL);
}

static void test_limit_is_exact(void **state)
{
	struct buf packed = BUF_INIT, out = BUF_INIT;

	(void)state;
	need(gzip_write(S("hello"), 0, &packed));
	need(gzip_write(S(" world"), 0, &packed));
	buf_add(&out, S("> "));
	need(gzip_read(buf_str(&packed), 11, &out));
	assert_string_equal(buf_c(&out), "> hello world");
	fails(gzip_read(buf_str(&packed), 10, &out), ARCHIVE_TOO_LARGE,
	      "decompressed data is larger than 10 bytes");
	assert_string_equal(buf_c(&out), "> hello world");
	struct buf small = BUF_LIMIT(8);

	fails(gzip_read(buf_str(&packed), 100, &small), ARCHIVE_TOO_LARGE,
	      "decompressed data is larger than 8 bytes");
	assert_int_equal(small.n, 0);
	assert_false(small.full);
	buf_release(&small);
	buf_release(&packed);
	buf_release(&out);
}

static void test_members_take_room_once(void **state)
{
	struct buf plain = BUF_INIT, packed = BUF_INIT, out = BUF_INIT, room = BUF_INIT;

	(void)state;
	fill(&plain, 5000);
	for (int i = 0; i < 20; i++)
		need(gzip_write(buf_str(&plain), 9, &packed));
	assert_true(plain.n * 20 < packed.n * 8);
	buf_reserve(&room, packed.n * 8);
	need(gzip_read(buf_str(&packed), 1 << 20, &out));
	assert_int_equal(out.n, plain.n * 20);
	assert_int_equal(out.cap, room.cap);
	for (size_t i = 0; i < out.n; i += plain.n)
		assert_true(str_eq(str_sub(buf_str(&out), i, i + plain.n), buf_str(&plain)));
	/* And what unpacks to more than that finds its place. */
	buf_trim(&packed, 0);
	buf_trim(&out, 0);
	buf_trim(&plain, 0);
	buf_fill(&plain, 'x', 20000);
	for (int i = 0; i < 20; i++)
		need(gzip_write(buf_str(&plain), 9, &packed));
	need(gzip_read(buf_str(&packed), 1 << 20, &out));
	assert_int_equal(out.n, plain.n * 20);
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&out);
	buf_release(&room);
}

static void test_bombs_take_no_memory(void **state)
{
	struct buf zeros = BUF_INIT, packed = BUF_INIT, out = BUF_INIT;

	(void)state;
	buf_fill(&zeros, 0, 1 << 20);
	for (int i = 0; i < 200; i++)
		need(gzip_write(buf_str(&zeros), 9, &packed));
	fails(gzip_read(buf_str(&packed), 100 << 20, &out), ARCHIVE_TOO_LARGE,
	      "decompressed data is larger than 104857600 bytes");
	assert_true(out.cap <= 2 << 20);
	/* One that tells a size it has not. */
	memcpy(packed.p + packed.n - 4, "\0\0\0\x01", 4);
	fails(gzip_read(buf_str(&packed), 1 << 20, &out), ARCHIVE_TOO_LARGE,
	      "decompressed data is larger than 1048576 bytes");
	assert_true(out.cap <= 32 << 20);
	buf_release(&zeros);
	buf_release(&packed);
	buf_release(&out);
}

static const struct {
	const char *name;
	size_t cut;		/* bytes off the end */
	const char *add;	/* behind it */
	int flip;		/* this byte, counted from the end */
	const char *want;
} broken[] = {
	{ "truncated sum", 1, "", 0, "unexpected EOF" },
	{ "truncated data", 10, "", 0, "unexpected EOF" },
	{ "truncated header", 20, "", 0, "unexpected EOF" },
	{ "nothing", 28, "", 0, "EOF" },
	{ "wrong sum", 0, "", 8, "gzip: invalid checksum" },
	{ "wrong size", 0, "", 1, "gzip: invalid checksum" },
	{ "garbage behind", 0, "garbage garbage", 0, "gzip: invalid header" },
	{ "short garbage behind", 0, "x", 0, "unexpected EOF" },
	{ "no gzip", 0, "", 28, "gzip: invalid header" },
};

static void test_broken_texts_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct buf packed = BUF_INIT, out = BUF_INIT;

		need(gzip_write(S("hello"), 0, &packed));
		assert_int_equal(packed.n, 28);
		if (broken[i].flip)
			packed.p[packed.n - (size_t)broken[i].flip] ^= 1;
		buf_trim(&packed, packed.n - broken[i].cut);
		buf_add(&packed, str_c(broken[i].add));
		fails(gzip_read(buf_str(&packed), 100, &out), 0, broken[i].want);
		assert_int_equal(out.n, 0);
		buf_release(&packed);
		buf_release(&out);
	}
}

static void test_streams_of_any_piece(void **state)
{
	struct buf plain = BUF_INIT, packed = BUF_INIT, out = BUF_INIT;
	struct gzip_reader *r;
	struct stream_text from;
	char piece[777];
	size_t got = 1;

	(void)state;
	fill(&plain, 300000);
	need(gzip_write(buf_str(&plain), 6, &packed));
	need(gzip_write(S("and more"), 6, &packed));
	buf_add(&plain, S("and more"));
	stream_text_init(&from, buf_str(&packed));
	need(gzip_open(&r, &from.stream));
	for (size_t n = 1; got; n = n % sizeof piece + 1) {
		need(gzip_stream(r)->read(gzip_stream(r), piece, n, &got));
		buf_bytes(&out, piece, got);
	}
	assert_true(str_eq(buf_str(&plain), buf_str(&out)));
	gzip_close(r);
	gzip_close(NULL);
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&out);
}

static void test_data_come_before_the_error(void **state)
{
	struct buf packed = BUF_INIT;
	struct gzip_reader *r;
	struct stream_text from;
	char piece[16];
	size_t got;

	(void)state;
	need(gzip_write(S("hello"), 0, &packed));
	packed.p[packed.n - 8] ^= 1;
	stream_text_init(&from, buf_str(&packed));
	need(gzip_open(&r, &from.stream));
	need(gzip_stream(r)->read(gzip_stream(r), piece, sizeof piece, &got));
	assert_int_equal(got, 5);
	fails(gzip_stream(r)->read(gzip_stream(r), piece, sizeof piece, &got), 0,
	      "gzip: invalid checksum");
	gzip_close(r);
	/* An error that nobody asked for is not lost either. */
	stream_text_init(&from, buf_str(&packed));
	need(gzip_open(&r, &from.stream));
	need(gzip_stream(r)->read(gzip_stream(r), piece, sizeof piece, &got));
	gzip_close(r);
	buf_release(&packed);
}

/* A packer that has packed before gives a writer the same bytes. */
static void test_writer_with_a_packer(void **state)
{
	struct gzip_packer *p = gzip_packer_new(0);

	(void)state;
	for (size_t n = 0; n < 200000; n = n * 7 + 100) {
		CLEANUP(buf_release) struct buf plain = BUF_INIT, own = BUF_INIT, packed = BUF_INIT;
		struct sink_buf to;

		fill(&plain, n);
		need(gzip_write(buf_str(&plain), 0, &own));
		sink_buf_init(&to, &packed, "archive");
		struct gzip_writer *w = gzip_writer_new(&to.sink, 0);

		gzip_writer_use(w, p);
		need(sink_write(gzip_sink(w), buf_str(&plain)));
		need(gzip_finish(w));
		gzip_writer_free(w);
		assert_true(str_eq(buf_str(&own), buf_str(&packed)));
	}
	gzip_packer_free(p);
}

static void test_writer_of_pieces(void **state)
{
	static const size_t sizes[] = { 0, 10, 1000000, 40 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf plain = BUF_INIT, packed = BUF_INIT, again = BUF_INIT;
		struct sink_buf to;

		buf_fill(&plain, 'x', sizes[i]);
		sink_buf_init(&to, &packed, "archive");
		struct gzip_writer *w = gzip_writer_new(&to.sink, 1);

		for (size_t at = 0; at < sizes[i]; at += 300000)
			need(sink_write(gzip_sink(w), str_sub(buf_str(&plain), at, at + 300000)));
		need(gzip_finish(w));
		gzip_writer_free(w);
		need(gzip_read(buf_str(&packed), sizes[i], &again));
		assert_true(str_eq(buf_str(&plain), buf_str(&again)));
		assert_memory_equal(packed.p + 3, "\0\0\0\0\0\4\xff", 7);
		buf_release(&plain);
		buf_release(&packed);
		buf_release(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_same_bytes_for_same_input),
		cmocka_unit_test(test_packer_is_as_new_for_each_text),
		cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_members_take_room_once),
		cmocka_unit_test(test_bombs_take_no_memory),
		cmocka_unit_test(test_broken_texts_are_told_apart),
		cmocka_unit_test(test_streams_of_any_piece),
		cmocka_unit_test(test_data_come_before_the_error),
		cmocka_unit_test(test_writer_with_a_packer),
		cmocka_unit_test(test_writer_of_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
