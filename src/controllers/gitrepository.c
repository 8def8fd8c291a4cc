/* gitrepository - the controller of GitRepository (source.md §4). */
#include <stdlib.h>

#include "base/die.h"
#include "base/log.h"
#include "base/vec.h"
#include "controllers/cloudlogin.h"
#include "controllers/controllers.h"
#include "controllers/observe.h"
#include "controllers/storage.h"
#include "controllers/verification.h"
#include "source/gitsource.h"

#define SOURCE_GROUP "source.toolkit.fluxcd.io"

/* What stays from pass to pass. */
struct memory {
	int64_t generation;
	struct gitremote_hint hint;
};

/* What a pass knows. */
struct git {
	struct pass *p;
	struct gitsource_spec spec;
	struct gitsource_seen seen;
	struct artifact before;
	bool have;			/* there is one, in `before` */
	node included;			/* for status.includedArtifacts */
	struct credentials secret, proxy, keys;
	struct gitsource *source;
	err *no_keys;			/* why there are none; counts once they are needed */
};

static str include_name(node include)
{
	return node_str(node_dig(include, "repository", "name"));
}

static const struct gvk git_kind = { S(SOURCE_GROUP), STR_NONE, S("GitRepository") };

static void refs(node object, struct refs *out)
{
	node spec = node_get(object, S("spec"));

	observe_secret(out, object, node_get(spec, S("secretRef")));
	observe_secret(out, object, node_get(spec, S("proxySecretRef")));
	observe_secret(out, object, node_dig(spec, "verify", "secretRef"));
	node_each_item(i, node_get(spec, S("include")))
		refs_add(out, git_kind, node_str(node_dig(object, "metadata", "namespace")),
			 include_name(*i), REF_ARTIFACT);
}

/* ---- the spec --------------------------------------------------------------------- */

/* Twice: the original's getSecret says it, and so does its only caller. */
static err *no_secret(struct git *g, err *e, node ref)
{
	str namespace = g->p->key.namespace, name = node_str(node_get(ref, S("name")));

	for (int i = 0; i < 2; i++)
		e = err_wrap(e, "failed to get secret '%.*s/%.*s'", STR_ARG(namespace),
			     STR_ARG(name));
	return failure_mark(e, FAILURE_GENERIC, "FetchFailed", "AuthenticationFailed");
}

static err *get_proxy(struct git *g)
{
	node ref = node_get(g->p->spec, S("proxySecretRef"));
	str namespace = g->p->key.namespace, proxy = node_str(node_get(ref, S("name")));
	err *e = observe_get_secret(g->p, ref, &g->proxy, &g->spec.proxy);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		e = err_replace(e, "secret '%.*s/%.*s' not found", STR_ARG(namespace), STR_ARG(proxy));
	return e ? failure_mark(err_wrap(e, "failed to configure proxy options"), FAILURE_GENERIC,
				"FetchFailed", "AuthenticationFailed")
		 : NULL;
}

static err *get_secret(struct git *g)
{
	node ref = node_get(g->p->spec, S("secretRef"));
	err *e = observe_get_secret(g->p, ref, &g->secret, &g->spec.secret);

	return e ? no_secret(g, e, ref) : NULL;
}

static void get_keys(struct git *g)
{
	str name = node_str(node_dig(g->p->spec, "verify", "secretRef", "name"));

	if (!g->spec.verify)
		return;
	g->no_keys = pass_secret(g->p, name, &g->keys);
	g->spec.keys = &g->keys;
	if (g->no_keys)
		g->no_keys = failure_mark(err_wrap(g->no_keys, "public keys secret error"),
					  FAILURE_GENERIC, "SourceVerified", "VerificationError");
}

/* A cloud's identity; what a Secret has besides (certificates) counts, too. */
static err *ask_cloud(void *ctx, struct gitremote_auth *auth)
{
	struct git *g = ctx;
	struct pass *p = g->p;
	struct identity who;

	TRY(cloudlogin_identity(p, node_str(node_get(p->spec, S("serviceAccountName"))),
				g->spec.proxy ? &g->source->proxy : NULL, &who));
	err *e = cloudlogin_git(&who, p->arena, g->spec.provider, g->spec.url, auth);

	return e ? failure_mark(err_wrap(e, "failed to configure authentication options"),
				FAILURE_GENERIC, "FetchFailed", "AuthenticationFailed")
		 : NULL;
}

static void read_sparse(struct git *g)
{
	node list = node_get(g->p->spec, S("sparseCheckout"));
	str *sparse = arena_array(g->p->arena, str, node_len(list));

	for (size_t i = 0; i < node_len(list); i++)
		sparse[i] = node_str(node_at(list, i));
	g->spec.sparse = sparse;
	g->spec.sparse_n = node_len(list);
}

static void read_spec(struct git *g)
{
	struct pass *p = g->p;
	node spec = p->spec, ref = node_get(spec, S("ref")), verify = node_get(spec, S("verify"));
	node ignore = node_get(spec, S("ignore"));
	str *text = arena_new(p->arena, str);

	*text = node_str(ignore);
	g->spec = (struct gitsource_spec){
		.owner = storage_owner(p),
		.url = node_str(node_get(spec, S("url"))),
		.ref = { .branch = node_str(node_get(ref, S("branch"))),
			 .tag = node_str(node_get(ref, S("tag"))),
			 .semver = node_str(node_get(ref, S("semver"))),
			 .name = node_str(node_get(ref, S("name"))),
			 .commit = node_str(node_get(ref, S("commit"))) },
		.timeout = pass_duration(p, S("timeout"), 0),
		.ignore = ignore.kind == NODE_STR ? text : NULL,
		.submodules = node_bool(node_get(spec, S("recurseSubmodules"))),
		.provider = node_str(node_get(spec, S("provider"))),
		.verify = verify.kind == NODE_MAP,
		.mode = GITSOURCE_HEAD,
		.provide = ask_cloud,
		.ctx = g,
	};
	read_sparse(g);
}

static err *read_mode(struct git *g)
{
	str mode = node_str(node_dig(g->p->spec, "verify", "mode"));

	if (!g->spec.verify || !mode.n || gitsource_mode_parse(mode, &g->spec.mode))
		return NULL;
	return failure_mark(err_new(ERR_INVALID, "invalid verification mode '%.*s'", STR_ARG(mode)),
			    FAILURE_STALLED, "SourceVerified", "InvalidVerificationMode");
}

/* ---- includes ----------------------------------------------------------------------- */

static err *get_include(struct git *g, node include, struct artifact *artifact)
{
	struct pass *p = g->p;
	str name = include_name(include);
	node object;
	err *e = pass_get_cached(p, git_kind, p->key.namespace, name, &object);

	if (e)
		return failure_mark(err_wrap(e, "could not get resource for include '%.*s'",
					     STR_ARG(name)),
				    FAILURE_WAITING, "IncludeUnavailable", "NotFound");
	if (!artifact_of(p->arena, object, artifact))
		return failure_mark(err_new(ERR_NOT_FOUND, "no artifact available for include '%.*s'",
					    STR_ARG(name)),
				    FAILURE_WAITING, "IncludeUnavailable", "NoArtifact");
	return NULL;
}

static err *read_includes(struct git *g)
{
	struct pass *p = g->p;
	node list = node_get(p->spec, S("include"));
	size_t n = node_len(list);
	struct gitsource_include *includes = arena_array(p->arena, struct gitsource_include, n);
	struct artifact *artifacts = arena_array(p->arena, struct artifact, n);

	g->included = node_seq(p->arena, n);
	for (size_t i = 0; i < n; i++) {
		node one = node_at(list, i);

		TRY(get_include(g, one, &artifacts[i]));
		includes[i] = (struct gitsource_include){
			.name = include_name(one),
			.from = node_str(node_get(one, S("fromPath"))),
			.to = node_str(node_get(one, S("toPath"))),
			.artifact = &artifacts[i],
		};
		node_append(p->arena, g->included, artifact_node(p->arena, &artifacts[i]));
	}
	condition_drop(p, S("IncludeUnavailable"));
	g->spec.includes = includes;
	g->spec.includes_n = n;
	if (observe_same_artifacts(node_get(p->status, S("includedArtifacts")), g->included))
		return NULL;
	g->seen.changed = true;
	if (node_len(node_get(p->status, S("includedArtifacts"))))
		condition_set(p, S("ArtifactOutdated"), CONDITION_TRUE, S("IncludeChange"),
			      S("included artifacts differ from last observed includes"));
	pass_progress_anew(p,
			   S("building artifact: included artifacts differ from last observed "
			     "includes"),
			   false);
	return NULL;
}

/* ---- what was observed ----------------------------------------------------------------- */

static const struct observed observed[] = {
	{ "ignore", "observedIgnore" },
	{ "include", "observedInclude" },
	{ "recurseSubmodules", "observedRecurseSubmodules" },
	{ "sparseCheckout", "observedSparseCheckout" },
};
enum { OBSERVED = sizeof observed / sizeof *observed };

static bool is_changed(struct git *g)
{
	struct pass *p = g->p;

	if (!observe_same(p, observed, OBSERVED))
		return true;
	if (!g->spec.verify)
		return false;
	return !condition_is(p, S("SourceVerified"), CONDITION_TRUE) ||
	       node_int(node_get(p->status, S("observedGeneration"))) != p->generation;
}

static struct gitremote_hint *hint_of(struct pass *p)
{
	struct memory *m = p->memory;

	if (!m)
		p->memory = m = mem_calloc(1, sizeof *m);
	if (m->generation != p->generation)	/* it may be another server */
		*m = (struct memory){ .generation = p->generation };
	return &m->hint;
}

/* ---- a pass -------------------------------------------------------------------------------- */

static err *prepare(struct git *g, const struct gitsource_env *env)
{
	struct pass *p = g->p;

	storage_begin(p, &g->before, &g->have);
	verification_begin(p);
	read_spec(g);
	g->seen.artifact = g->have ? &g->before : NULL;
	g->seen.in_storage = condition_is(p, S("ArtifactInStorage"), CONDITION_TRUE);
	g->seen.hint = hint_of(p);
	g->seen.changed = is_changed(g);
	TRY(read_mode(g));
	TRY(get_proxy(g));
	TRY(gitsource_check(g->source, &g->spec));
	TRY(get_secret(g));
	TRY(gitsource_login(g->source, env, &g->spec));
	TRY(read_includes(g));
	condition_drop(p, S("ArtifactOutdated"));
	get_keys(g);
	return NULL;
}

/* Keys that cannot be had fail what was fetched and would have to be verified. */
static err *fetch(struct git *g, const struct gitsource_env *env, struct gitsource *s)
{
	struct gitsource_spec spec = g->spec;

	spec.verify = spec.verify && !g->no_keys;
	TRY(gitsource_fetch(s, env, &spec, &g->seen));
	if (!g->no_keys || s->unchanged)
		return NULL;
	err *e = g->no_keys;

	g->no_keys = NULL;
	return e;
}

static void say_verified(struct git *g, const struct gitsource *s)
{
	struct pass *p = g->p;

	if (!g->spec.verify) {
		condition_drop(p, S("SourceVerified"));
		status_set(p, S("sourceVerificationMode"), NODE_NOTHING);
	} else if (s->verified.n) {
		condition_set(p, S("SourceVerified"), CONDITION_TRUE, S("Succeeded"), s->verified);
		status_set_str(p, S("sourceVerificationMode"), gitsource_mode_name(g->spec.mode));
		pass_event(p, EVENT_TRACE, S("Succeeded"), s->verified, NULL, 0);
	}
}

static struct outcome done(struct git *g, const struct gitsource *s)
{
	struct pass *p = g->p;
	str message = arena_printf(p->arena, "stored artifact for revision '%.*s'",
				   STR_ARG(s->artifact.revision));
	bool recovered = storage_keep(p, &s->artifact, message);

	observe_set(p, observed, OBSERVED);
	status_set(p, S("includedArtifacts"),
		   node_len(g->included) ? g->included : NODE_NOTHING);
	storage_tell(p, &s->artifact, recovered, s->event);
	if (s->unchanged)
		pass_event(p, EVENT_TRACE, S("GitOperationSucceeded"),
			   arena_printf(p->arena,
					"no changes since last reconciliation: observed revision '%.*s'",
					STR_ARG(s->revision)),
			   NULL, 0);
	else if (s->up_to_date)
		storage_tell_up_to_date(p, s->revision);
	return pass_succeed(p, S("Succeeded"), message);
}

static struct outcome reconcile(struct pass *p)
{
	CLEANUP(gitsource_release) struct gitsource s = { 0 };
	struct git g = { .p = p, .source = &s };
	const struct gitsource_env env = { .net = runtime_outer_net(p->rt),
					   .store = runtime_store(p->rt),
					   .cancel = p->cancel,
					   .algos = runtime_settings(p->rt)->ssh_algos };
	err *e = prepare(&g, &env);

	if (!e)
		e = fetch(&g, &env, &s);
	if (!e || str_eq(str_c(failure_of(e).condition), S("SourceVerified")))
		condition_drop(p, S("FetchFailed"));
	if (!e) {
		say_verified(&g, &s);
		storage_announce(p, g.have ? &g.before : NULL, s.revision,
				 arena_printf(p->arena, "new upstream revision '%.*s'",
					      STR_ARG(s.revision)));
		e = gitsource_store(&s, &env, &g.spec, &g.seen);
	}
	err_free(g.no_keys);
	return e ? pass_failure(p, e) : done(&g, &s);
}

static void forget(struct runtime *rt, void *memory)
{
	(void)rt;
	free(memory);
}

static const char *const types[] = { "StorageOperationFailed", "FetchFailed", "IncludeUnavailable",
				     "ArtifactOutdated",       "ArtifactInStorage",
				     "SourceVerified",	       "Stalled",     "Reconciling" };
static const char *const negative[] = { "StorageOperationFailed", "FetchFailed",
					"IncludeUnavailable",	  "ArtifactOutdated", "Stalled",
					"Reconciling" };
static const struct summary summary = { types, sizeof types / sizeof *types, negative,
					sizeof negative / sizeof *negative,
					"SourceVerified" };

const struct controller gitrepository_controller = {
	.group = SOURCE_GROUP,
	.kind = "GitRepository",
	.component = "source-controller",
	.manager = "source-controller",
	.finalizer = "finalizers.fluxcd.io",
	.summary = &summary,
	.refs = refs,
	.reconcile = reconcile,
	.finalize = storage_finalize,
	.forget = forget,
};
