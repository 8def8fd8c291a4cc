#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cel/cel_decl.h"
#include "cel/cel_type.h"
#include "value/json.h"

static const char *const escaped[][2] = {
	{ "a", "a" },
	{ "a-b", "a__dash__b" },
	{ "a.b/c", "a__dot__b__slash__c" },
	{ "__a", "__underscores__a" },
	{ "___a", "__underscores___a" },
	{ "namespace", "__namespace__" },
	{ "namespaces", "namespaces" },
	{ "1a", NULL },
	{ "", NULL },
	{ "a b", NULL },
	{ "h\xc3\xa9", NULL },
};

static void test_names_are_escaped(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++) {
		str out, back;
		bool ok = cel_decl_escape(&a, str_c(escaped[i][0]), &out);

		assert_int_equal(ok, escaped[i][1] != NULL);
		if (!ok)
			continue;
		assert_true(str_eq(out, str_c(escaped[i][1])));
		assert_true(cel_decl_unescape(&a, out, &back));
		assert_true(str_eq(back, str_c(escaped[i][0])));
	}
	str out;

	assert_false(cel_decl_unescape(&a, S("a__bad__b"), &out));
	assert_false(cel_decl_unescape(&a, S("a__namespace__"), &out));
}

/* A schema, the type of its values, how many elements they may have, and the
 * least size of a value. */
static const struct {
	const char *schema, *type;
	int64_t max, min;
} types[] = {
	{ "{'type':'string','maxLength':5}", "string", 20, 2 },
	{ "{'type':'string','enum':['a','abc']}", "string", 3, 2 },
	{ "{'type':'string'}", "string", 3145726, 2 },
	{ "{'type':'string','format':'duration'}", "duration", 32, 3 },
	{ "{'type':'string','format':'date-time'}", "timestamp", 32, 21 },
	{ "{'type':'string','format':'byte','maxLength':7}", "bytes", 7, 2 },
	{ "{'type':'integer'}", "int", 0, 1 },
	{ "{'type':'number'}", "double", 0, 1 },
	{ "{'type':'boolean'}", "bool", 0, 4 },
	{ "{'x-kubernetes-int-or-string':true}", "dyn", 3145726, 1 },
	{ "{'type':'array','items':{'type':'boolean'}}", "list(bool)", 629145, 2 },
	{ "{'type':'array','maxItems':3,'items':{'type':'object'}}", "list(selfType.@idx)", 3, 2 },
	{ "{'type':'object','additionalProperties':{'type':'integer'}}", "map(string, int)", 449389, 2 },
	{ "{'type':'object','properties':{'ab':{'type':'boolean'}},'required':['ab']}", "selfType", 0,
	  12 },
	{ "{'type':'object','properties':{'ab':{'type':'boolean','default':true}},'required':['ab']}",
	  "selfType", 0, 2 },
	{ "{'type':'array','items':{}}", NULL, 0, 0 },
	{ "{'x-kubernetes-preserve-unknown-fields':true}", NULL, 0, 0 },
	{ "{}", NULL, 0, 0 },
};

static node read_schema(struct arena *a, const char *text)
{
	char *json = (char *)arena_str(a, str_c(text)).p;
	node n = NODE_NOTHING;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	assert_null(json_read(a, str_c(json), NULL, &n));
	return n;
}

static void test_schemas_have_types_and_sizes(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		const struct cel_decl *d = cel_decl_read(&a, read_schema(&a, types[i].schema), false);

		assert_int_equal(d->exposed, types[i].type != NULL);
		if (!d->exposed)
			continue;
		cel_type_print(&b, d->cel_type);
		assert_string_equal(buf_c(&b), types[i].type);
		assert_int_equal(d->max_elements, types[i].max);
		assert_int_equal(d->min_size, types[i].min);
	}
}

static void test_fields_are_found_by_both_names(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct cel_decl *d = cel_decl_read(
		&a,
		read_schema(&a, "{'type':'object','properties':{'a-b':{'type':'string'},'2':{},'c':{},"
				"'d':{},'e':{},'f':{},'g':{},'h':{}}}"),
		true);
	(void)state;

	assert_int_equal(d->n, 11);
	assert_ptr_equal(cel_decl_field(d, S("a-b")), cel_decl_escaped(d, S("a__dash__b")));
	assert_non_null(cel_decl_field(d, S("2")));
	assert_null(cel_decl_escaped(d, S("2")));
	assert_null(cel_decl_escaped(d, S("")));
	const struct cel_decl *meta = cel_decl_field(d, S("metadata"))->decl;

	assert_true(cel_decl_field(meta, S("generateName"))->decl->exposed);
	assert_int_equal(cel_decl_cardinality(meta), 1048576);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_escaped),
		cmocka_unit_test(test_schemas_have_types_and_sizes),
		cmocka_unit_test(test_fields_are_found_by_both_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
