/* resources - the rules of amounts: which resources may be asked for where, and what
 * a request and a limit may be.
 *
 * ValidateContainerResourceRequirements, ValidateResourceQuantityValue and the helpers of
 * Kubernetes' pkg/apis/core, with their words; complaints are added to `e`, all that
 * there are. Worker-local.
 */
#ifndef SERVER_RESOURCES_H
#define SERVER_RESOURCES_H

#include "server/check.h"
#include "text/quantity.h"

/* Names of resources in the places that differ. */
enum resources_place {
	RESOURCES_ANY,
	RESOURCES_CONTAINER,
	RESOURCES_POD,		/* of a Pod as a whole */
	RESOURCES_QUOTA,
};

/* True when there is nothing to say about the name. */
bool resources_check_name(struct fielderrs *e, const struct at *at, str name,
			  enum resources_place place);
/* Not negative, and whole where the resource is counted. */
void resources_check_value(struct fielderrs *e, const struct at *at, str name, node value);
/* "must be greater than zero"; true when it is. */
bool resources_check_positive(struct fielderrs *e, const struct at *at, node value);
void resources_check_basic(struct fielderrs *e, const struct at *at, node value);

/* ResourceRequirements; `claims` are the names that the Pod has, as keys of a map. */
void resources_check(struct fielderrs *e, const struct at *at, node requirements, node claims,
		     enum resources_place place);

bool resources_is_native(str name);
bool resources_is_extended(str name);
/* Asked for in a quota by that name alone: "cpu", "count" has its own rule. */
bool resources_is_standard_quota(str name);
/* The quantity of a node; 0 for anything else. */
struct quantity resources_quantity(struct fielderrs *e, node value);

#endif
