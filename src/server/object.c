#include "server/object.h"

#include "server/custom.h"
#include "server/server.h"
#include "server/store.h"
#include "value/json.h"

/* The order in which Go's ObjectMeta is written. The number of the state is
 * put in by the store. */
static const str meta_order[] = {
	{ "name", 4 },
	{ "generateName", 12 },
	{ "namespace", 9 },
	{ "uid", 3 },
	{ "resourceVersion", 15 },
	{ "generation", 10 },
	{ "creationTimestamp", 17 },
	{ "deletionTimestamp", 17 },
	{ "deletionGracePeriodSeconds", 26 },
	{ "labels", 6 },
	{ "annotations", 11 },
	{ "ownerReferences", 15 },
	{ "finalizers", 10 },
	{ "managedFields", 13 },
};
/* What most objects take, with the owners of their fields. */
enum { OBJECT_USUAL = 2000 };
enum { META_N = sizeof meta_order / sizeof *meta_order, META_VERSION = 4 };

/* ---- writing ----------------------------------------------------------- */

/* A tree that came in as JSON or was made here can be written. */
static void add_value(struct buf *b, node n)
{
	err_free(json_write(b, n, &(struct json_style){ .source_order = true }));
}

static void add_key(struct buf *b, str key, bool *more)
{
	if (*more)
		buf_addc(b, ',');
	*more = true;
	json_write_str(b, key, false);
	buf_addc(b, ':');
}

/* The lists in metadata have structs as items: their fields in Go's order. */
static const char *const owner_order[] = {
	"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion", NULL
};
static const char *const managed_order[] = {
	"manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource", NULL
};

static void add_structs(struct buf *b, node list, const char *const *order)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < node_len(list); i++) {
		bool more = false;

		buf_add(b, i ? S(",{") : S("{"));
		for (const char *const *key = order; *key; key++) {
			node value = node_get(node_at(list, i), str_c(*key));

			if (node_is_nil(value))
				continue;
			add_key(b, str_c(*key), &more);
			add_value(b, value);
		}
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void add_meta_value(struct buf *b, str key, node value)
{
	if (str_eq(key, S("ownerReferences")) && node_is(value, NODE_SEQ))
		add_structs(b, value, owner_order);
	else if (str_eq(key, S("managedFields")) && node_is(value, NODE_SEQ))
		add_structs(b, value, managed_order);
	else
		add_value(b, value);
}

static bool is_usual(str key)
{
	for (size_t i = 0; i < META_N; i++)
		if (str_eq(meta_order[i], key))
			return true;
	return false;
}

/* Metadata; `split` (or NULL) gets the place of the resourceVersion's digits,
 * which are left out. */
static void add_meta(struct buf *b, node meta, size_t *split)
{
	bool more = false;

	buf_addc(b, '{');
	for (size_t i = 0; i < META_N; i++) {
		node value = node_get(meta, meta_order[i]);

		if (i == META_VERSION && split) {
			add_key(b, meta_order[i], &more);
			buf_addc(b, '"');
			*split = b->n;
			buf_addc(b, '"');
		} else if (!node_is_nil(value)) {
			add_key(b, meta_order[i], &more);
			add_meta_value(b, meta_order[i], value);
		}
	}
	node_each_pair(p, meta) {
		if (is_usual(node_str(p->key)))
			continue;
		add_key(b, node_str(p->key), &more);
		add_value(b, p->value);
	}
	buf_addc(b, '}');
}

static bool is_head(str key)
{
	return str_eq(key, S("kind")) || str_eq(key, S("apiVersion")) || str_eq(key, S("metadata"));
}

static void add_rest(struct buf *b, node object, bool *more)
{
	node_each_pair(p, object) {
		if (is_head(node_str(p->key)))
			continue;
		add_key(b, node_str(p->key), more);
		add_value(b, p->value);
	}
	buf_addc(b, '}');
}

static void add_name(struct buf *b, str key, node value, bool *more)
{
	if (node_is(value, NODE_NONE))
		return;
	add_key(b, key, more);
	add_value(b, value);
}

void object_print(struct buf *b, node object)
{
	bool more = false;

	buf_addc(b, '{');
	add_name(b, S("kind"), node_get(object, S("kind")), &more);
	add_name(b, S("apiVersion"), node_get(object, S("apiVersion")), &more);
	if (node_has(object, S("metadata"))) {
		add_key(b, S("metadata"), &more);
		add_meta(b, node_get(object, S("metadata")), NULL);
	}
	add_rest(b, object, &more);
}

/* ---- storing ----------------------------------------------------------- */

void object_set_names(struct arena *a, node object, struct gvk gvk)
{
	node_set(a, object, S("kind"), node_from_str(a, gvk.kind));
	node_set(a, object, S("apiVersion"), node_from_str(a, gvk_api_version(a, gvk)));
}

struct gvk object_stored_gvk(const struct kind *k)
{
	struct gvk g = kind_stored(k)->gvk;

	if (k->custom)
		g.version = custom_storage_version(k);
	return g;
}

void object_parts(struct arena *a, const struct kind *k, node object, struct blob_parts *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gvk stored = object_stored_gvk(k);
	node meta = node_get(object, S("metadata"));
	bool more = true;
	size_t split = 0;

	buf_reserve(&b, OBJECT_USUAL);
	if (k->stored && k->hooks && k->hooks->to_stored)
		object = k->hooks->to_stored(a, object);
	if (k->custom)
		object = custom_store(a, k, object);
	buf_add(&b, S("{\"kind\":"));
	json_write_str(&b, stored.kind, false);
	buf_add(&b, S(",\"apiVersion\":"));
	json_write_str(&b, gvk_api_version(a, stored), false);
	buf_addc(&b, ',');
	/* lists of custom resources name each item's kind */
	*out = (struct blob_parts){
		.namespace = node_str(node_get(meta, S("namespace"))),
		.name = node_str(node_get(meta, S("name"))),
		.body_at = k->custom ? 1 : (uint32_t)b.n,
		.stamp = k->stamp,
	};
	buf_add(&b, S("\"metadata\":"));
	out->meta_at = (uint32_t)b.n;
	add_meta(&b, meta, &split);
	add_rest(&b, object, &more);
	str json = arena_str(a, buf_str(&b));

	out->head = str_sub(json, 0, split);
	out->tail = str_from(json, split);
}

void object_same_parts(const struct blob *b, struct blob_parts *out)
{
	str json = blob_json(b), digits = blob_meta(b, S("resourceVersion"));
	size_t at = (size_t)(digits.p - json.p) + 1;

	*out = (struct blob_parts){
		.head = str_sub(json, 0, at),
		.tail = str_from(json, at + digits.n - 2),
		.namespace = blob_namespace(b),
		.name = blob_name(b),
		.body_at = b->body_at,
		.meta_at = b->meta_at,
		.stamp = b->stamp,
	};
}

/* ---- reading ----------------------------------------------------------- */

bool object_is_plain(const struct kind *k, const struct blob *b)
{
	return b->stamp == k->stamp && gvk_eq(object_stored_gvk(k), k->gvk);
}

node object_read(struct arena *a, const struct kind *k, const struct blob *b)
{
	node object = blob_tree(a, b);

	if (object_is_plain(k, b))
		return object;
	if (k->stored && k->hooks && k->hooks->from_stored)
		object = k->hooks->from_stored(a, object);
	if (k->custom)
		return custom_show(a, k, object, b->stamp == k->stamp);
	object_set_names(a, object, k->gvk);
	return object;
}

struct blob *object_current(struct server *s, const struct kind *k, struct blob *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct blob_parts parts;

	if (b->stamp == k->stamp || !gvk_eq(object_stored_gvk(k), k->gvk))
		return blob_ref(b);
	object_parts(&a, k, object_read(&a, k, b), &parts);
	struct blob *new = blob_new(&parts, b->rv);

	store_refresh(server_store(s), server_table(s, k), b, blob_ref(new));
	return new;
}

void object_add(struct buf *b, struct arena *a, const struct kind *k, const struct blob *blob,
		bool in_list)
{
	if (object_is_plain(k, blob)) {
		if (in_list) {
			buf_addc(b, '{');
			buf_add(b, blob_body(blob));
		} else {
			buf_add(b, blob_json(blob));
		}
		return;
	}
	struct arena_mark mark = arena_mark(a);
	node object = object_read(a, k, blob);

	if (in_list && !k->custom) {
		node_remove(object, S("kind"));
		node_remove(object, S("apiVersion"));
	}
	object_print(b, object);
	arena_rewind(a, mark);
}
