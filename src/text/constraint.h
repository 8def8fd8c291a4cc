/* constraint - ranges of versions, as charts and Flux objects write them.
 *
 * A constraint is groups joined by "||"; each group is comparisons that must
 * all hold, parted by spaces or a comma: "^1.2 || >=2.0.0-0, <3". Operators
 * are = != > < >= => <= =< ~ ~> ^ and none; "1.x", "1.*" and "1" leave parts
 * open; "1.2 - 3.4" is ">= 1.2, <= 3.4". A prerelease satisfies a group only
 * if one of the group's comparisons names a prerelease itself.
 *
 * This is Masterminds/semver's language with all its edges: what it accepts,
 * how it reads an odd text and what it says are the same.
 *
 * A constraint lives in the arena it was parsed into and is immutable: any
 * thread may use it.
 */
#ifndef TEXT_CONSTRAINT_H
#define TEXT_CONSTRAINT_H

#include "base/vec.h"
#include "text/semver.h"

struct constraint;

/* Copies the text. */
err *constraint_parse(struct arena *a, str text, struct constraint **out)
	__attribute__((warn_unused_result));
/* Let every group take prereleases. Before the constraint is shared. */
void constraint_take_prereleases(struct constraint *c);

bool constraint_check(const struct constraint *c, const struct semver *v);

typedef VEC(str) constraint_reasons;

/* The same with the reasons why not, in words, put into `reasons` (arena
 * vector); of a version that satisfies the constraint there are none. */
bool constraint_explain(const struct constraint *c, const struct semver *v, struct arena *a,
			constraint_reasons *reasons);

/* The comparisons as read: "1.2 - 3" is ">=1.2 <=3". */
void constraint_add(struct buf *b, const struct constraint *c);

/* The highest of the tags (all three numbers written) that satisfies `text`;
 * of equal ones the first. "semver 'C' parse error: ..." or "no match found
 * for semver: C" otherwise. `out` is one of the tags. */
err *constraint_latest(str text, const str *tags, size_t n, str *out)
	__attribute__((warn_unused_result));

#endif
