#include "controllers/controllers.h"
#include "controllers/hr_stage_test.h"

/* Passes without a cluster: how they begin, and what stands in the way of a deletion. */
static struct world {
	err *no_cluster, *no_account;	/* what is answered instead */
	bool uninstalled;
} world;

/* ---- instead of the world ------------------------------------------------------- */

err *__wrap_pass_cluster(struct pass *p, const struct cluster **out);
err *__wrap_client_get(struct client *c, struct arena *a, const struct client_resource *r, str ns,
		       str name, node *out);
err *__wrap_hr_uninstall(struct hr *h);
err *__wrap_hr_delete_chart(struct hr *h);
void __wrap_hr_prepare_env(struct hr *h);
struct tmpl_cache *__wrap_hr_shared_templates(struct hr_shared *s);

err *__wrap_pass_cluster(struct pass *p, const struct cluster **out)
{
	(void)p;
	*out = &stage.cluster;
	return world.no_cluster;
}

err *__wrap_client_get(struct client *c, struct arena *a, const struct client_resource *r, str ns,
		       str name, node *out)
{
	(void)c;
	assert_true(str_eq(r->kind, S("ServiceAccount")));
	assert_true(str_eq(ns, S("apps")));
	assert_true(str_eq(name, S("deployer")));
	*out = node_map(a, 0);
	return world.no_account;
}

err *__wrap_hr_uninstall(struct hr *h)
{
	(void)h;
	world.uninstalled = true;
	return NULL;
}

err *__wrap_hr_delete_chart(struct hr *h)
{
	(void)h;
	return NULL;
}

void __wrap_hr_prepare_env(struct hr *h)
{
	(void)h;
}

struct tmpl_cache *__wrap_hr_shared_templates(struct hr_shared *s)
{
	(void)s;
	return NULL;
}

/* ---- the stage ------------------------------------------------------------------ */

static struct stage *begin(const char *spec)
{
	struct stage *s = stage_begin(spec);

	world = (struct world){ 0 };
	status_set_str(&s->p, S("storageNamespace"), S("apps"));
	return s;
}

static const char *ready(struct stage *s)
{
	node c = condition_get(&s->p, S("Ready"));

	return arena_printf(&s->a, "%.*s: %.*s", STR_ARG(node_str(node_get(c, S("reason")))),
			    STR_ARG(node_str(node_get(c, S("message"))))).p;
}

static enum outcome_next finalize(struct stage *s)
{
	return helmrelease_controller.finalize(&s->p).next;
}

/* ---- how a pass begins ---------------------------------------------------------- */

static void test_one_chart_is_named(void **state)
{
	static const char *const specs[] = { "{}", "{\"chart\":{},\"chartRef\":{}}" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stage *s = begin(specs[i]);

		assert_int_equal(helmrelease_controller.reconcile(&s->p).next, NEXT_CHANGE);
		assert_int_equal(condition_get(&s->p, S("Reconciling")).kind, NODE_NONE);
		stage_end();
	}
}

static void test_the_version_has_the_digest_of_the_source(void **state)
{
	static const struct {
		const char *chart, *revision, *version, *digest;	/* NULL: an error */
	} rows[] = {
		{ "1.0.0", "1.0.0@sha256:0123456789abcdef", "1.0.0+0123456789ab",
		  "sha256:0123456789abcdef" },
		{ "1.0.0-rc.1", "v1.0.0-rc.1@sha256:0123456789abcdef",
		  "1.0.0-rc.1+0123456789ab", "sha256:0123456789abcdef" },
		/* what a registry made of 1.0.0+build */
		{ "1.0.0+build", "1.0.0_build@sha256:0123456789abcdef", "1.0.0+0123456789ab",
		  "sha256:0123456789abcdef" },
		{ "1.0.0", "latest@sha256:0123456789abcdef", "1.0.0+0123456789ab",
		  "latest@sha256:0123456789abcdef" },
		{ "1.0.0", "2.0.0@sha256:0123456789abcdef", NULL,
		  "artifact revision 2.0.0 does not match chart version 1.0.0" },
		{ "1.0.0", "2.0.0_x@sha256:0123456789abcdef", NULL,
		  "artifact revision 2.0.0_x does not match chart version 1.0.0" },
		{ "1.0.0", "latest@sha256:0123", NULL, "invalid artifact revision latest@sha256:0123" },
		{ "one", "1.0.0@sha256:0123456789abcdef", NULL, "invalid chart version one" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage *s = begin("{}");
		struct chart chart = { .meta = { .version = str_c(rows[i].chart) } };
		struct hr h = { .p = &s->p, .a = &s->a, .chart = &chart,
				.source_kind = S("OCIRepository"),
				.artifact = { .revision = str_c(rows[i].revision) } };
		CLEANUP(err_drop) err *e = hr_mutate_version(&h, NODE_NOTHING);

		if (!rows[i].version) {
			assert_non_null(e);
			assert_string_equal(err_msg(e), rows[i].digest);
		} else {
			assert_null(e);
			assert_string_equal(arena_str(&s->a, chart.meta.version).p, rows[i].version);
			assert_string_equal(arena_str(&s->a, h.oci_digest).p, rows[i].digest);
		}
		stage_end();
	}
}

/* ---- deletion -------------------------------------------------------------------- */

static void test_a_release_goes_with_its_object(void **state)
{
	struct stage *s = begin("{\"serviceAccountName\":\"deployer\"}");

	(void)state;
	assert_int_equal(finalize(s), NEXT_CHANGE);
	assert_true(world.uninstalled);
	stage_end();
}

static void test_a_release_whose_account_is_gone_stays(void **state)
{
	struct stage *s = begin("{\"serviceAccountName\":\"deployer\"}");

	(void)state;
	world.no_account = err_new(ERR_NOT_FOUND, "serviceaccounts \"deployer\" not found");
	assert_int_equal(finalize(s), NEXT_CHANGE);
	assert_false(world.uninstalled);
	stage_end();
}

static void test_an_account_that_nobody_may_see_is_waited_for(void **state)
{
	struct stage *s = begin("{\"serviceAccountName\":\"deployer\"}");

	(void)state;
	world.no_account = err_new(ERR_FORBIDDEN, "it is forbidden");
	assert_int_equal(finalize(s), NEXT_BACKOFF);
	assert_false(world.uninstalled);
	assert_string_equal(ready(s), "UninstallFailed: failed to confirm ServiceAccount 'deployer' "
				      "can be used to uninstall release: it is forbidden");
	stage_end();
}

static void test_a_cluster_that_cannot_be_reached_is_waited_for(void **state)
{
	struct stage *s = begin("{\"kubeConfig\":{\"secretRef\":{\"name\":\"far\"}}}");

	(void)state;
	world.no_cluster = err_new(ERR_FORBIDDEN, "unable to read KubeConfig secret 'apps/far' error: "
					       "it is forbidden");
	assert_int_equal(finalize(s), NEXT_BACKOFF);
	assert_string_equal(ready(s), "UninstallFailed: failed to build REST client getter to "
				      "uninstall release: could not get KubeConfig secret "
				      "'apps/far': it is forbidden");
	world.no_cluster = err_new(ERR_INVALID, "invalid KubeConfig in secret 'apps/far': what");
	assert_int_equal(finalize(s), NEXT_BACKOFF);
	assert_string_equal(ready(s), "UninstallFailed: failed to build REST client getter to "
				      "uninstall release: failed to load KubeConfig from secret "
				      "'apps/far': what");
	world.no_cluster = err_new(ERR_INVALID, "KubeConfig secret 'apps/far' does not contain a "
						"'value' key with a kubeconfig");
	assert_int_equal(finalize(s), NEXT_BACKOFF);
	assert_string_equal(ready(s), "UninstallFailed: failed to build REST client getter to "
				      "uninstall release: KubeConfig secret 'apps/far' does not "
				      "contain a 'value' or 'value.yaml' key with data");
	world.no_cluster = err_new(ERR_NOT_FOUND, "secrets \"far\" not found");
	assert_int_equal(finalize(s), NEXT_CHANGE);
	assert_false(world.uninstalled);
	stage_end();
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_one_chart_is_named),
		cmocka_unit_test(test_the_version_has_the_digest_of_the_source),
		cmocka_unit_test(test_a_release_goes_with_its_object),
		cmocka_unit_test(test_a_release_whose_account_is_gone_stays),
		cmocka_unit_test(test_an_account_that_nobody_may_see_is_waited_for),
		cmocka_unit_test(test_a_cluster_that_cannot_be_reached_is_waited_for),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
