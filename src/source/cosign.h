/* cosign - whether an image or artifact in a registry is signed as it must be.
 *
 * Signatures of cosign 3 are bundles that refer to the manifest; those of cosign 2
 * are the layers of an image under the tag "sha256-<hex>.sig". As Flux does, bundles
 * are looked at where there are any, else the tag. One signature that holds in
 * all respects suffices:
 *
 *	- it is about this digest (and, in a bundle, says that it signs it: attestations
 *	  of something else do not count);
 *	- it was made with one of the public keys;
 *	- or, without keys, with a certificate: of an authority of the trusted root, shown
 *	  to a certificate log, valid when the transparency log took the signature in (or,
 *	  with Rekor 2, at the time that a timestamp authority of the trusted root signed),
 *	  whose entry is about this very signature, and issued to one of the identities.
 *
 * Whatever is not known or not there counts as not signed: other kinds of entries, no
 * identities. Registries are
 * reached through a few functions, so that tests need none. Worker-local.
 */
#ifndef SOURCE_COSIGN_H
#define SOURCE_COSIGN_H

#include "source/ocimanifest.h"
#include "source/sigroot.h"

enum {
	COSIGN_SIGNATURES_MAX = 100,	/* of one manifest that are looked at */
	COSIGN_BLOB_MAX = 4 << 20,
	COSIGN_IDENTITIES_MAX = 100,
	COSIGN_STAMPS_MAX = 10,		/* of one bundle */
};

struct cosign_source {
	/* Each gives ERR_NOT_FOUND for what is not there; results live in `a`. */
	err *(*manifest)(void *ctx, struct arena *a, str wanted, struct ocimanifest *out);
	err *(*blob)(void *ctx, struct arena *a, const struct ocidescriptor *d, size_t max,
		     str *out);
	err *(*referrers)(void *ctx, struct arena *a, str digest, struct ocidescriptor **out,
			  size_t *n);
	void *ctx;
};

/* Regular expressions: both must match. */
struct cosign_identity {
	str issuer, subject;
};

struct cosign_trust {
	const str *keys;		/* PEM; without any, it is keyless: */
	size_t keys_n;
	const struct sigroot *root;
	const struct cosign_identity *identities;
	size_t identities_n;
};

/* `digest` is that of the manifest. The message is "no matching signatures: " and why
 * the last one that was looked at does not count ("attestations" with bundles), or "no
 * signatures found". */
err *cosign_verify(struct arena *a, const struct cosign_source *from, str digest,
		   const struct cosign_trust *trust) __attribute__((warn_unused_result));

#endif
