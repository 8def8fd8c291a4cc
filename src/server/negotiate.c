#include "server/negotiate.h"

#include "base/sort.h"
#include "base/vec.h"
#include "server/status.h"
#include "text/number.h"

#define JSON_TYPE     S("application/json")
#define YAML_TYPE     S("application/yaml")
#define PROTOBUF_TYPE S("application/vnd.kubernetes.protobuf")

static const char available[] = "application/json, application/yaml, "
				"application/vnd.kubernetes.protobuf";
static const char available_custom[] = "application/json, application/yaml";
static const char available_watch[] = "application/json;stream=watch, "
				      "application/vnd.kubernetes.protobuf;stream=watch";
static const char available_list[] = "application/json, application/yaml, "
				     "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
				     "application/vnd.kubernetes.protobuf;stream=watch";

/* ---- parsing ----------------------------------------------------------- */

/* "a=b;c=d" behind the type. `q` is the quality, all else a parameter. */
static void parse_params(struct arena *a, str text, struct negotiate_clause *c)
{
	VEC(struct request_pair) v = { 0 };
	str one;

	while (str_cut(&text, &one, ';')) {
		struct request_pair p;

		if (!str_split(one, '=', &p.key, &p.value))
			continue;
		p.key = str_trim(p.key);
		p.value = str_trim(p.value);
		if (str_eq(p.key, S("q")))
			err_free(number_parse_float(p.value, &c->quality));
		else
			avec_push(a, &v, p);
	}
	c->params = v.p;
	c->params_n = v.n;
}

static int cmp_clause(const void *a, const void *b, void *ctx)
{
	const struct negotiate_clause *x = a, *y = b;

	(void)ctx;
	if (x->quality != y->quality)
		return x->quality > y->quality ? -1 : 1;
	bool any_x = str_eq(x->type, S("*/*")), any_y = str_eq(y->type, S("*/*"));

	return any_x - any_y;
}

size_t negotiate_parse(struct arena *a, str accept, struct negotiate_clause **out)
{
	VEC(struct negotiate_clause) v = { 0 };
	str one;

	while (str_cut(&accept, &one, ',') && v.n < NEGOTIATE_CLAUSES_MAX) {
		struct negotiate_clause c = { .quality = 1 };
		str params = STR_NONE;

		str_split(str_trim(one), ';', &c.type, &params);
		c.type = str_trim(c.type);
		parse_params(a, params, &c);
		avec_push(a, &v, c);
	}
	if (v.n)
		sort_stable(v.p, v.n, sizeof *v.p, cmp_clause, NULL);
	*out = v.p;
	return v.n;
}

str negotiate_param(const struct negotiate_clause *c, str name)
{
	for (size_t i = 0; i < c->params_n; i++)
		if (str_eq(c->params[i].key, name))
			return c->params[i].value;
	return STR_NONE;
}

/* ---- the answer -------------------------------------------------------- */

/* The routes' own look: any clause, whatever its quality. `types` is a list
 * as it is shown in refusals. */
static bool route_takes(str accept, str types)
{
	str one, type, rest, offered;

	if (!accept.n)
		return true;
	while (str_cut(&accept, &one, ',')) {
		str_split(one, ';', &type, &rest);
		type = str_trim(type);
		if (str_eq(type, S("*/*")))
			return true;
		for (str list = types; str_cut(&list, &offered, ',');)
			if (str_eq(type, str_trim(offered)))
				return true;
	}
	return false;
}

/* The form that a clause asks for, or -1. */
static int clause_form(const struct negotiate_clause *c)
{
	if (str_eq(c->type, JSON_TYPE) || str_eq(c->type, S("application/*")) ||
	    str_eq(c->type, S("*/*")))
		return REQUEST_JSON;
	return str_eq(c->type, YAML_TYPE) ? REQUEST_YAML : -1;
}

static bool take_shape(const struct negotiate_clause *c, struct request_accept *out)
{
	str as = negotiate_param(c, S("as")), g = negotiate_param(c, S("g"));
	str v = negotiate_param(c, S("v")), stream = negotiate_param(c, S("stream"));

	out->shape = REQUEST_PLAIN;
	out->version = v;
	out->pretty = str_eq(negotiate_param(c, S("pretty")), S("1"));
	if (stream.n && !str_eq(stream, S("watch")))
		return false;
	if (!as.n && !g.n && !v.n)
		return true;
	if (!str_eq(g, S("meta.k8s.io")) || !(str_eq(v, S("v1")) || str_eq(v, S("v1beta1"))))
		return false;
	if (str_eq(as, S("Table")))
		out->shape = REQUEST_TABLE;
	else if (str_eq(as, S("PartialObjectMetadata")))
		out->shape = REQUEST_META;
	else if (str_eq(as, S("PartialObjectMetadataList")))
		out->shape = REQUEST_META_LIST;
	return out->shape != REQUEST_PLAIN;
}

/* What the original has no Tables of; without a plural: of all, without a subresource: the
 * resource itself. */
static const struct {
	const char *group, *plural, *sub;
} tableless[] = {
	{ "", "bindings", "" },
	{ "", "namespaces", "finalize" },
	{ "", "pods", "binding" },
	{ "", "pods", "ephemeralcontainers" },
	{ "", "pods", "eviction" },
	{ "", "pods", "resize" },
	{ "", "serviceaccounts", "token" },
	{ "apiextensions.k8s.io", "customresourcedefinitions", "status" },
	{ "apiregistration.k8s.io", "apiservices", "status" },
	{ "authentication.k8s.io", NULL, "" },
	{ "authorization.k8s.io", NULL, "" },
	{ "certificates.k8s.io", "certificatesigningrequests", "approval" },
	{ "resource.k8s.io", "resourceclaims", "status" },
};

static bool has_table(const struct request *r)
{
	for (size_t i = 0; i < sizeof tableless / sizeof *tableless; i++)
		if (str_eq(r->kind->gvk.group, str_c(tableless[i].group)) &&
		    (!tableless[i].plural || str_eq(r->kind->plural, str_c(tableless[i].plural))) &&
		    str_eq(r->sub, str_c(tableless[i].sub)))
			return false;
	return true;
}

enum { TAKE_ALL, TAKE_NO_YAML = 1, TAKE_NO_TABLE = 2 };

static bool take_clause(const struct negotiate_clause *c, unsigned how, struct request_accept *out)
{
	int form = clause_form(c);

	if (form < 0 || (how & TAKE_NO_YAML && form == REQUEST_YAML) || !take_shape(c, out) ||
	    (how & TAKE_NO_TABLE && out->shape == REQUEST_TABLE))
		return false;
	out->form = (uint8_t)form;
	return true;
}

/* For who takes nothing else: the binary form, of what has one. */
static bool take_binary(const struct negotiate_clause *c, struct request_accept *out)
{
	if (!str_eq(c->type, PROTOBUF_TYPE) || !take_shape(c, out) || out->shape == REQUEST_TABLE)
		return false;
	out->form = REQUEST_PROTOBUF;
	return true;
}

static err *not_acceptable(bool routes, const char *types)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	if (routes)
		buf_addf(&m, "406: Not Acceptable\n\nAvailable representations: %s", types);
	else
		buf_addf(&m, "only the following media types are accepted: %s", types);
	return status_err(&(struct status){ .code = 406,
					    .reason = S("NotAcceptable"),
					    .message = buf_str(&m),
					    .details = routes });
}

err *negotiate_route(const struct request *r, const char *type)
{
	return route_takes(request_header(r, S("accept")), str_c(type)) ? NULL
									: not_acceptable(true, type);
}

bool negotiate_pretty(const struct request *r)
{
	str asked = request_query(r, S("pretty")), agent = request_header(r, S("user-agent"));
	bool yes = false;

	if (!asked.n)
		return str_starts(agent, S("curl")) || str_starts(agent, S("Wget")) ||
		       str_starts(agent, S("Mozilla/5.0"));
	err_free(number_parse_bool(asked, &yes));
	return yes;
}

err *negotiate_accept(struct request *r, bool builtin)
{
	str accept = request_header(r, S("accept"));
	bool watch = str_eq(r->verb, S("watch"));
	const char *route = str_eq(r->verb, S("list")) ? available_list : available;
	/* streams are written in JSON alone */
	unsigned how = (watch ? TAKE_NO_YAML : 0) | (builtin && !has_table(r) ? TAKE_NO_TABLE : 0);
	struct negotiate_clause *clauses;

	r->accept = (struct request_accept){ .form = REQUEST_JSON };
	if (builtin && !watch && !route_takes(accept, str_c(available)))
		return not_acceptable(true, route);
	size_t n = negotiate_parse(r->arena, accept, &clauses), i = 0;

	while (i < n && !take_clause(&clauses[i], how, &r->accept))
		i++;
	for (size_t b = 0; n && i == n && builtin && !watch && b < n; b++)
		if (take_binary(&clauses[b], &r->accept))
			return NULL;
	if (n && i == n)
		return not_acceptable(false, watch ? available_watch : available);
	if (!n)
		r->accept = (struct request_accept){ .form = REQUEST_JSON };
	r->accept.pretty |= negotiate_pretty(r);
	return NULL;
}

bool negotiate_plain(struct request *r)
{
	struct negotiate_clause *clauses;
	size_t n = negotiate_parse(r->arena, request_header(r, S("accept")), &clauses);

	for (size_t i = 0; i < n; i++)
		if (take_clause(&clauses[i], TAKE_ALL, &r->accept) && r->accept.shape == REQUEST_PLAIN) {
			r->accept.pretty |= negotiate_pretty(r);
			return true;
		}
	for (size_t i = 0; i < n; i++)
		if (take_binary(&clauses[i], &r->accept) && r->accept.shape == REQUEST_PLAIN)
			return true;
	r->accept = (struct request_accept){ .form = REQUEST_JSON, .pretty = n || negotiate_pretty(r) };
	return !n;
}

/* ---- the body ---------------------------------------------------------- */

static str media_type(const struct request *r, str *params)
{
	str type;

	str_split(request_header(r, S("content-type")), ';', &type, params);
	return str_trim(type);
}

static bool are_params(str params)
{
	str one, key, value;

	while (str_cut(&params, &one, ';'))
		if (str_trim(one).n && !str_split(one, '=', &key, &value))
			return false;
	return true;
}

static err *unsupported(const char *types)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	buf_addf(&m,
		 "the body of the request was in an unknown format - accepted media types include: "
		 "%s",
		 types);
	return status_err(&(struct status){
		.code = 415, .reason = S("UnsupportedMediaType"), .message = buf_str(&m) });
}

err *negotiate_content(const struct request *r, enum negotiate_body *out)
{
	bool custom = r->kind && r->kind->custom;
	str params, type = media_type(r, &params);

	if (!are_params(params))
		return unsupported(custom ? available_custom : available);
	if (!type.n || str_eq_nocase(type, JSON_TYPE))
		*out = NEGOTIATE_JSON;
	else if (str_eq_nocase(type, YAML_TYPE))
		*out = NEGOTIATE_YAML;
	else if (str_eq_nocase(type, PROTOBUF_TYPE) && !custom)
		*out = NEGOTIATE_PROTOBUF;
	else
		return unsupported(custom ? available_custom : available);
	return NULL;
}

err *negotiate_patch(const struct request *r, bool custom, enum negotiate_body *out)
{
	str params, type = media_type(r, &params);

	if (str_eq(type, S("application/json-patch+json")))
		*out = NEGOTIATE_JSON_PATCH;
	else if (str_eq(type, S("application/merge-patch+json")))
		*out = NEGOTIATE_MERGE_PATCH;
	else if (str_eq(type, S("application/strategic-merge-patch+json")) && !custom)
		*out = NEGOTIATE_STRATEGIC;
	else if (str_eq(type, S("application/apply-patch+yaml")))
		*out = NEGOTIATE_APPLY;
	else if (custom)
		return unsupported("application/json-patch+json, application/merge-patch+json, "
				   "application/apply-patch+yaml");
	else
		return status_err(&(struct status){ .code = 415,
						    .reason = S("UnsupportedMediaType"),
						    .message = S("415: Unsupported Media Type"),
						    .details = true });
	return NULL;
}
