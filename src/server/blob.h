/* blob - one state of one object, as the bytes that clients get.
 *
 * The server keeps no trees: an object is compact JSON, written once when it
 * is stored, and sent as it is. What must be known without reading the JSON stands
 * beside it: the key, the resourceVersion, where the part begins that items
 * of lists have (they carry no kind and apiVersion, for built-in kinds).
 *
 * Metadata comes right behind kind and apiVersion, labels near its front, so
 * that selectors read only the first bytes of an object: blob_labels.
 *
 * Immutable and refcounted: any thread.
 */
#ifndef SERVER_BLOB_H
#define SERVER_BLOB_H

#include <stdatomic.h>
#include <stdint.h>

#include "value/node.h"

struct blob {
	atomic_uint refs;
	uint32_t json_n;
	uint32_t body_at;	/* behind `{"kind":"K","apiVersion":"V",`; 1 where lists keep these */
	uint32_t meta_at;	/* the opening brace of metadata */
	uint32_t namespace_n, name_n;
	uint64_t rv;
	int64_t written;	/* seconds since 1970; of what is read at the start: then */
	uint64_t stamp;		/* the schema that it was written by: kind.h */
	char data[];		/* the JSON, NUL, namespace, NUL, name, NUL */
};

static inline str blob_json(const struct blob *b)
{
	return (str){ b->data, b->json_n };
}
static inline str blob_namespace(const struct blob *b)
{
	return (str){ b->data + b->json_n + 1, b->namespace_n };
}
static inline str blob_name(const struct blob *b)
{
	return (str){ b->data + b->json_n + 1 + b->namespace_n + 1, b->name_n };
}
/* The JSON of the object less its opening brace, kind and apiVersion. */
static inline str blob_body(const struct blob *b)
{
	return (str){ b->data + b->body_at, b->json_n - b->body_at };
}

/* Made of a head and a tail, which stand before and behind the digits of the
 * resourceVersion. One reference is the caller's. */
struct blob_parts {
	str head, tail;
	str namespace, name;
	uint32_t body_at, meta_at;
	uint64_t stamp;
};
struct blob *blob_new(const struct blob_parts *p, uint64_t rv);
/* The same of a JSON text that holds its resourceVersion already. */
struct blob *blob_of(const struct blob_parts *p, str json, uint64_t rv);

static inline struct blob *blob_ref(struct blob *b)
{
	if (b)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}
void blob_unref(struct blob *b);
/* For CLEANUP(blob_drop) struct blob *b = NULL. */
void blob_drop(struct blob **b);

/* Order of keys: namespace, then name, by bytes. */
int blob_cmp_key(const struct blob *b, str namespace, str name);

/* The JSON text of `metadata`. */
str blob_metadata(const struct blob *b);
/* The JSON text of a key of `metadata` that ObjectMeta has, found without reading the rest
 * of the object (managedFields is the last of them, and long); empty when it is not there. */
str blob_meta(const struct blob *b, str key);
/* The same of an object and of a list of it, as texts that the server wrote: the
 * value of a key (empty: it is not there), and the item that is next (cut off
 * `list`, which begins with its bracket; false: none is left). */
str blob_member(str object, str key);
bool blob_item(str *list, str *item);
/* The value of blob_meta as a tree; NODE_NONE when it is not there. */
node blob_meta_tree(struct arena *a, const struct blob *b, str key);
/* metadata.labels as a map; NODE_NONE when there are none. */
node blob_labels(struct arena *a, const struct blob *b);

/* The whole object as a tree. The texts borrow from the blob. */
node blob_tree(struct arena *a, const struct blob *b);

#endif
