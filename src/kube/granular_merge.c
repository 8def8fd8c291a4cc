/* Two objects of one type: one merged into the other, and what differs. */
#include "kube/granular_impl.h"

/* Both sides of a place; NODE_NONE: it is not there. */
struct pair {
	struct granular_place place;
	node left, right;
};

/* What to do with a pair: the kinds of both sides, once or, where they
 * differ, the left one's first. */
struct shapes {
	struct granular_shape shape[2];
	size_t n;
};

static bool same_shape(struct granular_shape x, struct granular_shape y)
{
	return x.scalar == y.scalar && x.list == y.list && x.map == y.map;
}

static struct shapes shapes_of(const struct pair *p)
{
	struct granular_shape s = granular_shape(p->place);
	struct granular_shape left = granular_deduce(s, p->left), right = granular_deduce(s, p->right);

	if (!granular_is_there(p->right))
		return (struct shapes){ { left }, 1 };
	if (!granular_is_there(p->left) || same_shape(left, right))
		return (struct shapes){ { right }, 1 };
	return (struct shapes){ { left, right }, 2 };
}

/* A list or map of which neither side has anything is a leaf: so empty and
 * null stay apart. */
static bool is_leaf(struct granular_shape s, const struct pair *p)
{
	enum node_kind kind = s.map ? NODE_MAP : NODE_SEQ;

	if (s.map ? s.map_atomic : s.scalar || s.list_atomic)
		return true;
	return !(node_is(p->left, kind) && node_len(p->left)) &&
	       !(node_is(p->right, kind) && node_len(p->right));
}

static node value_of(node n, enum node_kind kind)
{
	return node_is(n, kind) ? n : NODE_NOTHING;
}

/* ---- merging ----------------------------------------------------------- */

static node merge(struct arena *a, const struct pair *p);

static node keep_right(const struct pair *p)
{
	return granular_is_there(p->right) ? p->right : p->left;
}

static node merge_maps(struct arena *a, const struct pair *p)
{
	node left = value_of(p->left, NODE_MAP), right = value_of(p->right, NODE_MAP);
	node out = node_map(a, node_len(left) + node_len(right));

	node_each_pair(l, left) {
		struct pair below = { .left = l->value, .right = node_get(right, node_str(l->key)) };

		granular_below(p->place, node_str(l->key), &below.place);
		node value = merge(a, &below);

		if (granular_is_there(value))
			node_push(a, out, l->key, value);
	}
	node_each_pair(r, right)
		if (!node_has(left, node_str(r->key)))
			node_push(a, out, r->key, r->value);
	return node_len(out) ? out : NODE_NOTHING;
}

struct list_merge {
	struct arena *a;
	const struct pair *p;
	struct granular_index left, right;
	bool *right_done;	/* the item is in the result */
	node out;
};

static bool is_shared(const struct list_merge *m, size_t r)
{
	size_t first;

	return granular_index_find(&m->left, &m->right.items[r].step, &first) > 0;
}

/* The next item of the right side that is on both, from `r` on. */
static size_t next_shared(const struct list_merge *m, size_t r)
{
	while (r < m->right.n && !is_shared(m, r))
		r++;
	return r;
}

static void emit(struct list_merge *m, node left, node right)
{
	struct pair below = { granular_items(m->p->place), left, right };
	node value = merge(m->a, &below);

	if (granular_is_there(value))
		node_append(m->a, m->out, value);
}

/* An item of the right side with its partner; of items that are on the left
 * twice nothing is taken over. */
static void emit_right(struct list_merge *m, size_t r)
{
	size_t first, times = granular_index_find(&m->left, &m->right.items[r].step, &first);

	m->right_done[r] = true;
	emit(m, times == 0 ? NODE_NOTHING : times == 1 ? m->left.items[first].value : node_null(),
	     m->right.items[r].value);
}

static void walk_lists(struct list_merge *m)
{
	size_t l = 0, r = 0, want = next_shared(m, 0);

	while (l < m->left.n || r < m->right.n) {
		size_t in_right = 0;
		bool shared = l < m->left.n &&
			      granular_index_find(&m->right, &m->left.items[l].step, &in_right) > 0;

		if (l < m->left.n && r < m->right.n) {
			if (shared && in_right == r) {
				emit_right(m, r);
				want = next_shared(m, want + 1);
				l++;
				r++;
				continue;
			}
			if (shared && want < m->right.n && in_right != want) {
				l++;	/* its turn comes later, or has been */
				continue;
			}
		}
		if (l < m->left.n && !shared) {
			emit(m, m->left.items[l].value, NODE_NOTHING);
			l++;
			continue;
		}
		if (l < m->left.n && m->right_done[in_right])
			l++;
		if (r < m->right.n) {
			emit_right(m, r);
			if (r == want)
				want = next_shared(m, want + 1);
			r++;
		}
	}
}

static node merge_lists(struct arena *a, const struct pair *p)
{
	struct list_merge m = { .a = a, .p = p };

	granular_index_make(a, p->place.type, value_of(p->left, NODE_SEQ), &m.left);
	granular_index_make(a, p->place.type, value_of(p->right, NODE_SEQ), &m.right);
	m.right_done = arena_array(a, bool, m.right.n);
	m.out = node_seq(a, m.left.n + m.right.n);
	walk_lists(&m);
	return node_len(m.out) ? m.out : NODE_NOTHING;
}

static node merge(struct arena *a, const struct pair *p)
{
	struct shapes s = shapes_of(p);
	struct granular_shape last = s.shape[s.n - 1];

	if (!granular_is_there(p->left) || !granular_is_there(p->right) || is_leaf(last, p))
		return keep_right(p);
	return last.map ? merge_maps(a, p) : merge_lists(a, p);
}

node granular_merge(struct arena *a, node live, node config, const struct type *type)
{
	return merge(a, &(struct pair){ { type, false }, live, config });
}

/* ---- comparing --------------------------------------------------------- */

enum change { ADDED, MODIFIED, REMOVED, CHANGES };

/* What a place adds to the sets above it. */
struct marks {
	bool self[CHANGES];
	struct fieldset *below[CHANGES];
};

static struct marks compare(struct arena *a, const struct pair *p);

static void add_marks(struct arena *a, struct marks *to, const struct fieldset_step *step,
		      const struct marks *m)
{
	for (int i = 0; i < CHANGES; i++) {
		if (!m->self[i] && !m->below[i])
			continue;
		if (!to->below[i])
			to->below[i] = fieldset_new(a);
		struct fieldset_entry *e = fieldset_need(a, to->below[i], step);

		e->member |= m->self[i];
		if (m->below[i])
			e->below = e->below ? fieldset_union(a, e->below, m->below[i]) : m->below[i];
	}
}

static void compare_fields(struct arena *a, const struct pair *p, struct marks *out)
{
	node left = value_of(p->left, NODE_MAP), right = value_of(p->right, NODE_MAP);

	node_each_pair(l, left) {
		struct pair below = { .left = l->value, .right = node_get(right, node_str(l->key)) };
		struct fieldset_step step = fieldset_field(node_str(l->key));

		if (!granular_below(p->place, step.name, &below.place))
			continue;
		struct marks m = compare(a, &below);

		add_marks(a, out, &step, &m);
	}
	node_each_pair(r, right) {
		struct pair below = { .right = r->value };
		struct fieldset_step step = fieldset_field(node_str(r->key));

		if (node_has(left, step.name) || !granular_below(p->place, step.name, &below.place))
			continue;
		struct marks m = compare(a, &below);

		add_marks(a, out, &step, &m);
	}
}

/* Items that are there several times count as one value. */
static bool same_repeats(const struct granular_index *x, const struct granular_index *y,
			 const struct fieldset_step *step)
{
	size_t k = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (fieldset_cmp_step(&x->items[i].step, step))
			continue;
		while (k < y->n && fieldset_cmp_step(&y->items[k].step, step))
			k++;
		if (k == y->n || fieldset_cmp_value(x->items[i].value, y->items[k].value))
			return false;
		k++;
	}
	while (k < y->n && fieldset_cmp_step(&y->items[k].step, step))
		k++;
	return k == y->n;
}

static struct marks compare_item(struct arena *a, const struct pair *p, const struct granular_index *left,
				 const struct granular_index *right, const struct fieldset_step *step)
{
	size_t l = 0, r = 0;
	size_t left_n = granular_index_find(left, step, &l);
	size_t right_n = granular_index_find(right, step, &r);
	struct pair below = { .place = granular_items(p->place) };
	struct marks m = { 0 };

	if (left_n >= 2 && right_n >= 2) {
		m.self[MODIFIED] = !same_repeats(left, right, step);
		return m;
	}
	if (left_n == 1)
		below.left = left->items[l].value;
	if (right_n == 1)
		below.right = right->items[r].value;
	if (granular_is_there(below.left) || granular_is_there(below.right))
		m = compare(a, &below);
	if (left_n >= 2)
		m.self[REMOVED] = true;
	if (right_n >= 2)
		m.self[ADDED] = true;
	return m;
}

static void compare_items(struct arena *a, const struct pair *p, struct marks *out)
{
	struct granular_index left, right;

	granular_index_make(a, p->place.type, value_of(p->left, NODE_SEQ), &left);
	granular_index_make(a, p->place.type, value_of(p->right, NODE_SEQ), &right);
	for (size_t i = 0; i < left.n + right.n; i++) {
		const struct granular_index *own = i < left.n ? &left : &right;
		size_t at = i < left.n ? i : i - left.n, first;
		const struct fieldset_step *step = &own->items[at].step;

		granular_index_find(own, step, &first);
		if (first != at || (own == &right && granular_index_find(&left, step, &first)))
			continue;
		struct marks m = compare_item(a, p, &left, &right, step);

		add_marks(a, out, step, &m);
	}
}

static void compare_leaf(const struct pair *p, struct marks *out)
{
	if (!granular_is_there(p->left))
		out->self[ADDED] = true;
	else if (!granular_is_there(p->right))
		out->self[REMOVED] = true;
	else if (fieldset_cmp_value(p->left, p->right))
		out->self[MODIFIED] = true;
}

static struct marks compare(struct arena *a, const struct pair *p)
{
	struct shapes s = shapes_of(p);
	struct marks out = { 0 };
	bool leaf = false;

	if (p->left.kind == p->right.kind && (node_is(p->left, NODE_MAP) || node_is(p->left, NODE_SEQ)) &&
	    p->left.map == p->right.map)
		return out;
	for (size_t i = 0; i < s.n; i++) {
		leaf = is_leaf(s.shape[i], p);
		if (leaf)
			compare_leaf(p, &out);
		else if (s.shape[i].map)
			compare_fields(a, p, &out);
		else
			compare_items(a, p, &out);
	}
	if (!leaf && !granular_is_there(p->left))
		out.self[ADDED] = true;
	else if (!leaf && !granular_is_there(p->right))
		out.self[REMOVED] = true;
	return out;
}

void granular_compare(struct arena *a, node old, node object, const struct type *type,
		      struct granular_diff *out)
{
	struct marks m = compare(a, &(struct pair){ { type, false }, old, object });

	*out = (struct granular_diff){ m.below[ADDED], m.below[MODIFIED], m.below[REMOVED] };
}
