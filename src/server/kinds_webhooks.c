/* kinds_webhooks - servers that are asked before something is stored, and servers of other
 * groups: checked when they are written, and never called. */
#include "server/gostruct.h"
#include "server/expressions.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "text/quote.h"

enum {
	TIMEOUT_MAX = 30,
	CONDITIONS_MAX = 64,
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

void kinds_check_rule(struct fielderrs *e, const struct at *at, node rule)
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

void kinds_check_conditions(struct fielderrs *e, const struct at *at, node list, bool params)
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
		kinds_check_rule(e, AT_I(AT(at, "rules"), i), node_at(rules, i));
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
		kinds_check_conditions(e, AT(at, "matchConditions"), GET(hook, "matchConditions"), false);
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

/* ---- servers of other groups ------------------------------------------------------------ */

static void check_service_of(struct fielderrs *e, const struct at *at, node spec)
{
	node service = GET(spec, "service");
	const struct at *service_at = AT(at, "service"), *insecure_at = AT(at, "insecureSkipTLSVerify");
	bool insecure = BOOL_OF(spec, "insecureSkipTLSVerify");
	size_t bundle = base64_size(TEXT_OF(spec, "caBundle"));

	if (node_is_nil(service)) {
		if (bundle)
			check_invalid_text(e, AT(at, "caBundle"),
					   arena_printf(e->arena, "%zu bytes", bundle),
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
