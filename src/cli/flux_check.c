/* flux_check - "flux check": whether the cluster can run Flux, and whether it does.
 *
 * The original also asks GitHub for a newer release of itself. This program
 * talks to the cluster alone.
 */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_hint.h"
#include "cli/flux_components.h"
#include "text/constraint.h"

#define KUBERNETES_WANTED ">=1.33.0-0"

struct check_options {
	bool pre;
	struct flag_list components, extra;
	int64_t interval;
};

/* ---- before an installation -------------------------------------------- */

static bool check_kubernetes(struct cli *c, struct flux_server *s)
{
	struct constraint *wanted;
	struct semver version;
	node answer;

	CLEANUP(err_drop)
	err *e = client_do(s->client, c->arena, &(struct client_request){ .path = S("/version") },
			   &answer);

	if (e) {
		e = client_raw_error(e);
		flux_failure(c, "Kubernetes API call failed: %s", err_msg(e));
		return false;
	}
	if (!semver_try_parse(&version, node_str(node_get(answer, S("gitVersion"))))) {
		flux_failure(c, "Kubernetes version can't be determined");
		return false;
	}
	str text = semver_text(c->arena, &version);

	e = constraint_parse(c->arena, S(KUBERNETES_WANTED), &wanted);
	if (e)
		die_bug("constraint: %s", err_msg(e));
	if (!constraint_check(wanted, &version)) {
		flux_failure(c, "Kubernetes version %.*s does not match %s", STR_ARG(text),
			     KUBERNETES_WANTED);
		return false;
	}
	flux_success(c, "Kubernetes %.*s %s", STR_ARG(text), KUBERNETES_WANTED);
	return true;
}

/* ---- in the cluster ---------------------------------------------------- */

static bool check_version(struct cli *c, struct flux_server *s)
{
	struct components_cluster found;

	CLEANUP(err_drop)
	err *e = components_cluster(c, s, &found);

	if (e) {
		e = hint_first(e);
		flux_failure(c, "checking failed: %s", err_msg(e));
		return false;
	}
	if (found.distribution.n)
		flux_success(c, "distribution: %.*s", STR_ARG(found.distribution));
	flux_success(c, "bootstrapped: %s", found.bootstrapped ? "true" : "false");
	return true;
}

static bool check_controllers(struct cli *c, struct flux_server *s)
{
	const struct check_options *o = c->options;
	str namespace = flux_settings(c)->namespace;
	str own = components_in_process(c, s);
	bool fine = true;
	node list;

	if (own.n) {
		flux_success(c, "rill: runs all controllers in its own process");
		flux_action(c, "rill:%.*s", STR_ARG(own));
	}
	CLEANUP(err_drop)
	err *e = components_list(c, s, namespace, &list);

	if (own.n && !e && !node_len(list))
		return true;
	if (e || !node_len(list)) {
		flux_failure(c,
			     "no controllers found in the '%.*s' namespace with the label selector "
			     "'" COMPONENTS_LABEL "'",
			     STR_ARG(namespace));
		return false;
	}
	node_each_item(d, list) {
		str name = flux_name(*d);

		fine &= components_wait(c, s, namespace, &name, 1, o->interval);
		node_each_item(k, node_dig(*d, "spec", "template", "spec", "containers"))
			flux_action(c, "%.*s", STR_ARG(node_str(node_get(*k, S("image")))));
	}
	return fine;
}

static bool check_definitions(struct cli *c, struct flux_server *s)
{
	bool fine = true;
	node list, items;

	CLEANUP(err_drop)
	err *e = client_list(s->client, c->arena, &components_crds, STR_NONE, S(COMPONENTS_LABEL),
			     STR_NONE, &list);

	if (e || !node_len(items = node_get(list, S("items")))) {
		flux_failure(c, "no crds found with the label selector '" COMPONENTS_LABEL "'");
		return false;
	}
	node_each_item(crd, items) {
		node stored = node_dig(*crd, "status", "storedVersions");
		str name = flux_name(*crd);

		if (!node_len(stored)) {
			flux_failure(c, "no stored versions for %.*s", STR_ARG(name));
			fine = false;
			continue;
		}
		flux_success(c, "%.*s/%.*s", STR_ARG(name),
			     STR_ARG(node_str(node_at(stored, node_len(stored) - 1))));
	}
	return fine;
}

/* ---- the command ------------------------------------------------------- */

static err *run_check(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct check_options *o = c->options;

	flux_action(c, "checking prerequisites");
	s.patient = o->pre;
	s.loading = "Kubernetes client initialization failed: kubernetes configuration load failed";
	TRY(flux_open(c, &s));
	bool fine = check_kubernetes(c, &s);

	c->status = !fine;
	if (o->pre) {
		if (fine)
			flux_success(c, "prerequisites checks passed");
		return NULL;
	}
	flux_action(c, "checking version in cluster");
	fine &= check_version(c, &s);
	flux_action(c, "checking controllers");
	fine &= check_controllers(c, &s);
	flux_action(c, "checking crds");
	fine &= check_definitions(c, &s);
	if (fine)
		flux_success(c, "all checks passed");
	else
		flux_failure(c, "check failed");
	c->status = !fine;
	return NULL;
}

#define AT(field) offsetof(struct check_options, field)

static const struct flag check_flags[] = {
	{ "components", 0, FLAG_LIST, AT(components), "controllers to look for",
	  .fallback = COMPONENTS_DEFAULT },
	{ "components-extra", 0, FLAG_LIST, AT(extra), "controllers to look for besides those" },
	{ "poll-interval", 0, FLAG_DURATION, AT(interval), "how often to look at a controller",
	  .fallback = "5s" },
	{ "pre", 0, FLAG_BOOL, AT(pre), "look at the cluster alone, before an installation" },
	{ 0 },
};

#undef AT

const struct command flux_check_command = {
	.use = "check",
	.brief = "Check the cluster and what is installed in it",
	.text = "Check that the cluster is one that Flux can run in, and that the controllers and\n"
		"the definitions in it are healthy. The exit status is 1 when one is not.",
	.example = "  # Before an installation\n"
		   "  flux check --pre\n\n"
		   "  # After it\n"
		   "  flux check",
	.args = { ARGS_NONE },
	.flags = check_flags,
	.options = sizeof(struct check_options),
	.before = flux_before,
	.run = run_check,
};
