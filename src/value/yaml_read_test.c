#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <time.h>

#include "value/yaml.h"

static const struct {
	const char *name;
	struct yaml_options o;
} ways[] = {
	{ "sigs", { .json = true, .numbers = YAML_NUMBERS_FLOAT } },
	{ "kube", { .json = true } },
	{ "1.1", { .rules = YAML_1_1 } },
	{ "1.2", { .rules = YAML_1_2 } },
	{ "keep", { .rules = YAML_1_2, .keep = true, .numbers = YAML_NUMBERS_TEXT } },
};

enum { WAYS = sizeof ways / sizeof *ways, SIGS = 0, KUBE = 1, RAW = 2, V3 = 3, KEEP = 4 };

static void assert_fails(str text, const struct yaml_options *o, const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;
	err *e = yaml_read(&a, text, o, &n);

	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	err_free(e);
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void repeat(struct buf *b, const char *piece, size_t count)
{
	while (count--)
		buf_add(b, str_c(piece));
}

/* ---- hostile texts ----------------------------------------------------- */

/* Nine levels of nine aliases: 387 million values. */
static void test_billion_laughs_are_refused_at_once_in_little_memory(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	static const enum yaml_rules rules[] = { YAML_1_1, YAML_1_2 };

	(void)state;
	buf_addf(&b, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 9; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_addf(&b, "%s*a%d", k ? ", " : "", i - 1);
		buf_addf(&b, "]\n");
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node n;
		double start = cpu();
		err *e = yaml_read(&a, buf_str(&b), &(struct yaml_options){ .rules = rules[i] }, &n);

		assert_non_null(e);
		assert_string_equal(err_msg(e), "yaml: document contains excessive aliasing");
		err_free(e);
		assert_true(a.high < 10 << 20);
		assert_true(cpu() - start < 0.5);	/* 50 ms, on a slow day with sanitizers */
	}
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node kept;

	assert_null(yaml_read(&a, buf_str(&b), YAML_KEEP, &kept));	/* aliases stay aliases */
	assert_int_equal(node_len(kept), 9);
}

static void test_an_anchor_that_contains_itself_is_refused(void **state)
{
	(void)state;
	for (size_t i = RAW; i <= V3; i++) {
		assert_fails(S("a: &a [*a]\n"), &ways[i].o,
			     "yaml: anchor 'a' value contains itself");
		assert_fails(S("a: &a\n  b: &b {c: *a, d: *b}\n"), &ways[i].o,
			     "yaml: anchor 'a' value contains itself");
	}
}

static void test_depth_is_bounded(void **state)
{
	static const char *const opening[] = { "[", "{a: ", "- ", "[a: ", "[{? " };

	(void)state;
	for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		repeat(&b, opening[i], 100000);
		for (size_t k = 0; k < WAYS; k++) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;
			node n;
			err *e = yaml_read(&a, buf_str(&b), &ways[k].o, &n);

			assert_non_null(e);
			assert_true(str_ends(err_text(e), S("exceeded max depth of 10000")));
			err_free(e);
		}
	}
}

static void test_ten_thousand_levels_are_read(void **state)
{
	CLEANUP(buf_release) struct buf flow = BUF_INIT;
	CLEANUP(buf_release) struct buf block = BUF_INIT;

	(void)state;
	repeat(&flow, "[", 10000);
	repeat(&flow, "]", 10000);
	repeat(&block, "- ", 10000);
	for (size_t k = 0; k < WAYS; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node n, m;

		assert_null(yaml_read(&a, buf_str(&flow), &ways[k].o, &n));
		assert_null(yaml_read(&a, buf_str(&block), &ways[k].o, &m));
		for (int i = 1; i < 10000; i++) {
			n = node_at(n, 0);
			m = node_at(m, 0);
		}
		assert_int_equal(n.kind, NODE_SEQ);
		assert_int_equal(node_len(n), 0);
		assert_int_equal(node_at(m, 0).kind, NODE_NULL);
	}
}

/* Aliases of deep lists inside deep lists: deeper than the text. */
static void test_depth_by_aliases_is_bounded(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_addf(&b, "- &a0 x\n");
	for (int i = 1; i <= 8; i++) {
		buf_addf(&b, "- &a%d ", i);
		repeat(&b, "[", 3000);
		buf_addf(&b, "*a%d", i - 1);
		repeat(&b, "]", 3000);
		buf_addf(&b, "\n");
	}
	assert_fails(buf_str(&b), &ways[SIGS].o,
		     "error unmarshaling JSON: while decoding JSON: exceeded max depth");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;
	err *e = yaml_read(&a, buf_str(&b), &ways[V3].o, &n);

	assert_true(str_ends(err_text(e), S("exceeded max depth of 10000")));
	err_free(e);
}

static void test_a_deep_key_is_refused_without_overflow(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_addf(&b, "? ");
	repeat(&b, "[{a: ", 4900);
	repeat(&b, "}]", 4900);
	buf_addf(&b, "\n: v\n");
	for (size_t k = 0; k < KEEP; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node n;
		err *e = yaml_read(&a, buf_str(&b), &ways[k].o, &n);

		assert_non_null(e);
		assert_true(str_has(err_text(e), S("invalid map key: []interface {}{map[")));
		err_free(e);
	}
}

static const struct {
	size_t way;
	bool strict;
	const char *text, *error;	/* NULL: it is fine */
} twins[] = {
	{ SIGS, false, "a: 1\nb: 2\na: 3\n", NULL },
	{ SIGS, true, "a: 1\nb: 2\na: 3\n",
	  "error converting YAML to JSON: yaml: unmarshal errors:\n"
	  "  line 3: key \"a\" already set in map" },
	{ SIGS, true, "a:\n  b: 1\n  b: 2\nc: {1: x, 1: y}\n",
	  "error converting YAML to JSON: yaml: unmarshal errors:\n"
	  "  line 3: key \"b\" already set in map\n  line 4: key 1 already set in map" },
	{ V3, false, "a: 1\nb: 2\na: 3\na: 4\n",
	  "yaml: unmarshal errors:\n"
	  "  line 3: mapping key \"a\" already defined at line 1\n"
	  "  line 4: mapping key \"a\" already defined at line 1\n"
	  "  line 4: mapping key \"a\" already defined at line 3" },
	{ V3, false, "{[a]: 1, [b]: 2}",
	  "yaml: unmarshal errors:\n  line 1: mapping key \"\" already defined at line 1" },
	{ KEEP, false, "a: 1\na: 2\n", NULL },
};

static void test_equal_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct yaml_options o = ways[twins[i].way].o;
		node n;

		o.strict = twins[i].strict;
		if (twins[i].error)
			assert_fails(str_c(twins[i].text), &o, twins[i].error);
		else
			assert_null(yaml_read(&a, str_c(twins[i].text), &o, &n));
	}
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;

	assert_null(yaml_read(&a, S("a: 1\nb: 2\na: 3\n"), YAML_SIGS, &n));
	assert_true(node_float(node_get(n, S("a"))) == 3);	/* the last one wins */
	assert_int_equal(node_len(n), 2);
}

/* 40,000 equal keys are 800 million pairs to complain of. */
static void test_many_equal_keys_do_not_hang(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;

	(void)state;
	repeat(&b, "k: v\n", 40000);
	err *e = yaml_read(&a, buf_str(&b), YAML_V3, &n);

	assert_true(str_starts(err_text(e), S("yaml: unmarshal errors:\n  line 2: mapping key")));
	assert_true(err_text(e).n < 4 << 20);
	err_free(e);
}

static void test_long_keys_and_scalars(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	enum { LONG = 10 << 20 };

	(void)state;
	buf_fill(&b, 'k', LONG);
	buf_addf(&b, ": v\n");
	for (size_t k = 0; k < WAYS; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node n;
		err *e = yaml_read(&a, buf_str(&b), &ways[k].o, &n);

		assert_non_null(e);
		assert_true(str_ends(err_text(e), S("mapping values are not allowed in this context")));
		err_free(e);
		assert_true(a.high < 1 << 20);
	}
	buf_clear(&b);
	buf_addf(&b, "k: ");
	buf_fill(&b, 'v', LONG);
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;

	assert_null(yaml_read(&a, buf_str(&b), YAML_SIGS, &n));
	assert_int_equal(node_str(node_get(n, S("k"))).n, LONG);
	assert_true(a.high < 1 << 20);		/* borrowed */
}

static void test_empty_documents_take_linear_time(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	repeat(&b, "---\n", 1000000);
	for (size_t k = 0; k < WAYS; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct yaml_doc *docs;
		size_t n;
		double start = cpu();

		assert_null(yaml_read_all(&a, buf_str(&b), &ways[k].o, &docs, &n));
		assert_int_equal(n, 1000000);
		assert_true(cpu() - start < 20);	/* sanitizers included */
	}
}

/* Comments that all go to one place, at many depths. */
static void test_comments_take_linear_time(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;

	(void)state;
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "%*sk:\n", i, "");
	for (int i = 0; i < 100000; i++)
		buf_addf(&b, "%*s# c\n%*s# d\n", i % 300 + 1, "", (i + 7) % 300, "");
	double start = cpu();

	assert_null(yaml_read(&a, buf_str(&b), YAML_KEEP, &n));
	assert_true(cpu() - start < 20);
}

static void test_limits_of_nodes_and_memory(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	repeat(&b, "- x\n", 100000);
	for (size_t k = 0; k < WAYS; k++) {
		struct arena small = ARENA_BUDGET(1 << 20);
		struct yaml_options o = ways[k].o;
		node n;

		o.max_nodes = 1000;
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		err *e = yaml_read(&a, buf_str(&b), &o, &n);

		assert_true(str_ends(err_text(e), S("document has too many nodes")));
		err_free(e);
		e = yaml_read(&small, buf_str(&b), &ways[k].o, &n);
		assert_true(str_has(err_text(e), S("needs more than 1048576 bytes of memory")));
		err_free(e);
		arena_release(&small);
	}
}

/* ---- what is allowed in a text ----------------------------------------- */

static const struct {
	str text;
	const char *error;	/* NULL: "a" is 1 */
} texts[] = {
	{ { "a: 1", 4 }, NULL },
	{ { "\xef\xbb\xbf" "a: 1", 7 }, NULL },
	{ { "\xff\xfe" "a\0:\0 \0" "1\0", 10 }, NULL },
	{ { "\xfe\xff\0a\0:\0 \0" "1", 10 }, NULL },
	{ { "\xff\xfe" "a", 3 }, "yaml: incomplete UTF-16 character" },
	{ { "\xff\xfe\0\xd8" "a\0", 6 }, "yaml: expected low surrogate area" },
	{ { "\xff\xfe\0\xdc", 4 }, "yaml: unexpected low surrogate area" },
	{ { "a: \0", 4 }, "yaml: control characters are not allowed" },
	{ { "a: \x01", 4 }, "yaml: control characters are not allowed" },
	{ { "a: \x7f", 4 }, "yaml: control characters are not allowed" },
	{ { "a: \xc2\x80", 5 }, "yaml: control characters are not allowed" },
	{ { "a: \xff", 4 }, "yaml: invalid leading UTF-8 octet" },
	{ { "a: \xc3", 4 }, "yaml: incomplete UTF-8 octet sequence" },
	{ { "a: \xc3(", 5 }, "yaml: invalid trailing UTF-8 octet" },
	{ { "a: \xc0\x80", 5 }, "yaml: invalid length of a UTF-8 sequence" },
	{ { "a: \xed\xa0\x80", 6 }, "yaml: invalid Unicode character" },
	{ { "a: \xf4\x90\x80\x80", 7 }, "yaml: invalid Unicode character" },
	{ { "a: \xef\xbf\xbf", 6 }, "yaml: control characters are not allowed" },
};

static void test_encodings_and_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t k = RAW; k <= V3; k++) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;
			node n;

			if (texts[i].error) {
				assert_fails(texts[i].text, &ways[k].o, texts[i].error);
				continue;
			}
			assert_null(yaml_read(&a, texts[i].text, &ways[k].o, &n));
			assert_int_equal(node_int(node_get(n, S("a"))), 1);
		}
}

/* An error in the text is met windows of 512 bytes before it is reached. */
static void test_errors_of_text_and_of_grammar_come_in_order(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_addf(&b, "a: ]\n");
	buf_fill(&b, ' ', 600);
	buf_addf(&b, "\x01");
	assert_fails(buf_str(&b), &ways[RAW].o, "yaml: did not find expected node content");
	assert_fails(S("a: ]\n\x01"), &ways[RAW].o, "yaml: control characters are not allowed");
	/* version 3 looks two tokens ahead */
	assert_fails(buf_str(&b), &ways[V3].o, "yaml: control characters are not allowed");
}

/* ---- places ------------------------------------------------------------ */

static void assert_place(struct sources *s, node n, uint32_t line, uint32_t col)
{
	struct err_pos pos = { 0 };

	assert_true(sources_locate(s, n.place, &pos));
	assert_int_equal(pos.line, line);
	assert_int_equal(pos.col, col);
}

static void test_nodes_know_their_place(void **state)
{
	static const char text[] = "# head\na:\n- x\n- {b: c}\nd: |\n  e\n";

	(void)state;
	for (size_t k = 0; k < WAYS; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(sources_release) struct sources s = SOURCES_INIT;
		struct yaml_options o = ways[k].o;
		node n;

		o.sources = &s;
		o.name = S("x.yaml");
		assert_null(yaml_read(&a, str_c(text), &o, &n));
		assert_place(&s, n, 2, 1);
		assert_place(&s, n.map->pairs[1].key, 5, 1);
		assert_place(&s, node_get(n, S("d")), 5, 4);
		node list = node_get(n, S("a"));

		assert_place(&s, list, 3, 1);
		assert_place(&s, node_at(list, 0), 3, 3);
		assert_place(&s, node_at(list, 1), 4, 3);
		assert_place(&s, node_get(node_at(list, 1), S("b")), 4, 7);
	}
}

static void test_errors_know_their_place(void **state)
{
	(void)state;
	for (int with_sources = 0; with_sources < 2; with_sources++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(sources_release) struct sources s = SOURCES_INIT;
		struct yaml_options o = ways[SIGS].o;
		node n;

		o.name = S("x.yaml");
		o.line = 10;
		o.sources = with_sources ? &s : NULL;
		err *e = yaml_read(&a, S("a: 1\nb: c: d\n"), &o, &n);

		assert_string_equal(err_msg(e), "error converting YAML to JSON: yaml: line 2: "
						"mapping values are not allowed in this context");
		assert_true(str_eq(err_position(e).file, S("x.yaml")));
		assert_int_equal(err_position(e).line, 11);
		assert_int_equal(err_position(e).col, 5);
		err_free(e);
	}
}

/* ---- values ------------------------------------------------------------ */

static void test_each_alias_is_a_copy(void **state)
{
	(void)state;
	for (size_t k = 0; k < KEEP; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node n;

		assert_null(yaml_read(&a, S("a: &x {k: v}\nb: *x\n"), &ways[k].o, &n));
		node_set(&a, node_get(n, S("a")), S("k"), node_lit("other"));
		assert_true(str_eq(node_str(node_dig(n, "b", "k")), S("v")));
	}
}

static const struct {
	size_t way;
	const char *text;
	enum node_kind kind;
	double value;
} numbers[] = {
	{ SIGS, "7", NODE_FLOAT, 7 },
	{ SIGS, "18446744073709551615", NODE_FLOAT, 18446744073709551616.0 },
	{ KUBE, "7", NODE_INT, 7 },
	{ KUBE, "7.0", NODE_INT, 7 },		/* JSON text "7" */
	{ KUBE, "1e3", NODE_INT, 1000 },
	{ KUBE, "-0.0", NODE_INT, 0 },
	{ KUBE, "1e19", NODE_UINT, 1e19 },
	{ KUBE, "1e20", NODE_FLOAT, 1e20 },
	{ KUBE, "7.5", NODE_FLOAT, 7.5 },
	{ KUBE, "18446744073709551615", NODE_UINT, 18446744073709551616.0 },
	{ RAW, "7.0", NODE_FLOAT, 7 },
	{ V3, "0o17", NODE_INT, 15 },
	{ V3, "18446744073709551616", NODE_FLOAT, 18446744073709551616.0 },
	{ KEEP, "0x1F", NODE_INT, 31 },
};

/* Plain, and behind an anchor, which the fast reader does not read. */
static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		for (int full = 0; full < 2; full++) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;
			str text = arena_printf(&a, "num: %s%s\n", full ? "&x " : "", numbers[i].text);
			node root;

			assert_null(yaml_read(&a, text, &ways[numbers[i].way].o, &root));
			node n = node_get(root, S("num"));

			assert_int_equal(n.kind, numbers[i].kind);
			assert_true(node_float(n) == numbers[i].value);
		}
}

static void test_the_first_document_or_all(void **state)
{
	static const char text[] = "a: 1\n---\n# nothing\n---\nb: &x 2\n---\n- c\n";

	(void)state;
	for (size_t k = 0; k < WAYS; k++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct yaml_doc *docs;
		size_t n;
		node first;

		assert_null(yaml_read(&a, str_c(text), &ways[k].o, &first));
		assert_int_equal(node_int(node_get(first, S("a"))), 1);
		assert_null(yaml_read_all(&a, str_c(text), &ways[k].o, &docs, &n));
		assert_int_equal(n, 4);
		assert_int_equal(docs[1].root.kind, NODE_NULL);
		assert_int_equal(node_int(node_get(docs[2].root, S("b"))), 2);
		assert_int_equal(node_len(docs[3].root), 1);
		assert_null(yaml_read_all(&a, S("# no document\n"), &ways[k].o, &docs, &n));
		assert_int_equal(n, 0);
		assert_null(yaml_read(&a, STR_NONE, &ways[k].o, &first));
		assert_int_equal(first.kind, NODE_NULL);
	}
}

/* Lines are counted from the beginning of the text, whoever read what. */
static void test_errors_below_other_documents(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct yaml_doc *docs;
	size_t n;
	err *e = yaml_read_all(&a, S("a: 1\n---\nb: &x 2\n---\nc: 3\n---\nd: [\n}\n"), YAML_V3, &docs,
			       &n);

	(void)state;
	assert_string_equal(err_msg(e), "yaml: line 7: did not find expected node content");
	err_free(e);
	e = yaml_read_all(&a, S("a: 1\n---\nb: 2\n---\nc: \x01\n"), YAML_V3, &docs, &n);
	assert_string_equal(err_msg(e), "yaml: control characters are not allowed");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_billion_laughs_are_refused_at_once_in_little_memory),
		cmocka_unit_test(test_an_anchor_that_contains_itself_is_refused),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_ten_thousand_levels_are_read),
		cmocka_unit_test(test_depth_by_aliases_is_bounded),
		cmocka_unit_test(test_a_deep_key_is_refused_without_overflow),
		cmocka_unit_test(test_equal_keys),
		cmocka_unit_test(test_many_equal_keys_do_not_hang),
		cmocka_unit_test(test_long_keys_and_scalars),
		cmocka_unit_test(test_empty_documents_take_linear_time),
		cmocka_unit_test(test_comments_take_linear_time),
		cmocka_unit_test(test_limits_of_nodes_and_memory),
		cmocka_unit_test(test_encodings_and_bytes),
		cmocka_unit_test(test_errors_of_text_and_of_grammar_come_in_order),
		cmocka_unit_test(test_nodes_know_their_place),
		cmocka_unit_test(test_errors_know_their_place),
		cmocka_unit_test(test_each_alias_is_a_copy),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_the_first_document_or_all),
		cmocka_unit_test(test_errors_below_other_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
