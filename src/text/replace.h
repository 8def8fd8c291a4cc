/* replace - one text in the place of another, wherever it stands.
 *
 * As Go's strings.ReplaceAll: from left to right, and what was put in is not looked at again.
 * Any thread.
 */
#ifndef TEXT_REPLACE_H
#define TEXT_REPLACE_H

#include "base/arena.h"
#include "base/str.h"

/* `from` is not empty. In the arena, also where nothing is replaced. */
str replace_all(struct arena *a, str text, str from, str to);

#endif
