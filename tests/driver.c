#include "driver.h"

#include "base/utf8.h"
#include "text/base64.h"
#include "value/json.h"

/* One table an area, sorted. */
static const struct driver_op *const areas[] = {
	driver_api_ops,
	driver_archive_ops,
	driver_cel_ops,
	driver_compose_ops,
	driver_crd_ops,
	driver_fieldpath_ops,
	driver_glob_ops,
	driver_helm_ops,
	driver_ignore_ops,
	driver_json_ops,
	driver_jsonpath_ops,
	driver_kube_ops,
	driver_kustomize_ops,
	driver_managed_ops,
	driver_number_ops,
	driver_quantity_ops,
	driver_regex_ops,
	driver_schema_ops,
	driver_semver_ops,
	driver_server_ops,
	driver_sops_ops,
	driver_time_ops,
	driver_tmpl_ops,
	driver_yaml_ops,
};

str driver_text(struct arena *a, node request, const char *field)
{
	node plain = node_get(request, str_c(field));

	if (plain.kind)
		return node_str(plain);
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	str coded = node_str(node_get(request, arena_cat(a, str_c(field), S("_b64"))));

	err_free(base64_read(&bytes, coded, BASE64_STD));
	return arena_str(a, buf_str(&bytes));
}

bool driver_bool(node request, const char *field, bool fallback)
{
	node n = node_get(request, str_c(field));

	return n.kind == NODE_BOOL ? node_bool(n) : fallback;
}

static node coded(struct arena *a, str bytes)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, bytes, BASE64_STD);
	return node_copy_str(a, buf_str(&b));
}

/* The value with every text that is not UTF-8 as {"b64": ...}. Changes it. */
static node sendable(struct arena *a, node n)
{
	if (n.kind == NODE_STR && !utf8_valid(node_str(n))) {
		node map = node_map(a, 1);

		node_set(a, map, S("b64"), coded(a, node_str(n)));
		return map;
	}
	node_each_item(item, n)
		*item = sendable(a, *item);
	node_each_pair(p, n)
		p->value = sendable(a, p->value);
	return n;
}

static const struct driver_op *find_op(str name)
{
	for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
		for (const struct driver_op *op = areas[i]; op->name; op++)
			if (str_eq(str_c(op->name), name))
				return op;
	return NULL;
}

/* `whole` becomes true when the output is the whole answer. */
static err *ask(struct arena *a, str line, node *output, bool *whole)
{
	node request;

	TRY(json_read(a, line, DRIVER_JSON, &request));
	str name = node_str(node_get(request, S("op")));
	const struct driver_op *op = find_op(name);

	if (!op)
		return err_new(ERR_NOT_FOUND, "unknown operation '%.*s'", STR_ARG(name));
	*whole = op->whole;
	return op->run(a, request, output);
}

node driver_answer(struct arena *a, str line)
{
	node output = NODE_NOTHING, all = node_map(a, 1);
	bool whole = false;
	err *e = ask(a, line, &output, &whole);

	if (!e && whole)
		return sendable(a, output);
	if (!e) {
		node_set(a, all, S("output"), sendable(a, output));
		return all;
	}
	bool valid = utf8_valid(err_text(e));

	node_set(a, all, valid ? S("error") : S("error_b64"),
		 valid ? node_copy_str(a, err_text(e)) : coded(a, err_text(e)));
	err_free(e);
	return all;
}
