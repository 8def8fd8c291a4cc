/* lines - the lines of a text as Go's bufio.Scanner gives them.
 *
 * The end of a line is "\n" or "\r\n" and no part of it. A scanner gives up
 * for good at a line of 64 KiB; what its user then says is the user's affair:
 * some report "bufio.Scanner: token too long", others just stop. Any thread.
 */
#ifndef TEXT_LINES_H
#define TEXT_LINES_H

#include "base/err.h"
#include "base/str.h"

enum { LINES_MAX = 64 << 10 };

/* Take one line off the front; false at the end and at a line that is too
 * long, which then is what is left of the text. */
static inline bool lines_take(str *s, str *line)
{
	size_t end = str_find_char(*s, '\n');

	if ((end == STR_NPOS ? s->n : end) >= LINES_MAX)
		return false;
	return str_line(s, line);
}

/* After lines_take gave false: NULL at the end, else the scanner's error. */
static inline err *lines_check(str rest)
{
	return rest.n ? err_new(ERR_INVALID, "bufio.Scanner: token too long") : NULL;
}

#endif
