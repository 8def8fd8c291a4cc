/* fs_impl - what the parts of fs share.
 *
 * Inside, a path is a struct fs_path: cleaned by its text, below the root for
 * all the text tells, NUL-terminated, "" for the root. Opening gives 0, an errno or
 * one of the codes below; fs_fail words it.
 */
#ifndef BASE_FS_IMPL_H
#define BASE_FS_IMPL_H

#include <limits.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fs.h"

struct fs {
	int fd;
	enum fs_links links;
	bool plain;		/* no openat2 */
	bool temp;
	int lock;		/* of a temporary root: held as long as it is used */
	char *shown;		/* put before paths in messages; empty: nothing */
	char *real;
};

enum {
	FS_ESCAPES = -1,
	FS_LINKED = -2,		/* a link where none may be */
	FS_IRREGULAR = -3,
};

struct fs_path {
	char text[PATH_MAX];
	size_t n;
};

/* 0, or why the text is no path of ours. */
int fs_path_make(struct fs_path *out, str path);

/* The path as messages show it. */
void fs_show(const struct fs *f, str path, struct buf *to);
/* The error for `code`: "OP SHOWN/PATH: WHY". */
err *fs_fail(const struct fs *f, const char *op, str path, int code)
	__attribute__((warn_unused_result));

/* Open with O_* `flags`, links treated as `links` says. */
int fs_open_path(const struct fs *f, const char *path, enum fs_links links, int flags, int *fd);
/* Open the directory that holds the last name; `base` points at that name in
 * `path`. EINVAL for the root, which nothing of ours holds. */
int fs_open_parent(const struct fs *f, const struct fs_path *path, int flags, int *fd,
		   const char **base);
/* Follow name after name; `done` gets the path without links. */
int fs_resolve(const struct fs *f, const char *path, enum fs_links links, int flags,
	       struct buf *done, int *fd);

struct fs *fs_new(int fd, const struct fs_options *o, char *shown, char *real);
void fs_info_of(const struct stat *s, struct fs_info *out);
/* The entries of an open directory, unsorted; takes `fd`. */
int fs_entries(int fd, struct arena *a, size_t max, bool info, struct fs_entry **out, size_t *n);

#endif
