/* helmrelease - the controller of HelmRelease (helm.md).
 *
 * A pass that finds the same chart, values, spec and stored records as the
 * last good one renders nothing and ends at once. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/zoneinfo.h"
#include "client/objid.h"
#include "controllers/controllers.h"
#include "controllers/hr_impl.h"
#include "controllers/readiness.h"
#include "helm/engine.h"

/* A wait for the source that is shorter is not told. */
#define TELL_AFTER (3 * CLOCK_SECOND)

/* ---- what it refers to --------------------------------------------------------- */

static const struct gvk own_kind = { S(HELM_GROUP), STR_NONE, S("HelmRelease") };

static void add_flat(struct refs *out, str kind, str ns, node ref)
{
	str name = node_str(node_get(ref, S("name")));

	if (name.n)
		refs_add(out, (struct gvk){ STR_NONE, S("v1"), kind }, ns, name, REF_DATA);
}

/* What the release made, where drift is looked for. */
static void add_objects(struct arena *a, node object, struct refs *out)
{
	str mode = node_str(node_dig(object, "spec", "driftDetection", "mode"));

	if (!mode.n || str_eq(mode, S("disabled")) ||
	    !node_is_nil(node_dig(object, "spec", "kubeConfig")))
		return;		/* objects of another cluster are not watched */
	node_each_item(i, node_dig(object, "status", "inventory", "entries")) {
		struct objid id;
		err *e = objid_parse(a, node_str(node_get(*i, S("id"))), &id);

		if (!e)
			refs_add(out, (struct gvk){ id.group, STR_NONE, id.kind }, id.namespace,
				 id.name, REF_CONTENT);
		err_free(e);
	}
}

static void refs(node object, struct refs *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node spec = node_get(object, S("spec"));
	str ns = node_str(node_dig(object, "metadata", "namespace")), kind, source_ns, name;

	node_each_item(i, node_get(spec, S("valuesFrom")))
		add_flat(out, node_str(node_get(*i, S("kind"))), ns, *i);
	add_flat(out, S("Secret"), ns, node_dig(spec, "kubeConfig", "secretRef"));
	add_flat(out, S("ConfigMap"), ns, node_dig(spec, "kubeConfig", "configMapRef"));
	node_each_item(i, node_get(spec, S("dependsOn")))
		refs_add(out, own_kind, node_str_or(node_get(*i, S("namespace")), ns),
			 node_str(node_get(*i, S("name"))), REF_READY);
	add_objects(&a, object, out);
	hr_source_ref(&a, object, &kind, &source_ns, &name);
	if (!name.n)
		return;
	struct gvk source = { S(HR_SOURCE_GROUP), STR_NONE, kind };

	refs_add(out, source, source_ns, name, REF_ARTIFACT);
	refs_add(out, source, source_ns, name, REF_READY);
}

/* ---- what templates may ask for --------------------------------------------------- */

static int64_t now(void *ctx)
{
	(void)ctx;
	return clock_wall();
}

static void random_bytes(void *ctx, void *to, size_t n)
{
	(void)ctx;
	rand_bytes(to, n);
}

static const struct tz_source zones = { .load = zoneinfo_load };

static void begin(struct hr *h, struct pass *p)
{
	*h = (struct hr){ .p = p, .a = p->arena, .spec = p->spec,
			  .shared = runtime_helm(p->rt) };
	hr_remember(h, p);
	h->before = node_copy(h->a, p->status);
	h->lease.cache = hr_shared_templates(h->shared);
	h->tmpl = (struct tmpl_options){ .limits = engine_limits, .now = now,
					 .random = random_bytes, .zones = &zones,
					 .lease = &h->lease };
	hr_names(h->a, p->object, &h->name, &h->ns, &h->storage_ns);
}

static void end(struct hr *h)
{
	helmlog_release(&h->log);
	tmpl_lease_end(&h->lease);
	hr_chart_unref(h->shared_chart);
}

/* ---- prerequisites ------------------------------------------------------------------- */

static void ready_false(struct hr *h, const char *reason, str message)
{
	condition_set(h->p, S("Ready"), CONDITION_FALSE, str_c(reason), message);
}

/* What was wrong before and no longer is. */
static void recovered(struct hr *h, const char *reason)
{
	node ready = condition_get(h->p, S("Ready"));

	if (str_eq(node_str(node_get(ready, S("status"))), S("False")) &&
	    str_eq(node_str(node_get(ready, S("reason"))), str_c(reason)))
		condition_set(h->p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"),
			      S("reconciliation in progress"));
}

static struct outcome backoff(struct hr *h, err *e)
{
	log_error(h->p->log, e, S("Reconciler error"), log_str("release", h->name));
	err_free(e);
	return (struct outcome){ NEXT_BACKOFF };
}

static struct outcome fail(struct hr *h, const char *reason, str message, err *e)
{
	ready_false(h, reason, message);
	return backoff(h, e);
}

static struct outcome terminal(struct hr *h, const char *reason, str message, str event, err *e)
{
	ready_false(h, reason, message);
	condition_set(h->p, S("Stalled"), CONDITION_TRUE, str_c(reason), message);
	status_set(h->p, S("observedGeneration"), node_from_int(h->p->generation));
	pass_event(h->p, EVENT_WARNING, str_c(reason), event, NULL, 0);
	log_error(h->p->log, e, S("Reconciler error"), log_str("release", h->name));
	err_free(e);
	return (struct outcome){ NEXT_CHANGE };
}

#define TERMINAL "Reconciliation failed terminally due to configuration error: "

static struct outcome bad_expression(struct hr *h, err *e)
{
	str message = arena_printf(h->a, TERMINAL "%s", err_msg(e));

	return terminal(h, "InvalidCELExpression", message, arena_str(h->a, err_text(e)), e);
}

static err *check_dependency(struct hr *h, node ref)
{
	const struct settings *s = runtime_settings(h->p->rt);
	str ns = node_str_or(node_get(ref, S("namespace")), h->p->key.namespace);
	str name = node_str(node_get(ref, S("name")));
	str expr = node_str(node_get(ref, S("readyExpr")));
	node dep;
	bool ready;
	err *e = pass_get(h->p, own_kind, ns, name, &dep);

	if (e)
		return err_replace(e, "unable to get '%.*s/%.*s' dependency: %s", STR_ARG(ns),
				   STR_ARG(name), err_msg(e));
	if (expr.n) {
		TRY(readiness_eval(h->a, expr, name, h->p->object, dep, &ready));
		if (!ready)
			return err_new(ERR_UNAVAILABLE,
				       "dependency '%.*s/%.*s' is not ready according to readyExpr eval",
				       STR_ARG(ns), STR_ARG(name));
		if (!s->gates[GATE_ADDITIVE_CEL_DEPENDENCY_CHECK])
			return NULL;
	}
	if (node_int(node_dig(dep, "metadata", "generation")) ==
		    node_int(node_dig(dep, "status", "observedGeneration")) &&
	    health_condition_is_true(dep, S("Ready")))
		return NULL;
	return err_new(ERR_UNAVAILABLE, "dependency '%.*s/%.*s' is not ready", STR_ARG(ns),
		       STR_ARG(name));
}

/* False: `*out` ends the pass. */
static bool check_dependencies(struct hr *h, struct outcome *out)
{
	int64_t pause = runtime_settings(h->p->rt)->requeue_dependency;
	node all = node_get(h->spec, S("dependsOn"));

	if (node_len(all))
		log_info(h->p->log, arena_printf(h->a, "checking %zu dependencies", node_len(all)),
			 log_str("release", h->name));
	node_each_item(ref, all) {
		err *e = check_dependency(h, *ref);

		if (!e)
			continue;
		if (err_kind(e) == ERR_INVALID) {
			*out = bad_expression(h, err_wrap(e, "terminal error"));
			return false;
		}
		log_info(h->p->log,
			 arena_printf(h->a, "dependencies do not meet ready condition (%s): retrying "
					    "in %.*s", err_msg(e), STR_ARG(hr_span(h->a, pause))),
			 log_str("release", h->name));
		ready_false(h, "DependencyNotReady", err_text(e));
		pass_event(h->p, EVENT_NORMAL, S("DependencyNotReady"), err_text(e), NULL, 0);
		err_free(e);
		*out = (struct outcome){ NEXT_AFTER, pause };
		return false;
	}
	if (node_len(all))
		log_info(h->p->log, S("all dependencies are ready"), log_str("release", h->name));
	recovered(h, "DependencyNotReady");
	return true;
}

static err *check_source_access(struct hr *h)
{
	const struct settings *s = runtime_settings(h->p->rt);
	str kind = h->source_kind, ns = h->source_ns, name = h->source_name;

	if (s->no_cross_namespace_refs && !str_eq(ns, h->p->key.namespace))
		return err_new(ERR_FORBIDDEN,
			       "cross-namespace references are not allowed: cannot access %.*s "
			       "%.*s/%.*s",
			       STR_ARG(kind), STR_ARG(ns), STR_ARG(name));
	if (str_eq(kind, S("ExternalArtifact")) && !s->gates[GATE_EXTERNAL_ARTIFACT])
		return err_new(ERR_FORBIDDEN,
			       "can't access 'ExternalArtifact/%.*s/%.*s', ExternalArtifact feature "
			       "gate is disabled",
			       STR_ARG(ns), STR_ARG(name));
	return NULL;
}

/* A chart that was asked for just now comes at once, mostly, and then nobody could read
 * that it was waited for. */
static struct outcome source_not_ready(struct hr *h, str problem)
{
	struct hr_memory *m = h->m;
	int64_t now = clock_mono();

	if (!m->unready_since)
		m->unready_since = now;
	int64_t left = clock_after(m->unready_since, TELL_AFTER) - now;

	ready_false(h, "SourceNotReady", problem);
	if (left <= 0)
		return (struct outcome){ NEXT_INTERVAL,
					 runtime_settings(h->p->rt)->requeue_dependency };
	pass_unsaid(h->p);
	return (struct outcome){ NEXT_AFTER, left };
}

static bool get_source(struct hr *h, node *source, struct outcome *out)
{
	err *e;

	hr_source_ref(h->a, h->p->object, &h->source_kind, &h->source_ns, &h->source_name);
	e = check_source_access(h);
	if (e) {
		str text = arena_str(h->a, err_text(e));

		*out = terminal(h, "AccessDenied", text, text, e);
		return false;
	}
	e = pass_get_cached(h->p, (struct gvk){ S(HR_SOURCE_GROUP), STR_NONE, h->source_kind },
			    h->source_ns, h->source_name, source);
	if (e) {
		*out = fail(h, "ArtifactFailed",
			    arena_printf(h->a, "could not get Source object: %s", err_msg(e)), e);
		return false;
	}
	recovered(h, "AccessDenied");
	recovered(h, "ArtifactFailed");
	str problem = hr_source_problem(h->a, *source, h->source_kind, h->source_ns,
					h->source_name);

	if (!problem.n) {
		recovered(h, "SourceNotReady");
		h->m->unready_since = 0;
		return true;
	}
	log_info(h->p->log, problem, log_str("release", h->name));
	*out = source_not_ready(h, problem);
	return false;
}

/* Without what helm says of files around it. */
static str chart_problem(str text)
{
	if (str_take_str(&text, S("unable to load chart archive: ")))
		return text;
	if (str_take_str(&text, S("stream does not appear to be a valid chart file (details: ")))
		return str_sub(text, 0, text.n - 1);
	return text;
}

static bool load_chart(struct hr *h, node source, struct outcome *out)
{
	err *e = hr_load_chart(h, source);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		str span = hr_span(h->a, runtime_settings(h->p->rt)->requeue_dependency);

		ready_false(h, "ArtifactFailed",
			    arena_printf(h->a, "Source not ready: artifact not found. Retrying in %.*s",
					 STR_ARG(span)));
		err_free(e);
		*out = (struct outcome){ NEXT_AFTER,
					 runtime_settings(h->p->rt)->requeue_dependency };
		return false;
	}
	if (e) {
		e = err_replace(e, "%.*s", STR_ARG(chart_problem(err_text(e))));
		pass_event(h->p, EVENT_WARNING, S("ArtifactFailed"), err_text(e), NULL, 0);
		*out = fail(h, "ArtifactFailed",
			    arena_printf(h->a, "Could not load chart: %s", err_msg(e)), e);
		return false;
	}
	e = hr_mutate_version(h, source);
	if (e) {
		*out = fail(h, "ChartMutateError", arena_str(h->a, err_text(e)), e);
		return false;
	}
	hr_share_chart(h);
	return true;
}

/* ---- the release's target ---------------------------------------------------------------- */

/* NULL, or what changed: then the old release goes first. */
static const char *changed_target(struct hr *h)
{
	node latest = hr_latest(h);
	str storage = hr_status_str(h, "storageNamespace");

	if (!storage.n || latest.kind != NODE_MAP)
		return NULL;
	if (!str_eq(storage, h->storage_ns))
		return "storage namespace";
	if (!str_eq(node_str(node_get(latest, S("namespace"))), h->ns))
		return "release namespace";
	if (!str_eq(node_str(node_get(latest, S("name"))), h->name))
		return "release name";
	if (!str_eq(node_str(node_get(latest, S("chartName"))), h->chart->meta.name) &&
	    !str_eq(node_str(hr_spec(h, "upgrade.chartNameChangeStrategy")), S("InPlaceUpdate")))
		return "chart name";
	return NULL;
}

/* The environment of the release that status tells of. */
static void prepare_old_env(struct hr *h)
{
	node latest = hr_latest(h);
	str storage = h->storage_ns, ns = h->ns;

	h->storage_ns = hr_status_str(h, "storageNamespace");
	if (node_str(node_get(latest, S("namespace"))).n)
		h->ns = node_str(node_get(latest, S("namespace")));
	hr_prepare_env(h);
	h->storage_ns = storage;
	h->ns = ns;
}

static bool move_target(struct hr *h, const char *why, struct outcome *out)
{
	log_info(h->p->log, arena_printf(h->a, "release target configuration changed (%s): running "
					       "uninstall for current release", why),
		 log_str("release", h->name));
	prepare_old_env(h);
	err *e = hr_uninstall(h);

	if (e) {
		*out = backoff(h, e);
		return false;
	}
	hr_clear_history(h);
	hr_clear_failures(h);
	status_set(h->p, S("storageNamespace"), NODE_NOTHING);
	*out = (struct outcome){ NEXT_NOW };
	return false;
}

static bool must_reset(struct hr *h)
{
	node annotations = node_dig(h->p->object, "metadata", "annotations");
	str reset = node_str(node_get(annotations, S("reconcile.fluxcd.io/resetAt")));
	str config = hr_status_str(h, "lastAttemptedConfigDigest");
	str old = hr_status_str(h, "lastAttemptedValuesChecksum");
	bool asked = reset.n && !str_eq(reset, hr_status_str(h, "lastHandledResetAt"));

	if (asked)
		status_set_str(h->p, S("lastHandledResetAt"), reset);
	if (!config.n && old.n)
		config = arena_cat(h->a, S("sha1:"), old);
	return hr_status_int(h, "lastAttemptedGeneration") != h->p->generation ||
	       !str_eq(hr_status_str(h, "lastAttemptedRevision"), h->chart->meta.version) ||
	       (config.n && !hr_has_values(h, config)) ||
	       (asked && str_eq(reset, h->p->requested_at) && h->p->requested);
}

static void set_attempt(struct hr *h)
{
	struct pass *p = h->p;

	status_set_str(p, S("storageNamespace"), h->storage_ns);
	if (must_reset(h))
		hr_clear_failures(h);
	status_set(p, S("lastAttemptedGeneration"), node_from_int(p->generation));
	status_set_str(p, S("lastAttemptedRevision"), h->chart->meta.version);
	status_set_str(p, S("lastAttemptedRevisionDigest"), h->oci_digest);
	status_set_str(p, S("lastAttemptedConfigDigest"), h->config_digest);
	status_set(p, S("lastAttemptedValuesChecksum"), NODE_NOTHING);
	status_set(p, S("lastReleaseRevision"), NODE_NOTHING);
}

/* ---- the pass ----------------------------------------------------------------------------- */

static bool judge(void *ctx, struct arena *a, node object, struct health *out)
{
	const struct readiness *rules = ctx;
	struct gvk g = gvk_of(object);

	if (!readiness_knows(rules, g.group, g.kind))
		return false;
	err *e = readiness_health(rules, a, object, out);

	if (e)		/* the field may come yet */
		*out = (struct health){ HEALTH_UNKNOWN, STR_NONE, arena_str(a, err_text(e)) };
	err_free(e);
	return true;
}

static bool has_rule(void *ctx, struct gvk kind)
{
	return readiness_knows(ctx, kind.group, kind.kind);
}

/* helm-controller's words for a Secret that is not there, or no kubeconfig. */
static err *in_own_words(struct hr *h, err *e)
{
	static const struct {
		const char *theirs, *between, *own;
	} words[] = {
		{ "unable to read KubeConfig secret", " error", "could not get KubeConfig secret" },
		{ "invalid KubeConfig in secret", "", "failed to load KubeConfig from secret" },
	};
	const str without = S(" key with a kubeconfig");
	node ref = node_dig(h->spec, "kubeConfig", "secretRef");
	str ns = h->p->key.namespace, text = err_text(e);
	str name = node_str(node_get(ref, S("name"))), key = node_str(node_get(ref, S("key")));

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		str theirs = arena_printf(h->a, "%s '%.*s/%.*s'%s: ", words[i].theirs, STR_ARG(ns),
					  STR_ARG(name), words[i].between);

		if (str_starts(text, theirs))
			return err_replace(e, "%s '%.*s/%.*s': %s", words[i].own, STR_ARG(ns),
					   STR_ARG(name), err_msg(e) + theirs.n);
	}
	if (!str_ends(text, without))
		return e;
	text.n -= without.n;
	return err_replace(e, "%.*s%s key with data", STR_ARG(text), key.n ? "" : " or 'value.yaml'");
}

static bool connect(struct hr *h, const struct readiness *rules, struct outcome *out)
{
	err *e = pass_cluster(h->p, &h->cluster);

	if (e) {
		e = in_own_words(h, e);
		*out = fail(h, "RESTClientError", arena_str(h->a, err_text(e)), e);
		return false;
	}
	recovered(h, "RESTClientError");
	hr_prepare_env(h);
	h->env.judge = judge;
	h->env.has_rule = has_rule;
	h->env.give_up = hr_is_overtaken;
	h->env.give_up_ctx = h;
	h->env.judge_ctx = (void *)rules;
	return true;
}

static struct outcome run(struct hr *h, const struct readiness *rules)
{
	struct outcome out;
	const char *changed;
	node source;
	err *e = hr_sync_chart(h);

	if (e)
		return backoff(h, e);
	if (hr_is_settled(h, &out))
		return out;
	if (hr_flag(h, "rollback.recreate"))
		log_info(h->p->log,
			 S("warning: the .spec.rollback.recreate field is deprecated and has no "
			   "effect. for details, please see: https://github.com/fluxcd/"
			   "helm-controller/issues/1300#issuecomment-3740272924"),
			 log_str("release", h->name));
	condition_set(h->p, S("Reconciling"), CONDITION_TRUE, S("Progressing"),
		      S("Fulfilling prerequisites"));
	if (!check_dependencies(h, &out) || !get_source(h, &source, &out))
		return out;
	if (h->unchanged)
		return hr_done(h, true);
	e = hr_values(h);
	if (e) {
		pass_event(h->p, EVENT_WARNING, S("ValuesError"), err_text(e), NULL, 0);
		return fail(h, "ValuesError", arena_str(h->a, err_text(e)), e);
	}
	recovered(h, "ValuesError");
	if (!load_chart(h, source, &out) || !connect(h, rules, &out))
		return out;
	changed = changed_target(h);
	if (changed && !move_target(h, changed, &out))
		return out;
	set_attempt(h);
	return hr_release(h);
}

/* Objects that were stored before the rule was: one of the two, and not both. */
static bool names_one_chart(node spec)
{
	return (node_get(spec, S("chart")).kind == NODE_MAP) !=
	       (node_get(spec, S("chartRef")).kind == NODE_MAP);
}

static struct outcome reconcile(struct pass *p)
{
	const struct readiness *rules;
	struct outcome out;
	struct hr h;
	err *e;

	if (!names_one_chart(p->spec)) {
		e = err_new(ERR_INVALID, "terminal error: invalid Chart reference");
		log_error(p->log, e, S("Reconciler error"));
		err_free(e);
		return (struct outcome){ NEXT_CHANGE };
	}
	begin(&h, p);
	e = readiness_read(p->arena, node_get(p->spec, S("healthCheckExprs")), &rules);
	out = e ? bad_expression(&h, e) : run(&h, rules);
	end(&h);
	return out;
}

/* ---- deletion -------------------------------------------------------------------------------- */

/* Whether the account that the release was made as is still there. */
static err *find_account(struct hr *h, bool *there)
{
	str name = node_str(node_get(h->spec, S("serviceAccountName")));
	node account;

	if (!name.n)
		name = runtime_settings(h->p->rt)->default_service_account;
	*there = true;
	if (!name.n || node_get(h->spec, S("kubeConfig")).kind == NODE_MAP)
		return NULL;
	err *e = client_get(runtime_client(h->p->rt), h->a, &client_accounts, h->p->key.namespace, name,
			    &account);

	if (e && err_kind(e) != ERR_NOT_FOUND) {
		ready_false(h, "UninstallFailed",
			    arena_printf(h->a, "failed to confirm ServiceAccount '%.*s' can be used to "
					       "uninstall release: %s", STR_ARG(name), err_msg(e)));
		return e;
	}
	if (e)
		log_error(h->p->log, e, S("skipping Helm release uninstallation"),
			  log_str("release", h->name));
	*there = !e;
	err_free(e);
	return NULL;
}

static err *delete_release(struct hr *h)
{
	bool there;
	err *e;

	if (!hr_status_str(h, "storageNamespace").n) {
		log_info(h->p->log, S("skipping Helm release uninstallation: no storage namespace "
				      "configured"),
			 log_str("release", h->name));
		return NULL;
	}
	e = pass_cluster(h->p, &h->cluster);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		log_error(h->p->log, e, S("skipping Helm release uninstallation"),
			  log_str("release", h->name));
		err_free(e);
		return NULL;
	}
	if (e) {
		e = in_own_words(h, e);
		ready_false(h, "UninstallFailed",
			    arena_printf(h->a, "failed to build REST client getter to uninstall "
					       "release: %s", err_msg(e)));
		return e;
	}
	TRY(find_account(h, &there));
	if (!there)
		return NULL;
	prepare_old_env(h);
	TRY(hr_uninstall(h));
	log_info(h->p->log, S("uninstalled Helm release for deleted resource"),
		 log_str("release", h->name));
	hr_clear_history(h);
	status_set(h->p, S("storageNamespace"), NODE_NOTHING);
	return NULL;
}

static struct outcome finalize(struct pass *p)
{
	struct hr h;
	err *e = NULL;

	begin(&h, p);
	if (!node_bool(node_get(p->spec, S("suspend")))) {
		e = delete_release(&h);
		if (!e)
			e = hr_delete_chart(&h);
	}
	struct outcome out = e ? backoff(&h, e) : (struct outcome){ NEXT_CHANGE };

	end(&h);
	return out;
}

const struct controller helmrelease_controller = {
	.group = HELM_GROUP,
	.kind = "HelmRelease",
	.component = "helm-controller",
	.manager = "helm-controller",
	.finalizer = "finalizers.fluxcd.io",
	.observes_suspended = true,
	.refs = refs,
	.reconcile = reconcile,
	.finalize = finalize,
	.forget = hr_forget,
};
