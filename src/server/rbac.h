/* rbac - who may do what: roles, bindings, and the questions about them.
 *
 * A struct rbac is the roles and bindings of one moment, compiled: which
 * subject is granted which rules where. It is made from the objects as they
 * are (rbac_add), and asked many times. Rules add up, nothing is ever
 * forbidden, and the words for why something is allowed are those of
 * Kubernetes' own authorizer.
 *
 * A binding whose role does not exist grants nothing.
 *
 * Ownership: everything lives in the arena that rbac_new is given. Once
 * sealed it is immutable: any thread.
 */
#ifndef SERVER_RBAC_H
#define SERVER_RBAC_H

#include "server/auth.h"

struct rbac;

struct rbac *rbac_new(struct arena *a);
/* A Role, ClusterRole, RoleBinding or ClusterRoleBinding; copied. */
void rbac_add(struct rbac *x, node object);
/* All are there: resolve roles. */
void rbac_seal(struct rbac *x);

/* `reason` is set when it is allowed: `RBAC: allowed by ...`. */
bool rbac_allows(const struct rbac *x, struct arena *a, const struct auth_question *q, str *reason);

/* The rules that a user has in a namespace, those of the cluster included, each once:
 * PolicyRules as in roles. */
node rbac_rules_of(const struct rbac *x, struct arena *a, const struct request_user *u,
		   str namespace);
/* The rules of a role, by reference from a binding in `namespace`; NODE_NONE: there is no such role. */
node rbac_role_rules(const struct rbac *x, struct arena *a, node role_ref, str namespace);
/* Which of `wanted` (a list of PolicyRules) `held` does not cover, broken
 * down and put together again as Kubernetes' messages have it. Empty: all are. */
node rbac_uncovered(struct arena *a, node held, node wanted);
/* "{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}" */
void rbac_print_rule(struct buf *b, node rule);

#endif
