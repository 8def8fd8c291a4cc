/* bench_helmrelease - two hundred HelmReleases of one chart, with drift detection, on
 * a `rill server` of its own over HTTP: bench_helmrelease RILL [CHART.tgz [N]].
 *
 * A line a step: installed, nothing changed, upgraded by a value. The chart that
 * is built in has a ServiceAccount, a Service, an Ingress and a Deployment. */
#include <stdio.h>

#include "base/fs.h"
#include "cluster.h"

enum { RELEASES = 200 };

#define HR "/apis/helm.toolkit.fluxcd.io/v2/namespaces/default/helmreleases"
#define CHARTS "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/helmcharts"

static const char labels[] = "{{- define \"app.labels\" }}\n"
			     "app.kubernetes.io/name: {{ .Chart.Name }}\n"
			     "app.kubernetes.io/instance: {{ .Release.Name }}\n"
			     "helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}\n{{- end }}\n";

static const char objects[] =
	"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ .Release.Name }}\n"
	"  labels: {{- include \"app.labels\" . | nindent 4 }}\n"
	"---\n"
	"apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n"
	"  labels: {{- include \"app.labels\" . | nindent 4 }}\nspec:\n  selector:\n"
	"    app: {{ .Release.Name }}\n"
	"  ports:\n  - name: http\n    port: {{ .Values.port }}\n    targetPort: 8080\n"
	"---\n"
	"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {{ .Release.Name }}\n"
	"  labels: {{- include \"app.labels\" . | nindent 4 }}\nspec:\n  rules:\n"
	"  - host: app.example.com\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n"
	"        backend:\n          service:\n            name: {{ .Release.Name }}\n"
	"            port:\n              number: {{ .Values.port }}\n"
	"---\n"
	"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n"
	"  labels: {{- include \"app.labels\" . | nindent 4 }}\nspec:\n"
	"  replicas: {{ .Values.replicaCount }}\n"
	"  selector:\n    matchLabels:\n      app: {{ .Release.Name }}\n  template:\n"
	"    metadata:\n      labels:\n        app: {{ .Release.Name }}\n    spec:\n"
	"      serviceAccountName: {{ .Release.Name }}\n      containers:\n      - name: app\n"
	"        image: ghcr.io/x/app:1\n        ports:\n        - name: http\n"
	"          containerPort: 8080\n        resources: {{- toYaml .Values.resources | nindent 10 }}\n";

static const char *file;	/* of the chart; NULL: what is built in */

/* The chart's archive, and its status as the HelmChart's controller leaves it. */
static void commit(struct bench *b)
{
	struct filelist l = FILELIST_INIT(&b->a);
	const struct artifact_owner owner = { S("HelmChart"), S("default"), S("app") };
	const struct filelist_entry files[] = {
		{ .path = S("app/Chart.yaml"),
		  .text = S("apiVersion: v2\nname: app\nversion: 1.2.3\n") },
		{ .path = S("app/templates/_labels.tpl"), .text = str_c(labels) },
		{ .path = S("app/templates/all.yaml"), .text = str_c(objects) },
		{ .path = S("app/values.yaml"),
		  .text = S("replicaCount: 1\nport: 80\nresources: {limits: {cpu: 1}}\n") },
	};
	struct artifact artifact;
	str bytes;

	if (file) {
		bench_need(b, fs_read_any(&b->a, str_c(file), 64 << 20, &bytes));
		bench_need(b, artifact_add_bytes(b->store, &b->a, &owner, S("app.tgz"), S("1.2.3"),
						 bytes, &artifact));
	} else {
		for (size_t i = 0; i < sizeof files / sizeof *files; i++)
			bench_need(b, filelist_add(&l, files[i]));
		bench_need(b, filelist_sort(&l));
		bench_need(b, artifact_add_list(b->store, &b->a, &owner, S("app.tgz"), S("1.2.3"),
						&l, NULL, &artifact));
	}
	bench_set_artifact(b, S(CHARTS "/app"), &artifact,
			   S(",\"observedGeneration\":1,\"conditions\":[{\"type\":\"Ready\","
			     "\"status\":\"True\",\"reason\":\"ok\",\"message\":\"ok\","
			     "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]"));
}

static void put_all(struct bench *b, int cpu)
{
	for (int i = 0; i < b->n; i++)
		bench_ask(b, "PATCH", arena_printf(&b->a, HR "/r%d", i), "apply",
			  arena_printf(&b->a,
				       "{\"apiVersion\":\"helm.toolkit.fluxcd.io/v2\","
				       "\"kind\":\"HelmRelease\",\"metadata\":{\"name\":\"r%d\"},"
				       "\"spec\":{\"interval\":\"1h\",\"releaseName\":\"app-%d\","
				       "\"driftDetection\":{\"mode\":\"enabled\"},"
				       "\"chartRef\":{\"kind\":\"HelmChart\",\"name\":\"app\"},"
				       "\"values\":{\"replicaCount\":0,\"ingress\":{\"enabled\":true},"
				       "\"serviceAccount\":{\"enabled\":true},"
				       "\"resources\":{\"requests\":{\"cpu\":\"%dm\"}}}}}",
				       i, i, cpu),
			  NULL);
}

/* Until every object's Ready is of that generation. */
static void await_generation(struct bench *b, int generation)
{
	char value[16];

	snprintf(value, sizeof value, "%d", generation);
	bench_await(b, S(HR), "observedGeneration", value);
}

static void run(struct bench *b, struct runtime *rt)
{
	bench_ask(b, "PATCH", S(CHARTS "/app"), "apply",
		  S("{\"apiVersion\":\"source.toolkit.fluxcd.io/v1\",\"kind\":\"HelmChart\","
		    "\"metadata\":{\"name\":\"app\"},\"spec\":{\"interval\":\"1m\",\"chart\":\"app\","
		    "\"sourceRef\":{\"kind\":\"HelmRepository\",\"name\":\"x\"}}}"),
		  NULL);
	commit(b);
	put_all(b, 1);
	struct bench_step s = bench_begin(b);

	bench_need(b, runtime_start(rt));
	await_generation(b, 1);
	bench_end(b, "installed", s);
	for (int i = 1; i < 3; i++) {
		char value[] = { (char)('0' + i), 0 };

		s = bench_begin(b);
		bench_request(b, HR "/r", value);	/* that is in the figure, too */
		bench_await(b, S(HR), "lastHandledReconcileAt", value);
		bench_end(b, "unchanged", s);
	}
	put_all(b, 2);
	s = bench_begin(b);
	await_generation(b, 2);
	bench_end(b, "upgraded", s);
}

int main(int argc, char **argv)
{
	struct bench b = { .name = "bench_helmrelease", .simulated = true,
			   .n = RELEASES };

	if (argc > 3)
		b.n = bench_number(&b, argv[3], BENCH_OBJECTS_MAX);
	file = argc > 2 ? argv[2] : NULL;
	bench_cluster(&b, argc > 1 ? argv[1] : "build/rill", &helmrelease_controller, run);
	return 0;
}
