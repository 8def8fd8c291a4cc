/* podsecurity - the Pod Security Standards: what labels of a namespace say its
 * Pods may not do.
 *
 * `pod-security.kubernetes.io/enforce: baseline` refuses Pods; `warn` warns of
 * Pods, and of templates of them in Deployments and their like. Each level is
 * a set of checks, some of which have changed over the versions. Texts are
 * those of k8s.io/pod-security-admission.
 *
 * Part of admission; a refusal is set in the call. Worker-local.
 */
#ifndef SERVER_PODSECURITY_H
#define SERVER_PODSECURITY_H

#include "server/kind.h"

/* A Pod, or an object with a template of Pods. */
void podsecurity_check(struct kind_call *c);
/* A Namespace: its labels, and what a new level means for the Pods there. */
void podsecurity_check_namespace(struct kind_call *c);

#endif
