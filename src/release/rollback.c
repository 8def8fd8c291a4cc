/* rollback - a revision of before as the next one. */
#include "base/die.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "release/release_impl.h"

enum { DESCRIPTION_MAX = 256 };

struct work {
	const struct release_env *env;
	struct arena *a;
	const struct release_how *how;
	struct record_list history;
	struct record *current;
	const struct record *previous;
	struct relobj_list old, target, created;
	bool server_side;
};

static size_t runes(str s)
{
	size_t n = 0;

	for (uint32_t rune; utf8_take(&s, &rune);)
		n++;
	return n;
}

err *release_check_description(str description)
{
	size_t n = runes(description);

	return n <= DESCRIPTION_MAX
		       ? NULL
		       : err_new(ERR_INVALID, "description must be %d characters or less, got %zu",
				 DESCRIPTION_MAX, n);
}

static err *find(struct work *w)
{
	int64_t revision = w->how->revision;
	str what;

	TRY(release_check_description(w->how->description));
	if (!release_name_is_valid(w->how->name, &what))
		return err_new(ERR_INVALID, "prepareRollback: Release name is invalid: %.*s",
			       STR_ARG(w->how->name));
	if (revision < 0)
		return err_new(ERR_INVALID, "invalid release revision");
	TRY(release_history(w->env, w->a, w->how, &w->history));
	w->current = relstore_last(&w->history);
	if (!w->current)
		return relstore_no_last(&w->history, w->how->name);
	if (!revision)
		revision = w->current->version - 1;
	for (size_t i = 0; i < w->history.n; i++)
		if (w->history.p[i].version == revision)
			w->previous = &w->history.p[i];
	if (!w->previous)
		return err_new(ERR_NOT_FOUND, "release has no %lld version", (long long)revision);
	release_debug(w->env, S("rolling back"), { "name", w->how->name },
		      NOTICE_N("currentVersion", w->current->version),
		      NOTICE_N("targetVersion", revision));
	return NULL;
}

/* As a record that was fetched by its key has them. */
static node custom_labels(struct arena *a, node labels)
{
	node out = node_map(a, 4);

	node_each_pair(p, labels)
		if (!relstore_is_own_label(node_str(p->key)))
			node_put(a, out, p->key, p->value);
	return out;
}

static struct record next(struct work *w)
{
	const struct record *p = w->previous;
	struct record r = *p;

	r.ns = w->current->ns;
	r.version = w->current->version + 1;
	r.first_deployed = w->current->first_deployed;
	r.last_deployed = release_now(w->env);
	r.deleted = GOTIME_ZERO;
	r.status = S("pending-rollback");
	r.rollback_revision = w->env->as_flux ? 0 : p->version;
	r.description = w->how->description.n
				? w->how->description
				: arena_printf(w->a, "Rollback to %lld", (long long)p->version);
	r.labels = custom_labels(w->a, p->labels);
	r.apply_method = release_method(w->server_side);
	r.hooks = arena_array(w->a, struct record_hook, p->hooks_n + 1);
	memcpy(r.hooks, p->hooks, p->hooks_n * sizeof *p->hooks);
	return r;
}

static err *fail_update(struct work *w, struct record *r, err *e)
{
	str message = arena_printf(w->a, "Rollback \"%.*s\" failed: %s", STR_ARG(r->name),
				   err_msg(e));

	notice(w->env->cluster.log, NOTICE_WARN, message, { 0 });
	w->current->status = RELEASE_SUPERSEDED;
	r->status = RELEASE_FAILED;
	r->description = message;
	release_store_again(w->env, w->current);
	release_store_again(w->env, r);
	if (!w->how->cleanup_on_fail)
		return e;
	release_debug(w->env, S("cleanup on fail set, cleaning up resources"),
		      NOTICE_N("count", w->created.n));
	err *more = relobj_delete(&w->env->cluster, w->a, &w->created, S("Background"), ", ", NULL);

	if (!more) {
		release_debug(w->env, S("resource cleanup complete"), { 0 });
		return e;
	}
	err_free(e);
	return err_wrap(more, "an error occurred while cleaning up resources. original rollback "
			      "error: unable to cleanup resources");
}

static err *fail_wait(struct work *w, struct record *r, err *e)
{
	r->status = RELEASE_FAILED;
	r->description = arena_printf(w->a, "Release \"%.*s\" failed: %s", STR_ARG(r->name),
				      err_msg(e));
	release_store_again(w->env, w->current);
	release_store_again(w->env, r);
	return err_wrap(e, "release %.*s failed", STR_ARG(r->name));
}

static err *perform(struct work *w, struct record *r)
{
	struct relobj_apply apply = release_apply(w->env, w->how, w->server_side);
	const struct relcluster *c = &w->env->cluster;
	err *e = relobj_build(c, w->a, w->current->manifest, w->env->ns, &w->old);

	if (e)
		return err_wrap(e, "unable to build kubernetes objects from current release manifest");
	e = relobj_build(c, w->a, r->manifest, w->env->ns, &w->target);
	if (e)
		return err_wrap(e, "unable to build kubernetes objects from new release manifest");
	if (w->how->no_hooks)
		release_debug(w->env, S("rollback hooks disabled"), { "name", r->name });
	TRY(release_hooks(w->env, w->a, w->how, r, S("pre-rollback"), w->server_side));
	relobj_own(w->a, &w->target, r->name, r->ns);
	apply.migrate = w->server_side;
	apply.known = w->env->as_flux ? NULL : &w->old;
	e = relobj_update(c, w->a, &w->old, &w->target, &apply, &w->created);
	if (e)
		return fail_update(w, r, e);
	release_applied(w->env, &w->target);
	e = release_wait_ready(w->env, w->how, &w->target);
	if (e)
		return fail_wait(w, r, e);
	TRY(release_hooks(w->env, w->a, w->how, r, S("post-rollback"), w->server_side));
	for (size_t i = 0; i < w->history.n; i++)
		if (str_eq(w->history.p[i].status, RELEASE_DEPLOYED)) {
			release_debug(w->env, S("superseding previous deployment"),
				      NOTICE_N("version", w->history.p[i].version));
			w->history.p[i].status = RELEASE_SUPERSEDED;
			release_store_again(w->env, &w->history.p[i]);
		}
	r->status = RELEASE_DEPLOYED;
	release_debug(w->env, S("updating status for rolled back release"), { "name", r->name });
	return release_store(w->env, r);
}

err *release_rollback(const struct release_env *env, struct arena *a,
		      const struct release_how *how, struct record *out)
{
	struct work w = { .env = env, .a = a, .how = how };

	*out = (struct record){ 0 };
	release_debug(env, S("preparing rollback"), { "name", how->name });
	TRY(find(&w));
	TRY(release_use_server(how, w.previous, &w.server_side));
	struct record r = next(&w);

	if (how->dry_run) {
		release_debug(env, S("performing rollback"), { "name", how->name });
		release_debug(env, S("dry run"), { "name", how->name });
		*out = r;
		return NULL;
	}
	release_debug(env, S("creating rolled back release"), { "name", how->name });
	TRY(release_store_new(env, a, how, &w.history, &r));
	release_debug(env, S("performing rollback"), { "name", how->name });
	err *e = perform(&w, &r);

	*out = r;
	return e;
}
