#include "crypto/keypair.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/ossl.h"
#include "text/base64.h"

/* The next block of PEM, with what is behind it left in `text`. */
static bool next_block(str *text, str *type, struct buf *bytes)
{
	for (;;) {
		size_t begin = str_find(*text, S("-----BEGIN "));

		if (begin == STR_NPOS)
			return false;
		*text = str_from(*text, begin + strlen("-----BEGIN "));
		size_t dashes = str_find(*text, S("-----"));
		size_t end = str_find(*text, S("-----END "));

		if (dashes == STR_NPOS || end == STR_NPOS || end < dashes + 5)
			continue;
		str body = str_trim(str_sub(*text, dashes + 5, end));
		size_t blank = str_find(body, S("\n\n"));

		if (blank != STR_NPOS && str_has(str_sub(body, 0, blank), S(": ")))
			body = str_from(body, blank + 2); /* behind headers */
		bytes->n = 0;
		err *bad = base64_read(bytes, body, BASE64_STD);

		err_free(bad);
		if (bad)
			continue;
		*type = str_sub(*text, 0, dashes);
		*text = str_from(*text, end + strlen("-----END "));
		return true;
	}
}

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
	str type;

	while (next_block(&text, &type, bytes)) {
		if (str_eq(type, S("CERTIFICATE")))
			return NULL;
		skip(s, type);
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
	while (next_block(&text, type, bytes)) {
		if (is_key(*type))
			return NULL;
		skip(s, *type);
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
