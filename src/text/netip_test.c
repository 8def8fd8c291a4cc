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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_as_go_reads_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
