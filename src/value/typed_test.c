#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "value/json.h"
#include "value/typed.h"

static const struct typed_field image_fields[] = {
	TYPED_FIELD("name", &typed_string),
	TYPED_FIELD("count", &typed_int64),
};
static const struct typed image = TYPED_STRUCT_OF("types", "Image", image_fields);
static const struct typed images = { .kind = TYPED_LIST, .go = "[]types.Image", .of = &image };

static const struct typed_field file_fields[] = {
	TYPED_FIELD("namespace", &typed_string),
	TYPED_EMBEDDED("TypeMeta", "kind", &typed_string),
	TYPED_FIELD("resources", &typed_strings),
	TYPED_FIELD("labels", &typed_string_map),
	TYPED_FIELD("images", &images),
};
static const struct typed file = TYPED_STRUCT_OF("types", "Kustomization", file_fields);

/* What encoding/json of Go 1.26 makes of the same structs. */
static const struct {
	const char *in, *out, *error;
} cases[] = {
	{ "{\"Namespace\":\"a\",\"RESOURCES\":[\"x\",null]}",
	  "{\"namespace\":\"a\",\"resources\":[\"x\",\"\"]}", NULL },
	{ "{\"namespace\":null,\"images\":null}", "{}", NULL },
	{ "null", "{}", NULL },
	{ "{\"images\":[{\"name\":\"n\",\"count\":3}]}", "{\"images\":[{\"count\":3,\"name\":\"n\"}]}",
	  NULL },
	{ "{\"namespace\":true}", NULL,
	  "json: cannot unmarshal bool into Go struct field Kustomization.namespace of type string" },
	{ "{\"kind\":true}", NULL,
	  "json: cannot unmarshal bool into Go struct field Kustomization.TypeMeta.kind of type string" },
	{ "{\"images\":[{\"name\":[]}]}", NULL,
	  "json: cannot unmarshal array into Go struct field Image.images.name of type string" },
	{ "{\"images\":[{\"count\":1.5}]}", NULL,
	  "json: cannot unmarshal number 1.5 into Go struct field Image.images.count of type int64" },
	{ "{\"labels\":{\"a\":1}}", NULL,
	  "json: cannot unmarshal number into Go struct field Kustomization.labels of type string" },
	{ "{\"images\":{}}", NULL,
	  "json: cannot unmarshal object into Go struct field Kustomization.images of type []types.Image" },
	{ "[]", NULL, "json: cannot unmarshal array into Go value of type types.Kustomization" },
	{ "{\"a\\\"b\":1}", NULL, "json: unknown field \"a\\\"b\"" },
	{ "{\"nameSpce\":1}", NULL, "json: unknown field \"nameSpce\"" },
};

static void test_fits_as_go_does(void **state)
{
	const struct typed_options strict = { .strict = true };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		node in, out;

		assert_null(json_read(&a, str_c(cases[i].in), NULL, &in));
		err *e = typed_fit(&a, in, &file, &strict, &out);

		if (cases[i].error) {
			assert_non_null(e);
			assert_string_equal(err_msg(e), cases[i].error);
			err_free(e);
		} else {
			assert_null(e);
			assert_null(json_write(&text, out, NULL));
			assert_string_equal(buf_c(&text), cases[i].out);
		}
		arena_release(&a);
	}
}

static void test_suggests_the_nearest_name(void **state)
{
	(void)state;
	assert_true(str_eq(typed_suggest(&file, S("resource")), S("resources")));
	assert_true(str_eq(typed_suggest(&file, S("nmaespace")), S("namespace")));
	assert_false(typed_suggest(&file, S("patches")).n);
}

static void test_drops_what_it_does_not_know(void **state)
{
	struct arena a = ARENA_INIT;
	node in, out;

	(void)state;
	assert_null(json_read(&a, S("{\"x\":1,\"namespace\":\"n\"}"), NULL, &in));
	assert_null(typed_fit(&a, in, &file, NULL, &out));
	assert_int_equal(node_len(out), 1);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits_as_go_does),
		cmocka_unit_test(test_suggests_the_nearest_name),
		cmocka_unit_test(test_drops_what_it_does_not_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
