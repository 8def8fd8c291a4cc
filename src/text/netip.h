/* netip - whether a text is an IP address, by Go's net/netip.
 *
 * What is accepted, and the words of every refusal: `ParseAddr("1::2::3"):
 * multiple :: in address (at ":3")`. Any thread.
 */
#ifndef TEXT_NETIP_H
#define TEXT_NETIP_H

#include "base/err.h"
#include "base/str.h"

struct netip {
	bool v6;
	str zone;		/* behind '%', borrowed; mostly empty */
};

err *netip_parse(str s, struct netip *out) __attribute__((warn_unused_result));

#endif
