#include "controllers/artifactgenerator.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sort.h"
#include "controllers/controllers.h"
#include "crypto/sha256.h"
#include "text/names.h"
#include "text/path.h"
#include "text/quote.h"

#define INTERVAL CLOCK_HOUR
/* Flux's --requeue-dependency of this controller. */
#define RETRY_SOURCE (5 * CLOCK_SECOND)

static const char in_progress[] = "Reconciliation in progress";

/* ---- references ----------------------------------------------------------- */

static struct gvk source_kind(str kind)
{
	return (struct gvk){ S("source.toolkit.fluxcd.io"), STR_NONE, kind };
}

static void refs(node object, struct refs *out)
{
	str namespace = node_str(node_dig(object, "metadata", "namespace"));

	node_each_item(s, node_dig(object, "spec", "sources"))
		refs_add(out, source_kind(node_str(node_get(*s, S("kind")))),
			 node_str_or(node_get(*s, S("namespace")), namespace),
			 node_str(node_get(*s, S("name"))), REF_ARTIFACT);
	node_each_item(i, node_dig(object, "status", "inventory"))
		refs_add(out, source_kind(S("ExternalArtifact")),
			 node_str(node_get(*i, S("namespace"))), node_str(node_get(*i, S("name"))),
			 REF_OUTPUT);
}

const struct generator_source *artifactgenerator_source_of(const struct generator *g, str alias)
{
	for (size_t i = 0; i < g->sources.n; i++)
		if (str_eq(g->sources.p[i].alias, alias))
			return &g->sources.p[i];
	return NULL;
}

/* ---- ends ----------------------------------------------------------------- */

/* The kind has no field for it. */
static void no_observed_generation(struct pass *p)
{
	status_set(p, S("observedGeneration"), NODE_NOTHING);
}

static struct outcome stall(struct generator *g, str reason, err *e)
{
	struct outcome out = pass_stall(g->p, reason, e);

	no_observed_generation(g->p);
	return out;
}

/* For what may be there soon. Said once, not at every look. */
static struct outcome wait_for_source(struct generator *g, err *e)
{
	struct pass *p = g->p;
	int64_t set = runtime_settings(p->rt)->requeue_dependency;
	str told = node_str(node_get(condition_get(p, S("Ready")), S("message")));
	int64_t after = set < RETRY_SOURCE ? set : RETRY_SOURCE;

	if (!str_eq(told, err_text(e)))
		return pass_fail_after(p, S("SourceFetchFailed"), e, after);
	return pass_hold(p, S("SourceFetchFailed"), e, after);
}

/* ---- the spec ------------------------------------------------------------- */

static err *check_sources(struct generator *g, str *reason)
{
	node list = node_get(g->p->spec, S("sources"));
	bool locked = runtime_settings(g->p->rt)->no_cross_namespace_refs;

	for (size_t i = 0; i < node_len(list); i++) {
		node s = node_at(list, i);
		str alias = node_str(node_get(s, S("alias")));
		str namespace = node_str(node_get(s, S("namespace")));

		for (size_t k = 0; k < i; k++)
			if (str_eq(node_str(node_get(node_at(list, k), S("alias"))), alias))
				return err_new(ERR_INVALID, "duplicate source alias '%.*s' found",
					       STR_ARG(alias));
		if (!locked || !namespace.n || str_eq(namespace, g->p->key.namespace))
			continue;
		*reason = S("AccessDenied");
		return err_new(ERR_FORBIDDEN,
			       "cross-namespace reference to source %.*s/%.*s/%.*s is not allowed",
			       STR_ARG(node_str(node_get(s, S("kind")))), STR_ARG(namespace),
			       STR_ARG(node_str(node_get(s, S("name")))));
	}
	return NULL;
}

static bool has_alias(struct generator *g, str alias)
{
	node_each_item(s, node_get(g->p->spec, S("sources")))
		if (str_eq(node_str(node_get(*s, S("alias"))), alias))
			return true;
	return false;
}

static err *check_artifacts(struct generator *g)
{
	node list = node_get(g->p->spec, S("artifacts"));
	bool pattern = node_str(node_get(g->p->spec, S("pathPattern"))).n > 0;

	for (size_t i = 0; i < node_len(list); i++) {
		CLEANUP(buf_release) struct buf why = BUF_INIT;
		node one = node_at(list, i);
		str name = node_str(node_get(one, S("name")));
		str alias = str_trim_left_set(node_str(node_get(one, S("revision"))), S("@"));

		for (size_t k = 0; k < i; k++)
			if (str_eq(node_str(node_get(node_at(list, k), S("name"))), name))
				return err_new(ERR_INVALID, "duplicate artifact name '%.*s' found",
					       STR_ARG(name));
		if (!pattern && !name_check(name, NAME_DNS_SUBDOMAIN, &why))
			return err_new(
				ERR_INVALID,
				"artifact name %.*s is not a valid Kubernetes object name: %s",
				STR_ARG(quote_str(g->a, name)), buf_c(&why));
		if (alias.n && !has_alias(g, alias))
			return err_new(ERR_INVALID,
				       "artifact %.*s revision source alias '%.*s' not found",
				       STR_ARG(name), STR_ARG(alias));
	}
	return NULL;
}

/* ---- sources -------------------------------------------------------------- */

static err *get_source(struct generator *g, node ref)
{
	struct generator_source s = { .alias = node_str(node_get(ref, S("alias"))) };
	str kind = node_str(node_get(ref, S("kind"))), name = node_str(node_get(ref, S("name")));
	str namespace = node_str_or(node_get(ref, S("namespace")), g->p->key.namespace);
	node object;
	err *e = pass_get(g->p, source_kind(kind), namespace, name, &object);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		return e;
	if (e)
		return err_wrap(e, "unable to get source '%.*s/%.*s'", STR_ARG(namespace),
				STR_ARG(name));
	if (!artifact_of(g->a, object, &s.artifact))
		return err_new(ERR_NOT_FOUND, "source '%.*s/%.*s/%.*s' is not ready", STR_ARG(kind),
			       STR_ARG(namespace), STR_ARG(name));
	s.origin = node_str(
		node_get(node_dig(object, "status", "artifact", "metadata"), S(GENERATOR_ORIGIN)));
	avec_push(g->a, &g->sources, s);
	return NULL;
}

static err *get_sources(struct generator *g)
{
	node_each_item(s, node_get(g->p->spec, S("sources")))
		TRY(get_source(g, *s));
	return NULL;
}

static str sources_digest(struct generator *g)
{
	str *parts = arena_array(g->a, str, g->sources.n);
	char hex[SHA256_HEX + 1];

	for (size_t i = 0; i < g->sources.n; i++) {
		const struct generator_source *s = &g->sources.p[i];

		parts[i] = arena_printf(g->a, "%.*s=[digest=%.*s,revision=%.*s,url=%.*s]",
					STR_ARG(s->alias), STR_ARG(s->artifact.digest),
					STR_ARG(s->artifact.revision), STR_ARG(s->artifact.url));
	}
	size_t n = sort_unique(parts, g->sources.n);

	sha256_hex(arena_join(g->a, parts, n, S("|")), hex);
	return arena_cat(g->a, S("sha256:"), str_c(hex));
}

static err *open_sources(struct generator *g)
{
	for (size_t i = 0; i < g->sources.n; i++)
		TRY(pass_open(g->p, &g->sources.p[i].artifact, &g->sources.p[i].tree));
	return NULL;
}

static void close_sources(struct generator *g)
{
	for (size_t i = 0; i < g->sources.n; i++)
		artifact_close(g->sources.p[i].tree);
}

/* ---- drift ---------------------------------------------------------------- */

/* A stored file that is not what it was is removed. */
static bool is_stored(struct generator *g, node item)
{
	struct artifact_store *store = runtime_store(g->p->rt);
	struct artifact_owner owner =
		artifactgenerator_owner(g, node_str(node_get(item, S("name"))));
	const struct artifact artifact = {
		.path = artifact_path(g->a, &owner, node_str(node_get(item, S("filename")))),
		.digest = node_str(node_get(item, S("digest"))),
	};

	if (!artifact_exists(store, artifact.path))
		return false;
	err *e = artifact_verify(store, &artifact);

	if (!e)
		return true;
	log_error(g->p->log, e,
		  S("Artifact integrity verification failed, deleting corrupted artifact"));
	err_free(e);
	err_free(artifact_remove(store, artifact.path));
	return false;
}

static bool all_stored(struct generator *g, node inventory)
{
	node_each_item(i, inventory)
		if (!is_stored(g, *i))
			return false;
	return true;
}

/* Why something is to be done; empty: all is as it shall be. */
static str find_drift(struct generator *g, str digest)
{
	struct pass *p = g->p;
	node inventory = node_get(p->status, S("inventory"));
	node ready = condition_get(p, S("Ready"));

	if (!condition_is(p, S("Ready"), CONDITION_TRUE) ||
	    str_eq(node_str(node_get(ready, S("reason"))), S("ReconciliationDisabled")))
		return S("NotReady");
	if (node_int(node_get(ready, S("observedGeneration"))) != p->generation)
		return S("GenerationChanged");
	if (!str_eq(node_str(node_get(p->status, S("observedSourcesDigest"))), digest))
		return S("SourcesChanged");
	if (!node_str(node_get(p->spec, S("pathPattern"))).n &&
	    node_len(inventory) != node_len(node_get(p->spec, S("artifacts"))))
		return S("ArtifactsChanged");
	if (!all_stored(g, inventory))
		return S("ArtifactMissing");
	if (!artifactgenerator_is_applied(g, inventory))
		return S("ExternalArtifactsChanged");
	return STR_NONE;
}

/* ---- making --------------------------------------------------------------- */

static err *build(struct generator *g, const struct generator_request *r, struct arena *own,
		  struct artifact *out)
{
	struct compose_source *sources = arena_array(own, struct compose_source, g->sources.n);
	struct artifact_owner owner = artifactgenerator_owner(g, r->name);
	struct filelist files = FILELIST_INIT(own);
	struct ignore *ignore = ignore_new(own);
	str hash;

	for (size_t i = 0; i < g->sources.n; i++)
		sources[i] = (struct compose_source){ g->sources.p[i].alias,
						      artifact_tree_fs(g->sources.p[i].tree) };
	const struct compose_spec spec = { .sources = sources,
					   .sources_n = g->sources.n,
					   .ops = r->ops,
					   .ops_n = r->ops_n,
					   .cancel = g->p->cancel };
	err *e = compose_files(&spec, &files);

	if (e)
		return err_wrap(e, "failed to apply copy operations");
	e = compose_hash(&files, r->name, own, &hash);
	if (e)
		return err_wrap(e, "failed to hash staging dir");
	ignore_add_vcs(ignore, STR_NONE);
	ignore_add_defaults(ignore, STR_NONE);
	e = artifact_add_list(runtime_store(g->p->rt), g->a, &owner,
			      arena_cat(own, hash, S(".tar.gz")), STR_NONE, &files, ignore, out);
	return e ? err_wrap(e, "failed to create artifact") : NULL;
}

static err *make(struct generator *g, const struct generator_request *r, struct artifact *out)
{
	CLEANUP(arena_release) struct arena own = ARENA_INIT;
	const struct generator_source *s =
		r->revision.n ? artifactgenerator_source_of(g, r->revision) : NULL;

	TRY(build(g, r, &own, out));
	out->revision = s ? s->artifact.revision : arena_cat(g->a, S("latest@"), out->digest);
	return NULL;
}

static void list_made(struct generator *g, const struct generator_request *r,
		      const struct artifact *made)
{
	node item = node_map(g->a, 4);

	node_set(g->a, item, S("name"), node_from_str(g->a, r->name));
	node_set(g->a, item, S("namespace"), node_from_str(g->a, g->p->key.namespace));
	node_set(g->a, item, S("digest"), node_from_str(g->a, made->digest));
	node_set(g->a, item, S("filename"), node_from_str(g->a, path_base(made->path)));
	node_append(g->a, g->inventory, item);
}

static void collect(struct generator *g, const struct generator_request *r,
		    const struct artifact *made)
{
	struct artifact_owner owner = artifactgenerator_owner(g, r->name);
	size_t removed = 0;
	err *e = artifact_collect(runtime_store(g->p->rt), &owner, made->path, &removed);

	if (e)
		log_error(g->p->log, e, S("failed to garbage collect artifacts"));
	else if (removed)
		log_info(g->p->log,
			 arena_printf(g->a, "garbage collected %zu old artifact(s)", removed));
	err_free(e);
}

static struct outcome make_all(struct generator *g, bool *ok)
{
	*ok = false;
	for (size_t i = 0; i < g->requests.n; i++) {
		const struct generator_request *r = &g->requests.p[i];
		struct artifact made;
		err *e = make(g, r, &made);

		if (e)
			return pass_fail(g->p, S("BuildFailed"),
					 err_wrap(e, "%.*s build failed", STR_ARG(r->name)));
		e = artifactgenerator_apply(g, r, &made);
		if (e)
			return pass_fail(g->p, S("ReconciliationFailed"),
					 err_wrap(e, "%.*s reconcile failed", STR_ARG(r->name)));
		list_made(g, r, &made);
		collect(g, r, &made);
		pass_progress_anew(g->p, str_c(in_progress), false);
	}
	*ok = true;
	return (struct outcome){ .next = NEXT_NOW };
}

/* ---- success -------------------------------------------------------------- */

static bool was_listed(node inventory, node item)
{
	node_each_item(i, inventory)
		if (str_eq(node_str(node_get(*i, S("name"))),
			   node_str(node_get(item, S("name")))) &&
		    str_eq(node_str(node_get(*i, S("digest"))),
			   node_str(node_get(item, S("digest")))))
			return true;
	return false;
}

static void tell_changes(struct generator *g)
{
	node before = node_dig(g->p->object, "status", "inventory");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_item(i, g->inventory) {
		if (was_listed(before, *i))
			continue;
		buf_add(&b, b.n ? S("\n") : S("external artifacts reconciled: "));
		buf_addf(&b, "%.*s/%.*s (%.*s)", STR_ARG(g->p->key.namespace),
			 STR_ARG(node_str(node_get(*i, S("name")))),
			 STR_ARG(node_str(node_get(*i, S("digest")))));
	}
	if (b.n)
		pass_event(g->p, EVENT_NORMAL, S("Ready"), buf_str(&b), NULL, 0);
}

static struct outcome succeed(struct generator *g, str digest)
{
	struct pass *p = g->p;
	str message = arena_printf(g->a, "reconciliation succeeded, generated %zu artifact(s)",
				   node_len(g->inventory));

	artifactgenerator_remove_orphans(g);
	status_set(p, S("inventory"), node_len(g->inventory) ? g->inventory : NODE_NOTHING);
	status_set_str(p, S("observedSourcesDigest"), digest);
	pass_succeed(p, S("Succeeded"), message);
	no_observed_generation(p);
	pass_event(p, EVENT_TRACE, S("Ready"), message, NULL, 0);
	tell_changes(g);
	return (struct outcome){ .next = NEXT_INTERVAL, .after = INTERVAL };
}

/* ---- a pass --------------------------------------------------------------- */

static struct outcome rebuild(struct generator *g, str digest)
{
	struct pass *p = g->p;
	bool terminal, ok;
	err *e = open_sources(g);

	if (e)
		return wait_for_source(g, err_wrap(e, "fetch sources failed"));
	e = artifactgenerator_expand(g, &terminal);
	if (e) {
		e = err_wrap(e, "failed to expand path pattern");
		return terminal ? stall(g, S("BuildFailed"), e) : pass_fail(p, S("BuildFailed"), e);
	}
	struct outcome out = make_all(g, &ok);

	return ok ? succeed(g, digest) : out;
}

static struct outcome up_to_date(struct generator *g)
{
	str message = arena_printf(g->a, "No drift detected, %zu artifact(s) up to date",
				   node_len(node_get(g->p->status, S("inventory"))));

	condition_drop(g->p, S("Reconciling"));
	condition_drop(g->p, S("Stalled"));
	pass_event(g->p, EVENT_TRACE, S("Ready"), message, NULL, 0);
	return (struct outcome){ .next = NEXT_INTERVAL, .after = INTERVAL };
}

static struct outcome look(struct generator *g)
{
	struct pass *p = g->p;
	str reason = S("ValidationFailed");
	err *e = check_sources(g, &reason);

	if (!e)
		e = check_artifacts(g);
	if (e)
		return stall(g, reason, e);
	e = get_sources(g);
	if (e)
		return wait_for_source(g, err_wrap(e, "get sources failed"));
	str digest = sources_digest(g);

	reason = find_drift(g, digest);
	if (!reason.n)
		return up_to_date(g);
	pass_progress_anew(p, str_c(in_progress), false);
	log_info(p->log, str_c(in_progress), log_str("reason", reason));
	return rebuild(g, digest);
}

static bool is_disabled(const struct pass *p)
{
	node value = node_get(node_dig(p->object, "metadata", "annotations"),
			      S(GENERATOR_GROUP "/reconcile"));

	return str_eq_nocase(node_str(value), S("disabled"));
}

static struct outcome rest(struct pass *p)
{
	static const char disabled[] = "Reconciliation is disabled";

	if (!condition_get(p, S("Ready")).kind)
		condition_set(p, S("Ready"), CONDITION_TRUE, S("ReconciliationDisabled"),
			      S("Initialized with reconciliation suspended"));
	pass_event(p, EVENT_TRACE, S("ReconciliationDisabled"), str_c(disabled), NULL, 0);
	return (struct outcome){ .next = NEXT_CHANGE };
}

static struct generator begin(struct pass *p)
{
	return (struct generator){ .p = p,
				   .a = p->arena,
				   .uid = node_str(node_dig(p->object, "metadata", "uid")),
				   .inventory = node_seq(p->arena, 4) };
}

static struct outcome reconcile(struct pass *p)
{
	struct generator g = begin(p);

	if (is_disabled(p))
		return rest(p);
	if (!condition_get(p, S("Ready")).kind)
		pass_progress(p, str_c(in_progress), false);
	struct outcome out = look(&g);

	close_sources(&g);
	return out;
}

static struct outcome finalize(struct pass *p)
{
	struct generator g = begin(p);

	artifactgenerator_remove_orphans(&g);
	return (struct outcome){ .next = NEXT_CHANGE };
}

const struct controller artifactgenerator_controller = {
	.group = GENERATOR_GROUP,
	.kind = "ArtifactGenerator",
	.component = "source-watcher",
	.manager = "source-watcher",
	.finalizer = GENERATOR_GROUP "/finalizer",
	.refs = refs,
	.reconcile = reconcile,
	.finalize = finalize,
};
