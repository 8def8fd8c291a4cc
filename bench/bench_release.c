/* bench_release - a thousand releases of one chart, as a controller renders
 * them: the chart is loaded once, each release has values of its own.
 * bench_release [RILL] [CHART...]; without charts one that is built in.
 *
 * A line a chart: loading it, then a release without and with the cache of
 * parsed templates (the second thousand of each), and the most memory held
 * after the first and after the last release. */
#include <stdio.h>
#include <stdlib.h>

#include "docs.h"
#include "helm/render.h"
#include "helm/values.h"

enum { RELEASES = 1000 };

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_release: %s\n", err_msg(e));
	exit(1);
}

/* What `helm create` makes, more or less. */
static const struct chart_file files[] = {
	{ S("Chart.yaml"), S("apiVersion: v2\nname: app\nversion: 1.2.3\nappVersion: \"1\"\n"), 0 },
	{ S("values.yaml"),
	  S("replicas: 2\nimage: {repository: ghcr.io/x/app, tag: \"\"}\nlabels: {team: a, tier: front}\n"
	    "env: {a: 1, b: two, c: true, d: \"{{ .Release.Name }}-x\"}\n"
	    "ports:\n- {name: http, port: 8080}\n- {name: metrics, port: 9090}\n"
	    "resources: {limits: {cpu: 1, memory: 64Mi}, requests: {cpu: 10m}}\n"),
	  0 },
	{ S("templates/_helpers.tpl"),
	  S("{{- define \"app.fullname\" -}}\n"
	    "{{- printf \"%s-%s\" .Release.Name .Chart.Name | trunc 63 | trimSuffix \"-\" }}\n"
	    "{{- end }}\n"
	    "{{- define \"app.labels\" -}}\n"
	    "helm.sh/chart: {{ printf \"%s-%s\" .Chart.Name .Chart.Version | replace \"+\" \"_\" }}\n"
	    "app.kubernetes.io/instance: {{ .Release.Name }}\n"
	    "{{- with .Values.labels }}\n{{ toYaml . }}\n{{- end }}\n{{- end }}\n"),
	  0 },
	{ S("templates/deployment.yaml"),
	  S("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
	    "  name: {{ include \"app.fullname\" . }}\n"
	    "  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\n"
	    "spec:\n  replicas: {{ .Values.replicas }}\n"
	    "  template:\n    metadata:\n      labels:\n        {{- include \"app.labels\" . | nindent 8 }}\n"
	    "    spec:\n      containers:\n        - name: {{ .Chart.Name }}\n"
	    "          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.Version }}\"\n"
	    "          env:\n"
	    "            {{- range $name, $value := .Values.env }}\n"
	    "            - name: {{ $name | upper }}\n              value: {{ tpl (toString $value) $ | quote }}\n"
	    "            {{- end }}\n"
	    "          resources:\n            {{- toYaml .Values.resources | nindent 12 }}\n"),
	  0 },
	{ S("templates/service.yaml"),
	  S("apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ include \"app.fullname\" . }}\n"
	    "  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\n"
	    "spec:\n  ports:\n    {{- range .Values.ports }}\n    - port: {{ .port }}\n"
	    "      name: {{ .name | trunc 15 | lower }}\n    {{- end }}\n"
	    "  selector:\n    {{- include \"app.labels\" . | nindent 4 }}\n"),
	  0 },
};

static void load(struct arena *a, const char *path, struct chart **c)
{
	struct chart_files own = { (struct chart_file *)(uintptr_t)files,
				   sizeof files / sizeof *files, 0 };

	stop(path ? chart_load(a, str_c(path), NULL, c) : chart_load_files(a, &own, NULL, c));
}

static void fill(void *ctx, void *to, size_t n)
{
	(void)ctx;
	memset(to, 5, n);
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return 1700000000000000000;
}

static size_t release(struct arena *a, const struct chart *loaded, int number,
		      struct tmpl_cache *cache)
{
	static const struct tmpl_options tmpl = { .limits = TMPL_LIMITS, .random = fill, .now = now };
	CLEANUP(tmpl_lease_end) struct tmpl_lease lease = { .cache = cache };
	struct caps caps = caps_offline(a, NULL, 0);
	struct chart c = *loaded;
	struct tmpl_options own = tmpl;
	const struct render_options o = {
		.release = { .name = arena_printf(a, "release-%d", number), .ns = S("default"),
			     .revision = 1 },
		.caps = &caps,
		.tmpl = &own,
	};
	struct render r;
	size_t bytes = 0;
	node values;

	own.lease = cache ? &lease : NULL;
	stop(values_read(a, arena_printf(a, "replicaCount: %d\nreplicas: %d\n", number, number),
			 &values));
	stop(render_chart(a, &c, values, &o, &r));
	for (size_t i = 0; i < r.manifests.n; i++)
		bytes += r.manifests.p[i].text.n;
	return bytes;
}

/* Microseconds a release, of the second half of twice as many. */
static double measure(const struct chart *c, struct tmpl_cache *cache, size_t *bytes, double *first)
{
	struct arena a = ARENA_INIT;
	double start = 0;

	for (int i = 0; i < 2 * RELEASES; i++) {
		if (i == RELEASES)
			start = bench_cpu();
		*bytes = release(&a, c, i, cache);
		arena_clear(&a);
		if (!i)
			*first = bench_peak();
	}
	double took = bench_cpu() - start;

	arena_release(&a);
	return took / RELEASES * 1e6;
}

static void run(const char *path)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct tmpl_cache *cache = tmpl_cache_new(TMPL_CACHE_BYTES);
	struct chart *c;
	size_t bytes;
	double before = bench_cpu(), first, ignored;

	load(&a, path, &c);
	double loaded = bench_cpu() - before;
	double cold = measure(c, NULL, &bytes, &first);
	double warm = measure(c, cache, &bytes, &ignored);
	const char *name = path ? strrchr(path, '/') ? strrchr(path, '/') + 1 : path : "built in";

	printf("release %-36s %7zu bytes  load %8.0f us  %8.1f us  cached %8.1f us  %5.1f MiB -> %5.1f MiB\n",
	       name, bytes, loaded * 1e6, cold, warm, first, bench_peak());
	tmpl_cache_free(cache);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		run(NULL);
	for (int i = 2; i < argc; i++)
		run(argv[i]);
	return 0;
}
