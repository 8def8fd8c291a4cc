/* proxy - which requests go through a proxy, as Go's ProxyFromEnvironment
 * decides: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or the same in small letters.
 *
 * Go never sends requests for localhost and loopback addresses to a proxy.
 * NO_PROXY lists, with commas: "*", an address, a network "10.0.0.0/8", a
 * name (itself and all below it), ".name" or "*.name" (only those below); any but the
 * networks may end with ":port". The rules live in the arena and are
 * immutable. Any thread.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include "base/arena.h"
#include "text/gourl.h"

struct proxy_rules {
	str http, https; /* proxies for each scheme; empty: none */
	str no;
	bool cgi; /* HTTP_PROXY may come from a request's header: not used */
};

/* What the environment says now. Copies. */
void proxy_from_env(struct arena *a, struct proxy_rules *out);
/* The proxy for a URL, or the empty text. */
str proxy_for(const struct proxy_rules *p, const struct gourl *url);

#endif
