#include "crypto/aead.h"

#include "crypto/ossl.h"
#include "crypto/secret.h"

static err *refused(enum aead_kind kind)
{
	return err_new(ERR_FORBIDDEN, "%s: message authentication failed",
		       kind == AEAD_AES_256_GCM ? "cipher" : "chacha20poly1305");
}

static bool run(const struct ossl *o, EVP_CIPHER_CTX *ctx, enum aead_kind kind, const uint8_t *key,
		str nonce, str text, str tag, str beside, unsigned char *to)
{
	const EVP_CIPHER *cipher =
		kind == AEAD_AES_256_GCM ? o->EVP_aes_256_gcm() : o->EVP_chacha20_poly1305();
	unsigned char copy[AEAD_TAG], end[AEAD_TAG];
	int n = 0;

	memcpy(copy, tag.p, AEAD_TAG);
	return o->EVP_DecryptInit_ex(ctx, cipher, NULL, NULL, NULL) &&
	       o->EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.n, NULL) > 0 &&
	       o->EVP_DecryptInit_ex(ctx, NULL, NULL, key, (const unsigned char *)nonce.p) &&
	       (!beside.n || o->EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)beside.p,
						  (int)beside.n)) &&
	       (!text.n || o->EVP_DecryptUpdate(ctx, to, &n, (const unsigned char *)text.p,
						(int)text.n)) &&
	       o->EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, copy) > 0 &&
	       o->EVP_DecryptFinal_ex(ctx, end, &n) > 0;
}

err *aead_open(enum aead_kind kind, const uint8_t key[AEAD_KEY], str nonce, str sealed, str beside,
	       struct buf *out)
{
	const struct ossl *o;

	TRY(ossl_get(&o));
	if (!nonce.n || nonce.n > AEAD_NONCE_MAX ||
	    (kind == AEAD_CHACHA20_POLY1305 && nonce.n != AEAD_NONCE))
		return err_new(ERR_INVALID, "cipher: incorrect nonce length given to GCM");
	if (sealed.n < AEAD_TAG || sealed.n > INT32_MAX || beside.n > INT32_MAX)
		return refused(kind);
	str text = str_sub(sealed, 0, sealed.n - AEAD_TAG), tag = str_from(sealed, text.n);
	char *to = buf_reserve(out, text.n + 1);

	if (!to)
		return err_new(ERR_INVALID, "the decrypted text is larger than %zu bytes", out->max);
	EVP_CIPHER_CTX *ctx = o->EVP_CIPHER_CTX_new();
	bool good = ctx && run(o, ctx, kind, key, nonce, text, tag, beside, (unsigned char *)to);

	o->EVP_CIPHER_CTX_free(ctx);
	if (!good) {
		explicit_bzero(to, text.n + 1);
		o->ERR_clear_error();
		return refused(kind);
	}
	out->n += text.n;
	out->p[out->n] = 0;
	return NULL;
}

err *aead_derive(str secret, str salt, str info, uint8_t out[32])
{
	CLEANUP(buf_release) struct buf last = BUF_INIT;
	static const char none[32];
	uint8_t key[32];

	TRY(secret_hmac_sha256(salt.n ? salt : str_of(none, sizeof none), secret, key));
	buf_add(&last, info);
	buf_addc(&last, 1);
	err *e = secret_hmac_sha256(str_of((const char *)key, sizeof key), buf_str(&last), out);

	explicit_bzero(key, sizeof key);
	return e;
}
