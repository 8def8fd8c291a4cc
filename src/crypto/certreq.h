/* certreq - requests for certificates, and the certificates that answer them, as the
 * API server looks at them.
 *
 * Errors have the words of Go's packages, but where ASN.1 is wrong deep inside. Any
 * thread.
 */
#ifndef CRYPTO_CERTREQ_H
#define CRYPTO_CERTREQ_H

#include "base/err.h"

/* A request in PEM (PKCS #10) that its own key has signed. */
err *certreq_check(str pem) __attribute__((warn_unused_result));
/* One certificate and more in PEM, and nothing else. */
err *certreq_check_answer(str pem) __attribute__((warn_unused_result));

#endif
