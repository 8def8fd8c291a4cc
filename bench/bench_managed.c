/* bench_managed - what one write of a Deployment costs in the layers between
 * reading and storing, in microseconds of CPU: its canonical form, the owners
 * of its fields after an apply or an update, a strategic merge patch. */
#include <stdio.h>
#include <stdlib.h>

#include "docs.h"
#include "kube/builtin.h"
#include "kube/canon.h"
#include "kube/managed.h"
#include "kube/strategic.h"
#include "value/json.h"

enum { ROUNDS = 5, TIMES = 2000 };

static const char config_text[] =
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\",\"namespace\":"
	"\"shop\",\"labels\":{\"app\":\"web\",\"tier\":\"front\"},\"annotations\":{\"owner\":\"team\"}},"
	"\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"metadata\":"
	"{\"labels\":{\"app\":\"web\"}},\"spec\":{\"serviceAccountName\":\"web\",\"containers\":[{\"name\":"
	"\"app\",\"image\":\"example.com/web:1.2.3\",\"args\":[\"--port=8080\"],\"ports\":[{\"name\":\"http\","
	"\"containerPort\":8080,\"protocol\":\"TCP\"},{\"name\":\"metrics\",\"containerPort\":9090,\"protocol"
	"\":\"TCP\"}],\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"valueFrom\":{\"secretKeyRef"
	"\":{\"name\":\"s\",\"key\":\"k\"}}}],\"resources\":{\"limits\":{\"memory\":\"256Mi\"},\"requests\":{"
	"\"cpu\":\"100m\",\"memory\":\"128Mi\"}},\"livenessProbe\":{\"httpGet\":{\"path\":\"/healthz\",\"port"
	"\":\"http\"}},\"volumeMounts\":[{\"name\":\"tmp\",\"mountPath\":\"/tmp\"}]}],\"volumes\":[{\"name\":"
	"\"tmp\",\"emptyDir\":{}}]}}}}";

struct setting {
	struct arena a;
	const struct type *type;
	struct managed_request r;
	node config, changed, live, patch;
};

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_managed: %s\n", err_msg(e));
	exit(1);
}

static void run_read(struct setting *s, struct arena *a)
{
	node out;

	(void)s;
	stop(json_read(a, str_c(config_text), NULL, &out));
}

static void run_canon(struct setting *s, struct arena *a)
{
	node out;

	stop(canon_object(a, s->live, s->type, NULL, &out));
}

static void run_create(struct setting *s, struct arena *a)
{
	node live;

	stop(canon_object(a, s->config, s->type, NULL, &live));
	managed_update(a, &s->r, NODE_NOTHING, live);
}

static void run_update(struct setting *s, struct arena *a)
{
	managed_update(a, &s->r, s->live, s->changed);
}

static void run_apply(struct setting *s, struct arena *a)
{
	struct managed_result result;

	stop(managed_apply(a, &s->r, s->live, s->changed, &result));
}

static void run_same(struct setting *s, struct arena *a)
{
	struct managed_result result;

	stop(managed_apply(a, &s->r, s->live, s->config, &result));
}

static void run_patch(struct setting *s, struct arena *a)
{
	node out;

	stop(strategic_patch(a, s->live, s->patch, s->type, &out));
}

static const struct {
	const char *name;
	void (*run)(struct setting *s, struct arena *a);
} cases[] = {
	{ "read", run_read },	{ "canon", run_canon },	 { "create", run_create },
	{ "update", run_update }, { "apply", run_apply }, { "apply same", run_same },
	{ "patch", run_patch },
};

static void prepare(struct setting *s)
{
	struct managed_result result;

	s->r = (struct managed_request){ .gvk = gvk_parse(S("apps/v1"), S("Deployment")),
					 .manager = S("m1"),
					 .now = S("2024-01-02T03:04:05Z") };
	s->r.type = s->type = builtin_type(s->r.gvk);
	stop(json_read(&s->a, str_c(config_text), NULL, &s->config));
	stop(json_read(&s->a,
		       S("{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"x:2\"}]}}}}"),
		       NULL, &s->patch));
	stop(managed_apply(&s->a, &s->r, NODE_NOTHING, s->config, &result));
	s->live = result.object;
	stop(strategic_patch(&s->a, s->live, s->patch, s->type, &s->changed));
	node_remove(node_get(s->changed, S("metadata")), S("managedFields"));
}

int main(void)
{
	struct setting s = { .a = ARENA_INIT };

	prepare(&s);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double best = 1e9;

		for (int round = 0; round < ROUNDS; round++) {
			struct arena a = ARENA_INIT;
			double start = bench_cpu();

			for (int k = 0; k < TIMES; k++) {
				cases[i].run(&s, &a);
				arena_clear(&a);
			}
			double took = (bench_cpu() - start) / TIMES;

			best = took < best ? took : best;
			arena_release(&a);
		}
		printf("managed %-10s %8.1f us\n", cases[i].name, best * 1e6);
	}
	arena_release(&s.a);
	return 0;
}
