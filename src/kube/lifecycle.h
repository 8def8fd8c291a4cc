/* lifecycle - which kinds of Kubernetes are on their way out.
 *
 * The table is that of the Kubernetes client that Helm 4.3 is built with: the
 * release that deprecates a kind, the one that no longer has it, and what to
 * use instead. Any thread.
 */
#ifndef KUBE_LIFECYCLE_H
#define KUBE_LIFECYCLE_H

#include "base/buf.h"
#include "base/str.h"

struct lifecycle_release {
	uint64_t major, minor;	/* both 0: not known */
};

struct lifecycle {
	str api_version, kind;
	struct lifecycle_release deprecated, removed;
	str use;		/* "apps/v1 Deployment", or empty */
};

/* NULL when the kind is not deprecated, or not known. */
const struct lifecycle *lifecycle_find(str api_version, str kind);
/* Whether it is deprecated in that release of Kubernetes. */
bool lifecycle_is_deprecated(const struct lifecycle *l, struct lifecycle_release now);
/* "apps/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment" */
void lifecycle_warn(struct buf *b, const struct lifecycle *l);

#endif
