/* trace - which line of which template wrote a line of output.
 *
 * While a template runs, every piece of text and every action notes where its
 * output begins. What `include` makes goes through functions before it is
 * printed (indent, trim, quote), so its notes are kept beside its text: a
 * line of the action's output is looked up among the lines of the texts that
 * were included for it, and where none is equal but for the space around it,
 * the action itself is the place. So an object that a library chart made is
 * traced to the line of the library. What `tpl` renders from values has no
 * file: its place is the call.
 *
 * Taking notes costs a few nanoseconds a piece; looking up is for errors and
 * for those who ask. Notes are bounded: past TRACE_MAX of them, a run goes on
 * without, and later lines have no place.
 *
 * Ownership: a trace borrows the templates and the included texts, which live
 * in the arena of the run. A finished trace is immutable; any thread.
 */
#ifndef TMPL_TRACE_H
#define TMPL_TRACE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "tmpl/tree.h"

/* Notes of one run; 24 bytes each. */
enum { TRACE_MAX = 1 << 20 };

struct trace_note {
	uint32_t at;	/* offset in the output */
	uint32_t pos;	/* in the template; of an included text: the notes below it */
	uint32_t n;	/* bytes of an included text */
	uint8_t kind;	/* enum trace_kind */
	union {
		const struct tree_template *tmpl;
		const char *text;
	};
};

enum trace_kind { TRACE_TEXT, TRACE_ACTION, TRACE_INCLUDED };

struct trace {
	VEC(struct trace_note) notes;
	bool full;
	str output;	/* of the run */
	str gone;	/* what was deleted from it wherever it stood; empty: nothing */
};

/* Where a line of output comes from. Borrows from the template. */
struct trace_place {
	str file;
	uint32_t line;	/* from 1 */
	str text;	/* of that line, without its newline */
};

/* A finished trace of exactly the notes of `t`, which begins anew. `output`
 * is what the run wrote, and borrowed. */
const struct trace *trace_finish(struct arena *a, struct trace *t, str output, str gone);

/* The place of the line that holds byte `at` of the output as it is without
 * what was deleted; false when there is none. */
bool trace_find(const struct trace *t, size_t at, struct trace_place *out);

/* ---- for the walker ---------------------------------------------------- */

static inline void trace_add(struct trace *t, struct trace_note note)
{
	if (t->notes.n < TRACE_MAX)
		vec_push(&t->notes, note);
	else
		t->full = true;
}

/* Around what `include` renders: the first gives the mark for the second. */
size_t trace_begin(struct trace *t);
void trace_end(struct trace *t, size_t mark, uint32_t start, str text);

#endif
