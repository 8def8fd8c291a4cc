/* flux_board - the rows of a watch, as they are now, on a terminal.
 *
 * What "flux get --watch" shows somebody who reads along: the same cells as a
 * list has, redrawn in place. One thread, or under the caller's lock.
 */
#ifndef CLI_FLUX_BOARD_H
#define CLI_FLUX_BOARD_H

#include "base/vec.h"
#include "cli/flux.h"
#include "cli/screen.h"

struct board_row;

struct flux_board {
	VEC(struct board_row *) rows;	/* sorted by key */
	struct screen screen;
	bool changed;			/* since it was drawn */
};

/* The row of an object, in the place of the one it had; no cells: it has gone. */
void flux_board_put(struct flux_board *b, str key, const str *cells, size_t n);
/* With the header of a table of so many columns; NULL: none. */
void flux_board_draw(struct flux_board *b, struct output *o, const char *const *header,
		     size_t columns);
void flux_board_release(struct flux_board *b);

#endif
