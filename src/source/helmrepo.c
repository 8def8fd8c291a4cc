#include "source/helmrepo.h"

#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"

enum { PIECE = 64 << 10 };

/* ---- URLs ------------------------------------------------------------------- */

static str print_url(struct arena *a, const struct gourl *u)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gourl_add(&b, u);
	return arena_str(a, buf_str(&b));
}

static str without_slashes(str path)
{
	return str_trim_right_set(path, S("/"));
}

err *helmrepo_normalize(struct arena *a, str url, str *out)
{
	struct gourl u;

	if (!url.n) {
		*out = STR_NONE;
		return NULL;
	}
	TRY(gourl_parse(a, arena_str(a, url), &u));
	u.path = without_slashes(u.path);
	u.raw_path = without_slashes(u.raw_path);
	if (!str_eq(u.scheme, S("oci"))) {
		u.path = arena_cat(a, u.path, S("/"));
		u.raw_path = u.raw_path.n ? arena_cat(a, u.raw_path, S("/")) : STR_NONE;
	}
	*out = print_url(a, &u);
	return NULL;
}

err *helmrepo_check_scheme(struct arena *a, str url)
{
	struct gourl u;

	TRY(gourl_parse(a, arena_str(a, url), &u));
	if (str_eq(u.scheme, S("http")) || str_eq(u.scheme, S("https")))
		return NULL;
	return err_new(ERR_INVALID, "scheme %.*s not supported", STR_ARG(quote_str(a, u.scheme)));
}

err *helmrepo_index_url(struct arena *a, str url, str *out)
{
	struct gourl u;

	TRY(gourl_parse(a, arena_str(a, url), &u));
	u.path = path_join(a, u.path, S("index.yaml"));
	if (u.raw_path.n)
		u.raw_path = path_join(a, u.raw_path, S("index.yaml"));
	if (u.path.p[0] != '/')
		u.path = arena_cat(a, S("/"), u.path);
	*out = print_url(a, &u);
	return NULL;
}

err *helmrepo_resolve(struct arena *a, str url, str ref, str *out)
{
	struct gourl base, r, whole;
	err *e = gourl_parse(a, arena_str(a, ref), &r);

	if (e)
		return err_wrap(e, "failed to parse %.*s as URL", STR_ARG(ref));
	if (r.scheme.n) {
		*out = ref;
		return NULL;
	}
	e = gourl_parse(a, arena_str(a, url), &base);
	if (e)
		return err_wrap(e, "failed to parse %.*s as URL", STR_ARG(url));
	if (!str_ends(base.path, S("/")))
		base.path = arena_cat(a, base.path, S("/"));
	if (base.raw_path.n && !str_ends(base.raw_path, S("/")))
		base.raw_path = arena_cat(a, base.raw_path, S("/"));
	gourl_resolve(a, &base, &r, &whole);
	whole.query = base.query;
	whole.empty_query = base.empty_query;
	*out = print_url(a, &whole);
	return NULL;
}

/* ---- who we are ------------------------------------------------------------- */

static err *malformed(const struct credentials *c, const char *has, const char *misses)
{
	return err_new(ERR_INVALID,
		       "secret '%.*s/%.*s': malformed basic auth - has '%s' but missing '%s'",
		       STR_ARG(c->namespace), STR_ARG(c->name), has, misses);
}

/* Halves of a pair, and nothing at all, pass here: Flux's reader lets them. */
static void old_certificates(struct helmrepo *r, const struct credentials *secret,
			     struct net_tls *tls)
{
	err *e = r->tls ? NULL : credentials_tls(secret, tls);

	if (!e && !r->tls)
		r->tls = tls;
	err_free(e);
}

err *helmrepo_credentials(struct helmrepo *r, const struct credentials *secret,
			  struct net_tls *tls)
{
	bool user = credentials_has(secret, S("username"));
	bool password = credentials_has(secret, S("password"));

	if (user != password)
		return user ? malformed(secret, "username", "password")
			    : malformed(secret, "password", "username");
	r->user = credentials_get(secret, S("username"));
	r->password = credentials_get(secret, S("password"));
	old_certificates(r, secret, tls);
	return NULL;
}

static bool is_same_host(str a_url, str b_url)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gourl x, y;
	err *e = gourl_parse(&a, arena_str(&a, a_url), &x);

	if (!e)
		e = gourl_parse(&a, arena_str(&a, b_url), &y);
	bool same = !e && str_eq(x.scheme, y.scheme) && str_eq(x.host, y.host);

	err_free(e);
	return same;
}

/* ---- requests --------------------------------------------------------------- */

static err *read_body(struct net_call *call, const char *what, uint64_t max, struct spool *to)
{
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	char *p = buf_reserve(&piece, PIECE);
	size_t n;

	for (;;) {
		TRY(net_read(call, p, PIECE, &n));
		if (!n)
			return NULL;
		if (n > max - to->n)
			return err_new(ERR_INVALID,
				       "%s exceeds the maximum %s file size of %llu bytes", what,
				       what, (unsigned long long)max);
		TRY(spool_add(to, str_of(p, n)));
	}
}

static err *not_fetched(str url, const struct net_response *head, struct helmrepo_hint *hint)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	enum err_kind kind = ERR_INVALID;

	if (head->status == 404 || head->status == 410)
		kind = ERR_NOT_FOUND;
	else if (head->status == 401 || head->status == 403)
		kind = ERR_FORBIDDEN;
	else if (head->status == 429 || head->status >= 500)
		kind = ERR_UNAVAILABLE;
	err *e = err_new(kind, "failed to fetch %.*s : %.*s", STR_ARG(url),
			 STR_ARG(net_status(&a, head->status)));

	err_set_code(e, head->status);
	if (hint)
		hint->retry_after = net_response_retry_after(head);
	return e;
}

static void remember_etag(struct helmrepo_hint *hint, const struct net_response *head)
{
	str etag = net_response_header(head, S("ETag"));

	hint->etag_n = etag.n <= sizeof hint->etag ? etag.n : 0;
	if (hint->etag_n)
		memcpy(hint->etag, etag.p, hint->etag_n);
}

/* The certificate is for the repository's own host, as the password is. */
static struct net_tls tls_of(const struct helmrepo *r, bool trusted)
{
	struct net_tls t = r->tls ? *r->tls : (struct net_tls){ .ca_and_system = true };

	if (!trusted)
		t.cert = t.key = STR_NONE;
	t.insecure = r->insecure;
	return t;
}

static err *start(const struct helmrepo *r, str url, const struct helmrepo_hint *hint,
		  struct net_call **call)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	bool trusted = r->pass_credentials || is_same_host(r->url, url);
	bool sends = trusted && r->user.n && r->password.n;
	const struct net_tls tls = tls_of(r, trusted);
	const struct net_header known = { S("If-None-Match"),
					  hint ? str_of(hint->etag, hint->etag_n) : STR_NONE };

	TRY(helmrepo_check_scheme(&a, url));
	*call = net_start(r->net, &(struct net_request){
					  .url = url,
					  .headers = &known,
					  .headers_n = known.value.n ? 1 : 0,
					  .user = sends ? r->user : STR_NONE,
					  .password = sends ? r->password : STR_NONE,
					  .tls = r->tls || r->insecure ? &tls : NULL,
					  .addresses = r->addresses,
					  .pull = true,
					  .max_body = SIZE_MAX,
					  .timeout = r->timeout,
					  .cancel = r->cancel,
				  });
	return NULL;
}

err *helmrepo_fetch(const struct helmrepo *r, str url, const char *what, uint64_t max,
		    struct helmrepo_hint *hint, bool *same, struct spool *to)
{
	CLEANUP(net_call_drop) struct net_call *call = NULL;
	struct net_response head;

	if (same)
		*same = false;
	if (hint)
		hint->retry_after = -1;
	TRY(start(r, url, hint, &call));
	TRY(net_head(call, &head));
	if (head.status == 304 && hint && hint->etag_n && same) {
		*same = true;
		return NULL;
	}
	if (head.status != 200)
		return not_fetched(url, &head, hint);
	TRY(read_body(call, what, max, to));
	if (hint)
		remember_etag(hint, &head);
	return NULL;
}
