#include "server/openapi_docs.h"

#include "server/custom.h"
#include "server/openapi_impl.h"

/* ---- definitions of rows ------------------------------------------------ */

/* "com.example.stable.v1.CronTab" */
static str custom_name(struct arena *a, const struct kind *k, str kind)
{
	str group = k->gvk.group, part, out = STR_NONE;

	while (str_cut(&group, &part, '.'))
		out = arena_cat(a, part, out.n ? S(".") : STR_NONE, out);
	return arena_cat(a, out, S("."), k->gvk.version, S("."), kind);
}

static void set_kind(struct openapi_doc *d, node schema, struct gvk g)
{
	node list = node_seq(d->a, 1);

	node_append(d->a, list, openapi_kind(d, g));
	node_set(d->a, schema, S("x-kubernetes-group-version-kind"), list);
}

static node text_field(struct openapi_doc *d, const char *name)
{
	node n = node_map(d->a, 2);

	openapi_set(d, n, "type", S("string"));
	openapi_set(d, n, "description", openapi_words(d->a, str_c(name)));
	return n;
}

static node list_schema(struct openapi_doc *d, const struct kind *k)
{
	node n = node_map(d->a, 5), properties = node_map(d->a, 4), items = node_map(d->a, 2);
	node required = node_seq(d->a, 1);

	openapi_set(d, items, "type", S("array"));
	node_set(d->a, items, S("items"), openapi_ref(d, custom_name(d->a, k, k->gvk.kind)));
	node_set(d->a, properties, S("apiVersion"), text_field(d, "apiVersion"));
	node_set(d->a, properties, S("kind"), text_field(d, "kind"));
	node_set(d->a, properties, S("metadata"),
		 openapi_ref(d, S("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")));
	node_set(d->a, properties, S("items"), items);
	node_append(d->a, required, node_lit("items"));
	openapi_set(d, n, "type", S("object"));
	openapi_set(d, n, "description", arena_cat(d->a, S("A list of "), k->gvk.kind, S(" objects.")));
	node_set(d->a, n, S("properties"), properties);
	node_set(d->a, n, S("required"), required);
	set_kind(d, n, (struct gvk){ k->gvk.group, k->gvk.version, k->list_kind });
	return n;
}

/* Schemas of custom resources name definitions that must be there, too. */
static void follow_refs(struct openapi_doc *d, node schema)
{
	str ref = node_str(node_get(schema, S("$ref")));

	if (ref.n)
		openapi_ref(d, str_from(ref, str_rfind_char(ref, '/') + 1));
	node_each_pair(p, schema)
		follow_refs(d, p->value);
	node_each_item(i, schema)
		follow_refs(d, *i);
}

str openapi_definition(struct openapi_doc *d, const struct kind *k, bool list)
{
	str kind = list ? k->list_kind : k->gvk.kind;

	if (!k->custom) {
		struct gvk g = { k->gvk.group, k->gvk.version, kind };
		const struct type *t = list ? builtin_type(g) : k->type;

		return t ? t->name : STR_NONE;
	}
	str name = custom_name(d->a, k, kind);

	if (node_has(d->schemas, name))
		return name;
	node schema = list ? list_schema(d, k) : custom_openapi(d->a, k, d->v2);

	node_set(d->a, d->schemas, name, schema);
	if (!list) {
		set_kind(d, schema, k->gvk);
		follow_refs(d, schema);
	}
	return name;
}

/* ---- documents --------------------------------------------------------- */

static node start(struct openapi_doc *d, const char *key, const char *version)
{
	node doc = node_map(d->a, 6), info = node_map(d->a, 2);

	openapi_set(d, doc, key, str_c(version));
	openapi_set(d, info, "title", S("Kubernetes"));
	openapi_set(d, info, "version", S("1.36"));
	node_set(d->a, doc, S("info"), info);
	return doc;
}

static node bearer(struct openapi_doc *d)
{
	node all = node_map(d->a, 1), token = node_map(d->a, 4);

	openapi_set(d, token, "type", S("apiKey"));
	openapi_set(d, token, "description", S("A bearer token."));
	openapi_set(d, token, "name", S("authorization"));
	openapi_set(d, token, "in", S("header"));
	node_set(d->a, all, S("BearerToken"), token);
	return all;
}

/* Deletions and watches of every group have these. */
static void add_common(struct openapi_doc *d)
{
	openapi_ref(d, S("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"));
	openapi_ref(d, S("io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent"));
	openapi_ref(d, S("io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList"));
}

static node sorted(node n)
{
	node_sort(n);
	return n;
}

node openapi_v2(struct arena *a, const struct discovery_rows *rows)
{
	struct openapi_doc d = { .a = a, .v2 = true, .schemas = node_map(a, 600) };
	node doc = start(&d, "swagger", "2.0"), paths = node_map(a, 400), security = node_seq(a, 1);
	node need = node_map(a, 1);

	add_common(&d);
	for (size_t i = 0; i < rows->n; i++)
		openapi_add_paths(&d, paths, rows->list[i]);
	openapi_write_types(&d);
	node_set(a, need, S("BearerToken"), node_seq(a, 0));
	node_append(a, security, need);
	node_set(a, doc, S("paths"), sorted(paths));
	node_set(a, doc, S("definitions"), sorted(d.schemas));
	node_set(a, doc, S("securityDefinitions"), bearer(&d));
	node_set(a, doc, S("security"), security);
	return doc;
}

node openapi_v3(struct arena *a, const struct discovery_rows *rows, str group, str version)
{
	struct openapi_doc d = {
		.a = a, .group = group, .version = version, .schemas = node_map(a, 100)
	};
	node doc = start(&d, "openapi", "3.0.0"), paths = node_map(a, 50), components = node_map(a, 2);
	bool served = false;

	add_common(&d);
	for (size_t i = 0; i < rows->n; i++) {
		const struct kind *k = rows->list[i];

		if (!str_eq(k->gvk.group, group) || !str_eq(k->gvk.version, version))
			continue;
		served = true;
		openapi_add_paths(&d, paths, k);
	}
	if (!served)
		return NODE_NOTHING;
	openapi_write_types(&d);
	node_set(a, components, S("schemas"), sorted(d.schemas));
	node_set(a, components, S("securitySchemes"), bearer(&d));
	node_set(a, doc, S("paths"), sorted(paths));
	node_set(a, doc, S("components"), components);
	return doc;
}
