#include "kube/merge_schema.h"

#include <stdlib.h>

#include "base/vec.h"
#include "kube/merge_schema_impl.h"

const struct merge_schema *merge_schema_builtin(void)
{
	return &merge_schema_table;
}

/* ---- looking up -------------------------------------------------------- */

static int cmp_root(const void *key, const void *row)
{
	return str_cmp(*(const str *)key, ((const struct merge_root *)row)->api_version_kind);
}

static int cmp_field(const void *key, const void *row)
{
	return str_cmp(*(const str *)key, ((const struct merge_field *)row)->name);
}

static int cmp_type(const void *key, const void *row)
{
	return str_cmp(*(const str *)key, ((const struct merge_type *)row)->name);
}

const struct merge_type *merge_schema_root(const struct merge_schema *s, str api_version, str kind)
{
	char name[512];

	if (!api_version.n || !kind.n || api_version.n + kind.n + 1 > sizeof name)
		return NULL;
	char *end = mempcpy(name, api_version.p, api_version.n);

	*end++ = '/';
	end = mempcpy(end, kind.p, kind.n);
	str key = { name, (size_t)(end - name) };

	for (; s; s = s->base) {
		const struct merge_root *r =
			s->roots_n ? bsearch(&key, s->roots, s->roots_n, sizeof *r, cmp_root) : NULL;

		if (r)
			return r->type;
	}
	return NULL;
}

const struct merge_type *merge_type_field(const struct merge_type *t, str name)
{
	if (!t)
		return NULL;
	const struct merge_field *f =
		t->fields_n ? bsearch(&name, t->fields, t->fields_n, sizeof *f, cmp_field) : NULL;

	return f ? f->type : t->values;
}

const struct merge_type *merge_type_items(const struct merge_type *t)
{
	return t && t->is_list ? t->items : NULL;
}

bool merge_type_is_merged(const struct merge_type *t, const str **keys, size_t *keys_n)
{
	if (!t || !t->merge)
		return false;
	*keys = t->keys;
	*keys_n = t->keys_n;
	return true;
}

/* ---- from OpenAPI ------------------------------------------------------ */

/* Reading a document: each definition becomes one type, made on first use;
 * types may point at each other in circles. */
struct reader {
	struct arena *a;
	node definitions;
	const struct merge_schema *base;
	struct map done;	/* name of a definition -> its merge_type */
	unsigned depth;
};

/* Deeper nesting inside one definition than any API has. */
enum { INLINE_DEPTH_MAX = 200 };

static void fill(struct reader *r, struct merge_type *t, node schema);

static bool has_word(str list, str word)
{
	str piece;

	while (str_cut(&list, &piece, ','))
		if (str_eq(piece, word))
			return true;
	return false;
}

static const struct merge_type *builtin_definition(const struct merge_schema *s, str name)
{
	str short_name = name;

	str_take_str(&short_name, S("io.k8s.api."));
	str_take_str(&short_name, S("io.k8s.apimachinery.pkg.apis."));
	for (; s; s = s->base) {
		const struct merge_type *t =
			s->types_n ? bsearch(&short_name, s->types, s->types_n, sizeof *t, cmp_type)
				   : NULL;

		if (t)
			return t;
	}
	return NULL;
}

static const struct merge_type *definition(struct reader *r, str name)
{
	struct merge_type *t = map_get(&r->done, name);
	node schema = node_get(r->definitions, name);

	if (t)
		return t;
	if (schema.kind != NODE_MAP)
		return builtin_definition(r->base, name);
	t = arena_new(r->a, struct merge_type);
	map_set(&r->done, name, t);
	fill(r, t, schema);
	return t;
}

static const struct merge_type *type_of(struct reader *r, node schema)
{
	str ref = node_str_or(node_get(schema, S("$ref")), STR_NONE);

	if (schema.kind != NODE_MAP || r->depth > INLINE_DEPTH_MAX)
		return NULL;
	if (str_take_str(&ref, S("#/definitions/")))
		return definition(r, ref);
	struct merge_type *t = arena_new(r->a, struct merge_type);

	fill(r, t, schema);
	return t;
}

static int cmp_fields(const void *a, const void *b)
{
	return str_cmp(((const struct merge_field *)a)->name, ((const struct merge_field *)b)->name);
}

static void fill_fields(struct reader *r, struct merge_type *t, node properties)
{
	struct merge_field *fields = arena_array(r->a, struct merge_field, node_len(properties));
	size_t n = 0;

	node_each_pair(p, properties)
		fields[n++] = (struct merge_field){ node_str(p->key), type_of(r, p->value) };
	if (n)
		qsort(fields, n, sizeof *fields, cmp_fields);
	t->fields = fields;
	t->fields_n = n;
}

static void fill_keys(struct reader *r, struct merge_type *t, node schema)
{
	node list = node_get(schema, S("x-kubernetes-list-map-keys"));
	node one = node_get(schema, S("x-kubernetes-patch-merge-key"));
	size_t n = list.kind == NODE_SEQ ? node_len(list) : one.kind == NODE_STR;
	str *keys = arena_array(r->a, str, n);

	for (size_t i = 0; i < n; i++)
		keys[i] = node_str(list.kind == NODE_SEQ ? node_at(list, i) : one);
	t->keys = keys;
	t->keys_n = n;
}

static bool is_array_type(node type)
{
	if (type.kind == NODE_SEQ && node_len(type) == 1)
		type = node_at(type, 0);
	return str_eq(node_str_or(type, STR_NONE), S("array"));
}

static void fill(struct reader *r, struct merge_type *t, node schema)
{
	node properties = node_get(schema, S("properties"));
	node values = node_get(schema, S("additionalProperties"));
	str strategy = node_str_or(node_get(schema, S("x-kubernetes-patch-strategy")), STR_NONE);

	r->depth++;
	if (properties.kind == NODE_MAP)
		fill_fields(r, t, properties);
	if (values.kind == NODE_MAP)
		t->values = type_of(r, values);
	if (is_array_type(node_get(schema, S("type")))) {
		t->is_list = true;
		t->items = type_of(r, node_get(schema, S("items")));
	}
	t->merge = has_word(strategy, S("merge"));
	if (t->merge)
		fill_keys(r, t, schema);
	r->depth--;
}

static int cmp_roots(const void *a, const void *b)
{
	return str_cmp(((const struct merge_root *)a)->api_version_kind,
		       ((const struct merge_root *)b)->api_version_kind);
}

const struct merge_schema *merge_schema_from_openapi(struct arena *a, node document,
						     const struct merge_schema *base)
{
	struct reader r = { .a = a, .definitions = node_get(document, S("definitions")), .base = base };
	struct merge_schema *s = arena_new(a, struct merge_schema);
	VEC(struct merge_root) roots = { 0 };

	node_each_pair(def, r.definitions) {
		node gvks = node_get(def->value, S("x-kubernetes-group-version-kind"));

		node_each_item(gvk, gvks) {
			str group = node_str_or(node_get(*gvk, S("group")), STR_NONE);
			str version = node_str_or(node_get(*gvk, S("version")), STR_NONE);
			str kind = node_str_or(node_get(*gvk, S("kind")), STR_NONE);
			str key = group.n ? arena_cat(a, group, S("/"), version, S("/"), kind)
					  : arena_cat(a, version, S("/"), kind);

			avec_push(a, &roots,
				  (struct merge_root){ key, definition(&r, node_str(def->key)) });
		}
	}
	if (roots.n)
		qsort(roots.p, roots.n, sizeof *roots.p, cmp_roots);
	s->roots = roots.p;
	s->roots_n = roots.n;
	s->base = base;
	map_release(&r.done);
	return s;
}

const struct merge_type *merge_type_from_schema(struct arena *a, const struct merge_schema *s,
						node schema)
{
	struct reader r = { .a = a, .base = s };
	const struct merge_type *t = type_of(&r, schema);

	map_release(&r.done);
	return t;
}
