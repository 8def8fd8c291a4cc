/* flux_install - "flux install". */
#include "cli/flux_install.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux_choice.h"
#include "cli/flux_components.h"
#include "cli/flux_secret.h"
#include "client/applyset.h"

struct install_options {
	struct manifests_options manifests;
	bool export, force;
};

#define POLL_MAX (5 * CLOCK_SECOND)

/* ---- the cluster ------------------------------------------------------- */

err *install_check_cluster(struct cli *c, struct flux_server *s, bool force, bool fresh,
			   bool *go_on)
{
	struct components_cluster found;
	err *e = components_cluster(c, s, &found);

	*go_on = true;
	if (e && err_kind(e) == ERR_NOT_FOUND && err_code(e) == 404) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_wrap(e, "cluster info unavailable");
	if (fresh && found.bootstrapped)
		return err_new(ERR_EXISTS,
			       "this cluster has already been bootstrapped with Flux %.*s! Please use "
			       "'flux bootstrap' to upgrade",
			       STR_ARG(found.version));
	if (force || !found.manager.n || str_eq(found.manager, S("flux")))
		return NULL;
	cli_note(c, "Flux %.*s has been installed on this cluster with %.*s!",
		 STR_ARG(found.version), STR_ARG(found.manager));
	str question = arena_printf(c->arena,
				    "Are you sure you want to override the %.*s installation? Y/N",
				    STR_ARG(found.manager));

	*go_on = flux_ask(c, question.p);
	return NULL;
}

static void tell_all(struct cli *c, const struct applyset_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		str name = objid_show(c->arena, &items[i].id);
		str action = applyset_action_name(items[i].action);

		if (items[i].done)
			buf_addf(&c->out.buf, "%.*s %.*s\n", STR_ARG(name), STR_ARG(action));
	}
	buf_addc(&c->out.buf, '\n');
	output_flush(&c->out);
}

err *install_apply(struct cli *c, struct flux_server *s, node objects, bool tell)
{
	const struct applyset_options o = { .manager = S("flux"),
					    .group = S("kustomize.toolkit.fluxcd.io") };
	size_t n = node_len(objects);
	struct applyset_item *items = arena_array(c->arena, struct applyset_item, n);
	struct discovery *d = discovery_new(s->client);

	for (size_t i = 0; i < n; i++)
		items[i].object = applyset_normal(c->arena, node_at(objects, i));
	err *e = applyset_run(s->client, d, c->arena, items, n, &o);

	discovery_free(d);
	if (tell)
		tell_all(c, items, n);
	return e;
}

err *install_pull_secret(struct cli *c, struct flux_server *s, const struct manifests_options *o)
{
	str user = STR_NONE, password = STR_NONE, host, path, json;

	if (!o->registry_login.n)
		return NULL;
	str_split(o->registry_login, ':', &user, &password);
	str_split(o->registry, '/', &host, &path);
	TRY(secret_login(c->arena, host, user, password, &json));
	node secret = secret_new(c, o->image_pull_secret, "kubernetes.io/dockerconfigjson");

	secret_put(c, secret, ".dockerconfigjson", json);
	return secret_store(c, s, secret);
}

bool install_wait(struct cli *c, struct flux_server *s)
{
	const str name = S(MANIFESTS_NAME);

	return components_wait(c, s, flux_settings(c)->namespace, &name, 1, POLL_MAX);
}

/* Flux's own controllers are not ours to stop; but two that work at once would
 * undo each other's work, were it not for the leadership that ours waits for. */
static err *warn_of_others(struct cli *c, struct flux_server *s)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	str namespace = flux_settings(c)->namespace;
	node list;

	TRY(components_list(c, s, namespace, &list));
	node_each_item(d, list)
		if (!str_eq(flux_name(*d), S(MANIFESTS_NAME)) && !manifests_is_kept(flux_name(*d)))
			buf_addf(&names, " %.*s", STR_ARG(flux_name(*d)));
	if (names.n)
		flux_warning(c, "controllers of Flux run here, and rill waits until they are gone: "
				"kubectl -n %.*s delete deployment%s",
			     STR_ARG(namespace), buf_c(&names));
	return NULL;
}

/* ---- the command ------------------------------------------------------- */

static err *put_into_cluster(struct cli *c, const struct install_options *o,
			     const struct manifests_options *m, node objects)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	bool go_on;

	flux_action(c, "installing components in %.*s namespace", STR_ARG(m->namespace));
	TRY(flux_open(c, &s));
	TRY(install_check_cluster(c, &s, o->force, true, &go_on));
	if (!go_on)
		return err_new(ERR_CANCELED, "installation cancelled");
	err *e = install_apply(c, &s, objects, true);

	if (e)
		return err_wrap(e, "install failed");
	if (m->registry_login.n) {
		flux_action(c, "generating image pull secret %.*s", STR_ARG(m->image_pull_secret));
		e = install_pull_secret(c, &s, m);
		if (e)
			return err_wrap(e, "install failed");
	}
	TRY(warn_of_others(c, &s));
	flux_waiting(c, "verifying installation");
	if (!install_wait(c, &s))
		return err_new(ERR_TIMEOUT, "install failed");
	flux_success(c, "install finished");
	return NULL;
}

static err *run_install(struct cli *c)
{
	const struct install_options *o = c->options;
	struct manifests_options m = o->manifests;
	node objects;

	m.namespace = flux_settings(c)->namespace;
	m.own_registry = cli_given(c, "registry");
	TRY(manifests_check(c->arena, &m));
	if (!o->export)
		flux_generating(c, "generating manifests");
	TRY(manifests_make(c->arena, &m, &objects));
	if (o->export || flux_settings(c)->verbose)
		TRY(manifests_print(c->arena, &m, objects, &c->out.buf));
	if (o->export)
		return NULL;
	flux_success(c, "manifests build completed");
	return put_into_cluster(c, o, &m, objects);
}

#define AT(field) offsetof(struct install_options, manifests.field)
#define OWN(field) offsetof(struct install_options, field)

static const struct flag install_flags[] = {
	{ "export", 0, FLAG_BOOL, OWN(export), "print the objects, and install nothing" },
	{ "force", 0, FLAG_BOOL, OWN(force),
	  "override an installation that another tool, such as Helm, has made" },
	MANIFESTS_FLAGS(AT),
	{ 0 },
};

#undef AT
#undef OWN

const struct command flux_install_command = {
	.use = "install",
	.args = { ARGS_NONE },
	.brief = "Install or upgrade the controllers in a cluster",
	.text = "Put rill into a cluster: one Deployment that does what the controllers of Flux do,\n"
		"the definitions of all kinds in all their versions, and the rights it needs. What is\n"
		"there already is brought up to date.",
	.example = "  # Install\n"
		   "  flux install --namespace=flux-system\n\n"
		   "  # From a registry of your own\n"
		   "  flux install --registry registry.example.com/infra --image-pull-secret regcred\n\n"
		   "  # Print the objects\n"
		   "  flux install --export > rill.yaml",
	.flags = install_flags,
	.options = sizeof(struct install_options),
	.before = flux_before,
	.run = run_install,
};
