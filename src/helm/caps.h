/* caps - .Capabilities: what the cluster can do, as templates see it.
 *
 * Without a cluster it is Helm's built-in list of API versions and the
 * Kubernetes version that its client library belongs to; flags change and
 * add. With a cluster the caller fills in what that says.
 *
 * Texts are borrowed; the object lives in its arena. Immutable once made.
 */
#ifndef HELM_CAPS_H
#define HELM_CAPS_H

#include "base/arena.h"
#include "base/err.h"
#include "helm/objects.h"

struct caps {
	struct objects_kube_version kube;
	const str *apis;	/* "apps/v1", "apps/v1/Deployment" */
	size_t apis_n;
	const struct objects_helm_version *helm;	/* NULL: Helm's own program */
};

/* The Helm in Flux's helm-controller 1.6. */
extern const struct objects_helm_version caps_of_flux;

/* The Helm release whose templates we render. */
#define CAPS_HELM_VERSION "v4.3"
#define CAPS_GO_VERSION "go1.26.8"
#define CAPS_KUBE_VERSION "v1.37.0"

/* Helm's built-in list, with `more` behind it; no cluster. */
struct caps caps_offline(struct arena *a, const str *more, size_t n);

/* Read a --kube-version: at least two numbers, a suffix is kept for show. */
err *caps_parse_version(struct arena *a, str text, struct objects_kube_version *out)
	__attribute__((warn_unused_result));

/* .Capabilities */
node caps_object(struct arena *a, const struct caps *c);

#endif
