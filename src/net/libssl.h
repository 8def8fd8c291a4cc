/* libssl - OpenSSL's TLS, loaded when a server speaks HTTPS (base/dll.h).
 *
 * What belongs to libcrypto is in crypto/ossl.h. Any thread.
 */
#ifndef NET_LIBSSL_H
#define NET_LIBSSL_H

#include <openssl/ssl.h>

#include "base/err.h"

struct libssl {
#define SSLF(name) __typeof__(&name) name;
#include "net/libssl.def"
#undef SSLF
};

/* The table, or why the library cannot be loaded. */
err *libssl_get(const struct libssl **out) __attribute__((warn_unused_result));

#endif
