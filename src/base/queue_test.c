#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/queue.h"

static void test_order(void **state)
{
	struct queue q = { 0 };
	struct queue_place p[5] = { 0 };

	(void)state;
	queue_put(&q, &p[0], 30);
	queue_put(&q, &p[1], 10);
	queue_put(&q, &p[2], 10);
	queue_put(&q, &p[3], 50);
	queue_put(&q, &p[3], 60);	/* the earlier counts */
	queue_put(&q, &p[4], 70);
	queue_put(&q, &p[4], 5);
	assert_int_equal(queue_next(&q), 5);
	assert_null(queue_take(&q, 4));
	assert_ptr_equal(queue_take(&q, 100), &p[4]);
	assert_ptr_equal(queue_take(&q, 100), &p[1]);
	assert_ptr_equal(queue_take(&q, 100), &p[2]);
	queue_remove(&q, &p[0]);
	queue_remove(&q, &p[0]);
	assert_null(queue_take(&q, 49));
	assert_ptr_equal(queue_take(&q, 50), &p[3]);
	assert_null(queue_take(&q, INT64_MAX));
	assert_int_equal(queue_next(&q), INT64_MAX);
	queue_release(&q);
}

/* Whatever is put, taken and removed: due times never go back. */
static void test_many(void **state)
{
	enum { N = 2000 };
	static struct queue_place p[N];
	struct queue q = { 0 };
	uint64_t r = 12345;
	size_t left = 0;
	int64_t last = 0;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		r = r * 6364136223846793005 + 1442695040888963407;
		queue_put(&q, &p[i], (int64_t)(r >> 50));
	}
	for (size_t i = 0; i < N; i += 3)
		queue_remove(&q, &p[i]);
	for (struct queue_place *t; (t = queue_take(&q, INT64_MAX)); left++) {
		assert_true(t->due >= last);
		last = t->due;
	}
	assert_int_equal(left, N - (N + 2) / 3);
	queue_release(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
