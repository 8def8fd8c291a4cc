/* quote - texts and runes in Go's quotes, and out of them again.
 *
 * The forms of strconv.Quote and its relatives and of fmt's %q: what Go
 * programs show in messages, and what templates write into documents. What
 * is printable is said by text/unicode.h. Any thread.
 */
#ifndef TEXT_QUOTE_H
#define TEXT_QUOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum quote_form {
	QUOTE_PRINT,		/* strconv.Quote: printable runes as they are */
	QUOTE_ASCII,		/* strconv.QuoteToASCII */
	QUOTE_GRAPHIC,		/* strconv.QuoteToGraphic: other spaces as they are too */
};

/* "text", bytes that are not UTF-8 as \xff. */
void quote_add(struct buf *b, str s, enum quote_form form);
/* The same as a text of its own: QUOTE_PRINT. */
str quote_str(struct arena *a, str s);
/* As Go's package time quotes: no escapes by name, and bytes that are not
 * ASCII as \xe9. */
void quote_add_bytes(struct buf *b, str s);
/* 'r'; what is no rune is written as U+FFFD. */
void quote_add_rune(struct buf *b, uint32_t rune, enum quote_form form);
/* fmt's %q; with `sharp` (%#q) in back quotes where that is possible, with
 * `plus` (%+q) in ASCII. */
void quote_add_verb(struct buf *b, str s, bool sharp, bool plus);

/* Whether `text` in back quotes stands for itself: no control characters but
 * tabs, no back quotes, valid UTF-8 without byte order marks. */
bool quote_can_backquote(str s);

/* strconv.Unquote of "text", `text` or 'r'; adds nothing on failure, which is
 * always "invalid syntax". */
err *quote_unquote(struct buf *b, str s) __attribute__((warn_unused_result));
/* strconv.UnquoteChar: take one rune or escape of what stands in `quote` off
 * the front and add what it means; false for what may not stand there. */
bool quote_take_char(struct buf *b, str *s, char quote);
/* strconv.QuotedPrefix: take a quoted text off the front, quotes included;
 * false when there is none. */
bool quote_take(str *s, str *quoted);

#endif
