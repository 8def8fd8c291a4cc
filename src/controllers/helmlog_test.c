#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "controllers/helmlog.h"

#define T0 (1767323045 * CLOCK_SECOND)

struct fixture {
	struct arena a;
	struct clock_fake clock;
	struct helmlog log;
	struct notices to;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .a = ARENA_INIT, .clock = CLOCK_FAKE(T0) };
	f->to = (struct notices){ .parts = helmlog_add, .ctx = &f->log, .debug = true };
	clock_fake_use(&f->clock);
}

static void end(struct fixture *f)
{
	clock_use(NULL);
	helmlog_release(&f->log);
	arena_release(&f->a);
}

#define assert_text(f, want) assert_string_equal(helmlog_text(&(f)->log, &(f)->a).p, want)

static void test_lines_have_their_time_and_their_fields(void **state)
{
	struct fixture f;
	CLEANUP(err_drop) err *plain = err_new(ERR_INVALID, "it broke");

	(void)state;
	begin(&f);
	assert_text(&f, "");
	notice(&f.to, NOTICE_DEBUG, S("preparing upgrade"), { "name", S("<web>") });
	clock_fake_advance(&f.clock, 1500 * CLOCK_MS);
	notice(&f.to, NOTICE_DEBUG, S("checking"), NOTICE_N("resources", 3),
	       NOTICE_IF("dryRun", false), { NULL });
	notice(&f.to, NOTICE_WARN, S("upgrade failed"), { "name", S("web") }, NOTICE_ERR(plain));
	notice(&f.to, NOTICE_ERROR, S("no more"), { 0 });
	assert_text(&f, "2026-01-02T03:04:05Z: preparing upgrade: {\"name\":\"\\u003cweb\\u003e\"}\n"
			"2026-01-02T03:04:06.5Z: checking: {\"dryRun\":false,\"resources\":3}\n"
			"2026-01-02T03:04:06.5Z: warning: upgrade failed: {\"error\":{},\"name\":\"web\"}\n"
			"2026-01-02T03:04:06.5Z: error: no more: {}");
	helmlog_clear(&f.log);
	assert_text(&f, "");
	end(&f);
}

static void test_of_an_error_the_status_stands_there(void **state)
{
	CLEANUP(err_drop) err *e = err_new(ERR_NOT_FOUND, "none");
	CLEANUP(err_drop) err *other = err_new(ERR_INVALID, "other");
	struct fixture f;

	(void)state;
	begin(&f);
	err_set_detail(e, S("{\"kind\":\"Status\",\"code\":404}\n"));
	notice(&f.to, NOTICE_DEBUG, S("a"), NOTICE_ERR(e));
	notice(&f.to, NOTICE_DEBUG, S("b"), NOTICE_ERRS(((err *[]){ e, other }), 2));
	e = err_wrap(e, "wrapped");
	notice(&f.to, NOTICE_DEBUG, S("c"), NOTICE_ERR(e));
	assert_text(&f,
		    "2026-01-02T03:04:05Z: a: {\"error\":{\"ErrStatus\":{\"kind\":\"Status\",\"code\":404}}}\n"
		    "2026-01-02T03:04:05Z: b: {\"error\":[{\"ErrStatus\":{\"kind\":\"Status\",\"code\":404}},{}]}\n"
		    "2026-01-02T03:04:05Z: c: {\"error\":{}}");
	end(&f);
}

static void test_what_is_said_again_is_counted(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	for (int i = 0; i < 2; i++) {
		notice(&f.to, NOTICE_DEBUG, S("wait"), { 0 });
		clock_fake_advance(&f.clock, CLOCK_SECOND);
	}
	assert_text(&f, "2026-01-02T03:04:05Z: wait: {}\n2026-01-02T03:04:06Z: wait: {}");
	notice(&f.to, NOTICE_DEBUG, S("wait"), { 0 });
	assert_text(&f, "2026-01-02T03:04:05Z: wait: {}\n"
			"2026-01-02T03:04:07Z: wait: {} (1 duplicate line omitted)");
	notice(&f.to, NOTICE_DEBUG, S("wait"), { 0 });
	assert_text(&f, "2026-01-02T03:04:05Z: wait: {}\n"
			"2026-01-02T03:04:07Z: wait: {} (2 duplicate lines omitted)");
	end(&f);
}

static void test_ten_lines_are_kept(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	for (int i = 0; i < 23; i++)
		notice(&f.to, NOTICE_DEBUG, S("line"), NOTICE_N("n", i));
	str text = helmlog_text(&f.log, &f.a);
	size_t lines = 1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	assert_int_equal(lines, 10);
	assert_true(str_starts(text, S("2026-01-02T03:04:05Z: line: {\"n\":13}\n")));
	assert_true(str_ends(text, S("\n2026-01-02T03:04:05Z: line: {\"n\":22}")));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_lines_have_their_time_and_their_fields),
		cmocka_unit_test(test_of_an_error_the_status_stands_there),
		cmocka_unit_test(test_what_is_said_again_is_counted),
		cmocka_unit_test(test_ten_lines_are_kept),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
