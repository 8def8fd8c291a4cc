#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs_impl.h"
#include "base/owned.h"

/* Links on one path, as the kernel counts them; and names looked up on the
 * way, so that links full of ".." cannot keep us busy. */
enum { LINKS_MAX = 40, STEPS_MAX = 20000 };

/* ---- words ------------------------------------------------------------ */

static err *fail_code(int code, const char *op, str shown)
{
	switch (code) {
	case FS_ESCAPES:
		return err_new(ERR_FORBIDDEN, "%s %.*s: path escapes from parent", op,
			       STR_ARG(shown));
	case FS_LINKED:
		return err_new(ERR_FORBIDDEN, "%s %.*s: symbolic links are not followed here", op,
			       STR_ARG(shown));
	case FS_IRREGULAR:
		return err_new(ERR_INVALID, "%s %.*s: not a regular file", op, STR_ARG(shown));
	default:
		return err_errno(code, "%s %.*s", op, STR_ARG(shown));
	}
}

void fs_show(const struct fs *f, str path, struct buf *to)
{
	str root = str_c(f->shown);

	buf_add(to, root);
	if (root.n && path.n && !str_ends(root, S("/")))
		buf_addc(to, '/');
	buf_add(to, path);
	if (!root.n && !path.n)
		buf_addc(to, '.');
}

err *fs_fail(const struct fs *f, const char *op, str path, int code)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	fs_show(f, path, &shown);
	return fail_code(code, op, buf_str(&shown));
}

/* ---- paths as text ---------------------------------------------------- */

/* Append one name to a clean path, or take one off for "..". False where
 * there is nothing to take off. */
static bool step(char *to, size_t *n, str name)
{
	if (!name.n || str_eq(name, S(".")))
		return true;
	if (str_eq(name, S(".."))) {
		size_t slash = str_rfind_char(str_of(to, *n), '/');
		bool some = *n > 0;

		*n = slash == STR_NPOS ? 0 : slash;
		return some;
	}
	if (*n)
		to[(*n)++] = '/';
	memcpy(to + *n, name.p, name.n);
	*n += name.n;
	return true;
}

int fs_path_make(struct fs_path *out, str path)
{
	str name;

	out->n = 0;
	if (path.n >= sizeof out->text)
		return ENAMETOOLONG;
	if (str_find_char(path, 0) != STR_NPOS)
		return EINVAL;
	if (str_starts(path, S("/")))
		return FS_ESCAPES;
	while (str_cut(&path, &name, '/'))
		if (!step(out->text, &out->n, name))
			return FS_ESCAPES;
	out->text[out->n] = 0;
	return 0;
}

bool fs_is_local(str path)
{
	size_t depth = 0;
	str name;

	if (!path.n || path.p[0] == '/' || str_find_char(path, 0) != STR_NPOS)
		return false;
	while (str_cut(&path, &name, '/')) {
		if (!name.n || str_eq(name, S(".")))
			continue;
		if (!str_eq(name, S("..")))
			depth++;
		else if (!depth--)
			return false;
	}
	return true;
}

/* ---- opening below the root ------------------------------------------- */

static bool is_link(int fd)
{
	struct stat s;

	return !fstat(fd, &s) && S_ISLNK(s.st_mode);
}

static void close_dir(const struct fs *f, int fd)
{
	if (fd != f->fd && fd >= 0)
		close(fd);
}

/* Take the next name off a text; the rest begins at the name after it. */
static bool next_name(str *todo, str *name)
{
	while (str_take(todo, '/'))
		;
	if (!str_cut(todo, name, '/'))
		return false;
	while (str_take(todo, '/'))
		;
	return true;
}

/* Where a path stands that is followed name by name. */
struct trail {
	const struct fs *f;
	int dir;		/* of what `done` names */
	struct buf *done;	/* clean, no links */
	struct buf todo;
	str rest;		/* of todo */
	int links, steps;
};

static int trail_restart(struct trail *t)
{
	int fd;

	close_dir(t->f, t->dir);
	t->dir = t->f->fd;
	if (!t->done->n)
		return 0;
	for (size_t i = 0; i < t->done->n; i++)
		t->steps += t->done->p[i] == '/';
	CLEANUP(buf_release) struct buf again = BUF_LIMIT(PATH_MAX);
	CLEANUP(buf_release) struct buf path = BUF_LIMIT(PATH_MAX);

	buf_add(&path, buf_str(t->done));
	int code = fs_resolve(t->f, buf_c(&path), FS_LINKS_REFUSE, O_PATH | O_DIRECTORY, &again, &fd);

	if (!code)
		t->dir = fd;
	return code;
}

static int trail_up(struct trail *t)
{
	size_t slash = str_rfind_char(buf_str(t->done), '/');

	if (!t->done->n)
		return FS_ESCAPES;
	buf_trim(t->done, slash == STR_NPOS ? 0 : slash);
	return trail_restart(t);
}

/* Go on with what the link `target` says, then with the rest. */
static int trail_link(struct trail *t, str target)
{
	str root = str_c(t->f->real);

	if (++t->links > LINKS_MAX)
		return ELOOP;
	if (str_starts(target, S("/"))) {
		str below = target;

		if (!str_eq(root, S("/")) &&
		    (!str_take_str(&below, root) || (below.n && below.p[0] != '/')))
			return FS_ESCAPES;
		target = below;
		buf_clear(t->done);
		int code = trail_restart(t);

		if (code)
			return code;
	}
	struct buf todo = BUF_LIMIT(2 * PATH_MAX);

	buf_add(&todo, target);
	buf_addc(&todo, '/');
	buf_add(&todo, t->rest);
	buf_release(&t->todo);
	t->todo = todo;
	t->rest = buf_str(&t->todo);
	return todo.full ? ENAMETOOLONG : 0;
}

/* One name down. `flags` are for the last one; *fd is set by it alone. */
static int trail_down(struct trail *t, str name, enum fs_links links, int flags, int *fd)
{
	char target[PATH_MAX], text[NAME_MAX + 1];
	bool last = !t->rest.n;

	if (name.n > NAME_MAX)
		return ENAMETOOLONG;
	if (++t->steps > STEPS_MAX)
		return ELOOP;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	ssize_t n = readlinkat(t->dir, text, target, sizeof target);

	if (n == (ssize_t)sizeof target)
		return ENAMETOOLONG;
	if (n >= 0)
		return links == FS_LINKS_REFUSE ? FS_LINKED
						: trail_link(t, str_of(target, (size_t)n));
	if (errno != EINVAL)
		return errno;
	int got = openat(t->dir, text,
			 (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);

	if (got < 0)
		return errno;
	/* Swapped for a link since the question above. */
	if ((flags & O_PATH) && last && is_link(got)) {
		close(got);
		return ELOOP;
	}
	if (t->done->n)
		buf_addc(t->done, '/');
	buf_add(t->done, name);
	if (last) {
		*fd = got;
		return 0;
	}
	close_dir(t->f, t->dir);
	t->dir = got;
	return 0;
}

int fs_resolve(const struct fs *f, const char *path, enum fs_links links, int flags,
	       struct buf *done, int *fd)
{
	struct trail t = { .f = f, .dir = f->fd, .done = done, .todo = BUF_LIMIT(PATH_MAX) };
	int code = 0, got = -1;
	str name;

	buf_add(&t.todo, str_c(path));
	t.rest = buf_str(&t.todo);
	while (!code && got < 0 && next_name(&t.rest, &name)) {
		if (str_eq(name, S(".")))
			continue;
		code = str_eq(name, S("..")) ? trail_up(&t)
					     : trail_down(&t, name, links, flags, &got);
	}
	if (!code && got < 0) {
		got = openat(t.dir, ".", flags | O_CLOEXEC);
		code = got < 0 ? errno : 0;
	}
	close_dir(f, t.dir);
	buf_release(&t.todo);
	if (!code)
		*fd = got;
	return code;
}

static int open_fast(const struct fs *f, const char *path, enum fs_links links, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
			   (links == FS_LINKS_REFUSE ? RESOLVE_NO_SYMLINKS : 0),
	};
	long fd;
	int tries = 8;

	/* EAGAIN: somebody renamed a directory while the kernel looked. */
	do
		fd = syscall(SYS_openat2, f->fd, *path ? path : ".", &how, sizeof how);
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --tries)));
	return (int)fd;
}

int fs_open_path(const struct fs *f, const char *path, enum fs_links links, int flags, int *fd)
{
	if (!f->plain) {
		int got = open_fast(f, path, links, flags);

		if (got >= 0) {
			*fd = got;
			return 0;
		}
		if (errno == ELOOP && links == FS_LINKS_REFUSE)
			return FS_LINKED;
		/* EXDEV: an absolute link, which may yet lead into the root.
		 * ENOSYS, EPERM: an old kernel, or a sandbox of old. */
		if (errno != EXDEV && errno != ENOSYS && errno != EPERM && errno != EAGAIN)
			return errno;
	}
	CLEANUP(buf_release) struct buf done = BUF_LIMIT(PATH_MAX);

	return fs_resolve(f, path, links, flags, &done, fd);
}

int fs_open_parent(const struct fs *f, const struct fs_path *path, int flags, int *fd,
		   const char **base)
{
	char dir[PATH_MAX];

	if (!path->n)
		return EINVAL;
	size_t slash = str_rfind_char(str_of(path->text, path->n), '/');
	size_t n = slash == STR_NPOS ? 0 : slash;

	memcpy(dir, path->text, n);
	dir[n] = 0;
	*base = path->text + (slash == STR_NPOS ? 0 : slash + 1);
	return fs_open_path(f, dir, f->links, flags | O_DIRECTORY, fd);
}

/* ---- roots ------------------------------------------------------------ */

struct fs *fs_new(int fd, const struct fs_options *o, char *shown, char *real)
{
	struct fs *f = mem_calloc(1, sizeof *f);

	*f = (struct fs){ .fd = fd, .shown = shown, .real = real };
	if (o) {
		f->links = o->links;
		f->plain = o->no_openat2;
		if (o->show_below)
			f->shown[0] = 0;
	}
	return f;
}

err *fs_open(struct fs **out, str dir, const struct fs_options *o)
{
	char *shown = owned_text(dir), *real = NULL;
	int fd = open(shown, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		real = realpath(shown, NULL);
	if (!real || strlen(shown) != dir.n) {
		err *e = fail_code(fd >= 0 && real ? EINVAL : errno, "open", dir);

		if (fd >= 0)
			close(fd);
		free(shown);
		free(real);
		return e;
	}
	*out = fs_new(fd, o, shown, real);
	return NULL;
}

err *fs_open_below(struct fs **out, const struct fs *f, str dir)
{
	const struct fs_options o = { .links = f->links, .no_openat2 = f->plain };
	CLEANUP(buf_release) struct buf done = BUF_LIMIT(PATH_MAX);
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct fs_path path;
	int fd, code = fs_path_make(&path, dir);

	if (!code)
		code = fs_resolve(f, path.text, f->links, O_PATH | O_DIRECTORY, &done, &fd);
	if (code)
		return fs_fail(f, "open", dir, code);
	struct buf real = BUF_INIT;

	buf_add(&real, str_c(f->real));
	if (done.n && !str_ends(buf_str(&real), S("/")))
		buf_addc(&real, '/');
	buf_add(&real, buf_str(&done));
	if (f->shown[0] || path.n)
		fs_show(f, str_of(path.text, path.n), &shown);
	*out = fs_new(fd, &o, owned_text(buf_str(&shown)), buf_detach(&real, NULL));
	return NULL;
}

void fs_close(struct fs *f)
{
	if (!f)
		return;
	if (f->temp) {
		err_free(fs_remove_all(f, STR_NONE));
		rmdir(f->real);
		close(f->lock);
	}
	close(f->fd);
	free(f->shown);
	free(f->real);
	free(f);
}

void fs_drop(struct fs **f)
{
	fs_close(*f);
	*f = NULL;
}

str fs_root(const struct fs *f)
{
	return str_c(f->real);
}

/* ---- asking ----------------------------------------------------------- */

void fs_info_of(const struct stat *s, struct fs_info *out)
{
	*out = (struct fs_info){
		.type = S_ISREG(s->st_mode)   ? FS_FILE
			: S_ISDIR(s->st_mode) ? FS_DIR
			: S_ISLNK(s->st_mode) ? FS_LINK
					      : FS_OTHER,
		.mode = s->st_mode & 07777,
		.size = (uint64_t)s->st_size,
		.mtime = s->st_mtim.tv_sec * CLOCK_SECOND + s->st_mtim.tv_nsec,
		.dev = s->st_dev,
		.ino = s->st_ino,
	};
}

err *fs_stat(const struct fs *f, str path, struct fs_info *out)
{
	struct fs_path p;
	struct stat s;
	int fd, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_path(f, p.text, f->links, O_PATH, &fd);
	if (!code) {
		code = fstat(fd, &s) ? errno : 0;
		close(fd);
	}
	if (code)
		return fs_fail(f, "stat", path, code);
	fs_info_of(&s, out);
	return NULL;
}

err *fs_lstat(const struct fs *f, str path, struct fs_info *out)
{
	struct fs_path p;
	struct stat s;
	const char *base;
	int fd, code = fs_path_make(&p, path);

	if (!code && !p.n)
		return fs_stat(f, path, out);
	if (!code)
		code = fs_open_parent(f, &p, O_PATH, &fd, &base);
	if (!code) {
		code = fstatat(fd, base, &s, AT_SYMLINK_NOFOLLOW) ? errno : 0;
		close(fd);
	}
	if (code)
		return fs_fail(f, "lstat", path, code);
	fs_info_of(&s, out);
	return NULL;
}

static bool is_type(const struct fs *f, str path, enum fs_type type)
{
	struct fs_info info;
	err *e = fs_stat(f, path, &info);

	err_free(e);
	return !e && info.type == type;
}

bool fs_is_file(const struct fs *f, str path)
{
	return is_type(f, path, FS_FILE);
}

bool fs_is_dir(const struct fs *f, str path)
{
	return is_type(f, path, FS_DIR);
}

err *fs_real(const struct fs *f, struct arena *a, str path, str *out)
{
	CLEANUP(buf_release) struct buf done = BUF_LIMIT(PATH_MAX);
	struct fs_path p;
	int fd, code = fs_path_make(&p, path);

	if (!code)
		code = fs_resolve(f, p.text, f->links, O_PATH, &done, &fd);
	if (code)
		return fs_fail(f, "lstat", path, code);
	close(fd);
	*out = arena_str(a, buf_str(&done));
	return NULL;
}

err *fs_read_link(const struct fs *f, struct arena *a, str path, str *out)
{
	char target[PATH_MAX];
	struct fs_path p;
	const char *base;
	ssize_t n = 0;
	int fd, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_parent(f, &p, O_PATH, &fd, &base);
	if (!code) {
		n = readlinkat(fd, base, target, sizeof target);
		code = n < 0 ? errno : n == sizeof target ? ENAMETOOLONG : 0;
		close(fd);
	}
	if (code)
		return fs_fail(f, "readlink", path, code);
	*out = arena_str(a, str_of(target, (size_t)n));
	return NULL;
}
