/* address - what kind of place an IP address is.
 *
 * Addresses are 16 bytes; an IPv4 one stands in its place within IPv6
 * (::ffff:a.b.c.d), so both are compared alike. Any thread.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdint.h>

#include "base/str.h"

struct sockaddr;

struct address {
	uint8_t b[16];
};

/* "10.0.0.1" or "fd00::1", without brackets and zone. */
bool address_parse(str s, struct address *out);
/* False for what is neither IPv4 nor IPv6. `port` may be NULL. */
bool address_of(const struct sockaddr *sa, struct address *out, uint16_t *port);
/* "10.0.0.1:80" or "[fd00::1]:80". */
enum { ADDRESS_TEXT = 64 };
void address_print(const struct address *a, uint16_t port, char to[ADDRESS_TEXT]);

/* Whether it lies in the network "10.0.0.0/8"; false also for a bad one. */
bool address_in(const struct address *a, str network);
bool address_is_loopback(const struct address *a);
/* Reachable only on the own link; a cloud's metadata services among them. */
bool address_is_link_local(const struct address *a);
/* Not of the public internet: loopback, link-local, private, reserved. */
bool address_is_private(const struct address *a);

#endif
