/* service - what the controllers serve over HTTP: artifacts, metrics, health.
 *
 * One thread for all three, each on its own address:
 *
 *	storage		GET /KIND/NAMESPACE/NAME/FILE: the files of the store
 *	metrics		/metrics, and /debug/dump: queue, objects, memory by owner
 *	health		/healthz and /readyz
 *
 * An address is Go's: ":9090" means all of the machine's. Any thread.
 */
#ifndef CONTROLLERS_SERVICE_H
#define CONTROLLERS_SERVICE_H

#include "controllers/runtime.h"

struct service;

/* Each empty: not served. */
struct service_addresses {
	str storage, metrics, health;
};

/* Listens at once; who asks for artifacts or metrics before there are any is
 * told to come back. */
err *service_new(struct service **out, const struct service_addresses *o)
	__attribute__((warn_unused_result));
/* Serve a directory of charts beside the artifacts, as a Helm repository:
 * its URL, in `a`. Before anybody asks; there must be a storage address. */
err *service_add_charts(struct service *s, struct arena *a, str dir, str *url)
	__attribute__((warn_unused_result));
/* Both borrowed, until service_free. */
void service_set_store(struct service *s, struct artifact_store *store);
void service_set_runtime(struct service *s, struct runtime *rt);
/* Leases that are waited for, and then held: /metrics tells so. Borrowed, as the others. */
void service_set_leases(struct service *s, const str *names, size_t n);
void service_set_leads(struct service *s);
/* NULL is fine. */
void service_free(struct service *s);
/* "/readyz" says yes from here on. */
void service_set_ready(struct service *s);
/* "127.0.0.1:41234", where artifacts are served; empty when they are not. */
str service_storage_address(const struct service *s);

#endif
