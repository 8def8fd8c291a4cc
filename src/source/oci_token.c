#include "source/oci_impl.h"

#include "source/digest.h"
#include "text/gourl.h"
#include "value/json.h"

enum { ANSWER_MAX = 1 << 20 };
/* Without a word about it tokens live a minute, and one that is about to
 * end is not used any more. */
#define TOKEN_TIME  (60 * CLOCK_SECOND)
#define TOKEN_SPARE (10 * CLOCK_SECOND)

/* ---- whom we tell who we are ----------------------------------------------------- */

static str host_of(str registry)
{
	struct gourl u = { .host = registry };

	return gourl_hostname(&u);
}

static bool lies_below(str host, str domain)
{
	return host.n > domain.n + 1 && str_ends(host, domain) &&
	       host.p[host.n - domain.n - 1] == '.';
}

/* The same host or one below it; the domain that the registry's host lies in,
 * unless that is a top-level one, or another host of that. */
static bool is_neighbour(str realm, str registry)
{
	size_t dot = str_find_char(registry, '.');

	if (str_eq_nocase(realm, registry))
		return true;
	if (ociref_is_local(registry) || dot == STR_NPOS)
		return false;
	str parent = str_from(registry, dot + 1);

	if (lies_below(realm, registry))
		return true;
	return str_find_char(parent, '.') != STR_NPOS &&
	       (str_eq_nocase(realm, parent) || lies_below(realm, parent));
}

static err *find_auth(const struct oci *c, const struct gourl *realm, struct ociauth *out)
{
	struct ociref there = { .registry = realm->host };

	*out = c->auth;
	if (ociauth_is_nobody(&c->auth) ||
	    is_neighbour(gourl_hostname(realm), host_of(c->o.ref.registry)))
		return NULL;
	*out = ociauth_find(c->o.config, &there);
	if (!ociauth_is_nobody(out))
		return NULL;
	return err_new(
		ERR_FORBIDDEN,
		"registry '%.*s' wants its credentials sent to '%.*s': add an entry for that "
		"host to the docker config to allow it",
		STR_ARG(c->o.ref.registry), STR_ARG(realm->host));
}

/* ---- asking for a token ------------------------------------------------------------ */

static void add_parameter(struct buf *b, const char *name, str value)
{
	if (!value.n)
		return;
	buf_addf(b, "%s%s=", b->n ? "&" : "", name);
	gourl_escape_query(b, value);
}

static str scope_of(const struct oci *c, struct arena *a)
{
	if (!c->o.ref.repository.n)
		return STR_NONE;
	return arena_cat(a, S("repository:"), c->o.ref.repository, S(":"), str_c(c->actions));
}

struct question {
	str url, form; /* form: posted */
	struct ociauth auth;
};

static err *make_question(const struct oci *c, struct arena *a,
			  const struct ociauth_challenge *challenge, struct question *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, url = BUF_INIT;
	struct gourl u;

	TRY(gourl_parse(a, challenge->realm, &u));
	if (!str_eq(u.scheme, S("https")) && !(c->http && str_eq(u.scheme, S("http"))))
		return err_new(ERR_INVALID,
			       "registry '%.*s' has a token server that is no https "
			       "URL: '%.*s'",
			       STR_ARG(c->o.ref.registry), STR_ARG(challenge->realm));
	TRY(find_auth(c, &u, &out->auth));
	if (out->auth.identity_token.n) {
		add_parameter(&b, "client_id", S("rill"));
		add_parameter(&b, "grant_type", S("refresh_token"));
		add_parameter(&b, "refresh_token", out->auth.identity_token);
	} else {
		buf_add(&b, u.query);
	}
	add_parameter(&b, "scope", scope_of(c, a));
	add_parameter(&b, "service", challenge->service);
	str parameters = arena_str(a, buf_str(&b));

	if (out->auth.identity_token.n)
		out->form = parameters;
	else
		u.query = parameters;
	gourl_add(&url, &u);
	out->url = arena_str(a, buf_str(&url));
	return NULL;
}

static err *send_question(struct oci *c, const struct question *q, struct oci_answer *answer)
{
	static const struct net_header form = { S("Content-Type"),
						S("application/x-www-form-urlencoded") };
	int64_t left = c->deadline - clock_mono();
	struct net_request r = {
		.method = q->form.n ? S("POST") : S("GET"),
		.url = q->url,
		.headers = &form,
		.headers_n = q->form.n ? 1 : 0,
		.body = q->form,
		.user = q->form.n ? STR_NONE : q->auth.user,
		.password = q->form.n ? STR_NONE : q->auth.password,
		.tls = c->tls,
		.proxy = c->o.proxy,
		.addresses = c->o.addresses,
		.timeout = left > 0 ? left : 1,
		.max_body = SIZE_MAX,
		.cancel = c->o.cancel,
		.pull = true,
	};

	answer->url = q->url;
	answer->call = net_start(c->o.net, &r);
	return net_head(answer->call, &answer->head);
}

static err *read_token(struct oci *c, struct arena *a, str body, str *token, int64_t *until)
{
	struct json_options o = { .max_depth = 100 };
	node in;

	TRY(json_read(a, body, &o, &in));
	node text = node_get(in, S("token"));
	int64_t seconds = node_int(node_get(in, S("expires_in")));

	if (!node_str(text).n)
		text = node_get(in, S("access_token"));
	if (text.kind != NODE_STR || !node_str(text).n)
		return err_new(ERR_INVALID,
			       "no token in bearer response of the token server of "
			       "registry '%.*s'",
			       STR_ARG(c->o.ref.registry));
	if (seconds > 24 * 3600)
		seconds = 24 * 3600;
	*token = arena_str(&c->mem, node_str(text));
	*until = clock_mono() + (seconds > 0 ? seconds * CLOCK_SECOND : TOKEN_TIME) - TOKEN_SPARE;
	return NULL;
}

static err *fetch_token(struct oci *c, const struct ociauth_challenge *challenge, str key)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct question q = { 0 };
	int64_t until;
	str body, token;

	TRY(make_question(c, &a, challenge, &q));
	TRY(send_question(c, &q, &answer));
	if (answer.head.status != 200) {
		struct oci_ask ask = { .method = q.form.n ? S("POST") : S("GET") };

		return oci_answer_error(c, &ask, &answer);
	}
	TRY(oci_answer_text(&answer, &a, ANSWER_MAX, &body));
	TRY(read_token(c, &a, body, &token, &until));
	c->token = token;
	oci_memory_keep_token(c->memory, key, token, until);
	return NULL;
}

/* Tokens are kept by what they are good for and by whose they are. */
static err *token_key(const struct oci *c, struct arena *a, str *out)
{
	str who = arena_cat(a, c->auth.user, S("\n"), c->auth.password, S("\n"),
			    c->auth.identity_token);

	TRY(digest_of(a, DIGEST_SHA256, who, &who));
	*out = arena_cat(a, oci_base(c, a), S("/"), c->o.ref.repository, S(" "), str_c(c->actions),
			 S(" "), who);
	return NULL;
}

err *oci_answer_challenge(struct oci *c, const struct ociauth_challenge *challenge, bool again,
			  bool *ok)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	bool had = c->token.n > 0 || c->basic;
	str key;

	*ok = false;
	if (!challenge->bearer) {
		*ok = c->basic = !had && (c->auth.user.n || c->auth.password.n);
		return NULL;
	}
	/* What was configured as it is cannot be had anew, and what was just
	 * given will not be better. */
	if (c->auth.registry_token.n ||
	    (again && c->fetched && clock_mono() - c->fetched < TOKEN_SPARE))
		return NULL;
	TRY(token_key(c, &a, &key));
	*ok = true;
	if (again && had)
		oci_memory_forget_token(c->memory, key);
	else if (oci_memory_token(c->memory, &c->mem, key, &c->token))
		return NULL;
	c->fetched = clock_mono();
	return fetch_token(c, challenge, key);
}
