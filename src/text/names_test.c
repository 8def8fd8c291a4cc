#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/names.h"

static const struct {
	const char *name;
	enum name_rule rule;
	bool good;
} names[] = {
	{ "podinfo", NAME_DNS_LABEL, true },	    { "pod.info", NAME_DNS_LABEL, false },
	{ "pod.info", NAME_DNS_SUBDOMAIN, true },   { "Pod", NAME_DNS_SUBDOMAIN, false },
	{ "a..b", NAME_DNS_SUBDOMAIN, false },	    { "", NAME_DNS_SUBDOMAIN, false },
	{ "app.kubernetes.io/name", NAME_QUALIFIED, true },
	{ "a/b/c", NAME_QUALIFIED, false },	    { "-a", NAME_QUALIFIED, false },
	{ "", NAME_LABEL_VALUE, true },		    { "A_b.c-1", NAME_LABEL_VALUE, true },
	{ "a b", NAME_LABEL_VALUE, false },
	{ "widgets", NAME_DNS1035_LABEL, true },    { "1a", NAME_DNS1035_LABEL, false },
	{ "a.b", NAME_DNS1035_LABEL, false },	    { "system:x", NAME_PATH_SEGMENT, true },
	{ "..", NAME_PATH_SEGMENT, false },	    { "a/%", NAME_PATH_SEGMENT, false },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		CLEANUP(buf_release) struct buf why = BUF_INIT;

		if (name_check(str_c(names[i].name), names[i].rule, &why) != names[i].good)
			fail_msg("'%s': %s", names[i].name, buf_c(&why));
		assert_int_equal(why.n == 0, names[i].good);
	}
}

static void test_complaints(void **state)
{
	str list[NAME_COMPLAINTS_MAX];
	char long_name[300];

	(void)state;
	memset(long_name, '-', sizeof long_name);
	assert_int_equal(name_complaints(str_of(long_name, 300), NAME_DNS_SUBDOMAIN, list), 2);
	assert_true(str_eq(list[0], S("must be no more than 253 characters")));
	long_name[280] = '/';
	assert_int_equal(name_complaints(str_of(long_name, 300), NAME_QUALIFIED, list), 3);
	assert_true(str_eq(list[0], S("prefix part must be no more than 253 bytes")));
	assert_int_equal(name_complaints(S("/%"), NAME_PATH_SEGMENT, list), 2);
	assert_true(str_eq(list[1], S("may not contain '%'")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_complaints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
