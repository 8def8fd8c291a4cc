#include "crypto/es256.h"

#include <openssl/core_names.h>
#include <string.h>

#include "base/die.h"
#include "crypto/keys_impl.h"
#include "crypto/pubkey_impl.h"

/* A key pair checks as well as it signs. */
struct es256 {
	struct pubkey *pair;
};

enum { BITS = 256, NUMBER = 32, POINT = 1 + 2 * NUMBER, SIGNATURE_MAX = 80 };

err *es256_read(struct es256 **out, str pem)
{
	struct pubkey *pair;
	const struct ossl *o;
	EVP_PKEY *key;

	TRY(ossl_get(&o));
	TRY(keys_read(o, pem, &key));
	bool fits = o->EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && o->EVP_PKEY_get_bits(key) == BITS;

	TRY(pubkey_adopt(&pair, o, key));
	if (!fits) {
		pubkey_free(pair);
		return err_new(ERR_INVALID, "the key is not one of ECDSA on P-256");
	}
	*out = mem_calloc(1, sizeof **out);
	(*out)->pair = pair;
	return NULL;
}

void es256_free(struct es256 *k)
{
	if (!k)
		return;
	pubkey_free(k->pair);
	free(k);
}

err *es256_sign(const struct es256 *k, str text, uint8_t out[ES256_SIGNATURE])
{
	const struct ossl *o = k->pair->o;
	unsigned char asn1[SIGNATURE_MAX];
	const unsigned char *p = asn1;
	const BIGNUM *r, *s;
	size_t n = sizeof asn1;

	TRY(keys_sign(o, k->pair->key, text, asn1, &n));
	ECDSA_SIG *sig = o->d2i_ECDSA_SIG(NULL, &p, (long)n);

	if (!sig)
		die_bug("a signature of our own cannot be read");
	o->ECDSA_SIG_get0(sig, &r, &s);
	o->BN_bn2binpad(r, out, NUMBER);
	o->BN_bn2binpad(s, out + NUMBER, NUMBER);
	o->ECDSA_SIG_free(sig);
	return NULL;
}

bool es256_verify(const struct es256 *k, str text, str signature)
{
	return signature.n == ES256_SIGNATURE &&
	       pubkey_verify(k->pair, PUBKEY_RAW_256, text, signature);
}

err *es256_public(const struct es256 *k, struct es256_public *out)
{
	unsigned char point[POINT];
	size_t n;

	if (k->pair->o->EVP_PKEY_get_octet_string_param(k->pair->key, OSSL_PKEY_PARAM_PUB_KEY, point,
							sizeof point, &n) != 1 ||
	    n != POINT)
		return err_new(ERR_INTERNAL, "the public key cannot be written");
	memcpy(out->x, point + 1, NUMBER);
	memcpy(out->y, point + 1 + NUMBER, NUMBER);
	return pubkey_id(k->pair, out->id);
}
