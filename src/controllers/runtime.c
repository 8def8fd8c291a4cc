#include "controllers/runtime.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/heap.h"
#include "base/rand.h"
#include "controllers/cloud.h"
#include "controllers/local.h"
#include "controllers/runtime_impl.h"

enum { WORKERS_MIN = 8, WORKERS_MAX = 1024, SPARES_MAX = 64, BACKOFF_DOUBLINGS_MAX = 30 };
/* For the first lists of our kinds, and of what they refer to. */
#define START_TIMEOUT (2 * CLOCK_MINUTE)
#define REFERRED_TIMEOUT (10 * CLOCK_SECOND)
/* After so long without a pass none is expected soon. */
#define REST (10 * CLOCK_SECOND)
/* For events that wait to be sent when it ends. */
#define EVENTS_GRACE (2 * CLOCK_SECOND)

/* ---- kinds --------------------------------------------------------------------- */

static const struct client_resource known[] = {
	{ STR_NONE, S("v1"), S("secrets"), S("Secret"), true },
	{ STR_NONE, S("v1"), S("configmaps"), S("ConfigMap"), true },
	{ STR_NONE, S("v1"), S("serviceaccounts"), S("ServiceAccount"), true },
	{ STR_NONE, S("v1"), S("namespaces"), S("Namespace"), false },
};

err *runtime_resource(struct runtime *rt, struct gvk kind, struct client_resource *out)
{
	const struct api_kind *k = api_kind_find(kind.group, kind.kind);
	const struct client_resource *found;

	if (k) {
		*out = (struct client_resource){ k->group, api_kind_newest(k)->name, k->plural, k->kind,
						 true };
		return NULL;
	}
	for (size_t i = 0; !kind.group.n && i < sizeof known / sizeof *known; i++)
		if (str_eq(known[i].kind, kind.kind)) {
			*out = known[i];
			return NULL;
		}
	TRY(discovery_kind(rt->discovery, kind, &found));
	*out = *found;
	return NULL;
}

bool runtime_is_narrowed(const struct runtime *rt, str group, str kind)
{
	return rt->o.settings->watch_label_selector.n && api_kind_find(group, kind) &&
	       !str_eq(group, S("source.toolkit.fluxcd.io"));
}

void runtime_watch(struct runtime *rt, const struct client_resource *r, enum live_keep keep)
{
	const struct settings *s = rt->o.settings;
	struct live_watch_options o = { .keep = keep };

	if (!s->watch_all_namespaces && r->namespaced)
		o.namespace = s->runtime_namespace;
	if (runtime_is_narrowed(rt, r->group, r->kind))
		o.selector = s->watch_label_selector;
	else if (keep == LIVE_META)
		o.selector = s->watch_configs_label_selector;
	live_watch(rt->live, r, &o);
}

/* ---- making -------------------------------------------------------------------- */

static void init_cond(pthread_cond_t *c)
{
	pthread_condattr_t mono;

	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(c, &mono);
	pthread_condattr_destroy(&mono);
}

struct runtime *runtime_new(const struct runtime_options *o)
{
	const struct cloud us = { .env = o->settings->env };
	struct runtime *rt = mem_calloc(1, sizeof *rt);

	rt->o = *o;
	rt->oci = oci_memory_new();
	rt->sigstore = sigstore_new(&(struct sigstore_options){
		.net = o->net,
		.mirror = cloud_env(&us, "TUF_MIRROR"),
		.root_file = cloud_env(&us, "TUF_ROOT_JSON"),
		.dir = cloud_env(&us, "TUF_ROOT"),
	});
	rt->identities = identity_cache_new(o->settings->token_cache_max,
					    o->settings->token_cache_duration);
	rt->helm = hr_shared_new(o->client, o->settings->watch_all_namespaces
						    ? STR_NONE
						    : o->settings->runtime_namespace);
	rt->configs_read = configs_new();
	rt->chart_facts = configs_new();
	pthread_mutex_init(&rt->lock, NULL);
	pthread_mutex_init(&rt->clusters_lock, NULL);
	init_cond(&rt->due);
	init_cond(&rt->timer);
	init_cond(&rt->chores);
	init_cond(&rt->changed);
	rt->kinds = mem_calloc(o->controllers_n + 1, sizeof *rt->kinds);
	rt->kinds_n = o->controllers_n;
	for (size_t i = 0; i < rt->kinds_n; i++) {
		const struct controller *c = o->controllers[i];

		rt->kinds[i].c = c;
		if (!api_kind_find(str_c(c->group), str_c(c->kind)))
			die_bug("no kind %s", c->kind);
		err_free(runtime_resource(rt, (struct gvk){ str_c(c->group), STR_NONE,
							    str_c(c->kind) },
					  &rt->kinds[i].resource));
	}
	rt->discovery = discovery_new(o->client);
	rt->events = events_new(&(struct events_options){ .client = o->client,
							  .net = o->net,
							  .address = o->settings->events_addr });
	rt->live = live_new(o->client, &(struct live_options){ objects_on_event, rt });
	return rt;
}

/* ---- workers --------------------------------------------------------------------- */

static int64_t with_jitter(const struct settings *s, int64_t span)
{
	int64_t range = span / 100 * s->jitter_percent;

	return range > 0 ? span - range + (int64_t)rand_below(2 * (uint64_t)range + 1) : span;
}

static int64_t backoff(const struct settings *s, unsigned failures)
{
	unsigned n = failures < BACKOFF_DOUBLINGS_MAX ? failures : BACKOFF_DOUBLINGS_MAX;
	int64_t span = s->min_retry_delay;

	for (unsigned i = 0; i < n && span < s->max_retry_delay; i++)
		span *= 2;
	return span < s->max_retry_delay ? span : s->max_retry_delay;
}

/* Under the lock. */
static void requeue(struct runtime *rt, struct object *o, struct outcome out)
{
	const struct settings *s = rt->o.settings;

	if (out.next != NEXT_BACKOFF)
		o->failures = 0;
	switch (out.next) {
	case NEXT_INTERVAL:
		if (out.after > 0) {
			o->owner->retries++;
			objects_enqueue(rt, o, with_jitter(s, out.after));
		}
		break;
	case NEXT_AFTER:
		o->owner->retries += out.after > 0;
		objects_enqueue(rt, o, out.after);
		break;
	case NEXT_BACKOFF:
		o->owner->retries++;
		objects_enqueue(rt, o, backoff(s, o->failures++));
		break;
	case NEXT_NOW:
		objects_enqueue(rt, o, 0);
		break;
	case NEXT_CHANGE:
		break;
	}
}

/* A rest is due when nothing follows; who waits for the time of the next pass must know. */
static void tire(struct runtime *rt)
{
	rt->rest_at = clock_after(clock_mono(), REST);
	if (rt->timing && !rt->running && rt->rest_at < rt->timing_until)
		pthread_cond_signal(&rt->timer);
}

/* Under the lock, which is given back while the pass runs. */
static void run_one(struct runtime *rt, struct object *o)
{
	enum pass_result result;

	o->began = clock_mono();
	int64_t waited = o->began - o->ready;

	o->running = true;
	o->again = false;
	rt->running++;
	o->owner->running++;
	pthread_mutex_unlock(&rt->lock);
	struct outcome out = pass_run(rt, o, &result);

	objects_settle(rt, o);
	pthread_mutex_lock(&rt->lock);
	rt->running--;
	tire(rt);
	o->owner->running--;
	o->running = false;
	o->owner->passes[result]++;
	o->owner->terminal += result == PASS_ERROR && out.next == NEXT_CHANGE;
	metrics_measure(o, waited, clock_mono() - o->began);
	o->began = 0;
	if (o->gone) {
		objects_free(rt, o);
		return;
	}
	requeue(rt, o, out);
	if (o->again)
		objects_put(rt, o, o->again_due);
}

/* Under the lock, which is given back meanwhile. */
static void rest(struct runtime *rt)
{
	rt->rest_at = 0;
	pthread_mutex_unlock(&rt->lock);
	artifact_store_rest(runtime_store(rt));
	heap_rest();
	pthread_mutex_lock(&rt->lock);
}

/* One of the idle workers waits for the time of the first, the others for a
 * call: so few wake for nothing. Under the lock. */
static void wait_for_work(struct runtime *rt)
{
	int64_t due = queue_next(&rt->queue);
	bool tired = rt->rest_at && !rt->running;

	if (tired && clock_mono() >= rt->rest_at) {
		rest(rt);
		return;
	}
	if (tired && rt->rest_at < due)
		due = rt->rest_at;

	if (rt->timing || due == INT64_MAX) {
		rt->idle++;
		pthread_cond_wait(&rt->due, &rt->lock);
		rt->idle--;
		return;
	}
	struct timespec t = clock_timespec(due);

	rt->timing = true;
	rt->timing_until = due;
	pthread_cond_timedwait(&rt->timer, &rt->lock, &t);
	rt->timing = false;
}

/* Take what is due, if anything is. Under the lock. */
static void work_once(struct runtime *rt)
{
	int64_t now = clock_mono();
	struct queue_place *p = queue_take(&rt->queue, now);

	if (!p) {
		wait_for_work(rt);
		return;
	}
	objects_wake(rt, now);	/* what is left is somebody else's */
	run_one(rt, (struct object *)((char *)p - offsetof(struct object, queue)));
}

static void *work(void *arg)
{
	struct runtime *rt = arg;

	pthread_mutex_lock(&rt->lock);
	while (!atomic_load(&rt->stopping))
		work_once(rt);
	pthread_mutex_unlock(&rt->lock);
	return NULL;
}

/* ---- those who stand in -------------------------------------------------------------- */

static void *stand_in(void *arg)
{
	struct runtime *rt = arg;

	pthread_mutex_lock(&rt->lock);
	while (!atomic_load(&rt->stopping) && rt->spares <= rt->waiting)
		work_once(rt);
	rt->spares--;
	/* What it was called for may be another's. */
	objects_wake(rt, clock_mono());
	pthread_cond_broadcast(&rt->chores);
	pthread_mutex_unlock(&rt->lock);
	return NULL;
}

/* Under the lock. */
static void start_spare(struct runtime *rt)
{
	pthread_attr_t detached;
	pthread_t t;

	if (rt->spares >= rt->waiting || rt->spares >= SPARES_MAX || atomic_load(&rt->stopping))
		return;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (!pthread_create(&t, &detached, stand_in, rt))
		rt->spares++;
	pthread_attr_destroy(&detached);
}

void pass_waits(struct pass *p, bool waits)
{
	struct runtime *rt = p->rt;

	pthread_mutex_lock(&rt->lock);
	if (waits) {
		rt->waiting++;
		start_spare(rt);
	} else {
		rt->waiting--;
		pthread_cond_broadcast(&rt->due);
	}
	pthread_mutex_unlock(&rt->lock);
}

/* They have looked up that it is time to stop. */
static void await_spares(struct runtime *rt)
{
	pthread_mutex_lock(&rt->lock);
	while (rt->spares) {
		struct timespec t = clock_timespec(clock_mono() + 10 * CLOCK_MS);

		pthread_cond_broadcast(&rt->due);
		pthread_cond_broadcast(&rt->timer);
		pthread_cond_timedwait(&rt->chores, &rt->lock, &t);
	}
	pthread_mutex_unlock(&rt->lock);
}

/* ---- start and stop ----------------------------------------------------------------- */

static err *wait_for_kinds(struct runtime *rt)
{
	for (size_t i = 0; i < rt->kinds_n; i++)
		runtime_watch(rt, &rt->kinds[i].resource, LIVE_WHOLE);
	for (size_t i = 0; i < rt->kinds_n; i++) {
		const struct client_resource *r = &rt->kinds[i].resource;
		err *e = live_wait(rt->live, r, START_TIMEOUT, rt->o.cancel);

		if (!e)
			continue;
		if (err_kind(e) != ERR_NOT_FOUND)
			return err_wrap(e, "failed to start the controller of %.*s",
					STR_ARG(r->kind));
		log_info(rt->o.log, S("the server has no such kind, and will be asked again"),
			 log_str("kind", r->kind));
		err_free(e);
	}
	return NULL;
}

/* What the objects refer to is known before the first pass, where it can be
 * had soon: else each would make another pass. */
static void wait_for_referred(struct runtime *rt)
{
	int64_t until = clock_after(clock_mono(), REFERRED_TIMEOUT);

	for (size_t i = 0;; i++) {
		pthread_mutex_lock(&rt->lock);
		bool more = i < rt->watched.n;
		struct watched_kind w = more ? rt->watched.p[i] : (struct watched_kind){ 0 };

		pthread_mutex_unlock(&rt->lock);
		if (!more || clock_mono() > until)
			return;
		struct client_resource r;
		err *e = runtime_resource(rt, w.kind, &r);

		if (!e) {
			runtime_watch(rt, &r, w.keep);
			e = live_wait(rt->live, &r, until - clock_mono(), rt->o.cancel);
		}
		err_free(e);
	}
}

static size_t workers_wanted(const struct settings *s)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = s->concurrent ? s->concurrent : cpus > 0 ? (size_t)cpus * 4 : 1;

	if (!s->concurrent && n < WORKERS_MIN)
		n = WORKERS_MIN;
	return n > WORKERS_MAX ? WORKERS_MAX : n;
}

static void start_thread(pthread_t *t, void *(*run)(void *), struct runtime *rt)
{
	if (pthread_create(t, NULL, run, rt))
		die_bug("pthread_create failed");
}

/* Before the first event. */
static err *read_selectors(struct runtime *rt)
{
	const struct settings *s = rt->o.settings;
	err *e = selector_parse(&rt->mem, s->watch_configs_label_selector, &rt->configs);

	if (e)
		return err_wrap(e,
				"unable to configure watch configs label selector for controller");
	e = selector_parse(&rt->mem, s->watch_label_selector, &rt->shard);
	return e ? err_wrap(e, "unable to configure watch label selector for manager") : NULL;
}

static err *lock_down(struct runtime *rt)
{
	const struct settings *s = rt->o.settings;
	const struct net_options o = {
		.proxy_env = true,
		.lockdown = { .on = true,
			      .open = s->private_places,
			      .open_n = s->private_places_n,
			      .refusal = S("private addresses are not allowed; those of the controller's "
					   "--allowed-private-addresses are") },
	};

	return s->no_private_addresses ? net_client_new(&rt->outer, &o) : NULL;
}

err *runtime_start(struct runtime *rt)
{
	TRY(read_selectors(rt));
	TRY(lock_down(rt));
	TRY(local_new(&rt->local, rt));
	TRY(wait_for_kinds(rt));
	wait_for_referred(rt);
	rt->started_at = clock_mono();
	rt->rest_at = clock_after(rt->started_at, REST);
	start_thread(&rt->helper, objects_watch, rt);
	rt->workers_n = workers_wanted(rt->o.settings);
	rt->workers = mem_calloc(rt->workers_n, sizeof *rt->workers);
	for (size_t i = 0; i < rt->workers_n; i++)
		start_thread(&rt->workers[i], work, rt);
	rt->started = true;
	return NULL;
}

void runtime_stop(struct runtime *rt)
{
	int64_t until = clock_after(clock_mono(), rt->o.settings->graceful);

	atomic_store(&rt->stopping, true);
	pthread_mutex_lock(&rt->lock);
	pthread_cond_broadcast(&rt->due);
	pthread_cond_broadcast(&rt->timer);
	pthread_cond_broadcast(&rt->chores);
	while (rt->running && clock_mono() < until) {
		struct timespec t = clock_timespec(clock_mono() + 10 * CLOCK_MS);

		pthread_cond_timedwait(&rt->chores, &rt->lock, &t);
	}
	pthread_mutex_unlock(&rt->lock);
	atomic_store(&rt->cancel, true);
	if (!rt->started)
		return;
	for (size_t i = 0; i < rt->workers_n; i++)
		pthread_join(rt->workers[i], NULL);
	await_spares(rt);
	pthread_join(rt->helper, NULL);
	rt->started = false;
}

void runtime_free(struct runtime *rt)
{
	if (!rt)
		return;
	runtime_stop(rt);
	local_free(rt->local);
	live_free(rt->live);
	hr_shared_free(rt->helm);
	events_free(rt->events, EVENTS_GRACE);
	objects_release(rt);
	cluster_release(rt);
	identity_cache_free(rt->identities);
	discovery_free(rt->discovery);
	oci_memory_free(rt->oci);
	sigstore_free(rt->sigstore);
	configs_free(rt->configs_read);
	configs_free(rt->chart_facts);
	net_client_free(rt->outer);
	pthread_cond_destroy(&rt->due);
	pthread_cond_destroy(&rt->timer);
	pthread_cond_destroy(&rt->chores);
	pthread_cond_destroy(&rt->changed);
	pthread_mutex_destroy(&rt->lock);
	pthread_mutex_destroy(&rt->clusters_lock);
	arena_release(&rt->mem);
	free(rt->workers);
	free(rt->kinds);
	free(rt);
}

/* ---- for others ------------------------------------------------------------------------ */

static void enqueue(struct runtime *rt, str group, str kind, str namespace, str name, int64_t after)
{
	pthread_mutex_lock(&rt->lock);
	struct entry *e = entries_find(&rt->objects, group, kind, namespace, name);

	if (e)
		objects_enqueue(rt, (struct object *)e, after);
	pthread_mutex_unlock(&rt->lock);
}

void runtime_enqueue(struct runtime *rt, struct key k, int64_t after)
{
	enqueue(rt, str_c(k.controller->group), str_c(k.controller->kind), k.namespace, k.name,
		after);
}

void runtime_enqueue_named(struct runtime *rt, str group, str kind, str namespace, str name)
{
	enqueue(rt, group, kind, namespace, name, 0);
}

struct net_client *runtime_net(struct runtime *rt)
{
	return rt->o.net;
}

struct net_client *runtime_outer_net(struct runtime *rt)
{
	return rt->outer ? rt->outer : rt->o.net;
}

struct client *runtime_client(struct runtime *rt)
{
	return rt->o.client;
}

struct discovery *runtime_discovery(struct runtime *rt)
{
	return rt->discovery;
}

struct live *runtime_live(struct runtime *rt)
{
	return rt->live;
}

struct artifact_store *runtime_store(struct runtime *rt)
{
	return rt->o.store;
}

struct oci_memory *runtime_oci(struct runtime *rt)
{
	return rt->oci;
}

struct sigstore *runtime_sigstore(struct runtime *rt)
{
	return rt->sigstore;
}

struct configs *runtime_chart_facts(struct runtime *rt)
{
	return rt->chart_facts;
}

struct identity_cache *runtime_identities(struct runtime *rt)
{
	return rt->identities;
}

struct hr_shared *runtime_helm(struct runtime *rt)
{
	return rt->helm;
}

const struct settings *runtime_settings(struct runtime *rt)
{
	return rt->o.settings;
}

bool runtime_is_idle(struct runtime *rt)
{
	int64_t soon = clock_after(clock_mono(), RUNTIME_BATCH);

	pthread_mutex_lock(&rt->lock);
	bool idle = !rt->running && queue_next(&rt->queue) > soon;

	pthread_mutex_unlock(&rt->lock);
	return idle;
}

uint64_t runtime_changes(struct runtime *rt)
{
	pthread_mutex_lock(&rt->lock);
	uint64_t n = rt->changes;

	pthread_mutex_unlock(&rt->lock);
	return n;
}

void runtime_wait(struct runtime *rt, uint64_t seen, int64_t timeout)
{
	int64_t until = clock_after(clock_mono(), timeout);
	struct timespec t = clock_timespec(until);

	pthread_mutex_lock(&rt->lock);
	while (rt->changes == seen && clock_mono() < until) {
		if (until == INT64_MAX)
			pthread_cond_wait(&rt->changed, &rt->lock);
		else
			pthread_cond_timedwait(&rt->changed, &rt->lock, &t);
	}
	pthread_mutex_unlock(&rt->lock);
}

void runtime_wake(struct runtime *rt)
{
	pthread_mutex_lock(&rt->lock);
	rt->changes++;
	pthread_cond_broadcast(&rt->changed);
	pthread_mutex_unlock(&rt->lock);
}

/* ---- what is told of it -------------------------------------------------------------------- */

void runtime_count_render(struct runtime *rt)
{
	atomic_fetch_add(&rt->renders, 1);
}

void runtime_dump(struct runtime *rt, struct buf *out)
{
	size_t kinds, objects, bytes;
	int64_t now = clock_mono();

	live_count(rt->live, &kinds, &objects, &bytes);
	buf_addf(out, "watched: %zu kinds, %zu objects, %zu bytes\n", kinds, objects, bytes);
	pthread_mutex_lock(&rt->clusters_lock);
	buf_addf(out, "clusters: %zu\n", rt->clusters.n);
	pthread_mutex_unlock(&rt->clusters_lock);
	pthread_mutex_lock(&rt->lock);
	buf_addf(out, "objects: %zu, referred to: %zu\nworkers: %zu, running: %u\nqueued: %zu\n",
		 rt->objects.n, rt->targets.n, rt->workers_n, rt->running, rt->queue.n);
	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s]; e; e = e->next) {
			const struct object *o = (const struct object *)e;

			buf_addf(out, "%.*s/%.*s/%.*s: %s, %u failures, %zu references",
				 STR_ARG(e->kind), STR_ARG(e->namespace), STR_ARG(e->name),
				 o->running ? "running" : o->queue.at ? "queued" : "resting",
				 o->failures, o->edges.n);
			if (o->queue.at)
				buf_addf(out, ", due in %lld ms",
					 (long long)((o->queue.due - now) / CLOCK_MS));
			buf_addc(out, '\n');
		}
	pthread_mutex_unlock(&rt->lock);
}
