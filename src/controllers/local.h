/* local - directories of this machine in the place of sources.
 *
 * With `rill up` a source may be a directory (settings.replacements): then no
 * server is asked, and the object's artifact is what lies there now, commit
 * or not. Each directory is watched; a change puts its objects on the queue
 * as soon as writing has ended.
 *
 * Any thread.
 */
#ifndef CONTROLLERS_LOCAL_H
#define CONTROLLERS_LOCAL_H

#include "controllers/pass.h"

struct local;

/* For all directories of the settings; NULL in *out where there is none. */
err *local_new(struct local **out, struct runtime *rt) __attribute__((warn_unused_result));
/* NULL is fine. */
void local_free(struct local *l);
/* The directory that stands for this object; NULL: none. */
const struct replacement *local_find(const struct settings *s, str kind, str namespace, str name);
/* The object with the URL that stands for its own: spec.url replaced, and
 * what was to log in there left out. The same object where nothing is said. */
node local_replace(const struct settings *s, struct arena *a, node object);
/* The pass of a source whose directory `r` names. */
struct outcome local_reconcile(struct local *l, struct pass *p, const struct replacement *r);

#endif
