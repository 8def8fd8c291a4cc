#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

struct kept {
	pthread_mutex_t m;
	struct buf text;
};

static void keep(void *ctx, enum log_level level, str line)
{
	struct kept *k = ctx;

	(void)level;
	pthread_mutex_lock(&k->m);
	buf_add(&k->text, line);
	pthread_mutex_unlock(&k->m);
}

/* 2026-01-02T15:04:05.006789Z */
static struct clock_fake fake = CLOCK_FAKE(INT64_C(1767366245006789000));
static struct kept kept = { .m = PTHREAD_MUTEX_INITIALIZER, .text = BUF_INIT };
static const struct log_sink sink = { keep, &kept };

static int setup(void **state)
{
	(void)state;
	clock_fake_use(&fake);
	log_use(&sink);
	log_set(LOG_JSON, LOG_INFO);
	buf_clear(&kept.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_use(NULL);
	log_set_mask(NULL);
	clock_use(NULL);
	buf_release(&kept.text);
	return 0;
}

#define TS "\"ts\":\"2026-01-02T15:04:05.006Z\""

static void assert_line(const char *want)
{
	assert_string_equal(buf_c(&kept.text), want);
	buf_clear(&kept.text);
}

static void test_json_line_is_that_of_controller_runtime(void **state)
{
	const struct log top = LOG_WITH(NULL, log_str("controller", S("kustomization")));
	const struct log one = LOG_WITH(&top, log_ref("Kustomization", S("flux-system"), S("apps")),
					log_str("namespace", S("flux-system")));

	(void)state;
	log_info(NULL, S("starting"));
	assert_line("{\"level\":\"info\"," TS ",\"msg\":\"starting\"}\n");
	log_info(&one, S("done"), log_int("n", -3), log_bool("ok", true), log_json("x", S("[1]")));
	assert_line("{\"level\":\"info\"," TS ",\"msg\":\"done\",\"controller\":\"kustomization\","
		    "\"Kustomization\":{\"name\":\"apps\",\"namespace\":\"flux-system\"},"
		    "\"namespace\":\"flux-system\",\"n\":-3,\"ok\":true,\"x\":[1]}\n");
}

static void test_error_is_the_last_field(void **state)
{
	err *e = err_new(ERR_INTERNAL, "it \"broke\"");

	(void)state;
	log_error(NULL, e, S("Reconciler error"), log_str("k", S("v")));
	assert_line("{\"level\":\"error\"," TS ",\"msg\":\"Reconciler error\",\"k\":\"v\","
		    "\"error\":\"it \\\"broke\\\"\"}\n");
	log_error(NULL, NULL, S("no cause"));
	assert_line("{\"level\":\"error\"," TS ",\"msg\":\"no cause\"}\n");
	err_free(e);
}

static void test_names_of_loggers_are_joined(void **state)
{
	const struct log a = LOG_NAMED(NULL, S("runtime"));
	const struct log b = LOG_NAMED(&a, S("election"), log_int("id", 1));

	(void)state;
	log_info(&b, S("m"));
	assert_line("{\"level\":\"info\"," TS ",\"logger\":\"runtime.election\",\"msg\":\"m\","
		    "\"id\":1}\n");
	log_set(LOG_HUMAN, LOG_INFO);
	log_info(&b, S("m"));
	assert_line("2026-01-02T15:04:05.006Z\tINFO\truntime.election\tm\t{\"id\": 1}\n");
}

static void test_human_line_is_zap_console(void **state)
{
	(void)state;
	log_set(LOG_HUMAN, LOG_TRACE);
	log_info(NULL, S("plain \"message\""));
	assert_line("2026-01-02T15:04:05.006Z\tINFO\tplain \"message\"\n");
	log_debug(NULL, S("m"), log_str("a", S("b c")), log_int("n", 7));
	assert_line("2026-01-02T15:04:05.006Z\tDEBUG\tm\t{\"a\": \"b c\", \"n\": 7}\n");
	log_trace(NULL, S("m"));
	assert_line("2026-01-02T15:04:05.006Z\tTRACE\tm\n");
}

static void test_level_filters(void **state)
{
	enum log_level level = LOG_INFO;

	(void)state;
	log_set(LOG_JSON, LOG_ERROR);
	log_info(NULL, S("no"));
	assert_line("");
	log_set(LOG_JSON, LOG_DEBUG);
	log_trace(NULL, S("no"));
	assert_line("");
	assert_true(log_on(LOG_DEBUG));
	assert_false(log_on(LOG_TRACE));
	assert_true(log_level_parse(S("trace"), &level));
	assert_int_equal(level, LOG_TRACE);
	assert_false(log_level_parse(S("INFO"), &level));
}

static void test_control_characters_are_escaped(void **state)
{
	(void)state;
	log_info(NULL, S("a\nb\r\t\x1b[31m\x00z\\"), log_str("k\"", S("\xff\xc3\xa9")));
	assert_line("{\"level\":\"info\"," TS ",\"msg\":\"a\\nb\\r\\t\\u001b[31m\\u0000z\\\\\","
		    "\"k\\\"\":\"\\ufffd\xc3\xa9\"}\n");
	log_set(LOG_HUMAN, LOG_INFO);
	log_info(NULL, S("a\nb\x7f\xc2\x9b\\"), log_str("k", S("\xc2\x9b")));
	assert_line("2026-01-02T15:04:05.006Z\tINFO\ta\\nb\\u007f\\u009b\\\t{\"k\": \"\\u009b\"}\n");
}

static void test_secrets_are_masked_everywhere(void **state)
{
	struct mask *m = mask_new();
	err *e = err_new(ERR_INTERNAL, "login with pass\"word refused");

	(void)state;
	mask_add(m, S("pass\"word"));
	mask_add(m, S("tok-123"));
	log_set_mask(m);
	log_error(NULL, e, S("tok-123 used"), log_str("k", S("xtok-123")),
		  log_json("j", S("[\"tok-123\"]")), log_ref("r", S("tok-123"), S("n")));
	assert_line("{\"level\":\"error\"," TS ",\"msg\":\"*** used\",\"k\":\"x***\",\"j\":[\"***\"],"
		    "\"r\":{\"name\":\"n\",\"namespace\":\"***\"},"
		    "\"error\":\"login with *** refused\"}\n");
	log_set_mask(NULL);
	mask_free(m);
	err_free(e);
}

static void test_huge_lines_stay_whole_and_bounded(void **state)
{
	struct buf big = BUF_INIT;

	(void)state;
	buf_fill(&big, '\x01', 200000);
	struct log_field f = log_str("k", buf_str(&big));

	log_info(NULL, S("m"), f, f, f, f, f, f, f, f, f);
	str line = buf_str(&kept.text);

	assert_true(line.n > 1 << 20 && line.n < 2 << 20);
	assert_true(str_ends(line, S("... (134464 bytes more)\"}\n")));
	assert_int_equal(str_find_char(line, '\n'), line.n - 1);
	buf_release(&big);
}

static void *write_lines(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 500; i++)
		log_info(NULL, S("line"), log_int("i", i));
	return NULL;
}

static void test_threads_do_not_mix_lines(void **state)
{
	pthread_t threads[4];
	size_t lines = 0;
	str line;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (str text = buf_str(&kept.text); str_line(&text, &line); lines++) {
		assert_true(str_starts(line, S("{\"level\":\"info\"," TS ",\"msg\":\"line\",\"i\":")));
		assert_true(str_ends(line, S("}")));
	}
	assert_int_equal(lines, 2000);
}

static void test_standard_error_gets_the_line(void **state)
{
	char got[256];
	int pipe_fds[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	log_use(NULL);
	log_info(NULL, S("out"));
	dup2(saved, STDERR_FILENO);
	ssize_t n = read(pipe_fds[0], got, sizeof got);

	assert_true(n > 0);
	assert_true(str_eq(str_of(got, (size_t)n),
			   S("{\"level\":\"info\"," TS ",\"msg\":\"out\"}\n")));
	close(saved);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_json_line_is_that_of_controller_runtime, setup),
		cmocka_unit_test_setup(test_error_is_the_last_field, setup),
		cmocka_unit_test_setup(test_names_of_loggers_are_joined, setup),
		cmocka_unit_test_setup(test_human_line_is_zap_console, setup),
		cmocka_unit_test_setup(test_level_filters, setup),
		cmocka_unit_test_setup(test_control_characters_are_escaped, setup),
		cmocka_unit_test_setup(test_secrets_are_masked_everywhere, setup),
		cmocka_unit_test_setup(test_huge_lines_stay_whole_and_bounded, setup),
		cmocka_unit_test_setup(test_threads_do_not_mix_lines, setup),
		cmocka_unit_test_setup(test_standard_error_gets_the_line, setup),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
