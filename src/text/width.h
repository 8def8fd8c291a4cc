/* width - how many columns a text takes on a terminal.
 *
 * Two for East Asian wide runes and emoji, none for marks, format and control
 * characters, one for the rest. Ambiguous runes count as one. Any thread.
 */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

unsigned width_rune(uint32_t rune);
size_t width_text(str s);

/* Add text so that it shows as one line, whatever it holds: tabs become
 * spaces up to the next eighth column, counted from where `column` stands;
 * other characters that do not print are written as in Go's quotes (\x1b).
 * `column` moves along. */
void width_add_visible(struct buf *b, str s, size_t *column);

#endif
