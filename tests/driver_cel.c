#include "driver.h"

#include <stdio.h>

#include "cel/cel.h"
#include "text/tz.h"

static bool load_zone(void *context, str name, struct buf *bytes)
{
	char path[512], part[4096];
	size_t n;

	(void)context;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", STR_ARG(name));
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_bytes(bytes, part, n);
	bool ok = !ferror(f);

	fclose(f);
	return ok;
}

static const struct tz_source zones = { .load = load_zone };

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

	TRY(evaluate(a, request, CEL_COST_NONE, &value, NULL));
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

const struct driver_op driver_cel_ops[] = {
	{ "cel", run_cel },
	{ "cel-cost", run_cost },
	{ 0 },
};
