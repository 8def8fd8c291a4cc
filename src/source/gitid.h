/* gitid - the names of Git's objects: hashes of what they hold.
 *
 * A repository names its objects by SHA-1 or by SHA-256, never by both; a
 * struct gitid knows which by its length. Hashing goes through OpenSSL, so
 * the first call loads it. Values are small and copied. Any thread; a struct
 * gitid_hash belongs to one.
 */
#ifndef SOURCE_GITID_H
#define SOURCE_GITID_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum gitid_algo { GITID_SHA1, GITID_SHA256 };
enum { GITID_MAX = 32, GITID_HEX = 2 * GITID_MAX };

struct gitid {
	uint8_t b[GITID_MAX];
	uint8_t n; /* 20 or 32; 0: none */
};

size_t gitid_size(enum gitid_algo algo);
static inline bool gitid_eq(const struct gitid *a, const struct gitid *b)
{
	return a->n == b->n && !memcmp(a->b, b->b, a->n);
}
enum gitid_algo gitid_algo_of(const struct gitid *id);
/* "sha1" or "sha256". */
str gitid_algo_name(enum gitid_algo algo);

/* 40 or 64 digits of small hex, nothing else. */
bool gitid_parse(struct gitid *out, str hex);
/* From the raw bytes, as trees and packs hold them. */
struct gitid gitid_of(const void *bytes, size_t n);
void gitid_print(const struct gitid *id, char hex[GITID_HEX + 1]);
void gitid_add(struct buf *b, const struct gitid *id);

struct gitid_hash {
	void *state;
	enum gitid_algo algo;
};
err *gitid_hash_init(struct gitid_hash *h, enum gitid_algo algo)
	__attribute__((warn_unused_result));
void gitid_hash_release(struct gitid_hash *h);
/* From the start, also after an end. */
void gitid_hash_start(struct gitid_hash *h);
void gitid_hash_add(struct gitid_hash *h, str bytes);
struct gitid gitid_hash_end(struct gitid_hash *h);
/* Of an object: "blob", "tree", "commit" or "tag", and its bytes. */
struct gitid gitid_hash_object(struct gitid_hash *h, str type, str bytes);

#endif
