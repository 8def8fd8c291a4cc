#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/workers.h"
#include "server/custom.h"
#include "value/json.h"

/* Two versions, v1 stored; v2 has another field; v3 is not served. */
static const char definition[] =
	"{\"metadata\":{\"name\":\"things.g.io\"},\"spec\":{\"group\":\"g.io\",\"scope\":\"Namespaced\","
	"\"names\":{\"kind\":\"Thing\"},\"versions\":["
	"{\"name\":\"v1\",\"served\":true,\"storage\":true,\"deprecated\":true,"
	"\"subresources\":{\"status\":{},\"scale\":{\"specReplicasPath\":\".spec.n\","
	"\"statusReplicasPath\":\".status.n\",\"labelSelectorPath\":\".status.sel\"}},"
	"\"selectableFields\":[{\"jsonPath\":\".spec.color\"}],"
	"\"additionalPrinterColumns\":[{\"name\":\"N\",\"type\":\"integer\",\"jsonPath\":\".spec.n\","
	"\"priority\":1},{\"name\":\"Color\",\"type\":\"string\",\"jsonPath\":\".spec.color\"}],"
	"\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{"
	"\"spec\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"},\"color\":{\"type\":"
	"\"string\"},\"old\":{\"type\":\"string\",\"default\":\"was\"}}},"
	"\"status\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"},\"sel\":{\"type\":"
	"\"string\"}}}}}}},"
	"{\"name\":\"v2\",\"served\":true,\"storage\":false,\"schema\":{\"openAPIV3Schema\":{\"type\":"
	"\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":"
	"\"integer\"},\"new\":{\"type\":\"string\",\"default\":\"is\"}}}}}}},"
	"{\"name\":\"v3\",\"served\":false,\"storage\":false,\"schema\":{\"openAPIV3Schema\":{\"type\":"
	"\"object\"}}}]},"
	"\"status\":{\"acceptedNames\":{\"plural\":\"things\",\"singular\":\"thing\",\"kind\":\"Thing\","
	"\"listKind\":\"ThingList\",\"shortNames\":[\"th\"],\"categories\":[\"all\"]}}}";

static err *make(const char *json, uint64_t stamp, struct custom **out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(blob_drop) struct blob *b = blob_of(&(struct blob_parts){ .name = S("x") }, str_c(json), 1);
	node crd;

	assert_null(json_read(&a, str_c(json), NULL, &crd));
	return custom_new(crd, b, stamp, out);
}

static int set_up(void **state)
{
	struct custom *c = NULL;

	assert_null(make(definition, 7, &c));
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	custom_release(*state);
	return 0;
}

static const struct kind *kind_at(void **state, size_t i)
{
	size_t n;
	const struct kind *const *kinds = custom_kinds(*state, &n);

	assert_int_equal(n, 2);
	return kinds[i];
}

static node parsed(struct arena *a, const char *json)
{
	node n = NODE_NOTHING;

	assert_null(json_read(a, str_c(json), NULL, &n));
	return n;
}

static void assert_json(node n, const char *want)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	assert_null(json_write(&b, n, &(struct json_style){ .source_order = true }));
	assert_string_equal(buf_c(&b), want);
}

static void test_a_row_for_each_served_version(void **state)
{
	const struct kind *v1 = kind_at(state, 0), *v2 = kind_at(state, 1);

	assert_true(gvk_eq(v1->gvk, (struct gvk){ S("g.io"), S("v1"), S("Thing") }));
	assert_true(str_eq(v2->gvk.version, S("v2")));
	assert_true(str_eq(v1->plural, S("things")) && str_eq(v1->singular, S("thing")) &&
		    str_eq(v1->list_kind, S("ThingList")));
	assert_int_equal(v1->short_names_n + v1->categories_n, 2);
	assert_true(v1->namespaced && v1->custom && v1->has_status && v1->has_scale);
	assert_false(v2->has_status || v2->has_scale);
	assert_int_equal(v1->stamp, 7);
	assert_string_equal(v1->deprecated, "g.io/v1 Thing is deprecated; use g.io/v2 Thing");
	assert_null(v2->deprecated);
	assert_true(str_eq(custom_storage_version(v2), S("v1")));
	assert_true(str_eq(custom_definition(v2), S("things.g.io")));
	assert_int_equal(v1->selectable_n, 1);
	assert_string_equal(v1->selectable[0].label, "spec.color");
}

static void test_rows_outlive_their_definition(void **state)
{
	struct custom *c = NULL;
	size_t n;

	(void)state;
	assert_null(make(definition, 1, &c));
	const struct kind *k = kind_ref(custom_kinds(c, &n)[1]);

	custom_release(c);
	assert_true(str_eq(k->gvk.kind, S("Thing")));
	kind_unref(k);
}

static void test_bodies_lose_what_is_unknown(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct structural_unknown u = { .arena = &a };
	node o = parsed(&a, "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\","
			    "\"odd\":1},\"spec\":{\"n\":1,\"x\":2,\"color\":null},\"y\":3}");

	assert_null(custom_read(&a, kind_at(state, 0), o, &u));
	assert_json(o, "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"},"
		       "\"spec\":{\"n\":1}}");
	assert_int_equal(u.n, 3);
	assert_true(str_eq(u.p[0], S("metadata.odd")) && str_eq(u.p[1], S("spec.x")) &&
		    str_eq(u.p[2], S("y")));
	err *e = custom_read(&a, kind_at(state, 0),
			     parsed(&a, "{\"metadata\":{\"labels\":{\"a\":1}}}"), &u);

	assert_non_null(e);
	err_free(e);
}

static void test_versions_see_what_they_know(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct kind *v1 = kind_at(state, 0), *v2 = kind_at(state, 1);
	node o = parsed(&a, "{\"apiVersion\":\"g.io/v2\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"},"
			    "\"spec\":{\"n\":1,\"new\":\"is\"}}");
	node stored = custom_store(&a, v2, o);

	assert_json(stored, "{\"apiVersion\":\"g.io/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"},"
			    "\"spec\":{\"n\":1,\"old\":\"was\"}}");
	assert_json(custom_show(&a, v2, stored, true),
		    "{\"apiVersion\":\"g.io/v2\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"},"
		    "\"spec\":{\"n\":1}}");
	/* stored by a schema that is not the one of now */
	assert_json(custom_show(&a, v1, parsed(&a, "{\"kind\":\"Thing\",\"spec\":{\"gone\":1}}"), false),
		    "{\"kind\":\"Thing\",\"spec\":{\"old\":\"was\"},\"apiVersion\":\"g.io/v1\"}");
}

static void test_columns(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct kind *v1 = kind_at(state, 0), *v2 = kind_at(state, 1);
	node cells[3];

	assert_int_equal(v1->columns_n, 3);
	assert_string_equal(v1->columns[1].name, "N");
	assert_int_equal(v1->columns[1].priority, 1);
	v1->hooks->cells(&a, v1, parsed(&a, "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":3}}"), cells);
	assert_true(str_eq(node_str(cells[0]), S("a")));
	assert_int_equal(node_int(cells[1]), 3);
	assert_int_equal(cells[2].kind, NODE_NULL);
	assert_int_equal(v2->columns_n, 2);	/* name and age, where nothing is said */
	assert_string_equal(v2->columns[1].name, "Age");
}

static void test_scale(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct kind *v1 = kind_at(state, 0);
	node o = parsed(&a, "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":3},\"status\":{\"n\":2,\"sel\":"
			    "\"app=x\"}}"), scale;
	bool found;

	assert_true(str_eq(custom_scale_path(v1), S("spec.n")));
	assert_null(custom_scale(&a, v1, o, &found, &scale));
	assert_true(found);
	assert_json(scale, "{\"kind\":\"Scale\",\"apiVersion\":\"autoscaling/v1\",\"metadata\":{\"name\":"
			   "\"a\"},\"spec\":{\"replicas\":3},\"status\":{\"replicas\":2,\"selector\":"
			   "\"app=x\"}}");
	o = parsed(&a, "{}");
	assert_null(custom_rescale(&a, v1, o, 5));
	assert_json(o, "{\"spec\":{\"n\":5}}");
	assert_null(custom_scale(&a, v1, parsed(&a, "{}"), &found, &scale));
	assert_false(found);
}

static void test_nothing_comes_while_the_definition_goes(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct custom *c = NULL;
	size_t n;

	(void)state;
	assert_null(make(definition, 1, &c));
	const struct kind *k = custom_kinds(c, &n)[0];
	node o = parsed(&a, "{\"metadata\":{\"name\":\"a\"}}");
	struct kind_call create = { .arena = &a, .kind = k, .object = o };
	struct kind_call update = { .arena = &a, .kind = k, .object = o, .old = o };

	k->hooks->admit(&create);
	assert_null(create.refusal);
	custom_terminate(c);
	k->hooks->admit(&create);
	assert_int_equal(err_code(create.refusal), 403);
	k->hooks->admit(&update);
	assert_null(update.refusal);
	err_free(create.refusal);
	custom_release(c);
}

struct askers {
	struct custom *custom;
	struct blob *stored;
	const struct type *seen[32];
};

static void ask_for_type(void *ctx, size_t i)
{
	struct askers *asked = ctx;
	size_t n;

	if (i % 4 == 0)
		custom_moved(asked->custom, asked->stored);
	asked->seen[i] = kind_type(custom_kinds(asked->custom, &n)[i % 2]);
}

/* The schema is compiled when it is first needed, once, whoever asks. */
static void test_a_type_is_made_once(void **state)
{
	struct workers *w = workers_new(8, 0);

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct askers asked = { .stored = blob_of(&(struct blob_parts){ .name = S("x") },
							  str_c(definition), 2) };

		assert_null(make(definition, 1, &asked.custom));
		workers_each(w, 32, ask_for_type, &asked);
		for (size_t i = 0; i < 32; i++) {
			assert_non_null(asked.seen[i]);
			assert_ptr_equal(asked.seen[i], asked.seen[i % 2]);
		}
		custom_release(asked.custom);
		blob_unref(asked.stored);
	}
	workers_free(w);
}

static void test_what_cannot_be_served(void **state)
{
	static const char *const rows[] = {
		"[]", "{}", "{\"spec\":{\"versions\":[{\"name\":\"v1\",\"served\":true}]}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct custom *c = NULL;
		err *e = make(rows[i], 1, &c);

		if (!e)
			print_error("%s is served\n", rows[i]);
		assert_non_null(e);
		assert_string_equal(err_msg(e), "no version is stored");
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_row_for_each_served_version),
		cmocka_unit_test(test_rows_outlive_their_definition),
		cmocka_unit_test(test_bodies_lose_what_is_unknown),
		cmocka_unit_test(test_versions_see_what_they_know),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_nothing_comes_while_the_definition_goes),
		cmocka_unit_test(test_a_type_is_made_once),
		cmocka_unit_test(test_what_cannot_be_served),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
