/* kinds_impl - what the files of the built-in kinds share.
 *
 * kinds.c has the rows; the code behind them is in one file a family. The
 * hooks that a row names are declared here.
 */
#ifndef SERVER_KINDS_IMPL_H
#define SERVER_KINDS_IMPL_H

#include "server/kind.h"

/* Values of field selectors that are not simply the text at a path:
 * kinds_select.c. */
str kinds_select_pod_host_network(struct arena *a, node pod);
str kinds_select_pod_node(struct arena *a, node pod);
str kinds_select_pod_ip(struct arena *a, node pod);
str kinds_select_nothing(struct arena *a, node object);
str kinds_select_node_unschedulable(struct arena *a, node n);
str kinds_select_status_replicas(struct arena *a, node object);
str kinds_select_job_successful(struct arena *a, node job);
str kinds_select_event_source(struct arena *a, node event);

/* Hooks, by family. */
extern const struct kind_hooks kinds_event_view_hooks, kinds_hpa_view_hooks;

#endif
