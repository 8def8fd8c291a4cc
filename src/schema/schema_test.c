#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
	{ "{\"a\": nul", "{}", "unexpected EOF" },
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

/* ---- references out of the document ------------------------------------ */

struct lender {
	int asked;
};

static bool lend(void *ctx, struct arena *a, str path, str *text)
{
	(void)a;
	((struct lender *)ctx)->asked++;
	*text = S("{\"$defs\":{\"p\":{\"type\":\"integer\"}},\"type\":\"object\"}");
	return str_eq(path, S("defs/common.json"));
}

static err *fetch(void *ctx, struct arena *a, str url, str *text)
{
	(void)a;
	(void)url;
	((struct lender *)ctx)->asked++;
	*text = S("{\"type\":\"string\"}");
	return NULL;
}

static const struct question refused[] = {
	{ "{\"$ref\":\"http://169.254.169.254/x\"}", "{}",
	  "failing loading \"http://169.254.169.254/x\": remote refs disabled "
	  "(--allow-remote-schema allows them)" },
	{ "{\"$schema\":\"https://example.com/meta\"}", "{}",
	  "failing loading \"https://example.com/meta\": remote refs disabled "
	  "(--allow-remote-schema allows them)" },
	{ "{\"$ref\":\"file:///etc/passwd\"}", "{}",
	  "failing loading \"file:///etc/passwd\": open /etc/passwd: no such file or directory" },
	{ "{\"$ref\":\"/dev/zero\"}", "{}",
	  "failing loading \"file:///dev/zero\": open /dev/zero: no such file or directory" },
	{ "{\"$ref\":\"../../etc/passwd\"}", "{}",
	  "failing loading \"file:///etc/passwd\": open /etc/passwd: no such file or directory" },
	{ "{\"$ref\":\"ftp://x/y\"}", "{}",
	  "failing loading \"ftp://x/y\": no URLLoader registered for \"ftp://x/y\"" },
	{ "{\"$ref\":\"urn:x:y\"}", "{}", "" },
};

static void test_neither_servers_nor_files_without_callbacks(void **state)
{
	(void)state;
	ask_all(refused, NULL);
}

static const struct question lent[] = {
	{ "{\"properties\":{\"port\":{\"$ref\":\"defs/common.json#/$defs/p\"}}}",
	  "{\"port\":\"x\"}", "- at '/port': got string, want integer\n" },
	{ "{\"properties\":{\"port\":{\"$ref\":\"https://example.com/s\"}}}", "{\"port\":1}",
	  "- at '/port': got number, want string\n" },
	{ "{\"$ref\":\"defs/other.json\"}", "{}",
	  "failing loading \"file:///defs/other.json\": open /defs/other.json: no such file or "
	  "directory" },
};

static void test_files_and_servers_through_callbacks(void **state)
{
	struct lender lender = { 0 };
	struct schema_options o = { .file = lend, .fetch = fetch, .ctx = &lender };

	(void)state;
	ask_all(lent, &o);
	assert_int_equal(lender.asked, 3);
}

/* ---- hostile schemas and values ---------------------------------------- */

/* BEFORE, n times, then MIDDLE, then AFTER n times. */
static void nest(struct buf *b, const char *before, const char *middle, const char *after, int n)
{
	for (int i = 0; i < n; i++)
		buf_add(b, str_c(before));
	buf_add(b, str_c(middle));
	for (int i = 0; i < n; i++)
		buf_add(b, str_c(after));
}

static void ask_bounded(const char *schema, const char *values, const char *part)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	err *e = schema_values_check(str_c(schema), read_json(&a, values), NULL);

	if (!part && e)
		fail_msg("%.200s", err_msg(e));
	if (part && (!e || !strstr(err_msg(e), part)))
		fail_msg("%.200s, not %s", e ? err_msg(e) : "accepted", part);
	err_free(e);
}

static void test_deep_schemas(void **state)
{
	CLEANUP(buf_release) struct buf schema = BUF_INIT, values = BUF_INIT;

	(void)state;
	nest(&schema, "{\"properties\":{\"a\":", "{\"type\":\"string\"}", "}}", 4000);
	nest(&values, "{\"a\":", "1", "}", 4000);
	ask_bounded(buf_c(&schema), buf_c(&values), "got number, want string");
	buf_clear(&schema);
	nest(&schema, "{\"not\":", "true", "}", 9000);
	ask_bounded(buf_c(&schema), "{}", NULL);
	buf_clear(&schema);
	nest(&schema, "{\"not\":", "true", "}", 100000);
	ask_bounded(buf_c(&schema), "{}", "exceeded max depth");
}

static void test_deep_values(void **state)
{
	CLEANUP(buf_release) struct buf values = BUF_INIT;

	(void)state;
	nest(&values, "{\"a\":", "1", "}", 9900);
	ask_bounded("{\"additionalProperties\":{\"$ref\":\"#\"}}", buf_c(&values), NULL);
	ask_bounded("{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"$ref\":\"#\"}]}}",
		    buf_c(&values), "text of validation errors is larger than");
	ask_bounded("{\"const\":{}}", buf_c(&values), "'const' failed");
}

static void test_cycles_and_explosions(void **state)
{
	CLEANUP(buf_release) struct buf schema = BUF_INIT;

	(void)state;
	ask_bounded("{\"allOf\":[{\"$ref\":\"#/allOf/0\"}]}", "{}", "causing reference cycle");
	ask_bounded("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{"
		    "\"$ref\":\"#/$defs/a\"}}}", "{}", "causing reference cycle");
	buf_add(&schema, S("{\"$defs\":{\"0\":{\"type\":\"string\"}"));
	for (int i = 1; i < 60; i++)
		buf_addf(&schema, ",\"%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/%d\"},{\"$ref\":"
				  "\"#/$defs/%d\"}]}", i, i - 1, i - 1);
	buf_add(&schema, S("},\"not\":{\"$ref\":\"#/$defs/59\"}}"));
	ask_bounded(buf_c(&schema), "{}", "validation takes more than");
}

static void test_patterns_run_in_linear_time(void **state)
{
	CLEANUP(buf_release) struct buf values = BUF_INIT;

	(void)state;
	nest(&values, "", "{\"a\":\"", "", 0);
	buf_fill(&values, 'a', 100000);
	buf_add(&values, S("!\"}"));
	ask_bounded("{\"properties\":{\"a\":{\"pattern\":\"^(a+)+$\"}}}", buf_c(&values),
		    "does not match pattern");
}

static void test_strange_numbers(void **state)
{
	CLEANUP(buf_release) struct buf values = BUF_INIT;

	(void)state;
	ask_bounded("{\"properties\":{\"a\":{\"multipleOf\":0}}}", "{\"a\":1}",
		    "exclusiveMinimum: got 0, want 0");
	ask_bounded("{\"properties\":{\"a\":{\"maximum\":1}}}", "{\"a\":1e1000000000}",
		    "unable to validate schema");
	ask_bounded("{\"properties\":{\"a\":{\"multipleOf\":7}}}", "{\"a\":1e999999}",
		    "multipleOf: got ∞, want 7");
	nest(&values, "", "{\"a\":", "", 0);
	buf_fill(&values, '7', 100000);
	buf_addc(&values, '}');
	ask_bounded("{\"properties\":{\"a\":{\"multipleOf\":1e-3}}}", buf_c(&values),
		    "number of more than 2000 digits");
}

static void test_a_huge_enum(void **state)
{
	CLEANUP(buf_release) struct buf schema = BUF_INIT, values = BUF_INIT;

	(void)state;
	buf_add(&schema, S("{\"additionalProperties\":{\"enum\":[-1"));
	for (int i = 0; i < 20000; i++)
		buf_addf(&schema, ",%d", i);
	buf_add(&schema, S("]}}"));
	buf_add(&values, S("{\"x\":0"));
	for (int i = 0; i < 200; i++)
		buf_addf(&values, ",\"%d\":19999", i);
	buf_addc(&values, '}');
	ask_bounded(buf_c(&schema), buf_c(&values), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures_in_the_words_of_helm),
		cmocka_unit_test(test_broken_schemas),
		cmocka_unit_test(test_neither_servers_nor_files_without_callbacks),
		cmocka_unit_test(test_files_and_servers_through_callbacks),
		cmocka_unit_test(test_deep_schemas),
		cmocka_unit_test(test_deep_values),
		cmocka_unit_test(test_cycles_and_explosions),
		cmocka_unit_test(test_patterns_run_in_linear_time),
		cmocka_unit_test(test_strange_numbers),
		cmocka_unit_test(test_a_huge_enum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
