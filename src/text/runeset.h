/* runeset - sets of runes under construction: the classes of regular
 * expressions.
 *
 * A set is a list of ranges in an arena. Adding is cheap and may leave ranges
 * that overlap or are out of order; runeset_clean puts them in order, joined
 * where they touch, and the functions that say so want a clean set.
 * Worker-local; a finished set is immutable.
 */
#ifndef TEXT_RUNESET_H
#define TEXT_RUNESET_H

#include "base/vec.h"
#include "text/unicode.h"

struct runeset {
	struct unicode_range *p;
	size_t n, cap;		/* cap 0: the ranges are borrowed */
};

/* Add one range; it is joined with one of the two latest if they touch. */
void runeset_add(struct arena *a, struct runeset *s, uint32_t lo, uint32_t hi);
/* Add a clean set, or all that is not in it. */
void runeset_add_set(struct arena *a, struct runeset *s, const struct runeset *other);
void runeset_add_others(struct arena *a, struct runeset *s, const struct runeset *other);

void runeset_clean(struct runeset *s);
/* Add what is equal but for case, in full circles; cleans. */
void runeset_fold(struct arena *a, struct runeset *s);
/* All other runes. The set is clean and stays it. */
void runeset_negate(struct arena *a, struct runeset *s);

bool runeset_has(const struct runeset *s, uint32_t rune);	/* clean */
bool runeset_eq(const struct runeset *a, const struct runeset *b);

#endif
