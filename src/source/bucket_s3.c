/* bucket_s3 - Amazon's S3, and all that speak it. */
#include "crypto/sha256.h"
#include "crypto/sigv4.h"
#include "source/bucket_impl.h"
#include "source/xmlread.h"

static const str usual_region = { "us-east-1", 9 };

/* "s3.eu-west-1.amazonaws.com" says it. */
static str region_of(str host)
{
	str region;

	if (!str_take_str(&host, S("s3.")) || !str_has(host, S("amazonaws.com")))
		return usual_region;
	str_take_str(&host, S("dualstack."));
	return str_split(host, '.', &region, &host) && !str_eq(region, S("amazonaws"))
		       ? region
		       : usual_region;
}

static err *check_secret(const struct credentials *c)
{
	if (!credentials_get(c, S("accesskey")).n || !credentials_get(c, S("secretkey")).n)
		return bucket_bad_secret(c, "required fields 'accesskey' and 'secretkey'");
	return NULL;
}

static err *check(struct bucket *b)
{
	if (!b->region.n)
		b->region = region_of(b->host);
	if (!b->o.secret && !b->o.login && b->o.provider == BUCKET_AWS)
		return err_new(ERR_FORBIDDEN, "AWS authentication failed: neither secretRef nor an "
					      "identity is there");
	return NULL;
}

/* In the order that the signature wants. */
static str query_of(struct arena *a, const struct bucket_question *q)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (q->what != BUCKET_ASK_LIST)
		return STR_NONE;
	if (q->marker.n) {
		buf_add(&b, S("continuation-token="));
		bucket_escape(&b, q->marker, false);
		buf_addc(&b, '&');
	}
	buf_add(&b, S("encoding-type=url&list-type=2&max-keys=1000&prefix="));
	bucket_escape(&b, q->prefix, false);
	return arena_str(a, buf_str(&b));
}

static struct bucket_login keys_of(const struct bucket *b)
{
	if (b->o.login)
		return *b->o.login;
	return (struct bucket_login){ .id = credentials_get(b->o.secret, S("accesskey")),
				      .secret = credentials_get(b->o.secret, S("secretkey")) };
}

static err *sign(struct bucket *b, struct arena *a, str path, str query, struct bucket_wire *w)
{
	char hash[SHA256_HEX + 1];
	str authorization, date = sigv4_date(a, clock_wall() / CLOCK_SECOND);

	const struct bucket_login keys = keys_of(b);

	sha256_hex(STR_NONE, hash);
	str body_hash = arena_str(a, str_c(hash));
	const struct sigv4_header headers[] = {
		{ S("host"), b->host },
		{ S("x-amz-content-sha256"), body_hash },
		{ S("x-amz-date"), date },
		{ S("x-amz-security-token"), keys.session },
	};

	TRY(sigv4_sign(a,
		       &(struct sigv4_request){
			       .method = w->method,
			       .path = path,
			       .query = query,
			       .headers = headers,
			       .headers_n = keys.session.n ? 4 : 3,
			       .body_hash = body_hash,
			       .region = b->region,
			       .service = S("s3"),
			       .date = date,
			       .id = keys.id,
			       .secret = keys.secret,
		       },
		       &authorization));
	bucket_header(w, S("Authorization"), authorization);
	bucket_header(w, S("X-Amz-Content-Sha256"), body_hash);
	bucket_header(w, S("X-Amz-Date"), date);
	if (keys.session.n)
		bucket_header(w, S("X-Amz-Security-Token"), keys.session);
	return NULL;
}

static err *build(struct bucket *b, struct arena *a, const struct bucket_question *q,
		  struct bucket_wire *w)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	str query = query_of(a, q);

	buf_addc(&path, '/');
	bucket_escape(&path, b->o.bucket, false);
	buf_addc(&path, '/');
	bucket_escape(&path, q->key, true);
	if (q->what == BUCKET_ASK_EXISTS)
		w->method = S("HEAD");
	w->url = arena_cat(a, b->base, buf_str(&path), query.n ? S("?") : STR_NONE, query);
	bucket_header(w, S("Accept-Encoding"), S("identity"));
	return b->o.secret || b->o.login ? sign(b, a, arena_str(a, buf_str(&path)), query, w) : NULL;
}

/* ---- lists ---------------------------------------------------------------------- */

struct listing {
	struct arena *a;
	struct bucket_page *page;
	struct bucket_object now;
	bool encoded, truncated;
	str next;
};

static err *read_leaf(void *ctx, str path, bool leaf, str text)
{
	struct listing *l = ctx;

	if (!str_take_str(&path, S("ListBucketResult/")))
		return NULL;
	if (!leaf) {
		if (str_eq(path, S("Contents"))) {
			avec_push(l->a, &l->page->objects, l->now);
			l->now = (struct bucket_object){ 0 };
		}
		return NULL;
	}
	if (str_eq(path, S("Contents/Key")))
		l->now.key = text;
	else if (str_eq(path, S("Contents/ETag")))
		l->now.etag = bucket_trim_etag(text);
	else if (str_eq(path, S("NextContinuationToken")))
		l->next = text;
	else if (str_eq(path, S("IsTruncated")))
		l->truncated = str_eq(text, S("true"));
	else if (str_eq(path, S("EncodingType")))
		l->encoded = str_eq(text, S("url"));
	return NULL;
}

/* As a query is: '+' is a blank. */
static err *decode(struct arena *a, str *key)
{
	str text = arena_str(a, *key);

	for (char *p = (char *)(uintptr_t)text.p; p < text.p + text.n; p++)
		if (*p == '+')
			*p = ' ';
	return gourl_unescape_segment(a, text, key);
}

static err *read_page(struct arena *a, str body, struct bucket_page *out)
{
	struct listing l = { .a = a, .page = out };

	TRY(xmlread(a, body, read_leaf, &l));
	for (size_t i = 0; l.encoded && i < out->objects.n; i++)
		TRY(decode(a, &out->objects.p[i].key));
	if (l.truncated && !l.next.n)
		return err_new(ERR_INVALID,
			       "Truncated response should have continuation token set");
	out->next = l.truncated ? l.next : STR_NONE;
	return NULL;
}

const struct bucket_kind bucket_s3 = { .check_secret = check_secret, .check = check, .build = build, .read_page = read_page };
