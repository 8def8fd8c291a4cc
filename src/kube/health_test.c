/* Jobs, beside the recorded answers of kstatus (tests/golden/health). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "kube/health.h"
#include "value/json.h"

/* What Flux and kstatus say of a Job. */
static const struct {
	const char *spec, *status, *flux, *kstatus;
} jobs[] = {
	{ "", "", "InProgress Job not started. active: 0/1", "InProgress Job not started" },
	{ "\"parallelism\":3", "", "InProgress Job not started. active: 0/3",
	  "InProgress Job not started" },
	{ "", "\"startTime\":\"2026-01-01T00:00:00Z\",\"active\":1",
	  "InProgress Job in progress. success:0, active: 1, failed: 0",
	  "Current Job in progress. success:0, active: 1, failed: 0" },
	{ "\"suspend\":true", "", "Current Job is suspended", "InProgress Job not started" },
	{ "\"suspend\":true", "\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\"}]",
	  "Current Job is suspended", "Failed Job Failed. failed: 0/1" },
	{ "\"completions\":2",
	  "\"succeeded\":2,\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]",
	  "Current Job Completed. succeeded: 2/2", "Current Job Completed. succeeded: 2/2" },
	{ "", "\"failed\":1,\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\"}]",
	  "Failed Job Failed. failed: 1/1", "Failed Job Failed. failed: 1/1" },
};

static str told(struct arena *a, const struct health *h)
{
	return arena_printf(a, "%.*s %.*s", STR_ARG(health_name(h->status)), STR_ARG(h->message));
}

static void test_jobs(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
		struct health flux, kstatus;
		node object;

		str text = arena_printf(&a, "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\","
					    "\"spec\":{%s},\"status\":{%s}}",
					jobs[i].spec, jobs[i].status);

		assert_null(json_read(&a, text, NULL, &object));
		assert_null(health_of(&a, object, 0, &flux));
		assert_null(health_kstatus(&a, object, 0, &kstatus));
		assert_string_equal(told(&a, &flux).p, jobs[i].flux);
		assert_string_equal(told(&a, &kstatus).p, jobs[i].kstatus);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_jobs) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
