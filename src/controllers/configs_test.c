#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/die.h"
#include "controllers/configs.h"

static bool known(struct configs *c, const char *name, const char *version, const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text;

	if (!configs_get(c, &a, S("Secret"), S("ns"), str_c(name), str_c(version), &text))
		return false;
	assert_true(str_eq(text, str_c(want)));
	return true;
}

static void put(struct configs *c, const char *name, const char *version, str text)
{
	configs_put(c, S("Secret"), S("ns"), str_c(name), str_c(version), text);
}

static void test_only_the_version_asked_for(void **state)
{
	struct configs *c = configs_new();

	(void)state;
	assert_false(known(c, "a", "1", ""));
	put(c, "a", "1", S("one"));
	put(c, "b", "1", S("other"));
	put(c, "none", "", S("of no version"));
	assert_true(known(c, "a", "1", "one"));
	assert_false(known(c, "a", "2", ""));
	assert_false(known(c, "none", "", ""));
	put(c, "a", "2", S("two"));
	assert_true(known(c, "a", "2", "two"));
	assert_false(known(c, "a", "1", ""));
	assert_true(known(c, "b", "1", "other"));
	configs_free(c);
	configs_free(NULL);
}

static void test_it_is_bounded(void **state)
{
	struct configs *c = configs_new();
	char *large = calloc(1, CONFIGS_ONE_MAX + 1);
	const char names[] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	put(c, "huge", "1", str_of(large, CONFIGS_ONE_MAX + 1));
	for (size_t i = 0; i < 26; i++) {
		const char name[] = { names[i], 0 };

		put(c, name, "1", str_of(large, CONFIGS_ONE_MAX));
	}
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text;

	assert_false(configs_get(c, &a, S("Secret"), S("ns"), S("huge"), S("1"), &text));
	assert_false(configs_get(c, &a, S("Secret"), S("ns"), S("a"), S("1"), &text));
	assert_true(configs_get(c, &a, S("Secret"), S("ns"), S("z"), S("1"), &text));
	assert_int_equal(text.n, CONFIGS_ONE_MAX);
	free(large);
	configs_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_version_asked_for),
		cmocka_unit_test(test_it_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
