#include "crypto/cert_impl.h"

#include <time.h>

#include "base/die.h"
#include "base/vec.h"
#include "crypto/pubkey_impl.h"
#include "text/base64.h"

/* ---- reading --------------------------------------------------------------- */

static struct cert *adopt(const struct ossl *o, X509 *x)
{
	struct cert *c = mem_calloc(1, sizeof *c);

	c->o = o;
	c->x = x;
	return c;
}

err *cert_read_der(struct cert **out, str der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	const struct ossl *o;

	TRY(ossl_get(&o));
	X509 *x = der.n && der.n <= CERT_MAX ? o->d2i_X509(NULL, &p, (long)der.n) : NULL;

	o->ERR_clear_error();
	if (x && p != (const unsigned char *)der.p + der.n) {
		o->X509_free(x);
		return err_new(ERR_INVALID, "x509: trailing data");
	}
	if (!x)
		return err_new(ERR_INVALID, "x509: malformed certificate");
	*out = adopt(o, x);
	return NULL;
}

struct cert *cert_share(const struct ossl *o, X509 *x)
{
	o->X509_up_ref(x);
	return adopt(o, x);
}

void cert_free(struct cert *c)
{
	if (!c)
		return;
	c->o->X509_free(c->x);
	free(c);
}

void cert_drop(struct cert **c)
{
	cert_free(*c);
}

void cert_list_release(struct cert_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		cert_free(l->p[i]);
	vec_release(l);
}

void cert_list_add(struct cert_list *l, struct cert *c)
{
	vec_push(l, c);
}

static err *add_der(struct cert_list *l, str der)
{
	struct cert *c;

	if (l->n == CERT_LIST_MAX)
		return err_new(ERR_INVALID, "more than %d certificates", CERT_LIST_MAX);
	TRY(cert_read_der(&c, der));
	cert_list_add(l, c);
	return NULL;
}

err *cert_list_read(struct cert_list *l, str text)
{
	static const str begin = S("-----BEGIN CERTIFICATE-----"),
			 end = S("-----END CERTIFICATE-----");
	size_t at = str_find(text, begin);

	if (at == STR_NPOS)
		return add_der(l, text);
	for (; at != STR_NPOS; at = str_find(text, begin)) {
		CLEANUP(buf_release) struct buf der = BUF_LIMIT(CERT_MAX);

		text = str_from(text, at + begin.n);
		size_t to = str_find(text, end);

		if (to == STR_NPOS)
			return err_new(ERR_INVALID, "x509: a certificate has no end");
		err *e = base64_read(&der, str_trim(str_sub(text, 0, to)), BASE64_STD);

		if (e)
			return err_wrap(e, "x509: malformed certificate");
		TRY(add_der(l, buf_str(&der)));
		text = str_from(text, to + end.n);
	}
	return NULL;
}

/* ---- following ------------------------------------------------------------- */

static bool allows_signing(const struct cert *c, bool optional)
{
	const struct ossl *o = c->o;
	EXTENDED_KEY_USAGE *list = o->X509_get_ext_d2i(c->x, NID_ext_key_usage, NULL, NULL);
	bool found = !list && optional;

	for (int i = 0; list && i < o->OPENSSL_sk_num((const OPENSSL_STACK *)list); i++)
		found = found || o->OBJ_obj2nid(o->OPENSSL_sk_value((const OPENSSL_STACK *)list, i)) ==
					 NID_code_sign;
	if (list)
		o->EXTENDED_KEY_USAGE_free(list);
	return found;
}

static void keep_chain(const struct ossl *o, X509_STORE_CTX *ctx, struct cert_list *out)
{
	const OPENSSL_STACK *chain = (const OPENSSL_STACK *)o->X509_STORE_CTX_get0_chain(ctx);

	for (int i = 0; chain && i < o->OPENSSL_sk_num(chain); i++)
		cert_list_add(out, cert_share(o, o->OPENSSL_sk_value(chain, i)));
}

static bool follow(const struct ossl *o, X509_STORE_CTX *ctx, X509_STORE *store,
		   const struct cert *c, OPENSSL_STACK *between, const struct cert_check *how)
{
	if (!o->X509_STORE_CTX_init(ctx, store, c->x, (STACK_OF(X509) *)between))
		return false;
	X509_VERIFY_PARAM *param = o->X509_STORE_CTX_get0_param(ctx);

	if (!how->at_any_time)	/* a time that is set overrules the flag */
		o->X509_VERIFY_PARAM_set_time(param, (time_t)how->at);
	o->X509_VERIFY_PARAM_set_depth(param, CERT_CHAIN_MAX);
	o->X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN |
						      (how->at_any_time ? X509_V_FLAG_NO_CHECK_TIME
									: 0UL));
	return o->X509_verify_cert(ctx) == 1;
}

err *cert_verify(const struct cert *c, const struct cert_check *how)
{
	const struct ossl *o = c->o;
	X509_STORE *store = o->X509_STORE_new();
	X509_STORE_CTX *ctx = o->X509_STORE_CTX_new();
	OPENSSL_STACK *between = o->OPENSSL_sk_new_null();

	for (size_t i = 0; i < how->roots->n; i++)
		o->X509_STORE_add_cert(store, how->roots->p[i]->x);
	for (size_t i = 0; how->between && i < how->between->n; i++)
		o->OPENSSL_sk_push(between, how->between->p[i]->x);
	bool good = follow(o, ctx, store, c, between, how);
	int why = good ? X509_V_OK : o->X509_STORE_CTX_get_error(ctx);
	const char *words = o->X509_verify_cert_error_string(why);

	if (good && how->chain)
		keep_chain(o, ctx, how->chain);
	o->X509_STORE_CTX_free(ctx);
	o->OPENSSL_sk_free(between);
	o->X509_STORE_free(store);
	o->ERR_clear_error();
	if (!good)
		return err_new(ERR_FORBIDDEN, "x509: certificate cannot be verified: %s", words);
	if (how->code_signing && !allows_signing(c, how->usage_optional))
		return err_new(ERR_FORBIDDEN, "x509: certificate specifies an incompatible key usage");
	return NULL;
}

/* ---- asking ---------------------------------------------------------------- */

err *cert_key(const struct cert *c, struct pubkey **out)
{
	return pubkey_adopt(out, c->o, c->o->X509_get_pubkey(c->x));
}

str cert_der(struct arena *a, const struct cert *c)
{
	unsigned char *der = NULL;
	int n = c->o->i2d_X509(c->x, &der);
	str copy = arena_str(a, str_of((const char *)der, n > 0 ? (size_t)n : 0));

	c->o->CRYPTO_free(der, __FILE__, __LINE__);
	return copy;
}

bool cert_equal(const struct cert *a, const struct cert *b)
{
	return a->o->X509_cmp(a->x, b->x) == 0;
}

bool cert_is_self_issued(const struct cert *c)
{
	return c->o->X509_NAME_cmp(c->o->X509_get_subject_name(c->x),
				   c->o->X509_get_issuer_name(c->x)) == 0;
}

static int64_t seconds(const struct ossl *o, const ASN1_TIME *t)
{
	struct tm tm = { 0 };

	return t && o->ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

void cert_validity(const struct cert *c, int64_t *from, int64_t *until)
{
	*from = seconds(c->o, c->o->X509_get0_notBefore(c->x));
	*until = seconds(c->o, c->o->X509_get0_notAfter(c->x));
}

static str text_of(struct arena *a, const struct ossl *o, const ASN1_STRING *s)
{
	return arena_str(a, str_of((const char *)o->ASN1_STRING_get0_data(s),
				   (size_t)o->ASN1_STRING_length(s)));
}

err *cert_subject(struct arena *a, const struct cert *c, struct cert_field **out, size_t *n)
{
	const struct ossl *o = c->o;
	X509_NAME *name = o->X509_get_subject_name(c->x);
	int count = o->X509_NAME_entry_count(name);
	struct cert_field *fields = arena_array(a, struct cert_field, (size_t)(count > 0 ? count : 0));

	for (int i = 0; i < count; i++) {
		X509_NAME_ENTRY *entry = o->X509_NAME_get_entry(name, i);
		int nid = o->OBJ_obj2nid(o->X509_NAME_ENTRY_get_object(entry));
		const char *type = nid == NID_undef ? NULL : o->OBJ_nid2sn(nid);

		if (!type)
			return err_new(ERR_INVALID, "the subject has a field of an unknown type");
		fields[i].type = arena_str(a, str_c(type));
		fields[i].value = text_of(a, o, o->X509_NAME_ENTRY_get_data(entry));
	}
	*out = fields;
	*n = (size_t)(count > 0 ? count : 0);
	return NULL;
}

static void add_value(struct buf *b, str value)
{
	for (size_t i = 0; i < value.n; i++) {
		bool edge = (value.p[i] == ' ' && (i == 0 || i + 1 == value.n)) ||
			    (value.p[i] == '#' && i == 0);

		if (edge || strchr(",+\"\\<>;", value.p[i]))
			buf_addc(b, '\\');
		buf_addc(b, value.p[i]);
	}
}

/* As Go 1.26 prints a name: its fields in an order of their own. */
str cert_subject_text(struct arena *a, const struct cert *c)
{
	static const struct {
		const char *type, *shown;
	} order[] = {
		{ "serialNumber", "SERIALNUMBER" },
		{ "CN", "CN" },
		{ "OU", "OU" },
		{ "O", "O" },
		{ "postalCode", "POSTALCODE" },
		{ "street", "STREET" },
		{ "L", "L" },
		{ "ST", "ST" },
		{ "C", "C" },
	};
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct cert_field *fields;
	size_t n;
	err *e = cert_subject(a, c, &fields, &n);

	for (size_t t = 0; !e && t < sizeof order / sizeof *order; t++) {
		bool again = false;

		for (size_t i = 0; i < n; i++) {
			if (!str_eq(fields[i].type, str_c(order[t].type)))
				continue;
			buf_addf(&b, "%s%s=", again ? "+" : b.n ? "," : "", order[t].shown);
			add_value(&b, fields[i].value);
			again = true;
		}
	}
	err_free(e);
	return arena_str(a, buf_str(&b));
}

/* Fulcio's user names stand as a text in a name of a kind of its own. */
static const ASN1_STRING *other_name(const struct ossl *o, const GENERAL_NAME *g)
{
	char number[64];

	o->OBJ_obj2txt(number, sizeof number, g->d.otherName->type_id, 1);
	if (strcmp(number, "1.3.6.1.4.1.57264.1.7") != 0 ||
	    g->d.otherName->value->type != V_ASN1_UTF8STRING)
		return NULL;
	return g->d.otherName->value->value.utf8string;
}

err *cert_names(struct arena *a, const struct cert *c, str **out, size_t *n)
{
	const struct ossl *o = c->o;
	GENERAL_NAMES *names = o->X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL, NULL);
	VEC(str) list = { 0 };

	for (int i = 0; names && i < o->OPENSSL_sk_num((const OPENSSL_STACK *)names); i++) {
		const GENERAL_NAME *g = o->OPENSSL_sk_value((const OPENSSL_STACK *)names, i);
		const ASN1_STRING *s = NULL;

		if (g->type == GEN_EMAIL || g->type == GEN_URI || g->type == GEN_DNS)
			s = g->d.ia5;
		else if (g->type == GEN_OTHERNAME)
			s = other_name(o, g);
		if (s)
			avec_push(a, &list, text_of(a, o, s));
	}
	if (names)
		o->GENERAL_NAMES_free(names);
	o->ERR_clear_error();
	*out = list.p;
	*n = list.n;
	return NULL;
}

bool cert_extension(struct arena *a, const struct cert *c, const char *number, str *out)
{
	const struct ossl *o = c->o;
	ASN1_OBJECT *id = o->OBJ_txt2obj(number, 1);
	int at = id ? o->X509_get_ext_by_OBJ(c->x, id, -1) : -1;

	o->ASN1_OBJECT_free(id);
	if (at < 0)
		return false;
	*out = text_of(a, o, o->X509_EXTENSION_get_data(o->X509_get_ext(c->x, at)));
	return true;
}
