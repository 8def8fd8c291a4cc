#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/crd.h"
#include "value/json.h"

#define THEN S("2020-01-01T00:00:00Z")
#define NOW S("2030-01-01T00:00:00Z")

static node parsed(struct arena *a, const char *json)
{
	node n = NODE_NOTHING;

	assert_null(json_read(a, str_c(json), NULL, &n));
	return n;
}

/* A definition of "g.io" with these names, none of them accepted yet. */
static node definition(struct arena *a, const char *name, const char *names)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b,
		 "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"group\":\"g.io\",\"names\":%s},"
		 "\"status\":{\"conditions\":null,\"acceptedNames\":{\"plural\":\"\",\"kind\":\"\"},"
		 "\"storedVersions\":[\"v1\"]}}",
		 name, names);
	return parsed(a, arena_str(a, buf_str(&b)).p);
}

#define WIDGETS \
	"{\"plural\":\"widgets\",\"singular\":\"widget\",\"shortNames\":[\"wd\"],\"kind\":\"Widget\"," \
	"\"listKind\":\"WidgetList\"}"

static node settled(struct arena *a, node crd, node all)
{
	node out;

	assert_true(crd_settle(a, crd, all, THEN, &out));
	return out;
}

static node condition(node crd, const char *type)
{
	node_each_item(c, node_dig(crd, "status", "conditions"))
		if (str_eq(node_str(node_get(*c, S("type"))), str_c(type)))
			return *c;
	return NODE_NOTHING;
}

static void assert_condition(node crd, const char *type, const char *status, const char *reason,
			     const char *message)
{
	node c = condition(crd, type);

	assert_string_equal(node_str(node_get(c, S("status"))).p, status);
	assert_string_equal(node_str(node_get(c, S("reason"))).p, reason);
	assert_string_equal(node_str(node_get(c, S("message"))).p, message);
}

static void test_names_that_are_free_are_taken(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node crd = definition(&a, "widgets.g.io", WIDGETS), again;

	(void)state;
	node out = settled(&a, crd, node_seq(&a, 0));

	assert_condition(out, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
	assert_condition(out, "Established", "True", "InitialNamesAccepted",
			 "the initial names have been accepted");
	assert_true(node_equal(node_dig(out, "status", "acceptedNames"), node_dig(out, "spec", "names")));
	assert_true(crd_is_served(out));
	assert_false(crd_is_served(crd));	/* it was not changed */
	assert_false(crd_settle(&a, out, node_seq(&a, 0), NOW, &again));
}

static void test_names_in_use(void **state)
{
	static const struct {
		const char *names, *reason, *message;
	} rows[] = {
		{ "{\"plural\":\"widgets\",\"singular\":\"o\",\"kind\":\"O\",\"listKind\":\"OL\"}",
		  "PluralConflict", "\"widgets\" is already in use" },
		{ "{\"plural\":\"os\",\"singular\":\"wd\",\"kind\":\"O\",\"listKind\":\"OL\"}",
		  "SingularConflict", "\"wd\" is already in use" },
		{ "{\"plural\":\"os\",\"singular\":\"o\",\"shortNames\":[\"x\",\"widget\",\"wd\"],\"kind\":"
		  "\"O\",\"listKind\":\"OL\"}",
		  "ShortNamesConflict", "[\"widget\" is already in use, \"wd\" is already in use]" },
		{ "{\"plural\":\"os\",\"singular\":\"o\",\"kind\":\"WidgetList\",\"listKind\":\"OL\"}",
		  "KindConflict", "\"WidgetList\" is already in use" },
		{ "{\"plural\":\"os\",\"singular\":\"o\",\"kind\":\"O\",\"listKind\":\"Widget\"}",
		  "ListKindConflict", "\"Widget\" is already in use" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node all = node_seq(&a, 1);

		node_append(&a, all,
			    settled(&a, definition(&a, "widgets.g.io", WIDGETS), node_seq(&a, 0)));
		node out = settled(&a, definition(&a, "others.g.io", rows[i].names), all);

		assert_condition(out, "NamesAccepted", "False", rows[i].reason, rows[i].message);
		assert_condition(out, "Established", "False", "NotAccepted",
				 "not all names are accepted");
		assert_false(crd_is_served(out));
	}
}

static void test_times_are_those_of_the_last_change(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node all = node_seq(&a, 1), out;

	(void)state;
	node_append(&a, all, settled(&a, definition(&a, "widgets.g.io", WIDGETS), node_seq(&a, 0)));
	node refused = settled(&a, definition(&a, "widgets2.g.io", WIDGETS), all);

	assert_true(crd_settle(&a, refused, node_seq(&a, 0), NOW, &out));
	assert_true(str_eq(node_str(node_get(condition(out, "NamesAccepted"), S("lastTransitionTime"))),
			   NOW));
	assert_true(str_eq(node_str(node_get(condition(refused, "NamesAccepted"),
					     S("lastTransitionTime"))),
			   THEN));
}

static void test_groups_of_the_community_need_a_word(void **state)
{
	static const struct {
		const char *annotation;
		enum crd_approval is;
	} rows[] = {
		{ "{}", CRD_APPROVAL_MISSING },
		{ "{\"api-approved.kubernetes.io\":\"https://example.com/pull/1\"}", CRD_APPROVED },
		{ "{\"api-approved.kubernetes.io\":\"unapproved, for now\"}", CRD_APPROVAL_BYPASSED },
		{ "{\"api-approved.kubernetes.io\":\"yes\"}", CRD_APPROVAL_INVALID },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str why;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		node crd = node_map(&a, 1), meta = node_map(&a, 1);

		node_set(&a, crd, S("metadata"), meta);
		node_set(&a, meta, S("annotations"), parsed(&a, rows[i].annotation));
		assert_int_equal(crd_approval(&a, S("x.k8s.io"), crd, &why), rows[i].is);
		assert_int_equal(crd_approval(&a, S("kubernetes.io"), crd, &why), rows[i].is);
		assert_int_equal(crd_approval(&a, S("xk8s.io"), crd, &why), CRD_UNPROTECTED);
	}
}

static void test_the_way_out(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node crd = settled(&a, definition(&a, "widgets.g.io", WIDGETS), node_seq(&a, 0));

	(void)state;
	node marked = crd_marked(&a, crd, NOW);

	assert_true(str_eq(node_str(node_dig(marked, "metadata", "deletionTimestamp")), NOW));
	assert_true(str_eq(node_str(node_at(node_dig(marked, "metadata", "finalizers"), 0)), CRD_FINALIZER));
	assert_true(crd_is(marked, S("Terminating")) && crd_is_served(marked));
	assert_int_equal(node_len(node_dig(crd_marked(&a, marked, NOW), "metadata", "finalizers")), 1);

	node cleaning = crd_cleaning(&a, marked, NOW);

	assert_condition(cleaning, "Terminating", "True", "InstanceDeletionInProgress",
			 "CustomResource deletion is in progress");
	assert_true(node_equal(crd_cleaning(&a, cleaning, THEN), cleaning));

	node gone = crd_cleaned(&a, cleaning, CRD_INSTANCES_GONE, NOW);

	assert_condition(gone, "Terminating", "False", "InstanceDeletionCompleted",
			 "removed all instances");
	assert_false(node_has(node_get(gone, S("metadata")), S("finalizers")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_are_free_are_taken),
		cmocka_unit_test(test_names_in_use),
		cmocka_unit_test(test_times_are_those_of_the_last_change),
		cmocka_unit_test(test_groups_of_the_community_need_a_word),
		cmocka_unit_test(test_the_way_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
