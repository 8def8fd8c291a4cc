#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/rbac.h"
#include "value/yaml.h"

#define OBJECTS                                                                              \
	"kind: Role\nmetadata: {name: reader, namespace: a}\n"                               \
	"rules:\n- {apiGroups: [''], resources: [configmaps], verbs: [get, list]}\n"         \
	"- {apiGroups: [apps], resources: [deployments/scale], verbs: [get]}\n"              \
	"- {apiGroups: ['*'], resources: ['*/status'], verbs: [get]}\n"                      \
	"- {apiGroups: [''], resources: [secrets], resourceNames: [only], verbs: ['*']}\n"   \
	"---\n"                                                                              \
	"kind: RoleBinding\nmetadata: {name: reader, namespace: a}\n"                        \
	"roleRef: {kind: Role, name: reader}\n"                                              \
	"subjects:\n- {kind: User, name: alice}\n- {kind: Group, name: devs}\n"              \
	"- {kind: ServiceAccount, name: sa}\n"                                               \
	"---\n"                                                                              \
	"kind: ClusterRole\nmetadata: {name: paths}\n"                                       \
	"rules:\n- {nonResourceURLs: [/healthz, /api/*], verbs: [get]}\n"                    \
	"---\n"                                                                              \
	"kind: ClusterRoleBinding\nmetadata: {name: paths}\n"                                \
	"roleRef: {kind: ClusterRole, name: paths}\n"                                        \
	"subjects:\n- {kind: Group, name: 'system:authenticated'}\n"                         \
	"---\n"                                                                              \
	"kind: RoleBinding\nmetadata: {name: dangling, namespace: a}\n"                      \
	"roleRef: {kind: Role, name: nope}\nsubjects:\n- {kind: User, name: bob}\n"

static struct rbac *make(struct arena *a)
{
	struct rbac *x = rbac_new(a);
	struct yaml_doc *docs;
	size_t n;

	assert_null(yaml_read_all(a, S(OBJECTS), YAML_KUBE, &docs, &n));
	for (size_t i = 0; i < n; i++)
		rbac_add(x, docs[i].root);
	rbac_seal(x);
	return x;
}

static void test_what_is_allowed(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct rbac *x = make(&a);
	static const str none[] = { S("system:authenticated") }, devs[] = { S("devs") };
	const struct request_user alice = { .name = S("alice"), .groups = none, .groups_n = 1 };
	const struct request_user carol = { .name = S("carol"), .groups = devs, .groups_n = 1 };
	const struct request_user bob = { .name = S("bob") };
	const struct request_user sa = { .name = S("system:serviceaccount:a:sa") };
	const struct {
		const struct request_user *user;
		const char *verb, *group, *plural, *sub, *namespace, *name;
		bool want;
	} rows[] = {
		{ &alice, "get", "", "configmaps", "", "a", "x", true },
		{ &alice, "get", "", "configmaps", "", "b", "x", false },
		{ &alice, "get", "", "configmaps", "", "", "", false },
		{ &alice, "create", "", "configmaps", "", "a", "", false },
		{ &carol, "list", "", "configmaps", "", "a", "", true },
		{ &sa, "list", "", "configmaps", "", "a", "", true },
		{ &bob, "list", "", "configmaps", "", "a", "", false },
		{ &alice, "get", "apps", "deployments", "scale", "a", "x", true },
		{ &alice, "get", "apps", "deployments", "", "a", "x", false },
		{ &alice, "get", "x.io", "things", "status", "a", "x", true },
		{ &alice, "delete", "", "secrets", "", "a", "only", true },
		{ &alice, "delete", "", "secrets", "", "a", "other", false },
		{ &alice, "list", "", "secrets", "", "a", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct auth_question q = { .user = rows[i].user,
						 .verb = str_c(rows[i].verb),
						 .resource = true,
						 .group = str_c(rows[i].group),
						 .plural = str_c(rows[i].plural),
						 .sub = str_c(rows[i].sub),
						 .namespace = str_c(rows[i].namespace),
						 .name = str_c(rows[i].name) };
		str reason = STR_NONE;

		if (rbac_allows(x, &a, &q, &reason) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void test_paths_and_reasons(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct rbac *x = make(&a);
	static const str groups[] = { S("system:authenticated") };
	const struct request_user u = { .name = S("alice"), .groups = groups, .groups_n = 1 };
	struct auth_question q = { .user = &u, .verb = S("get"), .path = S("/api/v1") };
	str reason = STR_NONE;

	(void)state;
	assert_true(rbac_allows(x, &a, &q, &reason));
	assert_string_equal(reason.p, "RBAC: allowed by ClusterRoleBinding \"paths\" of ClusterRole "
				      "\"paths\" to Group \"system:authenticated\"");
	q.path = S("/metrics");
	assert_false(rbac_allows(x, &a, &q, &reason));
	q = (struct auth_question){ .user = &u,
				    .verb = S("get"),
				    .resource = true,
				    .plural = S("configmaps"),
				    .namespace = S("a"),
				    .name = S("x") };
	assert_true(rbac_allows(x, &a, &q, &reason));
	assert_string_equal(reason.p, "RBAC: allowed by RoleBinding \"reader/a\" of Role "
				      "\"reader\" to User \"alice\"");
	assert_int_equal(node_len(rbac_rules_of(x, &a, &u, S("a"))), 5);
	assert_int_equal(node_len(rbac_rules_of(x, &a, &u, S("b"))), 1);
}

static node rules(struct arena *a, const char *yaml)
{
	node n;

	assert_null(yaml_read(a, str_c(yaml), YAML_KUBE, &n));
	return n;
}

static void test_what_is_not_held_is_named(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node held = rules(&a, "[{apiGroups: [''], resources: [pods, pods/log], verbs: [get, list]}]");
	node missing = rbac_uncovered(
		&a, held,
		rules(&a, "[{apiGroups: [''], resources: [pods, nodes], verbs: [get, delete]}, "
			  "{nonResourceURLs: ['*'], verbs: ['*']}]"));

	(void)state;
	node_each_item(r, missing) {
		rbac_print_rule(&b, *r);
		buf_addc(&b, '\n');
	}
	assert_string_equal(buf_c(&b),
			    "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}\n"
			    "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\", \"delete\"]}\n"
			    "{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}\n");
	assert_int_equal(node_len(rbac_uncovered(&a, rules(&a, "[{apiGroups: ['*'], resources: ['*'], "
							       "verbs: ['*']}]"),
						 held)),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_allowed),
		cmocka_unit_test(test_paths_and_reasons),
		cmocka_unit_test(test_what_is_not_held_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
