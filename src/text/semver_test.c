#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/semver.h"

#define N(table) (sizeof(table) / sizeof *(table))

static const char long_version[] =
	"1.2.3-"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static void expect(err *e, const struct semver *v, const char *want)
{
	CLEANUP(err_drop) err *drop = e;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (e)
		buf_addf(&b, "error: %s", err_msg(e));
	else
		semver_add(&b, v);
	assert_string_equal(buf_c(&b), want);
}

static void test_reading(void **state)
{
	static const struct {
		const char *text, *lenient, *strict;
	} rows[] = {
		{ "1.2.3", "1.2.3", "1.2.3" },
		{ "1.2.3-rc.1+b.7", "1.2.3-rc.1+b.7", "1.2.3-rc.1+b.7" },
		{ "v1.2.3", "1.2.3", "error: invalid characters in version" },
		{ "1.2", "1.2.0", "error: invalid semantic version" },
		{ "v1-beta", "1.0.0-beta", "error: invalid semantic version" },
		{ "01.02.03", "1.2.3", "error: version segment starts with 0" },
		{ "", "error: invalid semantic version", "error: version string empty" },
		{ "v", "error: invalid semantic version", "error: invalid semantic version" },
		{ "vv1.2.3", "error: invalid semantic version",
		  "error: invalid characters in version" },
		{ "1.2.3.4", "error: invalid semantic version",
		  "error: invalid characters in version" },
		{ "1.2.3-", "error: invalid semantic version", "error: invalid prerelease string" },
		{ "1.2.3-a..b", "error: invalid semantic version",
		  "error: invalid prerelease string" },
		{ "1.2.3-01", "error: version segment starts with 0",
		  "error: version segment starts with 0" },
		{ "1.2.3-0a", "1.2.3-0a", "1.2.3-0a" },
		{ "1.2.3+", "error: invalid semantic version", "error: invalid metadata string" },
		{ "1.2.3+a_b", "error: invalid semantic version", "error: invalid metadata string" },
		{ "1..3", "error: invalid semantic version",
		  "error: strconv.ParseUint: parsing \"\": invalid syntax" },
		{ "1.2.3 ", "error: invalid semantic version",
		  "error: invalid characters in version" },
		{ "18446744073709551615.0.0", "18446744073709551615.0.0",
		  "18446744073709551615.0.0" },
		{ "1.18446744073709551616.0",
		  "error: error parsing version segment: strconv.ParseUint: parsing "
		  "\"18446744073709551616\": value out of range",
		  "error: strconv.ParseUint: parsing \"18446744073709551616\": value out of range" },
		{ long_version, "error: version string is too long (max 256 bytes)",
		  "error: version string is too long (max 256 bytes)" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str text = str_c(rows[i].text);
		struct semver v = { 0 };

		expect(semver_parse(&v, text), &v, rows[i].lenient);
		if (v.original.p)
			assert_true(v.original.p == text.p && v.original.n == text.n);
		assert_int_equal(semver_try_parse(&v, text),
				 strncmp(rows[i].lenient, "error", 5) != 0);
		expect(semver_parse_strict(&v, text), &v, rows[i].strict);
	}
}

static void test_tags_have_three_numbers(void **state)
{
	struct semver v;

	(void)state;
	assert_true(semver_try_tag(&v, S("v2025.07.03")));
	assert_false(semver_try_tag(&v, S("v1.2")));
	assert_false(semver_try_tag(&v, S("v1.2-beta5")));
	expect(semver_parse_tag(&v, S("1.0")), &v, "error: invalid semantic version");
	expect(semver_parse_tag(&v, S("1-a.b.c")), &v, "1.0.0-a.b.c");
}

static void test_order(void **state)
{
	static const char *const ordered[] = {
		"0.9.9", "1.0.0-0", "1.0.0-1", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1",
		"1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
		/* beyond 64 bits numbers are words */
		"1.0.0-beta.100000000000000000000", "1.0.0-beta.99999999999999999999",
		"1.0.0-rc.1", "v1", "1.2", "1.2.10", "2",
	};

	(void)state;
	for (size_t i = 0; i < N(ordered); i++)
		for (size_t k = 0; k < N(ordered); k++) {
			struct semver a, b;

			assert_true(semver_try_parse(&a, str_c(ordered[i])));
			assert_true(semver_try_parse(&b, str_c(ordered[k])));
			int got = semver_cmp(&a, &b);

			assert_int_equal((got > 0) - (got < 0), (i > k) - (i < k));
		}
}

static void test_build_does_not_count(void **state)
{
	struct semver a, b;

	(void)state;
	assert_true(semver_try_parse(&a, S("1.2.3+a")) && semver_try_parse(&b, S("v1.2.3+b")));
	assert_int_equal(semver_cmp(&a, &b), 0);
}

static void test_next(void **state)
{
	static const struct {
		const char *version;
		enum semver_part part;
		const char *want, *original;
	} rows[] = {
		{ "v1.2.3", SEMVER_PATCH, "1.2.4", "v1.2.4" },
		{ "1.2.3-rc.1+b", SEMVER_PATCH, "1.2.3", "1.2.3" },
		{ "1.2.3+b", SEMVER_PATCH, "1.2.4", "1.2.4" },
		{ "v1.2.3-rc.1", SEMVER_MINOR, "1.3.0", "v1.3.0" },
		{ "1.2.3", SEMVER_MAJOR, "2.0.0", "2.0.0" },
		{ "18446744073709551615.1.1", SEMVER_MAJOR,
		  "error: major version increment would overflow uint64", NULL },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct semver v, next;

		assert_true(semver_try_parse(&v, str_c(rows[i].version)));
		expect(semver_next(&a, &v, rows[i].part, &next), &next, rows[i].want);
		if (rows[i].original)
			assert_true(str_eq(next.original, str_c(rows[i].original)));
	}
}

static void test_other_prerelease_and_build(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct semver v, w;

	(void)state;
	assert_true(semver_try_parse(&v, S("v1.2.3-a+b")));
	expect(semver_with_prerelease(&a, &v, S("rc.1"), &w), &w, "1.2.3-rc.1+b");
	assert_true(str_eq(w.original, S("v1.2.3-rc.1+b")));
	expect(semver_with_prerelease(&a, &v, S(""), &w), &w, "1.2.3+b");
	expect(semver_with_prerelease(&a, &v, S("01"), &w), &w,
	       "error: version segment starts with 0");
	expect(semver_with_build(&a, &v, S("x.01"), &w), &w, "1.2.3-a+x.01");
	expect(semver_with_build(&a, &v, S("x."), &w), &w, "error: invalid metadata string");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_tags_have_three_numbers),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_build_does_not_count),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_other_prerelease_and_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
