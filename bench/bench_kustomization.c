/* bench_kustomization - five hundred Kustomizations of one repository, four
 * objects each, on a `rill server` of its own over HTTP: bench_kustomization RILL.
 *
 * A line a step: created, nothing changed, one object of four changed. CPU is
 * that of the controllers alone (this process), requests are those they make. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "controllers/controllers.h"
#include "controllers/pass.h"
#include "docs.h"
#include "value/json.h"

enum { KUSTOMIZATIONS = 500, STEPS_MS = 120000 };

#define KS "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations"
#define GIT "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories"

extern char **environ;

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_kustomization: %s\n", err_msg(e));
	exit(1);
}

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

struct bench {
	pid_t server;
	struct client *client, *aside;	/* aside: requests of this program */
	struct artifact_store *store;
	struct arena a;
};

static err *ask(struct bench *b, const char *method, str path, const char *type, str body, node *out)
{
	struct client_request q = { .method = str_c(method), .path = path,
				    .content_type = str_c(type), .body = body };

	if (str_eq(str_c(type), S("application/apply-patch+yaml")))
		q.query = S("fieldManager=bench&force=true");
	return client_do(b->aside, &b->a, &q, out);
}

static void start_server(struct bench *b, const char *rill, const char *kubeconfig)
{
	b->server = fork();
	if (!b->server) {
		execl(rill, rill, "server", "--crds", "flux", "--plain-http", "--no-sim",
		      "--write-kubeconfig", kubeconfig, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && access(kubeconfig, R_OK); i++)
		usleep(10000);
}

/* Each Kustomization has a folder; `version` is in one object of it. */
static void commit(struct bench *b, int version)
{
	struct filelist l = FILELIST_INIT(&b->a);
	const struct artifact_owner owner = { S("GitRepository"), S("default"), S("repo") };
	struct artifact artifact;
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	node object = node_map(&b->a, 1), status = node_map(&b->a, 1);
	str text = arena_str(&b->a, str_c(objects)), head, tail, revision;
	size_t at = str_find(text, S("%d"));

	head = str_sub(text, 0, at);
	tail = str_from(text, at + 2);
	revision = arena_printf(&b->a, "main@sha1:%d", version);
	for (int i = 0; i < KUSTOMIZATIONS; i++)
		stop(filelist_add(&l, (struct filelist_entry){
					      .path = arena_printf(&b->a, "k%d/all.yaml", i),
					      .text = arena_cat(&b->a, head,
								arena_printf(&b->a, "%d", version),
								tail) }));
	stop(filelist_sort(&l));
	stop(artifact_add_list(b->store, &b->a, &owner,
			       arena_printf(&b->a, "%d.tar.gz", version), revision, &l, NULL,
			       &artifact));
	node_set(&b->a, status, S("artifact"), artifact_node(&b->a, &artifact));
	node_set(&b->a, object, S("status"), status);
	stop(json_write(&json, object, NULL));
	stop(ask(b, "PATCH", S(GIT "/repo/status"), "application/merge-patch+json", buf_str(&json),
		 NULL));
}

static void put_all(struct bench *b)
{
	for (int i = 0; i < KUSTOMIZATIONS; i++)
		stop(ask(b, "PATCH", arena_printf(&b->a, KS "/k%d", i),
			 "application/apply-patch+yaml",
			 arena_printf(&b->a,
				      "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\","
				      "\"kind\":\"Kustomization\",\"metadata\":{\"name\":\"k%d\"},"
				      "\"spec\":{\"interval\":\"1h\",\"path\":\"./k%d\",\"prune\":true,"
				      "\"targetNamespace\":\"default\",\"namePrefix\":\"k%d-\","
				      "\"sourceRef\":{\"kind\":\"GitRepository\",\"name\":\"repo\"}}}",
				      i, i, i),
			 NULL));
}

static void annotate_all(struct bench *b)
{
	for (int i = 0; i < KUSTOMIZATIONS; i++)
		stop(ask(b, "PATCH", arena_printf(&b->a, KS "/k%d", i),
			 "application/merge-patch+json",
			 S("{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"1\"}}}"),
			 NULL));
}

/* Until all have that in their status. */
static void await(struct bench *b, const char *field, const char *value)
{
	for (int ms = 0; ms < STEPS_MS; ms += 20) {
		node list;
		int n = 0;

		arena_clear(&b->a);
		stop(ask(b, "GET", S(KS), "", STR_NONE, &list));
		node_each_item(i, node_get(list, S("items")))
			n += str_eq(node_str(node_get(node_get(*i, S("status")), str_c(field))),
				    str_c(value));
		if (n == KUSTOMIZATIONS)
			return;
		usleep(20000);
	}
	stop(err_new(ERR_TIMEOUT, "not all have %s %s", field, value));
}

struct step {
	double cpu;
	int64_t wall;
	uint64_t requests;
};

static struct step begin(struct bench *b)
{
	return (struct step){ bench_cpu(), clock_mono(), client_requests(b->client) };
}

static void end(struct bench *b, const char *name, struct step s)
{
	int64_t wall = clock_mono() - s.wall;

	usleep(300000);	/* events */
	printf("%-10s %6.2f ms of CPU, %5.1f requests each, %5.2f s in all, %5.1f MiB\n", name,
	       (bench_cpu() - s.cpu) * 1000 / KUSTOMIZATIONS,
	       (double)(client_requests(b->client) - s.requests) / KUSTOMIZATIONS,
	       (double)wall / 1e9, bench_peak());
}

static void run(struct bench *b, struct runtime *rt)
{
	stop(ask(b, "PATCH", S(GIT "/repo"), "application/apply-patch+yaml",
		 S("{\"apiVersion\":\"source.toolkit.fluxcd.io/v1\",\"kind\":\"GitRepository\","
		   "\"metadata\":{\"name\":\"repo\"},\"spec\":{\"interval\":\"1m\","
		   "\"url\":\"https://example.com/x\"}}"),
		 NULL));
	commit(b, 1);
	put_all(b);
	struct step s = begin(b);

	stop(runtime_start(rt));
	await(b, "lastAppliedRevision", "main@sha1:1");
	end(b, "created", s);
	s = begin(b);
	annotate_all(b);	/* that is in the figure, too */
	await(b, "lastHandledReconcileAt", "1");
	end(b, "unchanged", s);
	commit(b, 2);
	s = begin(b);
	await(b, "lastAppliedRevision", "main@sha1:2");
	end(b, "changed", s);
}

int main(int argc, char **argv)
{
	static const struct controller *const controllers[] = { &kustomization_controller };
	const char *rill = argc > 1 ? argv[1] : "build/rill";
	struct bench b = { 0 };
	struct net_client *net;
	struct settings settings;
	struct fs *dir;
	struct kubeconfig config;

	log_set(LOG_JSON, LOG_ERROR);
	stop(fs_open_temp(&dir, STR_NONE, S("rill-bench-")));
	str path = arena_cat(&b.a, fs_root(dir), S("/kubeconfig"));
	const struct kubeconfig_wish wish = { .path = path };
	str store = arena_cat(&b.a, fs_root(dir), S("/store"));

	start_server(&b, rill, path.p);
	stop(net_client_new(&net, NULL));
	stop(kubeconfig_load(&b.a, environ, &wish, &config));
	stop(client_new(&b.client, net, &config, NULL));
	stop(client_new(&b.aside, net, &config, NULL));
	stop(artifact_store_open(&b.store, &(struct artifact_options){ .dir = store,
								       .host = S("localhost") }));
	settings_default(&settings);
	struct runtime *rt = runtime_new(&(struct runtime_options){ .net = net,
								    .client = b.client,
								    .store = b.store,
								    .settings = &settings,
								    .controllers = controllers,
								    .controllers_n = 1 });

	run(&b, rt);
	runtime_free(rt);
	kill(b.server, SIGTERM);
	waitpid(b.server, NULL, 0);
	artifact_store_close(b.store);
	client_unref(b.client);
	client_unref(b.aside);
	net_client_free(net);
	fs_close(dir);
	arena_release(&b.a);
	return 0;
}
