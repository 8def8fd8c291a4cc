#include "tmpl/value.h"

#include <stdlib.h>

node value_uint(uint64_t u)
{
	node n = node_from_uint(u);

	if (n.kind == NODE_INT)
		n.type = GO_UINT64;
	return n;
}

node value_bytes(struct arena *a, str s)
{
	node n = node_from_str(a, s);

	n.type = GO_BYTES;
	return n;
}

node value_object(const void *object)
{
	return (node){ .kind = NODE_OBJECT, .object = (void *)(uintptr_t)object };
}

static bool complex_equal(const void *a, const void *b)
{
	const struct value_complex *x = a, *y = b;

	return x->re == y->re && x->im == y->im;
}

const struct value_class value_complex_class = {
	.type_name = "complex128",
	.kind = KIND_COMPLEX,
	.equal = complex_equal,
};

node value_complex(struct arena *a, double re, double im)
{
	struct value_complex *c = arena_new(a, struct value_complex);

	*c = (struct value_complex){ &value_complex_class, re, im };
	return value_object(c);
}

node value_seq(struct arena *a, enum value_seq_type type, size_t cap)
{
	node n = node_seq(a, cap);

	n.type = type & 15;
	return n;
}

node value_map(struct arena *a, enum value_map_type type, size_t cap)
{
	node n = node_map(a, cap);

	n.type = type & 15;
	return n;
}

/* ---- names ------------------------------------------------------------- */

static const struct {
	str name, kind;
	enum value_kind k;
} int_types[] = {
	[GO_INT64] = { S("int64"), S("int64"), KIND_INT64 },
	[GO_INT] = { S("int"), S("int"), KIND_INT },
	[GO_INT32] = { S("int32"), S("int32"), KIND_INT32 },
	[GO_UINT8] = { S("uint8"), S("uint8"), KIND_UINT8 },
	[GO_UINT32] = { S("uint32"), S("uint32"), KIND_UINT32 },
	[GO_UINT64] = { S("uint64"), S("uint64"), KIND_UINT64 },
	[GO_DURATION] = { S("time.Duration"), S("int64"), KIND_INT64 },
	[GO_MONTH] = { S("time.Month"), S("int"), KIND_INT },
	[GO_WEEKDAY] = { S("time.Weekday"), S("int"), KIND_INT },
};

static const str seq_types[] = {
	[GO_SLICE] = S("[]interface {}"),
	[GO_STRINGS] = S("[]string"),
	[GO_INTS] = S("[]int"),
	[GO_SLICES] = S("[][]interface {}"),
	[GO_MAPS] = S("[]map[string]interface {}"),
	[GO_VERSION_SET] = S("common.VersionSet"),
	[GO_NIL_SLICE] = S("[]interface {}"),
	[GO_NIL_STRINGS] = S("[]string"),
};

static const str map_types[] = {
	[GO_MAP] = S("map[string]interface {}"),
	[GO_STRING_MAP] = S("map[string]string"),
	[GO_VALUES] = S("common.Values"),
	[GO_FILES] = S("engine.files"),
	[GO_NIL_MAP] = S("map[string]interface {}"),
	[GO_NIL_STRING_MAP] = S("map[string]string"),
};

str value_type_name(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return S("bool");
	case NODE_INT:
		return int_types[n.type].name;
	case NODE_UINT:
		return S("uint64");
	case NODE_FLOAT:
		return S("float64");
	case NODE_STR:
		return n.type == GO_BYTES ? S("[]uint8") : S("string");
	case NODE_TIME:
		return S("string");
	case NODE_SEQ:
		return seq_types[n.type];
	case NODE_MAP:
		return map_types[n.type];
	case NODE_OBJECT:
		return str_c(value_class(n)->type_name);
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
		break;
	}
	return S("<nil>");
}

str value_static_type(node n)
{
	return n.style & VALUE_IFACE ? S("interface {}") : value_type_name(n);
}

enum value_kind value_kind(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return KIND_BOOL;
	case NODE_INT:
		return int_types[n.type].k;
	case NODE_UINT:
		return KIND_UINT64;
	case NODE_FLOAT:
		return KIND_FLOAT;
	case NODE_STR:
	case NODE_TIME:
		return n.type == GO_BYTES ? KIND_SLICE : KIND_STRING;
	case NODE_SEQ:
		return KIND_SLICE;
	case NODE_MAP:
		return KIND_MAP;
	case NODE_OBJECT:
		return value_class(n)->kind;
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
		break;
	}
	return KIND_INVALID;
}

str value_kind_name(node n)
{
	static const str names[] = {
		[KIND_INVALID] = S("invalid"), [KIND_BOOL] = S("bool"),
		[KIND_INT] = S("int"),         [KIND_INT32] = S("int32"),
		[KIND_INT64] = S("int64"),     [KIND_UINT8] = S("uint8"),
		[KIND_UINT32] = S("uint32"),   [KIND_UINT64] = S("uint64"),
		[KIND_FLOAT] = S("float64"),   [KIND_COMPLEX] = S("complex128"),
		[KIND_STRING] = S("string"),   [KIND_SLICE] = S("slice"),
		[KIND_MAP] = S("map"),         [KIND_STRUCT] = S("struct"),
		[KIND_PTR] = S("ptr"),
	};

	return names[value_kind(n)];
}

/* ---- truth and parts --------------------------------------------------- */

bool value_true(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return n.b;
	case NODE_INT:
	case NODE_UINT:
		return n.u != 0;
	case NODE_FLOAT:
		return n.f != 0;
	case NODE_STR:
	case NODE_TIME:
		return n.n != 0;
	case NODE_SEQ:
	case NODE_MAP:
		return node_len(n) != 0;
	case NODE_OBJECT:
		if (value_class(n) == &value_complex_class) {
			const struct value_complex *c = n.object;

			return c->re != 0 || c->im != 0;
		}
		return true;
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
		break;
	}
	return false;
}

int64_t value_len(node n)
{
	if (n.kind == NODE_STR || n.kind == NODE_TIME)
		return (int64_t)node_str(n).n;
	if (n.kind == NODE_SEQ || n.kind == NODE_MAP)
		return (int64_t)node_len(n);
	return -1;
}

node value_item(node list, size_t i)
{
	if (list.kind == NODE_STR)
		return value_typed_int((unsigned char)node_str(list).p[i], GO_UINT8);
	node item = list.seq->items[i];

	return list.type == GO_SLICE ? value_iface(item) : item;
}

node value_zero_elem(node map)
{
	if (map.type == GO_STRING_MAP || map.type == GO_NIL_STRING_MAP)
		return node_lit("");
	if (map.type == GO_FILES)
		return (node){ .kind = NODE_STR, .type = GO_BYTES, .text = "" };
	return (node){ .kind = NODE_NULL, .style = VALUE_IFACE };
}

node value_field(node map, str key)
{
	const node *v = node_find(map, key);

	if (!v)
		return NODE_NOTHING;
	return value_is_dict(map) ? value_iface(*v) : *v;
}

/* ---- whole values ------------------------------------------------------ */

/* How much of two values is compared before they are called different: maps
 * can hold themselves. */
struct budget {
	int depth, nodes;
};

enum { EQUAL_DEPTH = 3000, EQUAL_NODES = 20000000 };

static bool equal_at(node a, node b, struct budget *left);

static bool equal_seqs(node a, node b, struct budget *left)
{
	if (a.seq->n != b.seq->n)
		return false;
	if (a.seq == b.seq)
		return true;
	left->nodes -= (int)(a.seq->n < EQUAL_NODES ? a.seq->n : EQUAL_NODES);
	for (size_t i = 0; i < a.seq->n; i++)
		if (!equal_at(a.seq->items[i], b.seq->items[i], left))
			return false;
	return true;
}

static bool equal_maps(node a, node b, struct budget *left)
{
	if (a.map == b.map)
		return true;
	if (a.map->n != b.map->n)
		return false;
	node_each_pair(p, a) {
		const node *v = node_find(b, node_str(p->key));

		if (!v || !equal_at(p->value, *v, left))
			return false;
	}
	return true;
}

static bool equal_objects(node a, node b)
{
	const struct value_class *c = value_class(a);

	if (a.object == b.object)
		return true;
	return c == value_class(b) && c->equal && c->equal(a.object, b.object);
}

static bool equal_scalars(node a, node b)
{
	switch ((enum node_kind)a.kind) {
	case NODE_BOOL:
		return a.b == b.b;
	case NODE_INT:
	case NODE_UINT:
		return a.u == b.u;
	case NODE_FLOAT:
		return a.f == b.f;
	case NODE_STR:
	case NODE_TIME:
		return str_eq(node_str(a), node_str(b));
	case NODE_OBJECT:
		return equal_objects(a, b);
	default:
		return false;
	}
}

static bool equal_at(node a, node b, struct budget *left)
{
	if (node_is_nil(a) || node_is_nil(b))
		return node_is_nil(a) && node_is_nil(b);
	if (a.kind != b.kind || a.type != b.type)
		return false;
	if (a.kind != NODE_SEQ && a.kind != NODE_MAP)
		return equal_scalars(a, b);
	if (left->depth <= 0 || left->nodes <= 0)
		return false;
	left->depth--;
	left->nodes--;
	bool same = a.kind == NODE_SEQ ? equal_seqs(a, b, left) : equal_maps(a, b, left);

	left->depth++;
	return same;
}

bool value_equal(node a, node b)
{
	return equal_at(a, b, &(struct budget){ EQUAL_DEPTH, EQUAL_NODES });
}

static node copy_at(struct arena *a, node n, int depth)
{
	if (n.kind == NODE_SEQ && depth < VALUE_DEPTH_MAX) {
		node to = value_seq(a, n.type, n.seq->n);

		for (size_t i = 0; i < n.seq->n; i++)
			to.seq->items[i] = copy_at(a, n.seq->items[i], depth + 1);
		to.seq->n = n.seq->n;
		return to;
	}
	if (n.kind == NODE_MAP && depth < VALUE_DEPTH_MAX) {
		node to = value_map(a, n.type, n.map->n);

		node_each_pair(p, n)
			node_push(a, to, p->key, copy_at(a, p->value, depth + 1));
		return to;
	}
	return value_bare(n);
}

node value_copy(struct arena *a, node n)
{
	return copy_at(a, n, 0);
}

static int cmp_pairs(const void *x, const void *y)
{
	const struct node_pair *a = x, *b = y;

	return str_cmp(node_str(a->key), node_str(b->key));
}

struct node_pair *value_sorted(struct arena *a, node map)
{
	size_t n = node_len(map);
	struct node_pair *list = arena_alloc(a, (n + 1) * sizeof *list);
	bool sorted = true;

	if (!n)
		return list;
	memcpy(list, map.map->pairs, n * sizeof *list);
	for (size_t i = 1; i < n && sorted; i++)
		sorted = cmp_pairs(&list[i - 1], &list[i]) <= 0;
	if (!sorted)
		qsort(list, n, sizeof *list, cmp_pairs);
	return list;
}
