#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "value/yaml_edit.h"

enum { STEPS = 5 };

struct edit {
	const char *text;
	const char *path[STEPS];	/* ends with NULL */
	const char *value;		/* NULL: take it out */
	const char *want;		/* the text, or the error */
};

static const struct edit edits[] = {
	{ "a: 1\nb: 2\n", { "a" }, "x", "a: x\nb: 2\n" },
	/* comments and quotes stay */
	{ "# head\na: 'x' # line\n# foot\n", { "a" }, "y", "# head\na: 'y' # line\n# foot\n" },
	{ "a: \"x\"   # c\n", { "a" }, "1", "a: \"1\" # c\n" },
	{ "a: |\n  x\n", { "a" }, "y\nz\n", "a: |\n  y\n  z\n" },
	/* what reads as something else is quoted, by either rules */
	{ "a: x # c\n", { "a" }, "1.10", "a: \"1.10\" # c\n" },
	{ "a: x\n", { "a" }, "yes", "a: \"yes\"\n" },
	{ "a: 1.0\n", { "a" }, "2.0.1", "a: 2.0.1\n" },
	{ "a: !!int 5\n", { "a" }, "x", "a: x\n" },
	{ "a: !mine 5\n", { "a" }, "x", "a: !mine x\n" },
	{ "a: &n x\nb: *n\n", { "a" }, "z", "a: &n z\nb: *n\n" },
	/* lists */
	{ "l:\n  - name: a\n    image: i\n  - name: b\n    image: j # {x}\n",
	  { "l", "[name=b]", "image" }, "k",
	  "l:\n  - name: a\n    image: i\n  - name: b\n    image: k # {x}\n" },
	{ "l: [a, b]\n", { "l", "1" }, "c", "l: [a, c]\n" },
	{ "l: [a, b]\n", { "l", "[=a]" }, "c", "l: [c, b]\n" },
	{ "- a # c\n- b\n", { "0" }, "c", "- c # c\n- b\n" },
	/* new keys */
	{ "a: 1\n", { "b", "c" }, "x", "a: 1\nb:\n  c: x\n" },
	{ "a: # c\nb: 1\n", { "a", "k" }, "x", "a: # c\n  k: x\nb: 1\n" },
	{ "{a: 1}\n", { "b" }, "x", "{a: 1, b: x}\n" },
	{ "", { "a" }, "x", "a: x\n" },
	/* through aliases */
	{ "a: &m\n  k: 1\nb: *m\n", { "b", "k" }, "x", "a: &m\n  k: x\nb: *m\n" },
	/* what cannot be */
	{ "a: [1]\n", { "a" }, "x", "error: a is a list" },
	{ "a: {b: 1}\n", { "a" }, "x", "error: a is a map" },
	{ "a: x\n", { "a", "b" }, "y", "error: a is neither a list nor a map" },
	{ "a: [x]\n", { "a", "1" }, "y", "error: a.1 is not in the list" },
	{ "a: [x]\n", { "a", "[name=b]", "c" }, "y", "error: a.[name=b] is not in the list" },
	/* taking out */
	{ "a: 1 # x\n# h\nb: 2 # y\n", { "a" }, NULL, "# h\nb: 2 # y\n" },
	{ "l:\n- a # 1\n- b # 2\n", { "l", "0" }, NULL, "l:\n- b # 2\n" },
	{ "a: 1\n", { "b" }, NULL, "error: not there" },
};

static void apply(struct arena *a, const struct edit *t, struct buf *b)
{
	struct yaml_doc *docs, empty = { .root = node_null() };
	str path[STEPS];
	size_t steps = 0, n;

	assert_null(yaml_read_all(a, str_c(t->text), YAML_KEEP, &docs, &n));
	struct yaml_doc *doc = n ? docs : &empty;

	while (steps < STEPS && t->path[steps]) {
		path[steps] = str_c(t->path[steps]);
		steps++;
	}
	err *e = NULL;

	if (t->value)
		e = yaml_edit_set(a, doc, path, steps, node_copy_str(a, str_c(t->value)));
	else if (!yaml_edit_remove(doc, path, steps))
		e = err_new(ERR_NOT_FOUND, "not there");
	if (!e)
		e = yaml_write_doc(b, doc, YAML_WRITE_KYAML);
	if (e)
		buf_addf(b, "error: %s", err_msg(e));
	err_free(e);
}

static void test_edits_change_one_value_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct arena a = ARENA_INIT;

		apply(&a, &edits[i], &b);
		assert_string_equal(buf_c(&b), edits[i].want);
		arena_release(&a);
	}
}

static void test_a_number_set_is_a_number(void **state)
{
	static const struct {
		const char *text;
		node value;
		const char *want;
	} sets[] = {
		{ "a: 'x' # c\n", { .kind = NODE_INT, .i = 5 }, "a: 5 # c\n" },
		{ "a: 1\n", { .kind = NODE_BOOL, .b = true }, "a: true\n" },
		{ "a: 1\n", { .kind = NODE_NULL }, "a: null\n" },
		{ "a: !!str 1\n", { .kind = NODE_INT, .i = 2 }, "a: 2\n" },
	};
	const str path[] = { S("a") };

	(void)state;
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct yaml_doc *docs;
		size_t n;

		assert_null(yaml_read_all(&a, str_c(sets[i].text), YAML_KEEP, &docs, &n));
		assert_null(yaml_edit_set(&a, docs, path, 1, sets[i].value));
		assert_null(yaml_write_doc(&b, docs, YAML_WRITE_KYAML));
		assert_string_equal(buf_c(&b), sets[i].want);
		arena_release(&a);
	}
}

static void test_find_follows_keys_numbers_and_selectors(void **state)
{
	const str path[] = { S("l"), S("[name=b]"), S("ports"), S("1") };
	const str wrong[] = { S("l"), S("[name=c]") };
	struct arena a = ARENA_INIT;
	struct yaml_doc *docs;
	size_t n;

	(void)state;
	assert_null(yaml_read_all(&a, S("l:\n- name: a\n- name: b\n  ports: [1, 2]\n"), YAML_KEEP,
				  &docs, &n));
	assert_int_equal(node_int(*yaml_edit_find(docs, path, 4)), 2);
	assert_ptr_equal(yaml_edit_find(docs, path, 0), &docs->root);
	assert_null(yaml_edit_find(docs, wrong, 2));
	arena_release(&a);
}

static void test_wide_lists_are_told_from_the_text(void **state)
{
	static const struct {
		const char *text;
		bool wide;
	} texts[] = {
		{ "a:\n- x\n", false },
		{ "a:\n  - x\n", true },
		{ "a:\r\n  - x\r\n", true },
		{ "a:\n   - x\nb:\n  - y\n", true },
		{ "a: # comment: here\n  # - another\n  - x\n", true },
		{ "a: |\n  - x\nb:\n- y\n", false },
		{ "a: b:\n  - x\n", false },
		{ "- - x\n", false },
		{ "a:\n\n  - x\n", false },
		{ "a:\n  b:\n  - x\n  c:\n    - y\n", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(yaml_is_wide(str_c(texts[i].text)), texts[i].wide);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits_change_one_value_and_nothing_else),
		cmocka_unit_test(test_a_number_set_is_a_number),
		cmocka_unit_test(test_find_follows_keys_numbers_and_selectors),
		cmocka_unit_test(test_wide_lists_are_told_from_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
