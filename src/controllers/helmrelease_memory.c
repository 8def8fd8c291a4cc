/* helmrelease_memory - what stays of a HelmRelease from pass to pass.
 *
 * How each object looked when it was as the release wants it, and which record the
 * storage had. With the watches that proves, without a request, that there is
 * nothing to be done; it is lost when the process ends, and found anew. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/owned.h"
#include "base/vec.h"
#include "controllers/hr_impl.h"
#include "controllers/runtime_impl.h"

void hr_remember(struct hr *h, struct pass *p)
{
	if (!p->memory)
		p->memory = mem_calloc(1, sizeof *h->m);
	h->m = p->memory;
}

void hr_forget(struct runtime *rt, void *memory)
{
	struct hr_memory *m = memory;

	(void)rt;
	if (m) {
		arena_release(&m->mem);
		owned_free(m->chart);
	}
	free(m);
}

/* ---- inputs ------------------------------------------------------------------ */

/* The version of what the pass would read; false: it is not known. */
static bool add_version(struct hr *h, struct buf *b, str kind, node ref)
{
	str selector = runtime_settings(h->p->rt)->watch_configs_label_selector;
	bool narrowed = selector.n && !str_eq(selector, S("owner!=helm"));
	const struct client_resource *r = str_eq(kind, S("Secret")) ? &client_secrets
								    : &client_configmaps;
	str name = node_str(node_get(ref, S("name")));
	struct live_state s;

	if (!name.n)
		return true;
	live_state(runtime_live(h->p->rt), h->a, r, h->p->key.namespace, name, &s);
	buf_addf(b, "|%.*s %.*s", STR_ARG(name), STR_ARG(s.resource_version));
	return s.synced && (s.exists || !narrowed);
}

uint64_t hr_inputs(struct hr *h, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node spec = node_get(object, S("spec")), source;
	struct artifact artifact = { 0 };
	str kind, ns, name;

	hr_source_ref(h->a, object, &kind, &ns, &name);
	err *e = pass_get(h->p, (struct gvk){ S(HR_SOURCE_GROUP), STR_NONE, kind }, ns, name,
			  &source);

	err_free(e);
	if (e || !artifact_of(h->a, source, &artifact))
		return 0;
	buf_addf(&b, "%.*s|%.*s|%lld", STR_ARG(artifact.revision), STR_ARG(artifact.digest),
		 (long long)node_int(node_dig(object, "metadata", "generation")));
	bool known = add_version(h, &b, S("Secret"), node_dig(spec, "kubeConfig", "secretRef")) &&
		     add_version(h, &b, S("ConfigMap"),
				 node_dig(spec, "kubeConfig", "configMapRef"));

	node_each_item(i, node_get(spec, S("valuesFrom")))
		known = add_version(h, &b, node_str(node_get(*i, S("kind"))), *i) && known;
	return known ? hash_bytes(buf_str(&b)) | 1 : 0;
}

/* What is other than when the pass began; empty: nothing that counts. */
static str new_input(struct hr *h, struct arena *a)
{
	const struct key *k = &h->p->key;
	struct client_resource r;
	struct pass p = *h->p;
	struct hr now = *h;
	node source;
	struct artifact artifact;

	now.a = p.arena = a;
	now.p = &p;
	err_free(runtime_resource(p.rt, (struct gvk){ S(HELM_GROUP), STR_NONE, S("HelmRelease") },
				  &r));
	node object = live_get(runtime_live(p.rt), a, &r, k->namespace, k->name);

	if (object.kind != NODE_MAP)
		return STR_NONE;
	if (node_int(node_dig(object, "metadata", "generation")) != p.generation)
		return arena_cat(a, S("HelmRelease/"), k->namespace, S("/"), k->name);
	err *e = pass_get(&p, (struct gvk){ S(HR_SOURCE_GROUP), STR_NONE, h->source_kind },
			  h->source_ns, h->source_name, &source);

	err_free(e);
	if (!e && artifact_of(a, source, &artifact) &&
	    !str_eq(artifact.digest, h->artifact.digest))
		return arena_cat(a, h->source_kind, S("/"), h->source_ns, S("/"), h->source_name);
	uint64_t inputs = hr_inputs(&now, object);

	if (!inputs || !h->inputs || inputs == h->inputs)
		return STR_NONE;
	/* The watch may have been behind what was read. */
	now.given.p = NULL;
	now.given.n = now.given.cap = 0;
	e = hr_values(&now);
	err_free(e);
	if (e || str_eq(now.config_digest, h->config_digest)) {
		h->inputs = inputs;
		return STR_NONE;
	}
	node ref = node_at(node_get(h->spec, S("valuesFrom")), 0);

	return arena_cat(a, node_str(node_get(ref, S("kind"))), S("/"), k->namespace, S("/"),
			 node_str(node_get(ref, S("name"))));
}

bool hr_is_overtaken(void *ctx)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct hr *h = ctx;

	if (!h->overtaken.n && pass_is_stale(h->p))
		h->overtaken = arena_str(h->a, new_input(h, &a));
	return h->overtaken.n > 0;
}

/* What of the status decides about the next pass. */
static uint64_t state_of(struct hr *h)
{
	node latest = hr_latest(h), ready = condition_get(h->p, S("Ready"));
	str parts[] = { node_str(node_get(latest, S("digest"))),
			node_str(node_get(ready, S("status"))),
			node_str(node_get(ready, S("message"))),
			hr_status_str(h, "storageNamespace"), hr_status_str(h, "helmChart") };

	return hash_bytes(arena_join(h->a, parts, sizeof parts / sizeof *parts, S("|"))) ^
	       (uint64_t)hr_status_int(h, "observedGeneration");
}

/* ---- objects ------------------------------------------------------------------ */

struct hr_known *hr_find_known(struct hr *h, const struct relobj *o)
{
	struct hr_memory *m = h->m;

	for (size_t i = 0; i < m->n && m->cluster == h->cluster->id; i++) {
		struct hr_known *k = &m->known[i];

		if (str_eq(k->name, o->name) && str_eq(k->ns, o->ns) &&
		    str_eq(k->kind.kind, o->gvk.kind) && str_eq(k->kind.group, o->gvk.group))
			return k;
	}
	return NULL;
}

void hr_know(struct hr *h, const struct relobj_list *l)
{
	struct arena mem = ARENA_INIT;
	struct hr_known *known = arena_array(&mem, struct hr_known, l->n + 1);

	for (size_t i = 0; i < l->n; i++) {
		const struct relobj *o = &l->p[i];
		const struct hr_known *before = hr_find_known(h, o);

		known[i] = (struct hr_known){
			.kind = { arena_str(&mem, o->gvk.group), arena_str(&mem, o->gvk.version),
				  arena_str(&mem, o->gvk.kind) },
			.ns = arena_str(&mem, o->ns),
			.name = arena_str(&mem, o->name),
			.clean = before ? before->clean : 0,
			.applied = before ? before->applied : 0,
			.seen = before ? before->seen : 0,
		};
	}
	arena_release(&h->m->mem);
	h->m->mem = mem;
	h->m->known = known;
	h->m->n = l->n;
	h->m->cluster = h->cluster->id;
}

void hr_on_applied(void *ctx, const struct relobj_list *l)
{
	struct hr *h = ctx;

	hr_know(h, l);
	for (size_t i = 0; i < l->n; i++) {
		struct hr_known *k = &h->m->known[i];

		if (l->p[i].live.kind == NODE_MAP)
			k->clean = k->applied = k->seen = live_content(l->p[i].live);
	}
	h->fresh = true;
}

uint64_t hr_content_now(struct hr *h, const struct hr_known *k)
{
	const struct client_resource *r;
	struct live_state s;
	err *e = discovery_kind(h->cluster->discovery, k->kind, &r);

	err_free(e);
	if (e || !cluster_sees(h->p, h->cluster, r, k->ns))
		return 0;
	live_state(h->cluster->live, h->a, r, k->ns, k->name, &s);
	return !s.synced ? 0 : s.exists ? s.content : HR_GONE;
}

/* Whether the wish has more than what live_content covers. */
static bool wants_more(node object)
{
	node_each_pair(p, node_get(object, S("metadata"))) {
		str key = node_str(p->key);

		if (!str_eq(key, S("name")) && !str_eq(key, S("namespace")) &&
		    !str_eq(key, S("labels")) && !str_eq(key, S("annotations")))
			return true;
	}
	return node_has(object, S("status"));
}

/* An upgrade puts back what somebody changed, what drift detection leaves to him, too. Who
 * asks for a pass may have done so just now, before the watch has it: nothing is known then. */
bool hr_is_intact(void *ctx, const struct relobj *o)
{
	struct hr *h = ctx;
	const struct hr_known *k = h->p->requested ? NULL : hr_find_known(h, o);

	return k && k->applied && hr_content_now(h, k) == k->applied && !wants_more(o->object);
}

/* Whether each is as it was when nothing was wrong with it. */
static bool all_clean(struct hr *h)
{
	for (size_t i = 0; i < h->m->n; i++)
		if (!h->m->known[i].clean ||
		    hr_content_now(h, &h->m->known[i]) != h->m->known[i].clean)
			return false;
	return h->m->n > 0;
}

/* Whether none is other than when it was looked at last. */
static bool all_seen(struct hr *h)
{
	for (size_t i = 0; i < h->m->n; i++) {
		uint64_t now = hr_content_now(h, &h->m->known[i]);

		if (now && now != h->m->known[i].seen)
			return false;
	}
	return true;
}

/* ---- the storage ---------------------------------------------------------------- */

void hr_wrote(void *ctx, node object)
{
	struct hr *h = ctx;

	if (!h->cluster->remote)
		releases_note(hr_shared_releases(h->shared), object);
}

/* The watch is the controller's own; another account may not look into all namespaces. */
static bool may_know(const struct hr *h)
{
	return !h->cluster->remote && (str_eq(h->env.store.ns, h->p->key.namespace) ||
				       h->cluster->client == runtime_client(h->p->rt));
}

/* What the storage has, if it is known. One that is behind what was here before is not; and
 * of another account's right to look nothing is known before it has looked, or written. */
static bool find_revisions(struct hr *h, struct release_revisions *out)
{
	bool own = h->cluster->client == runtime_client(h->p->rt);

	return may_know(h) && !h->doubted &&
	       releases_find(hr_shared_releases(h->shared), h->a, h->env.store.ns, h->name,
			     h->p->cancel, out) &&
	       (out->n || own || hr_right_is_known(h->shared, h->cluster->id, "list",
						&client_secrets, h->env.store.ns)) &&
	       (out->n ? out->p[out->n - 1].version : 0) >= h->m->version;
}

static bool is_stored(struct hr *h)
{
	struct release_revisions r;

	return h->m->version && find_revisions(h, &r) && r.n &&
	       r.p[r.n - 1].version == h->m->version && r.p[r.n - 1].stored == h->m->stored;
}

/* The same by the server's word. The watch may be behind what somebody did just before he
 * asked for this pass, and nothing would come after it. */
static bool is_stored_now(struct hr *h)
{
	int64_t newest = 0;
	uint64_t stored = 0;
	node list;
	str selector = arena_cat(h->a, S("name="), h->name, S(",owner=helm"));

	/* A server that answers from what it has seen itself asks its storage first how far
	 * that is, ten times a second: meanwhile others may work. */
	pass_waits(h->p, true);
	err *e = client_do(h->env.cluster.client, h->a,
			   &(struct client_request){
				   .path = client_path(h->a, &client_secrets, h->env.store.ns,
						       STR_NONE, STR_NONE),
				   .query = client_query_of(h->a, S("labelSelector"), selector),
				   .accept = S(CLIENT_PARTIAL_LIST),
				   .cancel = h->p->cancel },
			   &list);

	pass_waits(h->p, false);
	node_each_item(i, e ? NODE_NOTHING : node_get(list, S("items"))) {
		int64_t version = 0;
		str name;

		if (!releases_split(node_str(node_dig(*i, "metadata", "name")), &name, &version) ||
		    version < newest)
			continue;
		newest = version;
		str_to_u64(node_str(node_dig(*i, "metadata", "resourceVersion")), &stored);
	}
	h->doubted = e || newest != h->m->version || stored != h->m->stored;
	err_free(e);
	return !h->doubted;
}

void hr_has_looked(struct hr *h)
{
	if (may_know(h))
		hr_right_note(h->shared, h->cluster->id, "list", &client_secrets,
			      h->env.store.ns);
}

/* One to be read in full, or the little that is needed of the rest. */
static err *add_revision(struct hr *h, const struct release_revision *v, bool whole)
{
	struct record r = { .name = h->name, .ns = h->ns, .version = v->version,
			    .status = v->status, .first_deployed = GOTIME_ZERO,
			    .last_deployed = GOTIME_ZERO, .deleted = GOTIME_ZERO };

	if (whole)
		TRY(relstore_read(&h->env.store, h->a, h->name, v->version, &r));
	avec_push(h->a, &h->history, r);
	return NULL;
}

bool hr_read_stored(struct hr *h)
{
	struct release_revisions r;
	err *e = NULL;
	size_t deployed;

	if (!find_revisions(h, &r))
		return false;
	for (deployed = r.n; deployed > 0; deployed--)
		if (str_eq(r.p[deployed - 1].status, S("deployed")))
			break;
	h->history = (struct record_list){ 0 };
	for (size_t i = 0; i < r.n && !e; i++)
		e = add_revision(h, &r.p[i], i + 1 == r.n || i + 1 == deployed);
	/* What is superseded has another after it. */
	bool known = !e && !(r.n && str_eq(hr_last(h)->status, S("superseded")));

	err_free(e);		/* gone just now, or the list will tell */
	return known;
}

/* ---- from one pass to the next ------------------------------------------------------ */

void hr_settle(struct hr *h, bool in_sync, struct outcome out)
{
	struct hr_memory *m = h->m;
	struct release_revisions r;

	m->settled = h->inputs != 0;
	m->in_sync = in_sync && condition_is(h->p, S("Ready"), CONDITION_TRUE);
	m->inputs = h->inputs;
	m->state = state_of(h);
	m->cluster = h->cluster->id;
	m->due = clock_after(clock_mono(), out.after);
	m->version = 0;
	m->stored = 0;
	if (find_revisions(h, &r) && r.n) {
		m->version = r.p[r.n - 1].version;
		m->stored = r.p[r.n - 1].stored;
	}
}

/* Something is to be forced, or counted anew. */
static bool is_forcing(const struct hr *h)
{
	node annotations = node_dig(h->p->object, "metadata", "annotations");
	str force = node_str(node_get(annotations, S("reconcile.fluxcd.io/forceAt")));
	str reset = node_str(node_get(annotations, S("reconcile.fluxcd.io/resetAt")));

	return (force.n && !str_eq(force, hr_status_str(h, "lastHandledForceAt"))) ||
	       (reset.n && !str_eq(reset, hr_status_str(h, "lastHandledResetAt")));
}

static struct outcome at_due(const struct hr *h)
{
	int64_t left = h->m->due - clock_mono();

	return (struct outcome){ NEXT_AFTER, left > 0 ? left : 0 };
}

bool hr_is_settled(struct hr *h, struct outcome *out)
{
	struct hr_memory *m = h->m;

	h->inputs = hr_inputs(h, h->p->object);
	if (!m->settled || !h->inputs || m->inputs != h->inputs || m->state != state_of(h))
		return false;
	err *e = pass_cluster(h->p, &h->cluster);

	err_free(e);
	if (e || m->cluster != h->cluster->id)
		return false;
	hr_prepare_env(h);
	if (h->p->requested || clock_mono() >= m->due) {
		m->drifts = (struct drifts){ 0 };
		h->unchanged = m->in_sync && !is_forcing(h) && is_stored(h) &&
			       (!hr_detects_drift(h) || all_clean(h)) &&
			       (!h->p->requested || is_stored_now(h));
		return false;
	}
	*out = at_due(h);
	if (!hr_detects_drift(h) || all_seen(h) || !is_stored(h))
		return true;
	if (drifts_wait(&m->drifts, pass_duration(h->p, S("interval"), CLOCK_HOUR), &out->after))
		return true;
	h->quiet = true;
	return false;
}

struct outcome hr_end_quietly(struct hr *h)
{
	h->p->status = h->before;
	return at_due(h);
}
