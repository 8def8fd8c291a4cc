#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "schema/structural.h"
#include "value/json.h"

/* What the original says of all this is in tests/golden/crd; here is what
 * it does not say: how far hostile input gets. */

static node parsed(struct arena *a, const char *json)
{
	node n = NODE_NOTHING;
	err *e = json_read(a, str_c(json), NULL, &n);

	if (e)
		print_error("%s: %s\n", json, err_msg(e));
	assert_null(e);
	return n;
}

static const struct type *compiled(struct arena *a, const char *schema)
{
	const struct type *t = NULL;

	assert_null(structural_compile(a, parsed(a, schema), NULL, &t));
	return t;
}

static const char *written(struct buf *b, node n)
{
	buf_clear(b);
	assert_null(json_write(b, n, &(struct json_style){ .source_order = true }));
	return buf_c(b);
}

/* "path: text" of all findings, joined. */
static const char *findings(struct buf *b, const struct fielderrs *e)
{
	buf_clear(b);
	for (size_t i = 0; i < e->n; i++)
		buf_addf(b, "%s%.*s: %.*s", i ? "; " : "", STR_ARG(e->list[i].path),
			 STR_ARG(e->list[i].text));
	return buf_c(b);
}

static void check(struct arena *a, const struct type *t, const char *object, const char *old,
		  struct fielderrs *errors, struct fielderrs *kept)
{
	struct structural_check c = { .arena = a, .type = t, .errors = errors, .kept = kept };
	node now = parsed(a, object), before = old ? parsed(a, old) : NODE_NOTHING;

	structural_validate_values(&c, now, before);
	structural_validate_rest(&c, now, before);
}

/* ---- everyday ---------------------------------------------------------- */

#define SPEC(text) "{\"type\":\"object\",\"properties\":{\"spec\":" text "}}"

static void test_objects_are_read_filled_and_checked(void **state)
{
	static const char schema[] = SPEC(
		"{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{"
		"\"n\":{\"type\":\"integer\",\"maximum\":3,\"default\":2},"
		"\"s\":{\"type\":\"string\",\"pattern\":\"^a\"},"
		"\"m\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}}");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct structural_unknown unknown = { .arena = &a };
	struct fielderrs errors = { .arena = &a };
	const struct type *t = compiled(&a, schema);
	node o = parsed(&a, "{\"kind\":\"K\",\"x\":1,\"spec\":{\"s\":\"b\",\"m\":{\"k\":\"v\"},\"y\":[]}}");

	(void)state;
	structural_prune(t, o, true, &unknown);
	assert_int_equal(unknown.n, 2);
	assert_true(str_eq(unknown.p[0], S("spec.y")) && str_eq(unknown.p[1], S("x")));
	assert_null(structural_default(&a, t, o));
	assert_string_equal(written(&b, o),
			    "{\"kind\":\"K\",\"spec\":{\"s\":\"b\",\"m\":{\"k\":\"v\"},\"n\":2}}");
	check(&a, t, written(&b, o), NULL, &errors, NULL);
	assert_string_equal(findings(&b, &errors),
			    "spec.s: Invalid value: \"b\": spec.s in body should match '^a'");
}

static void test_what_an_update_leaves_alone_is_kept(void **state)
{
	static const char schema[] = SPEC(
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":1},"
		"\"b\":{\"type\":\"integer\"}},"
		"\"x-kubernetes-validations\":[{\"rule\":\"self.a != 'xx'\",\"message\":\"not xx\"}]}");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct fielderrs errors = { .arena = &a }, kept = { .arena = &a };
	const struct type *t = compiled(&a, schema);

	(void)state;
	check(&a, t, "{\"spec\":{\"a\":\"xx\"},\"y\":1}", "{\"spec\":{\"a\":\"xx\"}}", &errors, &kept);
	assert_int_equal(errors.n, 0);
	assert_string_equal(findings(&b, &kept), "spec: Invalid value: not xx");
	check(&a, t, "{\"spec\":{\"a\":\"xx\",\"b\":1}}", "{\"spec\":{\"a\":\"xx\"}}", &errors, NULL);
	assert_string_equal(findings(&b, &errors), "spec: Invalid value: not xx");
}

static void test_rules_stop_where_the_budget_ends(void **state)
{
	static const char schema[] = SPEC(
		"{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"x-kubernetes-validations\":["
		"{\"rule\":\"self.all(x, self.all(y, self.all(z, x + y + z >= 0)))\"}]}");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf object = BUF_INIT, b = BUF_INIT;
	struct fielderrs errors = { .arena = &a };
	int64_t began = clock_mono();

	(void)state;
	buf_add(&object, S("{\"spec\":[0"));
	for (int i = 0; i < 2000; i++)
		buf_addf(&object, ",%d", i);
	buf_add(&object, S("]}"));
	check(&a, compiled(&a, schema), buf_c(&object), NULL, &errors, NULL);
	assert_string_equal(
		findings(&b, &errors),
		"spec: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no "
		"further validation rules will be run due to call cost exceeds limit for rule: "
		"self.all(x, self.all(y, self.all(z, x + y + z >= 0)))");
	assert_true(clock_mono() - began < 5 * CLOCK_SECOND);
}

/* ---- limits ------------------------------------------------------------ */

/* `n` times `open`, `core`, `n` times `close`. */
static const char *nested(struct buf *b, size_t n, const char *open, const char *core, const char *close)
{
	buf_clear(b);
	for (size_t i = 0; i < n; i++)
		buf_add(b, str_c(open));
	buf_add(b, str_c(core));
	for (size_t i = 0; i < n; i++)
		buf_add(b, str_c(close));
	return buf_c(b);
}

static void refuse(struct arena *a, const char *schema)
{
	struct fielderrs errors = { .arena = a };
	struct structural_schema o = { &errors, S("spec"), false, NULL };
	const struct type *t;
	node n = parsed(a, schema);
	err *e = structural_compile(a, n, NULL, &t);

	assert_non_null(e);
	err_free(e);
	e = structural_check_schema(&o, n);
	assert_non_null(e);
	err_free(e);
}

static void test_deep_schemas_are_refused(void **state)
{
	static const struct {
		const char *open, *close;
	} ways[] = {
		{ "{\"properties\":{\"a\":", "}}" },
		{ "{\"items\":", "}" },
		{ "{\"additionalProperties\":", "}" },
		{ "{\"not\":", "}" },
		{ "{\"allOf\":[", "]}" },
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct type *t;

		refuse(&a, nested(&b, STRUCTURAL_DEPTH_MAX + 1, ways[i].open, "{\"type\":\"string\"}",
				  ways[i].close));
		nested(&b, STRUCTURAL_DEPTH_MAX - 2, ways[i].open, "{\"type\":\"string\"}", ways[i].close);
		assert_null(structural_compile(&a, parsed(&a, buf_c(&b)), NULL, &t));
	}
}

static void test_wide_schemas_are_refused(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, S("{\"type\":\"object\",\"properties\":{\"a\":{}"));
	for (int i = 0; i < STRUCTURAL_NODES_MAX; i++)
		buf_addf(&b, ",\"f%d\":{}", i);
	buf_add(&b, S("}}"));
	refuse(&a, buf_c(&b));
}

/* Each level doubles what the one below says. */
static void test_defaults_do_not_explode(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t began = clock_mono();

	(void)state;
	buf_add(&b, S("{\"type\":\"string\",\"default\":\"x\"}"));
	for (int i = 0; i < 14; i++) {
		CLEANUP(buf_release) struct buf next = BUF_INIT;

		buf_addf(&next, "{\"type\":\"object\",\"default\":{},\"properties\":{\"a\":%s,\"b\":%s}}",
			 buf_c(&b), buf_c(&b));
		buf_clear(&b);
		buf_add(&b, buf_str(&next));
	}
	const struct type *t = compiled(&a, buf_c(&b));
	node many = parsed(&a, "{}");
	err *e = structural_default(&a, t, many);

	assert_null(e);		/* 32767 of them still fit */
	buf_clear(&b);
	buf_add(&b, S("{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":"
		      "\"string\",\"default\":\"0123456789\"}}}}"));
	t = compiled(&a, buf_c(&b));
	buf_clear(&b);
	buf_add(&b, S("[{}"));
	for (int i = 0; i < STRUCTURAL_DEFAULTS_MAX; i++)
		buf_add(&b, S(",{}"));
	buf_add(&b, S("]"));
	e = structural_default(&a, t, parsed(&a, buf_c(&b)));
	assert_non_null(e);
	err_free(e);
	assert_true(clock_mono() - began < 10 * CLOCK_SECOND);
}

static void test_unknown_fields_are_named_up_to_a_limit(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct structural_unknown unknown = { .arena = &a };
	const struct type *t = compiled(&a, "{\"type\":\"object\"}");

	(void)state;
	buf_add(&b, S("{\"a\":1"));
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, ",\"f%d\":1", i);
	buf_add(&b, S("}"));
	node o = parsed(&a, buf_c(&b));

	structural_prune(t, o, true, &unknown);
	assert_int_equal(node_len(o), 0);
	assert_int_equal(unknown.n, STRUCTURAL_UNKNOWN_MAX);
}

/* Items of a map list are found by their keys, not by looking at all others. */
static void test_long_lists_take_no_square_of_time(void **state)
{
	static const char schema[] = SPEC(
		"{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":"
		"[\"k\"],\"items\":{\"type\":\"object\",\"required\":[\"k\"],\"properties\":{"
		"\"k\":{\"type\":\"string\"},\"v\":{\"type\":\"integer\",\"x-kubernetes-validations\":["
		"{\"rule\":\"self >= oldSelf\"}]}}}}");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf now = BUF_INIT, old = BUF_INIT, b = BUF_INIT;
	struct fielderrs errors = { .arena = &a };
	int64_t began = clock_mono();
	enum { N = 30000 };

	(void)state;
	buf_add(&now, S("{\"spec\":[{\"k\":\"last\",\"v\":1}"));
	buf_add(&old, S("{\"spec\":[{\"k\":\"last\",\"v\":2}"));
	for (int i = 0; i < N; i++) {
		buf_addf(&now, ",{\"k\":\"k%d\",\"v\":%d}", i, i);
		buf_addf(&old, ",{\"k\":\"k%d\",\"v\":%d}", N - 1 - i, N - 1 - i);
	}
	buf_add(&now, S("]}"));
	buf_add(&old, S("]}"));
	check(&a, compiled(&a, schema), buf_c(&now), buf_c(&old), &errors, NULL);
	assert_string_equal(findings(&b, &errors),
			    "spec[0].v: Invalid value: 1: failed rule: self >= oldSelf");
	assert_true(clock_mono() - began < 5 * CLOCK_SECOND);
}

static void test_patterns_take_linear_time(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct fielderrs errors = { .arena = &a };
	const struct type *t = compiled(
		&a, SPEC("{\"type\":\"string\",\"pattern\":\"^(a*)*(a|aa)*(.*a){8}$\"}"));
	int64_t began = clock_mono();

	(void)state;
	buf_add(&b, S("{\"spec\":\""));
	for (int i = 0; i < 20000; i++)
		buf_addc(&b, 'a');
	buf_add(&b, S("b\"}"));
	check(&a, t, buf_c(&b), NULL, &errors, NULL);
	assert_int_equal(errors.n, 1);
	assert_true(clock_mono() - began < 5 * CLOCK_SECOND);
}

static void test_objects_may_be_deeper_than_their_schema(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct structural_unknown unknown = { .arena = &a };
	struct fielderrs errors = { .arena = &a };
	const struct type *t = compiled(
		&a, SPEC("{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}"));

	(void)state;
	nested(&b, 900, "{\"spec\":", "[]", "}");
	node o = parsed(&a, buf_c(&b));

	structural_prune(t, o, true, &unknown);
	structural_drop_nulls(t, o);
	assert_null(structural_default(&a, t, o));
	check(&a, t, buf_c(&b), buf_c(&b), &errors, NULL);
	assert_int_equal(unknown.n + errors.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_read_filled_and_checked),
		cmocka_unit_test(test_what_an_update_leaves_alone_is_kept),
		cmocka_unit_test(test_rules_stop_where_the_budget_ends),
		cmocka_unit_test(test_deep_schemas_are_refused),
		cmocka_unit_test(test_wide_schemas_are_refused),
		cmocka_unit_test(test_defaults_do_not_explode),
		cmocka_unit_test(test_unknown_fields_are_named_up_to_a_limit),
		cmocka_unit_test(test_long_lists_take_no_square_of_time),
		cmocka_unit_test(test_patterns_take_linear_time),
		cmocka_unit_test(test_objects_may_be_deeper_than_their_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
