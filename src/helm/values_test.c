#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "helm/values.h"
#include "value/json.h"

enum { REFS_MAX = 3 };

/* What fluxcd/pkg/chartutil makes of an entry after the other, in a release with `own` values. */
static const struct {
	const char *own;
	struct values_given refs[REFS_MAX];
	const char *want;
} cases[] = {
	{ "{\"a\":{\"x\":\"own\"}}", { { S("a: {x: 1, z: 2}"), STR_NONE, false } },
	  "{\"a\":{\"x\":\"own\",\"z\":2}}" },
	/* in a map that only the release has, the first one stays */
	{ "{\"a\":{\"x\":\"own\"}}", { { S("1"), S("a.x"), false } }, "{\"a\":{\"x\":1}}" },
	{ "{\"a\":{\"x\":\"own\"}}", { { S("1"), S("b"), false }, { S("1"), S("a.x"), false } },
	  "{\"a\":{\"x\":\"own\"},\"b\":1}" },
	{ "{\"a\":{\"x\":\"own\"}}", { { S("a: {}"), STR_NONE, false }, { S("1"), S("a.x"), false } },
	  "{\"a\":{\"x\":\"own\"}}" },
	/* a list is shared until it has to be longer */
	{ "{\"l\":[1,2]}", { { S("9"), S("l[1]"), false } }, "{\"l\":[1,9]}" },
	{ "{\"l\":[1,2]}", { { S("9"), S("l[2]"), false } }, "{\"l\":[1,2]}" },
	{ "{\"l\":[[1]]}", { { S("9"), S("l[0][1]"), false } }, "{\"l\":[[1,9]]}" },
	{ "{}", { { S("9"), S("l[1]"), false }, { S("8"), S("l[2].x"), false } },
	  "{\"l\":[null,9,{\"x\":8}]}" },
	/* texts */
	{ "{}", { { S("'12'"), S("a"), false }, { S("12"), S("b"), false } }, "{\"a\":\"12\",\"b\":12}" },
	{ "{}", { { S("a,b=[{\\"), S("a\\.b"), true } }, "{\"a.b\":\"a,b=[{\\\\\"}" },
};

static node read(struct arena *a, str text)
{
	node out;
	err *e = json_read(a, text, NULL, &out);

	if (e)
		fail_msg("%s", err_msg(e));
	return out;
}

static void test_references_share_as_in_flux(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node own = read(&a, str_c(cases[i].own)), values = node_map(&a, 0);

		for (size_t k = 0; k < REFS_MAX && cases[i].refs[k].text.n; k++)
			assert_null(values_add(&a, &cases[i].refs[k], own, &values));
		assert_null(json_write(&b, values_merge(&a, values, own), &(struct json_style){ 0 }));
		assert_string_equal(buf_c(&b), cases[i].want);
	}
}

/* Short texts ask for long lists. */
static void test_lists_have_a_limit_together(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node values = node_map(&a, 0);
	struct values_given g = { .path = S("a") };

	(void)state;
	buf_addf(&b, "1");
	for (size_t i = 0; i < 3000; i++)
		buf_addf(&b, ",l[%zu]=1", i);
	g.text = buf_str(&b);
	assert_null(values_add(&a, &g, node_map(&a, 0), &values));
	assert_int_equal(node_len(node_get(values, S("l"))), 3000);
	for (size_t i = 0; i < 100; i++)
		buf_addf(&b, ",m%zu[65536]=1", i);
	g.text = buf_str(&b);
	CLEANUP(err_drop) err *e = values_add(&a, &g, node_map(&a, 0), &values);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "lists need more than 4194304 "
					"places: write them in a file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references_share_as_in_flux),
		cmocka_unit_test(test_lists_have_a_limit_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
