/* cel_check - the types of an expression.
 *
 * Names are looked up, overloads chosen, and each node gets its type, in the
 * order and with the complaints of cel-go's checker. What fits only once
 * literals are looked at (durations, patterns, formats, lists of one type) is
 * checked after that by cel_validate. Worker-local.
 */
#ifndef CEL_CEL_CHECK_H
#define CEL_CEL_CHECK_H

#include "cel/cel_env.h"
#include "cel/cel_func.h"

/* Errors are in `issues`. The tree's types have no free parameters after. */
void cel_check(struct arena *a, const struct cel_env *env, struct cel_expr *e,
	       struct cel_issues *issues);
void cel_validate(struct arena *a, const struct cel_env *env, const struct cel_expr *e,
		  struct cel_issues *issues);

/* Call `visit` for the node and all below it, parents first. */
void cel_ast_walk(struct cel_expr *e, void (*visit)(void *ctx, struct cel_expr *e), void *ctx);

/* A field of a message that the language knows; NULL when there is none. */
const struct cel_type *cel_message_field(str message, str field);
bool cel_message_exists(str message);
/* The same of what an expression makes (CEL_MADE). */
const struct cel_type *cel_made_field(const struct cel_type *made, str field);

#endif
