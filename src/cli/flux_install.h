/* flux_install - the steps that "flux install" and "flux bootstrap" share. */
#ifndef CLI_FLUX_INSTALL_H
#define CLI_FLUX_INSTALL_H

#include "cli/flux.h"
#include "cli/flux_manifests.h"

/* Whether to go on with an installation by another tool: ask, unless `force`.
 * `bootstrapped` is an error where `fresh` says that it is one. */
err *install_check_cluster(struct cli *c, struct flux_server *s, bool force, bool fresh,
			   bool *go_on) __attribute__((warn_unused_result));
/* Apply objects as flux does, definitions first. With `tell`, what became of
 * each goes to standard output. */
err *install_apply(struct cli *c, struct flux_server *s, node objects, bool tell)
	__attribute__((warn_unused_result));
/* The image pull secret of --registry-creds; nothing without it. */
err *install_pull_secret(struct cli *c, struct flux_server *s, const struct manifests_options *o)
	__attribute__((warn_unused_result));
/* Wait for the Deployment; tells about it. */
bool install_wait(struct cli *c, struct flux_server *s);

#endif
