#include "server/minder.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/map.h"
#include "base/queue.h"
#include "server/status.h"
#include "value/json.h"

/* Changes that are taken at once, and how long what fails waits: doubled each time. */
enum { EVENTS_AT_ONCE = 256, CONTROLLERS_MAX = 32, TABLES_MAX = 4096 };
#define RETRY_FIRST (50 * CLOCK_MS)
#define RETRY_LAST (30 * CLOCK_SECOND)

struct task {
	const struct controller *controller;
	struct minder_key key;		/* in `text` */
	char *text;
	str id;				/* controller and key, in `text` */
	struct queue_place place;
	size_t tries;
};

struct minder {
	struct server *server;
	pthread_t thread;
	bool no_sim;
	uint64_t seen;			/* the last change that was shown */
	struct queue queue;		/* of tasks */
	struct map by_id;		/* the same */
	void *own[CONTROLLERS_MAX];

	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t woken;
	bool wake, stop;
};

struct server *minder_server(struct minder *m)
{
	return m->server;
}

static size_t row_of(const struct controller *c)
{
	size_t i = 0;

	while (controllers_all[i] != c)
		i++;
	return i;
}

void **minder_own(struct minder *m, const struct controller *c)
{
	return &m->own[row_of(c)];
}

/* ---- tasks ------------------------------------------------------------- */

static struct task *task_new(const struct controller *c, const struct minder_key *key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct task *t = mem_calloc(1, sizeof *t);
	size_t n;

	buf_addf(&b, "%zu/%.*s/%.*s/%.*s", row_of(c), STR_ARG(key->namespace),
		 STR_ARG(key->name), STR_ARG(key->more));
	size_t row = str_find_char(buf_str(&b), '/') + 1;

	t->controller = c;
	t->text = buf_detach(&b, &n);
	t->id = str_of(t->text, n);
	t->key.namespace = str_of(t->text + row, key->namespace.n);
	t->key.name = str_of(t->text + row + key->namespace.n + 1, key->name.n);
	t->key.more = str_of(t->text + row + key->namespace.n + key->name.n + 2, key->more.n);
	return t;
}

static void task_free(struct task *t)
{
	free(t->text);
	free(t);
}

void minder_need(struct minder *m, const struct controller *c, const struct minder_key *key,
		 int64_t delay)
{
	struct task *t = task_new(c, key);
	struct task *there = map_get(&m->by_id, t->id);

	if (there) {
		task_free(t);
		t = there;
	} else {
		map_set(&m->by_id, t->id, t);
	}
	queue_put(&m->queue, &t->place, clock_after(clock_mono(), delay));
}

/* The task that is due first, taken out; NULL: none is due. */
static struct task *take_due(struct minder *m)
{
	struct queue_place *p = queue_take(&m->queue, clock_mono());

	if (!p)
		return NULL;
	struct task *t = (struct task *)((char *)p - offsetof(struct task, place));

	map_remove(&m->by_id, t->id);
	return t;
}

static void run_task(struct minder *m, struct task *t)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call c = { m, m->server, &a, t->key, t->tries };
	err *e = t->controller->run(&c, t->controller);

	if (e) {
		int64_t delay = RETRY_FIRST;

		for (size_t i = 0; i < t->tries && delay < RETRY_LAST; i++)
			delay *= 2;
		log_debug(NULL, S("controller failed"),
			  log_str("controller", str_c(t->controller->name)),
			  log_str("name", t->key.name), log_str("error", err_text(e)));
		err_free(e);
		minder_need(m, t->controller, &t->key, delay);
		struct task *again = map_get(&m->by_id, t->id);

		again->tries = t->tries + 1;
	}
	task_free(t);
}

/* ---- changes ----------------------------------------------------------- */

static void show(struct minder *m, const struct store_event *e)
{
	for (const struct controller *const *c = controllers_all; *c; c++)
		if ((*c)->sees && !((*c)->workloads && m->no_sim))
			(*c)->sees(m, *c, e);
}

static void show_all(struct minder *m)
{
	struct store *s = server_store(m->server);
	struct store_table **tables = mem_calloc(TABLES_MAX, sizeof *tables);
	size_t n = store_tables(s, tables, TABLES_MAX);

	m->seen = store_rv(s);
	for (size_t i = 0; i < n; i++) {
		struct store_list list;

		if (store_list(s, tables[i], &(struct store_range){ 0 }, &list) != STORE_OK)
			continue;
		for (size_t j = 0; j < list.n; j++)
			show(m, &(struct store_event){ .rv = list.p[j]->rv,
						       .table = tables[i],
						       .change = STORE_ADDED,
						       .now = list.p[j] });
		store_list_release(&list);
	}
	free(tables);
}

static void take_changes(struct minder *m)
{
	struct store *s = server_store(m->server);
	struct store_event events[EVENTS_AT_ONCE];
	size_t n;

	do {
		uint64_t upto;
		enum store_found found =
			store_events(s, NULL, m->seen, events, EVENTS_AT_ONCE, &n, &upto);

		if (found != STORE_OK) {
			show_all(m);
			return;
		}
		m->seen = upto;
		for (size_t i = 0; i < n; i++) {
			show(m, &events[i]);
			store_event_release(&events[i]);
		}
	} while (n == EVENTS_AT_ONCE);
}

/* ---- the thread -------------------------------------------------------- */

static bool wait_for_more(struct minder *m, int64_t until)
{
	struct timespec t = clock_timespec(until);

	pthread_mutex_lock(&m->lock);
	while (!m->wake && !m->stop) {
		if (until == INT64_MAX)
			pthread_cond_wait(&m->woken, &m->lock);
		else if (pthread_cond_timedwait(&m->woken, &m->lock, &t) != 0)
			break;
	}
	m->wake = false;
	bool go_on = !m->stop;

	pthread_mutex_unlock(&m->lock);
	return go_on;
}

static bool is_stopped(struct minder *m)
{
	pthread_mutex_lock(&m->lock);
	bool stop = m->stop;

	pthread_mutex_unlock(&m->lock);
	return stop;
}

static void *mind(void *ctx)
{
	struct minder *m = ctx;

	show_all(m);
	do {
		struct task *t;

		take_changes(m);
		while (!is_stopped(m) && (t = take_due(m))) {
			run_task(m, t);
			take_changes(m);
		}
	} while (wait_for_more(m, queue_next(&m->queue)));
	return NULL;
}

static void wake(void *ctx)
{
	struct minder *m = ctx;

	pthread_mutex_lock(&m->lock);
	m->wake = true;
	pthread_cond_signal(&m->woken);
	pthread_mutex_unlock(&m->lock);
}

static err *minder_open(struct server *s, const struct server_options *o)
{
	struct minder *m = mem_calloc(1, sizeof *m);
	pthread_condattr_t mono;

	m->server = s;
	m->no_sim = o->no_sim;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&m->woken, &mono);
	pthread_condattr_destroy(&mono);
	server_part_set(s, SERVER_PART_SIM, m);
	server_follow(s, wake, m);
	if (pthread_create(&m->thread, NULL, mind, m))
		die_bug("pthread_create failed");
	return NULL;
}

static void minder_close(struct server *s)
{
	struct minder *m = server_part(s, SERVER_PART_SIM);

	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_signal(&m->woken);
	pthread_mutex_unlock(&m->lock);
	pthread_join(m->thread, NULL);
	server_follow(s, NULL, NULL);
	for (const struct controller *const *c = controllers_all; *c; c++)
		if ((*c)->close)
			(*c)->close(m);
	for (size_t i = 0; i < m->by_id.n; i++)
		task_free(m->by_id.entries[i].value);
	queue_release(&m->queue);
	map_release(&m->by_id);
	pthread_cond_destroy(&m->woken);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

const struct hooks minder_hooks = { .open = minder_open, .close = minder_close };

/* ---- for controllers --------------------------------------------------- */

bool minder_is(const struct store_event *e, const char *group_plural)
{
	return str_eq(store_table_name(e->table), str_c(group_plural));
}

node minder_get(struct minder_call *c, str group, str plural, str namespace, str name)
{
	struct store *s = server_store(c->server);
	CLEANUP(blob_drop)
	struct blob *b = store_get(s, store_table(s, group, plural), namespace, name);

	return b ? node_copy_all(c->arena, blob_tree(c->arena, b)) : NODE_NOTHING;
}

node minder_list(struct minder_call *c, str group, str plural, str namespace)
{
	return minder_pick(c, group, plural, namespace, NULL, NULL);
}

node minder_pick(struct minder_call *c, str group, str plural, str namespace,
		 bool (*fits)(const struct blob *b, const void *what), const void *what)
{
	struct store *s = server_store(c->server);
	struct store_list list;
	node all = node_seq(c->arena, 8);

	if (store_list(s, store_table(s, group, plural),
		       &(struct store_range){ .namespace = namespace }, &list) != STORE_OK)
		return all;
	for (size_t i = 0; i < list.n; i++)
		if (!fits || fits(list.p[i], what))
			node_append(c->arena, all,
				    node_copy_all(c->arena, blob_tree(c->arena, list.p[i])));
	store_list_release(&list);
	return all;
}

bool minder_is_leaving(const struct blob *b, const void *what)
{
	(void)what;
	return blob_meta(b, S("deletionTimestamp")).n;
}

err *minder_write(struct minder_call *c, const struct minder_write *w, node *out)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct server_answer answer;

	if (!node_is(w->body, NODE_NONE))
		TRY(json_write(&body, w->body, NULL));
	server_call(c->server, c->arena,
		    &(struct server_ask){ .method = w->method,
					  .path = w->path,
					  .type = w->type,
					  .agent = str_c(w->agent),
					  .body = buf_str(&body) },
		    &answer);
	if (answer.code >= 300) {
		err *e = err_new(answer.code == 404 ? ERR_NOT_FOUND : ERR_CONFLICT, "%d: %.*s",
				 answer.code, STR_ARG(answer.body));

		err_set_code(e, answer.code);
		return e;
	}
	return out ? json_read(c->arena, answer.body, NULL, out) : NULL;
}

str minder_path(struct arena *a, const char *api_version, str plural, str namespace, str name,
		str sub)
{
	str version = str_c(api_version);
	bool core = str_find_char(version, '/') == STR_NPOS;

	return arena_cat(a, core ? S("/api/") : S("/apis/"), version,
			 namespace.n ? S("/namespaces/") : STR_NONE, namespace, S("/"), plural,
			 name.n ? S("/") : STR_NONE, name, sub.n ? S("/") : STR_NONE, sub);
}

err *minder_unless_gone(err *e)
{
	if (!e || err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	return NULL;
}

err *minder_refusal(struct arena *a, err *e)
{
	str text = err_text(e);
	size_t brace = str_find_char(text, '{');
	node status = NODE_NOTHING;

	if (brace == STR_NPOS)
		return e;
	err_free(json_read(a, arena_str(a, str_from(text, brace)), NULL, &status));
	str message = node_str(node_get(status, S("message")));

	if (!message.n)
		return e;
	err *said = err_new(err_kind(e), "%.*s", STR_ARG(message));

	err_set_code(said, err_code(e));
	err_free(e);
	return said;
}
