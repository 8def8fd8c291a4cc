/* cel_standard - what other parts of the layer need of the language's own functions.
 *
 * Overloads as cel-go's standard library has them; a failure is a value (cel_value.h).
 * Worker-local.
 */
#ifndef CEL_CEL_STANDARD_H
#define CEL_CEL_STANDARD_H

#include "cel/cel_value.h"

/* a + b. */
cel_value cel_standard_add(struct cel_run *r, cel_value a, cel_value b);
#endif
