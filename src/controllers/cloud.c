#include "controllers/cloud.h"

#include <string.h>

#include "base/fs.h"
#include "crypto/sha256.h"
#include "crypto/sigv4.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "text/gourl.h"
#include "text/regex.h"
#include "value/json.h"

#define CLOUD_TIME (10 * CLOCK_SECOND)
#define SOON_TIME (2 * CLOCK_SECOND)
enum { ANSWER_MAX = 4 << 20, HEADERS_MAX = 8, TOLD_MAX = 300, FILE_MAX = 1 << 20, GROUPS_MAX = 4 };

/* ---- requests ------------------------------------------------------------------ */

static str url_of(const struct cloud *c, struct arena *a, const struct cloud_ask *q)
{
	str base = q->plain ? S("http://") : S("https://");

	if (c->stand_in.n)
		base = arena_cat(a, c->stand_in, S("/"));
	return arena_cat(a, base, q->host, q->path, q->query.n ? S("?") : STR_NONE, q->query);
}

err *cloud_ask(const struct cloud *c, struct arena *a, const struct cloud_ask *q, str *text)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct net_header headers[HEADERS_MAX + 1];
	const struct net_proxy *proxy = q->plain ? NULL : c->proxy;
	size_t n = 0;

	if (q->body.n)
		headers[n++] = (struct net_header){
			S("Content-Type"),
			q->type.n ? q->type : S("application/x-www-form-urlencoded")
		};
	for (size_t i = 0; i < q->headers_n && n <= HEADERS_MAX; i++)
		headers[n++] = q->headers[i];
	TRY(net_do(proxy && c->outer ? c->outer : c->net,
		   &(struct net_request){ .method = q->method.n ? q->method
						    : q->body.n ? S("POST")
								: STR_NONE,
					  .url = url_of(c, a, q),
					  .headers = headers,
					  .headers_n = n,
					  .body = q->body,
					  .token = q->token,
					  .proxy = proxy,
					  .no_proxy = q->plain,
					  .no_redirect = true,
					  .addresses = proxy ? NET_NO_LINK_LOCAL : NET_ANY_ADDRESS,
					  .timeout = q->soon ? SOON_TIME : CLOUD_TIME,
					  .max_body = ANSWER_MAX,
					  .cancel = c->cancel },
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

static err *read_json(struct arena *a, const struct cloud_ask *q, str text, node *out)
{
	err *e = json_read(a, text, NULL, out);

	return e ? err_wrap(e, "%.*s%.*s", STR_ARG(q->host), STR_ARG(q->path)) : NULL;
}

err *cloud_ask_json(const struct cloud *c, struct arena *a, const struct cloud_ask *q, node *out)
{
	str text;

	TRY(cloud_ask(c, a, q, &text));
	return read_json(a, q, text, out);
}

str cloud_form(struct arena *a, const str *pairs, size_t n)
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

str cloud_env(const struct cloud *c, const char *name)
{
	size_t n = strlen(name);

	for (char *const *e = c->env; e && *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return str_c(*e + n + 1);
	return STR_NONE;
}

err *cloud_env_file(const struct cloud *c, struct arena *a, const char *name, str *text)
{
	str path = cloud_env(c, name);

	*text = STR_NONE;
	if (!path.n)
		return NULL;
	TRY(fs_read_any(a, path, FILE_MAX, text));
	*text = str_trim(*text);
	return NULL;
}

err *cloud_match(struct arena *a, const char *what, const char *pattern, str text, str *groups,
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

/* Some servers give numbers as texts. */
static int64_t seconds_of(struct arena *a, node n)
{
	uint64_t seconds;

	return str_to_u64(node_text(a, n), &seconds) && seconds < INT32_MAX ? (int64_t)seconds : 0;
}

err *cloud_take_token(struct arena *a, node answer, str *token, int64_t *ends)
{
	*token = arena_str(a, node_str(node_get(answer, S("access_token"))));
	*ends = clock_wall() + seconds_of(a, node_get(answer, S("expires_in"))) * CLOCK_SECOND;
	return token->n ? NULL : err_new(ERR_INTERNAL, "the answer has no access token");
}

err *cloud_take_time(str text, int64_t *out)
{
	struct gotime t = { 0 };

	TRY(gotime_parse(&t, GOTIME_RFC3339, text, NULL));
	*out = gotime_sub(t, gotime_utc(0, 0));
	return NULL;
}

err *cloud_take_ca(struct arena *a, str text, str *ca)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(base64_read(&b, text, BASE64_STD));
	*ca = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- signed requests ------------------------------------------------------------- */

str cloud_aws_host(struct arena *a, str service, str region)
{
	return arena_cat(a, service, S("."), region, S(".amazonaws.com"),
			 str_starts(region, S("cn-")) ? S(".cn") : STR_NONE);
}

err *cloud_aws_ask_text(const struct cloud *c, struct arena *a, const struct cloud_aws_keys *keys,
			str service, str region, str target, const struct cloud_ask *q, str *text)
{
	char hash[SHA256_HEX + 1];
	str authorization, date = sigv4_date(a, clock_wall() / CLOCK_SECOND);
	struct sigv4_header list[4] = { { S("host"), q->host }, { S("x-amz-date"), date } };
	struct net_header headers[4];
	struct cloud_ask ask = *q;
	size_t n = 2;

	sha256_hex(q->body, hash);
	if (keys->session.n)
		list[n++] = (struct sigv4_header){ S("x-amz-security-token"), keys->session };
	if (target.n)
		list[n++] = (struct sigv4_header){ S("x-amz-target"), target };
	TRY(sigv4_sign(a,
		       &(struct sigv4_request){ .method = q->method.n ? q->method
							  : q->body.n ? S("POST")
								      : S("GET"),
						.path = q->path, .query = q->query, .headers = list,
						.headers_n = n, .body_hash = str_c(hash),
						.region = region, .service = service, .date = date,
						.id = keys->id, .secret = keys->secret },
		       &authorization));
	headers[0] = (struct net_header){ S("Authorization"), authorization };
	for (size_t i = 1; i < n; i++)
		headers[i] = (struct net_header){ list[i].name, list[i].value };
	ask.headers = headers;
	ask.headers_n = n;
	return cloud_ask(c, a, &ask, text);
}

err *cloud_aws_ask(const struct cloud *c, struct arena *a, const struct cloud_aws_keys *keys,
		   str service, str region, str target, const struct cloud_ask *q, node *out)
{
	str text;

	TRY(cloud_aws_ask_text(c, a, keys, service, region, target, q, &text));
	return read_json(a, q, text, out);
}
