#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/gostruct.h"
#include "value/json.h"

static const struct gostruct leaf;
static const struct gostruct_field leaf_fields[] = {
	{ "Name", "name", GOSTRUCT_TEXT },
	{ "On", "on", GOSTRUCT_BOOL },
	{ "Count", "count", GOSTRUCT_NUMBER },
	{ "Max", "max", GOSTRUCT_POINTER },
	{ "Below", "below", GOSTRUCT_STRUCT_POINTER, &leaf },
	{ "List", "list", GOSTRUCT_LIST, &leaf },
	{ "Map", "map", GOSTRUCT_MAP, &leaf },
};
static const struct gostruct leaf = { leaf_fields, sizeof leaf_fields / sizeof *leaf_fields };

static const struct {
	const char *in, *out;
} rows[] = {
	{ "{}", "{\"Name\":\"\",\"On\":false,\"Count\":0,\"Max\":null,\"Below\":null,\"List\":null,\"Map\":null}" },
	{ "{\"name\":\"a<b\",\"on\":true,\"count\":2,\"max\":0,\"other\":1}",
	  "{\"Name\":\"a\\u003cb\",\"On\":true,\"Count\":2,\"Max\":0,\"Below\":null,\"List\":null,\"Map\":null}" },
};

static void test_all_fields_by_their_go_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node n;

		assert_null(json_read(&a, str_c(rows[i].in), NULL, &n));
		gostruct_print(&b, n, &leaf);
		assert_string_equal(buf_c(&b), rows[i].out);
	}
}

static void test_structs_in_structs(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n;

	(void)state;
	assert_null(json_read(&a,
			      S("{\"below\":{\"name\":\"x\"},\"list\":[{}],\"map\":{\"z\":{},\"a\":{}}}"),
			      NULL, &n));
	gostruct_print(&b, n, &leaf);
#define EMPTY "{\"Name\":\"\",\"On\":false,\"Count\":0,\"Max\":null,\"Below\":null,\"List\":null,\"Map\":null}"
	assert_string_equal(buf_c(&b), "{\"Name\":\"\",\"On\":false,\"Count\":0,\"Max\":null,\"Below\":{\"Name\":"
				       "\"x\",\"On\":false,\"Count\":0,\"Max\":null,\"Below\":null,\"List\":null,"
				       "\"Map\":null},\"List\":[" EMPTY "],\"Map\":{\"a\":" EMPTY ",\"z\":" EMPTY
				       "}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fields_by_their_go_names),
		cmocka_unit_test(test_structs_in_structs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
