/* sigv4 - requests signed as Amazon's services want them (AWS Signature Version 4).
 *
 * The signature covers the method, the path, the query, the headers that are listed
 * and the hash of the body. The caller has them in canonical form: path and query
 * escaped as AWS does, the query's pairs sorted, header names in small letters and
 * sorted, "host" among them. Any thread.
 */
#ifndef CRYPTO_SIGV4_H
#define CRYPTO_SIGV4_H

#include "base/arena.h"
#include "base/err.h"

struct sigv4_header {
	str name, value;
};

struct sigv4_request {
	str method, path, query;
	const struct sigv4_header *headers;
	size_t headers_n;
	str body_hash;		/* hex of SHA-256, or "UNSIGNED-PAYLOAD" */
	str region, service;
	str date;		/* of x-amz-date, as sigv4_date gives it */
	str id, secret;
};

enum { SIGV4_HEADERS_MAX = 32 };

/* "20260102T150405Z" of seconds since 1970. */
str sigv4_date(struct arena *a, int64_t seconds);
/* The value of the header Authorization; lives in the arena. */
err *sigv4_sign(struct arena *a, const struct sigv4_request *r, str *authorization)
	__attribute__((warn_unused_result));

#endif
