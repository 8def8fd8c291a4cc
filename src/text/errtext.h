/* errtext - an error as the user sees it.
 *
 * The message comes first and stands alone: scripts and tests compare it with
 * that of the original program. What else is known goes below it, indented:
 * the place, with the text of its line, and advice (the error's detail).
 *
 *	Error: YAML parse error on app/templates/pod.yaml: ... line 4: ...
 *	  at app/templates/_helpers.tpl:12: name: {{ .Values.name }}
 *	  line 7 of the output of app/templates/pod.yaml: name: [a
 *
 * Any thread.
 */
#ifndef TEXT_ERRTEXT_H
#define TEXT_ERRTEXT_H

#include "base/buf.h"
#include "base/err.h"

/* The error with place and advice below its message; as it is when no place
 * is known. Takes `e`. */
err *errtext_tell(err *e) __attribute__((warn_unused_result, returns_nonnull));
/* The same with files below `dir` named from there. */
err *errtext_tell_from(err *e, str dir) __attribute__((warn_unused_result, returns_nonnull));

/* A file below `dir` as it is called there; any other as it is. Borrows `file`. */
str errtext_file(str dir, str file);

/* The place alone, for a terminal: its file as it is called from `dir`, the line, and a caret
 * below the column, which nothing in the line can move. Nothing when no place is known.
 *
 *	  at apps/web.yaml:5:2
 *	  |  data: {b: 1}
 *	  |  ^
 */
void errtext_show_place(struct buf *b, const struct err_pos *pos, str dir);

/* Write a text of many lines to a terminal, which nothing in it can steer:
 * characters that do not print are shown escaped, as in \x1b. */
void errtext_visible(struct buf *b, str text);

#endif
