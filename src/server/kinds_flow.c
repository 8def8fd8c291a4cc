/* kinds_flow - flow schemas and priority levels, and requests for certificates. */
#include "crypto/certreq.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "text/base64.h"

enum {
	PRECEDENCE_MAX = 10000,
	QUEUES_MAX = 10 * 1000 * 1000,
	HASH_BITS = 60,
	CERTIFICATE_SECONDS_MIN = 600,
};

/* ---- FlowSchema ---------------------------------------------------------------- */

static const struct {
	str kind, field, word;
} subjects[] = {
	{ S("ServiceAccount"), S("serviceAccount"), S("serviceAccount") },
	{ S("User"), S("user"), S("user") },
	{ S("Group"), S("group"), S("group") },
};

static void check_account(struct fielderrs *e, const struct at *at, node account)
{
	str name = TEXT_OF(account, "name"), namespace = TEXT_OF(account, "namespace");

	if (!name.n)
		check_required(e, AT(at, "name"));
	else if (!str_eq(name, S("*")))
		check_name(e, AT(at, "name"), name, NAME_DNS_SUBDOMAIN);
	if (namespace.n)
		check_name(e, AT(at, "namespace"), namespace, NAME_DNS_LABEL);
	else
		check_required_why(e, AT(at, "namespace"), "must specify namespace for service account");
}

static void check_flow_subject(struct fielderrs *e, const struct at *at, node subject)
{
	str kind = TEXT_OF(subject, "kind");

	if (!ONE_OF(e, AT(at, "kind"), GET(subject, "kind"), "Group", "ServiceAccount", "User"))
		return;
	for (size_t i = 0; i < 3; i++) {
		node part = node_get(subject, subjects[i].field);
		const struct at *here = AT_NAMED(at, subjects[i].field);

		if (!str_eq(kind, subjects[i].kind))
			continue;
		if (node_is_nil(part))
			check_required_why(e, here, "%.*s is required when subject kind is '%.*s'",
					   STR_ARG(subjects[i].word), STR_ARG(kind));
		else if (i == 0)
			check_account(e, here, part);
		else if (!TEXT_OF(part, "name").n)
			check_required(e, AT(here, "name"));
	}
	/* in the original's order: what is nearest to the top of its list first */
	static const size_t order[] = { 1, 0, 2 };

	for (size_t i = 0; i < 3; i++) {
		size_t s = order[i];

		if (!str_eq(kind, subjects[s].kind) && !node_is_nil(node_get(subject, subjects[s].field)))
			check_forbidden(e, AT_NAMED(at, subjects[s].field),
					"%.*s is forbidden when subject kind is not '%.*s'",
					STR_ARG(subjects[s].word), STR_ARG(subjects[s].kind));
	}
}

static void check_verbs(struct fielderrs *e, const struct at *at, node verbs)
{
	static const str known[] = { S("create"), S("delete"), S("deletecollection"), S("get"),
				     S("list"), S("patch"), S("proxy"), S("update"), S("watch") };
	enum { KNOWN_N = sizeof known / sizeof *known };

	if (!node_len(verbs)) {
		check_required_why(e, at, "verbs must contain at least one value");
		return;
	}
	if (check_has_star(verbs)) {
		check_starred(e, at, verbs, "verbs");
		return;
	}
	node_each_item(v, verbs) {
		bool found = false;

		for (size_t i = 0; i < KNOWN_N; i++)
			found |= str_eq(node_str_or(*v, STR_NONE), known[i]);
		if (!found) {
			check_not_supported(e, at, verbs, known, KNOWN_N);
			return;
		}
	}
}

static void check_flow_url(struct fielderrs *e, const struct at *at, str path)
{
	size_t stars = str_count_char(path, '*');

	if (!path.n)
		check_invalid_text(e, at, path, "must not be empty");
	else if (str_eq(path, S("/")))
		return;
	else if (path.p[0] != '/')
		check_invalid_text(e, at, path, "must start with slash");
	else if (str_find_char(path, ' ') != STR_NPOS)
		check_invalid_text(e, at, path, "must not contain white-space");
	else if (str_has(path, S("//")))
		check_invalid_text(e, at, path, "must not contain double slash");
	else if (stars > 1 || (stars && !str_ends(path, S("/*"))))
		check_invalid_text(e, at, path, "wildcard can only do suffix matching");
}

static void check_url_rule(struct fielderrs *e, const struct at *at, node rule)
{
	node urls = GET(rule, "nonResourceURLs");
	const struct at *urls_at = AT(at, "nonResourceURLs");

	check_verbs(e, AT(at, "verbs"), GET(rule, "verbs"));
	if (!node_len(urls))
		check_required_why(e, urls_at, "nonResourceURLs must contain at least one value");
	else if (check_has_star(urls))
		check_starred(e, urls_at, urls, "non-resource URLs");
	else
		for (size_t i = 0; i < node_len(urls); i++)
			check_flow_url(e, AT_I(urls_at, i), node_str_or(node_at(urls, i), STR_NONE));
}

static void check_namespaces(struct fielderrs *e, const struct at *at, node rule)
{
	node list = GET(rule, "namespaces");
	str why[NAME_COMPLAINTS_MAX];

	if (!node_len(list) && !BOOL_OF(rule, "clusterScope")) {
		check_required_why(e, at, "resource rules that are not cluster scoped must supply at least "
					  "one namespace");
		return;
	}
	check_starred(e, at, list, "namespaces");
	for (size_t i = 0; !check_has_star(list) && i < node_len(list); i++) {
		str name = node_str_or(node_at(list, i), STR_NONE);
		size_t n = name_complaints(name, NAME_DNS_LABEL, why);

		for (size_t w = 0; w < n; w++)
			check_invalid_text(e, AT_I(at, i), name,
					   "each member of this list must be '*' or a DNS-1123 label; %.*s",
					   STR_ARG(why[w]));
	}
}

static void check_resource_rule(struct fielderrs *e, const struct at *at, node rule)
{
	node groups = GET(rule, "apiGroups"), resources = GET(rule, "resources");

	check_verbs(e, AT(at, "verbs"), GET(rule, "verbs"));
	if (!node_len(groups))
		check_required_why(e, AT(at, "apiGroups"),
				   "resource rules must supply at least one api group");
	check_starred(e, AT(at, "apiGroups"), groups, "api groups");
	if (!node_len(resources))
		check_required_why(e, AT(at, "resources"),
				   "resource rules must supply at least one resource");
	check_starred(e, AT(at, "resources"), resources, "resources");
	check_namespaces(e, AT(at, "namespaces"), rule);
}

static void check_flow_rule(struct fielderrs *e, const struct at *at, node rule)
{
	node who = GET(rule, "subjects"), what = GET(rule, "resourceRules");
	node urls = GET(rule, "nonResourceRules");

	if (!node_len(who))
		check_required_why(e, AT(at, "subjects"), "subjects must contain at least one value");
	for (size_t i = 0; i < node_len(who); i++)
		check_flow_subject(e, AT_I(AT(at, "subjects"), i), node_at(who, i));
	if (!node_len(what) && !node_len(urls))
		check_required_why(e, at, "at least one of resourceRules and nonResourceRules has to be "
					  "non-empty");
	for (size_t i = 0; i < node_len(what); i++)
		check_resource_rule(e, AT_I(AT(at, "resourceRules"), i), node_at(what, i));
	for (size_t i = 0; i < node_len(urls); i++)
		check_url_rule(e, AT_I(AT(at, "nonResourceRules"), i), node_at(urls, i));
}

/* Conditions have types, each once. */
static void check_condition_types(struct fielderrs *e, node object)
{
	node list = node_dig(object, "status", "conditions"), seen = node_map(e->arena, 0);

	for (size_t i = 0; i < node_len(list); i++) {
		const struct at *at = AT(AT_I(AT(AT(NULL, "status"), "conditions"), i), "type");
		str type = TEXT_OF(node_at(list, i), "type");

		if (node_has(seen, type))
			check_duplicate(e, at, check_text(e, type));
		node_set(e->arena, seen, type, node_null());
		if (!type.n)
			check_required(e, at);
	}
}

static void flow_schema_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), rules = GET(spec, "rules");
	node precedence = node_from_int(INT_OF(spec, "matchingPrecedence"));
	node method = GET(spec, "distinguisherMethod");
	str level = text_of(GET(spec, "priorityLevelConfiguration"), S("name"));
	const struct at *at = AT(NULL, "spec"), *precedence_at = AT(at, "matchingPrecedence");
	const struct at *level_at = AT(AT(at, "priorityLevelConfiguration"), "name");

	if (node_int(precedence) <= 0)
		check_invalid(e, precedence_at, precedence, "must be a positive value");
	if (node_int(precedence) > PRECEDENCE_MAX)
		check_invalid(e, precedence_at, precedence, "must not be greater than %d", PRECEDENCE_MAX);
	if (node_int(precedence) == 1 && !str_eq(meta_get(c->object, S("name")), S("exempt")))
		check_invalid(e, precedence_at, precedence,
			      "only the schema named 'exempt' may have matchingPrecedence 1");
	if (!node_is_nil(method) && !IS_ONE_OF(TEXT_OF(method, "type"), "ByNamespace", "ByUser"))
		check_words(e, AT(AT(at, "distinguisherMethod"), "type"),
			    gostruct_shown(c->arena, "flowcontrol.FlowDistinguisherMethod", method,
					   NODE_NOTHING),
			    (const char *const[]){ "ByNamespace", "ByUser", NULL });
	if (level.n)
		check_name(e, level_at, level, NAME_DNS_SUBDOMAIN);
	else
		check_required_why(e, level_at, "must reference a priority level");
	for (size_t i = 0; i < node_len(rules); i++)
		check_flow_rule(e, AT_I(AT(at, "rules"), i), node_at(rules, i));
	check_condition_types(e, c->object);
}

KINDS_HOOKS(flow_schema, .validate = flow_schema_validate);

/* ---- PriorityLevelConfiguration --------------------------------------------------- */

/* shufflesharding.RequiredEntropyBits: of the ways to deal a hand. */
static int entropy_bits(int64_t queues, int64_t hand)
{
	double ways = 1;
	int bits = 0;

	for (int64_t i = 0; i < hand; i++)
		ways *= (double)(queues - i);
	for (double reach = 1; reach < ways && bits < 1024; reach *= 2)
		bits++;
	return bits;
}

static void check_queuing(struct fielderrs *e, const struct at *at, node queuing)
{
	node length = node_from_int(INT_OF(queuing, "queueLengthLimit"));
	node queues = node_from_int(INT_OF(queuing, "queues")), hand = node_from_int(INT_OF(queuing, "handSize"));

	if (node_int(length) <= 0)
		check_invalid(e, AT(at, "queueLengthLimit"), length, "must be positive");
	if (node_int(queues) <= 0)
		check_invalid(e, AT(at, "queues"), queues, "must be positive");
	else if (node_int(queues) > QUEUES_MAX)
		check_invalid(e, AT(at, "queues"), queues, "must not be greater than %d", QUEUES_MAX);
	if (node_int(hand) <= 0)
		check_invalid(e, AT(at, "handSize"), hand, "must be positive");
	else if (node_int(hand) > node_int(queues))
		check_invalid(e, AT(at, "handSize"), hand, "should not be greater than queues (%lld)",
			      (long long)node_int(queues));
	else if (entropy_bits(node_int(queues), node_int(hand)) > HASH_BITS)
		check_invalid(e, AT(at, "handSize"), hand,
			      "required entropy bits of deckSize %lld and handSize %lld should not be "
			      "greater than %d",
			      (long long)node_int(queues), (long long)node_int(hand), HASH_BITS);
}

static void check_response(struct fielderrs *e, const struct at *at, node response)
{
	node queuing = GET(response, "queuing");
	str type = TEXT_OF(response, "type");

	if (!type.n) {
		check_required(e, AT(at, "type"));
		return;
	}
	if (!ONE_OF(e, AT(at, "type"), GET(response, "type"), "Queue", "Reject"))
		return;
	if (str_eq(type, S("Reject"))) {
		if (!node_is_nil(queuing))
			check_forbidden(e, AT(at, "queuing"),
					"must be nil if limited.limitResponse.type is not Limited");
	} else if (node_is_nil(queuing)) {
		check_required_why(e, AT(at, "queuing"),
				   "must not be empty if limited.limitResponse.type is Limited");
	} else {
		check_queuing(e, AT(at, "queuing"), queuing);
	}
}

static void check_shares(struct fielderrs *e, const struct at *at, node level)
{
	node shares = GET(level, "nominalConcurrencyShares"), lent = GET(level, "lendablePercent");

	if (node_is_num(shares) && node_int(shares) < 0)
		check_invalid(e, AT(at, "nominalConcurrencyShares"), shares,
			      "must be a non-negative integer");
	if (HAS(level, "limitResponse"))
		check_response(e, AT(at, "limitResponse"), GET(level, "limitResponse"));
	if (node_is_num(lent) && (node_int(lent) < 0 || node_int(lent) > 100))
		check_invalid(e, AT(at, "lendablePercent"), lent, "must be between 0 and 100, inclusive");
	if (INT_OF(level, "borrowingLimitPercent") < 0)
		check_invalid(e, AT(at, "borrowingLimitPercent"), GET(level, "borrowingLimitPercent"),
			      "if specified, must be a non-negative integer");
}

static void priority_level_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), limited = GET(spec, "limited"), exempt = GET(spec, "exempt");
	str type = TEXT_OF(spec, "type");
	const struct at *at = AT(NULL, "spec");

	if (str_eq(meta_get(c->object, S("name")), S("exempt")) != str_eq(type, S("Exempt")))
		check_invalid_text(e, AT(at, "type"), type,
				   "must be 'Exempt' if and only if `name` is 'exempt'");
	if (str_eq(type, S("Exempt"))) {
		if (!node_is_nil(limited))
			check_forbidden(e, AT(at, "limited"), "must be nil if the type is not Limited");
		if (!node_is_nil(exempt))
			check_shares(e, AT(at, "exempt"), exempt);
	} else if (str_eq(type, S("Limited"))) {
		if (!node_is_nil(exempt))
			check_forbidden(e, AT(at, "exempt"), "must be nil if the type is Limited");
		if (node_is_nil(limited))
			check_required_why(e, AT(at, "limited"), "must not be empty when type is Limited");
		else
			check_shares(e, AT(at, "limited"), limited);
	} else if (!type.n) {
		check_required(e, AT(at, "type"));
	} else {
		ONE_OF(e, AT(at, "type"), GET(spec, "type"), "Exempt", "Limited");
	}
	check_condition_types(e, c->object);
}

KINDS_HOOKS(priority_level, .validate = priority_level_validate);

/* ---- CertificateSigningRequest ------------------------------------------------------ */

static void check_usages(struct fielderrs *e, const struct at *at, node usages, node before)
{
	node seen = node_map(e->arena, 0);

	if (!node_len(usages))
		check_required(e, at);
	for (size_t i = 0; i < node_len(usages) && !check_same(usages, before); i++) {
		str usage = node_str_or(node_at(usages, i), STR_NONE);

		ONE_OF(e, AT_I(at, i), node_at(usages, i), "any", "cert sign", "client auth",
		       "code signing", "content commitment", "crl sign", "data encipherment",
		       "decipher only", "digital signature", "email protection", "encipher only",
		       "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
		       "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
		       "server auth", "signing", "timestamping");
		if (node_has(seen, usage))
			check_duplicate(e, AT_I(at, i), node_at(usages, i));
		node_set(e->arena, seen, usage, node_null());
	}
}

static void check_signer(struct fielderrs *e, const struct at *at, str name)
{
	str domain, path, label, rest, why[NAME_COMPLAINTS_MAX];

	if (!name.n) {
		check_required(e, at);
		return;
	}
	if (str_count_char(name, '/') != 1) {
		check_invalid_text(e, at, name, "must be a fully qualified domain and path of the form "
						"'example.com/signer-name'");
		return;
	}
	str_split(name, '/', &domain, &path);
	rest = domain;
	if (domain.n > 253)
		check_too_long(e, at, 253);
	for (bool more = true; more;) {
		more = str_split(rest, '.', &label, &rest);
		size_t n = name_complaints(label, NAME_DNS_LABEL, why);

		for (size_t i = 0; i < n; i++)
			check_invalid_text(e, at, domain, "validating label \"%.*s\": %.*s",
					   STR_ARG(label), STR_ARG(why[i]));
		if (n)
			break;
	}
	if (str_find_char(domain, '.') == STR_NPOS)
		check_invalid_text(e, at, domain,
				   "should be a domain with at least two segments separated by dots");
}

static void check_csr_conditions(struct fielderrs *e, node csr)
{
	node list = node_dig(csr, "status", "conditions"), seen = node_map(e->arena, 0);
	const struct at *at = AT(AT(NULL, "status"), "conditions");

	for (size_t i = 0; i < node_len(list); i++) {
		node condition = node_at(list, i), status = GET(condition, "status");
		const struct at *here = AT_I(at, i);
		str type = TEXT_OF(condition, "type");

		if (!type.n)
			check_required(e, AT(here, "type"));
		if (!node_str_or(status, STR_NONE).n)
			check_required(e, AT(here, "status"));
		else if (IS_ONE_OF(type, "Approved", "Denied", "Failed"))
			ONE_OF(e, AT(here, "status"), status, "True");
		else
			ONE_OF(e, AT(here, "status"), status, "False", "True", "Unknown");
		if ((str_eq(type, S("Approved")) && node_has(seen, S("Denied"))) ||
		    (str_eq(type, S("Denied")) && node_has(seen, S("Approved"))))
			check_invalid_text(e, at, type,
					   "Approved and Denied conditions are mutually exclusive");
		if (node_has(seen, type))
			check_duplicate(e, AT(here, "type"), check_text(e, type));
		node_set(e->arena, seen, type, node_null());
	}
}

static size_t count_type(node csr, const char *type)
{
	size_t n = 0;

	node_each_item(c, node_dig(csr, "status", "conditions"))
		n += str_eq(TEXT_OF(*c, "type"), str_c(type));
	return n;
}

static void check_csr_update(struct kind_call *c)
{
	static const char *const types[] = { "Approved", "Denied", "Failed" };
	struct fielderrs *e = c->errors;
	const struct at *at = AT(AT(NULL, "status"), "conditions");
	str now = text_of(GET(c->object, "status"), S("certificate"));
	str before = text_of(GET(c->old, "status"), S("certificate"));

	for (size_t i = 0; i < 3; i++) {
		size_t has = count_type(c->object, types[i]), had = count_type(c->old, types[i]);

		if (has < had)
			check_forbidden(e, at, "updates may not remove a condition of type \"%s\"",
					types[i]);
		else if (has > had && i < 2 && !str_eq(c->subresource, S("approval")))
			check_forbidden(e, at, "updates may not add a condition of type \"%s\"", types[i]);
	}
	if (str_eq(now, before))
		return;
	if (!kinds_is_status(c))
		check_forbidden(e, AT(AT(NULL, "status"), "certificate"),
				"updates may not set certificate content");
	else if (before.n)
		check_forbidden(e, AT(AT(NULL, "status"), "certificate"),
				"updates may not modify existing certificate content");
}

/* `encoded` is base64, and shown as such. */
static void check_request(struct fielderrs *e, const struct at *at, str encoded)
{
	CLEANUP(buf_release) struct buf pem = BUF_INIT;
	err *bad = base64_read(&pem, encoded, BASE64_STD);

	if (!bad)
		bad = certreq_check(buf_str(&pem));
	if (bad)
		check_invalid(e, at, encoded.n ? node_from_str(e->arena, encoded) : node_null(), "%s",
			      err_msg(bad));
	err_free(bad);
}

/* What was let in once is not looked at again. */
static void check_answer(struct kind_call *c)
{
	CLEANUP(buf_release) struct buf pem = BUF_INIT;
	str now = TEXT_OF(GET(c->object, "status"), "certificate");
	err *bad;

	if (!now.n || str_eq(now, TEXT_OF(GET(c->old, "status"), "certificate")))
		return;
	bad = base64_read(&pem, now, BASE64_STD);
	if (!bad)
		bad = certreq_check_answer(buf_str(&pem));
	if (bad)
		check_invalid_text(c->errors, AT(AT(NULL, "status"), "certificate"), S("<certificate data>"),
				   "%s", err_msg(bad));
	err_free(bad);
}

static void csr_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), seconds = GET(spec, "expirationSeconds");
	const struct at *at = AT(NULL, "spec");

	check_request(e, AT(at, "request"), TEXT_OF(spec, "request"));
	check_usages(e, AT(at, "usages"), GET(spec, "usages"), GET(GET(c->old, "spec"), "usages"));
	if (str_eq(TEXT_OF(spec, "signerName"), S("kubernetes.io/legacy-unknown")))
		check_invalid_text(e, AT(at, "signerName"), TEXT_OF(spec, "signerName"),
				   "the legacy signerName is not allowed via this API version");
	else
		check_signer(e, AT(at, "signerName"), TEXT_OF(spec, "signerName"));
	if (node_is_num(seconds) && node_int(seconds) < CERTIFICATE_SECONDS_MIN)
		check_invalid(e, AT(at, "expirationSeconds"), seconds,
			      "may not specify a duration less than 600 seconds (10 minutes)");
	check_csr_conditions(e, c->object);
	check_answer(c);
	if (!kinds_is_create(c))
		check_csr_update(c);
}

/* Conditions get their times; one that says the same as before keeps that of its turn. */
static void date_conditions(struct kind_call *c)
{
	struct arena *a = c->arena;
	node now = node_from_str(a, meta_now(a));

	node_each_item(condition, node_dig(c->object, "status", "conditions")) {
		node turned = now;

		if (!node_is(*condition, NODE_MAP))
			continue;
		node_each_item(was, node_dig(c->old, "status", "conditions"))
			if (str_eq(TEXT_OF(*was, "type"), TEXT_OF(*condition, "type")) &&
			    str_eq(TEXT_OF(*was, "status"), TEXT_OF(*condition, "status")) &&
			    HAS(*was, "lastTransitionTime"))
				turned = GET(*was, "lastTransitionTime");
		if (LACKS(*condition, "lastUpdateTime"))
			node_set(a, *condition, S("lastUpdateTime"), now);
		if (LACKS(*condition, "lastTransitionTime"))
			node_set(a, *condition, S("lastTransitionTime"), turned);
	}
}

/* Who asks is written down, and stays; the rest of the spec stays as well. */
static void csr_prepare(struct kind_call *c)
{
	struct arena *a = c->arena;
	node spec = node_need_map(a, c->object, S("spec")), groups;

	if (!kinds_is_create(c)) {
		node_set(a, c->object, S("spec"), GET(c->old, "spec"));
		date_conditions(c);
		return;
	}
	groups = node_seq(a, c->groups_n);
	for (size_t i = 0; i < c->groups_n; i++)
		node_append(a, groups, node_from_str(a, c->groups[i]));
	node_set(a, spec, S("username"), node_from_str(a, c->user));
	if (node_len(groups))
		node_set(a, spec, S("groups"), groups);
}

KINDS_HOOKS(csr, .prepare = csr_prepare, .validate = csr_validate);
