/* cert_impl - a certificate as OpenSSL has it, for the parts of this layer that verify.
 *
 * Immutable once it is read: any thread. Who reads one frees it, by cert.h.
 */
#ifndef CRYPTO_CERT_IMPL_H
#define CRYPTO_CERT_IMPL_H

#include "crypto/cert.h"
#include "crypto/ossl.h"

struct cert {
	const struct ossl *o;
	X509 *x;
};

/* One more holder of a certificate that OpenSSL has. */
struct cert *cert_share(const struct ossl *o, X509 *x);

#endif
