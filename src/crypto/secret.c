#include "crypto/secret.h"

#include <crypt.h>
#include <dlfcn.h>

#include "base/die.h"
#include "crypto/ossl.h"

static err *broken(const struct ossl *o, const char *what)
{
	o->ERR_clear_error();
	return err_new(ERR_INTERNAL, "OpenSSL cannot do %s", what);
}

err *secret_digest_hex(struct buf *b, enum secret_digest kind, str text)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	const struct ossl *o;
	unsigned n = 0;

	TRY(ossl_get(&o));
	if (!o->EVP_Digest(text.n ? text.p : "", text.n, bytes, &n,
			   kind == SECRET_SHA1 ? o->EVP_sha1() : o->EVP_sha512(), NULL))
		return broken(o, "the digest");
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, "%02x", bytes[i]);
	return NULL;
}

uint32_t secret_adler32(str text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	uint32_t x = 1, y = 0;

	while (text.n) {
		/* So many bytes cannot overflow the sums. */
		size_t n = text.n < 5552 ? text.n : 5552;

		for (size_t i = 0; i < n; i++) {
			x += *p++;
			y += x;
		}
		x %= 65521;
		y %= 65521;
		text.n -= n;
	}
	return y << 16 | x;
}

/* ---- bcrypt ------------------------------------------------------------ */

/* bcrypt's own base64: another alphabet, no padding. */
static void add_salt(struct buf *b, const uint8_t salt[16])
{
	static const char set[] =
		"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	uint32_t bits = 0;
	int n = 0;

	for (int i = 0; i < 16; i++) {
		bits = bits << 8 | salt[i];
		for (n += 8; n >= 6; n -= 6)
			buf_addc(b, set[bits >> (n - 6) & 63]);
	}
	buf_addc(b, set[bits << (6 - n) & 63]);
}

typedef char *crypt_function(const char *, const char *, struct crypt_data *);

err *secret_bcrypt(struct buf *b, str password, const uint8_t salt[16])
{
	CLEANUP(buf_release) struct buf setting = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	void *lib = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL);
	void *symbol = lib ? dlsym(lib, "crypt_r") : NULL;
	crypt_function *function;

	if (!symbol)
		return err_new(ERR_UNAVAILABLE, "libcrypt.so.1 cannot be loaded");
	if (password.n > 72)
		return err_new(ERR_INVALID, "bcrypt: password length exceeds 72 bytes");
	if (str_find_char(password, 0) != STR_NPOS)
		return err_new(ERR_INVALID, "bcrypt: password holds a NUL byte");
	memcpy(&function, &symbol, sizeof function);
	buf_add(&text, password);
	buf_add(&setting, S("$2b$10$"));
	add_salt(&setting, salt);
	struct crypt_data *data = mem_calloc(1, sizeof *data);
	const char *hash = function(buf_c(&text), buf_c(&setting), data);
	bool ok = hash && hash[0] == '$';

	/* What libxcrypt calls 2b is what Go writes as 2a. */
	if (ok) {
		buf_add(b, S("$2a"));
		buf_add(b, str_c(hash + 3));
	}
	free(data);
	return ok ? NULL : err_new(ERR_INTERNAL, "bcrypt is not supported by libcrypt");
}

/* ---- keys and ciphers -------------------------------------------------- */

err *secret_scrypt(str password, str salt, uint8_t out[64])
{
	const struct ossl *o;

	TRY(ossl_get(&o));
	if (!o->EVP_PBE_scrypt(password.n ? password.p : "", password.n,
			       (const unsigned char *)(salt.n ? salt.p : ""), salt.n, 32768, 8, 2,
			       (uint64_t)128 << 20, out, 64))
		return broken(o, "scrypt");
	return NULL;
}

err *secret_hmac_sha256(str key, str text, uint8_t out[32])
{
	const struct ossl *o;
	unsigned n = 32;

	TRY(ossl_get(&o));
	if (!o->HMAC(o->EVP_sha256(), key.p, (int)key.n, (const unsigned char *)text.p, text.n, out,
		     &n))
		return broken(o, "HMAC");
	return NULL;
}

static bool run_cbc(const struct ossl *o, EVP_CIPHER_CTX *ctx, unsigned char *to,
		    const uint8_t *key, const uint8_t *iv, str in, bool encrypt)
{
	const unsigned char *from = (const unsigned char *)in.p;
	int n = 0, rest = 0;

	if (encrypt)
		return o->EVP_EncryptInit_ex(ctx, o->EVP_aes_256_cbc(), NULL, key, iv) &&
		       o->EVP_CIPHER_CTX_set_padding(ctx, 0) &&
		       o->EVP_EncryptUpdate(ctx, to, &n, from, (int)in.n) &&
		       o->EVP_EncryptFinal_ex(ctx, to + n, &rest);
	return o->EVP_DecryptInit_ex(ctx, o->EVP_aes_256_cbc(), NULL, key, iv) &&
	       o->EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	       o->EVP_DecryptUpdate(ctx, to, &n, from, (int)in.n) &&
	       o->EVP_DecryptFinal_ex(ctx, to + n, &rest);
}

err *secret_aes_cbc(struct buf *b, const uint8_t key[32], const uint8_t iv[16], str blocks,
		    bool encrypt)
{
	const struct ossl *o;

	TRY(ossl_get(&o));
	if (blocks.n > INT32_MAX - 64)
		return err_new(ERR_INVALID, "text is too large to be encrypted");
	char *to = buf_reserve(b, blocks.n + 32);
	EVP_CIPHER_CTX *ctx = o->EVP_CIPHER_CTX_new();
	bool ok = to && ctx && run_cbc(o, ctx, (unsigned char *)to, key, iv, blocks, encrypt);

	o->EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return broken(o, "AES");
	b->n += blocks.n;
	return NULL;
}
