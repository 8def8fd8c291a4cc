#include "source/helmrepo.h"

#include "net/patience.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"

/* So often a download that is cut goes on. */
enum { PIECE = 64 << 10, RESUMES = 5 };

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

/* A download, which may take several requests. */
struct fetch {
	const struct helmrepo *r;
	str url;
	const char *what;
	uint64_t max;
	struct helmrepo_hint *hint;
	struct spool *to;
	/* By which the rest can be asked for, should it be cut: a strong etag. */
	char validator[HELMREPO_ETAG_MAX];
	size_t validator_n;
};

static err *read_body(const struct fetch *f, struct net_call *call)
{
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	char *p = buf_reserve(&piece, PIECE);
	size_t n;

	for (;;) {
		TRY(net_read(call, p, PIECE, &n));
		if (!n)
			return NULL;
		if (n > f->max - f->to->n)
			return err_new(ERR_INVALID,
				       "%s exceeds the maximum %s file size of %llu bytes", f->what,
				       f->what, (unsigned long long)f->max);
		TRY(spool_add(f->to, str_of(p, n)));
	}
}

static err *not_fetched(const struct fetch *f, const struct net_response *head)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	enum err_kind kind = ERR_INVALID;

	if (head->status == 404 || head->status == 410)
		kind = ERR_NOT_FOUND;
	else if (head->status == 401 || head->status == 403)
		kind = ERR_FORBIDDEN;
	else if (head->status == 429 || head->status >= 500)
		kind = ERR_UNAVAILABLE;
	patience_keep(net_client_patience(f->r->net), f->url, head);
	patience_words(&b, head);
	err *e = err_new(kind, "failed to fetch %.*s : %.*s%.*s", STR_ARG(f->url),
			 STR_ARG(net_response_status(&a, head)), STR_ARG(buf_str(&b)));

	err_set_code(e, head->status);
	return e;
}

static size_t keep_etag(char *to, str etag)
{
	if (etag.n > HELMREPO_ETAG_MAX)
		return 0;
	if (etag.n)
		memcpy(to, etag.p, etag.n);
	return etag.n;
}

/* What was packed on the way cannot go on by its bytes. */
static void keep_validator(struct fetch *f, const struct net_response *head)
{
	str etag = net_response_header(head, S("ETag"));
	bool packed = net_response_header(head, S("Content-Encoding")).n > 0;

	f->validator_n = keep_etag(f->validator, packed || !str_starts(etag, S("\"")) ? STR_NONE : etag);
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

static size_t add_headers(const struct fetch *f, struct arena *a, struct net_header *out)
{
	const struct helmrepo_hint *hint = f->hint;

	if (f->to->n) {
		out[0] = (struct net_header){ S("Range"),
					      arena_printf(a, "bytes=%llu-",
							   (unsigned long long)f->to->n) };
		out[1] = (struct net_header){ S("If-Range"), str_of(f->validator, f->validator_n) };
		out[2] = (struct net_header){ S("Accept-Encoding"), S("identity") };
		return 3;
	}
	if (!hint || !hint->etag_n)
		return 0;
	out[0] = (struct net_header){ S("If-None-Match"), str_of(hint->etag, hint->etag_n) };
	return 1;
}

static err *start(const struct fetch *f, struct net_call **call)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct helmrepo *r = f->r;
	bool trusted = r->pass_credentials || is_same_host(r->url, f->url);
	bool sends = trusted && r->user.n && r->password.n;
	const struct net_tls tls = tls_of(r, trusted);
	struct net_header headers[3];

	TRY(helmrepo_check_scheme(&a, f->url));
	TRY(patience_check(net_client_patience(r->net), f->url));
	*call = net_start(r->net, &(struct net_request){
					  .url = f->url,
					  .headers = headers,
					  .headers_n = add_headers(f, &a, headers),
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

static err *fetch_once(struct fetch *f, bool *same)
{
	CLEANUP(net_call_drop) struct net_call *call = NULL;
	struct net_response head;
	bool resumed = f->to->n > 0;

	TRY(start(f, &call));
	TRY(net_head(call, &head));
	if (head.status == 304 && !resumed && f->hint && f->hint->etag_n && same) {
		*same = true;
		return NULL;
	}
	if (head.status != 200 && !(resumed && head.status == 206))
		return not_fetched(f, &head);
	if (head.status == 206 && !net_response_goes_on(&head, f->to->n))
		return err_new(ERR_INVALID, "failed to fetch %.*s : not the range that was asked for",
			       STR_ARG(f->url));
	if (head.status == 200 && resumed)
		spool_restart(f->to);
	if (head.status == 200)
		keep_validator(f, &head);
	TRY(read_body(f, call));
	if (f->hint && head.status == 200)
		f->hint->etag_n = keep_etag(f->hint->etag, net_response_header(&head, S("ETag")));
	else if (f->hint)
		f->hint->etag_n = keep_etag(f->hint->etag, str_of(f->validator, f->validator_n));
	return NULL;
}

err *helmrepo_fetch(const struct helmrepo *r, str url, const char *what, uint64_t max,
		    struct helmrepo_hint *hint, bool *same, struct spool *to)
{
	struct fetch f = { .r = r, .url = url, .what = what, .max = max, .hint = hint, .to = to };

	if (same)
		*same = false;
	for (int tries = 0;; tries++) {
		uint64_t before = to->n;
		err *e = fetch_once(&f, same);
		bool cut = e && err_kind(e) == ERR_UNAVAILABLE && !err_code(e);

		if (!cut || to->n <= before || tries == RESUMES || !f.validator_n)
			return e;
		err_free(e);
	}
}
