/* flux_trigger - "flux trigger receiver": call the webhook of a Receiver. */
#include <time.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "text/duration.h"
#include "text/gourl.h"
#include "value/json.h"

enum { ANSWER_MAX = 64 << 10 };

struct trigger_options {
	str url, type, token, payload, oidc_token, oidc_provider, oidc_audience;
	int64_t retries, retry_delay;
};

#define OIDC "generic-oidc"
#define OIDC_VARIABLE "FLUX_TRIGGER_RECEIVER_OIDC_TOKEN"

static bool is_type(str type)
{
	return str_eq(type, S("generic")) || str_eq(type, S("generic-hmac")) ||
	       str_eq(type, S(OIDC));
}

static err *check_plain(const struct trigger_options *o)
{
	if (!o->token.n)
		return err_new(ERR_INVALID, "--token is required for --type=%.*s", STR_ARG(o->type));
	if (o->oidc_token.n || o->oidc_provider.n || o->oidc_audience.n)
		return err_new(ERR_INVALID, "--oidc-provider, --oidc-token and --oidc-audience can "
					    "only be set for --type=" OIDC);
	return NULL;
}

static err *check_oidc(const struct trigger_options *o)
{
	if (o->token.n)
		return err_new(ERR_INVALID, "--token must not be set for --type=" OIDC
					    ", the Receiver of this type has no secret");
	if (o->oidc_provider.n && o->oidc_token.n)
		return err_new(ERR_INVALID,
			       "--oidc-provider and --oidc-token are mutually exclusive");
	if (o->oidc_provider.n && !str_eq(o->oidc_provider, S("github")) &&
	    !str_eq(o->oidc_provider, S("forgejo")))
		return err_new(ERR_INVALID,
			       "invalid --oidc-provider \"%.*s\", must be one of: github, forgejo",
			       STR_ARG(o->oidc_provider));
	if (o->oidc_audience.n && !o->oidc_provider.n)
		return err_new(ERR_INVALID,
			       "--oidc-audience can only be set together with --oidc-provider");
	return NULL;
}

/* ---- tokens of workflows ----------------------------------------------- */

/* The runner of a GitHub or Forgejo action makes one for whoever may ask. */
static err *ask_runner(struct cli *c, struct net_client *net, str *out)
{
	const struct trigger_options *o = c->options;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	CLEANUP(buf_release) struct buf url = BUF_INIT;
	str base = str_c(cli_env(c, "ACTIONS_ID_TOKEN_REQUEST_URL"));
	str token = str_c(cli_env(c, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
	node answer;

	if (!base.n || !token.n)
		return err_new(ERR_INVALID,
			       "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN "
			       "must be set: give the workflow the permission 'id-token: write'");
	buf_addf(&url, "%.*s&audience=", STR_ARG(base));
	gourl_escape_query(&url, o->oidc_audience.n ? o->oidc_audience
						    : S("notification-controller"));
	const struct net_request request = { .url = buf_str(&url),
					     .token = token,
					     .max_body = ANSWER_MAX };

	TRY(net_do(net, &request, &r));
	if (r.status != 200)
		return err_new(ERR_UNAVAILABLE, "failed to request OIDC token: status %.*s",
			       STR_ARG(net_response_status(c->arena, &r)));
	TRY(json_read(c->arena, arena_str(c->arena, buf_str(&r.body)), NULL, &answer));
	*out = node_str(node_get(answer, S("value")));
	return out->n ? NULL : err_new(ERR_INVALID, "the OIDC token response has no token");
}

static err *find_token(struct cli *c, struct net_client *net, str *out)
{
	const struct trigger_options *o = c->options;

	*out = o->oidc_token.n ? o->oidc_token : str_c(cli_env(c, OIDC_VARIABLE));
	if (o->oidc_provider.n)
		return ask_runner(c, net, out);
	if (!out->n)
		return err_new(ERR_INVALID, "no OIDC token provided: set --oidc-provider, "
					    "--oidc-token or the " OIDC_VARIABLE
					    " environment variable");
	return NULL;
}

/* ---- the call ---------------------------------------------------------- */

static str webhook(struct cli *c)
{
	const struct trigger_options *o = c->options;
	char hex[SHA256_HEX + 1];

	sha256_hex(arena_cat(c->arena, o->token, c->words.p[0], flux_settings(c)->namespace), hex);
	return arena_printf(c->arena, "%.*s/hook/%s", STR_ARG(str_trim_right_set(o->url, S("/"))),
			    hex);
}

static str signature(struct arena *a, const uint8_t sum[32])
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("sha256="));
	for (size_t i = 0; i < 32; i++)
		buf_addf(&b, "%02x", sum[i]);
	return arena_str(a, buf_str(&b));
}

static bool may_pass(int status)
{
	static const int rows[] = { 404, 408, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i] == status)
			return true;
	return false;
}

/* `*again`: it may go better next time. */
static err *call(struct cli *c, struct net_client *net, const struct net_request *request,
		 bool *again)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	err *e = net_do(net, request, &r);

	*again = true;
	if (e)
		return err_wrap(e, "request to %.*s failed", STR_ARG(request->url));
	if (r.status / 100 == 2)
		return NULL;
	*again = may_pass(r.status);
	str body = str_trim(buf_str(&r.body));

	return err_new(ERR_UNAVAILABLE, "request to %.*s failed with status %.*s%s%.*s",
		       STR_ARG(request->url), STR_ARG(net_response_status(c->arena, &r)),
		       body.n ? ": " : "", STR_ARG(body));
}

static err *call_often(struct cli *c, struct net_client *net, const struct net_request *request)
{
	const struct trigger_options *o = c->options;
	CLEANUP(buf_release) struct buf delay = BUF_INIT;
	const struct timespec t = clock_timespec(o->retry_delay > 0 ? o->retry_delay : 0);

	duration_add(&delay, o->retry_delay);
	for (int64_t i = 1;; i++) {
		bool again;
		err *e = call(c, net, request, &again);

		if (!e || !again || i > o->retries)
			return e;
		flux_waiting(c, "%s; retrying in %s (%lld/%lld)", err_msg(e), buf_c(&delay),
			     (long long)i, (long long)o->retries);
		err_free(e);
		nanosleep(&t, NULL);
	}
}

static err *run_receiver(struct cli *c)
{
	const struct trigger_options *o = c->options;
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	struct net_header headers[2] = { { S("Content-Type"), S("application/json") } };
	struct net_request request = { .method = S("POST"), .body = o->payload, .headers = headers,
				       .headers_n = 1, .max_body = ANSWER_MAX };
	str namespace = flux_settings(c)->namespace, name = c->words.p[0];
	bool oidc = str_eq(o->type, S(OIDC));
	struct gourl url;
	uint8_t sum[32];
	err *e;

	if (!o->url.n)
		return err_new(ERR_INVALID, "--url is required");
	if (!is_type(o->type))
		return err_new(ERR_INVALID, "invalid --type \"%.*s\", must be one of: generic, "
					    "generic-hmac, " OIDC,
			       STR_ARG(o->type));
	TRY(oidc ? check_oidc(o) : check_plain(o));
	TRY(net_client_new(&net, &(struct net_options){ .user_agent = S("flux/v" FLUX_VERSION),
							.proxy_env = true }));
	if (oidc)
		TRY(find_token(c, net, &request.token));
	if (str_eq(o->type, S("generic-hmac"))) {
		TRY(secret_hmac_sha256(o->token, o->payload, sum));
		headers[request.headers_n++] =
			(struct net_header){ S("X-Signature"), signature(c->arena, sum) };
	}
	request.url = webhook(c);
	request.timeout = flux_settings(c)->timeout;
	flux_action(c, "triggering Receiver %.*s/%.*s", STR_ARG(namespace), STR_ARG(name));
	e = gourl_parse(c->arena, request.url, &url);
	if (e)
		return err_wrap(e, "unable to create request");
	TRY(call_often(c, net, &request));
	flux_success(c, "Receiver %.*s/%.*s triggered", STR_ARG(namespace), STR_ARG(name));
	return NULL;
}

#define AT(field) offsetof(struct trigger_options, field)

static const struct flag receiver_flags[] = {
	{ "oidc-audience", 0, FLAG_STRING, AT(oidc_audience),
	  "audience of the token to ask for; notification-controller by default" },
	{ "oidc-provider", 0, FLAG_STRING, AT(oidc_provider),
	  "whose workflow this is: github or forgejo", .choices = "github forgejo" },
	{ "oidc-token", 0, FLAG_STRING, AT(oidc_token),
	  "token to send; $" OIDC_VARIABLE " by default" },
	{ "payload", 0, FLAG_STRING, AT(payload), "JSON to send", .fallback = "{}" },
	{ "retries", 0, FLAG_INT, AT(retries), "how often to try again; 0: not at all",
	  .fallback = "10" },
	{ "retry-delay", 0, FLAG_DURATION, AT(retry_delay), "how long to wait before each",
	  .fallback = "10s" },
	{ "token", 0, FLAG_STRING, AT(token), "token of the Receiver; none for " OIDC },
	{ "type", 0, FLAG_STRING, AT(type), "type of the Receiver: generic, generic-hmac or " OIDC,
	  .fallback = "generic", .choices = "generic generic-hmac " OIDC },
	{ "url", 0, FLAG_STRING, AT(url), "address of the webhook server, perhaps with a path" },
	{ 0 },
};

#undef AT

static const struct command trigger_receiver = {
	.use = "receiver [name]",
	.brief = "Call the webhook of a Receiver",
	.text = "Call the webhook of a Receiver, without asking the cluster: address and signature\n"
		"come from its name, its namespace and its token.",
	.example = "  flux trigger receiver podinfo --url=https://flux-webhook.example.com \\\n"
		   "    --token=$TOKEN",
	.args = { ARGS_EXACT, 1 },
	.flags = receiver_flags,
	.options = sizeof(struct trigger_options),
	.run = run_receiver,
};

const struct command flux_trigger_command = {
	.use = "trigger",
	.brief = "Trigger reconciliations from outside",
	.text = "Trigger reconciliations without access to the cluster.",
	.before = flux_before,
	.commands = (const struct command *const[]){ &trigger_receiver, NULL },
};
