#include "source/unpack.h"

#include "archive/name.h"
#include "text/quote.h"

enum { DIR_MODE = 0750, FILE_MODE = 0600, EXEC_MODE = 0700 };

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

static err *write_entry(const struct fs *to, const struct tar_entry *e, str bytes, bool skip_links)
{
	str name = str_trim_right_set(e->name, S("/"));

	if (tar_is_dir(e))
		return fs_mkdir(to, name, DIR_MODE);
	switch (e->type) {
	case TAR_FILE:
		TRY(make_parents(to, name));
		return fs_create(to, name, bytes, e->mode & 0111 ? EXEC_MODE : FILE_MODE);
	case TAR_SYMLINK:
		return skip_links ? NULL
				  : refuse(e->name,
					   "is a symlink, which is not allowed in this context");
	case TAR_HARDLINK:
		return refuse(e->name, "contained unsupported file type hard link");
	case TAR_PAX_GLOBAL:
		return NULL;
	}
	return refuse(e->name, "contained unsupported file type");
}

err *unpack_tgz(const struct fs *to, str text, const struct unpack_options *o)
{
	static const struct unpack_options usual = { 0 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(tgz_drop) struct tgz *t = NULL;

	if (!o)
		o = &usual;
	err *e = tgz_open(&t, &a, text, &o->limits);

	if (e)
		return gzip_is(text) ? e : err_wrap(e, "requires gzip-compressed body");
	for (;;) {
		struct arena_mark mark = arena_mark(&a);
		struct tar_entry entry;
		str bytes;
		bool more;

		TRY(tgz_next(t, &entry, &bytes, &more));
		if (!more)
			return NULL;
		if (entry.type != TAR_PAX_GLOBAL)
			TRY(archive_name_check(entry.name));
		TRY(write_entry(to, &entry, bytes, o->skip_links));
		arena_rewind(&a, mark);
	}
}
