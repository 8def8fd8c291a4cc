/* glob - file name patterns, in the three dialects that Go programs use.
 *
 * 1. The patterns of Go's path.Match and filepath.Match: `*` and `?` stay
 *    within one path element, `[a-z]` and `[^a-z]` are classes, `\` quotes.
 *    These need no preparation. A bad pattern is found only where matching
 *    reaches the bad part; path.Match also looks at the rest of the pattern
 *    once the match has failed, filepath.Match does not.
 *
 * 2. The patterns of Helm's .Files.Glob (`struct glob`): `*` and `?` stay
 *    within one element, `**` crosses slashes, `[abc]`, `[!abc]`, `[a-z]`,
 *    `{this,that}`. They are prepared once, live in an arena, are immutable
 *    and may be used from any thread.
 *
 * 3. The patterns of the library doublestar: as the first, and `**` as a whole
 *    element stands for any number of them, `[!abc]`, `{this,that}`. A pattern
 *    that takes too long is a bad one.
 *
 * Matching in the first two takes time proportional to pattern times name at
 * worst.
 */
#ifndef TEXT_GLOB_H
#define TEXT_GLOB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum glob_result {
	GLOB_NO,
	GLOB_YES,
	GLOB_BAD,		/* glob_bad_pattern tells */
};

enum glob_result glob_match(str pattern, str name);		/* path.Match */
enum glob_result glob_match_file(str pattern, str name);	/* filepath.Match */

/* doublestar.Match; without `validate` MatchUnvalidated, which finds a pattern
 * bad only where it must. */
enum glob_result glob_match_double(str pattern, str name, bool validate);

/* "syntax error in pattern" */
err *glob_bad_pattern(void) __attribute__((warn_unused_result, returns_nonnull));

struct glob;

/* Prepare a pattern of the second dialect. Copies what it keeps. */
err *glob_compile(struct arena *a, str pattern, const struct glob **out)
	__attribute__((warn_unused_result));
bool glob_test(const struct glob *g, str name);

#endif
