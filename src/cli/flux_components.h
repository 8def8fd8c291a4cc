/* flux_components - the controllers of Flux in a cluster, found by their labels. */
#ifndef CLI_FLUX_COMPONENTS_H
#define CLI_FLUX_COMPONENTS_H

#include "cli/flux.h"

#define COMPONENTS_LABEL "app.kubernetes.io/part-of=flux"
/* What is installed unless the user says otherwise. */
#define COMPONENTS_DEFAULT \
	"source-controller,kustomize-controller,helm-controller,notification-controller"

extern const struct client_resource components_crds, components_deployments;

/* Deployments of a namespace that are part of Flux: a list of objects. */
err *components_list(struct cli *c, struct flux_server *s, str namespace, node *items)
	__attribute__((warn_unused_result));

/* What the labels of the GitRepository definition say about the installation;
 * texts are empty where they say nothing. */
struct components_cluster {
	str distribution;	/* "flux-v2.9.4" */
	str version;		/* "v2.9.4" */
	str manager;		/* "Helm", "flux": app.kubernetes.io/managed-by */
	bool bootstrapped;	/* a Kustomization applied it */
};
err *components_cluster(struct cli *c, struct flux_server *s, struct components_cluster *out)
	__attribute__((warn_unused_result));

/* The version of the `rill up` of this machine that serves `s`: its controllers run
 * in its own process, and no Deployment stands for them. Empty: it is none. */
str components_in_process(struct cli *c, struct flux_server *s);

/* Until all Deployments of these names are as they want to be, or the command's time
 * is up; at least every `interval`. Tells about each, by name; false: not all are. */
bool components_wait(struct cli *c, struct flux_server *s, str namespace, const str *names,
		     size_t n, int64_t interval);

#endif
