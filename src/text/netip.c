#include "text/netip.h"

#include "base/ascii.h"
#include "text/quote.h"

/* `at` is what was not read, if that is told. */
static err *bad_address(str s, const char *why, str at)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("ParseAddr("));
	quote_add(&b, s, QUOTE_PRINT);
	buf_addf(&b, "): %s", why);
	if (at.n) {
		buf_add(&b, S(" (at "));
		quote_add(&b, at, QUOTE_PRINT);
		buf_addc(&b, ')');
	}
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

/* How a text is read: it is cut off the front of `rest`. */
struct reader {
	str whole, rest;
	bool sloppy;		/* zeros in front are fine, and nobody reads the words */
	uint8_t bytes[16];
	unsigned n;		/* bytes so far */
	int gap;		/* bytes before "::"; -1: none so far */
};

static err *bad(const struct reader *r, const char *why, str at)
{
	return r->sloppy ? err_new(ERR_INVALID, "%s", why) : bad_address(r->whole, why, at);
}

/* An IPv4 address, perhaps at the end of an IPv6 one: four bytes behind the others. */
static err *take_ipv4(struct reader *r)
{
	unsigned value = 0, digits = 0, dots = 0;
	str s = r->rest;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (ascii_is_digit(c)) {
			if (digits == 1 && value == 0 && !r->sloppy)
				return bad(r, "IPv4 field has octet with leading zero", STR_NONE);
			value = value * 10 + (unsigned)(c - '0');
			digits++;
			if (value > 255)
				return bad(r, "IPv4 field has value >255", STR_NONE);
			continue;
		}
		if (c != '.')
			return bad(r, "unexpected character", str_from(s, i));
		if (!digits || i == s.n - 1)
			return bad(r, "IPv4 field must have at least one digit", str_from(s, i));
		if (dots++ == 3)
			return bad(r, "IPv4 address too long", STR_NONE);
		r->bytes[r->n++] = (uint8_t)value;
		value = digits = 0;
	}
	if (dots < 3)
		return bad(r, "IPv4 address too short", STR_NONE);
	r->bytes[r->n++] = (uint8_t)value;
	r->rest = STR_NONE;
	return NULL;
}

static err *take_ipv4_tail(struct reader *r)
{
	if (r->gap < 0 && r->n != 12)
		return bad(r, "embedded IPv4 address must replace the final 2 fields of the address",
			   r->rest);
	if (r->n + 4 > 16)
		return bad(r,
			   "too many hex fields to fit an embedded IPv4 at the end of the address",
			   r->rest);
	return take_ipv4(r);
}

static unsigned hex(char c)
{
	return ascii_is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

static err *take_group(struct reader *r)
{
	unsigned value = 0;
	size_t n = 0;

	for (; n < r->rest.n && ascii_is_hex(r->rest.p[n]); n++) {
		value = value * 16 + hex(r->rest.p[n]);
		if (r->sloppy ? value > 0xffff : n > 3)
			return bad(r, "each group must have 4 or less digits", r->rest);
	}
	if (!n)
		return bad(r, "each colon-separated field must have at least one digit", r->rest);
	if (n < r->rest.n && r->rest.p[n] == '.')
		return take_ipv4_tail(r);
	r->bytes[r->n++] = (uint8_t)(value >> 8);
	r->bytes[r->n++] = (uint8_t)value;
	r->rest = str_from(r->rest, n);
	return NULL;
}

static err *take_colons(struct reader *r)
{
	if (r->rest.p[0] != ':')
		return bad(r, "unexpected character, want colon", r->rest);
	if (r->rest.n == 1)
		return bad(r, "colon must be followed by more characters", r->rest);
	r->rest = str_from(r->rest, 1);
	if (r->rest.p[0] != ':')
		return NULL;
	if (r->gap >= 0)
		return bad(r, "multiple :: in address", r->rest);
	r->gap = (int)r->n;
	r->rest = str_from(r->rest, 1);
	return NULL;
}

/* Zeros where "::" stands. */
static void fill_gap(struct reader *r)
{
	unsigned behind = r->n - (unsigned)r->gap;

	memmove(r->bytes + 16 - behind, r->bytes + r->gap, behind);
	memset(r->bytes + r->gap, 0, 16 - r->n);
}

static err *take_groups(struct reader *r)
{
	while (r->n < 16 && r->rest.n) {
		TRY(take_group(r));
		if (r->rest.n)
			TRY(take_colons(r));
	}
	if (r->rest.n)
		return bad(r, "trailing garbage after address", r->rest);
	if (r->n < 16 && r->gap < 0)
		return bad(r, "address string too short", STR_NONE);
	if (r->n == 16 && r->gap >= 0)
		return bad(r, "the :: must expand to at least one field of zeros", STR_NONE);
	if (r->gap >= 0)
		fill_gap(r);
	return NULL;
}

static err *parse_ipv6(struct reader *r, str *zone)
{
	bool has_zone = str_split(r->whole, '%', &r->rest, zone);

	if (has_zone && (r->sloppy || !zone->n))
		return bad(r, "zone must be a non-empty string", STR_NONE);
	if (str_take_str(&r->rest, S("::")))
		r->gap = 0;
	return take_groups(r);
}

/* Whichever of '.' and ':' comes first tells the family. */
static err *parse(str s, bool sloppy, struct netip *out)
{
	struct reader r = { .whole = s, .rest = s, .sloppy = sloppy, .gap = -1 };
	struct netip ip = { 0 };

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%')
			return bad(&r, "missing IPv6 address", STR_NONE);
		if (s.p[i] != '.' && s.p[i] != ':')
			continue;
		ip.v6 = s.p[i] == ':';
		TRY(ip.v6 ? parse_ipv6(&r, &ip.zone) : take_ipv4(&r));
		memcpy(ip.bytes, r.bytes, sizeof ip.bytes);
		*out = ip;
		return NULL;
	}
	return bad(&r, "unable to parse IP", STR_NONE);
}

err *netip_parse(str s, struct netip *out)
{
	return parse(s, false, out);
}

bool netip_parse_sloppy(str s, struct netip *out)
{
	struct netip ip;
	err *e = parse(s, true, &ip);

	err_free(e);
	if (e)
		return false;
	*out = ip;
	if (!netip_is_mapped(&ip))
		return true;
	*out = (struct netip){ 0 };
	memcpy(out->bytes, ip.bytes + 12, 4);
	return true;
}

/* ---- printing ---------------------------------------------------------- */

static unsigned group(const struct netip *ip, size_t i)
{
	return (unsigned)ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1];
}

/* The first longest run of two and more groups of zeros. */
static void find_gap(const struct netip *ip, size_t *from, size_t *to)
{
	*from = *to = 8;
	for (size_t i = 0; i < 8; i++) {
		size_t end = i;

		while (end < 8 && group(ip, end) == 0)
			end++;
		if (end - i >= 2 && end - i > *to - *from) {
			*from = i;
			*to = end;
		}
	}
}

static void print_ipv4(struct buf *b, const uint8_t bytes[4])
{
	buf_addf(b, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

void netip_print(struct buf *b, const struct netip *ip)
{
	size_t from, to;

	if (!ip->v6) {
		print_ipv4(b, ip->bytes);
		return;
	}
	if (netip_is_mapped(ip)) {
		buf_add(b, S("::ffff:"));
		print_ipv4(b, ip->bytes + 12);
		return;
	}
	find_gap(ip, &from, &to);
	for (size_t i = 0; i < 8; i++) {
		if (i == from) {
			buf_add(b, S("::"));
			i = to;
			if (i >= 8)
				return;
		} else if (i) {
			buf_addc(b, ':');
		}
		buf_addf(b, "%x", group(ip, i));
	}
}

/* ---- bits -------------------------------------------------------------- */

bool netip_is_mapped(const struct netip *ip)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return ip->v6 && !memcmp(ip->bytes, prefix, sizeof prefix);
}

unsigned netip_bits(const struct netip *ip)
{
	return ip->v6 ? 128 : 32;
}

void netip_mask(struct netip *ip, unsigned bits)
{
	for (unsigned i = bits / 8; i < 16; i++)
		ip->bytes[i] &= i == bits / 8 ? (uint8_t)(0xff00 >> bits % 8) : 0;
}

bool netip_same(const struct netip *a, const struct netip *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (a->v6 != b->v6 || memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return !rest || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

/* Whether the address is of that family and begins with `bits` bits of `bytes`. */
static bool begins(const struct netip *ip, bool v6, const uint8_t *bytes, unsigned bits)
{
	struct netip prefix = { .v6 = v6 };

	memcpy(prefix.bytes, bytes, (bits + 7) / 8);
	return netip_same(ip, &prefix, bits);
}
#define BEGINS(ip, v6, bits, ...) begins((ip), (v6), (const uint8_t[16]){ __VA_ARGS__ }, (bits))

bool netip_is_unspecified(const struct netip *ip)
{
	return BEGINS(ip, ip->v6, netip_bits(ip), 0);
}

bool netip_is_loopback(const struct netip *ip)
{
	return BEGINS(ip, false, 8, 127) || BEGINS(ip, true, 128, [15] = 1);
}

bool netip_is_multicast(const struct netip *ip)
{
	return BEGINS(ip, false, 4, 224) || BEGINS(ip, true, 8, 0xff);
}

bool netip_is_link_local_unicast(const struct netip *ip)
{
	return BEGINS(ip, false, 16, 169, 254) || BEGINS(ip, true, 10, 0xfe, 0x80);
}

bool netip_is_link_local_multicast(const struct netip *ip)
{
	return BEGINS(ip, false, 24, 224, 0, 0) ||
	       (BEGINS(ip, true, 8, 0xff) && (ip->bytes[1] & 15) == 2);
}
