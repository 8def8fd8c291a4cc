#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs.h"
#include "base/rand.h"
#include "server/allocator.h"
#include "server/endpoint.h"
#include "server/negotiate.h"
#include "server/read.h"
#include "server/route.h"
#include "server/server_impl.h"
#include "server/status.h"
#include "server/subresource.h"
#include "server/view.h"
#include "server/write.h"
#include "text/duration.h"

/* A connection with TLS takes some 15 KiB, a watch 22, and what is under way. */
enum { QUEUE_MAX = 1024, CONNECTIONS_MAX = 2048 };
#define STOP_TIME (2 * CLOCK_SECOND)

/* ---- answering --------------------------------------------------------- */

/* Through a subresource that takes the kind itself, the object is read and
 * written as ever; what may change there is the kind's business. */
static err *run_own_sub(struct request *r)
{
	if (str_eq(r->verb, S("get")))
		return read_get(r);
	if (str_eq(r->verb, S("update")))
		return write_update(r);
	return str_eq(r->verb, S("patch")) ? write_patch(r) : status_method_not_allowed();
}

static err *run_sub(struct request *r)
{
	const struct subresource *s = subresource_find(r->kind, r->sub);
	struct kind_subresource sub;

	if (s)
		return s->run(r);
	if (subresource_of_kind(r->kind, r->sub, &sub) && str_eq(sub.gvk.kind, r->kind->gvk.kind) &&
	    !str_eq(r->sub, S("log")))
		return run_own_sub(r);
	return status_err(&(struct status){
		.code = 501,
		.reason = S("NotImplemented"),
		.message = arena_printf(r->arena, "nobody is behind \"%.*s\" of this server",
					STR_ARG(r->sub)) });
}

static const struct {
	const char *verb;
	err *(*run)(struct request *r);
} verbs[] = {
	{ "get", read_get },        { "list", read_list },
	{ "watch", watch_run },     { "create", write_create },
	{ "update", write_update }, { "patch", write_patch },
	{ "delete", write_delete }, { "deletecollection", write_delete_all },
};

static err *run_verb(struct request *r)
{
	if (r->sub.n || subresource_find(r->kind, STR_NONE))
		return run_sub(r);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (str_eq(r->verb, str_c(verbs[i].verb)))
			return verbs[i].run(r);
	return status_method_not_allowed();
}

static err *run_resource(struct request *r)
{
	TRY(route_resolve(r));
	if (!r->kind)
		return NULL; /* "page not found" is in the answer */
	TRY(negotiate_accept(r, !r->kind->custom));
	if (r->kind->deprecated)
		kind_warn_text(&r->warnings, str_c(r->kind->deprecated));
	return run_verb(r);
}

static err *run_endpoint(struct request *r, const struct endpoint *e)
{
	if (!e) {
		route_nothing(r);
		return NULL;
	}
	if (!e->any && !str_eq(r->method, S("GET")))
		return status_method_not_allowed();
	return e->run(r);
}

/* The Status of a refusal, in the form that the client reads. */
void server_refuse(struct request *r, err *e)
{
	int wait = status_retry_after(e);

	buf_clear(&r->answer.body);
	blob_unref(r->answer.blob);
	r->answer.blob = NULL;
	r->answer.type = STR_NONE;
	r->answer.code = status_print(&r->answer.body, e);
	if (wait)
		request_add_header(r, S("Retry-After"), arena_printf(r->arena, "%d", wait));
	negotiate_plain(r);
	r->answer.type = S("application/json");
	err_free(view_finish(r));
	err_free(e);
}

static void finish(struct request *r, err *e)
{
	if (e)
		server_refuse(r, e);
	if (!r->answer.code)
		r->answer.code = 200;
	if (!r->answer.type.n && !r->answer.feed)
		r->answer.type = S("application/json");
}

/* Nobody is cut off, but what is no duration is refused. */
static err *check_timeout(const struct request *r)
{
	str text = request_query(r, S("timeout"));
	int64_t timeout;

	if (!text.n || str_eq(r->verb, S("watch")))
		return NULL;
	err *e = duration_parse(text, &timeout);

	if (!e)
		return NULL;
	err *bad = status_bad_request("invalid timeout specified in the request URL - %s",
				      err_msg(e));

	err_free(e);
	return bad;
}

void server_answer_request(struct request *r)
{
	err *e = check_timeout(r);

	if (!e)
		e = auth_check(r);
	if (!e)
		e = r->resource ? run_resource(r) : run_endpoint(r, endpoint_find(r->path));
	finish(r, e);
}

/* Only what is answered in microseconds. */
bool server_answer_quick(struct request *r)
{
	const struct endpoint *e;

	if (!r->resource) {
		e = endpoint_find(r->path);
		if (!e || !e->quick)
			return false;
	} else if (!str_eq(r->verb, S("get")) || r->sub.n || !r->name.n ||
		   !request_is_in(&r->user, S("system:masters"))) {
		return false;
	}
	str accept = request_header(r, S("accept"));

	if (r->resource && accept.n && !str_eq(accept, S("application/json")) &&
	    !str_eq(accept, S("*/*")) && !str_eq(accept, S("application/json, */*")))
		return false;
	server_answer_request(r);
	return true;
}

/* ---- opening ----------------------------------------------------------- */

static str keep(struct server *s, str text)
{
	return arena_str(&s->arena, text);
}

static str random_token(struct server *s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint8_t bytes[24];

	rand_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		buf_addf(&b, "%02x", bytes[i]);
	return keep(s, buf_str(&b));
}

static void changed(void *server)
{
	struct server *s = server;

	watch_hub_changed(s->hub);
	pthread_mutex_lock(&s->follow_lock);
	if (s->follow)
		s->follow(s->follow_ctx);
	pthread_mutex_unlock(&s->follow_lock);
}

void server_follow(struct server *s, void (*fn)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&s->follow_lock);
	s->follow = fn;
	s->follow_ctx = ctx;
	pthread_mutex_unlock(&s->follow_lock);
}

static err *open_store(struct server *s)
{
	struct store_options o = {
		.dir = s->o.data_dir,
		.full_sync = s->o.full_sync,
		.changed = changed,
		.ctx = s,
	};

	if (!str_eq(o.dir, S(":memory:")) && mkdir(o.dir.p, 0700) && errno != EEXIST)
		return err_errno(errno, "mkdir %.*s", STR_ARG(o.dir));
	TRY(store_open(&s->store, &o));
	store_hold(s->store);
	return NULL;
}

static err *open_hooks(struct server *s)
{
	for (const struct hooks *const *h = hooks_all; *h; h++, s->opened++)
		if ((*h)->open)
			TRY((*h)->open(s, &s->o));
	return NULL;
}

/* Before anything runs: the authority is told in every namespace. */
static err *open_tls(struct server *s)
{
	struct tls_identity id;

	if (!s->o.listen.n || s->o.plain)
		return NULL;
	TRY(server_make_identity(s, &id));
	return tls_server_new(&s->tls, &id);
}

static err *start_listening(struct server *s)
{
	if (!s->o.listen.n)
		return NULL;
	TRY(httpd_new(
		&s->httpd, s->loop,
		&(struct httpd_options){
			.listen = s->o.listen, .tls = s->tls,
					       .limits.connections = CONNECTIONS_MAX, .handle = server_handle, .ctx = s }));
	s->url = arena_printf(&s->arena, "%s://%.*s", s->o.plain ? "http" : "https",
			      STR_ARG(httpd_address(s->httpd)));
	return NULL;
}

static void *run_loop(void *server)
{
	struct server *s = server;

	loop_run(s->loop);
	return NULL;
}

static err *open_parts(struct server *s)
{
	TRY(loop_new(&s->loop));
	s->hub = watch_hub_new(s, s->loop);
	TRY(open_store(s));
	TRY(open_tls(s));
	s->registry = registry_new();
	s->allocator = allocator_new(s);
	s->workers = workers_new(s->o.workers ? s->o.workers : SERVER_WORKERS, QUEUE_MAX);
	s->expire = expire_new(s, s->loop);
	TRY(open_hooks(s));
	TRY(store_settle(s->store));
	TRY(start_listening(s));
	if (pthread_create(&s->thread, NULL, run_loop, s))
		die_bug("pthread_create failed");
	s->running = true;
	s->o.crds_n = 0; /* they are the caller's */
	s->ready = true;
	return NULL;
}

err *server_open(struct server **out, const struct server_options *o)
{
	struct server *s = mem_calloc(1, sizeof *s);

	pthread_mutex_init(&s->follow_lock, NULL);
	s->o = *o;
	s->o.data_dir = keep(s, o->data_dir);
	s->o.listen = keep(s, o->listen);
	s->token = o->token.n ? keep(s, o->token) : random_token(s);
	err *e = open_parts(s);

	if (e) {
		server_close(s);
		return e;
	}
	*out = s;
	return NULL;
}

static void stopped(void *server)
{
	struct server *s = server;

	loop_stop(s->loop);
}

static void stop(void *server)
{
	struct server *s = server;

	if (s->httpd)
		httpd_stop(s->httpd, STOP_TIME, stopped, s);
	else
		loop_stop(s->loop);
}

void server_close(struct server *s)
{
	if (!s)
		return;
	s->ready = false;
	if (s->running) {
		loop_post(s->loop, stop, s);
		pthread_join(s->thread, NULL);
	}
	if (s->workers)
		workers_wait(s->workers);
	while (s->opened--)
		if (hooks_all[s->opened]->close)
			hooks_all[s->opened]->close(s);
	workers_free(s->workers);
	httpd_free(s->httpd);
	watch_hub_close(s->hub);
	store_close(s->store);
	if (s->loop)
		loop_drain(s->loop);
	expire_free(s->expire);
	watch_hub_free(s->hub);
	loop_free(s->loop);
	tls_server_free(s->tls);
	allocator_free(s->allocator);
	registry_free(s->registry);
	pthread_mutex_destroy(&s->follow_lock);
	arena_release(&s->arena);
	free(s);
}

/* ---- asking ------------------------------------------------------------ */

str server_url(const struct server *s)
{
	return s->url;
}

str server_ca(const struct server *s)
{
	return s->ca_cert;
}

str server_token(const struct server *s)
{
	return s->token;
}

bool server_is_ready(struct server *s)
{
	return s->ready;
}

struct store *server_store(struct server *s)
{
	return s->store;
}

struct registry *server_registry(struct server *s)
{
	return s->registry;
}

struct allocator *server_allocator(struct server *s)
{
	return s->allocator;
}

struct watch_hub *server_hub(struct server *s)
{
	return s->hub;
}

struct store_table *server_table(struct server *s, const struct kind *k)
{
	const struct kind *stored = kind_stored(k);

	return store_table(s->store, stored->gvk.group, stored->plural);
}

void server_part_set(struct server *s, enum server_part part, void *value)
{
	s->parts[part] = value;
}

void *server_part(const struct server *s, enum server_part part)
{
	return s->parts[part];
}

void server_later(struct server *s, void (*run)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct work w = { .run = run, .drop = drop, .arg = arg };

	if (!workers_submit(s->workers, w) && drop)
		drop(arg);
}

void server_observe(struct server *s, const struct server_observer *o)
{
	watch_hub_observe(s->hub, o);
}

void server_end_watches(struct server *s, const struct kind *k)
{
	watch_hub_end(s->hub, k);
}
