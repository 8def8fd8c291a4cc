#include "crypto/certassert.h"

#include <string.h>

#include "base/buf.h"
#include "base/rand.h"
#include "base/vec.h"
#include "crypto/cert_impl.h"
#include "crypto/jwt.h"
#include "crypto/pubkey_impl.h"
#include "crypto/sha256.h"
#include "text/base64.h"
#include "text/gourl.h"

/* A key with its certificates, the key's own one first. */
struct identity {
	const struct ossl *o;
	EVP_PKEY *key;
	struct cert_list certs;
};

static void release(struct identity *i)
{
	if (i->key)
		i->o->EVP_PKEY_free(i->key);
	cert_list_release(&i->certs);
}

static err *bad(const char *what)
{
	return err_new(ERR_INVALID, "%s", what);
}

/* ---- reading ------------------------------------------------------------------- */

static err *read_pem(struct identity *i, str data)
{
	const struct ossl *o = i->o;
	BIO *bio = o->BIO_new_mem_buf(data.p, (int)data.n);

	if (!str_has(data, S("-----BEGIN CERTIFICATE-----"))) {
		o->BIO_free(bio);
		return bad("found no certificate");
	}
	i->key = o->PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
	o->BIO_free(bio);
	o->ERR_clear_error();
	if (!i->key)
		return bad("found no private key");
	return cert_list_read(&i->certs, data);
}

static void add(struct identity *i, X509 *x)
{
	struct cert *c = mem_calloc(1, sizeof *c);

	c->o = i->o;
	c->x = x;
	cert_list_add(&i->certs, c);
}

static err *read_pkcs12(struct arena *a, struct identity *i, str data, str password)
{
	const struct ossl *o = i->o;
	const unsigned char *p = (const unsigned char *)data.p;
	PKCS12 *bag = o->d2i_PKCS12(NULL, &p, (long)data.n);
	STACK_OF(X509) *more = NULL;
	X509 *own = NULL;

	if (!bag) {
		o->ERR_clear_error();
		return bad("pkcs12: error reading P12 data");
	}
	bool good = o->PKCS12_parse(bag, arena_str(a, password).p, &i->key, &own, &more) == 1;

	o->PKCS12_free(bag);
	o->ERR_clear_error();
	if (own)
		add(i, own);
	for (int n = 0; more && n < o->OPENSSL_sk_num((const OPENSSL_STACK *)more); n++)
		add(i, o->OPENSSL_sk_value((const OPENSSL_STACK *)more, n));
	if (more)
		o->OPENSSL_sk_free((OPENSSL_STACK *)more);
	if (!good)
		return bad("pkcs12: decryption password incorrect");
	return i->key ? NULL : bad("found no private key");
}

static bool is_own(const struct identity *i, const struct cert *c)
{
	EVP_PKEY *key = i->o->X509_get_pubkey(c->x);
	bool own = key && i->o->EVP_PKEY_eq(key, i->key) == 1;

	i->o->EVP_PKEY_free(key);
	i->o->ERR_clear_error();
	return own;
}

static err *put_own_first(struct identity *i)
{
	for (size_t n = 0; n < i->certs.n; n++) {
		struct cert *c = i->certs.p[n];

		if (!is_own(i, c))
			continue;
		memmove(i->certs.p + 1, i->certs.p, n * sizeof *i->certs.p);
		i->certs.p[0] = c;
		return NULL;
	}
	return bad(i->certs.n ? "the key doesn't match any of the provided certificates"
			      : "found no certificate");
}

static err *read_identity(struct arena *a, str data, str password, struct identity *i)
{
	if (data.n > CERTASSERT_MAX)
		return bad("the certificate is too large");
	TRY(ossl_get(&i->o));
	TRY(!password.n && str_has(data, S("-----BEGIN ")) ? read_pem(i, data)
							   : read_pkcs12(a, i, data, password));
	if (i->o->EVP_PKEY_get_base_id(i->key) != EVP_PKEY_RSA)
		return bad("the key must be an RSA key");
	return put_own_first(i);
}

/* ---- saying ---------------------------------------------------------------------- */

static err *sign(const struct identity *i, str text, struct buf *out)
{
	const struct ossl *o = i->o;
	unsigned char signature[2048];
	size_t n = sizeof signature;
	EVP_MD_CTX *ctx = o->EVP_MD_CTX_new();
	EVP_PKEY_CTX *p = NULL;
	bool good =
		ctx && o->EVP_DigestSignInit(ctx, &p, o->EVP_sha256(), NULL, i->key) == 1 &&
		o->EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0 &&
		o->EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) > 0 &&
		o->EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text.p, text.n) == 1;

	o->EVP_MD_CTX_free(ctx);
	o->ERR_clear_error();
	if (!good)
		return bad("unable to sign JWT token");
	buf_add(out, str_of((const char *)signature, n));
	return NULL;
}

static node text64(struct arena *a, str bytes)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, bytes, BASE64_STD);
	return node_copy_str(a, buf_str(&b));
}

static node head_of(struct arena *a, const struct identity *i, bool chain)
{
	node head = node_map(a, 4), list = node_seq(a, i->certs.n);
	struct sha256 state;
	uint8_t hash[SHA256_SIZE];

	sha256_init(&state);
	sha256_add(&state, cert_der(a, i->certs.p[0]));
	sha256_end(&state, hash);
	node_set(a, head, S("alg"), node_lit("PS256"));
	node_set(a, head, S("typ"), node_lit("JWT"));
	node_set(a, head, S("x5t#S256"), text64(a, str_of((const char *)hash, sizeof hash)));
	for (size_t n = 0; chain && n < i->certs.n; n++)
		node_append(a, list, text64(a, cert_der(a, i->certs.p[n])));
	if (chain)
		node_set(a, head, S("x5c"), list);
	return head;
}

static node claims_of(struct arena *a, const struct certassert *c)
{
	node claims = node_map(a, 6);
	char id[RAND_UUID + 1];

	rand_uuid(id);
	node_set(a, claims, S("aud"), node_from_str(a, c->audience));
	node_set(a, claims, S("exp"), node_from_int(c->now + CERTASSERT_SECONDS));
	node_set(a, claims, S("iss"), node_from_str(a, c->client));
	node_set(a, claims, S("jti"), node_copy_str(a, str_c(id)));
	node_set(a, claims, S("nbf"), node_from_int(c->now));
	node_set(a, claims, S("sub"), node_from_str(a, c->client));
	return claims;
}

err *certassert(struct arena *a, const struct certassert *c, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, signature = BUF_INIT;
	CLEANUP(release) struct identity i = { 0 };

	TRY(read_identity(a, c->data, c->password, &i));
	TRY(jwt_begin(&b, head_of(a, &i, c->chain), claims_of(a, c)));
	TRY(sign(&i, buf_str(&b), &signature));
	jwt_end(&b, buf_str(&signature));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static void add_field(struct buf *form, const char *name, str value)
{
	buf_addf(form, "%s%s=", form->n ? "&" : "", name);
	gourl_escape_query(form, value);
}

err *certassert_form(struct arena *a, const struct certassert *c, str secret, str scope,
		     struct buf *form)
{
	str word = STR_NONE;

	if (!secret.n)
		TRY(certassert(a, c, &word));
	add_field(form, "grant_type", S("client_credentials"));
	add_field(form, "client_id", c->client);
	if (secret.n)
		add_field(form, "client_secret", secret);
	else
		add_field(form, "client_assertion_type",
			  S("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
	if (!secret.n)
		add_field(form, "client_assertion", word);
	add_field(form, "scope", scope);
	return NULL;
}

bool certassert_sends_chain(str setting)
{
	return str_eq(setting, S("1")) || str_eq_nocase(setting, S("true"));
}

err *certassert_check(str data, str password)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(release) struct identity i = { 0 };

	return read_identity(&a, data, password, &i);
}
