/* helmrepository - the controller of HelmRepository (source.md §6). */
#include <stdlib.h>

#include "base/die.h"
#include "base/log.h"
#include "controllers/controllers.h"
#include "controllers/helmsource.h"
#include "controllers/observe.h"
#include "controllers/storage.h"

#define SOURCE_GROUP "source.toolkit.fluxcd.io"

/* What stays from pass to pass. */
struct memory {
	int64_t generation;
	struct helmsource_hint hint;
};

struct repository {
	struct pass *p;
	struct helmsource_spec spec;
	struct helmsource_seen seen;
	struct artifact before;
	bool have; /* there is one, in `before` */
	struct credentials secret, cert;
};

/* A registry: there is nothing to do about it. */
static bool is_static(node object)
{
	return str_eq(node_str(node_dig(object, "spec", "type")), S("oci"));
}

static void refs(node object, struct refs *out)
{
	if (is_static(object))
		return;
	observe_secret(out, object, node_dig(object, "spec", "secretRef"));
	observe_secret(out, object, node_dig(object, "spec", "certSecretRef"));
}

/* ---- the spec --------------------------------------------------------------- */

static err *get_secret(struct repository *r, str field, const char *what, struct credentials *to,
		       const struct credentials **out)
{
	struct pass *p = r->p;
	str name = node_str(node_get(node_get(p->spec, field), S("name")));

	if (!name.n)
		return NULL;
	err *e = pass_secret(p, name, to);

	if (e)
		return failure_mark(err_wrap(e, "failed to get %s secret '%.*s/%.*s'", what,
					     STR_ARG(p->key.namespace), STR_ARG(name)),
				    FAILURE_GENERIC, "FetchFailed", "AuthenticationFailed");
	*out = to;
	return NULL;
}

static struct helmsource_hint *hint_of(struct pass *p)
{
	struct memory *m = p->memory;

	if (!m)
		p->memory = m = mem_calloc(1, sizeof *m);
	if (m->generation != p->generation) /* it may be another server */
		*m = (struct memory){ .generation = p->generation };
	return &m->hint;
}

static err *prepare(struct repository *r)
{
	struct pass *p = r->p;

	storage_begin(p, &r->before, &r->have);
	r->spec = (struct helmsource_spec){
		.owner = storage_owner(p),
		.url = node_str(node_get(p->spec, S("url"))),
		.pass_credentials = node_bool(node_get(p->spec, S("passCredentials"))),
		.timeout = pass_duration(p, S("timeout"), 0),
	};
	r->seen = (struct helmsource_seen){ .artifact = r->have ? &r->before : NULL,
					    .hint = hint_of(p) };
	TRY(helmsource_check_url(p->arena, r->spec.url));
	TRY(get_secret(r, S("certSecretRef"), "TLS authentication", &r->cert, &r->spec.cert));
	TRY(helmsource_check_cert(r->spec.cert));
	return get_secret(r, S("secretRef"), "authentication", &r->secret, &r->spec.secret);
}

/* ---- a pass ----------------------------------------------------------------- */

static struct outcome done(struct repository *r, const struct helmsource *h)
{
	struct pass *p = r->p;
	str message = arena_printf(p->arena, "stored artifact: revision '%.*s'",
				   STR_ARG(h->artifact.revision));
	bool recovered = storage_keep(p, &h->artifact, message);

	if (h->link.n)
		status_set_str(p, S("url"), h->link);
	storage_tell(p, &h->artifact, recovered, h->event);
	if (h->unchanged)
		storage_tell_up_to_date(p, h->revision);
	return pass_succeed(p, S("Succeeded"), message);
}

static struct outcome reconcile(struct pass *p)
{
	CLEANUP(helmsource_release) struct helmsource h = { .index = { .fd = -1 } };
	struct repository r = { .p = p };
	const struct helmsource_env env = {
		.net = runtime_outer_net(p->rt),
		.store = runtime_store(p->rt),
		.index_max = (uint64_t)runtime_settings(p->rt)->helm_index_max,
		.cancel = p->cancel,
	};
	err *e = prepare(&r);

	if (!e)
		e = helmsource_fetch(&h, &env, &r.spec, &r.seen);
	if (!e && !h.unchanged) {
		condition_drop(p, S("FetchFailed"));
		storage_announce(p, r.have ? &r.before : NULL, h.revision,
				 arena_printf(p->arena, "new index revision '%.*s'",
					      STR_ARG(h.revision)));
		e = helmsource_store(&h, &env, &r.spec);
	}
	return e ? pass_failure_at(p, r.spec.url, e) : done(&r, &h);
}

static void forget(struct runtime *rt, void *memory)
{
	(void)rt;
	free(memory);
}

static const char *const types[] = { "StorageOperationFailed", "FetchFailed", "ArtifactOutdated",
				     "ArtifactInStorage",      "Stalled",     "Reconciling" };
static const char *const negative[] = { "StorageOperationFailed", "FetchFailed",
					"ArtifactOutdated", "Stalled", "Reconciling" };
static const struct summary summary = { types, sizeof types / sizeof *types, negative,
					sizeof negative / sizeof *negative };

const struct controller helmrepository_controller = {
	.group = SOURCE_GROUP,
	.kind = "HelmRepository",
	.component = "source-controller",
	.manager = "source-controller",
	.finalizer = "finalizers.fluxcd.io",
	.summary = &summary,
	.refs = refs,
	.is_static = is_static,
	.reconcile = reconcile,
	.finalize = storage_finalize,
	.forget = forget,
};
