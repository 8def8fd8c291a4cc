/* devices - rules of resource.k8s.io that several kinds share: what claims ask
 * for, what classes and slices say of devices.
 *
 * The texts are those of pkg/apis/resource/validation. Worker-local.
 */
#ifndef SERVER_DEVICES_H
#define SERVER_DEVICES_H

#include "server/check.h"

/* A DeviceClaim: `devices` of the spec of a claim. */
void devices_check_claim(struct fielderrs *e, const struct at *at, node devices);
/* Whether a claim has a request of that name, "request" or "request/subrequest". */
void devices_check_request_ref(struct fielderrs *e, const struct at *at, str name, node requests);
/* Lists of selectors and of configurations. `stored`: they are as they were. */
void devices_check_selectors(struct fielderrs *e, const struct at *at, node list);
void devices_check_class_config(struct fielderrs *e, const struct at *at, node list, bool stored);
/* Those of an allocation, whose requests are named. */
void devices_check_result_config(struct fielderrs *e, const struct at *at, node list, node requests);

/* True when the list is not longer than it may be. */
bool devices_check_size(struct fielderrs *e, const struct at *at, node list, size_t max);
void devices_check_unique(struct fielderrs *e, const struct at *at, node list, const char *key);
void devices_check_pool(struct fielderrs *e, const struct at *at, str name);
void devices_check_uid(struct fielderrs *e, const struct at *at, str uid);
/* "[domain/]name" with a name as C has them. */
void devices_check_qualified(struct fielderrs *e, const struct at *at, str name);
/* JSON of an object, of so many bytes at most. */
void devices_check_raw(struct fielderrs *e, const struct at *at, node value, size_t max);
void devices_check_binding(struct fielderrs *e, const struct at *at, node conditions, node failures);
/* Of taints and of tolerations. */
extern const char *const devices_effects[];

enum { DEVICES_RAW_MAX = 10 << 10, DEVICES_CONFIG_MAX = 32, DEVICES_RESULTS_MAX = 32 };

#endif
