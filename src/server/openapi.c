#include "server/openapi.h"

#include "base/clock.h"
#include "base/vec.h"
#include "server/documents.h"
#include "server/negotiate.h"
#include "server/openapi_docs.h"
#include "server/registry.h"
#include "server/server.h"
#include "server/status.h"
#include "text/gotime.h"

#define V2_PROTOBUF "application/com.github.proto-openapi.spec.v2"
#define V3_PROTOBUF "application/com.github.proto-openapi.spec.v3"
#define YEAR (365 * 24 * CLOCK_HOUR)

/* Without a word. */
static err *not_acceptable(struct request *r)
{
	r->answer.code = 406;
	r->answer.type = STR_NONE;
	return NULL;
}

static bool is_any(str type)
{
	return str_eq(type, S("application/json")) || str_eq(type, S("application/*")) ||
	       str_eq(type, S("*/*"));
}

/* ---- version 2 --------------------------------------------------------- */

static void write_v2(struct request *r, const struct document *d, const struct discovery_rows *rows,
		     struct buf *b)
{
	(void)d;
	documents_write_json(b, openapi_v2(r->arena, rows));
}

static void write_v2_protobuf(struct request *r, const struct document *d,
			      const struct discovery_rows *rows, struct buf *b)
{
	(void)d;
	openapi_gnostic(b, openapi_v2(r->arena, rows));
}

static err *run_v2(struct request *r)
{
	static const struct document json = {
		.key = { "/openapi/v2", 11 }, .type = { "application/json", 16 }, .write = write_v2
	};
	struct document protobuf = { .key = S("/openapi/v2;protobuf"),
				     .type = S(V2_PROTOBUF ".v1.0+protobuf"),
				     .write = write_v2_protobuf };
	struct negotiate_clause *clauses;
	size_t n = negotiate_parse(r->arena, request_header(r, S("accept")), &clauses);

	for (size_t i = 0; i < n; i++) {
		str type = clauses[i].type;

		if (is_any(type))
			return documents_answer(r, &json);
		if (str_eq(type, S(V2_PROTOBUF "@v1.0+protobuf")) || str_eq(type, protobuf.type))
			return documents_answer(r, &protobuf);
	}
	if (!n)
		return documents_answer(r, &json);
	return not_acceptable(r);
}

/* ---- version 3 --------------------------------------------------------- */

static void write_v3(struct request *r, const struct document *d, const struct discovery_rows *rows,
		     struct buf *b)
{
	documents_write_json(b, openapi_v3(r->arena, rows, d->group, d->version));
}

static void write_v3_protobuf(struct request *r, const struct document *d,
			      const struct discovery_rows *rows, struct buf *b)
{
	openapi_gnostic3(b, openapi_v3(r->arena, rows, d->group, d->version));
}

/* "apis/apps/v1" */
static struct document v3_document(struct arena *a, str group, str version)
{
	str path = group.n ? arena_cat(a, S("apis/"), group, S("/"), version)
			   : arena_cat(a, S("api/"), version);

	return (struct document){ .key = arena_cat(a, S("/openapi/v3/"), path),
				  .type = S("application/json"),
				  .write = write_v3,
				  .group = group,
				  .version = version };
}

typedef VEC(struct gvk) versions;

/* All groups and versions that are served, each once. */
static versions served(struct request *r)
{
	size_t n;
	const struct kind **list = registry_list(server_registry(r->server), &n);
	versions out = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct gvk g = { arena_str(r->arena, list[i]->gvk.group),
				 arena_str(r->arena, list[i]->gvk.version), STR_NONE };
		size_t k = 0;

		while (k < out.n && !gvk_eq(out.p[k], g))
			k++;
		if (k == out.n)
			avec_push(r->arena, &out, g);
	}
	registry_release_list(list, n);
	return out;
}

static err *add_to_index(struct request *r, struct gvk g, node paths)
{
	struct document d = v3_document(r->arena, g.group, g.version);
	char hash[DOCUMENTS_HASH + 1];
	node entry = node_map(r->arena, 1);

	TRY(documents_hash(r, &d, hash));
	str url = arena_printf(r->arena, "%.*s?hash=%s", STR_ARG(d.key), hash);

	node_set(r->arena, entry, S("serverRelativeURL"), node_from_str(r->arena, url));
	node_set(r->arena, paths, str_from(d.key, sizeof "/openapi/v3/" - 1), entry);
	return NULL;
}

/* The hashes are at hand once each document was made. */
static void write_index(struct request *r, const struct document *d, const struct discovery_rows *rows,
			struct buf *b)
{
	versions all = served(r);
	node doc = node_map(r->arena, 1), paths = node_map(r->arena, all.n);

	(void)d, (void)rows;
	for (size_t i = 0; i < all.n; i++)
		err_free(add_to_index(r, all.p[i], paths));
	node_sort(paths);
	node_set(r->arena, doc, S("paths"), paths);
	documents_write_json(b, doc);
}

static err *run_index(struct request *r)
{
	static const struct document index = { .key = { "/openapi/v3", 11 },
					       .type = { "text/plain; charset=utf-8", 25 },
					       .keep = true,
					       .write = write_index };

	return documents_answer(r, &index);
}

static str year_from_now(struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc((clock_wall() + YEAR) / CLOCK_SECOND, 0),
		      S("Mon, 02 Jan 2006 15:04:05 GMT"));
	return arena_str(a, buf_str(&b));
}

/* Which form is wanted: false, none that there is. */
static bool choose_v3(struct request *r, bool *protobuf)
{
	struct negotiate_clause *clauses;
	size_t n = negotiate_parse(r->arena, request_header(r, S("accept")), &clauses);

	*protobuf = false;
	for (size_t i = 0; i < n; i++) {
		*protobuf = str_eq(clauses[i].type, S(V3_PROTOBUF "@v1.0+protobuf")) ||
			    str_eq(clauses[i].type, S(V3_PROTOBUF ".v1.0+protobuf"));
		if (*protobuf || is_any(clauses[i].type))
			return true;
	}
	return n == 0;
}

/* The same document, and the same tag. */
static err *answer_v3_protobuf(struct request *r, const struct document *json)
{
	struct document d = *json;

	d.key = arena_cat(r->arena, json->key, S(";protobuf"));
	d.type = S(V3_PROTOBUF ".v1.0+protobuf");
	d.write = write_v3_protobuf;
	d.tag_of = json;
	return documents_answer(r, &d);
}

/* A URL with the right hash never changes its meaning; with another it leads
 * to the right one. */
static err *answer_hashed(struct request *r, const struct document *d, str hash, bool protobuf)
{
	char right[DOCUMENTS_HASH + 1];

	TRY(documents_hash(r, d, right));
	if (str_eq(hash, str_c(right))) {
		request_add_header(r, S("Cache-Control"), S("public, immutable"));
		request_add_header(r, S("Expires"), year_from_now(r->arena));
		return protobuf ? answer_v3_protobuf(r, d) : documents_answer(r, d);
	}
	r->answer.code = 301;
	request_add_header(r, S("Location"), arena_printf(r->arena, "%.*s?hash=%s", STR_ARG(d->key), right));
	return NULL;
}

/* Of what there is no document. */
static err *no_document(struct request *r)
{
	r->answer.code = 404;
	r->answer.type = STR_NONE;
	return NULL;
}

static err *run_v3(struct request *r)
{
	str path = r->path, group = STR_NONE, version, hash = request_query(r, S("hash"));
	bool protobuf;

	str_take_str(&path, S("/openapi/v3/"));
	if (str_take_str(&path, S("api/")))
		version = path;
	else if (!str_take_str(&path, S("apis/")) || !str_split(path, '/', &group, &version))
		version = STR_NONE;
	if (!version.n || !registry_has_version(server_registry(r->server), group, version, false))
		return no_document(r);
	if (!choose_v3(r, &protobuf))
		return not_acceptable(r);
	struct document d = v3_document(r->arena, group, version);

	if (hash.n)
		return answer_hashed(r, &d, hash, protobuf);
	return protobuf ? answer_v3_protobuf(r, &d) : documents_answer(r, &d);
}

const struct endpoint openapi_endpoints[] = {
	{ "/openapi/v2", .any = true, .run = run_v2 },
	{ "/openapi/v3", .any = true, .run = run_index },
	{ "/openapi/v3/*", .any = true, .run = run_v3 },
	{ .path = NULL },
};
