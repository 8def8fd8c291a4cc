/* The inside of compose; see compose.h.
 *
 * compose.c         operations
 * compose_find.c    which files a pattern means, and which are excluded
 * compose_stage.c   what the artifact holds so far
 */
#ifndef CONTROLLERS_COMPOSE_IMPL_H
#define CONTROLLERS_COMPOSE_IMPL_H

#include "base/map.h"
#include "base/vec.h"
#include "controllers/compose.h"

/* ---- the artifact so far -------------------------------------------------- */

/* What lies at a path; `entry.path` is not used. */
struct compose_placed {
	bool dir;
	struct filelist_entry entry;
};

struct compose_stage {
	struct arena *a;
	struct map placed; /* by clean path; the root has no entry */
	size_t held;       /* bytes of texts */
};

/* NULL: nothing is there. Paths are as the user wrote them, and followed as the
 * kernel would. The root is a directory. */
const struct compose_placed *compose_stage_at(struct compose_stage *s, str path);
/* Directories down to a clean path, as by mkdirat. */
err *compose_stage_mkdirs(struct compose_stage *s, str path) __attribute__((warn_unused_result));
/* A file, over what file was there. The directory of it is made. */
err *compose_stage_put(struct compose_stage *s, str path, const struct filelist_entry *e)
	__attribute__((warn_unused_result));
/* Another text for a file that is there. */
err *compose_stage_rewrite(struct compose_stage *s, str path, str text)
	__attribute__((warn_unused_result));
/* Count bytes that are held in memory. */
err *compose_stage_hold(struct compose_stage *s, size_t n) __attribute__((warn_unused_result));

/* ---- patterns ------------------------------------------------------------- */

typedef VEC(str) compose_names;

bool compose_is_glob(str path);
/* io/fs.Glob. */
err *compose_glob(struct arena *a, const struct fs *fs, str pattern, compose_names *out)
	__attribute__((warn_unused_result));
/* doublestar.Glob. */
err *compose_glob_double(struct arena *a, const struct fs *fs, str pattern, compose_names *out)
	__attribute__((warn_unused_result));
/* The path before the first name that is a pattern; "." without one. */
str compose_selection_root(struct arena *a, str pattern);

/* "invalid exclude pattern '['" */
err *compose_check_excludes(const struct compose_op *op) __attribute__((warn_unused_result));
/* By its path, or by what of it is below `base`. */
err *compose_excludes(struct arena *a, const struct compose_op *op, str path, str base, bool *out)
	__attribute__((warn_unused_result));

#endif
