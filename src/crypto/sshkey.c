#include "crypto/sshkey.h"

#include <openssl/core_names.h>

#include "base/buf.h"
#include "crypto/ossl.h"
#include "text/base64.h"

enum { POINT_MAX = 133, NUMBER_MAX = 16384 / 8 };

static const struct curve {
	enum sshkey_kind kind;
	int nid, bits;
	const char *name;
} curves[] = {
	{ SSHKEY_P256, NID_X9_62_prime256v1, 256, "nistp256" },
	{ SSHKEY_P384, NID_secp384r1, 384, "nistp384" },
	{ SSHKEY_P521, NID_secp521r1, 521, "nistp521" },
};

struct pair {
	const struct ossl *o;
	EVP_PKEY *key;
};

static void pair_release(struct pair *p)
{
	if (p->key)
		p->o->EVP_PKEY_free(p->key);
}

/* ---- the public line --------------------------------------------------- */

/* A length of four bytes, then the bytes. */
static void add_string(struct buf *b, str s)
{
	const unsigned char n[4] = { (unsigned char)(s.n >> 24), (unsigned char)(s.n >> 16),
				     (unsigned char)(s.n >> 8), (unsigned char)s.n };

	buf_bytes(b, n, sizeof n);
	buf_add(b, s);
}

/* The same of a number that is positive: a zero before a high first bit. */
static bool add_number(struct buf *b, const struct pair *p, const char *name)
{
	unsigned char bytes[NUMBER_MAX + 1] = { 0 };
	BIGNUM *number = NULL;

	if (!p->o->EVP_PKEY_get_bn_param(p->key, name, &number))
		return false;
	int bits = p->o->BN_num_bits(number), n = (bits + 7) / 8;
	bool fits = n <= NUMBER_MAX;
	bool high = bits % 8 == 0;

	if (fits)
		p->o->BN_bn2bin(number, bytes + 1);
	p->o->BN_free(number);
	if (fits)
		add_string(b, str_of((const char *)bytes + !high, (size_t)n + high));
	return fits;
}

static bool add_curve(struct buf *b, const struct pair *p, const char **name)
{
	unsigned char point[POINT_MAX];
	size_t n = 0;
	int bits = p->o->EVP_PKEY_get_bits(p->key);

	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		if (curves[i].bits != bits)
			continue;
		if (!p->o->EVP_PKEY_get_octet_string_param(p->key, OSSL_PKEY_PARAM_PUB_KEY, point,
							   sizeof point, &n))
			return false;
		buf_addf(b, "%c%c%c%cecdsa-sha2-%s", 0, 0, 0, 19, curves[i].name);
		add_string(b, str_c(curves[i].name));
		add_string(b, str_of((const char *)point, n));
		*name = curves[i].name;
		return true;
	}
	return false;
}

static str line_of(struct arena *a, str type, str blob)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, type);
	buf_addc(&b, ' ');
	base64_write(&b, blob, BASE64_STD);
	buf_addc(&b, '\n');
	return arena_str(a, buf_str(&b));
}

static bool public_line(struct arena *a, const struct pair *p, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	unsigned char raw[32];
	size_t n = sizeof raw;
	const char *curve = NULL;
	str type;

	switch (p->o->EVP_PKEY_get_base_id(p->key)) {
	case EVP_PKEY_RSA:
		type = S("ssh-rsa");
		add_string(&b, type);
		if (!add_number(&b, p, OSSL_PKEY_PARAM_RSA_E) ||
		    !add_number(&b, p, OSSL_PKEY_PARAM_RSA_N))
			return false;
		break;
	case EVP_PKEY_EC:
		if (!add_curve(&b, p, &curve))
			return false;
		type = arena_printf(a, "ecdsa-sha2-%s", curve);
		break;
	case EVP_PKEY_ED25519:
		type = S("ssh-ed25519");
		if (!p->o->EVP_PKEY_get_raw_public_key(p->key, raw, &n))
			return false;
		add_string(&b, type);
		add_string(&b, str_of((const char *)raw, n));
		break;
	default:
		return false;
	}
	*out = line_of(a, type, buf_str(&b));
	return true;
}

/* ---- new keys ---------------------------------------------------------- */

static EVP_PKEY *make(const struct ossl *o, enum sshkey_kind kind, unsigned bits)
{
	const char *name = kind == SSHKEY_RSA ? "RSA" : kind == SSHKEY_ED25519 ? "ED25519" : "EC";
	EVP_PKEY_CTX *ctx = o->EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	EVP_PKEY *key = NULL;
	bool ok = ctx && o->EVP_PKEY_keygen_init(ctx) > 0;

	if (ok && kind == SSHKEY_RSA)
		ok = o->EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) > 0;
	for (size_t i = 0; ok && i < sizeof curves / sizeof *curves; i++)
		if (curves[i].kind == kind)
			ok = o->EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, curves[i].nid) > 0;
	if (ok && o->EVP_PKEY_keygen(ctx, &key) <= 0)
		key = NULL;
	o->EVP_PKEY_CTX_free(ctx);
	return key;
}

err *sshkey_new(struct arena *a, enum sshkey_kind kind, unsigned bits, str *private, str *public)
{
	CLEANUP(pair_release) struct pair p = { 0 };
	char *text = NULL;

	TRY(ossl_get(&p.o));
	p.key = make(p.o, kind, bits);
	if (!p.key || !public_line(a, &p, public)) {
		p.o->ERR_clear_error();
		return err_new(ERR_INTERNAL, "key generation failed");
	}
	BIO *bio = p.o->BIO_new(p.o->BIO_s_mem());

	p.o->PEM_write_bio_PrivateKey(bio, p.key, NULL, NULL, 0, NULL, NULL);
	long n = p.o->BIO_ctrl(bio, BIO_CTRL_INFO, 0, (char *)&text);

	*private = arena_str(a, str_of(text, n > 0 ? (size_t)n : 0));
	p.o->BIO_free(bio);
	return NULL;
}

/* ---- keys that exist --------------------------------------------------- */

static bool take_string(str *rest, str *out)
{
	const unsigned char *p = (const unsigned char *)rest->p;

	if (rest->n < 4)
		return false;
	size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

	if (n > rest->n - 4)
		return false;
	*out = str_sub(*rest, 4, 4 + n);
	*rest = str_from(*rest, 4 + n);
	return true;
}

#define OPENSSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define OPENSSH_END "-----END OPENSSH PRIVATE KEY-----"

/* "openssh-key-v1\0", cipher, its key's making and options, how many keys,
 * the public key: all before what is encrypted. */
static err *read_openssh(struct arena *a, str text, bool has_passphrase, str *public)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	static const char magic[] = "openssh-key-v1";
	size_t end = str_find(text, S(OPENSSH_END));
	str rest, cipher, kdf, options, blob, inside, type;

	if (end == STR_NPOS)
		return err_new(ERR_INVALID, "ssh: no key found");
	TRY(base64_read(&b, str_trim(str_sub(text, strlen(OPENSSH_BEGIN), end)), BASE64_STD));
	rest = buf_str(&b);
	if (!str_take_str(&rest, str_of(magic, sizeof magic)) || !take_string(&rest, &cipher) ||
	    !take_string(&rest, &kdf) || !take_string(&rest, &options) || rest.n < 4)
		return err_new(ERR_INVALID, "ssh: invalid openssh private key format");
	rest = str_from(rest, 4);
	if (!take_string(&rest, &blob))
		return err_new(ERR_INVALID, "ssh: invalid openssh private key format");
	inside = blob;
	if (!take_string(&inside, &type))
		return err_new(ERR_INVALID, "ssh: invalid openssh private key format");
	if (!has_passphrase && !str_eq(cipher, S("none")))
		return err_new(ERR_INVALID, "ssh: this private key is passphrase protected");
	*public = line_of(a, arena_str(a, type), blob);
	return NULL;
}

static int give_passphrase(char *to, int size, int writing, void *ctx)
{
	const str *passphrase = ctx;

	(void)writing;
	if (size < 0 || passphrase->n > (size_t)size)
		return -1;
	if (passphrase->n)
		memcpy(to, passphrase->p, passphrase->n);
	return (int)passphrase->n;
}

err *sshkey_public(struct arena *a, str private, str passphrase, str *public)
{
	CLEANUP(pair_release) struct pair p = { 0 };
	size_t begin = str_find(private, S(OPENSSH_BEGIN));

	if (begin != STR_NPOS)
		return read_openssh(a, str_from(private, begin), passphrase.n > 0, public);
	if (!str_has(private, S("-----BEGIN ")) || private.n > INT32_MAX)
		return err_new(ERR_INVALID, "ssh: no key found");
	TRY(ossl_get(&p.o));
	BIO *bio = p.o->BIO_new_mem_buf(private.p, (int)private.n);

	p.key = p.o->PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase);
	p.o->BIO_free(bio);
	p.o->ERR_clear_error();
	if (!p.key && !passphrase.n && str_has(private, S("ENCRYPTED")))
		return err_new(ERR_INVALID, "ssh: this private key is passphrase protected");
	if (!p.key && passphrase.n)
		return err_new(ERR_INVALID, "x509: decryption password incorrect");
	if (!p.key || !public_line(a, &p, public))
		return err_new(ERR_INVALID, "ssh: unsupported key type");
	return NULL;
}
