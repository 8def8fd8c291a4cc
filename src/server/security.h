/* security - validation of what Pods and containers may do on their node:
 * users, profiles of seccomp and AppArmor, sysctls, options of Windows.
 *
 * Kubernetes' validatePodSpecSecurityContext, ValidateSecurityContext and what they call
 * (pkg/apis/core/validation), with their words; complaints are added to `e`, all that
 * there are. Whether a namespace allows it is asked elsewhere: podsecurity.h.
 * Worker-local.
 */
#ifndef SERVER_SECURITY_H
#define SERVER_SECURITY_H

#include "server/check.h"

/* `spec`: the PodSpec, whose context it is; `old`: what that was, or NODE_NONE. */
void security_check_pod(struct fielderrs *e, const struct at *at, node context, node spec, node old);
void security_check_container(struct fielderrs *e, const struct at *at, node context,
			      bool host_users);
void security_check_app_armor(struct fielderrs *e, const struct at *at, node profile);
/* The profile that an annotation names; NODE_NONE: none. */
node security_app_armor(struct arena *a, str annotation);
/* Older Pods say it in annotations; both must agree. */
void security_check_annotations(struct fielderrs *e, const struct at *at, node annotations,
				node spec);
void security_check_annotations_match(struct fielderrs *e, const struct at *spec_at,
				      node annotations, node spec);
/* What a Pod for one system may not have of the other. */
void security_check_os(struct fielderrs *e, const struct at *spec_at, node spec);
/* Containers of Windows that are processes of the host. */
void security_check_host_process(struct fielderrs *e, const struct at *spec_at, node spec);

#endif
