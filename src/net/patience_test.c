#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "net/patience.h"

static struct net_response answer(int status, const struct net_header *wait)
{
	return (struct net_response){ .status = status, .headers = wait, .headers_n = wait ? 1 : 0 };
}

static bool is_left_alone(struct patience *p, const char *url)
{
	CLEANUP(err_drop) err *e = patience_check(p, str_c(url));

	return e != NULL;
}

static void test_only_the_host_that_asked(void **state)
{
	static const struct net_header wait = { S("Retry-After"), S("70") };
	struct patience *p = patience_new();
	struct net_response busy = answer(429, &wait);

	(void)state;
	assert_true(patience_keep(p, S("https://User:pw@Charts.example.com:8443/a"), &busy) ==
		    70 * CLOCK_SECOND);
	assert_true(is_left_alone(p, "https://charts.example.com:8443/another/one"));
	assert_false(is_left_alone(p, "https://charts.example.com/a"));
	assert_false(is_left_alone(p, "https://example.com:8443/a"));
	assert_true(patience_left(p, S("http://charts.example.com:8443")) > 60 * CLOCK_SECOND);
	CLEANUP(err_drop) err *e = patience_check(p, S("https://charts.example.com:8443/"));

	assert_string_equal(err_msg(e), "'charts.example.com:8443' answers too many requests with "
					"Retry-After, and is not asked for another 1m10s");
	assert_int_equal(err_code(e), 429);
	patience_free(p);
}

static void test_only_what_asks_for_it(void **state)
{
	static const struct net_header wait = { S("Retry-After"), S("5") }, none = { S("A"), S("5") },
				       bad = { S("Retry-After"), S("soon") },
				       past = { S("Retry-After"),
						S("Wed, 21 Oct 2015 07:28:00 GMT") },
				       now = { S("Retry-After"), S("0") };
	static const struct {
		int status;
		const struct net_header *header;
		bool counts;
	} cases[] = {
		{ 429, &wait, true },  { 503, &wait, true },  { 500, &wait, false },
		{ 200, &wait, false }, { 429, &none, false }, { 429, &bad, false },
		{ 503, &past, false }, { 503, &now, false },  { 429, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct patience *p = patience_new();
		struct net_response r = answer(cases[i].status, cases[i].header);

		patience_keep(p, S("http://h/"), &r);
		assert_int_equal(is_left_alone(p, "http://h/x"), cases[i].counts);
		patience_free(p);
	}
}

static void test_the_longest_counts(void **state)
{
	static const struct net_header longer = { S("Retry-After"), S("50") },
				       shorter = { S("Retry-After"), S("1") };
	struct patience *p = patience_new();
	struct net_response r = answer(503, &longer);

	(void)state;
	patience_keep(p, S("http://h/"), &r);
	r = answer(503, &shorter);
	patience_keep(p, S("http://h/"), &r);
	assert_true(patience_left(p, S("http://h/")) > 40 * CLOCK_SECOND);
	patience_free(p);
}

static void test_many_hosts_and_what_is_no_url(void **state)
{
	static const struct net_header wait = { S("Retry-After"), S("50") };
	struct patience *p = patience_new();
	struct net_response r = answer(503, &wait);

	(void)state;
	for (int i = 0; i < 3 * PATIENCE_HOSTS; i++) {
		char url[64];

		snprintf(url, sizeof url, "http://h%d/", i);
		patience_keep(p, str_c(url), &r);
		assert_true(is_left_alone(p, url));
	}
	patience_keep(p, S("://"), &r);
	assert_false(is_left_alone(p, "://"));
	assert_false(is_left_alone(p, ""));
	patience_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_host_that_asked),
		cmocka_unit_test(test_only_what_asks_for_it),
		cmocka_unit_test(test_the_longest_counts),
		cmocka_unit_test(test_many_hosts_and_what_is_no_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
