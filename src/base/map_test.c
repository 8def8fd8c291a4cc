#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/die.h"
#include "base/hash.h"
#include "base/map.h"

static void test_entries_keep_their_order(void **state)
{
	CLEANUP(map_release) struct map m = MAP_INIT;
	int a, b, c;

	(void)state;
	assert_null(map_get(&m, S("a")));
	assert_false(map_remove(&m, S("a")));
	assert_null(map_set(&m, S("b"), &b));
	assert_null(map_set(&m, S("a"), &a));
	assert_null(map_set(&m, S(""), NULL));
	assert_ptr_equal(map_set(&m, S("b"), &c), &b);
	assert_int_equal(m.n, 3);
	assert_ptr_equal(map_get(&m, S("b")), &c);
	assert_true(str_eq(m.entries[0].key, S("b")));
	assert_true(str_eq(m.entries[1].key, S("a")));
	assert_true(map_has(&m, S("")));
	assert_null(map_get(&m, S("")));
	assert_true(map_remove(&m, S("b")));
	assert_false(map_has(&m, S("b")));
	assert_ptr_equal(map_get(&m, S("a")), &a);
	assert_true(str_eq(m.entries[0].key, S("a")));
	map_clear(&m);
	assert_int_equal(m.n, 0);
	assert_false(map_has(&m, S("a")));
	assert_null(map_set(&m, S("a"), &a));
	assert_ptr_equal(map_get(&m, S("a")), &a);
}

enum { MANY = 20000 };

static void test_many_keys(void **state)
{
	static char keys[MANY][12];
	CLEANUP(map_release) struct map m = MAP_INIT;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof keys[i], "key-%d", i);
		map_set(&m, str_c(keys[i]), keys[i]);
	}
	assert_int_equal(m.n, MANY);
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(map_get(&m, str_c(keys[i])), keys[i]);
	assert_false(map_has(&m, S("key-20000")));
	assert_false(map_has(&m, S("key-")));
}

/* Whatever is taken out, in any order: the rest is found, and in its order. */
static void test_removed_among_many(void **state)
{
	static char keys[2000][12];
	CLEANUP(map_release) struct map m = MAP_INIT;
	unsigned seed = 1;
	size_t left = 2000;

	(void)state;
	for (size_t i = 0; i < left; i++) {
		snprintf(keys[i], sizeof keys[i], "key-%zu", i);
		map_set(&m, str_c(keys[i]), keys[i]);
	}
	while (left) {
		seed = seed * 1103515245 + 12345;
		char *gone = keys[(seed >> 8) % 2000];
		bool there = map_has(&m, str_c(gone));

		assert_int_equal(map_remove(&m, str_c(gone)), there);
		left -= there;
		assert_int_equal(m.n, left);
		if (left % 50)
			continue;
		for (size_t i = 0; i < m.n; i++) {
			assert_ptr_equal(map_get(&m, m.entries[i].key), m.entries[i].value);
			assert_true(i == 0 || (char *)m.entries[i - 1].value < (char *)m.entries[i].value);
		}
	}
}

/* No two of many similar texts share a hash, and the low bits are spread. */
static void test_hashes_are_spread(void **state)
{
	static unsigned slots[1 << 12];
	char key[20];
	unsigned most = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		int n = snprintf(key, sizeof key, "%08d", i);
		unsigned *slot = &slots[hash_bytes(str_of(key, (size_t)n)) & 0xfff];

		if (++*slot > most)
			most = *slot;
	}
	assert_in_range(most, 5, 30);	/* the mean is 5, the 99.9999th percentile 21 */
	assert_true(hash_bytes(S("abcdefgh")) == hash_bytes(S("abcdefgh")));
	assert_true(hash_bytes(S("")) == hash_bytes(STR_NONE));
	assert_true(hash_bytes(S("a")) != hash_bytes(S("a\0")));
	assert_true(hash_bytes(S("abcdefgh")) != hash_bytes(S("abcdefgh\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_keep_their_order),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_removed_among_many),
		cmocka_unit_test(test_hashes_are_spread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
