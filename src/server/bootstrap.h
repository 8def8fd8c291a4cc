/* bootstrap - the objects that are there before anybody made one.
 *
 * Namespaces, priority classes, the roles and bindings that clients count on,
 * flow schemas: facts of the reference server (bootstrap_table.h). They are
 * made at the first start, and again at a later one where one was deleted.
 */
#ifndef SERVER_BOOTSTRAP_H
#define SERVER_BOOTSTRAP_H

#include "server/hooks.h"

extern const struct hooks bootstrap_hooks;

#endif
