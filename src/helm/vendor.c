#include "helm/vendor.h"

#include <time.h>

#include "base/clock.h"
#include "crypto/sha256.h"
#include "helm/pack.h"
#include "text/constraint.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/json.h"
#include "value/yaml.h"

struct vendor {
	struct arena *a;
	str path;		/* of the chart, as the user named it */
	struct fs *fs;		/* the same, opened */
	struct chart *chart;
	int64_t mtime;
	const struct vendor_remote *remote;
	struct buf *out;
	bool unsaid;		/* an error of now is not written to `out` */
};

struct archive {
	str name, bytes;
};

struct archives {
	struct archive *p;
	size_t n, cap;
};

/* ---- finding ----------------------------------------------------------- */

static bool is_local(const struct chart_dependency *d)
{
	return str_starts(d->repository, S("file://"));
}

static str local_path(struct vendor *v, str repository)
{
	str_take_str(&repository, S("file://"));
	return path_is_abs(repository) ? path_clean(v->a, repository)
				       : path_join(v->a, v->path, repository);
}

static err *load(struct vendor *v, str path, struct chart **out)
{
	const struct chart_options o = { .any_version = true };

	return chart_load_path(v->a, path, &o, CHART_ONLY_DIR, out);
}

static err *need_directory(str path)
{
	return chart_path_kind(path) == CHART_PATH_NONE
		       ? err_new(ERR_NOT_FOUND, "directory %.*s not found", STR_ARG(path))
		       : NULL;
}

static err *load_local(struct vendor *v, const struct chart_dependency *d, struct chart **out)
{
	str path = local_path(v, d->repository);

	TRY(need_directory(path));
	return load(v, path, out);
}

/* Names become URLs; what lies on this machine must be there. */
static err *name_repositories(struct vendor *v)
{
	const struct chart_meta *m = &v->chart->meta;

	for (size_t i = 0; i < m->deps_n; i++)
		if (is_local(&m->deps[i]))
			TRY(need_directory(local_path(v, m->deps[i].repository)));
	return v->remote->name(v->remote->ctx, m->deps, m->deps_n);
}

/* Where one without a repository lies. */
static str present_path(struct vendor *v, const struct chart_dependency *d)
{
	return path_join(v->a, v->path, S("charts"), d->name);
}

static err *check_range(struct vendor *v, const struct chart_dependency *d, bool quotes)
{
	struct constraint *c;
	err *e = constraint_parse(v->a, d->version, &c);

	if (!e)
		return NULL;
	return err_wrap(e, "dependency %.*s has an invalid version/constraint format",
			STR_ARG(quotes ? quote_str(v->a, d->name) : d->name));
}

static err *find_version(struct vendor *v, const struct chart_dependency *d, str *version)
{
	struct chart *c;

	if (!is_local(d))
		return v->remote->resolve(v->remote->ctx, v->a, d, version);
	TRY(load_local(v, d, &c));
	*version = meta_version_fits(v->a, d->version, c->meta.version) ? c->meta.version : STR_NONE;
	return NULL;
}

/* The versions that Chart.lock is to name. */
static err *resolve(struct vendor *v, struct chart_dependency *locked)
{
	const struct chart_meta *m = &v->chart->meta;
	CLEANUP(buf_release) struct buf missing = BUF_INIT;
	size_t missing_n = 0;

	for (size_t i = 0; i < m->deps_n; i++) {
		const struct chart_dependency *d = &m->deps[i];
		str version;

		TRY(check_range(v, d, true));
		locked[i] = (struct chart_dependency){ .name = d->name, .version = d->version,
						       .repository = d->repository };
		if (!d->repository.n) {
			TRY(need_directory(present_path(v, d)));
			continue;
		}
		TRY(find_version(v, d, &version));
		if (version.n) {
			locked[i].version = version;
			continue;
		}
		buf_addf(&missing, "%s%.*s (repository %.*s, version %.*s)", missing_n++ ? ", " : "",
			 STR_ARG(quote_str(v->a, d->name)), STR_ARG(quote_str(v->a, d->repository)),
			 STR_ARG(quote_str(v->a, d->version)));
	}
	if (!missing_n)
		return NULL;
	return err_new(ERR_NOT_FOUND,
		       "can't get a valid version for %zu subchart(s): %s. Make sure a matching chart "
		       "version exists in the repo, or change the version constraint in Chart.yaml",
		       missing_n, buf_c(&missing));
}

/* ---- the lock ---------------------------------------------------------- */

static node dependency_trees(struct arena *a, const struct chart_dependency *deps, size_t n)
{
	node list = node_seq(a, n);

	for (size_t i = 0; i < n; i++) {
		node_sort(deps[i].import_values);
		node_append(a, list, meta_dependency_tree(a, &deps[i]));
	}
	return list;
}

/* Of what Chart.yaml asks for and what was found, as JSON. */
static err *digest(struct vendor *v, const struct chart_dependency *locked, size_t n, str *out)
{
	const struct chart_meta *m = &v->chart->meta;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char hex[SHA256_HEX + 1];
	node both = node_seq(v->a, 2);

	node_append(v->a, both, dependency_trees(v->a, m->deps, m->deps_n));
	node_append(v->a, both, dependency_trees(v->a, locked, n));
	TRY(json_write(&b, both, &(const struct json_style){ .source_order = true }));
	sha256_hex(buf_str(&b), hex);
	*out = arena_cat(v->a, S("sha256:"), str_c(hex));
	return NULL;
}

static str now_text(struct arena *a)
{
	int64_t now = clock_wall();
	time_t sec = (time_t)(now / CLOCK_SECOND);
	struct tm tm;

	gmtime_r(&sec, &tm);
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", tm.tm_year + 1900,
			    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			    (int)(now % CLOCK_SECOND));
}

static bool is_v1(const struct vendor *v)
{
	return str_eq(v->chart->meta.api_version, S("v1"));
}

static err *write_lock(struct vendor *v, const struct chart_dependency *locked, str sum)
{
	str name = is_v1(v) ? S("requirements.lock") : S("Chart.lock"), link;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node lock = node_map(v->a, 3);
	struct fs_info info;
	err *e = fs_lstat(v->fs, name, &info);

	if (!e && info.type == FS_LINK) {
		TRY(fs_read_link(v->fs, v->a, name, &link));
		return err_new(ERR_FORBIDDEN, "the %.*s file is a symlink to %.*s", STR_ARG(name),
			       STR_ARG(quote_str(v->a, link)));
	}
	err_free(e);
	node_set(v->a, lock, S("generated"), node_from_str(v->a, now_text(v->a)));
	node_set(v->a, lock, S("digest"), node_from_str(v->a, sum));
	node_set(v->a, lock, S("dependencies"),
		 dependency_trees(v->a, locked, v->chart->meta.deps_n));
	TRY(yaml_write(&b, lock, YAML_WRITE_SIGS));
	return fs_write(v->fs, name, buf_str(&b), 0644);
}

/* ---- charts/ ----------------------------------------------------------- */

/* One that has no repository lies in charts/ already. */
static err *check_present(struct vendor *v, const struct chart_dependency *d)
{
	str path = present_path(v, d);
	struct chart *c;

	v->unsaid = true;
	buf_addf(v->out, "Dependency %.*s did not declare a repository. Assuming it exists in the "
			 "charts directory\n",
		 STR_ARG(d->name));
	err *e = load(v, path, &c);

	if (e)
		return err_wrap(e, "unable to load chart '%.*s'", STR_ARG(path));
	TRY(check_range(v, d, false));
	v->unsaid = false;
	if (meta_version_fits(v->a, d->version, c->meta.version))
		return NULL;
	return err_new(ERR_INVALID, "dependency %.*s at version %.*s does not satisfy the constraint "
				    "%.*s",
		       STR_ARG(d->name), STR_ARG(c->meta.version), STR_ARG(d->version));
}

static err *pack_local(struct vendor *v, struct chart_dependency *d, struct archives *list)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	struct chart *c;

	TRY(load_local(v, d, &c));
	TRY(check_range(v, d, false));
	if (!meta_version_fits(v->a, d->version, c->meta.version))
		return err_new(ERR_INVALID, "can't get a valid version for dependency %.*s",
			       STR_ARG(d->name));
	TRY(pack_chart(v->a, c, v->mtime, &bytes));
	TRY(buf_check(&bytes, "chart"));
	d->version = c->meta.version;
	avec_push(v->a, list,
		  (struct archive){ pack_name(v->a, c), arena_str(v->a, buf_str(&bytes)) });
	return NULL;
}

static err *fetch_remote(struct vendor *v, const struct chart_dependency *d, struct archives *list)
{
	struct archive got = { 0 };

	TRY(v->remote->fetch(v->remote->ctx, v->a, d, v->out, &got.name, &got.bytes));
	if (got.name.n)
		avec_push(v->a, list, got);
	return NULL;
}

static err *gather(struct vendor *v, struct chart_dependency *deps, size_t n,
		   struct archives *list)
{
	for (size_t i = 0; i < n; i++) {
		if (!deps[i].repository.n)
			TRY(check_present(v, &deps[i]));
		else if (is_local(&deps[i]))
			TRY(pack_local(v, &deps[i], list));
		else
			TRY(fetch_remote(v, &deps[i], list));
	}
	return NULL;
}

static bool has_archive(const struct archives *list, str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i].name, name))
			return true;
	return false;
}

static bool is_without_repository(const struct chart_dependency *deps, size_t n, str name)
{
	for (size_t i = 0; i < n; i++)
		if (!deps[i].repository.n && str_eq(deps[i].name, name))
			return true;
	return false;
}

/* Archives in charts/ that nobody asked for any more. */
static err *remove_outdated(struct vendor *v, const struct chart_dependency *deps, size_t n,
			    const struct fs_entry *before, size_t before_n,
			    const struct archives *list)
{
	buf_add(v->out, S("Deleting outdated charts\n"));
	for (size_t i = 0; i < before_n; i++) {
		str name = before[i].name, path = path_join(v->a, v->path, S("charts"), name);
		struct chart *c;

		if (before[i].type == FS_DIR || has_archive(list, name))
			continue;
		err *e = chart_load_path(v->a, path, NULL, CHART_ONLY_FILE, &c);

		if (e) {
			buf_addf(v->out, "Could not verify %.*s for deletion: %s (Skipping)\n",
				 STR_ARG(path), err_msg(e));
			err_free(e);
		} else if (!is_without_repository(deps, n, c->meta.name)) {
			TRY(fs_remove(v->fs, path_join(v->a, S("charts"), name)));
		}
	}
	return NULL;
}

static err *fetch_all(struct vendor *v, struct chart_dependency *deps, size_t n)
{
	struct archives list = { 0 };
	str charts = path_join(v->a, v->path, S("charts"));
	struct fs_entry *before;
	size_t before_n;

	if (chart_path_kind(charts) == CHART_PATH_FILE)
		return err_new(ERR_INVALID, "%.*s is not a directory",
			       STR_ARG(quote_str(v->a, charts)));
	TRY(v->remote->begin(v->remote->ctx));
	TRY(fs_mkdir(v->fs, S("charts"), 0755));
	TRY(fs_list(v->fs, v->a, S("charts"), CHART_FILES_MAX, &before, &before_n));
	buf_addf(v->out, "Saving %zu charts\n", n);
	err *e = gather(v, deps, n, &list);

	if (e && !v->unsaid)
		buf_addf(v->out, "Save error occurred:  %s\n", err_msg(e));
	TRY(e);
	for (size_t i = 0; i < list.n; i++)
		TRY(fs_write(v->fs, path_join(v->a, S("charts"), list.p[i].name), list.p[i].bytes,
			     0644));
	return remove_outdated(v, deps, n, before, before_n, &list);
}

/* ---- the two ways ------------------------------------------------------ */

static err *begin(struct vendor *v)
{
	enum chart_path kind = chart_path_kind(v->path);

	if (kind == CHART_PATH_NONE)
		return err_new(ERR_NOT_FOUND,
			       "could not find %.*s: stat %.*s: no such file or directory",
			       STR_ARG(v->path), STR_ARG(v->path));
	if (kind != CHART_PATH_DIR)
		return err_new(ERR_INVALID, "only unpacked charts can be updated");
	TRY(fs_open(&v->fs, v->path, NULL));
	return load(v, v->path, &v->chart);
}

static err *update(struct vendor *v)
{
	const struct chart_meta *m = &v->chart->meta;
	struct chart_dependency *locked =
		arena_array(v->a, struct chart_dependency, m->deps_n + 1);
	str sum;

	if (!m->has_deps)
		return NULL;
	TRY(name_repositories(v));
	TRY(v->remote->refresh(v->remote->ctx, m->deps, m->deps_n, false, v->out));
	TRY(resolve(v, locked));
	TRY(fetch_all(v, locked, m->deps_n));
	TRY(digest(v, locked, m->deps_n, &sum));
	if (str_eq(node_str(node_get(v->chart->lock, S("digest"))), sum))
		return NULL;
	return write_lock(v, locked, sum);
}

/* Helm 2 counted what Chart.yaml asks for and no more. */
static err *old_digest(struct vendor *v, str *out)
{
	const struct chart_meta *m = &v->chart->meta;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char hex[SHA256_HEX + 1];
	node tree = node_map(v->a, 1);

	node_set(v->a, tree, S("dependencies"), dependency_trees(v->a, m->deps, m->deps_n));
	TRY(json_write(&b, tree, &(const struct json_style){ .source_order = true }));
	sha256_hex(buf_str(&b), hex);
	*out = arena_cat(v->a, S("sha256:"), str_c(hex));
	return NULL;
}

/* `old` is what Helm 2 would have written, for charts of its time. */
static err *check_lock(struct vendor *v, const struct chart_dependency *deps, size_t n, str old)
{
	str said = node_str(node_get(v->chart->lock, S("digest"))), sum;

	TRY(digest(v, deps, n, &sum));
	if (str_eq(sum, said))
		return NULL;
	if (!is_v1(v))
		return err_new(ERR_CONFLICT,
			       "the lock file (Chart.lock) is out of sync with the dependencies file "
			       "(Chart.yaml). Please update the dependencies with 'helm dependency "
			       "update'");
	notice_printf(v->remote->notices, "warning: a valid Helm v3 hash was not found. Checking "
					  "against Helm v2 hash...");
	if (str_eq(old, said))
		return NULL;
	return err_new(ERR_CONFLICT, "the lock file (requirements.lock) is out of sync with the "
				     "dependencies file (requirements.yaml). Please update the "
				     "dependencies");
}

static err *build(struct vendor *v)
{
	struct chart_dependency *deps;
	str old = STR_NONE;
	size_t n;

	if (v->chart->lock.kind != NODE_MAP)
		return update(v);
	n = meta_lock_dependencies(v->a, v->chart->lock, &deps);
	if (is_v1(v))
		TRY(old_digest(v, &old));
	TRY(name_repositories(v));
	TRY(check_lock(v, deps, n, old));
	TRY(v->remote->refresh(v->remote->ctx, deps, n, true, v->out));
	return fetch_all(v, deps, n);
}

static err *run(struct arena *a, str chart, int64_t mtime, const struct vendor_remote *remote,
		struct buf *out, err *(*way)(struct vendor *v))
{
	struct vendor v = { .a = a, .path = path_clean(a, chart), .mtime = mtime,
			    .remote = remote, .out = out };
	err *e = begin(&v);

	if (!e)
		e = way(&v);
	fs_close(v.fs);
	return e;
}

err *vendor_update(struct arena *a, str chart, int64_t mtime, const struct vendor_remote *remote,
		   struct buf *out)
{
	return run(a, chart, mtime, remote, out, update);
}

err *vendor_build(struct arena *a, str chart, int64_t mtime, const struct vendor_remote *remote,
		  struct buf *out)
{
	return run(a, chart, mtime, remote, out, build);
}
