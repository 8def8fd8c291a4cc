/* Indexes: what is kept, what is chosen, and what is refused. How texts are
 * read is compared with Helm's answers in tests/golden/helm/index.jsonl. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "helm/repoindex.h"

#define V(name, version, created)                                                     \
	"  - apiVersion: v1\n    name: " name "\n    version: \"" version "\"\n    urls: [u-" version \
	".tgz]\n    created: \"" created "\"\n"

static const char index_text[] =
	"apiVersion: v1\nentries:\n  podinfo:\n"
	V("podinfo", "6.1.0", "2020-01-01T00:00:00Z")
	V("podinfo", "6.10.0", "2020-01-01T00:00:00Z")
	V("podinfo", "v6.2.0", "2020-01-01T00:00:00Z")
	V("podinfo", "7.0.0-rc.1", "2020-01-01T00:00:00Z")
	V("podinfo", "6.10.0+b", "2021-01-01T00:00:00Z")
	V("podinfo", "6", "2020-01-01T00:00:00Z")
	"  none: []\n  other:\n" V("other", "1.0.0", "2020-01-01T00:00:00Z");

static void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static void need_error(err *e, const char *text)
{
	if (!e)
		fail_msg("no error: %s", text);
	assert_string_equal(err_msg(e), text);
	err_free(e);
}

struct fixture {
	struct arena a;
	struct repoindex *ix;
	struct repoindex_chart chart;
};

static void open_chart(struct fixture *f, str text, bool checked, str name)
{
	const struct repoindex_options o = { .checked = checked };

	*f = (struct fixture){ 0 };
	need(repoindex_open(&f->ix, text, &o));
	need(repoindex_load(&f->a, f->ix, name, false, &f->chart));
}

static void drop(struct fixture *f)
{
	repoindex_close(f->ix);
	arena_release(&f->a);
}

static void test_newest_first(void **state)
{
	static const char *const order[] = { "7.0.0-rc.1", "6.10.0", "6.10.0+b", "v6.2.0", "6.1.0",
					     "6" };
	struct fixture f;

	(void)state;
	open_chart(&f, str_c(index_text), false, S("podinfo"));
	assert_int_equal(repoindex_count(f.ix), 3);
	assert_true(repoindex_has(f.ix, S("none")) && !repoindex_has(f.ix, S("absent")));
	assert_int_equal(f.chart.n, 6);
	for (size_t i = 0; i < f.chart.n; i++)
		assert_string_equal(f.chart.versions[i].version.p, order[i]);
	assert_string_equal(f.chart.versions[0].url.p, "u-7.0.0-rc.1.tgz");
	assert_string_equal(repoindex_newest(&f.chart)->version.p, "6.10.0");
	drop(&f);
}

static void test_choices_of_flux(void **state)
{
	/* The last part has to be a version of three numbers, unless it is the exact text. */
	static const char *const choices[][2] = {
		{ "", "6.10.0+b" },	   { "*", "6.10.0+b" },	     { "6.x", "6.10.0+b" },
		{ "6.10.0", "6.10.0" },	   { "6.2.0", "v6.2.0" },    { "v6.2.0", "v6.2.0" },
		{ "6", "6" },		   { "<6.1", NULL },	     { ">0.0.0-0", "7.0.0-rc.1" },
		{ "7.x", NULL },	   { "~6.1", "6.1.0" },
	};
	struct fixture f;

	(void)state;
	open_chart(&f, str_c(index_text), false, S("podinfo"));
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		str range = str_c(choices[i][0]);
		const struct repoindex_version *v;
		err *e = repoindex_pick_flux(&f.chart, S("podinfo"), range, &v);

		if (!choices[i][1]) {
			str want = arena_printf(&f.a, "no 'podinfo' chart with version matching "
						      "'%s' found", choices[i][0]);
			need_error(e, want.p);
			continue;
		}
		need(e);
		assert_string_equal(v->version.p, choices[i][1]);
	}
	const struct repoindex_version *v;

	need_error(repoindex_pick_flux(&f.chart, S("podinfo"), S("latest"), &v),
		   "improper constraint: \"latest\"");
	drop(&f);
}

static void test_nothing_there(void **state)
{
	const struct repoindex_version *v;
	struct fixture f;

	(void)state;
	open_chart(&f, str_c(index_text), false, S("none"));
	need_error(repoindex_pick_flux(&f.chart, S("none"), S("*"), &v), "no chart version found");
	assert_null(repoindex_newest(&f.chart));
	need_error(repoindex_load(&f.a, f.ix, S("absent"), false, &f.chart),
		   "no chart name found");
	drop(&f);
}

/* What was written as JSON is read again without looking at the rest. */
static void test_stored_form(void **state)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	struct sink_buf sink;
	struct fixture f;
	size_t n;

	(void)state;
	open_chart(&f, str_c(index_text), false, S("podinfo"));
	n = f.chart.n;
	sink_buf_init(&sink, &json, "index");
	need(repoindex_write_json(f.ix, &sink.sink));
	drop(&f);
	open_chart(&f, buf_str(&json), true, S("podinfo"));
	assert_int_equal(f.chart.n, n);
	assert_string_equal(f.chart.versions[2].version.p, "6.10.0+b");
	assert_int_equal(f.chart.versions[2].created.sec, 1609459200);
	drop(&f);
}

/* Lines of a text that look like another chart are none. */
static void test_no_chart_within_a_text(void **state)
{
	static const char text[] = "apiVersion: v1\nentries:\n  a:\n"
				   V("a", "1.0.0", "2020-01-01T00:00:00Z")
				   "    description: \"x\n  podinfo:\n  - name: podinfo\n    z\"\n";
	struct repoindex *ix = NULL;

	(void)state;
	need(repoindex_open(&ix, str_c(text), NULL));
	assert_int_equal(repoindex_count(ix), 1);
	assert_false(repoindex_has(ix, S("podinfo")));
	repoindex_close(ix);
}

static void test_anchors_are_read_whole(void **state)
{
	static const char text[] = "apiVersion: v1\nentries:\n  a: &a\n"
				   V("a", "1.0.0", "2020-01-01T00:00:00Z") "  b: *a\n";
	struct fixture f;

	(void)state;
	open_chart(&f, str_c(text), false, S("b"));
	assert_int_equal(f.chart.n, 1);
	assert_string_equal(f.chart.versions[0].name.p, "a");
	drop(&f);
}

static void test_refused(void **state)
{
	static const char *const texts[][2] = {
		{ "", "empty index.yaml file" },
		{ "{}", "no API version specified" },
		{ "entries: {}\n", "no API version specified" },
		{ "apiVersion: v1\nentries:\n  a:\n  - version: [1]\n",
		  "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into "
		  "Go struct field ChartVersion.entries.Metadata.version of type string" },
		{ "apiVersion: v1\nentries:\n  a:\n  - x: 1\n",
		  "error unmarshaling JSON: while decoding JSON: json: unknown field \"x\"" },
		{ "apiVersion: v1\nentries: [1]\n",
		  "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into "
		  "Go struct field IndexFile.entries of type map[string]repo.ChartVersions" },
		{ "{\"apiVersion\": \"v1\", \"entries\": [1]}",
		  "json: cannot unmarshal array into Go struct field IndexFile.entries of type "
		  "map[string]repo.ChartVersions" },
		{ "apiVersion: v1\nentries:\n  a: []\n  a: []\n",
		  "error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key \"a\" "
		  "already set in map" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct repoindex *ix = NULL;

		need_error(repoindex_open(&ix, str_c(texts[i][0]), NULL), texts[i][1]);
	}
}

static void take_line(void *ctx, enum notice_level level, str line)
{
	struct buf *b = ctx;

	(void)level;
	buf_addf(b, "%.*s\n", STR_ARG(line));
}

static void take_no_line(void *ctx, enum notice_level level, str line)
{
	(void)ctx;
	(void)level;
	fail_msg("told again: %.*s", STR_ARG(line));
}

static void test_bad_entries_are_passed_over(void **state)
{
	static const char text[] = "apiVersion: v1\nentries:\n  a:\n  - null\n  - name: a\n"
				   "    version: one\n" V("a", "1.0.0", "2020-01-01T00:00:00Z");
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct notices to = { take_line, &lines };
	const struct repoindex_options o = { .notices = &to, .source = S("i.yaml") };
	struct repoindex *ix = NULL;
	struct repoindex_chart chart;

	(void)state;
	need(repoindex_open(&ix, str_c(text), &o));
	assert_string_equal(
		buf_c(&lines),
		"level=WARN msg=\"skipping loading invalid entry for chart: empty entry\" name=a "
		"source=i.yaml\n"
		"level=WARN msg=\"skipping loading invalid entry for chart\" name=a version=one "
		"source=i.yaml error=\"validation: chart.metadata.version \\\"one\\\" is invalid\"\n");
	/* Nobody is told again, nor need there be anybody any more. */
	size_t told = lines.n;

	to = (struct notices){ 0 };
	to.line = take_no_line;
	need(repoindex_load(&a, ix, S("a"), true, &chart));
	assert_int_equal(chart.n, 1);
	assert_int_equal(lines.n, told);
	repoindex_close(ix);
}

static void count(void *ctx)
{
	++*(size_t *)ctx;
}

/* The memory is that of the names, however long the lists are. */
static void test_memory_does_not_grow(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	size_t passed = 0;
	const struct repoindex_options o = { .passed = count, .ctx = &passed };
	struct repoindex *ix = NULL;
	struct repoindex_chart chart;
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(2 << 20);

	(void)state;
	buf_add(&text, S("apiVersion: v1\nentries:\n  big:\n"));
	for (int i = 0; i < 60000; i++)
		buf_addf(&text, "  - name: big\n    version: 1.%d.0\n    description: d%0100d\n", i, i);
	buf_add(&text, S("  small:\n" V("small", "1.0.0", "2020-01-01T00:00:00Z")));
	need(repoindex_open(&ix, buf_str(&text), &o));
	assert_true(passed >= 8 && passed < 40);
	need(repoindex_load(&a, ix, S("small"), true, &chart));
	assert_true(a.high < 64 << 10);
	repoindex_close(ix);
}

static void test_limits(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct repoindex *ix = NULL;

	(void)state;
	buf_add(&text, S("apiVersion: v1\nentries:\n"));
	for (int i = 0; i <= REPOINDEX_CHARTS_MAX; i++)
		buf_addf(&text, "  c%d:\n", i);
	need_error(repoindex_open(&ix, buf_str(&text), NULL), "index has more than 200000 charts");
	buf_clear(&text);
	buf_add(&text, S("apiVersion: v1\nentries: {a: [{name: a, version: 1.0.0, description: \""));
	buf_fill(&text, 'x', REPOINDEX_WHOLE_MAX);
	buf_add(&text, S("\"}]}\n"));
	need_error(repoindex_open(&ix, buf_str(&text), NULL),
		   "index is larger than 4194304 bytes and not laid out as Helm writes it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newest_first),
		cmocka_unit_test(test_choices_of_flux),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_stored_form),
		cmocka_unit_test(test_no_chart_within_a_text),
		cmocka_unit_test(test_anchors_are_read_whole),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_entries_are_passed_over),
		cmocka_unit_test(test_memory_does_not_grow),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
