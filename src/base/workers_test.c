#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/workers.h"

struct counter {
	atomic_int ran, dropped;
	/* A door that holds runners until it is opened. */
	pthread_mutex_t m;
	pthread_cond_t changed;
	int inside;
	bool open;
};

#define COUNTER { .m = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static void count_run(void *arg)
{
	((struct counter *)arg)->ran++;
}

static void count_drop(void *arg)
{
	((struct counter *)arg)->dropped++;
}

static void pass_door(void *arg)
{
	struct counter *c = arg;

	pthread_mutex_lock(&c->m);
	c->inside++;
	pthread_cond_broadcast(&c->changed);
	while (!c->open)
		pthread_cond_wait(&c->changed, &c->m);
	pthread_mutex_unlock(&c->m);
	c->ran++;
}

static void wait_inside(struct counter *c, int n)
{
	pthread_mutex_lock(&c->m);
	while (c->inside < n)
		pthread_cond_wait(&c->changed, &c->m);
	pthread_mutex_unlock(&c->m);
}

static void open_door(struct counter *c)
{
	pthread_mutex_lock(&c->m);
	c->open = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->m);
}

static void test_every_piece_runs_once(void **state)
{
	struct counter c = COUNTER;
	struct workers *w = workers_new(4, 8);

	(void)state;
	assert_int_equal(workers_threads(w), 4);
	for (int i = 0; i < 1000; i++)
		assert_true(workers_submit(w, (struct work){ count_run, count_drop, &c }));
	workers_wait(w);
	assert_int_equal(c.ran, 1000);
	assert_int_equal(c.dropped, 0);
	workers_wait(w);
	workers_free(w);
}

static void test_free_runs_what_is_queued(void **state)
{
	struct counter c = COUNTER;
	struct workers *w = workers_new(1, 100);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(workers_submit(w, (struct work){ count_run, count_drop, &c }));
	workers_free(w);
	assert_int_equal(c.ran, 100);
	workers_free(NULL);
}

static void test_full_queue_refuses_without_waiting(void **state)
{
	struct counter c = COUNTER;
	struct workers *w = workers_new(1, 2);
	const struct work work = { pass_door, count_drop, &c };

	(void)state;
	assert_true(workers_try_submit(w, work));
	wait_inside(&c, 1);
	assert_true(workers_try_submit(w, work));
	assert_true(workers_try_submit(w, work));
	assert_false(workers_try_submit(w, work));
	open_door(&c);
	workers_wait(w);
	assert_int_equal(c.ran, 3);
	workers_free(w);
}

static void test_cancel_drops_the_queue_and_lets_runners_end(void **state)
{
	struct counter c = COUNTER;
	struct workers *w = workers_new(1, 5);
	const struct work work = { pass_door, count_drop, &c };

	(void)state;
	assert_true(workers_submit(w, work));
	wait_inside(&c, 1);
	for (int i = 0; i < 5; i++)
		assert_true(workers_submit(w, work));
	assert_false(workers_canceled(w));
	workers_cancel(w);
	assert_true(workers_canceled(w));
	assert_int_equal(c.dropped, 5);
	assert_false(workers_submit(w, work));
	open_door(&c);
	workers_wait(w);
	assert_int_equal(c.ran, 1);
	assert_int_equal(c.dropped, 5);
	workers_free(w);
}

struct blocked {
	struct workers *w;
	struct counter *c;
	bool taken;
};

static void *submit_more(void *arg)
{
	struct blocked *b = arg;

	b->taken = workers_submit(b->w, (struct work){ count_run, count_drop, b->c });
	return NULL;
}

static void test_cancel_wakes_a_blocked_submitter(void **state)
{
	struct counter c = COUNTER;
	struct workers *w = workers_new(1, 1);
	struct blocked b = { w, &c, true };
	pthread_t thread;

	(void)state;
	assert_true(workers_submit(w, (struct work){ pass_door, count_drop, &c }));
	wait_inside(&c, 1);
	assert_true(workers_submit(w, (struct work){ pass_door, count_drop, &c }));
	assert_int_equal(pthread_create(&thread, NULL, submit_more, &b), 0);
	workers_cancel(w);
	pthread_join(thread, NULL);
	assert_false(b.taken);
	open_door(&c);
	workers_free(w);
	assert_int_equal(c.ran, 1);
}

struct table {
	struct workers *w;
	atomic_int cells[40][40];
};

static void cell(void *ctx, size_t i)
{
	((atomic_int *)ctx)[i]++;
}

static void row(void *ctx, size_t i)
{
	struct table *t = ctx;

	workers_each(t->w, 40, cell, t->cells[i]);
}

static void test_each_covers_all_also_when_nested(void **state)
{
	static struct table t;

	(void)state;
	for (size_t threads = 0; threads <= 4; threads += 2) {
		t.w = threads ? workers_new(threads, 3) : NULL;
		for (size_t i = 0; i < 40; i++)
			for (size_t k = 0; k < 40; k++)
				t.cells[i][k] = 0;
		for (int round = 0; round < 10; round++)
			workers_each(t.w, 40, row, &t);
		workers_free(t.w);
		for (size_t i = 0; i < 40; i++)
			for (size_t k = 0; k < 40; k++)
				assert_int_equal(t.cells[i][k], 10);
	}
	workers_each(NULL, 0, cell, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_piece_runs_once),
		cmocka_unit_test(test_free_runs_what_is_queued),
		cmocka_unit_test(test_full_queue_refuses_without_waiting),
		cmocka_unit_test(test_cancel_drops_the_queue_and_lets_runners_end),
		cmocka_unit_test(test_cancel_wakes_a_blocked_submitter),
		cmocka_unit_test(test_each_covers_all_also_when_nested),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
