#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "net/address.h"
#include "net/proxy.h"

static const struct {
	const char *url, *no;
	bool proxied;
} rules[] = {
	{ "http://example.com/", "", true },
	{ "https://example.com/", "", true },
	{ "http://localhost/", "", false },
	{ "http://LOCALHOST:80/", "", false },
	{ "http://127.0.0.1:8080/", "", false },
	{ "http://127.9.9.9/", "", false },
	{ "http://[::1]:80/", "", false },
	{ "http://10.1.2.3/", "", true },
	{ "http://example.com/", "*", false },
	{ "http://example.com/", "example.com", false },
	{ "http://EXAMPLE.com/", "example.COM", false },
	{ "http://www.example.com/", "example.com", false },
	{ "http://badexample.com/", "example.com", true },
	{ "http://example.com/", ".example.com", true },
	{ "http://www.example.com/", ".example.com", false },
	{ "http://www.example.com/", "*.example.com", false },
	{ "http://example.com/", "*.example.com", true },
	{ "http://example.com:8080/", "example.com:8080", false },
	{ "http://example.com:8081/", "example.com:8080", true },
	{ "http://example.com/", "example.com:80", false },
	{ "https://example.com/", "example.com:443", false },
	{ "http://10.1.2.3/", "10.0.0.0/8", false },
	{ "http://11.1.2.3/", "10.0.0.0/8", true },
	{ "http://10.1.2.3:90/", "10.1.2.3", false },
	{ "http://10.1.2.3:90/", "10.1.2.3:91", true },
	{ "http://[fd00::1]/", "fd00::/8", false },
	{ "http://[fd00::1]:80/", "[fd00::1]:80", false },
	{ "http://[fd00::1]/", "fd00::1", false },
	{ "http://example.com/", "10.0.0.0/8", true },
	{ "http://example.com/", "x, ,example.com ,y", false },
	{ "http://10.1.2.3/", "10.0.0.0/99", true },
	{ "http://example.com./", "example.com", false },
};

static void test_who_goes_through_the_proxy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct proxy_rules p = { .http = S("http://p:1"),
					 .https = S("http://p:2"),
					 .no = str_c(rules[i].no) };
		struct gourl u;
		err *e = gourl_parse(&a, str_c(rules[i].url), &u);

		assert_null(e);
		str want = !rules[i].proxied              ? STR_NONE
			   : str_eq(u.scheme, S("https")) ? p.https
							  : p.http;

		if (!str_eq(proxy_for(&p, &u), want))
			fail_msg("%s without '%s'", rules[i].url, rules[i].no);
	}
}

static void test_the_environment(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct proxy_rules p;
	struct gourl u;

	(void)state;
	setenv("http_proxy", "http://lower", 1);
	setenv("HTTPS_PROXY", "http://upper", 1);
	setenv("https_proxy", "http://lower", 1);
	setenv("no_proxy", "x", 1);
	unsetenv("HTTP_PROXY");
	unsetenv("NO_PROXY");
	proxy_from_env(&a, &p);
	assert_true(str_eq(p.http, S("http://lower")));
	assert_true(str_eq(p.https, S("http://upper")));
	assert_true(str_eq(p.no, S("x")));
	/* as a CGI program, HTTP_PROXY is what a request's header says */
	setenv("REQUEST_METHOD", "GET", 1);
	proxy_from_env(&a, &p);
	err *e = gourl_parse(&a, S("http://example.com"), &u);

	assert_null(e);
	assert_int_equal(proxy_for(&p, &u).n, 0);
}

static const struct {
	const char *text;
	bool loopback, link_local, private;
} addresses[] = {
	{ "127.0.0.1", true, false, true },        { "::1", true, false, true },
	{ "::ffff:127.0.0.1", true, false, true }, { "169.254.169.254", false, true, true },
	{ "fe80::1", false, true, true },          { "fd00:ec2::254", false, true, true },
	{ "10.0.0.1", false, false, true },        { "172.31.255.255", false, false, true },
	{ "172.32.0.1", false, false, false },     { "192.168.1.1", false, false, true },
	{ "100.64.0.1", false, false, true },      { "0.0.0.0", false, false, true },
	{ "8.8.8.8", false, false, false },        { "2001:4860:4860::8888", false, false, false },
	{ "224.0.0.1", false, false, true },       { "fd12::1", false, false, true },
	{ "168.63.129.16", false, false, true },   { "168.63.129.17", false, false, false },
	{ "::10.0.0.1", false, false, true },      { "64:ff9b::a00:1", false, false, true },
	{ "64:ff9b:1::1", false, false, true },    { "2002:a00:1::1", false, false, true },
	{ "fec0::1", false, false, true },         { "2003::1", false, false, false },
};

static void test_kinds_of_addresses(void **state)
{
	static const char *const none[] = { "",         "1.2.3", "1.2.3.4.5", "x",
					    "1.2.3.4 ", "[::1]", "::1%lo" };
	struct address a;

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		assert_true(address_parse(str_c(addresses[i].text), &a));
		if (address_is_loopback(&a) != addresses[i].loopback ||
		    address_is_link_local(&a) != addresses[i].link_local ||
		    address_is_private(&a) != addresses[i].private)
			fail_msg("%s", addresses[i].text);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(address_parse(str_c(none[i]), &a));
	char text[ADDRESS_TEXT];

	assert_true(address_parse(S("10.0.0.1"), &a));
	address_print(&a, 80, text);
	assert_string_equal(text, "10.0.0.1:80");
	assert_true(address_parse(S("fd00::1"), &a));
	address_print(&a, 443, text);
	assert_string_equal(text, "[fd00::1]:443");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_goes_through_the_proxy),
		cmocka_unit_test(test_the_environment),
		cmocka_unit_test(test_kinds_of_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
