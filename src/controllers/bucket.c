/* bucket - the controller of Bucket (source.md §8). */
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
	struct credentials secret, cert, proxy;
};

static void refs(node object, struct refs *out)
{
	node spec = node_get(object, S("spec"));

	observe_secret(out, object, node_get(spec, S("secretRef")));
	observe_secret(out, object, node_get(spec, S("certSecretRef")));
	observe_secret(out, object, node_get(spec, S("proxySecretRef")));
}

static void read_spec(struct bucket_pass *b)
{
	struct pass *p = b->p;
	node spec = p->spec, ignore = node_get(spec, S("ignore"));
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
		.sts = !node_is_nil(node_get(spec, S("sts"))),
		.ignore = ignore.kind == NODE_STR ? text : NULL,
		.timeout = pass_duration(p, S("timeout"), 0),
	};
}

static err *read_secret(struct bucket_pass *b, const char *field, const char *what,
			struct credentials *to, const struct credentials **out)
{
	struct pass *p = b->p;
	node ref = node_get(p->spec, str_c(field));
	err *e = observe_get_secret(p, ref, to, out);

	if (!e)
		return NULL;
	return failure_mark(err_wrap(e, "%s'%.*s/%.*s'", what, STR_ARG(p->key.namespace),
				     STR_ARG(node_str(node_get(ref, S("name"))))),
			    FAILURE_GENERIC, "FetchFailed", "AuthenticationFailed");
}

static const struct observed observed[] = { { "ignore", "observedIgnore" } };

static err *prepare(struct bucket_pass *b)
{
	storage_begin(b->p, &b->before, &b->have);
	read_spec(b);
	b->seen.artifact = b->have ? &b->before : NULL;
	TRY(read_secret(b, "secretRef", "failed to get secret ", &b->secret, &b->spec.secret));
	TRY(read_secret(b, "certSecretRef", "failed to get TLS config: failed to get secret ",
			&b->cert, &b->spec.cert));
	return read_secret(b, "proxySecretRef", "failed to get proxy URL: failed to get secret ",
			   &b->proxy, &b->spec.proxy);
}

static void say_new_revision(struct bucket_pass *b, str revision)
{
	struct pass *p = b->p;
	str text = arena_printf(p->arena, "new upstream revision '%.*s'", STR_ARG(revision));

	if (b->have && str_eq(b->before.revision, revision))
		return;
	if (b->have)
		condition_set(p, S("ArtifactOutdated"), CONDITION_TRUE, S("NewRevision"), text);
	pass_progress_anew(p, arena_cat(p->arena, S("building artifact: "), text), false);
}

static struct outcome done(struct bucket_pass *b, const struct bucketsource *s)
{
	struct pass *p = b->p;
	str message = arena_printf(p->arena, "stored artifact: revision '%.*s'",
				   STR_ARG(s->artifact.revision));
	bool recovered = storage_keep(p, &s->artifact, message);

	if (s->link.n)
		status_set_str(p, S("url"), s->link);
	observe_set(p, observed, sizeof observed / sizeof *observed);
	storage_tell(p, &s->artifact, b->have ? &b->before : NULL, recovered, s->event);
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
	const struct bucketsource_env env = { .net = runtime_net(p->rt),
					      .store = runtime_store(p->rt),
					      .cancel = p->cancel };
	err *e = prepare(&b);

	if (!e)
		e = bucketsource_fetch(&s, &env, &b.spec, &b.seen);
	if (!e) {
		say_new_revision(&b, s.revision);
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
