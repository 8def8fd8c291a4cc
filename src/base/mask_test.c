#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mask.h"

static const struct {
	const char *secrets[4];
	const char *text, *want;
} cases[] = {
	{ { "hunter2" }, "password=hunter2;", "password=***;" },
	{ { "hunter2" }, "hunter2hunter2", "******" },
	{ { "hunter2" }, "hunter", "hunter" },
	{ { "hunter2\n" }, "hunter2", "***" },
	{ { "abcd", "abcdef" }, "xabcdefx", "x***x" },
	{ { "abcd", "cdef" }, "xabcdefx", "x***x" },
	{ { "aaaa" }, "aaaaaaa", "***" },
	{ { "abcd", "efgh" }, "abcdefgh", "******" },
	/* Too short to hide anything. */
	{ { "abc", "", " \n" }, "abc", "abc" },
	/* base64 of "hunter2" is aHVudGVyMg==; its first two groups tell it. */
	{ { "hunter2" }, "data: aHVudGVyMg==", "data: ***Mg==" },
	{ { "s3cr\xff\x01" }, "s3cr\xff\x01!", "***!" },
	{ { NULL }, "anything", "anything" },
	{ { "word" }, "", "" },
};

static void test_secrets_are_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mask *m = mask_new();
		struct buf out = BUF_INIT;

		for (size_t k = 0; k < 4 && cases[i].secrets[k]; k++)
			mask_add(m, str_c(cases[i].secrets[k]));
		mask_text(m, str_c(cases[i].text), &out);
		assert_string_equal(buf_c(&out), cases[i].want);
		assert_int_equal(mask_has(m, str_c(cases[i].text)),
				 strcmp(cases[i].text, cases[i].want) != 0);
		buf_release(&out);
		mask_free(m);
	}
}

static void test_values_are_counted(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	mask_add(m, S("hunter2"));
	mask_add(m, S("hunter2"));
	mask_remove(m, S("hunter2"));
	assert_true(mask_has(m, S("hunter2")));
	mask_remove(m, S("hunter2"));
	assert_false(mask_has(m, S("hunter2")));
	assert_false(mask_has(m, S("aHVudGVyMg==")));
	mask_remove(m, S("hunter2"));
	mask_free(m);
}

static void test_no_mask_copies(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	mask_text(NULL, S("hunter2"), &out);
	assert_string_equal(buf_c(&out), "hunter2");
	assert_false(mask_has(NULL, S("hunter2")));
	mask_free(NULL);
	buf_release(&out);
}

static void test_many_secrets(void **state)
{
	struct mask *m = mask_new();
	struct buf out = BUF_INIT;
	char s[32];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(s, sizeof s, "tok%d-secret", i);
		mask_add(m, str_c(s));
	}
	mask_text(m, S("a tok0-secret b tok4999-secret c tok5000-secret"), &out);
	assert_string_equal(buf_c(&out), "a *** b *** c tok5000-secret");
	buf_release(&out);
	mask_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_replaced),
		cmocka_unit_test(test_values_are_counted),
		cmocka_unit_test(test_no_mask_copies),
		cmocka_unit_test(test_many_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
