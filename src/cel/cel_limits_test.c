/* Expressions and data that mean harm end soon, with an error. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "cel/cel.h"

static void repeat(struct buf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add(b, str_c(text));
}

/* The error of `before`, n times `text`, `after`; NULL when there is none. */
static err *outcome(struct arena *a, const char *before, const char *text, size_t n, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct cel_env *env = cel_env_new(a, CEL_KUBERNETES);
	node list = node_seq(a, 0);
	const struct cel_program *p;
	cel_value v;

	for (int i = 0; i < 100; i++)
		node_append(a, list, node_from_int(i));
	struct cel_binding binding = { S("l"), list };

	cel_env_declare(env, S("l"));
	buf_add(&b, str_c(before));
	repeat(&b, text, n);
	buf_add(&b, str_c(after));
	TRY(cel_compile(a, env, arena_str(a, buf_str(&b)), &p));
	return cel_eval(p, a, &binding, 1, CEL_COST_LIMIT, &v, NULL);
}

static const struct {
	const char *before, *text;
	size_t n;
	const char *after, *error;	/* its beginning; NULL: none */
} cases[] = {
	{ "", "(", 5000, "", "ERROR: <input>:-1:0: expression recursion limit exceeded: 250" },
	{ "", "[", 100000, "", "ERROR: <input>:-1:0: expression recursion limit exceeded: 250" },
	{ "", "a.", 49000, "b", "ERROR: <input>:" },
	{ "", "'", 99999, "", "ERROR: <input>:" },
	{ "", "# ", 49000, "", "ERROR: <input>:1:1: Syntax error: token recognition error at: '#'" },
	{ "[1", " 1,", 20000, "]",
	  "ERROR: <input>:-1:0: error recovery token lookahead limit exceeded: 256" },
	{ "", "x", 100001, "", "ERROR: <input>:-1:0: expression code point size exceeds limit" },
	{ "optional.of(1)", ".optMap(x, x)", 30, "", "ERROR: <input>:" },
	{ "true", " || true", 10000, "", NULL },
	{ "[", "1, ", 30000, "1].size() == 30001", NULL },
	{ "l.map(a, l.map(b, l.map(c, l.map(d, a + b + c + d))))", "", 0, "",
	  "operation cancelled: actual cost limit exceeded" },
	{ "['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']", ".map(x, x + x)", 40, "", "operation cancelled:" },
	{ "'a'", ".replace('', 'bbbbbbbbbbbbbbbbbbbbbbbbbb')", 12, "", "" },
	{ "'", "a", 20000, "'.matches('(a+)+(b+)+(c*)*$')", NULL },
	{ "'a'.matches('a{1000}{1000}')", "", 0, "", "" },
	{ "'%.2000000000f'.format([1.0])", "", 0, "", NULL },
	{ "int('", "9", 50000, "')", "" },
	{ "quantity('", "9", 50000, "')", NULL },
};

static void test_harm_is_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		err *e = outcome(&a, cases[i].before, cases[i].text, cases[i].n, cases[i].after);

		if (!e != !cases[i].error || (e && !str_starts(err_text(e), str_c(cases[i].error))))
			fail_msg("case %zu: %.300s", i, e ? err_msg(e) : "no error");
		err_free(e);
	}
}

static void test_deep_data_is_no_deep_recursion(void **state)
{
	static const char *const texts[] = { "l == l", "[l].flatten(1000000)", "'%s'.format([l])", "l in [l]" };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node deep = node_seq(&a, 0);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		node outer = node_seq(&a, 1);

		node_append(&a, outer, deep);
		deep = outer;
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
		struct cel_binding binding = { S("l"), deep };
		const struct cel_program *p;
		cel_value v;

		cel_env_declare(env, S("l"));
		assert_null(cel_compile(&a, env, str_c(texts[i]), &p));
		err *e = cel_eval(p, &a, &binding, 1, CEL_COST_LIMIT, &v, NULL);

		assert_non_null(e);
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_harm_is_bounded),
		cmocka_unit_test(test_deep_data_is_no_deep_recursion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
