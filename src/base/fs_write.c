/* Making, replacing and removing. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/die.h"
#include "base/fs_impl.h"
#include "base/rand.h"
#include "base/vec.h"

enum { RANDOM_CHARS = 12, TEMP_TRIES = 100 };

static int write_all(int fd, str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
	}
	return 0;
}

err *fs_write_all(int fd, str bytes, const char *what)
{
	int code = write_all(fd, bytes);

	return code ? err_errno(code, "%s", what) : NULL;
}

/* ---- files ------------------------------------------------------------ */

/* A new file in `dir`, filled, with exactly these permission bits. It is
 * gone again on failure. */
static int make_file(int dir, const char *name, str bytes, unsigned mode, bool sync)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	int code = write_all(fd, bytes);

	if (!code && fchmod(fd, mode & 07777))
		code = errno;
	if (!code && sync && fsync(fd))
		code = errno;
	/* A file system over the network may tell of a full disk only here. */
	if (close(fd) && !code)
		code = errno;
	if (code)
		unlinkat(dir, name, 0);
	return code;
}

static int replace_file(int dir, const char *name, str bytes, unsigned mode)
{
	char temp[sizeof ".tmp-" + RANDOM_CHARS] = ".tmp-";

	rand_name(temp + sizeof ".tmp-" - 1, RANDOM_CHARS);
	int code = make_file(dir, temp, bytes, mode, true);

	if (code)
		return code;
	if (renameat(dir, temp, dir, name)) {
		code = errno;
		unlinkat(dir, temp, 0);
		return code;
	}
	/* The name itself is in the directory, which needs its own sync. */
	return fsync(dir) ? errno : 0;
}

/* Go stumbles over most of it when it opens the file. */
static err *write_failed(const struct fs *f, str path, int code)
{
	bool late = code == ENOSPC || code == EDQUOT || code == EIO || code == EFBIG;

	return fs_fail(f, late ? "write" : "open", path, code);
}

err *fs_write(const struct fs *f, str path, str bytes, unsigned mode)
{
	struct fs_path p;
	const char *base;
	int dir, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_parent(f, &p, O_RDONLY, &dir, &base);
	if (!code) {
		code = replace_file(dir, base, bytes, mode);
		close(dir);
	}
	return code ? write_failed(f, path, code) : NULL;
}

err *fs_create(const struct fs *f, str path, str bytes, unsigned mode)
{
	struct fs_path p;
	const char *base;
	int dir, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_parent(f, &p, O_PATH, &dir, &base);
	if (!code) {
		code = make_file(dir, base, bytes, mode, false);
		close(dir);
	}
	return code ? write_failed(f, path, code) : NULL;
}

err *fs_create_open(const struct fs *f, str path, unsigned mode, int *fd)
{
	struct fs_path p;
	const char *base;
	int dir, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_parent(f, &p, O_PATH, &dir, &base);
	if (!code) {
		*fd = openat(dir, base, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			     mode & 07777);
		code = *fd < 0 ? errno : 0;
		close(dir);
	}
	return code ? write_failed(f, path, code) : NULL;
}

typedef int two_names(int from_dir, const char *from, int to_dir, const char *to);

static err *with_both(const struct fs *f, const char *what, str from, str to, two_names *call)
{
	struct fs_path p, q;
	const char *p_base, *q_base;
	int p_dir, q_dir, code = fs_path_make(&p, from);

	if (!code)
		code = fs_path_make(&q, to);
	if (!code)
		code = fs_open_parent(f, &p, O_PATH, &p_dir, &p_base);
	if (!code) {
		code = fs_open_parent(f, &q, O_PATH, &q_dir, &q_base);
		if (!code) {
			code = call(p_dir, p_base, q_dir, q_base) ? errno : 0;
			close(q_dir);
		}
		close(p_dir);
	}
	if (!code)
		return NULL;
	CLEANUP(buf_release) struct buf op = BUF_INIT;

	buf_addf(&op, "%s ", what);
	fs_show(f, from, &op);
	return fs_fail(f, buf_c(&op), to, code);
}

err *fs_rename(const struct fs *f, str from, str to)
{
	return with_both(f, "rename", from, to, renameat);
}

static int link_names(int from_dir, const char *from, int to_dir, const char *to)
{
	return linkat(from_dir, from, to_dir, to, 0);
}

err *fs_link(const struct fs *f, str from, str to)
{
	return with_both(f, "link", from, to, link_names);
}

/* ---- directories ------------------------------------------------------ */

static int is_dir(const struct fs *f, const char *path)
{
	int fd, code = fs_open_path(f, path, f->links, O_PATH | O_DIRECTORY, &fd);

	if (!code)
		close(fd);
	return code;
}

static int make_dir(const struct fs *f, const struct fs_path *p, unsigned mode)
{
	const char *base;
	int dir, code = fs_open_parent(f, p, O_PATH, &dir, &base);

	if (code)
		return code;
	if (mkdirat(dir, base, mode))
		code = errno;
	close(dir);
	return code == EEXIST ? is_dir(f, p->text) : code;
}

err *fs_mkdir(const struct fs *f, str path, unsigned mode)
{
	struct fs_path p, part;
	int code = fs_path_make(&p, path);

	if (!code)
		code = is_dir(f, p.text);
	if (code == ENOENT)	/* those above it are mostly there */
		code = make_dir(f, &p, mode);
	if (code != ENOENT)
		return code ? fs_fail(f, "mkdir", path, code) : NULL;
	code = 0;
	for (size_t i = 1; !code && i <= p.n; i++) {
		if (i < p.n && p.text[i] != '/')
			continue;
		part.n = i;
		memcpy(part.text, p.text, i);
		part.text[i] = 0;
		code = make_dir(f, &part, mode);
	}
	return code ? fs_fail(f, "mkdir", path, code) : NULL;
}

/* ---- temporary roots -------------------------------------------------- */

/* Hold it, so that nobody sweeps it away; false when somebody just has. Some file systems
 * know no locks: nothing is swept there (`must`). */
static bool hold(const char *path, bool must, int *lock)
{
	struct stat here, there;

	*lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*lock < 0)
		return false;
	bool held = !flock(*lock, LOCK_EX | LOCK_NB) || (!must && errno != EWOULDBLOCK);

	if (held && !fstat(*lock, &here) && !lstat(path, &there) &&
	    here.st_ino == there.st_ino && here.st_dev == there.st_dev)
		return true;
	close(*lock);
	return false;
}

static char *make_temp_dir(const char *parent, str prefix, int *lock, int *code)
{
	for (int i = 0; i < TEMP_TRIES; i++) {
		char name[RANDOM_CHARS + 1], *path;

		rand_name(name, RANDOM_CHARS);
		if (asprintf(&path, "%s/%.*s%s" FS_TEMP_SUFFIX, parent, STR_ARG(prefix), name) < 0)
			die_bug("out of memory for a path");
		*code = mkdir(path, 0700) ? errno : 0;
		if (!*code && hold(path, false, lock))
			return path;
		free(path);
		if (*code && *code != EEXIST)
			break;
		*code = EEXIST;
	}
	return NULL;
}

static void add_parent(struct buf *dir, str parent)
{
	const char *env = getenv("TMPDIR");

	buf_add(dir, parent.n ? parent : env && *env ? str_c(env) : S("/tmp"));
}

err *fs_open_temp(struct fs **out, str parent, str prefix)
{
	CLEANUP(buf_release) struct buf dir = BUF_INIT;
	int code, lock;

	if (str_find_char(prefix, '/') != STR_NPOS)
		return err_new(ERR_INVALID, "mkdir %.*s: pattern contains path separator",
			       STR_ARG(prefix));
	add_parent(&dir, parent);
	char *path = make_temp_dir(buf_c(&dir), prefix, &lock, &code);

	if (!path)
		return err_errno(code, "mkdir %s/%.*s", buf_c(&dir), STR_ARG(prefix));
	err *e = fs_open(out, str_c(path), NULL);

	if (e) {
		rmdir(path);
		close(lock);
	} else {
		(*out)->temp = true;
		(*out)->lock = lock;
	}
	free(path);
	return e;
}

static bool sweep(const char *path)
{
	struct stat st;
	struct fs *f;
	int lock;

	if (lstat(path, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || !hold(path, true, &lock))
		return false;
	err *e = fs_open(&f, str_c(path), NULL);

	if (e) {
		err_free(e);
		close(lock);
		return false;
	}
	f->temp = true;
	f->lock = lock;
	fs_close(f);
	return lstat(path, &st) != 0;
}

size_t fs_sweep_temp(str parent)
{
	CLEANUP(buf_release) struct buf dir = BUF_INIT;
	size_t removed = 0;

	add_parent(&dir, parent);
	DIR *d = opendir(buf_c(&dir));

	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		if (!str_ends(str_c(e->d_name), S(FS_TEMP_SUFFIX)))
			continue;
		buf_addf(&path, "%s/%s", buf_c(&dir), e->d_name);
		removed += sweep(buf_c(&path));
	}
	closedir(d);
	return removed;
}

/* ---- removing --------------------------------------------------------- */

err *fs_remove(const struct fs *f, str path)
{
	struct fs_path p;
	const char *base;
	int dir, code = fs_path_make(&p, path);

	if (!code)
		code = fs_open_parent(f, &p, O_PATH, &dir, &base);
	if (!code) {
		if (unlinkat(dir, base, 0)) {
			code = errno;
			/* EPERM is what other systems than Linux say. */
			if (code == EISDIR || code == EPERM)
				code = unlinkat(dir, base, AT_REMOVEDIR) ? errno : 0;
		}
		close(dir);
	}
	return code ? fs_fail(f, "remove", path, code) : NULL;
}

/* A directory being emptied. Only one is open at a time, however deep the
 * tree: the way back up is "..", checked to be where we came from. */
struct emptied {
	dev_t dev;
	ino_t ino;
	struct fs_entry *list;
	size_t n, next;
	struct arena_mark mark;
};

struct remover {
	struct arena a;
	VEC(struct emptied) levels;
	int fd;			/* of the innermost directory */
};

/* Gone already is as good as removed. */
static int unlink_entry(int dir, const char *name, int flags)
{
	if (!unlinkat(dir, name, flags) || errno == ENOENT)
		return 0;
	return errno;
}

/* Remove what can be removed at once from the innermost directory, and keep
 * the names of the directories that hold something. */
static int empty_level(struct remover *r)
{
	struct emptied l = { .mark = arena_mark(&r->a) };
	struct stat s;
	size_t kept = 0;
	int again = openat(r->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0 || fstat(r->fd, &s)) {
		int code = errno;

		if (again >= 0)
			close(again);
		return code;
	}
	l.dev = s.st_dev;
	l.ino = s.st_ino;
	int code = fs_entries(again, &r->a, SIZE_MAX, false, &l.list, &l.n);

	for (size_t i = 0; !code && i < l.n; i++) {
		bool dir = l.list[i].type == FS_DIR;

		code = unlink_entry(r->fd, l.list[i].name.p, dir ? AT_REMOVEDIR : 0);
		if (dir && (code == ENOTEMPTY || code == EEXIST)) {
			l.list[kept++] = l.list[i];
			code = 0;
		}
	}
	l.n = kept;
	if (!code)
		vec_push(&r->levels, l);
	return code;
}

static int go_to(struct remover *r, const char *name)
{
	int fd = openat(r->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(r->fd);
	r->fd = fd;
	return 0;
}

/* The innermost directory is empty: remove it from the one above. */
static int go_up(struct remover *r)
{
	struct stat s;

	arena_rewind(&r->a, r->levels.p[--r->levels.n].mark);
	if (!r->levels.n)
		return 0;
	const struct emptied *up = &r->levels.p[r->levels.n - 1];
	int code = go_to(r, "..");

	if (code)
		return code;
	if (fstat(r->fd, &s))
		return errno;
	if (s.st_dev != up->dev || s.st_ino != up->ino)
		return EBUSY;	/* it was moved away under us */
	return unlink_entry(r->fd, up->list[up->next - 1].name.p, AT_REMOVEDIR);
}

/* Takes `fd`, a directory; empties it. */
static int empty_dir(int fd)
{
	struct remover r = { .a = ARENA_INIT, .fd = fd };
	int code = empty_level(&r);

	while (!code && r.levels.n) {
		struct emptied *l = &r.levels.p[r.levels.n - 1];

		if (l->next == l->n) {
			code = go_up(&r);
			continue;
		}
		code = go_to(&r, l->list[l->next++].name.p);
		if (!code)
			code = empty_level(&r);
	}
	close(r.fd);
	vec_release(&r.levels);
	arena_release(&r.a);
	return code;
}

static int remove_tree(int dir, const char *name)
{
	int code = unlink_entry(dir, name, 0);

	if (code != EISDIR && code != EPERM)
		return code;
	code = unlink_entry(dir, name, AT_REMOVEDIR);
	if (code != ENOTEMPTY && code != EEXIST)
		return code;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno;
	code = empty_dir(fd);
	return code ? code : unlink_entry(dir, name, AT_REMOVEDIR);
}

err *fs_remove_all(const struct fs *f, str path)
{
	struct fs_path p;
	const char *base;
	int fd, code = fs_path_make(&p, path);

	if (!code && !p.n) {
		fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		code = fd < 0 ? errno : empty_dir(fd);
	} else if (!code) {
		code = fs_open_parent(f, &p, O_PATH, &fd, &base);
		if (!code) {
			code = remove_tree(fd, base);
			close(fd);
		}
	}
	if (!code || code == ENOENT)
		return NULL;
	return fs_fail(f, "unlinkat", path, code);
}
