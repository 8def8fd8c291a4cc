/* bench_latency - how soon a Kustomization follows what it waits for, on a `rill server` of its
 * own over HTTP: bench_latency RILL [COUNT], twenty where nothing is said.
 *
 * A line a case, with the middle and the worst of the times between what happened and what
 * followed, as whoever watches both sees it:
 *
 *	dependent	from Ready of the one before in a chain to the first object of the next
 *	ready		from the status of a Deployment that became ready to Ready */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster.h"
#include "kube/health.h"

enum { LINKS = 20, LINKS_MAX = 500, PATIENCE_MS = 60000 };

#define KS "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations"
#define GIT "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"

static const struct client_resource ks = { S("kustomize.toolkit.fluxcd.io"), S("v1"),
					   S("kustomizations"), S("Kustomization"), true };
static const struct client_resource accounts = { STR_NONE, S("v1"), S("serviceaccounts"),
						 S("ServiceAccount"), true };

static const char objects[] =
	"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n"
	"---\n"
	"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  replicas: 1\n"
	"  selector:\n    matchLabels:\n      app: app\n  template:\n    metadata:\n      labels:\n"
	"        app: app\n    spec:\n      containers:\n      - name: app\n"
	"        image: ghcr.io/x/app:1\n";

/* ---- what is seen ---------------------------------------------------------- */

/* When objects were seen first (monotonic), by the number in "k7" or "k7-app". */
struct seen {
	pthread_mutex_t lock;
	bool ready;		/* that they were Ready */
	struct client_watch *watch;
	int64_t at[LINKS_MAX];
};

static void on_event(void *ctx, str type, node object)
{
	struct seen *s = ctx;
	int64_t now = clock_mono();
	str name = node_str(node_dig(object, "metadata", "name")), number, rest;
	uint64_t i;

	if (str_eq(type, S("DELETED")) || !str_take(&name, 'k') ||
	    (s->ready && !object_is_ready(object)))
		return;
	str_split(name, '-', &number, &rest);
	if (!str_to_u64(number, &i) || i >= LINKS_MAX)
		return;
	pthread_mutex_lock(&s->lock);
	if (!s->at[i])
		s->at[i] = now;
	pthread_mutex_unlock(&s->lock);
}

static void on_end(void *ctx, const err *why)
{
	(void)ctx;
	(void)why;
}

static void look(struct bench *b, struct seen *s, const struct client_resource *r)
{
	pthread_mutex_init(&s->lock, NULL);
	s->watch = client_watch_start(b->aside, r,
				      &(struct client_watch_options){ .namespace = S("default"),
								      .on_event = on_event,
								      .on_end = on_end,
								      .ctx = s });
}

static void look_away(struct seen *s)
{
	client_watch_stop(s->watch);
	pthread_mutex_destroy(&s->lock);
}

static int64_t await(struct bench *b, struct seen *s, int i)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		pthread_mutex_lock(&s->lock);
		int64_t at = s->at[i];

		pthread_mutex_unlock(&s->lock);
		if (at)
			return at;
		usleep(1000);
	}
	bench_need(b, err_new(ERR_TIMEOUT, "k%d was not seen", i));
	return 0;
}

/* ---- what is told ------------------------------------------------------------ */

static int by_size(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static void tell(const char *what, int64_t *spans, int n)
{
	qsort(spans, (size_t)n, sizeof *spans, by_size);
	printf("%-10s %6.1f ms in the middle, %6.1f ms at worst, of %d\n", what,
	       (double)spans[n / 2] / CLOCK_MS, (double)spans[n - 1] / CLOCK_MS, n);
	fflush(stdout);
}

/* ---- the cases ------------------------------------------------------------------ */

static void put(struct bench *b, int i, const char *more)
{
	bench_ask(b, "PATCH", arena_printf(&b->a, KS "/k%d", i), "apply",
		  arena_printf(&b->a,
			       "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\","
			       "\"kind\":\"Kustomization\",\"metadata\":{\"name\":\"k%d\"},"
			       "\"spec\":{\"interval\":\"1h\",\"prune\":true,"
			       "\"targetNamespace\":\"default\",\"namePrefix\":\"k%d-\","
			       "\"sourceRef\":{\"kind\":\"GitRepository\",\"name\":\"repo\"}%s}}",
			       i, i, more),
		  NULL);
}

static void chain(struct bench *b)
{
	struct seen ready = { .ready = true }, made = { .ready = false };
	int64_t *spans = arena_array(&b->a, int64_t, (size_t)b->n);

	look(b, &ready, &ks);
	look(b, &made, &accounts);
	for (int i = b->n; i >= 0; i--)
		put(b, i, i ? arena_printf(&b->a, ",\"dependsOn\":[{\"name\":\"k%d\"}]", i - 1).p
			    : "");
	for (int i = 1; i <= b->n; i++)
		spans[i - 1] = await(b, &made, i) - await(b, &ready, i - 1);
	tell("dependent", spans, b->n);
	await(b, &ready, b->n);
	look_away(&ready);
	look_away(&made);
}

static void become_ready(struct bench *b, int i)
{
	bench_ask(b, "PATCH", arena_printf(&b->a, DEPLOYMENTS "/k%d-app/status", i), "merge",
		  S("{\"status\":{\"observedGeneration\":1,\"replicas\":1,\"updatedReplicas\":1,"
		    "\"readyReplicas\":1,\"availableReplicas\":1,\"conditions\":["
		    "{\"type\":\"Available\",\"status\":\"True\"},{\"type\":\"Progressing\","
		    "\"status\":\"True\",\"reason\":\"NewReplicaSetAvailable\"}]}}"),
		  NULL);
}

static void health(struct bench *b)
{
	struct seen ready = { .ready = true }, made = { .ready = false };
	int64_t *spans = arena_array(&b->a, int64_t, (size_t)b->n);
	int first = LINKS_MAX / 2;

	look(b, &ready, &ks);
	look(b, &made, &accounts);
	for (int i = 0; i < b->n; i++)
		put(b, first + i, ",\"wait\":true");
	for (int i = 0; i < b->n; i++)
		await(b, &made, first + i);
	sleep(2);	/* until all wait */
	for (int i = 0; i < b->n; i++) {
		int64_t began = clock_mono();

		become_ready(b, first + i);
		spans[i] = await(b, &ready, first + i) - began;
	}
	tell("ready", spans, b->n);
	look_away(&ready);
	look_away(&made);
}

static void commit(struct bench *b)
{
	struct filelist l = FILELIST_INIT(&b->a);
	const struct artifact_owner owner = { S("GitRepository"), S("default"), S("repo") };
	struct artifact artifact;

	bench_ask(b, "PATCH", S(GIT "/repo"), "apply",
		  S("{\"apiVersion\":\"source.toolkit.fluxcd.io/v1\",\"kind\":\"GitRepository\","
		    "\"metadata\":{\"name\":\"repo\"},\"spec\":{\"interval\":\"1m\","
		    "\"url\":\"https://example.com/x\"}}"),
		  NULL);
	bench_need(b, filelist_add(&l, (struct filelist_entry){ .path = S("all.yaml"),
								.text = str_c(objects) }));
	bench_need(b, filelist_sort(&l));
	bench_need(b, artifact_add_list(b->store, &b->a, &owner, S("1.tar.gz"), S("main@sha1:1"),
					&l, NULL, &artifact));
	bench_set_artifact(b, S(GIT "/repo"), &artifact, STR_NONE);
}

static void run(struct bench *b, struct runtime *rt)
{
	commit(b);
	bench_need(b, runtime_start(rt));
	chain(b);
	health(b);
}

int main(int argc, char **argv)
{
	struct bench b = { .name = "bench_latency", .n = LINKS };

	if (argc > 2)
		b.n = bench_number(&b, argv[2], LINKS_MAX / 2 - 1);
	bench_cluster(&b, argc > 1 ? argv[1] : "build/rill", &kustomization_controller, run);
	return 0;
}
