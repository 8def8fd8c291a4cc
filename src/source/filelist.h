/* filelist - the files a source consists of, before they become an artifact.
 *
 * A commit's tree, submodules below it, parts of other artifacts, a
 * directory on disk: all add entries here, none copies a byte yet. Bytes are
 * read when an artifact is written, from the pack, the directory or the
 * memory an entry points to; those are borrowed and must live as long as the
 * list.
 *
 * Once all are there, filelist_sort puts them in the order of Go's
 * filepath.Walk and refuses what no directory could hold: the same path
 * twice, a file that others lie below. Directories above files are implied;
 * only empty ones have an entry.
 *
 * Lives in an arena. Worker-local.
 */
#ifndef SOURCE_FILELIST_H
#define SOURCE_FILELIST_H

#include "base/fs.h"
#include "base/vec.h"
#include "source/gitpack.h"
#include "text/ignore.h"

enum filelist_type { FILELIST_FILE, FILELIST_EXEC, FILELIST_DIR, FILELIST_LINK };
enum filelist_from { FILELIST_TEXT, FILELIST_PACK, FILELIST_FS };

struct filelist_entry {
	str path; /* below the root, '/' between names */
	enum filelist_type type;
	enum filelist_from from;
	union {
		str text;
		struct {
			struct gitpack *pack;
			struct gitid id;
		};
		struct {
			const struct fs *fs;
			str below; /* its path there */
		};
	};
};

struct filelist {
	struct arena *a;
	VEC(struct filelist_entry) entries;
	bool sorted;
};
#define FILELIST_INIT(arena) \
	{                    \
		.a = (arena) \
	}

/* More than any repository holds, and few enough to be walked in seconds. */
enum {
	FILELIST_MAX = 1000000,
	FILELIST_DEPTH_MAX = 256,
	FILELIST_PATH_MAX = 4096,
	FILELIST_FILE_MAX = GITPACK_OBJECT_MAX,
};

/* Copies the path. */
err *filelist_add(struct filelist *l, struct filelist_entry entry)
	__attribute__((warn_unused_result));
/* All below a directory, put below `at` ("" for the root). Links are listed,
 * not followed; ".git" at any depth is left out. */
err *filelist_add_dir(struct filelist *l, const struct fs *fs, str dir, str at)
	__attribute__((warn_unused_result));
/* Whether the path, or something below it, is there. */
bool filelist_has(const struct filelist *l, str path);

err *filelist_sort(struct filelist *l) __attribute__((warn_unused_result));
/* The bytes of a file (or the target of a link), in `a` or borrowed. */
err *filelist_read(const struct filelist *l, const struct filelist_entry *e, struct arena *a,
		   str *out) __attribute__((warn_unused_result));

/* The rules that say what is left out of the artifact: every .sourceignore of
 * the list with the folder it lies in, then `spec` (NULL: there is none), and
 * always version control's own files. Without a single rule of their own,
 * Flux's defaults. The list must be sorted. */
err *filelist_ignore(const struct filelist *l, struct arena *a, const str *spec,
		     struct ignore **out) __attribute__((warn_unused_result));

/* As filepath.Walk orders paths: names compared folder by folder. */
int filelist_compare(str a, str b);

#endif
