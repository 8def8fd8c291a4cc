#include "driver.h"

#include "base/sort.h"
#include "base/vec.h"
#include "schema/structural.h"
#include "server/custom.h"

/* A field of the request with numbers as the API server reads them. */
static err *take(struct arena *a, node request, const char *field, node *out)
{
	struct buf b = BUF_INIT;
	node n = node_get(request, str_c(field));

	*out = NODE_NOTHING;
	if (node_is_nil(n))
		return NULL;
	err *e = json_write(&b, n, &(struct json_style){ .source_order = true });
	str text = arena_str(a, buf_str(&b));

	buf_release(&b);
	return e ? e : json_read(a, text, NULL, out);
}

static int by_field(const void *x, const void *y, void *ctx)
{
	const struct fielderr *a = x, *b = y;
	int c = str_cmp(a->path, b->path);

	(void)ctx;
	if (!c)
		c = str_cmp(fielderr_reason(a->type), fielderr_reason(b->type));
	return c ? c : str_cmp(a->text, b->text);
}

static node list_of(struct arena *a, struct fielderrs *e)
{
	node list = node_seq(a, e->n);

	sort_stable(e->list, e->n, sizeof *e->list, by_field, NULL);
	for (size_t i = 0; i < e->n; i++) {
		node entry = node_map(a, 3);

		node_set(a, entry, S("field"), node_from_str(a, e->list[i].path));
		node_set(a, entry, S("message"), node_from_str(a, e->list[i].text));
		node_set(a, entry, S("type"), node_from_str(a, fielderr_reason(e->list[i].type)));
		node_append(a, list, entry);
	}
	return list;
}

static err *compile(struct arena *a, node request, const struct type **type)
{
	node schema;

	TRY(take(a, request, "schema", &schema));
	return structural_compile(a, schema, NULL, type);
}

static err *run_validate(struct arena *a, node request, node *output)
{
	struct fielderrs errors = { .arena = a };
	struct structural_check c = { .arena = a, .errors = &errors, .meta = &custom_meta };
	node object, old;

	TRY(compile(a, request, &c.type));
	TRY(take(a, request, "object", &object));
	TRY(take(a, request, "old", &old));
	structural_validate_values(&c, object, old);
	structural_validate_rest(&c, object, old);
	*output = list_of(a, &errors);
	return NULL;
}

static err *run_default(struct arena *a, node request, node *output)
{
	const struct type *type;

	TRY(compile(a, request, &type));
	TRY(take(a, request, "object", output));
	structural_drop_nulls(type, *output);
	return structural_default(a, type, *output);
}

static err *run_prune(struct arena *a, node request, node *output)
{
	const struct type *type;

	TRY(compile(a, request, &type));
	TRY(take(a, request, "object", output));
	structural_prune(type, *output, true, NULL);
	return NULL;
}

static err *run_schema(struct arena *a, node request, node *output)
{
	struct fielderrs errors = { .arena = a };
	struct structural_schema o = { &errors, S("spec.validation.openAPIV3Schema"), false,
				       &custom_meta };
	node schema;

	TRY(take(a, request, "schema", &schema));
	TRY(structural_check_schema(&o, schema));
	*output = list_of(a, &errors);
	return NULL;
}

const struct driver_op driver_crd_ops[] = {
	{ "crd-default", run_default },
	{ "crd-prune", run_prune },
	{ "crd-schema", run_schema },
	{ "crd-validate", run_validate },
	{ 0 },
};
