#include "driver.h"

#include "kube/canon.h"
#include "server/kind.h"
#include "server/table.h"

static const struct kind *find(node object)
{
	struct gvk g = gvk_of(object);
	size_t n;
	const struct kind *const *all = kind_builtins(&n);

	for (size_t i = 0; i < n; i++)
		if (gvk_eq(all[i]->gvk, g))
			return all[i];
	return NULL;
}

/* The object as the API server keeps it, with its defaults. */
static err *read_object(struct arena *a, node from, const struct kind **k, node *out)
{
	node plain = NODE_NOTHING;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	/* numbers as the server reads them */
	TRY(json_write(&b, from, NULL));
	TRY(json_read(a, arena_str(a, buf_str(&b)), NULL, &plain));
	*k = find(plain);
	if (!*k)
		return err_new(ERR_NOT_FOUND, "no such kind");
	TRY(canon_object(a, plain, (*k)->type, NULL, out));
	if ((*k)->hooks && (*k)->hooks->defaults)
		(*k)->hooks->defaults(a, *k, *out);
	return NULL;
}

static err *run_defaults(struct arena *a, node request, node *output)
{
	const struct kind *k;

	return read_object(a, node_get(request, S("object")), &k, output);
}

static err *run_table(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct kind *k;
	enum table_include include;
	struct table t;
	node object;

	TRY(table_include_parse(driver_text(a, request, "include"), &include));
	TRY(read_object(a, node_get(request, S("object")), &k, &object));
	table_open(&t, &b, k, include, S("v1"), node_get(object, S("metadata")),
		   driver_bool(request, "columns", true));
	table_row(&t, a, object);
	table_close(&t);
	return json_read(a, arena_str(a, buf_str(&b)), NULL, output);
}

/* {"object", "to": "stored" or "shown", "as": {"apiVersion","kind"}}: the other form. */
static err *run_view(struct arena *a, node request, node *output)
{
	const struct kind *k, *view;
	node object;

	TRY(read_object(a, node_get(request, S("object")), &k, &object));
	view = k->stored ? k : find(node_get(request, S("as")));
	if (!view || !view->stored)
		return err_new(ERR_INVALID, "no view");
	if (k->stored)
		*output = view->hooks->to_stored(a, object);
	else
		*output = view->hooks->from_stored(a, object);
	return NULL;
}

const struct driver_op driver_server_ops[] = {
	{ .name = "server-defaults", .run = run_defaults },
	{ .name = "server-table", .run = run_table },
	{ .name = "server-view", .run = run_view },
	{ 0 },
};
