#include "driver.h"
#include "value/json.h"
#include "value/patch.h"

static err *run_json(struct arena *a, node request, node *output)
{
	const struct json_options o = {
		.numbers = driver_bool(request, "use_number", false) ? JSON_NUMBERS_TEXT :
								       JSON_NUMBERS_FLOAT,
	};
	const struct json_style style = {
		.indent = (unsigned)node_int(node_get(request, S("indent"))),
		.raw_html = !driver_bool(request, "escape_html", true),
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node value;

	TRY(json_read(a, driver_text(a, request, "text"), &o, &value));
	TRY(json_write(&b, value, &style));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_patch(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(patch_json_text(&b, driver_text(a, request, "doc"), driver_text(a, request, "patch"),
			    NULL));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_merge(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(patch_merge_text(&b, driver_text(a, request, "doc"), driver_text(a, request, "patch"),
			     NULL));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

const struct driver_op driver_json_ops[] = {
	{ "json", run_json },
	{ "json-patch", run_patch },
	{ "merge-patch", run_merge },
	{ 0 },
};
