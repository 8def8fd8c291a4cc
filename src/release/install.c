/* install - the first revision of a release. */
#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "release/release_impl.h"
#include "text/quote.h"

static err *name_is_used(const struct release_env *env, err *e)
{
	notice(env->cluster.log, NOTICE_ERROR, S("release name check failed"), NOTICE_ERR(e));
	return err_wrap(e, "release name check failed");
}

static err *check_name(const struct release_env *env, struct arena *a,
		       const struct release_how *how, struct record_list *history)
{
	str what;

	if (!release_name_is_valid(how->name, &what))
		return name_is_used(env, err_new(ERR_INVALID, "release name %.*s: %.*s",
						 STR_ARG(quote_str(a, how->name)), STR_ARG(what)));
	if (how->dry_run)
		return NULL;
	/* Who may not list records may make one: what is there already, the server tells. */
	err_free(release_history(env, a, how, history));
	const struct record *last = relstore_last(history);

	if (!last)
		return NULL;
	if (how->replace && (str_eq(last->status, RELEASE_UNINSTALLED) ||
			     str_eq(last->status, RELEASE_FAILED)))
		return NULL;
	if (str_eq(last->status, S("pending-install")) && release_may_take_over(env, how, last))
		return release_unlock(env, a, relstore_last(history));
	return name_is_used(env, err_new(ERR_EXISTS, "cannot reuse a name that is still in use"));
}

/* The revision that comes behind what is there. */
static err *replace_last(const struct release_env *env, const struct record_list *history,
			 struct record *r)
{
	struct record *last = relstore_last(history);

	if (!last)
		return NULL;
	r->version = last->version + 1;
	if (str_eq(last->status, RELEASE_FAILED))
		return NULL;
	last->status = RELEASE_SUPERSEDED;
	last->description = S("superseded by new release");
	return release_store(env, last);
}

static err *create_namespace(const struct release_env *env, struct arena *a, bool server_side)
{
	node ns = node_map(a, 4), meta = node_map(a, 2), labels = node_map(a, 1);
	struct relobj_list l = { 0 };
	struct relobj o;

	node_set(a, ns, S("apiVersion"), node_lit("v1"));
	node_set(a, ns, S("kind"), node_lit("Namespace"));
	node_set(a, labels, S("name"), node_from_str(a, env->ns));
	node_set(a, meta, S("name"), node_from_str(a, env->ns));
	node_set(a, meta, S("labels"), labels);
	node_set(a, ns, S("metadata"), meta);
	node_set(a, ns, S("spec"), node_map(a, 0));	/* Go writes it, so it is owned */
	TRY(relobj_resolve(&env->cluster, a, ns, STR_NONE, &o));
	avec_push(a, &l, o);
	err *e = relobj_create(&env->cluster, a, &l,
			       &(struct relobj_apply){ .server_side = server_side });

	if (e && err_kind(e) == ERR_EXISTS) {
		err_free(e);
		return NULL;
	}
	return e;
}

struct work {
	const struct release_env *env;
	struct arena *a;
	const struct release_how *how;
	struct relobj_list target, adopted;
	bool server_side;
	bool blind;		/* whatever is there is taken over by the server's answer alone */
};

static err *make_objects(struct work *w)
{
	struct relobj_apply apply = release_apply(w->env, w->how, w->server_side);

	if (!w->target.n)
		return NULL;
	if (!w->adopted.n && !w->blind) {
		apply.force = false;
		return relobj_create(&w->env->cluster, w->a, &w->target, &apply);
	}
	apply.anew = w->blind;
	apply.migrate = w->server_side;
	apply.three_way = w->how->take_ownership && !w->server_side;
	return relobj_update(&w->env->cluster, w->a, &w->adopted, &w->target, &apply, NULL);
}

static err *perform(struct work *w, struct record *r)
{
	err *e = release_hooks(w->env, w->a, w->how, r, S("pre-install"), w->server_side);

	if (e)
		return err_wrap(e, "failed pre-install");
	TRY(make_objects(w));
	release_applied(w->env, &w->target);
	TRY(release_wait_ready(w->env, w->how, &w->target));
	e = release_hooks(w->env, w->a, w->how, r, S("post-install"), w->server_side);
	if (e)
		return err_wrap(e, "failed post-install");
	r->status = RELEASE_DEPLOYED;
	r->description = w->how->description.n ? w->how->description : S("Install complete");
	e = release_store(w->env, r);
	if (e)		/* the objects are there: it is no failure */
		notice(w->env->cluster.log, NOTICE_ERROR, S("failed to record the release"),
		       NOTICE_ERR(e));
	err_free(e);
	return NULL;
}

static err *fail(struct work *w, struct record *r, err *e)
{
	struct release_how undo = { .name = r->name, .no_hooks = w->how->no_hooks,
				    .timeout = w->how->timeout, .wait = w->how->wait };
	struct record gone;
	str info;

	r->status = RELEASE_FAILED;
	r->description = arena_printf(w->a, "Release \"%.*s\" failed: %s", STR_ARG(r->name),
				      err_msg(e));
	if (!w->how->rollback_on_failure) {
		err_free(release_store(w->env, r));
		return e;
	}
	release_debug(w->env,
		      S("install failed and rollback-on-failure is set, uninstalling release"),
		      { "release", r->name });
	err *more = release_uninstall(w->env, w->a, &undo, &gone, &info);

	if (more) {
		e = err_replace(e,
				"an error occurred while uninstalling the release. original install "
				"error: %s: %s",
				err_msg(e), err_msg(more));
		err_free(more);
		return e;
	}
	return err_wrap(e,
			"release %.*s failed, and has been uninstalled due to rollback-on-failure "
			"being set",
			STR_ARG(r->name));
}

/* Whether no answer to a change would tell what a question has to tell before it. */
static bool is_free(const struct relcluster *c, const struct relobj_list *l)
{
	for (size_t i = 0; i < l->n && c->shown; i++)
		if (!c->shown(c->shown_ctx, l->p[i].resource, l->p[i].ns))
			return false;
	return true;
}

/* What stands in the way of it, or is taken over. */
static err *prepare(struct work *w, const struct record *r)
{
	const struct release_how *how = w->how;
	err *e;

	if (how->dry_run == RELEASE_DRY_CLIENT)
		return NULL;
	e = relobj_build(&w->env->cluster, w->a, r->manifest, w->env->ns, &w->target);
	if (e)
		return err_wrap(e,
				"unable to build kubernetes objects from release manifest");
	relobj_own(w->a, &w->target, r->name, r->ns);
	w->blind = how->take_ownership && w->server_side && how->force_conflicts &&
		   !how->dry_run && is_free(&w->env->cluster, &w->target);
	if (w->blind)
		return NULL;
	e = relobj_adoptable(&w->env->cluster, w->a, &w->target, r->name, r->ns,
			     how->take_ownership, &w->adopted);
	return e ? err_wrap(e, "unable to continue with install") : NULL;
}

err *release_try(const struct release_env *env, struct arena *a, const struct release_how *how,
		 str manifest)
{
	struct work w = { .env = env, .a = a, .how = how };

	return prepare(&w, &(struct record){ .name = how->name, .ns = env->ns,
					     .manifest = manifest });
}

err *release_install(const struct release_env *env, struct arena *a, const struct release_how *given,
		     struct record *out)
{
	struct release_how own = *given, *how = &own;
	struct work w = { .env = env, .a = a, .how = how,
			  .server_side = how->server_side != RELEASE_SIDE_CLIENT };
	struct gotime now = release_now(env);
	struct record_list history = { 0 };

	*out = (struct record){ 0 };
	TRY(check_name(env, a, how, &history));
	TRY(release_install_crds(env, a, how));
	if (how->rollback_on_failure && how->wait == RELEASE_WAIT_HOOKS)
		how->wait = RELEASE_WAIT_WATCHER;
	TRY(relstore_check_labels(how->labels));
	struct record r = { .name = how->name, .ns = env->ns, .version = 1, .first_deployed = now,
			    .last_deployed = now, .deleted = GOTIME_ZERO, .labels = how->labels,
			    .apply_method = release_method(w.server_side) };

	TRY(release_render(env, a, how, how->values, false, &r));
	r.status = S("pending-install");
	r.description = S("Initial install underway");
	TRY(prepare(&w, &r));
	if (how->dry_run) {
		r.description = S("Dry run complete");
		*out = r;
		return NULL;
	}
	if (how->create_namespace)
		TRY(create_namespace(env, a, w.server_side));
	TRY(replace_last(env, &history, &r));
	TRY(release_store_new(env, a, how, &history, &r));
	err *e = perform(&w, &r);

	if (e)
		e = fail(&w, &r, e);
	*out = r;
	return e;
}
