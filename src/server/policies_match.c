/* policies_match - which writes a policy is about. */
#include "server/check.h"
#include "server/labelsel.h"
#include "server/policies_impl.h"
#include "server/registry.h"

/* "*", or the word itself. */
static bool names(node list, str word)
{
	node_each_item(i, list) {
		str is = node_str_or(*i, STR_NONE);

		if (str_eq(is, S("*")) || str_eq(is, word))
			return true;
	}
	return false;
}

/* "pods", "pods/status", "pods/?", "?/status", "?/?" with stars for ?. A star alone is
 * all resources, but none of their subresources. */
static bool names_resource(node list, str plural, str sub)
{
	node_each_item(i, list) {
		str is = node_str_or(*i, STR_NONE), resource, part = STR_NONE;

		if (str_find_char(is, '/') == STR_NPOS)
			resource = is;
		else
			str_split(is, '/', &resource, &part);
		if ((str_eq(resource, S("*")) || str_eq(resource, plural)) &&
		    (str_eq(part, sub) || (str_eq(part, S("*")) && part.n)))
			return true;
	}
	return false;
}

static bool fits_scope(node rule, bool namespaced)
{
	str scope = TEXT_OF(rule, "scope");

	if (str_eq(scope, S("Namespaced")))
		return namespaced;
	return !str_eq(scope, S("Cluster")) || !namespaced;
}

static bool rule_matches(const struct policy_call *c, node rule, str version)
{
	node only = GET(rule, "resourceNames");

	return names(GET(rule, "apiGroups"), c->kind->gvk.group) &&
	       names(GET(rule, "apiVersions"), version) &&
	       names_resource(GET(rule, "resources"), c->kind->plural, c->sub) &&
	       names(GET(rule, "operations"), c->operation) && fits_scope(rule, c->kind->namespaced) &&
	       (!node_len(only) || names(only, c->name));
}

/* The resource as the client named it, else in another version that is served. */
static bool rules_match(const struct policy_call *c, node rules, bool equivalent, str *as)
{
	size_t n;
	bool found = false;

	node_each_item(rule, rules)
		if (rule_matches(c, *rule, c->kind->gvk.version)) {
			*as = c->kind->gvk.version;
			return true;
		}
	if (!equivalent || !node_len(rules))
		return false;
	const struct kind **kinds = registry_list(server_registry(c->server), &n);

	for (size_t i = 0; i < n && !found; i++) {
		if (!str_eq(kinds[i]->gvk.group, c->kind->gvk.group) ||
		    !str_eq(kinds[i]->plural, c->kind->plural))
			continue;
		node_each_item(rule, rules)
			if (!found && rule_matches(c, *rule, kinds[i]->gvk.version)) {
				*as = arena_str(c->arena, kinds[i]->gvk.version);
				found = true;
			}
	}
	registry_release_list(kinds, n);
	return found;
}

static node labels_of(node object)
{
	return node_dig(object, "metadata", "labels");
}

static bool is_namespace(const struct kind *k)
{
	return !k->gvk.group.n && str_eq(k->plural, S("namespaces"));
}

/* What is in no namespace is in all of them; a Namespace is asked itself. */
static bool namespace_matches(const struct policy_call *c, node selector)
{
	node space = is_namespace(c->kind) ? (node_is(c->object, NODE_MAP) ? c->object : c->old) : c->space;

	return node_is_nil(selector) || !node_is(space, NODE_MAP) ||
	       labelsel_matches(c->arena, selector, labels_of(space));
}

static bool object_matches(const struct policy_call *c, node selector)
{
	return node_is_nil(selector) || !node_len(selector) ||
	       (node_is(c->object, NODE_MAP) &&
		labelsel_matches(c->arena, selector, labels_of(c->object))) ||
	       (node_is(c->old, NODE_MAP) && labelsel_matches(c->arena, selector, labels_of(c->old)));
}

bool policies_matches(const struct policy_call *c, node match, str *as)
{
	bool equivalent = !str_eq(TEXT_OF(match, "matchPolicy"), S("Exact"));
	str excluded;

	if (node_is_nil(match))
		return true;
	if (!namespace_matches(c, GET(match, "namespaceSelector")) ||
	    !object_matches(c, GET(match, "objectSelector")) ||
	    rules_match(c, GET(match, "excludeResourceRules"), equivalent, &excluded))
		return false;
	return !node_len(GET(match, "resourceRules")) ||
	       rules_match(c, GET(match, "resourceRules"), equivalent, as);
}

bool policies_bind(const struct policy_call *c, const struct policy_binding *b, str *as)
{
	str ignored = *as;

	return policies_matches(c, GET(b->policy->spec, "matchConstraints"), as) &&
	       policies_matches(c, GET(b->spec, "matchResources"), &ignored);
}
