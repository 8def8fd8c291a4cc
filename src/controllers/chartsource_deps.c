#include "controllers/chartsource_impl.h"

#include "base/map.h"
#include "text/constraint.h"
#include "text/gourl.h"
#include "text/path.h"

struct bringing {
	struct chartsource_work *w;
	str dir; /* of the chart, below the source's root */
	struct chart *chart;
	struct map repos; /* normalised URL -> struct chartrepo * */
};

static bool is_local(const struct chart_dependency *d)
{
	return !d->repository.n || str_starts(d->repository, S("file://"));
}

static bool has_sub(const struct chart *chart, str name)
{
	for (size_t i = 0; i < chart->subs_n; i++)
		if (str_eq(chart->subs[i]->meta.name, name))
			return true;
	return false;
}

static void add_sub(struct arena *a, struct chart *chart, struct chart *sub,
		    const struct chart_dependency *d)
{
	struct chart **subs = arena_array(a, struct chart *, chart->subs_n + 1);

	if (chart->subs_n)
		memcpy(subs, chart->subs, chart->subs_n * sizeof *subs);
	subs[chart->subs_n++] = sub;
	chart->subs = subs;
	sub->parent = chart;
	if (d->alias.n)
		sub->meta.name = d->alias;
}

/* ---- of the same source ----------------------------------------------------------- */

static err *local_path(struct bringing *b, const struct chart_dependency *d, str *out)
{
	struct arena *a = &b->w->c->mem;
	struct gourl u;

	if (!d->repository.n) {
		*out = chartsource_join(a, b->dir, path_join(a, S("charts"), d->name));
		return NULL;
	}
	err *e = gourl_parse(a, arena_str(a, d->repository), &u);

	if (e)
		return err_wrap(e, "failed to parse alleged local chart reference");
	*out = chartsource_join(a, b->dir, path_join(a, u.host, u.path));
	return NULL;
}

static err *load_local(struct bringing *b, str path, struct chart **out)
{
	const struct fs *files = b->w->spec->files;
	struct arena *a = &b->w->c->mem;
	str bytes;

	if (fs_is_dir(files, path))
		return chart_load_dir(a, files, path, arena_cat(a, S("/"), path), NULL, out);
	TRY(fs_read(files, a, path, CHARTREPO_CHART_MAX, &bytes));
	return chart_load_archive(a, bytes, NULL, out);
}

static err *bring_local(struct bringing *b, const struct chart_dependency *d)
{
	struct arena *a = &b->w->c->mem;
	struct constraint *range;
	struct fs_info info;
	struct chart *sub;
	struct semver v;
	str path;

	TRY(local_path(b, d, &path));
	err *e = fs_stat(b->w->spec->files, path, &info);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "no chart found at '/%.*s' (reference '%.*s')",
			       STR_ARG(path), STR_ARG(d->repository));
	}
	TRY(e);
	e = constraint_parse(a, d->version, &range);
	if (e)
		return err_wrap(e, "invalid version/constraint format '%.*s'", STR_ARG(d->version));
	e = load_local(b, path, &sub);
	if (e)
		return err_wrap(e, "failed to load chart from '/%.*s' (reference '%.*s')",
				STR_ARG(path), STR_ARG(d->repository));
	TRY(semver_parse(&v, sub->meta.version));
	if (!constraint_check(range, &v))
		return err_new(ERR_INVALID, "can't get a valid version for constraint '%.*s'",
			       STR_ARG(d->version));
	add_sub(a, b->chart, sub, d);
	return NULL;
}

/* ---- of repositories --------------------------------------------------------------- */

static err *check_url(str url)
{
	if (str_starts(url, S("oci")) || str_starts(url, S("https://")) ||
	    str_starts(url, S("http://")))
		return NULL;
	if (str_starts(url, S("@")))
		return err_new(ERR_INVALID, "aliased repository dependency is not supported: %.*s",
			       STR_ARG(url));
	return err_new(ERR_INVALID, "invalid dependency repository URL: %.*s", STR_ARG(url));
}

static err *open_repo(struct bringing *b, str url, struct chartrepo **out)
{
	const struct chartsource_env *env = b->w->env;
	struct chartrepo_spec spec = { 0 };
	err *e = env->find_repo ? env->find_repo(env->ctx, &b->w->c->mem, url, &spec)
				: err_new(ERR_NOT_FOUND, "none");

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		spec = (struct chartrepo_spec){ .url = url };
		e = NULL;
	}
	spec.oci = str_starts(url, S("oci://"));
	return e ? e : chartrepo_open(out, &env->repo, &spec);
}

static err *find_repo(struct bringing *b, str repository, struct chartrepo **out)
{
	str url;

	TRY(helmrepo_normalize(&b->w->c->mem, repository, &url));
	TRY(check_url(url));
	*out = map_get(&b->repos, url);
	if (*out)
		return NULL;
	err *e = open_repo(b, url, out);

	if (e)
		return err_wrap(e, "failed to get chart repository for URL '%.*s'", STR_ARG(url));
	map_set(&b->repos, url, *out);
	return NULL;
}

static err *bring_remote(struct bringing *b, const struct chart_dependency *d)
{
	struct arena *a = &b->w->c->mem;
	struct chartrepo_version v;
	struct chartrepo *repo;
	struct chart *sub;
	bool reference;
	str bytes;

	TRY(find_repo(b, d->repository, &repo));
	err *e = chartrepo_find(repo, a, d->name, d->version, &v, &reference);

	if (e)
		return err_wrap(e, "failed to get chart '%.*s' version '%.*s' from '%.*s'",
				STR_ARG(d->name), STR_ARG(d->version), STR_ARG(d->repository));
	e = chartrepo_get(repo, a, &v, &bytes);
	if (e)
		return err_wrap(e, "chart download of version '%.*s' failed", STR_ARG(v.version));
	e = chart_load_archive(a, bytes, NULL, &sub);
	if (e)
		return err_wrap(e, "failed to load downloaded archive of version '%.*s'",
				STR_ARG(v.version));
	add_sub(a, b->chart, sub, d);
	return NULL;
}

/* ---- all -------------------------------------------------------------------------------- */

static err *bring(struct bringing *b, const struct chart_dependency *d)
{
	str name = d->alias.n ? d->alias : d->name;

	if (has_sub(b->chart, name))
		return NULL;
	bool local = is_local(d);
	err *e = local ? bring_local(b, d) : bring_remote(b, d);

	if (e)
		return err_wrap(e, "failed to add %s dependency '%.*s'", local ? "local" : "remote",
				STR_ARG(name));
	b->w->c->resolved++;
	return NULL;
}

err *chartsource_bring(struct chartsource_work *w, str dir, struct chart *chart)
{
	struct bringing b = { .w = w, .dir = dir, .chart = chart };
	struct chart_dependency *deps = chart->meta.deps;
	size_t n = chart->meta.deps_n;
	err *e = NULL;

	if (chart->lock.kind == NODE_MAP)
		n = meta_lock_dependencies(&w->c->mem, chart->lock, &deps);
	if (chart->subs_n != n)
		for (size_t i = 0; !e && i < n; i++)
			e = bring(&b, &deps[i]);
	for (size_t i = 0; i < b.repos.n; i++)
		chartrepo_close(b.repos.entries[i].value);
	map_release(&b.repos);
	return e;
}
