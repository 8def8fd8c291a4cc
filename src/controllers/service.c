#include "controllers/service.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs.h"
#include "controllers/chartdir.h"
#include "controllers/runtime_impl.h"
#include "net/httpd.h"
#include "text/gourl.h"

#define STOP_GRACE (2 * CLOCK_SECOND)
enum { SERVERS = 3, DUMP_MAX = 64 << 20, CHARTS_MAX = 64, CHART_FILE_MAX = 64 << 20 };
/* No kind is called so. */
#define CHARTS "-/charts/"

struct service {
	_Atomic(struct artifact_store *) store;
	_Atomic(struct runtime *) runtime;
	struct loop *loop;
	pthread_t thread;
	struct httpd *servers[SERVERS];
	struct chartdir *charts[CHARTS_MAX];
	size_t charts_n;
	const str *leases;		/* `leases_n` of them, set after these */
	_Atomic size_t leases_n;
	atomic_bool leads;
	size_t open;			/* loop only, while stopping */
	atomic_bool ready;
};

static void say(struct httpd_call *c, int code, str text)
{
	httpd_reply(c, &(struct httpd_reply){ .code = code,
					      .type = S("text/plain; charset=utf-8"),
					      .body = text });
}

static str path_of(const struct httpd_call *c)
{
	str path, query;

	str_split(c->head.target, '?', &path, &query);
	return path;
}

static bool is_read(const struct httpd_call *c)
{
	return str_eq(c->head.method, S("GET")) || str_eq(c->head.method, S("HEAD"));
}

/* ---- artifacts --------------------------------------------------------------------- */

struct file {
	int fd;
	uint64_t left;
};

static bool fill(void *ctx, struct buf *b)
{
	struct file *f = ctx;
	size_t want = f->left < HTTPD_PIECE ? (size_t)f->left : HTTPD_PIECE;
	char *to = buf_reserve(b, want);
	ssize_t got = to ? read(f->fd, to, want) : -1;

	if (got <= 0)
		return false;
	b->n += (size_t)got;
	b->p[b->n] = 0;
	f->left -= (uint64_t)got;
	return f->left > 0;
}

static void end(void *ctx)
{
	struct file *f = ctx;

	close(f->fd);
	free(f);
}

static str type_of(str path)
{
	if (str_ends(path, S(".gz")) || str_ends(path, S(".tgz")))
		return S("application/gzip");
	return str_ends(path, S(".yaml")) ? S("application/yaml") : S("application/octet-stream");
}

/* "-/charts/N/FILE" */
static void serve_chart(struct service *s, struct httpd_call *c, str path)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CHART_FILE_MAX);
	uint64_t n;
	str number;
	err *e = NULL;

	str_take_str(&path, S(CHARTS));
	if (!str_cut(&path, &number, '/') || !str_to_u64(number, &n) || n >= s->charts_n) {
		say(c, 404, S("404 page not found\n"));
		return;
	}
	e = chartdir_get(s->charts[n], path, &b);
	if (e) {
		say(c, err_kind(e) == ERR_NOT_FOUND ? 404 : 500, err_text(e));
		err_free(e);
		return;
	}
	httpd_reply(c, &(struct httpd_reply){ .code = 200, .type = type_of(path), .take = &b });
}

static void serve_artifact(void *ctx, struct httpd_call *c)
{
	struct service *s = ctx;
	struct artifact_store *store = atomic_load(&s->store);
	str path = path_of(c), name;
	struct file f = { 0 };

	if (!is_read(c)) {
		say(c, 405, S("Method Not Allowed\n"));
		return;
	}
	if (!store) {
		say(c, 503, S("starting\n"));
		return;
	}
	str_take(&path, '/');
	err *e = gourl_unescape_segment(&c->arena, path, &name);

	if (!e && str_starts(name, S(CHARTS))) {
		serve_chart(s, c, name);
		return;
	}
	if (!e)
		e = artifact_open_file(store, name, &f.fd, &f.left);
	if (e) {
		err_free(e);
		say(c, 404, S("404 page not found\n"));
		return;
	}
	const struct http1_header length = { S("content-length"),
					     arena_printf(&c->arena, "%llu",
							  (unsigned long long)f.left) };
	const struct httpd_reply r = { .code = 200, .type = type_of(name), .headers = &length,
				       .headers_n = 1 };
	struct file *kept = mem_alloc(sizeof *kept);

	*kept = f;
	httpd_stream(c, &r, &(struct httpd_source){ fill, end, kept });
}

/* ---- metrics, health ----------------------------------------------------------------- */

static void add_memory(struct buf *b)
{
	struct mallinfo2 m = mallinfo2();
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str status, line;
	err *e = fs_read_any(&a, S("/proc/self/status"), 1 << 16, &status);

	buf_addf(b, "memory: %zu bytes in use, %zu held from the system, %zu mapped\n", m.uordblks,
		 m.arena, m.hblkhd);
	while (!e && str_line(&status, &line))
		if (str_starts(line, S("VmRSS")) || str_starts(line, S("VmHWM")) ||
		    str_starts(line, S("Threads")))
			buf_addf(b, "%.*s\n", STR_ARG(line));
	err_free(e);
}

static void add_leases(struct service *s, struct buf *b)
{
	size_t n = atomic_load(&s->leases_n);

	if (n)
		buf_add(b, S("# HELP leader_election_master_status Whether it holds that Lease.\n"
			     "# TYPE leader_election_master_status gauge\n"));
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "leader_election_master_status{name=\"%.*s\"} %d\n", STR_ARG(s->leases[i]),
			 atomic_load(&s->leads));
}

static void serve_metrics(void *ctx, struct httpd_call *c)
{
	struct service *s = ctx;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(DUMP_MAX);
	struct runtime *rt = atomic_load(&s->runtime);
	str path = path_of(c);

	if (str_eq(path, S("/metrics"))) {
		if (rt)
			runtime_metrics(rt, &b);
		add_leases(s, &b);
		metrics_process(&b);
	} else if (str_eq(path, S("/debug/dump"))) {
		add_memory(&b);
		if (rt)
			runtime_dump(rt, &b);
	} else {
		say(c, 404, S("404 page not found\n"));
		return;
	}
	httpd_reply(c, &(struct httpd_reply){ .code = 200,
					      .type = S("text/plain; version=0.0.4; charset=utf-8"),
					      .take = &b });
}

static void serve_health(void *ctx, struct httpd_call *c)
{
	struct service *s = ctx;
	str path = path_of(c);
	bool ready = str_eq(path, S("/readyz"));

	if (!ready && !str_eq(path, S("/healthz")))
		say(c, 404, S("404 page not found\n"));
	else if (ready && !atomic_load(&s->ready))
		say(c, 503, S("starting\n"));
	else
		say(c, 200, S("ok"));
}

/* ---- making ------------------------------------------------------------------------------ */

static void *run(void *arg)
{
	struct service *s = arg;

	loop_run(s->loop);
	return NULL;
}

static err *open_one(struct service *s, size_t i, str address,
		     void (*handle)(void *ctx, struct httpd_call *call))
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	if (!address.n)
		return NULL;
	if (address.p[0] == ':')	/* all addresses of the machine */
		address = arena_cat(&a, S("[::]"), address);
	err *e = httpd_new(&s->servers[i], s->loop,
			   &(struct httpd_options){ .listen = address, .handle = handle, .ctx = s });

	if (!e || !str_starts(address, S("[::]")))
		return e;
	err_free(e);			/* a machine without IPv6 */
	address = arena_cat(&a, S("0.0.0.0"), str_from(address, 4));
	return httpd_new(&s->servers[i], s->loop,
			 &(struct httpd_options){ .listen = address, .handle = handle, .ctx = s });
}

static err *open_all(struct service *s, const struct service_addresses *o)
{
	TRY(open_one(s, 0, o->storage, serve_artifact));
	TRY(open_one(s, 1, o->metrics, serve_metrics));
	return open_one(s, 2, o->health, serve_health);
}

err *service_new(struct service **out, const struct service_addresses *o)
{
	struct service *s = mem_calloc(1, sizeof *s);
	err *e;

	e = loop_new(&s->loop);
	if (!e)
		e = open_all(s, o);
	if (e) {
		for (size_t i = 0; i < SERVERS; i++)
			httpd_free(s->servers[i]);
		loop_free(s->loop);
		free(s);
		return e;
	}
	if (pthread_create(&s->thread, NULL, run, s))
		die_bug("pthread_create failed");
	*out = s;
	return NULL;
}

static void one_stopped(void *ctx)
{
	struct service *s = ctx;

	if (!--s->open)
		loop_stop(s->loop);
}

static void stop(void *arg)
{
	struct service *s = arg;

	s->open = 1;
	for (size_t i = 0; i < SERVERS; i++)
		if (s->servers[i]) {
			s->open++;
			httpd_stop(s->servers[i], STOP_GRACE, one_stopped, s);
		}
	one_stopped(s);
}

void service_free(struct service *s)
{
	if (!s)
		return;
	loop_post(s->loop, stop, s);
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < SERVERS; i++)
		httpd_free(s->servers[i]);
	loop_free(s->loop);
	for (size_t i = 0; i < s->charts_n; i++)
		chartdir_free(s->charts[i]);
	free(s);
}

err *service_add_charts(struct service *s, struct arena *a, str dir, str *url)
{
	if (s->charts_n == CHARTS_MAX)
		return err_new(ERR_INVALID, "more than %d directories of charts", CHARTS_MAX);
	TRY(chartdir_open(&s->charts[s->charts_n], dir));
	*url = arena_printf(a, "http://%.*s/" CHARTS "%zu", STR_ARG(service_storage_address(s)),
			    s->charts_n++);
	return NULL;
}

void service_set_store(struct service *s, struct artifact_store *store)
{
	atomic_store(&s->store, store);
}

void service_set_leases(struct service *s, const str *names, size_t n)
{
	s->leases = names;
	atomic_store(&s->leases_n, n);
}

void service_set_leads(struct service *s)
{
	atomic_store(&s->leads, true);
}

void service_set_runtime(struct service *s, struct runtime *rt)
{
	atomic_store(&s->runtime, rt);
}

void service_set_ready(struct service *s)
{
	atomic_store(&s->ready, true);
}

str service_storage_address(const struct service *s)
{
	return s->servers[0] ? httpd_address(s->servers[0]) : STR_NONE;
}
