/* crd - a CustomResourceDefinition from the field table of a kind. */
#include <assert.h>

#include "api/kind_impl.h"
#include "value/json.h"

struct crd {
	struct arena *arena;
	const struct api_kind *kind;
	uint16_t version;	/* its bit */
	str path;		/* of the row, for its description */
};

static const char *const type_names[] = {
	[API_OBJECT] = "object",   [API_MAP] = "object",      [API_LIST] = "array",
	[API_STRING] = "string",   [API_INTEGER] = "integer", [API_BOOLEAN] = "boolean",
};

static void set(struct crd *c, node map, const char *key, node value)
{
	node_set(c->arena, map, str_c(key), value);
}

/* A field of that name may have had another type: the version's own row
 * counts, else the one of the newest versions. */
static bool is_other_row(struct crd *c, size_t at)
{
	const struct api_kind *k = c->kind;
	const struct api_field *f = &k->fields[at];

	if (f->in & c->version)
		return false;
	for (size_t i = at; i-- > 0 && k->fields[i].depth >= f->depth;)
		if (k->fields[i].depth == f->depth && str_eq(k->fields[i].name, f->name) &&
		    (k->fields[i].in & c->version || k->fields[i].in > f->in))
			return true;
	for (size_t i = at + 1; i < k->fields_n && k->fields[i].depth >= f->depth; i++)
		if (k->fields[i].depth == f->depth && str_eq(k->fields[i].name, f->name) &&
		    (k->fields[i].in & c->version || k->fields[i].in > f->in))
			return true;
	return false;
}

static void add_limits(struct crd *c, node schema, const struct api_field *f)
{
	for (const struct api_limits *l = f->limits; l && l->in; l++) {
		if (!(l->in & c->version))
			continue;
		node keywords;
		err *e = json_read(c->arena, str_c(l->keywords), NULL, &keywords);

		assert(!e);	/* the table is ours */
		node_each_pair(p, keywords)
			node_set(c->arena, schema, node_str(p->key), p->value);
	}
}

static node schema_of(struct crd *c, size_t at);

/* The fields below a row: properties, items or the values of a map. */
static void add_below(struct crd *c, node schema, size_t at)
{
	const struct api_field *f = &c->kind->fields[at];
	size_t end = at + kind_extent(c->kind, at);
	node properties = node_map(c->arena, 8), required = node_seq(c->arena, 4);

	for (size_t i = at + 1; i < end; i += kind_extent(c->kind, i)) {
		const struct api_field *b = &c->kind->fields[i];

		if (is_other_row(c, i))
			continue;
		if (str_eq(b->name, S("*"))) {
			set(c, schema, f->type == API_LIST ? "items" : "additionalProperties",
			    schema_of(c, i));
			return;
		}
		node_set(c->arena, properties, b->name, schema_of(c, i));
		if (b->required & c->version)
			node_append(c->arena, required, node_from_str(c->arena, b->name));
	}
	if (node_len(properties))
		set(c, schema, "properties", properties);
	if (node_len(required))
		set(c, schema, "required", required);
}

static node schema_of(struct crd *c, size_t at)
{
	const struct api_field *f = &c->kind->fields[at];
	node schema = node_map(c->arena, 6);
	str above = c->path;

	if (!str_eq(f->name, S("*")))
		c->path = above.n ? arena_cat(c->arena, above, S("."), f->name) : f->name;
	const char *about = str_eq(f->name, S("*")) ? NULL : about_field(c->kind->kind, c->path);

	if (about)
		set(c, schema, "description", node_from_str(c->arena, str_c(about)));
	if (f->type == API_INT_OR_STRING)
		set(c, schema, "x-kubernetes-int-or-string", node_from_bool(true));
	else if (f->type == API_ANY)
		set(c, schema, "x-kubernetes-preserve-unknown-fields", node_from_bool(true));
	else
		set(c, schema, "type", node_from_str(c->arena, str_c(type_names[f->type])));
	add_limits(c, schema, f);
	add_below(c, schema, at);
	c->path = above;
	return schema;
}

static node root_schema(struct crd *c)
{
	node schema = node_map(c->arena, 4), properties = node_map(c->arena, 5);
	node required = node_seq(c->arena, 1);

	for (size_t i = 0; i < c->kind->fields_n; i += kind_extent(c->kind, i)) {
		const struct api_field *f = &c->kind->fields[i];

		node_set(c->arena, properties, f->name, schema_of(c, i));
		if (f->required & c->version)
			node_append(c->arena, required, node_from_str(c->arena, f->name));
	}
	const char *about = about_field(c->kind->kind, STR_NONE);

	if (about)
		set(c, schema, "description", node_from_str(c->arena, str_c(about)));
	set(c, schema, "type", node_lit("object"));
	set(c, schema, "properties", properties);
	if (node_len(required))
		set(c, schema, "required", required);
	return schema;
}

static node columns_of(struct crd *c, const struct api_version *v)
{
	node list = node_seq(c->arena, v->columns_n);

	for (size_t i = 0; i < v->columns_n; i++) {
		const struct api_column *col = &v->columns[i];
		node n = node_map(c->arena, 4);

		set(c, n, "jsonPath", node_from_str(c->arena, str_c(col->path)));
		set(c, n, "name", node_from_str(c->arena, str_c(col->name)));
		if (col->priority)
			set(c, n, "priority", node_from_int(col->priority));
		set(c, n, "type", node_from_str(c->arena, str_c(col->type)));
		node_append(c->arena, list, n);
	}
	return list;
}

static bool has_status(const struct crd *c)
{
	for (size_t i = 0; i < c->kind->fields_n; i++)
		if (c->kind->fields[i].depth == 0 && str_eq(c->kind->fields[i].name, S("status")))
			return c->kind->fields[i].in & c->version;
	return false;
}

static node version_of(struct crd *c, size_t at)
{
	const struct api_version *v = &c->kind->versions[at];
	node n = node_map(c->arena, 8), schema = node_map(c->arena, 1);
	node subresources = node_map(c->arena, 1);

	c->version = (uint16_t)(1u << at);
	if (v->columns_n)
		set(c, n, "additionalPrinterColumns", columns_of(c, v));
	if (v->warning.n) {
		set(c, n, "deprecated", node_from_bool(true));
		set(c, n, "deprecationWarning", node_from_str(c->arena, v->warning));
	}
	set(c, n, "name", node_from_str(c->arena, v->name));
	set(c, schema, "openAPIV3Schema", root_schema(c));
	set(c, n, "schema", schema);
	set(c, n, "served", node_from_bool(true));
	set(c, n, "storage", node_from_bool(v->newest));
	if (has_status(c))
		set(c, subresources, "status", node_map(c->arena, 0));
	set(c, n, "subresources", subresources);
	return n;
}

static void set_texts(struct crd *c, node map, const char *key, const str *texts, size_t n)
{
	node list = node_seq(c->arena, n);

	for (size_t i = 0; i < n; i++)
		node_append(c->arena, list, node_from_str(c->arena, texts[i]));
	if (n)
		set(c, map, key, list);
}

static node names_of(struct crd *c)
{
	const struct api_kind *k = c->kind;
	node names = node_map(c->arena, 6);

	set_texts(c, names, "categories", k->categories, k->categories_n);
	set(c, names, "kind", node_from_str(c->arena, k->kind));
	set(c, names, "listKind",
	    node_from_str(c->arena, arena_cat(c->arena, k->kind, S("List"))));
	set(c, names, "plural", node_from_str(c->arena, k->plural));
	set_texts(c, names, "shortNames", k->short_names, k->short_names_n);
	set(c, names, "singular", node_from_str(c->arena, k->singular));
	return names;
}

/* The definition of a kind may stand in a repository whose variables are replaced, and "$" in
 * it is none. So the originals are marked, but for two. */
static bool may_be_substituted(const struct api_kind *k)
{
	return str_eq(k->kind, S("ImagePolicy")) || str_eq(k->kind, S("ImageRepository"));
}

static node annotations_of(struct crd *c)
{
	node annotations = node_map(c->arena, 1);

	set(c, annotations, "kustomize.toolkit.fluxcd.io/substitute", node_lit("disabled"));
	return annotations;
}

node api_kind_crd(struct arena *a, const struct api_kind *k, node labels)
{
	struct crd c = { .arena = a, .kind = k };
	node crd = node_map(a, 4), metadata = node_map(a, 3), spec = node_map(a, 4);
	node versions = node_seq(a, k->versions_n);

	for (size_t i = k->versions_n; i-- > 0;)	/* newest first, as it is preferred */
		node_append(a, versions, version_of(&c, i));
	if (!may_be_substituted(k))
		set(&c, metadata, "annotations", annotations_of(&c));
	if (!node_is_nil(labels))
		set(&c, metadata, "labels", labels);
	set(&c, metadata, "name",
	    node_from_str(a, arena_cat(a, k->plural, S("."), k->group)));
	set(&c, spec, "group", node_from_str(a, k->group));
	set(&c, spec, "names", names_of(&c));
	set(&c, spec, "scope", node_lit("Namespaced"));
	set(&c, spec, "versions", versions);
	set(&c, crd, "apiVersion", node_lit("apiextensions.k8s.io/v1"));
	set(&c, crd, "kind", node_lit("CustomResourceDefinition"));
	set(&c, crd, "metadata", metadata);
	set(&c, crd, "spec", spec);
	return crd;
}
