/* screen - lines on a terminal that are redrawn in place. One thread. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "cli/output.h"

struct screen {
	unsigned drawn;		/* lines that the next drawing replaces */
};

/* Columns and lines of the terminal: 80 and 24 where it does not say. */
unsigned screen_size(const struct output *o, unsigned *lines);
/* As much of a text as fits, padded if asked for; control characters cannot steer. */
void screen_cell(struct buf *b, str text, size_t width, bool pad);
/* Lines in the place of those drawn before, at once. Each must fit the terminal;
 * those that are too many for it are left out. */
void screen_draw(struct screen *s, struct output *o, str lines);

#endif
