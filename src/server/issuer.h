/* issuer - whose signature the tokens of service accounts bear.
 *
 * One key on P-256 for each data directory: made when it is first needed, kept
 * there as sa.key, and with ":memory:" gone at the end. Tokens are JSON Web Tokens
 * signed with it (ES256); its public half is served, with what OpenID Connect
 * wants to know of an issuer, to those who check tokens on their own. Any thread.
 */
#ifndef SERVER_ISSUER_H
#define SERVER_ISSUER_H

#include "server/endpoint.h"
#include "server/hooks.h"

#define ISSUER_URL "https://kubernetes.default.svc.cluster.local"

extern const struct hooks issuer_hooks;
extern const struct endpoint issuer_endpoints[];

/* A signed token with these claims. */
err *issuer_sign(struct server *s, struct arena *a, node claims, str *out)
	__attribute__((warn_unused_result));
/* The claims of a token that bears our signature; false: it does not. */
bool issuer_read(struct server *s, struct arena *a, str token, node *claims);
/* Whether a token says that it is from here and cannot be: it was signed with
 * a key that is not ours any more. */
bool issuer_disowns(struct server *s, struct arena *a, str token);

#endif
