#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/sha256.h"
#include "crypto/sigv4.h"

/* The first case of AWS's own test suite ("get-vanilla"), and one with a query
 * ("get-vanilla-query-order-key-case"). */
static void test_the_suite_of_aws(void **state)
{
	static const struct {
		const char *query, *signature;
	} cases[] = {
		{ "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
		{ "Param1=value1&Param2=value2",
		  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	};
	char hash[SHA256_HEX + 1];

	(void)state;
	sha256_hex(STR_NONE, hash);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = ARENA_INIT;
		str got, date = sigv4_date(&a, 1440938160);
		const struct sigv4_header headers[] = { { S("host"), S("example.amazonaws.com") },
							{ S("x-amz-date"), date } };
		const struct sigv4_request r = {
			.method = S("GET"), .path = S("/"), .query = str_c(cases[i].query),
			.headers = headers, .headers_n = 2, .body_hash = str_c(hash),
			.region = S("us-east-1"), .service = S("service"), .date = date,
			.id = S("AKIDEXAMPLE"), .secret = S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
		};

		assert_string_equal(date.p, "20150830T123600Z");
		assert_null(sigv4_sign(&a, &r, &got));
		str want = arena_cat(&a,
				     S("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
				       "service/aws4_request, SignedHeaders=host;x-amz-date, Signature="),
				     str_c(cases[i].signature));

		assert_string_equal(got.p, want.p);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_suite_of_aws) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
