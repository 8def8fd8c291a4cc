#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tmpl/exec.h"
#include "value/json.h"

struct line {
	const char *output; /* begins the line that is asked for */
	const char *place;  /* FILE:LINE TEXT */
};

struct row {
	const char *main, *helpers;
	struct line lines[6];
};

static const struct row rows[] = {
	{ "a: 1\nb:\n  c: {{ .i }}\n{{ if .i }}\nd: 2\n{{ end }}e: 3",
	  "",
	  { { "a:", "f:1 a: 1" },
	    { "b:", "f:2 b:" },
	    { "  c: 7", "f:3   c: {{ .i }}" },
	    { "d:", "f:5 d: 2" },
	    { "e:", "f:6 {{ end }}e: 3" } } },
	/* Lines of an action's own output have its place. */
	{ "a:\n  {{- .m | toJson | nindent 2 }}\nb:\n{{ toYaml .m }}\n",
	  "",
	  { { "  {", "f:2   {{- .m | toJson | nindent 2 }}" },
	    { "a: 1", "f:4 {{ toYaml .m }}" },
	    { "b: 2", "f:4 {{ toYaml .m }}" } } },
	/* Those that were included are followed through indents and trims. */
	{ "x:\n  {{- include \"two\" . | trim | nindent 2 }}\n  last: 1\n",
	  "{{ define \"one\" }}q: 1\nr: 2{{ end }}\n\n"
	  "{{ define \"two\" }}\nk: 1\nsub:\n  {{- include \"one\" . | nindent 2 }}\nv: {{ .i }}\n{{ end }}",
	  { { "  k:", "h:5 k: 1" },
	    { "    q:", "h:1 {{ define \"one\" }}q: 1" },
	    { "    r:", "h:2 r: 2{{ end }}" },
	    { "  v: 7", "h:8 v: {{ .i }}" },
	    { "  last:", "f:3   last: 1" } } },
	/* `template` writes directly. */
	{ "x: 1\n{{ template \"t\" . }}y: 2\n",
	  "\n{{ define \"t\" }}in: 1\n{{ end }}",
	  { { "in:", "h:2 {{ define \"t\" }}in: 1" }, { "y:", "f:2 {{ template \"t\" . }}y: 2" } } },
	/* Equal lines: the one at the same height wins. */
	{ "{{ include \"t\" . | indent 1 }}",
	  "{{ define \"t\" }}- a\n- b\n- a\n- c\n{{ end }}",
	  { { " - a\n - b", "h:1 {{ define \"t\" }}- a" }, { " - a\n - c", "h:3 - a" } } },
	/* What was changed on its way, and what has no file. */
	{ "{{ include \"t\" . | upper }}\n{{ tpl \"k: 1\\nl: {{ .i }}\" . }}\n",
	  "{{ define \"t\" }}a: b\nc: d\n{{ end }}",
	  { { "C: D", "f:1 {{ include \"t\" . | upper }}" },
	    { "l: 7", "f:2 {{ tpl \"k: 1\\nl: {{ .i }}\" . }}" } } },
	/* Deleted text shifts what stands behind it. */
	{ "a: {{ .n }}{{ .n }}\nb: {{ .n }}\nc: 1\n{{ .n }}d: 1\n",
	  "",
	  { { "b:", "f:2 b: {{ .n }}" }, { "c:", "f:3 c: 1" }, { "d:", "f:4 {{ .n }}d: 1" } } },
};

static str render(struct arena *a, const struct row *row, struct tmpl_exec **x)
{
	static const struct tmpl_options o = { .limits = TMPL_LIMITS };
	static struct tmpl_set set;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	node dot;

	assert_null(json_read(a, S("{\"i\":7,\"n\":null,\"m\":{\"a\":1,\"b\":2}}"), NULL, &dot));
	tmpl_set_init(&set, a, NULL);
	assert_null(tmpl_set_parse(&set, S("f"), str_c(row->main)));
	assert_null(tmpl_set_parse(&set, S("h"), str_c(row->helpers)));
	*x = tmpl_exec_new(a, &set, &o);
	assert_null(tmpl_exec_run(*x, S("f"), dot, &out));
	return arena_str(a, buf_str(&out));
}

static void check_line(struct arena *a, const struct trace *t, str shown, const struct line *line)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str begin = str_c(line->output);
	struct trace_place place;
	size_t at = 0, start = str_find(shown, arena_cat(a, S("\n"), begin));

	if (!str_starts(shown, begin)) {
		assert_true(start != STR_NPOS);
		at = start + 1;
	}
	assert_true(trace_find(t, at, &place));
	buf_addf(&b, "%.*s:%u %.*s", STR_ARG(place.file), place.line, STR_ARG(place.text));
	assert_string_equal(buf_c(&b), line->place);
}

static void test_lines_have_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct tmpl_exec *x;
		str written = render(&a, &rows[i], &x);
		const struct trace *t = tmpl_exec_trace(x, written, TMPL_NO_VALUE);
		str shown = tmpl_without_no_value(&a, written);
		struct trace_place place;

		for (const struct line *l = rows[i].lines; l->output; l++)
			check_line(&a, t, shown, l);
		assert_false(trace_find(t, written.n + 1, &place));
		tmpl_exec_free(x);
	}
}

static void test_notes_are_bounded(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct row row = { "first: 1\n{{ range 600000 }}a{{ . }}{{ end }}\nlast: 1\n", "", { { 0 } } };
	struct tmpl_exec *x;
	str written = render(&a, &row, &x);
	const struct trace *t = tmpl_exec_trace(x, written, STR_NONE);
	struct trace_place place;

	(void)state;
	assert_int_equal(t->notes.n, TRACE_MAX);
	assert_true(trace_find(t, 0, &place));
	assert_int_equal(place.line, 1);
	assert_false(trace_find(t, written.n - 2, &place));
	tmpl_exec_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_have_places),
		cmocka_unit_test(test_notes_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
