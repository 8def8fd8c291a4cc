#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/jwt.h"

/* {"alg":"ES256"} and {"iss":"joe","exp":1300819380}. */
#define HEAD   "eyJhbGciOiJFUzI1NiJ9"
#define CLAIMS "eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODB9"

static void test_a_token_is_taken_apart(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct jwt t;

	(void)state;
	assert_null(jwt_read(&a, S(HEAD "." CLAIMS ".c2ln"), &t));
	assert_true(str_eq(node_str(node_get(t.head, S("alg"))), S("ES256")));
	assert_true(str_eq(node_str(node_get(t.claims, S("iss"))), S("joe")));
	assert_int_equal(node_int(node_get(t.claims, S("exp"))), 1300819380);
	assert_true(str_eq(t.body, S(HEAD "." CLAIMS)));
	assert_true(str_eq(t.signature, S("sig")));
}

static void test_what_is_written_is_read(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node head = node_map(&a, 1), claims = node_map(&a, 2);

	(void)state;
	node_set(&a, head, S("alg"), node_lit("ES256"));
	node_set(&a, claims, S("iss"), node_lit("joe"));
	node_set(&a, claims, S("exp"), node_from_int(1300819380));
	assert_null(jwt_begin(&b, head, claims));
	jwt_end(&b, S("sig"));
	struct jwt t;

	assert_null(jwt_read(&a, buf_str(&b), &t));
	assert_true(node_equal(t.head, head) && node_equal(t.claims, claims));
	assert_true(str_eq(t.signature, S("sig")));
}

/* The words of golang-jwt's ParseUnverified. */
static const struct {
	const char *token, *why;
} wrong[] = {
	{ "", "token contains an invalid number of segments" },
	{ HEAD "." CLAIMS, "token contains an invalid number of segments" },
	{ HEAD "." CLAIMS ".a.b", "token contains an invalid number of segments" },
	{ "!." CLAIMS ".c2ln",
	  "could not base64 decode header: illegal base64 data at input byte 0" },
	{ "e30K." CLAIMS "=.c2ln",
	  "could not base64 decode claim: illegal base64 data at input byte 40" },
	{ "ey." CLAIMS ".c2ln",
	  "could not JSON decode header: unexpected end of JSON input" },
	{ HEAD ".W10.c2ln", "could not JSON decode claim: json: cannot unmarshal array into Go value "
			    "of type map[string]interface {}" },
	{ HEAD "." CLAIMS ".c",
	  "could not base64 decode signature: illegal base64 data at input byte 0" },
};

static void test_what_is_no_token_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct jwt t;
		err *e = jwt_read(&a, str_c(wrong[i].token), &t);
		str why;

		assert_non_null(e);
		why = err_text(e);
		assert_true(str_take_str(&why, S("token is malformed: ")));
		assert_string_equal(why.p, wrong[i].why);
		err_free(e);
	}
}

static void test_a_huge_token_is_refused_unread(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	char *text = arena_alloc(&a, JWT_MAX + 1);
	struct jwt t;

	(void)state;
	memset(text, '.', JWT_MAX + 1);
	err *e = jwt_read(&a, str_of(text, JWT_MAX + 1), &t);

	assert_string_equal(err_msg(e), "token is malformed: it has 1048577 bytes, 1048576 are allowed");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_token_is_taken_apart),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_what_is_no_token_is_told),
		cmocka_unit_test(test_a_huge_token_is_refused_unread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
