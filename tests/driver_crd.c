#include "driver.h"

#include "base/sort.h"
#include "base/vec.h"
#include "kube/builtin.h"
#include "kube/canon.h"
#include "schema/objectmeta.h"
#include "schema/structural.h"
#include "server/crd.h"
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

/* What the server makes of a body: other fields are gone, and named. */
static err *run_read(struct arena *a, node request, node *output)
{
	struct structural_unknown unknown = { .arena = a }, more = { .arena = a };
	const struct type *type;
	node object, list;

	TRY(compile(a, request, &type));
	TRY(take(a, request, "object", &object));
	structural_prune(type, object, true, &unknown);
	TRY(structural_coerce(a, type, object, &custom_meta, false, &more));
	list = node_seq(a, unknown.n + more.n);
	for (size_t i = 0; i < unknown.n; i++)
		node_append(a, list, node_from_str(a, unknown.p[i]));
	for (size_t i = 0; i < more.n; i++)
		node_append(a, list, node_from_str(a, more.p[i]));
	*output = node_map(a, 2);
	node_set(a, *output, S("object"), object);
	node_set(a, *output, S("unknown"), list);
	return NULL;
}

/* ---- definitions ------------------------------------------------------- */

#define DEFINITION \
	S("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition")

static err *take_definition(struct arena *a, node request, const char *field, node *out)
{
	node object;

	TRY(take(a, request, field, &object));
	*out = NODE_NOTHING;
	if (node_is_nil(object))
		return NULL;
	TRY(canon_object(a, object, builtin_named(DEFINITION), NULL, out));
	crd_hooks.defaults(a, NULL, *out);
	return NULL;
}

static err *run_object(struct arena *a, node request, node *output)
{
	struct fielderrs errors = { .arena = a };
	struct kind_warnings warnings = { .arena = a };
	struct kind_call c = { .arena = a, .errors = &errors, .warnings = &warnings };

	TRY(take_definition(a, request, "object", &c.object));
	TRY(take_definition(a, request, "old", &c.old));
	crd_hooks.prepare(&c);
	if (c.old.kind)
		objectmeta_check_parts(&errors, S("metadata"), node_get(c.object, S("metadata")), true);
	else
		objectmeta_check(&errors, S("metadata"), node_get(c.object, S("metadata")),
				 NAME_DNS_SUBDOMAIN, false);
	crd_hooks.validate(&c);
	*output = list_of(a, &errors);
	return NULL;
}

/* ---- what a definition serves ------------------------------------------ */

/* A copy that does not borrow from a definition that goes. */
static err *keep(struct arena *a, node n, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(json_write(&b, n, &(struct json_style){ .source_order = true }));
	return json_read(a, arena_str(a, buf_str(&b)), NULL, out);
}

/* A definition around the one version that a request gives parts of. */
static err *serve(struct arena *a, node schema, node columns, struct custom **out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node version, crd;

	TRY(json_read(a, S("{\"name\":\"v1\",\"served\":true,\"storage\":true}"), NULL, &version));
	if (!node_is_nil(schema)) {
		node around = node_map(a, 1);

		node_set(a, around, S("openAPIV3Schema"), schema);
		node_set(a, version, S("schema"), around);
	}
	if (!node_is_nil(columns))
		node_set(a, version, S("additionalPrinterColumns"), columns);
	buf_add(&b, S("{\"metadata\":{\"name\":\"things.example.com\"},\"spec\":{\"group\":"
		      "\"example.com\",\"scope\":\"Namespaced\",\"versions\":["));
	TRY(json_write(&b, version, &(struct json_style){ .source_order = true }));
	buf_add(&b, S("]},\"status\":{\"acceptedNames\":{\"plural\":\"things\",\"kind\":\"Thing\"}}}"));
	TRY(json_read(a, arena_str(a, buf_str(&b)), NULL, &crd));
	CLEANUP(blob_drop) struct blob *stored = blob_of(&(struct blob_parts){ 0 }, buf_str(&b), 1);

	return custom_new(crd, stored, 1, out);
}

static err *run_openapi(struct arena *a, node request, node *output)
{
	struct custom *custom;
	node schema;
	size_t n;

	TRY(take(a, request, "schema", &schema));
	TRY(serve(a, schema, NODE_NOTHING, &custom));
	err *e = keep(a, custom_openapi(a, custom_kinds(custom, &n)[0],
					node_bool(node_get(request, S("v2")))), output);

	custom_release(custom);
	return e;
}

static err *run_cells(struct arena *a, node request, node *output)
{
	struct custom *custom;
	node columns, object, schema;
	size_t n;

	TRY(take(a, request, "columns", &columns));
	TRY(take(a, request, "object", &object));
	TRY(json_read(a, S("{\"type\":\"object\"}"), NULL, &schema));
	TRY(serve(a, schema, columns, &custom));

	const struct kind *k = custom_kinds(custom, &n)[0];
	node *cells = arena_array(a, node, k->columns_n);

	k->hooks->cells(a, k, object, cells);

	node row = node_seq(a, k->columns_n);

	for (size_t i = 0; i < k->columns_n; i++)
		node_append(a, row, cells[i]);
	err *e = keep(a, row, output);

	custom_release(custom);
	return e;
}

const struct driver_op driver_crd_ops[] = {
	{ "crd-cells", run_cells },
	{ "crd-default", run_default },
	{ "crd-object", run_object },
	{ "crd-openapi", run_openapi },
	{ "crd-prune", run_prune },
	{ "crd-read", run_read },
	{ "crd-schema", run_schema },
	{ "crd-validate", run_validate },
	{ 0 },
};
