#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kube/selector.h"
#include "value/json.h"

static const char labels_text[] = "{\"app\":\"web\",\"tier\":\"a\",\"n\":\"5\",\"x.io/y\":\"\"}";

static const struct {
	const char *selector;
	bool matches;
} matching[] = {
	{ "", true },
	{ "app=web", true },
	{ "app==web, tier=a", true },
	{ "app!=web", false },
	{ "gone!=web", true },
	{ "tier in (a, b)", true },
	{ "tier notin (a,b)", false },
	{ "gone notin (a)", true },
	{ "app", true },
	{ "!app", false },
	{ "!gone,x.io/y", true },
	{ "x.io/y=", true },
	{ "x.io/y in ()", true },
	{ "n>4", true },
	{ "n<4", false },
	{ "app>4", false },
	{ "in=in", false },
};

/* Recorded from k8s.io/apimachinery v0.37.1. */
static const struct {
	const char *selector, *error;
} rejected[] = {
	{ "a=(", "unable to parse requirement: found '(', expected: identifier" },
	{ "a in b", "unable to parse requirement: found 'b' expected: '('" },
	{ "a,", "found '', expected: identifier after ','" },
	{ ",", "found ',', expected: !, identifier, or 'end of string'" },
	{ "a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
	{ "a=b c", "found 'c', expected: ',' or 'end of string'" },
	{ "a in (b", "unable to parse requirement: found '', expected: ',' or ')'" },
	{ "n>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
		 "operators, the value must be an integer" },
	{ "/a=b", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be "
		  "non-empty" },
};

/* Recorded from sigs.k8s.io/kustomize/kyaml v0.21.2, whose parser kustomize uses. */
static const struct {
	const char *selector, *error;
} kyaml_rejected[] = {
	{ "a=(", "unable to parse requirement: found '(', expected: identifier" },
	{ "a b", "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'" },
	{ "n>x", "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an "
		 "integer" },
	{ "/a=b", "unable to parse requirement: invalid label key \"/a\": prefix part must be "
		  "non-empty" },
	{ "a=-b", "unable to parse requirement: invalid label value: \"-b\": at key: \"a\": a valid "
		  "label must be an empty string or consist of alphanumeric characters, '-', '_' or "
		  "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
		  "'my_value',  or '12345', regex used for validation is "
		  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
};

static void test_matches(void **state)
{
	struct arena a = ARENA_INIT;
	node labels;

	(void)state;
	assert_null(json_read(&a, str_c(labels_text), NULL, &labels));
	for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
		struct selector s;

		assert_null(selector_parse(&a, str_c(matching[i].selector), &s));
		if (selector_matches(&s, labels) != matching[i].matches)
			fail_msg("'%s'", matching[i].selector);
	}
	arena_release(&a);
}

static void test_rejects(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rejected / sizeof *rejected; i++) {
		struct selector s;
		err *e = selector_parse(&a, str_c(rejected[i].selector), &s);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rejected[i].error);
		err_free(e);
	}
	arena_release(&a);
}

static void test_rejects_in_words_of_kyaml(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof kyaml_rejected / sizeof *kyaml_rejected; i++) {
		struct selector s;
		err *e = selector_parse_as(&a, str_c(kyaml_rejected[i].selector), SELECTOR_KYAML,
					   &s);

		assert_non_null(e);
		assert_string_equal(err_msg(e), kyaml_rejected[i].error);
		err_free(e);
	}
	arena_release(&a);
}

static void test_bounds_terms(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct selector s;

	(void)state;
	for (int i = 0; i <= SELECTOR_TERMS_MAX; i++)
		buf_addf(&text, "%sk%d", i ? "," : "", i);
	err *e = selector_parse(&a, buf_str(&text), &s);

	assert_non_null(e);
	assert_true(str_has(err_text(e), S("selector has more than ")));
	err_free(e);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_rejects),
		cmocka_unit_test(test_rejects_in_words_of_kyaml),
		cmocka_unit_test(test_bounds_terms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
