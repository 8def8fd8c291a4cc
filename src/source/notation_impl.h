/* notation_impl - a Notary signature in pieces, and the policy that it is held to.
 *
 * notation.c walks the referrers and judges; JWS is read there, COSE in notation_cose.c,
 * trust policies in notation_policy.c. Trees and texts live in the arena, certificates
 * in the envelope. Any thread.
 */
#ifndef SOURCE_NOTATION_IMPL_H
#define SOURCE_NOTATION_IMPL_H

#include "source/notation.h"

/* What a signature says, and what it is over. */
struct notation_envelope {
	node head, payload;	/* decoded; attributes have the names of JWS */
	str signed_text, signature;
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
	bool authority;		/* it trusts signing authorities, else plain ones */
	node identities;
};

err *notation_policy_find(struct arena *a, str json, str repository, struct notation_policy *out)
	__attribute__((warn_unused_result));
/* Whether the subject is one of the policy's identities. */
err *notation_policy_check(struct arena *a, const struct notation_policy *p, const struct cert *c)
	__attribute__((warn_unused_result));

#endif
