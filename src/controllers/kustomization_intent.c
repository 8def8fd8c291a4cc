/* kustomization_intent - what is about to be created is noted until a status has it. */
#include "base/map.h"
#include "controllers/kustomization_impl.h"
#include "value/json.h"

static str text(node entry, const char *key)
{
	return node_str(node_get(entry, str_c(key)));
}

static str note_name(struct pass *p)
{
	return arena_cat(p->arena, S("kustomization_"), p->key.namespace, S("_"), p->key.name);
}

static void keep(struct ks_memory *m, str json)
{
	struct arena mem = ARENA_INIT;

	m->intended = json.n ? arena_str(&mem, json) : STR_NONE;
	arena_release(&m->intended_mem);
	m->intended_mem = mem;
}

/* What a process before this one noted. A note that cannot be read tells nothing. */
static void recall(struct pass *p, struct ks_memory *m)
{
	struct artifact_store *store = runtime_store(p->rt);
	str json = STR_NONE;

	if (m->recalled)
		return;
	m->recalled = true;
	if (!store)
		return;
	err *e = artifact_noted(store, p->arena, note_name(p), &json);

	if (e)
		log_error(p->log, e, S("unable to read what was about to be applied"));
	else
		keep(m, json);
	err_free(e);
}

static node inventory_of(const struct pass *p)
{
	return node_dig(p->status, "inventory", "entries");
}

/* The entries of a note; none when it is damaged. */
static node noted(struct pass *p, const struct ks_memory *m)
{
	node list;
	err *e = m->intended.n ? json_read(p->arena, arena_str(p->arena, m->intended), NULL, &list)
			       : NULL;
	bool good = m->intended.n && !e && list.kind == NODE_SEQ;

	err_free(e);
	return good ? list : NODE_NOTHING;
}

static void add_new(struct pass *p, struct map *there, node to, node entries)
{
	node_each_item(i, entries) {
		str id = text(*i, "id");

		if (!id.n || map_has(there, id))
			continue;
		map_set(there, id, p);
		node_append(p->arena, to, *i);
	}
}

node kustomization_entries(struct pass *p)
{
	CLEANUP(map_release) struct map there = MAP_INIT;
	struct ks_memory *m = p->memory;
	node own = inventory_of(p);

	recall(p, m);
	node more = noted(p, m);

	if (!node_len(more))
		return own;
	node all = node_seq(p->arena, node_len(own) + node_len(more));

	node_each_item(i, more)
		node_set(p->arena, *i, S("noted"), node_from_bool(true));
	add_new(p, &there, all, own);
	add_new(p, &there, all, more);
	return all;
}

/* Of the items those that may not be there yet, and that no inventory names. */
static node list_new(struct ks *k)
{
	CLEANUP(map_release) struct map there = MAP_INIT;
	node list = node_seq(k->a, 0);

	node_each_item(i, inventory_of(k->p))
		map_set(&there, text(*i, "id"), k);
	for (size_t i = 0; i < k->n; i++) {
		str id = objid_print(k->a, &k->items[i].id);

		if (map_has(&there, id))
			continue;
		node entry = node_map(k->a, 2);

		node_set(k->a, entry, S("id"), node_from_str(k->a, id));
		node_set(k->a, entry, S("v"), node_copy_str(k->a, k->items[i].version));
		node_append(k->a, list, entry);
	}
	return list;
}

/* Without a note only a process that is killed forgets. */
static void save(struct pass *p, str json)
{
	struct artifact_store *store = runtime_store(p->rt);
	err *e = store ? artifact_note(store, note_name(p), json) : NULL;

	if (e)
		log_error(p->log, e, S("unable to note what is about to be applied"));
	err_free(e);
}

void kustomization_intend(struct ks *k)
{
	CLEANUP(map_release) struct map there = MAP_INIT;
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	node list = list_new(k);

	if (!node_len(list))
		return;
	recall(k->p, k->m);
	node_each_item(i, list)
		map_set(&there, text(*i, "id"), k);
	add_new(k->p, &there, list, noted(k->p, k->m));
	err_free(json_write(&json, list, NULL));
	if (str_eq(k->m->intended, buf_str(&json)))
		return;
	keep(k->m, buf_str(&json));
	save(k->p, buf_str(&json));
}

void kustomization_forget_intent(struct pass *p)
{
	struct ks_memory *m = p->memory;

	if (!m || !m->intended.n)
		return;
	keep(m, STR_NONE);
	save(p, STR_NONE);
}

void kustomization_written(struct pass *p)
{
	struct ks_memory *m = p->memory;

	/* A status written while it is suspended repeats what the server had. */
	if (!m || node_bool(node_get(p->spec, S("suspend"))))
		return;
	m->owed = m->untold = false;
	/* A pass that failed may have made what its status does not tell. */
	if (m->applied)
		kustomization_forget_intent(p);
}
