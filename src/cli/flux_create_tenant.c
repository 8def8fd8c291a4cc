/* flux_create_tenant - "flux create tenant": namespaces with an account of their own. */
#include "cli/flux_create.h"

struct tenant_options {
	str role, account;
	bool skip_namespace;
	struct flag_list namespaces;
};

#define LABEL "toolkit.fluxcd.io/tenant"

static node labelled(struct cli *c, const char *api_version, const char *kind, str name,
		     str namespace)
{
	node object = create_object(c, api_version, kind, name, namespace);
	node labels = node_need_map(c->arena, node_get(object, S("metadata")), S("labels"));

	node_set(c->arena, labels, S(LABEL), node_from_str(c->arena, c->words.p[0]));
	return object;
}

static node role_binding(struct cli *c, str namespace, str account)
{
	const struct tenant_options *o = c->options;
	struct arena *a = c->arena;
	node object = labelled(c, "rbac.authorization.k8s.io/v1", "RoleBinding",
			       arena_cat(a, c->words.p[0], S("-reconciler")), namespace);
	node subjects = node_seq(a, 2), user = node_map(a, 3), own = node_map(a, 3);

	create_text(a, object, "roleRef.apiGroup", S("rbac.authorization.k8s.io"));
	create_text(a, object, "roleRef.kind", S("ClusterRole"));
	create_text(a, object, "roleRef.name", o->role);
	create_text(a, user, "apiGroup", S("rbac.authorization.k8s.io"));
	create_text(a, user, "kind", S("User"));
	create_text(a, user, "name", arena_cat(a, S("gotk:"), namespace, S(":reconciler")));
	create_text(a, own, "kind", S("ServiceAccount"));
	create_text(a, own, "name", account);
	create_text(a, own, "namespace", namespace);
	node_append(a, subjects, user);
	node_append(a, subjects, own);
	node_set(a, object, S("subjects"), subjects);
	return object;
}

/* A binding's role cannot change: it is made anew. */
static err *store_binding(struct cli *c, struct flux_server *s, node object)
{
	static const struct client_resource r = { S("rbac.authorization.k8s.io"), S("v1"),
						  S("rolebindings"), S("RoleBinding"), true };
	static const char *const fields[] = { "subjects", NULL };
	str name = flux_name(object), namespace = flux_namespace(object);
	bool created;
	node there;
	err *e = client_get(s->client, c->arena, &r, namespace, name, &there);

	if (!e && !(node_equal(node_get(there, S("roleRef")), node_get(object, S("roleRef"))) &&
		    node_equal(node_get(there, S("subjects")), node_get(object, S("subjects")))))
		TRY(client_delete(s->client, c->arena, &r, namespace, name, NULL));
	err_free(e);
	return create_upsert(c, s, &r, object, fields, &created, NULL);
}

static err *store_tenant(struct cli *c, struct flux_server *s, const node objects[3])
{
	static const struct client_resource namespaces = { STR_NONE, S("v1"), S("namespaces"),
							   S("Namespace"), false };
	static const struct client_resource accounts = { STR_NONE, S("v1"), S("serviceaccounts"),
							 S("ServiceAccount"), true };
	static const char *const nothing[] = { NULL };
	const struct tenant_options *o = c->options;
	str names[3];
	bool created;

	for (size_t i = 0; i < 3; i++)
		names[i] = flux_name(objects[i]);
	if (!o->skip_namespace) {
		flux_action(c, "applying namespace %.*s", STR_ARG(names[0]));
		TRY(create_upsert(c, s, &namespaces, objects[0], nothing, &created, NULL));
	}
	flux_action(c, "applying service account %.*s", STR_ARG(names[1]));
	TRY(create_upsert(c, s, &accounts, objects[1], nothing, &created, NULL));
	flux_action(c, "applying role binding %.*s", STR_ARG(names[2]));
	return store_binding(c, s, objects[2]);
}

static err *check_name(struct cli *c, const char *what, str name)
{
	str why = create_complaints(c->arena, name, NAME_QUALIFIED);

	return why.n ? err_new(ERR_INVALID, "invalid %s '%.*s': [%.*s]", what, STR_ARG(name),
			       STR_ARG(why))
		     : NULL;
}

/* The account's name where none is said is the tenant's. */
static str account_of(struct cli *c)
{
	const struct tenant_options *o = c->options;

	return o->account.n ? o->account : c->words.p[0];
}

static err *check_tenant(struct cli *c)
{
	const struct tenant_options *o = c->options;

	if (!o->role.n)
		return err_new(ERR_INVALID, "cluster-role is required");
	if (!cli_given(c, "with-namespace"))
		return err_new(ERR_INVALID, "with-namespace is required");
	for (size_t i = 0; i < o->namespaces.n; i++) {
		TRY(check_name(c, "namespace", o->namespaces.p[i]));
		TRY(create_check_labels(c));
		TRY(check_name(c, "service-account name", account_of(c)));
	}
	return NULL;
}

static err *run_tenant(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct tenant_options *o = c->options;
	bool export = create_options(c)->export;

	TRY(check_tenant(c));
	if (!export)
		TRY(flux_open(c, &s));
	for (size_t i = 0; i < o->namespaces.n; i++) {
		str namespace = o->namespaces.p[i];
		str account = account_of(c);
		const node objects[] = {
			labelled(c, "v1", "Namespace", namespace, STR_NONE),
			labelled(c, "v1", "ServiceAccount", account, namespace),
			role_binding(c, namespace, account),
		};

		for (size_t j = export && o->skip_namespace; export && j < 3; j++)
			TRY(flux_print_export(&c->out.buf, objects[j]));
		if (!export)
			TRY(store_tenant(c, &s, objects));
	}
	if (!export)
		flux_success(c, "tenant setup completed");
	return NULL;
}

#define AT(field) offsetof(struct tenant_options, field)

static const struct flag tenant_flags[] = {
	{ "cluster-role", 0, FLAG_STRING, AT(role), "ClusterRole of the tenant in its namespaces",
	  .fallback = "cluster-admin" },
	{ "skip-namespace", 0, FLAG_BOOL, AT(skip_namespace), "do not make the namespaces" },
	{ "with-namespace", 0, FLAG_LIST, AT(namespaces), "namespaces of the tenant" },
	{ "with-service-account", 0, FLAG_STRING, AT(account),
	  "name of the ServiceAccount; the tenant's by default" },
	{ 0 },
};

#undef AT

const struct command flux_create_tenant_command = {
	.use = "tenant",
	.brief = "Create or update a tenant",
	.text = "Create a tenant: namespaces, a ServiceAccount in each, and what it may do there.",
	.example = "  flux create tenant dev-team --with-namespace=frontend,backend",
	.flags = tenant_flags,
	.options = sizeof(struct tenant_options),
	.run = run_tenant,
};
