#include "driver.h"

#include "base/zoneinfo.h"
#include "cel/cel.h"
#include "text/tz.h"

static const struct tz_source zones = { .load = zoneinfo_load };

/* Compile and evaluate; every variable of the request is declared. */
static err *evaluate(struct arena *a, node request, uint64_t limit, cel_value *value, uint64_t *cost)
{
	bool flux = str_eq(driver_text(a, request, "env"), S("flux"));
	struct cel_env *env = cel_env_new(a, flux ? CEL_FLUX : CEL_KUBERNETES);
	node vars = node_get(request, S("vars"));
	struct cel_binding *bindings = arena_array(a, struct cel_binding, node_len(vars));
	const struct cel_program *program;
	size_t n = 0;

	cel_env_set_zones(env, &zones);
	node_each_pair(p, vars) {
		bindings[n++] = (struct cel_binding){ node_str(p->key), p->value };
		if (flux)
			cel_env_declare_struct(env, node_str(p->key));
		else
			cel_env_declare(env, node_str(p->key));
	}
	TRY(cel_compile(a, env, driver_text(a, request, "expr"), &program));
	return cel_eval(program, a, bindings, n, flux ? CEL_COST_NONE : limit, value,
			flux ? NULL : cost);
}

static err *run_cel(struct arena *a, node request, node *output)
{
	cel_value value;
	uint64_t cost;

	TRY(evaluate(a, request, CEL_COST_NONE, &value, &cost));
	*output = node_map(a, 2);
	node_set(a, *output, S("type"), node_from_str(a, str_c(cel_value_kind_name(value))));
	node_set(a, *output, S("value"), cel_value_node(a, value));
	return NULL;
}

static err *run_cost(struct arena *a, node request, node *output)
{
	cel_value value;
	uint64_t cost;

	TRY(evaluate(a, request, CEL_COST_LIMIT, &value, &cost));
	*output = node_map(a, 1);
	node_set(a, *output, S("cost"), node_from_uint(cost));
	return NULL;
}

static err *evaluate_typed(struct arena *a, const struct cel_program *program, node request, node output)
{
	const struct cel_binding bindings[] = {
		{ S("self"), node_get(request, S("self")) },
		{ S("oldSelf"), node_get(request, S("old")) },
	};
	size_t n = node_has(request, S("old")) ? 2 : 1;
	cel_value value;
	uint64_t cost;

	TRY(cel_eval(program, a, bindings, n, CEL_COST_LIMIT, &value, &cost));
	node_set(a, output, S("type"), node_from_str(a, str_c(cel_value_kind_name(value))));
	node_set(a, output, S("value"), cel_value_node(a, value));
	node_set(a, output, S("cost"), node_from_uint(cost));
	return NULL;
}

/* Over `self` and `oldSelf` of a schema: what the expression may cost, and
 * what it gives or fails with. */
static err *run_typed(struct arena *a, node request, node *output)
{
	const struct cel_decl *decl = cel_decl_read(a, node_get(request, S("schema")), false);
	struct cel_env *env = cel_env_new(a, CEL_KUBERNETES);
	const struct cel_program *program;

	if (!decl->exposed)
		return err_new(ERR_INVALID, "the schema has no type");
	cel_env_set_zones(env, &zones);
	cel_env_declare_schema(env, S("self"), decl, false);
	cel_env_declare_schema(env, S("oldSelf"), decl, false);
	TRY(cel_compile(a, env, driver_text(a, request, "expr"), &program));
	struct cel_range r = cel_estimate(program, decl);

	*output = node_map(a, 5);
	node_set(a, *output, S("min"), node_from_uint(r.min));
	node_set(a, *output, S("max"), node_from_uint(r.max));
	err *e = evaluate_typed(a, program, request, *output);

	if (e)
		node_set(a, *output, S("fault"), node_from_str(a, arena_str(a, err_text(e))));
	err_free(e);
	return NULL;
}

const struct driver_op driver_cel_ops[] = {
	{ "cel", run_cel },
	{ "cel-cost", run_cost },
	{ "cel-typed", run_typed },
	{ 0 },
};
