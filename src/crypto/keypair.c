#include "crypto/keypair.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"

/* Blocks that were not what was looked for. */
struct skipped {
	struct buf types;	/* "[A B]" in the end */
	str only;
	size_t n;
};

static void skip(struct skipped *s, str type)
{
	buf_addf(&s->types, "%s%.*s", s->n ? " " : "", STR_ARG(type));
	s->only = type;
	s->n++;
}

static bool is_key(str type)
{
	return str_eq(type, S("PRIVATE KEY")) || str_ends(type, S(" PRIVATE KEY"));
}

static err *find_cert(str text, struct buf *bytes, struct skipped *s)
{
	struct pem_block b;

	while (pem_next(&text, &b, bytes)) {
		if (str_eq(b.type, S("CERTIFICATE")))
			return NULL;
		skip(s, b.type);
	}
	if (!s->n)
		return err_new(ERR_INVALID, "tls: failed to find any PEM data in certificate input");
	if (s->n == 1 && str_ends(s->only, S("PRIVATE KEY")))
		return err_new(ERR_INVALID,
			       "tls: failed to find certificate PEM data in certificate input, but did find "
			       "a private key; PEM inputs may have been switched");
	return err_new(ERR_INVALID,
		       "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping "
		       "PEM blocks of the following types: [%s]",
		       buf_c(&s->types));
}

static err *find_key(str text, str *type, struct buf *bytes, struct skipped *s)
{
	struct pem_block b;

	while (pem_next(&text, &b, bytes)) {
		*type = b.type;
		if (is_key(b.type))
			return NULL;
		skip(s, b.type);
	}
	if (!s->n)
		return err_new(ERR_INVALID, "tls: failed to find any PEM data in key input");
	if (s->n == 1 && str_eq(s->only, S("CERTIFICATE")))
		return err_new(ERR_INVALID, "tls: found a certificate rather than a key in the PEM for the "
					    "private key");
	return err_new(ERR_INVALID,
		       "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after "
		       "skipping PEM blocks of the following types: [%s]",
		       buf_c(&s->types));
}

static err *compare(const struct ossl *o, EVP_PKEY *public, EVP_PKEY *private)
{
	int id = o->EVP_PKEY_get_base_id(public);

	if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC && id != EVP_PKEY_ED25519)
		return err_new(ERR_INVALID, "tls: unknown public key algorithm");
	if (id != o->EVP_PKEY_get_base_id(private))
		return err_new(ERR_INVALID, "tls: private key type does not match public key type");
	if (o->EVP_PKEY_eq(public, private) != 1)
		return err_new(ERR_INVALID, "tls: private key does not match public key");
	return NULL;
}

static err *check(const struct ossl *o, const struct buf *cert, const struct buf *key)
{
	const unsigned char *p = (const unsigned char *)cert->p, *k = (const unsigned char *)key->p;
	X509 *x = cert->n ? o->d2i_X509(NULL, &p, (long)cert->n) : NULL;
	EVP_PKEY *public = x ? o->X509_get_pubkey(x) : NULL;
	EVP_PKEY *private = key->n ? o->d2i_AutoPrivateKey_ex(NULL, &k, (long)key->n, NULL, NULL) : NULL;
	err *e = NULL;

	if (!x)
		e = err_new(ERR_INVALID, "x509: malformed certificate");
	else if (!public)
		e = err_new(ERR_INVALID, "tls: unknown public key algorithm");
	else if (!private)
		e = err_new(ERR_INVALID, "tls: failed to parse private key");
	else
		e = compare(o, public, private);
	o->ERR_clear_error();
	o->EVP_PKEY_free(public);
	o->EVP_PKEY_free(private);
	if (x)
		o->X509_free(x);
	return e;
}

err *keypair_check(str cert, str key)
{
	CLEANUP(buf_release) struct buf cert_bytes = BUF_INIT;
	CLEANUP(buf_release) struct buf key_bytes = BUF_INIT;
	struct skipped certs = { .types = BUF_INIT }, keys = { .types = BUF_INIT };
	const struct ossl *o;
	str type;
	err *e = find_cert(cert, &cert_bytes, &certs);

	if (!e)
		e = find_key(key, &type, &key_bytes, &keys);
	if (!e)
		e = ossl_get(&o);
	if (!e)
		e = check(o, &cert_bytes, &key_bytes);
	buf_release(&certs.types);
	buf_release(&keys.types);
	return e;
}
