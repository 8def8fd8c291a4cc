/* sim_claims - volumes for claims, and what keeps both from going while they are
 * used.
 *
 * A claim gets the smallest volume that is there for its class and fits; else
 * one is made for it, when its class is there: nothing is stored in it. Whose provisioner
 * that would be does not matter. A claim without a class gets the default one, or waits
 * for a volume without a class. */
#include "server/amounts.h"
#include "server/check.h"
#include "server/claims.h"
#include "server/meta.h"
#include "server/sim.h"

#define CLAIM_HELD S("kubernetes.io/pvc-protection")
#define VOLUME_HELD S("kubernetes.io/pv-protection")
#define BY_CONTROLLER S("pv.kubernetes.io/bound-by-controller")

static void put(struct arena *a, node map, const char *key, str value)
{
	node_set(a, map, str_c(key), node_from_str(a, value));
}

static err *write_volume(struct minder_call *c, str method, node volume, str name, const char *sub)
{
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = method,
					.path = minder_path(c->arena, "v1", S("persistentvolumes"), STR_NONE,
							    name, str_c(sub)),
					.body = volume },
		NULL));
}

static err *patch(struct minder_call *c, str plural, str namespace, str name, node body, node *out)
{
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = SIM_MANAGER,
					.method = S("PATCH"),
					.type = S("application/merge-patch+json"),
					.path = minder_path(c->arena, "v1", plural, namespace, name, STR_NONE),
					.body = body },
		out));
}

/* Let it go: without the finalizer that held it. */
static err *release(struct minder_call *c, str plural, node object, str finalizer)
{
	struct arena *a = c->arena;
	node body = node_map(a, 1), metadata = node_map(a, 2), left = node_seq(a, 2);

	node_each_item(f, node_dig(object, "metadata", "finalizers"))
		if (!str_eq(node_str(*f), finalizer))
			node_append(a, left, *f);
	node_set(a, metadata, S("finalizers"), node_len(left) ? left : node_null());
	node_set(a, body, S("metadata"), metadata);
	return patch(c, plural, meta_get(object, S("namespace")), meta_get(object, S("name")), body, NULL);
}

/* ---- claims ------------------------------------------------------------ */

static bool is_bound(node claim)
{
	return str_eq(TEXT_OF(GET(claim, "status"), "phase"), S("Bound"));
}

/* Only the first state of a Pod tells what nobody knew of its volumes. */
static bool is_told(const struct store_event *e)
{
	return e->change == STORE_MODIFIED;
}

/* Pods that go may have held a claim; those that come, volumes and classes may be what one
 * waits for. */
static void claim_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };
	bool pod = minder_is(e, "/pods"), volume = minder_is(e, "/persistentvolumes");
	bool class = minder_is(e, "storage.k8s.io/storageclasses") && e->change != STORE_DELETED;

	sim_sees(m, c, e, "/persistentvolumeclaims", NULL, NULL);
	if (!pod && !class && !(volume && e->change == STORE_ADDED))
		return;
	node_each_item(claim, minder_list(&look, STR_NONE, S("persistentvolumeclaims"),
					  pod ? blob_namespace(e->now) : STR_NONE))
		if (volume || meta_is_deleting(*claim) || (!is_bound(*claim) && !(pod && is_told(e))))
			minder_need(m, c,
				    &(struct minder_key){ meta_get(*claim, S("namespace")),
							  meta_get(*claim, S("name")), STR_NONE },
				    0);
}

static bool is_used(struct minder_call *c)
{
	node_each_item(p, minder_list(c, STR_NONE, S("pods"), c->key.namespace)) {
		if (IS_ONE_OF(TEXT_OF(GET(*p, "status"), "phase"), "Succeeded", "Failed"))
			continue;
		node_each_item(v, node_dig(*p, "spec", "volumes"))
			if (str_eq(TEXT_OF(GET(*v, "persistentVolumeClaim"), "claimName"), c->key.name))
				return true;
	}
	return false;
}

static node ref_to(struct arena *a, node claim)
{
	node ref = node_map(a, 6);

	put(a, ref, "apiVersion", S("v1"));
	put(a, ref, "kind", S("PersistentVolumeClaim"));
	put(a, ref, "name", meta_get(claim, S("name")));
	put(a, ref, "namespace", meta_get(claim, S("namespace")));
	put(a, ref, "resourceVersion", meta_get(claim, S("resourceVersion")));
	put(a, ref, "uid", meta_get(claim, S("uid")));
	return ref;
}

static node made_volume(struct arena *a, node claim, str name)
{
	node volume = node_map(a, 4), metadata = node_map(a, 2), spec = node_map(a, 8);
	node capacity = node_map(a, 1), path = node_map(a, 2), notes = node_map(a, 1);

	put(a, notes, "pv.kubernetes.io/provisioned-by", S("sim.rill.dev"));
	node_set(a, metadata, S("annotations"), notes);
	put(a, metadata, "name", name);
	node_set(a, capacity, S("storage"), node_dig(claim, "spec", "resources", "requests", "storage"));
	put(a, path, "path", arena_cat(a, S("/simulated/"), name));
	node_set(a, spec, S("accessModes"), node_dig(claim, "spec", "accessModes"));
	node_set(a, spec, S("capacity"), capacity);
	node_set(a, spec, S("claimRef"), ref_to(a, claim));
	node_set(a, spec, S("hostPath"), path);
	put(a, spec, "persistentVolumeReclaimPolicy", S("Delete"));
	put(a, spec, "storageClassName", TEXT_OF(GET(claim, "spec"), "storageClassName"));
	put(a, volume, "apiVersion", S("v1"));
	put(a, volume, "kind", S("PersistentVolume"));
	node_set(a, volume, S("metadata"), metadata);
	node_set(a, volume, S("spec"), spec);
	return volume;
}

static bool has_modes(node volume, node claim)
{
	node_each_item(wanted, node_dig(claim, "spec", "accessModes")) {
		bool found = false;

		node_each_item(mode, node_dig(volume, "spec", "accessModes"))
			found |= node_equal(*mode, *wanted);
		if (!found)
			return false;
	}
	return true;
}

static bool is_meant_for(node volume, node claim)
{
	node ref = node_dig(volume, "spec", "claimRef");
	str uid = TEXT_OF(ref, "uid");

	return str_eq(TEXT_OF(ref, "name"), meta_get(claim, S("name"))) &&
	       str_eq(TEXT_OF(ref, "namespace"), meta_get(claim, S("namespace"))) &&
	       (!uid.n || str_eq(uid, meta_get(claim, S("uid"))));
}

/* The smallest that fits; one that is meant for this claim before all others. */
static node fitting_volume(struct minder_call *c, node claim)
{
	struct arena *a = c->arena;
	node best = NODE_NOTHING, spec = GET(claim, "spec");
	struct quantity asked = amounts_quantity(a, node_dig(spec, "resources", "requests", "storage"));
	struct quantity smallest = { 0 };

	node_each_item(v, minder_list(c, STR_NONE, S("persistentvolumes"), STR_NONE)) {
		struct quantity is = amounts_quantity(a, node_dig(*v, "spec", "capacity", "storage"));
		str named = TEXT_OF(spec, "volumeName");

		if (meta_is_deleting(*v))
			continue;
		if (is_meant_for(*v, claim))
			return *v;
		if (HAS(GET(*v, "spec"), "claimRef") ||
		    !str_eq(TEXT_OF(GET(*v, "spec"), "storageClassName"), TEXT_OF(spec, "storageClassName")) ||
		    (named.n && !str_eq(named, meta_get(*v, S("name")))) || !has_modes(*v, claim) ||
		    quantity_cmp(&is, &asked) < 0)
			continue;
		if (node_is(best, NODE_NONE) || quantity_cmp(&is, &smallest) < 0) {
			best = *v;
			smallest = is;
		}
	}
	return best;
}

/* Both name each other; the claim last. */
static err *bind(struct minder_call *c, node claim, node volume)
{
	struct arena *a = c->arena;
	node body = node_map(a, 2), metadata = node_map(a, 1), notes = node_map(a, 2), spec = node_map(a, 1);
	node status = node_map(a, 3);
	str name = meta_get(volume, S("name"));

	if (!is_meant_for(volume, claim)) {
		put(a, node_need_map(a, node_get(volume, S("metadata")), S("annotations")),
		    "pv.kubernetes.io/bound-by-controller", S("yes"));
		node_set(a, GET(volume, "spec"), S("claimRef"), ref_to(a, claim));
		TRY(write_volume(c, S("PUT"), volume, name, ""));
	}
	put(a, notes, "pv.kubernetes.io/bind-completed", S("yes"));
	node_set(a, notes, BY_CONTROLLER, node_lit("yes"));
	node_set(a, metadata, S("annotations"), notes);
	node_set(a, body, S("metadata"), metadata);
	put(a, spec, "volumeName", name);
	node_set(a, body, S("spec"), spec);
	TRY(patch(c, S("persistentvolumeclaims"), c->key.namespace, c->key.name, body, &claim));
	node_set(a, status, S("accessModes"), node_dig(volume, "spec", "accessModes"));
	node_set(a, status, S("capacity"), node_dig(volume, "spec", "capacity"));
	put(a, status, "phase", S("Bound"));
	return sim_put_status(c, SIM_MANAGER, "v1", S("persistentvolumeclaims"), claim, status);
}

/* ---- classes ------------------------------------------------------------- */

#define SPEAKER "persistentvolume-controller"

static node class_of(struct minder_call *c, node claim)
{
	str name = TEXT_OF(GET(claim, "spec"), "storageClassName");

	return name.n ? minder_get(c, S("storage.k8s.io"), S("storageclasses"), STR_NONE, name) : NODE_NOTHING;
}

/* A claim that is older than the default class gets it nevertheless. */
static err *give_class(struct minder_call *c, node *claim)
{
	struct arena *a = c->arena;
	node body = node_map(a, 1), spec = node_map(a, 1);
	node class = claims_default_class(
		minder_list(c, S("storage.k8s.io"), S("storageclasses"), STR_NONE));

	if (node_is_nil(class))
		return NULL;
	put(a, spec, "storageClassName", meta_get(class, S("name")));
	node_set(a, body, S("spec"), spec);
	return patch(c, S("persistentvolumeclaims"), c->key.namespace, c->key.name, body, claim);
}

/* Its class binds when a Pod wants it, and none does. */
static bool must_wait(struct minder_call *c, node claim, node class)
{
	if (!str_eq(TEXT_OF(class, "volumeBindingMode"), S("WaitForFirstConsumer")) || is_used(c))
		return false;
	SIM_TELL(c, claim, SPEAKER, "WaitForFirstConsumer",
		 "waiting for first consumer to be created before binding");
	return true;
}

/* Whether a volume can be made for the claim; else it is told why not. */
static bool can_be_made(struct minder_call *c, node claim, node class)
{
	str name = TEXT_OF(GET(claim, "spec"), "storageClassName"), by = TEXT_OF(class, "provisioner");

	if (!name.n)
		SIM_TELL(c, claim, SPEAKER, "FailedBinding",
			 "no persistent volumes available for this claim and no storage class is set");
	else if (node_is_nil(class))
		SIM_WARN(c, claim, SPEAKER, "ProvisioningFailed",
			 "storageclass.storage.k8s.io \"%.*s\" not found", STR_ARG(name));
	else if (str_eq(by, S("kubernetes.io/no-provisioner")))
		SIM_WARN(c, claim, SPEAKER, "ProvisioningFailed", "no volume plugin matched name: %.*s",
			 STR_ARG(by));
	else
		return true;
	return false;
}

static err *claim_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node claim = minder_get(c, STR_NONE, S("persistentvolumeclaims"), c->key.namespace, c->key.name);

	(void)own;
	if (node_is(claim, NODE_NONE))
		return NULL;
	if (meta_is_deleting(claim)) {
		bool held = meta_has_finalizer(claim, CLAIM_HELD) && !is_used(c);

		return held ? release(c, S("persistentvolumeclaims"), claim, CLAIM_HELD) : NULL;
	}
	if (is_bound(claim))
		return NULL;
	if (LACKS(GET(claim, "spec"), "storageClassName"))
		TRY(give_class(c, &claim));
	node class = class_of(c, claim), volume;

	if (must_wait(c, claim, class))
		return NULL;
	volume = fitting_volume(c, claim);
	if (node_is(volume, NODE_NONE)) {
		str name = arena_cat(a, S("pvc-"), meta_get(claim, S("uid")));

		if (!can_be_made(c, claim, class))
			return NULL;
		volume = made_volume(a, claim, name);
		TRY(write_volume(c, S("POST"), volume, STR_NONE, ""));
	}
	return bind(c, claim, volume);
}

const struct controller sim_claim_controller = { .name = SIM_MANAGER,
						 .workloads = true,
						 .sees = claim_sees,
						 .run = claim_run };

/* ---- volumes ------------------------------------------------------------- */

static void volume_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };

	sim_sees(m, c, e, "/persistentvolumes", NULL, NULL);
	if (!minder_is(e, "/persistentvolumeclaims"))
		return;
	node_each_item(v, minder_list(&look, STR_NONE, S("persistentvolumes"), STR_NONE))
		if (str_eq(TEXT_OF(node_dig(*v, "spec", "claimRef"), "name"), blob_name(e->now)))
			minder_need(m, c, &(struct minder_key){ .name = meta_get(*v, S("name")) }, 0);
}

/* "Available", "Bound" or "Released", by what became of the claim. */
static str phase_of(struct minder_call *c, node volume)
{
	node ref = node_dig(volume, "spec", "claimRef"), claim;
	str uid = TEXT_OF(ref, "uid");

	if (node_is_nil(ref) || !uid.n)
		return S("Available");
	claim = minder_get(c, STR_NONE, S("persistentvolumeclaims"), TEXT_OF(ref, "namespace"),
			   TEXT_OF(ref, "name"));
	return str_eq(meta_get(claim, S("uid")), uid) ? S("Bound") : S("Released");
}

static err *volume_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node volume = minder_get(c, STR_NONE, S("persistentvolumes"), STR_NONE, c->key.name), status;

	(void)own;
	if (node_is(volume, NODE_NONE))
		return NULL;
	str phase = phase_of(c, volume);

	if (meta_is_deleting(volume)) {
		bool held = meta_has_finalizer(volume, VOLUME_HELD) && !str_eq(phase, S("Bound"));

		return held ? release(c, S("persistentvolumes"), volume, VOLUME_HELD) : NULL;
	}
	if (str_eq(phase, S("Released")) &&
	    str_eq(TEXT_OF(GET(volume, "spec"), "persistentVolumeReclaimPolicy"), S("Delete")))
		return write_volume(c, S("DELETE"), NODE_NOTHING, c->key.name, "");
	status = node_copy(a, GET(volume, "status"));
	if (!node_is(status, NODE_MAP))
		status = node_map(a, 1);
	put(a, status, "phase", phase);
	return sim_put_status(c, SIM_MANAGER, "v1", S("persistentvolumes"), volume, status);
}

const struct controller sim_volume_controller = { .name = SIM_MANAGER,
						  .workloads = true,
						  .sees = volume_sees,
						  .run = volume_run };
