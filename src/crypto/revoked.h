/* revoked - whether an authority has taken a certificate back.
 *
 * A certificate names where that is told: servers that answer for one certificate
 * (OCSP, RFC 6960), or lists of all that were taken back (RFC 5280), perhaps with a
 * list of what changed since. Here requests are made and answers are read;
 * who asks, and what comes of servers that do not answer, is source/revocation.h.
 *
 * An answer that is not of the issuer, is too old, or has something critical that is not
 * known is an error. Times are seconds since 1970; `signed_at` is when the certificate
 * signed, where that is known for sure (else 0): what became invalid only later was good
 * then. Any thread; a list belongs to one.
 */
#ifndef CRYPTO_REVOKED_H
#define CRYPTO_REVOKED_H

#include "crypto/cert.h"

enum revoked { REVOKED_NO, REVOKED_YES, REVOKED_UNKNOWN };

enum { REVOKED_OCSP_MAX = 20480, REVOKED_LIST_MAX = 32 << 20, REVOKED_POINTS_MAX = 20 };

/* What a certificate says of where to ask. */
struct revoked_points {
	str *ocsp, *lists;
	size_t ocsp_n, lists_n;
	bool changes; /* it names lists of changes itself */
};
void revoked_points(struct arena *a, const struct cert *c, struct revoked_points *out);

/* Whether that certificate was issued by this one. */
bool revoked_is_issuer(const struct cert *c, const struct cert *issuer);

/* The bytes of a question about one certificate. */
err *revoked_ask(struct arena *a, const struct cert *c, const struct cert *issuer, str *out)
	__attribute__((warn_unused_result));
/* REVOKED_UNKNOWN: the server does not know it. */
err *revoked_answer(str der, const struct cert *c, const struct cert *issuer, int64_t now,
		    int64_t signed_at, enum revoked *out) __attribute__((warn_unused_result));

struct revoked_list;

err *revoked_list_read(struct revoked_list **out, str der) __attribute__((warn_unused_result));
void revoked_list_free(struct revoked_list *l);
/* For CLEANUP(revoked_list_drop) struct revoked_list *l = NULL. */
void revoked_list_drop(struct revoked_list **l);
/* Where the changes since that list are; any one of them will do. */
void revoked_list_changes(struct arena *a, const struct revoked_list *l, str **out, size_t *n);
/* By a list, and what changed since (or NULL). */
err *revoked_list_find(const struct revoked_list *l, const struct revoked_list *changes,
		       const struct cert *c, const struct cert *issuer, int64_t now,
		       int64_t signed_at, enum revoked *out) __attribute__((warn_unused_result));

#endif
