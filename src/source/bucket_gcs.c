/* bucket_gcs - Google Cloud Storage through its JSON API. */
#include "crypto/keys.h"
#include "source/bucket_impl.h"
#include "text/base64.h"
#include "value/json.h"

#define SCOPE "https://www.googleapis.com/auth/devstorage.read_only"

/* The key of an account, and nothing else: it may name servers to be asked. What cannot be
 * read is not quoted. */
static err *check_secret(const struct credentials *c)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node account;

	if (!credentials_has(c, S("serviceaccount")))
		return bucket_bad_secret(c, "required fields 'serviceaccount'");
	err *e = json_read(&a, credentials_get(c, S("serviceaccount")), NULL, &account);

	if (e || account.kind != NODE_MAP) {
		err_free(e);
		return bucket_bad_secret(c, "failed to parse 'serviceaccount' as JSON");
	}
	if (!str_eq(node_str(node_get(account, S("type"))), S("service_account")))
		return bucket_bad_secret(c, "'serviceaccount' must contain a service account key "
					    "with 'type' set to 'service_account'");
	return NULL;
}

static err *check(struct bucket *b)
{
	if (b->o.login)
		return NULL;
	if (!b->o.secret)
		return err_new(ERR_FORBIDDEN, "failed to create Google Cloud Storage client: neither "
					      "secretRef nor an identity is there");
	return NULL;
}

static void add_part(struct buf *b, str json)
{
	base64_write(b, json, BASE64_RAW_URL);
}

/* A statement signed by the account's key, for a token of an hour. */
static err *make_jwt(struct arena *a, node account, str audience, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, claims = BUF_INIT, signature = BUF_INIT;
	node c = node_map(a, 5), head = node_map(a, 3);
	int64_t now = clock_wall() / CLOCK_SECOND;

	node_set(a, head, S("alg"), node_lit("RS256"));
	node_set(a, head, S("typ"), node_lit("JWT"));
	node_set(a, head, S("kid"), node_get(account, S("private_key_id")));
	node_set(a, c, S("iss"), node_get(account, S("client_email")));
	node_set(a, c, S("scope"), node_lit(SCOPE));
	node_set(a, c, S("aud"), node_from_str(a, audience));
	node_set(a, c, S("iat"), node_from_int(now));
	node_set(a, c, S("exp"), node_from_int(now + 3600));
	node_remove_none(head);
	TRY(json_write(&claims, head, NULL));
	add_part(&b, buf_str(&claims));
	buf_addc(&b, '.');
	buf_clear(&claims);
	TRY(json_write(&claims, c, NULL));
	add_part(&b, buf_str(&claims));
	TRY(keys_sign_rs256(&signature, node_str(node_get(account, S("private_key"))),
			    buf_str(&b)));
	buf_addc(&b, '.');
	add_part(&b, buf_str(&signature));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *log_in(struct bucket *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf form = BUF_INIT;
	node account;
	str jwt;

	if (b->o.login) {
		b->token = b->o.login->bearer;
		return NULL;
	}
	err *e = json_read(&a, credentials_get(b->o.secret, S("serviceaccount")), NULL, &account);

	if (e)
		return err_wrap(e, "failed to create Google Cloud Storage client");
	str server = node_str_or(node_get(account, S("token_uri")),
				 S("https://oauth2.googleapis.com/token"));

	TRY(make_jwt(&a, account, server, &jwt));
	buf_add(&form, S("grant_type="));
	gourl_escape_query(&form, S("urn:ietf:params:oauth:grant-type:jwt-bearer"));
	buf_add(&form, S("&assertion="));
	gourl_escape_query(&form, jwt);
	return bucket_ask_token(b, server, buf_str(&form), &b->token);
}

static err *build(struct bucket *b, struct arena *a, const struct bucket_question *q,
		  struct bucket_wire *w)
{
	CLEANUP(buf_release) struct buf u = BUF_INIT;

	buf_addf(&u, "%.*s/storage/v1/b/", STR_ARG(b->base));
	bucket_escape(&u, b->o.bucket, false);
	if (q->what == BUCKET_ASK_LIST) {
		buf_add(&u, S("/o?fields=items(name,etag),nextPageToken&maxResults=1000&prefix="));
		bucket_escape(&u, q->prefix, false);
		if (q->marker.n) {
			buf_add(&u, S("&pageToken="));
			bucket_escape(&u, q->marker, false);
		}
	} else if (q->what == BUCKET_ASK_GET) {
		buf_add(&u, S("/o/"));
		bucket_escape(&u, q->key, false);
		buf_add(&u, S("?alt=media"));
	}
	w->url = arena_str(a, buf_str(&u));
	w->token = b->token;
	bucket_header(w, S("Accept-Encoding"), S("identity"));
	return NULL;
}

static err *read_page(struct arena *a, str body, struct bucket_page *out)
{
	node in;

	TRY(json_read(a, body, NULL, &in));
	node_each_item(item, node_get(in, S("items"))) {
		struct bucket_object object = {
			.key = node_str(node_get(*item, S("name"))),
			.etag = bucket_trim_etag(node_str(node_get(*item, S("etag")))),
		};

		avec_push(a, &out->objects, object);
	}
	out->next = node_str(node_get(in, S("nextPageToken")));
	return NULL;
}

const struct bucket_kind bucket_gcs = {
	.check_secret = check_secret, .check = check, .log_in = log_in, .build = build, .read_page = read_page
};
