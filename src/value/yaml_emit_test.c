#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/json.h"
#include "value/yaml.h"

/* ---- recorded files ---------------------------------------------------- */

static str read_golden(struct arena *a, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/yamlemit/%s", getenv("GOLDEN"), name);
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size_t n = (size_t)ftell(f);
	char *p = arena_alloc(a, n + 1);

	rewind(f);
	assert_int_equal(fread(p, 1, n, f), n);
	fclose(f);
	return (str){ p, n };
}

static node parse(struct arena *a, str text)
{
	node n;
	err *e = json_read(a, text, &(struct json_options){ .numbers = JSON_NUMBERS_FLOAT }, &n);

	assert_null(e);
	return n;
}

/* An error reads "error: TEXT", as recorded. */
static void write_all(struct buf *b, const struct yaml_doc *doc, enum yaml_profile profile)
{
	err *e = yaml_write_doc(b, doc, profile);

	if (e)
		buf_addf(b, "error: %s\n", err_msg(e));
	err_free(e);
}

static bool compare(str file, size_t line, const char *what, str got, str want)
{
	if (str_eq(got, want))
		return true;
	print_message("%.*s:%zu, %s:\n--- want\n%.*s\n--- got\n%.*s\n", STR_ARG(file), line, what,
		      STR_ARG(want), STR_ARG(got));
	return false;
}

static size_t check_tree(str file, size_t line, node tree, enum yaml_profile profile,
			 const char *what, str want)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct yaml_doc doc = { .root = tree };

	write_all(&b, &doc, profile);
	return !compare(file, line, what, buf_str(&b), want);
}

static void check_trees(const char *name)
{
	struct arena a = ARENA_INIT;
	str all = read_golden(&a, name), text;
	size_t line = 0, failed = 0;

	while (str_line(&all, &text)) {
		node n = parse(&a, text), tree = node_get(n, S("tree"));

		line++;
		failed += check_tree(str_c(name), line, tree, YAML_WRITE_SIGS, "sigs",
				     node_str(node_get(n, S("sigs"))));
		failed += check_tree(str_c(name), line, tree, YAML_WRITE_V3_WIDE, "v3-wide",
				     node_str(node_get(n, S("v3"))));
		failed += check_tree(str_c(name), line, tree, YAML_WRITE_V3_COMPACT, "v3-compact",
				     node_str(node_get(n, S("compact"))));
	}
	assert_true(line > 0);
	assert_int_equal(failed, 0);
	arena_release(&a);
}

static void test_trees_are_written_as_go_does(void **state)
{
	(void)state;
	check_trees("trees.jsonl");
}

static void test_keys_stand_in_natural_order(void **state)
{
	(void)state;
	check_trees("keys.jsonl");
}

/* ---- every text in every place ----------------------------------------- */

static uint64_t fnv(uint64_t h, str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h;
}

#define LIST(a, ...)                                                                   \
	list_of((a), (const node[]){ __VA_ARGS__ },                                    \
		sizeof((const node[]){ __VA_ARGS__ }) / sizeof(node))

static node list_of(struct arena *a, const node *items, size_t n)
{
	node l = node_seq(a, n);

	for (size_t i = 0; i < n; i++)
		node_append(a, l, items[i]);
	return l;
}

static node pair(struct arena *a, node key, node value)
{
	node m = node_map(a, 1);

	node_push(a, m, key, value);
	return m;
}

static node places(struct arena *a, node s)
{
	node k = node_lit("k");

	return LIST(a, s, pair(a, k, s), pair(a, s, node_lit("v")), LIST(a, LIST(a, s)),
		    pair(a, k, LIST(a, s, pair(a, s, s))),
		    pair(a, k, pair(a, s, LIST(a, s))), pair(a, s, node_map(a, 0)));
}

static node flow(node n)
{
	n.style = STYLE_FLOW;
	return n;
}

static node node_places(struct arena *a, node s)
{
	node all = node_seq(a, 0), k = node_lit("k");

	for (enum node_style style = STYLE_ANY; style <= STYLE_FOLDED; style++) {
		if (style == STYLE_PLAIN)
			continue;
		s.style = style;
		node_append(a, all, s);
		node_append(a, all, LIST(a, s));
		node_append(a, all, pair(a, k, s));
		node_append(a, all, pair(a, s, LIST(a, s)));
		node_append(a, all, flow(LIST(a, s, flow(pair(a, s, s)))));
	}
	return all;
}

static uint64_t digest(uint64_t h, node n, enum yaml_profile profile)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct yaml_doc doc = { .root = n };

	write_all(&b, &doc, profile);
	return fnv(h, buf_str(&b));
}

static void test_texts_are_quoted_and_folded_as_go_does(void **state)
{
	enum { CHUNK = 50 };
	struct arena a = ARENA_INIT, round = ARENA_INIT;
	str texts = read_golden(&a, "strings.jsonl"), text;
	str sums = read_golden(&a, "strings.sum"), sum;
	size_t chunk = 0, failed = 0;

	(void)state;
	while (str_line(&sums, &sum)) {
		uint64_t h[3] = { 0xcbf29ce484222325, 0xcbf29ce484222325, 0xcbf29ce484222325 };
		char got[64];

		for (size_t i = 0; i < CHUNK; i++) {
			assert_true(str_line(&texts, &text));
			node s = parse(&round, text);

			h[0] = digest(h[0], s, YAML_WRITE_SIGS);
			h[0] = digest(h[0], places(&round, s), YAML_WRITE_SIGS);
			h[1] = digest(h[1], s, YAML_WRITE_V3_WIDE);
			h[1] = digest(h[1], places(&round, s), YAML_WRITE_V3_WIDE);
			h[2] = digest(h[2], s, YAML_WRITE_KYAML);
			h[2] = digest(h[2], node_places(&round, s), YAML_WRITE_KYAML);
			arena_clear(&round);
		}
		snprintf(got, sizeof got, "%016" PRIx64 " %016" PRIx64 " %016" PRIx64, h[0], h[1],
			 h[2]);
		failed += !compare(S("strings.sum"), ++chunk, "sigs v3-wide kyaml", str_c(got),
				   sum);
	}
	assert_true(chunk > 0);
	assert_int_equal(failed, 0);
	arena_release(&a);
	arena_release(&round);
}

/* ---- kept documents ---------------------------------------------------- */

static enum node_style style_of(str name)
{
	static const struct {
		const char *name;
		enum node_style style;
	} styles[] = {
		{ "single", STYLE_SINGLE },   { "double", STYLE_DOUBLE },
		{ "literal", STYLE_LITERAL }, { "folded", STYLE_FOLDED },
		{ "flow", STYLE_FLOW },
	};

	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (str_eq(name, str_c(styles[i].name)))
			return styles[i].style;
	return STYLE_PLAIN;
}

static node field(node n, const char *name)
{
	return node_get(n, str_c(name));
}

static str text_of(node n, const char *name)
{
	return node_str(field(n, name));
}

static void fill_note(struct node_note *to, node n)
{
	*to = (struct node_note){
		.head = text_of(n, "head"), .line = text_of(n, "line"), .foot = text_of(n, "foot"),
		.tag = text_of(n, "tag"), .anchor = text_of(n, "anchor"),
	};
}

static node load_scalar(struct arena *a, node n)
{
	static const struct {
		const char *name;
		enum node_kind kind;
	} kinds[] = {
		{ "null", NODE_NULL },	 { "bool", NODE_BOOL },	     { "int", NODE_INT },
		{ "float", NODE_FLOAT }, { "timestamp", NODE_TIME }, { "str", NODE_STR },
	};
	enum node_kind kind = NODE_STR;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(text_of(n, "kind"), str_c(kinds[i].name)))
			kind = kinds[i].kind;
	node to = node_from_text(a, kind, text_of(n, "text"));

	to.style = style_of(text_of(n, "style"));
	return to;
}

static node load_node(struct arena *a, node n);

static node load_collection(struct arena *a, node n, bool seq)
{
	node from = field(n, "nodes"), to = seq ? node_seq(a, 4) : node_map(a, 4);

	to.style = style_of(text_of(n, "style"));
	for (size_t i = 0; i < node_len(from); i++) {
		node first = load_node(a, node_at(from, i));

		if (seq)
			node_append(a, to, first);
		else
			node_push(a, to, first, load_node(a, node_at(from, ++i)));
	}
	for (size_t i = 0; i < node_len(from); i++)
		fill_note(node_note_need(a, to, i), node_at(from, i));
	return to;
}

static node load_node(struct arena *a, node n)
{
	str kind = text_of(n, "kind");

	if (str_eq(kind, S("alias"))) {
		struct node_anchor *to = arena_new(a, struct node_anchor);

		to->name = text_of(n, "text");
		return (node){ .kind = NODE_ALIAS, .anchor = to };
	}
	if (str_eq(kind, S("seq")) || str_eq(kind, S("map")))
		return load_collection(a, n, str_eq(kind, S("seq")));
	return load_scalar(a, n);
}

static void test_kept_documents_are_written_as_go_does(void **state)
{
	struct arena a = ARENA_INIT, round = ARENA_INIT;
	str all = read_golden(&a, "nodes.jsonl"), text;
	size_t line = 0, failed = 0;

	(void)state;
	while (str_line(&all, &text)) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node n = parse(&round, text);
		struct node_note note;
		const struct yaml_doc doc = {
			.root = load_node(&round, field(n, "root")), .note = &note,
			.head = text_of(n, "head"), .foot = text_of(n, "foot"),
			.wide = node_bool(field(n, "wide")),
		};

		fill_note(&note, field(n, "root"));
		write_all(&b, &doc, YAML_WRITE_KYAML);
		failed += !compare(S("nodes.jsonl"), ++line, "kyaml", buf_str(&b),
				   text_of(n, "want"));
		arena_clear(&round);
	}
	assert_true(line > 0);
	assert_int_equal(failed, 0);
	arena_release(&a);
	arena_release(&round);
}

/* ---- what trees of JSON do not have ------------------------------------ */

struct written {
	const char *text;		/* read by the rules of 1.2 */
	enum yaml_profile profile;
	const char *want;
};

static const struct written writes[] = {
	/* keys of all kinds, in their order */
	{ "{b: 1, 10: 1, 9: 1, true: 1, 1.5: 1, null: 1, 2001-01-01: 1, 0: 1, \"1\": 1}",
	  YAML_WRITE_V3_WIDE,
	  "0: 1\ntrue: 1\n1.5: 1\n9: 1\n10: 1\nnull: 1\n\"1\": 1\nb: 1\n"
	  "2001-01-01T00:00:00Z: 1\n" },
	{ "{1: 2}", YAML_WRITE_SIGS,
	  "error: error marshaling into JSON: json: unsupported type: "
	  "map[interface {}]interface {}\n" },
	/* times */
	{ "[2001-1-2, 2001-01-02t3:04:05.600-07:30, 2001-01-02 3:4:5.10]", YAML_WRITE_V3_WIDE,
	  "- 2001-01-02T00:00:00Z\n- 2001-01-02T03:04:05.6-07:30\n- 2001-01-02T03:04:05.1Z\n" },
	{ "a: 2001-01-02t03:04:05+00:00", YAML_WRITE_SIGS, "a: \"2001-01-02T03:04:05Z\"\n" },
	{ "a: 2001-01-02T03:04:05+24:00", YAML_WRITE_SIGS,
	  "error: error marshaling into JSON: json: error calling MarshalJSON for type time.Time: "
	  "Time.MarshalJSON: timezone hour outside of range [0,23]\n" },
	/* no numbers of JSON */
	{ "[.inf, -.inf, .nan]", YAML_WRITE_V3_WIDE, "- .inf\n- -.inf\n- .nan\n" },
	{ "{b: .nan, a: .inf, c: \"\\x7f\"}", YAML_WRITE_SIGS,
	  "error: error marshaling into JSON: json: unsupported value: +Inf\n" },
	{ "[18446744073709551615, 0x7fffffffffffffff, 1e3, -0.0]", YAML_WRITE_SIGS,
	  "- 18446744073709551615\n- 9223372036854775807\n- 1000\n- 0\n" },
	/* bytes that are no text */
	{ "!!binary gIGC", YAML_WRITE_V3_WIDE, "!!binary gIGC\n" },
	{ "{k: !!binary gIGC}", YAML_WRITE_V3_WIDE, "k: !!binary gIGC\n" },
	{ "{k: !!binary gIGC}", YAML_WRITE_SIGS, "k: \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n" },
	/* kept */
	{ "{1: 0x1F, ? [a] : ~, b: !!int 7}", YAML_WRITE_KYAML,
	  "{1: 0x1F, ? [a] : ~, b: !!int 7}\n" },
};

static void test_values_of_yaml_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct yaml_doc *docs;
		size_t n;
		bool kept = writes[i].profile == YAML_WRITE_KYAML;

		assert_null(yaml_read_all(&a, str_c(writes[i].text), kept ? YAML_KEEP : YAML_V3,
					  &docs, &n));
		write_all(&b, docs, writes[i].profile);
		assert_string_equal(buf_c(&b), writes[i].want);
		arena_release(&a);
	}
}

/* ---- bounds ------------------------------------------------------------ */

static node nested(struct arena *a, size_t depth)
{
	node n = node_lit("x");

	for (size_t i = 0; i < depth; i++)
		n = i % 2 ? pair(a, node_lit("k"), n) : LIST(a, n);
	return n;
}

static void test_deep_trees_are_written_and_too_deep_ones_refused(void **state)
{
	(void)state;
	for (enum yaml_profile p = YAML_WRITE_SIGS; p <= YAML_WRITE_V3_COMPACT; p++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct arena a = ARENA_INIT;
		node deep = nested(&a, YAML_DEPTH_MAX);

		assert_null(yaml_write(&b, deep, p));
		buf_clear(&b);
		buf_add(&b, S("before"));
		err *e = yaml_write(&b, LIST(&a, deep), p);

		assert_non_null(e);
		assert_string_equal(err_msg(e), "yaml: exceeded max depth of 10000");
		assert_string_equal(buf_c(&b), "before");
		err_free(e);
		arena_release(&a);
	}
}

static void test_an_alias_of_itself_is_no_endless_tree(void **state)
{
	(void)state;
	for (enum yaml_profile p = YAML_WRITE_SIGS; p <= YAML_WRITE_V3_COMPACT; p++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct node_anchor self = { .name = S("a") };
		node list = LIST(&a, (node){ .kind = NODE_ALIAS, .anchor = &self });

		self.target = list;
		err *e = yaml_write(&b, list, p);

		if (p == YAML_WRITE_KYAML)
			assert_null(e);
		else
			assert_non_null(e);
		err_free(e);
		arena_release(&a);
	}
}

static void test_a_full_buffer_is_an_error(void **state)
{
	(void)state;
	for (enum yaml_profile p = YAML_WRITE_SIGS; p <= YAML_WRITE_V3_COMPACT; p++) {
		CLEANUP(buf_release) struct buf b = BUF_LIMIT(20);
		struct arena a = ARENA_INIT;
		node list = LIST(&a, node_lit("a long text with spaces"), node_lit("b"));
		err *e = yaml_write(&b, list, p);

		assert_non_null(e);
		assert_string_equal(err_msg(e), "YAML is larger than 20 bytes");
		assert_int_equal(b.n, 0);
		err_free(e);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees_are_written_as_go_does),
		cmocka_unit_test(test_keys_stand_in_natural_order),
		cmocka_unit_test(test_texts_are_quoted_and_folded_as_go_does),
		cmocka_unit_test(test_kept_documents_are_written_as_go_does),
		cmocka_unit_test(test_values_of_yaml_alone),
		cmocka_unit_test(test_deep_trees_are_written_and_too_deep_ones_refused),
		cmocka_unit_test(test_an_alias_of_itself_is_no_endless_tree),
		cmocka_unit_test(test_a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
