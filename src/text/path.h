/* path - slash-separated paths as text, as Go's path package treats them.
 *
 * Nothing here looks at a file system. A cleaned path has no empty, "." or
 * inner ".." elements and no trailing slash; the empty path cleans to ".".
 *
 * Results borrow from the input where it already has the wanted form and
 * live in the arena otherwise. Any thread.
 */
#ifndef TEXT_PATH_H
#define TEXT_PATH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

str path_clean(struct arena *a, str path);

/* The parts with slashes between them, cleaned. Empty parts are left out;
 * nothing but empty parts gives the empty text. */
str path_join_parts(struct arena *a, const str *parts, size_t n);
#define path_join(a, ...)                                 \
	path_join_parts((a), (const str[]){ __VA_ARGS__ }, \
			sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str))

/* The last element: "." for the empty path, "/" for nothing but slashes. */
str path_base(str path);
/* All but the last element, cleaned. */
str path_dir(struct arena *a, str path);
/* The last element from its last dot on, or the empty text. */
str path_ext(str path);
/* `dir` keeps its slash: the two joined are the path. */
void path_split(str path, str *dir, str *file);
bool path_is_abs(str path);

/* The way from `base` to `target` as filepath.Rel gives it, or
 * "Rel: can't make TARGET relative to BASE". */
err *path_rel(struct arena *a, str base, str target, str *out)
	__attribute__((warn_unused_result));

#endif
