/* bench_kustomization - Kustomizations of one repository, four objects each, on a
 * `rill server` of its own over HTTP: bench_kustomization RILL [COUNT [SECONDS]], five
 * hundred where nothing is said.
 *
 * A line a step: created, nothing changed, one object of four changed, and then that
 * many seconds (five) in which nothing happens at all. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster.h"
#include "docs.h"

enum { KUSTOMIZATIONS = 500, IDLE = 5, IDLE_MAX = 3600 };

#define KS "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations"
#define GIT "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories"

static const char objects[] =
	"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n"
	"---\n"
	"apiVersion: v1\nkind: Service\nmetadata:\n  name: app\nspec:\n  selector:\n    app: app\n"
	"  ports:\n  - name: http\n    port: 80\n    targetPort: 8080\n"
	"---\n"
	"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: app\nspec:\n  rules:\n"
	"  - host: app.example.com\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n"
	"        backend:\n          service:\n            name: app\n            port:\n"
	"              number: 80\n"
	"---\n"
	"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  replicas: 0\n"
	"  selector:\n    matchLabels:\n      app: app\n  template:\n    metadata:\n      labels:\n"
	"        app: app\n    spec:\n      serviceAccountName: app\n      containers:\n      - name: app\n"
	"        image: ghcr.io/x/app:%d\n        ports:\n        - name: http\n"
	"          containerPort: 8080\n        resources:\n          limits:\n            cpu: 100m\n";

/* Each Kustomization has a folder; `version` is in one object of it. */
static void commit(struct bench *b, int version)
{
	struct filelist l = FILELIST_INIT(&b->a);
	const struct artifact_owner owner = { S("GitRepository"), S("default"), S("repo") };
	struct artifact artifact;
	str text = arena_str(&b->a, str_c(objects)), head, tail, revision;
	size_t at = str_find(text, S("%d"));

	head = str_sub(text, 0, at);
	tail = str_from(text, at + 2);
	revision = arena_printf(&b->a, "main@sha1:%d", version);
	for (int i = 0; i < b->n; i++)
		bench_need(b, filelist_add(&l, (struct filelist_entry){
						       .path = arena_printf(&b->a, "k%d/all.yaml", i),
						       .text = arena_cat(&b->a, head,
									 arena_printf(&b->a, "%d",
										      version),
									 tail) }));
	bench_need(b, filelist_sort(&l));
	bench_need(b, artifact_add_list(b->store, &b->a, &owner,
					arena_printf(&b->a, "%d.tar.gz", version), revision, &l,
					NULL, &artifact));
	bench_set_artifact(b, S(GIT "/repo"), &artifact, STR_NONE);
}

static void put_all(struct bench *b)
{
	for (int i = 0; i < b->n; i++)
		bench_ask(b, "PATCH", arena_printf(&b->a, KS "/k%d", i), "apply",
			  arena_printf(&b->a,
				       "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\","
				       "\"kind\":\"Kustomization\",\"metadata\":{\"name\":\"k%d\"},"
				       "\"spec\":{\"interval\":\"1h\",\"path\":\"./k%d\",\"prune\":true,"
				       "\"targetNamespace\":\"default\",\"namePrefix\":\"k%d-\","
				       "\"sourceRef\":{\"kind\":\"GitRepository\",\"name\":\"repo\"}}}",
				       i, i, i),
			  NULL);
}

/* Nobody does anything. */
static void idle(struct bench *b)
{
	for (uint64_t before = 0; client_requests(b->client) != before; sleep(3))
		before = client_requests(b->client);	/* until the last event is told */
	struct bench_step s = bench_begin(b);

	sleep(b->idle);
	double span = (double)(clock_mono() - s.wall) / 1e9;

	printf("%-10s %6.3f %% of a core, %llu requests in %.1f s, %5.1f MiB\n", "idle",
	       (bench_cpu() - s.cpu) * 100 / span,
	       (unsigned long long)(client_requests(b->client) - s.requests), span, bench_peak());
}

static void run(struct bench *b, struct runtime *rt)
{
	bench_ask(b, "PATCH", S(GIT "/repo"), "apply",
		  S("{\"apiVersion\":\"source.toolkit.fluxcd.io/v1\",\"kind\":\"GitRepository\","
		    "\"metadata\":{\"name\":\"repo\"},\"spec\":{\"interval\":\"1m\","
		    "\"url\":\"https://example.com/x\"}}"),
		  NULL);
	commit(b, 1);
	put_all(b);
	struct bench_step s = bench_begin(b);

	bench_need(b, runtime_start(rt));
	bench_await(b, S(KS), "lastAppliedRevision", "main@sha1:1");
	bench_end(b, "created", s);
	s = bench_begin(b);
	bench_request(b, KS "/k", "1");	/* that is in the figure, too */
	bench_await(b, S(KS), "lastHandledReconcileAt", "1");
	bench_end(b, "unchanged", s);
	commit(b, 2);
	s = bench_begin(b);
	bench_await(b, S(KS), "lastAppliedRevision", "main@sha1:2");
	bench_end(b, "changed", s);
	idle(b);
}

int main(int argc, char **argv)
{
	struct bench b = { .name = "bench_kustomization", .n = KUSTOMIZATIONS, .idle = IDLE };

	if (argc > 2)
		b.n = bench_number(&b, argv[2], BENCH_OBJECTS_MAX);
	if (argc > 3)
		b.idle = (unsigned)bench_number(&b, argv[3], IDLE_MAX);
	bench_cluster(&b, argc > 1 ? argv[1] : "build/rill", &kustomization_controller, run);
	return 0;
}
