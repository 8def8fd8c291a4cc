/* bucket_azure - Azure's blobs. */
#include "base/clock.h"
#include "crypto/certassert.h"
#include "crypto/secret.h"
#include "source/bucket_impl.h"
#include "source/xmlread.h"
#include "text/base64.h"
#include "text/gotime.h"

static const str api_version = { "2021-08-06", 10 };

static str get(const struct bucket *b, const char *key)
{
	return credentials_get(b->o.secret, str_c(key));
}

/* With a secret, or with a certificate. */
static bool has_app(const struct bucket *b)
{
	return get(b, "tenantId").n && get(b, "clientId").n &&
	       (get(b, "clientSecret").n || get(b, "clientCertificate").n);
}

static bool has_certificate(const struct bucket *b)
{
	return has_app(b) && !get(b, "clientSecret").n;
}

static err *check_secret(const struct credentials *c)
{
	static const char *const any[] = { "clientId", "accountKey", "sasKey", "authorityHost" };

	for (size_t i = 0; i < sizeof any / sizeof *any; i++)
		if (credentials_has(c, str_c(any[i])))
			return NULL;
	return bucket_bad_secret(c, "requires a 'clientId' or 'accountKey' field, a "
				    "combination of 'tenantId', 'clientId' and 'clientSecret', or "
				    "'tenantId', 'clientId' and 'clientCertificate'");
}

/* An identity goes before a key, and that before a signature; with none of them the container
 * must be a public one. */
static bool has_account_key(const struct bucket *b)
{
	return !b->o.login && !has_app(b) && get(b, "accountKey").n;
}

static bool has_signature(const struct bucket *b)
{
	return !b->o.login && !has_app(b) && !has_account_key(b) && get(b, "sasKey").n;
}

static err *check_certificate(const struct bucket *b)
{
	err *e = has_certificate(b) ? certassert_check(get(b, "clientCertificate"),
						       get(b, "clientCertificatePassword"))
				    : NULL;

	return e ? err_wrap(e,
			    "failed to create token credential from '%.*s' Secret: failed to parse "
			    "client certificates",
			    STR_ARG(b->o.secret->name))
		 : NULL;
}

/* The account's name is the first part of the host; where there is none, of the path. */
static err *check_account(struct bucket *b)
{
	str host = b->host, part, domain, rest;
	struct gourl u;

	TRY(gourl_parse(&b->mem, b->base, &u));
	if (!has_account_key(b) || u.path.n)
		return NULL;
	str_split(host, ':', &host, &rest);
	if (str_split(host, '.', &part, &domain) && str_split(domain, '.', &part, &rest))
		return NULL;
	return err_new(ERR_INVALID,
		       "failed to create shared credential from '%.*s' Secret data: failed to extract "
		       "account name from endpoint: expected '%.*s' to be a subdomain",
		       STR_ARG(b->o.secret->name), STR_ARG(host));
}

static err *check(struct bucket *b)
{
	if (!b->o.secret || b->o.login)
		return NULL; /* a public container, or a token */
	if (credentials_has(b->o.secret, S("clientId")) && !has_app(b))
		return err_new(ERR_FORBIDDEN, "there is no managed identity here");
	TRY(check_certificate(b));
	return check_account(b);
}

/* An application's token, for all of Azure's storage. */
static err *log_in(struct bucket *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf form = BUF_INIT;
	str authority = get(b, "authorityHost");

	if (b->o.login) {
		b->token = b->o.login->bearer;
		return NULL;
	}
	if (!has_app(b))
		return NULL;
	if (!authority.n)
		authority = S("https://login.microsoftonline.com");
	str url = arena_cat(&a, str_trim_right_set(authority, S("/")), S("/"), get(b, "tenantId"),
			    S("/oauth2/v2.0/token"));
	const struct certassert c = {
		.data = get(b, "clientCertificate"),
		.password = get(b, "clientCertificatePassword"),
		.chain = certassert_sends_chain(get(b, "clientCertificateSendChain")),
		.client = get(b, "clientId"),
		.audience = url,
		.now = clock_wall() / CLOCK_SECOND,
	};

	TRY(certassert_form(&a, &c, get(b, "clientSecret"), S("https://storage.azure.com/.default"),
			    &form));
	return bucket_ask_token(b, url, buf_str(&form), &b->token);
}

/* The account's name: the first part of the host, or of an emulator's path. */
static str account_of(const struct bucket *b, str path)
{
	str name, rest;

	if (path.n) {
		str_take(&path, '/');
		str_split(path, '/', &name, &rest);
		return name;
	}
	str_split(b->host, '.', &name, &rest);
	return name;
}

struct pair {
	const char *name;
	str value;
};

static size_t parameters(const struct bucket_question *q, struct pair *out)
{
	size_t n = 0;

	/* sorted, as the signature has them */
	if (q->what == BUCKET_ASK_LIST) {
		out[n++] = (struct pair){ "comp", S("list") };
		if (q->marker.n)
			out[n++] = (struct pair){ "marker", q->marker };
		if (q->prefix.n)
			out[n++] = (struct pair){ "prefix", q->prefix };
	}
	if (q->what != BUCKET_ASK_GET)
		out[n++] = (struct pair){ "restype", S("container") };
	return n;
}

static err *sign(struct bucket *b, struct arena *a, const struct bucket_question *q, str path,
		 const struct pair *pairs, size_t n, struct bucket_wire *w)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, key = BUF_INIT, mac = BUF_INIT;
	struct gourl u;
	uint8_t sum[32];

	TRY(gourl_parse(a, b->base, &u));
	str account = account_of(b, u.path), date = w->headers[0].value;

	/* No body, no conditions: ten empty lines behind the method, and the range. */
	buf_addf(&text, "%.*s\n\n\n\n\n\n\n\n\n\n\n%.*s\nx-ms-date:%.*s\nx-ms-version:%.*s\n/%.*s%.*s",
		 STR_ARG(w->method), STR_ARG(bucket_range(a, q)), STR_ARG(date), STR_ARG(api_version), STR_ARG(account),
		 STR_ARG(path));
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "\n%s:%.*s", pairs[i].name, STR_ARG(pairs[i].value));
	err *e = base64_read(&key, get(b, "accountKey"), BASE64_STD);

	if (e)
		return err_wrap(e, "decode account key");
	TRY(secret_hmac_sha256(buf_str(&key), buf_str(&text), sum));
	base64_write(&mac, str_of((const char *)sum, sizeof sum), BASE64_STD);
	bucket_header(w, S("Authorization"),
		      arena_cat(a, S("SharedKey "), account, S(":"), buf_str(&mac)));
	return NULL;
}

static err *build(struct bucket *b, struct arena *a, const struct bucket_question *q,
		  struct bucket_wire *w)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT, query = BUF_INIT, date = BUF_INIT;
	struct pair pairs[4];
	size_t n = parameters(q, pairs);
	struct gourl u;

	TRY(gourl_parse(a, b->base, &u));
	buf_addc(&path, '/');
	bucket_escape(&path, b->o.bucket, false);
	if (q->key.n) {
		buf_addc(&path, '/');
		bucket_escape(&path, q->key, true);
	}
	for (size_t i = 0; i < n; i++) {
		buf_addf(&query, "%s%s=", i ? "&" : "", pairs[i].name);
		bucket_escape(&query, pairs[i].value, false);
	}
	str sas = get(b, "sasKey");

	if (has_signature(b)) {
		str_take(&sas, '?');
		buf_addf(&query, "%s%.*s", query.n ? "&" : "", STR_ARG(sas));
	}
	w->url =
		arena_cat(a, b->base, buf_str(&path), query.n ? S("?") : STR_NONE, buf_str(&query));
	gotime_format(&date, gotime_utc(clock_wall() / CLOCK_SECOND, 0),
		      S("Mon, 02 Jan 2006 15:04:05 GMT"));
	bucket_header(w, S("x-ms-date"), arena_str(a, buf_str(&date)));
	bucket_header(w, S("x-ms-version"), api_version);
	bucket_header(w, S("Accept-Encoding"), S("identity"));
	w->token = b->token;
	if (!has_account_key(b))
		return NULL;
	return sign(b, a, q, arena_cat(a, u.path, buf_str(&path)), pairs, n, w);
}

/* ---- lists ---------------------------------------------------------------------- */

struct listing {
	struct arena *a;
	struct bucket_page *page;
	struct bucket_object now;
};

static err *read_leaf(void *ctx, str path, bool leaf, str text)
{
	struct listing *l = ctx;

	if (!str_take_str(&path, S("EnumerationResults/")))
		return NULL;
	if (!leaf && str_eq(path, S("Blobs/Blob"))) {
		avec_push(l->a, &l->page->objects, l->now);
		l->now = (struct bucket_object){ 0 };
	} else if (leaf && str_eq(path, S("Blobs/Blob/Name"))) {
		l->now.key = text;
	} else if (leaf && str_eq(path, S("Blobs/Blob/Properties/Etag"))) {
		l->now.etag = str_starts(text, S("\"")) || !text.n
				      ? text
				      : arena_cat(l->a, S("\""), text, S("\""));
	} else if (leaf && str_eq(path, S("NextMarker"))) {
		l->page->next = text;
	}
	return NULL;
}

static err *read_page(struct arena *a, str body, struct bucket_page *out)
{
	struct listing l = { .a = a, .page = out };

	return xmlread(a, body, read_leaf, &l);
}

const struct bucket_kind bucket_azure = {
	.check_secret = check_secret, .check = check, .log_in = log_in, .build = build,
	.read_page = read_page, .quotes_etags = true
};
