/* notation - signatures of the Notary Project, against a trust policy.
 *
 * What refers to a manifest with the type of a signature holds an envelope (JWS or COSE): a
 * payload that names the manifest, a chain of certificates, attributes. It counts when
 * the policy's statement for the repository says so:
 *
 *	- a certificate of the chain is one of those that are trusted, the chain leads
 *	  to it, and its first certificate made the signature;
 *	- the subject of that certificate is one of the trusted identities;
 *	- it has not expired, and the chain is valid now (by a signing authority's own time
 *	  where its certificates are trusted as such, by that of a countersignature where the
 *	  policy has a trust store of timestamp authorities), unless the level is permissive.
 *
 * The level "audit" insists on a signature that is whole alone, "skip" on nothing: what is
 * let through by them without the signer being trusted is not called verified, as with
 * Flux. An action may be overridden, but never that a signature is whole.
 *
 * Where revocation counts, no certificate of the chain was taken back: that is asked for
 * (source/revocation.h) each time.
 *
 * Trust stores have names alone: as with Flux, all certificates are in each of them.
 *
 * Fails closed: plugins, critical attributes that are not known. As Flux, three
 * signatures are looked at. Worker-local.
 */
#ifndef SOURCE_NOTATION_H
#define SOURCE_NOTATION_H

#include "source/cosign.h"
#include "source/revocation.h"

enum { NOTATION_ATTEMPTS = 3, NOTATION_POLICY_MAX = 1 << 20 };

struct notation_trust {
	str policy;			/* trustpolicy.json */
	const struct cert_list *certs;	/* of all trust stores */
	const struct revocation_net *net;	/* NULL: nobody can be asked */
};

/* `repository`: "registry/org/app". Reached as cosign.h does. *trusted: a trusted signer's;
 * false on success where the policy does not insist. */
err *notation_verify(struct arena *a, const struct cosign_source *from, str repository, str digest,
		     const struct notation_trust *trust, bool *trusted)
	__attribute__((warn_unused_result));

#endif
