#include "kustomize/resmap.h"

#include "base/hash.h"

/* Hash chains: a resource is entered once under each of its ids and names. */
struct link {
	uint64_t hash;
	struct resource *resource;
	uint32_t next;		/* index + 1 in `links`; in order of the list */
};

struct table {
	uint32_t *first, *last;	/* by hash: index + 1 */
	uint32_t mask;
	VEC(struct link) links;
};

/* Each table is made when it is first asked. */
enum { PRESENT, ANY, NAMES, NAMES_NOW, NAMES_FIRST, TABLES };

struct resmap_index {
	struct table tables[TABLES];
};

struct resmap *resmap_new(struct arena *a)
{
	struct resmap *m = arena_new(a, struct resmap);

	m->a = a;
	return m;
}

static uint64_t hash_id(struct resid id)
{
	uint64_t h = hash_bytes(id.name);

	h = h * 31 + hash_bytes(id.gvk.kind);
	h = h * 31 + hash_bytes(id.gvk.group);
	h = h * 31 + hash_bytes(id.gvk.version);
	return h * 31 + hash_bytes(resid_effective_ns(id));
}

static void link_up(struct table *t, uint32_t link)
{
	uint32_t slot = (uint32_t)t->links.p[link].hash & t->mask;

	t->links.p[link].next = 0;
	if (t->last[slot])
		t->links.p[t->last[slot] - 1].next = link + 1;
	else
		t->first[slot] = link + 1;
	t->last[slot] = link + 1;
}

static void table_size(struct table *t, struct arena *a, size_t n)
{
	uint32_t size = 16;

	while (size < n * 2)
		size *= 2;
	t->first = arena_array(a, uint32_t, size);
	t->last = arena_array(a, uint32_t, size);
	t->mask = size - 1;
	for (uint32_t i = 0; i < t->links.n; i++)
		link_up(t, i);
}

static void table_add(struct table *t, struct arena *a, uint64_t hash, struct resource *r)
{
	uint32_t at = t->last[(uint32_t)hash & t->mask];

	/* Entries of one resource come together: do not enter it twice. */
	if (at && t->links.p[at - 1].resource == r && t->links.p[at - 1].hash == hash)
		return;
	if (t->links.n * 2 > t->mask)
		table_size(t, a, t->links.n * 2);
	avec_push(a, &t->links, (struct link){ hash, r, 0 });
	link_up(t, (uint32_t)t->links.n - 1);
}

static uint64_t hash_in(str name, str ns)
{
	return hash_bytes(name) * 31 + hash_bytes(ns);
}

static void enter_former(struct table *t, struct arena *a, struct resource *r, str ns)
{
	for (size_t i = 0; i < r->former.n; i++)
		table_add(t, a, hash_in(r->former.p[i].name, ns), r);
}

static void enter(struct table *t, unsigned which, struct arena *a, struct resource *r)
{
	if (which == NAMES_FIRST) {
		enter_former(t, a, r, resid_effective_ns(resource_original_id(r)));
		return;
	}
	struct resid id = resource_id(r);

	if (which == NAMES_NOW) {
		enter_former(t, a, r, resid_effective_ns(id));
		return;
	}

	table_add(t, a, which == NAMES ? hash_bytes(id.name) : hash_id(id), r);
	for (size_t i = 0; which != PRESENT && i < r->former.n; i++)
		table_add(t, a,
			  which == NAMES ? hash_bytes(r->former.p[i].name)
					 : hash_id(resource_former_id(r, i)),
			  r);
}

static const struct table *need(struct resmap *m, unsigned which)
{
	if (!m->index)
		m->index = arena_new(m->a, struct resmap_index);
	struct table *t = &m->index->tables[which];

	if (!t->first) {
		table_size(t, m->a, m->n);
		for (size_t i = 0; i < m->n; i++)
			enter(t, which, m->a, m->list[i]);
	}
	return t;
}

void resmap_touch(struct resmap *m)
{
	m->index = NULL;
}

/* Once in the list, though it may be entered under several hashes. */
static void add_once(struct arena *a, resource_list *to, struct resource *r)
{
	if (!to->n || to->p[to->n - 1] != r)
		avec_push(a, to, r);
}

resource_list resmap_by_id(struct resmap *m, struct resid id)
{
	resource_list found = { 0 };
	uint64_t hash = hash_id(id);
	const struct table *t = need(m, PRESENT);

	for (uint32_t at = t->first[hash & t->mask]; at; at = t->links.p[at - 1].next)
		if (t->links.p[at - 1].hash == hash &&
		    resid_eq(resource_id(t->links.p[at - 1].resource), id))
			add_once(m->a, &found, t->links.p[at - 1].resource);
	return found;
}

resource_list resmap_clash(struct resmap *m)
{
	const struct table *t = need(m, PRESENT);

	for (uint32_t i = 0; i < t->links.n; i++) {
		const struct link *one = &t->links.p[i];

		for (uint32_t at = one->next; at; at = t->links.p[at - 1].next) {
			if (t->links.p[at - 1].hash != one->hash || !node_len(one->resource->object))
				continue;
			resource_list same = resmap_by_id(m, resource_id(one->resource));

			if (same.n > 1)
				return same;
			break;
		}
	}
	return (resource_list){ 0 };
}

resource_list resmap_by_any_id(struct resmap *m, struct resid id)
{
	resource_list found = { 0 };
	uint64_t hash = hash_id(id);
	const struct table *t = need(m, ANY);

	for (uint32_t at = t->first[hash & t->mask]; at; at = t->links.p[at - 1].next)
		if (t->links.p[at - 1].hash == hash && resource_is(t->links.p[at - 1].resource, id))
			add_once(m->a, &found, t->links.p[at - 1].resource);
	return found;
}

static bool had_name(const struct resource *r, str name)
{
	if (str_eq(resource_name(r), name))
		return true;
	for (size_t i = 0; i < r->former.n; i++)
		if (str_eq(r->former.p[i].name, name))
			return true;
	return false;
}

resource_list resmap_by_name(struct resmap *m, str name)
{
	resource_list found = { 0 };
	uint64_t hash = hash_bytes(name);
	const struct table *t = need(m, NAMES);

	for (uint32_t at = t->first[hash & t->mask]; at; at = t->links.p[at - 1].next)
		if (t->links.p[at - 1].hash == hash && had_name(t->links.p[at - 1].resource, name))
			add_once(m->a, &found, t->links.p[at - 1].resource);
	return found;
}

void resmap_index_names(struct resmap *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->list[i]->at = i;
	need(m, NAMES_NOW);
	need(m, NAMES_FIRST);
}

void resmap_index_all_names(struct resmap *m)
{
	need(m, NAMES);
}

resource_list resmap_by_name_in(struct resmap *m, str name, str ns, bool first)
{
	resource_list found = { 0 };
	uint64_t hash = hash_in(name, ns);
	const struct table *t = need(m, first ? NAMES_FIRST : NAMES_NOW);

	for (uint32_t at = t->first[hash & t->mask]; at; at = t->links.p[at - 1].next) {
		struct resource *r = t->links.p[at - 1].resource;

		if (t->links.p[at - 1].hash == hash && had_name(r, name) &&
		    str_eq(resid_effective_ns(first ? resource_original_id(r) : resource_id(r)), ns))
			add_once(m->a, &found, r);
	}
	return found;
}

static void push(struct resmap *m, struct resource *r)
{
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->list = avec_move(m->a, m->list, m->n, m->cap, sizeof(*m->list));
	}
	m->list[m->n++] = r;
	for (unsigned i = 0; m->index && i < TABLES; i++)
		if (m->index->tables[i].first)
			enter(&m->index->tables[i], i, m->a, r);
}

err *resmap_append(struct resmap *m, struct resource *r)
{
	struct resid id = resource_id(r);

	if (resmap_by_id(m, id).n)
		return err_new(ERR_EXISTS,
			       "may not add resource with an already registered id: %.*s",
			       STR_ARG(resid_text(m->a, id)));
	push(m, r);
	return NULL;
}

err *resmap_append_all(struct resmap *m, const struct resmap *from)
{
	if (!m->n) {	/* all of it as it is */
		struct arena *a = m->a;

		*m = *from;
		m->a = a;
		return NULL;
	}
	for (size_t i = 0; i < from->n; i++)
		TRY(resmap_append(m, from->list[i]));
	return NULL;
}

void resmap_sweep(struct resmap *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!m->list[i]->gone && node_len(m->list[i]->object))
			m->list[kept++] = m->list[i];
	if (kept != m->n)
		resmap_touch(m);
	m->n = kept;
}

struct resmap *resmap_copy(struct arena *a, const struct resmap *m)
{
	struct resmap *c = resmap_new(a);

	for (size_t i = 0; i < m->n; i++)
		push(c, resource_copy(a, m->list[i]));
	return c;
}
