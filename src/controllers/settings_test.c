#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "controllers/settings.h"

static void test_gates(void **state)
{
	struct settings s;

	(void)state;
	settings_default(&s);
	assert_true(s.gates[GATE_STRICT_POST_BUILD_SUBSTITUTIONS]);
	assert_null(settings_gates(&s, S("DetectDrift=true,StrictPostBuildSubstitutions=False, "
					 "OOMWatch=true")));
	assert_true(s.gates[GATE_DETECT_DRIFT]);
	assert_false(s.gates[GATE_STRICT_POST_BUILD_SUBSTITUTIONS]);
	assert_false(s.gates[GATE_CORRECT_DRIFT]);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "Foo=true", "feature-gate 'Foo' not supported (known are " },
		{ "DetectDrift", "missing bool value for DetectDrift" },
		{ "DetectDrift=yes",
		  "invalid value of DetectDrift: yes, err: must be true or false" },
	};
	struct settings s;

	(void)state;
	settings_default(&s);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(err_drop) err *e = settings_gates(&s, str_c(rows[i].text));

		assert_non_null(e);
		assert_true(str_starts(err_text(e), str_c(rows[i].want)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
