/* Lists: items found by their merge key or their value, and their order. */
#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"
#include "kube/strategic_impl.h"
#include "value/goprint.h"

#define PATCH S("$patch")

/* Beyond this many items the order of those that no order mentions is kept. */
enum { LOOSE_MAX = 1000 };

typedef VEC(node) items;

/* ---- finding items ----------------------------------------------------- */

/* Where items are by what identifies them; the first of equal ones counts. */
struct lookup {
	struct map places;	/* to index + 1 */
};

static void drop_lookup(struct lookup *l)
{
	map_release(&l->places);
}

/* What tells an item from others, with the kind of its value in front; empty
 * for what equals nothing. */
static str identity(struct arena *a, node item, str key)
{
	if (key.n)
		item = node_get(item, key);
	switch ((enum node_kind)item.kind) {
	case NODE_STR:
	case NODE_TIME:
		return arena_cat(a, S("s"), node_str(item));
	case NODE_INT:
	case NODE_UINT:
		return arena_cat(a, S("i"), node_text(a, item));
	case NODE_FLOAT:
		return arena_cat(a, S("f"), node_text(a, item));
	case NODE_BOOL:
		return node_bool(item) ? S("t") : S("u");
	case NODE_NULL:
		return S("n");
	case NODE_NONE:
	case NODE_SEQ:
	case NODE_MAP:
	case NODE_ALIAS:
	case NODE_OBJECT:
		break;
	}
	return STR_NONE;
}

static void enter(struct arena *a, struct lookup *l, node item, str key, size_t at)
{
	str id = identity(a, item, key);

	if (id.n && !map_has(&l->places, id))
		map_set(&l->places, id, (void *)(at + 1));
}

static struct lookup look_up(struct arena *a, const items *in, str key)
{
	struct lookup l = { MAP_INIT };

	for (size_t i = 0; i < in->n; i++)
		enter(a, &l, in->p[i], key, i);
	return l;
}

/* The item's place, or -1. */
static ptrdiff_t place_of(struct arena *a, const struct lookup *l, node item, str key)
{
	str id = identity(a, item, key);

	return id.n ? (ptrdiff_t)(uintptr_t)map_get(&l->places, id) - 1 : -1;
}

static items items_of(struct arena *a, node list)
{
	items out = { 0 };

	node_each_item(i, list)
		avec_push(a, &out, *i);
	return out;
}

static node list_of(struct arena *a, const items *in)
{
	return node_seq_of(a, in->p, in->n);
}

static items copy_of(struct arena *a, const items *in)
{
	items out = { 0 };

	for (size_t i = 0; i < in->n; i++)
		avec_push(a, &out, in->p[i]);
	return out;
}

/* ---- checks ------------------------------------------------------------ */

static void print_list(struct buf *b, node n)
{
	if (node_is(n, NODE_SEQ))
		goprint_add(b, n);
	else
		buf_add(b, S("[]"));
}

static err *check_same_types(node x, node y, bool *maps)
{
	const char *first = NULL;
	node lists[2] = { x, y };

	for (size_t k = 0; k < 2; k++)
		node_each_item(i, lists[k]) {
			const char *type = strategic_go_type(*i);

			if (!first && node_is(*i, NODE_SEQ)) {
				err *e = err_new(ERR_INVALID, "lists of lists are not supported");

				err_set_code(e, 422);
				return e;
			}
			if (first && !str_eq(str_c(first), str_c(type))) {
				CLEANUP(buf_release) struct buf b = BUF_LIMIT(64 << 10);

				print_list(&b, x);
				buf_addc(&b, ' ');
				print_list(&b, y);
				return err_new(ERR_INVALID,
					       "list element types are not identical: [%s]", buf_c(&b));
			}
			first = type;
			*maps = node_is(*i, NODE_MAP);
		}
	return first ? NULL : err_new(ERR_INVALID, "no elements in any of the given slices");
}

static err *check_keys(const items *in, str key)
{
	for (size_t i = 0; i < in->n; i++) {
		if (!node_is(in->p[i], NODE_MAP))
			return strategic_wrong_type("map[string]interface {}", in->p[i]);
		if (!node_has(in->p[i], key))
			return strategic_no_key(in->p[i], key);
	}
	return NULL;
}

/* ---- order ------------------------------------------------------------- */

struct ranked {
	node item;
	ptrdiff_t rank;
};

static int by_rank(const void *x, const void *y, void *ctx)
{
	ptrdiff_t p = ((const struct ranked *)x)->rank, q = ((const struct ranked *)y)->rank;

	(void)ctx;
	return p < q ? -1 : p > q;
}

/* The original's comparison takes an item that no order mentions for less than
 * any other; with an insertion sort these come to the front, last one first. */
static void sort_loosely(struct ranked *r, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0; k--) {
			bool found = r[k].rank >= 0 && r[k - 1].rank >= 0;

			if (found && r[k].rank >= r[k - 1].rank)
				break;
			struct ranked swap = r[k];

			r[k] = r[k - 1];
			r[k - 1] = swap;
		}
}

static err *sort_items(struct arena *a, items *in, const items *order, str key, bool maps)
{
	struct ranked *r = arena_array(a, struct ranked, in->n);
	bool all = true;

	if (maps) {
		TRY(check_keys(in, key));
		TRY(check_keys(order, key));
	}
	struct lookup l = look_up(a, order, key);

	for (size_t i = 0; i < in->n; i++) {
		r[i] = (struct ranked){ in->p[i], place_of(a, &l, in->p[i], key) };
		all &= r[i].rank >= 0;
	}
	drop_lookup(&l);
	if (all || in->n > LOOSE_MAX)
		sort_stable(r, in->n, sizeof *r, by_rank, NULL);
	else
		sort_loosely(r, in->n);
	for (size_t i = 0; i < in->n; i++)
		in->p[i] = r[i].item;
	return NULL;
}

/* Items of the patch and items that only the server has, each in its order,
 * zipped by their places in the live list. */
static err *zip(struct arena *a, items *patch, items *server, const items *patch_order,
		const items *server_order, str key, bool maps, node *out)
{
	items all = { 0 };
	size_t i = 0, k = 0;

	TRY(sort_items(a, patch, patch_order, key, maps));
	TRY(sort_items(a, server, server_order, key, maps));
	struct lookup l = look_up(a, server_order, key);

	while (i < server->n || k < patch->n) {
		bool take = k == patch->n;

		if (i < server->n && k < patch->n) {
			ptrdiff_t x = place_of(a, &l, server->p[i], key);
			ptrdiff_t y = place_of(a, &l, patch->p[k], key);

			take = x >= 0 && y >= 0 && x < y;
		}
		avec_push(a, &all, take ? server->p[i] : patch->p[k]);
		if (take)
			i++;
		else
			k++;
	}
	drop_lookup(&l);
	*out = list_of(a, &all);
	return NULL;
}

/* Part the items into those that `by` has, too, and the others. */
static err *part(struct arena *a, const items *all, const items *by, str key, items *in, items *out)
{
	struct lookup l = look_up(a, by, key);
	err *e = NULL;

	for (size_t i = 0; key.n && i < by->n && !e && all->n; i++)
		if (!node_is(by->p[i], NODE_MAP))
			e = err_new(ERR_INVALID, "value for key %zu is not a map", i);
	if (!e && key.n)
		e = check_keys(all, key);
	for (size_t i = 0; i < all->n && !e; i++)
		if (place_of(a, &l, all->p[i], key) >= 0)
			avec_push(a, in, all->p[i]);
		else
			avec_push(a, out, all->p[i]);
	drop_lookup(&l);
	return e;
}

/* ---- merging ----------------------------------------------------------- */

static items without(struct arena *a, const items *from, const struct lookup *gone, str key)
{
	items out = { 0 };

	for (size_t i = 0; i < from->n; i++)
		if (place_of(a, gone, from->p[i], key) < 0)
			avec_push(a, &out, from->p[i]);
	return out;
}

static items unique(struct arena *a, const items *x, const items *y)
{
	struct lookup seen = { MAP_INIT };
	items out = { 0 };
	const items *both[2] = { x, y };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < both[k]->n; i++) {
			if (place_of(a, &seen, both[k]->p[i], STR_NONE) >= 0)
				continue;
			enter(a, &seen, both[k]->p[i], STR_NONE, out.n);
			avec_push(a, &out, both[k]->p[i]);
		}
	drop_lookup(&seen);
	return out;
}

/* Items that are directives are done and dropped. `replaced`: the patch is all
 * there is. */
static err *do_directives(struct arena *a, items *original, items *patch, str key, bool *replaced)
{
	struct lookup gone = { MAP_INIT };
	items rest = { 0 };
	err *e = NULL;

	for (size_t i = 0; i < patch->n && !e; i++) {
		node item = patch->p[i], directive = node_get(item, PATCH);
		str word = node_str_or(directive, STR_NONE);

		if (node_is(directive, NODE_NONE))
			avec_push(a, &rest, item);
		else if (str_eq(word, S("delete")) && !node_has(item, key))
			e = strategic_no_key(item, key);
		else if (str_eq(word, S("delete")))
			enter(a, &gone, item, key, i);
		else if (str_eq(word, S("replace")))
			*replaced = true;
		else if (str_eq(word, S("merge")))
			e = err_new(ERR_INVALID, "merging lists cannot yet be specified in the patch");
		else
			e = strategic_bad_directive(directive, item);
	}
	*original = without(a, original, &gone, key);
	*patch = rest;
	drop_lookup(&gone);
	return e;
}

static err *merge_items(struct strategic *s, items *original, const items *patch,
			const struct strategic_list *how)
{
	struct lookup l = look_up(s->a, original, how->key);
	err *e = check_keys(patch, how->key);

	for (size_t i = 0; i < patch->n && !e; i++) {
		ptrdiff_t at = place_of(s->a, &l, patch->p[i], how->key);

		if (at >= 0) {
			e = strategic_merge_map(s, original->p[at], patch->p[i], how->items,
						&original->p[at]);
		} else {
			enter(s->a, &l, patch->p[i], how->key, original->n);
			avec_push(s->a, original, patch->p[i]);
		}
	}
	drop_lookup(&l);
	return e;
}

static err *merge_list(struct strategic *s, node x, node y, const struct strategic_list *how,
		       bool is_delete, node *out)
{
	items original = items_of(s->a, x), patch = items_of(s->a, y), merged, ours = { 0 }, theirs = { 0 };
	bool maps = false, replaced = false;

	if (original.n + patch.n > STRATEGIC_LIST_MAX)
		return err_new(ERR_INVALID, "lists of more than %d items are not merged",
			       STRATEGIC_LIST_MAX);
	TRY(check_same_types(x, y, &maps));
	if (!maps && is_delete) {
		struct lookup gone = look_up(s->a, &patch, STR_NONE);

		merged = without(s->a, &original, &gone, STR_NONE);
		drop_lookup(&gone);
		*out = list_of(s->a, &merged);
		return NULL;
	}
	if (!maps) {
		merged = unique(s->a, &original, &patch);
	} else if (!how->key.n) {
		return err_new(ERR_INVALID, "cannot merge lists without merge key for struct");
	} else {
		TRY(do_directives(s->a, &original, &patch, how->key, &replaced));
		if (replaced) {
			original = patch;
			patch = (items){ 0 };
		}
		merged = copy_of(s->a, &original);
		TRY(merge_items(s, &merged, &patch, how));
	}
	TRY(part(s->a, &merged, &patch, how->key, &ours, &theirs));
	return zip(s->a, &ours, &theirs, &patch, &original, how->key, maps, out);
}

err *strategic_merge_list(struct strategic *s, node original, node patch,
			  const struct strategic_list *how, bool is_delete, node *out)
{
	if (!how->merge && !is_delete) {
		*out = patch;
		return NULL;
	}
	if (!node_len(original) && !node_len(patch)) {
		*out = original;
		return NULL;
	}
	return merge_list(s, original, patch, how, is_delete, out);
}

/* ---- $setElementOrder --------------------------------------------------- */

/* The patch's items must be in the order that it asks for. */
static err *check_order(struct arena *a, node patch, node order, str key)
{
	size_t i = 0, k = 0, n = node_len(patch);

	if (!n || !node_len(order))
		return NULL;
	while (i < n && k < node_len(order)) {
		node item = node_at(patch, i), wanted = node_at(order, k);

		if (key.n && !node_is(item, NODE_MAP))
			return strategic_wrong_type("map[string]interface {}", item);
		if (node_has(item, PATCH)) {
			i++;
			continue;
		}
		if (key.n && !node_is(wanted, NODE_MAP))
			return strategic_wrong_type("map[string]interface {}", wanted);
		if (key.n && !node_has(item, key))
			return strategic_no_key(item, key);
		if (key.n && !node_has(wanted, key))
			return strategic_no_key(wanted, key);
		if (str_eq(identity(a, item, key), identity(a, wanted, key)))
			i++;
		k++;
	}
	/* Those that only say what goes do not count. */
	while (i < n && node_has(node_at(patch, i), PATCH) &&
	       str_eq(node_str(node_get(node_at(patch, i), PATCH)), S("delete")))
		i++;
	if (i == n)
		return NULL;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(64 << 10);

	buf_add(&b, S("The order in patch list:\n"));
	goprint_add(&b, patch);
	buf_add(&b, S("\n doesn't match $setElementOrder list:\n"));
	goprint_add(&b, order);
	buf_addc(&b, '\n');
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

err *strategic_order_list(struct strategic *s, node original, node patch, node order,
			  const struct strategic_list *how, node *out)
{
	bool has_original = !node_is(original, NODE_NONE), has_patch = !node_is(patch, NODE_NONE);
	items ours = { 0 }, theirs = { 0 }, wanted = items_of(s->a, order);
	node merged = original;
	bool maps = false;

	TRY(check_order(s->a, patch, order, how->key));
	if (!has_original && !has_patch)
		return NULL;
	if (!has_original) {
		merged = patch;
		strategic_drop_directives(s, &merged);
	} else if (has_patch) {
		TRY(strategic_merge_list(s, original, patch, how, false, &merged));
	}
	items all = items_of(s->a, merged), live = items_of(s->a, original);

	TRY(part(s->a, &all, &wanted, how->key, &ours, &theirs));
	TRY(check_same_types(original, patch, &maps));
	return zip(s->a, &ours, &theirs, &wanted, &live, how->key, maps, out);
}
