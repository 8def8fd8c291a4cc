#include "controllers/chartsource_impl.h"

#include "base/buf.h"
#include "text/path.h"

/* securejoin.SecureJoin, of paths without links. */
str chartsource_join(struct arena *a, str dir, str path)
{
	return str_trim_left_set(path_clean(a, path_join(a, S("/"), dir, path)), S("/"));
}

static err *bad_reference(err *e)
{
	return chartsource_error(CHARTSOURCE_REFERENCE, e);
}

static uint64_t file_max(const struct chartsource_work *w)
{
	return w->env->file_max ? w->env->file_max : CHARTSOURCE_FILE_MAX;
}

/* ---- what it is ----------------------------------------------------------------- */

static err *read_dir_meta(struct chartsource_work *w, str dir, struct chart_meta *out)
{
	static const char *const files[] = { "Chart.yaml", "requirements.yaml" };
	struct arena *a = &w->c->mem;
	node tree = NODE_NOTHING;

	for (size_t i = 0; i < 2; i++) {
		str path = path_join(a, dir, str_c(files[i])), text;
		err *e = fs_read(w->spec->files, a, path, (size_t)file_max(w), &text);

		if (e && i && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			break;
		}
		TRY(e);
		e = i && !text.n ? NULL : meta_read(a, text, &tree);
		if (e)
			return err_wrap(e, "cannot load '%s'", files[i]);
	}
	meta_from_tree(a, tree, out);
	if (!out->api_version.n)
		out->api_version = S("v1");
	return NULL;
}

static err *read_archive(struct chartsource_work *w, str path, str *out)
{
	uint64_t max = w->env->repo.chart_max ? w->env->repo.chart_max : CHARTREPO_CHART_MAX;

	return fs_read(w->spec->files, &w->c->mem, path, (size_t)max + 1, out);
}

static err *read_meta(struct chartsource_work *w, str path, bool *is_dir, str *bytes,
		      struct chart_meta *out)
{
	struct fs_info info;

	TRY(fs_stat(w->spec->files, path, &info));
	*is_dir = info.type == FS_DIR;
	if (*is_dir)
		return read_dir_meta(w, path, out);
	TRY(read_archive(w, path, bytes));
	return chartsource_read_meta(&w->c->mem, path_base(path), *bytes, w->env, out);
}

/* ---- its version ----------------------------------------------------------------- */

/* Twelve characters of the hash: sources of other kinds have no charts as files. */
static str short_revision(const struct chartsource_spec *spec)
{
	str rev = spec->source_revision;
	size_t colon = str_rfind_char(rev, ':'), slash = str_rfind_char(rev, '/');

	if (colon != STR_NPOS)
		rev = str_from(rev, colon + 1);
	else if (slash != STR_NPOS)
		rev = str_from(rev, slash + 1);
	return str_sub(rev, 0, 12);
}

static str metadata_of(struct chartsource_work *w)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (w->spec->by_revision)
		buf_add(&b, short_revision(w->spec));
	if (chartsource_has_values(w->spec))
		buf_addf(&b, "%s%lld", b.n ? "." : "", (long long)w->spec->generation);
	return arena_str(&w->c->mem, buf_str(&b));
}

/* ---- its values ------------------------------------------------------------------- */

/* A values file of the source, by its path from the root. */
static err *read_source_values(struct chartsource_work *w, void *ctx, str path, node *out,
			       bool *found)
{
	struct arena *a = &w->c->mem;
	str clean = chartsource_join(a, STR_NONE, path), text;
	struct fs_info info;
	err *e = fs_stat(w->spec->files, clean, &info);

	(void)ctx;
	*found = !e && info.type == FS_FILE;
	if (*found) {
		e = fs_read(w->spec->files, a, clean, (size_t)file_max(w), &text);
		if (e)
			return err_wrap(e, "could not read values from file '%.*s'", STR_ARG(path));
		return chartsource_values(a, path, text, out);
	}
	bool missing = e && err_kind(e) == ERR_NOT_FOUND;

	err_free(e);
	if (missing && w->spec->ignore_missing)
		return NULL;
	return err_new(ERR_NOT_FOUND, "no values file found at path '/%.*s' (reference '%.*s')",
		       STR_ARG(clean), STR_ARG(path));
}

/* ---- the build --------------------------------------------------------------------- */

static err *check_files(struct chartsource_work *w, const struct chart *chart)
{
	for (size_t i = 0; i < chart->raw.n; i++)
		if (chart->raw.p[i].data.n > file_max(w))
			return err_new(ERR_INVALID,
				       "cannot load file %.*s as file size (%zu) exceeds limit "
				       "(%llu)",
				       STR_ARG(chart->raw.p[i].name), chart->raw.p[i].data.n,
				       (unsigned long long)file_max(w));
	return NULL;
}

static err *load(struct chartsource_work *w, str path, bool is_dir, str bytes, struct chart **out)
{
	struct arena *a = &w->c->mem;
	err *e = is_dir ? chart_load_dir(a, w->spec->files, path, arena_cat(a, S("/"), path), NULL,
					 out)
			: chart_load_archive(a, bytes, NULL, out);

	if (!e)
		e = check_files(w, *out);
	return e ? chartsource_error(CHARTSOURCE_PACKAGE, e) : NULL;
}

static err *package(struct chartsource_work *w, str path, bool is_dir, str bytes)
{
	struct chart *chart;
	node merged;
	err *e = chartsource_merge(w, read_source_values, NULL, &merged);

	if (e)
		return chartsource_error(CHARTSOURCE_VALUES, e);
	TRY(load(w, path, is_dir, bytes, &chart));
	e = chartsource_overwrite(w, chart, merged);
	if (e)
		return chartsource_error(CHARTSOURCE_VALUES, e);
	if (is_dir) {
		e = chartsource_bring(w, path, chart);
		if (e)
			return chartsource_error(CHARTSOURCE_DEPENDENCIES, e);
	}
	return chartsource_pack(w, chart);
}

err *chartsource_build_local(struct chartsource_work *w)
{
	str path = w->spec->chart, bytes = STR_NONE, metadata;
	struct chart_meta m;
	bool is_dir;
	err *e = NULL;

	if (!path.n)
		e = err_new(ERR_INVALID, "no path set for local chart reference");
	else if (path.p[0] == '/')
		e = err_new(ERR_INVALID, "local chart reference path is expected to be relative");
	if (e)
		return bad_reference(e);
	path = chartsource_join(&w->c->mem, STR_NONE, path);
	e = read_meta(w, path, &is_dir, &bytes, &m);
	if (!e)
		e = meta_check(&w->c->mem, &m);
	if (e)
		return bad_reference(e);
	w->c->name = m.name;
	metadata = metadata_of(w);
	TRY(chartsource_set_version(w, m.version, metadata));
	bool packs = is_dir || metadata.n;

	if (chartsource_is_stored(w, packs))
		return NULL;
	if (packs)
		return package(w, path, is_dir, bytes);
	w->c->bytes = bytes;
	w->c->complete = true;
	return NULL;
}
