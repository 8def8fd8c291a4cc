/* wrap - long messages in lines, as SOPS shows them (go-wordwrap). Any thread. */
#ifndef SOPS_WRAP_H
#define SOPS_WRAP_H

#include "base/buf.h"

/* Lines of at most `limit` characters, broken at spaces; a longer word stands alone. */
void wrap_text(struct buf *b, str s, size_t limit);
/* Each line behind a text, the first one behind another. */
void wrap_prefix(struct buf *b, str s, str first, str other);

#endif
