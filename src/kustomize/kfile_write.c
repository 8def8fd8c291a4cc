/* The kustomization file back from its tree, as Go's encoder writes the
 * structs: fields that are empty are left out, but for the few that are not
 * marked so. */
#include "kustomize/kfile.h"
#include "value/yaml.h"

enum empty_as {
	LEAVE_OUT,
	AS_ZERO,	/* written although empty */
	AS_NULL,
	IF_THERE,	/* a pointer: what is there is written, empty or not */
};

static const struct {
	const char *in;		/* struct */
	str field;
	enum empty_as as;
} exceptions[] = {
	{ "LegacySortOptions", { "orderFirst", 10 }, AS_NULL },
	{ "LegacySortOptions", { "orderLast", 9 }, AS_NULL },
	{ "Patch", { "options", 7 }, IF_THERE },
	{ "Replica", { "count", 5 }, AS_ZERO },
	{ "ReplacementField", { "sourceValue", 11 }, IF_THERE },
	{ "Target", { "name", 4 }, AS_ZERO },
	{ "TargetSelector", { "select", 6 }, AS_NULL },
	{ "Var", { "fieldref", 8 }, AS_ZERO },
	{ "Var", { "name", 4 }, AS_ZERO },
	{ "Var", { "objref", 6 }, AS_ZERO },
};

static enum empty_as exception(const struct typed *type, str field)
{
	for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
		if (strcmp(type->name, exceptions[i].in) == 0 && str_eq(field, exceptions[i].field))
			return exceptions[i].as;
	return LEAVE_OUT;
}

static bool is_empty(node n)
{
	switch (n.kind) {
	case NODE_NONE:
	case NODE_NULL:
		return true;
	case NODE_BOOL:
		return !node_bool(n);
	case NODE_STR:
		return !node_str(n).n;
	case NODE_SEQ:
	case NODE_MAP:
		return !node_len(n);
	default:
		return node_is_num(n) && node_float(n) == 0;
	}
}

static node written(struct arena *a, node n, const struct typed *type);

static node zero(struct arena *a, const struct typed *type)
{
	switch (type->kind) {
	case TYPED_STRING:
		return node_lit("");
	case TYPED_STRUCT:
		return written(a, node_map(a, 0), type);
	default:
		return node_from_int(0);
	}
}

static node written_struct(struct arena *a, node n, const struct typed *type)
{
	node out = node_map(a, node_len(n));

	for (size_t i = 0; i < type->fields_n; i++) {
		const struct typed_field *f = &type->fields[i];
		node value = node_get(n, f->name);
		enum empty_as as = exception(type, f->name);
		bool pointer = as == IF_THERE || f->type->kind == TYPED_STRUCT;

		if (node_is_nil(value) || (is_empty(value) && !pointer)) {
			if (as == AS_ZERO)
				node_set(a, out, f->name, zero(a, f->type));
			else if (as == AS_NULL)
				node_set(a, out, f->name, node_null());
		} else {
			node_set(a, out, f->name, written(a, value, f->type));
		}
	}
	return out;
}

static node written(struct arena *a, node n, const struct typed *type)
{
	node out = n;

	if (type->kind == TYPED_STRUCT)
		return n.kind == NODE_MAP ? written_struct(a, n, type) : n;
	if (type->kind != TYPED_LIST || n.kind != NODE_SEQ)
		return n;
	out = node_seq(a, node_len(n));
	node_each_item(item, n)
		node_append(a, out, written(a, *item, type->of));
	return out;
}

err *kfile_write(struct arena *a, node root, struct buf *out)
{
	return yaml_write(out, written(a, root, &kfile_type), YAML_WRITE_SIGS);
}
