#include "source/githubapp.h"

#include "base/clock.h"
#include "crypto/keys.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "value/json.h"

enum { ANSWER_MAX = 1 << 20, MESSAGE_MAX = 300 };

static const char public_api[] = "https://api.github.com";

struct app {
	struct arena *a;
	struct net_client *net;
	const struct credentials *c;
	const struct net_proxy *proxy;
	str api, jwt;
};

/* ---- the statement ----------------------------------------------------------- */

static void add_part(struct buf *b, str json)
{
	base64_write(b, json, BASE64_RAW_URL);
}

/* Half a minute back, for clocks that go differently; two minutes long. */
err *githubapp_jwt(struct arena *a, int64_t app, str key, int64_t now, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, signature = BUF_INIT;
	str claims = arena_printf(a, "{\"iss\":\"%lld\",\"exp\":%lld,\"iat\":%lld}", (long long)app,
				  (long long)now + 90, (long long)now - 30);

	add_part(&b, S("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"));
	buf_addc(&b, '.');
	add_part(&b, claims);
	err *e = keys_sign_rs256(&signature, key, buf_str(&b));

	if (e)
		return err_wrap(e, "could not parse private key");
	buf_addc(&b, '.');
	add_part(&b, buf_str(&signature));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- the API ------------------------------------------------------------------ */

static err *bad_answer(str method, str url, const struct net_response *r)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str message = STR_NONE;
	node doc;
	err *e = json_read(&a, buf_str(&r->body), NULL, &doc);

	if (!e)
		message = node_str_or(node_get(doc, S("message")), STR_NONE);
	err_free(e);
	return err_new(r->status == 404 ? ERR_NOT_FOUND : ERR_FORBIDDEN, "%.*s %.*s: %d %.*s []",
		       STR_ARG(method), STR_ARG(url), r->status,
		       STR_ARG(str_sub(message, 0, MESSAGE_MAX)));
}

static err *call(const struct app *app, str method, str path, node *out)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	static const struct net_header headers[] = {
		{ S("Accept"), S("application/vnd.github+json") },
		{ S("X-GitHub-Api-Version"), S("2022-11-28") },
	};
	str ca = credentials_get(app->c, S("ca.crt"));
	struct net_tls tls = { .ca = ca, .ca_and_system = true };
	str url = arena_cat(app->a, app->api, path);
	struct net_request q = {
		.method = method,
		.url = url,
		.headers = headers,
		.headers_n = sizeof headers / sizeof *headers,
		.token = app->jwt,
		.tls = &tls,
		.proxy = app->proxy,
		.max_body = ANSWER_MAX,
	};

	TRY(net_do(app->net, &q, &r));
	if (r.status / 100 != 2)
		return bad_answer(method, url, &r);
	return json_read(app->a, arena_str(app->a, buf_str(&r.body)), NULL, out);
}

static err *find_installation(const struct app *app, str owner, str *id)
{
	static const struct {
		const char *path, *what;
	} places[] = { { "/orgs/", "organization" }, { "/users/", "user" } };
	CLEANUP(buf_release) struct buf reasons = BUF_INIT, name = BUF_INIT;
	node doc;

	gourl_escape_segment(&name, owner);
	for (size_t i = 0; i < 2; i++) {
		str path = arena_cat(app->a, str_c(places[i].path), buf_str(&name),
				     S("/installation"));
		err *e = call(app, S("GET"), path, &doc);

		if (!e) {
			*id = arena_printf(app->a, "%lld",
					   (long long)node_int(node_get(doc, S("id"))));
			return NULL;
		}
		buf_addf(&reasons, "%sfailed to find %s installation: %s", i ? "\n" : "",
			 places[i].what, err_msg(e));
		err_free(e);
	}
	return err_new(ERR_NOT_FOUND, "%s", buf_c(&reasons));
}

static err *check(const struct credentials *c, uint64_t *app_id)
{
	str owner = credentials_get(c, S("githubAppInstallationOwner"));
	str id = credentials_get(c, S("githubAppInstallationID"));
	uint64_t number;

	if (!str_to_u64(credentials_get(c, S("githubAppID")), app_id) || !*app_id)
		return err_new(ERR_INVALID,
			       "app ID must be provided to use github app authentication");
	bool has_id = str_to_u64(id, &number) && number;

	if (!owner.n && !has_id)
		return err_new(ERR_INVALID, "app installation owner or ID must be provided to use "
					    "github app authentication");
	if (owner.n && has_id)
		return err_new(ERR_INVALID, "only one of app installation owner or ID must be "
					    "provided to use github app authentication");
	if (!credentials_get(c, S("githubAppPrivateKey")).n)
		return err_new(ERR_INVALID,
			       "private key must be provided to use github app authentication");
	return NULL;
}

err *githubapp_token(struct arena *a, struct net_client *net, const struct credentials *c,
		     const struct net_proxy *proxy, str *token)
{
	struct app app = { .a = a, .net = net, .c = c, .proxy = proxy };
	str id = credentials_get(c, S("githubAppInstallationID"));
	uint64_t app_id;
	node doc;

	TRY(check(c, &app_id));
	app.api = credentials_get(c, S("githubAppBaseURL"));
	app.api = app.api.n ? str_trim_right_set(app.api, S("/")) : str_c(public_api);
	TRY(githubapp_jwt(a, (int64_t)app_id, credentials_get(c, S("githubAppPrivateKey")),
			  clock_wall() / CLOCK_SECOND, &app.jwt));
	if (!id.n)
		TRY(find_installation(&app, credentials_get(c, S("githubAppInstallationOwner")),
				      &id));
	TRY(call(&app, S("POST"), arena_cat(a, S("/app/installations/"), id, S("/access_tokens")),
		 &doc));
	*token = node_str_or(node_get(doc, S("token")), STR_NONE);
	return token->n ? NULL : err_new(ERR_INVALID, "the answer holds no token");
}
