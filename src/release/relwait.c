#include "release/relwait.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "kube/gvk.h"
#include "release/rellegacy.h"

#define DEFAULT_TIMEOUT (30 * CLOCK_SECOND)
/* How often a cancel is looked for. */
#define LOOK (CLOCK_SECOND / 5)
/* For a stream's first list; an object that has none is watched by itself. */
#define STREAM_WAIT (2 * CLOCK_SECOND)
/* Before a watch that was refused or cut is begun again. */
#define AGAIN (CLOCK_SECOND)

/* ---- judging ----------------------------------------------------------- */

static int64_t number(node object, const char *part, const char *field, int64_t otherwise)
{
	node n = node_get(node_get(object, str_c(part)), str_c(field));

	return node_is_num(n) ? node_int(n) : otherwise;
}

/* A Job is done when it says so: Helm's own rule, which knows of no suspension. */
static void judge_job(struct arena *a, node object, struct health *out)
{
	int64_t wanted = number(object, "spec", "completions",
				number(object, "spec", "parallelism", 1));

	if (health_condition_is_true(object, S("Complete")))
		*out = (struct health){ HEALTH_CURRENT, STR_NONE,
					arena_printf(a, "Job Completed. succeeded: %lld/%lld",
						     (long long)number(object, "status",
								       "succeeded", 0),
						     (long long)wanted) };
	else if (health_condition_is_true(object, S("Failed")))
		*out = (struct health){ HEALTH_FAILED, S("JobFailed"),
					arena_printf(a, "Job Failed. failed: %lld/%lld",
						     (long long)number(object, "status", "failed", 0),
						     (long long)wanted) };
	else
		*out = (struct health){ HEALTH_IN_PROGRESS, S("JobInProgress"),
					S("Job in progress") };
}

static void judge_pod(struct arena *a, node object, struct health *out)
{
	str phase = node_str(node_dig(object, "status", "phase"));
	str name = node_str(node_dig(object, "metadata", "name"));

	if (str_eq(phase, S("Succeeded")))
		*out = (struct health){ HEALTH_CURRENT, STR_NONE,
					arena_printf(a, "pod %.*s succeeded", STR_ARG(name)) };
	else if (str_eq(phase, S("Failed")))
		*out = (struct health){ HEALTH_FAILED, S("PodFailed"),
					arena_printf(a, "pod %.*s failed", STR_ARG(name)) };
	else
		*out = (struct health){ HEALTH_IN_PROGRESS, S("PodInProgress"),
					S("Pod in progress") };
}

/* Helm 3's rules of hooks: what failed is told in its own words. */
static bool is_legacy_hook(const struct relwait_options *o)
{
	return o->legacy && o->what == RELWAIT_HOOK;
}

static void judge_legacy_hook(struct arena *a, node object, bool job, struct health *out)
{
	str name = node_str(node_dig(object, "metadata", "name"));

	if (job)
		judge_job(a, object, out);
	else
		judge_pod(a, object, out);
	if (out->status == HEALTH_FAILED && job)
		out->message = arena_printf(
			a, "job %.*s failed: %.*s", STR_ARG(name),
			STR_ARG(node_str(node_get(health_condition(object, S("Failed")),
						  S("reason")))));
}

err *relwait_health(struct arena *a, node object, const struct relwait_options *o,
		    struct health *out)
{
	struct gvk g = gvk_of(object);
	bool job = health_is_job(g.group, g.kind), pod = !g.group.n && str_eq(g.kind, S("Pod"));

	*out = (struct health){ HEALTH_CURRENT, STR_NONE, S("Resource is current") };
	if (o->what == RELWAIT_GONE)
		return health_kstatus(a, object, clock_wall(), out);
	if (is_legacy_hook(o)) {
		if (job || pod)
			judge_legacy_hook(a, object, job, out);
		return NULL;
	}
	if (o->judge && o->judge(o->ctx, a, object, out))
		return NULL;
	if (job && o->what != RELWAIT_READY && o->flux_words)
		return health_of(a, object, clock_wall(), out);
	if (job && o->what != RELWAIT_READY)
		judge_job(a, object, out);
	else if (pod && o->what == RELWAIT_HOOK)
		judge_pod(a, object, out);
	else if (o->what != RELWAIT_HOOK)
		return health_kstatus(a, object, clock_wall(), out);
	return NULL;
}

/* ---- one object's state ------------------------------------------------ */

struct waiter;

struct watched {
	struct waiter *w;
	const struct relobj *o;
	struct client_watch *watch;
	struct arena mem;		/* of the message */
	enum health_status status;
	str message;
	bool skip;			/* a paused Deployment */
	bool live;			/* by the cluster's own stream... */
	unsigned told;			/* ... which has told so often */
	bool ended;			/* the watch, which must begin again... */
	int64_t again;			/* ... then (monotonic) */
};

struct waiter {
	const struct relcluster *c;
	const struct relwait_options *options;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct watched *all;
	size_t n;
	bool given_up;
};

/* With the lock. */
static void note(struct watched *s, enum health_status status, str message)
{
	arena_clear(&s->mem);
	s->status = status;
	s->message = arena_str(&s->mem, message);
}

/* With the lock. */
static void note_object(struct watched *s, node object)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct health h;
	err *e = relwait_health(&a, object, s->w->options, &h);

	if (e)
		note(s, HEALTH_UNKNOWN, err_text(e));
	else
		note(s, h.status, h.message);
	err_free(e);
}

static void on_event(void *ctx, str type, node object)
{
	struct watched *s = ctx;

	pthread_mutex_lock(&s->w->lock);
	if (str_eq(type, S("DELETED")))
		note(s, HEALTH_NOT_FOUND, S("Resource not found"));
	else if (str_eq(type, S("ADDED")) || str_eq(type, S("MODIFIED")))
		note_object(s, object);
	pthread_cond_signal(&s->w->changed);
	pthread_mutex_unlock(&s->w->lock);
}

static void on_end(void *ctx, const err *why)
{
	struct watched *s = ctx;

	(void)why;
	pthread_mutex_lock(&s->w->lock);
	s->ended = true;
	s->again = clock_after(clock_mono(), AGAIN);
	pthread_cond_signal(&s->w->changed);
	pthread_mutex_unlock(&s->w->lock);
}

/* With the lock: whether there is nothing more to wait for. */
static bool is_done(const struct watched *s)
{
	if (s->skip)
		return true;
	bool gone = s->w->options->what == RELWAIT_GONE;

	if (s->status == HEALTH_NOT_FOUND)
		return gone || is_legacy_hook(s->w->options);
	return !gone && (s->status == HEALTH_CURRENT || s->status == HEALTH_FAILED);
}

/* ---- by the cluster's streams ------------------------------------------- */

static bool is_seen(const struct waiter *w, const struct relobj *o)
{
	const struct relcluster *c = w->c;

	/* All Pods of a cluster are too many to look at for one. */
	return c->live && !(str_eq(o->gvk.kind, S("Pod")) && !o->gvk.group.n) &&
	       (!c->sees || c->sees(c->sees_ctx, o->resource, o->ns));
}

static bool is_of(const struct watched *s, const struct live_event *ev)
{
	return s->live && str_eq(s->o->name, ev->name) && str_eq(s->o->ns, ev->namespace) &&
	       str_eq(s->o->resource->plural, ev->resource->plural) &&
	       str_eq(s->o->resource->group, ev->resource->group);
}

static void on_live(void *ctx, const struct live_event *ev)
{
	struct waiter *w = ctx;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n; i++) {
		struct watched *s = &w->all[i];

		if (!is_of(s, ev))
			continue;
		s->told++;
		if (ev->what & LIVE_DELETED)
			note(s, HEALTH_NOT_FOUND, S("Resource not found"));
		else if (ev->object.kind == NODE_MAP)
			note_object(s, ev->object);
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Whether the stream's own verdict (kstatus, but for Jobs) is the one that counts. */
static bool takes_kstatus(const struct watched *s)
{
	const struct relwait_options *o = s->w->options;

	if (health_is_job(s->o->gvk.group, s->o->gvk.kind))
		return false;
	if (o->what == RELWAIT_GONE)
		return true;
	return (o->what == RELWAIT_READY || o->what == RELWAIT_JOBS) &&
	       !(o->judge && (!o->has_rule || o->has_rule(o->ctx, s->o->gvk)));
}

/* The stream tells while we look, and what it tells is as new as what we find, or the newer
 * will be told as well: so what was found counts only if nothing was told since. */
static unsigned told_so_far(struct watched *s)
{
	pthread_mutex_lock(&s->w->lock);
	unsigned told = s->told;

	pthread_mutex_unlock(&s->w->lock);
	return told;
}

static err *ask(struct watched *s, struct arena *a, unsigned told)
{
	node object;
	err *e = client_get(s->w->c->client, a, s->o->resource, s->o->ns, s->o->name, &object);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	pthread_mutex_lock(&s->w->lock);
	if (s->told == told && e)
		note(s, HEALTH_NOT_FOUND, S("Resource not found"));
	else if (s->told == told)
		note_object(s, object);
	pthread_mutex_unlock(&s->w->lock);
	err_free(e);
	return NULL;
}

/* The stream may have seen more than the answer to the last request: it is looked
 * at once; from here on its events come. */
static err *begin(struct watched *s, node live);

static err *begin_live(struct watched *s, node live)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct live *l = s->w->c->live;
	struct live_state now;

	live_watch(l, s->o->resource, &(struct live_watch_options){ .keep = LIVE_STATE });
	err *e = live_wait(l, s->o->resource, STREAM_WAIT, s->w->c->cancel);

	if (e) {
		err_free(e);
		pthread_mutex_lock(&s->w->lock);
		s->live = false;
		pthread_mutex_unlock(&s->w->lock);
		return begin(s, live);
	}
	unsigned told = told_so_far(s);

	live_state(l, &a, s->o->resource, s->o->ns, s->o->name, &now);
	bool same = live.kind == NODE_MAP &&
		    (!now.exists || str_eq(now.resource_version,
					   node_str(node_dig(live, "metadata", "resourceVersion"))));

	if (!same && (!now.exists || !takes_kstatus(s)))
		return ask(s, &a, told);
	pthread_mutex_lock(&s->w->lock);
	if (s->told == told && same)
		note_object(s, live);
	else if (s->told == told)
		note(s, now.health.status, now.health.message);
	pthread_mutex_unlock(&s->w->lock);
	return NULL;
}

/* ---- each by itself ------------------------------------------------------ */

/* Without the lock: ask how it stands, and watch from there. */
static err *begin(struct watched *s, node live)
{
	if (s->live)
		return begin_live(s, live);
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str field = arena_cat(&a, S("metadata.name="), s->o->name), version;

	if (live.kind == NODE_MAP) {
		version = node_str(node_dig(live, "metadata", "resourceVersion"));
		note_object(s, live);
	} else {
		node list;

		TRY(client_list(s->w->c->client, &a, s->o->resource, s->o->ns, STR_NONE, field,
				&list));
		version = node_str(node_dig(list, "metadata", "resourceVersion"));
		if (node_len(node_get(list, S("items"))))
			note_object(s, node_at(node_get(list, S("items")), 0));
		else
			note(s, HEALTH_NOT_FOUND, S("Resource not found"));
	}
	if (is_done(s))
		return NULL;
	s->watch = client_watch_start(s->w->c->client, s->o->resource,
				      &(struct client_watch_options){
					      .namespace = s->o->ns,
					      .fields = field,
					      .resource_version = version,
					      .on_event = on_event,
					      .on_end = on_end,
					      .ctx = s });
	return NULL;
}

/* ---- the wait ---------------------------------------------------------- */

/* With the lock. */
static bool all_done(const struct waiter *w)
{
	bool failed = false, open = false;

	for (size_t i = 0; i < w->n; i++) {
		failed |= !w->all[i].skip && w->all[i].status == HEALTH_FAILED;
		open |= !is_done(&w->all[i]);
	}
	if (failed && is_legacy_hook(w->options))
		return true;
	/* Hooks may be migrations of databases: they are waited for to the end. */
	return !open || (failed && w->options->flux_words && w->options->what != RELWAIT_GONE &&
			 w->options->what != RELWAIT_HOOK);
}

static bool is_canceled(const struct waiter *w)
{
	return w->given_up || (w->c->cancel && atomic_load(w->c->cancel));
}

/* With the lock, which is let go meanwhile. */
static void restart(struct waiter *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct watched *s = &w->all[i];

		if (!s->ended || is_done(s) || clock_mono() < s->again)
			continue;
		s->ended = false;
		struct client_watch *old = s->watch;

		s->watch = NULL;
		pthread_mutex_unlock(&w->lock);
		client_watch_stop(old);
		err *e = begin(s, NODE_NOTHING);

		pthread_mutex_lock(&w->lock);
		if (e) {
			s->ended = true;
			s->again = clock_after(clock_mono(), AGAIN);
		}
		err_free(e);
	}
}

/* What is to be looked at now and then; the lock is let go meanwhile. */
static void look_around(struct waiter *w, int64_t began, bool *told)
{
	const struct relwait_options *o = w->options;
	bool slow = !*told && clock_mono() - began >= CLOCK_SECOND, given_up = false;

	restart(w);
	if (!slow && !o->give_up)
		return;
	pthread_mutex_unlock(&w->lock);
	if (slow) {
		*told = true;
		o->slow(o->slow_ctx);
	}
	if (o->give_up)
		given_up = o->give_up(o->give_up_ctx);
	pthread_mutex_lock(&w->lock);
	w->given_up |= given_up;
}

/* True when time ran out. */
static bool wait_all(struct waiter *w, int64_t deadline)
{
	int64_t began = clock_mono();
	bool late = false, told = !w->options->slow;

	pthread_mutex_lock(&w->lock);
	while (!all_done(w) && !is_canceled(w) && !late) {
		int64_t now = clock_mono(), look = now - began > 10 * LOOK ? 5 * LOOK : LOOK;
		int64_t until = deadline - now < look ? deadline - now : look;
		struct timespec at = clock_timespec(clock_wall() + (until > 0 ? until : 0));

		late = now >= deadline;
		if (late)
			break;
		pthread_cond_timedwait(&w->changed, &w->lock, &at);
		if (!all_done(w))
			look_around(w, began, &told);
	}
	pthread_mutex_unlock(&w->lock);
	return late;
}

/* ---- what is told ------------------------------------------------------ */

static err *helm_words(const struct waiter *w, bool late)
{
	bool gone = w->options->what == RELWAIT_GONE;
	err *all = NULL;

	for (size_t i = 0; i < w->n; i++) {
		const struct watched *s = &w->all[i];
		str status = health_name(s->status);

		if (s->skip || s->status == (gone ? HEALTH_NOT_FOUND : HEALTH_CURRENT))
			continue;
		all = relobj_join(all,
				  err_new(ERR_TIMEOUT, "resource %.*s/%.*s/%.*s %s. status: %.*s, "
						       "message: %.*s",
					  STR_ARG(s->o->gvk.kind), STR_ARG(s->o->ns),
					  STR_ARG(s->o->name), gone ? "still exists" : "not ready",
					  STR_ARG(status), STR_ARG(s->message)),
				  "\n");
	}
	if (is_canceled(w))
		return relobj_join(all, err_new(ERR_CANCELED, "context canceled"), "\n");
	if (late)
		return relobj_join(all, err_new(ERR_TIMEOUT, "context deadline exceeded"), "\n");
	return all;
}

/* Flux waits for one after the other to be gone. */
static err *flux_words_of_gone(const struct waiter *w)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	if (is_canceled(w))
		return err_new(ERR_CANCELED, "context canceled");
	for (size_t i = 0; i < w->n; i++) {
		const struct watched *s = &w->all[i];
		str id = relobj_id(&a, s->o);

		if (!s->skip && s->status != HEALTH_NOT_FOUND)
			return err_new(ERR_TIMEOUT,
				       "%.*s termination timeout: context deadline exceeded",
				       STR_ARG(id));
	}
	return NULL;
}

static err *flux_words(const struct waiter *w, bool late)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < w->n; i++) {
		const struct watched *s = &w->all[i];
		str id = relobj_id(&a, s->o), status = health_name(s->status);

		if (s->skip || s->status == HEALTH_CURRENT)
			continue;
		if (!late && s->status != HEALTH_FAILED)
			continue;
		buf_addf(&b, "%s%.*s status: '%.*s'", b.n ? ", " : "", STR_ARG(id),
			 STR_ARG(status));
		if (s->status == HEALTH_UNKNOWN && s->message.n)
			buf_addf(&b, ": %.*s", STR_ARG(s->message));
	}
	if (is_canceled(w))
		return err_new(ERR_CANCELED, "context canceled");
	if (!b.n)
		return late ? err_new(ERR_TIMEOUT, "context deadline exceeded") : NULL;
	return late ? err_new(ERR_TIMEOUT, "timeout waiting for: [%s]", buf_c(&b))
		    : err_new(ERR_INVALID, "failed early due to stalled resources: [%s]", buf_c(&b));
}

static err *legacy_failure(const struct watched *s)
{
	str name = s->o->name, message = s->message, reason;
	const struct notices *to = s->w->options->notices;

	if (str_eq(s->o->gvk.kind, S("Pod"))) {
		notice(to, NOTICE_ERROR, S("pod failed"), { "pod", name });
		return err_new(ERR_INVALID, "%.*s", STR_ARG(message));
	}
	reason = str_from(message, str_find(message, S(": ")) + 2);
	notice(to, NOTICE_ERROR, S("job failed"), { "job", name }, { "reason", reason });
	return err_new(ERR_INVALID, "%.*s", STR_ARG(message));
}

static err *legacy_words(const struct waiter *w, bool late)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->all[i].status == HEALTH_FAILED)
			return legacy_failure(&w->all[i]);
	if (is_canceled(w))
		return err_new(ERR_CANCELED, "context canceled");
	return late ? err_new(ERR_TIMEOUT, "timed out waiting for the condition") : NULL;
}

static bool is_paused(const struct relobj *o)
{
	return str_eq(o->gvk.group, S("apps")) && str_eq(o->gvk.kind, S("Deployment")) &&
	       node_bool(node_dig(o->object, "spec", "paused"));
}

static err *run(struct waiter *w)
{
	int64_t span = w->options->timeout ? w->options->timeout : DEFAULT_TIMEOUT;
	int64_t deadline = clock_after(clock_mono(), span);
	bool late, gone = w->options->what == RELWAIT_GONE;

	for (size_t i = 0; i < w->n; i++)
		if (!w->all[i].skip)
			TRY(begin(&w->all[i], gone ? NODE_NOTHING : w->all[i].o->live));
	late = wait_all(w, deadline);
	pthread_mutex_lock(&w->lock);
	bool flux = w->options->flux_words;
	err *e = is_legacy_hook(w->options) ? legacy_words(w, late)
		 : flux && gone		    ? flux_words_of_gone(w)
		 : flux			    ? flux_words(w, late)
					    : helm_words(w, late);

	pthread_mutex_unlock(&w->lock);
	return e;
}

static void prepare(struct waiter *w, const struct relobj_list *l)
{
	enum relwait_for what = w->options->what;

	w->n = l->n;
	for (size_t i = 0; i < l->n; i++) {
		const struct relobj *o = &l->p[i];

		w->all[i] = (struct watched){
			.w = w,
			.o = o,
			.status = HEALTH_UNKNOWN,
			.live = is_seen(w, o),
			.skip = what != RELWAIT_GONE && what != RELWAIT_HOOK && is_paused(o),
		};
	}
}

err *relwait(const struct relcluster *c, const struct relobj_list *l,
	     const struct relwait_options *o)
{
	if (o->legacy && o->what != RELWAIT_HOOK)
		return rellegacy_wait(c, l, o);
	struct waiter w = { .c = c, .options = o, .all = mem_calloc(l->n + 1, sizeof *w.all) };
	struct live_listener listener = { .on_event = on_live, .ctx = &w };

	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.changed, NULL);
	prepare(&w, l);
	if (c->live)
		live_listen(c->live, &listener);
	err *e = run(&w);

	if (c->live)
		live_unlisten(c->live, &listener);
	for (size_t i = 0; i < w.n; i++) {
		client_watch_stop(w.all[i].watch);
		arena_release(&w.all[i].mem);
	}
	pthread_cond_destroy(&w.changed);
	pthread_mutex_destroy(&w.lock);
	free(w.all);
	return e;
}
