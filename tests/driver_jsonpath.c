#include "driver.h"
#include "value/jsonpath.h"

static err *run_jsonpath(struct arena *a, node request, node *output)
{
	struct jsonpath_options o = { .allow_missing = driver_bool(request, "allow_missing", false) };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct jsonpath *path;
	node doc;

	TRY(json_read(a, driver_text(a, request, "doc"), NULL, &doc));
	TRY(jsonpath_parse(a, driver_text(a, request, "template"), &path));
	TRY(jsonpath_print(&b, path, doc, &o));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

const struct driver_op driver_jsonpath_ops[] = {
	{ "jsonpath", run_jsonpath },
	{ 0 },
};
