/* Objects of the API server: their canonical form, who owns their fields, patches. */
#include "driver.h"

#include "kube/builtin.h"
#include "kube/canon.h"
#include "kube/managed.h"
#include "kube/strategic.h"
#include "server/discovery_docs.h"
#include "server/openapi_docs.h"
#include "server/protobuf.h"
#include "text/base64.h"

static struct gvk kind_asked(node request)
{
	return gvk_parse(node_str(node_get(request, S("apiVersion"))),
			 node_str(node_get(request, S("kind"))));
}

/* ---- types from schemas ------------------------------------------------ */

static const struct type *type_from_schema(struct arena *a, node schema);

static enum type_kind kind_of_schema(node schema)
{
	static const struct {
		const char *name;
		enum type_kind kind;
	} kinds[] = {
		{ "object", TYPE_MAP },	    { "array", TYPE_LIST },  { "string", TYPE_STRING },
		{ "integer", TYPE_INT },    { "number", TYPE_NUMBER }, { "boolean", TYPE_BOOL },
	};
	str name = node_str(node_get(schema, S("type")));

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(name, str_c(kinds[i].name)))
			return kinds[i].kind;
	return TYPE_ANY;
}

static int by_name(const void *x, const void *y)
{
	return str_cmp(((const struct type_field *)x)->name, ((const struct type_field *)y)->name);
}

static void add_fields(struct arena *a, struct type *t, node properties)
{
	struct type_field *fields = arena_array(a, struct type_field, node_len(properties));

	node_each_pair(p, properties)
		fields[t->fields_n++] = (struct type_field){
			.name = node_str(p->key),
			.type = type_from_schema(a, p->value),
			.fallback = node_get(p->value, S("default")),
		};
	qsort(fields, t->fields_n, sizeof *fields, by_name);
	t->fields = fields;
}

static void add_keys(struct arena *a, struct type *t, node names)
{
	str *keys = arena_array(a, str, node_len(names));

	node_each_item(i, names)
		keys[t->keys_n++] = node_str(*i);
	t->keys = keys;
}

static const struct type *type_from_schema(struct arena *a, node schema)
{
	str ref = node_str(node_get(schema, S("$ref")));
	struct type *t = arena_new(a, struct type);
	str list = node_str(node_get(schema, S("x-kubernetes-list-type")));

	if (ref.n)
		return builtin_named(str_from(ref, str_rfind_char(ref, '/') + 1));
	t->kind = (uint8_t)kind_of_schema(schema);
	t->preserve = node_bool(node_get(schema, S("x-kubernetes-preserve-unknown-fields")));
	t->atomic = str_eq(node_str(node_get(schema, S("x-kubernetes-map-type"))), S("atomic"));
	if (str_eq(list, S("map")))
		t->list = TYPE_LIST_MAP;
	else if (str_eq(list, S("set")))
		t->list = TYPE_LIST_SET;
	if (node_has(schema, S("items")))
		t->items = type_from_schema(a, node_get(schema, S("items")));
	if (node_has(schema, S("additionalProperties")))
		t->values = type_from_schema(a, node_get(schema, S("additionalProperties")));
	if (node_has(schema, S("properties"))) {
		t->kind = TYPE_OBJECT;
		add_fields(a, t, node_get(schema, S("properties")));
	}
	add_keys(a, t, node_get(schema, S("x-kubernetes-list-map-keys")));
	return t;
}

static const struct type *type_asked(struct arena *a, node request)
{
	if (node_has(request, S("schema")))
		return type_from_schema(a, node_get(request, S("schema")));
	return builtin_type(kind_asked(request));
}

/* ---- operations -------------------------------------------------------- */

static err *run_canon(struct arena *a, node request, node *output)
{
	struct canon_unknown *unknown = arena_new(a, struct canon_unknown);
	node object, list = node_seq(a, 0);

	bool maps = driver_bool(request, "maps", false);

	TRY((maps ? canon_restored : canon_object)(a, node_get(request, S("object")),
						   type_asked(a, request), unknown, &object));
	for (size_t i = 0; i < unknown->n; i++)
		node_append(a, list,
			    node_from_str(a, arena_printf(a, "unknown field \"%.*s\"",
							  STR_ARG(unknown->list[i]))));
	*output = node_map(a, 2);
	node_set(a, *output, S("object"), object);
	node_set(a, *output, S("unknown"), list);
	return NULL;
}

static struct managed_request write_asked(struct arena *a, node request)
{
	struct managed_request r = {
		.gvk = kind_asked(request),
		.type = type_asked(a, request),
		.manager = node_str(node_get(request, S("manager"))),
		.subresource = node_str(node_get(request, S("subresource"))),
		.now = node_str(node_get(request, S("now"))),
		.force = driver_bool(request, "force", false),
	};
	node reset = node_get(request, S("reset"));

	if (node_len(reset)) {
		struct fieldset *s = fieldset_new(a);

		node_each_item(i, reset) {
			str path = node_str(*i), parts[8];
			size_t n = 0;

			while (n < 8 && str_cut(&path, &parts[n], '.'))
				n++;
			fieldset_add_fields(a, s, parts, n);
		}
		r.reset = s;
	}
	return r;
}

static node live_asked(node request)
{
	node live = node_get(request, S("live"));

	return node_is_nil(live) ? NODE_NOTHING : live;
}

static err *run_managed_update(struct arena *a, node request, node *output)
{
	struct managed_request r = write_asked(a, request);
	node list = managed_update(a, &r, live_asked(request), node_get(request, S("object")));

	*output = node_map(a, 1);
	node_set(a, *output, S("entries"), node_is(list, NODE_NONE) ? node_null() : list);
	return NULL;
}

static err *run_managed_apply(struct arena *a, node request, node *output)
{
	struct managed_request r = write_asked(a, request);
	struct managed_result result;

	TRY(managed_apply(a, &r, live_asked(request), node_get(request, S("object")), &result));
	*output = node_map(a, 2);
	if (!result.conflicts_n) {
		node_set(a, *output, S("object"), result.object);
		return NULL;
	}
	node list = node_seq(a, result.conflicts_n);

	for (size_t i = 0; i < result.conflicts_n; i++) {
		node c = node_map(a, 2);

		node_set(a, c, S("message"), node_from_str(a, result.conflicts[i].message));
		node_set(a, c, S("field"), node_from_str(a, result.conflicts[i].field));
		node_append(a, list, c);
	}
	node_set(a, *output, S("message"), node_from_str(a, result.message));
	node_set(a, *output, S("conflicts"), list);
	return NULL;
}

static err *run_strategic(struct arena *a, node request, node *output)
{
	return strategic_patch(a, node_get(request, S("live")), node_get(request, S("object")),
			       type_asked(a, request), output);
}

static err *run_protobuf(struct arena *a, node request, node *output)
{
	node object;

	TRY(protobuf_read(a, driver_text(a, request, "body"), kind_asked(request), &object));
	return canon_object(a, object, builtin_type(gvk_of(object)), NULL, output);
}

/* Documents about the built-in kinds; "what" is their path. */
static err *run_discovery(struct arena *a, node request, node *output)
{
	str path = driver_text(a, request, "what"), group, version;
	struct discovery_rows rows;

	rows.list = kind_builtins(&rows.n);
	if (driver_bool(request, "aggregated", false)) {
		*output = discovery_aggregated(a, &rows, str_eq(path, S("/api")));
		return NULL;
	}
	if (str_eq(path, S("/apis"))) {
		*output = discovery_groups(a, &rows);
		return NULL;
	}
	if (str_take_str(&path, S("/api/"))) {
		*output = discovery_resources(a, &rows, STR_NONE, path);
		return NULL;
	}
	str_take_str(&path, S("/apis/"));
	if (str_split(path, '/', &group, &version))
		*output = discovery_resources(a, &rows, group, version);
	else
		*output = discovery_group(a, &rows, group);
	return NULL;
}

/* Descriptions are our own: recorded documents are compared without. */
static node bare(struct arena *a, node n)
{
	node out = n;

	if (node_is(n, NODE_MAP)) {
		out = node_map(a, node_len(n));
		node_each_pair(p, n)
			if (!str_eq(node_str(p->key), S("description")) || !node_is(p->value, NODE_STR))
				node_push(a, out, p->key, bare(a, p->value));
	} else if (node_is(n, NODE_SEQ)) {
		out = node_seq(a, node_len(n));
		node_each_item(i, n)
			node_append(a, out, bare(a, *i));
	}
	return out;
}

/* The v2 document, or that of one group and version. */
static err *run_openapi(struct arena *a, node request, node *output)
{
	str group = driver_text(a, request, "group"), version = driver_text(a, request, "version");
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct discovery_rows rows;

	rows.list = kind_builtins(&rows.n);
	*output = version.n ? openapi_v3(a, &rows, group, version) : openapi_v2(a, &rows);
	if (driver_bool(request, "schemas", false))
		*output = bare(a, node_dig(*output, "components", "schemas"));
	if (driver_bool(request, "protobuf", false)) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		openapi_gnostic(&b, *output);
		base64_write(&text, buf_str(&b), BASE64_STD);
		*output = node_copy_str(a, buf_str(&text));
	}
	return NULL;
}

const struct driver_op driver_managed_ops[] = {
	{ .name = "canon", .run = run_canon },
	{ .name = "discovery", .run = run_discovery },
	{ .name = "managed-apply", .run = run_managed_apply },
	{ .name = "managed-update", .run = run_managed_update },
	{ .name = "openapi", .run = run_openapi },
	{ .name = "protobuf", .run = run_protobuf },
	{ .name = "strategic-patch", .run = run_strategic },
	{ 0 },
};
