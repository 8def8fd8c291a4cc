#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/sort.h"
#include "server/store_impl.h"

/* ---- tables ------------------------------------------------------------ */

static struct store_table *find_table(struct store *s, str name)
{
	for (size_t i = 0; i < s->tables.n; i++)
		if (str_eq(s->tables.p[i]->name, name))
			return s->tables.p[i];
	return NULL;
}

/* The same, of a name that nobody has put together. */
static struct store_table *find_table_of(struct store *s, str group, str plural)
{
	size_t n = group.n + 1 + plural.n;

	for (size_t i = 0; i < s->tables.n; i++) {
		str name = s->tables.p[i]->name;

		if (name.n == n && name.p[group.n] == '/' && str_ends(name, plural) &&
		    str_starts(name, group))
			return s->tables.p[i];
	}
	return NULL;
}

struct store_table *store_table_named(struct store *s, str name)
{
	pthread_mutex_lock(&s->m);
	struct store_table *t = find_table(s, name);

	if (!t) {
		char *copy = mem_alloc(name.n + 1);

		memcpy(copy, name.p, name.n);
		copy[name.n] = 0;
		t = mem_calloc(1, sizeof *t);
		t->name = str_of(copy, name.n);
		vec_push(&s->tables, t);
	}
	pthread_mutex_unlock(&s->m);
	return t;
}

struct store_table *store_table(struct store *s, str group, str plural)
{
	pthread_mutex_lock(&s->m);
	struct store_table *t = find_table_of(s, group, plural);

	pthread_mutex_unlock(&s->m);
	if (t)
		return t;
	CLEANUP(buf_release) struct buf name = BUF_INIT;

	buf_addf(&name, "%.*s/%.*s", STR_ARG(group), STR_ARG(plural));
	return store_table_named(s, buf_str(&name));
}

str store_table_name(const struct store_table *t)
{
	return t->name;
}

uint64_t store_changed(const struct store_table *t)
{
	return t->changed;
}

size_t store_count(struct store *s, struct store_table *t)
{
	pthread_mutex_lock(&s->m);
	size_t n = t->set.count;

	pthread_mutex_unlock(&s->m);
	return n;
}

size_t store_tables(struct store *s, struct store_table **out, size_t cap)
{
	pthread_mutex_lock(&s->m);
	size_t n = s->tables.n < cap ? s->tables.n : cap;

	if (n)
		memcpy(out, s->tables.p, n * sizeof *out);
	pthread_mutex_unlock(&s->m);
	return n;
}

/* ---- the past ---------------------------------------------------------- */

size_t store_past_find(struct store *s, uint64_t rv)
{
	size_t lo = 0, hi = s->past_n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (store_past_at(s, mid)->event.rv <= rv)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t dead_bytes(const struct store_event *e)
{
	size_t n = e->before ? e->before->json_n + sizeof *e->before : 0;

	return e->change == STORE_DELETED ? n + e->now->json_n + sizeof *e->now : n;
}

static void grow_past(struct store *s)
{
	size_t cap = s->past_cap ? s->past_cap * 2 : 256;
	struct store_past *p = mem_calloc(cap, sizeof *p);

	for (size_t i = 0; i < s->past_n; i++)
		p[i] = *store_past_at(s, i);
	free(s->past);
	s->past = p;
	s->past_head = 0;
	s->past_cap = cap;
}

void store_past_add(struct store *s, const struct store_event *e, int64_t now)
{
	if (s->past_n == s->past_cap)
		grow_past(s);
	*store_past_at(s, s->past_n) = (struct store_past){ *e, now };
	s->past_n++;
	s->past_bytes += dead_bytes(e);
}

void store_event_release(struct store_event *e)
{
	blob_unref(e->now);
	blob_unref(e->before);
	e->now = e->before = NULL;
}

void store_past_trim(struct store *s, int64_t now)
{
	while (s->past_n) {
		struct store_past *p = store_past_at(s, 0);

		if (s->past_bytes <= s->o.history_bytes && s->past_n < STORE_HISTORY_EVENTS &&
		    now - p->time <= s->o.history_age)
			break;
		s->past_bytes -= dead_bytes(&p->event);
		s->marks.compacted = p->event.rv;
		store_event_release(&p->event);
		s->past_head = (s->past_head + 1) & (s->past_cap - 1);
		s->past_n--;
	}
}

/* ---- opening ----------------------------------------------------------- */

static struct blob *blob_of_row(const struct store_log_row *row)
{
	return blob_of(&(struct blob_parts){ .namespace = row->namespace,
					     .name = row->name,
					     .body_at = row->body_at,
					     .meta_at = row->meta_at,
					     .stamp = row->stamp },
		       row->json, row->rv);
}

static void load_row(void *ctx, const struct store_log_row *row)
{
	struct store *s = ctx;
	struct store_table *t = store_table_named(s, row->table);
	struct blob *b = blob_of_row(row), *old = objset_get(&t->set, row->namespace, row->name);

	if (row->rv > s->marks.compacted)
		store_past_add(s,
			       &(struct store_event){ .rv = row->rv,
						      .table = t,
						      .change = (enum store_change)row->change,
						      .now = blob_ref(b),
						      .before = blob_ref(old) },
			       clock_mono());
	s->rv = row->rv;
	t->changed = row->rv;
	if (row->change != STORE_DELETED)
		objset_put(&t->set, blob_ref(b));
	else if (old)
		objset_remove(&t->set, row->namespace, row->name);
	blob_unref(b);
}

err *store_mark(struct store *s)
{
	struct store_log_marks m = s->marks;

	m.compacted = store_log_marks(s->log).compacted;
	return store_log_mark(s->log, &m);
}

/* Where the numbers go on. Those reserved beyond the last row were perhaps
 * given out and lost. */
static void resume_numbers(struct store *s)
{
	if (s->rv < s->marks.compacted)
		s->rv = s->marks.compacted;
	if (s->marks.reserved <= s->rv)
		return;
	s->marks.hole_from = s->rv;
	s->marks.hole_to = s->marks.reserved;
	s->rv = s->marks.reserved;
}

static err *load(struct store *s)
{
	TRY(store_log_open(&s->log, s->o.dir, s->o.full_sync));
	s->marks = store_log_marks(s->log);
	TRY(store_log_read(s->log, load_row, s));
	store_past_trim(s, clock_mono());
	resume_numbers(s);
	s->marks.reserved = s->rv + STORE_RESERVE;
	return store_mark(s);
}

static void free_store(struct store *s)
{
	for (size_t i = 0; i < s->past_n; i++)
		store_event_release(&store_past_at(s, i)->event);
	free(s->past);
	for (size_t i = 0; i < s->tables.n; i++) {
		objset_release(&s->tables.p[i]->set);
		free((char *)s->tables.p[i]->name.p);
		free(s->tables.p[i]);
	}
	vec_release(&s->tables);
	store_log_close(s->log);
	pthread_mutex_destroy(&s->m);
	pthread_mutex_destroy(&s->queue_m);
	free(s);
}

err *store_open(struct store **out, const struct store_options *o)
{
	struct store *s = mem_calloc(1, sizeof *s);

	s->o = *o;
	if (!s->o.history_bytes)
		s->o.history_bytes = STORE_HISTORY_BYTES;
	if (!s->o.history_age)
		s->o.history_age = STORE_HISTORY_AGE;
	s->queue_end = &s->queue;
	pthread_mutex_init(&s->m, NULL);
	pthread_mutex_init(&s->queue_m, NULL);
	s->rv = 1; /* 0 means "any" to clients */
	err *e = str_eq(o->dir, S(":memory:")) ? NULL : load(s);

	if (e) {
		free_store(s);
		return e;
	}
	store_begin(s);
	*out = s;
	return NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_finish(s);
	free_store(s);
}

/* ---- reading ----------------------------------------------------------- */

uint64_t store_rv(struct store *s)
{
	pthread_mutex_lock(&s->m);
	uint64_t rv = s->rv;

	pthread_mutex_unlock(&s->m);
	return rv;
}

uint64_t store_oldest(struct store *s)
{
	pthread_mutex_lock(&s->m);
	uint64_t rv = s->marks.compacted;

	pthread_mutex_unlock(&s->m);
	return rv;
}

struct blob *store_get(struct store *s, struct store_table *t, str namespace, str name)
{
	pthread_mutex_lock(&s->m);
	struct blob *b = blob_ref(objset_get(&t->set, namespace, name));

	pthread_mutex_unlock(&s->m);
	return b;
}

static enum store_found check_number(const struct store *s, uint64_t rv)
{
	if (rv > s->rv)
		return STORE_FUTURE;
	if (rv < s->marks.compacted || (rv > s->marks.hole_from && rv < s->marks.hole_to))
		return STORE_EXPIRED;
	return STORE_OK;
}

/* The key that changed behind a number, and its state as of that number. */
struct undone {
	const struct blob *key;
	struct blob *then; /* NULL: it was not there */
};

static int cmp_undone(const void *a, const void *b, void *ctx)
{
	const struct undone *x = a, *y = b;

	(void)ctx;
	return blob_cmp_key(x->key, blob_namespace(y->key), blob_name(y->key));
}

static bool in_range(const struct store_range *r, const struct blob *b)
{
	if (r->namespace.n && !str_eq(blob_namespace(b), r->namespace))
		return false;
	return !r->after_name.n || blob_cmp_key(b, r->after_namespace, r->after_name) > 0;
}

/* All keys of the range that changed behind `at`, sorted, each once. The sort
 * is stable: the oldest change of a key comes first, and that one counts. */
static size_t changed_since(struct store *s, struct store_table *t, const struct store_range *r,
			    struct undone **out)
{
	VEC(struct undone) v = { 0 };

	for (size_t i = store_past_find(s, r->at); i < s->past_n; i++) {
		const struct store_event *e = &store_past_at(s, i)->event;

		if (e->table == t && in_range(r, e->now))
			vec_push(&v, (struct undone){ e->now, e->before });
	}
	if (v.n)
		sort_stable(v.p, v.n, sizeof *v.p, cmp_undone, NULL);
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		if (!n || cmp_undone(&v.p[n - 1], &v.p[i], NULL))
			v.p[n++] = v.p[i];
	*out = v.p;
	return n;
}

static void take(struct store_list *out, const struct store_range *r, struct blob *b, size_t *cap)
{
	if (r->limit && out->n == r->limit) {
		out->more++;
		return;
	}
	if (out->n == *cap) {
		*cap = vec_grown(*cap, out->n + 1);
		out->p = mem_realloc(out->p, *cap, sizeof *out->p);
	}
	out->p[out->n++] = blob_ref(b);
}

/* The range as it was: the current objects, with those of the changed keys
 * in the place of what is there now. */
static void list_past(struct store *s, struct store_table *t, const struct store_range *r,
		      struct objset_at at, struct objset_at end, struct store_list *out)
{
	struct undone *changed;
	size_t n = changed_since(s, t, r, &changed), i = 0, cap = 0;
	size_t left = objset_between(&t->set, at, end);

	while (left || i < n) {
		struct objset_at here = at;
		struct blob *b = left ? objset_next(&t->set, &at) : NULL;
		int c = i == n ? 1
			: !b   ? -1
			       : blob_cmp_key(changed[i].key, blob_namespace(b), blob_name(b));

		if (c > 0) {
			take(out, r, b, &cap);
			left--;
			continue;
		}
		if (c < 0)
			at = here;
		else
			left--;
		if (changed[i].then)
			take(out, r, changed[i].then, &cap);
		i++;
	}
	free(changed);
}

static void list_now(struct store_table *t, const struct store_range *r, struct objset_at at,
		     struct objset_at end, struct store_list *out)
{
	size_t total = objset_between(&t->set, at, end);

	out->n = r->limit && r->limit < total ? r->limit : total;
	out->more = total - out->n;
	out->p = out->n ? mem_calloc(out->n, sizeof *out->p) : NULL;
	for (size_t i = 0; i < out->n; i++)
		out->p[i] = blob_ref(objset_next(&t->set, &at));
}

enum store_found store_list(struct store *s, struct store_table *t, const struct store_range *r,
			    struct store_list *out)
{
	pthread_mutex_lock(&s->m);
	enum store_found found = r->at ? check_number(s, r->at) : STORE_OK;

	if (found == STORE_OK) {
		struct objset_at at = objset_seek(&t->set, r->namespace, STR_NONE);
		struct objset_at end = objset_seek_end(&t->set, r->namespace);

		if (r->after_name.n) {
			at = objset_seek(&t->set, r->after_namespace, r->after_name);
			struct objset_at here = at;
			struct blob *b = objset_next(&t->set, &here);

			if (b && !blob_cmp_key(b, r->after_namespace, r->after_name))
				at = here;
		}
		*out = (struct store_list){ .rv = r->at ? r->at : s->rv };
		if (r->at && r->at < s->rv)
			list_past(s, t, r, at, end, out);
		else
			list_now(t, r, at, end, out);
	}
	pthread_mutex_unlock(&s->m);
	return found;
}

void store_list_release(struct store_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		blob_unref(l->p[i]);
	free(l->p);
	*l = (struct store_list){ 0 };
}

enum store_found store_events(struct store *s, struct store_table *t, uint64_t after,
			      struct store_event *out, size_t cap, size_t *n, uint64_t *upto)
{
	pthread_mutex_lock(&s->m);
	enum store_found found = check_number(s, after);

	if (found == STORE_OK) {
		size_t i = store_past_find(s, after);

		*n = 0;
		*upto = s->rv;
		for (; i < s->past_n; i++) {
			const struct store_event *e = &store_past_at(s, i)->event;

			if (t && e->table != t)
				continue;
			if (*n == cap) {
				*upto = out[*n - 1].rv;
				break;
			}
			out[*n] = *e;
			blob_ref(e->now);
			blob_ref(e->before);
			(*n)++;
		}
	}
	pthread_mutex_unlock(&s->m);
	return found;
}

void store_refresh(struct store *s, struct store_table *t, const struct blob *old, struct blob *b)
{
	pthread_mutex_lock(&s->m);
	bool current = objset_get(&t->set, blob_namespace(b), blob_name(b)) == old;

	if (current)
		objset_put(&t->set, blob_ref(b));
	pthread_mutex_unlock(&s->m);
	blob_unref(b);
}
