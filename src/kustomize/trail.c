#include "kustomize/trail.h"

#include <stdlib.h>

/* Deeper than any object; what lies below keeps the place it has. */
enum { DEPTH_MAX = 10000 };

static const uint32_t no_maker = UINT32_MAX;

struct step {
	struct trail *t;
	uint32_t maker;		/* made when the first field is touched */
	unsigned depth;
	bool changed;
};

void trail_begin(struct trail *t, str what, uint32_t place)
{
	if (!t)
		return;
	t->what = what;
	t->place = place;
}

void trail_entry(struct trail *t, uint32_t place)
{
	if (t && place)
		t->place = place;
}

static void touch(struct step *s, node old, node *new)
{
	if (s->maker == no_maker)
		s->maker = sources_maker(s->t->sources, s->t->what, s->t->place);
	uint32_t now = new->place == old.place ? 0 : new->place;

	new->place = sources_step(s->t->sources, old.place, now, s->maker);
	s->changed = true;
}

static bool is_tree(node n)
{
	return n.kind == NODE_MAP || n.kind == NODE_SEQ;
}

/* On the way through JSON all numbers become floats. */
static bool same_scalar(node a, node b)
{
	return node_equal(a, b) ||
	       (node_is_num(a) && node_is_num(b) && node_float(a) == node_float(b));
}

static void compare(struct step *s, node old, node *new);

struct item {
	uint32_t place, at;
};

/* The items of a list, to be found by place. */
struct items {
	node list;
	size_t next;		/* the one expected now: most lists keep their order */
	bool same_size;
	VEC(struct item) sorted;	/* made when one is not where it is expected */
};

static int cmp_items(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	return (a->place > b->place) - (a->place < b->place);
}

static void sort_items(struct items *all)
{
	vec_reserve(&all->sorted, node_len(all->list));
	node_each_item(i, all->list)
		vec_push(&all->sorted,
			 ((struct item){ i->place, (uint32_t)(i - all->list.seq->items) }));
	qsort(all->sorted.p, all->sorted.n, sizeof *all->sorted.p, cmp_items);
}

/* What the item was before the step, wherever in the list it stood. */
static node former_item(struct items *all, node item)
{
	size_t at = all->next++;
	const struct item wanted = { .place = item.place };

	if (!item.place || node_at(all->list, at).place == item.place || !node_len(all->list))
		return node_at(all->list, at);
	if (!all->sorted.n)
		sort_items(all);
	const struct item *found = bsearch(&wanted, all->sorted.p, all->sorted.n, sizeof wanted,
					   cmp_items);

	if (!found)	/* a scalar that was set, or an item that came */
		return all->same_size && !is_tree(item) ? node_at(all->list, at) : NODE_NOTHING;
	all->next = found->at + 1;
	return node_at(all->list, found->at);
}

static void compare_inside(struct step *s, node old, node new)
{
	struct items items = { .list = old, .same_size = node_len(old) == node_len(new) };

	if (s->depth >= DEPTH_MAX)
		return;
	s->depth++;
	node_each_item(i, new)
		compare(s, former_item(&items, *i), i);
	node_each_pair(p, new)
		compare(s, node_get(old, node_str(p->key)), &p->value);
	s->depth--;
	vec_release(&items.sorted);
}

static void compare(struct step *s, node old, node *new)
{
	if (is_tree(*new)) {
		node same = old.kind == new->kind ? old : NODE_NOTHING;

		if (!new->place && same.kind != NODE_NONE)
			new->place = old.place;
		if (new->place != old.place || same.kind == NODE_NONE)
			touch(s, old, new);
		if (node_len(same) != node_len(*new))
			s->changed = true;
		compare_inside(s, same, *new);
	} else if (old.kind == NODE_NONE || !same_scalar(old, *new)) {
		touch(s, old, new);
	} else {
		/* The same value: a patch that names it touches nothing. */
		new->place = old.place;
	}
}

void trail_read(struct trail *t, struct resmap *m)
{
	for (size_t i = 0; t && i < m->n; i++)
		m->list[i]->seen = node_copy(t->a, m->list[i]->object);
}

void trail_done(struct trail *t, struct resmap *m)
{
	struct step s = { .t = t, .maker = no_maker };

	for (size_t i = 0; t && i < m->n; i++) {
		struct resource *r = m->list[i];

		s.changed = false;
		compare(&s, r->seen, &r->object);
		if (s.changed)
			r->seen = node_copy(t->a, r->object);
	}
}
