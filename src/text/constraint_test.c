#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/constraint.h"

#define N(table) (sizeof(table) / sizeof *(table))

static void test_check(void **state)
{
	static const struct {
		const char *constraint, *yes, *no;	/* versions with spaces between */
	} rows[] = {
		{ "*", "0.0.1 1.2.3 99.0.0", "1.0.0-rc1" },
		{ ">=1.2, <2 || 3.x", "1.2.0 1.9.9 3.0.0 3.7.1", "1.1.9 2.0.0 4.0.0 1.3.0-a" },
		{ "1.2 - 1.4.5", "1.2.0 1.4.5", "1.1.9 1.4.6" },
		{ "1 - 2 || 4 - 5", "1.0.0 2.9.9 4.0.0 5.5.5", "3.0.0 6.0.0" },
		{ "^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0" },
		{ "^0.2.3", "0.2.3 0.2.9", "0.3.0 1.2.3" },
		{ "^0.0.3", "0.0.3", "0.0.4 0.1.3 1.0.3" },
		{ "^0.0", "0.0.0 0.0.9", "0.1.0 1.0.0" },
		{ "^0", "0.0.0 0.9.0", "1.0.0" },
		{ "~1.2", "1.2.0 1.2.9", "1.3.0 1.1.9" },
		{ "~1", "1.0.0 1.9.9", "2.0.0" },
		{ "~0.0.0", "0.0.0 7.0.0", "" },
		{ ">11", "12.0.0", "11.1.0" },
		{ ">11.1", "11.2.1 12.0.0", "11.1.1" },
		{ "<=11", "11.9.9", "12.0.0" },
		{ "<=11.1", "11.1.9", "11.2.0" },
		{ "!=1.x", "2.0.0 0.9.0", "1.5.0" },
		{ "!=1.2.x", "1.3.0", "1.2.5" },
		{ ">=1.0.0-0", "1.0.0-alpha 1.0.0", "0.9.0 1.0.0-" },
		{ "=1.0", "1.0.5", "1.1.0" },
		{ "=1.0.0", "1.0.0+b", "1.0.1" },
		{ "=>1.5 =<1.7", "1.6.0", "1.8.0 1.4.0" },
		{ ">1||<0.5", "2.0.0 0.4.0", "1.0.0" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct constraint *c;

		assert_null(constraint_parse(&a, str_c(rows[i].constraint), &c));
		for (int yes = 0; yes < 2; yes++) {
			str list = str_c(yes ? rows[i].yes : rows[i].no), text;

			while (str_cut(&list, &text, ' ')) {
				constraint_reasons reasons = { 0 };
				struct semver v;

				if (!semver_try_parse(&v, text))
					continue;
				if (constraint_check(c, &v) != yes)
					fail_msg("%s on %.*s", rows[i].constraint, STR_ARG(text));
				assert_int_equal(constraint_explain(c, &v, &a, &reasons), yes);
				assert_int_equal(reasons.n == 0, yes);
			}
		}
	}
}

static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "improper constraint: \"\"" },
		{ ">=a", "improper constraint: \">=a\"" },
		{ "1.2 ||", "improper constraint: \"\"" },
		{ "1.2.3.4", "improper constraint: \"1.2.3.4\"" },
		{ "1,,2", "improper constraint: \"1,,2\"" },
		{ ",1", "improper constraint: \",1\"" },
		{ "> = 1", "improper constraint: \"> = 1\"" },
		{ "1>2", "improper constraint: \"1>2\"" },
		{ "1.2.x2", "constraint parser error" },
		{ "1|2", "constraint parser error" },
		{ "1.2.3-01", "constraint parser error" },
		/* a range is found inside of other texts too */
		{ "1.2.3.4 - 5", "improper constraint: \"1.>= 2.3.4, <= 5 \"" },
		{ "\x01", "improper constraint: \"\\x01\"" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct constraint *c;
		CLEANUP(err_drop) err *e = constraint_parse(&a, str_c(rows[i][0]), &c);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i][1]);
	}
}

static void test_size_limits(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct constraint *c;

	(void)state;
	for (int i = 0; i < 32; i++)
		buf_addf(&b, "%s1", i ? "||" : "");
	assert_null(constraint_parse(&a, buf_str(&b), &c));
	buf_add(&b, S("||1"));
	err *e = constraint_parse(&a, buf_str(&b), &c);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "too many constraint groups (max 32)");
	err_free(e);
	buf_fill(&b, ' ', 512);
	e = constraint_parse(&a, buf_str(&b), &c);
	assert_non_null(e);
	assert_string_equal(err_msg(e), "constraint string is too long (max 512 bytes)");
	err_free(e);
}

static void test_reasons(void **state)
{
	static const char *const rows[][3] = {
		{ ">1.2", "1.2.5", "\"1.2.5\" is less than or equal to \"1.2\"" },
		{ "<1", "1.0.0", "\"1.0.0\" is greater than or equal to \"1\"" },
		{ "<=1", "2.0.0", "\"2.0.0\" is greater than \"1\"" },
		{ ">=3", "v2", "\"2.0.0\" is less than \"3\"" },
		{ "1.2.3", "1.2.4", "\"1.2.4\" is not equal to \"1.2.3\"" },
		{ "!=1.2.3", "1.2.3", "\"1.2.3\" is equal to \"1.2.3\"" },
		{ "~1", "2.0.0", "\"2.0.0\" does not have same major version as \"1\"" },
		{ "~1.2", "1.3.0",
		  "\"1.3.0\" does not have same major and minor version as \"1.2\"" },
		{ "^0.2", "0.3.0",
		  "\"0.3.0\" does not have same minor version as \"0.2\". Expected minor versions "
		  "to match when constraint major version is 0" },
		{ "^0.0.2", "0.1.0", "\"0.1.0\" does not have same minor version as \"0.0.2\"" },
		{ "^0.0.2", "0.0.3",
		  "\"0.0.3\" does not equal \"0.0.2\". Expect version and constraint to equal when "
		  "major and minor versions are 0" },
		{ ">1 || <1", "1.0.0-a",
		  "\"1.0.0-a\" is a prerelease version and the constraint is only looking for "
		  "release versions" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		constraint_reasons reasons = { 0 };
		struct constraint *c;
		struct semver v;

		assert_null(constraint_parse(&a, str_c(rows[i][0]), &c));
		assert_true(semver_try_parse(&v, str_c(rows[i][1])));
		assert_false(constraint_explain(c, &v, &a, &reasons));
		assert_int_equal(reasons.n, 1);
		assert_string_equal(reasons.p[0].p, rows[i][2]);
	}
}

static void test_prereleases_on_request(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct constraint *c;
	struct semver v;

	(void)state;
	assert_null(constraint_parse(&a, S(">0.9"), &c));
	assert_true(semver_try_parse(&v, S("1.0.0-rc.1")));
	assert_false(constraint_check(c, &v));
	constraint_take_prereleases(c);
	assert_true(constraint_check(c, &v));
}

static void test_print(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct constraint *c;

	(void)state;
	assert_null(constraint_parse(&a, S(" 1.2 - v3 ||~> 4.x, != 5"), &c));
	constraint_add(&b, c);
	assert_string_equal(buf_c(&b), ">=1.2 <=v3 || ~>4.x !=5");
}

static void test_latest(void **state)
{
	static const str tags[] = {
		{ "latest", 6 }, { "v1.2.0", 6 }, { "1.2.0", 5 },
		{ "1.10.0-rc.1", 11 }, { "2.0", 3 },
	};
	str got = STR_NONE;

	(void)state;
	assert_null(constraint_latest(S(">=1"), tags, N(tags), &got));
	assert_true(str_eq(got, S("v1.2.0")));	/* the first of equals */
	assert_null(constraint_latest(S(">=1-0"), tags, N(tags), &got));
	assert_true(str_eq(got, S("1.10.0-rc.1")));
	err *e = constraint_latest(S("2.x"), tags, N(tags), &got);

	assert_string_equal(err_msg(e), "no match found for semver: 2.x");
	err_free(e);
	e = constraint_latest(S("!1"), tags, N(tags), &got);
	assert_string_equal(err_msg(e), "semver '!1' parse error: improper constraint: \"!1\"");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_size_limits),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_prereleases_on_request),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_latest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
