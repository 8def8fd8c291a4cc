#ifndef CRYPTO_CERT_IMPL_H
#define CRYPTO_CERT_IMPL_H

#include "crypto/cert.h"
#include "crypto/ossl.h"

struct cert {
	const struct ossl *o;
	X509 *x;
};

#endif
