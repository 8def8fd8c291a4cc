#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool address_parse(str s, struct address *out)
{
	char text[INET6_ADDRSTRLEN + 1];

	if (!s.n || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	struct address a;

	memcpy(a.b, mapped, sizeof mapped);
	if (inet_pton(AF_INET, text, a.b + 12) != 1 && inet_pton(AF_INET6, text, a.b) != 1)
		return false;
	*out = a;
	return true;
}

bool address_of(const struct sockaddr *sa, struct address *out, uint16_t *port)
{
	uint16_t p;

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		memcpy(out->b, mapped, sizeof mapped);
		memcpy(out->b + 12, &in.sin_addr, 4);
		p = in.sin_port;
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in;

		memcpy(&in, sa, sizeof in);
		memcpy(out->b, &in.sin6_addr, 16);
		p = in.sin6_port;
	} else {
		return false;
	}
	if (port)
		*port = ntohs(p);
	return true;
}

void address_print(const struct address *a, uint16_t port, char to[ADDRESS_TEXT])
{
	char text[INET6_ADDRSTRLEN];

	if (!memcmp(a->b, mapped, sizeof mapped)) {
		inet_ntop(AF_INET, a->b + 12, text, sizeof text);
		snprintf(to, ADDRESS_TEXT, "%s:%u", text, port);
	} else {
		inet_ntop(AF_INET6, a->b, text, sizeof text);
		snprintf(to, ADDRESS_TEXT, "[%s]:%u", text, port);
	}
}

bool address_in(const struct address *a, str network)
{
	struct address base;
	uint64_t bits;
	str text, length;

	if (!str_split(network, '/', &text, &length) || !address_parse(text, &base) ||
	    !str_to_u64(length, &bits) || bits > 128)
		return false;
	if (str_find_char(text, ':') == STR_NPOS)
		bits += 96;
	if (bits > 128)
		return false;
	for (size_t i = 0; i < bits; i++)
		if ((a->b[i / 8] ^ base.b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static bool in_any(const struct address *a, const str *networks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (address_in(a, networks[i]))
			return true;
	return false;
}
#define IN_ANY(a, ...)                            \
	in_any((a), (const str[]){ __VA_ARGS__ }, \
	       sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str))

bool address_is_loopback(const struct address *a)
{
	return IN_ANY(a, S("127.0.0.0/8"), S("::1/128"));
}

/* fd00:ec2::254 is where a cloud keeps its metadata service in IPv6. */
bool address_is_link_local(const struct address *a)
{
	return IN_ANY(a, S("169.254.0.0/16"), S("fe80::/10"), S("fd00:ec2::254/128"));
}

/* 168.63.129.16 is a cloud's own, on every machine of it. In the others of IPv6 there may be
 * IPv4 addresses of any kind. */
bool address_is_private(const struct address *a)
{
	return address_is_loopback(a) || address_is_link_local(a) ||
	       IN_ANY(a, S("0.0.0.0/8"), S("10.0.0.0/8"), S("100.64.0.0/10"), S("168.63.129.16/32"),
		      S("172.16.0.0/12"), S("192.0.0.0/24"), S("192.168.0.0/16"), S("198.18.0.0/15"),
		      S("224.0.0.0/3"), S("::/96"), S("64:ff9b::/96"), S("64:ff9b:1::/48"),
		      S("2002::/16"), S("fc00::/7"), S("fec0::/10"), S("ff00::/8"));
}
