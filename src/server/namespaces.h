/* namespaces - what every namespace has, and how it goes.
 *
 * Each has a ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`,
 * and gets them back when they are deleted. A namespace that is being
 * deleted loses all that is in it; while something stays, because of its
 * finalizers, the conditions of the namespace say so; then it goes itself.
 */
#ifndef SERVER_NAMESPACES_H
#define SERVER_NAMESPACES_H

#include "server/minder.h"
#include "server/subresource.h"

extern const struct controller namespaces_controller;	/* deletion */
extern const struct controller namespaces_accounts;	/* account and certificate */
/* namespaces/finalize */
extern const struct subresource namespaces_subresources[];

#endif
