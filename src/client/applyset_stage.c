/* applyset_stage - the steps of one stage: look, rehearse, clean up, write. */
#include "client/applyset_impl.h"

#include "base/clock.h"
#include "client/live.h"
#include "kube/health.h"
#include "value/json.h"

/* How long a kind may take to be served after its definition was applied. */
#define NEW_KIND_WAIT (5 * CLOCK_SECOND)

static const struct applyset_options *options(const struct applyset_runner *r)
{
	return r->options;
}

static node metadata(node object)
{
	return node_get(object, S("metadata"));
}

static str meta(node object, const char *field)
{
	return node_str(node_get(metadata(object), str_c(field)));
}

static str json_text_of(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = json_write(&b, n, NULL);

	/* Trees of objects have no values that JSON cannot write: what they were
	 * read from had none. */
	err_free(e);
	return arena_str(a, buf_str(&b));
}

static err *dry_run_error(struct applyset_runner *r, const struct applyset_item *it, err *e)
{
	return applyset_placed(r, it, applyset_dry_run_error(r->arena, it->object, e));
}

/* "Kind/ns/name WHAT: ..." */
static err *object_error(struct applyset_runner *r, const struct applyset_item *it,
			 const char *what, err *e)
{
	str name = objid_show(r->arena, &it->id);

	return applyset_placed(r, it, err_wrap(e, "%.*s %s", STR_ARG(name), what));
}

static void saw(struct applyset_runner *r, struct applyset_item *it, node object)
{
	it->live = object;
	if (options(r)->seen)
		options(r)->seen(options(r)->ctx, it->resource, object);
}

/* ---- preparing --------------------------------------------------------- */

/* A definition of this run may not be served yet. */
static err *resource_of(struct applyset_runner *r, struct applyset_item *it)
{
	struct gvk g = gvk_of(it->object);
	int64_t deadline = clock_mono() + NEW_KIND_WAIT, span = APPLYSET_POLL_MIN;

	for (;;) {
		err *e = discovery_kind(r->discovery, g, &it->resource);

		if (!e || !r->new_kinds || err_kind(e) != ERR_NOT_FOUND)
			return e;
		if (!applyset_pause(&span, deadline, options(r)->cancel))
			return e;
		err_free(e);
		discovery_forget(r->discovery);
	}
}

static err *prepare(struct applyset_runner *r, struct applyset_work *w)
{
	struct applyset_item *it = w->item;

	it->version = gvk_of(it->object).version;
	err *e = resource_of(r, it);

	if (e)
		return dry_run_error(r, it, e);
	w->path = client_path(r->arena, it->resource, it->id.namespace, it->id.name, STR_NONE);
	if (!it->resource->namespaced)
		it->id.namespace = STR_NONE;
	switch (it->known) {
	case APPLYSET_SAME:
		it->action = APPLYSET_UNCHANGED;
		return NULL;
	case APPLYSET_ABSENT:
		w->state = WORK_ABSENT;
		break;
	case APPLYSET_CHANGED:
		/* Ignored fields are judged by what is there, and so is a migration. */
		w->trusted = it->left && !options(r)->ignore_n && !options(r)->migrate;
		w->state = w->trusted ? WORK_THERE : WORK_UNSEEN;
		break;
	case APPLYSET_UNKNOWN:
		break;
	}
	w->send = true;
	w->body = it->body.n ? it->body : json_text_of(r->arena, it->object);
	return NULL;
}

/* ---- looking ----------------------------------------------------------- */

static bool ask_get(struct applyset_runner *r, struct applyset_work *w, struct client_request *to)
{
	(void)r;
	to->path = w->path;
	return w->send && w->state == WORK_UNSEEN;
}

/* Whatever is wrong with the look, the rehearsal will say it. */
static err *take_get(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
		     int code)
{
	(void)code;
	w->state = !e ? WORK_THERE : err_code(e) == 404 ? WORK_ABSENT : WORK_UNREADABLE;
	if (!e) {
		w->live = answer;
		saw(r, w->item, answer);
	}
	err_free(e);
	return NULL;
}

/* What was not looked up is needed after all. */
static void look_after_all(struct applyset_runner *r, struct applyset_work *w)
{
	node live = NODE_NOTHING;
	err *e = client_do(r->client, r->arena, &(struct client_request){ .path = w->path }, &live);

	w->trusted = false;
	err_free(take_get(r, w, e, live, 0));
}

static bool is_left_alone(const struct applyset_options *o, node object)
{
	return applyset_is_marked(object, o->group, "reconcile", S("disabled")) ||
	       applyset_is_marked(object, o->group, "ssa", S("Ignore"));
}

static void skip_marked(struct applyset_runner *r, struct applyset_work *w)
{
	const struct applyset_options *o = options(r);
	bool once = w->state == WORK_THERE &&
		    applyset_is_marked(w->item->object, o->group, "ssa", S("IfNotPresent"));

	if (!w->send)
		return;
	if (!once && !is_left_alone(o, w->item->object) && !is_left_alone(o, w->live))
		return;
	w->item->action = APPLYSET_SKIPPED;
	w->send = false;
}

/* ---- JSON patches on what is there ------------------------------------- */

/* It has gone since it was looked at: there is nothing to mend, and applying makes it anew
 * (Flux fails here, and tries again after the retry interval). */
static void take_absence(struct applyset_work *w, err *e)
{
	err_free(e);
	w->state = WORK_ABSENT;
	w->live = NODE_NOTHING;
	w->rehearsal = NODE_NOTHING;
}

static bool ask_patch(struct applyset_runner *r, struct applyset_work *w, struct client_request *to)
{
	if (!w->send || node_is(w->patch, NODE_NONE))
		return false;
	to->method = S("PATCH");
	to->path = w->path;
	to->query = client_query_of(r->arena, S("fieldManager"), options(r)->manager);
	to->content_type = S("application/json-patch+json");
	to->body = json_text_of(r->arena, w->patch);
	return true;
}

static err *took_patch(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
		       const char *what)
{
	if (e && err_code(e) == 404) {
		take_absence(w, e);
		return NULL;
	}
	if (e)
		return object_error(r, w->item, what, e);
	w->live = answer;
	w->cleaned = true;
	saw(r, w->item, answer);
	return NULL;
}

static err *take_clean(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
		       int code)
{
	(void)code;
	return took_patch(r, w, e, answer, "metadata.managedFields cleanup failed");
}

static err *take_migrate(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
			 int code)
{
	(void)code;
	return took_patch(r, w, e, answer, "failed to migrate API version");
}

static err *migrate(struct applyset_runner *r, struct applyset_work *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (w[i].send && w[i].state == WORK_THERE)
			w[i].patch = applyset_migrate_patch(
				r->arena, w[i].live,
				node_str(node_get(w[i].item->object, S("apiVersion"))));
	TRY(applyset_each(r, w, n, ask_patch, take_migrate));
	for (size_t i = 0; i < n; i++)
		w[i].patch = NODE_NOTHING;
	return NULL;
}

static bool is_merged(const struct applyset_options *o, const struct applyset_work *w)
{
	return applyset_is_marked(w->item->object, o->group, "ssa", S("Merge")) ||
	       applyset_is_marked(w->live, o->group, "ssa", S("Merge"));
}

static err *clean(struct applyset_runner *r, struct applyset_work *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!w[i].send || node_is(w[i].live, NODE_NONE) || is_merged(options(r), &w[i]))
			continue;
		err *e = applyset_clean_patch(r->arena, w[i].live, options(r), &w[i].patch);

		if (e)
			return object_error(r, w[i].item, "metadata.managedFields cleanup failed",
					    e);
	}
	return applyset_each(r, w, n, ask_patch, take_clean);
}

/* ---- applying ------------------------------------------------------------ */

static struct client_request apply_request(struct applyset_runner *r, const struct applyset_work *w,
					   bool dry_run)
{
	return (struct client_request){
		.method = S("PATCH"),
		.path = w->path,
		.query = client_query_of(r->arena, S("dryRun"), dry_run ? S("All") : STR_NONE,
					 S("fieldManager"), options(r)->manager, S("force"),
					 S("true")),
		.content_type = S("application/apply-patch+yaml"),
		.body = w->body,
		.cancel = options(r)->cancel,
	};
}

static bool may_recreate(struct applyset_runner *r, struct applyset_work *w, const err *e)
{
	const struct applyset_options *o = options(r);

	if (w->trusted && applyset_is_immutable(r->arena, e))
		look_after_all(r, w);
	return w->state != WORK_ABSENT && applyset_is_immutable(r->arena, e) &&
	       (o->force || applyset_is_marked(w->item->object, o->group, "force", S("enabled")) ||
		applyset_is_marked(w->live, o->group, "force", S("enabled")));
}

static err *delete_and_wait(struct applyset_runner *r, struct applyset_work *w)
{
	const struct applyset_options *o = options(r);
	struct client_delete_options background = { .propagation = S("Background"),
						    .uid = meta(w->live, "uid") };
	int64_t wait = o->stage_timeout ? o->stage_timeout : APPLYSET_TIMEOUT;
	int64_t deadline = clock_mono() + wait, span = APPLYSET_POLL_MIN;
	struct applyset_item *it = w->item;
	err *e = client_delete(r->client, r->arena, it->resource, it->id.namespace, it->id.name,
			       &background);

	if (e && err_code(e) != 404)
		return object_error(r, it, "immutable field detected, failed to delete object", e);
	err_free(e);
	for (;;) {
		node live;

		e = client_do(r->client, r->arena, &(struct client_request){ .path = w->path },
			      &live);
		if (e && err_code(e) == 404) {
			err_free(e);
			return NULL;
		}
		if (!e && !applyset_pause(&span, deadline, o->cancel)) {
			e = err_new(ERR_TIMEOUT, "context deadline exceeded");
			err_set_code(e, APPLYSET_WAITS);
		}
		if (e)
			return object_error(
				r, it,
				"immutable field detected, failed to wait for object to be deleted",
				e);
	}
}

/* Delete, and ask again what was refused. Takes `e`. */
static err *recreate(struct applyset_runner *r, struct applyset_work *w, err *e, bool dry_run,
		     node *answer)
{
	err_free(e);
	TRY(delete_and_wait(r, w));
	struct client_request q = apply_request(r, w, dry_run);

	w->state = WORK_ABSENT;
	w->live = NODE_NOTHING;
	e = client_do(r->client, r->arena, &q, answer);
	return e ? dry_run_error(r, w->item, e) : NULL;
}

static bool ask_rehearsal(struct applyset_runner *r, struct applyset_work *w,
			  struct client_request *to)
{
	*to = apply_request(r, w, true);
	return w->send;
}

static err *take_rehearsal(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
			   int code)
{
	(void)code;
	if (e && may_recreate(r, w, e))
		return recreate(r, w, e, true, &w->rehearsal);
	if (e)
		return dry_run_error(r, w->item, e);
	w->rehearsal = answer;
	return NULL;
}

/* ---- judging ------------------------------------------------------------- */

static bool same_map(node x, node y)
{
	return node_len(x) == 0 ? node_len(y) == 0 : node_equal(x, y);
}

static bool counts(str key)
{
	return !str_eq(key, S("metadata")) && !str_eq(key, S("status"));
}

static size_t fields_of(node object)
{
	size_t n = 0;

	node_each_pair(p, object)
		n += counts(node_str(p->key));
	return n;
}

static bool differ(node live, node rehearsal)
{
	if (!same_map(node_get(metadata(live), S("labels")),
		      node_get(metadata(rehearsal), S("labels"))) ||
	    !same_map(node_get(metadata(live), S("annotations")),
		      node_get(metadata(rehearsal), S("annotations"))) ||
	    fields_of(live) != fields_of(rehearsal))
		return true;
	node_each_pair(p, rehearsal)
		if (counts(node_str(p->key)) &&
		    !node_equal(p->value, node_get(live, node_str(p->key))))
			return true;
	return false;
}

static bool has_drifted(struct applyset_runner *r, const struct applyset_work *w)
{
	if (w->trusted)
		return live_content(w->rehearsal) != w->item->left;
	if (!applyset_rules_match(&r->rules, w->rehearsal))
		return differ(w->live, w->rehearsal);
	return differ(applyset_rules_strip(r->arena, &r->rules, w->rehearsal, w->live),
		      applyset_rules_strip(r->arena, &r->rules, w->rehearsal, w->rehearsal));
}

static void judge(struct applyset_runner *r, struct applyset_work *w)
{
	if (!w->send || r->direct)
		return;
	if (!meta(w->rehearsal, "resourceVersion").n) {
		w->item->action = APPLYSET_CREATED;
		return;
	}
	if (!w->cleaned && !has_drifted(r, w)) {
		w->item->action = APPLYSET_UNCHANGED;
		w->send = false;
		return;
	}
	w->item->action = APPLYSET_CONFIGURED;
	if (!node_is(w->live, NODE_NONE) && applyset_rules_match(&r->rules, w->rehearsal))
		w->body = json_text_of(r->arena,
				       applyset_rules_adopt(r->arena, &r->rules,
							    options(r)->manager, w->live,
							    w->rehearsal, w->item->object));
}

/* Whether the answer shows nothing that foreign managers left. */
static bool is_clean(struct applyset_runner *r, node answer)
{
	node patch = NODE_NOTHING;
	err *e = applyset_clean_patch(r->arena, answer, options(r), &patch);
	bool clean = !e && node_is(patch, NODE_NONE);

	err_free(e);
	return clean;
}

/* What was not looked up is, where the rehearsal shows that somebody else was there. */
static void doubt(struct applyset_runner *r, struct applyset_work *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!w[i].send || !w[i].trusted || is_clean(r, w[i].rehearsal))
			continue;
		look_after_all(r, &w[i]);
		skip_marked(r, &w[i]);
	}
}

/* Whether a rehearsal would keep nothing from harm: see the header. */
static bool is_direct(struct applyset_runner *r, const struct applyset_work *w, size_t n)
{
	size_t absent = 0, changed = 0, unknown = 0;

	for (size_t i = 0; i < n; i++) {
		if (!w[i].send)
			continue;
		if (w[i].item->known == APPLYSET_ABSENT)
			absent++;
		else if (w[i].item->known == APPLYSET_CHANGED &&
			 !applyset_rules_match(&r->rules, w[i].item->object))
			changed++;
		else
			unknown++;
	}
	return !unknown && (!changed || (changed == 1 && !absent));
}

/* ---- writing --------------------------------------------------------------- */

static bool ask_write(struct applyset_runner *r, struct applyset_work *w, struct client_request *to)
{
	*to = apply_request(r, w, false);
	return w->send;
}

/* Somebody made it a moment before us: then it was not cleaned up. */
static err *after_all(struct applyset_runner *r, struct applyset_work *w, node *answer)
{
	w->live = *answer;
	w->state = WORK_THERE;
	w->patch = NODE_NOTHING;
	TRY(clean(r, w, 1));
	if (!w->cleaned)
		return NULL;
	struct client_request q = apply_request(r, w, false);
	err *e = client_do(r->client, r->arena, &q, answer);

	return e ? object_error(r, w->item, "apply failed", e) : NULL;
}

/* What an apply without a rehearsal has done. */
static enum applyset_action action_of(const struct applyset_work *w, node answer, int code)
{
	if (code == 201)
		return APPLYSET_CREATED;
	if (w->cleaned)
		return APPLYSET_CONFIGURED;
	bool same = w->trusted ? live_content(answer) == w->item->left
			       : str_eq(meta(w->live, "resourceVersion"),
					meta(answer, "resourceVersion"));

	return same ? APPLYSET_UNCHANGED : APPLYSET_CONFIGURED;
}

static err *take_write(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
		       int code)
{
	struct applyset_item *it = w->item;

	if (e && r->direct && may_recreate(r, w, e)) {
		TRY(recreate(r, w, e, false, &answer));
		code = 201;
	} else if (e) {
		return r->direct ? dry_run_error(r, it, e) : object_error(r, it, "apply failed", e);
	}
	if (r->direct && it->known == APPLYSET_ABSENT && code == 200) {
		TRY(after_all(r, w, &answer));
		it->action = APPLYSET_CONFIGURED;
	} else if (r->direct) {
		if (w->trusted && code == 200 && !is_clean(r, answer))
			TRY(after_all(r, w, &answer));
		it->action = action_of(w, answer, code);
	}
	it->written = true;
	saw(r, it, answer);
	return NULL;
}

static bool same_kind(const struct applyset_work *x, const struct applyset_work *y)
{
	return str_eq(x->item->id.kind, y->item->id.kind) &&
	       str_eq(x->item->id.group, y->item->id.group);
}

static err *write_all(struct applyset_runner *r, struct applyset_work *w, size_t n)
{
	for (size_t at = 0, end; at < n; at = end) {
		for (end = at + 1; end < n && same_kind(&w[at], &w[end]); end++)
			;
		TRY(applyset_each(r, w + at, end - at, ask_write, take_write));
	}
	return NULL;
}

err *applyset_stage_run(struct applyset_runner *r, struct applyset_work *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		TRY(prepare(r, &w[i]));
	TRY(applyset_each(r, w, n, ask_get, take_get));
	for (size_t i = 0; i < n; i++)
		skip_marked(r, &w[i]);
	if (options(r)->migrate)
		TRY(migrate(r, w, n));
	r->direct = is_direct(r, w, n);
	if (!r->direct)
		TRY(applyset_each(r, w, n, ask_rehearsal, take_rehearsal));
	if (!r->direct)
		doubt(r, w, n);
	TRY(clean(r, w, n));
	for (size_t i = 0; i < n; i++)
		judge(r, &w[i]);
	return write_all(r, w, n);
}

/* ---- looking only -------------------------------------------------------- */

static node comparable(struct applyset_runner *r, const struct applyset_work *w, node object)
{
	node copy = applyset_rules_match(&r->rules, w->rehearsal)
			    ? applyset_rules_strip(r->arena, &r->rules, w->rehearsal, object)
			    : node_copy(r->arena, object);

	node_remove(metadata(copy), S("managedFields"));
	return copy;
}

err *applyset_stage_compare(struct applyset_runner *r, struct applyset_work *w, node *before,
			    node *after)
{
	TRY(prepare(r, w));
	TRY(applyset_each(r, w, 1, ask_get, take_get));
	skip_marked(r, w);
	if (!w->send)
		return NULL;
	struct client_request q = apply_request(r, w, true);
	err *e = client_do(r->client, r->arena, &q, &w->rehearsal);

	if (e && may_recreate(r, w, e)) {
		err_free(e);
		w->item->action = APPLYSET_CREATED;
		return NULL;
	}
	if (e)
		return dry_run_error(r, w->item, e);
	judge(r, w);
	if (w->item->action == APPLYSET_CONFIGURED) {
		*before = comparable(r, w, w->live);
		*after = comparable(r, w, w->rehearsal);
	}
	return NULL;
}

/* ---- waiting for definitions ------------------------------------------------- */

static bool is_settled(const struct applyset_work *w)
{
	return w->item->action == APPLYSET_SKIPPED || w->item->known == APPLYSET_SAME;
}

static struct health health_now(struct arena *a, node object)
{
	struct health h = { HEALTH_NOT_FOUND, STR_NONE, STR_NONE };

	if (node_is(object, NODE_NONE))
		return h;
	err *e = health_of(a, object, clock_wall(), &h);

	if (e)
		h = (struct health){ HEALTH_UNKNOWN, STR_NONE, arena_str(a, err_text(e)) };
	err_free(e);
	return h;
}

/* The look of an object that is not Current yet. */
static bool ask_again(struct applyset_runner *r, struct applyset_work *w, struct client_request *to)
{
	to->path = w->path;
	return !is_settled(w) && health_now(r->arena, w->item->live).status != HEALTH_CURRENT;
}

static err *take_again(struct applyset_runner *r, struct applyset_work *w, err *e, node answer,
		       int code)
{
	(void)code;
	if (!e)
		saw(r, w->item, answer);
	else if (err_code(e) == 404)
		w->item->live = NODE_NOTHING;
	else
		return e;
	err_free(e);
	return NULL;
}

static err *wait_error(struct applyset_runner *r, const struct applyset_work *w, size_t n,
		       bool timeout)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		struct health h = health_now(r->arena, w[i].item->live);
		str id = objid_show(r->arena, &w[i].item->id), name = health_name(h.status);

		if (is_settled(&w[i]) || h.status == HEALTH_CURRENT ||
		    (!timeout && h.status != HEALTH_FAILED))
			continue;
		buf_addf(&b, "%s%.*s status: '%.*s'", b.n ? ", " : "", STR_ARG(id), STR_ARG(name));
	}
	err *e = err_new(ERR_TIMEOUT, "%s: [%s]",
			 timeout ? "timeout waiting for" : "failed early due to stalled resources",
			 buf_c(&b));

	if (timeout)
		err_set_code(e, APPLYSET_WAITS);
	return e;
}

err *applyset_stage_wait(struct applyset_runner *r, struct applyset_work *w, size_t n)
{
	int64_t wait = options(r)->stage_timeout ? options(r)->stage_timeout : APPLYSET_TIMEOUT;
	int64_t deadline = clock_mono() + wait, span = APPLYSET_POLL_MIN;

	for (;;) {
		size_t waiting = 0, failed = 0;

		for (size_t i = 0; i < n; i++) {
			enum health_status s = is_settled(&w[i])
						       ? HEALTH_CURRENT
						       : health_now(r->arena, w[i].item->live).status;

			failed += s == HEALTH_FAILED;
			waiting += s != HEALTH_FAILED && s != HEALTH_CURRENT;
		}
		if (!waiting && !failed)
			return NULL;
		if (!waiting || !applyset_pause(&span, deadline, options(r)->cancel))
			return wait_error(r, w, n, waiting > 0);
		TRY(applyset_each(r, w, n, ask_again, take_again));
	}
}
