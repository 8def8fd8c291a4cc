/* remote_impl - what the providers of logins to other clusters share. */
#ifndef CONTROLLERS_REMOTE_IMPL_H
#define CONTROLLERS_REMOTE_IMPL_H

#include "base/clock.h"
#include "base/vec.h"
#include "client/client.h"
#include "net/client.h"

/* The parameters of a ConfigMap; all texts live in mem. Constant once it is made. */
struct remote_login {
	struct arena mem;
	const struct remote_provider *provider;
	struct net_client *net;
	struct client *own;	/* of our own cluster */
	str namespace;		/* of the object */
	str cluster, address, ca;
	str account;		/* a ServiceAccount of the namespace; empty: who we are */
	bool account_is_default;
	bool accounts_allowed;	/* the gate ObjectLevelWorkloadIdentity */
	const str *audiences;
	size_t audiences_n;
	char *const *env;	/* of the process: an identity of its own */
	str stand_in;		/* tests: a URL that all hosts of a cloud are below */
};

struct remote_provider {
	const char *name;
	/* Where the cluster is: server and ca. */
	err *(*connect)(struct remote_login *l, struct arena *a, struct kubeconfig *out);
	/* A token for it, and when it ends (clock_wall). */
	err *(*token)(struct remote_login *l, struct arena *a, str *token, int64_t *ends);
};

extern const struct remote_provider remote_generic;
extern const struct remote_provider remote_aws, remote_azure, remote_gcp;

/* "https://host:port", in small letters. */
err *remote_address(struct arena *a, str address, str *out) __attribute__((warn_unused_result));

/* ---- remote_cloud.c ----------------------------------------------------------- */

struct remote_ask {
	str method;		/* empty: GET, or POST with a body */
	str host, path, query;
	str body, type;		/* type empty: a form */
	str token;		/* bearer */
	const struct net_header *headers;
	size_t headers_n;
	bool plain;		/* http: the machine's own metadata */
};

/* The body of an answer of 200; anything else is an error with what it says. */
err *remote_ask(struct remote_login *l, struct arena *a, const struct remote_ask *q, str *text)
	__attribute__((warn_unused_result));
err *remote_ask_json(struct remote_login *l, struct arena *a, const struct remote_ask *q, node *out)
	__attribute__((warn_unused_result));
/* "key=value&..." of pairs, escaped; pairs without a value are left out. */
str remote_form(struct arena *a, const str *pairs, size_t n);
#define remote_form_of(a, ...)                               \
	remote_form((a), (const str[]){ __VA_ARGS__ },       \
		    sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str))
/* A variable of the environment; empty when there is none. */
str remote_env(const struct remote_login *l, const char *name);
/* What a variable names: the file's text; empty without the variable. */
err *remote_env_file(const struct remote_login *l, struct arena *a, const char *name, str *text)
	__attribute__((warn_unused_result));
/* The groups of a text that is to match; "invalid WHAT: 'TEXT'. must match PATTERN". */
err *remote_match(struct arena *a, const char *what, const char *pattern, str text, str *groups,
		  size_t n) __attribute__((warn_unused_result));
/* The annotation of a ServiceAccount. */
str remote_annotation(node account, const char *key);
/* Of {access_token, expires_in}. */
err *remote_take_token(struct arena *a, node answer, str *token, int64_t *ends)
	__attribute__((warn_unused_result));
/* base64 of a certificate, as clouds describe their clusters. */
err *remote_take_ca(struct arena *a, str text, str *ca) __attribute__((warn_unused_result));

/* ---- remote_account.c ----------------------------------------------------------- */

/* The ServiceAccount that `account` names. */
err *remote_account(struct remote_login *l, struct arena *a, node *out)
	__attribute__((warn_unused_result));
/* A token of it for these audiences. */
err *remote_account_token(struct remote_login *l, struct arena *a, const str *audiences, size_t n,
			  str *token) __attribute__((warn_unused_result));
/* The same of the account that this process runs as, by what its Pod was given. */
err *remote_own_token(struct remote_login *l, struct arena *a, const str *audiences, size_t n,
		      str *token) __attribute__((warn_unused_result));
/* When a token ends, by its claim "exp". */
err *remote_token_end(struct arena *a, str token, int64_t *ends)
	__attribute__((warn_unused_result));

#endif
