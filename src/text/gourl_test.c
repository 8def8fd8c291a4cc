#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "text/gourl.h"

/* What net/url prints of a text it has read, or why it cannot. */
static const struct {
	const char *text, *want;
} rows[] = {
	{ "https://u:p@h.com:80/p/a?q=1&r=2#frag", "https://u:p@h.com:80/p/a?q=1&r=2#frag" },
	{ "HTTP://H/a%2Fb/../c?", "http://H/a%2Fb/../c?" },
	{ "mailto:x@y", "mailto:x@y" },
	{ "http://[::1]:80/", "http://[::1]:80/" },
	{ "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/" },
	{ "//h/p", "//h/p" },
	{ "/a b", "/a%20b" },
	{ "x:/p", "x:/p" },
	{ "*", "*" },
	{ "", "" },
	{ "#f%20g", "#f%20g" },
	{ "http://a b", "parse \"http://a b\": invalid character \" \" in host name" },
	{ ":x", "parse \":x\": missing protocol scheme" },
	{ "http://h/%zz", "parse \"http://h/%zz\": invalid URL escape \"%zz\"" },
	{ "http://h:x/", "parse \"http://h:x/\": invalid port \":x\" after host" },
	{ "http://[::1/", "parse \"http://[::1/\": missing ']' in host" },
	{ "1:2", "parse \"1:2\": first path segment in URL cannot contain colon" },
	{ "http://a\nb", "parse \"http://a\\nb\": net/url: invalid control character in URL" },
};

static void test_urls_are_read_and_printed_as_go_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct gourl u;
		CLEANUP(err_drop) err *e = gourl_parse(&a, str_c(rows[i].text), &u);

		if (!e)
			gourl_add(&b, &u);
		assert_string_equal(e ? err_msg(e) : buf_c(&b), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls_are_read_and_printed_as_go_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
