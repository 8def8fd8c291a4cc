#include "source/unpack.h"

#include "archive/name.h"
#include "base/map.h"
#include "text/path.h"
#include "text/quote.h"

enum { DIR_MODE = 0750, FILE_MODE = 0600, EXEC_MODE = 0700 };

/* So small an archive cannot hold many files, whatever it says. */
enum { LOOK_FIRST = 16 << 10 };

static err *refuse(str name, const char *what)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "tar file entry %.*s %s", STR_ARG(name), what);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

static err *make_parents(const struct fs *to, str name)
{
	size_t slash = str_rfind_char(name, '/');

	return slash == STR_NPOS ? NULL : fs_mkdir(to, str_sub(name, 0, slash), DIR_MODE);
}

/* *skip: there is nothing to make of it. */
static err *check_entry(const struct tar_entry *e, bool skip_links, bool *skip)
{
	*skip = e->type == TAR_PAX_GLOBAL;
	if (*skip)
		return NULL;
	TRY(archive_name_check(e->name));
	if (tar_is_dir(e))
		return NULL;
	switch (e->type) {
	case TAR_FILE:
		return NULL;
	case TAR_SYMLINK:
		*skip = true;
		return skip_links ? NULL
				  : refuse(e->name,
					   "is a symlink, which is not allowed in this context");
	case TAR_HARDLINK:
		return refuse(e->name, "contained unsupported file type hard link");
	}
	return refuse(e->name, "contained unsupported file type");
}

/* ---- entry by entry --------------------------------------------------------- */

typedef err *entry_fn(void *ctx, const struct tar_entry *e, str bytes);

/* What entries leave in the arena is kept, or forgotten behind each of them. */
static err *each_entry(struct arena *a, str text, const struct unpack_options *o, bool keep,
		       entry_fn *fn, void *ctx)
{
	static const struct unpack_options usual = { 0 };
	CLEANUP(tgz_drop) struct tgz *t = NULL;

	if (!o)
		o = &usual;
	err *e = tgz_open(&t, a, text, &o->limits);

	if (e)
		return gzip_is(text) ? e : err_wrap(e, "requires gzip-compressed body");
	for (;;) {
		struct arena_mark mark = arena_mark(a);
		struct tar_entry entry;
		bool more, skip;
		str bytes;

		TRY(tgz_next(t, &entry, &bytes, &more));
		if (!more)
			return NULL;
		TRY(check_entry(&entry, o->skip_links, &skip));
		if (!skip)
			TRY(fn(ctx, &entry, bytes));
		if (!keep)
			arena_rewind(a, mark);
	}
}

/* ---- into a directory --------------------------------------------------------- */

static err *look_entry(void *ctx, const struct tar_entry *e, str bytes)
{
	(void)ctx;
	(void)e;
	(void)bytes;
	return NULL;
}

static err *write_entry(void *ctx, const struct tar_entry *e, str bytes)
{
	const struct fs *to = ctx;
	str name = str_trim_right_set(e->name, S("/"));

	if (tar_is_dir(e))
		return fs_mkdir(to, name, DIR_MODE);
	TRY(make_parents(to, name));
	return fs_create(to, name, bytes, e->mode & 0111 ? EXEC_MODE : FILE_MODE);
}

err *unpack_tgz(const struct fs *to, str text, const struct unpack_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	/* An archive that will be refused is not worth making its files first. */
	if (text.n > LOOK_FIRST)
		TRY(each_entry(&a, text, o, false, look_entry, NULL));
	return each_entry(&a, text, o, false, write_entry, (void *)to);
}

/* ---- into a list ---------------------------------------------------------------- */

struct listing {
	struct filelist *l;
	struct map dirs; /* archives name them again and again */
};

static err *list_entry(void *ctx, const struct tar_entry *e, str bytes)
{
	struct listing *w = ctx;
	struct arena *a = w->l->a;
	struct filelist_entry entry = { .path = path_clean(a, arena_str(a, e->name)),
					.type = e->mode & 0111 ? FILELIST_EXEC : FILELIST_FILE,
					.from = FILELIST_TEXT,
					.text = bytes };

	if (str_eq(entry.path, S(".")))
		return NULL;
	if (tar_is_dir(e)) {
		if (map_has(&w->dirs, entry.path))
			return NULL;
		map_set(&w->dirs, entry.path, w);
		entry.type = FILELIST_DIR;
	}
	return filelist_add(w->l, entry);
}

err *unpack_list(struct filelist *l, str text, const struct unpack_options *o)
{
	struct listing w = { .l = l };
	err *e = each_entry(l->a, text, o, true, list_entry, &w);

	map_release(&w.dirs);
	return e;
}
