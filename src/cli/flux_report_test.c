#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/flux_report.h"
#include "value/yaml.h"

/* The words and columns are dyff's. */
static const struct {
	const char *from, *to, *want;
} rows[] = {
	{ "{a: 1}", "{a: 1}", "\n" },
	{ "{a: {b: 1}}", "{a: {b: 2}}", "\na.b\n± value change\n- 1\n+ 2\n\n" },
	{ "{a: x}", "{a: 1}", "\na\n± type change from string to int\n- x\n+ 1\n\n" },
	{ "{a: null}", "{a: {b: []}}",
	  "\na\n± type change from <nil> to map\n- <nil>\n+ b: []\n\n" },
	{ "{a: 1}", "{a: 1, b: {c: d}, e: [x, {w: 1, name: z}]}",
	  "\n(root level)\n+ two map entries added:\n  b:\n    c: d\n  e:\n  - x\n  - name: z\n"
	  "    w: 1\n\n" },
	{ "{a: {b: 'x: y'}}", "{a: {}}", "\na\n- one map entry removed:\nb: \"x: y\"\n\n" },
	{ "{a: {b: 1}}", "{a: {c: 2}}",
	  "\na\n- one map entry removed:   + one map entry added:\nb: 1                         c: 2\n\n" },
	/* lists by name, in order, by value */
	{ "{l: [{name: x, v: 1}, {name: w, v: 1}]}", "{l: [{name: w, v: 2}, {name: z}]}",
	  "\nl\n- one list entry removed:   + one list entry added:\n- name: x                     - name: "
	  "z\n  v: 1\n\nl.w.v\n± value change\n- 1\n+ 2\n\n" },
	{ "{l: [{name: x}, {name: w}]}", "{l: [{name: w}, {name: x}]}",
	  "\nl\n⇆ order changed\n- x, w\n+ w, x\n\n" },
	{ "{l: [a, b, b]}", "{l: [b, c]}",
	  "\nl\n- two list entries removed:   + one list entry added:\n- a                             - "
	  "c\n- b\n\n" },
	{ "{l: [a]}", "{l: [b]}", "\nl.0\n± value change\n- a\n+ b\n\n" },
	/* texts */
	{ "{t: \"a\\nb\\nc\\n\"}", "{t: \"a\\nx\\nc\\nd\\n\"}",
	  "\nt\n± value change in multiline text (two inserts, one deletion)\n- b\n+ x\n+ d\n\n\n" },
	{ "{t: 'a '}", "{t: ' a'}",
	  "\nt\n± whitespace only change\n- a·   + ·a\n\n" },
};

static void test_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node from, to;

		assert_null(yaml_read(&a, str_c(rows[i].from), YAML_KUBE, &from));
		assert_null(yaml_read(&a, str_c(rows[i].to), YAML_KUBE, &to));
		assert_null(report_write(&b, from, to, &(struct report_style){ 0 }));
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

static void test_narrow_terminals_have_no_columns(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node from, to;

	(void)state;
	assert_null(yaml_read(&a, S("{a: 1}"), YAML_KUBE, &from));
	assert_null(yaml_read(&a, S("{b: 1}"), YAML_KUBE, &to));
	assert_null(report_write(&b, from, to, &(struct report_style){ .width = 30 }));
	assert_string_equal(buf_c(&b), "\n(root level)\n- one map entry removed:\na: 1\n\n"
				       "+ one map entry added:\n  b: 1\n\n\n");
}

static void test_colours_take_no_room(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node from, to;

	(void)state;
	assert_null(yaml_read(&a, S("{a: 1}"), YAML_KUBE, &from));
	assert_null(yaml_read(&a, S("{a: 2}"), YAML_KUBE, &to));
	assert_null(report_write(&b, from, to, &(struct report_style){ .colour = true }));
	assert_string_equal(buf_c(&b), "\na\n\033[33m± value change\033[0m\n\033[31m- 1\033[0m\n"
				       "\033[32m+ 2\033[0m\n\n");
}

/* Two texts of many lines that have nothing in common. */
static void test_long_texts_are_not_compared_line_by_line(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(buf_release) struct buf x = BUF_INIT;
	CLEANUP(buf_release) struct buf y = BUF_INIT;
	node from = node_map(&a, 1), to = node_map(&a, 1);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		buf_addf(&x, "x%d\n", i);
		buf_addf(&y, "y%d\n", i);
	}
	node_set(&a, from, S("t"), node_from_str(&a, buf_str(&x)));
	node_set(&a, to, S("t"), node_from_str(&a, buf_str(&y)));
	assert_null(report_write(&b, from, to, &(struct report_style){ 0 }));
	assert_true(str_has(buf_str(&b), S("(one insert, one deletion)\n- x0\n- x1\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_narrow_terminals_have_no_columns),
		cmocka_unit_test(test_colours_take_no_room),
		cmocka_unit_test(test_long_texts_are_not_compared_line_by_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
