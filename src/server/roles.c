#include "server/roles.h"

#include "server/labelsel.h"
#include "server/meta.h"

#define AGENT "clusterrole-aggregation-controller"
#define GROUP S("rbac.authorization.k8s.io")

static void roles_sees(struct minder *m, const struct controller *c, const struct store_event *e)
{
	if (minder_is(e, "rbac.authorization.k8s.io/clusterroles"))
		minder_need(m, c, &(struct minder_key){ 0 }, 0);
}

static bool is_chosen(struct minder_call *c, node selectors, node role)
{
	node_each_item(s, selectors)
		if (labelsel_matches(c->arena, *s, node_dig(role, "metadata", "labels")))
			return true;
	return false;
}

static node rules_for(struct minder_call *c, node all, node role)
{
	node selectors = node_dig(role, "aggregationRule", "clusterRoleSelectors");
	node rules = node_seq(c->arena, 8);

	node_each_item(r, all) {
		if (str_eq(meta_get(*r, S("name")), meta_get(role, S("name"))) ||
		    !is_chosen(c, selectors, *r))
			continue;
		node_each_item(rule, node_get(*r, S("rules"))) {
			bool there = false;

			node_each_item(old, rules)
				there = there || node_equal(*old, *rule);
			if (!there)
				node_append(c->arena, rules, *rule);
		}
	}
	return rules;
}

static err *apply(struct minder_call *c, str name, node rules)
{
	struct arena *a = c->arena;
	node object = node_map(a, 4), metadata = node_map(a, 1);

	node_set(a, object, S("apiVersion"), node_lit("rbac.authorization.k8s.io/v1"));
	node_set(a, object, S("kind"), node_lit("ClusterRole"));
	node_set(a, metadata, S("name"), node_from_str(a, name));
	node_set(a, object, S("metadata"), metadata);
	node_set(a, object, S("rules"), rules);
	str path = minder_path(a, "rbac.authorization.k8s.io/v1", S("clusterroles"), STR_NONE, name,
			       STR_NONE);

	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = AGENT,
					.method = S("PATCH"),
					.type = S("application/apply-patch+yaml"),
					.path = arena_cat(a, path, S("?fieldManager=" AGENT
								     "&force=true")),
					.body = object },
		NULL));
}

static err *roles_run(struct minder_call *c, const struct controller *own)
{
	node all = minder_list(c, GROUP, S("clusterroles"), STR_NONE);

	(void)own;
	node_each_item(role, all) {
		if (!node_is(node_get(*role, S("aggregationRule")), NODE_MAP))
			continue;
		node rules = rules_for(c, all, *role), now = node_get(*role, S("rules"));

		if (node_len(rules) != node_len(now) || !node_equal(rules, now))
			TRY(apply(c, meta_get(*role, S("name")), rules));
	}
	return NULL;
}

const struct controller roles_controller = { .name = AGENT, .sees = roles_sees, .run = roles_run };
