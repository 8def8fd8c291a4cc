/* helmchart - the controller of HelmChart (source.md §7). */
#include "base/log.h"
#include "controllers/chartsource.h"
#include "controllers/cloudlogin.h"
#include "controllers/controllers.h"
#include "controllers/helmsource.h"
#include "controllers/observe.h"
#include "controllers/runtime_impl.h"
#include "controllers/storage.h"
#include "controllers/verification.h"

#define SOURCE_GROUP "source.toolkit.fluxcd.io"

static const char fetch_failed[] = "FetchFailed";

/* What a pass knows. */
struct chart_pass {
	struct pass *p;
	str kind, name; /* of the source */
	node source;
	struct artifact artifact; /* of the source */
	bool have_source;         /* there is one, in `artifact` */
	struct artifact before;
	bool have; /* there is one, in `before` */
	struct chartrepo_spec repo;
	struct chartsource_env env;
	struct chartsource_spec spec;
	struct chartsource_seen seen;
	struct artifact_tree *tree;
	struct verification verification;
};

static struct gvk kind_of(str kind)
{
	return (struct gvk){ S(SOURCE_GROUP), STR_NONE, kind };
}

static bool is_known_kind(str kind)
{
	return str_eq(kind, S("HelmRepository")) || str_eq(kind, S("GitRepository")) ||
	       str_eq(kind, S("Bucket"));
}

static void refs(node object, struct refs *out)
{
	str namespace = node_str(node_dig(object, "metadata", "namespace"));
	str kind = node_str(node_dig(object, "spec", "sourceRef", "kind"));
	str name = node_str(node_dig(object, "spec", "sourceRef", "name"));

	if (name.n && is_known_kind(kind))
		refs_add(out, kind_of(kind), namespace, name, REF_ARTIFACT);
	observe_secret(out, object, node_dig(object, "spec", "verify", "secretRef"));
	observe_secret(out, object, node_dig(object, "spec", "verify", "trustedRootSecretRef"));
}

/* ---- repositories ------------------------------------------------------------- */

static err *get_secret(struct pass *p, node repository, const char *field, const char *what,
		       const struct credentials **out)
{
	str name = node_str(node_dig(repository, "spec", field, "name"));
	struct credentials *c;

	if (!name.n)
		return NULL;
	c = arena_new(p->arena, struct credentials);
	err *e = pass_secret(p, name, c);

	if (e)
		return failure_mark(err_wrap(e, "failed to get %s secret '%.*s/%.*s'", what,
					     STR_ARG(p->key.namespace), STR_ARG(name)),
				    FAILURE_GENERIC, fetch_failed, "AuthenticationFailed");
	*out = c;
	return NULL;
}

/* Of a cloud, where the repository says so and has no Secret. */
static err *ask_cloud(struct pass *p, node spec, struct chartrepo_spec *out)
{
	str provider = node_str(node_get(spec, S("provider")));
	struct ociauth *login = arena_new(p->arena, struct ociauth);
	struct identity who;

	if (!cloudlogin_wanted(provider) || out->secret)
		return NULL;
	TRY(cloudlogin_identity(p, STR_NONE, NULL, &who));
	err *e = cloudlogin_registry(&who, p->arena, provider, out->url, login);

	if (e)
		return failure_mark(err_wrap(e, "failed to get credential from '%.*s'",
					     STR_ARG(provider)),
				    FAILURE_GENERIC, fetch_failed, "AuthenticationFailed");
	out->provided = login;
	return NULL;
}

static err *read_repository(struct pass *p, node object, struct chartrepo_spec *out)
{
	struct artifact *index = arena_new(p->arena, struct artifact);
	node spec = node_get(object, S("spec"));
	struct pass inner = { .spec = spec };

	*out = (struct chartrepo_spec){
		.url = node_str(node_get(spec, S("url"))),
		.oci = str_eq(node_str(node_get(spec, S("type"))), S("oci")),
		.insecure = node_bool(node_get(spec, S("insecure"))),
		.pass_credentials = node_bool(node_get(spec, S("passCredentials"))),
		.timeout = pass_duration(&inner, S("timeout"), 0),
	};
	if (artifact_of(p->arena, object, index) &&
	    artifact_exists(runtime_store(p->rt), index->path))
		out->index = index;
	TRY(chartrepo_check_url(p->arena, out->url));
	TRY(get_secret(p, object, "certSecretRef", "TLS authentication", &out->cert));
	TRY(helmsource_check_cert(out->cert));
	TRY(get_secret(p, object, "secretRef", "authentication", &out->secret));
	return out->oci ? ask_cloud(p, spec, out) : NULL;
}

struct search {
	struct pass *p;
	str url;
	node found;
};

static err *compare_url(void *ctx, node object)
{
	struct search *s = ctx;
	str url;

	if (s->found.kind == NODE_MAP ||
	    !str_eq(node_str(node_dig(object, "metadata", "namespace")), s->p->key.namespace))
		return NULL;
	err *e = helmrepo_normalize(s->p->arena, node_str(node_dig(object, "spec", "url")), &url);

	if (!e && str_eq(url, s->url))
		s->found = node_copy_all(s->p->arena, object);
	err_free(e);
	return NULL;
}

/* The HelmRepository that a dependency's URL belongs to. */
static err *find_repository(void *ctx, struct arena *a, str url, struct chartrepo_spec *out)
{
	struct search s = { .p = ctx, .url = url };
	struct client_resource r;

	(void)a;
	TRY(runtime_resource(s.p->rt, kind_of(S("HelmRepository")), &r));
	TRY(live_each(runtime_live(s.p->rt), &r, compare_url, &s));
	if (s.found.kind != NODE_MAP)
		return err_new(ERR_NOT_FOUND, "no HelmRepository found for '%.*s' in '%.*s' namespace",
			       STR_ARG(url), STR_ARG(s.p->key.namespace));
	return read_repository(s.p, s.found, out);
}

/* ---- the source ---------------------------------------------------------------- */

static err *get_source(struct chart_pass *c)
{
	struct pass *p = c->p;
	err *e;

	if (!is_known_kind(c->kind)) {
		e = err_new(ERR_INVALID,
			    "failed to get source: unsupported source kind '%.*s', must be one of: "
			    "[HelmRepository GitRepository Bucket]",
			    STR_ARG(c->kind));
		condition_set(p, S("FetchFailed"), CONDITION_TRUE, S("SourceUnavailable"),
			      err_text(e));
		return failure_mark(e, FAILURE_STALLED, NULL, "UnsupportedSourceKind");
	}
	e = pass_get_cached(p, kind_of(c->kind), p->key.namespace, c->name, &c->source);
	if (e)
		return failure_mark(err_wrap(e, "failed to get source"), FAILURE_GENERIC,
				    fetch_failed, "SourceUnavailable");
	c->have_source = artifact_of(p->arena, c->source, &c->artifact);
	if (c->have_source && str_eq(c->kind, S("HelmRepository")) &&
	    !artifact_exists(runtime_store(p->rt), c->artifact.path))
		c->have_source = false;
	return NULL;
}

static bool is_registry(const struct chart_pass *c)
{
	return str_eq(c->kind, S("HelmRepository")) &&
	       str_eq(node_str(node_dig(c->source, "spec", "type")), S("oci"));
}

/* Of a Git repository or a bucket. A file that nobody has is as none at all. */
static err *open_files(struct chart_pass *c)
{
	if (!c->have_source || str_eq(c->kind, S("HelmRepository")))
		return NULL;
	err *e = pass_open(c->p, &c->artifact, &c->tree);

	c->have_source = !e || err_kind(e) != ERR_NOT_FOUND;
	return e ? failure_mark(err_wrap(e, "failed to open source artifact"), FAILURE_GENERIC,
				fetch_failed, "ReadOperationFailed")
		 : NULL;
}

static err *open_source(struct chart_pass *c)
{
	if (str_eq(c->kind, S("HelmRepository"))) {
		TRY(read_repository(c->p, c->source, &c->repo));
		c->spec.repo = &c->repo;
		return NULL;
	}
	c->spec.files = artifact_tree_fs(c->tree);
	c->spec.source_revision = c->artifact.revision;
	return NULL;
}

/* ---- the spec ------------------------------------------------------------------- */

static str *read_list(struct pass *p, str first, node list, size_t *n)
{
	str *out = arena_array(p->arena, str, node_len(list) + 2);

	*n = 0;
	if (first.n)
		out[(*n)++] = first;
	node_each_item(i, list)
		out[(*n)++] = node_str(*i);
	return out;
}

static void read_spec(struct chart_pass *c)
{
	struct pass *p = c->p;
	const struct settings *s = runtime_settings(p->rt);
	node verify = node_get(p->spec, S("verify"));

	c->verification = (struct verification){ .p = p, .chart = true };
	c->kind = node_str(node_dig(p->spec, "sourceRef", "kind"));
	c->name = node_str(node_dig(p->spec, "sourceRef", "name"));
	c->env = (struct chartsource_env){
		.repo = { .net = runtime_outer_net(p->rt),
			  .store = runtime_store(p->rt),
			  .memory = runtime_oci(p->rt),
			  .facts = runtime_chart_facts(p->rt),
			  .index_max = (uint64_t)s->helm_index_max,
			  .chart_max = (uint64_t)s->helm_chart_max,
			  .cancel = p->cancel },
		.file_max = (uint64_t)s->helm_chart_file_max,
		.find_repo = find_repository,
		.ctx = p,
	};
	c->spec = (struct chartsource_spec){
		.owner = storage_owner(p),
		.chart = node_str(node_get(p->spec, S("chart"))),
		.version = node_str(node_get(p->spec, S("version"))),
		.ignore_missing = node_bool(node_get(p->spec, S("ignoreMissingValuesFiles"))),
		.generation = p->generation,
		/* Anything that stands there is a wish for verification. */
		.verify_wanted = !node_is_nil(verify),
		.verify = verification_run,
		.verify_ctx = &c->verification,
		.by_revision = str_eq(node_str(node_get(p->spec, S("reconcileStrategy"))),
				      S("Revision")),
	};
	c->spec.values_files = read_list(p, node_str(node_get(p->spec, S("valuesFile"))),
					 node_get(p->spec, S("valuesFiles")),
					 &c->spec.values_files_n);
	c->seen = (struct chartsource_seen){
		.artifact = c->have ? &c->before : NULL,
		.name = node_str(node_get(p->status, S("observedChartName"))),
		.force = node_int(node_get(p->status, S("observedGeneration"))) != p->generation,
	};
	node observed = node_get(p->status, S("observedValuesFiles"));

	if (observed.kind == NODE_SEQ)
		c->seen.values_files = read_list(p, STR_NONE, observed, &c->seen.values_files_n);
}

/* ---- what came of it --------------------------------------------------------------- */

/* A chart that is not the stored one was built. */
static void say_new_chart(struct chart_pass *c, struct chartsource *s)
{
	struct pass *p = c->p;
	str summary = chartsource_summary(s);

	if (!s->name.n || !s->version.n ||
	    (c->have && str_eq(c->seen.name, s->name) && str_eq(c->before.revision, s->version)))
		return;
	if (c->have)
		condition_set(p, S("ArtifactOutdated"), CONDITION_TRUE, S("NewChart"), summary);
	pass_progress_anew(p, arena_cat(p->arena, S("building artifact: "), summary), false);
}

static void say_verified(struct chart_pass *c, const struct chartsource *s, const err *e)
{
	struct pass *p = c->p;

	if (!c->spec.verify_wanted || c->verification.verify.ignored)
		condition_drop(p, S("SourceVerified"));
	else if (s->verified && s->complete)
		condition_set(p, S("SourceVerified"), CONDITION_TRUE, S("Succeeded"),
			      arena_printf(p->arena, "verified signature of version %.*s",
					   STR_ARG(s->version)));
	else if (e && str_eq(str_c(failure_of(e).reason), S("ChartVerificationError")))
		condition_set(p, S("SourceVerified"), CONDITION_FALSE, S("VerificationError"),
			      err_text(e));
}

static void say_built(struct chart_pass *c, struct chartsource *s, const err *e)
{
	struct pass *p = c->p;
	const char *condition = e ? failure_of(e).condition : NULL;

	if (!e)
		say_new_chart(c, s);
	say_verified(c, s, e);
	if (!e || str_eq(str_c(condition), S("BuildFailed")))
		condition_drop(p, S("FetchFailed"));
	if (!e || str_eq(str_c(condition), S("FetchFailed")))
		condition_drop(p, S("BuildFailed"));
	if (e && s->newest.n && !s->version.n)
		pass_event(p, EVENT_TRACE, S("NewestVersion"),
			   arena_printf(p->arena, "the newest version of '%.*s' is '%.*s'",
					STR_ARG(c->spec.chart), STR_ARG(s->newest)),
			   NULL, 0);
	if (!e && s->resolved)
		pass_event(p, EVENT_TRACE, S("ResolvedDependencies"),
			   arena_printf(p->arena, "resolved %zu chart dependencies", s->resolved),
			   NULL, 0);
}

static void observe_values(struct chart_pass *c, const struct chartsource *s)
{
	struct pass *p = c->p;
	node list = node_seq(p->arena, s->values_files_n);

	if (s->unchanged)
		return;
	for (size_t i = 0; i < s->values_files_n; i++)
		node_append(p->arena, list, node_copy_str(p->arena, s->values_files[i]));
	status_set(p, S("observedValuesFiles"),
		   c->spec.ignore_missing && node_len(list) ? list : NODE_NOTHING);
}

static struct outcome done(struct chart_pass *c, struct chartsource *s)
{
	struct pass *p = c->p;
	str summary = chartsource_summary(s), reason = chartsource_reason(s);
	const str meta[] = { S("revision"), s->artifact.revision, S("digest"), s->artifact.digest };
	bool changed = storage_is_new(p, &s->artifact);
	bool recovered = storage_keep(p, &s->artifact, summary);

	condition_set(p, S("ArtifactInStorage"), CONDITION_TRUE, reason, summary);
	status_set_str(p, S("observedChartName"), s->name);
	if (s->link.n)
		status_set_str(p, S("url"), s->link);
	observe_values(c, s);
	if (changed || recovered)
		pass_event(p, EVENT_NORMAL, reason, summary, meta, 4);
	if (s->unchanged)
		storage_tell_up_to_date(p, s->artifact.revision);
	return pass_succeed(p, reason, summary);
}

/* ---- a pass -------------------------------------------------------------------------- */

static err *prepare(struct chart_pass *c)
{
	struct pass *p = c->p;

	storage_begin(p, &c->before, &c->have);
	read_spec(c);
	verification_begin(p);
	return get_source(c);
}

static err *prepare_verification(struct chart_pass *c)
{
	node verify = node_get(c->p->spec, S("verify"));
	str provider = node_str_or(node_get(verify, S("provider")), S("cosign"));
	bool keyless = node_is_nil(node_get(verify, S("secretRef"))) &&
		       str_eq(provider, S("cosign"));

	if (!c->spec.verify_wanted || !is_registry(c))
		return NULL;
	err *e = verification_prepare(&c->verification);

	if (!e)
		return NULL;
	return failure_mark(err_wrap(e, "failed to verify the signature using provider '%.*s%s'",
				     STR_ARG(provider), keyless ? " keyless" : ""),
			    FAILURE_GENERIC, "SourceVerified", "VerificationError");
}

static err *build(struct chart_pass *c, struct chartsource *s)
{
	TRY(open_source(c));
	TRY(prepare_verification(c));
	return chartsource_build(s, &c->env, &c->spec, &c->seen);
}

/* Its artifact will put the chart on the queue. */
static struct outcome no_artifact(struct chart_pass *c)
{
	struct pass *p = c->p;
	err *e = err_new(ERR_NOT_FOUND, "no artifact available for %.*s source '%.*s'",
			 STR_ARG(c->kind), STR_ARG(c->name));

	condition_set(p, S("FetchFailed"), CONDITION_TRUE, S("NoSourceArtifact"), err_text(e));
	return pass_hold(p, S("NoSourceArtifact"), e,
			 runtime_settings(p->rt)->requeue_dependency);
}

/* As with Flux, what is no error of building a chart is an unknown one of fetching it; the
 * event alone has the reason. */
static struct outcome not_built(struct chart_pass *c, err *e)
{
	struct failure f = failure_of(e);
	struct pass *p = c->p;

	if (chartsource_is_build_error(e))
		return pass_failure_at(p, c->repo.url, e);
	condition_drop(p, S("BuildFailed"));
	condition_set(p, S("FetchFailed"), CONDITION_TRUE, S("Unknown"),
		      arena_cat(p->arena, S("unknown build error: "), err_text(e)));
	if (str_eq(str_c(f.condition), S("SourceVerified")))
		condition_set(p, S("SourceVerified"), CONDITION_FALSE, str_c(f.reason), err_text(e));
	if (f.class == FAILURE_STALLED)
		return pass_stall(p, str_c(f.reason), e);
	return pass_fail(p, str_c(f.reason), e);
}

static struct outcome run(struct chart_pass *c, struct chartsource *s)
{
	err *e = prepare(c);

	if (e)
		return pass_failure(c->p, e);
	e = open_files(c);
	if (!c->have_source && !is_registry(c)) {
		err_free(e);
		return no_artifact(c);
	}
	if (c->have_source)
		status_set_str(c->p, S("observedSourceArtifactRevision"), c->artifact.revision);
	if (!e)
		e = build(c, s);
	say_built(c, s, e);
	if (e)
		return not_built(c, e);
	e = chartsource_store(s, &c->env, &c->spec);
	return e ? pass_failure(c->p, e) : done(c, s);
}

static struct outcome reconcile(struct pass *p)
{
	CLEANUP(chartsource_release) struct chartsource s = { 0 };
	struct chart_pass c = { .p = p };
	struct outcome out = run(&c, &s);

	if (c.tree)
		artifact_close(c.tree);
	return out;
}

static const char *const types[] = { "StorageOperationFailed", "FetchFailed",	 "BuildFailed",
				     "ArtifactOutdated",       "ArtifactInStorage",
				     "SourceVerified",	       "Stalled",	 "Reconciling" };
static const char *const negative[] = { "StorageOperationFailed", "FetchFailed", "BuildFailed",
					"ArtifactOutdated",	  "Stalled",	 "Reconciling" };
static const struct summary summary = { types, sizeof types / sizeof *types, negative,
					sizeof negative / sizeof *negative,
					"SourceVerified" };

const struct controller helmchart_controller = {
	.group = SOURCE_GROUP,
	.kind = "HelmChart",
	.component = "source-controller",
	.manager = "source-controller",
	.finalizer = "finalizers.fluxcd.io",
	.summary = &summary,
	.refs = refs,
	.reconcile = reconcile,
	.finalize = storage_finalize,
};
