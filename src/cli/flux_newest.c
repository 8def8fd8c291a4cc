#include "cli/flux_newest.h"

#include "kube/health.h"

static const struct client_resource events = { STR_NONE, S("v1"), S("events"), S("Event"), true };

/* The HelmChart whose events tell. */
static bool chart_of(enum flux_kind_id kind, node object, str *ns, str *name)
{
	node meta = node_get(object, S("metadata"));
	str chart = node_str(node_dig(object, "status", "helmChart"));

	*ns = node_str(node_get(meta, S("namespace")));
	*name = node_str(node_get(meta, S("name")));
	if (kind == FLUX_CHART)
		return true;
	return kind == FLUX_RELEASE && str_cut(&chart, ns, '/') && str_cut(&chart, name, '/');
}

str flux_newest(struct cli *c, struct flux_server *s, enum flux_kind_id kind, node object)
{
	struct arena *a = c->arena;
	str ns, name, found = STR_NONE, at = STR_NONE;
	node list;

	if (!str_has(node_str(node_get(health_condition(object, S("Ready")), S("message"))),
		     S("version matching")) ||
	    !chart_of(kind, object, &ns, &name))
		return STR_NONE;
	err *e = client_list(s->client, a, &events, ns, STR_NONE,
			     arena_cat(a, S("involvedObject.kind=HelmChart,involvedObject.name="),
				       name),
			     &list);

	node_each_item(i, e ? NODE_NOTHING : node_get(list, S("items"))) {
		str when = node_str(node_get(*i, S("lastTimestamp")));

		if (!str_eq(node_str(node_get(*i, S("reason"))), S("NewestVersion")) ||
		    str_cmp(when, at) < 0)
			continue;
		at = when;
		found = node_str(node_get(*i, S("message")));
	}
	err_free(e);
	return found;
}
