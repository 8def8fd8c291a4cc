/* misfit - what a strategic merge made that is no object of the kind.
 *
 * Its result does not go through JSON again in the original, but from maps
 * straight into the struct, and that reader has words of its own: "cannot
 * restore slice from map". Worker-local.
 */
#ifndef SERVER_MISFIT_H
#define SERVER_MISFIT_H

#include "base/err.h"
#include "schema/type.h"

/* The first place where the values are of another sort than the types. */
err *misfit_check(node object, const struct type *type) __attribute__((warn_unused_result));

#endif
