/* ossl - OpenSSL's libcrypto, loaded when somebody needs it.
 *
 * Most runs of rill render, build and diff, and touch no key. Linking
 * libcrypto would cost each of them 2.3 ms and 3 MiB; so it is opened at its
 * first use, once, and called through a table of pointers whose types are
 * those of OpenSSL's own headers. Any thread.
 */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

#include <openssl/bn.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/err.h"

struct ossl {
#define OSSL(name) __typeof__(&name) name;
#include "crypto/ossl.def"
#undef OSSL
};

/* The table, or why the library cannot be loaded. */
err *ossl_get(const struct ossl **out) __attribute__((warn_unused_result));

#endif
