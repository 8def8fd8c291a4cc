/* Schemas of custom resources as the OpenAPI documents have them.
 *
 * They are published nearly as they were written. Version 2 of OpenAPI, which
 * only old clients read, does not know alternatives, nulls and unknown
 * fields: what would make kubectl refuse good objects is left out there. */
#include "server/custom_impl.h"

#define METADATA_DEFINITION "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

struct writer {
	struct arena *arena;
	bool v2;
};

/* Words that are published, sorted. */
static const str words[] = {
	S("additionalProperties"), S("allOf"), S("anyOf"), S("default"), S("description"), S("enum"),
	S("example"), S("exclusiveMaximum"), S("exclusiveMinimum"), S("externalDocs"), S("format"),
	S("items"), S("maxItems"), S("maxLength"), S("maxProperties"), S("maximum"), S("minItems"),
	S("minLength"), S("minProperties"), S("minimum"), S("multipleOf"), S("not"), S("nullable"),
	S("oneOf"), S("pattern"), S("properties"), S("required"), S("title"), S("type"),
	S("uniqueItems"), S("x-kubernetes-embedded-resource"), S("x-kubernetes-int-or-string"),
	S("x-kubernetes-list-map-keys"), S("x-kubernetes-list-type"), S("x-kubernetes-map-type"),
	S("x-kubernetes-preserve-unknown-fields"), S("x-kubernetes-validations"),
};

static node publish(struct writer *w, node schema);

static node publish_all(struct writer *w, node of)
{
	node out = of.kind == NODE_SEQ ? node_seq(w->arena, node_len(of))
				       : node_map(w->arena, node_len(of));

	node_each_item(item, of)
		node_append(w->arena, out, publish(w, *item));
	node_each_pair(p, of)
		node_put(w->arena, out, p->key, publish(w, p->value));
	return out;
}

static bool truth(node schema, const char *word)
{
	return node_bool(node_get(schema, str_c(word)));
}

static bool is_type(node schema, const char *type)
{
	return str_eq(node_str(node_get(schema, S("type"))), str_c(type));
}

/* Words that say nothing are not written. */
static bool says_nothing(str word, node v)
{
	if (node_is_nil(v))
		return true;
	if (str_eq(word, S("default")) || str_eq(word, S("example")) || str_eq(word, S("not")) ||
	    str_eq(word, S("items")) || str_eq(word, S("additionalProperties")))
		return false;
	return (v.kind == NODE_BOOL && !node_bool(v)) || (v.kind == NODE_STR && !node_str(v).n) ||
	       ((v.kind == NODE_SEQ || v.kind == NODE_MAP) && !node_len(v));
}

static bool is_left_out(const struct writer *w, node schema, str word)
{
	bool below = str_eq(word, S("items")) || str_eq(word, S("properties"));
	bool preserve = truth(schema, "x-kubernetes-preserve-unknown-fields");
	bool nullable = truth(schema, "nullable");

	if (!w->v2)
		return false;
	if (str_eq(word, S("allOf")) || str_eq(word, S("anyOf")) || str_eq(word, S("oneOf")) ||
	    str_eq(word, S("not")) || str_eq(word, S("default")) || str_eq(word, S("nullable")))
		return true;
	if (below)
		return nullable || preserve;
	if (str_eq(word, S("type")))
		return nullable || (preserve && is_type(schema, "object")) ||
		       (is_type(schema, "array") &&
			(preserve || node_is_nil(node_get(schema, S("items")))));
	return false;
}

static node publish_word(struct writer *w, str word, node v)
{
	static const char *const of_schemas[] = { "allOf", "anyOf", "oneOf", "properties" };
	static const char *const schemas[] = { "items", "not", "additionalProperties" };

	for (size_t i = 0; i < sizeof of_schemas / sizeof *of_schemas; i++)
		if (str_eq(word, str_c(of_schemas[i])))
			return publish_all(w, v);
	for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
		if (str_eq(word, str_c(schemas[i])))
			return v.kind == NODE_MAP ? publish(w, v) : v;
	return v;
}

/* ---- what is implied --------------------------------------------------- */

static node type_node(struct arena *a, const char *type)
{
	node n = node_map(a, 1);

	node_set(a, n, S("type"), node_from_str(a, str_c(type)));
	return n;
}

static node int_or_string(struct arena *a)
{
	node list = node_seq(a, 2);

	node_append(a, list, type_node(a, "integer"));
	node_append(a, list, type_node(a, "string"));
	return list;
}

static bool is_int_or_string(node list)
{
	return node_len(list) == 2 && node_len(node_at(list, 0)) == 1 &&
	       is_type(node_at(list, 0), "integer") && node_len(node_at(list, 1)) == 1 &&
	       is_type(node_at(list, 1), "string");
}

/* x-kubernetes-int-or-string in words that all readers know. */
static void unfold(struct writer *w, node schema, node out)
{
	struct arena *a = w->arena;
	node any = node_get(schema, S("anyOf")), all = node_get(schema, S("allOf"));
	node first, longer;

	if (w->v2 || !truth(schema, "x-kubernetes-int-or-string") || is_int_or_string(any) ||
	    is_int_or_string(node_get(node_at(all, 0), S("anyOf"))))
		return;
	if (!node_len(any)) {
		node_set(a, out, S("anyOf"), int_or_string(a));
		return;
	}
	first = node_map(a, 1);
	longer = node_seq(a, node_len(all) + 1);
	node_set(a, first, S("anyOf"), int_or_string(a));
	node_append(a, longer, first);
	node_each_item(item, node_get(out, S("allOf")))
		node_append(a, longer, *item);
	node_set(a, out, S("allOf"), longer);
}

static void imply_meta(struct writer *w, node out)
{
	struct arena *a = w->arena;
	node *there = node_find(out, S("properties"));
	node properties = there ? *there : node_map(a, 3), ref = node_map(a, 1), metadata = ref;
	const char *start = w->v2 ? "#/definitions/" : "#/components/schemas/";

	node_set(a, ref, S("$ref"),
		 node_from_str(a, arena_cat(a, str_c(start), S(METADATA_DEFINITION))));
	node_set(a, properties, S("apiVersion"), type_node(a, "string"));
	node_set(a, properties, S("kind"), type_node(a, "string"));
	if (!w->v2) {
		node all = node_seq(a, 1);

		node_append(a, all, ref);
		metadata = node_map(a, 1);
		node_set(a, metadata, S("allOf"), all);
	}
	node_set(a, properties, S("metadata"), metadata);
	node_set(a, out, S("properties"), properties);
}

static void need(struct arena *a, node required, str name)
{
	node_each_item(item, required)
		if (str_eq(node_str(*item), name))
			return;
	node_append(a, required, node_from_str(a, name));
}

/* An object within an object has what every object has. */
static void embed(struct writer *w, node schema, node out)
{
	node required = node_seq(w->arena, 2);

	if (!truth(schema, "x-kubernetes-embedded-resource") ||
	    (w->v2 && truth(schema, "x-kubernetes-preserve-unknown-fields")))
		return;
	imply_meta(w, out);
	node_each_item(item, node_get(out, S("required")))
		node_append(w->arena, required, *item);
	need(w->arena, required, S("kind"));
	need(w->arena, required, S("apiVersion"));
	node_set(w->arena, out, S("required"), required);
}

/* Version 2: what may be null must not be required. */
static void relax(struct writer *w, node schema, node out)
{
	node required = node_get(out, S("required")), left = node_seq(w->arena, node_len(required));
	node properties = is_left_out(w, schema, S("properties"))
				  ? NODE_NOTHING : node_get(schema, S("properties"));

	if (!w->v2 || !node_len(required))
		return;
	if (!truth(node_get(schema, S("additionalProperties")), "nullable"))
		node_each_item(name, required)
			if (!truth(node_get(properties, node_str(*name)), "nullable"))
				node_append(w->arena, left, *name);
	if (node_len(left))
		node_set(w->arena, out, S("required"), left);
	else
		node_remove(out, S("required"));
}

static node publish(struct writer *w, node schema)
{
	node out = node_map(w->arena, node_len(schema) + 1);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		node v = node_get(schema, words[i]);

		if (!says_nothing(words[i], v) && !is_left_out(w, schema, words[i]))
			node_set(w->arena, out, words[i], publish_word(w, words[i], v));
	}
	unfold(w, schema, out);
	relax(w, schema, out);
	embed(w, schema, out);
	return out;
}

static node selectable(struct arena *a, const struct kind *k)
{
	node list = node_seq(a, k->selectable_n);

	for (size_t i = 0; i < k->selectable_n; i++) {
		node field = node_map(a, 1);

		node_set(a, field, S("fieldPath"), node_from_str(a, str_c(k->selectable[i].label)));
		node_append(a, list, field);
	}
	return list;
}

node custom_openapi(struct arena *a, const struct kind *k, bool v2)
{
	const struct custom_version *v = custom_version_of(k);
	struct writer w = { a, v2 };
	node schema = custom_schema(a, v), out;
	bool open = v2 && truth(schema, "x-kubernetes-preserve-unknown-fields");

	if (schema.kind != NODE_MAP || open) {
		out = type_node(a, "object");
	} else {
		out = publish(&w, schema);
		imply_meta(&w, out);
	}
	if (k->selectable_n)
		node_set(a, out, S("x-kubernetes-selectable-fields"), selectable(a, k));
	return out;
}
