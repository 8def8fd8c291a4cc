#include "controllers/event.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/map.h"
#include "base/owned.h"
#include "base/vec.h"
#include "text/gotime.h"
#include "value/json.h"

/* client-go's correlator. */
enum { SIMILAR_MAX = 10, SPAM_BURST = 25 };
#define SIMILAR_SPAN (600 * CLOCK_SECOND)
#define SPAM_REFILL (300 * CLOCK_SECOND)

/* Of events that found no room. */
#define DROPPED_WORD (10 * CLOCK_SECOND)

/* The notification controller's client. */
#define POST_TIMEOUT (5 * CLOCK_SECOND)
enum { POST_TRIES = 3 };

/* One event on its way; one allocation with its texts. */
struct item {
	enum event_type type;
	str reason, message, component;
	str api_version, kind, namespace, name, uid, resource_version;
	const str *meta;
	size_t meta_n;
	int64_t time;			/* nanoseconds since 1970 */
};

struct lane {
	struct events *events;
	void (*send)(struct events *e, struct item *i);
	pthread_t thread;
	pthread_cond_t changed;
	VEC(struct item *) queue;
	size_t first;
	uint64_t dropped, told;		/* as there was no room; of those, how many the log has */
	int64_t next_word;		/* not before that the log hears of more */
};

/* What was told: by the whole text, to count. */
struct told {
	str key;			/* owned, with the rest */
	str name;			/* of the Event */
	uint64_t count;
	int64_t first;			/* firstTimestamp */
	char text[];
};

/* What is similar: all but the text. */
struct similar {
	int64_t last;
	size_t n;
	uint64_t texts[SIMILAR_MAX - 1];	/* hashes of the different ones */
	double tokens;			/* of the object's spam filter */
	int64_t refilled;
	char key[];
};

struct events {
	struct events_options o;
	char host[256];
	pthread_mutex_t lock;
	struct lane api, post;
	bool stopping;
	int64_t until;			/* of what is left */
	atomic_bool cancel;
	bool unheard;			/* of the post lane's thread: the last one was lost */
	/* of the api lane's thread */
	struct map told, similar, spam;
};

static const struct client_resource events_resource = { STR_NONE, S("v1"), S("events"), S("Event"),
							true };

/* ---- lanes --------------------------------------------------------------------- */

static void *run_lane(void *arg)
{
	struct lane *l = arg;
	struct events *e = l->events;

	pthread_mutex_lock(&e->lock);
	for (;;) {
		while (l->first == l->queue.n && !e->stopping)
			pthread_cond_wait(&l->changed, &e->lock);
		if (l->first == l->queue.n)
			break;
		struct item *i = l->queue.p[l->first++];

		if (l->first == l->queue.n)
			l->first = l->queue.n = 0;
		bool late = e->stopping && clock_mono() > e->until;

		pthread_mutex_unlock(&e->lock);
		if (!late)
			l->send(e, i);
		free(i);
		pthread_mutex_lock(&e->lock);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

static struct item *copy(const struct event *ev)
{
	node meta = node_get(ev->object, S("metadata"));
	struct item i = {
		.type = ev->type,
		.reason = ev->reason,
		.message = ev->message,
		.component = ev->component,
		.api_version = node_str(node_get(ev->object, S("apiVersion"))),
		.kind = node_str(node_get(ev->object, S("kind"))),
		.namespace = node_str(node_get(meta, S("namespace"))),
		.name = node_str(node_get(meta, S("name"))),
		.uid = node_str(node_get(meta, S("uid"))),
		.resource_version = node_str(node_get(meta, S("resourceVersion"))),
		.meta_n = ev->meta_n,
		.time = clock_wall(),
	};
	str *const texts[] = { &i.reason, &i.message, &i.component, &i.api_version, &i.kind,
			       &i.namespace, &i.name, &i.uid, &i.resource_version };
	size_t fixed = sizeof i + ev->meta_n * sizeof(str), n = 0;

	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
		n += texts[t]->n;
	for (size_t m = 0; m < ev->meta_n; m++)
		n += ev->meta[m].n;
	struct item *out = mem_alloc(fixed + n);
	str *pairs = (str *)(out + 1);
	char *to = (char *)out + fixed;

	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
		*texts[t] = owned_put(&to, *texts[t]);
	for (size_t m = 0; m < ev->meta_n; m++)
		pairs[m] = owned_put(&to, ev->meta[m]);
	i.meta = pairs;
	*out = i;
	return out;
}

/* One line for the first that is lost, and one every so often for those after it. */
static uint64_t to_tell(struct lane *l)
{
	int64_t now = clock_mono();

	l->dropped++;
	if (now < l->next_word)
		return 0;
	uint64_t n = l->dropped - l->told;

	l->told = l->dropped;
	l->next_word = now + DROPPED_WORD;
	return n;
}

static void put(struct events *e, struct lane *l, const struct event *ev)
{
	struct item *i = copy(ev);
	uint64_t lost = 0;

	pthread_mutex_lock(&e->lock);
	bool full = e->stopping || l->queue.n - l->first >= EVENTS_QUEUE_MAX;

	if (full) {
		lost = to_tell(l);
	} else {
		if (l->first && l->queue.n == l->queue.cap) {
			memmove(l->queue.p, l->queue.p + l->first,
				(l->queue.n - l->first) * sizeof *l->queue.p);
			l->queue.n -= l->first;
			l->first = 0;
		}
		vec_push(&l->queue, i);
	}
	pthread_mutex_unlock(&e->lock);
	/* Now that the lock is free, so that who wakes need not wait for it. */
	if (!full)
		pthread_cond_signal(&l->changed);
	if (lost)
		log_error(NULL, NULL, S("unable to record event: too many queued events, dropped event"),
			  log_str("reason", i->reason), log_ref("object", i->namespace, i->name),
			  log_int("dropped", (int64_t)lost));
	if (full)
		free(i);
}

void events_metrics(struct events *e, struct buf *out)
{
	const struct lane *const lanes[] = { &e->api, &e->post };
	static const char *const ways[] = { "api", "post" };
	size_t n = e->o.address.n ? 2 : 1;

	pthread_mutex_lock(&e->lock);
	buf_add(out, S("# HELP rill_events_queued Events that are to be sent.\n"
		       "# TYPE rill_events_queued gauge\n"));
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "rill_events_queued{way=\"%s\"} %zu\n", ways[i],
			 lanes[i]->queue.n - lanes[i]->first);
	buf_add(out, S("# HELP rill_events_dropped_total Events that found no room.\n"
		       "# TYPE rill_events_dropped_total counter\n"));
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "rill_events_dropped_total{way=\"%s\"} %llu\n", ways[i],
			 (unsigned long long)lanes[i]->dropped);
	pthread_mutex_unlock(&e->lock);
}

void events_add(struct events *e, const struct event *ev)
{
	put(e, &e->api, ev);
	if (e->o.address.n && ev->type != EVENT_TRACE)
		put(e, &e->post, ev);
}

/* ---- the events API -------------------------------------------------------------- */

static str time_text(struct arena *a, int64_t ns)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(ns / CLOCK_SECOND, ns % CLOCK_SECOND), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

static void free_values(struct map *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->entries[i].value);
	map_release(m);
}

/* Forget all rather than grow: what is forgotten is told as new. */
static void bound(struct map *m)
{
	if (m->n >= EVENTS_KNOWN_MAX) {
		free_values(m);
		*m = (struct map)MAP_INIT;
	}
}

static struct similar *need_similar(struct map *m, str key)
{
	struct similar *s = map_get(m, key);

	if (s)
		return s;
	bound(m);
	s = mem_calloc(1, sizeof *s + key.n + 1);
	memcpy(s->key, key.p, key.n);
	s->tokens = SPAM_BURST;
	s->refilled = clock_mono();
	map_set(m, str_of(s->key, key.n), s);
	return s;
}

static uint64_t hash_text(str s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

/* Whether so many different texts of one sort have come that they are told as one. */
static bool is_too_similar(struct events *e, str key, str message)
{
	struct similar *s = need_similar(&e->similar, key);
	int64_t now = clock_mono();
	uint64_t h = hash_text(message);

	if (now - s->last > SIMILAR_SPAN)
		s->n = 0;
	s->last = now;
	for (size_t i = 0; i < s->n; i++)
		if (s->texts[i] == h)
			return false;
	if (s->n == SIMILAR_MAX - 1)	/* what is told already keeps its own count */
		return true;
	s->texts[s->n++] = h;
	return false;
}

static bool is_spam(struct events *e, str key)
{
	struct similar *s = need_similar(&e->spam, key);
	int64_t now = clock_mono();

	s->tokens += (double)(now - s->refilled) / (double)SPAM_REFILL;
	s->refilled = now;
	if (s->tokens > SPAM_BURST)
		s->tokens = SPAM_BURST;
	if (s->tokens < 1)
		return true;
	s->tokens -= 1;
	return false;
}

static const char *type_name(enum event_type t)
{
	return t == EVENT_WARNING ? "Warning" : "Normal";
}

static node involved(struct arena *a, const struct item *i)
{
	node o = node_map(a, 6);

	node_set(a, o, S("kind"), node_from_str(a, i->kind));
	node_set(a, o, S("namespace"), node_from_str(a, i->namespace));
	node_set(a, o, S("name"), node_from_str(a, i->name));
	node_set(a, o, S("uid"), node_from_str(a, i->uid));
	node_set(a, o, S("apiVersion"), node_from_str(a, i->api_version));
	node_set(a, o, S("resourceVersion"), node_from_str(a, i->resource_version));
	return o;
}

static node meta_map(struct arena *a, const struct item *i)
{
	node m = node_map(a, i->meta_n / 2);

	for (size_t n = 0; n + 1 < i->meta_n; n += 2)
		node_set(a, m, i->meta[n], node_from_str(a, i->meta[n + 1]));
	return m;
}

/* One that stands for many has, as client-go makes it, neither annotations nor a reporter. */
static node event_node(struct arena *a, const struct item *i, str name, str message, bool combined)
{
	node ev = node_map(a, 16), meta = node_map(a, 3), source = node_map(a, 1);
	node time = node_from_str(a, time_text(a, i->time));

	node_set(a, meta, S("name"), node_from_str(a, name));
	node_set(a, meta, S("namespace"),
		 node_from_str(a, i->namespace.n ? i->namespace : S("default")));
	if (i->meta_n && !combined)
		node_set(a, meta, S("annotations"), meta_map(a, i));
	node_set(a, source, S("component"), node_from_str(a, i->component));
	node_set(a, ev, S("apiVersion"), node_lit("v1"));
	node_set(a, ev, S("kind"), node_lit("Event"));
	node_set(a, ev, S("metadata"), meta);
	node_set(a, ev, S("involvedObject"), involved(a, i));
	node_set(a, ev, S("reason"), node_from_str(a, i->reason));
	node_set(a, ev, S("message"), node_from_str(a, message));
	node_set(a, ev, S("source"), source);
	node_set(a, ev, S("firstTimestamp"), time);
	node_set(a, ev, S("lastTimestamp"), time);
	node_set(a, ev, S("count"), node_from_int(1));
	node_set(a, ev, S("type"), node_from_str(a, str_c(type_name(i->type))));
	node_set(a, ev, S("reportingComponent"),
		 combined ? node_lit("") : node_from_str(a, i->component));
	node_set(a, ev, S("reportingInstance"), node_lit(""));
	return ev;
}

static void say_lost(const struct item *i, err *e)
{
	log_error(NULL, e, S("unable to record event"), log_str("reason", i->reason),
		  log_ref("object", i->namespace, i->name));
	err_free(e);
}

/* The same again: raise the count. False when the Event is not there any more. */
static bool raise_count(struct events *e, struct arena *a, const struct item *i, struct told *t,
			str message)
{
	node patch = node_map(a, 3);
	const struct client_patch_options o = { .type = CLIENT_PATCH_MERGE,
						.manager = i->component };

	node_set(a, patch, S("count"), node_from_uint(t->count + 1));
	node_set(a, patch, S("lastTimestamp"), node_from_str(a, time_text(a, i->time)));
	node_set(a, patch, S("message"), node_from_str(a, message));
	err *failed = client_patch(e->o.client, a, &events_resource,
				   i->namespace.n ? i->namespace : S("default"), t->name, patch, &o,
				   NULL);

	if (!failed) {
		t->count++;
		return true;
	}
	bool missing = err_kind(failed) == ERR_NOT_FOUND;

	if (missing)
		err_free(failed);
	else
		say_lost(i, failed);
	return !missing;
}

static void remember(struct events *e, str key, str name)
{
	struct told *t = map_get(&e->told, key);

	if (t) {			/* its Event was deleted */
		map_remove(&e->told, key);
		free(t);
	}
	bound(&e->told);
	t = mem_calloc(1, sizeof *t + key.n + name.n);
	memcpy(t->text, key.p, key.n);
	memcpy(t->text + key.n, name.p, name.n);
	t->key = str_of(t->text, key.n);
	t->name = str_of(t->text + key.n, name.n);
	t->count = 1;
	map_set(&e->told, t->key, t);
}

static void send_api(struct events *e, struct item *i)
{
	CLEANUP(arena_release) struct arena mem = ARENA_INIT;
	struct arena *a = &mem;
	str who = arena_cat(a, i->component, S("\n"), i->api_version, S("\n"), i->kind, S("\n"),
			    i->namespace, S("\n"), i->name, S("\n"), i->uid);
	str sort = arena_cat(a, who, S("\n"), str_c(type_name(i->type)), S("\n"), i->reason);
	str message = i->message;
	str key = arena_cat(a, sort, S("\n"), message);

	bool combined = is_too_similar(e, sort, message);

	if (combined) {
		message = arena_cat(a, S("(combined from similar events): "), message);
		key = sort;
	}
	struct told *t = map_get(&e->told, key);

	if (is_spam(e, who)) {
		if (t)
			t->count++;	/* the next that is told tells of all */
		return;
	}
	if (t && raise_count(e, a, i, t, message))
		return;
	str name = arena_printf(a, "%.*s.%llx", STR_ARG(i->name), (unsigned long long)i->time);
	err *failed = client_create(e->o.client, a, &events_resource,
				    event_node(a, i, name, message, combined), i->component, NULL);

	if (failed)
		say_lost(i, failed);
	else
		remember(e, key, name);
}

/* ---- the notification controller -------------------------------------------------- */

static err *post_text(struct events *e, struct item *i, struct buf *out)
{
	CLEANUP(arena_release) struct arena mem = ARENA_INIT;
	struct arena *a = &mem;
	node body = node_map(a, 8);

	node_set(a, body, S("involvedObject"), involved(a, i));
	node_set(a, body, S("severity"),
		 i->type == EVENT_WARNING ? node_lit("error") : node_lit("info"));
	node_set(a, body, S("timestamp"), node_from_str(a, time_text(a, i->time)));
	node_set(a, body, S("message"), node_from_str(a, i->message));
	node_set(a, body, S("reason"), node_from_str(a, i->reason));
	if (i->meta_n)
		node_set(a, body, S("metadata"), meta_map(a, i));
	node_set(a, body, S("reportingController"), node_from_str(a, i->component));
	node_set(a, body, S("reportingInstance"), node_from_str(a, str_c(e->host)));
	return json_write(out, body, &(struct json_style){ .source_order = true });
}

/* `*again`: it may go better next time. */
static err *post(struct events *e, str body, bool *again)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	const struct net_header type = { S("Content-Type"), S("application/json") };
	const struct net_request q = {
		.method = S("POST"),
		.url = e->o.address,
		.headers = &type,
		.headers_n = 1,
		.body = body,
		.timeout = POST_TIMEOUT,
		.addresses = NET_ANY_ADDRESS,
		.cancel = &e->cancel,
	};

	*again = true;
	TRY(net_do(e->o.net, &q, &r));
	*again = r.status >= 500;
	if (r.status / 100 == 2 || r.status == 429)	/* 429: it is a duplicate */
		return NULL;
	return err_new(ERR_UNAVAILABLE, "%.*s: unexpected status %d", STR_ARG(e->o.address),
		       r.status);
}

/* Where there is no notification controller, the log says so once, and nothing is
 * tried twice, until one hears. */
static void send_post(struct events *e, struct item *i)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *failed = post_text(e, i, &b);
	bool again = !failed;

	for (unsigned n = 0; n < (e->unheard ? 1 : POST_TRIES) && again; n++) {
		if (n) {
			struct timespec t = clock_timespec((int64_t)n * CLOCK_SECOND);

			nanosleep(&t, NULL);
		}
		err_free(failed);
		failed = post(e, buf_str(&b), &again);
		if (!failed) {
			e->unheard = false;
			return;
		}
	}
	if (e->unheard)
		err_free(failed);
	else
		say_lost(i, failed);
	e->unheard = again;		/* else it is this one that is refused */
}

/* ---- making ---------------------------------------------------------------------- */

static void start(struct events *e, struct lane *l, void (*send)(struct events *, struct item *))
{
	l->events = e;
	l->send = send;
	pthread_cond_init(&l->changed, NULL);
	if (pthread_create(&l->thread, NULL, run_lane, l))
		die_bug("pthread_create failed");
}

struct events *events_new(const struct events_options *o)
{
	struct events *e = mem_calloc(1, sizeof *e);

	e->o = *o;
	if (gethostname(e->host, sizeof e->host - 1))
		e->host[0] = 0;
	pthread_mutex_init(&e->lock, NULL);
	start(e, &e->api, send_api);
	if (o->address.n)
		start(e, &e->post, send_post);
	return e;
}

static void stop(struct lane *l)
{
	pthread_join(l->thread, NULL);
	pthread_cond_destroy(&l->changed);
	vec_release(&l->queue);
}

void events_free(struct events *e, int64_t grace)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	e->until = clock_after(clock_mono(), grace);
	pthread_cond_signal(&e->api.changed);
	if (e->o.address.n)
		pthread_cond_signal(&e->post.changed);
	pthread_mutex_unlock(&e->lock);
	atomic_store(&e->cancel, grace == 0);
	stop(&e->api);
	if (e->o.address.n)
		stop(&e->post);
	free_values(&e->told);
	free_values(&e->similar);
	free_values(&e->spam);
	pthread_mutex_destroy(&e->lock);
	free(e);
}
