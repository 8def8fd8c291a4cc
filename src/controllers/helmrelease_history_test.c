#include "controllers/hr_stage_test.h"

static struct record record_of(int64_t version, const char *status)
{
	return stage_record(version, status, NODE_NOTHING);
}

static int set_up(void **state)
{
	*state = stage_begin("{}");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stage_end();
	return 0;
}

static void see(struct stage *f, int64_t version, const char *status)
{
	struct record r = record_of(version, status);

	hr_observe(&f->h, &r);
}

static void begin(struct stage *f, const char *action)
{
	f->h.action = str_c(action);
	f->h.rollback = str_eq(f->h.action, S("rollback"));
	f->h.observed = 0;
	f->h.added = 0;
}

/* "3 deployed upgrade, 2 failed upgrade" */
static str told(struct stage *f)
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

static void set_test(struct stage *f, const char *phase)
{
	node hooks = node_map(&f->a, 1), one = node_map(&f->a, 1);

	node_set(&f->a, one, S("phase"), node_from_str(&f->a, str_c(phase)));
	node_set(&f->a, hooks, S("t"), one);
	node_set(&f->a, hr_latest(&f->h), S("testHooks"), hooks);
}

/* ---- what is observed ------------------------------------------------------ */

static void test_an_upgrade_goes_before_what_it_replaces(void **state)
{
	struct stage *f = *state;

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
	struct stage *f = *state;

	begin(f, "upgrade");
	see(f, 7, "pending-upgrade");
	see(f, 6, "deployed");
	see(f, 7, "failed");
	assert_told(f, "7 failed upgrade");
}

static void test_what_an_install_replaces_is_not_kept(void **state)
{
	struct stage *f = *state;

	begin(f, "install");
	see(f, 1, "superseded");
	see(f, 2, "deployed");
	assert_told(f, "2 deployed install");
}

static void test_a_rollback_is_told_of_all_it_touches(void **state)
{
	struct stage *f = *state;

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
	struct stage *f = *state;

	begin(f, "install");
	see(f, 1, "failed");
	begin(f, "uninstall-remediation");
	see(f, 1, "uninstalling");
	see(f, 9, "superseded");
	assert_told(f, "1 uninstalling uninstall-remediation");
}

/* ---- what is gone back to, and cut ------------------------------------------- */

static void fill(struct stage *f, const char *const *states, size_t n)
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
	struct stage *f = *state;

	fill(f, states, 4);
	assert_int_equal(node_int(node_get(hr_previous(&f->h, false), S("version"))), 2);
	set_test(f, "Failed");		/* of the latest: it is not looked at */
	assert_int_equal(node_int(node_get(hr_previous(&f->h, false), S("version"))), 2);
	hr_truncate(&f->h, false);
	assert_told(f, "4 failed upgrade, 3 failed upgrade, 2 superseded upgrade");
}

static void test_failed_tests_count_unless_ignored(void **state)
{
	struct stage *f = *state;

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
	struct stage *f = *state;

	fill(f, states, 7);
	assert_int_equal(hr_previous(&f->h, false).kind, NODE_NONE);
	hr_truncate(&f->h, false);
	assert_told(f, "7 failed upgrade, 6 failed upgrade, 5 failed upgrade, 4 failed upgrade, "
		       "3 failed upgrade");
}

/* ---- proofs -------------------------------------------------------------------- */

static void test_a_changed_record_is_noticed(void **state)
{
	struct stage *f = *state;
	struct record r = record_of(1, "deployed");

	begin(f, "install");
	see(f, 1, "deployed");
	assert_true(hr_verify(&f->a, hr_latest(&f->h), &r));
	f->settings.snapshot_digest_algo = DIGEST_SHA512;	/* only for new ones */
	assert_true(hr_verify(&f->a, hr_latest(&f->h), &r));
	r.manifest = S("other: {}");
	assert_false(hr_verify(&f->a, hr_latest(&f->h), &r));
	r = record_of(1, "superseded");
	assert_false(hr_verify(&f->a, hr_latest(&f->h), &r));
	/* snapshots of controllers with Helm 3 say nothing about it */
	node_remove(hr_latest(&f->h), S("apiVersion"));
	assert_true(hr_verify(&f->a, hr_latest(&f->h), &r));
}

static void test_digests_are_of_the_algorithm_that_is_set(void **state)
{
	static const struct {
		enum digest_algo algo;
		const char *of_nothing;
	} rows[] = {
		{ DIGEST_SHA256, "sha256:e3b0c44298fc1c149afbf4c8996fb924"
				 "27ae41e4649b934ca495991b7852b855" },
		{ DIGEST_SHA384, "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
				 "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
		{ DIGEST_BLAKE3, "blake3:af1349b9f5f9a1a6a0404dea36dcc949"
				 "9bcb25c9adc112b7cc9a93cae41f3262" },
		{ DIGEST_SHA1, "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	};
	struct stage *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct record r = record_of(1, "deployed");

		f->settings.snapshot_digest_algo = rows[i].algo;
		f->h.config_digest = hr_values_digest(&f->a, rows[i].algo, NODE_NOTHING);
		hr_clear_history(&f->h);
		begin(f, "install");
		see(f, 1, "deployed");
		node latest = hr_latest(&f->h);
		str values = node_str(node_get(latest, S("configDigest")));

		assert_string_equal(arena_cstr(&f->a, values), rows[i].of_nothing);
		assert_true(hr_verify(&f->a, latest, &r));
		assert_true(hr_has_values(&f->h, values));
		assert_true(str_starts(node_str(node_get(latest, S("digest"))),
				       digest_algo_name(rows[i].algo)));
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(hr_has_values(&f->h, str_c(rows[i].of_nothing)));
	assert_false(hr_has_values(&f->h, S("blake3:00")));
}

static void test_a_release_is_tested_once_all_tests_ended(void **state)
{
	struct stage *f = *state;

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
	struct stage *f = *state;

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
		TEST(test_digests_are_of_the_algorithm_that_is_set),
		TEST(test_a_release_is_tested_once_all_tests_ended),
		TEST(test_names_of_releases_and_charts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
