/* remote - what spec.kubeConfig says: which other cluster, and how to log in there.
 *
 * A Secret has a kubeconfig. A ConfigMap has a provider and its parameters, and no
 * secret: each login is a token of an hour or less, which the provider gives for a
 * ServiceAccount of our own cluster (or for the controller's own identity), and
 * which the client gets anew before it ends.
 *
 * Of the pass's worker; a client made here outlives the pass.
 */
#ifndef CONTROLLERS_REMOTE_H
#define CONTROLLERS_REMOTE_H

#include "controllers/pass.h"

struct remote {
	str key;		/* the same for the same cluster and login */
	bool of_secret;
	str text;		/* the kubeconfig of a Secret, which may be empty */
	struct credentials data;	/* of a ConfigMap */
};

/* Reads what is referred to; Flux's words when it is not there. */
err *remote_read(struct pass *p, struct remote *out) __attribute__((warn_unused_result));
/* A client for it; logs in where that is a matter of its own. */
err *remote_client(struct pass *p, const struct remote *r, struct client **out)
	__attribute__((warn_unused_result));

#endif
