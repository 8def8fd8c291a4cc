/* meta - the metadata of objects: what the server fills in, and what it takes.
 *
 * The rules are those of apimachinery's rest.BeforeCreate and BeforeUpdate
 * and its validation of ObjectMeta, texts included, and in the original's order: some
 * mistakes are found, and told, more than once. Worker-local.
 */
#ifndef SERVER_META_H
#define SERVER_META_H

#include "server/kind.h"

enum { META_NAME_GENERATED = 5, META_NAME_BASE_MAX = 58, META_ANNOTATIONS_MAX = 256 << 10 };

/* The metadata of an object; made when it has none. */
node meta_of(struct arena *a, node object);
str meta_get(node object, str key);
/* A text; empty: gone. */
void meta_set(struct arena *a, node object, str key, str value);
/* Now, as RFC 3339 in seconds. */
str meta_now(struct arena *a);
/* Whether a deletion of it has begun. */
bool meta_is_deleting(node object);
/* `name` among its finalizers. */
bool meta_has_finalizer(node object, str name);

/* Of an object that a client sends to be made: what only the server may say. */
void meta_wipe(node object);
/* A new object: uid, times, name and generation. */
void meta_begin(struct arena *a, const struct kind *k, node object);
/* A changed one: what cannot be changed comes from the old one, silently. selfLink stays
 * until the object is stored. */
void meta_keep(struct arena *a, node object, node old);

/* Checks of a new and of a changed object: into c->errors. */
void meta_validate(struct kind_call *c);
/* Of a new object, after the kind's own checks found nothing: what all kinds share, where those
 * have not said it. */
void meta_validate_shared(struct kind_call *c);
void meta_validate_update(struct kind_call *c);
/* Finalizers of custom resources that want a domain, owners named twice. */
void meta_warn(struct kind_call *c);
/* Keep the first of owner references that are equal in everything. */
void meta_dedup_owners(struct arena *a, node object, struct kind_warnings *w);

#endif
