/* objset - the objects of one resource, sorted by namespace and name.
 *
 * Lists are cut out of it in order, from any key on, and told how many more
 * there are; a write finds, adds, replaces or removes one. The array is kept
 * in pieces of at most OBJSET_PIECE, so that an addition moves few bytes.
 *
 * Ownership: holds a reference on each blob. Locked by its owner.
 */
#ifndef SERVER_OBJSET_H
#define SERVER_OBJSET_H

#include "server/blob.h"

enum { OBJSET_PIECE = 128 };

struct objset_piece;

struct objset {
	struct objset_piece **pieces;	/* none of them empty */
	size_t n, cap;
	size_t count;			/* objects */
};

/* A place among the objects: that of the first whose key is not less. */
struct objset_at {
	size_t piece, slot;
};

void objset_release(struct objset *s);

/* Borrows; NULL when it is not there. */
struct blob *objset_get(const struct objset *s, str namespace, str name);
/* Add, or replace what has the same key. Takes the reference. */
void objset_put(struct objset *s, struct blob *b);
bool objset_remove(struct objset *s, str namespace, str name);

/* The first object whose key is not less; the end behind all. */
struct objset_at objset_seek(const struct objset *s, str namespace, str name);
/* The first behind all objects of a namespace; the empty one: behind all. */
struct objset_at objset_seek_end(const struct objset *s, str namespace);
/* The object there, and a step on; NULL at the end. */
struct blob *objset_next(const struct objset *s, struct objset_at *at);
/* Objects from one place to a later one. */
size_t objset_between(const struct objset *s, struct objset_at from, struct objset_at to);

#endif
