#include "source/filelist.h"

#include "base/sort.h"
#include "text/quote.h"

static err *bad_path(const char *why, str path)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, path, QUOTE_PRINT);
	return err_new(ERR_INVALID, "invalid path: %s: %s", buf_c(&b), why);
}

err *filelist_add(struct filelist *l, struct filelist_entry entry)
{
	if (l->entries.n >= FILELIST_MAX)
		return err_new(ERR_INVALID, "the source has more than %d files", FILELIST_MAX);
	if (entry.path.n > FILELIST_PATH_MAX)
		return bad_path("too long", str_sub(entry.path, 0, 100));
	if (str_count_char(entry.path, '/') >= FILELIST_DEPTH_MAX)
		return bad_path("too deep", str_sub(entry.path, 0, 100));
	entry.path = arena_str(l->a, entry.path);
	avec_push(l->a, &l->entries, entry);
	l->sorted = false;
	return NULL;
}

/* ---- a directory ---------------------------------------------------------- */

struct dir_walk {
	struct filelist *l;
	const struct fs *fs;
	str dir, at;
};

static err *visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct dir_walk *w = ctx;
	struct filelist *l = w->l;
	struct filelist_entry e = { .from = FILELIST_FS };

	if (str_eq(entry->name, S(".git"))) {
		*next = FS_SKIP;
		return NULL;
	}
	if (entry->type == FS_OTHER)
		return NULL;
	e.fs = w->fs;
	e.below = arena_str(l->a, path);
	str below = w->dir.n ? str_from(path, w->dir.n + 1) : path;

	e.path = w->at.n ? arena_cat(l->a, w->at, S("/"), below) : below;
	e.type = entry->type == FS_DIR     ? FILELIST_DIR
		 : entry->type == FS_LINK  ? FILELIST_LINK
		 : entry->info.mode & 0111 ? FILELIST_EXEC
					   : FILELIST_FILE;
	return filelist_add(l, e);
}

err *filelist_add_dir(struct filelist *l, const struct fs *fs, str dir, str at)
{
	struct dir_walk w = { l, fs, dir, at };

	return fs_walk(fs, dir,
		       &(struct fs_walk){ .max_entries = FILELIST_MAX,
					  .info = true,
					  .max_depth = FILELIST_DEPTH_MAX,
					  .visit = visit,
					  .ctx = &w });
}

/* ---- order ---------------------------------------------------------------- */

/* '/' comes before all that a name may hold. */
int filelist_compare(str a, str b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++)
		if (a.p[i] != b.p[i]) {
			if (a.p[i] == '/' || b.p[i] == '/')
				return a.p[i] == '/' ? -1 : 1;
			return (unsigned char)a.p[i] - (unsigned char)b.p[i];
		}
	return a.n < b.n ? -1 : a.n > b.n;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct filelist_entry *x = a, *y = b;

	(void)ctx;
	return filelist_compare(x->path, y->path);
}

static bool is_below(str path, str dir)
{
	return path.n > dir.n && path.p[dir.n] == '/' && str_starts(path, dir);
}

err *filelist_sort(struct filelist *l)
{
	struct filelist_entry *e = l->entries.p;

	sort_stable(e, l->entries.n, sizeof *e, compare, NULL);
	for (size_t i = 1; i < l->entries.n; i++) {
		if (str_eq(e[i - 1].path, e[i].path) &&
		    (e[i - 1].type != FILELIST_DIR || e[i].type != FILELIST_DIR))
			return bad_path("it is there twice", e[i].path);
		if (e[i - 1].type != FILELIST_DIR && is_below(e[i].path, e[i - 1].path))
			return bad_path("it is a file and a directory", e[i - 1].path);
	}
	l->sorted = true;
	return NULL;
}

bool filelist_has(const struct filelist *l, str path)
{
	for (size_t i = 0; i < l->entries.n; i++)
		if (str_eq(l->entries.p[i].path, path) || is_below(l->entries.p[i].path, path))
			return true;
	return false;
}

/* ---- bytes ---------------------------------------------------------------- */

err *filelist_read(const struct filelist *l, const struct filelist_entry *e, struct arena *a,
		   str *out)
{
	(void)l;
	switch (e->from) {
	case FILELIST_TEXT:
		*out = e->text;
		return NULL;
	case FILELIST_PACK:
		return gitpack_read(e->pack, a, &e->id, GITPACK_BLOB, out);
	case FILELIST_FS:
		if (e->type == FILELIST_LINK)
			return fs_read_link(e->fs, a, e->below, out);
		return fs_read(e->fs, a, e->below, FILELIST_FILE_MAX, out);
	}
	return NULL;
}

/* ---- what is left out ----------------------------------------------------- */

static const char ignore_file[] = ".sourceignore";

struct ignore_text {
	str text, domain;
};

typedef VEC(struct ignore_text) ignore_texts;

static int compare_domain(const void *a, const void *b, void *ctx)
{
	const struct ignore_text *x = a, *y = b;

	(void)ctx;
	return filelist_compare(x->domain, y->domain);
}

static err *collect_texts(const struct filelist *l, struct arena *a, ignore_texts *texts)
{
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct filelist_entry *e = &l->entries.p[i];
		size_t slash = str_rfind_char(e->path, '/');
		str name = slash == STR_NPOS ? e->path : str_from(e->path, slash + 1), text;

		if (!str_eq(name, str_c(ignore_file)) ||
		    (e->type != FILELIST_FILE && e->type != FILELIST_EXEC))
			continue;
		TRY(filelist_read(l, e, a, &text));
		str domain = slash == STR_NPOS ? STR_NONE : str_sub(e->path, 0, slash);

		avec_push(a, texts, (struct ignore_text){ text, domain });
	}
	/* Those of a folder come before those of the folders in it. */
	sort_stable(texts->p, texts->n, sizeof *texts->p, compare_domain, NULL);
	return NULL;
}

static void add_own(struct ignore *ig, const ignore_texts *texts, const str *spec)
{
	for (size_t i = 0; i < texts->n; i++)
		ignore_add(ig, texts->p[i].text, texts->p[i].domain);
	if (spec)
		ignore_add(ig, *spec, STR_NONE);
}

err *filelist_ignore(const struct filelist *l, struct arena *a, const str *spec,
		     struct ignore **out)
{
	struct ignore *own = ignore_new(a), *all = ignore_new(a);
	ignore_texts texts = { 0 };

	TRY(collect_texts(l, a, &texts));
	add_own(own, &texts, spec);
	ignore_add_vcs(all, STR_NONE);
	if (ignore_is_empty(own))
		ignore_add_defaults(all, STR_NONE);
	add_own(all, &texts, spec);
	*out = all;
	return NULL;
}
