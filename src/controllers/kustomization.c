/* kustomization - the controller of Kustomization (kustomize.md).
 *
 * There are four kinds of passes. A full one builds and applies. One that
 * finds that nothing changed since (the same artifact, spec and variables, and
 * a watch that proves the objects intact) only says so in the status. One
 * that an event of an object made while health is awaited looks at health
 * alone. And one that an event made which does not matter ends at once. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/vec.h"
#include "controllers/kustomization_impl.h"

static node dig_name(node n)
{
	return node_get(n, S("name"));
}

/* ---- what it refers to -------------------------------------------------------- */

static void add_config(struct refs *out, str kind, str namespace, node ref)
{
	str name = node_str(dig_name(ref));

	if (name.n)
		refs_add(out, (struct gvk){ STR_NONE, S("v1"), kind }, namespace, name, REF_DATA);
}

static void add_configs(struct refs *out, node spec, str namespace)
{
	node_each_item(i, node_dig(spec, "postBuild", "substituteFrom"))
		add_config(out, node_str(node_get(*i, S("kind"))), namespace, *i);
	add_config(out, S("Secret"), namespace, node_dig(spec, "decryption", "secretRef"));
	add_config(out, S("Secret"), namespace, node_dig(spec, "kubeConfig", "secretRef"));
	add_config(out, S("ConfigMap"), namespace, node_dig(spec, "kubeConfig", "configMapRef"));
}

static bool has_own_rule(node spec, struct gvk g)
{
	node_each_item(i, node_get(spec, S("healthCheckExprs"))) {
		struct gvk rule = gvk_parse(node_str(node_get(*i, S("apiVersion"))),
					    node_str(node_get(*i, S("kind"))));

		if (str_eq(rule.group, g.group) && (!rule.kind.n || str_eq(rule.kind, g.kind)))
			return true;
	}
	return false;
}

/* Health by a rule of the user's may hang on any field. */
static void add_object(struct refs *out, node spec, struct gvk g, str namespace, str name,
		       enum ref_matter matter)
{
	refs_add(out, g, namespace, name, matter);
	if (has_own_rule(spec, g))
		refs_add(out, g, namespace, name, REF_DATA);
}

static void add_checks(struct refs *out, node spec)
{
	node_each_item(i, node_get(spec, S("healthChecks"))) {
		str api = node_str(node_get(*i, S("apiVersion")));
		struct gvk g = gvk_parse(api.n ? api : S("apps/v1"),
					 node_str(node_get(*i, S("kind"))));

		g.version = STR_NONE;
		add_object(out, spec, g, node_str(node_get(*i, S("namespace"))),
			   node_str(dig_name(*i)), REF_HEALTH);
	}
}

static void add_inventory(struct refs *out, node object, node spec)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	node_each_item(i, node_dig(object, "status", "inventory", "entries")) {
		struct objid id;
		err *e = objid_parse(&a, node_str(node_get(*i, S("id"))), &id);

		err_free(e);
		if (e)
			continue;
		add_object(out, spec, (struct gvk){ id.group, STR_NONE, id.kind }, id.namespace,
			   id.name, REF_CONTENT);
	}
}

static void refs(node object, struct refs *out)
{
	node spec = node_get(object, S("spec")), source = node_get(spec, S("sourceRef"));
	str namespace = node_str(node_dig(object, "metadata", "namespace"));

	refs_add(out,
		 (struct gvk){ S("source.toolkit.fluxcd.io"), STR_NONE,
			       node_str(node_get(source, S("kind"))) },
		 node_str_or(node_get(source, S("namespace")), namespace),
		 node_str(dig_name(source)), REF_ARTIFACT);
	node_each_item(i, node_get(spec, S("dependsOn")))
		refs_add(out, (struct gvk){ S(KUSTOMIZATION_GROUP), STR_NONE, S("Kustomization") },
			 node_str_or(node_get(*i, S("namespace")), namespace),
			 node_str(dig_name(*i)), REF_READY);
	add_configs(out, spec, namespace);
	if (!node_is_nil(node_get(spec, S("kubeConfig"))))
		return;	/* objects of another cluster are not watched */
	add_checks(out, spec);
	add_inventory(out, object, spec);
}

/* ---- a pass ---------------------------------------------------------------------- */

static void begin(struct ks *k, struct pass *p)
{
	node ref = node_get(p->spec, S("sourceRef"));
	int64_t timeout;

	if (!p->memory)
		p->memory = mem_calloc(1, sizeof *k->m);
	*k = (struct ks){ .p = p, .a = p->arena, .m = p->memory };
	p->arena->budget = KUSTOMIZATION_MEMORY_MAX;
	k->asked = p->requested &&
		   !(k->m->waiting && k->m->handling == hash_bytes(p->requested_at));
	k->interval = pass_duration(p, S("interval"), 10 * CLOCK_MINUTE);
	k->retry = pass_duration(p, S("retryInterval"), k->interval);
	timeout = pass_duration(p, S("timeout"), k->interval - 30 * CLOCK_SECOND);
	k->timeout = timeout > KUSTOMIZATION_TIMEOUT_MIN ? timeout : KUSTOMIZATION_TIMEOUT_MIN;
	k->source_kind = node_str(node_get(ref, S("kind")));
	k->source_name = node_str(node_get(ref, S("name")));
	k->source_namespace = node_str_or(node_get(ref, S("namespace")), p->key.namespace);
}

static void end(struct ks *k)
{
	err_free(k->no_cluster);
	artifact_close(k->tree);
	sources_release(&k->sources);
}

static bool check_spec(struct ks *k, struct outcome *out)
{
	const struct settings *s = runtime_settings(k->p->rt);
	err *e = readiness_read(k->a, node_get(k->p->spec, S("healthCheckExprs")), &k->rules);

	if (e) {
		*out = kustomization_stall(
			k, S("InvalidCELExpression"),
			err_wrap(e, "Reconciliation failed terminally due to configuration error"));
		return false;
	}
	if (node_str(node_dig(k->p->spec, "decryption", "serviceAccountName")).n &&
	    !s->gates[GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY]) {
		*out = kustomization_stall(
			k, S("FeatureGateDisabled"),
			err_new(ERR_INVALID, "to use spec.decryption.serviceAccountName for decryption "
					     "authentication please enable the "
					     "ObjectLevelWorkloadIdentity feature gate in the controller"));
		return false;
	}
	return true;
}

/* What the build depends on besides the artifact: ConfigMaps and Secrets. */
static void add_versions(struct ks *k, struct buf *b, str kind, node ref)
{
	const struct client_resource *r = str_eq(kind, S("Secret")) ? &client_secrets
								    : &client_configmaps;
	str name = node_str(dig_name(ref));
	struct live_state s;

	if (!name.n)
		return;
	live_state(runtime_live(k->p->rt), k->a, r, k->p->key.namespace, name, &s);
	buf_addf(b, "|%.*s %.*s", STR_ARG(name), STR_ARG(s.resource_version));
	if (!s.synced)	/* nothing is known: never the same */
		buf_addf(b, "%lld", (long long)clock_mono());
}

/* A digest of all that a pass begins with: the same inputs give the same objects. */
static uint64_t inputs_of(struct ks *k)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node spec = k->p->spec;

	buf_addf(&b, "%.*s|%.*s|%lld", STR_ARG(k->artifact.revision), STR_ARG(k->artifact.digest),
		 (long long)k->p->generation);
	node_each_item(i, node_dig(spec, "postBuild", "substituteFrom"))
		add_versions(k, &b, node_str(node_get(*i, S("kind"))), *i);
	add_versions(k, &b, S("Secret"), node_dig(spec, "decryption", "secretRef"));
	add_versions(k, &b, S("Secret"), node_dig(spec, "kubeConfig", "secretRef"));
	add_versions(k, &b, S("ConfigMap"), node_dig(spec, "kubeConfig", "configMapRef"));
	return hash_bytes(buf_str(&b));
}

/* The client to apply with. */
static void find_cluster(struct ks *k)
{
	k->no_cluster = pass_cluster(k->p, &k->cluster);
	if (!k->no_cluster && k->m->cluster != k->cluster->id) {
		/* What another account could do proves nothing of this one. */
		k->m->n = 0;
		k->m->applied = false;
		k->m->cluster = k->cluster->id;
	}
}

/* ---- what is there to do ------------------------------------------------------- */

/* The objects of these very inputs are applied. */
static bool is_applied(const struct ks *k)
{
	return k->m->applied && k->m->inputs == k->inputs;
}

/* The last pass came to its end, and what it said was written; nobody asks for another,
 * and it is not time for the next regular one. */
static bool is_early(const struct ks *k)
{
	return k->m->settled && clock_mono() < k->m->due && !k->asked && !k->owed;
}

static bool is_ready(const struct ks *k)
{
	return condition_is(k->p, S("Ready"), CONDITION_TRUE);
}

static struct outcome when_due(const struct ks *k)
{
	int64_t left = k->m->due - clock_mono();

	return (struct outcome){ NEXT_AFTER, left > 0 ? left : 0 };
}

/* A new revision comes while health is awaited: what is awaited is history. */
static void cancel_wait(struct ks *k)
{
	struct ks_memory *m = k->m;
	str by = arena_cat(k->a, k->source_kind, S("/"), k->source_namespace, S("/"),
			   k->source_name);

	if (!m->waiting || m->inputs == k->inputs)
		return;
	m->waiting = false;
	log_info(k->p->log, S("New reconciliation triggered, canceling health checks"),
		 log_str("trigger", by));
	condition_set(k->p, S("Ready"), CONDITION_FALSE, S("HealthCheckCanceled"),
		      arena_cat(k->a, S("New reconciliation triggered by "), by));
	kustomization_event(
		k, EVENT_NORMAL, S("HealthCheckCanceled"),
		arena_cat(k->a, S("Health checks canceled due to new reconciliation triggered by "),
			  by));
}

static struct outcome full(struct ks *k)
{
	struct ks_memory *m = k->m;
	struct outcome out;

	cancel_wait(k);
	m->applied = m->settled = false;
	kustomization_progress(k, S("Fetching manifests"), false);
	if (!kustomization_build(k, &out) || !kustomization_apply(k, &out))
		return out;
	if (k->quiet && !k->drifted) {
		m->settled = true;
		return when_due(k);
	}
	if (!kustomization_check_health(k, &out))
		return out;
	return kustomization_succeed(k);
}

/* Nothing changed: what the last pass did is what this one would do. */
static struct outcome unchanged(struct ks *k)
{
	struct outcome out;

	k->digest = k->m->digest;
	status_set_str(k->p, S("lastAttemptedRevision"), k->artifact.revision);
	if (!kustomization_check_health(k, &out))
		return out;
	return kustomization_succeed(k);
}

/* An object was of a kind that is not served: its definition comes with
 * another release, perhaps. Until it does, nothing would be different. */
static bool is_kind_missing(struct ks *k, struct outcome *out)
{
	struct ks_memory *m = k->m;
	const struct client_resource *r;

	if (k->no_cluster || !m->missing.kind.n || m->missing_inputs != k->inputs || !is_early(k))
		return false;
	err *e = discovery_kind(k->cluster->discovery, m->missing, &r);
	bool missing = e && err_kind(e) == ERR_NOT_FOUND;

	err_free(e);
	*out = when_due(k);
	if (out->after > KUSTOMIZATION_POLL)
		out->after = KUSTOMIZATION_POLL;
	return missing;
}

/* Whether it is too early to put drift right once more. */
static bool is_fought_over(struct ks *k, struct outcome *out)
{
	struct ks_memory *m = k->m;
	int64_t now = clock_mono();

	if (k->asked || (m->settled ? now >= m->due : !m->waiting)) {
		m->drifts = (struct drifts){ 0 };
		return false;
	}
	*out = (struct outcome){ NEXT_AFTER, m->settled ? m->due - now : INT64_MAX };
	return drifts_wait(&m->drifts, k->interval, &out->after);
}

/* Something is not as it was left. */
static struct outcome put_right(struct ks *k)
{
	struct outcome out;

	if (is_fought_over(k, &out))
		return out;
	k->quiet = is_early(k) && is_ready(k);
	return full(k);
}

/* What was applied last is what is wanted: is it there, and healthy? */
static struct outcome keep(struct ks *k)
{
	bool awaited = k->m->waiting && !k->asked;
	struct outcome out;

	if (awaited && !k->cluster->live)
		return unchanged(k);	/* elsewhere nothing proves more than the last apply did */
	if (!kustomization_is_intact(k))
		return put_right(k);
	if (awaited)
		return unchanged(k);
	if (is_early(k) && (is_ready(k) || !kustomization_is_healthy(k)))
		return when_due(k);
	if (!kustomization_check_dependencies(k, &out))
		return out;
	return k->m->fetched ? full(k) : unchanged(k);
}

/* All that must be there before anything can be built. */
static bool prepare(struct ks *k, struct outcome *out)
{
	const struct ks_memory *m = k->m;

	if ((m->waiting && !m->told) || m->untold)
		kustomization_restore(k);
	if (!check_spec(k, out) || !kustomization_find_source(k, out))
		return false;
	k->inputs = inputs_of(k);
	if (!is_applied(k) && !kustomization_check_dependencies(k, out))
		return false;
	find_cluster(k);
	return true;
}

/* It failed with these very inputs, and would do so again. */
static bool would_fail(const struct ks *k)
{
	const struct ks_memory *m = k->m;

	return !m->applied && !m->missing.kind.n && m->tried == k->inputs && is_early(k);
}

static struct outcome go(struct ks *k)
{
	struct outcome out;

	if (!prepare(k, &out) || is_kind_missing(k, &out))
		return out;
	if (would_fail(k))
		return when_due(k);
	return is_applied(k) && !k->no_cluster ? keep(k) : full(k);
}

static struct outcome reconcile(struct pass *p)
{
	struct ks k;

	begin(&k, p);
	k.owed = k.m->owed;
	k.m->owed = true;
	struct outcome out = go(&k);

	end(&k);
	return out;
}

static void forget(struct runtime *rt, void *memory)
{
	struct ks_memory *m = memory;

	(void)rt;
	if (m) {
		arena_release(&m->mem);
		arena_release(&m->missing_mem);
		arena_release(&m->intended_mem);
	}
	free(m);
}

const struct controller kustomization_controller = {
	.group = KUSTOMIZATION_GROUP,
	.kind = "Kustomization",
	.component = "kustomize-controller",
	.manager = "gotk-kustomize-controller",
	.finalizer = "finalizers.fluxcd.io",
	.suspended = "Reconciliation is suspended for this object",
	.refs = refs,
	.reconcile = reconcile,
	.written = kustomization_written,
	.finalize = kustomization_finalize,
	.forget = forget,
};
