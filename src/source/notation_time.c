/* Whether a signature was made while its certificates were valid: now, at the time that a signing
 * authority tells, or at that of a countersignature (RFC 3161). */
#include "crypto/tstamp.h"
#include "source/notation_impl.h"
#include "text/gotime.h"
#include "text/quote.h"

/* What the check looks at, by its parts. */
struct look {
	struct arena *a;
	const struct notation_envelope *envelope;
	const struct notation_trust *trust;
	int64_t now;
};

/* ---- certificates --------------------------------------------------------------- */

static str show_time(struct arena *a, int64_t at)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(at, 0), S("Mon, 02 Jan 2006 15:04:05 -0700"));
	return arena_str(a, buf_str(&b));
}

static str show_subject(struct arena *a, const struct cert *c)
{
	return quote_str(a, cert_subject_text(a, c));
}

static err *out_of_time(struct arena *a, const struct cert *c, const char *words, const char *then,
			int64_t at)
{
	return err_new(ERR_FORBIDDEN, "%s certificate %.*s validity period, it %s \"%.*s\"", words,
		       STR_ARG(show_subject(a, c)), then, STR_ARG(show_time(a, at)));
}

static err *check_now(const struct look *l)
{
	const struct cert_list *chain = &l->envelope->chain;
	int64_t from, until;

	for (size_t i = 0; i < chain->n; i++) {
		cert_validity(chain->p[i], &from, &until);
		if (l->now < from)
			return out_of_time(l->a, chain->p[i], "verification time is before",
					   "will be valid from", from);
		if (l->now > until)
			return out_of_time(l->a, chain->p[i], "verification time is after",
					   "was expired at", until);
	}
	return NULL;
}

static err *check_authority_time(const struct look *l)
{
	const struct cert_list *chain = &l->envelope->chain;
	int64_t at, from, until;

	TRY(notation_time_at(l->envelope->head, "io.cncf.notary.authenticSigningTime", &at));
	if (!at)
		return err_new(ERR_FORBIDDEN, "the signature has no authentic signing time");
	for (size_t i = 0; i < chain->n; i++) {
		cert_validity(chain->p[i], &from, &until);
		if (at < from || at > until)
			return err_new(ERR_FORBIDDEN,
				       "certificate %.*s was not valid when the digital signature was "
				       "produced at \"%.*s\"",
				       STR_ARG(show_subject(l->a, chain->p[i])),
				       STR_ARG(show_time(l->a, at)));
	}
	return NULL;
}

/* ---- countersignatures ------------------------------------------------------------ */

static bool has_expired(const struct look *l)
{
	int64_t from, until;

	for (size_t i = 0; i < l->envelope->chain.n; i++) {
		cert_validity(l->envelope->chain.p[i], &from, &until);
		if (l->now > until)
			return true;
	}
	return false;
}

/* What OpenSSL does not ask for: uses that are told, and a root at the end. */
static err *check_authority_chain(const struct look *l, const struct cert_list *chain)
{
	const struct cert *root = chain->p[chain->n - 1];
	str bits;

	for (size_t i = 0; i < chain->n; i++)
		if (!cert_extension(l->a, chain->p[i], "2.5.29.15", &bits))
			return err_new(ERR_FORBIDDEN,
				       "failed to validate the timestamping certificate chain with error: "
				       "certificate with subject %.*s: key usage extension must be present",
				       STR_ARG(show_subject(l->a, chain->p[i])));
	if (cert_is_self_issued(root))
		return NULL;
	return err_new(ERR_FORBIDDEN,
		       "failed to validate the timestamping certificate chain with error: root "
		       "certificate with subject %.*s is not self-signed. Certificate chain must end with "
		       "a valid self-signed root certificate",
		       STR_ARG(show_subject(l->a, root)));
}

static err *check_within(const struct look *l, const struct tstamp *t)
{
	const struct cert_list *chain = &l->envelope->chain;
	int64_t from, until;

	for (size_t i = 0; i < chain->n; i++) {
		cert_validity(chain->p[i], &from, &until);
		if (t->from < from)
			return out_of_time(l->a, chain->p[i], "timestamp can be before",
					   "will be valid from", from);
		if (t->until > until)
			return out_of_time(l->a, chain->p[i], "timestamp can be after",
					   "was expired at", until);
	}
	return NULL;
}

static err *check_stamp(const struct look *l)
{
	struct tstamp t;

	if (!l->envelope->stamp.n)
		return err_new(ERR_FORBIDDEN,
			       "no timestamp countersignature was found in the signature envelope");
	err *e = tstamp_open(&t, l->envelope->stamp, l->envelope->signature, l->trust->certs);

	if (e)
		return err_wrap(e, "failed to verify the timestamp countersignature with error");
	e = check_authority_chain(l, &t.chain);
	if (!e)
		e = check_within(l, &t);
	if (!e)
		e = revocation_check(l->a, notation_net(l->trust), "timestamping", &t.chain, l->now, 0);
	tstamp_release(&t);
	return e;
}

err *notation_check_time(struct arena *a, const struct notation_envelope *e,
			 const struct notation_policy *p, const struct notation_trust *trust,
			 int64_t now)
{
	const struct look l = { a, e, trust, now };

	if (notation_by_authority(e))
		return check_authority_time(&l);
	if (p->stamps && (!p->stamp_when_expired || has_expired(&l)))
		return check_stamp(&l);
	return check_now(&l);
}
