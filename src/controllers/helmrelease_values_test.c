#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/die.h"
#include "base/fs.h"
#include "controllers/hr_impl.h"
#include "value/json.h"

/* As a spec's values are read. */
static node as_floats(node n)
{
	if (n.kind == NODE_INT || n.kind == NODE_UINT)
		return node_from_float(node_float(n));
	node_each_pair(p, n)
		p->value = as_floats(p->value);
	node_each_item(i, n)
		*i = as_floats(*i);
	return n;
}

/* Digests decide over upgrades: they have to be Flux's, or all releases are
 * upgraded on the day that rill takes over. */
static void test_digests_are_those_of_flux(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text, line;
	size_t n = 0;
	err *e = fs_read_any(&a,
			     arena_cat(&a, str_c(getenv("GOLDEN")),
				       S("/helmrelease/digests.jsonl")),
			     1 << 20, &text);

	(void)state;
	if (e)
		fail_msg("%s", err_msg(e));
	for (; str_split(text, '\n', &line, &text) && line.n; n++) {
		node want;

		e = json_read(&a, line, NULL, &want);
		if (e)
			fail_msg("%s", err_msg(e));
		str digest = hr_values_digest(&a, DIGEST_SHA256, as_floats(node_get(want, S("values"))));

		if (!str_eq(digest, node_str(node_get(want, S("digest")))))
			fail_msg("line %zu: %.*s, not %.*s", n + 1, STR_ARG(digest), STR_ARG(line));
	}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests_are_those_of_flux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
