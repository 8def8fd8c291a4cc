#include "cluster.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "docs.h"
#include "value/json.h"

enum { STEPS_MS = 300000 };

extern char **environ;

void bench_need(const struct bench *b, err *e)
{
	if (!e)
		return;
	fprintf(stderr, "%s: %s\n", b->name, err_msg(e));
	exit(1);
}

int bench_number(const struct bench *b, const char *text, int max)
{
	uint64_t n;

	if (!str_to_u64(str_c(text), &n) || !n || n > (uint64_t)max)
		bench_need(b, err_new(ERR_INVALID, "%s is not a number from 1 to %d", text, max));
	return (int)n;
}

void bench_ask(struct bench *b, const char *method, str path, const char *type, str body, node *out)
{
	struct client_request q = { .method = str_c(method), .path = path, .body = body };

	if (str_eq(str_c(type), S("apply"))) {
		q.query = S("fieldManager=bench&force=true");
		q.content_type = S("application/apply-patch+yaml");
	} else if (*type) {
		q.content_type = S("application/merge-patch+json");
	}
	bench_need(b, client_do(b->aside, &b->a, &q, out));
}

void bench_set_artifact(struct bench *b, str path, const struct artifact *artifact, str more)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;

	bench_need(b, json_write(&json, artifact_node(&b->a, artifact), NULL));
	bench_ask(b, "PATCH", arena_cat(&b->a, path, S("/status")), "merge",
		  arena_printf(&b->a, "{\"status\":{\"artifact\":%.*s%.*s}}",
			       STR_ARG(buf_str(&json)), STR_ARG(more)),
		  NULL);
}

void bench_request(struct bench *b, const char *path, const char *value)
{
	for (int i = 0; i < b->n; i++)
		bench_ask(b, "PATCH", arena_printf(&b->a, "%s%d", path, i), "merge",
			  arena_printf(&b->a, "{\"metadata\":{\"annotations\":{"
					      "\"reconcile.fluxcd.io/requestedAt\":\"%s\"}}}", value),
			  NULL);
}

/* Texts, and numbers as texts. */
static bool is_value(struct bench *b, node n, const char *value)
{
	str text = node_is_num(n) ? arena_printf(&b->a, "%lld", (long long)node_int(n)) : node_str(n);

	return str_eq(text, str_c(value));
}

void bench_await(struct bench *b, str list, const char *field, const char *value)
{
	for (int ms = 0; ms < STEPS_MS; ms += 20) {
		node got;
		int n = 0;

		arena_clear(&b->a);
		bench_ask(b, "GET", list, "", STR_NONE, &got);
		node_each_item(i, node_get(got, S("items")))
			n += is_value(b, node_get(node_get(*i, S("status")), str_c(field)), value);
		if (n == b->n)
			return;
		usleep(200000);
	}
	bench_need(b, err_new(ERR_TIMEOUT, "not all have %s %s", field, value));
}

struct bench_step bench_begin(struct bench *b)
{
	return (struct bench_step){ bench_cpu(), clock_mono(), client_requests(b->client) };
}

void bench_end(struct bench *b, const char *name, struct bench_step s)
{
	int64_t wall = clock_mono() - s.wall;

	usleep(300000);	/* events */
	printf("%-10s %6.2f ms of CPU, %5.1f requests each, %5.2f s in all, %5.1f MiB\n", name,
	       (bench_cpu() - s.cpu) * 1000 / b->n,
	       (double)(client_requests(b->client) - s.requests) / b->n, (double)wall / 1e9,
	       bench_peak());
	fflush(stdout);
}

static void start_server(struct bench *b, const char *rill, const char *kubeconfig)
{
	b->server = fork();
	if (!b->server) {
		execl(rill, rill, "server", "--crds", "flux",
		      b->simulated ? "--data-dir=:memory:" : "--no-sim", "--write-kubeconfig",
		      kubeconfig, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 3000 && access(kubeconfig, R_OK); i++)
		usleep(10000);
}

void bench_cluster(struct bench *b, const char *rill, const struct controller *c,
		   void (*run)(struct bench *b, struct runtime *rt))
{
	const struct controller *const controllers[] = { c };
	struct net_client *net;
	struct settings settings;
	struct fs *dir;
	struct kubeconfig config;

	log_set(LOG_JSON, LOG_ERROR);
	bench_need(b, fs_open_temp(&dir, STR_NONE, S("rill-bench-")));
	str path = arena_cat(&b->a, fs_root(dir), S("/kubeconfig"));
	const struct kubeconfig_wish wish = { .path = path };
	str store = arena_cat(&b->a, fs_root(dir), S("/store"));

	start_server(b, rill, path.p);
	bench_need(b, net_client_new(&net, NULL));
	bench_need(b, kubeconfig_load(&b->a, environ, &wish, &config));
	bench_need(b, client_new(&b->client, net, &config, NULL));
	bench_need(b, client_new(&b->aside, net, &config, NULL));
	bench_need(b, artifact_store_open(&b->store, &(struct artifact_options){
							     .dir = store,
							     .host = S("localhost") }));
	settings_default(&settings);
	struct runtime *rt = runtime_new(&(struct runtime_options){ .net = net,
								    .client = b->client,
								    .store = b->store,
								    .settings = &settings,
								    .controllers = controllers,
								    .controllers_n = 1 });

	run(b, rt);
	runtime_free(rt);
	kill(b->server, SIGTERM);
	waitpid(b->server, NULL, 0);
	artifact_store_close(b->store);
	client_unref(b->client);
	client_unref(b->aside);
	net_client_free(net);
	fs_close(dir);
	arena_release(&b->a);
}
