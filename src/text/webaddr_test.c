#include "golden_test.h"

#include "text/gourl.h"
#include "text/webaddr.h"

static const struct row {
	const char *text;
	bool email, url, request;
} rows[] = {
	{ "", false, false, false },
	{ "jo@example.com", true, true, false },
	{ "jo@localhost", false, false, false },
	{ "\"jo doe\"@example.com", false, false, false },
	{ "\"jo\"@example.com", false, true, false },
	{ "jo.@example.com", false, true, false },
	{ "example.com", false, true, false },
	{ "https://example.com/a?b", false, true, true },
	{ "https://[2001:db8::1]:80/", false, true, true },
	{ "https://[2001:db8]:80/", false, false, false },
	{ "mailto:x", false, false, true },
	{ "/path", false, false, false },
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		str s = str_c(rows[i].text);

		assert_int_equal(webaddr_is_email(s), rows[i].email);
		assert_int_equal(webaddr_is_url(s), rows[i].url);
		assert_int_equal(webaddr_is_request_url(s), rows[i].request);
	}
}

static void random_piece(uint64_t *r, struct buf *b)
{
	for (uint32_t n = 1 + random_below(r, 6); n > 0; n--)
		random_pick(r, b, "a", "b9", "www.", "example", "com", ".", ".", ".org", "-", "--", "_",
			    "@", ":", "/", "?", "#", "x.y", "é", "漢", "~", "+", "*", "A", "1.2.3.4",
			    "0.1.2.3", "230.1.1.1", "255.255.255.255", "[::1]", "[fe80::1]", "[1:2",
			    ":80", ":123456", " ", "\t", "\"", "(", "\\", "%20", "%zz", "\x7f", "\r\n ",
			    "<");
}

static void answer(struct buf *b, bool yes)
{
	buf_add(b, yes ? S("true") : S("false"));
}

static void ask_email(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_pick(r, &text, "", "user@", "a.b+c@x.", "\"q\"@x.", "\"q",
		    "\"jo\"@x.", "\" j\"o\"@x.", "\"@x.");
	random_piece(r, &text);
	answer(b, webaddr_is_email(buf_str(&text)));
}

static void ask_url(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_pick(r, &text, "", "https://", "http://", "ftp://x", "git+ssh://", "mailto:");
	random_piece(r, &text);
	answer(b, webaddr_is_url(buf_str(&text)));
}

static void ask_request(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	random_pick(r, &text, "", "https://", "x:", "git+ssh://", "//");
	random_piece(r, &text);
	answer(b, webaddr_is_request_url(buf_str(&text)));
}

static void test_as_helm_judges(void **state)
{
	(void)state;
	golden_check("webaddr", "email", 20000, ask_email);
	golden_check("webaddr", "url", 20000, ask_url);
	golden_check("webaddr", "request", 20000, ask_request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_as_helm_judges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
