/* remote_cloud - what logins at clouds have in common: a few requests each. */
#include <string.h>

#include "base/fs.h"
#include "controllers/remote_impl.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "text/regex.h"
#include "value/json.h"

#define CLOUD_TIME (30 * CLOCK_SECOND)
enum { ANSWER_MAX = 4 << 20, HEADERS_MAX = 8, TOLD_MAX = 300, FILE_MAX = 1 << 20, GROUPS_MAX = 4 };

/* ---- requests ------------------------------------------------------------------ */

static str url_of(const struct remote_login *l, struct arena *a, const struct remote_ask *q)
{
	str base = q->plain ? S("http://") : S("https://");

	if (l->stand_in.n)
		base = arena_cat(a, l->stand_in, S("/"));
	return arena_cat(a, base, q->host, q->path, q->query.n ? S("?") : STR_NONE, q->query);
}

err *remote_ask(struct remote_login *l, struct arena *a, const struct remote_ask *q, str *text)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct net_header headers[HEADERS_MAX + 1];
	size_t n = 0;

	if (q->body.n)
		headers[n++] = (struct net_header){
			S("Content-Type"),
			q->type.n ? q->type : S("application/x-www-form-urlencoded")
		};
	for (size_t i = 0; i < q->headers_n && n <= HEADERS_MAX; i++)
		headers[n++] = q->headers[i];
	TRY(net_do(l->net,
		   &(struct net_request){ .method = q->method.n ? q->method
						    : q->body.n ? S("POST")
								: STR_NONE,
					  .url = url_of(l, a, q),
					  .headers = headers,
					  .headers_n = n,
					  .body = q->body,
					  .token = q->token,
					  .no_redirect = true,
					  .addresses = NET_ANY_ADDRESS,
					  .timeout = CLOUD_TIME,
					  .max_body = ANSWER_MAX },
		   &r));
	*text = arena_str(a, buf_str(&r.body));
	if (r.body.p)
		explicit_bzero(r.body.p, r.body.n);
	if (r.status == 200)
		return NULL;
	return err_new(r.status >= 500 ? ERR_UNAVAILABLE : ERR_FORBIDDEN, "%.*s%.*s: %.*s: %.*s",
		       STR_ARG(q->host), STR_ARG(q->path), STR_ARG(net_status(a, r.status)),
		       STR_ARG(str_trim(str_sub(*text, 0, TOLD_MAX))));
}

err *remote_ask_json(struct remote_login *l, struct arena *a, const struct remote_ask *q, node *out)
{
	str text;

	TRY(remote_ask(l, a, q, &text));
	err *e = json_read(a, text, NULL, out);

	return e ? err_wrap(e, "%.*s%.*s", STR_ARG(q->host), STR_ARG(q->path)) : NULL;
}

str remote_form(struct arena *a, const str *pairs, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i + 1 < n; i += 2) {
		if (!pairs[i + 1].n)
			continue;
		buf_addf(&b, "%s%.*s=", b.n ? "&" : "", STR_ARG(pairs[i]));
		gourl_escape_query(&b, pairs[i + 1]);
	}
	return arena_str(a, buf_str(&b));
}

/* ---- what it takes ---------------------------------------------------------------- */

str remote_env(const struct remote_login *l, const char *name)
{
	size_t n = strlen(name);

	for (char *const *e = l->env; e && *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return str_c(*e + n + 1);
	return STR_NONE;
}

err *remote_env_file(const struct remote_login *l, struct arena *a, const char *name, str *text)
{
	str path = remote_env(l, name);

	*text = STR_NONE;
	if (!path.n)
		return NULL;
	TRY(fs_read_any(a, path, FILE_MAX, text));
	*text = str_trim(*text);
	return NULL;
}

err *remote_match(struct arena *a, const char *what, const char *pattern, str text, str *groups,
		  size_t n)
{
	struct regex_span spans[GROUPS_MAX + 1];
	const struct regex *re;

	TRY(regex_compile(a, str_c(pattern), &re));
	if (!regex_find(re, text, spans, n + 1))
		return err_new(ERR_INVALID, "invalid %s: '%.*s'. must match %s", what, STR_ARG(text),
			       pattern);
	for (size_t i = 0; i < n; i++)
		groups[i] = regex_text(text, spans[i + 1]);
	return NULL;
}

str remote_annotation(node account, const char *key)
{
	return node_str(node_get(node_dig(account, "metadata", "annotations"), str_c(key)));
}

err *remote_take_token(struct arena *a, node answer, str *token, int64_t *ends)
{
	*token = arena_str(a, node_str(node_get(answer, S("access_token"))));
	*ends = clock_wall() + node_int(node_get(answer, S("expires_in"))) * CLOCK_SECOND;
	return token->n ? NULL : err_new(ERR_INTERNAL, "the answer has no access token");
}

err *remote_take_ca(struct arena *a, str text, str *ca)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(base64_read(&b, text, BASE64_STD));
	*ca = arena_str(a, buf_str(&b));
	return NULL;
}
