#include "base/sort.h"
#include "kube/builtin.h"
#include "kube/granular_impl.h"

#define OBJECT_META S("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")

/* What items of lists are about which nothing is known. */
static const struct type untyped = { .kind = TYPE_ANY, .atomic = true };
static const struct type text = { .kind = TYPE_STRING };

enum { FEW = 8 };

/* ---- places ------------------------------------------------------------ */

struct granular_shape granular_shape(struct granular_place p)
{
	const struct type *t = p.type;
	struct granular_shape any = { .scalar = GRANULAR_UNTYPED,
				      .list = true,
				      .list_atomic = true,
				      .map = true,
				      .map_atomic = t && t->atomic };

	if (!t)
		return any;
	switch ((enum type_kind)t->kind) {
	case TYPE_ANY:
	case TYPE_INT_OR_STRING:
		return any;
	case TYPE_OBJECT:
	case TYPE_MAP:
	case TYPE_FIELDS:
		return (struct granular_shape){ .map = true, .map_atomic = t->atomic };
	case TYPE_LIST:
		return (struct granular_shape){ .list = true,
						.list_atomic = t->list == TYPE_LIST_ATOMIC };
	case TYPE_STRING:
		if (t->format.n && !str_eq(t->format, S("byte")))
			return (struct granular_shape){ .scalar = GRANULAR_UNTYPED };
		return (struct granular_shape){ .scalar = GRANULAR_STRING };
	case TYPE_BYTES:
		return (struct granular_shape){ .scalar = GRANULAR_STRING };
	case TYPE_INT:
	case TYPE_NUMBER:
		return (struct granular_shape){ .scalar = GRANULAR_NUMERIC };
	case TYPE_BOOL:
		return (struct granular_shape){ .scalar = GRANULAR_BOOLEAN };
	case TYPE_QUANTITY:
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
		break;
	}
	return (struct granular_shape){ .scalar = GRANULAR_UNTYPED };
}

static bool is_scalar(node n)
{
	return node_is_num(n) || n.kind == NODE_STR || n.kind == NODE_TIME || n.kind == NODE_BOOL;
}

struct granular_shape granular_deduce(struct granular_shape s, node value)
{
	bool scalar = is_scalar(value) && s.scalar;
	bool list = node_is(value, NODE_SEQ) && s.list;
	bool map = node_is(value, NODE_MAP) && s.map;

	if (!scalar && !list && !map)
		return s;
	if (!scalar)
		s.scalar = GRANULAR_NO_SCALAR;
	s.list = list;
	s.map = map;
	return s;
}

bool granular_is_field(struct granular_place p, str key)
{
	if (!p.type)
		return false;
	if (p.type->embedded &&
	    (str_eq(key, S("apiVersion")) || str_eq(key, S("kind")) || str_eq(key, S("metadata"))))
		return true;
	return type_field(p.type, key) != NULL;
}

bool granular_below(struct granular_place p, str key, struct granular_place *out)
{
	const struct type *t = p.type;
	const struct type_field *f = type_field(t, key);

	out->open = p.open || (t && t->preserve);
	out->type = NULL;
	if (f) {
		out->type = f->type;
	} else if (granular_is_field(p, key)) {
		out->type = str_eq(key, S("metadata")) ? builtin_named(OBJECT_META) : &text;
	} else if (t && t->atomic && t->kind == TYPE_ANY) {
		out->type = &untyped;
	} else if (t && t->values) {
		out->type = t->values;
	} else if (t && t->fields_n && !out->open) {
		return false;
	}
	return true;
}

struct granular_place granular_items(struct granular_place p)
{
	bool known = p.type && p.type->kind == TYPE_LIST;

	return (struct granular_place){ known ? p.type->items : &untyped,
					p.open || (p.type && p.type->preserve) };
}

/* ---- items of lists ---------------------------------------------------- */

static const char *keys_missing(struct arena *a, const struct type *list)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("associative list with keys has an element that omits all key fields ["));
	for (size_t i = 0; i < list->keys_n; i++)
		buf_addf(&b, "%s\"%.*s\"", i ? " " : "", STR_ARG(list->keys[i]));
	buf_add(&b, S("] (and doesn't have default values for any key fields)"));
	return arena_str(a, buf_str(&b)).p;
}

static void insert_key(struct fieldset_key *keys, uint32_t n, struct fieldset_key key)
{
	while (n && str_cmp(keys[n - 1].name, key.name) > 0) {
		keys[n] = keys[n - 1];
		n--;
	}
	keys[n] = key;
}

static const char *step_by_keys(struct arena *a, const struct type *list, node item,
				struct fieldset_step *out)
{
	struct fieldset_key *keys = arena_array(a, struct fieldset_key, list->keys_n);
	uint32_t n = 0;

	if (node_is_nil(item))
		return "associative list with keys may not have a null element";
	if (!node_is(item, NODE_MAP))
		return "associative list with keys may not have non-map elements";
	for (size_t i = 0; i < list->keys_n; i++) {
		const struct type_field *f = type_field(list->items, list->keys[i]);
		node value = node_get(item, list->keys[i]);

		if (!granular_is_there(value) && f)
			value = f->fallback;
		if (granular_is_there(value))
			insert_key(keys, n++, (struct fieldset_key){ list->keys[i], value });
	}
	if (!n)
		return keys_missing(a, list);
	*out = (struct fieldset_step){ .kind = FIELDSET_KEYS, .keys_n = n, .keys = keys };
	return NULL;
}

const char *granular_step(struct arena *a, const struct type *list, node item,
			  struct fieldset_step *out)
{
	if (list->keys_n)
		return step_by_keys(a, list, item, out);
	if (node_is(item, NODE_MAP))
		return "associative list without keys has an element that's a map type";
	if (node_is(item, NODE_SEQ))
		return "not supported: associative list with lists as elements";
	if (node_is_nil(item))
		return "associative list without keys has an element that's an explicit null";
	*out = (struct fieldset_step){ .kind = FIELDSET_VALUE, .value = item };
	return NULL;
}

static int order(const void *x, const void *y, void *ctx)
{
	const struct granular_item *items = ctx;

	return fieldset_cmp_step(&items[*(const uint32_t *)x].step, &items[*(const uint32_t *)y].step);
}

void granular_index_make(struct arena *a, const struct type *list, node items,
			 struct granular_index *out)
{
	*out = (struct granular_index){ .items = arena_array(a, struct granular_item, node_len(items)) };
	for (size_t i = 0; i < node_len(items); i++) {
		struct granular_item *item = &out->items[out->n];

		if (!granular_step(a, list, node_at(items, i), &item->step)) {
			item->value = node_at(items, i);
			out->n++;
		}
	}
	if (out->n <= FEW)
		return;
	out->sorted = arena_array(a, uint32_t, out->n);
	for (uint32_t i = 0; i < out->n; i++)
		out->sorted[i] = i;
	sort_stable(out->sorted, out->n, sizeof *out->sorted, order, out->items);
}

static size_t find_sorted(const struct granular_index *x, const struct fieldset_step *step,
			  size_t *first)
{
	size_t low = 0, high = x->n, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (fieldset_cmp_step(&x->items[x->sorted[mid]].step, step) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < x->n && !fieldset_cmp_step(&x->items[x->sorted[low + n]].step, step))
		n++;
	if (n)
		*first = x->sorted[low];
	return n;
}

size_t granular_index_find(const struct granular_index *x, const struct fieldset_step *step,
			   size_t *first)
{
	size_t n = 0;

	if (x->sorted)
		return find_sorted(x, step, first);
	for (size_t i = x->n; i-- > 0;)
		if (!fieldset_cmp_step(&x->items[i].step, step)) {
			*first = i;
			n++;
		}
	return n;
}
