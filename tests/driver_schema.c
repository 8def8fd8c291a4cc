#include "driver.h"

#include "schema/schema.h"

/* The files of the request's chart, by path. */
static bool chart_file(void *ctx, struct arena *a, str path, str *text)
{
	node file = node_get(*(node *)ctx, path);

	(void)a;
	*text = node_str(file);
	return file.kind == NODE_STR;
}

static err *run_values_schema(struct arena *a, node request, node *output)
{
	node files = node_get(request, S("files"));
	struct schema_options o = { .file = chart_file, .ctx = &files };

	TRY(schema_values_check(driver_text(a, request, "schema"),
				node_get(request, S("values")), &o));
	*output = node_lit("");
	return NULL;
}

const struct driver_op driver_schema_ops[] = {
	{ "values-schema", run_values_schema },
	{ 0 },
};
