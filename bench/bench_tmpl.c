/* bench_tmpl - how fast templates are parsed and rendered: bench_tmpl, or
 * bench_tmpl --json FILE to write the templates and their values as JSON, for
 * other programs to measure themselves with. */
#include <stdio.h>
#include <stdlib.h>

#include "docs.h"
#include "helm/engine.h"
#include "value/json.h"

enum { ROUNDS = 5, TIMES = 1000 };

/* A chart as `helm create` begins one: helpers, and the usual objects. */
static const char helpers[] =
	"{{- define \"app.name\" -}}\n"
	"{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix \"-\" }}\n"
	"{{- end }}\n"
	"{{- define \"app.fullname\" -}}\n"
	"{{- if .Values.fullnameOverride }}\n"
	"{{- .Values.fullnameOverride | trunc 63 | trimSuffix \"-\" }}\n"
	"{{- else }}\n"
	"{{- $name := default .Chart.Name .Values.nameOverride }}\n"
	"{{- if contains $name .Release.Name }}\n"
	"{{- .Release.Name | trunc 63 | trimSuffix \"-\" }}\n"
	"{{- else }}\n"
	"{{- printf \"%s-%s\" .Release.Name $name | trunc 63 | trimSuffix \"-\" }}\n"
	"{{- end }}\n{{- end }}\n{{- end }}\n"
	"{{- define \"app.labels\" -}}\n"
	"helm.sh/chart: {{ printf \"%s-%s\" .Chart.Name .Chart.Version | replace \"+\" \"_\" }}\n"
	"app.kubernetes.io/name: {{ include \"app.name\" . }}\n"
	"app.kubernetes.io/instance: {{ .Release.Name }}\n"
	"{{- with .Values.labels }}\n{{ toYaml . }}\n{{- end }}\n"
	"{{- end }}\n";

static const char deployment[] =
	"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
	"  name: {{ include \"app.fullname\" . }}\n"
	"  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\n"
	"  {{- with .Values.annotations }}\n  annotations:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n"
	"spec:\n  {{- if not .Values.autoscaling.enabled }}\n  replicas: {{ .Values.replicas }}\n  {{- end }}\n"
	"  template:\n    metadata:\n      labels:\n        {{- include \"app.labels\" . | nindent 8 }}\n"
	"    spec:\n      containers:\n        - name: {{ .Chart.Name }}\n"
	"          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.Version }}\"\n"
	"          env:\n"
	"            {{- range $name, $value := .Values.env }}\n"
	"            - name: {{ $name | upper }}\n              value: {{ $value | quote }}\n"
	"            {{- end }}\n"
	"          ports:\n            {{- range $i, $port := .Values.ports }}\n"
	"            - name: {{ printf \"%s-%d\" $port.name $i }}\n"
	"              containerPort: {{ int $port.port }}\n            {{- end }}\n"
	"          resources:\n            {{- toYaml .Values.resources | nindent 12 }}\n";

static const char service[] =
	"{{- if .Values.ports }}\napiVersion: v1\nkind: Service\nmetadata:\n"
	"  name: {{ include \"app.fullname\" . }}\n"
	"  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\n"
	"spec:\n  ports:\n    {{- range .Values.ports }}\n    - port: {{ .port }}\n"
	"      name: {{ .name | trunc 15 | lower }}\n    {{- end }}\n"
	"  selector:\n    {{- include \"app.labels\" . | nindent 4 }}\n{{- end }}\n";

static const char values[] =
	"{\"Chart\":{\"Name\":\"app\",\"Version\":\"1.2.3\"},\"Release\":{\"Name\":\"web\"},\"Values\":{"
	"\"replicas\":2.0,\"labels\":{\"team\":\"a\",\"tier\":\"front\"},\"annotations\":{\"a/b\":\"c\"},"
	"\"autoscaling\":{\"enabled\":false},\"image\":{\"repository\":\"ghcr.io/x/app\",\"tag\":\"\"},"
	"\"env\":{\"a\":1.0,\"b\":\"two\",\"c\":true,\"d\":\"x y\",\"e\":\"z\"},"
	"\"ports\":[{\"name\":\"http\",\"port\":8080.0},{\"name\":\"metrics\",\"port\":9090.0}],"
	"\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"64Mi\"},\"requests\":{\"cpu\":\"10m\"}}}}";

static const struct engine_file files[] = {
	{ S("app/templates/_helpers.tpl"), { helpers, sizeof helpers - 1 }, S("app/templates") },
	{ S("app/templates/deployment.yaml"),
	  { deployment, sizeof deployment - 1 },
	  S("app/templates") },
	{ S("app/templates/service.yaml"), { service, sizeof service - 1 }, S("app/templates") },
};

enum { FILES = sizeof files / sizeof *files };

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_tmpl: %s\n", err_msg(e));
	exit(1);
}

static size_t render(struct arena *a, const struct engine_templates *t, node dot)
{
	static const struct tmpl_options options = { .limits = TMPL_LIMITS };
	/* A render changes its values, so each gets its own. */
	const node own = node_copy(a, dot), dots[FILES] = { own, own, own };
	struct engine_output *out;
	size_t n, bytes = 0;

	stop(engine_render(a, t, dots, &options, &out, &n));
	for (size_t i = 0; i < n; i++)
		bytes += out[i].text.n;
	return bytes;
}

static size_t both(struct arena *a, node dot, const struct engine_templates *parsed)
{
	struct engine_templates t;

	if (!parsed)
		stop(engine_parse(a, files, FILES, NULL, &t));
	return render(a, parsed ? parsed : &t, dot);
}

/* Microseconds a chart, the best of some rounds. */
static void measure(const char *name, bool parse)
{
	struct arena keep = ARENA_INIT, a = ARENA_INIT;
	struct engine_templates parsed;
	double best = 1e9;
	size_t bytes = 0;
	node dot;

	stop(engine_parse(&keep, files, FILES, NULL, &parsed));
	stop(json_read(&keep, str_c(values), NULL, &dot));
	for (int i = 0; i < ROUNDS; i++) {
		double start = bench_cpu();

		for (int k = 0; k < TIMES; k++) {
			bytes = both(&a, dot, parse ? NULL : &parsed);
			arena_clear(&a);
		}
		double took = (bench_cpu() - start) / TIMES;

		if (took < best)
			best = took;
	}
	printf("tmpl %-14s %6zu bytes %8.1f us %6.1f MiB\n", name, bytes, best * 1e6, bench_peak());
	arena_release(&a);
	arena_release(&keep);
}

static void dump(const char *path)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	FILE *f = fopen(path, "w");

	buf_addf(&b, "{\"values\":%s,\"templates\":{", values);
	for (size_t i = 0; i < FILES; i++) {
		if (i)
			buf_addc(&b, ',');
		json_write_str(&b, files[i].name, true);
		buf_addc(&b, ':');
		json_write_str(&b, files[i].text, true);
	}
	buf_add(&b, S("}}\n"));
	if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--json")) {
		dump(argv[2]);
		return 0;
	}
	measure("parse+render", true);
	measure("render", false);
	return 0;
}
