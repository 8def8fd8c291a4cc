/* podprepare - what the server makes of a Pod, or of a template of Pods,
 * before it is validated: fields of features that are not served go, and some
 * that are follow from others.
 *
 * Worker-local.
 */
#ifndef SERVER_PODPREPARE_H
#define SERVER_PODPREPARE_H

#include "server/kind.h"

/* Fields that nothing serves, unless the older spec has them, too. */
void podprepare_drop(struct arena *a, node spec, node old);
/* Guaranteed, Burstable or BestEffort, by what the spec asks for. */
str podprepare_qos(struct arena *a, node spec);
/* A new Pod: its status; selectors by keys of its labels; profiles of AppArmor
 * that annotations name. */
void podprepare_create(struct kind_call *c);

#endif
