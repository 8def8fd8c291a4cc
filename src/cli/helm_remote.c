#include "cli/helm_remote.h"

#include "base/clock.h"

/* One schema; Helm waits as long. */
enum { SCHEMA_MAX = 16 << 20, TIMEOUT_SECONDS = 15 };

const struct flag helm_schema_flags[] = {
	{ "allow-remote-schema", 0, FLAG_BOOL, offsetof(struct helm_schema_options, remote),
	  "fetch what schemas refer to by http and https; without it such references are refused" },
	{ "skip-schema-validation", 0, FLAG_BOOL, offsetof(struct helm_schema_options, skip),
	  "do not check values against the charts' schemas" },
	{ 0 },
};

static err *get(struct helm_remote *r, str url, str *text)
{
	CLEANUP(net_response_release) struct net_response answer = NET_RESPONSE_INIT;
	const struct net_request request = {
		.url = url,
		.timeout = TIMEOUT_SECONDS * CLOCK_SECOND,
		.max_body = SCHEMA_MAX,
	};

	if (!r->client)
		TRY(net_client_new(&r->client, &(const struct net_options){ .proxy_env = true }));
	err *e = net_do(r->client, &request, &answer);

	if (e)
		return err_wrap(e, "HTTP request failed for %.*s", STR_ARG(url));
	if (answer.status != 200) {
		str status = net_status(&r->arena, answer.status), number, words;

		str_split(status, ' ', &number, &words);
		return err_new(ERR_UNAVAILABLE, "HTTP request to %.*s returned status %.*s (%.*s)",
			       STR_ARG(url), STR_ARG(number), STR_ARG(words));
	}
	*text = arena_str(&r->arena, buf_str(&answer.body));
	return NULL;
}

static err *fetch(void *ctx, struct arena *a, str url, str *text)
{
	struct helm_remote *r = ctx;
	str *seen = map_get(&r->seen, url);

	(void)a;
	if (!seen) {
		seen = arena_new(&r->arena, str);
		TRY(get(r, url, seen));
		map_set(&r->seen, arena_str(&r->arena, url), seen);
	}
	*text = *seen;
	return NULL;
}

void helm_remote_init(struct helm_remote *r, const struct helm_schema_options *o)
{
	*r = (struct helm_remote){ .fetch = o->remote ? fetch : NULL, .arena = ARENA_INIT };
}

void helm_remote_release(struct helm_remote *r)
{
	net_client_free(r->client);
	map_release(&r->seen);
	arena_release(&r->arena);
}
