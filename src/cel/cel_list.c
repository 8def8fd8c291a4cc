#include "cel/cel_decl.h"
#include "cel/cel_value.h"

size_t cel_list_n(cel_value list)
{
	switch ((enum cel_form)list.form) {
	case CEL_FORM_NODES:
		return ((const struct node_seq *)list.of_node.body)->n;
	case CEL_FORM_DECLARED:
		return list.list.items->n;
	case CEL_FORM_CONCAT:
		return list.concat->n;
	default:
		return list.list.n;
	}
}

static const struct cel_decl *elem_decl(cel_value list)
{
	const struct cel_decl *decl = cel_decl_of(list);

	return decl ? decl->elem : NULL;
}

static cel_value out_of_range(struct cel_run *r, cel_value list, int64_t i)
{
	if (cel_decl_of(list))
		return cel_fault(r, "index out of bounds: %lld", (long long)i);
	return cel_fault(r, "index '%lld' out of range in list size '%zu'", (long long)i,
			 cel_list_n(list));
}

cel_value cel_list_at(struct cel_run *r, cel_value list, size_t i)
{
	while (list.form == CEL_FORM_CONCAT) {
		size_t first = cel_list_n(list.concat->prev);

		if (!cel_run_work(r, 1))
			return CEL_NULL_VALUE;
		list = i < first ? list.concat->prev : list.concat->next;
		i -= i < first ? 0 : first;
	}
	if (i >= cel_list_n(list))
		return out_of_range(r, list, (int64_t)i);
	switch ((enum cel_form)list.form) {
	case CEL_FORM_NODES:
		return cel_wrap(r, ((const struct node_seq *)list.of_node.body)->items[i],
				elem_decl(list));
	case CEL_FORM_DECLARED:
		return cel_wrap_plain(r, list.list.items->p[i], elem_decl(list));
	default:
		return list.list.items->p[i];
	}
}

bool cel_list_index(struct cel_run *r, cel_value index, int64_t *out, cel_value *fault)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (index.kind == CEL_INT) {
		*out = index.i;
		return true;
	}
	if (index.kind == CEL_UINT && index.u <= INT64_MAX) {
		*out = (int64_t)index.u;
		return true;
	}
	if (index.kind == CEL_DOUBLE && index.d > (double)INT64_MIN && index.d < (double)INT64_MAX &&
	    (double)(int64_t)index.d == index.d) {
		*out = (int64_t)index.d;
		return true;
	}
	if (index.kind == CEL_UINT || index.kind == CEL_DOUBLE) {
		cel_print(r, &b, index);
		*fault = cel_fault(r, "unsupported index value %.*s in list", STR_ARG(buf_str(&b)));
	} else {
		*fault = cel_fault(r, "unsupported index type '%.*s' in list",
				   STR_ARG(cel_value_type_name(index)));
	}
	return false;
}

cel_value cel_list_get(struct cel_run *r, cel_value list, cel_value index)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	cel_value fault;
	int64_t i;

	if (cel_decl_of(list) && index.kind != CEL_INT) {
		if (cel_is_fault(index))
			return index;
		cel_print(r, &b, index);
		return cel_fault(r, "unsupported index: %.*s", STR_ARG(buf_str(&b)));
	}
	if (!cel_list_index(r, index, &i, &fault))
		return fault;
	if (i < 0)
		return out_of_range(r, list, i);
	return cel_list_at(r, list, (size_t)i);
}

/* ---- making ------------------------------------------------------------ */

cel_value cel_list_new(struct cel_run *r, size_t cap)
{
	struct cel_items *items = arena_new(r->a, struct cel_items);

	if (cap) {
		items->p = arena_alloc(r->a, cap * sizeof *items->p);
		items->cap = cap;
	}
	return (cel_value){ .kind = CEL_LIST, .form = CEL_FORM_ITEMS, .list = { items, { 0 } } };
}

void cel_list_push(struct cel_run *r, cel_value *list, cel_value v)
{
	struct cel_items *items = list->list.items;

	if (!cel_run_work(r, 1))
		return;
	avec_push(r->a, items, v);
	list->list.n = items->n;
}

cel_value cel_list_add(struct cel_run *r, cel_value a, cel_value b)
{
	if (b.kind != CEL_LIST)
		return cel_no_overload(r, b);
	if (cel_decl_of(a))
		return cel_add_declared(r, a, b);
	if (!cel_list_n(a))
		return b;
	if (!cel_list_n(b))
		return a;
	struct cel_concat *c = arena_alloc(r->a, sizeof *c);

	c->prev = a;
	c->next = b;
	if (__builtin_add_overflow(cel_list_n(a), cel_list_n(b), &c->n))
		c->n = SIZE_MAX;
	return (cel_value){ .kind = CEL_LIST, .form = CEL_FORM_CONCAT, .concat = c };
}

/* ---- comparing --------------------------------------------------------- */

/* Lists that were joined tell of elements that cannot be compared, others
 * take them for equal, and those with a decl end there. */
static cel_value equal_in_order(struct cel_run *r, cel_value a, cel_value b)
{
	bool declared = cel_decl_of(a) != NULL, joined = a.form == CEL_FORM_CONCAT;
	cel_value fault = { 0 };

	for (size_t i = 0; i < cel_list_n(a) && !r->stopped; i++) {
		cel_value x = cel_list_at(r, a, i), y = cel_list_at(r, b, i);
		cel_value eq = declared ? cel_equal(r, x, y) : cel_equal_null(r, x, y);

		if (declared && !cel_is_true(eq))
			return eq;
		if (eq.kind == CEL_BOOL && !eq.b)
			return eq;
		if (joined && cel_is_fault(eq) && !cel_is_fault(fault))
			fault = eq;
	}
	return cel_is_fault(fault) ? fault : cel_bool(true);
}

cel_value cel_equal_lists(struct cel_run *r, cel_value a, cel_value b)
{
	const struct cel_decl *decl = cel_decl_of(a);

	if (b.kind != CEL_LIST)
		return decl ? cel_no_overload(r, b) : cel_bool(false);
	if (cel_list_n(a) != cel_list_n(b))
		return cel_bool(false);
	if (decl && decl->list_type == CEL_LIST_SET)
		return cel_equal_declared_set(r, a, b);
	if (decl && decl->list_type == CEL_LIST_MAP)
		return cel_equal_declared_keyed(r, a, b);
	return equal_in_order(r, a, b);
}

cel_value cel_list_contains(struct cel_run *r, cel_value list, cel_value v)
{
	bool declared = cel_decl_of(list) != NULL;
	cel_value fault = { 0 };

	if (list.form == CEL_FORM_CONCAT) {
		cel_value first = cel_list_contains(r, list.concat->prev, v);
		cel_value second;

		if (cel_is_true(first) || r->stopped)
			return first;
		second = cel_list_contains(r, list.concat->next, v);
		return cel_is_true(second) || !cel_is_fault(first) ? second : first;
	}
	for (size_t i = 0; i < cel_list_n(list) && !r->stopped; i++) {
		cel_value item = cel_list_at(r, list, i);
		cel_value eq = declared ? cel_equal(r, item, v) : cel_equal(r, v, item);

		if (cel_is_true(eq))
			return eq;
		if (declared && eq.kind != CEL_BOOL && !cel_is_fault(fault))
			fault = cel_no_overload(r, eq);
	}
	return cel_is_fault(fault) ? fault : cel_bool(false);
}
