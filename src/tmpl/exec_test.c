#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tmpl/exec.h"
#include "value/json.h"

struct row {
	const char *source, *want;
};

/* The dot of every row; numbers without a point are int64. */
static const char data[] =
	"{\"n\":null,\"i\":7,\"s\":\"text\",\"l\":[\"a\",\"b\",\"c\"],\"m\":{\"b\":2,\"a\":1},\"e\":[]}";

static const struct row results[] = {
	{ "a {{- /* gone */ -}} b", "ab" },
	{ "{{3 -}} x{{- 4}}", "3x4" },
	{ "{{.i}} {{.s}} {{.l}} {{.m}} {{.n}}", "7 text [a b c] map[a:1 b:2] <no value>" },
	{ "{{range $i, $x := .l}}{{$i}}{{$x}}{{end}}", "0a1b2c" },
	{ "{{range .l}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a" },
	{ "{{range .l}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac" },
	{ "{{range .l}}{{range $.e}}{{else}}{{break}}{{end}}{{.}}{{end}}", "abc" },
	{ "{{range 3}}{{.}}{{end}}{{range .e}}x{{else}}none{{end}}", "012none" },
	{ "{{range $k, $v := .m}}{{$k}}={{$v}};{{end}}", "a=1;b=2;" },
	{ "{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{end}}{{$x}}", "2" },
	{ "{{with .m.a}}{{.}}{{else with .s}}{{.}}{{end}}", "1" },
	{ "{{with .n}}{{.}}{{else with .s}}{{.}}{{end}}", "text" },
	{ "{{if .n}}a{{else if .e}}b{{else}}c{{end}}", "c" },
	{ "{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .i}}{{template \"t\"}}",
	  "<7><<no value>>" },
	{ "{{block \"b\" .s}}[{{.}}]{{end}}", "[text]" },
	{ "{{and .i .s}} {{or .n .s}} {{and .n (index .l 9)}}", "text text <no value>" },
	{ "{{((.n).x).y}}|{{(index .m \"zz\")}}", "<no value>|<no value>" },
	{ "{{len .l}} {{index .l 1}} {{index .m \"b\"}} {{not .n}}", "3 b 2 true" },
	{ "{{printf \"%05d|%-4s|%q|%v\" 42 \"a\" \"b\" .l}}", "00042|a   |\"b\"|[a b c]" },
	{ "{{include \"t\" 1}}{{define \"t\"}}{{.}}{{end}}", "1" },
	{ "{{tpl \"{{define `z`}}Z{{.}}{{end}}{{include `z` .i}}\" .}}", "Z7" },
	{ "{{1e3}} {{0x1F}} {{'a'}} {{1i}} {{-3}} {{1_000}}", "1000 31 97 (0+1i) -3 1000" },
};

static const struct row failures[] = {
	{ "{{", "template: f:1: unclosed action" },
	{ "{{if}}{{end}}", "template: f:1: missing value for if" },
	{ "{{range .l}}", "template: f:1: unexpected EOF" },
	{ "{{nosuch 1}}", "template: f:1: function \"nosuch\" not defined" },
	{ "{{.a | 3}}", "template: f:1: non executable command in pipeline stage 2" },
	{ "\n{{\n.a \"x}}", "template: f:3: unterminated quoted string in action started at f:2" },
	{ "{{$x}}", "template: f:1: undefined variable \"$x\"" },
	{ "{{break}}", "template: f:1: {{break}} outside {{range}}" },
	{ "{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}",
	  "template: f:1: template: multiple definition of template \"a\"" },
	{ "{{.n.x}}",
	  "template: f:1:4: executing \"f\" at <.n.x>: nil pointer evaluating interface {}.x" },
	{ "{{.i.x}}",
	  "template: f:1:4: executing \"f\" at <.i.x>: can't evaluate field x in type interface {}" },
	{ "{{range .i}}{{end}}{{range .s}}{{end}}",
	  "template: f:1:27: executing \"f\" at <.s>: range can't iterate over text" },
	{ "{{index .l 9}}",
	  "template: f:1:2: executing \"f\" at <index .l 9>: error calling index: index out of range: 9" },
	{ "{{lt 1 1.0}}", "template: f:1:2: executing \"f\" at <lt 1 1.0>: error calling lt: "
			  "incompatible types for comparison: int and float64" },
	{ "{{include 1 2}}", "template: f:1:10: executing \"f\" at <1>: expected string; found 1" },
	{ "{{template \"no\"}}",
	  "template: f:1:11: executing \"f\" at <{{template \"no\"}}>: template \"no\" not defined" },
};

static void fill(void *ctx, void *to, size_t n)
{
	(void)ctx;
	memset(to, 5, n);
}

static err *render(struct arena *a, str source, struct buf *out, const struct tmpl_limits *limits)
{
	const struct tmpl_options o = { .limits = *limits, .random = fill };
	struct tmpl_set set;
	node dot;

	TRY(json_read(a, str_c(data), NULL, &dot));
	tmpl_set_init(&set, a, NULL);
	TRY(tmpl_set_parse(&set, S("f"), source));
	struct tmpl_exec *x = tmpl_exec_new(a, &set, &o);
	err *e = tmpl_exec_run(x, S("f"), dot, out);

	tmpl_exec_free(x);
	return e;
}

static const struct tmpl_limits normal = TMPL_LIMITS;

static void test_results(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		CLEANUP(err_drop) err *e = render(&a, str_c(results[i].source), &b, &normal);

		assert_string_equal(e ? err_msg(e) : buf_c(&b), results[i].want);
	}
}

static void test_errors_have_go_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		CLEANUP(err_drop) err *e = render(&a, str_c(failures[i].source), &b, &normal);

		assert_non_null(e);
		assert_string_equal(err_msg(e), failures[i].want);
	}
}

static void assert_fails(str source, const struct tmpl_limits *limits, size_t output,
			 const char *part)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(output);
	CLEANUP(err_drop) err *e = render(&a, source, &b, limits);

	assert_non_null(e);
	if (!str_has(err_text(e), str_c(part)))
		fail_msg("%s", err_msg(e));
}

static void test_runaways_end(void **state)
{
	const struct tmpl_limits few = { .text = 1 << 20,
					 .stack = (size_t)1 << 20,
					 .steps = 100000 };

	(void)state;
	assert_fails(
		S("{{define \"a\"}}{{template \"a\" .}}{{end}}{{template \"a\" .}}"), &normal,
		1 << 20,
		"f:1:25: executing \"a\" at <{{template \"a\" .}}>: exceeded maximum template depth");
	assert_fails(S("{{define \"a\"}}{{include \"a\" .}}{{end}}{{include \"a\" .}}"), &normal,
		     1 << 20, "nested reference name: a: unable to execute template");
	assert_fails(S("{{range 1000000000}}{{end}}"), &few, 1 << 20, "more than 100000 steps");
	assert_fails(S("{{range 1000000000}}x{{end}}"), &normal, 1 << 16,
		     "output is larger than 65536 bytes");
	assert_fails(S("{{printf \"%1000000d\" 1}}"), &(struct tmpl_limits){ 1000, 1 << 20, 1000 },
		     1 << 20, "larger than 1000 bytes");
}

/* What grows more than it costs to write down. */
static void test_bombs_are_defused(void **state)
{
	static const struct row bombs[] = {
		{ "{{until 1000000000}}", "larger than" },
		{ "{{untilStep 0 9223372036854775807 1}}", "larger than" },
		{ "{{repeat 1000000000 \"x\"}}", "larger than" },
		{ "{{repeat 4611686018427387904 \"xxxx\"}}", "overflow" },
		{ "{{indent 1000000000 \"x\"}}", "larger than" },
		{ "{{$s := \"xxxxxxxxxx\"}}{{range 40}}{{$s = cat $s $s}}{{end}}", "larger than" },
		{ "{{$s := \"x\"}}{{range 40}}{{$s = replace \"x\" \"xx\" $s}}{{end}}", "larger than" },
		{ "{{$s := \"a\"}}{{range 40}}{{$s = regexReplaceAll \"a\" $s \"aa\"}}{{end}}", "larger than" },
		{ "{{$l := list 1}}{{range 40}}{{$l = concat $l $l}}{{end}}", "larger than" },
		{ "{{$d := dict}}{{range 60}}{{$d = dict \"a\" $d \"b\" $d}}{{end}}{{toJson (deepCopy $d)}}",
		  "too large or too deep" },
		{ "{{$d := dict}}{{range 60}}{{$d = dict \"a\" $d \"b\" $d}}{{end}}{{print $d}}", "larger than" },
		{ "{{$d := dict}}{{$_ := set $d \"a\" $d}}{{print $d}}", "larger than" },
		{ "{{range 10000}}{{bcrypt \"x\"}}{{end}}", "steps" },
		{ "{{range 10000}}{{$_ := genPrivateKey \"rsa\"}}{{end}}", "steps" },
		{ "{{range $i := until 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}", "steps" },
		{ "{{env \"HOME\"}}", "function \"env\" not defined" },
		{ "{{expandenv \"$HOME\"}}", "function \"expandenv\" not defined" },
	};
	const struct tmpl_limits small = { .text = 1 << 20, .stack = (size_t)2 << 20,
					   .steps = 3000000 };

	(void)state;
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++)
		assert_fails(str_c(bombs[i].source), &small, 1 << 20, bombs[i].want);
}

static void test_slow_expressions_are_not(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(err_drop) err *e = render(
		&a, S("{{regexMatch \"^(a+)+$\" (print (repeat 100000 \"a\") \"b\")}}"), &b, &normal);

	(void)state;
	assert_string_equal(e ? err_msg(e) : buf_c(&b), "false");
}

static void test_deep_nesting_is_refused(void **state)
{
	static const char *const parts[] = { "(", "{{if 1}}", "{{with 1}}{{else}}" };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		buf_add(&b, i ? STR_NONE : S("{{"));
		for (int n = 0; n < 100000; n++)
			buf_add(&b, str_c(parts[i]));
		assert_fails(buf_str(&b), &normal, 1000, "depth exceeded");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_errors_have_go_words),
		cmocka_unit_test(test_runaways_end),
		cmocka_unit_test(test_bombs_are_defused),
		cmocka_unit_test(test_slow_expressions_are_not),
		cmocka_unit_test(test_deep_nesting_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
