/* rekor - entries of a transparency log: that they are in it, and since when.
 *
 * An entry of Rekor 1 comes with the log's promise (a signature over entry and time), with a
 * proof (the way to a root of its Merkle tree that the log signed), or both. Whichever
 * is there must hold; the time counts only where the promise does. Those of Rekor 2 have
 * the proof alone: their time is that of a timestamp authority. Nothing is asked from a
 * log. Any thread.
 */
#ifndef SOURCE_REKOR_H
#define SOURCE_REKOR_H

#include "source/sigroot.h"
#include "value/node.h"

enum { REKOR_HASHES_MAX = 64 };

struct rekor_entry {
	str body;		/* canonical JSON */
	str log_id;		/* 32 bytes */
	int64_t index, time;	/* time: seconds since 1970 */
	str promise;		/* signature; empty: none */
	bool has_proof;
	int64_t proof_index, proof_size;
	str hashes[REKOR_HASHES_MAX];
	size_t hashes_n;
	str root, checkpoint;
};

/* An entry of a bundle's "tlogEntries", and of the annotation that cosign 2 writes. */
err *rekor_read_bundle(struct arena *a, node entry, struct rekor_entry *out)
	__attribute__((warn_unused_result));
err *rekor_read_annotation(struct arena *a, str json, struct rekor_entry *out)
	__attribute__((warn_unused_result));

/* `at` is the time of a timestamp that holds; 0: there is none. */
err *rekor_check(const struct sigroot *root, const struct rekor_entry *e, int64_t at)
	__attribute__((warn_unused_result));

/* What an entry must be about. */
struct rekor_subject {
	str payload;	/* what the hash is of, in Rekor 1 */
	str text;	/* what is signed: that is what the hash is of in Rekor 2 */
	str signature;	/* bytes */
	str cert;	/* DER */
	bool dsse;	/* the payload is that of an envelope */
};
err *rekor_check_body(struct arena *a, const struct rekor_entry *e, const struct rekor_subject *s)
	__attribute__((warn_unused_result));

#endif
