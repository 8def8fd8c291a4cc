#include "kustomize/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "text/path.h"

bool files_is_below(str path, str dir)
{
	if (str_eq(dir, S("/")) || str_eq(path, dir))
		return true;
	return str_starts(path, dir) && path.p[dir.n] == '/';
}

/* ---- disk -------------------------------------------------------------- */

/* The first name on the way that cannot be reached: what Go's EvalSymlinks
 * complains about. */
static err *missing(struct arena *a, str path, int number)
{
	for (size_t end = 1; end <= path.n; end++) {
		struct stat st;

		if (end < path.n && path.p[end] != '/')
			continue;
		str part = arena_str(a, str_sub(path, 0, end));

		if (lstat(part.p, &st) != 0)
			return err_errno(errno, "lstat %s", part.p);
		if (end < path.n && stat(part.p, &st) == 0 && !S_ISDIR(st.st_mode))
			return err_errno(ENOTDIR, "lstat %s", arena_str(a, path).p);
	}
	return err_errno(number, "lstat %s", arena_str(a, path).p);
}

/* Ask the kernel what it opened: three calls, however long the path. Where it
 * cannot tell (no /proc, a file without a name), realpath can. */
static bool ask_kernel(struct arena *a, str path, str *out)
{
	char link[32], real[PATH_MAX];
	int fd = open(arena_str(a, path).p, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, real, sizeof real);

	close(fd);
	str found = str_of(real, n > 0 ? (size_t)n : 0);

	if (found.n == sizeof real || !path_is_abs(found) || str_ends(found, S(" (deleted)")))
		return false;
	*out = arena_str(a, found);
	return true;
}

static err *disk_real(const struct files *f, struct arena *a, str path, str *out)
{
	(void)f;
	if (ask_kernel(a, path, out))
		return NULL;
	char *real = realpath(arena_str(a, path).p, NULL);

	if (!real) {
		if (errno == ELOOP)
			return err_new(ERR_INVALID, "EvalSymlinks: too many links");
		return missing(a, path, errno);
	}
	*out = arena_str(a, str_c(real));
	free(real);
	return NULL;
}

static bool stat_of(str path, int flags, struct stat *st)
{
	char text[PATH_MAX];

	if (path.n >= sizeof text)
		return false;
	memcpy(text, path.p, path.n);
	text[path.n] = 0;
	return fstatat(AT_FDCWD, text, st, flags) == 0;
}

static enum file_type disk_type(const struct files *f, str path)
{
	struct stat st;

	(void)f;
	if (!stat_of(path, 0, &st))
		return FILE_NONE;
	return S_ISDIR(st.st_mode) ? FILE_DIR : FILE_REGULAR;
}

static bool disk_plain(const struct files *f, str path)
{
	struct stat st;

	(void)f;
	return stat_of(path, AT_SYMLINK_NOFOLLOW, &st) && S_ISREG(st.st_mode);
}

static err *disk_read(const struct files *f, struct arena *a, str path, str *out)
{
	(void)f;
	return fs_read_any(a, path, FILES_READ_MAX, out);
}

static err *disk_list(const struct files *f, struct arena *a, str path, struct fs_entry **out,
		      size_t *n)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;

	(void)f;
	TRY(fs_open(&dir, path, NULL));
	return fs_list(dir, a, STR_NONE, FILES_LIST_MAX, out, n);
}

const struct files files_disk = {
	.real = disk_real, .type = disk_type, .plain = disk_plain, .read = disk_read,
	.list = disk_list,
};

/* ---- confined ---------------------------------------------------------- */

/* The root that a path lies below, and the path there; or Flux's refusal. */
static err *below(const struct files *files, const char *verb, str path, const struct fs **fs,
		  str *out)
{
	const struct files_confined *f = (const struct files_confined *)files;
	str root = fs_root(f->root);

	*fs = f->root;
	for (size_t i = 0; f->also && i < f->also->n; i++)
		if (files_is_below(path, fs_root(f->also->list[i]))) {
			*fs = f->also->list[i];
			root = fs_root(*fs);
		}
	if (!files_is_below(path, root))
		return err_new(ERR_FORBIDDEN,
			       "fs-security-constraint %s %.*s: path '%.*s' is not in or below '%.*s'",
			       verb, STR_ARG(path), STR_ARG(path), STR_ARG(root));
	*out = str_from(path, root.n);
	str_take(out, '/');
	return NULL;
}

static err *confined_real(const struct files *f, struct arena *a, str path, str *out)
{
	const struct fs *fs;
	str rest, real;

	TRY(below(f, "abs", path, &fs, &rest));
	err *e = fs_real(fs, a, rest, &real);

	/* Go's EvalSymlinks tells of the first part that is not there. */
	for (size_t i = 0; e && i < rest.n; i++) {
		err *first = rest.p[i] == '/' ? fs_real(fs, a, str_sub(rest, 0, i), &real) : NULL;

		if (first) {
			err_free(e);
			return first;
		}
	}
	TRY(e);
	*out = real.n ? arena_cat(a, fs_root(fs), S("/"), real) : fs_root(fs);
	return NULL;
}

static enum file_type confined_type(const struct files *f, str path)
{
	const struct fs *fs;
	str rest;
	err *e = below(f, "stat", path, &fs, &rest);

	if (e) {
		err_free(e);
		return FILE_NONE;
	}
	if (fs_is_dir(fs, rest))
		return FILE_DIR;
	return fs_is_file(fs, rest) ? FILE_REGULAR : FILE_NONE;
}

static bool confined_plain(const struct files *f, str path)
{
	const struct fs *fs;
	struct fs_info info;
	str rest;
	err *e = below(f, "stat", path, &fs, &rest);

	if (!e)
		e = fs_lstat(fs, rest, &info);
	err_free(e);
	return !e && info.type == FS_FILE;
}

static err *confined_read(const struct files *f, struct arena *a, str path, str *out)
{
	const struct fs *fs;
	str rest;

	TRY(below(f, "read", path, &fs, &rest));
	return fs_read(fs, a, rest, FILES_READ_MAX, out);
}

static err *confined_list(const struct files *f, struct arena *a, str path, struct fs_entry **out,
			  size_t *n)
{
	const struct fs *fs;
	str rest;

	TRY(below(f, "walk", path, &fs, &rest));
	return fs_list(fs, a, rest, FILES_LIST_MAX, out, n);
}

void files_confined_init(struct files_confined *f, const struct fs *root)
{
	f->files = (struct files){
		.real = confined_real, .type = confined_type, .plain = confined_plain,
		.read = confined_read, .list = confined_list,
	};
	f->root = root;
	f->also = NULL;
}

/* ---- overlay ----------------------------------------------------------- */

static const struct files_overlay *overlay_of(const struct files *f)
{
	return (const struct files_overlay *)f;
}

static const str *laid_over(const struct files *f, str path)
{
	const struct files_overlay *o = overlay_of(f);

	if (str_eq(path, o->path))
		return &o->text;
	return o->more ? map_get(o->more, path) : NULL;
}

static err *overlay_real(const struct files *f, struct arena *a, str path, str *out)
{
	if (laid_over(f, path)) {
		*out = path;
		return NULL;
	}
	return overlay_of(f)->below->real(overlay_of(f)->below, a, path, out);
}

static enum file_type overlay_type(const struct files *f, str path)
{
	if (laid_over(f, path))
		return FILE_REGULAR;
	return overlay_of(f)->below->type(overlay_of(f)->below, path);
}

static bool overlay_plain(const struct files *f, str path)
{
	const struct files_overlay *o = overlay_of(f);

	return laid_over(f, path) || o->below->plain(o->below, path);
}

static err *overlay_read(const struct files *f, struct arena *a, str path, str *out)
{
	const struct files_overlay *o = overlay_of(f);
	const str *text = laid_over(f, path);
	str real;

	/* What cannot be resolved cannot be read, either: that says why. */
	if (!text && o->more && o->more->n) {
		err *e = o->below->real(o->below, a, path, &real);

		text = e ? NULL : laid_over(f, real);
		err_free(e);
	}
	if (text) {
		*out = *text;
		return NULL;
	}
	return o->below->read(o->below, a, path, out);
}

static err *overlay_list(const struct files *f, struct arena *a, str path, struct fs_entry **out,
			 size_t *n)
{
	return overlay_of(f)->below->list(overlay_of(f)->below, a, path, out, n);
}

void files_overlay_init(struct files_overlay *f, const struct files *below, str path, str text)
{
	*f = (struct files_overlay){
		.files = { .real = overlay_real, .type = overlay_type, .plain = overlay_plain,
			   .read = overlay_read, .list = overlay_list },
		.below = below, .path = path, .text = text,
	};
}

/* ---- memory ------------------------------------------------------------ */

static enum file_type memory_type(const struct files *f, str path)
{
	const struct files_memory *m = (const struct files_memory *)f;

	if (map_has(&m->texts, path))
		return FILE_REGULAR;
	for (size_t i = 0; i < m->texts.n; i++)
		if (files_is_below(m->texts.entries[i].key, path))
			return FILE_DIR;
	return FILE_NONE;
}

static bool memory_plain(const struct files *f, str path)
{
	return map_has(&((const struct files_memory *)f)->texts, path);
}

static err *memory_real(const struct files *f, struct arena *a, str path, str *out)
{
	str clean = path_clean(a, path);

	if (memory_type(f, clean) == FILE_NONE)
		return err_errno(ENOENT, "lstat %.*s", STR_ARG(clean));
	*out = clean;
	return NULL;
}

static err *memory_read(const struct files *f, struct arena *a, str path, str *out)
{
	const struct files_memory *m = (const struct files_memory *)f;
	const str *text = map_get(&m->texts, path_clean(a, path));

	if (!text)
		return err_errno(ENOENT, "open %.*s", STR_ARG(path));
	*out = *text;
	return NULL;
}

static int cmp_entries(const void *x, const void *y)
{
	return str_cmp(((const struct fs_entry *)x)->name, ((const struct fs_entry *)y)->name);
}

static err *memory_list(const struct files *f, struct arena *a, str path, struct fs_entry **out,
			size_t *n)
{
	const struct files_memory *m = (const struct files_memory *)f;
	CLEANUP(map_release) struct map seen = MAP_INIT;
	struct fs_entry *list = arena_array(a, struct fs_entry, m->texts.n);
	size_t count = 0;

	for (size_t i = 0; i < m->texts.n; i++) {
		str rest = m->texts.entries[i].key, name, deeper;

		if (!files_is_below(rest, path) || str_eq(rest, path))
			continue;
		rest = str_from(rest, str_eq(path, S("/")) ? 1 : path.n + 1);
		bool dir = str_split(rest, '/', &name, &deeper);

		if (map_has(&seen, name))
			continue;
		map_set(&seen, name, list);
		list[count++] = (struct fs_entry){ .name = arena_str(a, name),
						   .type = dir ? FS_DIR : FS_FILE };
	}
	if (count)
		qsort(list, count, sizeof *list, cmp_entries);
	*out = list;
	*n = count;
	return NULL;
}

void files_memory_init(struct files_memory *f)
{
	f->files = (struct files){
		.real = memory_real, .type = memory_type, .plain = memory_plain,
		.read = memory_read, .list = memory_list,
	};
	f->texts = (struct map)MAP_INIT;
}

void files_memory_release(struct files_memory *f)
{
	map_release(&f->texts);
}

void files_memory_add(struct files_memory *f, str path, const str *text)
{
	union {
		const str *in;
		void *out;
	} value = { text };

	map_set(&f->texts, path, value.out);
}
