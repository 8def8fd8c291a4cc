#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/die.h"
#include "base/vec.h"

static void test_memory_is_aligned_and_apart(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	unsigned char *p[500];

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		p[i] = arena_alloc(&a, i % 40);
		assert_int_equal((uintptr_t)p[i] % 8, 0);
		memset(p[i], (int)i, i % 40);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t k = 0; k < i % 40; k++)
			assert_int_equal(p[i][k], i & 0xff);
}

static void test_sizes_from_nothing_to_large(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	assert_non_null(arena_alloc(&a, 0));
	assert_non_null(arena_alloc(&a, 0));
	for (size_t n = 1; n < 8 << 20; n = n * 3 + 1)
		memset(arena_alloc(&a, n), 'x', n);
	const char *zero = arena_zero(&a, 1000, 3);

	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(zero[i], 0);
	assert_true(a.held >= 8 << 20);
	assert_int_equal(a.high, a.held);
}

static void test_texts(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str parts[] = { S("a"), S(""), S("b\0c") };
	str copy = arena_str(&a, S("text"));

	(void)state;
	assert_string_equal(copy.p, "text");
	assert_string_equal(arena_str(&a, STR_NONE).p, "");
	assert_true(str_eq(arena_join(&a, parts, 3, S(", ")), S("a, , b\0c")));
	assert_string_equal(arena_join(&a, NULL, 0, S(", ")).p, "");
	assert_string_equal(arena_cat(&a, S("x"), S("y"), S("z")).p, "xyz");
	assert_string_equal(arena_printf(&a, "%s-%d", "n", 3).p, "n-3");
}

static void test_rewinding_frees_what_came_after(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str before = arena_str(&a, S("before"));
	struct arena_mark mark = arena_mark(&a);
	size_t held = a.held;

	(void)state;
	for (int round = 0; round < 3; round++) {
		char *first = arena_alloc(&a, 16);

		arena_alloc(&a, 3 << 20);
		arena_rewind(&a, mark);
		assert_int_equal(a.held, held);
		assert_ptr_equal(arena_alloc(&a, 16), first);
		arena_rewind(&a, mark);
	}
	assert_string_equal(before.p, "before");

	struct arena empty = ARENA_INIT;

	mark = arena_mark(&empty);
	arena_alloc(&empty, 100);
	arena_rewind(&empty, mark);
	assert_int_equal(empty.held, 0);
	assert_non_null(arena_alloc(&empty, 1));
	arena_release(&empty);
}

static void test_clearing_keeps_one_small_chunk(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	arena_alloc(&a, 10);
	size_t held = a.held;

	arena_alloc(&a, 1 << 20);
	arena_clear(&a);
	assert_int_equal(a.held, held);
	arena_release(&a);
	assert_int_equal(a.held, 0);
	arena_alloc(&a, 100 << 20);	/* as first chunk, too large to keep */
	arena_clear(&a);
	assert_int_equal(a.held, 0);
	arena_clear(&a);
	assert_true(a.high >= 100 << 20);
}

static void test_the_budget(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(100000);
	CLEANUP(arena_release) struct arena free_of_it = ARENA_INIT;

	(void)state;
	assert_null(arena_check(&a, "chart"));
	assert_true(arena_fits(&a, 100000));
	assert_false(arena_fits(&a, 100001));
	assert_false(arena_fits(&a, SIZE_MAX));
	assert_true(arena_fits(&free_of_it, SIZE_MAX));
	assert_non_null(arena_alloc(&a, 200000));	/* soft by one step */
	err *e = arena_check(&a, "chart");

	assert_non_null(e);
	assert_string_equal(err_msg(e), "chart needs more than 100000 bytes of memory");
	err_free(e);
}

static void test_arrays(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	VEC(int) on_heap = { 0 }, in_arena = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		vec_push(&on_heap, i);
		avec_push(&a, &in_arena, i);
	}
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(on_heap.p[i], i);
		assert_int_equal(in_arena.p[i], i);
	}
	vec_release(&on_heap);
	assert_int_equal(on_heap.n + on_heap.cap, 0);
	assert_int_equal(vec_grown(0, 1), 8);
	assert_int_equal(vec_grown(8, 100), 100);
}

#ifdef ARENA_POISON
static void test_what_is_not_in_use_is_poisoned(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct arena_mark mark;
	char *p = arena_alloc(&a, 5);

	(void)state;
	mark = arena_mark(&a);
	char *q = arena_alloc(&a, 100);

	assert_false(__asan_address_is_poisoned(p + 4));
	assert_true(__asan_address_is_poisoned(p + 5));
	assert_false(__asan_address_is_poisoned(q + 99));
	assert_true(__asan_address_is_poisoned(q + 100));
	arena_rewind(&a, mark);
	assert_true(__asan_address_is_poisoned(q));
	assert_false(__asan_address_is_poisoned(p));
	arena_clear(&a);
	assert_true(__asan_address_is_poisoned(p));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_aligned_and_apart),
		cmocka_unit_test(test_sizes_from_nothing_to_large),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_rewinding_frees_what_came_after),
		cmocka_unit_test(test_clearing_keeps_one_small_chunk),
		cmocka_unit_test(test_the_budget),
		cmocka_unit_test(test_arrays),
#ifdef ARENA_POISON
		cmocka_unit_test(test_what_is_not_in_use_is_poisoned),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
