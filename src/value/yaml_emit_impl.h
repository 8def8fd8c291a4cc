/* yaml_emit_impl - what the parts of the YAML writer share.
 *
 * A scalar is written in two steps: one scan over its bytes finds what stands
 * in the way of each style (yaml_emit_scan), then the style that was asked
 * for, or the next one that can hold the text, is written (yaml_emit_scalar).
 * The trees around the scalars are walked by yaml_emit.c (profiles that make
 * their own layout) and yaml_emit_keep.c (the layout and comments of the source).
 *
 * go-yaml decides breaks and indentation by a few facts about the line being
 * written; struct emit holds the same facts, so that its odd cases come out alike.
 */
#ifndef VALUE_YAML_EMIT_IMPL_H
#define VALUE_YAML_EMIT_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "value/node.h"
#include "value/yaml_impl.h"

/* What a text holds that matters to its style. */
enum yaml_emit_found {
	EMIT_EMPTY = 1 << 0,
	EMIT_FLOW_SIGN = 1 << 1,	/* an indicator where flow style would read it */
	EMIT_BLOCK_SIGN = 1 << 2,	/* ... where block style would */
	EMIT_NEWLINE = 1 << 3,		/* "\n" */
	EMIT_OTHER_BREAK = 1 << 4,	/* "\r", U+0085, U+2028, U+2029 */
	EMIT_SPECIAL = 1 << 5,		/* not printable */
	EMIT_TAB = 1 << 6,
	EMIT_EDGE = 1 << 7,		/* a space or break in front, or a break at the end */
	EMIT_END_SPACE = 1 << 8,
	EMIT_BREAK_SPACE = 1 << 9,	/* a break and then a space */
	EMIT_SPACE_BREAK = 1 << 10,
	EMIT_WIDE = 1 << 11,		/* characters of more than one byte */
	EMIT_NOT_UTF8 = 1 << 12,
	EMIT_NOT_JSON = 1 << 13,	/* does not survive the way through JSON text */
};

#define EMIT_BREAK (EMIT_NEWLINE | EMIT_OTHER_BREAK)
#define EMIT_NOT_SINGLE (EMIT_BREAK_SPACE | EMIT_SPACE_BREAK | EMIT_TAB | EMIT_SPECIAL)
#define EMIT_NOT_PLAIN (EMIT_NOT_SINGLE | EMIT_EDGE | EMIT_END_SPACE | EMIT_BREAK)
#define EMIT_NOT_BLOCK_PLAIN (EMIT_NOT_PLAIN | EMIT_BLOCK_SIGN)
#define EMIT_NOT_FLOW_PLAIN (EMIT_NOT_PLAIN | EMIT_FLOW_SIGN | EMIT_EMPTY)
#define EMIT_NOT_LITERAL (EMIT_EMPTY | EMIT_END_SPACE | EMIT_SPACE_BREAK | EMIT_SPECIAL)

struct emit {
	struct buf *b;
	size_t line;		/* where this line has column 0 in `b`; moves on with bytes
				 * that take no column */
	size_t width;		/* scalars fold at spaces beyond this column */
	int indent;		/* -1 outside the root */
	int step;		/* columns a level */
	bool in_item;		/* what is written is an item of a block list */
	int flow;		/* levels of flow style */
	int foot_indent;	/* a foot comment stands at this indent, a blank line is due; or -1 */
	bool v2;		/* go-yaml v2: a tab rules literals out */
	bool blank;		/* what comes next needs no space before it */
	bool fresh;		/* nothing but indentation and "- ", "? " or ": " on this line */
	bool key;		/* the scalar is a simple key: it stays on one line */
	/* Comments that wait for their place, as in go-yaml one of each. */
	str head, line_comment, foot, tail, key_line_comment;
};

enum { EMIT_DEPTH_MAX = YAML_DEPTH_MAX };

/* The indent of the next level: what stands in a block list begins behind its
 * "- ", all else at the next multiple of the step. */
static inline int emit_deeper(const struct emit *e, bool in_item)
{
	return in_item ? e->indent + 2 : e->step * ((e->indent + e->step) / e->step);
}

static inline size_t emit_column(const struct emit *e)
{
	return e->b->n - e->line;
}

/* ---- yaml_emit_scan.c -------------------------------------------------- */

/* Flags of enum yaml_emit_found. */
unsigned yaml_emit_scan(str s);
/* Words and numbers of older YAML, which no rules here read, but others do. */
bool yaml_emit_old_bool(str s);
bool yaml_emit_base60(str s);

/* ---- yaml_emit_scalar.c ------------------------------------------------ */

void yaml_emit_break(struct emit *e);
/* Go to the current indent, on a new line unless this one is still fresh. */
void yaml_emit_indent(struct emit *e);
/* An indicator or a word; `spaced`: set off by a space. */
void yaml_emit_sign(struct emit *e, str sign, bool spaced);
/* "-", "?", and ":" on a line of its own: what follows may begin a collection. */
void yaml_emit_mark(struct emit *e, char sign);
/* Characters that are no line breaks. */
void yaml_emit_text(struct emit *e, str s);
/* Bytes of the line break at `i`, 0 when there is none; and write one. */
size_t yaml_emit_break_at(str s, size_t i);
void yaml_emit_write_break(struct emit *e, str s);
/* In `want` or the nearest style that can hold it; at the indent of the
 * collection around it. `found` is the scan of `s`. */
void yaml_emit_scalar(struct emit *e, str s, unsigned found, enum node_style want);
/* Whether the text may stand before ": " without "? ". */
enum { EMIT_KEY_MAX = 128 };
static inline bool yaml_emit_simple(size_t n, unsigned found)
{
	return n <= EMIT_KEY_MAX && !(found & EMIT_BREAK);
}

/* ---- yaml_emit_comment.c ----------------------------------------------- */

void yaml_emit_head_comment(struct emit *e);
void yaml_emit_line_comment(struct emit *e);
void yaml_emit_foot_comment(struct emit *e);

/* ---- the two walks ----------------------------------------------------- */

/* `v3`: as yaml v3 by itself; else as kyaml. */
err *yaml_emit_keep(struct buf *b, const struct yaml_doc *doc, bool v3)
	__attribute__((warn_unused_result));

#endif
