/* kustomization_source - where the manifests come from, and what must be ready first. */
#include "controllers/kustomization_impl.h"

#include "base/clock.h"
#include "base/vec.h"
#include "kube/health.h"

#define SOURCE_GROUP "source.toolkit.fluxcd.io"
#define ORIGIN "org.opencontainers.image.revision"

static const char *const kinds[] = { "OCIRepository", "GitRepository", "Bucket",
				     "ExternalArtifact" };

static bool is_known_kind(str kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(kind, str_c(kinds[i])))
			return true;
	return false;
}

/* What may not be referred to at all. */
static err *check_access(struct ks *k)
{
	const struct settings *s = runtime_settings(k->p->rt);
	bool blocked = s->no_cross_namespace_refs &&
		       !str_eq(k->source_namespace, k->p->key.namespace);
	bool gated = str_eq(k->source_kind, S("ExternalArtifact")) &&
		     !s->gates[GATE_EXTERNAL_ARTIFACT];

	if (!blocked && !gated)
		return NULL;
	return err_new(ERR_FORBIDDEN, "can't access '%.*s/%.*s/%.*s', %s", STR_ARG(k->source_kind),
		       STR_ARG(k->source_namespace), STR_ARG(k->source_name),
		       blocked ? "cross-namespace references have been blocked"
			       : "ExternalArtifact feature gate is disabled");
}

static struct outcome no_source(struct ks *k, err *e)
{
	str message = arena_str(k->a, err_text(e));

	if (err_kind(e) != ERR_NOT_FOUND) {
		err_free(e);
		kustomization_wait(k, S("ArtifactFailed"), message, 0);
		return (struct outcome){ .next = NEXT_BACKOFF };
	}
	node ref = node_get(k->p->spec, S("sourceRef"));
	str namespace = node_str(node_get(ref, S("namespace")));
	str log = arena_cat(k->a, S("Source '"), k->source_kind, S("/"), namespace,
			    namespace.n ? S("/") : STR_NONE, k->source_name, S("' not found"));

	err_free(e);
	log_info(k->p->log, log);
	return kustomization_wait(k, S("ArtifactFailed"), message, k->retry);
}

static err *get_source(struct ks *k)
{
	if (!is_known_kind(k->source_kind))
		return err_new(ERR_INVALID, "source `%.*s` kind '%.*s' not supported",
			       STR_ARG(k->source_name), STR_ARG(k->source_kind));
	err *e = pass_get_cached(k->p, (struct gvk){ S(SOURCE_GROUP), STR_NONE, k->source_kind },
				 k->source_namespace, k->source_name, &k->source);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return err_wrap(e, "unable to get source '%.*s/%.*s'",
				STR_ARG(k->source_namespace), STR_ARG(k->source_name));
	return e;
}

/* A source that has not failed is being fetched, as a rule: made together with the
 * Kustomization, it has something in a moment. */
static struct outcome no_artifact(struct ks *k)
{
	int64_t later = runtime_settings(k->p->rt)->requeue_dependency, now = clock_mono();
	node ready = health_condition(k->source, S("Ready"));
	str message = arena_cat(k->a, S("Source artifact not found, retrying in "),
				pass_span(k->p, later));
	struct ks_memory *m = k->m;

	if (!m->lacking)
		m->lacking = now;
	int64_t left = clock_after(m->lacking, KUSTOMIZATION_TELL_AFTER) - now;
	struct outcome out = kustomization_wait(k, S("ArtifactFailed"), message, later);

	if (left > 0 && !str_eq(node_str(node_get(ready, S("status"))), S("False"))) {
		pass_unsaid(k->p);
		out.after = left < later ? left : later;
		return out;
	}
	log_info(k->p->log, message);
	return out;
}

bool kustomization_find_source(struct ks *k, struct outcome *out)
{
	err *e = check_access(k);

	if (e) {
		*out = kustomization_stall(k, S("AccessDenied"), e);
		return false;
	}
	e = get_source(k);
	if (e) {
		*out = no_source(k, e);
		return false;
	}
	if (!artifact_of(k->a, k->source, &k->artifact)) {
		*out = no_artifact(k);
		return false;
	}
	k->m->lacking = 0;
	k->origin_revision = node_str(
		node_get(node_dig(k->source, "status", "artifact", "metadata"), S(ORIGIN)));
	return true;
}

/* ---- dependencies ---------------------------------------------------------------- */

/* Whether the other one has applied the revision that is there now. */
static bool is_behind(struct ks *k, node dep)
{
	node ref = node_dig(dep, "spec", "sourceRef");
	str namespace = node_str_or(node_get(ref, S("namespace")),
				    node_str(node_dig(dep, "metadata", "namespace")));

	return str_eq(node_str(node_get(ref, S("kind"))), k->source_kind) &&
	       str_eq(node_str(node_get(ref, S("name"))), k->source_name) &&
	       str_eq(namespace, k->source_namespace) &&
	       !str_eq(node_str(node_dig(dep, "status", "lastAppliedRevision")),
		       k->artifact.revision);
}

static bool is_ready(node dep)
{
	return node_len(node_dig(dep, "status", "conditions")) &&
	       node_int(node_dig(dep, "metadata", "generation")) ==
		       node_int(node_dig(dep, "status", "observedGeneration")) &&
	       health_condition_is_true(dep, S("Ready"));
}

/* ERR_INVALID: the expression; anything else: not ready. */
static err *check_dependency(struct ks *k, node ref)
{
	str name = node_str(node_get(ref, S("name")));
	str namespace = node_str_or(node_get(ref, S("namespace")), k->p->key.namespace);
	str expr = node_str(node_get(ref, S("readyExpr")));
	bool ready = true;
	node dep;
	err *e = pass_get(k->p, (struct gvk){ S(KUSTOMIZATION_GROUP), STR_NONE,
					      S("Kustomization") },
			  namespace, name, &dep);

	if (e) {
		err_set_kind(e, ERR_UNAVAILABLE);
		return err_wrap(e, "dependency '%.*s/%.*s' not found", STR_ARG(namespace),
				STR_ARG(name));
	}
	if (expr.n)
		TRY(readiness_eval(k->a, expr, name, k->p->object, dep, &ready));
	if (!ready)
		return err_new(ERR_UNAVAILABLE,
			       "dependency '%.*s/%.*s' is not ready according to readyExpr eval",
			       STR_ARG(namespace), STR_ARG(name));
	if (expr.n && !runtime_settings(k->p->rt)->gates[GATE_ADDITIVE_CEL_DEPENDENCY_CHECK])
		return NULL;
	if (!is_ready(dep))
		return err_new(ERR_UNAVAILABLE, "dependency '%.*s/%.*s' is not ready",
			       STR_ARG(namespace), STR_ARG(name));
	if (is_behind(k, dep))
		return err_new(ERR_UNAVAILABLE, "dependency '%.*s/%.*s' revision is not up to date",
			       STR_ARG(namespace), STR_ARG(name));
	return NULL;
}

static struct outcome not_yet(struct ks *k, err *e)
{
	int64_t later = runtime_settings(k->p->rt)->requeue_dependency;
	str message = arena_str(k->a, err_text(e));
	str told = node_str(node_get(condition_get(k->p, S("Ready")), S("message")));
	str event = arena_cat(k->a, S("Dependencies do not meet ready condition, retrying in "),
			      pass_span(k->p, later));
	struct outcome out;

	err_free(e);
	/* Said once, not at every look. */
	bool new = !str_eq(told, message);

	log_info(k->p->log, event);
	out = kustomization_wait(k, S("DependencyNotReady"), message, later);
	if (new)
		kustomization_event(k, EVENT_NORMAL, S("DependencyNotReady"), event);
	return out;
}

bool kustomization_check_dependencies(struct ks *k, struct outcome *out)
{
	node list = node_get(k->p->spec, S("dependsOn"));

	for (size_t i = 0; i < node_len(list); i++) {
		err *e = check_dependency(k, node_at(list, i));

		if (!e)
			continue;
		if (err_kind(e) == ERR_INVALID)
			*out = kustomization_stall(
				k, S("InvalidCELExpression"),
				err_wrap(err_wrap(e, "terminal error"),
					 "Reconciliation failed terminally due to configuration "
					 "error"));
		else
			*out = not_yet(k, e);
		return false;
	}
	if (node_len(list))
		log_info(k->p->log, S("All dependencies are ready, proceeding with reconciliation"));
	return true;
}
