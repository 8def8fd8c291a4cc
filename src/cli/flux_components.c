#include "cli/flux_components.h"

#include "base/clock.h"
#include "base/sort.h"
#include "cli/up_log.h"
#include "kube/health.h"

const struct client_resource components_crds = { S("apiextensions.k8s.io"), S("v1"),
						 S("customresourcedefinitions"),
						 S("CustomResourceDefinition"), false };
const struct client_resource components_deployments = { S("apps"), S("v1"), S("deployments"),
							S("Deployment"), true };

err *components_list(struct cli *c, struct flux_server *s, str namespace, node *items)
{
	struct arena *a = c->arena;
	const struct client_request q = {
		.path = client_path(a, &components_deployments, namespace, STR_NONE, STR_NONE),
		.query = client_query_of(a, S("labelSelector"), S(COMPONENTS_LABEL)),
	};
	node list;

	TRY(client_do(s->client, a, &q, &list));	/* a few: all at once */
	*items = node_get(list, S("items"));
	return NULL;
}

err *components_cluster(struct cli *c, struct flux_server *s, struct components_cluster *out)
{
	node crd;

	TRY(client_get(s->client, c->arena, &components_crds, STR_NONE,
		       S("gitrepositories.source.toolkit.fluxcd.io"), &crd));
	node labels = node_dig(crd, "metadata", "labels");
	str part = node_str(node_get(labels, S("app.kubernetes.io/part-of")));
	str version = node_str(node_get(labels, S("app.kubernetes.io/version")));

	*out = (struct components_cluster){
		.distribution = part.n && version.n ? arena_cat(c->arena, part, S("-"), version)
						    : STR_NONE,
		.version = version,
		.manager = node_str(node_get(labels, S("app.kubernetes.io/managed-by"))),
		.bootstrapped = node_has(labels, S("kustomize.toolkit.fluxcd.io/name")) ||
				node_has(labels, S("kustomize.toolkit.fluxcd.io/namespace")),
	};
	return NULL;
}

str components_in_process(struct cli *c, struct flux_server *s)
{
	str rest;
	node answer;

	if (!up_log_find(c, s).n)
		return STR_NONE;
	CLEANUP(err_drop)
	err *e = client_do(s->client, c->arena, &(struct client_request){ .path = S("/version") },
			   &answer);

	if (e)
		return STR_NONE;
	rest = node_str(node_get(answer, S("gitCommit")));
	if (!str_take_str(&rest, S("rill-")))
		return STR_NONE;
	return rest;
}

/* ---- waiting ----------------------------------------------------------- */

enum state { MISSING, UNREADY, READY };

static enum state look(struct cli *c, struct flux_server *s, str namespace, str name)
{
	struct health h;
	node object;

	CLEANUP(err_drop)
	err *e = client_get(s->client, c->arena, &components_deployments, namespace, name, &object);

	if (e)
		return err_kind(e) == ERR_NOT_FOUND ? MISSING : UNREADY;
	e = health_of(c->arena, object, clock_wall(), &h);
	return !e && h.status == HEALTH_CURRENT ? READY : UNREADY;
}

static void tell(struct cli *c, str name, enum state state)
{
	switch (state) {
	case MISSING:
		flux_failure(c, "%.*s: deployment not found", STR_ARG(name));
		break;
	case UNREADY:
		flux_failure(c, "%.*s: deployment not ready", STR_ARG(name));
		break;
	case READY:
		flux_success(c, "%.*s: deployment ready", STR_ARG(name));
		break;
	}
}

bool components_wait(struct cli *c, struct flux_server *s, str namespace, const str *names,
		     size_t n, int64_t interval)
{
	str *sorted = arena_array(c->arena, str, n);
	enum state *states = arena_array(c->arena, enum state, n);
	int64_t pause = 50 * CLOCK_MS, left;
	size_t ready;

	for (size_t i = 0; i < n; i++)
		sorted[i] = names[i];
	sort_strs(sorted, n);
	for (;;) {
		struct arena_mark mark = arena_mark(c->arena);

		ready = 0;
		for (size_t i = 0; i < n; i++) {
			states[i] = look(c, s, namespace, sorted[i]);
			ready += states[i] == READY;
		}
		arena_rewind(c->arena, mark);
		left = s->deadline - clock_mono();
		if (ready == n || left <= 0)
			break;
		struct timespec t = clock_timespec(pause < left ? pause : left);

		nanosleep(&t, NULL);
		pause = pause * 2 < interval ? pause * 2 : interval;
	}
	for (size_t i = 0; i < n; i++)
		tell(c, sorted[i], states[i]);
	return ready == n;
}
