#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/objectmeta.h"
#include "value/json.h"

static const struct {
	const char *meta;
	bool namespaced;
	const char *complaint;	/* the beginning of the only one; NULL: none */
} rows[] = {
	{ "{\"name\":\"a\"}", false, NULL },
	{ "{\"name\":\"a\",\"namespace\":\"n\"}", true, NULL },
	{ "{}", false, "m.name: Required value: name or generateName is required" },
	{ "{\"name\":\"a\"}", true, "m.namespace: Required value" },
	{ "{\"name\":\"a\",\"namespace\":\"n\"}", false, "m.namespace: Forbidden: not allowed on this type" },
	{ "{\"name\":\"A\"}", false, "m.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain" },
	{ "{\"name\":\"a\",\"generation\":-1}", false,
	  "m.generation: Invalid value: -1: must be greater than or equal to 0" },
	{ "{\"name\":\"a\",\"labels\":{\"-\":\"\"}}", false, "m.labels: Invalid value: \"-\": name part" },
	{ "{\"name\":\"a\",\"labels\":{\"k\":\"a b\"}}", false, "m.labels: Invalid value: \"a b\": a valid label" },
	{ "{\"name\":\"a\",\"annotations\":{\"K\":\"\"}}", false, NULL },
	{ "{\"name\":\"a\",\"finalizers\":[\"x/y\",\"orphan\"]}", false, NULL },
	{ "{\"name\":\"a\",\"finalizers\":[\"orphan\",\"foregroundDeletion\"]}", false,
	  "m.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and" },
	{ "{\"name\":\"a\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"u\"}]}",
	  false, NULL },
	{ "{\"name\":\"a\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\"}]}",
	  false, "m.ownerReferences.uid: Invalid value: \"\": must not be empty" },
};

static void test_each_part_of_metadata(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct fielderrs e = { .arena = &a };
		node meta;

		assert_null(json_read(&a, str_c(rows[i].meta), NULL, &meta));
		objectmeta_check(&e, S("m"), meta, NAME_DNS_SUBDOMAIN, rows[i].namespaced);
		fielderr_print(&b, &e);
		if (rows[i].complaint ? e.n != 1 || !str_starts(buf_str(&b), str_c(rows[i].complaint))
				      : e.n != 0) {
			print_error("%s: %s\n", rows[i].meta, buf_c(&b));
			fail();
		}
	}
}

static void test_annotations_have_a_size(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct fielderrs e = { .arena = &a };
	node meta = node_map(&a, 1), annotations = node_map(&a, 1);
	char *text = arena_alloc(&a, OBJECTMETA_ANNOTATIONS_MAX + 1);

	(void)state;
	memset(text, 'x', OBJECTMETA_ANNOTATIONS_MAX + 1);
	node_set(&a, meta, S("annotations"), annotations);
	node_set(&a, annotations, S("k"), node_from_str(&a, str_of(text, OBJECTMETA_ANNOTATIONS_MAX - 1)));
	objectmeta_check_parts(&e, S("m"), meta, true);
	assert_int_equal(e.n, 0);
	node_set(&a, annotations, S("k"), node_from_str(&a, str_of(text, OBJECTMETA_ANNOTATIONS_MAX)));
	objectmeta_check_parts(&e, S("m"), meta, true);
	assert_int_equal(e.n, 1);
	assert_true(str_eq(e.list[0].text, S("Too long: may not be more than 262144 bytes")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_part_of_metadata),
		cmocka_unit_test(test_annotations_have_a_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
