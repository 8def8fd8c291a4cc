/* auth - who asks, and whether he may.
 *
 * A request comes with a client certificate of the server's own authority
 * (common name: the user, organizations: his groups), with a bearer token, or
 * with nothing: then it is system:anonymous. Wrong credentials are refused
 * even where none are needed. Impersonation headers change the user, if he
 * may.
 *
 * system:masters may do everything; the rest is decided by the hooks (RBAC).
 * Any thread.
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "net/tls.h"
#include "server/request.h"

struct auth_question {
	const struct request_user *user;
	str verb;			/* "get", "deletecollection", "impersonate" */
	bool resource;			/* else: a path */
	str group, version, plural, sub, namespace, name;
	str path;
};

/* The user of the request: sets r->user and r->real_user. `peer` and
 * `subject` tell of the certificate. */
err *auth_identify(struct request *r, enum tls_peer peer, const struct tls_subject *subject)
	__attribute__((warn_unused_result));
/* The headers "Impersonate-..."; r->user is who asks. */
err *auth_impersonate(struct request *r) __attribute__((warn_unused_result));
/* NULL, or the 403. */
err *auth_check(struct request *r) __attribute__((warn_unused_result));

bool auth_allows(struct server *s, struct arena *a, const struct auth_question *q, str *reason);
/* "User "U" cannot VERB resource "R" in API group "G" in the namespace "N"" */
void auth_print_refusal(struct buf *b, const struct auth_question *q);

/* A bearer token, and for whom it should be: one of `audiences` (none: this
 * server alone). */
struct auth_bearer {
	str token;
	const str *audiences;
	size_t audiences_n;
	/* Set: those of them that it is for, or why nobody is behind it. */
	const str *good;
	size_t good_n;
	str error;
};

/* The user behind a token; false: nobody's. */
bool auth_token(struct server *s, struct arena *a, struct auth_bearer *b, struct request_user *out);
/* Whether one of those whom the token is for is asked for; sets good and error. */
bool auth_is_for(struct arena *a, struct auth_bearer *b, const str *audiences, size_t n);

#endif
