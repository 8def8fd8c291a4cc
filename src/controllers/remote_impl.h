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
};

struct remote_provider {
	const char *name;
	/* Where the cluster is: server and ca. */
	err *(*connect)(struct remote_login *l, struct arena *a, struct kubeconfig *out);
	/* A token for it, and when it ends (clock_wall). */
	err *(*token)(struct remote_login *l, struct arena *a, str *token, int64_t *ends);
};

extern const struct remote_provider remote_generic;

/* "https://host:port", in small letters. */
err *remote_address(struct arena *a, str address, str *out) __attribute__((warn_unused_result));

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
