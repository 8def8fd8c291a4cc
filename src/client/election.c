#include "client/election.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "text/gotime.h"

#define MANAGER S("rill")

/* metav1.MicroTime */
#define MICRO_TIME S("2006-01-02T15:04:05.000000Z07:00")

/* What was last seen of a Lease. As clocks differ, its time counts from when
 * we saw it change. */
struct seen {
	char version[32];
	int64_t at;			/* clock_mono */
};

struct election {
	struct election_options o;
	struct arena mem;
	struct seen *seen;		/* one a name */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
};

static const struct client_resource leases = { S("coordination.k8s.io"), S("v1"), S("leases"),
					       S("Lease"), true };

static node time_node(struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t now = clock_wall();

	gotime_format(&b, gotime_utc(now / CLOCK_SECOND, now % CLOCK_SECOND), MICRO_TIME);
	return node_copy_str(a, buf_str(&b));
}

static void fill(struct election *e, struct arena *a, node spec, bool taken)
{
	int64_t n = node_int(node_get(spec, S("leaseTransitions")));

	node_set(a, spec, S("holderIdentity"), node_from_str(a, e->o.identity));
	node_set(a, spec, S("leaseDurationSeconds"), node_from_int(e->o.lease / CLOCK_SECOND));
	node_set(a, spec, S("renewTime"), time_node(a));
	if (taken) {
		node_set(a, spec, S("acquireTime"), time_node(a));
		node_set(a, spec, S("leaseTransitions"), node_from_int(n + 1));
	}
}

static err *create(struct election *e, struct arena *a, str name)
{
	node lease = node_map(a, 4), meta = node_map(a, 2), spec = node_map(a, 5);

	node_set(a, lease, S("apiVersion"), node_lit("coordination.k8s.io/v1"));
	node_set(a, lease, S("kind"), node_lit("Lease"));
	node_set(a, meta, S("name"), node_from_str(a, name));
	node_set(a, meta, S("namespace"), node_from_str(a, e->o.namespace));
	node_set(a, lease, S("metadata"), meta);
	fill(e, a, spec, true);
	node_set(a, spec, S("leaseTransitions"), node_from_int(0));
	node_set(a, lease, S("spec"), spec);
	return client_create(e->o.client, a, &leases, lease, MANAGER, NULL);
}

/* Whether somebody else may still believe to hold it. */
static bool is_held(struct election *e, size_t i, node lease)
{
	struct seen *s = &e->seen[i];
	str version = node_str(node_dig(lease, "metadata", "resourceVersion"));
	int64_t span =
		clock_seconds(node_int(node_dig(lease, "spec", "leaseDurationSeconds")));

	if (!str_eq(str_c(s->version), version)) {
		snprintf(s->version, sizeof s->version, "%.*s", STR_ARG(version));
		s->at = clock_mono();
	}
	return clock_mono() - s->at < span;
}

/* Take or renew one. *held: it is somebody else's. */
static err *take(struct election *e, size_t i, bool *held)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node lease;
	err *failed = client_get(e->o.client, &a, &leases, e->o.namespace, e->o.names[i], &lease);

	*held = false;
	if (failed && err_kind(failed) == ERR_NOT_FOUND) {
		err_free(failed);
		return create(e, &a, e->o.names[i]);
	}
	if (failed)
		return failed;
	node spec = node_map_at(&a, lease, S("spec"));
	str holder = node_str(node_get(spec, S("holderIdentity")));
	bool ours = str_eq(holder, e->o.identity);

	if (!ours && holder.n && is_held(e, i, lease)) {
		*held = true;
		return NULL;
	}
	fill(e, &a, spec, !ours);
	return client_update(e->o.client, &a, &leases, lease, STR_NONE, MANAGER, NULL);
}

/* All of them; false when one is held, or an error came (which is logged). */
static bool take_all(struct election *e)
{
	for (size_t i = 0; i < e->o.n; i++) {
		bool held;
		err *failed = take(e, i, &held);

		if (failed && err_kind(failed) != ERR_CONFLICT)
			log_error(NULL, failed, S("error retrieving or taking the leader's lease"),
				  log_ref("lease", e->o.namespace, e->o.names[i]));
		bool bad = failed || held;

		err_free(failed);
		if (bad)
			return false;
	}
	return true;
}

static void give_back(struct election *e)
{
	for (size_t i = 0; i < e->o.n; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		node lease;
		err *failed = client_get(e->o.client, &a, &leases, e->o.namespace, e->o.names[i],
					 &lease);

		if (!failed && str_eq(node_str(node_dig(lease, "spec", "holderIdentity")),
				      e->o.identity)) {
			node spec = node_map_at(&a, lease, S("spec"));

			node_set(&a, spec, S("holderIdentity"), node_lit(""));
			node_set(&a, spec, S("leaseDurationSeconds"), node_from_int(1));
			failed = client_update(e->o.client, &a, &leases, lease, STR_NONE, MANAGER,
					       NULL);
		}
		err_free(failed);
	}
}

/* True when it is to stop. */
static bool rest(struct election *e, int64_t until)
{
	struct timespec t = clock_timespec(until);

	pthread_mutex_lock(&e->lock);
	while (!e->stopping && clock_mono() < until)
		pthread_cond_timedwait(&e->changed, &e->lock, &t);
	bool stop = e->stopping;

	pthread_mutex_unlock(&e->lock);
	return stop;
}

static void *renew(void *arg)
{
	struct election *e = arg;
	int64_t good = clock_mono();

	while (!rest(e, clock_mono() + e->o.retry)) {
		if (take_all(e)) {
			good = clock_mono();
		} else if (clock_mono() - good > e->o.renew) {
			e->o.lost(e->o.ctx);
			return NULL;
		}
	}
	if (e->o.release)
		give_back(e);
	return NULL;
}

static struct election *make(const struct election_options *o)
{
	struct election *e = mem_calloc(1, sizeof *e);
	pthread_condattr_t mono;
	str *names = arena_array(&e->mem, str, o->n);

	e->o = *o;
	for (size_t i = 0; i < o->n; i++)
		names[i] = arena_str(&e->mem, o->names[i]);
	e->o.names = names;
	e->o.namespace = arena_str(&e->mem, o->namespace);
	e->o.identity = arena_str(&e->mem, o->identity);
	e->seen = arena_array(&e->mem, struct seen, o->n);
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&e->changed, &mono);
	pthread_condattr_destroy(&mono);
	return e;
}

static void unmake(struct election *e)
{
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	arena_release(&e->mem);
	free(e);
}

err *election_win(struct election **out, const struct election_options *o, const atomic_bool *cancel)
{
	struct election *e = make(o);

	while (!take_all(e)) {
		int64_t until = clock_mono() + o->retry;

		while (clock_mono() < until && !atomic_load(cancel))
			rest(e, clock_mono() + CLOCK_SECOND / 10);
		if (atomic_load(cancel)) {
			unmake(e);
			return err_new(ERR_CANCELED, "context canceled");
		}
	}
	if (pthread_create(&e->thread, NULL, renew, e))
		die_bug("pthread_create failed");
	*out = e;
	return NULL;
}

void election_free(struct election *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	unmake(e);
}
