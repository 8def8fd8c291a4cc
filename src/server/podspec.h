/* podspec - validation of what Pods are: their specification, alone or in a
 * template.
 *
 * ValidatePodSpec and ValidatePodTemplateSpec of Kubernetes' pkg/apis/core/validation,
 * with their words. Complaints are added to `e`, all that there are; the objects
 * are read only. What an older state has wrong already may stay where the original
 * lets it stay (ratcheting). Worker-local.
 */
#ifndef SERVER_PODSPEC_H
#define SERVER_PODSPEC_H

#include "server/check.h"

struct podspec_options {
	bool is_pod;		/* not a template */
	str name;		/* of the Pod; empty in a template */
	node annotations;	/* of the Pod or template */
	node old;		/* an older state of the spec: what it has wrong may stay */
};

void podspec_check(struct fielderrs *e, const struct at *at, node spec,
		   const struct podspec_options *o);
/* A template: labels and annotations, and its spec. `old`: an older state, or
 * NODE_NONE. */
void podspec_check_template(struct fielderrs *e, const struct at *at, node template, node old);
/* Annotations that mean something for a Pod; `at`: of the annotations. */
void podspec_check_annotations(struct fielderrs *e, const struct at *at, node annotations, node spec,
			       const struct podspec_options *o);

#endif
