/* fs - files below one directory, and never outside it.
 *
 * Artifacts, repositories and charts are written by strangers. A struct fs is
 * one directory, opened once; every path is relative to it ('/' between the
 * names, "." and ".." allowed, "" is the directory itself) and leads to
 * something below it or to an error: "open a/../../x: path escapes from
 * parent". Symbolic links are either refused wherever they stand, or
 * followed as long as they stay inside. The kernel checks this while it
 * opens (openat2), so nobody can swap a directory for a link in between; old
 * kernels get the same by opening name after name.
 *
 * Only regular files are read: opening a fifo or device fails at once. All
 * reads, lists and walks take a limit. Errors are worded as Go's os package
 * does, with the root's shown name before the path. Descriptors are closed
 * on exec.
 *
 * A struct fs is immutable; any thread may use it, and none may close it
 * while another does.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum fs_links {
	FS_LINKS_REFUSE,	/* no symbolic link on any path */
	FS_LINKS_INSIDE,	/* followed inside the root; out of it refused */
};

struct fs_options {
	enum fs_links links;
	bool show_below;	/* messages show paths without the root's name */
	bool no_openat2;	/* do as on kernels before 5.6 */
};

struct fs;

/* Open a root; `o` may be NULL: links refused. */
err *fs_open(struct fs **out, str dir, const struct fs_options *o)
	__attribute__((warn_unused_result));
/* A directory below a root as a root of its own, with the same options. */
err *fs_open_below(struct fs **out, const struct fs *f, str dir)
	__attribute__((warn_unused_result));
/* A new empty directory named PREFIX, random characters and FS_TEMP_SUFFIX, below `parent`
 * (empty: $TMPDIR or /tmp). It is removed with all it holds by fs_close. */
#define FS_TEMP_SUFFIX ".rill-tmp"
err *fs_open_temp(struct fs **out, str parent, str prefix) __attribute__((warn_unused_result));
/* Remove such directories of ours that nobody uses any more: their process was killed.
 * Gives how many. What cannot be removed stays. */
size_t fs_sweep_temp(str parent);
void fs_close(struct fs *f);
/* For CLEANUP(fs_drop) struct fs *f = NULL. */
void fs_drop(struct fs **f);

/* The root as an absolute path without links, as it was when opened. */
str fs_root(const struct fs *f);

/* ---- asking ------------------------------------------------------------ */

enum fs_type { FS_FILE, FS_DIR, FS_LINK, FS_OTHER };

struct fs_info {
	enum fs_type type;
	uint32_t mode;		/* permission bits, 07777 */
	uint64_t size;
	int64_t mtime;		/* nanoseconds since 1970 */
	uint64_t dev, ino;
};

/* Of what the path leads to, and of the last name itself. */
err *fs_stat(const struct fs *f, str path, struct fs_info *out) __attribute__((warn_unused_result));
err *fs_lstat(const struct fs *f, str path, struct fs_info *out)
	__attribute__((warn_unused_result));
/* False also when the question itself fails. */
bool fs_is_file(const struct fs *f, str path);
bool fs_is_dir(const struct fs *f, str path);

/* The path below the root without links, "." and ".."; "" for the root. */
err *fs_real(const struct fs *f, struct arena *a, str path, str *out)
	__attribute__((warn_unused_result));
/* What a symbolic link holds. */
err *fs_read_link(const struct fs *f, struct arena *a, str path, str *out)
	__attribute__((warn_unused_result));

/* ---- reading ----------------------------------------------------------- */

/* The bytes of a regular file of at most `max` bytes; NUL-terminated. */
err *fs_read(const struct fs *f, struct arena *a, str path, size_t max, str *out)
	__attribute__((warn_unused_result));
/* A regular file opened for reading, for what is not to be held in memory.
 * The caller closes `fd`; `info` may be NULL. */
err *fs_open_file(const struct fs *f, str path, int *fd, struct fs_info *info)
	__attribute__((warn_unused_result));
/* A file that the user named: no root, links followed, pipes read to their end. */
err *fs_read_any(struct arena *a, str path, size_t max, str *out)
	__attribute__((warn_unused_result));

struct fs_entry {
	str name;		/* NUL-terminated */
	enum fs_type type;
	struct fs_info info;	/* where asked for */
};

/* The names in a directory, at most `max`, sorted by bytes. */
err *fs_list(const struct fs *f, struct arena *a, str path, size_t max, struct fs_entry **out,
	     size_t *n) __attribute__((warn_unused_result));

enum fs_step {
	FS_GO_ON,
	FS_SKIP,		/* do not go into this directory */
	FS_STOP,		/* end the walk without error */
};

struct fs_walk {
	size_t max_entries;	/* 0: FS_ENTRIES_MAX */
	size_t max_depth;	/* 0: FS_DEPTH_MAX */
	bool info;		/* fill in entry->info; else the type alone */
	/* `path` is below the root, in memory of the walk. */
	err *(*visit)(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next);
	void *ctx;
};

/* More than any repository holds, and few enough to be walked in a second. */
enum { FS_ENTRIES_MAX = 1000000, FS_DEPTH_MAX = 1000 };

/* All below a directory, itself not included, each directory before what it
 * holds and all in byte order, as filepath.WalkDir. Links are visited, not
 * followed. */
err *fs_walk(const struct fs *f, str path, const struct fs_walk *w)
	__attribute__((warn_unused_result));

/* ---- changing ---------------------------------------------------------- */

/* Write a file so that it is there whole or not at all, also after a power
 * cut: a new file, synced, then renamed over the old one (or the old link). */
err *fs_write(const struct fs *f, str path, str bytes, unsigned mode)
	__attribute__((warn_unused_result));
/* Write a file that must not be there yet, without sync: for scratch
 * directories. */
err *fs_create(const struct fs *f, str path, str bytes, unsigned mode)
	__attribute__((warn_unused_result));
/* A file that must not be there yet, opened for writing: for what is not held
 * in memory. The caller closes `fd`. */
err *fs_create_open(const struct fs *f, str path, unsigned mode, int *fd)
	__attribute__((warn_unused_result));
/* All of `bytes` into an open file; an error is the system's, behind `what`. */
err *fs_write_all(int fd, str bytes, const char *what) __attribute__((warn_unused_result));
/* Make a directory and those above it that are missing; fine when it is there. */
err *fs_mkdir(const struct fs *f, str path, unsigned mode) __attribute__((warn_unused_result));
err *fs_rename(const struct fs *f, str from, str to) __attribute__((warn_unused_result));
/* Let a file have another name, which must not be there yet. */
err *fs_link(const struct fs *f, str from, str to) __attribute__((warn_unused_result));
/* One file, link or empty directory. */
err *fs_remove(const struct fs *f, str path) __attribute__((warn_unused_result));
/* The same with all it holds; fine when it is not there. Of the root: all it
 * holds, not itself. */
err *fs_remove_all(const struct fs *f, str path) __attribute__((warn_unused_result));

/* ---- paths as text ----------------------------------------------------- */

/* A relative path that does not lead out by its text alone, nor holds NUL:
 * filepath.IsLocal. */
bool fs_is_local(str path);

#endif
