/* expressions - what admission policies and webhooks may say in CEL.
 *
 * What could never be evaluated is refused when it is written, with the texts of
 * Kubernetes. The environments are those that policies.c compiles in. Worker-local.
 */
#ifndef SERVER_EXPRESSIONS_H
#define SERVER_EXPRESSIONS_H

#include "cel/cel.h"
#include "server/check.h"

enum expressions_of {
	EXPRESSIONS_PARAMS = 1 << 0,		/* `params` is there */
	EXPRESSIONS_AUTHORIZER = 1 << 1,	/* so is `authorizer` */
	EXPRESSIONS_VARIABLES = 1 << 2,		/* some may be declared */
	EXPRESSIONS_PATCHES = 1 << 3,		/* Object and JSONPatch can be made */
	EXPRESSIONS_NO_REQUEST = 1 << 4,	/* authorizer.requestResource is not there */
};

/* What all of them speak of, and what `has` tells. */
struct cel_env *expressions_env(struct arena *a, unsigned has);
/* The same, with types of `object` and `oldObject`, and of `params`; NULL: any. */
struct cel_env *expressions_env_typed(struct arena *a, unsigned has, const struct cel_decl *object,
				      const struct cel_decl *params);
/* From here on variables.NAME is there and has the type of that expression, in `other`, too. */
void expressions_declare(struct fielderrs *e, const struct at *at, struct cel_env *env,
			 struct cel_env *other, str name, str text);

/* An expression that must give one of the kinds; `shown` is how a message has it. */
void expressions_check(struct fielderrs *e, const struct at *at, const struct cel_env *env, str text,
		       str shown, const enum cel_kind *kinds, size_t n);
/* One that must be of just that type: "Object", "list(JSONPatch)". */
void expressions_check_type(struct fielderrs *e, const struct at *at, const struct cel_env *env, str text,
			    str type);

#endif
