#include "server/namespaces.h"

#include "base/sort.h"
#include "base/vec.h"
#include "server/change.h"
#include "server/meta.h"
#include "server/registry.h"
#include "server/status.h"

#define AGENT "kube-controller-manager"

/* ---- account and certificate ------------------------------------------- */

#define ABOUT_CA                                                                                \
	"Contains a CA bundle that can be used to verify the kube-apiserver when using internal " \
	"endpoints such as the internal service IP or kubernetes.default.svc. No other usage is " \
	"guaranteed across distributions of Kubernetes clusters."

static bool is_own(const struct blob *b)
{
	return str_eq(blob_name(b), S("default")) || str_eq(blob_name(b), S("kube-root-ca.crt"));
}

static void accounts_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	struct minder_key key = { 0 };

	if (minder_is(e, "/namespaces") && e->change == STORE_ADDED)
		key.name = blob_name(e->now);
	else if (e->change == STORE_DELETED && is_own(e->now) &&
		 (minder_is(e, "/serviceaccounts") || minder_is(e, "/configmaps")))
		key.name = blob_namespace(e->now);
	if (key.name.n)
		minder_need(m, c, &key, 0);
}

static node named(struct arena *a, const char *kind, str name)
{
	node object = node_map(a, 4), metadata = node_map(a, 2);

	node_set(a, object, S("apiVersion"), node_lit("v1"));
	node_set(a, object, S("kind"), node_from_str(a, str_c(kind)));
	node_set(a, metadata, S("name"), node_from_str(a, name));
	node_set(a, object, S("metadata"), metadata);
	return object;
}

static err *make(struct minder_call *c, str plural, node object)
{
	str namespace = c->key.name, name = node_str(node_dig(object, "metadata", "name"));

	if (!node_is(minder_get(c, STR_NONE, plural, namespace, name), NODE_NONE))
		return NULL;
	return minder_write(c,
			    &(struct minder_write){
				    .agent = AGENT,
				    .method = S("POST"),
				    .path = minder_path(c->arena, "v1", plural, namespace, STR_NONE,
							STR_NONE),
				    .body = object },
			    NULL);
}

static err *accounts_run(struct minder_call *c, const struct controller *own)
{
	struct arena *a = c->arena;
	node namespace = minder_get(c, STR_NONE, S("namespaces"), STR_NONE, c->key.name);
	node map = named(a, "ConfigMap", S("kube-root-ca.crt")), data = node_map(a, 1);
	node annotations = node_map(a, 1);
	str cert;

	(void)own;
	if (node_is(namespace, NODE_NONE) || meta_is_deleting(namespace))
		return NULL;
	cert = server_ca(c->server);
	node_set(a, annotations, S("kubernetes.io/description"), node_lit(ABOUT_CA));
	node_set(a, node_get(map, S("metadata")), S("annotations"), annotations);
	node_set(a, data, S("ca.crt"), node_from_str(a, cert));
	node_set(a, map, S("data"), data);
	TRY(minder_unless_gone(make(c, S("serviceaccounts"), named(a, "ServiceAccount", S("default")))));
	return minder_unless_gone(make(c, S("configmaps"), map));
}

const struct controller namespaces_accounts = { .name = AGENT,
						.sees = accounts_sees,
						.run = accounts_run };

/* ---- deletion ---------------------------------------------------------- */

static void namespaces_sees(struct minder *m, const struct controller *c,
			    const struct store_event *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_key key = { 0 };

	if (minder_is(e, "/namespaces") && e->change != STORE_DELETED) {
		if (blob_meta(e->now, S("deletionTimestamp")).n)
			key.name = blob_name(e->now);
	} else if (e->change == STORE_DELETED && blob_namespace(e->now).n) {
		key.name = blob_namespace(e->now);
		struct store *s = server_store(minder_server(m));
		CLEANUP(blob_drop)
		struct blob *b =
			store_get(s, store_table(s, STR_NONE, S("namespaces")), STR_NONE, key.name);

		if (!b || !blob_meta(b, S("deletionTimestamp")).n)
			key.name = STR_NONE;
	}
	if (key.name.n)
		minder_need(m, c, &key, 0);
}

/* What is left: a count a resource, and a count a finalizer. */
struct counted {
	str name;
	size_t n;
};

typedef VEC(struct counted) counted_vec;

static void count(struct arena *a, counted_vec *v, str name)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->p[i].name, name)) {
			v->p[i].n++;
			return;
		}
	avec_push(a, v, (struct counted){ name, 1 });
}

struct remains {
	counted_vec resources, finalizers;
};

/* Objects of one resource: ask for their deletion, count those that stay. */
static err *empty_resource(struct minder_call *c, const struct kind *k, struct remains *left)
{
	struct arena *a = c->arena;
	str version = gvk_api_version(a, k->gvk);
	str full = arena_cat(a, k->plural, S("."), k->gvk.group);	/* a dot in any case */
	node items = minder_list(c, k->gvk.group, k->plural, c->key.name);

	node_each_item(o, items) {
		str name = meta_get(*o, S("name"));

		if (!meta_is_deleting(*o))
			TRY(minder_unless_gone(minder_write(
				c,
				&(struct minder_write){
					.agent = AGENT,
					.method = S("DELETE"),
					.path = minder_path(a, version.p, k->plural, c->key.name,
							    name, STR_NONE),
					.body = NODE_NOTHING },
				NULL)));
	}
	items = minder_list(c, k->gvk.group, k->plural, c->key.name);
	node_each_item(o, items) {
		count(a, &left->resources, full);
		node_each_item(f, node_dig(*o, "metadata", "finalizers"))
			count(a, &left->finalizers, node_str(*f));
	}
	return NULL;
}

static err *empty_namespace(struct minder_call *c, struct remains *left)
{
	struct registry *r = server_registry(c->server);
	size_t n;
	const struct kind **kinds = registry_list(r, &n);
	VEC(str) done = { 0 };
	err *e = NULL;

	for (size_t i = 0; i < n && !e; i++) {
		const struct kind *k = kinds[i];
		str id = arena_cat(c->arena, k->gvk.group, S("/"), k->plural);
		bool again = false;

		for (size_t j = 0; j < done.n; j++)
			again = again || str_eq(done.p[j], id);
		if (again || !k->namespaced || k->stored || !(k->verbs & KIND_DELETE))
			continue;
		avec_push(c->arena, &done, id);
		e = empty_resource(c, k, left);
	}
	registry_release_list(kinds, n);
	return e;
}

static int by_name(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct counted *)a)->name, ((const struct counted *)b)->name);
}

/* "TITLE: example.com/hold in 1 resource instances" */
static str told(struct arena *a, const char *title, const char *form, counted_vec *v)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	sort_stable(v->p, v->n, sizeof *v->p, by_name, NULL);
	buf_add(&b, str_c(title));
	for (size_t i = 0; i < v->n; i++) {
		buf_add(&b, i ? S(", ") : STR_NONE);
		buf_addf(&b, "%.*s %s %zu resource instances", STR_ARG(v->p[i].name), form, v->p[i].n);
	}
	return arena_str(a, buf_str(&b));
}

static void add_condition(struct minder_call *c, node list, node old, const char *type, bool yes,
			  const char *reason, str message)
{
	struct arena *a = c->arena;
	node condition = node_map(a, 5);
	str since = meta_now(a);

	node_each_item(o, old)
		if (str_eq(node_str(node_get(*o, S("type"))), str_c(type)) &&
		    str_eq(node_str(node_get(*o, S("status"))), yes ? S("True") : S("False")))
			since = node_str(node_get(*o, S("lastTransitionTime")));
	node_set(a, condition, S("lastTransitionTime"), node_from_str(a, since));
	node_set(a, condition, S("message"), node_from_str(a, message));
	node_set(a, condition, S("reason"), node_from_str(a, str_c(reason)));
	node_set(a, condition, S("status"), yes ? node_lit("True") : node_lit("False"));
	node_set(a, condition, S("type"), node_from_str(a, str_c(type)));
	node_append(a, list, condition);
}

static err *tell_remains(struct minder_call *c, node namespace, struct remains *left)
{
	struct arena *a = c->arena;
	node status = node_need_map(a, namespace, S("status")), list = node_seq(a, 5);
	node old = node_get(status, S("conditions"));

	add_condition(c, list, old, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
		      S("All resources successfully discovered"));
	add_condition(c, list, old, "NamespaceDeletionGroupVersionParsingFailure", false,
		      "ParsedGroupVersions", S("All legacy kube types successfully parsed"));
	add_condition(c, list, old, "NamespaceDeletionContentFailure", false, "ContentDeleted",
		      S("All content successfully deleted, may be waiting on finalization"));
	add_condition(c, list, old, "NamespaceContentRemaining", left->resources.n > 0,
		      left->resources.n ? "SomeResourcesRemain" : "ContentRemoved",
		      left->resources.n
			      ? told(a, "Some resources are remaining: ", "has", &left->resources)
			      : S("All content successfully removed"));
	add_condition(c, list, old, "NamespaceFinalizersRemaining", left->finalizers.n > 0,
		      left->finalizers.n ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
		      left->finalizers.n ? told(a, "Some content in the namespace has finalizers "
						   "remaining: ",
						"in", &left->finalizers)
					 : S("All content-preserving finalizers finished"));
	node_set(a, status, S("conditions"), list);
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = AGENT,
					.method = S("PUT"),
					.path = minder_path(a, "v1", S("namespaces"), STR_NONE,
							    c->key.name, S("status")),
					.body = namespace },
		NULL));
}

static err *finalize(struct minder_call *c, node namespace)
{
	struct arena *a = c->arena;
	node left = node_seq(a, 1), spec = node_need_map(a, namespace, S("spec"));

	node_each_item(f, node_get(spec, S("finalizers")))
		if (!str_eq(node_str(*f), S("kubernetes")))
			node_append(a, left, *f);
	node_set(a, spec, S("finalizers"), left);
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = AGENT,
					.method = S("PUT"),
					.path = minder_path(a, "v1", S("namespaces"), STR_NONE,
							    c->key.name, S("finalize")),
					.body = namespace },
		NULL));
}

static err *namespaces_run(struct minder_call *c, const struct controller *own)
{
	struct remains left = { 0 };
	node namespace = minder_get(c, STR_NONE, S("namespaces"), STR_NONE, c->key.name);

	(void)own;
	if (node_is(namespace, NODE_NONE) || !meta_is_deleting(namespace) ||
	    !node_len(node_dig(namespace, "spec", "finalizers")))
		return NULL;
	TRY(empty_namespace(c, &left));
	if (left.resources.n)
		return tell_remains(c, namespace, &left);
	return finalize(c, namespace);
}

const struct controller namespaces_controller = { .name = AGENT,
						  .sees = namespaces_sees,
						  .run = namespaces_run };

/* ---- namespaces/finalize ----------------------------------------------- */

/* Nothing but spec.finalizers moves. */
static err *make_finalized(struct change *ch, node old, node *object)
{
	struct arena *a = ch->r->arena;
	node wanted = node_dig(*(node *)ch->ctx, "spec", "finalizers");
	node out = node_copy(a, old), spec = node_need_map(a, out, S("spec"));

	if (node_len(wanted))
		node_set(a, spec, S("finalizers"), wanted);
	else
		node_remove(spec, S("finalizers"));
	*object = out;
	return NULL;
}

static err *run_finalize(struct request *r)
{
	struct change c = { .r = r,
			    .kind = r->kind,
			    .sub = r->sub,
			    .name = r->name,
			    .make = make_finalized };
	node body;

	TRY(options_write(r, &(struct options_of){ "UpdateOptions", false, false }, &c.options));
	TRY(body_read(r, r->kind, c.options.fields, &body));
	TRY(change_check_place(&c, body));
	c.ctx = &body;
	return change_finish(&c, change_run(&c));
}

const struct subresource namespaces_subresources[] = {
	{ "", "namespaces", "finalize", run_finalize },
	{ 0 },
};
