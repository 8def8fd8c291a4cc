/* Lists of certificates that were taken back. */
#include "base/die.h"
#include "crypto/revoked_impl.h"

struct revoked_list {
	const struct ossl *o;
	X509_CRL *x;
};

static err *bad(const char *what)
{
	return err_new(ERR_INVALID, "%s", what);
}

err *revoked_list_read(struct revoked_list **out, str der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	const struct ossl *o;

	TRY(ossl_get(&o));
	X509_CRL *x =
		der.n && der.n < REVOKED_LIST_MAX ? o->d2i_X509_CRL(NULL, &p, (long)der.n) : NULL;

	o->ERR_clear_error();
	if (!x || p != (const unsigned char *)der.p + der.n) {
		o->X509_CRL_free(x);
		return bad("x509: malformed crl");
	}
	struct revoked_list *l = mem_calloc(1, sizeof *l);

	l->o = o;
	l->x = x;
	*out = l;
	return NULL;
}

void revoked_list_free(struct revoked_list *l)
{
	if (!l)
		return;
	l->o->X509_CRL_free(l->x);
	free(l);
}

void revoked_list_drop(struct revoked_list **l)
{
	revoked_list_free(*l);
}

void revoked_list_changes(struct arena *a, const struct revoked_list *l, str **out, size_t *n)
{
	revoked_urls(a, l->o, l->o->X509_CRL_get_ext_d2i(l->x, NID_freshest_crl, NULL, NULL), out,
		     n);
}

/* ---- whose list, and of when ---------------------------------------------------- */

/* One who may sign lists, and has. */
static bool is_signed(const struct revoked_list *l, const struct cert *issuer)
{
	const struct ossl *o = l->o;
	EVP_PKEY *key = o->X509_get_pubkey(issuer->x);
	bool good = key && o->X509_check_ca(issuer->x) > 0 &&
		    (o->X509_get_key_usage(issuer->x) & KU_CRL_SIGN) &&
		    o->X509_CRL_verify(l->x, key) == 1;

	o->EVP_PKEY_free(key);
	o->ERR_clear_error();
	return good;
}

static err *check_list(const struct revoked_list *l, const struct cert *issuer, int64_t now)
{
	static const int known[] = { NID_issuing_distribution_point, NID_delta_crl, 0 };
	const struct ossl *o = l->o;
	int64_t until = revoked_seconds(o, o->X509_CRL_get0_nextUpdate(l->x));

	if (!is_signed(l, issuer))
		return bad("CRL is not signed by CA");
	if (!until)
		return bad("CRL NextUpdate is not set");
	if (now > until)
		return bad("expired CRL");
	for (int i = 0; i < o->X509_CRL_get_ext_count(l->x); i++)
		if (revoked_is_strange(o, o->X509_CRL_get_ext(l->x, i), known))
			return bad("unsupported critical extension found in CRL");
	return NULL;
}

/* Of the list `base` or of a later one, and upon `base` or an earlier one. */
static err *check_order(const struct revoked_list *base, const struct revoked_list *changes)
{
	const struct ossl *o = base->o;
	ASN1_INTEGER *first = o->X509_CRL_get_ext_d2i(base->x, NID_crl_number, NULL, NULL);
	ASN1_INTEGER *then = o->X509_CRL_get_ext_d2i(changes->x, NID_crl_number, NULL, NULL);
	ASN1_INTEGER *upon = o->X509_CRL_get_ext_d2i(changes->x, NID_delta_crl, NULL, NULL);
	err *e = NULL;

	if (!first || !then || o->ASN1_INTEGER_cmp(then, first) <= 0)
		e = bad("delta CRL number is not greater than the base CRL number");
	else if (!upon)
		e = bad("delta CRL indicator extension is not found");
	else if (o->ASN1_INTEGER_cmp(upon, first) > 0)
		e = bad("delta CRL indicator is not less than or equal to the base CRL number");
	o->ASN1_INTEGER_free(first);
	o->ASN1_INTEGER_free(then);
	o->ASN1_INTEGER_free(upon);
	return e;
}

/* ---- an entry --------------------------------------------------------------------- */

/* What the entries about one certificate come to. */
struct found {
	bool ended; /* no other entry counts */
	enum revoked state;
	int64_t newest; /* of those that hold it for a while, or let it go again */
	bool held;
};

static long reason_of(const struct ossl *o, X509_REVOKED *r)
{
	ASN1_ENUMERATED *e = o->X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
	long reason = e ? o->ASN1_ENUMERATED_get(e) : CRL_REASON_UNSPECIFIED;

	o->ASN1_ENUMERATED_free(e);
	return reason;
}

static err *read_entry(const struct ossl *o, X509_REVOKED *r, int64_t signed_at, struct found *f)
{
	static const int known[] = { NID_invalidity_date, 0 };
	ASN1_GENERALIZEDTIME *t = o->X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, NULL, NULL);
	int64_t invalid = revoked_seconds(o, t);
	int64_t at = revoked_seconds(o, o->X509_REVOKED_get0_revocationDate(r));
	long reason = reason_of(o, r);

	o->ASN1_STRING_free(t);
	for (int i = 0; i < o->X509_REVOKED_get_ext_count(r); i++)
		if (revoked_is_strange(o, o->X509_REVOKED_get_ext(r, i), known))
			return bad("unsupported critical extension found in CRL");
	if (signed_at && invalid && signed_at < invalid) {
		f->ended = true;
		f->state = REVOKED_NO;
	} else if (reason != CRL_REASON_CERTIFICATE_HOLD && reason != CRL_REASON_REMOVE_FROM_CRL) {
		f->ended = true;
		f->state = REVOKED_YES;
	} else if (!f->newest || f->newest < at) {
		f->newest = at;
		f->held = reason == CRL_REASON_CERTIFICATE_HOLD;
	}
	return NULL;
}

static err *read_entries(const struct revoked_list *l, const struct cert *c, int64_t signed_at,
			 struct found *f)
{
	const struct ossl *o = l->o;
	const ASN1_INTEGER *serial = o->X509_get0_serialNumber(c->x);
	const OPENSSL_STACK *list = (const OPENSSL_STACK *)o->X509_CRL_get_REVOKED(l->x);

	for (int i = 0; list && i < o->OPENSSL_sk_num(list) && !f->ended; i++) {
		X509_REVOKED *r = o->OPENSSL_sk_value(list, i);

		if (!o->ASN1_INTEGER_cmp(o->X509_REVOKED_get0_serialNumber(r), serial))
			TRY(read_entry(o, r, signed_at, f));
	}
	return NULL;
}

err *revoked_list_find(const struct revoked_list *l, const struct revoked_list *changes,
		       const struct cert *c, const struct cert *issuer, int64_t now,
		       int64_t signed_at, enum revoked *out)
{
	struct found f = { .state = REVOKED_NO };
	err *e = check_list(l, issuer, now);

	if (e)
		return err_wrap(e, "failed to validate base CRL");
	e = changes ? check_list(changes, issuer, now) : NULL;
	if (e)
		return err_wrap(e, "failed to validate delta CRL");
	if (changes)
		TRY(check_order(l, changes));
	TRY(read_entries(l, c, signed_at, &f));
	if (changes)
		TRY(read_entries(changes, c, signed_at, &f));
	*out = !f.ended && f.held ? REVOKED_YES : f.state;
	return NULL;
}
