/* errtext - an error as the user sees it.
 *
 * Everywhere: "apps/podinfo/helmrelease.yaml:24:7: message", without position
 * just the message. On a terminal, below it, the line of the source and a
 * caret under the place:
 *
 *	apps/podinfo/helmrelease.yaml:24:7: strconv.ParseBool: ...
 *	  suspend: maybe
 *	           ^
 *
 * What the texts hold cannot steer the terminal: there, characters that do
 * not print are shown escaped. Elsewhere the message is written as it is:
 * programs compare it. Any thread.
 */
#ifndef TEXT_ERRTEXT_H
#define TEXT_ERRTEXT_H

#include "base/buf.h"
#include "base/err.h"

/* Without a final newline. */
void errtext_write(struct buf *b, const err *e, bool terminal);

#endif
