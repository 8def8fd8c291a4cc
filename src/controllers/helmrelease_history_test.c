#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "controllers/hr_impl.h"

/* A pass without a runtime: enough for what looks at status alone. */
struct fixture {
	struct arena a;
	struct pass p;
	struct hr h;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .a = ARENA_INIT };
	f.p = (struct pass){ .arena = &f.a, .object = node_map(&f.a, 4), .spec = node_map(&f.a, 4),
			     .status = node_map(&f.a, 4), .generation = 1 };
	f.h = (struct hr){ .p = &f.p, .a = &f.a, .spec = f.p.spec, .oci_digest = S("sha256:oci") };
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	arena_release(&((struct fixture *)*state)->a);
	return 0;
}

static struct record record_of(struct fixture *f, int64_t version, const char *status)
{
	node chart = node_map(&f->a, 1), meta = node_map(&f->a, 3);

	node_set(&f->a, meta, S("name"), node_lit("web"));
	node_set(&f->a, meta, S("version"), node_lit("1.0.0"));
	node_set(&f->a, chart, S("metadata"), meta);
	return (struct record){ .name = S("web"), .ns = S("apps"), .version = version,
				.status = str_c(status), .chart = chart,
				.first_deployed = GOTIME_ZERO, .last_deployed = GOTIME_ZERO,
				.deleted = GOTIME_ZERO };
}

static void see(struct fixture *f, int64_t version, const char *status)
{
	struct record r = record_of(f, version, status);

	hr_observe(&f->h, &r);
}

static void begin(struct fixture *f, const char *action)
{
	f->h.action = str_c(action);
	f->h.rollback = str_eq(f->h.action, S("rollback"));
	f->h.observed = 0;
	f->h.added = 0;
}

/* "3 deployed upgrade, 2 failed upgrade" */
static str told(struct fixture *f)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	hr_latest(&f->h);
	node_each_item(s, node_get(f->p.status, S("history"))) {
		str status = node_str(node_get(*s, S("status")));
		str action = node_str(node_get(*s, S("action")));

		buf_addf(&b, "%s%lld %.*s%s%.*s", b.n ? ", " : "",
			 (long long)node_int(node_get(*s, S("version"))), STR_ARG(status),
			 action.n ? " " : "", STR_ARG(action));
	}
	return arena_str(&f->a, buf_str(&b));
}

#define assert_told(f, text) assert_string_equal(arena_cstr(&(f)->a, told(f)), text)

static const char *arena_cstr(struct arena *a, str s)
{
	return arena_str(a, s).p;
}

static void set_test(struct fixture *f, const char *phase)
{
	node hooks = node_map(&f->a, 1), one = node_map(&f->a, 1);

	node_set(&f->a, one, S("phase"), node_from_str(&f->a, str_c(phase)));
	node_set(&f->a, hooks, S("t"), one);
	node_set(&f->a, hr_latest(&f->h), S("testHooks"), hooks);
}

/* ---- what is observed ------------------------------------------------------ */

static void test_an_upgrade_goes_before_what_it_replaces(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 1, "pending-install");
	see(f, 1, "deployed");
	assert_told(f, "1 deployed install");
	begin(f, "upgrade");
	see(f, 2, "pending-upgrade");
	see(f, 1, "superseded");
	see(f, 2, "deployed");
	assert_told(f, "2 deployed upgrade, 1 superseded");
	assert_int_equal(f->h.observed, 3);
}

static void test_older_releases_of_others_are_not_taken_in(void **state)
{
	struct fixture *f = *state;

	begin(f, "upgrade");
	see(f, 7, "pending-upgrade");
	see(f, 6, "deployed");
	see(f, 7, "failed");
	assert_told(f, "7 failed upgrade");
}

static void test_what_an_install_replaces_is_not_kept(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 1, "superseded");
	see(f, 2, "deployed");
	assert_told(f, "2 deployed install");
}

static void test_a_rollback_is_told_of_all_it_touches(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 1, "deployed");
	begin(f, "upgrade");
	see(f, 2, "failed");
	begin(f, "rollback");
	see(f, 3, "pending-rollback");
	see(f, 1, "superseded");
	see(f, 3, "deployed");
	assert_told(f, "3 deployed rollback, 2 failed upgrade, 1 superseded rollback");
}

static void test_an_uninstall_adds_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 1, "failed");
	begin(f, "uninstall-remediation");
	see(f, 1, "uninstalling");
	see(f, 9, "superseded");
	assert_told(f, "1 uninstalling uninstall-remediation");
}

/* ---- what is gone back to, and cut ------------------------------------------- */

static void fill(struct fixture *f, const char *const *states, size_t n)
{
	begin(f, "upgrade");
	for (size_t i = 0; i < n; i++) {
		begin(f, "upgrade");
		see(f, (int64_t)i + 1, states[i]);
	}
}

static void test_the_previous_release_is_the_last_good_one(void **state)
{
	static const char *const states[] = { "superseded", "superseded", "failed", "failed" };
	struct fixture *f = *state;

	fill(f, states, 4);
	assert_int_equal(node_int(node_get(hr_previous(&f->h, false), S("version"))), 2);
	set_test(f, "Failed");		/* of the latest: it is not looked at */
	assert_int_equal(node_int(node_get(hr_previous(&f->h, false), S("version"))), 2);
	hr_truncate(&f->h, false);
	assert_told(f, "4 failed upgrade, 3 failed upgrade, 2 superseded upgrade");
}

static void test_failed_tests_count_unless_ignored(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 1, "superseded");
	begin(f, "upgrade");
	see(f, 2, "superseded");
	set_test(f, "Failed");
	begin(f, "upgrade");
	see(f, 3, "failed");
	assert_int_equal(node_int(node_get(hr_previous(&f->h, false), S("version"))), 1);
	assert_int_equal(node_int(node_get(hr_previous(&f->h, true), S("version"))), 2);
}

static void test_without_a_good_one_five_are_kept(void **state)
{
	static const char *const states[] = { "failed", "failed", "failed", "failed", "failed",
					      "failed", "failed" };
	struct fixture *f = *state;

	fill(f, states, 7);
	assert_int_equal(hr_previous(&f->h, false).kind, NODE_NONE);
	hr_truncate(&f->h, false);
	assert_told(f, "7 failed upgrade, 6 failed upgrade, 5 failed upgrade, 4 failed upgrade, "
		       "3 failed upgrade");
}

/* ---- proofs -------------------------------------------------------------------- */

static void test_a_changed_record_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct record r = record_of(f, 1, "deployed");

	begin(f, "install");
	see(f, 1, "deployed");
	assert_true(hr_verify(&f->a, hr_latest(&f->h), &r));
	r.manifest = S("other: {}");
	assert_false(hr_verify(&f->a, hr_latest(&f->h), &r));
	r = record_of(f, 1, "superseded");
	assert_false(hr_verify(&f->a, hr_latest(&f->h), &r));
	/* snapshots of controllers with Helm 3 say nothing about it */
	node_remove(hr_latest(&f->h), S("apiVersion"));
	assert_true(hr_verify(&f->a, hr_latest(&f->h), &r));
}

static void test_a_release_is_tested_once_all_tests_ended(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 1, "deployed");
	assert_false(hr_is_tested(hr_latest(&f->h)));
	node_set(&f->a, hr_latest(&f->h), S("testHooks"), node_map(&f->a, 0));
	assert_true(hr_is_tested(hr_latest(&f->h)));
	set_test(f, "Running");
	assert_false(hr_is_tested(hr_latest(&f->h)));
	set_test(f, "Failed");
	assert_true(hr_is_tested(hr_latest(&f->h)));
	assert_true(hr_has_test_in(hr_latest(&f->h), S("Failed")));
	set_test(f, "Succeeded");
	assert_true(hr_is_tested(hr_latest(&f->h)));
}

static void test_names_of_releases_and_charts(void **state)
{
	struct fixture *f = *state;

	begin(f, "install");
	see(f, 3, "deployed");
	assert_string_equal(hr_release_text(&f->a, hr_latest(&f->h)).p, "apps/web.v3");
	assert_string_equal(hr_chart_text(&f->a, hr_latest(&f->h)).p, "web@1.0.0");
	assert_int_equal(hr_release_text(&f->a, NODE_NOTHING).n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_upgrade_goes_before_what_it_replaces),
		TEST(test_older_releases_of_others_are_not_taken_in),
		TEST(test_what_an_install_replaces_is_not_kept),
		TEST(test_a_rollback_is_told_of_all_it_touches),
		TEST(test_an_uninstall_adds_nothing),
		TEST(test_the_previous_release_is_the_last_good_one),
		TEST(test_failed_tests_count_unless_ignored),
		TEST(test_without_a_good_one_five_are_kept),
		TEST(test_a_changed_record_is_noticed),
		TEST(test_a_release_is_tested_once_all_tests_ended),
		TEST(test_names_of_releases_and_charts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
