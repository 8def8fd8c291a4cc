#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "tmpl/exec.h"

static const struct tmpl_parsed *parse(struct tmpl_lease *l, const char *name, const char *text)
{
	const struct tmpl_parsed *p;

	assert_null(tmpl_lease_parse(l, str_c(name), str_c(text), &p));
	return p;
}

static void test_equal_texts_are_parsed_once(void **state)
{
	struct tmpl_cache *c = tmpl_cache_new(TMPL_CACHE_BYTES);
	struct tmpl_lease a = { .cache = c }, b = { .cache = c };
	const struct tmpl_parsed *p = parse(&a, "f", "{{ .x }}");

	(void)state;
	assert_ptr_equal(parse(&b, "f", "{{ .x }}"), p);
	assert_ptr_not_equal(parse(&b, "g", "{{ .x }}"), p);
	assert_ptr_not_equal(parse(&b, "f", "{{ .y }}"), p);
	tmpl_lease_end(&a);
	assert_ptr_equal(parse(&b, "f", "{{ .x }}"), p);
	tmpl_lease_end(&b);
	struct tmpl_cache_stats s = tmpl_cache_stats(c);

	assert_int_equal(s.hits, 2);
	assert_int_equal(s.misses, 3);
	assert_int_equal(s.entries, 3);
	tmpl_cache_free(c);
}

static void test_errors_are_not_kept(void **state)
{
	struct tmpl_cache *c = tmpl_cache_new(TMPL_CACHE_BYTES);
	struct tmpl_lease l = { .cache = c };
	const struct tmpl_parsed *p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP(err_drop) err *e = tmpl_lease_parse(&l, S("f"), S("{{ if }}"), &p);

		assert_string_equal(err_msg(e), "template: f:1: missing value for if");
	}
	assert_int_equal(tmpl_cache_stats(c).entries, 0);
	tmpl_lease_end(&l);
	tmpl_cache_free(c);
}

static void test_the_oldest_go_but_not_those_in_use(void **state)
{
	struct tmpl_cache *c = tmpl_cache_new(64 << 10);
	struct tmpl_lease used = { .cache = c };
	const struct tmpl_parsed *kept = parse(&used, "kept", "{{ .kept }}");

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct tmpl_lease l = { .cache = c };
		char name[20];

		snprintf(name, sizeof name, "f%d", i);
		parse(&l, name, "{{ .x }}");
		tmpl_lease_end(&l);
		assert_true(tmpl_cache_stats(c).bytes <= 64 << 10);
	}
	assert_ptr_equal(parse(&used, "kept", "{{ .kept }}"), kept);
	tmpl_lease_end(&used);
	/* More in use than fits: it goes when the lease ends. */
	for (int i = 0; i < 100; i++) {
		char name[20];

		snprintf(name, sizeof name, "g%d", i);
		parse(&used, name, "{{ .x }}");
	}
	assert_true(tmpl_cache_stats(c).bytes > 64 << 10);
	tmpl_lease_end(&used);
	assert_true(tmpl_cache_stats(c).bytes <= 64 << 10);
	tmpl_cache_free(c);
}

static void test_what_is_too_large_is_the_lease_s_own(void **state)
{
	struct tmpl_cache *c = tmpl_cache_new(1000);
	struct tmpl_lease l = { .cache = c }, without = { 0 };

	(void)state;
	assert_ptr_not_equal(parse(&l, "f", "{{ .x }}"), parse(&l, "f", "{{ .x }}"));
	assert_int_equal(tmpl_cache_stats(c).entries, 0);
	parse(&without, "f", "{{ .x }}");
	tmpl_lease_end(&without);
	tmpl_lease_end(&l);
	tmpl_cache_free(c);
}

/* ---- threads ----------------------------------------------------------- */

enum { THREADS = 4, TURNS = 300, TEXTS = 20 };

static void *render(void *cache)
{
	static const struct tmpl_options o = { .limits = TMPL_LIMITS };

	for (int i = 0; i < TURNS; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		CLEANUP(tmpl_lease_end) struct tmpl_lease l = { .cache = cache };
		struct tmpl_options own = o;
		struct tmpl_set set;
		const struct tmpl_parsed *p, *again;
		str text = arena_printf(&a, "{{ tpl \"{{ add 1 %d }}\" . }}", i % TEXTS);

		own.lease = &l;
		tmpl_set_init(&set, &a, NULL);
		err *e = tmpl_lease_parse(&l, S("f"), text, &p);

		if (e)
			return err_free(e), (void *)"parse";
		/* what a lease holds is there, whatever the others push out */
		e = tmpl_lease_parse(&l, S("f"), text, &again);
		if (e)
			return err_free(e), (void *)"parse again";
		if (again != p)
			return (void *)"held";
		tmpl_set_add(&set, p);
		struct tmpl_exec *x = tmpl_exec_new(&a, &set, &own);

		e = tmpl_exec_run(x, S("f"), NODE_NOTHING, &out);
		tmpl_exec_free(x);
		if (e)
			return err_free(e), (void *)"run";
		if (!str_eq(buf_str(&out), arena_printf(&a, "%d", 1 + i % TEXTS)))
			return (void *)"output";
	}
	return NULL;
}

static void test_threads_share(void **state)
{
	/* So small that entries come and go all the time. */
	struct tmpl_cache *c = tmpl_cache_new(100 << 10);
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, render, c), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	assert_true(tmpl_cache_stats(c).hits > 0);
	tmpl_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_texts_are_parsed_once),
		cmocka_unit_test(test_errors_are_not_kept),
		cmocka_unit_test(test_the_oldest_go_but_not_those_in_use),
		cmocka_unit_test(test_what_is_too_large_is_the_lease_s_own),
		cmocka_unit_test(test_threads_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
