#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/die.h"
#include "base/err.h"

static err *low(void)
{
	err *e = err_new(ERR_NOT_FOUND, "no key '%s'", "x");

	err_set_code(e, 404);
	err_set_detail(e, S("{}\0{}"));
	return err_at(e, S("a.yaml"), 3, 7);
}

static err *high(bool fail)
{
	if (fail)
		TRY(low());
	return NULL;
}

static void test_wrapping_keeps_what_the_cause_knows(void **state)
{
	err *e = err_wrap(err_wrap(high(true), "reading %d", 1), "build");

	(void)state;
	assert_null(high(false));
	assert_string_equal(err_msg(e), "build: reading 1: no key 'x'");
	assert_int_equal(err_text(e).n, strlen(err_msg(e)));
	assert_int_equal(err_kind(e), ERR_NOT_FOUND);
	assert_int_equal(err_code(e), 404);
	assert_true(str_eq(err_detail(e), S("{}\0{}")));
	assert_string_equal(err_msg(err_cause(e)), "reading 1: no key 'x'");
	assert_null(err_cause(err_cause(err_cause(e))));
	struct err_pos pos = err_position(e);

	assert_true(str_eq(pos.file, S("a.yaml")));
	assert_int_equal(pos.line, 3);
	assert_int_equal(pos.col, 7);
	err_free(e);
}

static void test_replacing_changes_the_words_only(void **state)
{
	CLEANUP(err_drop) err *e = err_replace(low(), "it failed");

	(void)state;
	assert_string_equal(err_msg(e), "it failed");
	assert_int_equal(err_code(e), 404);
	assert_int_equal(err_position(e).line, 3);
	assert_string_equal(err_msg(err_cause(e)), "no key 'x'");
	err_set_kind(e, ERR_CONFLICT);
	assert_int_equal(err_kind(e), ERR_CONFLICT);
	err_set_detail(e, S("new"));
	assert_true(str_eq(err_detail(e), S("new")));
}

static void test_the_innermost_position_wins(void **state)
{
	CLEANUP(err_drop) err *e = err_at(err_wrap(low(), "up"), S("b.yaml"), 1, 1);
	CLEANUP(err_drop) err *none = err_at(err_new(ERR_INVALID, "x"), STR_NONE, 1, 1);
	CLEANUP(err_drop)
	err *late = err_at(err_wrap(err_new(ERR_INVALID, "x"), "y"), S("c"), 2, 0);

	(void)state;
	assert_true(str_eq(err_position(e).file, S("a.yaml")));
	assert_int_equal(err_position(none).file.n, 0);
	assert_int_equal(err_position(none).line, 0);
	none = err_at(none, S("d"), 5, 6);
	assert_int_equal(err_position(none).line, 5);
	assert_int_equal(err_position(late).line, 2);
}

static void test_texts_may_hold_any_byte(void **state)
{
	str odd = S("a\0b");
	CLEANUP(err_drop) err *e = err_wrap(err_new(ERR_INVALID, "<%.*s>", STR_ARG(odd)), "%.*s",
					    STR_ARG(odd));

	(void)state;
	assert_true(str_eq(err_text(e), S("a\0b: <a\0b>")));
}

static void test_errno_in_go_words(void **state)
{
	static const struct {
		int number;
		enum err_kind kind;
		const char *want;
	} rows[] = {
		{ ENOENT, ERR_NOT_FOUND, "open /x: no such file or directory" },
		{ EACCES, ERR_FORBIDDEN, "open /x: permission denied" },
		{ EEXIST, ERR_EXISTS, "open /x: file exists" },
		{ EISDIR, ERR_INTERNAL, "open /x: is a directory" },
		{ ENOSPC, ERR_UNAVAILABLE, "open /x: no space left on device" },
		{ ETIMEDOUT, ERR_TIMEOUT, "open /x: connection timed out" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(err_drop) err *e = err_errno(rows[i].number, "open %s", "/x");

		assert_string_equal(err_msg(e), rows[i].want);
		assert_int_equal(err_kind(e), rows[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrapping_keeps_what_the_cause_knows),
		cmocka_unit_test(test_replacing_changes_the_words_only),
		cmocka_unit_test(test_the_innermost_position_wins),
		cmocka_unit_test(test_texts_may_hold_any_byte),
		cmocka_unit_test(test_errno_in_go_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
