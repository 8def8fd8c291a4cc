/* relobj_apply - requests that change the objects of a release. */
#include "base/die.h"
#include "base/vec.h"
#include "release/relobj_impl.h"
#include "value/json.h"

static err *body_of(struct arena *a, node n, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(json_write(&b, n, NULL));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *apply_error(struct arena *a, const struct relobj *o, err *e)
{
	str gvk = relobj_gvk(a, o->gvk);

	if (err_code(e) == 415)
		return err_wrap(e, "server-side apply not available on the server");
	if (err_kind(e) == ERR_CONFLICT)
		return err_wrap(e, "conflict occurred while applying object %.*s/%.*s %.*s",
				STR_ARG(o->ns), STR_ARG(o->name), STR_ARG(gvk));
	return err_wrap(e, "server-side apply failed for object %.*s/%.*s %.*s", STR_ARG(o->ns),
			STR_ARG(o->name), STR_ARG(gvk));
}

static err *start_apply(const struct relcluster *c, struct arena *a, const struct relobj *o,
			bool force, struct client_call **out)
{
	str body;

	TRY(body_of(a, o->object, &body));
	if (!o->name.n)
		return err_new(ERR_INVALID, "resource name may not be empty");
	*out = client_start(
		c->client,
		&(struct client_request){
			.method = S("PATCH"),
			.path = client_path(a, o->resource, o->ns, o->name, STR_NONE),
			.query = client_query_of(a, S("fieldManager"), c->manager,
						 S("fieldValidation"), S("Strict"), S("force"),
						 force ? S("true") : S("false")),
			.content_type = S("application/apply-patch+yaml"),
			.body = body,
			.cancel = c->cancel });
	return NULL;
}

static err *start_create(const struct relcluster *c, struct arena *a, const struct relobj *o,
			 struct client_call **out)
{
	str body;

	TRY(body_of(a, o->object, &body));
	*out = client_start(c->client,
			    &(struct client_request){
				    .method = S("POST"),
				    .path = client_path(a, o->resource, o->ns, STR_NONE, STR_NONE),
				    .query = client_query_of(a, S("fieldManager"), c->manager),
				    .body = body,
				    .cancel = c->cancel });
	return NULL;
}

static err *start_replace(const struct relcluster *c, struct arena *a, const struct relobj *o,
			  struct client_call **out)
{
	node object = node_copy(a, o->object);
	str body;

	if (o->live.kind == NODE_MAP)
		node_set(a, node_map_at(a, object, S("metadata")), S("resourceVersion"),
			 node_dig(o->live, "metadata", "resourceVersion"));
	TRY(body_of(a, object, &body));
	*out = client_start(
		c->client,
		&(struct client_request){
			.method = S("PUT"),
			.path = client_path(a, o->resource, o->ns, o->name, STR_NONE),
			.query = client_query_of(a, S("fieldManager"), c->manager,
						 S("fieldValidation"), S("Strict")),
			.body = body,
			.cancel = c->cancel });
	return NULL;
}

/* The end of the run of objects that go together: the same kind. */
static size_t batch_end(const struct relobj_list *l, size_t from)
{
	size_t to = from + 1;

	while (to < l->n && str_eq(l->p[to].gvk.kind, l->p[from].gvk.kind))
		to++;
	return to;
}

static err *check_options(const struct relobj_apply *how, const char *what)
{
	if (how->force && !how->server_side)
		return err_new(ERR_INVALID,
			       "invalid client %s option(s): forceConflicts enabled when "
			       "serverSideApply disabled",
			       what);
	if (how->force && how->replace)
		return err_new(ERR_INVALID, "invalid operation: cannot use force conflicts and "
					    "force replace together");
	if (how->server_side && how->replace)
		return err_new(ERR_INVALID, "invalid operation: cannot use server-side apply and "
					    "force replace together");
	return NULL;
}

/* ---- making ------------------------------------------------------------ */

err *relobj_create(const struct relcluster *c, struct arena *a, struct relobj_list *l,
		   const struct relobj_apply *how)
{
	struct client_call **calls = arena_array(a, struct client_call *, l->n + 1);
	err *all = NULL;

	if (how->force && !how->server_side)
		return check_options(how, "create");
	relobj_tell_creation(c, l->n, how->server_side, how->force);
	for (size_t from = 0, to; from < l->n; from = to) {
		to = batch_end(l, from);
		for (size_t i = from; i < to; i++)
			all = relobj_join(all,
					  how->server_side
						  ? start_apply(c, a, &l->p[i], how->force, &calls[i])
						  : start_create(c, a, &l->p[i], &calls[i]),
					  "\n");
		for (size_t i = from; i < to; i++) {
			err *e = calls[i] ? client_wait(calls[i], a, &l->p[i].live) : NULL;

			if (e && how->server_side)
				e = apply_error(a, &l->p[i], e);
			if (how->server_side && calls[i])
				relobj_tell_created(c, a, &l->p[i], e);
			all = relobj_join(all, e, "\n");
		}
	}
	return all;
}

/* ---- changing ---------------------------------------------------------- */

/* What is there, for all of a batch: `live` of what is not there is nothing. */
static err *look(const struct relcluster *c, struct arena *a, struct relobj_list *l, size_t from,
		 size_t to, bool *stop)
{
	struct client_call **calls = arena_array(a, struct client_call *, to - from + 1);
	err *first = NULL;

	for (size_t i = from; i < to; i++) {
		calls[i - from] = NULL;
		if (!first)
			first = relobj_start_get(c, a, &l->p[i], &calls[i - from]);
	}
	for (size_t i = from; i < to; i++) {
		err *e = calls[i - from] ? client_wait(calls[i - from], a, &l->p[i].live) : NULL;

		if (e && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			e = NULL;
			l->p[i].live = NODE_NOTHING;
		}
		if (e && !first)
			first = err_wrap(e, "could not get information about the resource");
		else
			err_free(e);
	}
	*stop = first != NULL;
	return first;
}

static err *apply_again(const struct relcluster *c, struct arena *a, struct relobj *o, bool force)
{
	struct client_call *call;

	TRY(start_apply(c, a, o, force, &call));
	err *e = client_wait(call, a, &o->live);

	return e ? apply_error(a, o, e) : NULL;
}

static bool is_absent(const struct relcluster *c, struct arena *a, const struct relobj *o)
{
	node live;
	err *e = client_get(c->client, a, o->resource, o->ns, o->name, &live);
	bool absent = e && err_kind(e) == ERR_NOT_FOUND;

	err_free(e);
	return absent;
}

static bool is_left_alone(const struct relobj_apply *how, const struct relobj_list *old,
			  const struct relobj *o)
{
	const struct relobj *before = how->intact && !how->migrate ? relobj_find(old, o) : NULL;

	return before && node_equal(before->object, o->object) && how->intact(how->intact_ctx, o);
}

static void note(struct arena *a, struct relobj_told *t, enum relobj_outcome outcome, const err *e)
{
	t->outcome = outcome;
	t->error = e ? arena_str(a, err_text(e)) : STR_NONE;
}

static err *take_over(const struct relcluster *c, struct arena *a, struct relobj *o,
		      const struct relobj_apply *how, struct relobj_told *t)
{
	err *e = relobj_migrate(c, a, o);

	t->migrated = !e;
	if (!e)
		e = apply_again(c, a, o, how->force);
	if (e)
		note(a, t, RELOBJ_NOT_CHANGED, e);
	return e;
}

/* Server-side: no question before but where fields must change hands first. */
static err *apply_batch(const struct relcluster *c, struct arena *a,
			const struct relobj_list *old, struct relobj_list *l, size_t from,
			size_t to, const struct relobj_apply *how, struct relobj_told *told,
			bool *stop)
{
	struct client_call **calls = arena_array(a, struct client_call *, to - from + 1);
	err *all = NULL, *fatal = NULL;

	if (how->migrate && !how->force)
		TRY(look(c, a, l, from, to, stop));
	for (size_t i = from; i < to; i++) {
		err *e = NULL;

		calls[i - from] = NULL;
		note(a, &told[i], RELOBJ_CHANGED, NULL);
		if (is_left_alone(how, old, &l->p[i]))
			continue;
		if (how->migrate && !how->force && relobj_needs_migration(c, l->p[i].live)) {
			e = relobj_migrate(c, a, &l->p[i]);
			told[i].migrated = !e;
		}
		if (!e)
			e = start_apply(c, a, &l->p[i], how->force, &calls[i - from]);
		if (e)
			note(a, &told[i], RELOBJ_NOT_CHANGED, e);
		all = relobj_join(all, e, " && ");
	}
	for (size_t i = from; i < to; i++) {
		struct relobj *o = &l->p[i];
		int code = 0;
		err *e = calls[i - from] ? client_wait_code(calls[i - from], a, &o->live, &code)
					 : NULL;

		if (e) {
			e = apply_error(a, o, e);
			note(a, &told[i], RELOBJ_NOT_CHANGED, e);
			if (!fatal && is_absent(c, a, o)) {
				told[i].outcome = RELOBJ_NOT_CREATED;
				told[i].was_absent = true;
				if (relobj_is_creation(how, told, i + 1))
					all = relobj_join(all, e, "\n");
				else
					fatal = err_wrap(e, "failed to create resource");
				continue;
			}
		} else if (code == 201) {
			note(a, &told[i], RELOBJ_CREATED, NULL);
			told[i].was_absent = true;
		} else if (how->migrate && relobj_needs_migration(c, o->live)) {
			e = take_over(c, a, o, how, &told[i]);
		}
		if (fatal)		/* it stands behind what ended the update */
			told[i].outcome = RELOBJ_UNTOUCHED;
		all = relobj_join(all, e, " && ");
	}
	if (!fatal)
		return all;
	*stop = true;
	err_free(all);
	return fatal;
}

static err *change_one(const struct relcluster *c, struct arena *a, const struct relobj_list *old,
		       struct relobj *o, const struct relobj_apply *how, bool *stop)
{
	const struct relobj *before = relobj_find(old, o);
	struct relobj live = *o;
	struct client_call *call;
	err *e;

	if (o->live.kind != NODE_MAP) {
		TRY(start_create(c, a, o, &call));
		e = client_wait(call, a, &o->live);
		*stop = e != NULL;
		return e ? err_wrap(e, "failed to create resource") : NULL;
	}
	if (how->replace) {
		TRY(start_replace(c, a, o, &call));
		e = client_wait(call, a, &o->live);
		return e ? err_wrap(e, "failed to replace object") : NULL;
	}
	live.object = o->live;
	return relobj_patch(c, a, before ? before : &live, o, how->three_way);
}

static err *change_batch(const struct relcluster *c, struct arena *a,
			 const struct relobj_list *old, struct relobj_list *l, size_t from,
			 size_t to, const struct relobj_apply *how, struct relobj_told *told,
			 bool *stop)
{
	err *all = NULL;

	TRY(look(c, a, l, from, to, stop));
	for (size_t i = from; i < to; i++) {
		bool fresh = l->p[i].live.kind != NODE_MAP;
		err *e = change_one(c, a, old, &l->p[i], how, stop);

		told[i].was_absent = fresh;
		note(a, &told[i],
		     fresh ? e ? RELOBJ_NOT_CREATED : RELOBJ_CREATED
			   : e ? RELOBJ_NOT_CHANGED : RELOBJ_CHANGED, e);
		if (*stop) {
			err_free(all);
			return e;
		}
		all = relobj_join(all, e, " && ");
	}
	return all;
}

static bool is_kept(node live)
{
	return str_eq(node_str(node_get(node_dig(live, "metadata", "annotations"),
					S("helm.sh/resource-policy"))),
		      S("keep"));
}

static void tell_kept(const struct relcluster *c, const struct relobj *o)
{
	notice(c->log, NOTICE_DEBUG, S("skipping delete due to annotation"), { "namespace", o->ns },
	       { "name", o->name }, { "kind", o->gvk.kind },
	       { "annotation", S("helm.sh/resource-policy") }, { "value", S("keep") });
}

/* What the old manifest had and the new one has not. */
static err *drop_rest(const struct relcluster *c, struct arena *a, const struct relobj_list *old,
		      const struct relobj_list *target)
{
	err *all = NULL;

	for (size_t i = 0; i < old->n; i++) {
		const struct relobj *o = &old->p[i];
		node live;

		if (relobj_find(target, o) || !o->resource)
			continue;
		relobj_tell(c, "deleting resource", o, NULL);
		err *e = client_get(c->client, a, o->resource, o->ns, o->name, &live);

		if (e || is_kept(live)) {
			if (e)
				relobj_tell(c, "unable to get object", o, e);
			else
				tell_kept(c, o);
			err_free(e);	/* gone, or not ours to see: as Helm, passed over */
			continue;
		}
		e = client_delete(c->client, a, o->resource, o->ns, o->name,
				  &(struct client_delete_options){ .propagation = S("Background") });
		if (e)
			relobj_tell(c, "failed to delete resource", o, e);
		if (e && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			e = NULL;
		}
		if (e)
			e = err_wrap(e,
				     "failed to delete resource namespace=%.*s, name=%.*s, kind=%.*s",
				     STR_ARG(o->ns), STR_ARG(o->name), STR_ARG(o->gvk.kind));
		all = relobj_join(all, e, " && ");
	}
	return all;
}

err *relobj_update(const struct relcluster *c, struct arena *a, const struct relobj_list *old,
		   struct relobj_list *target, const struct relobj_apply *how,
		   struct relobj_list *created)
{
	struct relobj_told *told = arena_array(a, struct relobj_told, target->n + 1);
	bool stop = false;
	err *all = NULL;

	TRY(check_options(how, "update"));
	for (size_t from = 0, to; from < target->n && !stop; from = to) {
		to = batch_end(target, from);
		err *e = how->server_side ? apply_batch(c, a, old, target, from, to, how, told,
							&stop)
					  : change_batch(c, a, old, target, from, to, how, told,
							 &stop);

		for (size_t i = from; created && i < to; i++)
			if (told[i].was_absent)
				avec_push(a, created, target->p[i]);
		if (stop) {		/* Helm tells of nothing but this, and goes no further */
			err_free(all);
			all = NULL;
		}
		all = relobj_join(all, e, relobj_is_creation(how, told, to) ? "\n" : " && ");
	}
	relobj_tell_update(c, a, target, how, told);
	return all ? all : drop_rest(c, a, old, target);
}

void relobj_delete_each(const struct relcluster *c, struct arena *a, const struct relobj_list *l,
			str propagation, struct relobj_list *gone, struct relobj_errors *failed)
{
	const struct client_delete_options how = { .propagation = propagation.n ? propagation
										: S("Background") };

	for (size_t i = 0; i < l->n; i++) {
		const struct relobj *o = &l->p[i];

		relobj_tell(c, "starting delete resource", o, NULL);
		err *e = client_delete(c->client, a, o->resource, o->ns, o->name, &how);

		if (!e && gone)
			avec_push(a, gone, *o);
		if (e && err_kind(e) == ERR_NOT_FOUND) {
			relobj_tell(c, "ignoring delete failure", o, e);
			err_free(e);
			e = NULL;
		}
		if (e)
			avec_push(a, failed, e);
	}
}

err *relobj_delete(const struct relcluster *c, struct arena *a, const struct relobj_list *l,
		   str propagation, const char *separator, struct relobj_list *gone)
{
	struct relobj_errors failed = { 0 };

	relobj_delete_each(c, a, l, propagation, gone, &failed);
	return relobj_join_all(&failed, separator);
}
