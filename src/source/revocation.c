#include "source/revocation.h"

#include "text/base64.h"
#include "text/gourl.h"
#include "text/quote.h"

/* So long a question is part of the URL. */
enum { IN_URL_MAX = 254 };

/* One certificate, and the words about servers that did not help. */
struct check {
	struct arena *a;
	const char *what;
	const struct revocation_net *net;
	const struct cert *cert, *issuer;
	int64_t now, signed_at;
	struct buf why;
};

static bool has_scheme(struct arena *a, str url)
{
	struct gourl u;
	err *e = gourl_parse(a, url, &u);
	bool is = !e && str_eq_nocase(u.scheme, S("http"));

	err_free(e);
	return is;
}

static void note(struct check *c, str url, err *e)
{
	buf_addf(&c->why, "%s%.*s: %s", c->why.n ? "; " : "", STR_ARG(url), err_msg(e));
	err_free(e);
}

/* ---- servers -------------------------------------------------------------------- */

static err *ask(struct check *c, str server, str *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, escaped = BUF_INIT;
	struct revocation_ask q = { .url = server,
				    .timeout = REVOCATION_OCSP_TIMEOUT,
				    .max = REVOKED_OCSP_MAX };

	TRY(revoked_ask(c->a, c->cert, c->issuer, &q.question));
	base64_write(&text, q.question, BASE64_STD);
	gourl_escape_query(&escaped, buf_str(&text));
	if (text.n <= IN_URL_MAX && escaped.n <= IN_URL_MAX) {
		q.url = arena_cat(c->a, str_trim_right_set(server, S("/")), S("/"),
				  buf_str(&escaped));
		q.question = STR_NONE;
	}
	return c->net->get(c->net->ctx, c->a, &q, out);
}

static err *ask_server(struct check *c, str server, enum revoked *out)
{
	str der;

	if (!has_scheme(c->a, server))
		return err_new(ERR_INVALID, "only OCSP servers of HTTP are supported");
	TRY(ask(c, server, &der));
	return revoked_answer(der, c->cert, c->issuer, c->now, c->signed_at, out);
}

static enum revoked ask_servers(struct check *c, const struct revoked_points *p)
{
	enum revoked state = REVOKED_UNKNOWN;

	for (size_t i = 0; i < p->ocsp_n; i++) {
		err *e = ask_server(c, p->ocsp[i], &state);

		if (!e && state == REVOKED_UNKNOWN)
			e = err_new(ERR_INVALID, "OCSP server does not know the certificate");
		else if (!e)
			return state;
		note(c, p->ocsp[i], e);
	}
	return state;
}

/* ---- lists ------------------------------------------------------------------------ */

static err *fetch_list(struct check *c, str url, struct revoked_list **out)
{
	const struct revocation_ask q = { .url = url,
					  .timeout = REVOCATION_LIST_TIMEOUT,
					  .max = REVOKED_LIST_MAX };
	str der;

	if (!has_scheme(c->a, url))
		return err_new(ERR_INVALID, "only CRLs over HTTP are supported");
	err *e = c->net->get(c->net->ctx, c->a, &q, &der);

	return e ? err_wrap(e, "failed to download CRL") : revoked_list_read(out, der);
}

static err *fetch_changes(struct check *c, const struct revoked_list *base, bool *named,
			  struct revoked_list **out)
{
	err *e = NULL;
	size_t n;
	str *urls;

	revoked_list_changes(c->a, base, &urls, &n);
	*named = n > 0;
	for (size_t i = 0; i < n && !*out; i++) {
		err_free(e);
		e = fetch_list(c, urls[i], out);
	}
	return e;
}

static err *look_up(struct check *c, str url, bool changes_wanted, enum revoked *out)
{
	CLEANUP(revoked_list_drop) struct revoked_list *base = NULL;
	CLEANUP(revoked_list_drop) struct revoked_list *changes = NULL;
	bool named;

	TRY(fetch_list(c, url, &base));
	TRY(fetch_changes(c, base, &named, &changes));
	if (changes_wanted && !named)
		return err_new(ERR_INVALID,
			       "freshest CRL from certificate extension is not supported");
	return revoked_list_find(base, changes, c->cert, c->issuer, c->now, c->signed_at, out);
}

/* Each may be of some reasons only: all count. */
static enum revoked look_up_all(struct check *c, const struct revoked_points *p)
{
	enum revoked state = REVOKED_UNKNOWN;

	for (size_t i = 0; i < p->lists_n; i++) {
		err *e = look_up(c, p->lists[i], p->changes, &state);

		if (e) {
			note(c, p->lists[i], e);
			return REVOKED_UNKNOWN;
		}
		if (state == REVOKED_YES)
			break;
	}
	return state;
}

/* ---- a chain ------------------------------------------------------------------------ */

static enum revoked check_one(struct check *c)
{
	enum revoked state = REVOKED_UNKNOWN;
	struct revoked_points p;

	revoked_points(c->a, c->cert, &p);
	if (!p.ocsp_n && !p.lists_n)
		return REVOKED_NO;
	if (p.ocsp_n)
		state = ask_servers(c, &p);
	if (state == REVOKED_UNKNOWN && p.lists_n)
		state = look_up_all(c, &p);
	return state;
}

static err *refuse(struct check *c, enum revoked state)
{
	str name = quote_str(c->a, cert_subject_text(c->a, c->cert));
	err *e = err_new(ERR_FORBIDDEN, "%s certificate with subject %.*s %s", c->what, STR_ARG(name),
			 state == REVOKED_YES ? "is revoked" : "revocation status is unknown");

	if (state == REVOKED_UNKNOWN && c->why.n)
		err_set_detail(e, buf_str(&c->why));
	return e;
}

static err *check_order(const struct cert_list *chain)
{
	for (size_t i = 0; i + 1 < chain->n; i++)
		if (!revoked_is_issuer(chain->p[i], chain->p[i + 1]))
			return err_new(ERR_FORBIDDEN,
				       "unable to check revocation status, err: invalid chain: a "
				       "certificate is not followed by its issuer's");
	return NULL;
}

/* Of several that are not good, one that was taken back is told of, or the first. */
err *revocation_check(struct arena *a, const struct revocation_net *net, const char *what,
		      const struct cert_list *chain, int64_t now, int64_t signed_at)
{
	err *bad = NULL;

	TRY(check_order(chain));
	for (size_t i = 0; i < chain->n; i++) {
		bool root = i + 1 == chain->n;
		struct check c = { .a = a,
				   .what = what,
				   .net = net,
				   .cert = chain->p[i],
				   .issuer = chain->p[root ? i : i + 1],
				   .now = now,
				   .signed_at = signed_at,
				   .why = BUF_INIT };
		enum revoked state =
			root && cert_is_self_issued(c.cert) ? REVOKED_NO : check_one(&c);

		if (state == REVOKED_YES || (state == REVOKED_UNKNOWN && !bad)) {
			err_free(bad);
			bad = refuse(&c, state);
		}
		buf_release(&c.why);
		if (state == REVOKED_YES)
			break;
	}
	return bad;
}
