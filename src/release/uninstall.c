/* uninstall - a release taken away, and its tests run. */
#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "release/release_impl.h"

struct work {
	const struct release_env *env;
	struct arena *a;
	const struct release_how *how;
	struct record_list history;
	struct record *r;
	struct relobj_list owned;	/* what goes */
	struct buf info;
};

/* ---- which objects ----------------------------------------------------- */

struct sorting {
	struct manifest_list kept, rest;
};

/* In the order in which they go. Those with a resource policy stay; only "keep"
 * is told. */
static err *sort_manifests(struct work *w, struct sorting *out)
{
	struct manifest_cut cut = { .rest = manifest_trim_left(w->r->manifest) };
	VEC(struct manifest_file) files = { 0 };
	struct manifest_list all = { 0 }, hooks = { 0 };
	str document;

	while (manifest_take(&cut, &document)) {
		str name = arena_printf(w->a, "manifest-%06zu", files.n);

		avec_push(w->a, &files, (struct manifest_file){ .path = name, .text = document });
	}
	err *e = manifest_sort(w->a, files.p, files.n, MANIFEST_UNINSTALL, NULL, &all, &hooks);

	if (e)
		return err_wrap(e, "corrupted release record. You must manually delete the resources");
	for (size_t i = 0; i < all.n; i++) {
		node policy = node_get(all.p[i].annotations, S("helm.sh/resource-policy"));
		str word = arena_lower(w->a, str_trim(node_str(policy)));

		if (policy.kind == NODE_NONE)
			avec_push(w->a, &out->rest, all.p[i]);
		else if (str_eq(word, S("keep")))
			avec_push(w->a, &out->kept, all.p[i]);
	}
	return NULL;
}

static void tell_kept(struct work *w, const struct manifest_list *kept)
{
	if (kept->n)
		buf_add(&w->info, S("These resources were kept due to the resource policy:\n"));
	for (size_t i = 0; i < kept->n; i++)
		buf_addf(&w->info, "[%.*s] %.*s\n", STR_ARG(kept->p[i].kind),
			 STR_ARG(kept->p[i].name));
}

/* Objects by whose they are: ours go to w->owned. */
struct owners {
	struct relobj_list unowned, unsure;
	VEC(str) why;		/* nobody knows of whom each of `unsure` is */
};

static void look_up(struct work *w, struct relobj_list *all, struct owners *out)
{
	struct client_call **calls = arena_array(w->a, struct client_call *, all->n + 1);

	for (size_t i = 0; i < all->n; i++)
		calls[i] = client_start(w->env->cluster.client,
					&(struct client_request){
						.path = client_path(w->a, all->p[i].resource,
								    all->p[i].ns, all->p[i].name,
								    STR_NONE) });
	for (size_t i = 0; i < all->n; i++) {
		struct relobj *o = &all->p[i];
		err *e = client_wait(calls[i], w->a, &o->live);
		bool gone = e && err_kind(e) == ERR_NOT_FOUND;

		if (e && !gone) {
			avec_push(w->a, &out->unsure, *o);
			avec_push(w->a, &out->why, arena_str(w->a, err_text(e)));
		} else if (!e) {
			e = relobj_check_owner(o->live, w->r->name, w->r->ns);
			if (!e)
				avec_push(w->a, &w->owned, *o);
			else
				avec_push(w->a, &out->unowned, *o);
		}
		err_free(e);
	}
}

static void tell_one(struct work *w, enum notice_level level, const char *what,
		     const struct relobj *o, str why)
{
	str release = w->how->dry_run ? STR_NONE : w->r->name;

	notice(w->env->cluster.log, level, str_c(what), { "kind", o->gvk.kind },
	       { "name", o->name }, { "namespace", o->ns },
	       { release.n ? "release" : NULL, release },
	       { why.n ? "error" : NULL, why, NOTICE_CAUSE });
}

static void tell_count(struct work *w, enum notice_level level, const char *what, size_t n)
{
	notice(w->env->cluster.log, level, str_c(what), { "release", w->r->name },
	       NOTICE_N("count", n));
}

static void add_info(struct work *w, const char *why, const struct relobj_list *l, const str *errors)
{
	if (l->n)
		buf_addf(&w->info, "%s%zu resource(s) were not deleted because %s:\n",
			 w->info.n ? "\n" : "", l->n, why);
	for (size_t i = 0; i < l->n; i++)
		buf_addf(&w->info, "[%.*s] %.*s%s%.*s\n", STR_ARG(l->p[i].gvk.kind),
			 STR_ARG(l->p[i].name), errors ? ": " : "",
			 STR_ARG(errors ? errors[i] : STR_NONE));
}

/* Ours, not ours, and those of which it cannot be told. */
static void sort_owned(struct work *w, struct relobj_list *all)
{
	struct owners found = { 0 };

	look_up(w, all, &found);
	for (size_t i = 0; i < found.unowned.n; i++)
		tell_one(w, NOTICE_WARN, "skipping delete of resource not owned by this release",
			 &found.unowned.p[i], STR_NONE);
	add_info(w, "they are not owned by this release", &found.unowned, NULL);
	for (size_t i = 0; i < found.unsure.n; i++)
		tell_one(w, NOTICE_WARN,
			 "skipping delete of resource because ownership could not be verified",
			 &found.unsure.p[i], found.why.p[i]);
	add_info(w, "their ownership could not be verified", &found.unsure, found.why.p);
	for (size_t i = 0; i < w->owned.n; i++)
		tell_one(w, NOTICE_DEBUG, "deleting resource owned by this release",
			 &w->owned.p[i], STR_NONE);
}

/* What sort_owned would have told. */
static void tell_dry(struct work *w, struct relobj_list *all)
{
	struct owners found = { 0 };

	look_up(w, all, &found);
	if (found.unowned.n)
		tell_count(w, NOTICE_WARN,
			   "dry-run: resources would be skipped because they are not owned by this "
			   "release",
			   found.unowned.n);
	for (size_t i = 0; i < found.unowned.n; i++)
		tell_one(w, NOTICE_WARN, "dry-run: would skip resource", &found.unowned.p[i],
			 STR_NONE);
	if (found.unsure.n)
		tell_count(w, NOTICE_WARN,
			   "dry-run: resources would be skipped because their ownership could not be "
			   "verified",
			   found.unsure.n);
	for (size_t i = 0; i < found.unsure.n; i++)
		tell_one(w, NOTICE_WARN,
			 "dry-run: would skip resource (ownership could not be verified)",
			 &found.unsure.p[i], found.why.p[i]);
	if (w->owned.n)
		tell_count(w, NOTICE_DEBUG, "dry-run: resources would be deleted", w->owned.n);
	for (size_t i = 0; i < w->owned.n; i++)
		tell_one(w, NOTICE_DEBUG, "dry-run: would delete resource", &w->owned.p[i],
			 STR_NONE);
}

/* Kinds that the cluster no longer has went with their definition. */
static err *build(struct work *w, const struct manifest_list *l, struct relobj_list *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	for (size_t i = 0; i < l->n; i++) {
		buf_add(&text, S("\n---\n"));
		buf_add(&text, l->p[i].text);
	}
	err *e = relobj_build(&w->env->cluster, w->a, arena_str(w->a, buf_str(&text)), w->env->ns,
			      out);

	return e ? err_wrap(e, "unable to build kubernetes objects for delete") : NULL;
}

static err *find_objects(struct work *w)
{
	struct sorting sorted = { 0 };
	struct relobj_list all;

	TRY(sort_manifests(w, &sorted));
	tell_kept(w, &sorted.kept);
	TRY(build(w, &sorted.rest, &all));
	if (w->env->as_flux)
		w->owned = all;
	else
		sort_owned(w, &all);
	return NULL;
}

static str propagation(const struct work *w)
{
	str how = w->how->propagation;

	if (str_eq(how, S("orphan")))
		return S("Orphan");
	if (str_eq(how, S("foreground")))
		return S("Foreground");
	if (!str_eq(how, S("background")) && !w->env->as_flux && w->owned.n)
		release_debug(w->env,
			      S("uninstall: given cascade value, defaulting to delete propagation "
				"background"),
			      { "value", how });
	return S("Background");
}

static err *delete_objects(struct work *w)
{
	struct relobj_errors failed = { 0 };
	err *e = find_objects(w);

	if (e)
		avec_push(w->a, &failed, e);
	else
		relobj_delete_each(&w->env->cluster, w->a, &w->owned, propagation(w), NULL, &failed);
	if (failed.n)
		release_debug(w->env, S("uninstall: Failed to delete release"),
			      NOTICE_ERRS(failed.p, failed.n));
	return relobj_join_all(&failed, "; ");
}

/* ---- records ----------------------------------------------------------- */

static err *purge(struct work *w)
{
	for (size_t i = 0; i < w->history.n; i++) {
		err *e = relstore_delete(&w->env->store, w->r->name, w->history.p[i].version);

		if (e && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			e = NULL;
		}
		if (e)
			return err_wrap(e, "uninstall: Failed to purge the release");
		if (w->env->on_store)
			w->env->on_store(w->env->on_store_ctx, &w->history.p[i]);
	}
	return NULL;
}

/* Helm looks at the error no further. */
static void store(struct work *w, const struct record *r)
{
	err *e = release_store(w->env, r);

	if (e)
		release_debug(w->env, S("uninstall: Failed to store updated release"),
			      NOTICE_ERR(e));
	err_free(e);
}

static void supersede(struct work *w)
{
	for (size_t i = 0; i < w->history.n; i++) {
		struct record *r = &w->history.p[i];

		if (r == w->r || !str_eq(r->status, RELEASE_DEPLOYED))
			continue;
		release_debug(w->env, S("superseding previous deployment"),
			      NOTICE_N("version", r->version));
		r->status = RELEASE_SUPERSEDED;
		store(w, r);
	}
}

/* ---- the action -------------------------------------------------------- */

static err *perform(struct work *w)
{
	struct record *r = w->r;
	err *all = NULL, *e;
	size_t n = 0;

	release_debug(w->env, S("uninstall: deleting release"), { "name", r->name });
	r->status = S("uninstalling");
	r->deleted = release_now(w->env);
	r->description = S("Deletion in progress (or silently failed)");
	if (w->how->no_hooks)
		release_debug(w->env, S("delete hooks disabled"), { "release", r->name });
	TRY(release_hooks(w->env, w->a, w->how, r, S("pre-delete"), true));
	store(w, r);
	e = delete_objects(w);
	if (e)
		return err_replace(e, "failed to delete release: %.*s", STR_ARG(r->name));
	e = release_wait_gone(w->env, w->how, &w->owned);
	n += e != NULL;
	all = relobj_join(all, e, "; ");
	e = release_hooks(w->env, w->a, w->how, r, S("post-delete"), true);
	n += e != NULL;
	all = relobj_join(all, e, "; ");
	if (!w->how->keep_history)
		release_debug(w->env, S("purge requested"), { "release", r->name });
	/* What is purged is seen as it was stored. */
	e = w->how->keep_history ? NULL : purge(w);
	n += e != NULL;
	all = relobj_join(all, e, "; ");
	r->status = RELEASE_UNINSTALLED;
	r->description = w->how->description.n ? w->how->description
					       : S("Uninstallation complete");
	if (w->how->keep_history) {
		store(w, r);
		supersede(w);
	}
	return n ? err_wrap(all, "uninstallation completed with %zu error(s)", n) : NULL;
}

/* Nothing is done; what cannot be told is left out. */
static err *try(struct work *w)
{
	struct sorting sorted = { 0 };
	struct relobj_list all;
	err *e = sort_manifests(w, &sorted);

	if (!e)
		tell_kept(w, &sorted.kept);
	if (!e && w->env->cluster.client) {
		e = build(w, &sorted.rest, &all);
		if (!e)
			tell_dry(w, &all);
	}
	err_free(e);
	return NULL;
}

static err *already_gone(struct work *w)
{
	if (w->how->keep_history)
		return err_new(ERR_NOT_FOUND, "the release named \"%.*s\" is already deleted",
			       STR_ARG(w->r->name));
	return purge(w);
}

/* Without an error there may be none: then it was not to be missed. */
static err *find_release(struct work *w)
{
	str name = w->how->name;
	err *e = release_history(w->env, w->a, w->how, &w->history);

	w->r = relstore_last(&w->history);
	if (w->r)
		return NULL;
	/* Helm takes a history that cannot be had for none, but for a try. */
	bool absent = e ? !w->how->dry_run : !w->history.unread;

	if (!e)
		e = relstore_no_last(&w->history, name);
	if (absent && w->how->ignore_not_found) {
		err_free(e);
		return NULL;
	}
	if (w->how->dry_run)
		return e;
	if (w->history.unread)
		return err_replace(e, "no release provided");
	return err_wrap(e, "uninstall: Release not loaded: %.*s", STR_ARG(name));
}

static err *run(struct work *w)
{
	str name = w->how->name, what;

	if (!release_name_is_valid(name, &what))
		return err_new(ERR_INVALID, "%s: Release name is invalid: %.*s",
			       w->how->dry_run ? "releaseContent" : "uninstall", STR_ARG(name));
	TRY(find_release(w));
	if (!w->r)
		return NULL;
	if (w->how->dry_run)
		return try(w);
	if (str_eq(w->r->status, RELEASE_UNINSTALLED))
		return already_gone(w);
	return perform(w);
}

err *release_uninstall(const struct release_env *env, struct arena *a,
		       const struct release_how *how, struct record *out, str *info)
{
	struct work w = { .env = env, .a = a, .how = how, .info = BUF_INIT };
	err *e = run(&w);

	*out = w.r ? *w.r : (struct record){ 0 };
	*info = arena_str(a, buf_str(&w.info));
	buf_release(&w.info);
	return e;
}

/* ---- tests ------------------------------------------------------------- */

static bool is_among(str name, const str *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static bool is_chosen(const struct release_how *how, const struct record_hook *h)
{
	if (is_among(h->name, how->without, how->without_n))
		return false;
	return !how->only_n || is_among(h->name, how->only, how->only_n);
}

err *release_test(const struct release_env *env, struct arena *a, const struct release_how *how,
		  struct record *out)
{
	struct record_list history;
	struct release_hooks h;
	str what;

	*out = (struct record){ 0 };
	if (!release_name_is_valid(how->name, &what))
		return err_new(ERR_INVALID, "releaseTest: Release name is invalid: %.*s",
			       STR_ARG(how->name));
	TRY(release_history(env, a, how, &history));
	struct record *r = relstore_last(&history);

	if (!r)
		return relstore_no_last(&history, how->name);
	/* Those that are not chosen stand aside, in front of the others after it. */
	struct record_hook *all = arena_array(a, struct record_hook, r->hooks_n + 1);
	size_t aside = 0, n = 0;

	for (size_t i = 0; i < r->hooks_n; i++)
		if (!is_chosen(how, &r->hooks[i]))
			all[aside++] = r->hooks[i];
	for (size_t i = 0; i < r->hooks_n; i++)
		if (is_chosen(how, &r->hooks[i]))
			all[aside + n++] = r->hooks[i];
	r->hooks = all + aside;
	size_t total = r->hooks_n;

	r->hooks_n = n;
	err *e = release_hooks_begin(env, a, how, r, S("test"), release_was_server_side(r), &h);

	r->hooks = all;
	r->hooks_n = total;
	err *stored = release_store(env, r);

	if (how->tested)
		how->tested(how->tested_ctx, r);
	err *after = release_hooks_end(env, a, how, r, &h);

	*out = *r;
	if (e) {
		err_free(stored);
		err_free(after);
		return e;
	}
	if (stored)
		err_free(after);
	return stored ? stored : after;
}
