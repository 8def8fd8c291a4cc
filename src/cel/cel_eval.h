/* cel_eval - running a program: private to the layer, see cel.h.
 *
 * Values live in the arena of the run; a failure is a value. Worker-local, the program
 * itself is immutable.
 */
#ifndef CEL_CEL_EVAL_H
#define CEL_CEL_EVAL_H

#include "cel/cel_plan.h"

/* The value of a step that needs no variables. */
cel_value cel_eval_constant(struct arena *a, const struct cel_program *program,
			    const struct cel_plan *step);
/* The same of an Object or JSONPatch: a map that knows its name. */
cel_value cel_made_value(struct cel_run *r, str name, const str *fields, const cel_value *values,
			 size_t n);
/* A message made of its fields, or a fault. */
cel_value cel_message_new(struct cel_run *r, str name, const str *fields, const cel_value *values,
			  size_t n);

#endif
