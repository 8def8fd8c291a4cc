#include "source/digest.h"

#include <stdlib.h>

#include "base/die.h"

#include "crypto/blake3.h"
#include "crypto/ossl.h"

static const struct {
	const char *name;
	size_t hex;
} algos[] = {
	[DIGEST_SHA256] = { "sha256", 64 },
	[DIGEST_SHA384] = { "sha384", 96 },
	[DIGEST_SHA512] = { "sha512", 128 },
	[DIGEST_BLAKE3] = { "blake3", 64 },
	[DIGEST_SHA1] = { "sha1", 40 },
};
enum { ALGOS = sizeof algos / sizeof *algos };

bool digest_algo_parse_any(str name, enum digest_algo *out)
{
	for (size_t i = 0; i < ALGOS; i++)
		if (str_eq(name, str_c(algos[i].name))) {
			*out = (enum digest_algo)i;
			return true;
		}
	return false;
}

bool digest_algo_parse(str name, enum digest_algo *out)
{
	enum digest_algo algo;

	if (!digest_algo_parse_any(name, &algo) || algo == DIGEST_SHA1)
		return false;
	*out = algo;
	return true;
}

str digest_algo_name(enum digest_algo algo)
{
	return str_c(algos[algo].name);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

err *digest_parse_any(struct digest *out, str text)
{
	struct digest d;
	str name, hex;

	if (!str_split(text, ':', &name, &hex) || !name.n || !hex.n)
		return err_new(ERR_INVALID, "invalid checksum digest format");
	if (!digest_algo_parse_any(name, &d.algo))
		return err_new(ERR_INVALID, "unsupported digest algorithm");
	if (hex.n != algos[d.algo].hex)
		return err_new(ERR_INVALID, "invalid checksum digest length");
	d.hex = hex;
	if (str_span(&hex, is_hex).n != d.hex.n)
		return err_new(ERR_INVALID, "invalid checksum digest format");
	*out = d;
	return NULL;
}

enum digest_algo digest_algo_of(str text, enum digest_algo otherwise)
{
	struct digest d;
	err *e = digest_parse(&d, text);

	err_free(e);
	return e ? otherwise : d.algo;
}

err *digest_parse(struct digest *out, str text)
{
	if (str_starts(text, S("sha1:")))
		return err_new(ERR_INVALID, "unsupported digest algorithm");
	return digest_parse_any(out, text);
}

struct state {
	enum digest_algo algo;
	const struct ossl *o; /* NULL: blake3 */
	EVP_MD_CTX *ctx;
	struct blake3 blake3;
};

static err *start_ossl(struct state *s)
{
	const struct ossl *o;

	TRY(ossl_get(&o));
	const EVP_MD *md = s->algo == DIGEST_SHA512   ? o->EVP_sha512()
			   : s->algo == DIGEST_SHA384 ? o->EVP_sha384()
			   : s->algo == DIGEST_SHA1   ? o->EVP_sha1()
						      : o->EVP_sha256();

	s->o = o;
	s->ctx = o->EVP_MD_CTX_new();
	if (!s->ctx || o->EVP_DigestInit_ex(s->ctx, md, NULL) != 1)
		die_bug("the hash does not start");
	return NULL;
}

err *digest_hash_init(struct digest_hash *h, enum digest_algo algo)
{
	struct state s = { .algo = algo };

	if (algo == DIGEST_BLAKE3)
		blake3_init(&s.blake3);
	else
		TRY(start_ossl(&s));
	h->state = mem_alloc(sizeof s);
	memcpy(h->state, &s, sizeof s);
	return NULL;
}

void digest_hash_release(struct digest_hash *h)
{
	struct state *s = h->state;

	if (s && s->o)
		s->o->EVP_MD_CTX_free(s->ctx);
	free(s);
	h->state = NULL;
}

void digest_hash_add(struct digest_hash *h, str bytes)
{
	struct state *s = h->state;

	if (!s->o)
		blake3_add(&s->blake3, bytes);
	else if (bytes.n && s->o->EVP_DigestUpdate(s->ctx, bytes.p, bytes.n) != 1)
		die_bug("the hash does not go on");
}

str digest_hash_end(struct digest_hash *h, struct arena *a)
{
	static const char digits[] = "0123456789abcdef";
	struct state *s = h->state;
	unsigned char raw[DIGEST_MAX];
	unsigned n = BLAKE3_SIZE;

	if (!s->o)
		blake3_end(&s->blake3, raw);
	else if (s->o->EVP_DigestFinal_ex(s->ctx, raw, &n) != 1)
		die_bug("the hash does not end");
	char hex[2 * DIGEST_MAX];

	for (unsigned i = 0; i < n; i++) {
		hex[2 * i] = digits[raw[i] >> 4];
		hex[2 * i + 1] = digits[raw[i] & 15];
	}
	return arena_cat(a, digest_algo_name(s->algo), S(":"), str_of(hex, 2 * (size_t)n));
}

err *digest_of(struct arena *a, enum digest_algo algo, str bytes, str *out)
{
	CLEANUP(digest_hash_release) struct digest_hash h = { 0 };

	TRY(digest_hash_init(&h, algo));
	digest_hash_add(&h, bytes);
	*out = digest_hash_end(&h, a);
	return NULL;
}
