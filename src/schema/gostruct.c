#include "schema/gostruct.h"

#include "base/sort.h"
#include "value/json.h"

static void print_json(struct buf *b, node value)
{
	err *e = value.kind ? json_write(b, value, NULL) : NULL;

	if (e || !value.kind)
		buf_add(b, S("null"));
	err_free(e);
}

void gostruct_print_list(struct buf *b, node list, const struct gostruct *of)
{
	const char *sep = "[";

	if (list.kind != NODE_SEQ) {
		buf_add(b, S("null"));
		return;
	}
	node_each_item(item, list) {
		buf_add(b, str_c(sep));
		if (of)
			gostruct_print(b, *item, of);
		else
			print_json(b, *item);
		sep = ",";
	}
	buf_add(b, node_len(list) ? S("]") : S("[]"));
}

static int by_key(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(node_str(((const struct node_pair *)a)->key),
		       node_str(((const struct node_pair *)b)->key));
}

static void print_map(struct buf *b, node map, const struct gostruct *of)
{
	struct arena a = ARENA_INIT;
	const char *sep = "{";
	size_t n = node_len(map);

	if (map.kind != NODE_MAP) {
		buf_add(b, S("null"));
		return;
	}
	struct node_pair *pairs = arena_array(&a, struct node_pair, n + 1);

	if (n)
		memcpy(pairs, map.map->pairs, n * sizeof *pairs);
	sort_stable(pairs, n, sizeof *pairs, by_key, NULL);
	for (size_t i = 0; i < n; i++) {
		buf_add(b, str_c(sep));
		json_write_str(b, node_str(pairs[i].key), false);
		buf_addc(b, ':');
		gostruct_print(b, pairs[i].value, of);
		sep = ",";
	}
	buf_add(b, n ? S("}") : S("{}"));
	arena_release(&a);
}

static void print_field(struct buf *b, node v, const struct gostruct_field *f)
{
	switch (f->kind) {
	case GOSTRUCT_TEXT:
		json_write_str(b, node_str_or(v, STR_NONE), false);
		break;
	case GOSTRUCT_BOOL:
		buf_add(b, node_bool(v) ? S("true") : S("false"));
		break;
	case GOSTRUCT_NUMBER:
		print_json(b, node_is_num(v) ? v : node_from_int(0));
		break;
	case GOSTRUCT_POINTER:
		print_json(b, v);
		break;
	case GOSTRUCT_STRUCT_POINTER:
		if (node_is_nil(v))
			buf_add(b, S("null"));
		else
			gostruct_print(b, v, f->of);
		break;
	case GOSTRUCT_STRUCT:
		gostruct_print(b, v, f->of);
		break;
	case GOSTRUCT_LIST:
		gostruct_print_list(b, v, f->of);
		break;
	case GOSTRUCT_MAP:
		print_map(b, v, f->of);
		break;
	case GOSTRUCT_OWN:
		f->print(b, v);
		break;
	}
}

void gostruct_print(struct buf *b, node value, const struct gostruct *type)
{
	buf_addc(b, '{');
	for (size_t i = 0; i < type->n; i++) {
		const struct gostruct_field *f = &type->fields[i];

		buf_addf(b, "%s\"%s\":", i ? "," : "", f->go);
		print_field(b, f->name ? node_get(value, str_c(f->name)) : value, f);
	}
	buf_addc(b, '}');
}

/* ---- JSONSchemaProps --------------------------------------------------- */

static void print_items(struct buf *b, node v)
{
	if (node_is_nil(v)) {
		buf_add(b, S("null"));
		return;
	}
	buf_add(b, S("{\"Schema\":"));
	if (v.kind == NODE_MAP)
		gostruct_print(b, v, &gostruct_schema);
	else
		buf_add(b, S("null"));
	buf_add(b, S(",\"JSONSchemas\":"));
	gostruct_print_list(b, v, &gostruct_schema);
	buf_addc(b, '}');
}

static void print_or_bool(struct buf *b, node v)
{
	if (node_is_nil(v)) {
		buf_add(b, S("null"));
		return;
	}
	buf_addf(b, "{\"Allows\":%s,\"Schema\":", v.kind == NODE_MAP || node_bool(v) ? "true" : "false");
	if (v.kind == NODE_MAP)
		gostruct_print(b, v, &gostruct_schema);
	else
		buf_add(b, S("null"));
	buf_addc(b, '}');
}

static void print_dependency(struct buf *b, node v)
{
	buf_add(b, S("{\"Schema\":"));
	if (v.kind == NODE_MAP)
		gostruct_print(b, v, &gostruct_schema);
	else
		buf_add(b, S("null"));
	buf_add(b, S(",\"Property\":"));
	gostruct_print_list(b, v, NULL);
	buf_addc(b, '}');
}

static void print_dependencies(struct buf *b, node v)
{
	static const struct gostruct_field own = { "", NULL, GOSTRUCT_OWN, NULL, print_dependency };
	const char *sep = "{";

	if (v.kind != NODE_MAP) {
		buf_add(b, S("null"));
		return;
	}
	node_each_pair(p, v) {
		buf_add(b, str_c(sep));
		json_write_str(b, node_str(p->key), false);
		buf_addc(b, ':');
		print_field(b, p->value, &own);
		sep = ",";
	}
	buf_add(b, node_len(v) ? S("}") : S("{}"));
}

static const struct gostruct_field docs_fields[] = {
	{ "Description", "description", GOSTRUCT_TEXT },
	{ "URL", "url", GOSTRUCT_TEXT },
};
static const struct gostruct docs = { docs_fields, 2 };

static const struct gostruct_field rule_fields[] = {
	{ "Rule", "rule", GOSTRUCT_TEXT },
	{ "Message", "message", GOSTRUCT_TEXT },
	{ "MessageExpression", "messageExpression", GOSTRUCT_TEXT },
	{ "Reason", "reason", GOSTRUCT_POINTER },
	{ "FieldPath", "fieldPath", GOSTRUCT_TEXT },
	{ "OptionalOldSelf", "optionalOldSelf", GOSTRUCT_POINTER },
};
const struct gostruct gostruct_rule = { rule_fields, sizeof rule_fields / sizeof *rule_fields };

static const struct gostruct_field schema_fields[] = {
	{ "ID", "id", GOSTRUCT_TEXT },
	{ "Schema", "$schema", GOSTRUCT_TEXT },
	{ "Ref", "$ref", GOSTRUCT_POINTER },
	{ "Description", "description", GOSTRUCT_TEXT },
	{ "Type", "type", GOSTRUCT_TEXT },
	{ "Nullable", "nullable", GOSTRUCT_BOOL },
	{ "Format", "format", GOSTRUCT_TEXT },
	{ "Title", "title", GOSTRUCT_TEXT },
	{ "Default", "default", GOSTRUCT_POINTER },
	{ "Maximum", "maximum", GOSTRUCT_POINTER },
	{ "ExclusiveMaximum", "exclusiveMaximum", GOSTRUCT_BOOL },
	{ "Minimum", "minimum", GOSTRUCT_POINTER },
	{ "ExclusiveMinimum", "exclusiveMinimum", GOSTRUCT_BOOL },
	{ "MaxLength", "maxLength", GOSTRUCT_POINTER },
	{ "MinLength", "minLength", GOSTRUCT_POINTER },
	{ "Pattern", "pattern", GOSTRUCT_TEXT },
	{ "MaxItems", "maxItems", GOSTRUCT_POINTER },
	{ "MinItems", "minItems", GOSTRUCT_POINTER },
	{ "UniqueItems", "uniqueItems", GOSTRUCT_BOOL },
	{ "MultipleOf", "multipleOf", GOSTRUCT_POINTER },
	{ "Enum", "enum", GOSTRUCT_LIST },
	{ "MaxProperties", "maxProperties", GOSTRUCT_POINTER },
	{ "MinProperties", "minProperties", GOSTRUCT_POINTER },
	{ "Required", "required", GOSTRUCT_LIST },
	{ "Items", "items", GOSTRUCT_OWN, NULL, print_items },
	{ "AllOf", "allOf", GOSTRUCT_LIST, &gostruct_schema },
	{ "OneOf", "oneOf", GOSTRUCT_LIST, &gostruct_schema },
	{ "AnyOf", "anyOf", GOSTRUCT_LIST, &gostruct_schema },
	{ "Not", "not", GOSTRUCT_STRUCT_POINTER, &gostruct_schema },
	{ "Properties", "properties", GOSTRUCT_MAP, &gostruct_schema },
	{ "AdditionalProperties", "additionalProperties", GOSTRUCT_OWN, NULL, print_or_bool },
	{ "PatternProperties", "patternProperties", GOSTRUCT_MAP, &gostruct_schema },
	{ "Dependencies", "dependencies", GOSTRUCT_OWN, NULL, print_dependencies },
	{ "AdditionalItems", "additionalItems", GOSTRUCT_OWN, NULL, print_or_bool },
	{ "Definitions", "definitions", GOSTRUCT_MAP, &gostruct_schema },
	{ "ExternalDocs", "externalDocs", GOSTRUCT_STRUCT_POINTER, &docs },
	{ "Example", "example", GOSTRUCT_POINTER },
	{ "XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", GOSTRUCT_POINTER },
	{ "XEmbeddedResource", "x-kubernetes-embedded-resource", GOSTRUCT_BOOL },
	{ "XIntOrString", "x-kubernetes-int-or-string", GOSTRUCT_BOOL },
	{ "XListMapKeys", "x-kubernetes-list-map-keys", GOSTRUCT_LIST },
	{ "XListType", "x-kubernetes-list-type", GOSTRUCT_POINTER },
	{ "XMapType", "x-kubernetes-map-type", GOSTRUCT_POINTER },
	{ "XValidations", "x-kubernetes-validations", GOSTRUCT_LIST, &gostruct_rule },
};
const struct gostruct gostruct_schema = { schema_fields,
					  sizeof schema_fields / sizeof *schema_fields };
