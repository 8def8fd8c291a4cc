#include "crypto/tstamp.h"

#include <limits.h>
#include <time.h>

#include "crypto/cert_impl.h"

static err *refuse(const char *why)
{
	return err_new(ERR_FORBIDDEN, "timestamp: %s", why);
}

static err *read_reply(const struct ossl *o, str reply, TS_RESP **out)
{
	const unsigned char *p = (const unsigned char *)reply.p;

	if (!reply.n || reply.n > TSTAMP_MAX)
		return refuse("it is empty or too large");
	*out = o->d2i_TS_RESP(NULL, &p, (long)reply.n);
	o->ERR_clear_error();
	if (*out && p == (const unsigned char *)reply.p + reply.n && o->TS_RESP_get_tst_info(*out))
		return NULL;
	o->TS_RESP_free(*out);
	return refuse("it cannot be read");
}

static int64_t time_of(const struct ossl *o, const TS_TST_INFO *info)
{
	const ASN1_GENERALIZEDTIME *t = o->TS_TST_INFO_get_time(info);
	struct tm tm = { 0 };

	return t && o->ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

/* What is hashed by less than SHA-256 could be another text. */
static bool is_hashed_well(const struct ossl *o, TS_TST_INFO *info)
{
	TS_MSG_IMPRINT *imprint = o->TS_TST_INFO_get_msg_imprint(info);
	X509_ALGOR *algorithm = imprint ? o->TS_MSG_IMPRINT_get_algo(imprint) : NULL;
	const ASN1_OBJECT *name = NULL;

	if (!algorithm)
		return false;
	o->X509_ALGOR_get0(&name, NULL, NULL, algorithm);
	int nid = o->OBJ_obj2nid(name);

	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

err *tstamp_claim(str reply, int64_t *at)
{
	const struct ossl *o;
	TS_RESP *r;

	TRY(ossl_get(&o));
	TRY(read_reply(o, reply, &r));
	*at = time_of(o, o->TS_RESP_get_tst_info(r));
	o->TS_RESP_free(r);
	return *at > 0 ? NULL : refuse("it has no time");
}

/* The context owns the store, the certificates and the text that are put into it. */
static void add_trust(const struct ossl *o, TS_VERIFY_CTX *ctx, const struct cert_list *roots,
		      const struct cert_list *between, int64_t at)
{
	X509_STORE *store = o->X509_STORE_new();
	OPENSSL_STACK *more = o->OPENSSL_sk_new_null();
	X509_VERIFY_PARAM *param = o->X509_STORE_get0_param(store);

	for (size_t i = 0; i < roots->n; i++)
		o->X509_STORE_add_cert(store, roots->p[i]->x);
	for (size_t i = 0; i < between->n; i++) {
		o->X509_up_ref(between->p[i]->x);
		o->OPENSSL_sk_push(more, between->p[i]->x);
	}
	o->X509_VERIFY_PARAM_set_time(param, (time_t)at);
	o->X509_VERIFY_PARAM_set_depth(param, CERT_CHAIN_MAX);
	o->X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	o->TS_VERIFY_CTX_set_store(ctx, store);
	o->TS_VERIFY_CTX_set_certs(ctx, (STACK_OF(X509) *)more);
}

/* A reply, or a token alone. */
struct stamp {
	TS_RESP *reply;
	PKCS7 *token;
	TS_TST_INFO *info;
};

static err *check(const struct ossl *o, const struct stamp *s, str text,
		  const struct cert_list *roots, const struct cert_list *between)
{
	TS_VERIFY_CTX *ctx = o->TS_VERIFY_CTX_new();
	bool good = is_hashed_well(o, s->info) && text.n <= INT_MAX;

	if (good) {
		o->TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA);
		add_trust(o, ctx, roots, between, time_of(o, s->info));
		o->TS_VERIFY_CTX_set_data(ctx, o->BIO_new_mem_buf(text.p, (int)text.n));
		good = (s->reply ? o->TS_RESP_verify_response(ctx, s->reply)
				 : o->TS_RESP_verify_token(ctx, s->token)) == 1;
	}
	o->TS_VERIFY_CTX_free(ctx);
	o->ERR_clear_error();
	return good ? NULL
		    : refuse("it does not hold for the signature, or is of nobody who is trusted");
}

err *tstamp_verify(str reply, str text, const struct cert_list *roots,
		   const struct cert_list *between)
{
	const struct ossl *o;
	TS_RESP *r;

	TRY(ossl_get(&o));
	TRY(read_reply(o, reply, &r));
	err *e = check(o, &(struct stamp){ .reply = r, .info = o->TS_RESP_get_tst_info(r) }, text,
		       roots, between);

	o->TS_RESP_free(r);
	return e;
}

/* ---- tokens -------------------------------------------------------------------- */

static void release_token(const struct ossl *o, struct stamp *s)
{
	o->TS_TST_INFO_free(s->info);
	o->PKCS7_free(s->token);
	o->ERR_clear_error();
}

static err *read_token(const struct ossl *o, str token, struct stamp *out)
{
	const unsigned char *p = (const unsigned char *)token.p;
	struct stamp s = { 0 };

	if (!token.n || token.n > TSTAMP_MAX)
		return refuse("it is empty or too large");
	s.token = o->d2i_PKCS7(NULL, &p, (long)token.n);
	if (s.token && p == (const unsigned char *)token.p + token.n)
		s.info = o->PKCS7_to_TS_TST_INFO(s.token);
	if (!s.info || time_of(o, s.info) <= 0) {
		release_token(o, &s);
		return refuse("it cannot be read");
	}
	*out = s;
	return NULL;
}

/* In microseconds; none: 0. */
static bool part_of(const struct ossl *o, const ASN1_INTEGER *n, int64_t unit, int64_t *sum)
{
	int64_t value = 0;

	if (n && (!o->ASN1_INTEGER_get_int64(&value, n) || value < 0 || value > UINT32_MAX))
		return false;
	*sum += value * unit;
	return true;
}

/* An authority of the baseline policy (RFC 3628) that tells none is good for a second. */
static bool read_accuracy(const struct ossl *o, TS_TST_INFO *info, int64_t *out)
{
	const TS_ACCURACY *accuracy = o->TS_TST_INFO_get_accuracy(info);
	char policy[64];

	*out = 0;
	if (accuracy && (!part_of(o, o->TS_ACCURACY_get_seconds(accuracy), 1000000, out) ||
			 !part_of(o, o->TS_ACCURACY_get_millis(accuracy), 1000, out) ||
			 !part_of(o, o->TS_ACCURACY_get_micros(accuracy), 1, out)))
		return false;
	o->OBJ_obj2txt(policy, sizeof policy, o->TS_TST_INFO_get_policy_id(info), 1);
	if (!*out && strcmp(policy, "0.4.0.2023.1.1") == 0)
		*out = 1000000;
	return true;
}

static err *read_span(const struct ossl *o, TS_TST_INFO *info, struct tstamp *out)
{
	const ASN1_STRING *text = o->TS_TST_INFO_get_time(info);
	str written = str_of((const char *)o->ASN1_STRING_get0_data(text),
			     (size_t)o->ASN1_STRING_length(text));
	int64_t at = time_of(o, info), accuracy;

	if (!read_accuracy(o, info, &accuracy))
		return refuse("its accuracy is out of range");
	accuracy = (accuracy + 999999) / 1000000;
	out->from = at - accuracy;
	out->until = at + accuracy + str_has(written, S("."));
	return NULL;
}

static err *read_chain(const struct ossl *o, const struct stamp *s, const struct cert_list *roots,
		       struct cert_list *out)
{
	const OPENSSL_STACK *more = (const OPENSSL_STACK *)s->token->d.sign->cert;
	OPENSSL_STACK *signers = (OPENSSL_STACK *)o->PKCS7_get0_signers(s->token, NULL, 0);
	struct cert_list between = { 0 };

	if (!signers || o->OPENSSL_sk_num(signers) != 1) {
		o->OPENSSL_sk_free(signers);
		return refuse("it has not exactly one signer");
	}
	struct cert *signer = cert_share(o, o->OPENSSL_sk_value(signers, 0));

	for (int i = 0; more && i < o->OPENSSL_sk_num(more) && i < CERT_LIST_MAX; i++)
		cert_list_add(&between, cert_share(o, o->OPENSSL_sk_value(more, i)));
	err *e = cert_verify(signer, &(struct cert_check){ .roots = roots, .between = &between,
							   .at = time_of(o, s->info),
							   .chain = out });

	cert_list_release(&between);
	cert_free(signer);
	o->OPENSSL_sk_free(signers);
	return e;
}

err *tstamp_open(struct tstamp *out, str token, str text, const struct cert_list *roots)
{
	static const struct cert_list none = { 0 };
	struct tstamp t = { 0 };
	const struct ossl *o;
	struct stamp s;

	TRY(ossl_get(&o));
	TRY(read_token(o, token, &s));
	err *e = check(o, &s, text, roots, &none);

	if (!e)
		e = read_span(o, s.info, &t);
	if (!e)
		e = read_chain(o, &s, roots, &t.chain);
	release_token(o, &s);
	if (e) {
		tstamp_release(&t);
		return e;
	}
	*out = t;
	return NULL;
}

void tstamp_release(struct tstamp *t)
{
	cert_list_release(&t->chain);
}
