/* files - where a build reads its files.
 *
 * An interface of five questions, so that the same build runs over the disk
 * (the command line: bases may lie anywhere), over one artifact that it must
 * not leave (Flux), and over files held in memory (tests, fuzzing). All
 * paths are absolute and slash-separated.
 *
 * Whoever makes one keeps it alive during the build. Worker-local.
 */
#ifndef KUSTOMIZE_FILES_H
#define KUSTOMIZE_FILES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/map.h"

enum file_type { FILE_NONE, FILE_REGULAR, FILE_DIR };

struct files {
	/* The path without symbolic links; an error when it leads nowhere:
	 * "lstat P: no such file or directory". */
	err *(*real)(const struct files *f, struct arena *a, str path, str *out);
	enum file_type (*type)(const struct files *f, str path);
	/* Whether the path, if its directory has no links in it, has none at all and
	 * is a regular file: the cheap question before `real`. */
	bool (*plain)(const struct files *f, str path);
	err *(*read)(const struct files *f, struct arena *a, str path, str *out);
	/* Names in a directory, sorted by bytes. */
	err *(*list)(const struct files *f, struct arena *a, str path, struct fs_entry **out,
		     size_t *n);
};

/* One resource file, patch or generator source: more than any API server takes. */
enum { FILES_READ_MAX = 256 << 20, FILES_LIST_MAX = 100000 };

/* The whole disk, as the user may read it. */
extern const struct files files_disk;

/* Directories that are read besides: clones of remote bases. They may grow in number
 * during a build. */
enum { FILES_ROOTS_MAX = 32 };
struct files_roots {
	const struct fs *list[FILES_ROOTS_MAX];
	size_t n;
};

/* One directory, which nothing leaves: what lies outside is refused with
 * Flux's words, "fs-security-constraint read P: path 'P' is not in or below
 * 'R'". Borrows `root`. */
struct files_confined {
	struct files files;
	const struct fs *root;
	const struct files_roots *also;	/* or NULL */
};
void files_confined_init(struct files_confined *f, const struct fs *root);

/* Files that are not there, or have other texts, over other files. Borrows
 * everything. `more` (or NULL) maps absolute paths without links to `str *`; it is
 * found through links, too. */
struct files_overlay {
	struct files files;
	const struct files *below;
	str path, text;
	const struct map *more;
};
void files_overlay_init(struct files_overlay *f, const struct files *below, str path, str text);

/* Files in memory: a map from absolute path to `str *`. */
struct files_memory {
	struct files files;
	struct map texts;
};
void files_memory_init(struct files_memory *f);
void files_memory_release(struct files_memory *f);
/* Borrows both. */
void files_memory_add(struct files_memory *f, str path, const str *text);

/* Whether `path` is `dir` or lies below it, both without links. */
bool files_is_below(str path, str dir);

#endif
