/* flux_diff - how the commands that compare objects say what is different.
 *
 * Worker-local.
 */
#ifndef CLI_FLUX_DIFF_H
#define CLI_FLUX_DIFF_H

#include "cli/flux.h"
#include "cli/flux_report.h"
#include "client/objid.h"

enum diff_colour { DIFF_PLAIN = 0, DIFF_GREEN = 32, DIFF_ORANGE = 33, DIFF_RED = 31 };

/* Exit status when something is different, and when that could not be told. */
enum { DIFF_CHANGED = 1, DIFF_FAILED = 2 };

/* As the command's output takes it: colours on a terminal, unless $NO_COLOR is set. */
struct report_style diff_style(struct cli *c);
/* "► Deployment/web/shop drifted" */
void diff_line(struct buf *b, struct arena *a, const struct report_style *s, const struct objid *id,
	       const char *what, enum diff_colour colour);
/* The values of two versions of a Secret become stars, which tell those that differ. */
void diff_hide_secret(node before, node after);
/* What came of a comparison becomes the exit status and a line; takes `e`. */
void diff_finish(struct cli *c, err *e, bool changed);

#endif
