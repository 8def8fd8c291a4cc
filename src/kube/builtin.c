/* The tables hold numbers only: places in one struct of texts, in one row of fields,
 * ids of types. The graph of pointers is made of them once, when first asked for, so
 * that a program that never asks has nothing to load. */
#include "kube/builtin.h"

#include <pthread.h>
#include <stddef.h>

struct packed_field {
	uint16_t name, type, patch_key, through;
	int32_t value;    /* of the default: itself, or the place of a text */
	uint8_t fallback; /* its kind */
	uint8_t go, patch;
	bool required;
};

struct packed_type {
	uint8_t kind, list;
	bool atomic, metadata;
	uint16_t name, go, format;
	uint16_t fields, fields_n;
	uint16_t values, items; /* one more than the id: 0 is none */
	uint16_t keys, keys_n, choices, choices_n;
};

struct packed_kind {
	uint16_t group, version, name, type;
};

#define AT(word) (uint16_t) offsetof(struct words, word)

#define POINTER TYPE_GO_POINTER
#define OMIT_EMPTY TYPE_GO_OMIT_EMPTY
#define OMIT_ZERO TYPE_GO_OMIT_ZERO
#define F(field_name, id, flags, ...)                                                  \
	{ .name = AT(field_name), .type = (id), .go = (flags), ##__VA_ARGS__ },

#define FIELDS(first, n) .fields = (first), .fields_n = (n)
#define VALUES(id) .values = (id) + 1
#define ITEMS(id) .items = (id) + 1
#define KEYS(first, n) .keys = (first), .keys_n = (n)
#define CHOICES(first, n) .choices = (first), .choices_n = (n)
/* The definition's name; what Go calls it stands at its end. */
#define NAMED(full_name, package_n, type_kind)                                         \
	.kind = (type_kind), .name = AT(full_name), .go = AT(full_name) + (package_n)
#define K(group, version, name, id) { AT(group), AT(version), AT(name), (id) },

#include "kube/builtin_words_table.h"

#include "kube/builtin_fields_table.h"
#include "kube/builtin_types_table.h"

#define COUNT(of) (sizeof(of) / sizeof *(of))

_Static_assert(sizeof words <= UINT16_MAX, "the places of texts");
_Static_assert(COUNT(packed_fields) <= UINT16_MAX, "the places of fields");

static struct type types[BUILTIN_TYPES_N];
static struct type_field fields[COUNT(packed_fields)];
static str listed[COUNT(packed_lists)];
static struct builtin_kind kinds[COUNT(packed_kinds)];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Nobody changes a default: who uses one copies it. */
static const struct node_map no_pairs;

static str text_at(size_t place)
{
	return place ? str_c((const char *)&words + place) : STR_NONE;
}

/* Borrows the text, so nothing is allocated. */
static node fallback_of(const struct packed_field *f)
{
	switch (f->fallback) {
	case NODE_MAP:
		return (node){ .kind = NODE_MAP, .map = (struct node_map *)&no_pairs };
	case NODE_BOOL:
		return node_from_bool(f->value);
	case NODE_INT:
		return node_from_int(f->value);
	case NODE_STR:
		return node_from_str(NULL, str_c((const char *)&words + f->value));
	default:
		return NODE_NOTHING;
	}
}

static void unpack_field(struct type_field *out, const struct packed_field *f)
{
	*out = (struct type_field){
		.name = text_at(f->name),
		.type = &types[f->type],
		.fallback = fallback_of(f),
		.patch_key = text_at(f->patch_key),
		.patch = f->patch,
		.go = f->go,
		.required = f->required,
		.through = f->through ? text_at(f->through).p : NULL,
	};
}

static void unpack_type(struct type *out, const struct packed_type *t)
{
	*out = (struct type){
		.kind = t->kind,
		.list = t->list,
		.atomic = t->atomic,
		.metadata = t->metadata,
		.name = text_at(t->name),
		.go = text_at(t->go),
		.format = text_at(t->format),
		.fields = t->fields_n ? &fields[t->fields] : NULL,
		.fields_n = t->fields_n,
		.values = t->values ? &types[t->values - 1] : NULL,
		.items = t->items ? &types[t->items - 1] : NULL,
		.keys = t->keys_n ? &listed[t->keys] : NULL,
		.keys_n = t->keys_n,
		.choices = t->choices_n ? &listed[t->choices] : NULL,
		.choices_n = t->choices_n,
	};
}

static void unpack(void)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		unpack_field(&fields[i], &packed_fields[i]);
	for (size_t i = 0; i < COUNT(types); i++)
		unpack_type(&types[i], &packed_types[i]);
	for (size_t i = 0; i < COUNT(listed); i++)
		listed[i] = text_at(packed_lists[i]);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct packed_kind *k = &packed_kinds[i];

		kinds[i].gvk = (struct gvk){ text_at(k->group), text_at(k->version),
					     text_at(k->name) };
		kinds[i].type = &types[k->type];
	}
}

static void need(void)
{
	pthread_once(&once, unpack);
}

static int gvk_order(struct gvk x, struct gvk y)
{
	int c = str_cmp(x.group, y.group);

	if (!c)
		c = str_cmp(x.version, y.version);
	return c ? c : str_cmp(x.kind, y.kind);
}

const struct type *builtin_type(struct gvk g)
{
	size_t low = 0, high = COUNT(kinds);

	need();
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

	need();
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
	need();
	*n = COUNT(kinds);
	return kinds;
}

const struct type *builtin_definitions(size_t *n)
{
	need();
	*n = BUILTIN_NAMED_N;
	return types;
}
