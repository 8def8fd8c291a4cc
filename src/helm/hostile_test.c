/* Charts as nobody means well with them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/tgz.h"
#include "base/clock.h"
#include "helm/lint.h"
#include "helm/render.h"
#include "helm/values.h"

/* Helm's count of names ends it; under AddressSanitizer, whose frames are
 * larger, the stack may be short of it, depending on its limit. */
#ifdef __SANITIZE_ADDRESS__
#define NESTED_TOO_DEEP "error calling include:"
#else
#define NESTED_TOO_DEEP "nested reference name: a"
#endif

static void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

/* ---- archives ---------------------------------------------------------- */

struct made {
	struct buf tar;
	struct sink_buf to;
	struct tar_writer w;
};

static void begin(struct made *m)
{
	*m = (struct made){ .tar = BUF_INIT };
	sink_buf_init(&m->to, &m->tar, "archive");
	tar_writer_init(&m->w, &m->to.sink);
}

static void add(struct made *m, str name, char type, str link, str bytes)
{
	need(tar_write_entry(&m->w, &(const struct tar_entry){ .name = name, .link = link,
							       .type = type, .mode = 06777,
							       .size = bytes.n, .mtime = 1 }));
	need(tar_write_bytes(&m->w, bytes));
}

static void end(struct made *m, struct buf *out)
{
	need(tar_finish(&m->w));
	need(gzip_write(buf_str(&m->tar), 6, out));
	buf_release(&m->tar);
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return 1700000000 * CLOCK_SECOND;
}

static void fill(void *ctx, void *to, size_t n)
{
	(void)ctx;
	memset(to, 3, n);
}

static err *render(struct arena *a, struct chart *c, str values, struct render *r)
{
	static const struct tmpl_options tmpl = {
		.limits = { .text = 1 << 20, .stack = 5 << 20, .steps = 3000000 },
		.now = now,
		.random = fill,
	};
	struct caps caps = caps_offline(a, NULL, 0);
	const struct render_options o = { .release = { .name = S("r"), .ns = S("n") }, .caps = &caps,
					  .tmpl = &tmpl };
	node given;

	TRY(values_read(a, values, &given));
	return render_chart(a, c, given, &o, r);
}

/* Load an archive, render it, and tell what went wrong or came out. */
static void check_archive(str bytes, const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	struct chart *c;
	struct render r = { 0 };
	err *e = chart_load_archive(&a, bytes, NULL, &c);

	if (!e)
		e = render(&a, c, STR_NONE, &r);
	str got = e ? err_text(e) : r.manifests.n ? r.manifests.p[0].text : STR_NONE;

	if (!str_has(got, str_c(want)))
		fail_msg("want '%s', got '%.*s'", want, STR_ARG(got));
	err_free(e);
}

#define CHART "apiVersion: v2\nname: c\nversion: 1.0.0\n"

static const struct {
	const char *name;
	char type;
	const char *link, *want;
} entries[] = {
	{ "c/templates/a.yaml", '0', "", "kind: A" },
	{ "c/../../x", '0', "", "chart illegally references parent directory" },
	{ "c/..", '0', "", "chart illegally references parent directory" },
	{ "c//etc/x", '0', "", "chart illegally contains absolute paths" },
	{ "/etc/x", '0', "", "kind: A" },	/* its first part is the chart's folder */
	{ "c\\..\\..\\x", '0', "", "chart illegally references parent directory" },
	{ "c/C:/x", '0', "", "chart contains illegally named files" },
	{ "c", '0', "", "chart illegally contains content outside the base directory: \"c\"" },
	{ "Chart.yaml/x", '0', "", "chart yaml not in base directory" },
	/* Links and devices are files without content; nobody follows them. */
	{ "c/link", '2', "/etc/passwd", "kind: A" },
	{ "c/link", '1', "../../etc/passwd", "kind: A" },
	{ "c/templates/l.yaml", '2', "/etc/passwd", "kind: A" },
	{ "c/dev", '3', "", "kind: A" },
	{ "c/fifo", '6', "", "kind: A" },
	{ "c/a\nb\x1b[2J", '0', "", "kind: A" },
};

static void test_entries_of_archives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		CLEANUP(buf_release) struct buf bytes = BUF_INIT;
		struct made m;

		begin(&m);
		add(&m, S("c/Chart.yaml"), '0', STR_NONE, S(CHART));
		add(&m, S("c/templates/a.yaml"), '0', STR_NONE, S("kind: A{{ .Files.Get \"link\" }}\n"));
		add(&m, str_c(entries[i].name), entries[i].type, str_c(entries[i].link),
		    entries[i].type == '0' ? S("kind: A\n") : STR_NONE);
		end(&m, &bytes);
		check_archive(buf_str(&bytes), entries[i].want);
	}
}

static void test_bombs_stop_at_the_limit(void **state)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT, zeros = BUF_LIMIT((size_t)1 << 30);
	struct made m;

	(void)state;
	buf_fill(&zeros, 0, (size_t)101 << 20);
	begin(&m);
	add(&m, S("c/Chart.yaml"), '0', STR_NONE, S(CHART));
	add(&m, S("c/big"), '0', STR_NONE, buf_str(&zeros));
	end(&m, &bytes);
	check_archive(buf_str(&bytes), "decompressed chart is larger than the maximum size 104857600");
}

/* A chart in a chart in a chart. */
static void test_nests_of_archives(void **state)
{
	struct buf inner = BUF_INIT;

	(void)state;
	for (int i = 0; i < CHART_DEPTH_MAX + 2; i++) {
		struct buf outer = BUF_INIT;
		struct made m;

		begin(&m);
		add(&m, S("c/Chart.yaml"), '0', STR_NONE, S(CHART));
		if (inner.n)
			add(&m, S("c/charts/c.tgz"), '0', STR_NONE, buf_str(&inner));
		end(&m, &outer);
		buf_release(&inner);
		inner = outer;
	}
	check_archive(buf_str(&inner), "charts are nested deeper than 32 levels");
	buf_release(&inner);
}

static void test_what_is_no_archive(void **state)
{
	static const struct {
		str bytes;
		const char *want;
	} rows[] = {
		{ S(""), "EOF" },
		{ S("PK\x03\x04xxxxxxxx"), "gzip: invalid header" },
		{ S("\x1f\x8b\x08"), "EOF" },
		{ S("<html><body>"), "gzip: invalid header" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_archive(rows[i].bytes, rows[i].want);
}

/* ---- files ------------------------------------------------------------- */

struct file {
	const char *name, *text;
};

enum { FILES = 6 };

static err *load(struct arena *a, const struct file *files, struct chart **c)
{
	struct chart_files list = { 0 };

	for (size_t i = 0; i < FILES && files[i].name; i++) {
		const struct chart_file f = { str_c(files[i].name), str_c(files[i].text), 0 };

		avec_push(a, &list, f);
	}
	return chart_load_files(a, &list, NULL, c);
}

static const struct {
	struct file files[FILES];
	const char *values, *want;
} charts[] = {
	/* names, versions, types */
	{ { { "Chart.yaml", "apiVersion: v2\nname: ../../x\nversion: 1.0.0\n" } }, "",
	  "validation: chart.metadata.name \"../../x\" is invalid" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: a/b\nversion: 1.0.0\n" } }, "",
	  "validation: chart.metadata.name \"a/b\" is invalid" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: .\nversion: 1.0.0\n" } }, "",
	  "validation: chart.metadata.name \".\" is not allowed" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: ..\nversion: 1.0.0\n" } }, "",
	  "validation: chart.metadata.name \"..\" is not allowed" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0/../x\n" } }, "",
	  "validation: chart.metadata.version \"1.0.0/../x\" is invalid" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: a\nversion: \"1.0.0 \\e[2J\"\n" } }, "",
	  "validation: chart.metadata.version \"1.0.0 \\x1b[2J\" is invalid" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: a\nversion: [1]\n" } }, "",
	  "cannot unmarshal array into Go struct field Metadata.version of type string" },
	{ { { "Chart.yaml", "apiVersion: v2\nname: {a: b}\nversion: 1.0.0\n" } }, "",
	  "cannot unmarshal object into Go struct field Metadata.name of type string" },
	{ { { "Chart.yaml", "- a\n" } }, "", "cannot unmarshal array into Go value of type v2.Metadata" },
	{ { { "Chart.yaml", "\xff\xfe" } }, "", "chart.metadata.name is required" },
	{ { { "values.yaml", "a: 1\n" } }, "", "Chart.yaml file is missing" },
	{ { { "Chart.yaml", CHART "maintainers: [null]\n" } }, "",
	  "maintainers must not contain empty or null nodes" },
	{ { { "Chart.yaml", CHART "dependencies: [null]\n" } }, "",
	  "dependencies must not contain empty or null nodes" },
	{ { { "Chart.yaml", CHART }, { "Chart.lock", "generated: soon\ndigest: [1]\n" } }, "",
	  "cannot load Chart.lock: error unmarshaling JSON: while decoding JSON: parsing time \"soon\" as "
	  "\"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\"" },
	{ { { "Chart.yaml", CHART }, { "Chart.lock", "generated: 5\n" } }, "",
	  "cannot load Chart.lock: error unmarshaling JSON: while decoding JSON: Time.UnmarshalJSON: "
	  "input is not a JSON string" },
	/* dependencies */
	{ { { "Chart.yaml", "apiVersion: v1\nname: a\nversion: 1.0.0\n"
			    "dependencies: [{name: b, alias: x/y}, {name: c}]\n" },
	    { "requirements.yaml", "dependencies: [{name: d, version: 1.0.0}]\n" } }, "",
	  "dependency \"d\" has disallowed characters in the alias" },
	{ { { "Chart.yaml", CHART "dependencies: [{name: b, alias: ../x}]\n" } }, "",
	  "dependency \"b\" has disallowed characters in the alias" },
	{ { { "Chart.yaml", CHART "dependencies: [{name: b}, {name: d, alias: b}]\n" } }, "",
	  "more than one dependency with name or alias \"b\"" },
	{ { { "Chart.yaml", CHART "dependencies: [{name: b, version: '*', condition: '..,.a,b..c,'}]\n" },
	    { "charts/b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n" },
	    { "charts/b/templates/x.yaml", "kind: Sub\n" } }, "b: [1]\n",
	  "type mismatch on" },
	{ { { "Chart.yaml", CHART "dependencies: [{name: c, version: '*'}]\n" },
	    { "charts/c/Chart.yaml", CHART "dependencies: [{name: c, version: '*'}]\n" },
	    { "charts/c/charts/c/Chart.yaml", CHART }, { "templates/x.yaml", "kind: A\n" } }, "",
	  "kind: A" },
	/* values */
	{ { { "Chart.yaml", CHART }, { "values.yaml", "a: &a [*a]\n" } }, "", "anchor 'a' value contains itself" },
	{ { { "Chart.yaml", CHART }, { "values.yaml", "a: 1\na: [\n" } }, "", "cannot load values.yaml" },
	{ { { "Chart.yaml", CHART }, { "templates/x.yaml", "kind: {{ .Values.__proto__ }}{{ .Values.a }}\n" } },
	  "a: B\n\"\": x\n", "kind: B" },
	/* templates */
	{ { { "Chart.yaml", CHART }, { "templates/x.yaml", "{{ include \"a\" . }}" },
	    { "templates/_a.tpl", "{{ define \"a\" }}\n{{ include \"a\" . }}{{ end }}" } }, "",
	  NESTED_TOO_DEEP },
	{ { { "Chart.yaml", CHART }, { "templates/x.yaml", "{{ range 40 }}{{ $_ := genCA \"a\" 1 }}{{ end }}" } }, "",
	  "template needs more than 3000000 steps" },
	{ { { "Chart.yaml", CHART },
	    { "templates/x.yaml", "kind: A{{ .Files.Get \"../../etc/passwd\" }}{{ .Files.Get \"/etc/passwd\" }}"
				  "{{ (.Files.Glob \"/etc/*\").AsConfig }}{{ getHostByName \"localhost\" }}" } }, "",
	  "kind: A" },
	{ { { "Chart.yaml", CHART }, { "templates/x.yaml", "kind: A{{ len (tpl .Values.t .) }}" } },
	  "t: '{{ lookup \"v1\" \"Secret\" \"\" \"\" | len }}'\n", "kind: A1" },
	/* schemas */
	{ { { "Chart.yaml", CHART }, { "values.yaml", "a: 1\n" },
	    { "values.schema.json", "{\"$ref\":\"http://169.254.169.254/x\"}" } }, "", "remote refs disabled" },
	{ { { "Chart.yaml", CHART }, { "values.yaml", "a: 1\n" },
	    { "values.schema.json", "{\"$ref\":\"file:///etc/passwd\"}" } }, "",
	  "open /etc/passwd: no such file or directory" },
	{ { { "Chart.yaml", CHART }, { "values.yaml", "a: 1\n" },
	    { "values.schema.json", "{\"$ref\":\"file:///dev/zero\"}" } }, "",
	  "open /dev/zero: no such file or directory" },
	{ { { "Chart.yaml", CHART }, { "values.yaml", "a: 1\n" },
	    { "values.schema.json", "{\"$ref\":\"#\"}" } }, "", "causing reference cycle" },
};

static void test_charts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof charts / sizeof *charts; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
		struct chart *c;
		struct render r = { 0 };
		err *e = load(&a, charts[i].files, &c);

		if (!e)
			e = render(&a, c, str_c(charts[i].values), &r);
		str got = e ? err_text(e) : r.manifests.n ? r.manifests.p[0].text : STR_NONE;

		if (!str_has(got, str_c(charts[i].want)))
			fail_msg("chart %zu: want '%s', got '%.*s'", i, charts[i].want, STR_ARG(got));
		err_free(e);
	}
}

static void test_long_names(void **state)
{
	char text[400], name[301];

	(void)state;
	memset(name, 'x', 300);
	for (int n = 250; n <= 300; n += 50) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct chart *c;

		snprintf(text, sizeof text, "apiVersion: v2\nname: %.*s\nversion: 1.0.0\n", n, name);
		CLEANUP(err_drop) err *e = load(&a, (const struct file[FILES]){ { "Chart.yaml", text } }, &c);

		assert_string_equal(e ? err_msg(e) : "",
				    n > 250 ? "validation: chart.metadata.name is longer than 250 bytes" : "");
	}
}

/* ---- directories ------------------------------------------------------- */

/* In a root that is the chart's, links that lead out of it are not followed. */
static void test_links_out_of_the_root(void **state)
{
	static const char *const names[] = { "Chart.yaml", "Chart.lock", "values.yaml", "x" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(fs_drop) struct fs *fs = NULL;
		struct chart *c;

		need(fs_open_temp(&fs, STR_NONE, S("hostile")));
		if (i)
			need(fs_write(fs, S("Chart.yaml"), S(CHART), 0644));
		str path = arena_cat(&a, fs_root(fs), S("/"), str_c(names[i]));

		assert_int_equal(symlink("/etc/passwd", path.p), 0);
		CLEANUP(err_drop) err *e = chart_load_dir(&a, fs, STR_NONE, fs_root(fs), NULL, &c);

		assert_non_null(e);
		assert_false(str_has(err_text(e), S("root:")));
	}
}

/* ---- lint -------------------------------------------------------------- */

/* It goes on after what breaks a render, and ends all the same. */
static void test_lint_survives(void **state)
{
	static const struct tmpl_options tmpl = {
		.limits = { .text = 1 << 20, .stack = 2 << 20, .steps = 300000 },
		.now = now,
		.random = fill,
	};
	static const struct lint_options o = { .ns = S("n"), .tmpl = &tmpl };

	(void)state;
	for (size_t i = 0; i < sizeof charts / sizeof *charts; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
		struct lint_messages messages = { 0 };
		struct chart_files list = { 0 };

		for (size_t k = 0; k < FILES && charts[i].files[k].name; k++) {
			const struct chart_file f = { str_c(charts[i].files[k].name),
						      str_c(charts[i].files[k].text), 0 };

			avec_push(&a, &list, f);
		}
		lint_files(&a, S("/c"), &list, node_map(&a, 0), &o, &messages);
		assert_true(messages.n > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_of_archives),
		cmocka_unit_test(test_bombs_stop_at_the_limit),
		cmocka_unit_test(test_nests_of_archives),
		cmocka_unit_test(test_what_is_no_archive),
		cmocka_unit_test(test_charts),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_links_out_of_the_root),
		cmocka_unit_test(test_lint_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
