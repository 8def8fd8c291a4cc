/* notation_impl - a Notary signature in pieces, and the policy that it is held to.
 *
 * notation.c walks the referrers and judges; JWS is read there, COSE in notation_cose.c,
 * trust policies in notation_policy.c, when it was made in notation_time.c. Trees and texts
 * live in the arena, certificates in the envelope. Any thread.
 */
#ifndef SOURCE_NOTATION_IMPL_H
#define SOURCE_NOTATION_IMPL_H

#include "source/notation.h"

/* What a signature says, and what it is over. */
struct notation_envelope {
	node head, payload;	/* decoded; attributes have the names of JWS */
	str signed_text, signature;
	str stamp;		/* a token of RFC 3161 over the signature; empty: none */
	struct cert_list chain;
};

/* The chain is to be released, also after an error. */
err *notation_read_cose(struct arena *a, str text, struct notation_envelope *out)
	__attribute__((warn_unused_result));

/* The statement of a trust policy that counts for a repository. */
struct notation_policy {
	str name;
	bool skip;		/* nothing is looked at; all else is unset then */
	bool enforce_authenticity, enforce_expiry, enforce_time, enforce_revocation;
	bool plain, authority;	/* whose signatures it trusts: those of CAs, of signing authorities */
	bool stamps;		/* it trusts timestamp authorities, so that there must be a stamp ... */
	bool stamp_when_expired;	/* ... if a certificate of the chain has expired */
	node identities;
};

err *notation_policy_find(struct arena *a, str json, str repository, struct notation_policy *out)
	__attribute__((warn_unused_result));
/* Whether the subject is one of the policy's identities. */
err *notation_policy_check(struct arena *a, const struct notation_policy *p, const struct cert *c)
	__attribute__((warn_unused_result));

/* Whether a signing authority vouches for the time of signing. */
bool notation_by_authority(const struct notation_envelope *e);
/* An attribute in seconds since 1970; 0: there is none. */
err *notation_time_at(node head, const char *name, int64_t *out) __attribute__((warn_unused_result));
/* Whom to ask about certificates: nobody, where the trust has no net. */
const struct revocation_net *notation_net(const struct notation_trust *trust);

/* Whether the chain was valid when it had to be. Certificates of a countersignature are asked for
 * as well (source/revocation.h), whatever the policy says of those of the signer. */
err *notation_check_time(struct arena *a, const struct notation_envelope *e,
			 const struct notation_policy *p, const struct notation_trust *trust,
			 int64_t now) __attribute__((warn_unused_result));

#endif
