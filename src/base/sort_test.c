#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "base/sort.h"

#include <stdlib.h>

struct item {
	uint32_t key, came;
};

struct wide {
	uint32_t key, came;
	char rest[16];
};

/* The same sequence each run: a small linear congruential generator. */
static uint32_t next_number(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static int by_key(const void *a, const void *b, void *ctx)
{
	const struct item *x = a, *y = b;

	++*(size_t *)ctx;
	return (x->key > y->key) - (x->key < y->key);
}

static int by_key_down(const void *a, const void *b, void *ctx)
{
	return by_key(b, a, ctx);
}

static void check_sorted(const struct item *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		assert_true(items[i - 1].key <= items[i].key);
		if (items[i - 1].key == items[i].key)
			assert_true(items[i - 1].came < items[i].came);
	}
}

static void test_equal_members_keep_their_order(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (size_t n = 0; n < 300; n++) {
		struct item *items = mem_calloc(n, sizeof *items);
		size_t calls = 0;

		for (size_t i = 0; i < n; i++)
			items[i] = (struct item){ next_number(&seed) % 40, (uint32_t)i };
		sort_stable(items, n, sizeof *items, by_key, &calls);
		check_sorted(items, n);
		free(items);
	}
}

static void test_members_of_any_size(void **state)
{
	enum { N = 500 };
	struct wide items[N];
	uint32_t seed = 7;
	size_t calls = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		items[i] = (struct wide){ .key = next_number(&seed) % 50, .came = i };
		memset(items[i].rest, (int)(i & 0xff), sizeof items[i].rest);
	}
	sort_stable(items, N, sizeof *items, by_key, &calls);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal((unsigned char)items[i].rest[15], items[i].came & 0xff);
		if (i && items[i - 1].key == items[i].key)
			assert_true(items[i - 1].came < items[i].came);
		assert_true(!i || items[i - 1].key <= items[i].key);
	}
}

static void test_sorted_input_costs_one_pass(void **state)
{
	enum { N = 1000 };
	struct item items[N];
	size_t calls = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		items[i] = (struct item){ i / 3, i };
	sort_stable(items, N, sizeof *items, by_key, &calls);
	assert_int_equal(calls, N - 1);
	assert_true(sort_is_sorted(items, N, sizeof *items, by_key, &calls));
	assert_false(sort_is_sorted(items, N, sizeof *items, by_key_down, &calls));
}

static void test_comparisons_stay_n_log_n(void **state)
{
	enum { N = 1 << 16 };
	struct item *items = mem_calloc(N, sizeof *items);
	uint32_t seed = 3;
	size_t calls = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		items[i] = (struct item){ next_number(&seed), i };
	sort_stable(items, N, sizeof *items, by_key, &calls);
	check_sorted(items, N);
	assert_true(calls < (size_t)N * 18);
	calls = 0;
	sort_stable(items, N, sizeof *items, by_key_down, &calls);
	assert_true(calls < (size_t)N * 18);
	free(items);
}

static void test_texts_by_bytes(void **state)
{
	str in[] = { S("b"), S("a\xff"), S(""), S("a"), S("B"), S("a"), S("ab"), S("") };
	static const char *const sorted[] = { "", "", "B", "a", "a", "ab", "a\xff", "b" };
	static const char *const unique[] = { "", "B", "a", "ab", "a\xff", "b" };

	(void)state;
	sort_strs(in, 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(str_eq(in[i], str_c(sorted[i])));
	assert_int_equal(sort_unique(in, 8), 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(str_eq(in[i], str_c(unique[i])));
	assert_int_equal(sort_unique(NULL, 0), 0);
}

static void test_search_finds_the_first_not_below(void **state)
{
	const str in[] = { S("b"), S("d"), S("d"), S("f") };

	(void)state;
	assert_int_equal(sort_search(in, 4, S("a")), 0);
	assert_int_equal(sort_search(in, 4, S("b")), 0);
	assert_int_equal(sort_search(in, 4, S("c")), 1);
	assert_int_equal(sort_search(in, 4, S("d")), 1);
	assert_int_equal(sort_search(in, 4, S("e")), 3);
	assert_int_equal(sort_search(in, 4, S("g")), 4);
	assert_int_equal(sort_search(NULL, 0, S("g")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_members_keep_their_order),
		cmocka_unit_test(test_members_of_any_size),
		cmocka_unit_test(test_sorted_input_costs_one_pass),
		cmocka_unit_test(test_comparisons_stay_n_log_n),
		cmocka_unit_test(test_texts_by_bytes),
		cmocka_unit_test(test_search_finds_the_first_not_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
