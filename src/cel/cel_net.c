#include "cel/cel_kube.h"
#include "text/netip.h"
#include "text/number.h"
#include "text/quote.h"

/* ---- reading ----------------------------------------------------------- */

/* Four bytes of a text that is known to be right. */
static void read_ipv4(str s, uint8_t *out)
{
	for (size_t i = 0; i < 4; i++) {
		uint64_t n = 0;
		str part;

		str_split(s, '.', &part, &s);
		str_to_u64(part, &n);
		out[i] = (uint8_t)n;
	}
}

static unsigned hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

/* Groups between colons into bytes from `out` on; gives how many bytes. */
static size_t read_groups(str s, uint8_t *out)
{
	size_t n = 0;
	str group;

	while (s.n && n < 16) {
		str_split(s, ':', &group, &s);
		if (str_find_char(group, '.') != STR_NPOS) {
			read_ipv4(group, out + n);
			return n + 4;
		}
		unsigned value = 0;

		for (size_t i = 0; i < group.n; i++)
			value = value * 16 + hex(group.p[i]);
		out[n++] = (uint8_t)(value >> 8);
		out[n++] = (uint8_t)value;
	}
	return n;
}

static void read_ipv6(str s, uint8_t out[16])
{
	uint8_t front[18] = { 0 }, back[18] = { 0 };
	size_t gap = str_find(s, S("::"));
	size_t n = read_groups(str_sub(s, 0, gap), front);

	memcpy(out, front, 16);
	if (gap == STR_NPOS)
		return;
	memset(out + n, 0, 16 - n);
	n = read_groups(str_from(s, gap + 2), back);
	memcpy(out + 16 - n, back, n);
}

static bool is_mapped(const struct cel_net *net)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return net->v6 && memcmp(net->bytes, prefix, sizeof prefix) == 0;
}

/* The address and its zone; an error of netip's. */
static err *parse(str text, struct cel_net *out, str *zone)
{
	struct netip ip = { 0 };
	str address = text;

	TRY(netip_parse(text, &ip));
	*out = (struct cel_net){ .v6 = ip.v6 };
	*zone = ip.zone;
	str_split(text, '%', &address, &(str){ 0 });
	if (ip.v6)
		read_ipv6(address, out->bytes);
	else
		read_ipv4(address, out->bytes);
	return NULL;
}

str cel_net_address(struct arena *a, str text, struct cel_net *out)
{
	struct cel_net net;
	str zone, q = quote_str(a, text);
	err *e = parse(text, &net, &zone);

	if (e) {
		str wrong = arena_printf(a,
					 "IP Address %.*s parse error during conversion from string: "
					 "%.*s",
					 STR_ARG(q), STR_ARG(err_text(e)));

		err_free(e);
		return wrong;
	}
	if (zone.n)
		return arena_printf(a, "IP address %.*s with zone value is not allowed", STR_ARG(q));
	if (is_mapped(&net))
		return arena_printf(a, "IPv4-mapped IPv6 address %.*s is not allowed", STR_ARG(q));
	*out = net;
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
	str zone, bits;
	int64_t n;

	if (slash == STR_NPOS)
		return bad_prefix(text, "no '/'", STR_NONE);
	err *e = parse(str_sub(text, 0, slash), out, &zone);

	if (e) {
		err *wrong = bad_prefix(text, "", err_text(e));

		err_free(e);
		return wrong;
	}
	if (out->v6 && zone.n)
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
	if (n < 0 || n > (out->v6 ? 128 : 32))
		return bad_prefix(text, "prefix length out of range", STR_NONE);
	out->bits = (uint8_t)n;
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
	if (is_mapped(&net))
		return arena_printf(a, "IPv4-mapped IPv6 address %.*s is not allowed", STR_ARG(q));
	*out = net;
	return STR_NONE;
}

/* ---- writing ----------------------------------------------------------- */

static unsigned group(const struct cel_net *net, size_t i)
{
	return (unsigned)net->bytes[2 * i] << 8 | net->bytes[2 * i + 1];
}

/* The first longest run of two and more groups of zeros. */
static void find_gap(const struct cel_net *net, size_t *from, size_t *to)
{
	*from = *to = 8;
	for (size_t i = 0; i < 8; i++) {
		size_t end = i;

		while (end < 8 && group(net, end) == 0)
			end++;
		if (end - i >= 2 && end - i > *to - *from) {
			*from = i;
			*to = end;
		}
	}
}

static void add_ipv6(struct buf *b, const struct cel_net *net)
{
	size_t from, to;

	find_gap(net, &from, &to);
	for (size_t i = 0; i < 8; i++) {
		if (i == from) {
			buf_add(b, S("::"));
			i = to;
			if (i >= 8)
				return;
		} else if (i) {
			buf_addc(b, ':');
		}
		buf_addf(b, "%x", group(net, i));
	}
}

void cel_net_add(struct buf *b, const struct cel_net *net, bool prefix)
{
	if (net->v6)
		add_ipv6(b, net);
	else
		buf_addf(b, "%u.%u.%u.%u", net->bytes[0], net->bytes[1], net->bytes[2], net->bytes[3]);
	if (prefix)
		buf_addf(b, "/%u", net->bits);
}

bool cel_net_same(const struct cel_net *a, const struct cel_net *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (a->v6 != b->v6 || memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return !rest || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}
