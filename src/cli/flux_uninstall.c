/* flux_uninstall - "flux uninstall": everything of Flux out of a cluster, and
 * nothing of what it applied. */
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_components.h"

struct uninstall_options {
	bool dry_run, keep_namespace, silent;
};

struct removal {
	struct cli *c;
	struct flux_server *s;
	bool dry_run;
};

static void tell(const struct removal *r, const struct client_resource *kind, node object,
		 const char *done, const char *failed, err *e)
{
	str namespace = flux_namespace(object), name = flux_name(object);
	str id = namespace.n && kind->namespaced
			 ? arena_cat(r->c->arena, kind->kind, S("/"), namespace, S("/"), name)
			 : arena_cat(r->c->arena, kind->kind, S("/"), name);

	/* one failure does not keep the rest from going */
	if (e)
		flux_failure(r->c, "%.*s %s: %s", STR_ARG(id), failed, err_msg(e));
	else
		flux_success(r->c, "%.*s %s %s", STR_ARG(id), done, r->dry_run ? "(dry run)" : "");
	err_free(e);
}

static void delete_object(const struct removal *r, const struct client_resource *kind, node object)
{
	const struct client_delete_options o = { .propagation = S("Background"),
						 .dry_run = r->dry_run };

	tell(r, kind, object, "deleted", "deletion failed",
	     client_delete(r->s->client, r->c->arena, kind, flux_namespace(object),
			   flux_name(object), &o));
}

/* What the cluster does not know need not be removed. */
static node list_of(const struct removal *r, const struct client_resource *kind, str namespace,
		    str selector)
{
	node list;
	err *e = client_list(r->s->client, r->c->arena, kind, namespace, selector, STR_NONE, &list);

	if (!e)
		return node_get(list, S("items"));
	err_free(e);
	return NODE_NOTHING;
}

static void delete_labelled(const struct removal *r, const struct client_resource *kind,
			    str namespace)
{
	node list = list_of(r, kind, namespace, S(COMPONENTS_LABEL));

	node_each_item(o, list)
		delete_object(r, kind, *o);
}

static void delete_components(const struct removal *r, str namespace)
{
	static const struct client_resource kinds[] = {
		{ S("apps"), S("v1"), S("deployments"), S("Deployment"), true },
		{ STR_NONE, S("v1"), S("services"), S("Service"), true },
		{ S("networking.k8s.io"), S("v1"), S("networkpolicies"), S("NetworkPolicy"), true },
		{ STR_NONE, S("v1"), S("serviceaccounts"), S("ServiceAccount"), true },
		{ S("rbac.authorization.k8s.io"), S("v1"), S("clusterroles"), S("ClusterRole"),
		  false },
		{ S("rbac.authorization.k8s.io"), S("v1"), S("clusterrolebindings"),
		  S("ClusterRoleBinding"), false },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		delete_labelled(r, &kinds[i], namespace);
}

/* Nobody is left who would take them off, so the objects would stay. */
static void delete_finalizers(const struct removal *r)
{
	struct arena *a = r->c->arena;
	node patch = node_map(a, 1), metadata = node_map(a, 1);
	static const enum flux_kind_id order[] = {
		FLUX_GIT,     FLUX_OCI,		 FLUX_HELM_REPOSITORY,	FLUX_CHART,	   FLUX_BUCKET,
		FLUX_KUSTOMIZATION, FLUX_RELEASE, FLUX_ALERT,		FLUX_PROVIDER,	   FLUX_RECEIVER,
		FLUX_IMAGE_POLICY, FLUX_IMAGE_REPOSITORY, FLUX_IMAGE_UPDATE, FLUX_GENERATOR,
	};
	const struct client_patch_options o = { .type = CLIENT_PATCH_MERGE,
						.manager = S("flux"),
						.dry_run = r->dry_run };

	node_set(a, metadata, S("finalizers"), node_null());
	node_set(a, patch, S("metadata"), metadata);
	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		const struct client_resource kind = flux_resource(&flux_kinds[order[k]]);
		node list = list_of(r, &kind, STR_NONE, STR_NONE);

		node_each_item(object, list)
			tell(r, &kind, *object, "finalizers deleted", "removing finalizers failed",
			     client_patch(r->s->client, a, &kind, flux_namespace(*object),
					  flux_name(*object), patch, &o, NULL));
	}
}

static void delete_namespace(const struct removal *r, str name)
{
	static const struct client_resource kind = { STR_NONE, S("v1"), S("namespaces"),
						     S("Namespace"), false };
	struct arena *a = r->c->arena;
	node object = node_map(a, 1), metadata = node_map(a, 1);

	node_set(a, metadata, S("name"), node_from_str(a, name));
	node_set(a, object, S("metadata"), metadata);
	delete_object(r, &kind, object);
}

static bool is_wanted(struct cli *c, struct flux_server *s)
{
	str question = S("Are you sure you want to delete Flux and its custom resource definitions");
	struct components_cluster found;

	CLEANUP(err_drop)
	err *e = components_cluster(c, s, &found);

	if (!e && found.manager.n && !str_eq(found.manager, S("flux")))
		question = arena_printf(c->arena,
					"Flux is managed by %.*s! Are you sure you want to delete "
					"Flux and its CRDs using Flux CLI",
					STR_ARG(found.manager));
	return flux_ask(c, question.p);
}

static err *run_uninstall(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct uninstall_options *o = c->options;
	const struct removal r = { c, &s, o->dry_run };
	str namespace = flux_settings(c)->namespace;

	TRY(flux_open(c, &s));
	err *e = client_do(s.client, c->arena, &(struct client_request){ .path = S("/api") }, NULL);

	if (e)
		return err_wrap(client_raw_error(e),
				"cluster info unavailable: failed to get server groups");
	if (!o->dry_run && !o->silent && !is_wanted(c, &s))
		return err_new(ERR_CANCELED, "aborting");
	flux_action(c, "deleting components in %.*s namespace", STR_ARG(namespace));
	delete_components(&r, namespace);
	flux_action(c, "deleting toolkit.fluxcd.io finalizers in all namespaces");
	delete_finalizers(&r);
	flux_action(c, "deleting toolkit.fluxcd.io custom resource definitions");
	delete_labelled(&r, &components_crds, STR_NONE);
	if (!o->keep_namespace)
		delete_namespace(&r, namespace);
	flux_success(c, "uninstall finished");
	return NULL;
}

#define AT(field) offsetof(struct uninstall_options, field)

static const struct flag uninstall_flags[] = {
	{ "dry-run", 0, FLAG_BOOL, AT(dry_run), "tell what would be deleted, and delete nothing" },
	{ "keep-namespace", 0, FLAG_BOOL, AT(keep_namespace), "leave the namespace" },
	{ "silent", 's', FLAG_BOOL, AT(silent), "ask nothing" },
	{ 0 },
};

#undef AT

const struct command flux_uninstall_command = {
	.use = "uninstall",
	.args = { ARGS_NONE },
	.brief = "Take Flux out of a cluster",
	.text = "Delete the controllers, the objects of Flux and their definitions. What they\n"
		"applied stays as it is.",
	.example = "  # What would go?\n"
		   "  flux uninstall --dry-run\n\n"
		   "  # All but the namespace, without a question\n"
		   "  flux uninstall --silent --keep-namespace",
	.flags = uninstall_flags,
	.options = sizeof(struct uninstall_options),
	.before = flux_before,
	.run = run_uninstall,
};
