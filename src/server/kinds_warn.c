#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/status.h"

void kinds_forbid_text(struct kind_call *c, str why)
{
	str name = meta_get(c->object, S("name"));

	if (c->refusal)
		return;
	if (!name.n)
		name = meta_get(c->object, S("generateName"));
	c->refusal = status_forbidden(c->kind->gvk.group, c->kind->plural, name.n ? name : S("Unknown"),
				      "%.*s", STR_ARG(why));
}

const char *kinds_deprecated_label(str key)
{
	static const struct {
		str key;
		const char *why;
	} labels[] = {
		{ S("beta.kubernetes.io/arch"), "deprecated since v1.14; use \"kubernetes.io/arch\" instead" },
		{ S("beta.kubernetes.io/os"), "deprecated since v1.14; use \"kubernetes.io/os\" instead" },
		{ S("failure-domain.beta.kubernetes.io/region"),
		  "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead" },
		{ S("failure-domain.beta.kubernetes.io/zone"),
		  "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead" },
		{ S("beta.kubernetes.io/instance-type"),
		  "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead" },
		{ S("app.kubernetes.io/created-by"), "deprecated since v1.9" },
		{ S("scheduler.alpha.kubernetes.io/preferAvoidPods"),
		  "deprecated since v1.22; use Taints and Tolerations instead" },
		{ S("node-role.kubernetes.io/master"),
		  "use \"node-role.kubernetes.io/control-plane\" instead" },
	};

	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (str_eq(key, labels[i].key))
			return labels[i].why;
	return NULL;
}

static void warn_expressions(struct kind_call *c, const struct at *at, node list, bool values)
{
	for (size_t i = 0; i < node_len(list); i++) {
		str key = TEXT_OF(node_at(list, i), "key"), complaints[NAME_COMPLAINTS_MAX];
		node words = GET(node_at(list, i), "values");
		const char *why = kinds_deprecated_label(key);

		if (why)
			kinds_warn(c, AT(AT_I(at, i), "key"), "%.*s is %s", STR_ARG(key), why);
		for (size_t v = 0; values && v < node_len(words); v++) {
			str word = node_str_or(node_at(words, v), STR_NONE);
			size_t n = name_complaints(word, NAME_LABEL_VALUE, complaints);

			for (size_t x = 0; x < n; x++)
				kinds_warn(c, AT_I(AT(AT_I(at, i), "values"), v), "%.*s is invalid, %.*s",
					   STR_ARG(word), STR_ARG(complaints[x]));
		}
	}
}

void kinds_warn_node_term(struct kind_call *c, const struct at *at, node term, bool values)
{
	warn_expressions(c, AT(at, "matchExpressions"), GET(term, "matchExpressions"), values);
}

void kinds_warn_node_selector(struct kind_call *c, const struct at *at, node selector)
{
	warn_expressions(c, AT(at, "matchExpressions"), GET(selector, "matchExpressions"), false);
	node_each_pair(p, GET(selector, "matchLabels")) {
		const char *why = kinds_deprecated_label(node_str(p->key));

		if (why)
			kinds_warn(c, AT_NAMED(AT(at, "matchLabels"), node_str(p->key)), "%s", why);
	}
}
