/* githubapp - a token to fetch with, for who is installed as a GitHub App.
 *
 * The app's private key signs a statement that is good for two minutes (a
 * JWT, RS256); with it the API is asked for a token of the installation,
 * which is found by its number or by its owner, an organization or a user.
 * The token is the password of user "x-access-token" for the next hour;
 * whoever wants to keep it looks at *expires. Errors have the words of Flux
 * where they are its own. Worker threads.
 */
#ifndef SOURCE_GITHUBAPP_H
#define SOURCE_GITHUBAPP_H

#include "source/credentials.h"

/* `proxy` may be NULL. */
err *githubapp_token(struct arena *a, struct net_client *net, const struct credentials *c,
		     const struct net_proxy *proxy, str *token) __attribute__((warn_unused_result));

/* The statement itself: signed by `key` (PEM) at a time in seconds. */
err *githubapp_jwt(struct arena *a, int64_t app, str key, int64_t now, str *out)
	__attribute__((warn_unused_result));

#endif
