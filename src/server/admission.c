#include "server/admission.h"

#include "server/allocator.h"
#include "server/hooks.h"
#include "server/object.h"
#include "server/registry.h"
#include "server/status.h"

/* ---- namespaces -------------------------------------------------------- */

struct store_table *admission_namespaces(struct server *s)
{
	return store_table(server_store(s), STR_NONE, S("namespaces"));
}

static err *terminating(const struct request *r, const struct kind *k, str namespace)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct status_cause cause = { .reason = S("NamespaceTerminating"),
				      .field = S("metadata.namespace") };

	buf_addf(&m, "%.*s", STR_ARG(k->plural));
	if (k->gvk.group.n)
		buf_addf(&m, ".%.*s", STR_ARG(k->gvk.group));
	if (r->created_name.n)
		buf_addf(&m, " \"%.*s\"", STR_ARG(r->created_name));
	buf_addf(&m,
		 " is forbidden: unable to create new content in namespace %.*s because it is "
		 "being terminated",
		 STR_ARG(namespace));
	buf_addf(&why, "namespace %.*s is being terminated", STR_ARG(namespace));
	cause.message = buf_str(&why);
	return status_err(&(struct status){ .code = 403,
					    .reason = S("Forbidden"),
					    .message = buf_str(&m),
					    .name = r->created_name,
					    .group = k->gvk.group,
					    .kind = k->plural,
					    .causes = &cause,
					    .causes_n = 1 });
}

err *admission_namespace(struct request *r, const struct kind *k, str namespace, bool create)
{
	if (!create || !k->namespaced || !namespace.n)
		return NULL;
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(r->server), admission_namespaces(r->server),
				   STR_NONE, namespace);

	if (!b)
		return status_not_found(STR_NONE, S("namespaces"), namespace);
	return blob_meta(b, S("deletionTimestamp")).n ? terminating(r, k, namespace) : NULL;
}

err *admission_exists(struct request *r, const struct kind *k, str namespace, str name,
		      bool generated)
{
	CLEANUP(blob_drop)
	struct blob *b =
		store_get(server_store(r->server), server_table(r->server, k), namespace, name);
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	if (b && blob_meta(b, S("deletionTimestamp")).n)
		buf_add(&m, S("object is being deleted: "));
	buf_addf(&m, "%.*s", STR_ARG(k->plural));
	if (k->gvk.group.n)
		buf_addf(&m, ".%.*s", STR_ARG(k->gvk.group));
	buf_addf(&m, " \"%.*s\" already exists", STR_ARG(name));
	if (generated)
		buf_add(&m,
			S(", the server was not able to generate a unique name for the object"));
	return status_err(&(struct status){ .code = 409,
					    .reason = S("AlreadyExists"),
					    .message = buf_str(&m),
					    .name = name,
					    .group = k->gvk.group,
					    .kind = k->plural,
					    .retry_after = generated ? 1 : 0 });
}

/* ---- the hooks --------------------------------------------------------- */

void admission_admit(struct kind_call *c)
{
	for (const struct hooks *const *h = hooks_all; *h && !c->refusal; h++)
		if ((*h)->admit)
			(*h)->admit(c);
}

void admission_check(struct kind_call *c)
{
	for (const struct hooks *const *h = hooks_all; *h && !c->refusal; h++)
		if ((*h)->check)
			(*h)->check(c);
}

/* ---- what hooks see ---------------------------------------------------- */

static node look(struct kind_call *c, str group, str plural, str namespace, str name)
{
	struct store *s = server_store(c->server);
	struct blob *b = store_get(s, store_table(s, group, plural), namespace, name);

	if (!b)
		return NODE_NOTHING;
	node tree = node_copy_all(c->arena, blob_tree(c->arena, b));

	blob_unref(b);
	return tree;
}

static node look_all(struct kind_call *c, str group, str plural, str namespace)
{
	struct store *s = server_store(c->server);
	struct store_list l;
	node all = node_seq(c->arena, 0);

	store_list(s, store_table(s, group, plural),
		   &(struct store_range){ .namespace = namespace }, &l);
	for (size_t i = 0; i < l.n; i++)
		node_append(c->arena, all, node_copy_all(c->arena, blob_tree(c->arena, l.p[i])));
	store_list_release(&l);
	return all;
}

void admission_call(struct request *r, struct kind_call *c)
{
	*c = (struct kind_call){
		.arena = r->arena,
		.user = r->user.name,
		.groups = r->user.groups,
		.groups_n = r->user.groups_n,
		.warnings = &r->warnings,
		.look = look,
		.look_all = look_all,
		.allocate_ip = allocator_ip,
		.allocate_port = allocator_port,
		.server = r->server,
	};
}

/* ---- versions ---------------------------------------------------------- */

const struct kind *admission_version(struct server *s, const struct kind *k, str api_version)
{
	struct gvk gvk = gvk_parse(api_version, k->gvk.kind);

	return registry_find(server_registry(s), gvk.group, gvk.version, k->plural);
}

node admission_convert(struct arena *a, const struct kind *from, const struct kind *to, node object)
{
	if (from == to)
		return object;
	if (from->stored && from->hooks && from->hooks->to_stored)
		object = from->hooks->to_stored(a, node_copy(a, object));
	else
		object = node_copy(a, object);
	if (to->stored && to->hooks && to->hooks->from_stored)
		object = to->hooks->from_stored(a, object);
	object_set_names(a, object, to->gvk);
	return object;
}
