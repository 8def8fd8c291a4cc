/* jwt - JSON Web Tokens in their compact form: "HEAD.CLAIMS.SIGNATURE".
 *
 * Reading takes a token apart and believes nothing: whose signature it bears
 * is for the caller to find out, who has the key. Writing is two steps, with
 * the caller's signature in between, or one for RSA keys (RS256), as the servers
 * of OAuth want it. Errors are worded as golang-jwt words them.
 *
 * Results live in the arena. Any thread: a signature takes a millisecond.
 */
#ifndef CRYPTO_JWT_H
#define CRYPTO_JWT_H

#include "base/buf.h"
#include "value/node.h"

/* Longer tokens are refused unread: clouds and clusters give out a few KiB. */
enum { JWT_MAX = 1 << 20 };

struct jwt {
	node head, claims;	/* maps */
	str body;		/* HEAD.CLAIMS: what was signed; borrowed from the token */
	str signature;		/* the bytes */
};

/* Take `token` apart; nothing in it has been verified. Head, claims and
 * signature do not borrow from it. */
err *jwt_read(struct arena *a, str token, struct jwt *out) __attribute__((warn_unused_result));

/* Append "HEAD.CLAIMS" of two maps: what is to be signed. jwt_end then appends
 * the signature. */
err *jwt_begin(struct buf *b, node head, node claims) __attribute__((warn_unused_result));
void jwt_end(struct buf *b, str signature);

/* A whole token by RS256; `key` is PEM, `key_id` may be empty. */
err *jwt_sign(struct arena *a, node claims, str key_id, str key, str *out)
	__attribute__((warn_unused_result));
/* What a service account of Google's says of itself for a token of an hour (RFC 7523):
 * `account` is its key file, `scope` what the token is for, `now` in seconds since 1970. */
err *jwt_google(struct arena *a, node account, str scope, str audience, int64_t now, str *out)
	__attribute__((warn_unused_result));

#endif
