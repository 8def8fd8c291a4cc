/* bucket - the controller of Bucket (source.md §8). */
#include "controllers/cloudlogin.h"
#include "controllers/controllers.h"
#include "controllers/observe.h"
#include "controllers/storage.h"
#include "source/bucketsource.h"

/* What a pass knows. */
struct bucket_pass {
	struct pass *p;
	struct bucketsource_spec spec;
	struct bucketsource_seen seen;
	struct artifact before;
	bool have; /* there is one, in `before` */
	struct credentials secret, cert, proxy, sts_secret, sts_cert;
	struct bucket_login login; /* by a cloud */
};

static void refs(node object, struct refs *out)
{
	node spec = node_get(object, S("spec"));

	observe_secret(out, object, node_get(spec, S("secretRef")));
	observe_secret(out, object, node_get(spec, S("certSecretRef")));
	observe_secret(out, object, node_get(spec, S("proxySecretRef")));
	observe_secret(out, object, node_dig(spec, "sts", "secretRef"));
	observe_secret(out, object, node_dig(spec, "sts", "certSecretRef"));
}

static void read_spec(struct bucket_pass *b)
{
	struct pass *p = b->p;
	node spec = p->spec, ignore = node_get(spec, S("ignore")), sts = node_get(spec, S("sts"));
	str *text = arena_new(p->arena, str);

	*text = node_str(ignore);
	b->spec = (struct bucketsource_spec){
		.owner = storage_owner(p),
		.provider = node_str(node_get(spec, S("provider"))),
		.bucket = node_str(node_get(spec, S("bucketName"))),
		.endpoint = node_str(node_get(spec, S("endpoint"))),
		.region = node_str(node_get(spec, S("region"))),
		.prefix = node_str(node_get(spec, S("prefix"))),
		.insecure = node_bool(node_get(spec, S("insecure"))),
		.sts = { .wanted = !node_is_nil(sts),
			 .provider = node_str(node_get(sts, S("provider"))),
			 .endpoint = node_str(node_get(sts, S("endpoint"))),
			 .has_secret = node_has(sts, S("secretRef")),
			 .has_cert = node_has(sts, S("certSecretRef")) },
		.ignore = ignore.kind == NODE_STR ? text : NULL,
		.timeout = pass_duration(p, S("timeout"), 0),
	};
}

static err *read_secret(struct bucket_pass *b, node ref, const char *what, struct credentials *to,
			const struct credentials **out)
{
	struct pass *p = b->p;
	err *e = observe_get_secret(p, ref, to, out);

	if (!e)
		return NULL;
	return failure_mark(err_wrap(e, "%s'%.*s/%.*s'", what, STR_ARG(p->key.namespace),
				     STR_ARG(node_str(node_get(ref, S("name"))))),
			    FAILURE_GENERIC, "FetchFailed", "AuthenticationFailed");
}

typedef err *parse_secret(struct arena *a, const struct credentials *c);

static err *parse_proxy(struct arena *a, const struct credentials *c)
{
	struct net_proxy proxy;

	return credentials_proxy(a, c, &proxy);
}

static err *parse_tls(struct arena *a, const struct credentials *c)
{
	struct net_tls tls;

	(void)a;
	return credentials_tls(c, &tls);
}

/* One that Flux reads as it reads those of TLS and of proxies. */
static err *read_other(struct bucket_pass *b, node ref, const char *what, parse_secret *parse,
		       struct credentials *to, const struct credentials **out)
{
	err *e = observe_read_secret(b->p, ref, to, out);

	if (!e && *out)
		e = parse(b->p->arena, *out);
	return e ? failure_mark(err_wrap(e, "%s", what), FAILURE_GENERIC, "FetchFailed",
				"AuthenticationFailed")
		 : NULL;
}

static const struct observed observed[] = { { "ignore", "observedIgnore" } };

/* ---- who we are without a Secret ---------------------------------------------------- */

/* A client that is no application of a tenant: an identity of the machine. */
static bool is_managed(const struct credentials *c)
{
	bool app = credentials_has(c, S("tenantId")) &&
		   (credentials_get(c, S("clientSecret")).n ||
		    credentials_get(c, S("clientCertificate")).n);

	return credentials_get(c, S("clientId")).n && !app;
}

static err *no_token(struct bucket_pass *b, err *e)
{
	if (str_eq(b->spec.provider, S("aws")))
		return failure_mark(err_wrap(e, "AWS authentication failed"), FAILURE_GENERIC,
				    "FetchFailed", "AuthenticationFailed");
	return failure_mark(err_wrap(e, "failed to confirm existence of '%.*s' bucket",
				     STR_ARG(b->spec.bucket)),
			    FAILURE_GENERIC, "FetchFailed", "BucketOperationFailed");
}

static err *ask_cloud(struct bucket_pass *b)
{
	struct pass *p = b->p;
	str account = node_str(node_get(p->spec, S("serviceAccountName")));
	bool azure = str_eq(b->spec.provider, S("azure"));
	bool managed = azure && is_managed(b->spec.secret);
	const struct identity_need need = { .scope = azure ? IDENTITY_AZURE_STORAGE : STR_NONE,
					    .client = managed ? credentials_get(b->spec.secret,
										S("clientId"))
							      : STR_NONE,
					    .region = b->spec.region,
					    .sts_endpoint = b->spec.sts.endpoint };
	struct net_proxy proxy = { 0 };
	struct identity_token token;
	struct identity who;

	if (!cloudlogin_wanted(b->spec.provider) || !identity_provider(b->spec.provider) ||
	    (b->spec.secret && !managed))
		return NULL;
	if (b->spec.proxy)
		TRY(credentials_proxy(p->arena, b->spec.proxy, &proxy));
	TRY(cloudlogin_identity(p, account, b->spec.proxy ? &proxy : NULL, &who));
	err *e = identity_token(&who, p->arena, identity_provider(b->spec.provider), &need, &token);
	if (e && azure && !managed && !who.account.n) {
		err_free(e); /* nobody: a container may be public */
		return NULL;
	}
	if (e)
		return no_token(b, e);
	b->login = (struct bucket_login){ token.aws.id, token.aws.secret, token.aws.session,
					  token.bearer };
	b->spec.login = &b->login;
	if (managed)
		b->spec.secret = NULL;
	return NULL;
}

static err *prepare(struct bucket_pass *b)
{
	node spec = b->p->spec, sts = node_get(spec, S("sts"));

	storage_begin(b->p, &b->before, &b->have);
	read_spec(b);
	b->seen.artifact = b->have ? &b->before : NULL;
	if (cloudlogin_wanted(b->spec.provider))
		TRY(cloudlogin_check(b->p, node_str(node_get(spec, S("serviceAccountName")))));
	TRY(read_secret(b, node_get(spec, S("secretRef")), "failed to get secret ", &b->secret,
			&b->spec.secret));
	TRY(read_secret(b, node_get(sts, S("secretRef")), "failed to get STS secret ",
			&b->sts_secret, &b->spec.sts.secret));
	TRY(read_other(b, node_get(spec, S("proxySecretRef")), "failed to get proxy URL", parse_proxy,
		       &b->proxy, &b->spec.proxy));
	TRY(read_other(b, node_get(spec, S("certSecretRef")), "failed to get TLS config", parse_tls,
		       &b->cert, &b->spec.cert));
	TRY(read_other(b, node_get(sts, S("certSecretRef")), "failed to get STS TLS config",
		       parse_tls, &b->sts_cert, &b->spec.sts.cert));
	TRY(bucketsource_check(&b->spec));
	return ask_cloud(b);
}

static struct outcome done(struct bucket_pass *b, const struct bucketsource *s)
{
	struct pass *p = b->p;
	str message = arena_printf(p->arena, "stored artifact: revision '%.*s'",
				   STR_ARG(s->artifact.revision));
	bool recovered = storage_keep(p, &s->artifact, message);

	if (s->link.n)
		status_set_str(p, S("url"), s->link);
	if (!s->unchanged)
		observe_set(p, observed, sizeof observed / sizeof *observed);
	storage_tell(p, &s->artifact, recovered, s->event);
	if (s->unchanged)
		storage_tell_up_to_date(p, s->revision);
	return pass_succeed(p, S("Succeeded"), message);
}

static str url_of(struct bucket_pass *b)
{
	if (str_find(b->spec.endpoint, S("://")) != STR_NPOS)
		return b->spec.endpoint;
	return arena_cat(b->p->arena, b->spec.insecure ? S("http://") : S("https://"),
			 b->spec.endpoint);
}

static struct outcome reconcile(struct pass *p)
{
	CLEANUP(bucketsource_release) struct bucketsource s = { 0 };
	struct bucket_pass b = { .p = p };
	const struct bucketsource_env env = { .net = runtime_outer_net(p->rt),
					      .store = runtime_store(p->rt),
					      .cancel = p->cancel };
	err *e = prepare(&b);

	if (!e)
		e = bucketsource_fetch(&s, &env, &b.spec, &b.seen);
	if (!e) {
		storage_announce(p, b.have ? &b.before : NULL, s.revision,
				 arena_printf(p->arena, "new upstream revision '%.*s'",
					      STR_ARG(s.revision)));
		e = bucketsource_store(&s, &env, &b.spec);
	}
	return e ? pass_failure_at(p, url_of(&b), e) : done(&b, &s);
}

static const char *const types[] = { "StorageOperationFailed", "FetchFailed", "ArtifactOutdated",
				     "ArtifactInStorage",      "Stalled",     "Reconciling" };
static const char *const negative[] = { "StorageOperationFailed", "FetchFailed", "ArtifactOutdated",
					"Stalled", "Reconciling" };
static const struct summary summary = { types, sizeof types / sizeof *types, negative,
					sizeof negative / sizeof *negative };

const struct controller bucket_controller = {
	.group = "source.toolkit.fluxcd.io",
	.kind = "Bucket",
	.component = "source-controller",
	.manager = "source-controller",
	.finalizer = "finalizers.fluxcd.io",
	.summary = &summary,
	.refs = refs,
	.reconcile = reconcile,
	.finalize = storage_finalize,
};
