/* Charts in directories, and whatever a user names. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sort.h"
#include "helm/chart_impl.h"
#include "helm/yamlfit.h"
#include "text/helmignore.h"
#include "text/path.h"

enum { DIR_DEPTH_MAX = 100 };

struct walk {
	struct arena *a;
	const struct fs *fs;
	str shown;		/* absolute path of the chart */
	str root;		/* the same below `fs` */
	const struct helmignore *ignore;
	const struct notices *notices;
	uint64_t left, max;
	struct chart_files *out;
};

static err *walk(struct walk *w, str dir, unsigned depth);

static str below(struct arena *a, str dir, str name)
{
	return dir.n ? arena_cat(a, dir, S("/"), name) : name;
}

static err *read_file(struct walk *w, str name, const struct fs_info *info)
{
	struct chart_file f = { .name = name, .mtime = info->mtime / 1000000000, .dated = true };

	f.mtime_nanos = (int32_t)(info->mtime % 1000000000);

	if (info->size > w->left)
		return err_new(ERR_INVALID,
			       "error reading %.*s: chart exceeds maximum decompressed size of "
			       "%llu bytes",
			       STR_ARG(name), (unsigned long long)w->max);
	if (w->out->n >= CHART_FILES_MAX)
		return err_new(ERR_INVALID, "chart has more than %d files", CHART_FILES_MAX);
	err *e = fs_read(w->fs, w->a, below(w->a, w->root, name), w->left, &f.data);

	if (e)
		return err_wrap(e, "error reading %.*s", STR_ARG(name));
	w->left -= f.data.n;
	f.data = chart_without_bom(f.data);
	avec_push(w->a, w->out, f);
	return NULL;
}

static void note_link(struct walk *w, str path)
{
	str to;
	err *e = fs_real(w->fs, w->a, path, &to);

	if (e) {
		err_free(e);
		return;
	}
	notice(w->notices, NOTICE_INFO,
	       S("found symbolic link in path. Contents of linked file included and used"),
	       { "path", path_join(w->a, w->shown, str_from(path, w->root.n)) },
	       { "resolved", path_join(w->a, fs_root(w->fs), to) });
}

static err *visit(struct walk *w, str name, const struct fs_entry *entry, unsigned depth)
{
	str path = below(w->a, w->root, name);
	struct fs_info info;

	if (entry->type == FS_LINK)
		note_link(w, path);
	TRY(fs_stat(w->fs, path, &info));
	if (helmignore_match(w->ignore, name, info.type == FS_DIR))
		return NULL;
	if (info.type == FS_DIR)
		return walk(w, name, depth + 1);
	if (info.type != FS_FILE)
		return err_new(ERR_INVALID,
			       "cannot load irregular file %.*s/%.*s as it has file mode type bits set",
			       STR_ARG(w->shown), STR_ARG(name));
	return read_file(w, name, &info);
}

static err *walk(struct walk *w, str dir, unsigned depth)
{
	struct fs_entry *entries;
	size_t n;

	if (depth > DIR_DEPTH_MAX)
		return err_new(ERR_INVALID, "directories are nested deeper than %d levels",
			       DIR_DEPTH_MAX);
	TRY(fs_list(w->fs, w->a, below(w->a, w->root, dir), CHART_FILES_MAX, &entries, &n));
	for (size_t i = 0; i < n; i++)
		TRY(visit(w, below(w->a, dir, entries[i].name), &entries[i], depth));
	return NULL;
}

/* ---- the chart --------------------------------------------------------- */

err *chart_check_api(struct arena *a, str chart_yaml)
{
	static const struct typed_field fields[] = { TYPED_FIELD("apiVersion", &typed_string) };
	static const struct typed type = TYPED_STRUCT_OF("loader", "chartBase", fields);
	node base;
	err *e = yamlfit_read(a, chart_yaml, &type, NULL, &base);

	if (e)
		return err_wrap(e, "cannot load Chart.yaml");
	str version = node_str(node_get(base, S("apiVersion")));

	if (version.n && !str_eq(version, S("v1")) && !str_eq(version, S("v2")) &&
	    !str_eq(version, S("v3")))
		return err_new(ERR_INVALID, "unsupported chart version");
	return NULL;
}

static err *read_ignore(struct walk *w)
{
	str path = below(w->a, w->root, S(".helmignore")), text = STR_NONE;

	if (fs_is_file(w->fs, path))
		TRY(fs_read(w->fs, w->a, path, 1 << 20, &text));
	return helmignore_parse(w->a, chart_without_bom(text), &w->ignore);
}

err *chart_load_dir(struct arena *a, const struct fs *fs, str dir, str shown,
		    const struct chart_options *o, struct chart **out)
{
	struct chart_files files = { 0 };
	uint64_t max = o && o->max_size ? o->max_size : CHART_SIZE_MAX;
	struct walk w = { .a = a, .fs = fs, .shown = shown, .root = dir, .left = max, .max = max,
			  .out = &files, .notices = o ? o->notices : NULL };
	str text;

	if (!o || !o->any_version) {
		err *e = fs_read(fs, a, below(a, dir, S("Chart.yaml")), max, &text);

		if (e)
			return err_wrap(e, "unable to detect chart at %.*s/Chart.yaml",
					STR_ARG(shown));
		TRY(chart_check_api(a, text));
	}
	TRY(read_ignore(&w));
	TRY(walk(&w, STR_NONE, 0));
	return chart_load_files(a, &files, o, out);
}

/* Directories before what is in them, and names in the order of bytes. */
static int cmp_walk(const void *x, const void *y, void *ctx)
{
	str a = ((const struct chart_file *)x)->name, b = ((const struct chart_file *)y)->name;

	(void)ctx;
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		unsigned char p = (unsigned char)a.p[i], q = (unsigned char)b.p[i];

		if (p != q)
			return p == '/' ? -1 : q == '/' ? 1 : p < q ? -1 : 1;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

/* Whether a pattern names the file or a directory above it. */
static bool is_ignored(const struct helmignore *ignore, str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' && helmignore_match(ignore, str_sub(name, 0, i), true))
			return true;
	return helmignore_match(ignore, name, false);
}

err *chart_load_unpacked(struct arena *a, struct chart_files files, const struct chart_options *o,
			 struct chart **out)
{
	const struct helmignore *ignore;
	struct chart_files kept = { 0 };
	const struct chart_file *f = chart_find_file(&files, S(".helmignore"));

	TRY(helmignore_parse(a, f ? f->data : STR_NONE, &ignore));
	sort_stable(files.p, files.n, sizeof *files.p, cmp_walk, NULL);
	for (size_t i = 0; i < files.n; i++) {
		bool again = i + 1 < files.n && str_eq(files.p[i].name, files.p[i + 1].name);

		if (!again && !is_ignored(ignore, files.p[i].name))
			avec_push(a, &kept, files.p[i]);
	}
	return chart_load_files(a, &kept, o, out);
}

/* ---- what a user names ------------------------------------------------- */

static err *absolute(struct arena *a, str path, str *out)
{
	if (path_is_abs(path)) {
		*out = path_clean(a, path);
		return NULL;
	}
	char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_new(ERR_INTERNAL, "cannot tell the working directory");
	*out = path_join(a, str_c(cwd), path);
	free(cwd);
	return NULL;
}

static err *load_file(struct arena *a, str path, const struct chart_options *o, struct chart **out)
{
	struct chart_files files = { 0 };
	str bytes;

	TRY(fs_read_any(a, path, CHART_SIZE_MAX, &bytes));
	TRY(chart_check_archive(path, bytes));
	err *e = chart_unpack(a, bytes, o ? o->max_size : 0, &files);

	if (e && str_eq(err_text(e), S("gzip: invalid header")))
		return err_replace(e, "file '%.*s' does not appear to be a valid chart file "
				      "(details: %s)",
				   STR_ARG(path), err_msg(e));
	if (e)
		return err_replace(e, "unable to load chart archive");
	const struct chart_file *f = chart_find_file(&files, S("Chart.yaml"));

	if (!f)
		return err_new(ERR_INVALID, "unable to detect chart version, no Chart.yaml found");
	TRY(chart_check_api(a, f->data));
	return chart_load_files(a, &files, o, out);
}

enum chart_path chart_path_kind(str path)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct stat st;

	if (stat(arena_str(&a, path).p, &st) != 0)
		return CHART_PATH_NONE;
	return S_ISDIR(st.st_mode) ? CHART_PATH_DIR : CHART_PATH_FILE;
}

err *chart_load(struct arena *a, str path, const struct chart_options *o, struct chart **out)
{
	return chart_load_path(a, path, o, CHART_ANY, out);
}

err *chart_load_path(struct arena *a, str path, const struct chart_options *o,
		     enum chart_only only, struct chart **out)
{
	CLEANUP(fs_drop) struct fs *root = NULL;
	str full;

	TRY(absolute(a, path, &full));
	TRY(fs_open(&root, S("/"), &(const struct fs_options){ .links = FS_LINKS_INSIDE }));
	bool dir = fs_is_dir(root, str_from(full, 1));

	if (dir && only == CHART_ONLY_FILE)
		return err_new(ERR_INVALID, "cannot load a directory");
	if (!dir && only != CHART_ONLY_DIR)
		return load_file(a, full, o, out);
	return chart_load_dir(a, root, str_from(full, 1), full, o, out);
}
