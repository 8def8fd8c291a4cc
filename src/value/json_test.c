#include <pthread.h>

#include "value/tree_test.h"

#include "base/buf.h"

/* ---- reading ----------------------------------------------------------- */

static void test_kinds_of_numbers(void **state)
{
	static const struct {
		const char *text;
		enum node_kind kube, exact;
	} rows[] = {
		{ "0", NODE_INT, NODE_INT },
		{ "-0", NODE_INT, NODE_INT },
		{ "9223372036854775807", NODE_INT, NODE_INT },
		{ "9223372036854775808", NODE_FLOAT, NODE_UINT },
		{ "-9223372036854775808", NODE_INT, NODE_INT },
		{ "-9223372036854775809", NODE_FLOAT, NODE_FLOAT },
		{ "18446744073709551615", NODE_FLOAT, NODE_UINT },
		{ "18446744073709551616", NODE_FLOAT, NODE_FLOAT },
		{ "1.0", NODE_FLOAT, NODE_FLOAT },
		{ "1e2", NODE_FLOAT, NODE_FLOAT },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		str text = str_c(rows[i].text);
		node kube, all_float, exact;

		assert_null(json_read(&a, text, NULL, &kube));
		assert_null(json_read(&a, text, &(const struct json_options){
				      .numbers = JSON_NUMBERS_FLOAT }, &all_float));
		assert_null(json_read(&a, text, &(const struct json_options){
				      .numbers = JSON_NUMBERS_TEXT }, &exact));
		assert_int_equal(kube.kind, rows[i].kube);
		assert_int_equal(all_float.kind, NODE_FLOAT);
		assert_int_equal(exact.kind, rows[i].exact);
		assert_true(str_eq(node_str(exact), text));
		assert_true(node_float(kube) == node_float(all_float));
		assert_true(node_float(exact) == node_float(all_float));
	}
}

/* Syntax comes first, then the first number that does not fit. */
static void test_numbers_out_of_range_are_told_last(void **state)
{
	static const char *const rows[][2] = {
		{ "[1e400, -1e999]",
		  "json: cannot unmarshal number 1e400 into Go value of type float64" },
		{ "[1e400, x]", "invalid character 'x' looking for beginning of value" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node out = node_lit("untouched");
		err *e = json_read(&a, str_c(rows[i][0]), NULL, &out);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i][1]);
		assert_int_equal(out.kind, NODE_STR);
		err_free(e);
	}
}

static void test_strings_are_borrowed_where_they_can_be(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text = S("[\"plain \xc3\xa9 text, long enough\", \"with\\nescape\", \"bad \xff\"]");
	node n;

	(void)state;
	assert_null(json_read(&a, text, NULL, &n));
	assert_ptr_equal(node_str(node_at(n, 0)).p, text.p + 2);
	assert_string_equal(node_str(node_at(n, 1)).p, "with\nescape");
	assert_string_equal(node_str(node_at(n, 2)).p, "bad \xef\xbf\xbd");
}

static void test_the_last_of_equal_keys_wins(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(text_of(&a, tree(&a, "{'a':1,'b':2,'a':3,'\\u0061':{'x':4}}")),
			    "{'a':{'x':4},'b':2}");
	buf_addc(&b, '{');
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "\"k%d\":%d,", i % 100, i);
	buf_add(&b, S("\"end\":0}"));
	node n;

	assert_null(json_read(&a, buf_str(&b), NULL, &n));
	assert_int_equal(node_len(n), 101);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(node_int(node_get(n, arena_printf(&a, "k%d", i))), 200 + i);
		assert_int_equal(node_int(n.map->pairs[i].value), 200 + i);
	}
}

static void test_places(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	const struct json_options o = { .sources = &s, .name = S("x.json") };
	struct err_pos pos;
	node n, other;

	(void)state;
	assert_null(json_read(&a, S("[0]"), &o, &other));
	assert_null(json_read(&a, S("{\n  \"a\": [true,\n   {}]}"), &o, &n));
	assert_true(sources_locate(&s, n.place, &pos));
	assert_int_equal(pos.line * 100 + pos.col, 101);
	assert_true(sources_locate(&s, n.map->pairs[0].key.place, &pos));
	assert_int_equal(pos.line * 100 + pos.col, 203);
	assert_true(sources_locate(&s, node_at(node_get(n, S("a")), 0).place, &pos));
	assert_int_equal(pos.line * 100 + pos.col, 209);
	assert_true(sources_locate(&s, node_at(node_get(n, S("a")), 1).place, &pos));
	assert_int_equal(pos.line * 100 + pos.col, 304);
	assert_true(str_eq(pos.file, S("x.json")));
	assert_true(str_eq(pos.text, S("   {}]}")));
}

static void test_errors_have_a_position(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, col;
	} rows[] = {
		{ "{\n \"a\" 1}", 2, 6 },
		{ "[1,\n\u00e9]", 2, 1 },
		{ "[\"\u00e9\" x]", 1, 6 },
		{ "[", 1, 2 },
		{ "", 1, 1 },
		{ "[1e999]", 1, 2 },
		{ "\"\\u12x4\"", 1, 6 },
		{ "{} x", 1, 4 },
		{ "\"\n\"", 1, 2 },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		for (int with_sources = 0; with_sources < 2; with_sources++) {
			struct json_options o = { .name = S("f.json") };
			node out;

			if (with_sources)
				o.sources = &s;
			err *e = json_read(&a, str_c(rows[i].text), &o, &out);

			assert_non_null(e);
			assert_int_equal(err_position(e).line, rows[i].line);
			assert_int_equal(err_position(e).col, rows[i].col);
			err_free(e);
		}
}

/* ---- writing ----------------------------------------------------------- */

static void test_writing(void **state)
{
	static const struct {
		const char *text;
		struct json_style style;
		const char *want;
	} rows[] = {
		{ "{'b':1,'a':[],'c':{}}", { .indent = 0 }, "{\"a\":[],\"b\":1,\"c\":{}}" },
		{ "{'b':1,'a':2}", { .source_order = true }, "{\"b\":1,\"a\":2}" },
		{ "{'b':[1,{'x':null}],'a':[]}",
		  { .indent = 4 },
		  "{\n    \"a\": [],\n    \"b\": [\n        1,\n       "
		  " {\n            \"x\": null\n        }\n    ]\n}" },
		{ "['<&>\\u2028\\u2029\\b\\f\\n\\r\\t\\u0001\\\\\\u007f']",
		  { .indent = 0 },
		  "[\"\\u003c\\u0026\\u003e\\u2028\\u2029\\b\\f\\n\\r\\t\\u0001\\\\\x7f\"]" },
		{ "['<&>\\u2028']", { .raw_html = true }, "[\"<&>\\u2028\"]" },
		{ "[1.0,1e21,1e-7,100000000000000000000,-0.0,0.1]",
		  { .indent = 0 },
		  "[1,1e+21,1e-7,100000000000000000000,-0,0.1]" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_null(json_write(&b, tree(&a, rows[i].text), &rows[i].style));
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

static void test_made_trees(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct node_anchor anchor = { S("x"), node_lit("aliased") };
	node list = node_seq(&a, 0);

	(void)state;
	node_append(&a, list, NODE_NOTHING);
	node_append(&a, list, node_from_uint(UINT64_MAX));
	node_append(&a, list, node_from_text(&a, NODE_FLOAT, S("1.50")));
	node_append(&a, list, node_from_text(&a, NODE_TIME, S("2001-01-01")));
	node_append(&a, list, (node){ .kind = NODE_ALIAS, .anchor = &anchor });
	node_append(&a, list, node_from_str(&a, S("\xff\0")));
	assert_null(json_write(&b, list, NULL));
	assert_string_equal(buf_c(&b),
			    "[null,18446744073709551615,1.50,\"2001-01-01T00:00:00Z\",\"aliased\","
			    "\"\\ufffd\\u0000\"]");
}

/* Numbers keep their text, but only JSON's way of writing them. */
static void test_numbers_that_yaml_wrote(void **state)
{
	static const struct {
		enum node_kind kind;
		const char *text, *want;
	} rows[] = {
		{ NODE_INT, "0x1F", "31" },   { NODE_INT, "+12", "12" },
		{ NODE_INT, "1_000", "1000" }, { NODE_INT, "017", "15" },
		{ NODE_INT, "-0o17", "-15" }, { NODE_INT, "-0", "-0" },
		{ NODE_FLOAT, ".5", "0.5" },  { NODE_FLOAT, "1.", "1" },
		{ NODE_FLOAT, "1e3", "1e3" }, { NODE_FLOAT, "1.50E-07", "1.50E-07" },
		{ NODE_FLOAT, "08", "8" },    { NODE_FLOAT, "1_0.5", "10.5" },
		{ NODE_FLOAT, "-.inf", "json: unsupported value: -Inf" },
		{ NODE_UINT, "0xffffffffffffffff", "18446744073709551615" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		CLEANUP(err_drop) err *e =
			json_write(&b, node_from_text(&a, rows[i].kind, str_c(rows[i].text)), NULL);

		assert_string_equal(e ? err_msg(e) : buf_c(&b), rows[i].want);
	}
}

static void test_what_cannot_be_written(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node map = node_map(&a, 0);

	(void)state;
	node_put(&a, map, node_from_int(1), node_null());
	const struct {
		node n;
		const char *want;
	} rows[] = {
		{ node_from_float(__builtin_nan("")), "json: unsupported value: NaN" },
		{ node_from_float(__builtin_inf()), "json: unsupported value: +Inf" },
		{ node_from_float(-__builtin_inf()), "json: unsupported value: -Inf" },
		{ map, "json: unsupported type: map[interface {}]interface {}" },
	};

	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		err *e = json_write(&b, rows[i].n, NULL);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
	}
}

/* A list that holds one body twice, which holds one twice, and so on: 2^60. */
static void test_output_is_bounded_by_the_buffer(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(100000);
	node n = node_lit("lol");

	(void)state;
	for (int i = 0; i < 60; i++) {
		node two[] = { n, n };

		n = node_seq_of(&a, two, 2);
	}
	err *e = json_write(&b, n, NULL);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "JSON is larger than 100000 bytes");
	err_free(e);
}

static void test_a_list_inside_itself(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n = node_seq(&a, 1);

	(void)state;
	node_append(&a, n, n);
	err *e = json_write(&b, n, NULL);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "json: unsupported value: encountered a cycle");
	err_free(e);
}

static void test_raw_trees_come_back_as_they_were(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct json_options raw = { .raw = true };
	node n;

	(void)state;
	assert_null(json_read(
		&a, S(" { \"b\" : 1.0 , \"\\u0061\" : [ \"\\u00e9<\xff\" ] , \"b\" : -0 } "), &raw,
		&n));
	assert_null(json_write(&b, n, NULL));
	assert_string_equal(buf_c(&b), "{\"b\":1.0,\"\\u0061\":[\"\\u00e9\\u003c\xff\"],\"b\":-0}");
	node list = node_at(json_open(&a, n), 0);

	assert_int_equal(list.kind, NODE_NONE);
	n = json_open(&a, n);
	assert_int_equal(node_len(n), 2);
	assert_true(str_eq(json_text(&a, node_at(node_get(n, S("a")), 0)), S("\u00e9<\ufffd")));
	buf_clear(&b);
	assert_null(json_write(&b, n, NULL));
	assert_string_equal(buf_c(&b), "{\"a\":[\"\\u00e9\\u003c\xff\"],\"b\":-0}");
}

/* ---- hostile input ----------------------------------------------------- */

static void test_depth_is_bounded(void **state)
{
	static const struct {
		const char *open;
		size_t count, max;
		const char *want;
	} rows[] = {
		{ "[", 100000, 0, "invalid character '[' exceeded max depth" },
		{ "{\"a\":", 100000, 0, "invalid character '{' exceeded max depth" },
		{ "[", 10001, 0, "invalid character '[' exceeded max depth" },
		{ "[", 10000, 0, "unexpected end of JSON input" },
		{ "[", 4, 3, "invalid character '[' exceeded max depth" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		const struct json_options o = { .max_depth = rows[i].max };
		node out;

		for (size_t k = 0; k < rows[i].count; k++)
			buf_add(&b, str_c(rows[i].open));
		err *e = json_read(&a, buf_str(&b), &o, &out);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
	}
}

/* Everything that walks trees, on a stack that has no room for their depth. */
static void *walk_deep_trees(void *unused)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT, again = BUF_INIT;

	for (int maps = 0; maps < 2; maps++) {
		node n = deep_tree(&a, JSON_DEPTH_MAX, maps), back;

		buf_clear(&b);
		buf_clear(&again);
		assert_null(json_write(&b, n, NULL));
		assert_null(json_read(&a, buf_str(&b), NULL, &back));
		assert_true(node_equal(n, back));
		back = node_copy_all(&a, node_copy(&a, back));
		node_sort(back);
		assert_null(json_write(&again, back, &(const struct json_style){ .indent = 1 }));
		assert_true(again.n > b.n);
	}
	return unused;
}

static void test_deep_trees_need_no_stack(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 128 << 10), 0);
	assert_int_equal(pthread_create(&thread, &attr, walk_deep_trees, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
}

static void test_memory_is_bounded_by_the_budget(void **state)
{
	static const char *const pieces[] = { "0,", "[],", "\"\\n\",", "{\"a\":1},", "[" };
	(void)state;
	for (size_t i = 0; i < N(pieces); i++) {
		CLEANUP(arena_release) struct arena a = ARENA_BUDGET(4 << 20);
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		const struct json_options o = { .max_depth = SIZE_MAX };
		node out;

		buf_addc(&b, '[');
		for (int k = 0; k < 1000000; k++)
			buf_add(&b, str_c(pieces[i]));
		err *e = json_read(&a, buf_str(&b), &o, &out);

		assert_non_null(e);
		if (i + 1 < N(pieces))
			assert_string_equal(err_msg(e),
					    "JSON needs more than 4194304 bytes of memory");
		assert_true(a.high < 8 << 20);
		err_free(e);
	}
}

static void test_texts_over_the_limit_are_not_read(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node out;
	err *e = json_read(&a, str_of("x", (size_t)JSON_SIZE_MAX + 1), NULL, &out);

	(void)state;
	assert_non_null(e);
	assert_string_equal(err_msg(e), "JSON of 1073741825 bytes is larger than 1073741824 bytes");
	err_free(e);
}

static void test_large_texts_and_keys(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT, again = BUF_INIT;
	node n;

	(void)state;
	buf_add(&b, S("{\""));
	buf_fill(&b, 'k', 10 << 20);
	buf_add(&b, S("\":\""));
	buf_fill(&b, 'v', NODE_LONG);	/* the first length that does not fit the node */
	buf_add(&b, S("\"}"));
	assert_null(json_read(&a, buf_str(&b), NULL, &n));
	assert_int_equal(node_str(n.map->pairs[0].key).n, 10 << 20);
	assert_int_equal(node_str(n.map->pairs[0].value).n, NODE_LONG);
	assert_null(json_write(&again, node_copy(&a, n), NULL));
	assert_true(str_eq(buf_str(&b), buf_str(&again)));
}

/* Every text cut off anywhere fails, and says so at the end of the text. */
static void test_unterminated_everything(void **state)
{
	static const char text[] = "{\"a\":[true,false,null,-1.5e+3,\"x\\u00e9\\n\"],\"b\":{}}";
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct json_options o = { .name = S("f") };

	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		node out;
		str cut = arena_str(&a, str_of(text, n));	/* its own block, for ASan */
		err *e = json_read(&a, cut, &o, &out);

		assert_non_null(e);
		assert_int_equal(err_position(e).col, n + 1);
		err_free(e);
	}
}

static void test_bytes_that_do_not_belong(void **state)
{
	static const struct {
		str text;
		const char *want;
	} rows[] = {
		{ S("\0"), "invalid character '\\x00' looking for beginning of value" },
		{ S("[1\0]"), "invalid character '\\x00' after array element" },
		{ S("\"\0\""), "invalid character '\\x00' in string literal" },
		{ S("{}\0"), "invalid character '\\x00' after top-level value" },
		{ S("\xef\xbb\xbf{}"),
		  "invalid character '\u00ef' looking for beginning of value" },
		{ S("\xff\xfe{\0}\0"),
		  "invalid character '\u00ff' looking for beginning of value" },
		{ S("[\x80]"), "invalid character '\\u0080' looking for beginning of value" },
		{ S("[\xad]"), "invalid character '\\u00ad' looking for beginning of value" },
		{ S("[\x7f]"), "invalid character '\\x7f' looking for beginning of value" },
		{ S("['']"), "invalid character '\\'' looking for beginning of value" },
		{ S("{\"a\":1 \"b\""), "invalid character '\"' after object key:value pair" },
		{ S("// c\n1"), "invalid character '/' looking for beginning of value" },
		{ S("[1,]"), "invalid character ']' looking for beginning of value" },
		{ S("NaN"), "invalid character 'N' looking for beginning of value" },
		{ S("0x10"), "invalid character 'x' after top-level value" },
		{ S("1_000"), "invalid character '_' after top-level value" },
		{ S("+1"), "invalid character '+' looking for beginning of value" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node out;
		err *e = json_read(&a, rows[i].text, NULL, &out);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
	}
}

static void test_repeated_keys_are_named(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct json_repeats repeats = { .n = 0 };
	str text = S("{\"d\":{\"a\":1,\"a\":2,\"b\":[{},{\"x\":0,\"x\":1,\"x\":2}]},\"d\":{},\"e\":1}");
	node n;

	(void)state;
	assert_null(json_read(&a, text, &(struct json_options){ .repeats = &repeats }, &n));
	assert_int_equal(repeats.n, 4);
	assert_true(str_eq(repeats.list[0], S("d.b[1].x")));
	assert_true(str_eq(repeats.list[1], S("d.b[1].x")));
	assert_true(str_eq(repeats.list[2], S("d.a")));
	assert_true(str_eq(repeats.list[3], S("d")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeated_keys_are_named),
		cmocka_unit_test(test_kinds_of_numbers),
		cmocka_unit_test(test_numbers_out_of_range_are_told_last),
		cmocka_unit_test(test_strings_are_borrowed_where_they_can_be),
		cmocka_unit_test(test_the_last_of_equal_keys_wins),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_errors_have_a_position),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_made_trees),
		cmocka_unit_test(test_numbers_that_yaml_wrote),
		cmocka_unit_test(test_what_cannot_be_written),
		cmocka_unit_test(test_output_is_bounded_by_the_buffer),
		cmocka_unit_test(test_a_list_inside_itself),
		cmocka_unit_test(test_raw_trees_come_back_as_they_were),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_deep_trees_need_no_stack),
		cmocka_unit_test(test_memory_is_bounded_by_the_budget),
		cmocka_unit_test(test_texts_over_the_limit_are_not_read),
		cmocka_unit_test(test_large_texts_and_keys),
		cmocka_unit_test(test_unterminated_everything),
		cmocka_unit_test(test_bytes_that_do_not_belong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
