#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "client/live_impl.h"
#include "value/json.h"

struct live_blob *live_blob_ref(struct live_blob *b)
{
	if (b)
		atomic_fetch_add(&b->count, 1);
	return b;
}

void live_blob_unref(struct live_blob *b)
{
	if (b && atomic_fetch_sub(&b->count, 1) == 1)
		free(b);
}

/* ---- content ----------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd + b;

	x ^= x >> 32;
	x *= 0xc4ceb9fe1a85ec53;
	return x ^ x >> 29;
}

/* Maps are sums over their pairs: their order does not count. */
static uint64_t hash_node(node n)
{
	uint64_t h = n.kind;

	if (n.kind == NODE_MAP) {
		node_each_pair(p, n)
			h += mix(hash_bytes(node_str(p->key)), hash_node(p->value));
		return mix(h, NODE_MAP);
	}
	if (n.kind == NODE_SEQ) {
		node_each_item(i, n)
			h = mix(h, hash_node(*i));
		return h;
	}
	if (n.kind == NODE_STR)
		return mix(h, hash_bytes(node_str(n)));
	if (n.kind == NODE_FLOAT) {
		double f = node_float(n);
		uint64_t bits;

		memcpy(&bits, &f, sizeof bits);
		return mix(h, bits);
	}
	return mix(h, n.kind == NODE_BOOL ? node_bool(n) : (uint64_t)node_int(n));
}

/* What controllers and commands write on objects of others all the time. */
static const str notes[] = {
	S("deployment.kubernetes.io/revision"),
	S("reconcile.fluxcd.io/forceAt"),
	S("reconcile.fluxcd.io/requestedAt"),
	S("reconcile.fluxcd.io/resetAt"),
};

static bool is_note(str key)
{
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
		if (str_eq(key, notes[i]))
			return true;
	return false;
}

static uint64_t hash_annotations(node n)
{
	uint64_t h = 0;

	node_each_pair(p, n)
		if (!is_note(node_str(p->key)))
			h += mix(hash_bytes(node_str(p->key)), hash_node(p->value));
	return h;
}

uint64_t live_content(node object)
{
	node meta = node_get(object, S("metadata"));
	uint64_t h = mix(hash_node(node_get(meta, S("labels"))), 1) +
		     mix(hash_annotations(node_get(meta, S("annotations"))), 2);

	node_each_pair(p, object) {
		str key = node_str(p->key);

		/* A list's items come without the first two. */
		if (!str_eq(key, S("apiVersion")) && !str_eq(key, S("kind")) &&
		    !str_eq(key, S("metadata")) && !str_eq(key, S("status")))
			h += mix(hash_bytes(key), hash_node(p->value));
	}
	return h ? h : 1;
}

/* ---- items ------------------------------------------------------------- */

str live_item_namespace(const struct live_item *i)
{
	return str_of(i->text, i->namespace_n);
}

str live_item_name(const struct live_item *i)
{
	return str_of(i->text + i->namespace_n, i->name_n);
}

str live_item_uid(const struct live_item *i)
{
	return str_of(i->text + i->namespace_n + i->name_n, i->uid_n);
}

str live_item_reason(const struct live_item *i)
{
	return str_of(i->text + i->namespace_n + i->name_n + i->uid_n, i->reason_n);
}

str live_item_message(const struct live_item *i)
{
	return str_of(i->text + i->namespace_n + i->name_n + i->uid_n + i->reason_n, i->message_n);
}

/* managedFields are the largest part of many objects, and nobody reads them. */
static struct live_blob *whole_of(struct arena *a, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node copy = node_map_of(a, object.map->pairs, object.map->n);
	node meta = node_get(object, S("metadata"));

	if (node_has(meta, S("managedFields"))) {
		node less = node_map_of(a, meta.map->pairs, meta.map->n);

		node_remove(less, S("managedFields"));
		node_set(a, copy, S("metadata"), less);
	}
	err *e = json_write(&b, copy, &(struct json_style){ .source_order = true, .raw_html = true });

	if (e)	/* cannot be: it was read from JSON */
		die_bug("%s", err_msg(e));
	struct live_blob *w = mem_alloc(sizeof *w + b.n + 1);

	atomic_init(&w->count, 1);
	w->n = b.n;
	memcpy(w->text, buf_c(&b), b.n + 1);
	return w;
}

static uint64_t hash_key(str namespace, str name)
{
	return mix(hash_bytes(namespace), hash_bytes(name));
}

static char *append(char *to, str s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

struct live_item *live_item_new(node object, enum live_keep keep)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node meta = node_get(object, S("metadata"));
	str namespace = node_str(node_get(meta, S("namespace")));
	str name = node_str(node_get(meta, S("name")));
	str uid = node_str(node_get(meta, S("uid")));
	struct health h = { HEALTH_UNKNOWN, STR_NONE, STR_NONE };
	CLEANUP(err_drop) err *e = NULL;

	if (keep != LIVE_META)
		e = health_of(&a, object, clock_wall(), &h);
	if (e)
		h = (struct health){ HEALTH_UNKNOWN, STR_NONE, err_text(e) };
	/* Names have at most 253 bytes; what is longer is cut, never wrapped. */
	namespace = str_sub(namespace, 0, UINT16_MAX);
	name = str_sub(name, 0, UINT16_MAX);
	uid = str_sub(uid, 0, UINT16_MAX);
	h.reason = str_sub(h.reason, 0, UINT16_MAX);
	struct live_item *i = mem_alloc(sizeof *i + namespace.n + name.n + uid.n + h.reason.n +
					h.message.n);

	*i = (struct live_item){
		.hash = hash_key(namespace, name),
		.generation = node_int(node_get(meta, S("generation"))),
		.content = keep == LIVE_META ? 0 : live_content(object),
		.status = (uint8_t)h.status,
		.namespace_n = (uint16_t)namespace.n,
		.name_n = (uint16_t)name.n,
		.uid_n = (uint16_t)uid.n,
		.reason_n = (uint16_t)h.reason.n,
		.message_n = (uint32_t)h.message.n,
		.whole = keep == LIVE_WHOLE && object.kind == NODE_MAP ? whole_of(&a, object) : NULL,
	};
	str_to_u64(node_str(node_get(meta, S("resourceVersion"))), &i->version);
	append(append(append(append(append(i->text, namespace), name), uid), h.reason), h.message);
	return i;
}

void live_item_free(struct live_item *i)
{
	if (i)
		live_blob_unref(i->whole);
	free(i);
}

unsigned live_item_compare(const struct live_item *before, const struct live_item *now)
{
	unsigned what = 0;

	if (!before || !str_eq(live_item_uid(before), live_item_uid(now)))
		return LIVE_ADDED | LIVE_CONTENT | LIVE_HEALTH | LIVE_STATUS | LIVE_GENERATION;
	if (before->content != now->content)
		what |= LIVE_CONTENT;
	if (before->status != now->status ||
	    !str_eq(live_item_message(before), live_item_message(now)))
		what |= LIVE_HEALTH;
	if (before->generation != now->generation)
		what |= LIVE_GENERATION;
	if (before->version != now->version)
		what |= LIVE_STATUS;
	return what;
}

/* ---- the table --------------------------------------------------------- */

static size_t size_of(const struct live_item *i)
{
	return sizeof *i + i->namespace_n + i->name_n + i->uid_n + i->reason_n + i->message_n +
	       (i->whole ? sizeof *i->whole + i->whole->n + 1 : 0);
}

static struct live_item **place(const struct live_table *t, uint64_t hash, str namespace, str name)
{
	struct live_item **at = &t->slots[hash & (t->slots_n - 1)];

	for (; *at; at = &(*at)->next)
		if ((*at)->hash == hash && str_eq(live_item_name(*at), name) &&
		    str_eq(live_item_namespace(*at), namespace))
			break;
	return at;
}

static void grow(struct live_table *t)
{
	size_t n = t->slots_n ? t->slots_n * 2 : 16;
	struct live_item **slots = mem_calloc(n, sizeof *slots);

	for (size_t s = 0; s < t->slots_n; s++)
		for (struct live_item *i = t->slots[s], *next; i; i = next) {
			struct live_item **at = &slots[i->hash & (n - 1)];

			next = i->next;
			i->next = *at;
			*at = i;
		}
	free(t->slots);
	t->slots = slots;
	t->slots_n = n;
}

void live_table_release(struct live_table *t)
{
	for (size_t s = 0; s < t->slots_n; s++)
		for (struct live_item *i = t->slots[s], *next; i; i = next) {
			next = i->next;
			live_item_free(i);
		}
	free(t->slots);
	*t = (struct live_table){ 0 };
}

struct live_item *live_table_find(const struct live_table *t, str namespace, str name)
{
	return t->n ? *place(t, hash_key(namespace, name), namespace, name) : NULL;
}

struct live_item *live_table_put(struct live_table *t, struct live_item *i)
{
	if (t->n >= t->slots_n)
		grow(t);
	struct live_item **at = place(t, i->hash, live_item_namespace(i), live_item_name(i));
	struct live_item *before = *at;

	i->next = before ? before->next : NULL;
	*at = i;
	t->n += !before;
	t->bytes += size_of(i) - (before ? size_of(before) : 0);
	return before;
}

struct live_item *live_table_take(struct live_table *t, str namespace, str name)
{
	if (!t->n)
		return NULL;
	struct live_item **at = place(t, hash_key(namespace, name), namespace, name), *i = *at;

	if (i) {
		*at = i->next;
		t->n--;
		t->bytes -= size_of(i);
	}
	return i;
}
