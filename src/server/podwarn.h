/* podwarn - what the server warns of in Pods and their templates: labels and
 * sources that are gone, definitions that hide each other.
 *
 * Warnings are added to those of the call. Worker-local.
 */
#ifndef SERVER_PODWARN_H
#define SERVER_PODWARN_H

#include "server/check.h"
#include "server/kind.h"

/* `at`: of the template; NULL for a Pod itself. */
void podwarn(struct kind_call *c, const struct at *at, node pod);
/* Names that are no labels make odd hostnames; `where` says of what. */
void podwarn_name(struct kind_call *c, const char *where);

#endif
