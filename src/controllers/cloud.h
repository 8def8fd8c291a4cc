/* cloud - requests to the services of clouds, and what their answers have in common.
 *
 * For logins: a few small requests each, of a worker's thread, which waits. Errors say
 * which service answered what. Texts live in the arena.
 */
#ifndef CONTROLLERS_CLOUD_H
#define CONTROLLERS_CLOUD_H

#include "base/clock.h"
#include "net/client.h"
#include "value/node.h"

/* How clouds are reached. Borrows; constant. */
struct cloud {
	struct net_client *net;
	char *const *env;		/* of the process; NULL: none */
	const struct net_proxy *proxy;	/* an object's; NULL: as the client was told */
	struct net_client *outer;	/* that goes to it; NULL: `net` */
	const atomic_bool *cancel;	/* of a pass; or NULL */
	str stand_in;			/* tests: a URL that all hosts of clouds are below */
};

struct cloud_ask {
	str method;		/* empty: GET, or POST with a body */
	str host, path, query;	/* host: "sts.example.com" or "host:port" */
	str body, type;		/* type empty: a form */
	str token;		/* bearer */
	const struct net_header *headers;
	size_t headers_n;
	bool plain;		/* http, and past proxies: the machine's own metadata */
	bool soon;		/* of a service that answers within a second, or is not there */
};

/* The body of an answer of 200; anything else is an error with what it says. */
err *cloud_ask(const struct cloud *c, struct arena *a, const struct cloud_ask *q, str *text)
	__attribute__((warn_unused_result));
err *cloud_ask_json(const struct cloud *c, struct arena *a, const struct cloud_ask *q, node *out)
	__attribute__((warn_unused_result));
/* "key=value&..." of pairs, escaped; pairs without a value are left out. */
str cloud_form(struct arena *a, const str *pairs, size_t n);
#define cloud_form_of(a, ...)                               \
	cloud_form((a), (const str[]){ __VA_ARGS__ },       \
		   sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str))

/* A variable of the environment; empty when there is none. */
str cloud_env(const struct cloud *c, const char *name);
/* What a variable names: the file's text; empty without the variable. */
err *cloud_env_file(const struct cloud *c, struct arena *a, const char *name, str *text)
	__attribute__((warn_unused_result));
/* The groups of a text that is to match; "invalid WHAT: 'TEXT'. must match PATTERN". */
err *cloud_match(struct arena *a, const char *what, const char *pattern, str text, str *groups,
		 size_t n) __attribute__((warn_unused_result));
/* Of {access_token, expires_in}: the token, and when it ends (clock_wall). */
err *cloud_take_token(struct arena *a, node answer, str *token, int64_t *ends)
	__attribute__((warn_unused_result));
/* A time of RFC 3339, as clock_wall has it. */
err *cloud_take_time(str text, int64_t *out) __attribute__((warn_unused_result));
/* base64 of a certificate, as clouds describe their clusters. */
err *cloud_take_ca(struct arena *a, str text, str *ca) __attribute__((warn_unused_result));

/* ---- Amazon's: signed requests ---------------------------------------------------- */

struct cloud_aws_keys {
	str id, secret, session;
};

/* "sts.eu-central-1.amazonaws.com"; China's regions have a domain of their own. */
str cloud_aws_host(struct arena *a, str service, str region);
/* The same as cloud_ask, signed for a service ("ecr") of a region. `q->headers` are not
 * looked at; `target`: of X-Amz-Target, or empty. */
err *cloud_aws_ask_text(const struct cloud *c, struct arena *a, const struct cloud_aws_keys *keys,
			str service, str region, str target, const struct cloud_ask *q, str *text)
	__attribute__((warn_unused_result));
err *cloud_aws_ask(const struct cloud *c, struct arena *a, const struct cloud_aws_keys *keys,
		   str service, str region, str target, const struct cloud_ask *q, node *out)
	__attribute__((warn_unused_result));

#endif
