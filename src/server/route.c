#include "server/route.h"

#include "server/registry.h"
#include "server/server.h"
#include "server/status.h"
#include "server/subresource.h"
#include "text/gourl.h"
#include "text/names.h"
#include "text/quote.h"

enum { ROUTE_PARTS_MAX = 16, ROUTE_PATH_MAX = 8 << 10 };

struct parts {
	str p[ROUTE_PARTS_MAX];
	size_t n;
};

/* ---- what it asks for -------------------------------------------------- */

static const char *verb_of(const struct request *r)
{
	static const struct {
		const char *method, *one, *many;
	} verbs[] = {
		{ "GET", "get", "list" },       { "HEAD", "get", "list" },
		{ "POST", "create", "create" }, { "PUT", "update", "update" },
		{ "PATCH", "patch", "patch" },  { "DELETE", "delete", "deletecollection" },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (str_eq(r->method, str_c(verbs[i].method)))
			return r->name.n ? verbs[i].one : verbs[i].many;
	return "";
}

/* A list or watch of one name counts as one of that object. */
static str selected_name(const struct request *r)
{
	str rest = request_query(r, S("fieldSelector")), one, value;

	while (str_cut(&rest, &one, ',')) {
		if (!str_take_str(&one, S("metadata.name")) || !str_take(&one, '='))
			continue;
		value = one;
		str_take(&value, '=');
		return value;
	}
	return STR_NONE;
}

static void set_verb(struct request *r, bool watch)
{
	r->verb = str_c(verb_of(r));
	if (!str_eq(r->verb, S("list")) && !watch)
		return;
	if (watch || request_flag(r, S("watch")))
		r->verb = S("watch");
	if (!r->name.n)
		r->auth_name = selected_name(r);
}

static bool is_namespace_sub(str s)
{
	return str_eq(s, S("status")) || str_eq(s, S("finalize"));
}

static str join_rest(struct request *r, const struct parts *p, size_t from)
{
	return from < p->n ? arena_join(r->arena, p->p + from, p->n - from, S("/")) : STR_NONE;
}

static void set_resource(struct request *r, const struct parts *p, size_t at)
{
	bool watch = at < p->n && str_eq(p->p[at], S("watch"));

	at += watch;
	if (at >= p->n)
		return;
	r->resource = true;
	if (str_eq(p->p[at], S("namespaces")) && at + 1 < p->n) {
		r->namespace = p->p[at + 1];
		r->below = at + 2 < p->n && !is_namespace_sub(p->p[at + 2]);
		if (r->below)
			at += 2;
	}
	r->plural = p->p[at];
	if (at + 1 < p->n)
		r->name = p->p[at + 1];
	if (at + 2 < p->n)
		r->sub = p->p[at + 2];
	r->sub_path = join_rest(r, p, at + 3);
	r->auth_name = r->name;
	set_verb(r, watch);
}

static void set_api(struct request *r, const struct parts *p)
{
	if (p->n > 1 && str_eq(p->p[0], S("api"))) {
		r->version = p->p[1];
		set_resource(r, p, 2);
	} else if (p->n > 2 && str_eq(p->p[0], S("apis"))) {
		r->group = p->p[1];
		r->version = p->p[2];
		set_resource(r, p, 3);
	}
}

static err *bad_path(void)
{
	return status_bad_request("the path of the request cannot be read");
}

/* A part may be empty, but for slashes at both ends. */
static err *split_path(str path, struct parts *out)
{
	out->n = 0;
	while (str_take(&path, '/'))
		;
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	while (path.n && out->n < ROUTE_PARTS_MAX)
		str_cut(&path, &out->p[out->n++], '/');
	return path.n ? bad_path() : NULL;
}

err *route_parse(struct request *r, str target)
{
	struct parts parts;
	str query;

	str_split(target, '?', &r->raw_path, &query);
	request_parse_query(r, query);
	if (r->raw_path.n > ROUTE_PATH_MAX)
		return bad_path();
	err *e = gourl_unescape_segment(r->arena, r->raw_path, &r->path);

	if (e) {
		err_free(e);
		return bad_path();
	}
	TRY(split_path(r->path, &parts));
	r->verb = r->method; /* of endpoints: see auth.c */
	set_api(r, &parts);
	return NULL;
}

/* ---- whether there is one ---------------------------------------------- */

void route_nothing(struct request *r)
{
	r->answer.code = 404;
	r->answer.type = S("text/plain; charset=utf-8");
	buf_clear(&r->answer.body);
	buf_add(&r->answer.body, S("404 page not found\n"));
}

/* A path that leads nowhere: below built-in groups that is a Status. */
static err *nowhere(struct request *r)
{
	if (registry_has_group(server_registry(r->server), r->group, true))
		return status_no_resource();
	route_nothing(r);
	return NULL;
}

static uint16_t kind_verb_of(str verb)
{
	static const struct {
		const char *name;
		uint16_t verb;
	} verbs[] = {
		{ "get", KIND_GET },       { "list", KIND_LIST },
		{ "watch", KIND_WATCH },   { "create", KIND_CREATE },
		{ "update", KIND_UPDATE }, { "patch", KIND_PATCH },
		{ "delete", KIND_DELETE }, { "deletecollection", KIND_DELETE_ALL },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (str_eq(verb, str_c(verbs[i].name)))
			return verbs[i].verb;
	return 0;
}

static bool takes_object(const struct request *r, const struct kind *k, uint16_t verb)
{
	bool collection = verb & (KIND_LIST | KIND_CREATE | KIND_DELETE_ALL);

	if (str_eq(r->method, S("HEAD")) || !(k->verbs & verb))
		return false;
	if (verb & (KIND_CREATE | KIND_DELETE_ALL) && k->namespaced && !r->namespace.n)
		return false; /* such paths only list and watch */
	return collection ? !r->name.n : verb == KIND_WATCH || r->name.n;
}

/* What can be created, and nothing else, has no names. */
static bool has_names(const struct kind *k)
{
	return k->verbs & (KIND_GET | KIND_UPDATE | KIND_PATCH | KIND_DELETE);
}

static err *check_sub(struct request *r, const struct kind *k, uint16_t verb)
{
	struct kind_subresource sub;

	if (!subresource_of_kind(k, r->sub, &sub))
		return nowhere(r);
	if (!(sub.verbs & verb) || str_eq(r->method, S("HEAD")))
		return status_method_not_allowed();
	return NULL;
}

static err *check_name(const struct request *r)
{
	CLEANUP(buf_release) struct buf q = BUF_INIT;
	str why[NAME_COMPLAINTS_MAX];
	size_t n = r->name.n ? name_complaints(r->name, NAME_PATH_SEGMENT, why) : 0;

	if (!n)
		return NULL;
	quote_add(&q, r->name, QUOTE_PRINT);
	return status_bad_request("Name parameter invalid: %s: %.*s", buf_c(&q),
				  STR_ARG(arena_join(r->arena, why, n, S("; "))));
}

/* Kinds that are only asked have no path across namespaces. */
static bool is_anywhere(const struct request *r, const struct kind *k)
{
	return !r->namespace.n && k->namespaced &&
	       (r->name.n ? !str_eq(r->verb, S("watch")) : !(k->verbs & (KIND_LIST | KIND_WATCH)));
}

static err *resolve(struct request *r, const struct kind *k)
{
	uint16_t verb = kind_verb_of(r->verb);
	/* The namespace that "/api/v1/namespaces/NS" names is the object. */
	bool of_namespaces = str_eq(k->plural, S("namespaces")) && !k->gvk.group.n;

	if (of_namespaces && !r->below)
		r->namespace = STR_NONE;
	else if (r->namespace.n && !k->namespaced)
		return nowhere(r);
	else if (is_anywhere(r, k))
		return nowhere(r);
	else if (r->name.n && !r->sub.n && !has_names(k))
		return nowhere(r);
	err *e = r->sub.n                   ? check_sub(r, k, verb)
		 : takes_object(r, k, verb) ? NULL
					    : status_method_not_allowed();

	return e || r->answer.code ? e : check_name(r);
}

static err *not_supported(const struct request *r)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	buf_addf(&m, "%.*s is not supported on resources of kind \"%.*s.%.*s\"", STR_ARG(r->verb),
		 STR_ARG(r->plural), STR_ARG(r->group));
	return status_err(&(struct status){ .code = 405,
					    .reason = S("MethodNotAllowed"),
					    .message = buf_str(&m),
					    .group = r->group,
					    .kind = r->plural });
}

/* Custom resources have no routes: their one handler looks at the verb alone. */
static err *resolve_custom(struct request *r, const struct kind *k)
{
	uint16_t verb = kind_verb_of(r->verb);
	struct kind_subresource sub;

	if (r->namespace.n ? !k->namespaced : k->namespaced && !(verb & (KIND_LIST | KIND_WATCH)))
		return nowhere(r);
	if (r->sub.n && !subresource_of_kind(k, r->sub, &sub))
		return status_not_found(r->group, r->plural, r->name);
	if (!verb || (r->sub.n && !(sub.verbs & verb)))
		return not_supported(r);
	if (!r->name.n && verb & (KIND_UPDATE | KIND_PATCH))
		return status_bad_request("name must be provided");
	return check_name(r);
}

err *route_resolve(struct request *r)
{
	const struct kind *k =
		registry_find(server_registry(r->server), r->group, r->version, r->plural);

	if (!k)
		return nowhere(r);
	err *e = k->custom ? resolve_custom(r, k) : resolve(r, k);

	if (e || r->answer.code)
		kind_unref(k);
	else
		r->kind = k;
	return e;
}
