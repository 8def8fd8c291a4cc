#include "controllers/pass.h"

#include "base/clock.h"
#include "base/rand.h"
#include "controllers/local.h"
#include "controllers/runtime_impl.h"
#include "net/patience.h"
#include "text/duration.h"
#include "value/patch.h"

/* So long a pass may be silent. */
#define PROGRESS_AFTER (2 * CLOCK_SECOND)

static struct run *run_of(struct pass *p)
{
	return (struct run *)p;
}

/* ---- status ---------------------------------------------------------------------- */

void status_set(struct pass *p, str key, node value)
{
	if (value.kind == NODE_NONE)
		node_remove(p->status, key);
	else
		node_set(p->arena, p->status, arena_str(p->arena, key), value);
}

void status_set_str(struct pass *p, str key, str value)
{
	status_set(p, key, value.n ? node_copy_str(p->arena, value) : NODE_NOTHING);
}

static err *write_status(struct run *r, node diff)
{
	struct pass *p = &r->p;
	node patch = node_map(p->arena, 1), answer;
	const struct client_patch_options o = { .type = CLIENT_PATCH_MERGE,
						.sub = S("status"),
						.manager = str_c(r->kind->c->manager) };

	node_set(p->arena, patch, S("status"), diff);
	TRY(client_patch(runtime_client(p->rt), p->arena, &r->kind->resource, p->key.namespace,
			 p->key.name, patch, &o, &answer));
	live_note(runtime_live(p->rt), &r->kind->resource, answer);
	return NULL;
}

void pass_write(struct pass *p)
{
	struct run *r = run_of(p);

	condition_sort(p);
	node diff = patch_create(p->arena, r->written, p->status);

	if (r->write_error || !node_len(diff))
		return;
	r->write_error = write_status(r, diff);
	if (!r->write_error)
		r->written = node_copy(p->arena, p->status);
}

/* ---- progress ---------------------------------------------------------------------- */

static void progress(struct pass *p, str message, bool ready, bool lasts)
{
	node now = condition_get(p, S("Ready"));
	str status = node_str(node_get(now, S("status")));

	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("Progressing"), message);
	if (ready || !status.n || str_eq(status, S("Unknown")))
		condition_set(p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"), message);
	if (lasts || clock_mono() - p->started > PROGRESS_AFTER)
		pass_write(p);
}

void pass_progress(struct pass *p, str message, bool lasts)
{
	progress(p, message, false, lasts);
}

void pass_progress_anew(struct pass *p, str message, bool lasts)
{
	progress(p, message, true, lasts);
}

void pass_unsaid(struct pass *p)
{
	struct run *r = run_of(p);
	node object = node_map(p->arena, node_len(p->object));

	node_each_pair(i, p->object)
		node_set(p->arena, object, node_str(i->key), i->value);
	node_set(p->arena, object, S("status"), p->status);
	objects_refer(p->rt, r->o, object);
	r->unsaid = true;
}

/* ---- events -------------------------------------------------------------------------- */

#define EVENT_PREFIX "event.toolkit.fluxcd.io/"

static str whole_key(struct pass *p, str key)
{
	if (str_find_char(key, '/') != STR_NPOS)
		return key;
	return arena_cat(p->arena, str_c(p->key.controller->group), S("/"), key);
}

void pass_event_unlogged(struct pass *p, enum event_type type, str reason, str message,
			 const str *meta, size_t n)
{
	VEC(str) pairs = { 0 };

	node_each_pair(a, node_dig(p->object, "metadata", "annotations")) {
		if (!str_starts(node_str(a->key), S(EVENT_PREFIX)))
			continue;
		avec_push(p->arena, &pairs, node_str(a->key));
		avec_push(p->arena, &pairs, node_str(a->value));
	}
	for (size_t i = 0; i + 1 < n; i += 2) {
		if (!meta[i + 1].n)
			continue;
		avec_push(p->arena, &pairs, whole_key(p, meta[i]));
		avec_push(p->arena, &pairs, meta[i + 1]);
	}
	events_add(p->rt->events, &(struct event){ .type = type,
						   .reason = reason,
						   .message = message,
						   .component = str_c(p->key.controller->component),
						   .object = p->object,
						   .meta = pairs.p,
						   .meta_n = pairs.n });
}

void pass_event(struct pass *p, enum event_type type, str reason, str message, const str *meta,
		size_t n)
{
	pass_event_unlogged(p, type, reason, message, meta, n);
	if (type == EVENT_WARNING) {
		CLEANUP(err_drop) err *why = err_new(ERR_INVALID, "%.*s", STR_ARG(reason));

		log_error(p->log, why, message);
	} else {
		log_info(p->log, message);
	}
}

/* ---- ends ---------------------------------------------------------------------------- */

int64_t pass_duration(const struct pass *p, str field, int64_t otherwise)
{
	str text = node_str(node_get(p->spec, field));
	int64_t d;
	err *e = text.n ? duration_parse(text, &d) : NULL;

	if (!text.n || e) {
		err_free(e);
		return otherwise;
	}
	return d;
}

str pass_span(struct pass *p, int64_t span)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	duration_add(&b, span);
	return arena_str(p->arena, buf_str(&b));
}

static void summarise(struct pass *p)
{
	if (p->key.controller->summary)
		condition_summarise(p, p->key.controller->summary);
}

/* It goes on: Reconciling keeps what the last step said. */
static void will_retry(struct pass *p, str otherwise)
{
	node c = condition_get(p, S("Reconciling"));
	str message = node_str_or(node_get(c, S("message")), otherwise);

	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("ProgressingWithRetry"), message);
}

/* What a failed pass leaves, but for what its class adds; takes `e`. */
static void failed(struct pass *p, enum event_type type, str reason, err *e)
{
	struct run *r = run_of(p);
	str message = arena_str(p->arena, err_text(e));

	condition_drop(p, S("Stalled"));
	if (p->key.controller->summary) {
		if (!condition_get(p, S("Reconciling")).kind)
			condition_set(p, S("Reconciling"), CONDITION_TRUE, S("Progressing"),
				      message);
		summarise(p);
	} else {
		condition_set(p, S("Ready"), CONDITION_FALSE, reason, message);
	}
	will_retry(p, message);
	pass_event_unlogged(p, type, reason, message, NULL, 0);
	if (type == EVENT_WARNING)
		log_error(p->log, e, S("Reconciler error"));
	else
		log_info(p->log, message);
	err_free(e);
	r->failed = true;
}

struct outcome pass_fail(struct pass *p, str reason, err *e)
{
	failed(p, EVENT_WARNING, reason, e);
	return (struct outcome){ .next = NEXT_BACKOFF };
}

struct outcome pass_fail_after(struct pass *p, str reason, err *e, int64_t after)
{
	failed(p, EVENT_WARNING, reason, e);
	return (struct outcome){ .next = NEXT_AFTER, .after = after };
}

struct outcome pass_wait(struct pass *p, str reason, err *e, int64_t after)
{
	failed(p, EVENT_NORMAL, reason, e);
	return (struct outcome){ .next = NEXT_AFTER, .after = after };
}

struct outcome pass_hold(struct pass *p, str reason, err *e, int64_t after)
{
	failed(p, EVENT_TRACE, reason, e);
	return (struct outcome){ .next = NEXT_AFTER, .after = after };
}

struct outcome pass_stall(struct pass *p, str reason, err *e)
{
	return pass_stall_of(p, reason, e, NULL, 0);
}

struct outcome pass_stall_of(struct pass *p, str reason, err *e, const str *meta, size_t n)
{
	str message = arena_str(p->arena, err_text(e));

	condition_set(p, S("Stalled"), CONDITION_TRUE, reason, message);
	if (p->key.controller->summary)
		summarise(p);
	else
		condition_set(p, S("Ready"), CONDITION_FALSE, reason, message);
	status_set(p, S("observedGeneration"), node_from_int(p->generation));
	pass_event_unlogged(p, EVENT_WARNING, reason, message, meta, n);
	log_error(p->log, e, S("Reconciler error"));
	err_free(e);
	run_of(p)->failed = true;
	return (struct outcome){ .next = NEXT_CHANGE };
}

struct outcome pass_failure(struct pass *p, err *e)
{
	struct failure f = failure_of(e);
	str reason = str_c(f.reason);

	if (f.condition)
		condition_set(p, str_c(f.condition),
			      str_eq(str_c(f.condition), S("SourceVerified")) ? CONDITION_FALSE
									      : CONDITION_TRUE,
			      reason, err_text(e));
	switch (f.class) {
	case FAILURE_STALLED:
		return pass_stall(p, reason, e);
	case FAILURE_WAITING:
		return pass_wait(p, reason, e, runtime_settings(p->rt)->requeue_dependency);
	case FAILURE_GENERIC:
		break;
	}
	return pass_fail(p, reason, e);
}

/* Not all at the same moment. */
static int64_t scattered(int64_t wait)
{
	return wait + (int64_t)rand_below((uint64_t)(wait / 8 + CLOCK_SECOND / 2));
}

struct outcome pass_failure_at(struct pass *p, str url, err *e)
{
	struct outcome out = pass_failure(p, e);
	int64_t left = patience_left(net_client_patience(runtime_outer_net(p->rt)), url);

	if (out.next != NEXT_BACKOFF || !left)
		return out;
	log_info(p->log, arena_printf(p->arena, "the server asks to be left alone for %.*s",
				      STR_ARG(pass_span(p, left))));
	return (struct outcome){ .next = NEXT_AFTER, .after = scattered(left) };
}

struct outcome pass_succeed(struct pass *p, str reason, str message)
{
	condition_drop(p, S("Reconciling"));
	condition_drop(p, S("Stalled"));
	status_set(p, S("observedGeneration"), node_from_int(p->generation));
	if (p->key.controller->summary)
		summarise(p);
	else
		condition_set(p, S("Ready"), CONDITION_TRUE, reason, message);
	return (struct outcome){ .next = NEXT_INTERVAL,
				 .after = pass_duration(p, S("interval"), CLOCK_MINUTE) };
}

bool pass_is_stale(const struct pass *p)
{
	struct run *r = run_of((struct pass *)(uintptr_t)p);

	pthread_mutex_lock(&p->rt->lock);
	bool again = r->o->again || r->o->gone;

	pthread_mutex_unlock(&p->rt->lock);
	return again;
}

/* ---- a pass from start to end ---------------------------------------------------------- */

static bool has_finalizer(const struct run *r)
{
	node_each_item(i, node_dig(r->p.object, "metadata", "finalizers"))
		if (str_eq(node_str(*i), str_c(r->kind->c->finalizer)))
			return true;
	return false;
}

static void take_object(struct run *r, node object)
{
	struct pass *p = &r->p;
	node status = node_get(object, S("status"));

	object = local_replace(runtime_settings(p->rt), p->arena, object);
	p->object = object;
	p->spec = node_get(object, S("spec"));
	p->generation = node_int(node_dig(object, "metadata", "generation"));
	r->written = status.kind == NODE_MAP ? status : node_map(p->arena, 0);
	p->status = node_copy(p->arena, r->written);
	p->requested_at = node_str(
		node_dig(object, "metadata", "annotations", "reconcile.fluxcd.io/requestedAt"));
	p->requested = p->requested_at.n &&
		       !str_eq(p->requested_at,
			       node_str(node_get(status, S("lastHandledReconcileAt"))));
}

/* With the resourceVersion, so that nobody else's finalizer is lost. */
static err *patch_finalizers(struct run *r, node list)
{
	struct pass *p = &r->p;
	struct arena *a = p->arena;
	node patch = node_map(a, 1), meta = node_map(a, 2), answer;
	const struct client_patch_options o = { .type = CLIENT_PATCH_MERGE,
						.manager = str_c(r->kind->c->manager) };

	node_set(a, meta, S("finalizers"), list);
	node_set(a, meta, S("resourceVersion"),
		 node_get(node_get(p->object, S("metadata")), S("resourceVersion")));
	node_set(a, patch, S("metadata"), meta);
	TRY(client_patch(runtime_client(p->rt), a, &r->kind->resource, p->key.namespace,
			 p->key.name, patch, &o, &answer));
	if (!node_is_nil(node_dig(answer, "metadata", "deletionTimestamp")) && !node_len(list))
		return NULL;	/* that was its end */
	live_note(runtime_live(p->rt), &r->kind->resource, answer);
	take_object(r, answer);
	return NULL;
}

static err *add_finalizer(struct run *r)
{
	struct arena *a = r->p.arena;
	node list = node_seq(a, 2);

	node_each_item(i, node_dig(r->p.object, "metadata", "finalizers"))
		node_append(a, list, *i);
	node_append(a, list, node_from_str(a, str_c(r->kind->c->finalizer)));
	return patch_finalizers(r, list);
}

static err *drop_finalizer(struct run *r)
{
	struct arena *a = r->p.arena;
	node list = node_seq(a, 2);

	node_each_item(i, node_dig(r->p.object, "metadata", "finalizers"))
		if (!str_eq(node_str(*i), str_c(r->kind->c->finalizer)))
			node_append(a, list, *i);
	return patch_finalizers(r, list);
}

static void end_status(struct run *r)
{
	struct pass *p = &r->p;

	if (p->requested)
		status_set(p, S("lastHandledReconcileAt"),
			   node_from_str(p->arena, p->requested_at));
	pass_write(p);
}

/* Being deleted: the controller undoes what it did, then the finalizer goes. */
static struct outcome finalize(struct run *r, err **e)
{
	const struct controller *c = r->kind->c;
	struct outcome out = { .next = NEXT_CHANGE };

	if (!c->finalizer || !has_finalizer(r))
		return out;
	if (c->finalize)
		out = c->finalize(&r->p);
	if (out.next == NEXT_CHANGE)
		*e = drop_finalizer(r);
	else
		end_status(r);
	return out;
}

/* What the controller left on an object that it has no more to do with. The server's own
 * observedGeneration of -1 goes, too: it would say for ever that nobody has looked. */
static struct outcome leave(struct run *r, err **e)
{
	struct pass *p = &r->p;
	struct outcome out = { .next = NEXT_CHANGE };
	bool gone = !node_is_nil(node_dig(p->object, "metadata", "deletionTimestamp"));

	if (node_bool(node_get(p->spec, S("suspend"))) && !gone)
		return out;
	if (has_finalizer(r)) {
		if (r->kind->c->finalize)
			out = r->kind->c->finalize(p);
		if (out.next != NEXT_CHANGE)
			return out;
		*e = drop_finalizer(r);
	}
	if (!*e && !gone && node_len(p->status)) {
		p->status = node_map(p->arena, 0);
		pass_write(p);
	}
	return out;
}

static struct outcome run(struct run *r)
{
	struct pass *p = &r->p;
	const struct replacement *local = local_find(runtime_settings(p->rt), r->o->entry.kind,
						     p->key.namespace, p->key.name);

	if (local && local->dir.n)
		return local_reconcile(p->rt->local, p, local);
	return r->kind->c->reconcile(p);
}

/* As sources do in Flux: only what was looked at before says of its generation. */
static void observe_suspended(struct run *r)
{
	const struct controller *c = r->kind->c;
	bool looked_at = node_len(node_get(r->p.status, S("conditions"))) > 0;

	if (c->observes_suspended || (c->summary && looked_at))
		status_set(&r->p, S("observedGeneration"), node_from_int(r->p.generation));
	if (!c->summary)
		return;
	condition_drop(&r->p, S("Stalled"));
	if (condition_get(&r->p, S("Reconciling")).kind)
		will_retry(&r->p, STR_NONE);
	if (looked_at)
		summarise(&r->p);
}

static struct outcome reconcile(struct run *r, err **e)
{
	const struct controller *c = r->kind->c;
	struct outcome out = { .next = NEXT_CHANGE };

	if (c->is_static && c->is_static(r->p.object))
		return leave(r, e);
	if (!node_is_nil(node_dig(r->p.object, "metadata", "deletionTimestamp")))
		return finalize(r, e);
	if (c->finalizer && !has_finalizer(r)) {
		*e = add_finalizer(r);
		if (*e)
			return out;
	}
	if (node_bool(node_get(r->p.spec, S("suspend")))) {
		log_info(r->p.log, str_c(c->suspended ? c->suspended
						      : "reconciliation is suspended for this object"));
		observe_suspended(r);
	} else {
		out = run(r);
	}
	if (r->unsaid)
		return out;
	end_status(r);
	if (c->written && !r->write_error)
		c->written(&r->p);
	return out;
}

/* An error of the API server's: what is gone or has changed needs no word. */
static struct outcome lost(struct run *r, err *e, enum pass_result *result)
{
	struct outcome out = { .next = NEXT_BACKOFF };

	*result = PASS_ERROR;
	if (err_kind(e) == ERR_NOT_FOUND) {
		out.next = NEXT_CHANGE;
		*result = PASS_SUCCESS;
	} else if (err_kind(e) == ERR_CONFLICT) {
		*result = PASS_REQUEUE;
	} else if (err_kind(e) != ERR_CANCELED) {
		log_error(r->p.log, e, S("Reconciler error"));
	}
	err_free(e);
	return out;
}

static enum pass_result result_of(const struct run *r, struct outcome out)
{
	if (out.next == NEXT_BACKOFF || (r->failed && out.next == NEXT_CHANGE))
		return PASS_ERROR;
	if (out.next == NEXT_CHANGE)
		return PASS_SUCCESS;
	return out.next == NEXT_NOW ? PASS_REQUEUE : PASS_REQUEUE_AFTER;
}

struct outcome pass_run(struct runtime *rt, struct object *o, enum pass_result *result)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct looked_after *k = o->owner;
	str namespace = o->entry.namespace, name = o->entry.name;
	struct outcome out = { .next = NEXT_CHANGE };
	node object = live_get(rt->live, &a, &k->resource, namespace, name);
	char id[RAND_UUID + 1];
	err *e = NULL;

	*result = PASS_SUCCESS;
	if (object.kind != NODE_MAP)
		return out;
	rand_uuid(id);
	const struct log log = LOG_WITH(
		rt->o.log, log_str("controller", arena_lower(&a, str_c(k->c->kind))),
		log_str("controllerGroup", str_c(k->c->group)),
		log_str("controllerKind", str_c(k->c->kind)), log_ref(k->c->kind, namespace, name),
		log_str("namespace", namespace), log_str("name", name),
		log_str("reconcileID", str_of(id, RAND_UUID)));
	struct run r = { .p = { .rt = rt,
				.arena = &a,
				.log = &log,
				.key = { k->c, namespace, name },
				.started = clock_mono(),
				.cancel = &rt->cancel,
				.memory = o->memory },
			 .o = o,
			 .kind = k };

	take_object(&r, object);
	out = reconcile(&r, &e);
	o->memory = r.p.memory;
	cluster_settle(&r);
	*result = result_of(&r, out);
	if (!e)
		e = r.write_error;
	else
		err_free(r.write_error);
	return e ? lost(&r, e, result) : out;
}
