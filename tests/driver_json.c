#include "driver.h"
#include "text/base64.h"
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

static err *run_json_kube(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node value;

	TRY(json_read(a, driver_text(a, request, "text"), NULL, &value));
	TRY(json_write(&b, value, NULL));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static enum base64_form form_of(node request)
{
	static const char *const names[] = { "std", "url", "raw-std", "raw-url" };
	str name = node_str(node_get(request, S("form")));
	size_t i = 0;

	while (i < 3 && !str_eq(str_c(names[i]), name))
		i++;
	return (enum base64_form)i;
}

static err *run_base64_encode(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, driver_text(a, request, "text"), form_of(request));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_base64_decode(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(base64_read(&b, driver_text(a, request, "text"), form_of(request)));
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

static err *run_create(struct arena *a, node request, node *output)
{
	static const struct json_options floats = { .numbers = JSON_NUMBERS_FLOAT };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node from, to;

	TRY(json_read(a, driver_text(a, request, "from"), &floats, &from));
	TRY(json_read(a, driver_text(a, request, "to"), &floats, &to));
	TRY(json_write(&b, patch_create(a, from, to), NULL));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

const struct driver_op driver_json_ops[] = {
	{ "base64-decode", run_base64_decode },
	{ "base64-encode", run_base64_encode },
	{ "json", run_json },
	{ "json-kube", run_json_kube },
	{ "json-patch", run_patch },
	{ "merge-patch", run_merge },
	{ "merge-patch-create", run_create },
	{ 0 },
};
