#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/http1.h"

/* What a head is taken for: the code of its refusal, or 0. */
static const struct {
	const char *head;
	int code;
} heads[] = {
	{ "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 0 },
	{ "GET /a?b=c HTTP/1.0\r\n\r\n", 0 },
	{ "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", 0 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 0 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n", 0 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", 0 },
	/* who could be asked instead */
	{ "GET /a HTTP/1.1\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400 },
	/* two readers, two lengths */
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	  400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "Transfer-Encoding: identity\r\n\r\n",
	  400 },
	{ "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501 },
	/* names and values */
	{ "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400 },
	/* the request line */
	{ "GET  /a HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "G(T /a HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET /a\r\nHost: x\r\n\r\n", 400 },
	{ "GET /a HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
	{ "GET /a http/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n", 417 },
	{ "\r\n\r\n", 400 },
};

static void test_heads(void **state)
{
	static struct http1_head h;

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		char copy[512];
		int n = snprintf(copy, sizeof copy, "%s", heads[i].head);

		if (http1_parse(copy, (size_t)n, &h) != heads[i].code) {
			print_error("%s\n", heads[i].head);
			assert_int_equal(http1_parse(copy, (size_t)n, &h), heads[i].code);
		}
	}
}

static void test_parts_of_a_head(void **state)
{
	static struct http1_head h;
	char text[] = "PUT http://host/a/b?c HTTP/1.1\r\nHOST: x\r\nX-Two:  a b \t\r\n"
		      "Connection: Keep-Alive, Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n";

	(void)state;
	assert_int_equal(http1_parse(text, sizeof text - 1, &h), 0);
	assert_true(str_eq(h.method, S("PUT")));
	assert_true(str_eq(h.target, S("/a/b?c")));
	assert_true(str_eq(http1_header(&h, S("x-two")), S("a b")));
	assert_true(h.upgrade);
	assert_false(h.close);
	char old[] = "GET / HTTP/1.0\r\n\r\n";

	assert_int_equal(http1_parse(old, sizeof old - 1, &h), 0);
	assert_true(h.close);
}

static void test_end_of_a_head(void **state)
{
	(void)state;
	assert_int_equal(http1_find_end(S("GET / HTTP/1.1\r\n\r\nx"), 0), 18);
	assert_int_equal(http1_find_end(S("GET / HTTP/1.1\r\n\r\nx"), 16), 18);
	assert_int_equal(http1_find_end(S("GET / HTTP/1.1\r\n\r"), 0), 0);
	assert_true(http1_find_end(S("GET / HTTP/1.1\n\n"), 0) == HTTP1_BAD);
	assert_true(http1_find_end(S("\n"), 0) == HTTP1_BAD);
	assert_int_equal(http1_find_end(STR_NONE, 0), 0);
}

static void test_too_many_headers(void **state)
{
	static struct http1_head h;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, S("GET / HTTP/1.1\r\nHost: x\r\n"));
	for (int i = 0; i < HTTP1_HEADERS_MAX; i++)
		buf_addf(&b, "A%d: b\r\n", i);
	buf_add(&b, S("\r\n"));
	assert_int_equal(http1_parse(b.p, b.n, &h), 431);
}

static const struct {
	const char *in;
	int code;
	const char *body, *rest;
} chunked[] = {
	{ "3\r\nabc\r\n0\r\n\r\nX", HTTP1_DONE, "abc", "X" },
	{ "1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", HTTP1_DONE, "a0123456789", "" },
	{ "0\r\nTrailer: x\r\n\r\n", HTTP1_DONE, "", "" },
	{ "3\r\nab", HTTP1_MORE, "ab", "" },
	{ "3\r\nabcd", 400, NULL, NULL },
	{ "3 \r\nabc\r\n", 400, NULL, NULL },
	{ "3;x=y\r\nabc\r\n", 400, NULL, NULL },
	{ "\r\nabc", 400, NULL, NULL },
	{ "-1\r\n", 400, NULL, NULL },
	{ "3\nabc\n0\n\n", 400, NULL, NULL },
	{ "fffffffff\r\n", 400, NULL, NULL },
	{ "ffff\r\n01234567890123456789012345678901234567890123456789", 413, NULL, NULL },
};

static void test_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof chunked / sizeof *chunked; i++) {
		CLEANUP(buf_release) struct buf body = BUF_LIMIT(40);
		struct http1_chunks c = { 0 };
		str in = str_c(chunked[i].in);

		assert_int_equal(http1_chunks_take(&c, &in, &body), chunked[i].code);
		if (!chunked[i].body)
			continue;
		assert_true(str_eq(buf_str(&body), str_c(chunked[i].body)));
		assert_true(str_eq(in, str_c(chunked[i].rest)));
	}
}

/* However the bytes are cut, they mean the same. */
static void test_chunks_byte_by_byte(void **state)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct http1_chunks c = { 0 };
	str all = S("3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n");
	int code = HTTP1_MORE;

	(void)state;
	for (size_t i = 0; i < all.n; i++) {
		str one = str_sub(all, i, i + 1);

		assert_int_equal(code, HTTP1_MORE);
		code = http1_chunks_take(&c, &one, &body);
	}
	assert_int_equal(code, HTTP1_DONE);
	assert_string_equal(buf_c(&body), "abcde");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),         cmocka_unit_test(test_parts_of_a_head),
		cmocka_unit_test(test_end_of_a_head), cmocka_unit_test(test_too_many_headers),
		cmocka_unit_test(test_chunks),        cmocka_unit_test(test_chunks_byte_by_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
