/* flux_components - the controllers of Flux in a cluster, found by their labels. */
#ifndef CLI_FLUX_COMPONENTS_H
#define CLI_FLUX_COMPONENTS_H

#include "cli/flux.h"

#define COMPONENTS_LABEL "app.kubernetes.io/part-of=flux"

extern const struct client_resource components_crds, components_deployments;

/* Deployments of a namespace that are part of Flux: a list of objects. */
err *components_list(struct cli *c, struct flux_server *s, str namespace, node *items)
	__attribute__((warn_unused_result));
/* "flux-v2.9.4", as the labels of the GitRepository definition say; empty when
 * they do not. */
err *components_distribution(struct cli *c, struct flux_server *s, str *out)
	__attribute__((warn_unused_result));

#endif
