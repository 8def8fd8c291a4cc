#include "crypto/certreq.h"

#include "crypto/ossl.h"
#include "crypto/pem.h"

/* ---- the outermost of ASN.1 ------------------------------------------------- */

enum { SEQUENCE = 16, LONG_TAG = 0x1f };

struct element {
	unsigned class, tag;
	bool compound;
	size_t head, length;
};

static err *syntax(const char *what)
{
	return err_new(ERR_INVALID, "asn1: syntax error: %s", what);
}

static err *read_head(str in, struct element *out)
{
	const unsigned char *p = (const unsigned char *)in.p;

	if (!in.n)
		return syntax("sequence truncated");
	*out = (struct element){ p[0] >> 6, p[0] & LONG_TAG, p[0] & 0x20, 2, 0 };
	if (out->tag == LONG_TAG)
		return syntax("truncated base 128 integer");
	if (in.n < 2)
		return syntax("truncated tag or length");
	if (p[1] < 0x80) {
		out->length = p[1];
		return NULL;
	}
	size_t n = p[1] & 0x7f;

	out->head += n;
	if (!n)
		return syntax("indefinite length found (not DER)");
	if (n > 3)
		return err_new(ERR_INVALID, "asn1: structure error: length too large");
	if (in.n < out->head)
		return syntax("truncated tag or length");
	for (size_t i = 0; i < n; i++)
		out->length = out->length << 8 | p[2 + i];
	return NULL;
}

/* A sequence that is all of `in`, or its beginning. */
static err *read_sequence(str in, const char *name, str *body, str *rest)
{
	struct element e;

	TRY(read_head(in, &e));
	if (e.class || e.tag != SEQUENCE || !e.compound)
		return err_new(ERR_INVALID,
			       "asn1: structure error: tags don't match (16 vs {class:%u tag:%u length:%zu "
			       "isCompound:%s}) {optional:false explicit:false application:false private:false "
			       "defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false "
			       "omitEmpty:false} %s @2",
			       e.class, e.tag, e.length, e.compound ? "true" : "false", name);
	if (e.length > in.n - e.head)
		return syntax("data truncated");
	*body = str_sub(in, e.head, e.head + e.length);
	*rest = str_from(in, e.head + e.length);
	return NULL;
}

static err *check_outside(str der)
{
	str body, rest, inner, behind;

	TRY(read_sequence(der, "certificateRequest", &body, &rest));
	TRY(read_sequence(body, "tbsCertificateRequest", &inner, &behind));
	return rest.n ? syntax("trailing data") : NULL;
}

/* ---- requests ------------------------------------------------------------------ */

static err *check_signature(const struct ossl *o, X509_REQ *request)
{
	EVP_PKEY *key = o->X509_REQ_get_pubkey(request);
	int kind = key ? o->EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	bool good = key && o->X509_REQ_verify(request, key) == 1;

	o->EVP_PKEY_free(key);
	if (good)
		return NULL;
	switch (kind) {
	case EVP_PKEY_EC:
		return err_new(ERR_INVALID, "x509: ECDSA verification failure");
	case EVP_PKEY_ED25519:
		return err_new(ERR_INVALID, "x509: Ed25519 verification failure");
	case EVP_PKEY_RSA:
		return err_new(ERR_INVALID, "crypto/rsa: verification error");
	default:
		return err_new(ERR_INVALID,
			       "x509: cannot verify signature: algorithm unimplemented");
	}
}

err *certreq_check(str pem)
{
	CLEANUP(buf_release) struct buf der = BUF_INIT;
	struct pem_block block;
	const struct ossl *o;

	if (!pem_next(&pem, &block, &der) || !str_eq(block.type, S("CERTIFICATE REQUEST")))
		return err_new(ERR_INVALID, "PEM block type must be CERTIFICATE REQUEST");
	TRY(check_outside(buf_str(&der)));
	TRY(ossl_get(&o));
	const unsigned char *p = (const unsigned char *)der.p;
	X509_REQ *request = o->d2i_X509_REQ(NULL, &p, (long)der.n);
	err *e = request ? check_signature(o, request)
			 : err_new(ERR_INVALID, "asn1: structure error: malformed certificate request");

	if (request)
		o->X509_REQ_free(request);
	o->ERR_clear_error();
	return e;
}

/* ---- certificates --------------------------------------------------------------- */

/* Several may stand behind each other in one block. */
static err *check_certificates(const struct ossl *o, str der)
{
	const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;

	if (!der.n)
		return err_new(ERR_INVALID, "found CERTIFICATE PEM block containing 0 certificates");
	while (p < end) {
		X509 *x = o->d2i_X509(NULL, &p, end - p);

		if (!x) {
			o->ERR_clear_error();
			return err_new(ERR_INVALID, "x509: malformed certificate");
		}
		o->X509_free(x);
	}
	return NULL;
}

err *certreq_check_answer(str pem)
{
	CLEANUP(buf_release) struct buf der = BUF_INIT;
	struct pem_block block;
	const struct ossl *o;
	size_t n = 0;

	TRY(ossl_get(&o));
	for (; pem_next(&pem, &block, &der); n++) {
		if (!str_eq(block.type, S("CERTIFICATE")))
			return err_new(ERR_INVALID,
				       "only CERTIFICATE PEM blocks are allowed, found \"%.*s\"",
				       STR_ARG(block.type));
		if (block.headers)
			return err_new(ERR_INVALID, "no PEM block headers are permitted");
		TRY(check_certificates(o, buf_str(&der)));
	}
	return n ? NULL : err_new(ERR_INVALID, "must contain at least one CERTIFICATE PEM block");
}
