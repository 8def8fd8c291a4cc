/* kinds_rbac - what roles may allow, and to whom bindings give them. */
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/labelsel.h"

#define GROUP "rbac.authorization.k8s.io"

static void check_policy_rule(struct fielderrs *e, const struct at *at, node rule, bool namespaced)
{
	node urls = GET(rule, "nonResourceURLs");

	if (!node_len(GET(rule, "verbs")))
		check_required_why(e, AT(at, "verbs"), "verbs must contain at least one value");
	if (node_len(urls)) {
		if (namespaced)
			check_invalid(e, AT(at, "nonResourceURLs"), urls,
				      "namespaced rules cannot apply to non-resource URLs");
		if (node_len(GET(rule, "apiGroups")) || node_len(GET(rule, "resources")) ||
		    node_len(GET(rule, "resourceNames")))
			check_invalid(e, AT(at, "nonResourceURLs"), urls,
				      "rules cannot apply to both regular resources and non-resource URLs");
		return;
	}
	if (!node_len(GET(rule, "apiGroups")))
		check_required_why(e, AT(at, "apiGroups"),
				   "resource rules must supply at least one api group");
	if (!node_len(GET(rule, "resources")))
		check_required_why(e, AT(at, "resources"),
				   "resource rules must supply at least one resource");
}

static void check_aggregated(struct kind_call *c, const struct at *at, node selector, bool lenient)
{
	struct selector read;

	check_label_selector(c->errors, at, selector, lenient);
	if (!labelsel_read(c->arena, selector, &read))
		check_invalid(c->errors, at, node_null(), "invalid label selector.");
}

static void check_aggregation(struct kind_call *c)
{
	node rule = GET(c->object, "aggregationRule"), list = GET(rule, "clusterRoleSelectors");
	const struct at *at = AT(AT(NULL, "aggregationRule"), "clusterRoleSelectors");
	bool lenient = false;

	if (node_is_nil(rule))
		return;
	node_each_item(s, node_dig(c->old, "aggregationRule", "clusterRoleSelectors"))
		lenient |= check_has_bad_value(*s);
	if (!node_len(list))
		check_required_why(c->errors, at,
				   "at least one clusterRoleSelector required if aggregationRule is non-nil");
	for (size_t i = 0; i < node_len(list); i++)
		check_aggregated(c, AT_I(at, i), node_at(list, i), lenient);
}

static void role_validate(struct kind_call *c)
{
	node rules = GET(c->object, "rules");

	for (size_t i = 0; i < node_len(rules); i++)
		check_policy_rule(c->errors, AT_I(AT(NULL, "rules"), i), node_at(rules, i),
				  c->kind->namespaced);
	check_aggregation(c);
}

KINDS_HOOKS(role, .validate = role_validate);

/* ---- bindings -------------------------------------------------------------- */

static void check_subject(struct fielderrs *e, const struct at *at, node subject, bool namespaced)
{
	str kind = TEXT_OF(subject, "kind"), name = TEXT_OF(subject, "name");
	node group = GET(subject, "apiGroup");

	if (!name.n)
		check_required(e, AT(at, "name"));
	if (str_eq(kind, S("ServiceAccount"))) {
		if (name.n)
			check_name(e, AT(at, "name"), name, NAME_DNS_SUBDOMAIN);
		if (node_str_or(group, STR_NONE).n)
			ONE_OF(e, AT(at, "apiGroup"), group, "");
		if (!namespaced && !TEXT_OF(subject, "namespace").n)
			check_required(e, AT(at, "namespace"));
	} else if (ONE_OF(e, AT(at, "kind"), GET(subject, "kind"), "ServiceAccount", "User", "Group")) {
		ONE_OF(e, AT(at, "apiGroup"), group, GROUP);
	}
}

static void binding_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node ref = GET(c->object, "roleRef"), subjects = GET(c->object, "subjects");
	const struct at *at = AT(NULL, "roleRef");
	bool namespaced = c->kind->namespaced;

	ONE_OF(e, AT(at, "apiGroup"), GET(ref, "apiGroup"), GROUP);
	if (namespaced)
		ONE_OF(e, AT(at, "kind"), GET(ref, "kind"), "Role", "ClusterRole");
	else
		ONE_OF(e, AT(at, "kind"), GET(ref, "kind"), "ClusterRole");
	if (!TEXT_OF(ref, "name").n)
		check_required(e, AT(at, "name"));
	else
		check_name(e, AT(at, "name"), TEXT_OF(ref, "name"), NAME_PATH_SEGMENT);
	for (size_t i = 0; i < node_len(subjects); i++)
		check_subject(e, AT_I(AT(NULL, "subjects"), i), node_at(subjects, i), namespaced);
	if (!kinds_is_create(c) && !check_same(ref, GET(c->old, "roleRef")))
		check_invalid(e, at, gostruct_shown(c->arena, "rbac.RoleRef", ref, NODE_NOTHING),
			      "cannot change roleRef");
}

KINDS_HOOKS(role_binding, .validate = binding_validate);
