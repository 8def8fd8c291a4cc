/* certassert - what an application says of itself at Azure's login, signed with the key of
 * its certificate (a client assertion, RFC 7523), as Azure's libraries make it.
 *
 * The certificate comes with its key: PEM, or PKCS #12 with a password. The key is RSA.
 * Workers: a signature takes a millisecond.
 */
#ifndef CRYPTO_CERTASSERT_H
#define CRYPTO_CERTASSERT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { CERTASSERT_MAX = 1 << 20, CERTASSERT_SECONDS = 600 };

struct certassert {
	str data, password; /* of the certificate */
	bool chain;         /* send all certificates of `data`, not the hash alone */
	str client;         /* the application's number */
	str audience;       /* the URL that it is sent to */
	int64_t now;        /* seconds since 1970 */
};

err *certassert(struct arena *a, const struct certassert *c, str *out)
	__attribute__((warn_unused_result));
/* The form that an application gets a token of a scope with (a grant of client credentials):
 * with its secret, or where that is empty, with what the certificate's key signs. */
err *certassert_form(struct arena *a, const struct certassert *c, str secret, str scope,
		     struct buf *form) __attribute__((warn_unused_result));
/* What AZURE_CLIENT_SEND_CERTIFICATE_CHAIN, and the setting of that name, says of `chain`. */
bool certassert_sends_chain(str setting);
/* Whether certificate and key can be read. */
err *certassert_check(str data, str password) __attribute__((warn_unused_result));

#endif
