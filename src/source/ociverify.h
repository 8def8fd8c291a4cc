/* ociverify - spec.verify of OCIRepositories and charts from registries.
 *
 * Which provider, and what is in its Secrets: cosign's public keys ("*.pub"), a trusted
 * root and identities; notation's certificates ("*.crt", "*.pem") and trust policy. The
 * function is what source/ocisource.h calls a verifier; `ctx` is a struct ociverify.
 *
 *	struct ociverify v = { .provider = ..., .keys = ..., .root = ... };
 *	spec.verify = ociverify_run;
 *	spec.verify_ctx = &v;
 *
 * Errors have Flux's words where it has some, and tell in their detail why the last
 * signature did not count. Worker-local.
 */
#ifndef SOURCE_OCIVERIFY_H
#define SOURCE_OCIVERIFY_H

#include "source/cosign.h"
#include "source/credentials.h"
#include "source/oci.h"
#include "source/sigstore.h"

struct ociverify {
	str provider;			/* "cosign", "notation" */
	const struct credentials *keys;	/* of verify.secretRef; NULL: none */
	const struct credentials *root;	/* of verify.trustedRootSecretRef; NULL: none ... */
	struct sigstore *public;	/* ... whose root it is then; NULL: none is fetched */
	const atomic_bool *cancel;	/* of what is fetched; or NULL */
	const struct cosign_identity *identities;
	size_t identities_n;
	/* A chart's object; empty: an OCIRepository. Flux words some errors otherwise for
	 * those, and tells why a signature does not count. */
	str chart;
	/* Set by ociverify_run: a policy let it through that does not insist on a signer who is
	 * trusted. It does not count as verified. */
	bool ignored;
};

/* What can be told without asking the registry: the provider, the Secrets. */
err *ociverify_check(const struct ociverify *v, struct arena *a) __attribute__((warn_unused_result));

err *ociverify_run(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
	__attribute__((warn_unused_result));

#endif
