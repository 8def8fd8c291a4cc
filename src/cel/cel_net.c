#include "cel/cel_kube.h"
#include "text/number.h"
#include "text/quote.h"

/* ---- reading ----------------------------------------------------------- */

str cel_net_address(struct arena *a, str text, struct cel_net *out)
{
	struct netip ip;
	str q = quote_str(a, text);
	err *e = netip_parse(text, &ip);

	if (e) {
		str wrong = arena_printf(a,
					 "IP Address %.*s parse error during conversion from string: "
					 "%.*s",
					 STR_ARG(q), STR_ARG(err_text(e)));

		err_free(e);
		return wrong;
	}
	if (ip.zone.n)
		return arena_printf(a, "IP address %.*s with zone value is not allowed", STR_ARG(q));
	if (netip_is_mapped(&ip))
		return arena_printf(a, "IPv4-mapped IPv6 address %.*s is not allowed", STR_ARG(q));
	*out = (struct cel_net){ .ip = ip };
	return STR_NONE;
}

static err *bad_prefix(str text, const char *why, str more)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, text, QUOTE_PRINT);
	return err_new(ERR_INVALID, "netip.ParsePrefix(%.*s): %s%.*s", STR_ARG(buf_str(&b)), why,
		       STR_ARG(more));
}

static err *parse_prefix(str text, struct cel_net *out)
{
	CLEANUP(buf_release) struct buf quoted_bits = BUF_INIT;
	size_t slash = str_rfind_char(text, '/');
	struct netip ip;
	str bits;
	int64_t n;

	if (slash == STR_NPOS)
		return bad_prefix(text, "no '/'", STR_NONE);
	err *e = netip_parse(str_sub(text, 0, slash), &ip);

	if (e) {
		err *wrong = bad_prefix(text, "", err_text(e));

		err_free(e);
		return wrong;
	}
	if (ip.zone.n)
		return bad_prefix(text, "IPv6 zones cannot be present in a prefix", STR_NONE);
	bits = str_from(text, slash + 1);
	quote_add(&quoted_bits, bits, QUOTE_PRINT);
	if (bits.n > 1 && (bits.p[0] < '1' || bits.p[0] > '9'))
		return bad_prefix(text, "bad bits after slash: ", buf_str(&quoted_bits));
	e = number_parse_atoi(bits, &n);
	if (e) {
		err_free(e);
		return bad_prefix(text, "bad bits after slash: ", buf_str(&quoted_bits));
	}
	if (n < 0 || n > netip_bits(&ip))
		return bad_prefix(text, "prefix length out of range", STR_NONE);
	*out = (struct cel_net){ .ip = ip, .bits = (uint8_t)n };
	return NULL;
}

str cel_net_prefix(struct arena *a, str text, struct cel_net *out)
{
	struct cel_net net;
	str q = quote_str(a, text);
	err *e = parse_prefix(text, &net);

	if (e) {
		str wrong = arena_printf(a, "network address parse error during conversion from string: "
					    "%.*s",
					 STR_ARG(err_text(e)));

		err_free(e);
		return wrong;
	}
	if (netip_is_mapped(&net.ip))
		return arena_printf(a, "IPv4-mapped IPv6 address %.*s is not allowed", STR_ARG(q));
	*out = net;
	return STR_NONE;
}

/* ---- writing ----------------------------------------------------------- */

void cel_net_add(struct buf *b, const struct cel_net *net, bool prefix)
{
	netip_print(b, &net->ip);
	if (prefix)
		buf_addf(b, "/%u", net->bits);
}
