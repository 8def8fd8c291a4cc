/* Where requests may go. */
#include <netdb.h>
#include <stdlib.h>

#include "net/client_impl.h"

#include "base/ascii.h"

const char *client_refuses(enum net_addresses rules, const struct address *a)
{
	if (rules != NET_ANY_ADDRESS && address_is_link_local(a))
		return "link-local addresses are not allowed";
	return NULL;
}

/* ---- a client that is locked down ------------------------------------------ */

static bool is_network(str s)
{
	struct address a;
	str base, length;
	uint64_t bits;

	return str_split(s, '/', &base, &length) && address_parse(base, &a) &&
	       str_to_u64(length, &bits) && bits <= (str_find_char(base, ':') == STR_NPOS ? 32 : 128);
}

static bool is_name(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_letter(s.p[i]) && !ascii_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' &&
		    (s.p[i] != '.' || !i || s.p[i - 1] == '.'))
			return false;
	return s.n > 0 && s.n < 256;
}

bool net_is_place(str s)
{
	struct address a;

	return address_parse(s, &a) || is_network(s) || is_name(s);
}

static bool is_at(str place, str host, const struct address *a)
{
	struct address one;

	if (address_parse(place, &one))
		return !memcmp(one.b, a->b, sizeof one.b);
	return is_network(place) ? address_in(a, place) : str_eq_nocase(place, host);
}

static const char *refuses(const struct net_lockdown *l, str host, const struct address *a)
{
	if (!l->on || !address_is_private(a))
		return NULL;
	for (size_t i = 0; i < l->open_n; i++)
		if (is_at(l->open[i], host, a))
			return NULL;
	return l->refusal.p;
}

const char *client_refuses_call(const struct net_call *call, str host, const struct address *a)
{
	const char *why = client_refuses(call->r.addresses, a);

	if (why || call->own_proxy || call->r.addresses == NET_ANY_ADDRESS)
		return why;
	return refuses(&call->client->lockdown, host, a);
}

err *client_refusal(const struct address *a, uint16_t port, const char *why)
{
	char text[ADDRESS_TEXT];

	address_print(a, port, text);
	return err_new(ERR_FORBIDDEN, "dial tcp %s: %s", text, why);
}

void client_lock_down(struct net_client *c, const struct net_lockdown *l)
{
	str *open = arena_array(&c->mem, str, l->open_n);

	for (size_t i = 0; i < l->open_n; i++)
		open[i] = arena_str(&c->mem, l->open[i]);
	c->lockdown = (struct net_lockdown){
		.on = l->on,
		.open = open,
		.open_n = l->open_n,
		.refusal = arena_str(&c->mem, l->refusal.n ? l->refusal
							   : S("private addresses are not allowed")),
	};
}

/* ---- for those who connect by themselves ------------------------------------ */

/* All of them must be open: which one is there tomorrow is not ours to say. */
static err *check(struct net_client *c, str host, const struct addrinfo *list)
{
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		struct address a;
		uint16_t port;

		if (!address_of(i->ai_addr, &a, &port))
			return err_new(ERR_FORBIDDEN, "lookup %.*s: no address of the internet",
				       STR_ARG(host));
		const char *why = client_refuses(NET_NO_LINK_LOCAL, &a);

		if (!why)
			why = refuses(&c->lockdown, host, &a);
		if (why)
			return client_refusal(&a, port, why);
	}
	return NULL;
}

err *net_client_dial(struct net_client *c, struct arena *a, str host, str port, str *address)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list;
	char text[NI_MAXHOST];

	*address = STR_NONE;
	if (!c->lockdown.on)
		return NULL;
	if (getaddrinfo(arena_str(a, host).p, arena_str(a, port).p, &hints, &list))
		return err_new(ERR_UNAVAILABLE, "dial tcp: lookup %.*s: no such host", STR_ARG(host));
	err *e = check(c, host, list);

	if (!e && getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0,
			      NI_NUMERICHOST))
		e = err_new(ERR_UNAVAILABLE, "dial tcp: lookup %.*s: no such host", STR_ARG(host));
	else if (!e)
		*address = arena_str(a, str_c(text));
	freeaddrinfo(list);
	return e;
}
