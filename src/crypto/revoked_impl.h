/* revoked_impl - what answers and lists have in common.
 *
 * Functions of any thread on what others own.
 */
#ifndef CRYPTO_REVOKED_IMPL_H
#define CRYPTO_REVOKED_IMPL_H

#include "crypto/cert_impl.h"
#include "crypto/revoked.h"

/* 0 for NULL, and for what is no time. */
int64_t revoked_seconds(const struct ossl *o, const ASN1_TIME *t);
/* The addresses among distribution points; takes them. */
void revoked_urls(struct arena *a, const struct ossl *o, CRL_DIST_POINTS *points, str **out,
		  size_t *n);
/* An extension that must be understood, but for those of the kind `known` (or 0). */
bool revoked_is_strange(const struct ossl *o, X509_EXTENSION *e, const int *known);

#endif
