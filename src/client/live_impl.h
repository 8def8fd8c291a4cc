/* live_impl - the table of what is kept of one kind's objects.
 *
 * Guarded by its owner.
 */
#ifndef CLIENT_LIVE_IMPL_H
#define CLIENT_LIVE_IMPL_H

#include "client/live.h"

/* The JSON of an object, counted. */
struct live_blob {
	atomic_uint count;
	size_t n;
	char text[];
};
struct live_blob *live_blob_ref(struct live_blob *b);
void live_blob_unref(struct live_blob *b);

/* One object; its texts lie behind each other in `text`. */
struct live_item {
	struct live_item *next;
	uint64_t hash;			/* of namespace and name */
	uint64_t version;		/* resourceVersion */
	uint64_t content;
	int64_t generation;
	struct live_blob *whole;	/* NULL: not kept */
	uint32_t round;			/* of the list that it was last seen in */
	uint32_t message_n;
	uint16_t namespace_n, name_n, uid_n, reason_n;
	uint8_t status;			/* enum health_status */
	char text[];
};
str live_item_namespace(const struct live_item *i);
str live_item_name(const struct live_item *i);
str live_item_uid(const struct live_item *i);
str live_item_reason(const struct live_item *i);
str live_item_message(const struct live_item *i);
/* Made of an object as the server sent it. Worker-local until it is put. */
struct live_item *live_item_new(node object, enum live_keep keep) __attribute__((returns_nonnull));
void live_item_free(struct live_item *i);
/* What differs between two states; `before` NULL: LIVE_ADDED. */
unsigned live_item_compare(const struct live_item *before, const struct live_item *now);

struct live_table {
	struct live_item **slots;
	size_t slots_n, n, bytes;
};
void live_table_release(struct live_table *t);
struct live_item *live_table_find(const struct live_table *t, str namespace, str name);
/* Takes `i`; gives what it replaces, or NULL. */
struct live_item *live_table_put(struct live_table *t, struct live_item *i);
/* Out of the table: the caller's. NULL when it is not there. */
struct live_item *live_table_take(struct live_table *t, str namespace, str name);

#endif
