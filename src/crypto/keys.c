#include "crypto/keys.h"

#include "base/buf.h"
#include "base/die.h"
#include "base/rand.h"
#include "crypto/keys_impl.h"
#include "crypto/ossl.h"
#include "crypto/rsagen.h"
#include "crypto/seeded.h"
#include "text/base64.h"

struct ssl_key {
	const struct ossl *o;
	EVP_PKEY *key;
};

static void ssl_key_release(struct ssl_key *k)
{
	if (k->key)
		k->o->EVP_PKEY_free(k->key);
}

struct ssl_cert {
	const struct ossl *o;
	X509 *cert;
};

static void ssl_cert_release(struct ssl_cert *c)
{
	if (c->cert)
		c->o->X509_free(c->cert);
}

static err *failed(const struct ossl *o, const char *what)
{
	o->ERR_clear_error();
	return err_new(ERR_INTERNAL, "%s", what);
}

/* ---- PEM --------------------------------------------------------------- */

/* The first block of the text: its type and bytes. */
static bool find_block(str text, str *type, struct buf *bytes)
{
	size_t begin = str_find(text, S("-----BEGIN "));

	if (begin == STR_NPOS)
		return false;
	str s = str_from(text, begin + strlen("-----BEGIN "));
	size_t dashes = str_find(s, S("-----"));

	if (dashes == STR_NPOS)
		return false;
	*type = str_sub(s, 0, dashes);
	s = str_from(s, dashes + 5);
	size_t end = str_find(s, S("-----END "));

	if (end == STR_NPOS)
		return false;
	err *e = base64_read(bytes, str_trim(str_sub(s, 0, end)), BASE64_STD);

	err_free(e);
	return !e;
}

static str taken(struct arena *a, const struct ossl *o, BIO *bio)
{
	char *p = NULL;
	long n = o->BIO_ctrl(bio, BIO_CTRL_INFO, 0, &p);
	str s = arena_str(a, str_of(p, n > 0 ? (size_t)n : 0));

	o->BIO_free(bio);
	return s;
}

static str key_pem(struct arena *a, const struct ossl *o, EVP_PKEY *key)
{
	BIO *bio = o->BIO_new(o->BIO_s_mem());

	if (o->EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		o->PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	else
		o->PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
	return taken(a, o, bio);
}

static err *read_key(OSSL_LIB_CTX *ctx, str pem, struct ssl_key *k)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	str type;

	if (!find_block(pem, &type, &bytes))
		return err_new(ERR_INVALID, "no PEM data in input");
	const unsigned char *p = (const unsigned char *)buf_c(&bytes);
	long n = (long)bytes.n;

	if (str_eq(type, S("PRIVATE KEY"))) {
		k->key = k->o->d2i_AutoPrivateKey_ex(NULL, &p, n, ctx, NULL);
		return k->key ? NULL
			      : failed(k->o, "decoding PEM as PKCS#8: asn1: structure error");
	}
	if (!str_ends(type, S(" PRIVATE KEY")))
		return err_new(ERR_INVALID, "no private key data in PEM block of type %.*s",
			       STR_ARG(type));
	type.n -= strlen(" PRIVATE KEY");
	int id = str_eq(type, S("RSA"))   ? EVP_PKEY_RSA
		 : str_eq(type, S("EC"))  ? EVP_PKEY_EC
		 : str_eq(type, S("DSA")) ? EVP_PKEY_DSA
					  : 0;

	if (!id)
		return err_new(ERR_INVALID, "invalid private key type %.*s", STR_ARG(type));
	k->key = k->o->d2i_PrivateKey_ex(id, NULL, &p, n, ctx, NULL);
	if (k->key)
		return NULL;
	k->o->ERR_clear_error();
	return err_new(ERR_INVALID, "parsing %.*s private key from PEM: asn1: structure error",
		       STR_ARG(type));
}

static err *read_cert(str pem, struct ssl_cert *c)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	str type;

	if (!find_block(pem, &type, &bytes))
		return err_new(ERR_INVALID, "unable to decode certificate");
	const unsigned char *p = (const unsigned char *)buf_c(&bytes);

	c->cert = c->o->d2i_X509(NULL, &p, (long)bytes.n);
	if (c->cert)
		return NULL;
	return failed(c->o,
		      "error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
}

/* ---- keys -------------------------------------------------------------- */

static EVP_PKEY *finish_key(const struct ossl *o, EVP_PKEY_CTX *ctx)
{
	EVP_PKEY *key = NULL;

	if (ctx && o->EVP_PKEY_keygen(ctx, &key) <= 0)
		key = NULL;
	o->EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY_CTX *begin_key(const struct seeded *s, const char *name)
{
	const struct ossl *o = s->o;
	EVP_PKEY_CTX *ctx = o->EVP_PKEY_CTX_new_from_name(s->ctx, name, NULL);

	if (ctx && o->EVP_PKEY_keygen_init(ctx) <= 0) {
		o->EVP_PKEY_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static EVP_PKEY *make_dsa(const struct seeded *s)
{
	const struct ossl *o = s->o;
	EVP_PKEY_CTX *ctx = o->EVP_PKEY_CTX_new_from_name(s->ctx, "DSA", NULL);
	EVP_PKEY *params = NULL;

	if (ctx && o->EVP_PKEY_paramgen_init(ctx) > 0 &&
	    o->EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 2048) > 0 &&
	    o->EVP_PKEY_CTX_set_dsa_paramgen_q_bits(ctx, 256) > 0 &&
	    o->EVP_PKEY_paramgen(ctx, &params) <= 0)
		params = NULL;
	o->EVP_PKEY_CTX_free(ctx);
	if (!params)
		return NULL;
	ctx = o->EVP_PKEY_CTX_new_from_pkey(s->ctx, params, NULL);
	if (ctx && o->EVP_PKEY_keygen_init(ctx) <= 0) {
		o->EVP_PKEY_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_PKEY *key = finish_key(o, ctx);

	o->EVP_PKEY_free(params);
	return key;
}

static EVP_PKEY *make_rsa(const struct seeded *s, unsigned bits)
{
	CLEANUP(buf_release) struct buf der = BUF_INIT;
	EVP_PKEY *key = NULL;
	err *e = rsagen_key(s->o, bits, s->random, &der);

	if (!e) {
		const unsigned char *p = (const unsigned char *)der.p;

		key = s->o->d2i_PrivateKey_ex(EVP_PKEY_RSA, NULL, &p, (long)der.n, s->ctx, NULL);
		explicit_bzero(der.p, der.n);
	}
	err_free(e);
	return key;
}

static EVP_PKEY *make_key(const struct seeded *s, enum keys_kind kind)
{
	const struct ossl *o = s->o;
	EVP_PKEY_CTX *ctx;

	switch (kind) {
	case KEYS_DSA:
		return make_dsa(s);
	case KEYS_ED25519:
		return finish_key(o, begin_key(s, "ED25519"));
	case KEYS_ECDSA:
		ctx = begin_key(s, "EC");
		if (ctx)
			o->EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1);
		return finish_key(o, ctx);
	case KEYS_RSA_2048:
		return make_rsa(s, 2048);
	case KEYS_RSA_4096:
		return make_rsa(s, 4096);
	}
	return NULL;
}

err *keys_new(struct arena *a, enum keys_kind kind, const struct keys_random *random, str *pem)
{
	CLEANUP(seeded_close) struct seeded s = { 0 };
	CLEANUP(ssl_key_release) struct ssl_key k = { 0 };

	TRY(ossl_get(&k.o));
	TRY(seeded_open(k.o, random, &s));
	k.key = make_key(&s, kind);
	if (!k.key)
		return failed(k.o, "the key could not be made");
	*pem = key_pem(a, k.o, k.key);
	return NULL;
}

/* ---- certificates ------------------------------------------------------ */

static bool add_extension(const struct ossl *o, X509 *cert, X509 *signer, int nid,
			  const char *value)
{
	X509V3_CTX ctx;

	o->X509V3_set_ctx(&ctx, signer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = o->X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext && o->X509_add_ext(cert, ext, -1);

	o->X509_EXTENSION_free(ext);
	return ok;
}

/* CA:FALSE is an empty sequence, which no text gives. */
static bool add_constraints(const struct ossl *o, X509 *cert, bool authority)
{
	BASIC_CONSTRAINTS *c = o->BASIC_CONSTRAINTS_new();

	c->ca = authority ? 0xff : 0;
	X509_EXTENSION *ext = o->X509V3_EXT_i2d(NID_basic_constraints, 1, c);
	bool ok = ext && o->X509_add_ext(cert, ext, -1);

	o->X509_EXTENSION_free(ext);
	o->BASIC_CONSTRAINTS_free(c);
	return ok;
}

/* DER by hand: a host name may hold commas and colons, which OpenSSL's text
 * form would read as its own. */
static void add_der(struct buf *b, uint8_t tag, str bytes)
{
	buf_addc(b, (char)tag);
	if (bytes.n < 0x80) {
		buf_addc(b, (char)bytes.n);
	} else {
		int size = bytes.n < 0x100 ? 1 : bytes.n < 0x10000 ? 2 : 3;

		buf_addc(b, (char)(0x80 | size));
		while (size--)
			buf_addc(b, (char)(bytes.n >> 8 * size));
	}
	buf_add(b, bytes);
}

static bool add_names(const struct ossl *o, X509 *cert, const struct keys_request *r)
{
	CLEANUP(buf_release) struct buf names = BUF_LIMIT(1 << 23);
	CLEANUP(buf_release) struct buf all = BUF_LIMIT(1 << 24);
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(1 << 26);

	if (!r->hosts_n && !r->addresses_n)
		return true;
	for (size_t i = 0; i < r->hosts_n; i++)
		add_der(&names, 0x82, r->hosts[i]);
	for (size_t i = 0; i < r->addresses_n; i++)
		add_der(&names, 0x87,
			str_of((const char *)r->addresses[i].bytes, r->addresses[i].n));
	add_der(&all, 0x30, buf_str(&names));
	if (!r->name.n)
		buf_add(&text, S("critical,"));
	buf_add(&text, S("DER:"));
	for (size_t i = 0; i < all.n; i++)
		buf_addf(&text, "%02x", (unsigned char)all.p[i]);
	return !names.full && !all.full && !text.full &&
	       add_extension(o, cert, cert, NID_subject_alt_name, buf_c(&text));
}

static bool add_extensions(const struct ossl *o, X509 *cert, X509 *signer,
			   const struct keys_request *r)
{
	bool ok =
		add_extension(o, cert, signer, NID_key_usage,
			      r->authority ? "critical,digitalSignature,keyEncipherment,keyCertSign"
					   : "critical,digitalSignature,keyEncipherment") &&
		add_extension(o, cert, signer, NID_ext_key_usage, "serverAuth,clientAuth") &&
		add_constraints(o, cert, r->authority);

	if (ok && r->authority)
		ok = add_extension(o, cert, signer, NID_subject_key_identifier, "hash");
	if (ok && signer != cert && o->X509_get0_subject_key_id(signer) &&
	    o->X509_NAME_cmp(o->X509_get_subject_name(signer), o->X509_get_subject_name(cert)))
		ok = add_extension(o, cert, signer, NID_authority_key_identifier, "keyid");
	return ok && add_names(o, cert, r);
}

static bool set_serial(const struct ossl *o, X509 *cert, const struct keys_random *random)
{
	unsigned char bytes[16];

	if (random)
		random->fill(random->ctx, bytes, sizeof bytes);
	else
		rand_bytes(bytes, sizeof bytes);
	BIGNUM *n = o->BN_bin2bn(bytes, sizeof bytes, NULL);
	ASN1_INTEGER *serial = o->BN_to_ASN1_INTEGER(n, NULL);
	bool ok = serial && o->X509_set_serialNumber(cert, serial);

	o->ASN1_INTEGER_free(serial);
	o->BN_free(n);
	return ok;
}

static bool set_times(const struct ossl *o, X509 *cert, const struct keys_request *r)
{
	ASN1_TIME *from = o->ASN1_TIME_set(NULL, r->now), *to = o->ASN1_TIME_set(NULL, r->until);
	bool ok =
		from && to && o->X509_set1_notBefore(cert, from) && o->X509_set1_notAfter(cert, to);

	o->ASN1_TIME_free(from);
	o->ASN1_TIME_free(to);
	return ok;
}

static bool fill(const struct ossl *o, X509 *cert, X509 *signer, EVP_PKEY *key,
		 const struct keys_request *r)
{
	X509_NAME *name = o->X509_get_subject_name(cert);

	if (!o->X509_set_version(cert, 2) || !set_serial(o, cert, r->random) || !set_times(o, cert, r))
		return false;
	if (r->name.n &&
	    !o->X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					   (const unsigned char *)r->name.p, (int)r->name.n, -1, 0))
		return false;
	return o->X509_set_issuer_name(cert, o->X509_get_subject_name(signer)) &&
	       o->X509_set_pubkey(cert, key) && add_extensions(o, cert, signer, r);
}

static bool sign(const struct ossl *o, X509 *cert, EVP_PKEY *key)
{
	bool plain = o->EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;

	return o->X509_sign(cert, key, plain ? NULL : o->EVP_sha256()) > 0;
}

static err *read_signer(OSSL_LIB_CTX *ctx, const struct keys_request *r, struct ssl_cert *cert,
			struct ssl_key *key)
{
	err *e = read_cert(r->signer_cert, cert);

	if (e)
		return e;
	e = read_key(ctx, r->signer_key, key);
	if (e)
		return err_wrap(e, "error parsing private key");
	EVP_PKEY *public = cert->o->X509_get_pubkey(cert->cert);
	bool same = public && cert->o->EVP_PKEY_eq(public, key->key) == 1;

	cert->o->EVP_PKEY_free(public);
	if (!same)
		return failed(cert->o, "error creating certificate: x509: provided PrivateKey "
				       "doesn't match parent's PublicKey");
	return NULL;
}

err *keys_certify(struct arena *a, const struct keys_request *r, str *cert, str *key)
{
	CLEANUP(seeded_close) struct seeded s = { 0 };
	CLEANUP(ssl_key_release) struct ssl_key own = { 0 }, signer_key = { 0 };
	CLEANUP(ssl_cert_release) struct ssl_cert made = { 0 }, signer = { 0 };
	const struct ossl *o;

	TRY(ossl_get(&o));
	TRY(seeded_open(o, r->random, &s));
	own.o = signer_key.o = made.o = signer.o = o;
	if (r->key.n) {
		err *e = read_key(s.ctx, r->key, &own);

		if (e)
			return err_wrap(e, "parsing private key");
	} else {
		own.key = make_key(&s, KEYS_RSA_2048);
	}
	if (!own.key)
		return failed(o, "error generating rsa key");
	if (r->signer_cert.n || r->signer_key.n)
		TRY(read_signer(s.ctx, r, &signer, &signer_key));
	made.cert = o->X509_new_ex(s.ctx, NULL);
	if (!fill(o, made.cert, signer.cert ? signer.cert : made.cert, own.key, r) ||
	    !sign(o, made.cert, signer_key.key ? signer_key.key : own.key))
		return failed(o, "error creating certificate: x509: the request cannot be signed");
	BIO *bio = o->BIO_new(o->BIO_s_mem());

	o->PEM_write_bio_X509(bio, made.cert);
	*cert = taken(a, o, bio);
	*key = key_pem(a, o, own.key);
	return NULL;
}

err *keys_check(str cert, str key)
{
	CLEANUP(ssl_cert_release) struct ssl_cert c = { 0 };
	CLEANUP(ssl_key_release) struct ssl_key k = { 0 };

	TRY(ossl_get(&c.o));
	k.o = c.o;
	TRY(read_cert(cert, &c));
	err *e = read_key(NULL, key, &k);

	return e ? err_wrap(e, "error parsing private key") : NULL;
}

/* ---- signatures -------------------------------------------------------- */

err *keys_read(const struct ossl *o, str pem, EVP_PKEY **out)
{
	struct ssl_key k = { .o = o };

	TRY(read_key(NULL, pem, &k));
	*out = k.key;
	return NULL;
}

err *keys_sign(const struct ossl *o, EVP_PKEY *key, str text, unsigned char *signature, size_t *n)
{
	EVP_MD_CTX *ctx = o->EVP_MD_CTX_new();
	bool good = ctx && o->EVP_DigestSignInit(ctx, NULL, o->EVP_sha256(), NULL, key) == 1 &&
		    o->EVP_DigestSign(ctx, signature, n, (const unsigned char *)text.p, text.n) == 1;

	o->EVP_MD_CTX_free(ctx);
	return good ? NULL : failed(o, "signing failed");
}

err *keys_sign_rs256(struct buf *out, str key, str text)
{
	CLEANUP(ssl_key_release) struct ssl_key k = { 0 };
	unsigned char signature[1024];
	size_t n = sizeof signature;

	TRY(ossl_get(&k.o));
	TRY(read_key(NULL, key, &k));
	if (k.o->EVP_PKEY_get_base_id(k.key) != EVP_PKEY_RSA)
		return err_new(ERR_INVALID, "key is not a valid RSA private key");
	TRY(keys_sign(k.o, k.key, text, signature, &n));
	buf_bytes(out, signature, n);
	return NULL;
}
