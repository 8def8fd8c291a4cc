#include "release/relmemory.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/vec.h"
#include "kube/selector.h"
#include "value/json.h"

struct kept {
	struct buf namespace, name, json;
};

struct relmemory {
	VEC(struct kept) list;
};

static void drop(struct kept *k)
{
	buf_release(&k->namespace);
	buf_release(&k->name);
	buf_release(&k->json);
}

struct relmemory *relmemory_new(void)
{
	return mem_calloc(1, sizeof(struct relmemory));
}

void relmemory_free(struct relmemory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->list.n; i++)
		drop(&m->list.p[i]);
	vec_release(&m->list);
	free(m);
}

static struct kept *find(const struct relmemory *m, str namespace, str name)
{
	for (size_t i = 0; i < m->list.n; i++) {
		struct kept *k = &m->list.p[i];

		if (str_eq(buf_str(&k->name), name) && str_eq(buf_str(&k->namespace), namespace))
			return k;
	}
	return NULL;
}

static err *absent(void)
{
	return err_new(ERR_NOT_FOUND, "release: not found");
}

err *relmemory_list(const struct relmemory *m, struct arena *a, str namespace, str selector,
		    node *out)
{
	struct selector wanted = { 0 };
	node items = node_seq(a, m->list.n);

	TRY(selector_parse(a, selector, &wanted));
	*out = node_map(a, 1);
	node_set(a, *out, S("items"), items);
	for (size_t i = 0; i < m->list.n; i++) {
		const struct kept *k = &m->list.p[i];
		node object;

		if (namespace.n && !str_eq(buf_str(&k->namespace), namespace))
			continue;
		TRY(json_read(a, arena_str(a, buf_str(&k->json)), NULL, &object));
		if (selector_matches(&wanted, node_dig(object, "metadata", "labels")))
			node_append(a, items, object);
	}
	return NULL;
}

err *relmemory_get(const struct relmemory *m, struct arena *a, str namespace, str name, node *out)
{
	const struct kept *k = find(m, namespace, name);

	return k ? json_read(a, arena_str(a, buf_str(&k->json)), NULL, out) : absent();
}

err *relmemory_put(struct relmemory *m, str namespace, str name, str json, bool is_new)
{
	struct kept *k = find(m, namespace, name);

	if (k && is_new)
		return err_new(ERR_EXISTS, "release: already exists");
	if (!k && !is_new)
		return absent();
	if (!k) {
		vec_push(&m->list, ((struct kept){ BUF_INIT, BUF_INIT, BUF_INIT }));
		k = &m->list.p[m->list.n - 1];
		buf_add(&k->namespace, namespace);
		buf_add(&k->name, name);
	}
	buf_clear(&k->json);
	buf_add(&k->json, json);
	return NULL;
}

err *relmemory_delete(struct relmemory *m, str namespace, str name)
{
	struct kept *k = find(m, namespace, name);

	if (!k)
		return absent();
	drop(k);
	m->list.n--;
	for (size_t i = (size_t)(k - m->list.p); i < m->list.n; i++)
		m->list.p[i] = m->list.p[i + 1];
	return NULL;
}
