/* ipaddr - IP addresses and networks as Kubernetes takes them.
 *
 * Older fields take what Go once took (netip_parse_sloppy). The strict rule has
 * its own complaints about that. Any thread.
 */
#ifndef SERVER_IPADDR_H
#define SERVER_IPADDR_H

#include "server/check.h"
#include "text/netip.h"

struct ipnet {
	struct netip base;
	unsigned bits;
};

/* netutils.ParseCIDRSloppy; the address is not masked. */
bool ipaddr_parse_net(str text, struct ipnet *out);
/* Go's net.IP.String. */
str ipaddr_text(struct arena *a, const struct netip *ip);
str ipaddr_net_text(struct arena *a, const struct ipnet *net);
bool ipaddr_contains(const struct ipnet *net, const struct netip *ip);

/* The rule of older fields, for values that the object did not have before; and
 * the rule of new fields. */
bool ipaddr_check(struct fielderrs *e, const struct at *at, str text);
bool ipaddr_check_canonical(struct fielderrs *e, const struct at *at, str text);
bool ipaddr_check_net(struct fielderrs *e, const struct at *at, str text);
bool ipaddr_check_net_canonical(struct fielderrs *e, const struct at *at, str text);

/* An address where traffic can go: not of this node, nor of its links alone. */
void ipaddr_check_endpoint(struct fielderrs *e, const struct at *at, str text);

/* The warnings for addresses and networks that are good but odd. */
struct kind_warnings;
void ipaddr_warn(struct kind_warnings *w, const struct at *at, str text);
void ipaddr_warn_net(struct kind_warnings *w, const struct at *at, str text);

#endif
