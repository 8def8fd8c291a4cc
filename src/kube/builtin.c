#include "kube/builtin.h"

#define T(text) { "" text, sizeof(text) - 1 }
#define TEXT(of) { .kind = NODE_STR, .n = sizeof(of) - 1, .text = "" of }

/* Nobody changes a default: who uses one copies it. */
static const struct node_map no_pairs;

#define NO_PAIRS { .kind = NODE_MAP, .map = (struct node_map *)&no_pairs }

#define POINTER TYPE_GO_POINTER
#define OMIT_EMPTY TYPE_GO_OMIT_EMPTY
#define OMIT_ZERO TYPE_GO_OMIT_ZERO
#define F(field_name, id, flags, ...)                                                  \
	{ .name = field_name, .type = &types[id], .go = (flags), ##__VA_ARGS__ },

#define COUNTED(list, of) .list = (of), .list##_n = sizeof(of) / sizeof *(of)
#define FIELDS(of) COUNTED(fields, fields_##of)
#define KEYS(i) COUNTED(keys, words_##i)
#define CHOICES(i) COUNTED(choices, words_##i)
#define NAMED(package, struct_name, type_kind)                                         \
	.kind = (type_kind), .name = T(package struct_name), .go = T(struct_name)
#define K(group, version, name, id)                                                    \
	{ { { "" group, sizeof(group) - 1 },                                           \
	    { "" version, sizeof(version) - 1 },                                       \
	    { "" name, sizeof(name) - 1 } },                                           \
	  &types[id] },

#include "kube/builtin_fields_table.h"
#include "kube/builtin_types_table.h"

static int gvk_order(struct gvk x, struct gvk y)
{
	int c = str_cmp(x.group, y.group);

	if (!c)
		c = str_cmp(x.version, y.version);
	return c ? c : str_cmp(x.kind, y.kind);
}

const struct type *builtin_type(struct gvk g)
{
	size_t low = 0, high = sizeof kinds / sizeof *kinds;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = gvk_order(kinds[mid].gvk, g);

		if (c == 0)
			return kinds[mid].type;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct type *builtin_named(str name)
{
	size_t low = 0, high = BUILTIN_NAMED_N;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = str_cmp(types[mid].name, name);

		if (c == 0)
			return &types[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct builtin_kind *builtin_kinds(size_t *n)
{
	*n = sizeof kinds / sizeof *kinds;
	return kinds;
}

const struct type *builtin_definitions(size_t *n)
{
	*n = BUILTIN_NAMED_N;
	return types;
}
