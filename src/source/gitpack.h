/* gitpack - the objects of one packfile, checked and named.
 *
 * A pack comes as a stream of bytes: objects packed one by one, many of them
 * only as the difference to another. It is taken in piece by piece, in
 * memory or, when it grows, in a file without a name. gitpack_finish checks
 * its sum, unpacks every object exactly once, applies the differences and
 * names each object by hashing it; from then on objects are found by name.
 * What does not fit into memory unpacked goes into another nameless file,
 * so that a large repository costs disk, not memory.
 *
 * The pack must hold all that its differences refer to, as one does that is
 * fetched by who has nothing. Limited are its bytes, the number of objects,
 * the size of each and of all unpacked, and how long a chain of differences
 * may be: no pack costs more than its limits allow, whatever it claims.
 *
 * Worker-local; once finished it is immutable, but for gitpack_read, which
 * one thread at a time may call.
 */
#ifndef SOURCE_GITPACK_H
#define SOURCE_GITPACK_H

#include <stdatomic.h>

#include "base/arena.h"
#include "source/gitid.h"

enum gitpack_type {
	GITPACK_COMMIT = 1,
	GITPACK_TREE,
	GITPACK_BLOB,
	GITPACK_TAG,
};

struct gitpack_limits {
	uint64_t bytes;    /* of the pack; 0: GITPACK_BYTES_MAX */
	uint64_t unpacked; /* of all objects; 0: GITPACK_UNPACKED_MAX */
	size_t object;     /* of each; 0: GITPACK_OBJECT_MAX */
	size_t count;      /* 0: GITPACK_COUNT_MAX */
	size_t memory;     /* unpacked bytes held in memory; 0: GITPACK_MEMORY */
	int64_t deadline;  /* clock_mono; 0: none */
	const atomic_bool *cancel;
};

/* A repository of configuration with years of history is a few hundred MB;
 * Git itself makes no chain longer than 4095. */
#define GITPACK_BYTES_MAX    ((uint64_t)1 << 30)
#define GITPACK_UNPACKED_MAX ((uint64_t)4 << 30)
enum {
	GITPACK_OBJECT_MAX = 128 << 20,
	GITPACK_COUNT_MAX = 2000000,
	GITPACK_DEPTH_MAX = 4096,
	GITPACK_MEMORY = 16 << 20,
};

struct gitpack;

/* `limits` may be NULL. */
err *gitpack_new(struct gitpack **out, enum gitid_algo algo, const struct gitpack_limits *limits)
	__attribute__((warn_unused_result));
void gitpack_free(struct gitpack *p);
/* For CLEANUP(gitpack_drop) struct gitpack *p = NULL. */
void gitpack_drop(struct gitpack **p);

/* The next bytes of the stream. */
err *gitpack_add(struct gitpack *p, str bytes) __attribute__((warn_unused_result));
/* All bytes are there. */
err *gitpack_finish(struct gitpack *p) __attribute__((warn_unused_result));

size_t gitpack_count(const struct gitpack *p);
enum gitid_algo gitpack_algo(const struct gitpack *p);
bool gitpack_find(const struct gitpack *p, const struct gitid *id, enum gitpack_type *type,
		  size_t *size);
/* An object's bytes: borrowed from the pack, or copied into `a`. "object not
 * found" when there is none of that type. */
err *gitpack_read(struct gitpack *p, struct arena *a, const struct gitid *id,
		  enum gitpack_type type, str *out) __attribute__((warn_unused_result));
/* "commit", "tree", "blob", "tag". */
str gitpack_type_name(enum gitpack_type type);
/* Name and type of the object at a place below gitpack_count. */
struct gitid gitpack_at(const struct gitpack *p, size_t i, enum gitpack_type *type);

#endif
