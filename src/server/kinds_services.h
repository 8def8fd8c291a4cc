/* kinds_services - what the two files about Services share: addresses and ports
 * that are given to them (kinds_services.c), and their rules
 * (kinds_service_check.c).
 *
 * Worker-local.
 */
#ifndef SERVER_KINDS_SERVICES_H
#define SERVER_KINDS_SERVICES_H

#include "server/check.h"
#include "server/kind.h"

/* Asking for what a Service says of itself. */
bool kinds_services_is(node service, const char *type);
/* Its only address is "None". */
bool kinds_services_is_headless(node service);
bool kinds_services_needs_ports(node service);	/* of nodes */
bool kinds_services_needs_health_check(node service);
bool kinds_services_is_external(node service);

/* The rules of clusterIPs and families alone. */
void kinds_services_check_addresses(struct fielderrs *e, node service, node old);
void kinds_services_validate(struct kind_call *c);
void kinds_services_warn(struct kind_call *c);

#endif
