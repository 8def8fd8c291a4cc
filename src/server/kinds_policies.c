/* kinds_policies - admission policies and their bindings, checked when they are written.
 * What they say of other objects is asked in policies.c. */
#include "server/expressions.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "text/quote.h"

enum {
	NOTES_MAX = 20,
	NOTE_MAX = 5 << 10,
};

/* ---- policies ---------------------------------------------------------------------- */

static void check_named_rules(struct fielderrs *e, const struct at *at, node rules)
{
	for (size_t i = 0; i < node_len(rules); i++) {
		node names = GET(node_at(rules, i), "resourceNames"), seen = node_map(e->arena, 0);
		const struct at *names_at = AT(AT_I(at, i), "resourceNames");

		for (size_t j = 0; j < node_len(names); j++) {
			str name = node_str_or(node_at(names, j), STR_NONE);

			check_name(e, AT_I(names_at, j), name, NAME_PATH_SEGMENT);
			if (node_has(seen, name))
				check_duplicate(e, AT_I(names_at, j), check_text(e, name));
			node_set(e->arena, seen, name, node_null());
		}
		kinds_check_rule(e, AT_I(at, i), node_at(rules, i));
	}
}

static void check_match(struct fielderrs *e, const struct at *at, node match)
{
	static const str selectors[] = { S("namespaceSelector"), S("objectSelector") };

	if (node_is_nil(match))
		return;
	if (LACKS(match, "matchPolicy"))
		check_required(e, AT(at, "matchPolicy"));
	else
		ONE_OF(e, AT(at, "matchPolicy"), GET(match, "matchPolicy"), "Equivalent", "Exact");
	for (size_t i = 0; i < 2; i++)
		if (node_is_nil(node_get(match, selectors[i])))
			check_required(e, AT_NAMED(at, selectors[i]));
		else
			check_label_selector(e, AT_NAMED(at, selectors[i]),
					     node_get(match, selectors[i]), false);
	check_named_rules(e, AT(at, "resourceRules"), GET(match, "resourceRules"));
	check_named_rules(e, AT(at, "excludeResourceRules"), GET(match, "excludeResourceRules"));
}

/* The complaints of a rule about one part, shown with `shown`, joined by commas. */
static void check_part(struct fielderrs *e, const struct at *at, str part, enum name_rule rule, str shown,
		       const char *before)
{
	str why[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(part, rule, why);

	if (n)
		check_invalid_text(e, at, shown, "%s%.*s", before,
				   STR_ARG(arena_join(e->arena, why, n, S(","))));
}

static void check_param_kind(struct fielderrs *e, const struct at *at, node param)
{
	str version = TEXT_OF(param, "apiVersion"), kind = TEXT_OF(param, "kind"), group = STR_NONE;
	const struct at *version_at = AT(at, "apiVersion");

	if (node_is_nil(param))
		return;
	if (!version.n) {
		check_required(e, version_at);
	} else if (str_count_char(version, '/') > 1) {
		check_invalid_text(e, version_at, version, "unexpected GroupVersion string: %.*s",
				   STR_ARG(version));
	} else {
		str whole = version;

		if (str_has(version, S("/")))
			str_split(whole, '/', &group, &version);
		if (group.n)
			check_part(e, version_at, group, NAME_DNS_SUBDOMAIN, group, "");
		if (!version.n)
			check_invalid_text(e, version_at, whole, "version must be specified");
		else
			check_part(e, version_at, version, NAME_DNS1035_LABEL, version, "");
	}
	if (!kind.n)
		check_required(e, AT(at, "kind"));
	else
		check_part(e, AT(at, "kind"), arena_lower(e->arena, kind), NAME_DNS1035_LABEL, kind,
			   "may have mixed case, but should otherwise match: ");
}

static bool is_identifier(str name)
{
	if (!name.n || (name.p[0] >= '0' && name.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!(name.p[i] == '_' || (name.p[i] >= '0' && name.p[i] <= '9') ||
		      ((name.p[i] | 0x20) >= 'a' && (name.p[i] | 0x20) <= 'z')))
			return false;
	return !IS_ONE_OF(name, "true", "false", "null", "in", "as", "break", "const", "continue", "else",
			  "for", "function", "if", "import", "let", "loop", "package", "namespace",
			  "return", "var", "void", "while");
}

/* The environments of a policy's expressions. */
struct policy_envs {
	/* messages may not ask the authorizer; mutations may make patches */
	struct cel_env *usual, *other;
};

static struct policy_envs policy_envs_of(struct arena *a, node spec, bool mutates)
{
	unsigned has = HAS(spec, "paramKind") ? EXPRESSIONS_PARAMS : 0;

	if (node_len(GET(spec, "variables")))
		has |= EXPRESSIONS_VARIABLES;
	return (struct policy_envs){ expressions_env(a, has | EXPRESSIONS_AUTHORIZER),
				     expressions_env(a, has | (mutates ? EXPRESSIONS_AUTHORIZER |
									 EXPRESSIONS_PATCHES
								 : 0)) };
}

/* Each may speak of those before it. */
static void check_variables(struct fielderrs *e, const struct at *at, node list, const struct policy_envs *envs)
{
	for (size_t i = 0; i < node_len(list); i++) {
		str name = TEXT_OF(node_at(list, i), "name"), text = TEXT_OF(node_at(list, i), "expression");

		if (!str_trim(name).n)
			check_required_why(e, AT(AT_I(at, i), "name"), "name is not specified");
		else if (!is_identifier(name))
			check_invalid_text(e, AT(AT_I(at, i), "name"), name,
					   "must be a valid CEL identifier");
		if (!str_trim(text).n)
			check_required_why(e, AT(AT_I(at, i), "expression"),
					   "expression is not specified");
		else
			expressions_declare(e, AT(AT_I(at, i), "expression"), envs->usual, envs->other, name,
					    text);
	}
}

static void check_validation(struct fielderrs *e, const struct at *at, node v, const struct policy_envs *envs)
{
	static const enum cel_kind truth[] = { CEL_BOOL }, text[] = { CEL_STRING };
	str rule = TEXT_OF(v, "expression");
	str message = TEXT_OF(v, "message"), expression = TEXT_OF(v, "messageExpression");

	if (!str_trim(rule).n)
		check_required_why(e, AT(at, "expression"), "expression is not specified");
	else
		expressions_check(e, AT(at, "expression"), envs->usual, rule, rule, truth, 1);
	if (expression.n && !str_trim(expression).n)
		check_invalid_text(e, AT(at, "messageExpression"), expression,
				   "must be non-empty if specified");
	else if (expression.n)
		expressions_check(e, AT(at, "messageExpression"), envs->other, expression, expression, text,
				  1);
	if (message.n && !str_trim(message).n)
		check_invalid_text(e, AT(at, "message"), message, "must be non-empty if specified");
	else if (str_find_char(str_trim(message), '\n') != STR_NPOS ||
		 str_find_char(str_trim(message), '\r') != STR_NPOS)
		check_invalid_text(e, AT(at, "message"), message, "must not contain line breaks");
	if (HAS(v, "reason"))
		ONE_OF(e, AT(at, "reason"), GET(v, "reason"), "Forbidden", "Invalid",
		       "RequestEntityTooLarge");
}

static void check_note(struct fielderrs *e, const struct at *at, node note, str policy,
		       const struct cel_env *env)
{
	static const enum cel_kind kinds[] = { CEL_STRING, CEL_NULL };
	str whole = TEXT_OF(note, "valueExpression"), text = str_trim(whole);
	const struct at *value_at = AT(at, "valueExpression"), *key_at = AT(at, "key");

	if (policy.n)
		check_name(e, key_at, arena_cat(e->arena, policy, S("/"), TEXT_OF(note, "key")),
			   NAME_QUALIFIED);
	else
		check_invalid_text(e, key_at, TEXT_OF(note, "key"), "requires metadata.name be non-empty");
	if (!text.n)
		check_required_why(e, value_at, "valueExpression is not specified");
	else if (text.n > NOTE_MAX)
		check_required_why(e, value_at, "must not exceed %d bytes in length", NOTE_MAX);
	else
		expressions_check(e, value_at, env, text, whole, kinds, 2);
}

static void check_notes(struct fielderrs *e, const struct at *at, node notes, str policy,
			const struct cel_env *env)
{
	node seen = node_map(e->arena, 0);

	if (node_len(notes) > NOTES_MAX)
		check_invalid(e, at, notes, "must not have more than %d auditAnnotations", NOTES_MAX);
	for (size_t i = 0; i < node_len(notes); i++) {
		str key = TEXT_OF(node_at(notes, i), "key");

		check_note(e, AT_I(at, i), node_at(notes, i), policy, env);
		if (node_has(seen, key))
			check_duplicate(e, AT(AT_I(at, i), "key"), check_text(e, key));
		node_set(e->arena, seen, key, node_null());
	}
}

static void check_decisions(struct fielderrs *e, const struct at *at, node spec, str policy,
			    const struct policy_envs *envs)
{
#define ONE_NEEDED "validations or auditAnnotations must contain at least one item"
	node validations = GET(spec, "validations"), notes = GET(spec, "auditAnnotations");

	if (!node_len(validations) && !node_len(notes)) {
		check_required_why(e, AT(at, "validations"), ONE_NEEDED);
		check_required_why(e, AT(at, "auditAnnotations"), ONE_NEEDED);
		return;
	}
	for (size_t i = 0; i < node_len(validations); i++)
		check_validation(e, AT_I(AT(at, "validations"), i), node_at(validations, i),
				 envs);
	check_notes(e, AT(at, "auditAnnotations"), notes, policy, envs->usual);
#undef ONE_NEEDED
}

static void check_mutation(struct fielderrs *e, const struct at *at, node m, const struct cel_env *env)
{
	static const str types[] = { S("ApplyConfiguration"), S("JSONPatch") };
	static const str fields[] = { S("applyConfiguration"), S("jsonPatch") };
	static const str results[] = { S("Object"), S("list(JSONPatch)") };
	str type = TEXT_OF(m, "patchType");

	if (!type.n) {
		check_required(e, AT(at, "patchType"));
		return;
	}
	if (!ONE_OF(e, AT(at, "patchType"), GET(m, "patchType"), "ApplyConfiguration", "JSONPatch"))
		return;
	for (size_t i = 0; i < 2; i++) {
		node part = node_get(m, fields[i]);
		const struct at *here = AT_NAMED(at, fields[i]);

		if (!str_eq(type, types[i])) {
			if (!node_is_nil(part))
				check_invalid_text(e, here,
						   arena_cat(e->arena, S("{"), fields[i], S("}")),
						   "must not be specified when patchType is %.*s",
						   STR_ARG(type));
		} else if (node_is_nil(part)) {
			check_required_why(e, here, "must be specified when patchType is %.*s",
					   STR_ARG(type));
		} else if (!str_trim(TEXT_OF(part, "expression")).n) {
			check_required(e, AT(here, "expression"));
		} else {
			expressions_check_type(e, AT(here, "expression"), env,
					       str_trim(TEXT_OF(part, "expression")), results[i]);
		}
	}
}

static void check_mutations(struct fielderrs *e, const struct at *at, node spec, const struct cel_env *env)
{
	node mutations = GET(spec, "mutations");

	if (!node_len(mutations))
		check_required_why(e, AT(at, "mutations"), "mutations must contain at least one item");
	for (size_t i = 0; i < node_len(mutations); i++)
		check_mutation(e, AT_I(AT(at, "mutations"), i), node_at(mutations, i), env);
	if (!TEXT_OF(spec, "reinvocationPolicy").n)
		check_required(e, AT(at, "reinvocationPolicy"));
	else
		ONE_OF(e, AT(at, "reinvocationPolicy"), GET(spec, "reinvocationPolicy"), "IfNeeded",
		       "Never");
}

/* What a policy that changes objects can be about: not what is deleted. */
static void check_mutable(struct fielderrs *e, const struct at *at, node rules)
{
	node_each_item(rule, rules)
		node_each_item(op, GET(*rule, "operations"))
			ONE_OF(e, AT(at, "operations"), *op, "*", "CONNECT", "CREATE", "UPDATE");
}

static void policy_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), match = GET(spec, "matchConstraints");
	node old = GET(c->old, "spec");
	const struct at *at = AT(NULL, "spec"), *match_at = AT(at, "matchConstraints");
	bool mutates = str_eq(c->kind->plural, S("mutatingadmissionpolicies"));
	bool same = !kinds_is_create(c) && check_same(GET(spec, "paramKind"), GET(old, "paramKind")) &&
		    check_same(GET(spec, "matchConditions"), GET(old, "matchConditions"));

	if (kinds_is_status(c))
		return;
	if (LACKS(spec, "failurePolicy"))
		check_required(e, AT(at, "failurePolicy"));
	else
		ONE_OF(e, AT(at, "failurePolicy"), GET(spec, "failurePolicy"), "Fail", "Ignore");
	check_param_kind(e, AT(at, "paramKind"), GET(spec, "paramKind"));
	if (node_is_nil(match)) {
		check_required(e, match_at);
	} else {
		check_match(e, match_at, match);
		if (!node_len(GET(match, "resourceRules")))
			check_required(e, AT(match_at, "resourceRules"));
		if (mutates)
			check_mutable(e, AT(match_at, "resourceRules"), GET(match, "resourceRules"));
	}
	if (!same)
		kinds_check_conditions(e, AT(at, "matchConditions"), GET(spec, "matchConditions"),
				       HAS(spec, "paramKind"));
	struct policy_envs envs = policy_envs_of(c->arena, spec, mutates);

	check_variables(e, AT(at, "variables"), GET(spec, "variables"), &envs);
	if (mutates)
		check_mutations(e, at, spec, envs.other);
	else
		check_decisions(e, at, spec, meta_get(c->object, S("name")), &envs);
}

KINDS_HOOKS(admission_policy, .validate = policy_validate);

/* ---- bindings ------------------------------------------------------------------------ */

static void check_param_ref(struct fielderrs *e, const struct at *at, node ref)
{
#define EXCLUSIVE "name and selector are mutually exclusive"
	str name = TEXT_OF(ref, "name");

	if (node_is_nil(ref))
		return;
	if (name.n) {
		check_name(e, AT(at, "name"), name, NAME_PATH_SEGMENT);
		if (HAS(ref, "selector"))
			check_forbidden(e, AT(at, "name"), EXCLUSIVE);
	}
	if (HAS(ref, "selector")) {
		check_label_selector(e, AT(at, "selector"), GET(ref, "selector"), false);
		if (name.n)
			check_forbidden(e, AT(at, "selector"), EXCLUSIVE);
	} else if (!name.n) {
		check_required_why(e, at, "one of name or selector must be specified");
	}
	if (!TEXT_OF(ref, "parameterNotFoundAction").n)
		check_required(e, AT(at, "parameterNotFoundAction"));
	else
		ONE_OF(e, AT(at, "parameterNotFoundAction"), GET(ref, "parameterNotFoundAction"), "Deny",
		       "Allow");
#undef EXCLUSIVE
}

static void check_actions(struct fielderrs *e, const struct at *at, node actions)
{
	node seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(actions); i++) {
		str action = node_str_or(node_at(actions, i), STR_NONE);

		ONE_OF(e, AT_I(at, i), node_at(actions, i), "Audit", "Deny", "Warn");
		if (node_has(seen, action))
			check_duplicate(e, AT_I(at, i), node_at(actions, i));
		node_set(e->arena, seen, action, node_null());
	}
	if (node_has(seen, S("Deny")) && node_has(seen, S("Warn")))
		check_invalid(e, at, actions,
			      "must not contain both Deny and Warn (repeating the same validation failure "
			      "information in the API response and headers serves no purpose)");
	if (!node_len(actions))
		check_required_why(e, at, "at least one validation action is required");
}

static void policy_binding_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec");
	const struct at *at = AT(NULL, "spec");

	if (!TEXT_OF(spec, "policyName").n)
		check_required(e, AT(at, "policyName"));
	else
		check_name(e, AT(at, "policyName"), TEXT_OF(spec, "policyName"), NAME_DNS_SUBDOMAIN);
	check_param_ref(e, AT(at, "paramRef"), GET(spec, "paramRef"));
	check_match(e, AT(at, "matchResources"), GET(spec, "matchResources"));
	if (str_eq(c->kind->plural, S("validatingadmissionpolicybindings")))
		check_actions(e, AT(at, "validationActions"), GET(spec, "validationActions"));
}

KINDS_HOOKS(policy_binding, .validate = policy_binding_validate);
