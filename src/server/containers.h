/* containers - validation of the containers of a PodSpec: regular, init and
 * ephemeral ones.
 *
 * The rules and their words are Kubernetes': validateContainers,
 * validateInitContainers and validateEphemeralContainers of
 * pkg/apis/core/validation. Complaints are added to `errors` in the original's
 * order, all that there are; nothing is changed. All is borrowed for the time of
 * the call. Worker-local.
 */
#ifndef SERVER_CONTAINERS_H
#define SERVER_CONTAINERS_H

#include "server/check.h"

/* What containers are checked against. */
struct containers_pod {
	struct fielderrs *errors;
	const struct at *at;	/* of the PodSpec */
	node spec;
	node volumes;		/* the good ones, by name */
	node claims;		/* names of resource claims, as keys */
	bool is_pod;		/* not a template */
	bool host_users;
	bool lenient_pages;	/* amounts of huge pages that are no multiples stay */
};

void containers_check(const struct containers_pod *pod);

/* All containers: init, regular, ephemeral, each with its place. */
struct containers_visit {
	struct fielderrs *errors;
	void (*each)(struct containers_visit *v, const struct at *at, node container);
	void *data;
};
void containers_visit(struct containers_visit *v, const struct at *spec_at, node spec);

/* No container, or one that may not be there any more, says this. */
bool containers_is_sidecar(node container);

#endif
