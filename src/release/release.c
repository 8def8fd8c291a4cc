#include "release/release.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/sort.h"
#include "base/vec.h"
#include "helm/depend.h"
#include "release/release_impl.h"
#include "value/json.h"

/* ---- names ------------------------------------------------------------- */

static bool is_alnum(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

static bool is_label(str label)
{
	if (!label.n || !is_alnum(label.p[0]) || !is_alnum(label.p[label.n - 1]))
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!is_alnum(label.p[i]) && label.p[i] != '-')
			return false;
	return true;
}

bool release_name_is_valid(str name, str *what)
{
	str rest = name, label;
	bool good = name.n && name.n <= 53 && name.p[name.n - 1] != '.';

	while (good && str_cut(&rest, &label, '.'))
		good = is_label(label);
	if (good)
		return true;
	*what = !name.n ? S("no name provided")
			: S("invalid release name, must match regex "
			    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ "
			    "and the length must not be longer than 53");
	return false;
}

/* ---- the cluster ------------------------------------------------------- */

err *release_reach(struct client *c)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node version;
	err *e = client_do(c, &a, &(struct client_request){ .path = S("/version") }, &version);

	return e ? err_wrap(e, "kubernetes cluster unreachable") : NULL;
}

struct caps_list {
	struct arena *a;
	VEC(str) apis;
};

static err *add_resource(void *ctx, const struct client_resource *r)
{
	struct caps_list *l = ctx;
	str gv = gvk_api_version(l->a, (struct gvk){ r->group, r->version, STR_NONE });

	avec_push(l->a, &l->apis, gv);
	avec_push(l->a, &l->apis, arena_cat(l->a, gv, S("/"), r->kind));
	return NULL;
}

err *release_caps(struct discovery *d, struct arena *a, struct caps *out)
{
	struct caps_list list = { .a = a };
	node version;
	err *e = discovery_server(d, &version);

	if (e)
		return err_wrap(e, "could not get server version from Kubernetes");
	str git = node_str(node_get(version, S("gitVersion")));

	e = discovery_every(d, add_resource, &list);
	if (e)
		return err_wrap(e, "could not get apiVersions from Kubernetes");
	*out = (struct caps){ .apis = list.apis.p };
	out->apis_n = sort_unique(list.apis.p, list.apis.n);
	e = caps_parse_version(a, git, &out->kube);
	if (e)
		out->kube = (struct objects_kube_version){ .version = git, .normalized = git };
	err_free(e);
	out->kube.major = node_str(node_get(version, S("major")));
	out->kube.minor = node_str(node_get(version, S("minor")));
	return NULL;
}

/* ---- lookup ------------------------------------------------------------ */

static err *find(void *ctx, struct arena *a, str api_version, str kind, str ns, str name, node *out)
{
	const struct release_env *env = ctx;
	const struct client_resource *r;
	struct gvk g = gvk_parse(api_version, kind);
	err *e = discovery_kind(env->cluster.discovery, g, &r);

	*out = node_map(a, 0);
	if (e)
		return err_wrap(e, "unable to get apiresource from unstructured: %.*s%s%.*s, Kind=%.*s",
				STR_ARG(g.group), "/", STR_ARG(g.version), STR_ARG(kind));
	e = name.n ? client_get(env->cluster.client, a, r, ns, name, out)
		   : client_list(env->cluster.client, a, r, ns, STR_NONE, STR_NONE, out);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		*out = node_map(a, 0);
		return NULL;
	}
	return e;
}

struct tmpl_lookup release_lookup(const struct release_env *env)
{
	return (struct tmpl_lookup){ find, (void *)env };
}

/* ---- rendering --------------------------------------------------------- */

struct gotime release_now(const struct release_env *env)
{
	return gotime_in(gotime_utc(0, clock_wall()), env->local);
}

static void keep_secret(struct arena *a, struct manifest *m)
{
	if (str_eq(m->kind, S("Secret")) && str_eq(m->api_version, S("v1")))
		m->text = arena_cat(a, S("# HIDDEN: The Secret output has been suppressed"));
}

static err *set_chart(struct arena *a, const struct release_how *how, struct record *r)
{
	if (how->form && record_form_fits(how->form, how->chart)) {
		r->form = how->form;
	} else if (!how->dry_run) {
		struct record_form *own = arena_new(a, struct record_form);

		TRY(record_form_make(a, how->chart, own));
		r->form = own;
	}
	r->chart = r->form ? r->form->chart : record_chart(a, how->chart);
	return NULL;
}

err *release_render(const struct release_env *env, struct arena *a, const struct release_how *how,
		    node values, bool is_upgrade, struct record *r)
{
	struct tmpl_lookup lookup = release_lookup(env);
	struct tmpl_options tmpl = *env->tmpl;
	struct render_options o = {
		.release = { .name = r->name, .ns = r->ns, .revision = r->version,
			     .is_upgrade = is_upgrade },
		.caps = env->caps, .notices = env->notices, .tmpl = &tmpl,
		.skip_schema = how->skip_schema, .sub_notes = how->sub_notes,
		.fetch_schema = env->fetch_schema, .fetch_ctx = env->fetch_ctx,
		.tight = how->tight,
		.files_only = how->post_render && how->post == RELEASE_POST_COMBINED,
	};
	struct render out;
	struct caps caps;

	if (how->dry_run != RELEASE_DRY_CLIENT) {
		tmpl.lookup = &lookup;
		if (!o.caps)
			TRY(release_caps(env->cluster.discovery, a, &caps));
	} else if (!o.caps) {
		caps = caps_offline(a, NULL, 0);
	}
	if (!o.caps) {
		caps.helm = env->as_flux ? &caps_of_flux : NULL;
		o.caps = &caps;
	}
	tmpl.dns = how->dns;
	TRY(render_chart(a, how->chart, values, &o, &out));
	TRY(set_chart(a, how, r));
	r->config = values;
	r->notes = out.notes;
	if (how->post_render)
		TRY(release_post_render(a, how, env->notices, &out));
	for (size_t i = 0; how->hide_secret && i < out.manifests.n; i++)
		keep_secret(a, &out.manifests.p[i]);
	r->manifest = record_manifest(a, &out.manifests);
	record_set_hooks(a, r, &out.hooks);
	return NULL;
}

/* ---- definitions ------------------------------------------------------- */

static err *install_crd(const struct release_env *env, struct arena *a,
			const struct release_how *how, const struct chart_file *f,
			struct relobj_list *made)
{
	struct relobj_apply apply = { .server_side = how->server_side != RELEASE_SIDE_CLIENT,
				      .force = how->force_conflicts };
	struct relobj_list l;
	err *e = relobj_build(&env->cluster, a, f->data, env->ns, &l);

	if (!e && !l.n)
		e = err_new(ERR_INVALID, "resources are empty");
	if (!e)
		e = relobj_create(&env->cluster, a, &l, &apply);
	if (e && err_kind(e) == ERR_EXISTS) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_wrap(e, "failed to install CRD %.*s", STR_ARG(f->name));
	for (size_t i = 0; i < l.n; i++)
		avec_push(a, made, l.p[i]);
	return NULL;
}

static err *install_tree(const struct release_env *env, struct arena *a,
			 const struct release_how *how, const struct chart *c,
			 struct relobj_list *made)
{
	for (size_t i = 0; i < c->files.n; i++)
		if (chart_is_crd(&c->files.p[i]))
			TRY(install_crd(env, a, how, &c->files.p[i], made));
	for (size_t i = 0; i < c->subs_n; i++)
		TRY(install_tree(env, a, how, c->subs[i], made));
	return NULL;
}

static bool has_crds(const struct chart *c)
{
	for (size_t i = 0; i < c->files.n; i++)
		if (chart_is_crd(&c->files.p[i]))
			return true;
	for (size_t i = 0; i < c->subs_n; i++)
		if (has_crds(c->subs[i]))
			return true;
	return false;
}

err *release_install_crds(const struct release_env *env, struct arena *a,
			  const struct release_how *how)
{
	struct chart enabled = *how->chart;
	struct relobj_list made = { 0 };

	if (how->skip_crds || how->dry_run == RELEASE_DRY_CLIENT || !has_crds(&enabled))
		return NULL;
	TRY(depend_process(a, &enabled, how->values, NULL));
	if (!has_crds(&enabled))
		return NULL;
	if (how->dry_run == RELEASE_DRY_SERVER) {
		notice(env->cluster.log, NOTICE_WARN,
		       S("This chart or one of its subcharts contains CRDs. Rendering may fail or "
			 "contain inaccuracies."),
		       { 0 });
		return NULL;
	}
	TRY(install_tree(env, a, how, &enabled, &made));
	if (!made.n)
		return NULL;
	discovery_forget(env->cluster.discovery);
	return relwait(&env->cluster, &made,
		       &(struct relwait_options){ .what = RELWAIT_READY,
						  .timeout = 60 * CLOCK_SECOND });
}

/* ---- records ----------------------------------------------------------- */

err *release_history(const struct release_env *env, struct arena *a, const struct release_how *how,
		     struct record_list *out)
{
	if (!how->history)
		return relstore_find(&env->store, a, how->name, STR_NONE, STR_NONE, out);
	*out = *how->history;
	out->cap = 0;		/* borrowed: copied by the first push */
	return NULL;
}

/* Files stand in a record as base64. */
static size_t size_of_files(node files)
{
	size_t n = 0;

	node_each_item(f, files)
		n += node_str(node_get(*f, S("data"))).n / 4 * 3;
	return n;
}

static size_t size_of_tree(node tree)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!node_is_nil(tree))
		err_free(json_write(&b, tree, NULL));
	return b.n;
}

str release_parts(struct arena *a, const struct record *r)
{
	size_t hooks = 0;

	for (size_t i = 0; i < r->hooks_n; i++)
		hooks += r->hooks[i].manifest.n;
	return arena_printf(a,
			    "templates %zu, other files of the chart %zu, its values %zu, values of "
			    "the release %zu, manifest %zu, hooks %zu, notes %zu",
			    size_of_files(node_get(r->chart, S("templates"))),
			    size_of_files(node_get(r->chart, S("files"))) +
				    node_str(node_get(r->chart, S("schema"))).n / 4 * 3,
			    size_of_tree(node_get(r->chart, S("values"))),
			    size_of_tree(r->config), r->manifest.n, hooks, r->notes.n);
}

/* Helm's words, and what to look at. */
static err *too_large(struct arena *a, const struct record *r, size_t size, err *e)
{
	str parts = release_parts(a, r);

	return err_replace(e, "%s; the release takes %zu of %d bytes; before compression: %.*s",
			   err_msg(e), size, RELEASE_SIZE_MAX, STR_ARG(parts));
}

err *release_store_new(const struct release_env *env, struct arena *a, const struct release_how *how,
		       const struct record_list *history, const struct record *r)
{
	size_t size = 0;

	TRY(relstore_trim(&env->store, history, how->max_history));
	err *e = relstore_create(&env->store, r, &size);

	/* Also when it is too large: then this is why. */
	if (env->on_size && size)
		env->on_size(env->on_size_ctx, r, size);
	if (e && size > RELEASE_SIZE_MAX && err_kind(e) == ERR_INVALID)
		return too_large(a, r, size, e);
	if (e)
		return e;
	if (env->on_store)
		env->on_store(env->on_store_ctx, r);
	return NULL;
}

err *release_store(const struct release_env *env, const struct record *r)
{
	TRY(relstore_update(&env->store, r));
	if (env->on_store)
		env->on_store(env->on_store_ctx, r);
	return NULL;
}

void release_store_again(const struct release_env *env, const struct record *r)
{
	err *e = release_store(env, r);

	if (e)
		notice(env->cluster.log, NOTICE_WARN, S("failed to update release"),
		       { "name", r->name }, NOTICE_N("revision", r->version), NOTICE_ERR(e));
	err_free(e);
}

/* ---- owners that are gone ---------------------------------------------- */

/* The last sign of life: the record was written then, or a hook began or ended. */
static int64_t last_seen(const struct record *r)
{
	int64_t last = gotime_sub(r->last_deployed, gotime_utc(0, 0));

	for (size_t i = 0; i < r->hooks_n; i++) {
		const struct gotime *t[] = { &r->hooks[i].started, &r->hooks[i].completed };

		for (size_t j = 0; j < 2; j++)
			if (!gotime_is_zero(*t[j]) && gotime_sub(*t[j], gotime_utc(0, 0)) > last)
				last = gotime_sub(*t[j], gotime_utc(0, 0));
	}
	return last;
}

bool release_may_take_over(const struct release_env *env, const struct release_how *how,
			   const struct record *r)
{
	int64_t now = gotime_sub(release_now(env), gotime_utc(0, 0));

	return how->take_over || (how->abandoned_after > 0 && !gotime_is_zero(r->last_deployed) &&
				  now - last_seen(r) > how->abandoned_after);
}

err *release_unlock(const struct release_env *env, struct arena *a, struct record *r)
{
	str was = r->status;

	notice(env->notices, NOTICE_WARN, S("the owner of a pending revision is gone: taking over"),
	       { "name", r->name },
	       { "revision", arena_printf(a, "%lld", (long long)r->version) }, { "status", was });
	r->status = RELEASE_FAILED;
	r->description = arena_printf(a, "Release unlocked from stale '%.*s' state", STR_ARG(was));
	return release_store(env, r);
}

/* ---- waiting ----------------------------------------------------------- */

struct relwait_options release_wait_options(const struct release_env *env,
					    const struct release_how *how, enum relwait_for what)
{
	bool objects = what == RELWAIT_READY || what == RELWAIT_JOBS;

	/* Hooks and deletions are never left alone halfway. */
	return (struct relwait_options){ .what = what, .timeout = how->timeout,
					 .slow = env->on_slow, .slow_ctx = env->on_slow_ctx,
					 .flux_words = env->as_flux,
					 .legacy = how->wait == RELEASE_WAIT_LEGACY,
					 .notices = env->as_flux ? NULL : env->notices,
					 .judge = env->judge, .has_rule = env->has_rule,
					 .ctx = env->judge_ctx, .give_up = objects ? env->give_up : NULL,
					 .give_up_ctx = env->give_up_ctx };
}

err *release_wait_ready(const struct release_env *env, const struct release_how *how,
			const struct relobj_list *l)
{
	const struct relwait_options o =
		release_wait_options(env, how, how->wait_for_jobs ? RELWAIT_JOBS : RELWAIT_READY);

	return how->wait == RELEASE_WAIT_HOOKS ? NULL : relwait(&env->cluster, l, &o);
}

err *release_wait_gone(const struct release_env *env, const struct release_how *how,
		       const struct relobj_list *l)
{
	const struct relwait_options o = release_wait_options(env, how, RELWAIT_GONE);

	return how->wait == RELEASE_WAIT_HOOKS ? NULL : relwait(&env->cluster, l, &o);
}

/* ---- methods ----------------------------------------------------------- */

struct relobj_apply release_apply(const struct release_env *env, const struct release_how *how,
				  bool server_side)
{
	return (struct relobj_apply){ .server_side = server_side,
				      .force = how->force_conflicts,
				      .replace = how->force_replace,
				      .intact = env->intact,
				      .intact_ctx = env->applied_ctx };
}

void release_applied(const struct release_env *env, const struct relobj_list *l)
{
	if (env->on_applied)
		env->on_applied(env->applied_ctx, l);
}

str release_method(bool server_side)
{
	return server_side ? S("ssa") : S("csa");
}

bool release_was_server_side(const struct record *r)
{
	return str_eq(r->apply_method, S("ssa"));
}

err *release_use_server(const struct release_how *how, const struct record *before, bool *out)
{
	switch (how->server_side) {
	case RELEASE_SIDE_SERVER:
	case RELEASE_SIDE_CLIENT:
		*out = how->server_side == RELEASE_SIDE_SERVER;
		break;
	case RELEASE_SIDE_AUTO:
		*out = release_was_server_side(before);
		break;
	case RELEASE_SIDE_OTHER:
		return err_new(ERR_INVALID,
			       "invalid/unknown release server-side apply method: %.*s",
			       STR_ARG(how->side));
	}
	return NULL;
}
