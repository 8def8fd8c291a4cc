/* The index of owners shrinks as it grew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/die.h"
#include "server/dependents.h"

#define SET(d, key, ...) \
	dependents_set((d), S(key), (const str[]){ __VA_ARGS__ }, sizeof (str[]){ __VA_ARGS__ } / sizeof(str))
#define FORGET(d, key) dependents_set((d), S(key), NULL, 0)

static void test_edges_come_and_go(void **state)
{
	struct dependents d = { 0 };

	(void)state;
	SET(&d, "pods a/1", S("u"));
	SET(&d, "pods a/2", S("u"), S("v"), S("u"));
	assert_int_equal(dependents_count(&d, S("u")), 2);
	assert_int_equal(dependents_count(&d, S("v")), 1);
	assert_true(str_eq(dependents_key(&d, S("v"), 0), S("pods a/2")));
	SET(&d, "pods a/2", S("v"));	/* given up by one of its owners */
	assert_int_equal(dependents_count(&d, S("u")), 1);
	assert_true(str_eq(dependents_key(&d, S("u"), 0), S("pods a/1")));
	SET(&d, "pods a/1", S("w"));	/* its only one: the owner is forgotten */
	assert_int_equal(dependents_count(&d, S("u")), 0);
	assert_false(map_has(&d.by_uid, S("u")));
	FORGET(&d, "pods a/3");
	FORGET(&d, "pods a/1");
	assert_int_equal(d.by_key.n, 1);
	assert_int_equal(d.by_uid.n, 1);
	dependents_release(&d);
}

/* However many there were, nothing is left of them. */
static void test_it_shrinks(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct dependents d = { 0 };
	enum { OWNERS = 50, EACH = 20 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < OWNERS * EACH; i++)
			dependents_set(&d, arena_printf(&a, "pods ns/%d", i),
				       (const str[]){ arena_printf(&a, "%d-%d", round, i / EACH) }, 1);
		/* owners of the round before are forgotten as their dependents have others */
		assert_int_equal(d.by_uid.n, OWNERS);
		assert_int_equal(d.by_key.n, OWNERS * EACH);
		assert_int_equal(dependents_count(&d, arena_printf(&a, "%d-7", round)), EACH);
	}
	for (int i = 0; i < OWNERS * EACH; i++)
		dependents_set(&d, arena_printf(&a, "pods ns/%d", i), NULL, 0);
	assert_int_equal(d.by_uid.n, 0);
	assert_int_equal(d.by_key.n, 0);
	dependents_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges_come_and_go),
		cmocka_unit_test(test_it_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
