/* keypair - whether a certificate and a private key belong together.
 *
 * As Go's tls.X509KeyPair judges them, with its words: the API server warns of
 * TLS secrets that no server could use. Any thread.
 */
#ifndef CRYPTO_KEYPAIR_H
#define CRYPTO_KEYPAIR_H

#include "base/err.h"

/* Both in PEM; other blocks in front of them are skipped. */
err *keypair_check(str cert, str key) __attribute__((warn_unused_result));

#endif
