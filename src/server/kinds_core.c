#include "base/buf.h"
#include "crypto/keypair.h"
#include "server/ipaddr.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/podsecurity.h"
#include "text/base64.h"
#include "value/json.h"

enum { DATA_MAX = 1 << 20 };

static const struct at *annotation_at(struct kind_call *c, str key)
{
	struct at *at = arena_array(c->arena, struct at, 3);

	at[0] = (struct at){ NULL, S("metadata"), 0, AT_FIELD };
	at[1] = (struct at){ &at[0], S("annotations"), 0, AT_FIELD };
	at[2] = (struct at){ &at[1], key, 0, AT_KEY };
	return &at[2];
}

static str decoded(struct arena *a, node data, str key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = base64_read(&b, node_str_or(node_get(data, key), STR_NONE), BASE64_STD);

	err_free(e);
	return arena_str(a, buf_str(&b));
}

static void check_frozen(struct kind_call *c, const str *fields, size_t n)
{
	if (!BOOL_OF(c->old, "immutable"))
		return;
	if (!BOOL_OF(c->object, "immutable"))
		check_forbidden(c->errors, AT(NULL, "immutable"),
				"field is immutable when `immutable` is set");
	for (size_t i = 0; i < n; i++)
		if (!check_same(node_get(c->object, fields[i]), node_get(c->old, fields[i])))
			check_forbidden(c->errors, AT_NAMED(NULL, fields[i]),
					"field is immutable when `immutable` is set");
}

/* ---- ConfigMap ------------------------------------------------------------ */

static void config_validate(struct kind_call *c)
{
	static const str fields[] = { S("data"), S("binaryData") };
	struct fielderrs *e = c->errors;
	node data = GET(c->object, "data"), binary = GET(c->object, "binaryData");
	size_t total = 0;

	check_frozen(c, fields, 2);
	node_each_pair(p, data) {
		str key = node_str(p->key);

		check_config_key(e, AT_K(AT(NULL, "data"), key), key);
		if (node_has(binary, key))
			check_invalid(e, AT_K(AT(NULL, "data"), key), p->key,
				      "duplicate of key present in binaryData");
		total += node_str_or(p->value, STR_NONE).n;
	}
	node_each_pair(p, binary) {
		str key = node_str(p->key);

		check_config_key(e, AT_K(AT(NULL, "binaryData"), key), key);
		total += base64_size(node_str(p->value));
	}
	if (total > DATA_MAX)
		check_too_long(e, AT_K(NULL, STR_NONE), DATA_MAX);
}

KINDS_HOOKS(config, .validate = config_validate);

/* ---- Secret --------------------------------------------------------------- */

static const struct at *data_at(struct kind_call *c, str key)
{
	struct at *at = arena_array(c->arena, struct at, 2);

	at[0] = (struct at){ NULL, S("data"), 0, AT_FIELD };
	at[1] = (struct at){ &at[0], key, 0, AT_KEY };
	return &at[1];
}

static void check_docker_config(struct kind_call *c, node data, str key)
{
	node ignored;

	if (!node_has(data, key)) {
		check_required(c->errors, data_at(c, key));
		return;
	}
	err *bad = json_read(c->arena, decoded(c->arena, data, key), NULL, &ignored);

	if (!bad && !node_is(ignored, NODE_MAP) && !node_is(ignored, NODE_NULL))
		bad = err_new(ERR_INVALID,
			      "json: cannot unmarshal %s into Go value of type map[string]interface {}",
			      node_is(ignored, NODE_SEQ) ? "array" : node_is(ignored, NODE_STR) ? "string"
			      : node_is(ignored, NODE_BOOL) ? "bool" : "number");
	if (bad)
		check_invalid_text(c->errors, data_at(c, key), S("<secret contents redacted>"), "%s",
				   err_msg(bad));
	err_free(bad);
}

static void check_needed(struct kind_call *c, node data, str key)
{
	if (!node_has(data, key))
		check_required(c->errors, data_at(c, key));
}

static void check_secret_type(struct kind_call *c, str type, node data)
{
	str account = S("kubernetes.io/service-account.name");

	if (str_eq(type, S("kubernetes.io/service-account-token"))) {
		if (!text_of(node_dig(c->object, "metadata", "annotations"), account).n)
			check_required(c->errors, annotation_at(c, account));
	} else if (str_eq(type, S("kubernetes.io/dockercfg"))) {
		check_docker_config(c, data, S(".dockercfg"));
	} else if (str_eq(type, S("kubernetes.io/dockerconfigjson"))) {
		check_docker_config(c, data, S(".dockerconfigjson"));
	} else if (str_eq(type, S("kubernetes.io/basic-auth"))) {
		if (!node_has(data, S("username")) && !node_has(data, S("password"))) {
			check_needed(c, data, S("username"));
			check_needed(c, data, S("password"));
		}
	} else if (str_eq(type, S("kubernetes.io/ssh-auth"))) {
		if (!TEXT_OF(data, "ssh-privatekey").n)
			check_required(c->errors, data_at(c, S("ssh-privatekey")));
	} else if (str_eq(type, S("kubernetes.io/tls"))) {
		check_needed(c, data, S("tls.crt"));
		check_needed(c, data, S("tls.key"));
	}
}

static void secret_validate(struct kind_call *c)
{
	static const str fields[] = { S("data") };
	node data = GET(c->object, "data"), type = GET(c->object, "type");
	size_t total = 0;

	if (!kinds_is_create(c)) {
		check_immutable(c->errors, AT(NULL, "type"), type, GET(c->old, "type"), type);
		check_frozen(c, fields, 1);
	}
	node_each_pair(p, data) {
		check_config_key(c->errors, data_at(c, node_str(p->key)), node_str(p->key));
		total += base64_size(node_str(p->value));
	}
	if (total > DATA_MAX)
		check_too_long(c->errors, AT(NULL, "data"), DATA_MAX);
	check_secret_type(c, node_str_or(type, STR_NONE), data);
}

static void secret_warn(struct kind_call *c)
{
	node data = GET(c->object, "data");

	if (!str_eq(TEXT_OF(c->object, "type"), S("kubernetes.io/tls")))
		return;
	err *bad = keypair_check(decoded(c->arena, data, S("tls.crt")),
				 decoded(c->arena, data, S("tls.key")));

	if (bad)
		kind_warn(c->warnings, "%s", err_msg(bad));
	err_free(bad);
}

KINDS_HOOKS(secret, .validate = secret_validate, .warn = secret_warn);

/* ---- Namespace ------------------------------------------------------------- */

static void namespace_prepare(struct kind_call *c)
{
	struct arena *a = c->arena;
	node meta = meta_of(a, c->object), labels = GET(meta, "labels");
	node spec = GET(c->object, "spec"), list = GET(spec, "finalizers");

	if (!node_is(spec, NODE_MAP)) {
		spec = node_map(a, 1);
		node_set(a, c->object, S("spec"), spec);
	}
	if (!kinds_is_create(c) && !c->subresource.n) {
		list = GET(GET(c->old, "spec"), "finalizers");
		if (node_is_nil(list))
			node_remove(spec, S("finalizers"));
		else
			node_set(a, spec, S("finalizers"), list);
	} else if (kinds_is_create(c)) {
		bool ours = false;

		node_each_item(f, list)
			ours |= str_eq(node_str_or(*f, STR_NONE), S("kubernetes"));
		if (!node_is(list, NODE_SEQ)) {
			list = node_seq(a, 1);
			node_set(a, spec, S("finalizers"), list);
		}
		if (!ours)
			node_append(a, list, node_lit("kubernetes"));
	}
	if (!node_is(labels, NODE_MAP)) {
		labels = node_map(a, 1);
		node_set(a, meta, S("labels"), labels);
	}
	node_set(a, labels, S("kubernetes.io/metadata.name"), node_from_str(a, meta_get(c->object, S("name"))));
}

static void check_finalizer(struct fielderrs *e, const struct at *at, str name)
{
	check_name(e, at, name, NAME_QUALIFIED);
	if (str_find_char(name, '/') == STR_NPOS &&
	    !IS_ONE_OF(name, "kubernetes", "orphan", "foregroundDeletion"))
		check_invalid_text(e, at, name,
				   "name is neither a standard finalizer name nor is it fully qualified");
}

static void namespace_validate(struct kind_call *c)
{
	const struct at *at = AT(AT(NULL, "spec"), "finalizers");
	node list = GET(GET(c->object, "spec"), "finalizers");
	str phase = TEXT_OF(GET(c->object, "status"), "phase");

	if (kinds_is_status(c)) {
		bool going = meta_is_deleting(c->object);

		if (!str_eq(phase, going ? S("Terminating") : S("Active")))
			check_invalid_text(c->errors, AT(AT(NULL, "status"), "Phase"), phase,
					   going ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
						 : "may only be 'Active' if `deletionTimestamp` is empty");
		return;
	}
	bool finalize = str_eq(c->subresource, S("finalize"));

	for (size_t i = 0; i < node_len(list); i++)
		check_finalizer(c->errors, finalize ? AT_I(at, i) : at, node_str_or(node_at(list, i), STR_NONE));
}

KINDS_HOOKS(namespace, .prepare = namespace_prepare, .validate = namespace_validate,
	    .check = podsecurity_check_namespace);

/* ---- ServiceAccount ---------------------------------------------------------- */

/* Of the secrets only the name counts. */
static void account_prepare(struct kind_call *c)
{
	node_each_item(secret, GET(c->object, "secrets")) {
		node name = GET(*secret, "name"), only = node_map(c->arena, 1);

		if (!node_is_nil(name))
			node_set(c->arena, only, S("name"), name);
		*secret = only;
	}
}

static void account_warn(struct kind_call *c)
{
	str key = S("kubernetes.io/enforce-mountable-secrets");

	if (node_has(node_dig(c->object, "metadata", "annotations"), key) &&
	    !node_has(node_dig(c->old, "metadata", "annotations"), key))
		kinds_warn(c, annotation_at(c, key),
			   "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted "
			   "secrets");
}

KINDS_HOOKS(account, .prepare = account_prepare, .warn = account_warn);

/* ---- Endpoints ----------------------------------------------------------------- */

static void check_address(struct fielderrs *e, const struct at *at, node address)
{
	str ip = TEXT_OF(address, "ip"), host = TEXT_OF(address, "hostname");

	ipaddr_check(e, AT(at, "ip"), ip);
	if (host.n)
		check_name(e, AT(at, "hostname"), host, NAME_DNS_LABEL);
	if (HAS(address, "nodeName"))
		check_name(e, AT(at, "nodeName"), TEXT_OF(address, "nodeName"), NAME_DNS_SUBDOMAIN);
	ipaddr_check_endpoint(e, AT(at, "ip"), ip);
}

static void check_endpoint_port(struct fielderrs *e, const struct at *at, node port, bool named)
{
	str name = TEXT_OF(port, "name");

	if (named && !name.n)
		check_required(e, AT(at, "name"));
	else if (name.n)
		check_name(e, AT(at, "name"), name, NAME_DNS_LABEL);
	check_port(e, AT(at, "port"), GET(port, "port"));
	if (!TEXT_OF(port, "protocol").n)
		check_required(e, AT(at, "protocol"));
	else
		ONE_OF(e, AT(at, "protocol"), GET(port, "protocol"), "SCTP", "TCP", "UDP");
	if (HAS(port, "appProtocol"))
		check_name(e, AT(at, "appProtocol"), TEXT_OF(port, "appProtocol"), NAME_QUALIFIED);
}

static void check_addresses(struct fielderrs *e, const struct at *at, node list)
{
	for (size_t i = 0; i < node_len(list); i++)
		check_address(e, AT_I(at, i), node_at(list, i));
}

static void endpoints_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node subsets = GET(c->object, "subsets");

	if (!kinds_is_create(c) && check_same(subsets, GET(c->old, "subsets")))
		return;
	for (size_t i = 0; i < node_len(subsets); i++) {
		node one = node_at(subsets, i), ports = GET(one, "ports");
		const struct at *at = AT_I(AT(NULL, "subsets"), i);

		if (!node_len(GET(one, "addresses")) && !node_len(GET(one, "notReadyAddresses")))
			check_required_why(e, at, "must specify `addresses` or `notReadyAddresses`");
		check_addresses(e, AT(at, "addresses"), GET(one, "addresses"));
		check_addresses(e, AT(at, "notReadyAddresses"), GET(one, "notReadyAddresses"));
		for (size_t p = 0; p < node_len(ports); p++)
			check_endpoint_port(e, AT_I(AT(at, "ports"), p), node_at(ports, p),
					    node_len(ports) > 1);
	}
}

static void endpoints_warn(struct kind_call *c)
{
	static const str lists[] = { S("addresses"), S("notReadyAddresses") };
	node subsets = GET(c->object, "subsets");

	if (str_eq(TEXT_OF(node_dig(c->object, "metadata", "labels"), "endpoints.kubernetes.io/managed-by"),
		   S("endpoint-controller")))
		return;
	for (size_t i = 0; i < node_len(subsets); i++)
		for (size_t l = 0; l < 2; l++) {
			node list = node_get(node_at(subsets, i), lists[l]);
			const struct at *at = AT_NAMED(AT_I(AT(NULL, "subsets"), i), lists[l]);

			for (size_t n = 0; n < node_len(list); n++)
				ipaddr_warn(c->warnings, AT(AT_I(at, n), "ip"), TEXT_OF(node_at(list, n), "ip"));
		}
}

KINDS_HOOKS(endpoints, .validate = endpoints_validate, .warn = endpoints_warn);
