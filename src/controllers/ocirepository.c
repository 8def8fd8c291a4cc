/* ocirepository - the controller of OCIRepository (source.md §5). */
#include "base/vec.h"
#include "controllers/cloudlogin.h"
#include "controllers/controllers.h"
#include "controllers/observe.h"
#include "controllers/storage.h"
#include "controllers/verification.h"
#include "source/ocisource.h"

/* What a pass knows. */
struct ocirepo {
	struct pass *p;
	struct ocisource_spec spec;
	struct ocisource_seen seen;
	struct artifact before;
	bool have; /* there is one, in `before` */
	struct credentials cert, proxy_secret;
	struct net_proxy proxy;
	struct verification verification;
	struct ociauth provided; /* by a cloud */
	VEC(struct credentials) secrets;
};

static void refs(node object, struct refs *out)
{
	node spec = node_get(object, S("spec"));
	str account = node_str(node_get(spec, S("serviceAccountName")));

	observe_secret(out, object, node_get(spec, S("secretRef")));
	observe_secret(out, object, node_get(spec, S("certSecretRef")));
	observe_secret(out, object, node_get(spec, S("proxySecretRef")));
	observe_secret(out, object, node_dig(spec, "verify", "secretRef"));
	observe_secret(out, object, node_dig(spec, "verify", "trustedRootSecretRef"));
	if (account.n)
		refs_add(out, (struct gvk){ STR_NONE, S("v1"), S("ServiceAccount") },
			 node_str(node_dig(object, "metadata", "namespace")), account, REF_DATA);
}

/* ---- the spec --------------------------------------------------------------------- */

static void read_spec(struct ocirepo *o)
{
	struct pass *p = o->p;
	node spec = p->spec, ref = node_get(spec, S("ref")), verify = node_get(spec, S("verify"));
	node ignore = node_get(spec, S("ignore")), layer = node_get(spec, S("layerSelector"));
	str *text = arena_new(p->arena, str);

	*text = node_str(ignore);
	o->verification.p = p;
	o->spec = (struct ocisource_spec){
		.owner = storage_owner(p),
		.url = node_str(node_get(spec, S("url"))),
		.tag = node_str(node_get(ref, S("tag"))),
		.semver = node_str(node_get(ref, S("semver"))),
		.semver_filter = node_str(node_get(ref, S("semverFilter"))),
		.digest = node_str(node_get(ref, S("digest"))),
		.layer = node_str(node_get(layer, S("mediaType"))),
		.operation = node_str(node_get(layer, S("operation"))),
		.ignore = ignore.kind == NODE_STR ? text : NULL,
		.insecure = node_bool(node_get(spec, S("insecure"))),
		.provider = node_str(node_get(spec, S("provider"))),
		.timeout = pass_duration(p, S("timeout"), 0),
		/* Anything that stands there is a wish for verification. */
		.verify_wanted = !node_is_nil(verify),
		.verify_provider = node_str_or(node_get(verify, S("provider")), S("cosign")),
		.verify_keyless = node_is_nil(node_get(verify, S("secretRef"))),
		.verify = verification_run,
		.verify_ctx = &o->verification,
	};
}

static err *no_login(err *e)
{
	return failure_mark(e, FAILURE_GENERIC, "FetchFailed", "AuthenticationFailed");
}

static err *no_credential(err *e)
{
	return no_login(err_wrap(e, "failed to get credential"));
}

static err *read_secret(struct ocirepo *o)
{
	struct pass *p = o->p;
	str name = node_str(node_dig(p->spec, "secretRef", "name"));
	struct credentials secret;

	if (!name.n)
		return NULL;
	err *e = pass_secret(p, name, &secret);

	if (e) {
		pass_event(p, EVENT_TRACE, S("AuthenticationFailed"),
			   arena_printf(p->arena, "auth secret '%.*s' not found", STR_ARG(name)),
			   NULL, 0);
		return no_credential(err_wrap(e, "failed to get secret '%.*s/%.*s'",
					      STR_ARG(p->key.namespace), STR_ARG(name)));
	}
	avec_push(p->arena, &o->secrets, secret);
	return NULL;
}

/* The imagePullSecrets of the service account. */
static err *read_account(struct ocirepo *o)
{
	struct pass *p = o->p;
	str name = node_str(node_get(p->spec, S("serviceAccountName")));
	node account;

	if (!name.n)
		return NULL;
	err *e = pass_get(p, (struct gvk){ STR_NONE, S("v1"), S("ServiceAccount") },
			  p->key.namespace, name, &account);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		return no_credential(err_replace(e, "serviceaccount '%.*s/%.*s' not found",
						 STR_ARG(p->key.namespace), STR_ARG(name)));
	if (e)
		return no_credential(err_wrap(e, "failed to get serviceaccount '%.*s/%.*s'",
					      STR_ARG(p->key.namespace), STR_ARG(name)));
	node_each_item(i, node_get(account, S("imagePullSecrets"))) {
		const struct credentials *got = NULL;
		struct credentials secret;

		e = observe_read_secret(p, *i, &secret, &got);
		if (e)
			return no_credential(err_wrap(
				e, "failed to get image pull secret for serviceaccount '%.*s/%.*s'",
				STR_ARG(p->key.namespace), STR_ARG(name)));
		if (got)
			avec_push(p->arena, &o->secrets, secret);
	}
	return NULL;
}

static err *read_proxy(struct ocirepo *o)
{
	struct pass *p = o->p;
	err *e = observe_read_secret(p, node_get(p->spec, S("proxySecretRef")), &o->proxy_secret,
				     &o->spec.proxy);

	if (!e && o->spec.proxy)
		e = credentials_proxy(p->arena, o->spec.proxy, &o->proxy);
	return e ? no_login(err_wrap(e, "failed to get proxy address")) : NULL;
}

static err *read_cert(struct ocirepo *o)
{
	struct pass *p = o->p;
	err *e = observe_read_secret(p, node_get(p->spec, S("certSecretRef")), &o->cert,
				     &o->spec.cert);

	return e ? no_login(err_wrap(e, "failed to generate transport for '%.*s'",
				     STR_ARG(o->spec.url)))
		 : NULL;
}

/* Secrets win over a cloud's identity. */
static err *ask_cloud(struct ocirepo *o)
{
	struct pass *p = o->p;
	struct identity who;

	if (!cloudlogin_wanted(o->spec.provider) || o->secrets.n)
		return NULL;
	err *e = cloudlogin_identity(p, node_str(node_get(p->spec, S("serviceAccountName"))),
				     o->spec.proxy ? &o->proxy : NULL, &who);

	if (e) { /* a gate that is shut stalls it, and is no failure to fetch, as in Flux */
		err_set_detail(e, STR_NONE);
		return failure_mark(e, FAILURE_STALLED, NULL, "FeatureGateDisabled");
	}
	e = cloudlogin_registry(&who, p->arena, o->spec.provider, o->spec.url, &o->provided);
	if (e)
		return no_login(err_wrap(e, "failed to get credential from %.*s",
					 STR_ARG(o->spec.provider)));
	o->spec.provided = &o->provided;
	return NULL;
}

static err *read_secrets(struct ocirepo *o)
{
	TRY(read_secret(o));
	TRY(read_account(o));
	o->spec.secrets = o->secrets.p;
	o->spec.secrets_n = o->secrets.n;
	TRY(read_proxy(o));
	TRY(ask_cloud(o));
	return read_cert(o);
}

/* ---- a pass -------------------------------------------------------------------------- */

static const struct observed observed[] = {
	{ "ignore", "observedIgnore" },
	{ "layerSelector", "observedLayerSelector" },
};
enum { OBSERVED = sizeof observed / sizeof *observed };

static err *prepare(struct ocirepo *o)
{
	struct pass *p = o->p;
	node verified = condition_get(p, S("SourceVerified"));

	storage_begin(p, &o->before, &o->have);
	verification_begin(p);
	read_spec(o);
	o->seen = (struct ocisource_seen){
		.artifact = o->have ? &o->before : NULL,
		.changed = !observe_same(p, observed, OBSERVED),
		.verified = condition_is(p, S("SourceVerified"), CONDITION_TRUE) &&
			    node_int(node_get(verified, S("observedGeneration"))) == p->generation,
		.metadata = node_dig(p->object, "status", "artifact", "metadata"),
	};
	return read_secrets(o);
}

static void say_verified(struct ocirepo *o, const struct ocisource *s)
{
	struct pass *p = o->p;

	if (!o->spec.verify_wanted || o->verification.verify.ignored)
		condition_drop(p, S("SourceVerified"));
	else if (s->verified.n)
		condition_set(p, S("SourceVerified"), CONDITION_TRUE, S("Succeeded"), s->verified);
}

/* What the manifest says of itself. */
static void keep_metadata(struct ocirepo *o, const struct ocisource *s)
{
	struct pass *p = o->p;
	node artifact = node_get(p->status, S("artifact"));
	node metadata = node_copy_all(p->arena, s->annotations);

	if (node_len(metadata))
		node_set(p->arena, artifact, S("metadata"), metadata);
	else
		node_remove(artifact, S("metadata"));
	if (s->link.n)
		status_set_str(p, S("url"), s->link);
}

static struct outcome done(struct ocirepo *o, const struct ocisource *s)
{
	struct pass *p = o->p;
	str message = arena_printf(p->arena, "stored artifact for digest '%.*s'",
				   STR_ARG(s->artifact.revision));
	bool recovered = storage_keep(p, &s->artifact, message);

	keep_metadata(o, s);
	observe_set(p, observed, OBSERVED);
	storage_tell(p, &s->artifact, recovered, s->event);
	if (s->unchanged)
		storage_tell_up_to_date(p, s->revision);
	return pass_succeed(p, S("Succeeded"), message);
}

static struct outcome reconcile(struct pass *p)
{
	CLEANUP(ocisource_release) struct ocisource s = { 0 };
	struct ocirepo o = { .p = p };
	const struct ocisource_env env = { .net = runtime_outer_net(p->rt),
					   .store = runtime_store(p->rt),
					   .memory = runtime_oci(p->rt),
					   .cancel = p->cancel };
	err *e = prepare(&o);

	if (!e)
		e = ocisource_fetch(&s, &env, &o.spec, &o.seen);
	if (s.revision.n)
		storage_announce(p, o.have ? &o.before : NULL, s.revision,
				 arena_printf(p->arena, "new revision '%.*s' for '%.*s'",
					      STR_ARG(s.revision), STR_ARG(s.reference)));
	if (!e) {
		say_verified(&o, &s);
		e = ocisource_store(&s, &env, &o.spec);
	}
	return e ? pass_failure_at(p, o.spec.url, e) : done(&o, &s);
}

static const char *const types[] = {
	"StorageOperationFailed", "FetchFailed", "ArtifactOutdated", "ArtifactInStorage",
	"SourceVerified",         "Stalled",     "Reconciling"
};
static const char *const negative[] = { "StorageOperationFailed", "FetchFailed", "ArtifactOutdated",
					"Stalled", "Reconciling" };
static const struct summary summary = { types, sizeof types / sizeof *types, negative,
					sizeof negative / sizeof *negative,
					"SourceVerified" };

const struct controller ocirepository_controller = {
	.group = "source.toolkit.fluxcd.io",
	.kind = "OCIRepository",
	.component = "source-controller",
	.manager = "source-controller",
	.finalizer = "finalizers.fluxcd.io",
	.summary = &summary,
	.refs = refs,
	.reconcile = reconcile,
	.finalize = storage_finalize,
};
