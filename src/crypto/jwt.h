/* jwt - statements signed with an RSA key (RS256), as OAuth's servers take them.
 *
 * Any worker: a signature takes a millisecond.
 */
#ifndef CRYPTO_JWT_H
#define CRYPTO_JWT_H

#include "value/node.h"

/* "HEAD.CLAIMS.SIGNATURE" in the arena; `key` is PEM, `key_id` may be empty. */
err *jwt_sign(struct arena *a, node claims, str key_id, str key, str *out)
	__attribute__((warn_unused_result));
/* What a service account of Google's says of itself for a token of an hour (RFC 7523):
 * `account` is its key file, `scope` what the token is for, `now` in seconds since 1970. */
err *jwt_google(struct arena *a, node account, str scope, str audience, int64_t now, str *out)
	__attribute__((warn_unused_result));

#endif
