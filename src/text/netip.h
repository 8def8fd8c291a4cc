/* netip - IP addresses as texts, by Go's net/netip.
 *
 * What is accepted, and the words of every refusal: `ParseAddr("1::2::3"):
 * multiple :: in address (at ":3")`. Addresses are bytes from the front, of
 * IPv4 the first four; prefixes are counted in bits from there. Older fields
 * of Kubernetes take what Go's package net took before 1.17: the sloppy rule.
 *
 * A struct netip borrows its zone from the text. Any thread.
 */
#ifndef TEXT_NETIP_H
#define TEXT_NETIP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct netip {
	bool v6;
	uint8_t bytes[16];	/* zeros behind the first four of an IPv4 address */
	str zone;		/* behind '%', borrowed; mostly empty */
};

err *netip_parse(str s, struct netip *out) __attribute__((warn_unused_result));
/* netutils.ParseIPSloppy: any zeros in front of numbers and no zones; an IPv4 address
 * inside of IPv6 is one of IPv4. False, and `out` is as before, for what is no address. */
bool netip_parse_sloppy(str s, struct netip *out);

/* The text of RFC 5952, without the zone. */
void netip_print(struct buf *b, const struct netip *ip);
/* ::ffff:a.b.c.d */
bool netip_is_mapped(const struct netip *ip);
/* 128 or 32: all bits of an address. */
unsigned netip_bits(const struct netip *ip);
/* Set all behind the first `bits` bits to zero. */
void netip_mask(struct netip *ip, unsigned bits);
/* Whether both are of one family, and the same in their first `bits` bits. */
bool netip_same(const struct netip *a, const struct netip *b, unsigned bits);

/* Go's names for the ranges. */
bool netip_is_unspecified(const struct netip *ip);
bool netip_is_loopback(const struct netip *ip);
bool netip_is_multicast(const struct netip *ip);
bool netip_is_link_local_unicast(const struct netip *ip);
bool netip_is_link_local_multicast(const struct netip *ip);

#endif
