/* source - the texts that nodes come from, and where in them.
 *
 * A node remembers its place as one 32-bit number. All texts read for one
 * unit of work share that number space: each gets a range of it when it is
 * added, so a place names file, line and column without a pointer to any of
 * them. Place 0 is "nowhere": made by code.
 *
 * A text may itself be the value of a scalar in another text (a patch inside a
 * kustomization file): its places are told as those of the outer file.
 *
 * A place may also be a way (sources_step): what stood there before, what
 * changed it, and where the new value is written. So a value that passed
 * through patches and transformers still fits its 32 bits and knows them all.
 *
 * Ownership: the table borrows names and texts; both must outlive it. Line
 * numbers are counted when somebody asks. Worker-local.
 */
#ifndef VALUE_SOURCE_H
#define VALUE_SOURCE_H

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

/* A scalar whose value is read as a text of its own, or in pieces. */
struct source_scalar {
	uint32_t place;		/* of the scalar; 0: it is not known */
	str value;		/* which the text is, or is a piece of */
};

struct source {
	str name;		/* path as the user knows it */
	str text;
	uint32_t base;		/* place of the first byte */
	uint32_t line0;		/* the text begins on this line of the file, from 1 */
	uint32_t seen_at, seen_line;	/* the last answer, to count on from there */
	struct source_scalar in;	/* place 0: the text is a file's own */
};

/* What changes values: "patches", and where it is written. */
struct source_maker {
	str what;
	uint32_t place;
};

struct source_step {
	uint32_t before;	/* place of the value until then; 0: there was none */
	uint32_t now;		/* where the new value is written; 0: made by code */
	uint32_t maker;
};

struct sources {
	VEC(struct source) list;
	VEC(struct source_maker) makers;
	VEC(struct source_step) steps;
};

#define SOURCES_INIT { 0 }

void sources_release(struct sources *s);

/* Add a text; gives the place of its first byte. 0 when the number space
 * (3.5 GiB for all texts together) is used up: its nodes then know no place. */
uint32_t sources_add(struct sources *s, str name, str text);
/* The same for a text that begins at line `line` of its file. */
uint32_t sources_add_from(struct sources *s, str name, str text, uint32_t line);
/* The same for the value of a scalar, or a piece of it; `name` is told only
 * where the scalar's place is not known, or the text is a copy. */
uint32_t sources_add_in(struct sources *s, str name, str text, const struct source_scalar *in);

/* A place for a value that `maker` (sources_maker) set where `before` was;
 * `now` when the number space for ways (512 Mi) is used up. */
uint32_t sources_maker(struct sources *s, str what, uint32_t place);
uint32_t sources_step(struct sources *s, uint32_t before, uint32_t now, uint32_t maker);
/* The step that a place is; NULL when it is a plain one. Borrows until the
 * next step is added. */
const struct source_step *sources_step_at(const struct sources *s, uint32_t place);

/* File, line and column (in runes, from 1) of a place, and the line's text
 * around it; false for nowhere. Of a way: where its last value is written,
 * else the one before. `out` borrows from the source. */
bool sources_locate(struct sources *s, uint32_t place, struct err_pos *out);
/* The line of a place counted from the beginning of its own text, from 1;
 * 0 for nowhere. */
uint32_t sources_line_in_text(struct sources *s, uint32_t place);
/* The text of the line that holds the place. */
str sources_line(struct sources *s, uint32_t place);
/* Give `e` the position of `place`, if it has none yet; `s` may be NULL. */
err *sources_err(struct sources *s, uint32_t place, err *e) __attribute__((returns_nonnull));

#endif
