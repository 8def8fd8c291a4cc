#include "server/discovery.h"

#include "server/documents.h"
#include "server/negotiate.h"
#include "server/registry.h"
#include "server/route.h"
#include "server/server.h"
#include "server/status.h"
#include "server/view.h"
#include "value/json.h"

#define AGGREGATED_TYPE S("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")

/* ---- forms ------------------------------------------------------------- */

static bool takes_aggregated(const struct negotiate_clause *c)
{
	str type = c->type;

	return (str_eq(type, S("application/json")) || str_eq(type, S("application/*")) ||
		str_eq(type, S("*/*"))) &&
	       str_eq(negotiate_param(c, S("as")), S("APIGroupDiscoveryList")) &&
	       str_eq(negotiate_param(c, S("g")), S("apidiscovery.k8s.io")) &&
	       str_eq(negotiate_param(c, S("v")), S("v2"));
}

static bool takes_plain(const struct negotiate_clause *c)
{
	static const char *const types[] = { "application/json", "application/*", "*/*", "application/yaml",
					     "application/vnd.kubernetes.protobuf" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_eq(c->type, str_c(types[i])))
			return !negotiate_param(c, S("as")).n && !negotiate_param(c, S("g")).n &&
			       !negotiate_param(c, S("v")).n;
	return false;
}

/* Whether the document of all groups is wanted, rather than one of old. */
static bool wants_aggregated(struct request *r)
{
	struct negotiate_clause *clauses;
	size_t n = negotiate_parse(r->arena, request_header(r, S("accept")), &clauses);

	for (size_t i = 0; i < n; i++)
		if (takes_aggregated(&clauses[i]) || takes_plain(&clauses[i]))
			return takes_aggregated(&clauses[i]);
	return false;
}

#define FORMS "application/json, application/yaml, application/vnd.kubernetes.protobuf"

/* `route`: it is one of those that look at Accept before all else. */
static err *choose_form(struct request *r, bool route)
{
	if (route)
		TRY(negotiate_route(r, FORMS));
	if (negotiate_plain(r))
		return NULL;
	return status_err(&(struct status){ .code = 406,
					    .reason = S("NotAcceptable"),
					    .message = S("only the following media types are accepted: " FORMS) });
}

/* ---- documents --------------------------------------------------------- */

static void write_aggregated(struct request *r, const struct document *d,
			     const struct discovery_rows *rows, struct buf *b)
{
	bool core = str_eq(d->key, S("/api;aggregated"));

	documents_write_json(b, discovery_aggregated(r->arena, rows, core));
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

/* What is there is asked for with GET alone. */
static err *answer_as(struct request *r, node doc, bool route)
{
	if (route && !str_eq(r->method, S("GET")))
		return status_method_not_allowed();
	TRY(choose_form(r, route));
	r->answer.type = S("application/json");
	TRY(json_write(&r->answer.body, doc, &(struct json_style){ .source_order = true }));
	return view_finish(r);
}

/* The tree is written before the rows are given back. */
static err *answer_with(struct request *r, make_fn *make, str group, str version, bool route)
{
	struct discovery_rows rows;
	const struct kind **list = registry_list(server_registry(r->server), &rows.n);

	rows.list = list;
	node doc = make(r, &rows, group, version);
	err *e = node_is(doc, NODE_NONE) ? NULL : answer_as(r, doc, route);

	registry_release_list(list, rows.n);
	if (!node_is(doc, NODE_NONE) || e)
		return e;
	if (version.n && registry_has_group(server_registry(r->server), group, true))
		return status_no_resource();
	route_nothing(r);
	return NULL;
}

static err *answer_root(struct request *r, str key, make_fn *make, bool route)
{
	if (!wants_aggregated(r))
		return answer_with(r, make, STR_NONE, STR_NONE, route);
	if (route && !str_eq(r->method, S("GET")))
		return status_method_not_allowed();
	TRY(documents_answer(r, &(struct document){ .key = key,
						    .type = AGGREGATED_TYPE,
						    .keep = true,
						    .write = write_aggregated }));
	return documents_indent(r);
}

/* ---- endpoints --------------------------------------------------------- */

static err *run_api(struct request *r)
{
	str version = r->path;

	str_take_str(&version, S("/api"));
	str_take(&version, '/');
	version = str_trim_right_set(version, S("/"));
	if (!version.n)
		return answer_root(r, S("/api;aggregated"), make_versions, true);
	return answer_with(r, make_resources, STR_NONE, version, true);
}

/* "/apis", "/apis/" and "/apis/GROUP" answer whatever the method, the rest is routes. */
static err *run_apis(struct request *r)
{
	str path = r->path, group, version;

	str_take_str(&path, S("/apis"));
	str_take(&path, '/');
	path = str_trim_right_set(path, S("/"));
	if (!path.n)
		return answer_root(r, S("/apis;aggregated"), make_groups, false);
	if (str_split(path, '/', &group, &version))
		return answer_with(r, make_resources, group, version,
				   registry_has_group(server_registry(r->server), group, true));
	return answer_with(r, make_group, group, STR_NONE, false);
}

const struct endpoint discovery_endpoints[] = {
	{ "/api", .any = true, .run = run_api },
	{ "/api/*", .any = true, .run = run_api },
	{ "/apis", .any = true, .run = run_apis },
	{ "/apis/*", .any = true, .run = run_apis },
	{ .path = NULL },
};
