/* Reading files, lists and whole trees. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs_impl.h"
#include "base/sort.h"
#include "base/vec.h"

/* ---- files ------------------------------------------------------------ */

/* Open for reading; 0 only for a regular file. Without O_NONBLOCK a fifo
 * would keep us until somebody writes. */
static int open_regular(const struct fs *f, const char *path, int *fd, struct stat *s)
{
	int code = fs_open_path(f, path, f->links, O_RDONLY | O_NONBLOCK | O_NOCTTY, fd);

	if (code)
		return code;
	if (fstat(*fd, s))
		code = errno;
	else if (S_ISDIR(s->st_mode))
		code = EISDIR;
	else if (!S_ISREG(s->st_mode))
		code = FS_IRREGULAR;
	if (code)
		close(*fd);
	return code;
}

/* Go opens directories gladly and stumbles when it reads them; a socket
 * cannot be opened at all. */
static err *open_failed(const struct fs *f, str path, int code)
{
	return fs_fail(f, code == EISDIR ? "read" : "open", path, code == ENXIO ? FS_IRREGULAR : code);
}

err *fs_open_file(const struct fs *f, str path, int *fd, struct fs_info *info)
{
	struct fs_path p;
	struct stat s;
	int got, code = fs_path_make(&p, path);

	if (!code)
		code = open_regular(f, p.text, &got, &s);
	if (code)
		return open_failed(f, path, code);
	if (info)
		fs_info_of(&s, info);
	*fd = got;
	return NULL;
}

static ssize_t read_some(int fd, char *to, size_t n)
{
	ssize_t got;

	do
		got = read(fd, to, n);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Read to the end, `expect` bytes being likely. 0, an errno, or EFBIG when
 * there are more than `max`. */
static int read_all(int fd, struct arena *a, size_t expect, size_t max, str *out)
{
	CLEANUP(buf_release) struct buf more = BUF_LIMIT(max);
	char *p = arena_alloc(a, expect + 1), extra;
	size_t n = 0;
	ssize_t got = 1;

	while (n < expect && (got = read_some(fd, p + n, expect - n)) > 0)
		n += (size_t)got;
	if (got > 0)
		got = read_some(fd, &extra, 1);
	if (got < 0)
		return errno;
	p[n] = 0;
	*out = str_of(p, n);
	if (!got)
		return n > max ? EFBIG : 0;
	/* It grew, or its size was not told (/proc, pipes). */
	buf_bytes(&more, p, n);
	buf_addc(&more, extra);
	while (!more.full) {
		char piece[16384];

		got = read_some(fd, piece, sizeof piece);
		if (got < 0)
			return errno;
		if (!got)
			break;
		buf_bytes(&more, piece, (size_t)got);
	}
	if (more.full)
		return EFBIG;
	*out = arena_str(a, buf_str(&more));
	return 0;
}

static err *too_large(str shown, size_t max)
{
	return err_new(ERR_INVALID, "read %.*s: file is larger than %zu bytes", STR_ARG(shown), max);
}

static err *read_failed(const struct fs *f, str path, int code, size_t max)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (code != EFBIG)
		return fs_fail(f, "read", path, code);
	fs_show(f, path, &shown);
	return too_large(buf_str(&shown), max);
}

err *fs_read(const struct fs *f, struct arena *a, str path, size_t max, str *out)
{
	struct fs_path p;
	struct stat s;
	int fd, code = fs_path_make(&p, path);

	if (!code)
		code = open_regular(f, p.text, &fd, &s);
	if (code)
		return open_failed(f, path, code);
	if ((uint64_t)s.st_size > max)
		code = EFBIG;
	else
		code = read_all(fd, a, (size_t)s.st_size, max, out);
	close(fd);
	return code ? read_failed(f, path, code, max) : NULL;
}

err *fs_read_any(struct arena *a, str path, size_t max, str *out)
{
	CLEANUP(buf_release) struct buf name = BUF_LIMIT(PATH_MAX);
	struct stat s;

	buf_add(&name, path);
	if (name.full || str_find_char(path, 0) != STR_NPOS)
		return err_errno(name.full ? ENAMETOOLONG : EINVAL, "open %.*s", STR_ARG(path));
	int fd = open(buf_c(&name), O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(errno, "open %.*s", STR_ARG(path));
	int code = fstat(fd, &s) ? errno : S_ISDIR(s.st_mode) ? EISDIR : 0;
	size_t size = !code && S_ISREG(s.st_mode) ? (size_t)s.st_size : 0;

	if (!code)
		code = size > max ? EFBIG : read_all(fd, a, size, max, out);
	close(fd);
	if (code == EFBIG)
		return too_large(path, max);
	return code ? err_errno(code, "read %.*s", STR_ARG(path)) : NULL;
}

/* ---- directories ------------------------------------------------------ */

static enum fs_type type_of(const struct dirent *d)
{
	switch (d->d_type) {
	case DT_REG:
		return FS_FILE;
	case DT_DIR:
		return FS_DIR;
	case DT_LNK:
		return FS_LINK;
	default:
		return FS_OTHER;
	}
}

int fs_entries(int fd, struct arena *a, size_t max, bool info, struct fs_entry **out, size_t *n)
{
	VEC(struct fs_entry) list = { 0 };
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	struct stat s;
	int code = 0;

	if (!dir) {
		code = errno;
		close(fd);
		return code;
	}
	while (!code && (errno = 0, d = readdir(dir))) {
		str name = str_c(d->d_name);

		if (str_eq(name, S(".")) || str_eq(name, S("..")))
			continue;
		struct fs_entry e = { .type = type_of(d) };

		if (info || d->d_type == DT_UNKNOWN) {
			/* Removed meanwhile: then it is not there. */
			if (fstatat(fd, d->d_name, &s, AT_SYMLINK_NOFOLLOW))
				continue;
			fs_info_of(&s, &e.info);
			e.type = e.info.type;
		}
		if (list.n == max) {
			code = EOVERFLOW;
			break;
		}
		e.name = arena_str(a, name);
		avec_push(a, &list, e);
	}
	if (!code)
		code = errno;
	closedir(dir);
	*out = list.p;
	*n = list.n;
	return code;
}

static int by_name(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct fs_entry *)a)->name, ((const struct fs_entry *)b)->name);
}

static err *list_failed(const struct fs *f, str path, int code, size_t max)
{
	if (code != EOVERFLOW)
		return fs_fail(f, "open", path, code);
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	fs_show(f, path, &shown);
	return err_new(ERR_INVALID, "readdir %s: more than %zu entries", buf_c(&shown), max);
}

err *fs_list(const struct fs *f, struct arena *a, str path, size_t max, struct fs_entry **out,
	     size_t *n)
{
	struct fs_entry *list;
	struct fs_path p;
	size_t count;
	int fd, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_path(f, p.text, f->links, O_RDONLY | O_DIRECTORY, &fd);
	if (!code)
		code = fs_entries(fd, a, max, false, &list, &count);
	if (code)
		return list_failed(f, path, code, max);
	sort_stable(list, count, sizeof *list, by_name, NULL);
	*out = list;
	*n = count;
	return NULL;
}

/* ---- trees ------------------------------------------------------------ */

/* A directory on the way down; what it holds is in the arena behind `mark`. */
struct level {
	struct fs_entry *list;
	size_t n, next;
	size_t path_n;		/* of the directory's path */
	struct arena_mark mark;
};

struct walk {
	const struct fs *f;
	const struct fs_walk *w;
	struct arena a;
	struct buf path;
	VEC(struct level) levels;
	size_t left;		/* entries that may yet come */
};

static int enter(struct walk *w)
{
	struct level l = { .path_n = w->path.n, .mark = arena_mark(&w->a) };
	int fd, code = fs_open_path(w->f, buf_c(&w->path), FS_LINKS_REFUSE, O_RDONLY | O_DIRECTORY,
				    &fd);

	if (!code)
		code = fs_entries(fd, &w->a, w->left, w->w->info, &l.list, &l.n);
	if (code)
		return code;
	w->left -= l.n;
	sort_stable(l.list, l.n, sizeof *l.list, by_name, NULL);
	vec_push(&w->levels, l);
	return 0;
}

static err *step_into(struct walk *w, size_t max, size_t depth)
{
	if (w->levels.n >= depth) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;

		fs_show(w->f, buf_str(&w->path), &shown);
		return err_new(ERR_INVALID, "open %s: more than %zu directories deep",
			       buf_c(&shown), depth);
	}
	if (w->path.n >= PATH_MAX)
		return fs_fail(w->f, "open", buf_str(&w->path), ENAMETOOLONG);
	int code = enter(w);

	return code ? list_failed(w->f, buf_str(&w->path), code, max) : NULL;
}

static err *walk_on(struct walk *w, size_t max, size_t depth)
{
	TRY(step_into(w, max, depth));
	while (w->levels.n) {
		struct level *l = &w->levels.p[w->levels.n - 1];

		if (l->next == l->n) {
			arena_rewind(&w->a, l->mark);
			w->levels.n--;
			continue;
		}
		const struct fs_entry *e = &l->list[l->next++];
		enum fs_step next = FS_GO_ON;

		buf_trim(&w->path, l->path_n);
		if (w->path.n)
			buf_addc(&w->path, '/');
		buf_add(&w->path, e->name);
		TRY(w->w->visit(w->w->ctx, buf_str(&w->path), e, &next));
		if (next == FS_STOP)
			return NULL;
		if (next == FS_GO_ON && e->type == FS_DIR)
			TRY(step_into(w, max, depth));
	}
	return NULL;
}

err *fs_walk(const struct fs *f, str path, const struct fs_walk *options)
{
	size_t max = options->max_entries ? options->max_entries : FS_ENTRIES_MAX;
	size_t depth = options->max_depth ? options->max_depth : FS_DEPTH_MAX;
	struct walk w = { .f = f, .w = options, .a = ARENA_INIT, .path = BUF_INIT, .left = max };
	struct fs_path p;
	int fd, code = fs_path_make(&p, path);

	/* The start may be a link; what is below it is told without. */
	if (!code)
		code = fs_resolve(f, p.text, f->links, O_PATH | O_DIRECTORY, &w.path, &fd);
	if (code) {
		buf_release(&w.path);
		return fs_fail(f, "lstat", path, code);
	}
	close(fd);
	err *e = walk_on(&w, max, depth);

	vec_release(&w.levels);
	buf_release(&w.path);
	arena_release(&w.a);
	return e;
}
