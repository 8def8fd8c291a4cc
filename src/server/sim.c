#include "server/sim.h"

#include "base/hash.h"
#include "base/sort.h"
#include "kube/health.h"
#include "server/garbage.h"
#include "server/meta.h"
#include "value/json.h"

/* ---- watching ---------------------------------------------------------- */

void sim_sees(struct minder *m, const struct controller *c, const struct store_event *e,
	      const char *table, const char *owned, const char *owner_kind)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	if (minder_is(e, table) && e->change != STORE_DELETED)
		minder_need(m, c,
			    &(struct minder_key){ blob_namespace(e->now), blob_name(e->now),
						  STR_NONE },
			    0);
	if (!owned || !minder_is(e, owned))
		return;
	node refs = blob_meta_tree(&a, e->now, S("ownerReferences"));

	node_each_item(r, refs)
		if (node_bool(node_get(*r, S("controller"))) &&
		    str_eq(node_str(node_get(*r, S("kind"))), str_c(owner_kind)))
			minder_need(m, c,
				    &(struct minder_key){ blob_namespace(e->now),
							  node_str(node_get(*r, S("name"))),
							  STR_NONE },
				    0);
}

static bool is_controlled_by(node object, str uid)
{
	node_each_item(r, node_dig(object, "metadata", "ownerReferences"))
		if (node_bool(node_get(*r, S("controller"))) &&
		    str_eq(node_str(node_get(*r, S("uid"))), uid))
			return true;
	return false;
}

node sim_owned(struct minder_call *c, str group, str plural, node owner)
{
	struct arena *a = c->arena;
	const struct dependents *all = garbage_dependents(c->minder);
	str uid = meta_get(owner, S("uid"));
	str here = arena_cat(a, group, S("/"), plural, S(" "), c->key.namespace, S("/"));
	str *names = arena_array(a, str, dependents_count(all, uid));
	node out = node_seq(a, 4);
	size_t n = 0;

	for (size_t i = 0; i < dependents_count(all, uid); i++) {
		str key = dependents_key(all, uid, i);

		if (str_starts(key, here))
			names[n++] = str_from(key, here.n);
	}
	sort_strs(names, n);
	for (size_t i = 0; i < n; i++) {
		node o = minder_get(c, group, plural, c->key.namespace, names[i]);

		if (is_controlled_by(o, uid))
			node_append(a, out, o);
	}
	return out;
}

node sim_owner_refs(struct arena *a, node owner)
{
	node list = node_seq(a, 1), ref = node_map(a, 6);

	node_set(a, ref, S("apiVersion"), node_get(owner, S("apiVersion")));
	node_set(a, ref, S("blockOwnerDeletion"), node_from_bool(true));
	node_set(a, ref, S("controller"), node_from_bool(true));
	node_set(a, ref, S("kind"), node_get(owner, S("kind")));
	node_set(a, ref, S("name"), node_from_str(a, meta_get(owner, S("name"))));
	node_set(a, ref, S("uid"), node_from_str(a, meta_get(owner, S("uid"))));
	node_append(a, list, ref);
	return list;
}

/* ---- Pods -------------------------------------------------------------- */

node sim_pod_of(struct arena *a, node owner, node template, str name)
{
	node pod = node_map(a, 4), metadata = node_copy(a, node_get(template, S("metadata")));

	if (!node_is(metadata, NODE_MAP))
		metadata = node_map(a, 4);
	if (name.n)
		node_set(a, metadata, S("name"), node_from_str(a, name));
	else
		node_set(a, metadata, S("generateName"),
			 node_from_str(a, arena_cat(a, meta_get(owner, S("name")), S("-"))));
	node_set(a, metadata, S("ownerReferences"), sim_owner_refs(a, owner));
	node_set(a, pod, S("apiVersion"), node_lit("v1"));
	node_set(a, pod, S("kind"), node_lit("Pod"));
	node_set(a, pod, S("metadata"), metadata);
	node_set(a, pod, S("spec"), node_copy(a, node_get(template, S("spec"))));
	return pod;
}

err *sim_create_pod(struct minder_call *c, str namespace, node pod, node *made)
{
	return minder_write(c,
			    &(struct minder_write){
				    .agent = SIM_MANAGER,
				    .method = S("POST"),
				    .path = minder_path(c->arena, "v1", S("pods"), namespace,
							STR_NONE, STR_NONE),
				    .body = pod },
			    made);
}

err *sim_delete_pod(struct minder_call *c, node pod)
{
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("DELETE"),
					.path = minder_path(c->arena, "v1", S("pods"),
							    meta_get(pod, S("namespace")),
							    meta_get(pod, S("name")), STR_NONE),
					.body = NODE_NOTHING },
		NULL));
}

bool sim_pod_is_ready(node pod)
{
	return health_condition_is_true(pod, S("Ready"));
}

bool sim_pod_is_active(node pod)
{
	str phase = node_str(node_dig(pod, "status", "phase"));

	return !meta_is_deleting(pod) && !str_eq(phase, S("Succeeded")) &&
	       !str_eq(phase, S("Failed"));
}

/* ---- status ------------------------------------------------------------ */

err *sim_put_status(struct minder_call *c, const char *agent, const char *api_version, str plural,
		    node object, node status)
{
	struct arena *a = c->arena;

	if (node_equal(node_get(object, S("status")), status))
		return NULL;
	node_set(a, object, S("status"), status);
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = agent,
					.method = S("PUT"),
					.path = minder_path(a, api_version, plural,
							    meta_get(object, S("namespace")),
							    meta_get(object, S("name")),
							    S("status")),
					.body = object },
		NULL));
}

static bool says(node condition, const char *field, str value)
{
	return str_eq(node_str(node_get(condition, str_c(field))), value);
}

void sim_condition(struct arena *a, node status, const char *type, bool yes, const char *reason,
		   str message, bool updates)
{
	node list = node_get(status, S("conditions")), found = NODE_NOTHING;
	str word = yes ? S("True") : S("False");

	if (!node_is(list, NODE_SEQ)) {
		list = node_seq(a, 2);
		node_set(a, status, S("conditions"), list);
	}
	node_each_item(i, list)
		if (says(*i, "type", str_c(type)))
			found = *i;
	if (node_is(found, NODE_MAP) && says(found, "status", word) &&
	    says(found, "reason", str_c(reason)) && says(found, "message", message))
		return;
	bool turned = !node_is(found, NODE_MAP) || !says(found, "status", word);

	if (!node_is(found, NODE_MAP)) {
		found = node_map(a, 6);
		node_append(a, list, found);
	}
	node_set(a, found, S("type"), node_from_str(a, str_c(type)));
	node_set(a, found, S("status"), node_from_str(a, word));
	if (updates)
		node_set(a, found, S("lastUpdateTime"), node_from_str(a, meta_now(a)));
	if (turned)
		node_set(a, found, S("lastTransitionTime"), node_from_str(a, meta_now(a)));
	if (*reason)
		node_set(a, found, S("reason"), node_from_str(a, str_c(reason)));
	if (message.n)
		node_set(a, found, S("message"), node_from_str(a, message));
}

void sim_number(struct arena *a, node status, const char *field, int64_t value, bool always)
{
	if (value || always)
		node_set(a, status, str_c(field), node_from_int(value));
	else
		node_remove(status, str_c(field));
}

int64_t sim_int(node object, const char *part, const char *field, int64_t fallback)
{
	node n = node_dig(object, part, field);

	return node_is_num(n) ? node_int(n) : fallback;
}

str sim_hash(struct arena *a, node template)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t h = 2166136261u;	/* FNV-1a */
	char text[11];
	size_t n = 0;

	err_free(json_write(&b, template, NULL));
	for (size_t i = 0; i < b.n; i++)
		h = (h ^ (unsigned char)b.p[i]) * 16777619u;
	do {
		text[n++] = letters[h % (sizeof letters - 1)];
		h /= sizeof letters - 1;
	} while (h && n < sizeof text);
	while (n < 8)
		text[n++] = 'b';
	return arena_str(a, str_of(text, n));
}

str sim_revision_hash(struct arena *a, node data)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t h = 2166136261u;	/* FNV-1 */
	node sorted = node_copy(a, data);

	node_sort(sorted);
	err_free(json_write(&b, sorted, NULL));
	buf_addc(&b, '0');	/* how often another revision had the same hash */
	for (size_t i = 0; i < b.n; i++)
		h = (h * 16777619u) ^ (unsigned char)b.p[i];
	str digits = arena_printf(a, "%u", h);

	for (size_t i = 0; i < digits.n; i++)
		((char *)digits.p)[i] = letters[(unsigned char)digits.p[i] % (sizeof letters - 1)];
	return digits;
}
