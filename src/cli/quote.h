/* quote - text in double quotes, a rune in single ones, as Go's %q. */
#ifndef CLI_QUOTE_H
#define CLI_QUOTE_H

#include "base/buf.h"

void quote_add(struct buf *b, str s);
void quote_add_rune(struct buf *b, uint32_t rune);

#endif
