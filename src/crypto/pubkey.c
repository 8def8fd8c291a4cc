#include "crypto/pubkey.h"

#include "base/die.h"
#include "crypto/ossl.h"
#include "crypto/pubkey_impl.h"
#include "crypto/sha256.h"
#include "text/base64.h"

/* ---- reading --------------------------------------------------------------- */

static err *accept(const struct ossl *o, EVP_PKEY *key, struct pubkey **out)
{
	int kind = key ? o->EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	bool good = kind == EVP_PKEY_EC || kind == EVP_PKEY_ED25519 ||
		    (kind == EVP_PKEY_RSA && o->EVP_PKEY_get_bits(key) >= PUBKEY_RSA_BITS_MIN);

	o->ERR_clear_error();
	if (!good) {
		o->EVP_PKEY_free(key);
		return err_new(ERR_INVALID, key ? "unsupported public key type or size"
						: "x509: failed to parse public key");
	}
	struct pubkey *k = mem_calloc(1, sizeof *k);

	k->o = o;
	k->key = key;
	*out = k;
	return NULL;
}

err *pubkey_adopt(struct pubkey **out, const struct ossl *o, EVP_PKEY *key)
{
	return accept(o, key, out);
}

err *pubkey_read_der(struct pubkey **out, str der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	const struct ossl *o;

	TRY(ossl_get(&o));
	if (!der.n || der.n > PUBKEY_MAX)
		return err_new(ERR_INVALID, "x509: failed to parse public key");
	return accept(o, o->d2i_PUBKEY(NULL, &p, (long)der.n), out);
}

err *pubkey_read_pem(struct pubkey **out, str pem)
{
	CLEANUP(buf_release) struct buf der = BUF_INIT;
	static const str begin = S("-----BEGIN PUBLIC KEY-----"), end = S("-----END PUBLIC KEY-----");
	size_t from = str_find(pem, begin);

	if (pem.n > PUBKEY_MAX || from == STR_NPOS)
		return err_new(ERR_INVALID, "PEM decoding failed");
	str body = str_from(pem, from + begin.n);
	size_t to = str_find(body, end);

	if (to == STR_NPOS)
		return err_new(ERR_INVALID, "PEM decoding failed");
	err *e = base64_read(&der, str_trim(str_sub(body, 0, to)), BASE64_STD);

	if (e)
		return err_replace(e, "PEM decoding failed");
	return pubkey_read_der(out, buf_str(&der));
}

void pubkey_free(struct pubkey *k)
{
	if (!k)
		return;
	k->o->EVP_PKEY_free(k->key);
	free(k);
}

void pubkey_drop(struct pubkey **k)
{
	pubkey_free(*k);
}

/* ---- checking -------------------------------------------------------------- */

struct scheme {
	int bits;
	bool pss, raw;
};

static struct scheme scheme_of(enum pubkey_scheme s)
{
	static const int bits[] = { 256, 384, 512 };

	return (struct scheme){ bits[s % 3], s >= PUBKEY_PSS_256 && s <= PUBKEY_PSS_512,
				s >= PUBKEY_RAW_256 };
}

static void add_number(struct buf *b, str n)
{
	while (n.n > 1 && !n.p[0])
		n = str_from(n, 1);
	bool pad = n.p[0] & 0x80;

	buf_addc(b, 2);
	buf_addc(b, (char)(n.n + pad));
	if (pad)
		buf_addc(b, 0);
	buf_add(b, n);
}

/* r and s side by side as ASN.1; false when the length is odd or far too long. */
static bool from_raw(str raw, struct buf *out)
{
	CLEANUP(buf_release) struct buf both = BUF_INIT;

	if (!raw.n || raw.n % 2 || raw.n > 132)
		return false;
	add_number(&both, str_sub(raw, 0, raw.n / 2));
	add_number(&both, str_from(raw, raw.n / 2));
	buf_addc(out, 0x30);
	if (both.n >= 0x80)
		buf_addc(out, (char)0x81);
	buf_addc(out, (char)both.n);
	buf_add(out, buf_str(&both));
	return true;
}

static bool check(const struct pubkey *k, const EVP_MD *md, bool pss, str text, str signature)
{
	EVP_MD_CTX *ctx = k->o->EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey = NULL;
	bool good = ctx && k->o->EVP_DigestVerifyInit(ctx, &pkey, md, NULL, k->key) == 1;

	if (good && pss)
		good = k->o->EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0 &&
		       k->o->EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) > 0;
	good = good && k->o->EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
					      (const unsigned char *)text.p, text.n) == 1;
	k->o->EVP_MD_CTX_free(ctx);
	k->o->ERR_clear_error();
	return good;
}

bool pubkey_verify(const struct pubkey *k, enum pubkey_scheme scheme, str text, str signature)
{
	CLEANUP(buf_release) struct buf asn1 = BUF_INIT;
	struct scheme s = scheme_of(scheme);
	int kind = k->o->EVP_PKEY_get_base_id(k->key);
	const EVP_MD *md = s.bits == 256   ? k->o->EVP_sha256()
			   : s.bits == 384 ? k->o->EVP_sha384()
					   : k->o->EVP_sha512();

	if (!signature.n || signature.n > PUBKEY_MAX || (s.pss && kind != EVP_PKEY_RSA) ||
	    (s.raw && (kind != EVP_PKEY_EC || !from_raw(signature, &asn1))))
		return false;
	if (kind == EVP_PKEY_ED25519)
		md = NULL;
	return check(k, md, s.pss, text, s.raw ? buf_str(&asn1) : signature);
}

err *pubkey_id(const struct pubkey *k, uint8_t out[32])
{
	unsigned char *der = NULL;
	int n = k->o->i2d_PUBKEY(k->key, &der);
	struct sha256 s;

	if (n <= 0)
		return err_new(ERR_INTERNAL, "the public key cannot be written");
	sha256_init(&s);
	sha256_add(&s, str_of((const char *)der, (size_t)n));
	sha256_end(&s, out);
	k->o->CRYPTO_free(der, __FILE__, __LINE__);
	return NULL;
}
