/* cel_standard - what other parts need of the language's own functions. */
#ifndef CEL_CEL_STANDARD_H
#define CEL_CEL_STANDARD_H

#include "cel/cel_value.h"

/* a + b. */
cel_value cel_standard_add(struct cel_run *r, cel_value a, cel_value b);
#endif
