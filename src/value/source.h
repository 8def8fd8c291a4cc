/* source - the texts that nodes come from, and where in them.
 *
 * A node remembers its place as one 32-bit number. All texts read for one
 * unit of work share that number space: each gets a range of it when it is
 * added, so a place names file, line and column without a pointer to any of
 * them. Place 0 is "nowhere": made by code.
 *
 * Ownership: the table borrows names and texts; both must outlive it. Line
 * numbers are counted when somebody asks. Worker-local.
 */
#ifndef VALUE_SOURCE_H
#define VALUE_SOURCE_H

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

struct source {
	str name;		/* path as the user knows it */
	str text;
	uint32_t base;		/* place of the first byte */
	uint32_t line0;		/* the text begins on this line of the file, from 1 */
	uint32_t seen_at, seen_line;	/* the last answer, to count on from there */
};

struct sources {
	VEC(struct source) list;
};

#define SOURCES_INIT { 0 }

void sources_release(struct sources *s);

/* Add a text; gives the place of its first byte. 0 when the number space
 * (4 GiB for all texts together) is used up: its nodes then know no place. */
uint32_t sources_add(struct sources *s, str name, str text);
/* The same for a text that begins at line `line` of its file. */
uint32_t sources_add_from(struct sources *s, str name, str text, uint32_t line);

/* File, line and column (in runes, from 1) of a place, and the line's text
 * around it; false for nowhere. `out` borrows from the source. */
bool sources_locate(struct sources *s, uint32_t place, struct err_pos *out);
/* The line of a place counted from the beginning of its own text, from 1;
 * 0 for nowhere. */
uint32_t sources_line_in_text(struct sources *s, uint32_t place);
/* The text of the line that holds the place. */
str sources_line(struct sources *s, uint32_t place);
/* Give `e` the position of `place`, if it has none yet; `s` may be NULL. */
err *sources_err(struct sources *s, uint32_t place, err *e) __attribute__((returns_nonnull));

#endif
