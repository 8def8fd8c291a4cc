/* dependents - who depends on whom, for the garbage collector.
 *
 * An object that is owned has a key of the caller's; an owner is a uid, whether or not
 * there is such an object. Both are known as long as one edge leads to them: what is
 * forgotten leaves nothing behind, so the index is as large as what is owned now.
 *
 * All texts are copied. Worker-local.
 */
#ifndef SERVER_DEPENDENTS_H
#define SERVER_DEPENDENTS_H

#include "base/map.h"

struct dependents {
	struct map by_uid, by_key;
};

void dependents_release(struct dependents *d);
/* `key` depends on these uids and on no others; none: it is forgotten. */
void dependents_set(struct dependents *d, str key, const str *uids, size_t n);
/* How many depend on `uid`, and the key of each, in no order; it is there until the
 * next change. */
size_t dependents_count(const struct dependents *d, str uid);
str dependents_key(const struct dependents *d, str uid, size_t i);

#endif
