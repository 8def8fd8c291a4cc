#include "source/gitremote.h"

#include <stdlib.h>

#include "base/clock.h"
#include "source/gitssh.h"
#include "text/gourl.h"
#include "text/quote.h"

struct gitremote {
	struct gitremote_spec spec;
	struct arena mem;
	struct gourl url;
	str base;     /* http: without the final slash, after redirects */
	bool foreign; /* another host than asked for: no credentials */
	struct gitssh *ssh;
	struct gitpkt in; /* of the session */
	bool greeted;
	bool spent; /* the session has ended with a pack, as those of old do */
	struct gitproto_server server;
};

enum { REASON_MAX = 4 << 10 };

static const char info_refs[] = "/info/refs";

/* ---- the URL -------------------------------------------------------------- */

static err *refuse(const char *what, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%s ", what);
	quote_add(&b, text, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

static bool is_host(str host)
{
	for (size_t i = 0; i < host.n; i++) {
		unsigned char c = (unsigned char)host.p[i];

		if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
		      strchr(".-_:%", c) || c >= 128))
			return false;
	}
	return host.n && host.p[0] != '-';
}

static bool has_control(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return true;
	return false;
}

static err *parse_url(struct arena *a, str text, bool local, struct gourl *u)
{
	TRY(gourl_parse(a, text, u));
	if (local && str_eq(u->scheme, S("file")))
		return u->path.n < 2 || u->host.n || has_control(u->path)
			       ? refuse("invalid path", u->path)
			       : NULL;
	bool ssh = str_eq(u->scheme, S("ssh"));

	if (!ssh && !str_eq(u->scheme, S("http")) && !str_eq(u->scheme, S("https")))
		return refuse("unsupported scheme", u->scheme);
	if (!is_host(gourl_hostname(u)))
		return refuse("invalid host", u->host);
	if (ssh && (str_starts(u->user, S("-")) || has_control(u->user)))
		return refuse("invalid user", u->user);
	if (ssh && (u->path.n < 2 || has_control(u->path)))
		return refuse("invalid path", u->path);
	return NULL;
}

err *gitremote_check_url(str url)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gourl u;

	return parse_url(&a, url, false, &u);
}

err *gitremote_open(struct gitremote **out, const struct gitremote_spec *spec)
{
	struct gitremote *r = mem_calloc(1, sizeof *r);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	r->spec = *spec;
	err *e = parse_url(&r->mem, spec->url, spec->local, &r->url);

	if (e) {
		gitremote_free(r);
		return e;
	}
	struct gourl plain = r->url;

	plain.has_user = plain.has_password = false;
	gourl_add(&b, &plain);
	r->base = arena_str(&r->mem, str_trim_right_set(buf_str(&b), S("/")));
	if (spec->hint) {
		r->server.version = spec->hint->v2 ? 2 : 0;
		r->server.algo = spec->hint->algo;
	}
	*out = r;
	return NULL;
}

void gitremote_free(struct gitremote *r)
{
	if (!r)
		return;
	gitpkt_release(&r->in);
	gitssh_free(r->ssh);
	arena_release(&r->mem);
	free(r);
}

void gitremote_drop(struct gitremote **r)
{
	gitremote_free(*r);
}

const struct gitproto_server *gitremote_server(const struct gitremote *r)
{
	return &r->server;
}

/* ---- http ----------------------------------------------------------------- */

static int64_t time_left(const struct gitremote *r)
{
	if (!r->spec.deadline)
		return -1;
	int64_t left = r->spec.deadline - clock_mono();

	return left > 0 ? left : 1;
}

#define COMMON_HEADERS                                             \
	{ S("User-Agent"), S("git/2.0 (rill " RILL_VERSION ")") }, \
	{                                                          \
		S("Git-Protocol"), S("version=2")                  \
	}
static const struct net_header get_headers[] = {
	COMMON_HEADERS,
	{ S("Accept"), S("*/*") },
};
static const struct net_header post_headers[] = {
	COMMON_HEADERS,
	{ S("Content-Type"), S("application/x-git-upload-pack-request") },
	{ S("Accept"), S("application/x-git-upload-pack-result") },
};
static const struct net_header push_headers[] = {
	{ S("User-Agent"), S("git/2.0 (rill " RILL_VERSION ")") },
	{ S("Accept"), S("application/x-git-receive-pack-result") },
	{ S("Content-Type"), S("application/x-git-receive-pack-request") },
};

static str service(const struct gitremote *r)
{
	return r->spec.push ? S("git-receive-pack") : S("git-upload-pack");
}

static struct net_call *start(const struct gitremote *r, str url, str body)
{
	const struct gitremote_auth *auth = &r->spec.auth;
	struct net_tls tls = auth->tls;
	struct net_request q = {
		.url = url,
		.headers = body.n ? post_headers : get_headers,
		.headers_n = body.n ? sizeof post_headers / sizeof *post_headers
				    : sizeof get_headers / sizeof *get_headers,
		.tls = &tls,
		.proxy = r->spec.proxy,
		.no_redirect = body.n > 0,
		.timeout = time_left(r),
		.cancel = r->spec.cancel,
		.max_body = SIZE_MAX,
		.pull = true,
	};

	if (r->spec.push) {
		q.headers = push_headers;
		q.headers_n = body.n ? sizeof push_headers / sizeof *push_headers : 1;
	}
	if (body.n) {
		q.method = S("POST");
		q.body = body;
	}
	if (r->foreign) {
		tls.cert = tls.key = STR_NONE;
	} else if (auth->token.n && !auth->user.n && !auth->password.n) {
		q.token = auth->token;
	} else {
		q.user = auth->user;
		q.password = auth->password;
	}
	return net_start(r->spec.net, &q);
}

static err *read_call(void *ctx, void *to, size_t max, size_t *n)
{
	return net_read(ctx, to, max, n);
}

/* The server's own words, as far as they are short. */
static err *read_reason(struct net_call *call, struct buf *b)
{
	char piece[1024];
	size_t n;

	do {
		TRY(net_read(call, piece, sizeof piece, &n));
		buf_bytes(b, piece, n);
	} while (n && !b->full);
	return NULL;
}

static err *with_code(err *e, int code)
{
	err_set_code(e, code);
	return e;
}

static err *bad_status(struct net_call *call, const struct net_response *head)
{
	CLEANUP(buf_release) struct buf reason = BUF_LIMIT(REASON_MAX), url = BUF_INIT;

	err_free(read_reason(call, &reason));
	switch (head->status) {
	case 401:
		return err_new(ERR_FORBIDDEN, "authentication required: %s", buf_c(&reason));
	case 403:
		return err_new(ERR_FORBIDDEN, "authorization failed: %s", buf_c(&reason));
	case 404:
		return err_new(ERR_NOT_FOUND, "repository not found: %s", buf_c(&reason));
	}
	if (head->status / 100 == 3)
		return err_new(ERR_FORBIDDEN,
			       "http redirect: redirect on non-initial request to %.*s",
			       STR_ARG(net_response_header(head, S("Location"))));
	quote_add(&url, head->url, QUOTE_PRINT);
	return err_new(ERR_UNAVAILABLE,
		       "unexpected client error: unexpected requesting %s status code: %d",
		       buf_c(&url), head->status);
}

/* Later requests go where the first one was led to, without credentials
 * when that is another place. */
static err *follow(struct gitremote *r, const struct net_response *head)
{
	struct gourl to;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(gourl_parse(&r->mem, arena_str(&r->mem, head->url), &to));
	if (!str_ends(to.path, str_c(info_refs))) {
		quote_add(&b, to.path, QUOTE_PRINT);
		return err_new(ERR_INVALID, "http redirect: target %s does not end with %s",
			       buf_c(&b), info_refs);
	}
	if (str_eq(r->url.scheme, S("https")) && !str_eq(to.scheme, S("https")))
		return err_new(ERR_FORBIDDEN,
			       "http redirect: changes scheme from \"https\" to \"http\"");
	bool upgrade = !str_eq(r->url.scheme, to.scheme);

	/* From http to https the port changes; else it is part of the place. */
	if (!str_eq_nocase(upgrade ? gourl_hostname(&r->url) : r->url.host,
			   upgrade ? gourl_hostname(&to) : to.host))
		r->foreign = true;
	str base = head->url;
	size_t query = str_find(base, str_c("/info/refs?"));

	r->base = arena_str(&r->mem, str_sub(base, 0, query));
	return NULL;
}

static err *greet_http(struct gitremote *r)
{
	str url = arena_cat(&r->mem, r->base, str_c(info_refs), S("?service="), service(r));
	str type = arena_cat(&r->mem, S("application/x-"), service(r), S("-advertisement"));
	CLEANUP(net_call_drop) struct net_call *call = start(r, url, STR_NONE);
	CLEANUP(gitpkt_release) struct gitpkt in;
	struct net_response head;
	char rest[64];
	size_t n;

	gitpkt_init(&in, (struct gitpkt_input){ read_call, call });
	TRY(net_head(call, &head));
	if (head.status / 100 != 2)
		return bad_status(call, &head);
	/* A server that only hands out files says something else; Git insists, too. */
	if (!str_eq(net_response_header(&head, S("Content-Type")), type))
		return err_new(ERR_INVALID, "invalid pkt-len found");
	if (!str_eq(head.url, url))
		TRY(follow(r, &head));
	TRY(gitproto_greeting(&in, &r->mem, &r->server));
	/* To its end, so that the connection can be used again. */
	return gitpkt_rest(&in, rest, sizeof rest, &n);
}

/* ---- both ----------------------------------------------------------------- */

static err *greet_session(struct gitremote *r)
{
	TRY(gitssh_open(&r->ssh, &r->url, &r->spec));
	gitpkt_init(&r->in, (struct gitpkt_input){ gitssh_read, r->ssh });
	err *e = gitproto_greeting(&r->in, &r->mem, &r->server);

	return e ? gitssh_explain(r->ssh, e) : NULL;
}

/* A program is talked to, in one session; else a server, in requests. */
static bool has_session(const struct gitremote *r)
{
	return str_eq(r->url.scheme, S("ssh")) || str_eq(r->url.scheme, S("file"));
}

static void end_session(struct gitremote *r)
{
	gitpkt_release(&r->in);
	gitssh_free(r->ssh);
	r->ssh = NULL;
	r->greeted = r->spent = false;
}

static err *greet(struct gitremote *r)
{
	if (r->spent)
		end_session(r);
	if (r->greeted)
		return NULL;
	r->server = (struct gitproto_server){ 0 };
	TRY(has_session(r) ? greet_session(r) : greet_http(r));
	r->greeted = true;
	if (r->spec.hint)
		*r->spec.hint = (struct gitremote_hint){ r->server.version == 2, r->server.algo };
	return NULL;
}

/* Send a request; its answer is read from *in, which is the session's or, of
 * `call` and `own`, the caller's. */
static err *ask(struct gitremote *r, str body, struct net_call **call, struct gitpkt *own,
		struct gitpkt **in)
{
	struct net_response head;

	if (has_session(r)) {
		*in = &r->in;
		return gitssh_write(r->ssh, body);
	}
	*call = start(r, arena_cat(&r->mem, r->base, S("/"), service(r)), body);
	err *e = net_head(*call, &head);

	if (e)
		return err_wrap(e, "unexpected client error");
	if (head.status / 100 != 2)
		return bad_status(*call, &head);
	gitpkt_init(own, (struct gitpkt_input){ read_call, *call });
	*in = own;
	return NULL;
}

static err *ask_refs(struct gitremote *r, struct arena *a, const str *prefixes, size_t n,
		     struct gitproto_refs *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(net_call_drop) struct net_call *call = NULL;
	CLEANUP(gitpkt_release) struct gitpkt own = { 0 };
	struct gitpkt *in;
	char rest[64];
	size_t got;

	gitproto_ask_refs(&b, r->server.algo, prefixes, n);
	TRY(ask(r, buf_str(&b), &call, &own, &in));
	TRY(gitproto_read_refs(in, a, r->server.algo, out));
	return call ? gitpkt_rest(in, rest, sizeof rest, &got) : NULL;
}

/* A server that was known may have changed; then it is greeted after all. */
static err *refs_of_v2(struct gitremote *r, struct arena *a, const str *prefixes, size_t n,
		       struct gitproto_refs *out)
{
	if (r->greeted)
		return ask_refs(r, a, prefixes, n, out);
	err *e = ask_refs(r, a, prefixes, n, out);

	if (!e || err_kind(e) != ERR_INVALID)
		return e;
	err_free(e);
	*r->spec.hint = (struct gitremote_hint){ 0 };
	TRY(greet(r));
	return gitremote_refs(r, a, prefixes, n, out);
}

err *gitremote_refs(struct gitremote *r, struct arena *a, const str *prefixes, size_t n,
		    struct gitproto_refs *out)
{
	bool known = !has_session(r) && r->spec.hint && r->spec.hint->v2;

	if (!known)
		TRY(greet(r));
	if (r->server.version == 2) {
		err *e = refs_of_v2(r, a, prefixes, n, out);

		return e && has_session(r) ? gitssh_explain(r->ssh, e) : e;
	}
	if (!r->server.refs.n)
		return with_code(err_new(ERR_NOT_FOUND, "remote repository is empty"),
				 GITREMOTE_EMPTY);
	*out = r->server.refs;
	return NULL;
}

/* Versions 0 and 1 give only what they have advertised, as a rule. */
static err *check_wants(const struct gitremote *r, const struct gitid *wants, size_t n)
{
	const struct gitproto_server *s = &r->server;

	for (size_t i = 0; i < n && !s->any_object; i++) {
		bool found = false;

		for (size_t k = 0; k < s->refs.n && !found; k++)
			found = gitid_eq(&s->refs.p[k].id, &wants[i]);
		if (!found)
			return with_code(err_new(ERR_NOT_FOUND, "object not found"),
					 GITREMOTE_NO_OBJECT);
	}
	return NULL;
}

static err *fetch(struct gitremote *r, const struct gitid *wants, size_t n, unsigned depth,
		  struct gitpack *pack)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(net_call_drop) struct net_call *call = NULL;
	CLEANUP(gitpkt_release) struct gitpkt own = { 0 };
	struct gitpkt *in;

	gitproto_ask_pack(&b, &r->server, wants, n, depth);
	r->spent = has_session(r) && r->server.version != 2;
	TRY(ask(r, buf_str(&b), &call, &own, &in));
	return gitproto_read_pack(in, &r->server, depth, pack);
}

err *gitremote_fetch(struct gitremote *r, const struct gitid *wants, size_t n, unsigned depth,
		     struct gitpack **out)
{
	struct gitpack_limits limits = r->spec.limits;
	struct gitpack *pack;

	if (!r->greeted && r->spec.hint && r->spec.hint->v2 && !has_session(r)) {
		/* as its greeting would say; all of version 2 can do that */
		r->server = (struct gitproto_server){ .version = 2,
						      .algo = r->spec.hint->algo,
						      .shallow = true,
						      .any_object = true };
	} else {
		TRY(greet(r));
		TRY(check_wants(r, wants, n));
	}
	limits.deadline = r->spec.deadline;
	limits.cancel = r->spec.cancel;
	TRY(gitpack_new(&pack, r->server.algo, &limits));
	err *e = fetch(r, wants, n, depth, pack);

	if (e && has_session(r))
		e = gitssh_explain(r->ssh, e);
	if (e)
		gitpack_free(pack);
	else
		*out = pack;
	return e;
}

/* ---- pushing -------------------------------------------------------------- */

static err *push(struct gitremote *r, str name, const struct gitid *before,
		 const struct gitid *after, str pack)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(net_call_drop) struct net_call *call = NULL;
	CLEANUP(gitpkt_release) struct gitpkt own = { 0 };
	struct gitpkt *in;

	gitproto_ask_push(&b, &r->server, name, before, after);
	buf_add(&b, pack);
	TRY(buf_check(&b, "push"));
	r->spent = true;
	TRY(ask(r, buf_str(&b), &call, &own, &in));
	return gitproto_read_report(in, &r->server, name);
}

err *gitremote_push(struct gitremote *r, str name, const struct gitid *before,
		    const struct gitid *after, str pack)
{
	TRY(greet(r));
	err *e = push(r, name, before, after, pack);

	return e && has_session(r) ? gitssh_explain(r->ssh, e) : e;
}
