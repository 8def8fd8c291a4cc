/* Objects of the API server: their canonical form. */
#include "driver.h"

#include "kube/builtin.h"
#include "kube/canon.h"

static const struct type *type_asked(node request)
{
	return builtin_type(gvk_parse(node_str(node_get(request, S("apiVersion"))),
				      node_str(node_get(request, S("kind")))));
}

static err *run_canon(struct arena *a, node request, node *output)
{
	struct canon_unknown *unknown = arena_new(a, struct canon_unknown);
	node object, list = node_seq(a, 0);

	TRY(canon_object(a, node_get(request, S("object")), type_asked(request), unknown, &object));
	for (size_t i = 0; i < unknown->n; i++)
		node_append(a, list,
			    node_from_str(a, arena_printf(a, "unknown field \"%.*s\"",
							  STR_ARG(unknown->list[i]))));
	*output = node_map(a, 2);
	node_set(a, *output, S("object"), object);
	node_set(a, *output, S("unknown"), list);
	return NULL;
}

const struct driver_op driver_managed_ops[] = {
	{ .name = "canon", .run = run_canon },
	{ 0 },
};
