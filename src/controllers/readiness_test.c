#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/die.h"
#include "controllers/readiness.h"
#include "value/json.h"

static node read(struct arena *a, const char *json)
{
	node n;

	assert_null(json_read(a, str_c(json), NULL, &n));
	return n;
}

#define RULES                                                                                  \
	"[{\"apiVersion\":\"g.io/v1\",\"kind\":\"Own\",\"current\":\"status.phase == 'done'\","        \
	"\"failed\":\"status.phase == 'lost'\",\"inProgress\":\"status.phase == 'busy'\"},"           \
	"{\"apiVersion\":\"g.io/v2\",\"current\":\"data.a == 'b'\"}]"
#define OWN(more) "{\"apiVersion\":\"g.io/v9\",\"kind\":\"Own\"," more "}"

static void test_rules(void **state)
{
	static const struct {
		const char *object;
		enum health_status status;
		const char *wrong;	/* NULL: nothing */
	} rows[] = {
		{ OWN("\"status\":{\"phase\":\"done\"}"), HEALTH_CURRENT, NULL },
		{ OWN("\"status\":{\"phase\":\"lost\"}"), HEALTH_FAILED, NULL },
		{ OWN("\"status\":{\"phase\":\"busy\"}"), HEALTH_IN_PROGRESS, NULL },
		{ OWN("\"status\":{\"phase\":\"else\"}"), HEALTH_IN_PROGRESS, NULL },
		/* what the object says of generations goes before, what becomes of it does not */
		{ OWN("\"metadata\":{\"generation\":2},\"status\":{\"phase\":\"done\","
		      "\"observedGeneration\":1}"), HEALTH_IN_PROGRESS, NULL },
		{ OWN("\"metadata\":{\"generation\":2},\"status\":{\"phase\":\"done\","
		      "\"observedGeneration\":\"1\"}"), HEALTH_CURRENT, NULL },
		{ OWN("\"metadata\":{\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},"
		      "\"status\":{\"phase\":\"done\"}"), HEALTH_CURRENT, NULL },
		{ OWN("\"spec\":{}"), HEALTH_UNKNOWN,
		  "failed to evaluate the CEL expression 'status.phase == 'busy'': no such "
		  "attribute(s): status.phase" },
		{ OWN("\"status\":{}"), HEALTH_UNKNOWN,
		  "failed to evaluate the CEL expression 'status.phase == 'busy'': no such key: "
		  "phase" },
		/* another kind of the group */
		{ "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Other\",\"data\":{\"a\":\"b\"}}",
		  HEALTH_CURRENT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct readiness *r;
		struct health h = { .status = HEALTH_UNKNOWN };

		assert_null(readiness_read(&a, read(&a, RULES), &r));
		CLEANUP(err_drop) err *e = readiness_health(r, &a, read(&a, rows[i].object), &h);

		if (rows[i].wrong) {
			assert_non_null(e);
			assert_string_equal(err_msg(e), rows[i].wrong);
		} else {
			assert_null(e);
			assert_int_equal(h.status, rows[i].status);
		}
	}
}

static void test_which_kinds_have_one(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct readiness *r;

	(void)state;
	assert_null(readiness_read(&a, read(&a, RULES), &r));
	assert_true(readiness_knows(r, S("g.io"), S("Own")));
	assert_true(readiness_knows(r, S("g.io"), S("Other")));
	assert_false(readiness_knows(r, S("other.io"), S("Own")));
	CLEANUP(err_drop)
	err *e = readiness_read(&a,
				read(&a, "[{\"apiVersion\":\"v1\",\"kind\":\"A\",\"current\":\"true\"},"
					 "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"current\":\"true\"}]"),
				&r);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "duplicate custom health check for GroupKind A at "
					"healthchecks[1]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_which_kinds_have_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
