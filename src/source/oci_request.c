#include "source/oci_impl.h"

#include <stdlib.h>

#include "net/patience.h"
#include "text/gourl.h"
#include "value/goprint.h"
#include "value/json.h"

/* A request, one more as somebody, and one more over HTTP or with a new token. */
enum { TRIES = 4, PIECE = 64 << 10, ERRORS_MAX = 20 };

/* ---- the session --------------------------------------------------------------- */

static const struct net_tls any_certificate = { .insecure = true };

err *oci_open(struct oci **out, const struct oci_options *o)
{
	struct oci *c = mem_calloc(1, sizeof *c);

	c->o = *o;
	c->auth = ociauth_is_nobody(&o->auth) ? ociauth_find(o->config, &o->ref) : o->auth;
	c->own_memory = !o->memory;
	c->memory = o->memory ? o->memory : oci_memory_new();
	c->actions = o->remove ? "delete,push,pull" : o->push ? "push,pull" : "pull";
	c->http = o->plain_http;
	c->tls = o->tls ? o->tls : o->insecure ? &any_certificate : NULL;
	c->deadline = o->deadline ? o->deadline : clock_after(clock_mono(), NET_TIMEOUT);
	*out = c;
	return NULL;
}

void oci_close(struct oci *c)
{
	if (!c)
		return;
	if (c->own_memory)
		oci_memory_free(c->memory);
	arena_release(&c->mem);
	free(c);
}

void oci_drop(struct oci **c)
{
	oci_close(*c);
}

const struct oci_options *oci_opened_with(const struct oci *c)
{
	return &c->o;
}

int64_t oci_wait(const struct oci *c)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return patience_left(net_client_patience(c->o.net), oci_base(c, &a));
}

str oci_base(const struct oci *c, struct arena *a)
{
	return arena_cat(a, c->http ? S("http://") : S("https://"), c->o.ref.registry);
}

str oci_path(const struct oci *c, struct arena *a, const char *what, str name)
{
	return arena_cat(a, c->o.ref.repository, S("/"), str_c(what), S("/"), name);
}

/* ---- answers --------------------------------------------------------------------- */

void oci_answer_release(struct oci_answer *answer)
{
	net_drop(answer->call);
	answer->call = NULL;
	arena_release(&answer->mem);
}

/* As much as `to` takes: then it is full, and that is no error here. */
static err *read_body(struct oci_answer *answer, struct buf *to)
{
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	char *p = buf_reserve(&piece, PIECE);
	size_t n;

	while (!to->full) {
		TRY(net_read(answer->call, p, PIECE, &n));
		if (!n)
			return NULL;
		buf_bytes(to, p, n);
	}
	return NULL;
}

err *oci_answer_text(struct oci_answer *answer, struct arena *a, size_t max, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(max);

	TRY(read_body(answer, &b));
	if (b.full)
		return err_new(ERR_INVALID, "answer of %.*s is larger than %zu bytes",
			       STR_ARG(answer->url), max);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- errors ------------------------------------------------------------------------ */

static void add_diagnostic(struct buf *b, node d, bool oras)
{
	node detail = node_get(d, S("detail"));
	str code = node_str(node_get(d, S("code"))), message = node_str(node_get(d, S("message")));

	for (size_t i = 0; oras && i < code.n; i++) /* NAME_UNKNOWN: "name unknown" */
		buf_addc(b, code.p[i] == '_' ? ' ' : (char)(code.p[i] | 0x20));
	if (!oras)
		buf_add(b, code);
	if (!oras || message.n)
		buf_addf(b, ": %.*s", STR_ARG(message));
	if (node_is_nil(detail) || (oras && !message.n))
		return;
	buf_add(b, oras ? S(": ") : S("; "));
	goprint_add(b, detail);
}

/* {"errors":[{"code":...,"message":...,"detail":...}]} */
static bool add_diagnostics(struct buf *b, str body, bool oras)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct json_options o = { .max_depth = 100 };
	node in;
	err *e = json_read(&a, body, &o, &in);
	node list = e ? NODE_NOTHING : node_get(in, S("errors"));
	size_t n = node_len(list);

	err_free(e);
	if (!n || list.kind != NODE_SEQ)
		return false;
	if (n > 1 && !oras)
		buf_add(b, S("multiple errors returned: "));
	for (size_t i = 0; i < n && i < ERRORS_MAX; i++) {
		if (i)
			buf_add(b, S("; "));
		add_diagnostic(b, node_at(list, i), oras);
	}
	return true;
}

static enum err_kind kind_of(int status)
{
	if (status == 404)
		return ERR_NOT_FOUND;
	if (status == 401 || status == 403)
		return ERR_FORBIDDEN;
	if (status == 409)
		return ERR_CONFLICT;
	return status == 408 || status == 429 || status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}

static void add_status(struct buf *b, struct arena *a, const struct oci_ask *ask, int status,
		       str body)
{
	buf_addf(b, "unexpected status code %.*s", STR_ARG(net_status(a, status)));
	if (body.n)
		buf_addf(b, ": %.*s", STR_ARG(body));
	else if (str_eq(ask->method, S("HEAD")))
		buf_add(b, S(" (HEAD responses have no body, use GET for details)"));
}

static void add_oras(struct buf *b, struct arena *a, const struct oci_ask *ask, str url, int status,
		     str body)
{
	str words = net_status(a, status);

	buf_addf(b, "%.*s \"%.*s\": response status code %d: ", STR_ARG(ask->method), STR_ARG(url),
		 status);
	if (!add_diagnostics(b, body, true))
		buf_add(b, str_from(words, str_find_char(words, ' ') + 1));
}

err *oci_answer_error(const struct oci *c, const struct oci_ask *ask, struct oci_answer *answer)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, body = BUF_LIMIT(OCI_ERROR_MAX);
	int status = answer->head.status;

	/* What came of it will do. */
	err_free(read_body(answer, &body));
	if (c->o.oras) {
		add_oras(&b, &answer->mem, ask, answer->url, status, buf_str(&body));
	} else {
		buf_addf(&b, "%.*s %.*s: ", STR_ARG(ask->method), STR_ARG(answer->url));
		if (!add_diagnostics(&b, buf_str(&body), false))
			add_status(&b, &answer->mem, ask, status, str_trim(buf_str(&body)));
	}
	patience_words(&b, &answer->head);
	patience_keep(net_client_patience(c->o.net), answer->url, &answer->head);
	err *e = err_new(kind_of(status), "%s", buf_c(&b));

	err_set_code(e, status);
	return e;
}

/* ---- asking ---------------------------------------------------------------------------- */

static bool is_ours(const struct oci *c, struct arena *a, str url)
{
	return str_starts(url, arena_cat(a, oci_base(c, a), S("/")));
}

static err *start(struct oci *c, const struct oci_ask *ask, struct oci_answer *out)
{
	struct net_header headers[4];
	size_t n = 0;
	int64_t left = c->deadline - clock_mono();

	if (str_starts(ask->path, S("http://")) || str_starts(ask->path, S("https://")))
		out->url = arena_str(&out->mem, ask->path);
	else
		out->url = arena_cat(&out->mem, oci_base(c, &out->mem), S("/v2/"), ask->path);
	if (ask->accept.n)
		headers[n++] = (struct net_header){ S("Accept"), ask->accept };
	if (ask->type.n)
		headers[n++] = (struct net_header){ S("Content-Type"), ask->type };
	if (ask->exact)
		headers[n++] = (struct net_header){ S("Accept-Encoding"), S("identity") };
	if (ask->range.n)
		headers[n++] = (struct net_header){ S("Range"), ask->range };
	struct net_request r = {
		.method = ask->method,
		.url = out->url,
		.headers = headers,
		.headers_n = n,
		.body = ask->body,
		.tls = c->tls,
		.proxy = c->o.proxy,
		.addresses = c->o.addresses,
		.timeout = left > 0 ? left : 1,
		.max_body = SIZE_MAX,
		.cancel = c->o.cancel,
		.pull = true,
		.small = ask->small,
	};

	if (is_ours(c, &out->mem, out->url)) {
		r.token = c->token;
		if (c->basic) {
			r.user = c->auth.user;
			r.password = c->auth.password;
		}
	}
	out->call = net_start(c->o.net, &r);
	return net_head(out->call, &out->head);
}

/* Whether plain HTTP is worth a try after that error. */
static bool may_be_http(const struct oci *c, const err *e)
{
	if (c->http || err_kind(e) != ERR_UNAVAILABLE)
		return false;
	return c->o.insecure || (!c->o.oras && ociref_is_local(c->o.ref.registry) && !c->o.tls &&
				 !str_has(err_text(e), S("x509:")));
}

/* A registry is remembered by how it may be spoken to. */
static str memory_name(struct oci *c)
{
	return arena_cat(&c->mem,
			 c->o.plain_http ? S("http://")
			 : c->o.insecure ? S("insecure://")
					 : S("https://"),
			 c->o.ref.registry);
}

/* What is known of the registry from before. */
static err *prepare(struct oci *c)
{
	struct ociauth_challenge challenge;
	bool http = false, ok;

	if (c->token.n || c->basic)
		return NULL;
	if (c->auth.registry_token.n) {
		c->token = c->auth.registry_token;
		return NULL;
	}
	bool known = oci_memory_challenge(c->memory, &c->mem, memory_name(c), &http, &challenge);

	if (http && (c->o.insecure || !c->o.tls))
		c->http = true;
	return known ? oci_answer_challenge(c, &challenge, false, &ok) : NULL;
}

/* What ORAS says to a registry that wants a password. */
static err *no_password(const struct oci *c)
{
	bool nobody = ociauth_is_nobody(&c->auth);

	if (!nobody && c->auth.user.n && c->auth.password.n)
		return NULL;
	err *e = err_new(ERR_FORBIDDEN, nobody ? "basic credential not found"
					       : "missing username or password for basic auth");

	err_set_code(e, 401);
	return e;
}

static err *challenged(struct oci *c, const struct oci_ask *ask, struct oci_answer *answer,
		       bool *ok)
{
	struct ociauth_challenge challenge;
	str header = net_response_header(&answer->head, S("WWW-Authenticate"));

	*ok = false;
	if (!ociauth_challenge_parse(&c->mem, header, &challenge))
		return NULL;
	oci_memory_keep_challenge(c->memory, memory_name(c), c->http, &challenge);
	err *e = c->o.oras && !challenge.bearer ? no_password(c) : NULL;

	if (!e)
		e = oci_answer_challenge(c, &challenge, true, ok);
	return e && c->o.oras ? err_wrap(e, "%.*s \"%.*s\"", STR_ARG(ask->method),
					 STR_ARG(answer->url))
			      : e;
}

static err *check_patience(const struct oci *c)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return patience_check(net_client_patience(c->o.net), oci_base(c, &a));
}

/* go-containerregistry knocks at /v2/ before it asks for anything, over HTTPS and then, where
 * that may be, over HTTP: a registry that gives no answer is told of there. `first` is what
 * HTTPS came to; NULL: it was known not to be spoken. */
static err *not_reached(const struct oci *c, err *e, const err *first)
{
	const err *const tries[] = { first ? first : e, e };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool both = c->http && !c->o.plain_http;

	if (c->answered || c->o.oras || err_kind(e) != ERR_UNAVAILABLE)
		return e;
	for (size_t i = both ? 0 : 1; i < 2; i++) {
		str text = err_text(tries[i]), method, rest, url, why;

		if (!str_split(text, '"', &method, &rest) || !str_split(rest, '"', &url, &why))
			return e;
		buf_addf(&b, "%sGet \"%s://%.*s/v2/\"%.*s", i && both ? "; " : "",
			 i && c->http ? "http" : "https", STR_ARG(c->o.ref.registry), STR_ARG(why));
	}
	return err_replace(e, "%s", buf_c(&b));
}

err *oci_ask(struct oci *c, const struct oci_ask *ask, struct oci_answer *out)
{
	CLEANUP(err_drop) err *first = NULL;

	TRY(check_patience(c));
	TRY(prepare(c));
	for (int try = 0;; try++) {
		bool ok = false;
		err *e = start(c, ask, out);

		if (e && !may_be_http(c, e))
			return not_reached(c, e, first);
		if (e) {
			err_free(first);
			first = e;
			c->http = true;
		} else {
			c->answered = true;
			if (c->http && !c->o.plain_http)
				oci_memory_keep_challenge(c->memory, memory_name(c), true, NULL);
			if (out->head.status != 401 || try == TRIES)
				return NULL;
			TRY(challenged(c, ask, out, &ok));
			if (!ok)
				return NULL;
		}
		oci_answer_release(out);
		*out = (struct oci_answer){ 0 };
	}
}

err *oci_ask_for(struct oci *c, const struct oci_ask *ask, const int *statuses,
		 struct oci_answer *out)
{
	TRY(oci_ask(c, ask, out));
	for (; *statuses; statuses++)
		if (out->head.status == *statuses)
			return NULL;
	return oci_answer_error(c, ask, out);
}

/* ---- places that the registry names ---------------------------------------------------- */

err *oci_follow(const struct oci *c, struct oci_answer *answer, struct arena *a, str to, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gourl base, ref, u;

	if (!to.n)
		return err_new(ERR_INVALID, "%.*s: no Location in the answer",
			       STR_ARG(answer->url));
	TRY(gourl_parse(a, answer->url, &base));
	TRY(gourl_parse(a, arena_str(a, to), &ref));
	gourl_resolve(a, &base, &ref, &u);
	/* Behind a proxy that ends TLS, registries name themselves with http. */
	if (!c->http && str_eq(u.scheme, S("http")) && str_eq(u.host, base.host))
		u.scheme = S("https");
	if (!str_eq(u.scheme, S("https")) && !(c->http && str_eq(u.scheme, S("http"))))
		return err_new(ERR_INVALID, "%.*s: will not go on to '%.*s'", STR_ARG(answer->url),
			       STR_ARG(to));
	gourl_add(&b, &u);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *oci_answer_next(const struct oci *c, struct oci_answer *answer, struct arena *a, str *out)
{
	str link = net_response_header(&answer->head, S("Link")), target, rest;

	*out = STR_NONE;
	if (!str_take(&link, '<') || !str_split(link, '>', &target, &rest) ||
	    !str_has(rest, S("rel=\"next\"")))
		return NULL;
	TRY(oci_follow(c, answer, a, target, out));
	if (!is_ours(c, a, *out))
		return err_new(ERR_INVALID, "%.*s: next page is on another host: %.*s",
			       STR_ARG(answer->url), STR_ARG(*out));
	return NULL;
}
