/* crd_control - definitions at work in the server.
 *
 * Follows the CustomResourceDefinitions of the store: gives them their names
 * and conditions, registers the rows that they make served (before anyone can
 * read that they are established), and when they are to go, removes their objects
 * first. Definitions that wait for a name are looked at again when it may be free.
 *
 * One worker at a time runs all this, over a queue of names; what a look at a
 * definition finds is written through the server's own API, as the original's
 * controllers do. Definitions that are there when the server opens are
 * served before it listens.
 */
#ifndef SERVER_CRD_CONTROL_H
#define SERVER_CRD_CONTROL_H

#include "server/hooks.h"

extern const struct hooks crd_control_hooks;

#endif
