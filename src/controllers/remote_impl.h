/* remote_impl - what the providers of logins to other clusters share. */
#ifndef CONTROLLERS_REMOTE_IMPL_H
#define CONTROLLERS_REMOTE_IMPL_H

#include "client/kubeconfig.h"
#include "controllers/identity.h"

/* The parameters of a ConfigMap; all texts live in mem. Constant once it is made. */
struct remote_login {
	struct arena mem;
	const struct remote_provider *provider;
	struct identity who;
	str cluster, address, ca;
};

struct remote_provider {
	const char *name;
	/* Where the cluster is: server and ca. */
	err *(*connect)(struct remote_login *l, struct arena *a, struct kubeconfig *out);
	/* A token for it, and when it ends (clock_wall). */
	err *(*token)(struct remote_login *l, struct arena *a, str *token, int64_t *ends);
};

extern const struct remote_provider remote_aws, remote_azure, remote_gcp;

/* What a cloud's identity_token gives: "failed to get access token for cluster: ...". */
err *remote_identity(struct remote_login *l, struct arena *a, const struct identity_need *need,
		     struct identity_token *out) __attribute__((warn_unused_result));
/* "https://host:port", in small letters. */
err *remote_address(struct arena *a, str address, str *out) __attribute__((warn_unused_result));

#endif
