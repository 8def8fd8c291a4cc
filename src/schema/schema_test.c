#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "base/buf.h"
#include "schema/schema.h"
#include "value/json.h"

struct question {
	const char *schema, *values, *want;	/* want: the error, or "" */
};

static node read_json(struct arena *a, const char *text)
{
	node n;

	assert_null(json_read(a, str_c(text),
			      &(struct json_options){ .numbers = JSON_NUMBERS_TEXT }, &n));
	return n;
}

static void ask(const struct question *q, const struct schema_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	err *e = schema_values_check(str_c(q->schema), read_json(&a, q->values), o);

	if (strcmp(e ? err_msg(e) : "", q->want) != 0)
		fail_msg("%s on %s:\n%s\nnot\n%s", q->schema, q->values, e ? err_msg(e) : "",
			 q->want);
	err_free(e);
}

#define ask_all(questions, o)                                                   \
	for (size_t i = 0; i < sizeof(questions) / sizeof *(questions); i++)    \
		ask(&(questions)[i], (o))

static const struct question told[] = {
	{ "{\"properties\":{\"n\":{\"type\":\"integer\"}}}", "{\"n\":\"x\"}",
	  "- at '/n': got string, want integer\n" },
	{ "{\"properties\":{\"n\":{\"type\":\"integer\"}}}", "{\"n\":4.0}", "" },
	{ "{\"properties\":{\"n\":{\"maximum\":65535}}}", "{\"n\":70000}",
	  "- at '/n': maximum: got 70,000, want 65,535\n" },
	{ "{\"properties\":{\"n\":{\"minimum\":0}}}", "{\"n\":-1e-7}",
	  "- at '/n': minimum: got -1×10⁻⁰⁷, want 0\n" },
	{ "{\"required\":[\"a\",\"b's\"]}", "{}", "- at '': missing properties 'a', 'b\\'s'\n" },
	{ "{\"additionalProperties\":false,\"properties\":{\"a\":true}}", "{\"a\":1,\"~/\":2}",
	  "- at '': additional properties '~/' not allowed\n" },
	{ "{\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"},{\"minLength\":2}]}}}",
	  "{\"a\":\"x\"}",
	  "- at '/a': 'anyOf' failed\n  - at '/a': got string, want null\n"
	  "  - at '/a': minLength: got 1, want 2\n" },
	{ "{\"oneOf\":[true,{\"type\":\"object\"}]}", "{}",
	  "- at '': 'oneOf' failed, subschemas 0, 1 matched\n" },
	{ "{\"properties\":{\"a\":{\"enum\":[\"x\",1.50,null]}}}", "{\"a\":2}",
	  "- at '/a': value must be one of 'x', 1.50, <nil>\n" },
	{ "{\"properties\":{\"a\":{\"pattern\":\"^[a-z]+$\"}}}", "{\"a\":\"A\\\\\"}",
	  "- at '/a': 'A\\' does not match pattern '^[a-z]+$'\n" },
	{ "{\"properties\":{\"a\":{\"type\":\"array\",\"uniqueItems\":true}}}",
	  "{\"a\":[1,{\"b\":2},1.0]}", "- at '/a': items at 0 and 2 are equal\n" },
	{ "{\"$ref\":\"#\"}", "{}",
	  "- at '': both /$ref and  resolve to \"file:///values.schema.json#\" causing reference "
	  "cycle\n" },
	{ "{\"properties\":{\"a\":{\"const\":1},\"b\":true},\"unevaluatedProperties\":false}",
	  "{\"a\":1,\"c\":2}", "- at '/c': false schema\n" },
};

static void test_failures_in_the_words_of_helm(void **state)
{
	(void)state;
	ask_all(told, NULL);
}

static const struct question broken[] = {
	{ "", "{}", "EOF" },
	{ "{", "{}", "unexpected EOF" },
	{ "{} x", "{}", "invalid character after top-level value" },
	{ "{\"$ref\":\"#/x\"}", "{}",
	  "json-pointer in \"file:///values.schema.json#/x\" not found" },
	{ "{\"$ref\":\"#x\"}", "{}",
	  "anchor in \"file:///values.schema.json#x\" not found in schema "
	  "\"file:///values.schema.json\"" },
	{ "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"type\":1}", "{}",
	  "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation "
	  "failed with 'http://json-schema.org/draft-07/schema#'\n"
	  "- at '/type': 'anyOf' failed\n"
	  "  - at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', "
	  "'object', 'string'\n"
	  "  - at '/type': got number, want array" },
};

static void test_broken_schemas(void **state)
{
	(void)state;
	ask_all(broken, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures_in_the_words_of_helm),
		cmocka_unit_test(test_broken_schemas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
