/* upgrade - a release's next revision. */
#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "helm/coalesce.h"
#include "release/release_impl.h"

struct work {
	const struct release_env *env;
	struct arena *a;
	const struct release_how *how;
	struct record_list history;
	struct record *last, *current;	/* of the history */
	struct relobj_list old, target, created;
	bool server_side;
};

/* ---- what there is ----------------------------------------------------- */

static err *find_current(struct work *w)
{
	str name = w->how->name;

	TRY(release_history(w->env, w->a, w->how, &w->history));
	w->last = relstore_last(&w->history);
	if (!w->last && w->history.unread)
		return relstore_no_last(&w->history, name);
	if (!w->last)
		return err_new(ERR_NOT_FOUND, "\"%.*s\" has no deployed releases", STR_ARG(name));
	if (record_is_pending(w->last)) {
		if (!release_may_take_over(w->env, w->how, w->last))
			return err_new(ERR_CONFLICT,
				       "another operation (install/upgrade/rollback) is in progress");
		if (!w->how->dry_run)
			TRY(release_unlock(w->env, w->a, w->last));
	}
	w->current = str_eq(w->last->status, RELEASE_DEPLOYED) ? w->last
							       : relstore_deployed(&w->history);
	if (w->current)
		return NULL;
	if (!str_eq(w->last->status, RELEASE_FAILED) &&
	    !str_eq(w->last->status, RELEASE_SUPERSEDED) && !record_is_pending(w->last))
		return err_new(ERR_NOT_FOUND, "\"%.*s\" has no deployed releases", STR_ARG(name));
	w->current = w->last;
	return NULL;
}

static node overlay(struct work *w, node values)
{
	node over = values.kind == NODE_MAP ? node_copy(w->a, values) : node_map(w->a, 4);

	coalesce_tables(w->a, over, node_copy(w->a, w->current->config), COALESCE_VALUES, NULL);
	return over;
}

/* The user's values; the chart's own ones change where all old ones are kept. */
static err *values_of(struct work *w, node *out)
{
	const struct release_how *how = w->how;
	struct chart old;
	node all;
	err *e;

	*out = how->values;
	switch (how->reuse) {
	case RELEASE_RESET:
		release_debug(w->env, S("resetting values to the chart's original version"), { 0 });
		return NULL;
	case RELEASE_REUSE:
		release_debug(w->env, S("reusing the old release's values"), { 0 });
		record_to_chart(w->a, w->current, &old);
		e = coalesce_chart(w->a, &old, w->current->config, COALESCE_VALUES, w->env->notices,
				   &all);
		if (e)
			return err_wrap(e, "failed to rebuild old values");
		*out = overlay(w, how->values);
		how->chart->values = all;
		return NULL;
	case RELEASE_RESET_THEN_REUSE:
		release_debug(w->env, S("merging values from old release to new values"), { 0 });
		*out = overlay(w, how->values);
		return NULL;
	case RELEASE_REUSE_IF_NONE:
		break;
	}
	if (!node_len(how->values) && node_len(w->current->config)) {
		release_debug(w->env, S("copying values from old release"),
			      { "name", w->current->name },
			      NOTICE_N("version", w->current->version));
		*out = w->current->config;
	}
	return NULL;
}

/* Custom labels of the last revision with the new ones; "null" takes one away. */
static node labels_of(struct work *w)
{
	node out = node_map(w->a, 8);

	node_each_pair(p, w->last->labels)
		node_put(w->a, out, p->key, p->value);
	node_each_pair(p, w->how->labels)
		node_put(w->a, out, p->key, p->value);
	node_each_pair(p, out)
		if (str_eq(node_str(p->value), S("null")))
			p->value = NODE_NOTHING;
	node_remove_none(out);
	return out;
}

/* ---- what will be ------------------------------------------------------ */

static err *build_old(struct work *w)
{
	err *e = relobj_build(&w->env->cluster, w->a, w->current->manifest, w->env->ns, &w->old);

	if (e && str_has(err_text(e), S("no matches for kind")))
		return err_wrap(e, "current release manifest contains removed kubernetes api(s) for "
				   "this kubernetes version and it is therefore unable to build the "
				   "kubernetes objects for performing the diff. error from kubernetes");
	return e ? err_wrap(e,
			    "unable to build kubernetes objects from current release manifest")
		 : NULL;
}

/* An object by the version that its manifest names as well: one of another version is new. */
static bool was_there(const struct relobj_list *old, const struct relobj *o)
{
	for (size_t i = 0; i < old->n; i++)
		if (relobj_same(&old->p[i], o) && str_eq(old->p[i].gvk.version, o->gvk.version))
			return true;
	return false;
}

/* What is new must not be somebody else's. */
static err *adopt(struct work *w, const struct record *r)
{
	const struct release_how *how = w->how;
	struct relobj_list fresh = { 0 }, adopted = { 0 };
	bool blind = how->take_ownership && w->server_side && how->force_conflicts &&
		     !how->cleanup_on_fail && !how->dry_run;

	for (size_t i = 0; i < w->target.n; i++)
		if (!was_there(&w->old, &w->target.p[i]))
			avec_push(w->a, &fresh, w->target.p[i]);
	if (!blind) {
		err *e = relobj_adoptable(&w->env->cluster, w->a, &fresh, r->name, r->ns,
					  how->take_ownership, &adopted);

		if (e)
			return err_wrap(e, "unable to continue with update");
	}
	for (size_t i = 0; i < adopted.n; i++)
		avec_push(w->a, &w->old, adopted.p[i]);
	/* To tell what is wanted as it was. */
	if (w->server_side && w->env->intact)
		relobj_own(w->a, &w->old, r->name, r->ns);
	return NULL;
}

static err *prepare(struct work *w, struct record *r)
{
	node values;

	TRY(values_of(w, &values));
	TRY(release_render(w->env, w->a, w->how, values, true, r));
	TRY(relstore_check_labels(w->how->labels));
	TRY(release_use_server(w->how, w->last, &w->server_side));
	r->apply_method = release_method(w->server_side);
	release_debug(w->env, S("determined release apply method"),
		      NOTICE_IF("server_side_apply", w->server_side),
		      { "previous_release_apply_method", w->last->apply_method });
	r->labels = labels_of(w);
	r->status = S("pending-upgrade");
	r->description = S("Preparing upgrade");
	return relobj_build(&w->env->cluster, w->a, r->manifest, w->env->ns, &w->target);
}

/* What there is, beside what is wanted. */
static err *compare(struct work *w, const struct record *r)
{
	release_debug(w->env, S("performing update"), { "name", r->name });
	TRY(build_old(w));
	relobj_own(w->a, &w->target, r->name, r->ns);
	return adopt(w, r);
}

/* ---- doing it ---------------------------------------------------------- */

static err *perform(struct work *w, struct record *r)
{
	struct relobj_apply apply = release_apply(w->env, w->how, w->server_side);
	err *e = release_hooks(w->env, w->a, w->how, r, S("pre-upgrade"), w->server_side);

	if (e)
		return err_wrap(e, "pre-upgrade hooks failed");
	if (w->how->no_hooks)
		release_debug(w->env, S("upgrade hooks disabled"), { "name", r->name });
	apply.migrate = w->server_side && !release_was_server_side(w->current);
	e = relobj_update(&w->env->cluster, w->a, &w->old, &w->target, &apply, &w->created);
	if (!e) {
		release_applied(w->env, &w->target);
		e = release_wait_ready(w->env, w->how, &w->target);
	}
	if (e) {
		release_store_again(w->env, w->current);
		return e;
	}
	e = release_hooks(w->env, w->a, w->how, r, S("post-upgrade"), w->server_side);
	if (e)
		return err_wrap(e, "post-upgrade hooks failed");
	w->current->status = RELEASE_SUPERSEDED;
	release_store_again(w->env, w->current);
	r->status = RELEASE_DEPLOYED;
	r->description = w->how->description.n ? w->how->description : S("Upgrade complete");
	return NULL;
}

/* Whether nothing went wrong with it: else that stands in *e besides. */
static bool clean_up(struct work *w, err **e)
{
	err *more;

	if (!w->how->cleanup_on_fail || !w->created.n)
		return true;
	release_debug(w->env, S("cleanup on fail set"),
		      NOTICE_N("cleaning_resources", w->created.n));
	more = relobj_delete(&w->env->cluster, w->a, &w->created, S("Background"), ", ", NULL);
	if (!more) {
		release_debug(w->env, S("resource cleanup complete"), { 0 });
		return true;
	}
	*e = err_replace(*e,
			 "an error occurred while cleaning up resources. original upgrade error: %s: "
			 "unable to cleanup resources: %s",
			 err_msg(*e), err_msg(more));
	err_free(more);
	return false;
}

/* Back to the newest revision that was good. */
static err *roll_back(struct work *w, err *e)
{
	struct release_how back = *w->how;
	struct record_list history;
	struct record r;
	err *more;

	release_debug(w->env, S("Upgrade failed and rollback-on-failure is set, rolling back to "
				"previous successful release"), { 0 });
	back.history = NULL;
	back.description = STR_NONE;
	back.revision = 0;
	back.max_history = 0;	/* Helm lets it add one more */
	back.cleanup_on_fail = false;
	more = relstore_find(&w->env->store, w->a, w->how->name, STR_NONE, STR_NONE, &history);
	for (size_t i = 0; !more && i < history.n; i++)
		if (str_eq(history.p[i].status, RELEASE_SUPERSEDED) ||
		    str_eq(history.p[i].status, RELEASE_DEPLOYED))
			back.revision = history.p[i].version;
	if (!more && !back.revision)
		return err_wrap(e, "unable to find a previously successful release when attempting to "
				   "rollback. original upgrade error");
	if (!more)
		more = release_rollback(w->env, w->a, &back, &r);
	if (!more)
		return err_wrap(e,
				"release %.*s failed, and has been rolled back due to "
				"rollback-on-failure being set",
				STR_ARG(w->how->name));
	e = err_replace(e,
			"an error occurred while rolling back the release. original upgrade error: "
			"%s: %s",
			err_msg(e), err_msg(more));
	err_free(more);
	return e;
}

static err *fail(struct work *w, struct record *r, err *e)
{
	notice(w->env->cluster.log, NOTICE_WARN, S("upgrade failed"), { "name", r->name },
	       NOTICE_ERR(e));
	r->status = RELEASE_FAILED;
	r->description = arena_printf(w->a, "Upgrade \"%.*s\" failed: %s", STR_ARG(r->name),
				      err_msg(e));
	release_store_again(w->env, r);
	if (!clean_up(w, &e))
		return e;
	return w->how->rollback_on_failure ? roll_back(w, e) : e;
}

err *release_upgrade(const struct release_env *env, struct arena *a, const struct release_how *given,
		     struct record *out)
{
	struct release_how own = *given, *how = &own;
	struct work w = { .env = env, .a = a, .how = how };
	str what;

	*out = (struct record){ 0 };
	if (how->rollback_on_failure && how->wait == RELEASE_WAIT_HOOKS)
		how->wait = RELEASE_WAIT_WATCHER;
	if (!release_name_is_valid(how->name, &what))
		return err_new(ERR_INVALID, "release name is invalid: %.*s", STR_ARG(how->name));
	release_debug(env, S("preparing upgrade"), { "name", how->name });
	TRY(find_current(&w));
	struct record r = { .name = how->name, .ns = w.current->ns.n ? w.current->ns : env->ns,
			    .version = w.last->version + 1,
			    .first_deployed = w.current->first_deployed,
			    .last_deployed = release_now(env), .deleted = GOTIME_ZERO };

	TRY(prepare(&w, &r));
	TRY(compare(&w, &r));
	if (how->dry_run) {
		release_debug(env, S("dry run for release"), { "name", r.name });
		r.description = how->description.n ? how->description : S("Dry run complete");
		*out = r;
		return NULL;
	}
	release_debug(env, S("creating upgraded release"), { "name", r.name });
	TRY(release_store_new(env, a, how, &w.history, &r));
	err *e = perform(&w, &r);

	if (e) {
		e = fail(&w, &r, e);
	} else {
		release_debug(env, S("updating status for upgraded release"), { "name", r.name });
		e = release_store(env, &r);
	}
	*out = r;
	return e;
}
