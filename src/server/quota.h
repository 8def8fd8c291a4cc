/* quota - what ResourceQuotas count, and what they refuse.
 *
 * Admission: what a new object uses is held against `status` of every quota of its
 * namespace that is about it; what is let in is added to `status.used` at
 * once, before the object is stored, so that many at a time cannot pass. A
 * controller counts anew whatever changed, and sets `status.hard` first of
 * all: without workloads (--no-sim) a quota whose status nobody writes refuses
 * nothing, as with Kubernetes.
 *
 * Rules: k8s.io/apiserver's quota admission and the evaluators of
 * k8s.io/kubernetes. Admission on any thread; the controller on the minder's.
 */
#ifndef SERVER_QUOTA_H
#define SERVER_QUOTA_H

#include "server/amounts.h"
#include "server/hooks.h"
#include "server/minder.h"

/* What one object uses, by the names that quotas have for it. */
struct amounts quota_usage(struct arena *a, str group, str plural, node object);
/* Whether the scopes of a quota are about the object. */
bool quota_covers(node quota, str group, str plural, node object);

extern const struct hooks quota_hooks;
extern const struct controller quota_controller;

#endif
