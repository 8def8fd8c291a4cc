#include "server/discovery.h"

#include "server/documents.h"
#include "server/negotiate.h"
#include "server/registry.h"
#include "server/route.h"
#include "server/server.h"
#include "server/status.h"
#include "value/yaml.h"

#define AGGREGATED_TYPE S("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")

enum form { FORM_JSON, FORM_YAML, FORM_AGGREGATED };

/* ---- forms ------------------------------------------------------------- */

static bool takes(const struct negotiate_clause *c, bool aggregates, enum form *out)
{
	str as = negotiate_param(c, S("as")), g = negotiate_param(c, S("g"));
	str v = negotiate_param(c, S("v"));
	bool json = str_eq(c->type, S("application/json")) || str_eq(c->type, S("application/*")) ||
		    str_eq(c->type, S("*/*"));

	if (!as.n && !g.n && !v.n) {
		*out = json ? FORM_JSON : FORM_YAML;
		return json || str_eq(c->type, S("application/yaml"));
	}
	*out = FORM_AGGREGATED;
	return json && aggregates && str_eq(as, S("APIGroupDiscoveryList")) &&
	       str_eq(g, S("apidiscovery.k8s.io")) && str_eq(v, S("v2"));
}

static err *choose_form(struct request *r, bool aggregates, enum form *out)
{
	struct negotiate_clause *clauses;
	size_t n = negotiate_parse(r->arena, request_header(r, S("accept")), &clauses);

	*out = FORM_JSON;
	for (size_t i = 0; i < n; i++)
		if (takes(&clauses[i], aggregates, out))
			return NULL;
	if (!n)
		return NULL;
	return status_err(&(struct status){
		.code = 406,
		.reason = S("NotAcceptable"),
		.message = S("only the following media types are accepted: application/json, "
			     "application/yaml, application/vnd.kubernetes.protobuf") });
}

/* ---- documents --------------------------------------------------------- */

static void write_aggregated(struct request *r, const struct document *d,
			     const struct discovery_rows *rows, struct buf *b)
{
	bool core = str_eq(d->key, S("/api;aggregated"));

	documents_write_json(b, discovery_aggregated(r->arena, rows, core));
}

/* Those of old are small and asked for by old clients only: made each time. */
static err *answer(struct request *r, enum form form, node doc)
{
	r->answer.type = S("application/json");
	if (form == FORM_YAML) {
		r->answer.type = S("application/yaml");
		return yaml_write(&r->answer.body, doc, YAML_WRITE_SIGS);
	}
	documents_write_json(&r->answer.body, doc);
	return NULL;
}

static str own_address(struct request *r)
{
	str url = server_url(r->server), host = request_header(r, S("host"));
	size_t at = str_find(url, S("://"));

	return at == STR_NPOS ? host : str_from(url, at + 3);
}

typedef node make_fn(struct request *r, const struct discovery_rows *rows, str group, str version);

static node make_versions(struct request *r, const struct discovery_rows *rows, str group, str version)
{
	(void)rows, (void)group, (void)version;
	return discovery_versions(r->arena, own_address(r));
}

static node make_groups(struct request *r, const struct discovery_rows *rows, str group, str version)
{
	(void)group, (void)version;
	return discovery_groups(r->arena, rows);
}

static node make_group(struct request *r, const struct discovery_rows *rows, str group, str version)
{
	(void)version;
	return discovery_group(r->arena, rows, group);
}

static node make_resources(struct request *r, const struct discovery_rows *rows, str group, str version)
{
	return discovery_resources(r->arena, rows, group, version);
}

/* The tree is written before the rows are given back. */
static err *answer_with(struct request *r, make_fn *make, str group, str version)
{
	struct discovery_rows rows;
	enum form form;

	TRY(choose_form(r, false, &form));
	const struct kind **list = registry_list(server_registry(r->server), &rows.n);

	rows.list = list;
	node doc = make(r, &rows, group, version);
	err *e = node_is(doc, NODE_NONE) ? NULL : answer(r, form, doc);

	registry_release_list(list, rows.n);
	if (!node_is(doc, NODE_NONE) || e)
		return e;
	if (version.n && registry_has_group(server_registry(r->server), group, true))
		return status_no_resource();
	route_nothing(r);
	return NULL;
}

static err *answer_root(struct request *r, str key, make_fn *make)
{
	enum form form;

	TRY(choose_form(r, true, &form));
	if (form != FORM_AGGREGATED)
		return answer_with(r, make, STR_NONE, STR_NONE);
	return documents_answer(r, &(struct document){ .key = key,
						       .type = AGGREGATED_TYPE,
						       .keep = true,
						       .write = write_aggregated });
}

/* ---- endpoints --------------------------------------------------------- */

static err *run_api(struct request *r)
{
	str version = r->path;

	str_take_str(&version, S("/api"));
	str_take(&version, '/');
	version = str_trim_right_set(version, S("/"));
	if (!version.n)
		return answer_root(r, S("/api;aggregated"), make_versions);
	return answer_with(r, make_resources, STR_NONE, version);
}

static err *run_apis(struct request *r)
{
	str path = r->path, group, version;

	str_take_str(&path, S("/apis"));
	str_take(&path, '/');
	path = str_trim_right_set(path, S("/"));
	if (!path.n)
		return answer_root(r, S("/apis;aggregated"), make_groups);
	if (str_split(path, '/', &group, &version))
		return str_eq(r->method, S("GET")) ? answer_with(r, make_resources, group, version)
						   : status_method_not_allowed();
	return answer_with(r, make_group, group, STR_NONE);
}

const struct endpoint discovery_endpoints[] = {
	{ "/api", .run = run_api },
	{ "/api/*", .run = run_api },
	{ "/apis", .run = run_apis },
	{ "/apis/*", .any = true, .run = run_apis },
	{ .path = NULL },
};
