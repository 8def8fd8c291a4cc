/* An expression, a NUL, and a JSON object of `self`, `old` and perhaps their
 * `schema`: what is compiled gives the same again, within its limits. */
#include <assert.h>
#include <string.h>

#include "cel/cel.h"
#include "value/json.h"

/* Little enough that a run is short. */
enum { LIMIT = 20000 };

static str outcome(struct arena *a, const struct cel_program *p, const struct cel_binding *bindings,
		   size_t n, uint64_t *cost)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	cel_value value;
	err *e = cel_eval(p, a, bindings, n, LIMIT, &value, cost);

	if (e) {
		buf_add(&b, err_text(e));
	} else {
		str name = cel_value_type_name(value);

		buf_add(&b, name);
		buf_add(&b, str_c(cel_value_kind_name(value)));
		e = json_write(&b, cel_value_node(a, value), NULL);
	}
	err_free(e);
	return arena_str(a, buf_str(&b));
}

static void check(struct arena *a, const struct cel_env *env, str text, node doc,
		  const struct cel_decl *root)
{
	const struct cel_binding bindings[] = { { S("self"), node_get(doc, S("self")) },
						{ S("oldSelf"), node_get(doc, S("old")) } };
	size_t n = node_has(doc, S("old")) ? 2 : node_has(doc, S("self"));
	const struct cel_program *p;
	err *e = cel_compile(a, env, text, &p);
	uint64_t cost, again;

	if (!e) {
		struct cel_range r = cel_estimate(p, root);
		str first = outcome(a, p, bindings, n, &cost);

		assert(cel_program_type(a, p).n);
		assert(r.min <= r.max || r.min == UINT64_MAX);
		assert(str_eq(first, outcome(a, p, bindings, n, &again)) && cost == again);
	}
	err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str expression, text;
	node doc;

	str_split(str_of((const char *)data, size), 0, &expression, &text);
	err *e = json_read(&a, text, NULL, &doc);

	if (e || doc.kind != NODE_MAP)
		doc = node_map(&a, 0);
	err_free(e);
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
	const struct cel_decl *root = cel_decl_read(&a, node_get(doc, S("schema")), true);

	if (root->exposed) {
		cel_env_declare_schema(env, S("self"), root, false);
		cel_env_declare_schema(env, S("oldSelf"), root, false);
	} else {
		cel_env_declare(env, S("self"));
		cel_env_declare(env, S("oldSelf"));
	}
	check(&a, env, expression, doc, root->exposed ? root : NULL);
	env = cel_env_new(&a, CEL_FLUX);
	cel_env_declare_struct(env, S("self"));
	check(&a, env, expression, doc, NULL);
	return 0;
}
