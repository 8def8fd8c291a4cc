/* ipaddr - IP addresses and networks as Kubernetes takes them.
 *
 * Older fields take what Go once took: numbers with zeros in front, IPv4
 * inside of IPv6. The strict rule has its own complaints about those. Any
 * thread.
 */
#ifndef SERVER_IPADDR_H
#define SERVER_IPADDR_H

#include "server/check.h"

struct ipaddr {
	bool v6;
	uint8_t bytes[16];	/* an IPv4 address in the last four */
};

struct ipnet {
	struct ipaddr base;
	unsigned bits;
};

/* netutils.ParseIPSloppy and ParseCIDRSloppy; the address is not masked. */
bool ipaddr_parse(str text, struct ipaddr *out);
bool ipaddr_parse_net(str text, struct ipnet *out);
/* Go's net.IP.String. */
str ipaddr_text(struct arena *a, const struct ipaddr *ip);
str ipaddr_net_text(struct arena *a, const struct ipnet *net);
bool ipaddr_contains(const struct ipnet *net, const struct ipaddr *ip);
bool ipaddr_eq(const struct ipaddr *x, const struct ipaddr *y);

bool ipaddr_is_unspecified(const struct ipaddr *ip);
bool ipaddr_is_loopback(const struct ipaddr *ip);
bool ipaddr_is_link_local(const struct ipaddr *ip);
bool ipaddr_is_link_local_multicast(const struct ipaddr *ip);

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
