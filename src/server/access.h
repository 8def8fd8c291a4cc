/* access - access control by RBAC: the hooks, and the questions about it.
 *
 * The roles and bindings are compiled (rbac.h) when one of them has changed
 * and somebody asks; many requests share one compiled state. The reviews
 * (SelfSubjectAccessReview and its kin, TokenReview, SelfSubjectReview) and
 * the tokens of service accounts are answered here, too.
 *
 * Nobody can grant what he does not have, unless he may "escalate" or "bind".
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "server/hooks.h"
#include "server/subresource.h"

extern const struct hooks access_hooks;
extern const struct subresource access_subresources[];

/* A token of a service account: signed, for `audiences` until `expires` (seconds
 * since 1970). */
struct access_token {
	str namespace, name, uid;
	const str *audiences;
	size_t audiences_n;
	int64_t now, expires;
	int64_t warn_after;	/* who uses it later should have asked for a new one; 0: nobody is told */
	/* {"pod":{"name":"a","uid":"..."},"node":{...}}, as the token says it: it ends with the
	 * Pod, the Secret or, where there is no Pod, the Node. NODE_NOTHING: nothing. */
	node bound;
};
err *access_token_make(struct server *s, struct arena *a, const struct access_token *t, str *out)
	__attribute__((warn_unused_result));
/* The account behind a token that is ours and for one of b->audiences, has not
 * expired, and whose account is still there. */
bool access_token_check(struct server *s, struct arena *a, struct auth_bearer *b,
			struct request_user *out);

struct rbac;
/* The compiled state of now; give it back with access_done. */
struct access_state;
const struct rbac *access_now(struct server *s, struct access_state **state);
void access_done(struct access_state *state);

/* The functions of the reviews: reviews.c. */
err *reviews_run(struct request *r) __attribute__((warn_unused_result));
err *reviews_token(struct request *r) __attribute__((warn_unused_result));

#endif
