#include "controllers/compose_impl.h"

#include "text/glob.h"
#include "text/path.h"

static bool has_any(str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(set, s.p[i]) && s.p[i])
			return true;
	return false;
}

bool compose_is_glob(str path)
{
	return has_any(path, "*?[]");
}

/* io/fs.ValidPath: below the root, and written in one way only. */
static bool is_valid(str path)
{
	if (str_eq(path, S(".")))
		return true;
	if (!path.n || str_ends(path, S("/")))
		return false;
	for (str name; str_cut(&path, &name, '/');)
		if (!name.n || str_eq(name, S(".")) || str_eq(name, S("..")))
			return false;
	return true;
}

static str below_root(str path)
{
	return str_eq(path, S(".")) ? STR_NONE : path;
}

/* ---- io/fs.Glob ----------------------------------------------------------- */

/* What cannot be listed has nothing in it. */
static err *glob_in(struct arena *a, const struct fs *fs, str dir, str pattern, compose_names *out)
{
	struct fs_entry *entries;
	size_t n;

	if (!is_valid(dir))
		return NULL;
	err *e = fs_list(fs, a, below_root(dir), FS_ENTRIES_MAX, &entries, &n);

	if (e) {
		err_free(e);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		enum glob_result r = glob_match(pattern, entries[i].name);

		if (r == GLOB_BAD)
			return glob_bad_pattern();
		if (r == GLOB_YES)
			avec_push(a, out, path_join(a, dir, entries[i].name));
	}
	return NULL;
}

static bool is_there(const struct fs *fs, str path)
{
	return is_valid(path) &&
	       (fs_is_file(fs, below_root(path)) || fs_is_dir(fs, below_root(path)));
}

err *compose_glob(struct arena *a, const struct fs *fs, str pattern, compose_names *out)
{
	static const char meta[] = "*?[\\";
	compose_names dirs = { 0 };
	str dir, file;

	if (glob_match(pattern, STR_NONE) == GLOB_BAD)
		return glob_bad_pattern();
	if (!has_any(pattern, meta)) {
		if (is_there(fs, pattern))
			avec_push(a, out, pattern);
		return NULL;
	}
	path_split(pattern, &dir, &file);
	dir = dir.n ? str_sub(dir, 0, dir.n - 1) : S(".");
	if (!has_any(dir, meta))
		return glob_in(a, fs, dir, file, out);
	TRY(compose_glob(a, fs, dir, &dirs));
	for (size_t i = 0; i < dirs.n; i++)
		TRY(glob_in(a, fs, dirs.p[i], file, out));
	return NULL;
}

/* ---- doublestar.Glob ------------------------------------------------------ */

struct double_walk {
	struct arena *a;
	str pattern;
	bool dirs; /* it ended in a slash */
	compose_names *out;
};

static err *try_double(struct double_walk *w, str path)
{
	enum glob_result r = glob_match_double(w->pattern, path, false);

	if (r == GLOB_BAD)
		return glob_bad_pattern();
	if (r == GLOB_YES)
		avec_push(w->a, w->out, arena_str(w->a, path));
	return NULL;
}

static err *visit_double(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	const struct double_walk *w = ctx;

	(void)next;
	return w->dirs && entry->type != FS_DIR ? NULL : try_double(ctx, path);
}

/* The directories that stand before all that is special. */
static str literal_dir(str pattern)
{
	size_t slash = 0;

	for (size_t i = 0; i < pattern.n && !strchr("*?[{\\", pattern.p[i]); i++)
		if (pattern.p[i] == '/')
			slash = i;
	return str_sub(pattern, 0, slash);
}

err *compose_glob_double(struct arena *a, const struct fs *fs, str pattern, compose_names *out)
{
	struct double_walk w = { a, pattern, str_ends(pattern, S("/")), out };
	str dir = literal_dir(pattern);

	w.pattern.n -= w.dirs;
	if (glob_match_double(pattern, STR_NONE, true) == GLOB_BAD)
		return glob_bad_pattern();
	if (dir.n && (!is_valid(dir) || !fs_is_dir(fs, dir)))
		return NULL;
	if (dir.n)
		TRY(try_double(&w, dir));
	else if (str_eq(pattern, S("**")))
		avec_push(a, out, S("."));
	return fs_walk(fs, dir, &(struct fs_walk){ .visit = visit_double, .ctx = &w });
}

/* ---- what is left out ----------------------------------------------------- */

str compose_selection_root(struct arena *a, str pattern)
{
	str clean = path_clean(a, pattern), rest = clean, name, root = STR_NONE;

	while (str_cut(&rest, &name, '/') && !compose_is_glob(name))
		root = str_of(clean.p, (size_t)(name.p + name.n - clean.p));
	return root.n ? root : clean.p[0] == '/' ? S("/") : S(".");
}

static err *bad_exclude(str pattern)
{
	return err_new(ERR_INVALID, "invalid exclude pattern '%.*s'", STR_ARG(pattern));
}

err *compose_check_excludes(const struct compose_op *op)
{
	for (size_t i = 0; i < op->exclude_n; i++)
		if (glob_match_double(op->exclude[i], S("."), true) == GLOB_BAD)
			return bad_exclude(op->exclude[i]);
	return NULL;
}

/* A pattern without a slash is for the last name as well. */
static err *is_excluded(const struct compose_op *op, str path, bool *out)
{
	str name = path_base(path);

	for (size_t i = 0; i < op->exclude_n && !*out; i++) {
		str pattern = op->exclude[i];
		enum glob_result r = glob_match_double(pattern, path, false);

		if (r == GLOB_NO && str_find_char(pattern, '/') == STR_NPOS)
			r = glob_match_double(pattern, name, false);
		if (r == GLOB_BAD)
			return bad_exclude(pattern);
		*out = r == GLOB_YES;
	}
	return NULL;
}

err *compose_excludes(struct arena *a, const struct compose_op *op, str path, str base, bool *out)
{
	*out = false;
	if (!op->exclude_n)
		return NULL;
	TRY(is_excluded(op, path, out));
	base = path_clean(a, base);
	if (*out || str_eq(base, S(".")) || !str_starts(path, base) || path.n <= base.n + 1 ||
	    path.p[base.n] != '/')
		return NULL;
	return is_excluded(op, str_from(path, base.n + 1), out);
}
