#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/cbor.h"

/* Of RFC 8949, appendix A. */
static const struct {
	const char *hex;
	enum cbor_kind kind;
	uint64_t n;
} items[] = {
	{ "00", CBOR_UINT, 0 },
	{ "17", CBOR_UINT, 23 },
	{ "1818", CBOR_UINT, 24 },
	{ "1903e8", CBOR_UINT, 1000 },
	{ "1a000f4240", CBOR_UINT, 1000000 },
	{ "1b000000e8d4a51000", CBOR_UINT, 1000000000000 },
	{ "20", CBOR_NEGATIVE, 0 },
	{ "3903e7", CBOR_NEGATIVE, 999 },
	{ "4401020304", CBOR_BYTES, 4 },
	{ "6449455446", CBOR_TEXT, 4 },
	{ "83010203", CBOR_ARRAY, 3 },
	{ "a201020304", CBOR_MAP, 2 },
	{ "c11a514b67b0", CBOR_TAG, 1 },
};

static const char *const refused[] = {
	"",	    "18",	 "19ff",      "44010203", "5f42010243030405ff", /* no end is said */
	"9fff",	    "bfff",	 "f4",	      "f93c00",	  "1c",
	"830102",   "a1",	 "c1",	      "9903e9",	  "5bffffffffffffffff",
	"8181818181818181818181818181818181818101",
};

static str unhex(const char *hex, char *to)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		unsigned byte = 0;

		for (int i = 0; i < 2; i++)
			byte = byte << 4 | (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
		to[n++] = (char)byte;
	}
	return str_of(to, n);
}

static void test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		char bytes[64];
		struct cbor_item item;
		str text = unhex(items[i].hex, bytes), rest = text, head = text;

		assert_true(cbor_skip(&rest) && !rest.n);
		assert_true(cbor_take(&head, &item));
		assert_int_equal(item.kind, items[i].kind);
		assert_true(item.n == items[i].n);
		if (item.text.n)
			cbor_put_text(&b, item.kind, item.text);
		else
			cbor_put(&b, item.kind, item.n);
		assert_true(str_starts(text, buf_str(&b)));
	}
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		char bytes[64];
		str text = unhex(refused[i], bytes);

		if (cbor_skip(&text))
			fail_msg("%s is taken", refused[i]);
	}
}

static void test_integers(void **state)
{
	int64_t n;

	(void)state;
	assert_true(cbor_int(&(struct cbor_item){ .kind = CBOR_NEGATIVE, .n = 36 }, &n) && n == -37);
	assert_true(cbor_int(&(struct cbor_item){ .kind = CBOR_UINT, .n = 33 }, &n) && n == 33);
	assert_false(cbor_int(&(struct cbor_item){ .kind = CBOR_UINT, .n = UINT64_MAX }, &n));
	assert_false(cbor_int(&(struct cbor_item){ .kind = CBOR_TEXT }, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_integers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
