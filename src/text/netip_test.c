#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/netip.h"

static const struct {
	const char *text, *want;	/* behind "ParseAddr(...): "; "4", "6" or "6%" when accepted */
} addresses[] = {
	{ "", "unable to parse IP" },
	{ "1.2.3.4", "4" },
	{ "1.2.3", "IPv4 address too short" },
	{ "1.2.3.4.5", "IPv4 address too long" },
	{ "1.2.3.04", "IPv4 field has octet with leading zero" },
	{ "1.2.3.256", "IPv4 field has value >255" },
	{ "1..2.3", "IPv4 field must have at least one digit (at \".2.3\")" },
	{ "1.2.3.x", "unexpected character (at \"x\")" },
	{ "%eth0", "missing IPv6 address" },
	{ "::", "6" },
	{ "::%eth0", "6%" },
	{ "::1%", "zone must be a non-empty string" },
	{ "1:2:3:4:5:6:7:8", "6" },
	{ "1:2:3:4:5:6:7", "address string too short" },
	{ "1:2:3:4:5:6:7:8:9", "trailing garbage after address (at \"9\")" },
	{ "1:2:3:4:5:6:7::8", "the :: must expand to at least one field of zeros" },
	{ "1::2::3", "multiple :: in address (at \":3\")" },
	{ "12345::", "each group must have 4 or less digits (at \"12345::\")" },
	{ "1:", "colon must be followed by more characters (at \":\")" },
	{ ":1", "each colon-separated field must have at least one digit (at \":1\")" },
	{ "1:x", "each colon-separated field must have at least one digit (at \"x\")" },
	{ "1x::", "unexpected character, want colon (at \"x::\")" },
	{ "::ffff:1.2.3.4", "6" },
	{ "1:2:1.2.3.4", "embedded IPv4 address must replace the final 2 fields of the address "
			 "(at \"1.2.3.4\")" },
	{ "::2:3:4:5:6:7:8:1.2.3.4", "too many hex fields to fit an embedded IPv4 at the end of the "
				   "address (at \"1.2.3.4\")" },
};

static void test_addresses_as_go_reads_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct netip ip = { 0 };
		err *e = netip_parse(str_c(addresses[i].text), &ip);
		const char *got = ip.zone.n ? "6%" : ip.v6 ? "6" : "4";

		if (e)
			got = strstr(err_msg(e), "\"): ") + 4;
		assert_string_equal(got, addresses[i].want);
		err_free(e);
	}
}

static const struct {
	const char *text, *want;	/* NULL: no address */
} sloppy[] = {
	{ "010.000.0.0001", "10.0.0.1" },
	{ "256.0.0.1", NULL },
	{ "1.2.3", NULL },
	{ "::ffff:1.02.3.4", "1.2.3.4" },
	{ "::1.2.3.04", "::102:304" },
	{ "000001::00000", "1::" },
	{ "10000::", NULL },
	{ "fe80::1%eth0", NULL },
	{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	{ "1:0:0:4:0:0:0:8", "1:0:0:4::8" },
	{ "1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8" },
	{ "0:0:0:0:0:0:0:0", "::" },
	{ "1:2:3:4:5:6:7:8:", NULL },
	{ "", NULL },
};

static void test_the_sloppy_rule_and_what_is_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sloppy / sizeof *sloppy; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct netip ip = { .v6 = true };

		assert_int_equal(netip_parse_sloppy(str_c(sloppy[i].text), &ip), sloppy[i].want != NULL);
		if (!sloppy[i].want)
			continue;
		netip_print(&b, &ip);
		assert_string_equal(buf_c(&b), sloppy[i].want);
	}
}

static struct netip address(const char *text)
{
	struct netip ip;

	assert_null(netip_parse(str_c(text), &ip));
	return ip;
}

static void test_mapped_addresses_stay_what_they_are(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct netip ip = address("::FFFF:0102:0304");

	(void)state;
	assert_true(ip.v6 && netip_is_mapped(&ip));
	netip_print(&b, &ip);
	assert_string_equal(buf_c(&b), "::ffff:1.2.3.4");
}

static void test_prefixes_are_bits_from_the_front(void **state)
{
	struct netip a = address("10.1.255.255"), b = address("10.1.128.0"), c = address("::ff");

	(void)state;
	assert_true(netip_same(&a, &b, 17) && !netip_same(&a, &b, 18) && netip_same(&a, &b, 0));
	assert_false(netip_same(&a, &c, 0));
	netip_mask(&a, 17);
	assert_true(netip_same(&a, &b, 32));
	netip_mask(&c, 124);
	assert_int_equal(c.bytes[15], 0xf0);
	netip_mask(&c, 0);
	assert_true(netip_is_unspecified(&c));
}

static void test_ranges_have_names(void **state)
{
	static const struct {
		const char *text, *ranges;
	} rows[] = {
		{ "0.0.0.0", "u" },	  { "::", "u" },	{ "127.9.9.9", "l" },
		{ "::1", "l" },		  { "::2", "" },	{ "169.254.1.1", "s" },
		{ "febf::1", "s" },	  { "fec0::1", "" },	{ "224.0.0.9", "mS" },
		{ "224.0.1.9", "m" },	  { "ff02::1", "mS" },	{ "ff12::1", "mS" },
		{ "ff05::1", "m" },	  { "239.1.1.1", "m" }, { "240.0.0.1", "" },
		{ "10.0.0.1", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct netip ip = address(rows[i].text);
		char got[8], *p = got;

		if (netip_is_unspecified(&ip))
			*p++ = 'u';
		if (netip_is_loopback(&ip))
			*p++ = 'l';
		if (netip_is_multicast(&ip))
			*p++ = 'm';
		if (netip_is_link_local_unicast(&ip))
			*p++ = 's';
		if (netip_is_link_local_multicast(&ip))
			*p++ = 'S';
		*p = 0;
		assert_string_equal(got, rows[i].ranges);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_as_go_reads_them),
		cmocka_unit_test(test_the_sloppy_rule_and_what_is_printed),
		cmocka_unit_test(test_mapped_addresses_stay_what_they_are),
		cmocka_unit_test(test_prefixes_are_bits_from_the_front),
		cmocka_unit_test(test_ranges_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
