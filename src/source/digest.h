/* digest - "sha256:<hex>": names of bytes by their hash, as OCI writes them.
 *
 * Artifacts, layers and index files are named so. Accepted are sha256,
 * sha384, sha512 and blake3 alone, in small hex of the right length: no weak
 * hash, no second spelling. Where a digest only tells that something changed, as in
 * snapshots of releases, `_any` accepts sha1 as well. Any thread; a struct digest_hash
 * belongs to one.
 */
#ifndef SOURCE_DIGEST_H
#define SOURCE_DIGEST_H

#include "base/arena.h"
#include "base/err.h"

enum digest_algo { DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_BLAKE3, DIGEST_SHA1 };
enum { DIGEST_MAX = 64 };

/* "sha256"; false for any other word than the four, or than the five. */
bool digest_algo_parse(str name, enum digest_algo *out);
bool digest_algo_parse_any(str name, enum digest_algo *out);
str digest_algo_name(enum digest_algo algo);

struct digest {
	enum digest_algo algo;
	str hex; /* borrowed from the text */
};
/* Errors of opencontainers/go-digest: "unsupported digest algorithm",
 * "invalid checksum digest length", "invalid checksum digest format". */
err *digest_parse(struct digest *out, str text) __attribute__((warn_unused_result));
err *digest_parse_any(struct digest *out, str text) __attribute__((warn_unused_result));
/* The algorithm of a digest; `otherwise` where the text is none. */
enum digest_algo digest_algo_of(str text, enum digest_algo otherwise);

struct digest_hash {
	void *state;
};
err *digest_hash_init(struct digest_hash *h, enum digest_algo algo)
	__attribute__((warn_unused_result));
void digest_hash_release(struct digest_hash *h);
void digest_hash_add(struct digest_hash *h, str bytes);
/* "sha256:<hex>" of all that was added. Once. */
str digest_hash_end(struct digest_hash *h, struct arena *a);

/* Of one text. */
err *digest_of(struct arena *a, enum digest_algo algo, str bytes, str *out)
	__attribute__((warn_unused_result));

#endif
