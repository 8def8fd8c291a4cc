#include "crypto/sigv4.h"

#include "base/buf.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "text/gotime.h"

str sigv4_date(struct arena *a, int64_t seconds)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(seconds, 0), S("20060102T150405Z"));
	return arena_str(a, buf_str(&b));
}

static str names_of(struct arena *a, const struct sigv4_request *r)
{
	str names[SIGV4_HEADERS_MAX];

	for (size_t i = 0; i < r->headers_n; i++)
		names[i] = r->headers[i].name;
	return arena_join(a, names, r->headers_n, S(";"));
}

/* The request as it is hashed. */
static void add_canonical(struct buf *b, const struct sigv4_request *r, str names)
{
	buf_addf(b, "%.*s\n%.*s\n%.*s\n", STR_ARG(r->method), STR_ARG(r->path), STR_ARG(r->query));
	for (size_t i = 0; i < r->headers_n; i++)
		buf_addf(b, "%.*s:%.*s\n", STR_ARG(r->headers[i].name),
			 STR_ARG(str_trim(r->headers[i].value)));
	buf_addf(b, "\n%.*s\n%.*s", STR_ARG(names), STR_ARG(r->body_hash));
}

/* The key of a day, a region and a service. */
static err *derive(struct arena *a, const struct sigv4_request *r, uint8_t key[32])
{
	const str steps[] = { str_sub(r->date, 0, 8), r->region, r->service, S("aws4_request") };
	str begin = arena_cat(a, S("AWS4"), r->secret);

	TRY(secret_hmac_sha256(begin, steps[0], key));
	for (size_t i = 1; i < sizeof steps / sizeof *steps; i++) {
		uint8_t next[32];

		TRY(secret_hmac_sha256(str_of((const char *)key, 32), steps[i], next));
		memcpy(key, next, sizeof next);
	}
	explicit_bzero((char *)(uintptr_t)begin.p, begin.n);
	return NULL;
}

err *sigv4_sign(struct arena *a, const struct sigv4_request *r, str *authorization)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_INIT;
	char hash[SHA256_HEX + 1];
	uint8_t key[32], mac[32];

	if (r->headers_n > SIGV4_HEADERS_MAX)
		return err_new(ERR_INVALID, "more than %d headers to sign", SIGV4_HEADERS_MAX);
	str names = names_of(a, r);
	str scope = arena_cat(a, str_sub(r->date, 0, 8), S("/"), r->region, S("/"), r->service,
			      S("/aws4_request"));

	add_canonical(&text, r, names);
	sha256_hex(buf_str(&text), hash);
	buf_clear(&text);
	buf_addf(&text, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%s", STR_ARG(r->date), STR_ARG(scope), hash);
	TRY(derive(a, r, key));
	TRY(secret_hmac_sha256(str_of((const char *)key, 32), buf_str(&text), mac));
	buf_addf(&out, "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=",
		 STR_ARG(r->id), STR_ARG(scope), STR_ARG(names));
	for (size_t i = 0; i < sizeof mac; i++)
		buf_addf(&out, "%02x", mac[i]);
	explicit_bzero(key, sizeof key);
	*authorization = arena_str(a, buf_str(&out));
	return NULL;
}
