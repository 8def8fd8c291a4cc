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

static int64_t time_of(const struct ossl *o, TS_RESP *r)
{
	const ASN1_GENERALIZEDTIME *t = o->TS_TST_INFO_get_time(o->TS_RESP_get_tst_info(r));
	struct tm tm = { 0 };

	return t && o->ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

/* What is hashed by less than SHA-256 could be another text. */
static bool is_hashed_well(const struct ossl *o, TS_RESP *r)
{
	TS_MSG_IMPRINT *imprint = o->TS_TST_INFO_get_msg_imprint(o->TS_RESP_get_tst_info(r));
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
	*at = time_of(o, r);
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

err *tstamp_verify(str reply, str text, const struct cert_list *roots,
		   const struct cert_list *between)
{
	const struct ossl *o;
	TS_RESP *r;

	TRY(ossl_get(&o));
	TRY(read_reply(o, reply, &r));
	TS_VERIFY_CTX *ctx = o->TS_VERIFY_CTX_new();
	bool good = is_hashed_well(o, r) && text.n <= INT_MAX;

	if (good) {
		o->TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA);
		add_trust(o, ctx, roots, between, time_of(o, r));
		o->TS_VERIFY_CTX_set_data(ctx, o->BIO_new_mem_buf(text.p, (int)text.n));
		good = o->TS_RESP_verify_response(ctx, r) == 1;
	}
	o->TS_VERIFY_CTX_free(ctx);
	o->TS_RESP_free(r);
	o->ERR_clear_error();
	return good ? NULL : refuse("it does not hold for the signature, or is of nobody who is trusted");
}
