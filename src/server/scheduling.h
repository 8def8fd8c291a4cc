/* scheduling - validation of where Pods may run: selectors of nodes, affinity,
 * spreading, tolerations.
 *
 * `lenient` lets values through that are no values of labels, as an older
 * state of the object has them. Worker-local.
 */
#ifndef SERVER_SCHEDULING_H
#define SERVER_SCHEDULING_H

#include "server/check.h"

void scheduling_check_node_selector(struct fielderrs *e, const struct at *at, node selector,
				    bool lenient);
void scheduling_check_affinity(struct fielderrs *e, const struct at *at, node affinity,
			       bool lenient_nodes, bool lenient_pods);
void scheduling_check_spread(struct fielderrs *e, const struct at *at, node constraints, bool lenient);
void scheduling_check_tolerations(struct fielderrs *e, const struct at *at, node tolerations);
void scheduling_check_taint_effect(struct fielderrs *e, const struct at *at, node effect);
/* Terms of a NodeSelector that have values that are none of labels. */
bool scheduling_has_bad_value(node terms);

#endif
