/* hooks - where the parts of the server plug in that are more than a row of a
 * table: custom resources, access control, namespaces, garbage, workloads.
 *
 * hooks.c lists them; each function may be NULL. They are called in the order of
 * the list. Contracts:
 *
 *	open	the store is open, nobody asks yet: make what must be there, start
 *		watching (server_observe). Its state is kept by server_part_set.
 *	close	no request runs any more, the store is still there.
 *	token	a bearer token that is not the administrator's; true: `out` is set,
 *		else b->error may be.
 *	allow	authorization of who is not in system:masters; true: allowed.
 *		`reason` may be set either way.
 *	admit	mutating admission of every kind, once the namespace is known to be
 *		there; before the kind's own `admit`.
 *	check	validating admission, behind validation.
 *
 * Hooks of requests run on any thread.
 */
#ifndef SERVER_HOOKS_H
#define SERVER_HOOKS_H

#include "server/auth.h"
#include "server/server.h"

struct hooks {
	err *(*open)(struct server *s, const struct server_options *o);
	void (*close)(struct server *s);
	bool (*token)(struct server *s, struct arena *a, struct auth_bearer *b,
		      struct request_user *out);
	bool (*allow)(struct server *s, struct arena *a, const struct auth_question *q, str *reason);
	void (*admit)(struct kind_call *c);
	void (*check)(struct kind_call *c);
};

/* Ends with NULL. */
extern const struct hooks *const hooks_all[];

#endif
