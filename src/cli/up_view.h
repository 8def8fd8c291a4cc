/* up_view - what a run shows: how far its objects are.
 *
 * On a terminal a table that is redrawn in place; else a line whenever an
 * object became ready or failed. One thread.
 */
#ifndef CLI_UP_VIEW_H
#define CLI_UP_VIEW_H

#include "cli/command.h"
#include "controllers/runtime.h"

struct up_view;

struct up_view *up_view_new(struct cli *c, struct runtime *rt) __attribute__((returns_nonnull));
void up_view_free(struct up_view *v);
/* Look at all objects, and show what is new. A failure is told when it has
 * lasted a second: on the way up, most are gone by then. Gives in how many
 * nanoseconds to look again although nothing changes; INT64_MAX: never. */
int64_t up_view_update(struct up_view *v);
/* After the last update: all objects (there is one at least) are ready or suspended. */
bool up_view_is_ready(const struct up_view *v);
/* A line for each that is not: to standard error. */
void up_view_complain(struct up_view *v);

#endif
