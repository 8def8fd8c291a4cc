#include "server/devices.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "cel/cel.h"
#include "server/volumes.h"
#include "value/json.h"

enum {
	REQUESTS_MAX = 32,
	CONSTRAINTS_MAX = 32,
	SELECTORS_MAX = 32,
	ALTERNATIVES_MAX = 8,
	POOL_NAME_MAX = 253,
	NAME_MAX_BYTES = 32,
	EXPRESSION_MAX = 10 << 10,
	UID_LENGTH = 36,
	BINDING_MAX = 4,
};

#define NOT_A_REQUEST                                                                           \
	"must be the name of a request in the claim or the name of a request and a subrequest " \
	"separated by '/'"

const char *const devices_effects[] = { "NoExecute", "NoSchedule", "None", NULL };

/* ---- lists -------------------------------------------------------------- */

bool devices_check_size(struct fielderrs *e, const struct at *at, node list, size_t max)
{
	if (node_len(list) <= max)
		return true;
	check_too_many(e, at, node_len(list), max);
	return false;
}

void devices_check_unique(struct fielderrs *e, const struct at *at, node list, const char *key)
{
	node seen = node_map(e->arena, node_len(list));

	for (size_t i = 0; i < node_len(list); i++) {
		node item = node_at(list, i);
		str name = node_str_or(key ? node_get(item, str_c(key)) : item, STR_NONE);

		if (node_has(seen, name))
			check_duplicate(e, AT_I(at, i), check_text(e, name));
		else
			node_set(e->arena, seen, name, node_null());
	}
}

/* ---- names -------------------------------------------------------------- */

void devices_check_pool(struct fielderrs *e, const struct at *at, str name)
{
	if (!name.n) {
		check_required(e, at);
		return;
	}
	if (name.n > POOL_NAME_MAX)
		check_too_long(e, at, POOL_NAME_MAX);
	for (;;) {
		size_t slash = str_find_char(name, '/');

		check_name(e, at, str_sub(name, 0, slash == STR_NPOS ? name.n : slash), NAME_DNS_SUBDOMAIN);
		if (slash == STR_NPOS)
			return;
		name = str_from(name, slash + 1);
	}
}

void devices_check_uid(struct fielderrs *e, const struct at *at, str uid)
{
	bool good = uid.n == UID_LENGTH, small = true;

	for (size_t i = 0; i < uid.n && good; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		good = dash ? uid.p[i] == '-' : ascii_is_hex(uid.p[i]);
		small &= !(uid.p[i] >= 'A' && uid.p[i] <= 'F');
	}
	if (uid.n != UID_LENGTH)
		check_invalid_text(e, at, uid, "error validating uid: invalid UUID length: %zu", uid.n);
	else if (!good)
		check_invalid_text(e, at, uid, "error validating uid: invalid UUID format");
	else if (!small)
		check_invalid_text(e, at, uid,
				   "uid must be in RFC 4122 normalized form, "
				   "`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal "
				   "characters");
}

static void check_c_name(struct fielderrs *e, const struct at *at, str name)
{
	bool good = name.n > 0;

	if (name.n > NAME_MAX_BYTES)
		check_too_long(e, at, NAME_MAX_BYTES);
	for (size_t i = 0; i < name.n && good; i++)
		good = name.p[i] == '_' || ascii_is_letter(name.p[i]) || (i && ascii_is_digit(name.p[i]));
	if (!good)
		check_invalid_text(e, at, name,
				   "a valid C identifier must start with alphabetic character or '_', "
				   "followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  "
				   "or 'MY_NAME',  or 'MyName', regex used for validation is "
				   "'[A-Za-z_][A-Za-z0-9_]*')");
}

void devices_check_qualified(struct fielderrs *e, const struct at *at, str name)
{
	str domain, own;

	if (!str_split(name, '/', &domain, &own)) {
		check_c_name(e, at, name);
		return;
	}
	if (str_find_char(own, '/') != STR_NPOS)
		return; /* as the original, which takes them */
	if (!domain.n)
		check_invalid_text(e, at, S(""), "the domain must not be empty");
	else
		volumes_check_driver(e, at, domain);
	if (!own.n)
		check_invalid_text(e, at, S(""), "the name must not be empty");
	else
		check_c_name(e, at, own);
}

static void check_full_name(struct fielderrs *e, const struct at *at, str name)
{
	devices_check_qualified(e, at, name);
	if (str_find_char(name, '/') == STR_NPOS)
		check_invalid_text(e, at, name,
				   "a fully qualified name must be a domain and a name separated by a slash");
}

void devices_check_binding(struct fielderrs *e, const struct at *at, node conditions, node failures)
{
	const struct at *good_at = AT(at, "bindingConditions"), *bad_at = AT(at, "bindingFailureConditions");
	node seen = node_map(e->arena, node_len(conditions));

	if (devices_check_size(e, good_at, conditions, BINDING_MAX))
		for (size_t i = 0; i < node_len(conditions); i++)
			check_label_name(e, AT_I(good_at, i), node_str_or(node_at(conditions, i), STR_NONE));
	if (devices_check_size(e, bad_at, failures, BINDING_MAX))
		for (size_t i = 0; i < node_len(failures); i++)
			check_label_name(e, AT_I(bad_at, i), node_str_or(node_at(failures, i), STR_NONE));
	devices_check_unique(e, good_at, conditions, NULL);
	node_each_item(c, conditions)
		node_set(e->arena, seen, node_str_or(*c, STR_NONE), node_null());
	devices_check_unique(e, bad_at, failures, NULL);
	for (size_t i = 0; i < node_len(failures); i++)
		if (node_has(seen, node_str_or(node_at(failures, i), STR_NONE)))
			check_invalid(e, AT_I(bad_at, i), node_at(failures, i),
				      "bindingFailureConditions must not overlap with bindingConditions");
	if (!node_len(conditions) && node_len(failures))
		check_invalid(e, good_at, node_is_nil(conditions) ? node_null() : conditions,
			      "bindingConditions are required to use bindingFailureConditions");
	if (node_len(conditions) && !node_len(failures))
		check_invalid(e, bad_at, node_is_nil(failures) ? node_null() : failures,
			      "bindingFailureConditions are required to use bindingConditions");
}

/* ---- configurations ------------------------------------------------------ */

void devices_check_raw(struct fielderrs *e, const struct at *at, node value, size_t max)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (node_is_nil(value)) {
		check_required(e, at);
		return;
	}
	err_free(json_write(&b, value, &(struct json_style){ .source_order = true }));
	if (b.n > max)
		check_too_long(e, at, max);
	else if (!node_is(value, NODE_MAP))
		check_invalid_text(e, at, S("<value omitted>"), "must be a valid JSON object");
}

static void check_config(struct fielderrs *e, const struct at *at, node config, bool stored)
{
	node opaque = GET(config, "opaque");
	const struct at *here = AT(at, "opaque");

	if (node_is_nil(opaque)) {
		check_required(e, here);
		return;
	}
	volumes_check_driver(e, AT(here, "driver"), TEXT_OF(opaque, "driver"));
	devices_check_raw(e, AT(here, "parameters"), GET(opaque, "parameters"),
			  stored ? SIZE_MAX : DEVICES_RAW_MAX);
}

void devices_check_class_config(struct fielderrs *e, const struct at *at, node list, bool stored)
{
	if (!devices_check_size(e, at, list, DEVICES_CONFIG_MAX))
		return;
	for (size_t i = 0; i < node_len(list); i++)
		check_config(e, AT_I(at, i), node_at(list, i), stored);
}

static void check_refs(struct fielderrs *e, const struct at *at, node names, node requests)
{
	if (!devices_check_size(e, at, names, REQUESTS_MAX))
		return;
	for (size_t i = 0; i < node_len(names); i++)
		devices_check_request_ref(e, AT_I(at, i), node_str_or(node_at(names, i), STR_NONE), requests);
	devices_check_unique(e, at, names, NULL);
}

void devices_check_result_config(struct fielderrs *e, const struct at *at, node list, node requests)
{
	if (!devices_check_size(e, at, list, 2 * DEVICES_CONFIG_MAX))
		return;
	for (size_t i = 0; i < node_len(list); i++) {
		node config = node_at(list, i), source = GET(config, "source");
		const struct at *here = AT_I(at, i);

		if (!node_str_or(source, STR_NONE).n)
			check_required(e, AT(here, "source"));
		else
			ONE_OF(e, AT(here, "source"), source, "FromClaim", "FromClass");
		check_refs(e, AT(here, "requests"), GET(config, "requests"), requests);
		check_config(e, here, config, false);
	}
}

/* ---- selectors ----------------------------------------------------------- */

/* What an expression sees of a device. Attributes are of any simple type, and
 * capacities quantities, which are not told apart here. */
static const struct cel_env *device_env(struct arena *a)
{
	static const str schema = S("{\"type\":\"object\",\"properties\":{"
				    "\"driver\":{\"type\":\"string\",\"maxLength\":63},"
				    "\"allowMultipleAllocations\":{\"type\":\"boolean\"},"
				    "\"attributes\":{\"type\":\"object\",\"maxProperties\":32,"
				    "\"additionalProperties\":{\"type\":\"object\",\"maxProperties\":32,"
				    "\"additionalProperties\":{\"x-kubernetes-int-or-string\":true}}},"
				    "\"capacity\":{\"type\":\"object\",\"maxProperties\":32,"
				    "\"additionalProperties\":{\"type\":\"object\",\"maxProperties\":32,"
				    "\"additionalProperties\":{\"x-kubernetes-int-or-string\":true}}}}}");
	struct cel_env *env = cel_env_new(a, CEL_KUBERNETES);
	node n;

	err_free(json_read(a, schema, NULL, &n));
	cel_env_declare_schema(env, S("device"), cel_decl_read(a, n, false), false);
	cel_env_declare_bind(env);
	return env;
}

static void check_expression(struct fielderrs *e, const struct at *at, node cel)
{
	const struct cel_program *program;
	node text = GET(cel, "expression");

	if (node_str_or(text, STR_NONE).n > EXPRESSION_MAX) {
		check_too_long(e, at, EXPRESSION_MAX);
		return;
	}
	err *bad = cel_compile(e->arena, device_env(e->arena), node_str_or(text, STR_NONE), &program);

	if (bad)
		check_invalid(e, at, node_from_str(e->arena, node_str_or(text, STR_NONE)),
			      "compilation failed: %s", err_msg(bad));
	else if (cel_program_kind(program) != CEL_BOOL && cel_program_kind(program) != CEL_DYN)
		check_invalid(e, at, text, "must evaluate to bool or the unknown type, not %.*s",
			      STR_ARG(cel_program_type(e->arena, program)));
	err_free(bad);
}

void devices_check_selectors(struct fielderrs *e, const struct at *at, node list)
{
	if (!devices_check_size(e, at, list, SELECTORS_MAX))
		return;
	for (size_t i = 0; i < node_len(list); i++) {
		node cel = GET(node_at(list, i), "cel");
		const struct at *here = AT(AT_I(at, i), "cel");

		if (node_is_nil(cel))
			check_required(e, here);
		else
			check_expression(e, AT(here, "expression"), cel);
	}
}

/* ---- requests ------------------------------------------------------------ */

static void check_mode(struct fielderrs *e, const struct at *at, node request)
{
	str mode = TEXT_OF(request, "allocationMode");
	int64_t count = INT_OF(request, "count");
	const struct at *count_at = AT(at, "count");

	if (str_eq(mode, S("All"))) {
		if (count)
			check_invalid(e, count_at, node_from_int(count),
				      "must not be specified when allocationMode is 'All'");
	} else if (str_eq(mode, S("ExactCount"))) {
		if (count <= 0)
			check_invalid(e, count_at, node_from_int(count), "must be greater than zero");
	} else {
		ONE_OF(e, AT(at, "allocationMode"), check_text(e, mode), "All", "ExactCount");
	}
}

static void check_toleration(struct fielderrs *e, const struct at *at, node t)
{
	str op = TEXT_OF(t, "operator"), value = TEXT_OF(t, "value");

	if (TEXT_OF(t, "key").n)
		check_label_name(e, AT(at, "key"), TEXT_OF(t, "key"));
	if (!op.n)
		check_required(e, AT(at, "operator"));
	else if (str_eq(op, S("Equal")))
		check_name(e, AT(at, "value"), value, NAME_LABEL_VALUE);
	else if (!str_eq(op, S("Exists")))
		ONE_OF(e, AT(at, "operator"), GET(t, "operator"), "Equal", "Exists");
	else if (value.n)
		check_invalid_text(e, AT(at, "value"), value, "must be empty for operator `Exists`");
	if (TEXT_OF(t, "effect").n)
		check_words(e, AT(at, "effect"), GET(t, "effect"), devices_effects);
}

/* What one request and each of its alternatives have. */
static void check_wish(struct fielderrs *e, const struct at *at, node request)
{
	str class = TEXT_OF(request, "deviceClassName");
	node tolerations = GET(request, "tolerations");

	if (!class.n)
		check_required(e, AT(at, "deviceClassName"));
	else
		check_name(e, AT(at, "deviceClassName"), class, NAME_DNS_SUBDOMAIN);
	devices_check_selectors(e, AT(at, "selectors"), GET(request, "selectors"));
	check_mode(e, at, request);
	for (size_t i = 0; i < node_len(tolerations); i++)
		check_toleration(e, AT_I(AT(at, "tolerations"), i), node_at(tolerations, i));
}

static void check_alternatives(struct fielderrs *e, const struct at *at, node list)
{
	if (!devices_check_size(e, at, list, ALTERNATIVES_MAX))
		return;
	for (size_t i = 0; i < node_len(list); i++) {
		check_name(e, AT(AT_I(at, i), "name"), TEXT_OF(node_at(list, i), "name"), NAME_DNS_LABEL);
		check_wish(e, AT_I(at, i), node_at(list, i));
	}
	devices_check_unique(e, at, list, "name");
}

static void check_request(struct fielderrs *e, const struct at *at, node request)
{
	bool any = node_len(GET(request, "firstAvailable")), exactly = HAS(request, "exactly");

	check_name(e, AT(at, "name"), TEXT_OF(request, "name"), NAME_DNS_LABEL);
	if (any && exactly)
		check_invalid(e, at, node_null(),
			      "exactly one of `exactly` or `firstAvailable` is required, but multiple "
			      "fields are set");
	else if (any)
		check_alternatives(e, AT(at, "firstAvailable"), GET(request, "firstAvailable"));
	else if (exactly)
		check_wish(e, AT(at, "exactly"), GET(request, "exactly"));
	else
		check_required_why(e, at, "exactly one of `exactly` or `firstAvailable` is required");
}

static bool has_request(node requests, str name)
{
	str main, sub = STR_NONE;
	bool two = str_split(name, '/', &main, &sub);

	node_each_item(r, requests) {
		if (!str_eq(TEXT_OF(*r, "name"), two ? main : name))
			continue;
		if (!two)
			return true;
		node_each_item(s, GET(*r, "firstAvailable"))
			if (str_eq(TEXT_OF(*s, "name"), sub))
				return true;
	}
	return false;
}

void devices_check_request_ref(struct fielderrs *e, const struct at *at, str name, node requests)
{
	str main, sub;
	bool two = str_split(name, '/', &main, &sub);

	if (two && str_find_char(sub, '/') != STR_NPOS) {
		check_invalid_text(e, at, name, NOT_A_REQUEST);
		return;
	}
	check_name(e, at, two ? main : name, NAME_DNS_LABEL);
	if (two)
		check_name(e, at, sub, NAME_DNS_LABEL);
	if (!has_request(requests, name))
		check_invalid_text(e, at, name, NOT_A_REQUEST);
}

static void check_constraint(struct fielderrs *e, const struct at *at, node constraint, node requests)
{
	check_refs(e, AT(at, "requests"), GET(constraint, "requests"), requests);
	if (HAS(constraint, "matchAttribute"))
		check_full_name(e, AT(at, "matchAttribute"), TEXT_OF(constraint, "matchAttribute"));
	else if (HAS(constraint, "distinctAttribute"))
		check_full_name(e, AT(at, "distinctAttribute"), TEXT_OF(constraint, "distinctAttribute"));
	else
		check_required_why(e, at,
				   "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, "
				   "but multiple fields are set");
}

void devices_check_claim(struct fielderrs *e, const struct at *at, node devices)
{
	node requests = GET(devices, "requests"), constraints = GET(devices, "constraints");
	node config = GET(devices, "config");
	const struct at *requests_at = AT(at, "requests"), *constraints_at = AT(at, "constraints");
	const struct at *config_at = AT(at, "config");

	if (devices_check_size(e, requests_at, requests, REQUESTS_MAX)) {
		for (size_t i = 0; i < node_len(requests); i++)
			check_request(e, AT_I(requests_at, i), node_at(requests, i));
		devices_check_unique(e, requests_at, requests, "name");
	}
	if (devices_check_size(e, constraints_at, constraints, CONSTRAINTS_MAX))
		for (size_t i = 0; i < node_len(constraints); i++)
			check_constraint(e, AT_I(constraints_at, i), node_at(constraints, i), requests);
	if (!devices_check_size(e, config_at, config, DEVICES_CONFIG_MAX))
		return;
	for (size_t i = 0; i < node_len(config); i++) {
		check_refs(e, AT(AT_I(config_at, i), "requests"), GET(node_at(config, i), "requests"),
			   requests);
		check_config(e, AT_I(config_at, i), node_at(config, i), false);
	}
}
