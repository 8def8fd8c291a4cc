#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cel/cel.h"
#include "value/json.h"

static node read_json(struct arena *a, const char *text)
{
	node n;

	assert_null(json_read(a, str_c(text), NULL, &n));
	return n;
}

static str written(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	assert_null(json_write(&b, n, NULL));
	return arena_str(a, buf_str(&b));
}

static void assert_text(str got, const char *want)
{
	if (!str_eq(got, str_c(want)))
		fail_msg("got %.*s, want %s", STR_ARG(got), want);
}

static void assert_fails(err *e, const char *want)
{
	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	err_free(e);
}

/* Compile with `self` of any type, and evaluate. */
static err *evaluate(struct arena *a, const char *text, node self, uint64_t limit, cel_value *value,
		     uint64_t *cost)
{
	struct cel_env *env = cel_env_new(a, CEL_KUBERNETES);
	struct cel_binding binding = { S("self"), self };
	const struct cel_program *p;

	cel_env_declare(env, S("self"));
	TRY(cel_compile(a, env, str_c(text), &p));
	return cel_eval(p, a, &binding, 1, limit, value, cost);
}

static const char object[] = "{\"name\":\"web\",\"replicas\":3,\"tags\":[\"a\",\"b\"],\"empty\":{},"
			     "\"ratio\":0.5,\"none\":null}";

static const struct {
	const char *expression, *kind, *value;
} values[] = {
	{ "self.replicas + 1", "int", "4" },
	{ "self.ratio * 3.0", "double", "1.5" },
	{ "self.replicas > 2.5", "bool", "true" },
	{ "self.tags.map(t, t + t)", "list", "[\"aa\",\"bb\"]" },
	{ "self.tags.exists(i, t, i == 1 && t == 'b')", "bool", "true" },
	{ "has(self.none) && !has(self.absent)", "bool", "true" },
	{ "self.?absent.orValue('x')", "string", "\"x\"" },
	{ "self.?name", "optional", "{\"has\":true,\"type\":\"string\",\"value\":\"web\"}" },
	{ "false && self.absent", "bool", "false" },
	{ "self.absent || true", "bool", "true" },
	{ "{'a': [1, 2, 3]}.a[1] < 2.5", "bool", "true" },
	{ "b'\\x01'", "bytes", "\"AQ==\"" },
	{ "timestamp('2024-02-29T00:00:00Z') + duration('36h')", "timestamp",
	  "\"2024-03-01T12:00:00Z\"" },
	{ "type(self.tags) == list", "bool", "true" },
	{ "quantity('1Gi').isGreaterThan(quantity('1G'))", "bool", "true" },
	{ "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "bool", "true" },
	{ "semver('1.2.3').isLessThan(semver('1.10.0'))", "bool", "true" },
	{ "'%s is %d'.format([self.name, self.replicas])", "string", "\"web is 3\"" },
	{ "'a1b22'.findAll('[0-9]+')", "list", "[\"1\",\"22\"]" },
	{ "url('https://example.com:80/x?y=1').getHost()", "string", "\"example.com:80\"" },
	{ "[3, 1, 2].sort() == [1, 2, 3]", "bool", "true" },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		cel_value v;

		err *e = evaluate(&a, values[i].expression, read_json(&a, object), CEL_COST_LIMIT, &v, NULL);

		if (e)
			fail_msg("%s: %s", values[i].expression, err_msg(e));
		assert_string_equal(cel_value_kind_name(v), values[i].kind);
		assert_text(written(&a, cel_value_node(&a, v)), values[i].value);
	}
}

/* What nobody bound is told by the longest name that it may have. */
static void test_unknown_variables(void **state)
{
	static const char *const rows[][2] = {
		{ "status", "no such attribute(s): status" },
		{ "status.phase == 'x'", "no such attribute(s): status.phase" },
		{ "status.a.b.c", "no such attribute(s): status.a.b.c" },
		{ "status['a'].b", "no such attribute(s): status.a.b" },
		{ "status.list[0].name", "no such attribute(s): status.list" },
		{ "has(status.phase)", "no such attribute(s): status.phase" },
		{ "status.list.exists(e, e.type == 'x')", "no such attribute(s): status.list" },
		{ "[1].map(e, status.x + e)", "no such attribute(s): status.x" },
		{ "self.x", "no such key: x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct cel_env *env = cel_env_new(&a, CEL_FLUX);
		struct cel_binding binding = { S("self"), read_json(&a, object) };
		const struct cel_program *p;
		cel_value v;

		cel_env_declare_unknown(env, S("self"));
		cel_env_declare_unknown(env, S("status"));
		assert_null(cel_compile(&a, env, str_c(rows[i][0]), &p));
		assert_fails(cel_eval(p, &a, &binding, 1, CEL_COST_LIMIT, &v, NULL), rows[i][1]);
	}
}

static const char *const errors[][2] = {
	{ "self.absent", "no such key: absent" },
	{ "1 / 0", "division by zero" },
	{ "9223372036854775807 + self.replicas", "integer overflow" },
	{ "[1][self.replicas]", "index out of bounds: 3" },
	{ "1 + 'a'",
	  "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n"
	  " | 1 + 'a'\n | ..^" },
	{ "unknown.x",
	  "ERROR: <input>:1:1: undeclared reference to 'unknown' (in container '')\n | unknown.x\n | ^" },
	{ "'\xc3\xa9' +\n(1",
	  "ERROR: <input>:2:3: Syntax error: missing ')' at '<EOF>'\n | (1\n | ..^" },
	{ "a.true",
	  "ERROR: <input>:1:3: Syntax error: mismatched input 'true' expecting IDENTIFIER\n"
	  " | a.true\n | ..^" },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		cel_value v;

		assert_fails(evaluate(&a, errors[i][0], read_json(&a, object), CEL_COST_LIMIT, &v, NULL),
			     errors[i][1]);
	}
}

static void test_costs(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	uint64_t cost;
	cel_value v;
	node self = read_json(&a, object);

	(void)state;
	assert_null(evaluate(&a, "self.replicas <= 5", self, CEL_COST_LIMIT, &v, &cost));
	assert_int_equal(cost, 3);
	assert_null(evaluate(&a, "self.tags.all(t, t.size() == 1)", self, CEL_COST_LIMIT, &v, &cost));
	uint64_t whole = cost;

	assert_null(evaluate(&a, "self.tags.all(t, t.size() == 1)", self, whole, &v, &cost));
	assert_fails(evaluate(&a, "self.tags.all(t, t.size() == 1)", self, whole - 3, &v, &cost),
		     "operation cancelled: actual cost limit exceeded");
	assert_true(cost > whole - 3);
}

static const char schema[] =
	"{\"type\":\"object\",\"properties\":{\"my-name\":{\"type\":\"string\",\"maxLength\":10},"
	"\"since\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"port\":{\"x-kubernetes-int-or-string\":true},"
	"\"set\":{\"type\":\"array\",\"maxItems\":4,\"x-kubernetes-list-type\":\"set\","
	"\"items\":{\"type\":\"string\",\"maxLength\":5}}}}";

static const struct {
	const char *expression, *type;
	bool holds;
	uint64_t max;		/* 0: not looked at */
} typed[] = {
	{ "self.my__dash__name == 'x'", "bool", true, 3 },
	{ "self.since > timestamp('2020-01-01T00:00:00Z')", "bool", true, 0 },
	{ "type(self.port) == int ? self.port > 1 : self.port == 'http'", "bool", true, 0 },
	{ "self.set == oldSelf.set", "bool", true, 0 },
	{ "self.set == ['b']", "bool", false, 0 },
	{ "self.set.all(s, s.size() < 3)", "bool", true, 0 },
	{ "self.set.map(s, s).size() == 2", "bool", true, 0 },
};

static void test_schemas_give_types(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct cel_decl *decl = cel_decl_read(&a, read_json(&a, schema), false);
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
	const struct cel_binding bindings[] = {
		{ S("self"), read_json(&a, "{\"my-name\":\"x\",\"since\":\"2024-01-01T00:00:00Z\","
					   "\"port\":80,\"set\":[\"a\",\"b\"]}") },
		{ S("oldSelf"), read_json(&a, "{\"set\":[\"b\",\"a\"]}") },
	};
	const struct cel_program *p;
	cel_value v;

	(void)state;
	cel_env_declare_schema(env, S("self"), decl, false);
	cel_env_declare_schema(env, S("oldSelf"), decl, false);
	for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
		assert_null(cel_compile(&a, env, str_c(typed[i].expression), &p));
		assert_text(cel_program_type(&a, p), typed[i].type);
		assert_null(cel_eval(p, &a, bindings, 2, CEL_COST_LIMIT, &v, NULL));
		assert_int_equal(v.kind, CEL_BOOL);
		assert_int_equal(v.b, typed[i].holds);
		if (typed[i].max)
			assert_int_equal(cel_estimate(p, decl).max, typed[i].max);
	}
	assert_fails(cel_compile(&a, env, S("self.absent"), &p),
		     "ERROR: <input>:1:5: undefined field 'absent'\n | self.absent\n | ....^");
	assert_null(cel_compile(&a, env, S("oldSelf.port == 1"), &p));
	assert_true(cel_program_uses(p, S("oldSelf")));
	assert_false(cel_program_uses(p, S("self")));
}

static void test_old_self_may_be_none(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct cel_decl *decl = cel_decl_read(&a, read_json(&a, "{\"type\":\"integer\"}"), false);
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
	const struct cel_program *p;
	cel_value v;

	(void)state;
	cel_env_declare_schema(env, S("self"), decl, false);
	cel_env_declare_schema(env, S("oldSelf"), decl, true);
	assert_null(cel_compile(&a, env, S("oldSelf.orValue(7) + self"), &p));
	for (int old = 0; old < 2; old++) {
		const struct cel_binding bindings[] = {
			{ S("self"), node_from_int(1) },
			{ S("oldSelf"), old ? node_from_int(2) : (node){ 0 } },
		};

		assert_null(cel_eval(p, &a, bindings, 2, CEL_COST_LIMIT, &v, NULL));
		assert_int_equal(v.i, old ? 3 : 8);
	}
}

static void test_estimates_grow_with_sizes(void **state)
{
	static const char *const rules[] = { "self.s.contains('x')", "self.l.all(x, x.contains('y'))" };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++, last = 0) {
		for (int size = 10; size < 100000; size *= 10) {
			str text = arena_printf(&a,
						"{\"type\":\"object\",\"properties\":{\"s\":{\"type\":"
						"\"string\",\"maxLength\":%d},\"l\":{\"type\":\"array\","
						"\"maxItems\":%d,\"items\":{\"type\":\"string\"}}}}", size, size);
			const struct cel_decl *decl = cel_decl_read(&a, read_json(&a, text.p), false);
			struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
			const struct cel_program *p;

			cel_env_declare_schema(env, S("self"), decl, false);
			assert_null(cel_compile(&a, env, str_c(rules[i]), &p));
			struct cel_range r = cel_estimate(p, decl);

			assert_true(r.max > last && r.min <= r.max);
			last = r.max;
		}
	}
}

static void test_flux_knows_other_functions(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct cel_env *env = cel_env_new(&a, CEL_FLUX);
	struct cel_binding status = { S("status"), read_json(&a, "{\"phase\":\"Ready\",\"count\":2}") };
	const struct cel_program *p;
	cel_value v;

	(void)state;
	cel_env_declare_struct(env, S("status"));
	assert_null(cel_compile(&a, env, S("status.phase == 'Ready' && status.count >= 2"), &p));
	assert_null(cel_eval(p, &a, &status, 1, CEL_COST_NONE, &v, NULL));
	assert_true(v.kind == CEL_BOOL && v.b);
	assert_null(cel_compile(&a, env, S("base64.encode(b'ab')"), &p));
	assert_null(cel_eval(p, &a, &status, 1, CEL_COST_NONE, &v, NULL));
	assert_text(v.s, "YWI=");
	assert_fails(cel_compile(&a, env, S("quantity('1')"), &p),
		     "ERROR: <input>:1:9: undeclared reference to 'quantity' (in container '')\n"
		     " | quantity('1')\n | ........^");
}

/* What patches are made of: types of their own, maps as values. */
static const struct {
	const char *expression, *type, *value, *why;
} patches[] = {
	{ "Object{}", "Object", "{}", "" },
	{ "Object{spec: Object.spec{replicas: 1 + 2, list: [Object.spec.list{a: 'x'}]}}", "Object",
	  "{\"spec\":{\"list\":[{\"a\":\"x\"}],\"replicas\":3}}", "" },
	{ "Object{?a: optional.none(), ?b: optional.of(1)}", "Object", "{\"b\":1}", "" },
	{ "Object{a: [1, 2]}.a.sum()", "dyn", "3", "" },
	{ "Object{a: 1} == Object{a: 2 - 1}", "bool", "true", "" },
	{ "has(Object{a: 1}.b)", "bool", "false", "" },
	{ "JSONPatch{op: 'add', path: '/a', value: 1}.path", "string", "\"/a\"", "" },
	{ "[JSONPatch{op: 'add', path: '/' + jsonpatch.escapeKey('a/b~c')}]", "list(JSONPatch)",
	  "[{\"op\":\"add\",\"path\":\"/a~1b~0c\"}]", "" },
	{ "Object{spec: Object.wrong{}}", "Object", "{\"spec\":{}}",
	  "unexpected type name \"Object.wrong\", expected \"Object.spec\", which matches field name path "
	  "from root Object type" },
	{ "JSONPatch{value: Object.a{m: {'k': Object.a.n{}}}}", "JSONPatch", "{\"value\":{\"m\":{\"k\":{}}}}",
	  "unexpected type name \"Object.a.n\", expected \"Object.a.m\", which matches field name path "
	  "from root Object type" },
};

static void test_patches(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
		const struct cel_program *p;
		cel_value v;
		str why;

		cel_env_declare_patches(env);
		assert_null(cel_compile(&a, env, str_c(patches[i].expression), &p));
		assert_text(cel_program_type(&a, p), patches[i].type);
		assert_null(cel_eval(p, &a, NULL, 0, CEL_COST_LIMIT, &v, NULL));
		assert_text(written(&a, cel_value_node(&a, v)), patches[i].value);
		assert_int_equal(cel_value_check_made(&a, v, &why), !*patches[i].why);
		assert_text(why, patches[i].why);
	}
}

static void test_names_are_bound_where_they_may_be(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES), *without = cel_env_new(&a, CEL_KUBERNETES);
	const struct cel_program *p;
	cel_value v;

	(void)state;
	cel_env_declare_bind(env);
	assert_null(cel_compile(&a, env, S("cel.bind(x, 2, cel.bind(y, x + 1, x * y))"), &p));
	assert_text(cel_program_type(&a, p), "int");
	assert_null(cel_eval(p, &a, NULL, 0, CEL_COST_LIMIT, &v, NULL));
	assert_text(written(&a, cel_value_node(&a, v)), "6");
	assert_fails(cel_compile(&a, env, S("cel.bind(1, 2, 3)"), &p),
		     "ERROR: <input>:1:10: cel.bind() variable names must be simple identifiers\n"
		     " | cel.bind(1, 2, 3)\n | .........^");
	assert_fails(cel_compile(&a, without, S("cel.bind(x, 2, 3)"), &p),
		     "ERROR: <input>:1:1: undeclared reference to 'cel' (in container '')\n"
		     " | cel.bind(x, 2, 3)\n | ^\n"
		     "ERROR: <input>:1:9: undeclared reference to 'bind' (in container '')\n"
		     " | cel.bind(x, 2, 3)\n | ........^\n"
		     "ERROR: <input>:1:10: undeclared reference to 'x' (in container '')\n"
		     " | cel.bind(x, 2, 3)\n | .........^");
}

static void test_patches_that_are_none(void **state)
{
	static const struct {
		const char *expression, *error;
	} wrong[] = {
		{ "JSONPatch{op: 1}", "expected type of field 'op' is 'string' but provided type is 'int'" },
		{ "JSONPatch{nothing: 1}", "undefined field 'nothing'" },
		{ "true ? Object{} : Object.a{}",
		  "found no matching overload for '_?_:_' applied to '(bool, Object, Object.a)'" },
		{ "Objects{}", "undeclared reference to 'Objects' (in container '')" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES), *plain = cel_env_new(&a, CEL_KUBERNETES);
	const struct cel_program *p;

	(void)state;
	cel_env_declare_patches(env);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		err *e = cel_compile(&a, env, str_c(wrong[i].expression), &p);

		assert_non_null(e);
		assert_non_null(strstr(err_msg(e), wrong[i].error));
		err_free(e);
	}
	/* nobody else has them */
	static const char *const known[] = { "Object{}", "JSONPatch{}", "jsonpatch.escapeKey('a')" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		err *e = cel_compile(&a, plain, str_c(known[i]), &p);

		assert_non_null(e);
		assert_non_null(strstr(err_msg(e), "undeclared reference"));
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patches),
		cmocka_unit_test(test_patches_that_are_none),
		cmocka_unit_test(test_names_are_bound_where_they_may_be),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unknown_variables),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_schemas_give_types),
		cmocka_unit_test(test_old_self_may_be_none),
		cmocka_unit_test(test_estimates_grow_with_sizes),
		cmocka_unit_test(test_flux_knows_other_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
