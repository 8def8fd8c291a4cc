#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "helm/origin.h"
#include "helm/render.h"
#include "helm/values.h"

/* A chart that declares one of its subcharts, by an alias and with values to
 * import, and not the other, which has a subchart of its own. */
static const struct chart_file files[] = {
	{ S("Chart.yaml"), S("apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
			     "- {name: db, alias: store, version: '*', import-values: [data]}\n"), 0 },
	{ S("values.yaml"), S("a: 1\n"), 0 },
	{ S("templates/_h.tpl"), S("{{ define \"all\" }}\nrelease: {{ .Release.Name }}\n"
				   "values: {{ toJson .Values }}\n{{ end }}"), 0 },
	{ S("templates/app.yaml"), S("kind: App\n{{ include \"all\" . | trim }}\n"), 0 },
	{ S("charts/db/Chart.yaml"), S("apiVersion: v2\nname: db\nversion: 1.0.0\n"), 0 },
	{ S("charts/db/values.yaml"), S("exports: {data: {from: db}}\n"), 0 },
	{ S("charts/db/templates/db.yaml"), S("kind: Db\n{{ include \"all\" . | trim }}\n"), 0 },
	{ S("charts/free/Chart.yaml"), S("apiVersion: v2\nname: free\nversion: 1.0.0\ndependencies:\n"
					 "- {name: in, version: '*', condition: in.enabled, import-values: [data]}\n"), 0 },
	{ S("charts/free/templates/free.yaml"), S("kind: Free\n{{ include \"all\" . | trim }}\n"), 0 },
	{ S("charts/free/charts/in/Chart.yaml"), S("apiVersion: v2\nname: in\nversion: 1.0.0\n"), 0 },
	{ S("charts/free/charts/in/values.yaml"), S("exports: {data: {from: in}}\n"), 0 },
	{ S("charts/free/charts/in/templates/in.yaml"), S("kind: In\n{{ tpl \"x: {{ 1 }}\" . }}\n"), 0 },
};

static const char want[] =
	"kind: App\nrelease: rel\nvalues: {\"a\":2,\"free\":{\"from\":\"in\",\"global\":{},\"in\":"
	"{\"enabled\":ON,\"exports\":{\"data\":{\"from\":\"in\"}},\"global\":{}}},\"from\":\"db\","
	"\"store\":{\"exports\":{\"data\":{\"from\":\"db\"}},\"global\":{}}}\n";

static struct chart *load(struct arena *a)
{
	struct chart_files list = { (struct chart_file *)(uintptr_t)files,
				    sizeof files / sizeof *files, 0 };
	struct chart *c;

	assert_null(chart_load_files(a, &list, NULL, &c));
	return c;
}

static err *render(struct arena *a, const struct chart *loaded, const char *values,
		   struct tmpl_lease *lease, struct render *r)
{
	const struct tmpl_options tmpl = { .limits = TMPL_LIMITS, .lease = lease };
	struct caps caps = caps_offline(a, NULL, 0);
	const struct render_options o = { .release = { .name = S("rel"), .ns = S("n") },
					  .caps = &caps, .tmpl = &tmpl };
	struct chart c = *loaded;
	node given;

	TRY(values_read(a, str_c(values), &given));
	return render_chart(a, &c, given, &o, r);
}

static const struct manifest *find(const struct render *r, const char *kind)
{
	for (size_t i = 0; i < r->manifests.n; i++)
		if (str_eq(r->manifests.p[i].kind, str_c(kind)))
			return &r->manifests.p[i];
	return NULL;
}

/* What one render did to charts does not show in the next. */
static void test_a_chart_is_rendered_often(void **state)
{
	CLEANUP(arena_release) struct arena keep = ARENA_INIT, a = ARENA_INIT;
	const struct chart *loaded = load(&keep);

	(void)state;
	for (int i = 0; i < 6; i++) {
		bool on = i % 2;
		struct render r;

		assert_null(render(&a, loaded, on ? "a: 2\nfree: {in: {enabled: true}}\n"
						  : "a: 2\nfree: {in: {enabled: false}}\n", NULL, &r));
		assert_int_equal(find(&r, "In") != NULL, on);
		assert_non_null(find(&r, "Db"));
		if (on) {
			str text = find(&r, "App")->text;
			size_t at = str_find(text, S(":true"));
			CLEANUP(buf_release) struct buf b = BUF_INIT;

			buf_add(&b, str_sub(text, 0, at));
			buf_add(&b, S(":ON"));
			buf_add(&b, str_from(text, at + 5));
			assert_string_equal(buf_c(&b), want);
		}
		arena_clear(&a);
	}
}

static void test_objects_know_their_origin(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct trace_place place;
	struct render r;

	(void)state;
	assert_null(render(&a, load(&a), "free: {in: {enabled: true}}\n", NULL, &r));
	assert_true(origin_of(find(&r, "In"), &place));
	assert_true(str_eq(place.file, S("app/charts/free/charts/in/templates/in.yaml")));
	assert_int_equal(place.line, 1);
	const struct manifest none = { .text = S("x"), .output = S("x") };

	assert_false(origin_of(&none, &place));
}

enum { THREADS = 4, TURNS = 50 };

struct job {
	const struct chart *loaded;
	struct tmpl_cache *cache;
};

static void *work(void *arg)
{
	const struct job *job = arg;
	const char *wrong = NULL;

	for (int i = 0; i < TURNS && !wrong; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(tmpl_lease_end) struct tmpl_lease lease = { .cache = job->cache };
		struct render r;
		err *e = render(&a, job->loaded, "free: {in: {enabled: true}}\n", &lease, &r);

		if (e)
			wrong = "error";
		else if (r.manifests.n != 4 || !find(&r, "In"))
			wrong = "manifests";
		err_free(e);
	}
	return (void *)(uintptr_t)wrong;
}

static void test_threads_share_a_chart(void **state)
{
	CLEANUP(arena_release) struct arena keep = ARENA_INIT;
	struct job job = { load(&keep), tmpl_cache_new(TMPL_CACHE_BYTES) };
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &job), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	tmpl_cache_free(job.cache);
}

/* Up to Helm 4.2, what is blank before a "---" belongs to it; the last document keeps its end. */
static void test_cutting_tight(void **state)
{
	static const struct {
		const char *text;
		bool tight;
		const char *documents;	/* '|' behind each */
	} rows[] = {
		{ "a: 1\n---\nb: 2\n", false, "a: 1\n|b: 2\n|" },
		{ "a: 1\n---\nb: 2\n", true, "a: 1|b: 2\n|" },
		{ "---\na: 1 \t\n\n\r\n--- \n\n---\n  b: 2\n\n", true, "a: 1|b: 2\n\n|" },
		{ " \n---\n\n", true, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct manifest_cut cut = { .rest = manifest_trim_left(str_c(rows[i].text)),
					    .tight = rows[i].tight };
		str document;

		while (manifest_take(&cut, &document)) {
			buf_add(&b, document);
			buf_addc(&b, '|');
		}
		assert_string_equal(buf_c(&b), rows[i].documents);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cutting_tight),
		cmocka_unit_test(test_a_chart_is_rendered_often),
		cmocka_unit_test(test_objects_know_their_origin),
		cmocka_unit_test(test_threads_share_a_chart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
