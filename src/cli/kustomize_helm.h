/* kustomize_helm - charts of helmCharts, rendered for `kustomize build`.
 *
 * As kustomize 5.8 with a helm program behind it, but in this process and
 * without a network: a chart must lie in the chart home. Worker-local.
 */
#ifndef CLI_KUSTOMIZE_HELM_H
#define CLI_KUSTOMIZE_HELM_H

#include "cli/command.h"
#include "kustomize/build.h"

struct kustomize_charts {
	struct kustomize_helm hook;
	struct cli *c;
	str kube_version;		/* win over the chart's own */
	const struct flag_list *api_versions;
};

void kustomize_helm_init(struct kustomize_charts *k, struct cli *c, str kube_version,
			   const struct flag_list *api_versions);

#endif
