#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/rand.h"

static void test_bytes_fill_all_and_no_more(void **state)
{
	uint8_t b[1024], seen[1024] = { 0 };

	(void)state;
	/* A byte that stays 0 in 20 rounds has a chance of 2^-160. */
	for (int round = 0; round < 20; round++) {
		memset(b, 0, sizeof b);
		rand_bytes(b + 1, sizeof b - 2);
		for (size_t i = 0; i < sizeof b; i++)
			seen[i] |= b[i];
	}
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1023], 0);
	for (size_t i = 1; i < sizeof b - 1; i++)
		assert_int_not_equal(seen[i], 0);
	rand_bytes(NULL, 0);
}

static void test_below_reaches_every_number(void **state)
{
	int seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint64_t u = rand_below(7);

		assert_true(u < 7);
		seen[u]++;
	}
	for (int i = 0; i < 7; i++)
		assert_int_not_equal(seen[i], 0);
	assert_int_equal(rand_below(1), 0);
	assert_true(rand_below(UINT64_MAX) < UINT64_MAX);
}

static void test_names_use_safe_characters(void **state)
{
	char name[65];

	(void)state;
	rand_name(name, 64);
	assert_int_equal(strlen(name), 64);
	assert_int_equal(strspn(name, "bcdfghjklmnpqrstvwxz2456789"), 64);
}

static void test_uuid_has_version_and_variant(void **state)
{
	char a[RAND_UUID + 1], b[RAND_UUID + 1];

	(void)state;
	rand_uuid(a);
	rand_uuid(b);
	assert_int_equal(strlen(a), RAND_UUID);
	assert_int_equal(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-', 1);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_int_equal(strspn(a, "0123456789abcdef-"), RAND_UUID);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_fill_all_and_no_more),
		cmocka_unit_test(test_below_reaches_every_number),
		cmocka_unit_test(test_names_use_safe_characters),
		cmocka_unit_test(test_uuid_has_version_and_variant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
