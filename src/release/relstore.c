#include "release/relstore.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/sort.h"
#include "base/vec.h"
#include "text/base64.h"
#include "value/json.h"

/* A Secret of 1 MiB holds at most so much base64 in base64. */
enum { STORED_MAX = 8 << 20 };

static const struct client_resource *resource(const struct relstore *s)
{
	return s->driver == RELSTORE_SECRET ? &client_secrets : &client_configmaps;
}

err *relstore_driver(str word, enum relstore_driver *out)
{
	if (!word.n || str_eq(word, S("secret")) || str_eq(word, S("secrets")))
		*out = RELSTORE_SECRET;
	else if (str_eq(word, S("configmap")) || str_eq(word, S("configmaps")))
		*out = RELSTORE_CONFIGMAP;
	else if (str_eq(word, S("memory")))
		*out = RELSTORE_MEMORY;
	else if (str_eq(word, S("sql")))
		return err_new(ERR_INVALID,
			       "the sql driver is not supported: rill keeps releases in Secrets, "
			       "ConfigMaps or memory");
	else
		return err_new(ERR_INVALID, "unknown driver \"%.*s\"", STR_ARG(word));
	return NULL;
}

str relstore_key(struct arena *a, str name, int64_t version)
{
	return arena_printf(a, "sh.helm.release.v1.%.*s.v%lld", STR_ARG(name),
			    (long long)version);
}

bool relstore_is_own_label(str key)
{
	static const char *const own[] = { "name",    "owner",	   "status",
					   "version", "createdAt", "modifiedAt" };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (str_eq(key, str_c(own[i])))
			return true;
	return false;
}

err *relstore_check_labels(node labels)
{
	node_each_pair(p, labels)
		if (relstore_is_own_label(node_str(p->key)))
			return err_new(ERR_INVALID,
				       "user supplied labels contains system reserved label name. "
				       "System labels: [name owner status version createdAt modifiedAt]");
	return NULL;
}

/* ---- reading ----------------------------------------------------------- */

static err *from_object(const struct relstore *s, struct arena *a, node object, struct record *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(STORED_MAX);
	str data = node_str(node_dig(object, "data", "release"));

	if (s->driver != RELSTORE_SECRET)
		return record_decode(a, data, out);
	TRY(base64_read(&b, data, BASE64_STD));
	return record_decode(a, buf_str(&b), out);
}

static int by_revision(const void *x, const void *y, void *ctx)
{
	const struct record *a = x, *b = y;

	(void)ctx;
	return a->version < b->version ? -1 : a->version > b->version;
}

err *relstore_find(const struct relstore *s, struct arena *a, str name, str status, str selector,
		   struct record_list *out)
{
	/* In Helm's order: the address is in messages. */
	str wish = arena_cat(a, name.n ? S("name=") : STR_NONE, name, name.n ? S(",") : STR_NONE,
			     S("owner=helm"), status.n ? S(",status=") : STR_NONE, status,
			     selector.n ? S(",") : STR_NONE, selector);
	node list;
	err *e = s->memory ? relmemory_list(s->memory, a, s->ns, wish, &list)
			   : client_list(s->client, a, resource(s), s->ns, wish, STR_NONE, &list);

	*out = (struct record_list){ 0 };
	if (e)
		return err_wrap(e, name.n ? "query: failed to query with labels"
					  : "list: failed to list");
	node_each_item(i, node_get(list, S("items"))) {
		struct record r;
		CLEANUP(err_drop) err *bad = from_object(s, a, *i, &r);

		out->unread += bad != NULL;
		if (bad)
			continue;
		r.labels = node_dig(*i, "metadata", "labels");
		avec_push(a, out, r);
	}
	sort_stable(out->p, out->n, sizeof *out->p, by_revision, NULL);
	return NULL;
}

err *relstore_read(const struct relstore *s, struct arena *a, str name, int64_t version,
		   struct record *out)
{
	str key = relstore_key(a, name, version);
	node object;
	err *e = s->memory ? relmemory_get(s->memory, a, s->ns, key, &object)
			   : client_get(s->client, a, resource(s), s->ns, key, &object);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		return err_replace(e, "release: not found");
	if (e)
		return err_wrap(e, "get: failed to get \"%.*s\"", STR_ARG(key));
	e = from_object(s, a, object, out);
	if (e)
		return err_wrap(e, "get: failed to decode data \"%.*s\"", STR_ARG(key));
	out->labels = node_dig(object, "metadata", "labels");
	return NULL;
}

err *relstore_get(const struct relstore *s, struct arena *a, str name, int64_t version,
		  struct record *out)
{
	node labels = node_map(a, 4);

	TRY(relstore_read(s, a, name, version, out));
	node_each_pair(p, out->labels)
		if (!relstore_is_own_label(node_str(p->key)))
			node_put(a, labels, p->key, p->value);
	out->labels = labels;
	return NULL;
}

struct record *relstore_last(const struct record_list *h)
{
	return h->n ? &h->p[h->n - 1] : NULL;
}

err *relstore_no_last(const struct record_list *h, str name)
{
	if (h->unread)
		return err_new(ERR_INVALID, "no revision for release \"%.*s\"", STR_ARG(name));
	return err_new(ERR_NOT_FOUND, "release: not found");
}

struct record *relstore_deployed(const struct record_list *h)
{
	for (size_t i = h->n; i-- > 0;)
		if (str_eq(h->p[i].status, S("deployed")))
			return &h->p[i];
	return NULL;
}

/* ---- writing ----------------------------------------------------------- */

static node labels_of(struct arena *a, const struct record *r, const char *stamp)
{
	node out = node_map(a, 8);

	node_set(a, out, str_c(stamp),
		 node_from_str(a, arena_printf(a, "%lld", (long long)(clock_wall() / CLOCK_SECOND))));
	/* A record that was listed has its stamp already; Helm keeps that. */
	node_each_pair(p, r->labels)
		node_put(a, out, p->key, p->value);
	node_set(a, out, S("name"), node_from_str(a, r->name));
	node_set(a, out, S("owner"), node_lit("helm"));
	node_set(a, out, S("status"), node_from_str(a, r->status));
	node_set(a, out, S("version"),
		 node_from_str(a, arena_printf(a, "%lld", (long long)r->version)));
	return out;
}

static err *to_object(const struct relstore *s, struct arena *a, const struct record *r,
		      const char *stamp, node *out)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(STORED_MAX), twice = BUF_LIMIT(STORED_MAX);
	node object = node_map(a, 5), meta = node_map(a, 3), data = node_map(a, 1);
	bool secret = s->driver == RELSTORE_SECRET;

	TRY(record_encode(r, s->cache, &text));
	if (secret) {
		base64_write(&twice, buf_str(&text), BASE64_STD);
		TRY(buf_check(&twice, "the release"));
	}
	node_set(a, object, S("apiVersion"), node_lit("v1"));
	node_set(a, object, S("kind"), secret ? node_lit("Secret") : node_lit("ConfigMap"));
	node_set(a, meta, S("name"), node_from_str(a, relstore_key(a, r->name, r->version)));
	node_set(a, meta, S("namespace"), node_from_str(a, s->ns));
	node_set(a, meta, S("labels"), labels_of(a, r, stamp));
	node_set(a, object, S("metadata"), meta);
	if (secret)
		node_set(a, object, S("type"), node_lit("helm.sh/release.v1"));
	node_set(a, data, S("release"), node_copy_str(a, buf_str(secret ? &twice : &text)));
	node_set(a, object, S("data"), data);
	*out = object;
	return NULL;
}

/* Of the answer nobody needs the data, which the request had. */
#define METADATA S("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json")

static err *send(const struct relstore *s, struct arena *a, const char *method, str name, node object)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	node answer;

	TRY(json_write(&body, object, NULL));
	if (s->memory)
		return relmemory_put(s->memory, s->ns, node_str(node_dig(object, "metadata", "name")),
				     buf_str(&body), !name.n);
	TRY(client_do(s->client, a,
		      &(struct client_request){
			      .method = str_c(method),
			      .path = client_path(a, resource(s), s->ns, name, STR_NONE),
			      .query = client_query_of(a, S("fieldManager"), s->manager),
			      .body = buf_str(&body),
			      .accept = METADATA },
		      &answer));
	if (s->wrote)
		s->wrote(s->wrote_ctx, answer);
	return NULL;
}

err *relstore_create(const struct relstore *s, const struct record *r, size_t *size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node object;
	err *e = to_object(s, &a, r, "createdAt", &object);

	if (!e && size) {
		*size = node_str(node_dig(object, "data", "release")).n;
		if (s->driver == RELSTORE_SECRET)	/* base64 of that base64 */
			*size = *size / 4 * 3;
	}
	if (e)
		return err_wrap(e, "create: failed to encode release \"%.*s\"", STR_ARG(r->name));
	e = send(s, &a, "POST", STR_NONE, object);
	if (e && err_kind(e) == ERR_EXISTS)
		return err_replace(e, "release: already exists");
	return e ? err_wrap(e, "create: failed to create") : NULL;
}

err *relstore_update(const struct relstore *s, const struct record *r)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node object;
	err *e = to_object(s, &a, r, "modifiedAt", &object);

	if (e)
		return err_wrap(e, "update: failed to encode release \"%.*s\"", STR_ARG(r->name));
	e = send(s, &a, "PUT", relstore_key(&a, r->name, r->version), object);
	return e ? err_wrap(e, "update: failed to update") : NULL;
}

err *relstore_delete(const struct relstore *s, str name, int64_t version)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str key = relstore_key(&a, name, version);
	err *e = s->memory ? relmemory_delete(s->memory, s->ns, key)
			   : client_delete(s->client, &a, resource(s), s->ns, key, NULL);

	return e && err_kind(e) == ERR_NOT_FOUND ? err_replace(e, "release: not found") : e;
}

err *relstore_trim(const struct relstore *s, const struct record_list *history, int64_t max)
{
	const struct record *deployed = relstore_deployed(history);
	size_t left = history->n, bad = 0;
	err *first = NULL;

	if (max <= 0)
		return NULL;
	for (size_t i = 0; i < history->n && left > (size_t)max - 1; i++) {
		const struct record *r = &history->p[i];

		if (deployed && r->version == deployed->version)
			continue;
		left--;
		err *e = relstore_delete(s, r->name, r->version);

		bad += e != NULL;
		if (first)
			err_free(e);
		else
			first = e;
	}
	return bad > 1 ? err_wrap(first, "encountered %zu deletion errors. First is", bad) : first;
}
