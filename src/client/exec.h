/* exec - credentials from a program that the kubeconfig names.
 *
 * Clouds log their users in this way: the program gets the user's environment,
 * the variables of the kubeconfig and KUBERNETES_EXEC_INFO, and prints an
 * ExecCredential (client.authentication.k8s.io): a token, or a certificate and
 * its key, and until when they are good. Words and rules are client-go's
 * (plugin/pkg/client/auth/exec), but that the program gets no terminal, and
 * that what it says on its standard error is part of our error.
 *
 * Worker-local; exec_credential_get waits for the program, EXEC_TIMEOUT at most.
 */
#ifndef CLIENT_EXEC_H
#define CLIENT_EXEC_H

#include "client/kubeconfig.h"

struct exec_credential {
	str token, cert, key;	/* the token, or PEM of both others, or all three */
	int64_t until;		/* nanoseconds since 1970; INT64_MAX: for ever */
};

/* Run the program of `k`, with `env` ("NAME=value", NULL-terminated) as the user's
 * environment. Texts live in `a`. */
err *exec_credential_get(struct arena *a, const struct kubeconfig *k, char *const *env,
			 struct exec_credential *out) __attribute__((warn_unused_result));
/* What `text`, such a program's output, says to whom asked for `api_version`; the texts
 * live in `a` or borrow from `text`. */
err *exec_credential_read(struct arena *a, str text, str api_version, struct exec_credential *out)
	__attribute__((warn_unused_result));

#endif
