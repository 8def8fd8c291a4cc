#include "server/garbage.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "server/dependents.h"
#include "server/meta.h"
#include "server/registry.h"

#define AGENT "generic-garbage-collector"
/* How soon a reference to an owner that is not there is believed: the owner
 * may be on its way. */
#define ABSENT_AGE (500 * CLOCK_MS)

static struct dependents *own(struct minder *m)
{
	void **slot = minder_own(m, &garbage_controller);

	if (!*slot)
		*slot = mem_calloc(1, sizeof(struct dependents));
	return *slot;
}

const struct dependents *garbage_dependents(struct minder *m)
{
	return own(m);
}

static void garbage_close(struct minder *m)
{
	struct dependents *d = own(m);

	dependents_release(d);
	free(d);
}

static str id_of(struct arena *a, const struct minder_key *key)
{
	return arena_cat(a, key->more, S(" "), key->namespace, S("/"), key->name);
}

/* ---- what is seen ------------------------------------------------------ */

static struct minder_key key_of(const struct store_event *e)
{
	return (struct minder_key){ blob_namespace(e->now), blob_name(e->now),
				    store_table_name(e->table) };
}

static bool has(node list, str wanted)
{
	node_each_item(i, list)
		if (str_eq(node_str(*i), wanted))
			return true;
	return false;
}

/* All that depend on an object are to be looked at. */
static void need_dependents(struct minder *m, str uid)
{
	const struct dependents *d = own(m);

	for (size_t i = 0; i < dependents_count(d, uid); i++) {
		str key = dependents_key(d, uid, i), table, namespace;

		str_cut(&key, &table, ' ');
		str_cut(&key, &namespace, '/');
		minder_need(m, &garbage_controller,
			    &(struct minder_key){ namespace, key, table }, 0);
	}
}

static void garbage_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	/* most are nobody's and stay */
	if (e->change != STORE_DELETED && !blob_meta(e->now, S("ownerReferences")).n &&
	    !blob_meta(e->now, S("deletionTimestamp")).n)
		return;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node owners = blob_meta_tree(&a, e->now, S("ownerReferences"));
	str uid = node_str(blob_meta_tree(&a, e->now, S("uid")));
	struct minder_key key = key_of(e);
	str *uids = arena_array(&a, str, node_len(owners));
	size_t n = 0;

	node_each_item(o, owners)
		uids[n++] = node_str(node_get(*o, S("uid")));
	if (e->change == STORE_DELETED) {
		dependents_set(own(m), id_of(&a, &key), NULL, 0);
		need_dependents(m, uid);
		/* owners that wait for it */
		for (size_t i = 0; i < n; i++)
			minder_need(m, c,
				    &(struct minder_key){ .more = arena_cat(&a, S("uid "), uids[i]) }, 0);
		return;
	}
	dependents_set(own(m), id_of(&a, &key), uids, n);
	if (n && e->change == STORE_ADDED)
		minder_need(m, c, &key, ABSENT_AGE);
	if (!blob_meta(e->now, S("deletionTimestamp")).n)
		return;
	node finalizers = blob_meta_tree(&a, e->now, S("finalizers"));

	if (has(finalizers, S("foregroundDeletion")) || has(finalizers, S("orphan")))
		minder_need(m, c, &key, 0);
}

/* ---- what is done ------------------------------------------------------ */

/* The row of a resource by the name of its table ("apps/deployments"): a
 * reference, or NULL. */
static const struct kind *kind_of_table(struct minder_call *c, str table)
{
	struct registry *r = server_registry(c->server);
	const struct kind *found = NULL;
	str group, plural;
	size_t n;
	const struct kind **kinds = registry_list(r, &n);

	str_split(table, '/', &group, &plural);
	for (size_t i = 0; i < n && !found; i++)
		if (str_eq(kinds[i]->gvk.group, group) && str_eq(kinds[i]->plural, plural) &&
		    !kinds[i]->stored)
			found = kind_ref(kinds[i]);
	registry_release_list(kinds, n);
	return found;
}

static str path_of(struct minder_call *c, const struct kind *k, const struct minder_key *key)
{
	str version = gvk_api_version(c->arena, k->gvk);

	return minder_path(c->arena, version.p, k->plural, key->namespace, key->name, STR_NONE);
}

static node get(struct minder_call *c, const struct minder_key *key)
{
	str group, plural;

	str_split(key->more, '/', &group, &plural);
	return minder_get(c, group, plural, key->namespace, key->name);
}

/* Whether the owner that a reference names is there; `out` is the owner. */
static bool owner_is_there(struct minder_call *c, node ref, str namespace, node *out)
{
	struct registry *r = server_registry(c->server);
	const struct kind *k = registry_find_kind(
		r, gvk_parse(node_str(node_get(ref, S("apiVersion"))), node_str(node_get(ref, S("kind")))));

	if (!k)	/* a kind that is not served: nobody can tell */
		return !node_is((*out = node_map(c->arena, 0)), NODE_NONE);
	k = k->stored ? k->stored : k;
	*out = minder_get(c, k->gvk.group, k->plural, k->namespaced ? namespace : STR_NONE,
			  node_str(node_get(ref, S("name"))));
	kind_unref(k);
	return !node_is(*out, NODE_NONE) &&
	       str_eq(meta_get(*out, S("uid")), node_str(node_get(ref, S("uid"))));
}

static err *delete_object(struct minder_call *c, const struct kind *k, const struct minder_key *key,
			  node object, const char *policy)
{
	struct arena *a = c->arena;
	node body = node_map(a, 4), conditions = node_map(a, 1);

	node_set(a, body, S("apiVersion"), node_lit("v1"));
	node_set(a, body, S("kind"), node_lit("DeleteOptions"));
	node_set(a, conditions, S("uid"), node_from_str(a, meta_get(object, S("uid"))));
	node_set(a, body, S("preconditions"), conditions);
	node_set(a, body, S("propagationPolicy"), node_from_str(a, str_c(policy)));
	return minder_unless_gone(minder_write(c,
					       &(struct minder_write){ .agent = AGENT,
								       .method = S("DELETE"),
								       .path = path_of(c, k, key),
								       .body = body },
					       NULL));
}

/* Put the metadata lists as they should be. */
static err *patch_list(struct minder_call *c, const struct kind *k, const struct minder_key *key,
		       node object, const char *field, node list)
{
	struct arena *a = c->arena;
	node patch = node_map(a, 1), metadata = node_map(a, 3);

	node_set(a, metadata, str_c(field), node_len(list) ? list : node_null());
	node_set(a, metadata, S("uid"), node_from_str(a, meta_get(object, S("uid"))));
	node_set(a, metadata, S("resourceVersion"),
		 node_from_str(a, meta_get(object, S("resourceVersion"))));
	node_set(a, patch, S("metadata"), metadata);
	return minder_unless_gone(minder_write(c,
					       &(struct minder_write){
						       .agent = AGENT,
						       .method = S("PATCH"),
						       .type = S("application/merge-patch+json"),
						       .path = path_of(c, k, key),
						       .body = patch },
					       NULL));
}

/* An object that is owned: what of its owners is left? */
static err *check_owned(struct minder_call *c, const struct kind *k, node object)
{
	struct arena *a = c->arena;
	node refs = node_dig(object, "metadata", "ownerReferences"), left = node_seq(a, 2);
	size_t solid = 0, waiting = 0;
	bool blocks = false;

	node_each_item(ref, refs) {
		node owner;

		if (!owner_is_there(c, *ref, c->key.namespace, &owner))
			continue;
		node_append(a, left, *ref);
		if (meta_is_deleting(owner) && meta_has_finalizer(owner, S("foregroundDeletion"))) {
			waiting++;
			blocks = blocks ||
				 node_bool(node_get(*ref, S("blockOwnerDeletion")));
		} else {
			solid++;
		}
	}
	if (!solid && node_len(refs))
		return delete_object(c, k, &c->key, object, waiting && blocks ? "Foreground" : "Background");
	if (node_len(left) < node_len(refs))
		return patch_list(c, k, &c->key, object, "ownerReferences", left);
	return NULL;
}

/* Objects that depend on it, each with its row; the visit may end with an error. */
struct dependent {
	struct minder_key key;
	node object, ref;
};

typedef VEC(struct dependent) dependents_vec;

static void find_dependents(struct minder_call *c, str uid, dependents_vec *out)
{
	const struct dependents *d = own(c->minder);

	for (size_t i = 0; i < dependents_count(d, uid); i++) {
		str rest = arena_str(c->arena, dependents_key(d, uid, i));
		struct dependent found = { 0 };

		str_cut(&rest, &found.key.more, ' ');
		str_cut(&rest, &found.key.namespace, '/');
		found.key.name = rest;
		found.object = get(c, &found.key);
		node_each_item(ref, node_dig(found.object, "metadata", "ownerReferences"))
			if (str_eq(node_str(node_get(*ref, S("uid"))), uid))
				found.ref = *ref;
		if (node_is(found.ref, NODE_MAP))
			avec_push(c->arena, out, found);
	}
}

static err *drop_finalizer(struct minder_call *c, const struct kind *k, node object, str name)
{
	node left = node_seq(c->arena, 2);

	node_each_item(f, node_dig(object, "metadata", "finalizers"))
		if (!str_eq(node_str(*f), name))
			node_append(c->arena, left, *f);
	return patch_list(c, k, &c->key, object, "finalizers", left);
}

/* Deleted in the foreground: its dependents first, those that block it most of all. */
static err *finish_foreground(struct minder_call *c, const struct kind *k, node object)
{
	dependents_vec all = { 0 };
	bool blocked = false;

	find_dependents(c, meta_get(object, S("uid")), &all);
	for (size_t i = 0; i < all.n; i++) {
		blocked = blocked || node_bool(node_get(all.p[i].ref, S("blockOwnerDeletion")));
		if (!meta_is_deleting(all.p[i].object))
			minder_need(c->minder, &garbage_controller, &all.p[i].key, 0);
	}
	if (blocked)
		return NULL;
	return drop_finalizer(c, k, object, S("foregroundDeletion"));
}

static err *finish_orphan(struct minder_call *c, const struct kind *k, node object)
{
	dependents_vec all = { 0 };
	str uid = meta_get(object, S("uid"));

	find_dependents(c, uid, &all);
	for (size_t i = 0; i < all.n; i++) {
		node left = node_seq(c->arena, 2);
		const struct kind *of = kind_of_table(c, all.p[i].key.more);

		node_each_item(ref, node_dig(all.p[i].object, "metadata", "ownerReferences"))
			if (!str_eq(node_str(node_get(*ref, S("uid"))), uid))
				node_append(c->arena, left, *ref);
		err *e = of ? patch_list(c, of, &all.p[i].key, all.p[i].object, "ownerReferences",
					 left)
			    : NULL;

		kind_unref(of);
		TRY(e);
	}
	return drop_finalizer(c, k, object, S("orphan"));
}

/* An owner of which only the uid is known: is it waiting? */
static void look_for_owner(struct minder_call *c, str uid)
{
	struct registry *r = server_registry(c->server);
	size_t n;
	const struct kind **kinds = registry_list(r, &n);

	for (size_t i = 0; i < n; i++) {
		if (kinds[i]->stored || !(kinds[i]->verbs & KIND_DELETE))
			continue;
		node items = minder_pick(c, kinds[i]->gvk.group, kinds[i]->plural, STR_NONE,
					 minder_is_leaving, NULL);

		node_each_item(o, items)
			if (str_eq(meta_get(*o, S("uid")), uid))
				minder_need(c->minder, &garbage_controller,
					    &(struct minder_key){
						    meta_get(*o, S("namespace")),
						    meta_get(*o, S("name")),
						    arena_cat(c->arena, kinds[i]->gvk.group, S("/"),
							      kinds[i]->plural) },
					    0);
	}
	registry_release_list(kinds, n);
}

static err *look(struct minder_call *c, const struct kind *k)
{
	node object = get(c, &c->key);

	if (node_is(object, NODE_NONE)) {	/* perhaps nobody told */
		dependents_set(own(c->minder), id_of(c->arena, &c->key), NULL, 0);
		return NULL;
	}
	if (meta_is_deleting(object)) {
		if (meta_has_finalizer(object, S("orphan")))
			return finish_orphan(c, k, object);
		if (meta_has_finalizer(object, S("foregroundDeletion")))
			return finish_foreground(c, k, object);
		return NULL;
	}
	return node_len(node_dig(object, "metadata", "ownerReferences")) ? check_owned(c, k, object)
									 : NULL;
}

static err *garbage_run(struct minder_call *c, const struct controller *self)
{
	str uid = c->key.more;

	(void)self;
	if (str_take_str(&uid, S("uid "))) {
		look_for_owner(c, uid);
		return NULL;
	}
	const struct kind *k = kind_of_table(c, c->key.more);

	if (!k)
		return NULL;
	err *e = look(c, k);

	kind_unref(k);
	return e;
}

const struct controller garbage_controller = { .name = AGENT,
					       .sees = garbage_sees,
					       .run = garbage_run,
					       .close = garbage_close };
