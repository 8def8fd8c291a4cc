/* cel_env - what an environment holds: which library, which variables.
 *
 * Private to the layer; cel.h is what others see. Everything lives in the arena that the
 * environment was made in. Immutable once the first expression is compiled, and then any
 * thread's.
 */
#ifndef CEL_CEL_ENV_H
#define CEL_CEL_ENV_H

#include "cel/cel_ast.h"
#include "cel/cel_type.h"

struct cel_variable {
	str name;
	const struct cel_type *type;
	const struct cel_decl *decl;	/* how its value is read, or NULL */
	bool optional;
	bool undeclared;
};

struct cel_env {
	struct arena *a;
	enum cel_library library;
	const struct tz_source *zones;
	bool patches;
	bool bind;
	VEC(struct cel_variable) variables;
};

/* The index of a declared variable, or STR_NPOS. */
size_t cel_env_find(const struct cel_env *env, str name);

#endif
