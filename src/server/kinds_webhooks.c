/* kinds_webhooks - who is asked before something is stored: webhooks, policies
 * and their bindings, and the servers of other groups.
 *
 * Here they are checked when they are written. What validating policies say is asked in
 * policies.c; the others are stored, and nobody is called. */
#include "server/gostruct.h"
#include "server/expressions.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "text/gourl.h"
#include "text/quote.h"

enum {
	TIMEOUT_MAX = 30,
	CONDITIONS_MAX = 64,
	NOTES_MAX = 20,
	NOTE_MAX = 5 << 10,
	GROUP_PRIORITY_MAX = 20000,
	VERSION_PRIORITY_MAX = 1000,
};

/* ---- rules ------------------------------------------------------------------- */

/* The same for a list that must not be empty. */
static void check_starred_list(struct fielderrs *e, const struct at *at, node list, const char *others)
{
	if (!node_len(list))
		check_required(e, at);
	check_starred(e, at, list, others);
}

static void check_resource(struct fielderrs *e, const struct at *at, str name, node resources, node subs)
{
	str resource, sub;

	str_split(name, '/', &resource, &sub);
	if (node_has(resources, resource))
		check_invalid_text(e, at, name, "if '%.*s/*' is present, must not specify %.*s",
				   STR_ARG(resource), STR_ARG(name));
	if (node_has(subs, sub))
		check_invalid_text(e, at, name, "if '*/%.*s' is present, must not specify %.*s",
				   STR_ARG(sub), STR_ARG(name));
	if (str_eq(sub, S("*")))
		node_set(e->arena, resources, resource, node_null());
	if (str_eq(resource, S("*")))
		node_set(e->arena, subs, sub, node_null());
}

/* Resources and their subresources; the last one without a subresource decides
 * whether there is such a one, as in the original. */
static void check_resources(struct fielderrs *e, const struct at *at, node list)
{
	node resources = node_map(e->arena, 0), subs = node_map(e->arena, 0);
	bool all = false, star = false, plain = false;

	if (!node_len(list))
		check_required(e, at);
	for (size_t i = 0; i < node_len(list); i++) {
		str name = node_str_or(node_at(list, i), STR_NONE);

		all |= str_eq(name, S("*/*"));
		star |= str_eq(name, S("*"));
		if (!name.n)
			check_required(e, AT_I(at, i));
		else if (str_find_char(name, '/') == STR_NPOS)
			plain = !str_eq(name, S("*"));
		else
			check_resource(e, AT_I(at, i), name, resources, subs);
	}
	if (node_len(list) > 1 && all)
		check_invalid(e, at, list, "if '*/*' is present, must not specify other resources");
	if (star && plain)
		check_invalid(e, at, list,
			      "if '*' is present, must not specify other resources without subresources");
}

static void check_rule(struct fielderrs *e, const struct at *at, node rule)
{
	node operations = GET(rule, "operations"), versions = GET(rule, "apiVersions");

	check_starred_list(e, AT(at, "operations"), operations, "operations");
	for (size_t i = 0; i < node_len(operations); i++)
		ONE_OF(e, AT_I(AT(at, "operations"), i), node_at(operations, i), "*", "CONNECT",
		       "CREATE", "DELETE", "UPDATE");
	check_starred_list(e, AT(at, "apiGroups"), GET(rule, "apiGroups"), "API groups");
	check_starred_list(e, AT(at, "apiVersions"), versions, "API versions");
	for (size_t i = 0; i < node_len(versions); i++)
		if (!node_str_or(node_at(versions, i), STR_NONE).n)
			check_required(e, AT_I(AT(at, "apiVersions"), i));
	check_resources(e, AT(at, "resources"), GET(rule, "resources"));
	if (HAS(rule, "scope"))
		ONE_OF(e, AT(at, "scope"), GET(rule, "scope"), "*", "Cluster", "Namespaced");
}

static void check_match_conditions(struct fielderrs *e, const struct at *at, node list, bool params)
{
	static const enum cel_kind kinds[] = { CEL_BOOL };
	unsigned has = EXPRESSIONS_AUTHORIZER | (params ? EXPRESSIONS_PARAMS : 0);
	const struct cel_env *env = node_len(list) ? expressions_env(e->arena, has) : NULL;
	node seen = node_map(e->arena, 0);

	if (node_len(list) > CONDITIONS_MAX)
		check_too_many(e, at, node_len(list), CONDITIONS_MAX);
	for (size_t i = 0; i < node_len(list); i++) {
		node condition = node_at(list, i);
		const struct at *here = AT_I(at, i);
		str name = TEXT_OF(condition, "name"), text = str_trim(TEXT_OF(condition, "expression"));

		if (!text.n)
			check_required(e, AT(here, "expression"));
		else
			expressions_check(e, AT(here, "expression"), env, text, text, kinds, 1);
		if (!name.n) {
			check_required(e, AT(here, "name"));
			continue;
		}
		check_name(e, AT(here, "name"), name, NAME_QUALIFIED);
		if (node_has(seen, name))
			check_duplicate(e, AT(here, "name"), check_text(e, name));
		node_set(e->arena, seen, name, node_null());
	}
}

/* ---- whom a webhook calls ------------------------------------------------------- */

static void check_url(struct fielderrs *e, const struct at *at, str text)
{
#define FORM "; desired format: https://host[/path]"
	struct gourl u = { 0 };
	err *bad = gourl_parse(e->arena, text, &u);

	if (bad) {
		check_required_why(e, at, "url must be a valid URL: %s" FORM, err_msg(bad));
		err_free(bad);
		return;
	}
	if (!str_eq(u.scheme, S("https")))
		check_invalid_text(e, at, u.scheme, "'https' is the only allowed URL scheme" FORM);
	if (!u.host.n)
		check_invalid_text(e, at, u.host, "host must be specified" FORM);
	if (u.has_user) {
		CLEANUP(buf_release) struct buf user = BUF_INIT;

		gourl_add_user(&user, &u);
		check_invalid(e, at, node_copy_str(e->arena, buf_str(&user)),
			      "user information is not permitted in the URL");
	}
	if (u.fragment.n)
		check_invalid_text(e, at, u.fragment, "fragments are not permitted in the URL");
	if (u.query.n)
		check_invalid_text(e, at, u.query, "query parameters are not permitted in the URL");
#undef FORM
}

static void check_service_path(struct fielderrs *e, const struct at *at, str path)
{
	str rest = str_from(path, 1), step, why[NAME_COMPLAINTS_MAX];

	if (path.n < 2 && (!path.n || path.p[0] == '/'))
		return;
	if (str_eq(path, S("//"))) {
		check_invalid_text(e, at, path, "segment[0] may not be empty");
		return;
	}
	if (path.p[0] != '/')
		check_invalid_text(e, at, path, "must start with a '/'");
	if (str_ends(rest, S("/")))
		rest.n--;
	for (size_t i = 0, more = 1; more; i++) {
		more = str_split(rest, '/', &step, &rest);
		size_t n = step.n ? name_complaints(step, NAME_DNS_SUBDOMAIN, why) : 0;

		if (!step.n)
			check_invalid_text(e, at, path, "segment[%zu] may not be empty", i);
		for (size_t w = 0; w < n; w++)
			check_invalid_text(e, at, path, "segment[%zu]: %.*s", i, STR_ARG(why[w]));
	}
}

static void check_port_of(struct fielderrs *e, const struct at *at, node port)
{
	int64_t n = node_int(port);

	if (n < 1 || n > 65535)
		check_invalid(e, at, node_from_int(n),
			      "port is not valid: must be between 1 and 65535, inclusive");
}

/* The original hands over name and namespace the wrong way round. */
static void check_called_service(struct fielderrs *e, const struct at *at, node service)
{
	if (!TEXT_OF(service, "namespace").n)
		check_required(e, AT(at, "name"));
	if (!TEXT_OF(service, "name").n)
		check_required(e, AT(at, "namespace"));
	check_port_of(e, AT(at, "port"), GET(service, "port"));
	if (HAS(service, "path"))
		check_service_path(e, AT(at, "path"), TEXT_OF(service, "path"));
}

static void check_client(struct fielderrs *e, const struct at *at, node client)
{
	if (HAS(client, "url") == HAS(client, "service"))
		check_required_why(e, at, "exactly one of url or service is required");
	else if (HAS(client, "url"))
		check_url(e, AT(at, "url"), TEXT_OF(client, "url"));
	else
		check_called_service(e, AT(at, "service"), GET(client, "service"));
}

/* ---- webhooks -------------------------------------------------------------------- */

/* What an older state had wrong, and may go on having. */
struct webhook_check {
	struct fielderrs *e;
	bool side_effects, versions, names, selectors;
	bool same_conditions;
};

static bool is_accepted(node versions)
{
	node_each_item(v, versions)
		if (IS_ONE_OF(node_str_or(*v, STR_NONE), "v1", "v1beta1"))
			return true;
	return false;
}

static void look_at_old(struct webhook_check *w, node now, node old)
{
	node seen = node_map(w->e->arena, 0);

	w->same_conditions = !node_is_nil(old) && node_len(now) == node_len(old);
	for (size_t i = 0; i < node_len(old); i++) {
		node hook = node_at(old, i);
		str name = TEXT_OF(hook, "name");

		w->side_effects |= !IS_ONE_OF(TEXT_OF(hook, "sideEffects"), "None", "NoneOnDryRun");
		w->versions |= node_len(GET(hook, "admissionReviewVersions")) &&
			       !is_accepted(GET(hook, "admissionReviewVersions"));
		w->names |= node_has(seen, name);
		node_set(w->e->arena, seen, name, node_null());
		w->selectors |= check_has_bad_value(GET(hook, "namespaceSelector")) ||
				check_has_bad_value(GET(hook, "objectSelector"));
		w->same_conditions = w->same_conditions &&
				     check_same(GET(node_at(now, i), "matchConditions"),
						GET(hook, "matchConditions"));
	}
}

static void check_versions(const struct webhook_check *w, const struct at *at, node versions)
{
	struct fielderrs *e = w->e;
	node seen = node_map(e->arena, 0);

	if (!node_len(versions)) {
		check_required_why(e, at, "must specify one of v1, v1beta1");
		return;
	}
	for (size_t i = 0; i < node_len(versions); i++) {
		str v = node_str_or(node_at(versions, i), STR_NONE);

		if (node_has(seen, v))
			check_invalid_text(e, AT_I(at, i), v, "duplicate version");
		else
			check_name(e, AT_I(at, i), v, NAME_DNS1035_LABEL);
		node_set(e->arena, seen, v, node_null());
	}
	if (!w->versions && !is_accepted(versions))
		check_invalid(e, at, versions, "must include at least one of v1, v1beta1");
}

static void check_side_effects(const struct webhook_check *w, const struct at *at, node value)
{
	if (node_is_nil(value))
		check_required_why(w->e, at, w->side_effects
						     ? "must specify one of None, NoneOnDryRun, Some, Unknown"
						     : "must specify one of None, NoneOnDryRun");
	else if (w->side_effects)
		ONE_OF(w->e, at, value, "None", "NoneOnDryRun", "Some", "Unknown");
	else
		ONE_OF(w->e, at, value, "None", "NoneOnDryRun");
}

static void check_selectors(const struct webhook_check *w, const struct at *at, node hook)
{
	if (HAS(hook, "namespaceSelector"))
		check_label_selector(w->e, AT(at, "namespaceSelector"), GET(hook, "namespaceSelector"),
				     w->selectors);
	if (HAS(hook, "objectSelector"))
		check_label_selector(w->e, AT(at, "objectSelector"), GET(hook, "objectSelector"),
				     w->selectors);
}

static void check_webhook(const struct webhook_check *w, const struct at *at, node hook)
{
	struct fielderrs *e = w->e;
	node rules = GET(hook, "rules"), timeout = GET(hook, "timeoutSeconds");

	check_qualified_name(e, AT(at, "name"), TEXT_OF(hook, "name"));
	for (size_t i = 0; i < node_len(rules); i++)
		check_rule(e, AT_I(AT(at, "rules"), i), node_at(rules, i));
	if (HAS(hook, "failurePolicy"))
		ONE_OF(e, AT(at, "failurePolicy"), GET(hook, "failurePolicy"), "Fail", "Ignore");
	if (HAS(hook, "matchPolicy"))
		ONE_OF(e, AT(at, "matchPolicy"), GET(hook, "matchPolicy"), "Equivalent", "Exact");
	check_side_effects(w, AT(at, "sideEffects"), GET(hook, "sideEffects"));
	if (node_is_num(timeout) && (node_int(timeout) < 1 || node_int(timeout) > TIMEOUT_MAX))
		check_invalid(e, AT(at, "timeoutSeconds"), timeout,
			      "the timeout value must be between 1 and %d seconds", TIMEOUT_MAX);
	check_selectors(w, at, hook);
	if (HAS(hook, "reinvocationPolicy"))
		ONE_OF(e, AT(at, "reinvocationPolicy"), GET(hook, "reinvocationPolicy"), "IfNeeded",
		       "Never");
	check_client(e, AT(at, "clientConfig"), GET(hook, "clientConfig"));
	if (!w->same_conditions)
		check_match_conditions(e, AT(at, "matchConditions"), GET(hook, "matchConditions"), false);
	check_versions(w, AT(at, "admissionReviewVersions"), GET(hook, "admissionReviewVersions"));
}

static void webhooks_validate(struct kind_call *c)
{
	node hooks = GET(c->object, "webhooks"), seen = node_map(c->arena, 0);
	struct webhook_check w = { .e = c->errors };

	look_at_old(&w, hooks, GET(c->old, "webhooks"));
	for (size_t i = 0; i < node_len(hooks); i++) {
		const struct at *at = AT_I(AT(NULL, "webhooks"), i);
		str name = TEXT_OF(node_at(hooks, i), "name");

		check_webhook(&w, at, node_at(hooks, i));
		if (name.n && !w.names && node_has(seen, name))
			check_duplicate(c->errors, AT(at, "name"), check_text(c->errors, name));
		node_set(c->arena, seen, name, node_null());
	}
}

KINDS_HOOKS(webhooks, .validate = webhooks_validate);

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
		check_rule(e, AT_I(at, i), node_at(rules, i));
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
		check_match_conditions(e, AT(at, "matchConditions"), GET(spec, "matchConditions"),
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

/* ---- servers of other groups ------------------------------------------------------------ */

static void check_service_of(struct fielderrs *e, const struct at *at, node spec)
{
	node service = GET(spec, "service");
	const struct at *service_at = AT(at, "service"), *insecure_at = AT(at, "insecureSkipTLSVerify");
	bool insecure = BOOL_OF(spec, "insecureSkipTLSVerify");
	size_t bundle = TEXT_OF(spec, "caBundle").n;

	if (node_is_nil(service)) {
		if (bundle)
			check_invalid_text(e, AT(at, "caBundle"),
					   arena_printf(e->arena, "%zu bytes", bundle / 4 * 3),
					   "local APIServices may not have a caBundle");
		if (insecure)
			check_invalid(e, insecure_at, node_from_bool(true),
				      "local APIServices may not have insecureSkipTLSVerify");
		return;
	}
	if (!TEXT_OF(service, "namespace").n)
		check_required(e, AT(service_at, "namespace"));
	if (!TEXT_OF(service, "name").n)
		check_required(e, AT(service_at, "name"));
	check_port_of(e, AT(service_at, "port"), GET(service, "port"));
	if (insecure && bundle)
		check_invalid(e, insecure_at, node_from_bool(true), "may not be true if caBundle is present");
}

static void check_priority(struct fielderrs *e, const struct at *at, node value, int most)
{
	int64_t n = node_int(value);

	if (n <= 0 || n > most)
		check_invalid(e, at, node_from_int(n), "must be positive and less than %d", most);
}

static void check_named_after(struct kind_call *c, str wanted)
{
	static const char *const names[] = { "generateName", "name" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		str name = meta_get(c->object, str_c(names[i]));

		if (name.n && !str_eq(name, wanted) && name_check(name, NAME_PATH_SEGMENT, NULL))
			check_invalid_text(c->errors, AT_NAMED(AT(NULL, "metadata"), str_c(names[i])),
					   name, "must be `spec.version+\".\"+spec.group`: \"%.*s\"",
					   STR_ARG(wanted));
	}
}

static void api_service_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec");
	str group = TEXT_OF(spec, "group"), version = TEXT_OF(spec, "version");
	const struct at *at = AT(NULL, "spec");

	if (kinds_is_status(c))
		return;
	check_named_after(c, arena_cat(c->arena, version, S("."), group));
	if (!group.n && !str_eq(version, S("v1")))
		check_required_why(e, AT(at, "group"),
				   "only v1 may have an empty group and it better be legacy kube");
	if (group.n)
		check_name(e, AT(at, "group"), group, NAME_DNS_SUBDOMAIN);
	check_name(e, AT(at, "version"), version, NAME_DNS1035_LABEL);
	check_priority(e, AT(at, "groupPriorityMinimum"), GET(spec, "groupPriorityMinimum"),
		       GROUP_PRIORITY_MAX);
	check_priority(e, AT(at, "versionPriority"), GET(spec, "versionPriority"), VERSION_PRIORITY_MAX);
	check_service_of(e, at, spec);
}

/* Groups that this server serves itself are there at once. */
static void api_service_prepare(struct kind_call *c)
{
	struct arena *a = c->arena;
	node status = node_map(a, 1), list = node_seq(a, 1), condition = node_map(a, 5);

	if (!kinds_is_create(c) || HAS(GET(c->object, "spec"), "service"))
		return;
	node_set(a, condition, S("type"), node_lit("Available"));
	node_set(a, condition, S("status"), node_lit("True"));
	node_set(a, condition, S("lastTransitionTime"), node_from_str(a, meta_now(a)));
	node_set(a, condition, S("reason"), node_lit("Local"));
	node_set(a, condition, S("message"), node_lit("Local APIServices are always available"));
	node_append(a, list, condition);
	node_set(a, status, S("conditions"), list);
	node_set(a, c->object, S("status"), status);
}

KINDS_HOOKS(api_service, .prepare = api_service_prepare, .validate = api_service_validate);
