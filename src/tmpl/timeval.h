/* timeval - time.Time as a template value.
 *
 * What `now`, `toDate` and their kin give: it prints as Go prints times, and its methods
 * are those templates may call (fn_dates.c). Immutable, in the arena.
 */
#ifndef TMPL_TIMEVAL_H
#define TMPL_TIMEVAL_H

#include "text/gotime.h"
#include "tmpl/value.h"

node timeval(struct arena *a, struct gotime t);
/* False when the value is no time. */
bool timeval_get(node n, struct gotime *out);

#endif
