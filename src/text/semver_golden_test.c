/* What Masterminds/semver makes of many texts, recorded by tools/golden/semver. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/constraint.h"
#include "text/quote.h"

typedef void check(struct arena *a, str line);

static void each_line(const char *name, check *check_line, size_t at_least)
{
	CLEANUP(arena_release) struct arena path = ARENA_INIT;
	FILE *f = fopen(arena_printf(&path, "%s/semver/%s", getenv("GOLDEN"), name).p, "r");
	char buffer[4096];
	size_t n = 0;

	assert_non_null(f);
	for (; fgets(buffer, sizeof buffer, f); n++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;

		check_line(&a, str_trim_right_set(str_c(buffer), S("\n")));
	}
	fclose(f);
	assert_true(n > at_least);
}

static str field(str *line)
{
	str out;

	assert_true(str_cut(line, &out, '\t'));
	return out;
}

static str unquoted(struct arena *a, str quoted)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	assert_null(quote_unquote(&b, quoted));
	return arena_str(a, buf_str(&b));
}

static str result(struct arena *a, err *e, const struct semver *v)
{
	CLEANUP(err_drop) err *drop = e;

	return e ? arena_cat(a, S("!"), err_text(e)) : semver_text(a, v);
}

static void check_version(struct arena *a, str line)
{
	str quoted = field(&line), text = unquoted(a, quoted);
	str lenient = field(&line), strict = field(&line);
	struct semver v;
	err *e = semver_parse(&v, text);

	if (!str_eq(result(a, e, &v), lenient))
		fail_msg("%.*s is not %.*s", STR_ARG(quoted), STR_ARG(lenient));
	e = semver_parse_strict(&v, text);
	if (!str_eq(result(a, e, &v), strict))
		fail_msg("%.*s is strictly not %.*s", STR_ARG(quoted), STR_ARG(strict));
}

static uint32_t digest(uint32_t d, str s)
{
	for (size_t i = 0; i < s.n; i++)
		d = (d ^ (uint8_t)s.p[i]) * 0x01000193;
	return d;
}

/* Of the constraint as printed, and of the reasons, a line each. */
static uint32_t digest_of(const struct constraint *c, const constraint_reasons *reasons)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	constraint_add(&b, c);
	for (size_t i = 0; i < reasons->n; i++) {
		buf_addc(&b, '\n');
		buf_add(&b, reasons->p[i]);
	}
	return digest(0x811c9dc5, buf_str(&b));
}

static void check_constraint(struct arena *a, str line)
{
	str quoted = field(&line), text = unquoted(a, quoted);
	str version = field(&line);
	constraint_reasons reasons = { 0 };
	struct constraint *c;
	struct semver v;
	CLEANUP(err_drop) err *e = constraint_parse(a, text, &c);

	if (str_take(&version, '!')) {
		if (!e || !str_eq(err_text(e), version))
			fail_msg("%.*s: %s", STR_ARG(quoted), e ? err_msg(e) : "accepted");
		return;
	}
	if (e)
		fail_msg("%.*s: %s", STR_ARG(quoted), err_msg(e));
	assert_true(semver_try_parse(&v, version));
	bool want = str_eq(field(&line), S("true"));

	if (constraint_check(c, &v) != want || constraint_explain(c, &v, a, &reasons) != want)
		fail_msg("%.*s on %.*s", STR_ARG(quoted), STR_ARG(version));
	if (digest_of(c, &reasons) != strtoul(arena_str(a, field(&line)).p, NULL, 16))
		fail_msg("%.*s on %.*s: other reasons", STR_ARG(quoted), STR_ARG(version));
}

static void test_versions(void **state)
{
	(void)state;
	each_line("versions", check_version, 2000);
}

static void test_constraints(void **state)
{
	(void)state;
	each_line("constraints", check_constraint, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_constraints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
