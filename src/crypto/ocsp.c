/* Answers for one certificate; and where to ask. */
#include <time.h>

#include "base/vec.h"
#include "crypto/revoked_impl.h"

int64_t revoked_seconds(const struct ossl *o, const ASN1_TIME *t)
{
	struct tm tm = { 0 };

	return t && o->ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

bool revoked_is_strange(const struct ossl *o, X509_EXTENSION *e, const int *known)
{
	int nid = o->OBJ_obj2nid(o->X509_EXTENSION_get_object(e));

	if (!o->X509_EXTENSION_get_critical(e))
		return false;
	for (; *known; known++)
		if (*known == nid)
			return false;
	return true;
}

/* ---- where to ask ------------------------------------------------------------- */

static bool add_url(struct arena *a, const struct ossl *o, const GENERAL_NAME *g, str **out,
		    size_t *n)
{
	if (g->type != GEN_URI || *n == REVOKED_POINTS_MAX)
		return false;
	(*out)[(*n)++] = arena_str(a, str_of((const char *)o->ASN1_STRING_get0_data(g->d.ia5),
					     (size_t)o->ASN1_STRING_length(g->d.ia5)));
	return true;
}

static int count(const struct ossl *o, const void *stack)
{
	return stack ? o->OPENSSL_sk_num(stack) : 0;
}

void revoked_urls(struct arena *a, const struct ossl *o, CRL_DIST_POINTS *points, str **out,
		  size_t *n)
{
	*out = arena_array(a, str, REVOKED_POINTS_MAX);
	*n = 0;
	for (int i = 0; i < count(o, points); i++) {
		const DIST_POINT *p = o->OPENSSL_sk_value((const OPENSSL_STACK *)points, i);
		const void *names = p->distpoint && p->distpoint->type == 0
					    ? p->distpoint->name.fullname
					    : NULL;

		for (int j = 0; j < count(o, names); j++)
			if (!add_url(a, o, o->OPENSSL_sk_value(names, j), out, n))
				break;
	}
	if (points)
		o->CRL_DIST_POINTS_free(points);
	o->ERR_clear_error();
}

void revoked_points(struct arena *a, const struct cert *c, struct revoked_points *out)
{
	const struct ossl *o = c->o;
	AUTHORITY_INFO_ACCESS *info = o->X509_get_ext_d2i(c->x, NID_info_access, NULL, NULL);
	str text;

	*out = (struct revoked_points){ .ocsp = arena_array(a, str, REVOKED_POINTS_MAX) };
	for (int i = 0; i < count(o, info); i++) {
		const ACCESS_DESCRIPTION *d = o->OPENSSL_sk_value((const OPENSSL_STACK *)info, i);

		if (o->OBJ_obj2nid(d->method) == NID_ad_OCSP)
			add_url(a, o, d->location, &out->ocsp, &out->ocsp_n);
	}
	if (info)
		o->AUTHORITY_INFO_ACCESS_free(info);
	revoked_urls(a, o, o->X509_get_ext_d2i(c->x, NID_crl_distribution_points, NULL, NULL),
		     &out->lists, &out->lists_n);
	out->changes = cert_extension(a, c, "2.5.29.46", &text);
	o->ERR_clear_error();
}

bool revoked_is_issuer(const struct cert *c, const struct cert *issuer)
{
	const struct ossl *o = c->o;
	EVP_PKEY *key = o->X509_get_pubkey(issuer->x);
	bool is = key && o->X509_check_issued(issuer->x, c->x) == X509_V_OK &&
		  o->X509_verify(c->x, key) == 1;

	o->EVP_PKEY_free(key);
	o->ERR_clear_error();
	return is;
}

/* ---- asking --------------------------------------------------------------------- */

/* With SHA-1, as that is what all servers know. */
static OCSP_CERTID *name_cert(const struct cert *c, const struct cert *issuer)
{
	return c->o->OCSP_cert_to_id(c->o->EVP_sha1(), c->x, issuer->x);
}

err *revoked_ask(struct arena *a, const struct cert *c, const struct cert *issuer, str *out)
{
	const struct ossl *o = c->o;
	OCSP_REQUEST *r = o->OCSP_REQUEST_new();
	OCSP_CERTID *id = name_cert(c, issuer);
	unsigned char *der = NULL;
	bool added = r && id && o->OCSP_request_add0_id(r, id); /* takes it */
	int n = added ? o->i2d_OCSP_REQUEST(r, &der) : 0;

	if (!added)
		o->OCSP_CERTID_free(id);
	if (n > 0)
		*out = arena_str(a, str_of((const char *)der, (size_t)n));
	o->CRYPTO_free(der, __FILE__, __LINE__);
	o->OCSP_REQUEST_free(r);
	o->ERR_clear_error();
	return n > 0 ? NULL : err_new(ERR_INVALID, "an OCSP request cannot be made");
}

/* ---- an answer ------------------------------------------------------------------ */

static err *bad(const char *what)
{
	return err_new(ERR_INVALID, "%s", what);
}

static err *check_state(int state)
{
	static const struct {
		int state;
		const char *words;
	} known[] = {
		{ OCSP_RESPONSE_STATUS_UNAUTHORIZED, "OCSP unauthorized" },
		{ OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, "OCSP malformed" },
		{ OCSP_RESPONSE_STATUS_INTERNALERROR, "OCSP internal error" },
		{ OCSP_RESPONSE_STATUS_TRYLATER, "OCSP try later" },
		{ OCSP_RESPONSE_STATUS_SIGREQUIRED, "OCSP signature required" },
	};

	if (state == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].state == state)
			return bad(known[i].words);
	return bad("OCSP response of an unknown status");
}

/* By the issuer, or by whom it has for that. */
static bool is_signed(const struct ossl *o, OCSP_BASICRESP *basic, const struct cert *issuer)
{
	X509_STORE *store = o->X509_STORE_new();
	OPENSSL_STACK *certs = o->OPENSSL_sk_new_null();

	o->X509_STORE_add_cert(store, issuer->x);
	o->X509_VERIFY_PARAM_set_flags(o->X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
	o->OPENSSL_sk_push(certs, issuer->x);
	bool good = o->OCSP_basic_verify(basic, (STACK_OF(X509) *)certs, store,
					 OCSP_PARTIAL_CHAIN) == 1;

	o->OPENSSL_sk_free(certs);
	o->X509_STORE_free(store);
	return good;
}

static err *check_single(const struct ossl *o, OCSP_SINGLERESP *single, int64_t now,
			 int64_t signed_at, enum revoked *out)
{
	static const int none[] = { 0 };
	ASN1_GENERALIZEDTIME *until = NULL, *invalid;
	int state = o->OCSP_single_get0_status(single, NULL, NULL, NULL, &until);

	for (int i = 0; i < o->OCSP_SINGLERESP_get_ext_count(single); i++)
		if (revoked_is_strange(o, o->OCSP_SINGLERESP_get_ext(single, i), none))
			return bad("unsupported critical extension");
	if (now > revoked_seconds(o, until))
		return bad("expired OCSP response");
	*out = state == V_OCSP_CERTSTATUS_GOOD      ? REVOKED_NO
	       : state == V_OCSP_CERTSTATUS_REVOKED ? REVOKED_YES
						    : REVOKED_UNKNOWN;
	invalid = o->OCSP_SINGLERESP_get1_ext_d2i(single, NID_invalidity_date, NULL, NULL);
	if (*out == REVOKED_YES && signed_at && invalid && signed_at < revoked_seconds(o, invalid))
		*out = REVOKED_NO;
	o->ASN1_STRING_free(invalid);
	return NULL;
}

static err *check_basic(OCSP_BASICRESP *basic, const struct cert *c, const struct cert *issuer,
			int64_t now, int64_t signed_at, enum revoked *out)
{
	const struct ossl *o = c->o;
	OCSP_CERTID *id = name_cert(c, issuer);
	int at = id ? o->OCSP_resp_find(basic, id, -1) : -1;

	o->OCSP_CERTID_free(id);
	if (!is_signed(o, basic, issuer))
		return bad("bad OCSP signature");
	if (at < 0)
		return bad("no response matching the supplied certificate");
	return check_single(o, o->OCSP_resp_get0(basic, at), now, signed_at, out);
}

err *revoked_answer(str der, const struct cert *c, const struct cert *issuer, int64_t now,
		    int64_t signed_at, enum revoked *out)
{
	const struct ossl *o = c->o;
	const unsigned char *p = (const unsigned char *)der.p;
	OCSP_RESPONSE *r = der.n && der.n <= REVOKED_OCSP_MAX
				   ? o->d2i_OCSP_RESPONSE(NULL, &p, (long)der.n)
				   : NULL;
	err *e = r && p == (const unsigned char *)der.p + der.n
			 ? check_state(o->OCSP_response_status(r))
			 : bad("malformed OCSP response");
	OCSP_BASICRESP *basic = e ? NULL : o->OCSP_response_get1_basic(r);

	if (!e)
		e = basic ? check_basic(basic, c, issuer, now, signed_at, out)
			  : bad("malformed OCSP response");
	o->OCSP_BASICRESP_free(basic);
	o->OCSP_RESPONSE_free(r);
	o->ERR_clear_error();
	return e;
}
