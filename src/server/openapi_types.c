/* Definitions from tables of types. */
#include "server/openapi_impl.h"

/* ---- words ------------------------------------------------------------- */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static const char *const known_words[][2] = {
	{ "apiVersion", "Group and version of the kind of this object." },
	{ "kind", "Kind of this object." },
	{ "metadata", "Name, labels, owners and what else all objects have." },
	{ "spec", "What is wanted." },
	{ "status", "What was last seen; written by controllers." },
	{ "items", "The objects of this list." },
};

str openapi_words(struct arena *a, str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof known_words / sizeof *known_words; i++)
		if (str_eq(name, str_c(known_words[i][0])))
			return str_c(known_words[i][1]);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool starts = i && is_upper(c) && !is_upper(name.p[i - 1]);
		bool ends = i && is_upper(c) && is_upper(name.p[i - 1]) && i + 1 < name.n &&
			    !is_upper(name.p[i + 1]) && name.p[i + 1] != 's';

		if (starts || ends)
			buf_addc(&b, ' ');
		bool acronym = is_upper(c) && i + 1 < name.n &&
			       (is_upper(name.p[i + 1]) || (i && is_upper(name.p[i - 1]) && !ends));

		if (i == 0 && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (i && is_upper(c) && !acronym && !(i && is_upper(name.p[i - 1])))
			c = (char)(c - 'A' + 'a');
		else if (ends)
			c = (char)(c - 'A' + 'a');
		buf_addc(&b, c);
	}
	buf_addc(&b, '.');
	return arena_str(a, buf_str(&b));
}

/* ---- references -------------------------------------------------------- */

static void want(struct openapi_doc *d, const struct type *t)
{
	size_t n, at;
	const struct type *all = builtin_definitions(&n);

	t = builtin_named(t->name);
	at = (size_t)(t - all);
	if (!d->seen) {
		d->seen = arena_array(d->a, bool, n);
		d->wanted = arena_array(d->a, const struct type *, n);
	}
	if (!d->seen[at])
		d->wanted[d->wanted_n++] = t;
	d->seen[at] = true;
}

node openapi_ref(struct openapi_doc *d, str name)
{
	node n = node_map(d->a, 1);
	const struct type *t = builtin_named(name);

	if (t)
		want(d, t);
	openapi_set(d, n, "$ref",
		    arena_cat(d->a, d->v2 ? S("#/definitions/") : S("#/components/schemas/"), name));
	return n;
}

/* ---- schemas ----------------------------------------------------------- */

static node schema_of(struct openapi_doc *d, const struct type *t, bool element);

/* What version 3 shows as the default of items and values. */
static node zero_of(struct arena *a, const struct type *t)
{
	switch ((enum type_kind)t->kind) {
	case TYPE_OBJECT:
		return node_map(a, 0);
	case TYPE_STRING:
		return node_lit("");
	case TYPE_INT:
	case TYPE_NUMBER:
		return node_from_int(0);
	case TYPE_BOOL:
		return node_from_bool(false);
	case TYPE_ANY:
	case TYPE_MAP:
	case TYPE_LIST:
	case TYPE_INT_OR_STRING:
	case TYPE_QUANTITY:
	case TYPE_BYTES:
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
	case TYPE_FIELDS:
		break;
	}
	return NODE_NOTHING;
}

static void set_names(struct openapi_doc *d, node to, const char *key, const str *names, size_t n)
{
	node list = node_seq(d->a, n);

	for (size_t i = 0; i < n; i++)
		node_append(d->a, list, node_from_str(d->a, names[i]));
	if (n)
		node_set(d->a, to, str_c(key), list);
}

/* Lists in lists and maps, and those of whole objects, say nothing about their merging. */
static void describe_list(struct openapi_doc *d, node n, const struct type *t, bool field)
{
	static const char *const words[] = { "atomic", "set", "map" };

	openapi_set(d, n, "type", S("array"));
	node_set(d->a, n, S("items"), schema_of(d, t->items, true));
	if (!field)
		return;
	openapi_set(d, n, "x-kubernetes-list-type", str_c(words[t->list]));
	set_names(d, n, "x-kubernetes-list-map-keys", t->keys, t->keys_n);
}

static const char *type_name(const struct type *t)
{
	switch ((enum type_kind)t->kind) {
	case TYPE_INT:
		return "integer";
	case TYPE_NUMBER:
		return "number";
	case TYPE_BOOL:
		return "boolean";
	case TYPE_OBJECT:
	case TYPE_MAP:
	case TYPE_FIELDS:
		return "object";
	case TYPE_LIST:
		return "array";
	case TYPE_ANY:
	case TYPE_STRING:
	case TYPE_INT_OR_STRING:
	case TYPE_QUANTITY:
	case TYPE_BYTES:
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
		break;
	}
	return "string";
}

/* The type of a place that is no definition of its own. */
static void describe(struct openapi_doc *d, node n, const struct type *t, bool field)
{
	if (t->kind == TYPE_LIST) {
		describe_list(d, n, t, field);
		return;
	}
	openapi_set(d, n, "type", str_c(type_name(t)));
	if (t->format.n)
		openapi_set(d, n, "format", t->format);
	if (t->kind == TYPE_MAP && t->values)
		node_set(d->a, n, S("additionalProperties"), schema_of(d, t->values, true));
	if (t->atomic)
		openapi_set(d, n, "x-kubernetes-map-type", S("atomic"));
	set_names(d, n, "enum", t->choices, t->choices_n);
}

/* A reference beside other words: version 3 wants it in a list of its own. */
static void refer(struct openapi_doc *d, node n, const struct type *t)
{
	node ref = openapi_ref(d, t->name);

	if (d->v2) {
		node_set(d->a, n, S("$ref"), node_get(ref, S("$ref")));
		return;
	}
	node list = node_seq(d->a, 1);

	node_append(d->a, list, ref);
	node_set(d->a, n, S("allOf"), list);
}

static node schema_of(struct openapi_doc *d, const struct type *t, bool element)
{
	node zero = element && !d->v2 ? zero_of(d->a, t) : NODE_NOTHING;

	if (t->name.n && node_is(zero, NODE_NONE))
		return openapi_ref(d, t->name);
	node n = node_map(d->a, 3);

	if (t->name.n)
		refer(d, n, t);
	else
		describe(d, n, t, false);
	if (!node_is(zero, NODE_NONE))
		node_set(d->a, n, S("default"), zero);
	return n;
}

static str strategies(struct arena *a, uint8_t patch)
{
	static const struct {
		uint8_t bit;
		const char *word;
	} words[] = {
		{ TYPE_PATCH_MERGE, "merge" },
		{ TYPE_PATCH_RETAIN_KEYS, "retainKeys" },
		{ TYPE_PATCH_REPLACE, "replace" },
	};
	str out = STR_NONE;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (patch & words[i].bit)
			out = arena_cat(a, out, out.n ? S(",") : STR_NONE, str_c(words[i].word));
	return out;
}

static bool is_list_items(const struct type *owner, const struct type_field *f)
{
	return str_ends(owner->name, S("List")) && str_eq(f->name, S("items"));
}

static node field_schema(struct openapi_doc *d, const struct type *owner, const struct type_field *f)
{
	node n = node_map(d->a, 8);
	const struct type *t = f->type;

	openapi_set(d, n, "description", openapi_words(d->a, f->name));
	if (!d->v2 && !node_is(f->fallback, NODE_NONE))
		node_set(d->a, n, S("default"), node_copy(d->a, f->fallback));
	if (t->name.n)
		refer(d, n, t);
	else
		describe(d, n, t, !is_list_items(owner, f) && !str_eq(t->go, S("v1.Verbs")));
	if (t->name.n && t->atomic != builtin_named(t->name)->atomic)
		openapi_set(d, n, "x-kubernetes-map-type", t->atomic ? S("atomic") : S("granular"));
	if (f->patch_key.n)
		openapi_set(d, n, "x-kubernetes-patch-merge-key", f->patch_key);
	if (f->patch)
		openapi_set(d, n, "x-kubernetes-patch-strategy", strategies(d->a, f->patch));
	return n;
}

static void set_fields(struct openapi_doc *d, node n, const struct type *t)
{
	node properties = node_map(d->a, t->fields_n), required = node_seq(d->a, 4);

	for (size_t i = 0; i < t->fields_n; i++) {
		node_push(d->a, properties, node_from_str(d->a, t->fields[i].name),
			  field_schema(d, t, &t->fields[i]));
		if (t->fields[i].required)
			node_append(d->a, required, node_from_str(d->a, t->fields[i].name));
	}
	if (node_len(properties))
		node_set(d->a, n, S("properties"), properties);
	if (node_len(required))
		node_set(d->a, n, S("required"), required);
}

/* ---- definitions ------------------------------------------------------- */

node openapi_kind(struct openapi_doc *d, struct gvk g)
{
	node n = node_map(d->a, 3);

	openapi_set(d, n, "group", g.group);
	openapi_set(d, n, "kind", g.kind);
	openapi_set(d, n, "version", g.version);
	return n;
}

/* What all groups share is named for the core and the document's group alone. */
static void set_kinds(struct openapi_doc *d, node n, const struct type *t)
{
	size_t count;
	const struct builtin_kind *k = builtin_kinds(&count);
	node list = node_seq(d->a, 1);

	for (size_t i = 0; i < count; i++) {
		if (k[i].type != t)
			continue;
		bool shared = str_starts(t->name, S("io.k8s.apimachinery."));

		bool own = str_eq(k[i].gvk.group, d->group) && str_eq(k[i].gvk.version, d->version);

		if (!d->v2 && shared && k[i].gvk.group.n && !own)
			continue;
		node_append(d->a, list, openapi_kind(d, k[i].gvk));
	}
	if (node_len(list))
		node_set(d->a, n, S("x-kubernetes-group-version-kind"), list);
}

static void set_alternatives(struct openapi_doc *d, node n, const char *x, const char *y)
{
	const char *const both[] = { x, y };
	node list = node_seq(d->a, 2);

	for (size_t i = 0; i < 2; i++) {
		node t = node_map(d->a, 1);

		openapi_set(d, t, "type", str_c(both[i]));
		node_append(d->a, list, t);
	}
	node_set(d->a, n, S("oneOf"), list);
}

static node definition(struct openapi_doc *d, const struct type *t)
{
	node n = node_map(d->a, 6);
	str words = openapi_words(d->a, str_from(t->go, str_find_char(t->go, '.') + 1));

	openapi_set(d, n, "description", words);
	if (t->format.n)
		openapi_set(d, n, "format", t->format);
	if (t->kind == TYPE_INT_OR_STRING && !d->v2)
		set_alternatives(d, n, "integer", "string");
	else if (t->kind == TYPE_QUANTITY && !d->v2)
		set_alternatives(d, n, "string", "number");
	else if (t->kind != TYPE_ANY)
		openapi_set(d, n, "type", str_c(type_name(t)));
	else if (str_starts(t->name, S("io.k8s.apimachinery.")))
		openapi_set(d, n, "type", S("object"));
	set_fields(d, n, t);
	if (t->atomic && t->kind == TYPE_OBJECT)
		openapi_set(d, n, "x-kubernetes-map-type", S("atomic"));
	set_kinds(d, n, t);
	return n;
}

void openapi_write_types(struct openapi_doc *d)
{
	for (size_t i = 0; i < d->wanted_n; i++)	/* more may come on the way */
		node_set(d->a, d->schemas, d->wanted[i]->name, definition(d, d->wanted[i]));
}
