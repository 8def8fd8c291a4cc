/* flux_report - what is different between two objects, for people to read.
 *
 * The form is dyff's, in which "flux diff" has always spoken: for each path a
 * blank line, the path, and below it what changed there:
 *
 *	spec.ports.http.port
 *	± value change
 *	- 9899
 *	+ 9898
 *
 * Items of lists are found by what names them ("name", "key", "id"), else by
 * what they are. Removed and added entries of one map stand side by side where
 * they fit. Linear in the size of the two trees, but for texts of several
 * lines, whose lines are compared while that is cheap (REPORT_CELLS_MAX).
 *
 * Worker-local.
 */
#ifndef CLI_FLUX_REPORT_H
#define CLI_FLUX_REPORT_H

#include "base/buf.h"
#include "value/node.h"

/* Pairs of lines looked at; texts beyond that are all removed, all added. */
enum { REPORT_CELLS_MAX = 4000000 };

struct report_style {
	size_t width;		/* of the terminal; 0: 80 */
	bool colour;
};

/* All changes, and a blank line at the end. */
err *report_write(struct buf *b, node before, node after, const struct report_style *s)
	__attribute__((warn_unused_result));

#endif
