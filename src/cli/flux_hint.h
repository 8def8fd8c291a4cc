/* flux_hint - what a user can do about an error.
 *
 * The error's own words stay as they are, for scripts; where somebody reads
 * along, a line below them says what helps. Worker-local.
 */
#ifndef CLI_FLUX_HINT_H
#define CLI_FLUX_HINT_H

#include "cli/command.h"
#include "client/client.h"

/* In flux's words where the server's say too little: a kind whose definition is not
 * there. Takes `e`. */
err *hint_reword(struct cli *c, err *e) __attribute__((warn_unused_result, returns_nonnull));
/* The same of an error about one resource; NULL stays NULL. Takes `e`. */
err *hint_missing(err *e, const struct client_resource *r) __attribute__((warn_unused_result));
/* Of errors that a command prints itself. Takes `e`. */
err *hint_first(err *e) __attribute__((warn_unused_result, returns_nonnull));
/* One line, or nothing. */
str hint_of(struct cli *c, const err *e);

/* On a terminal, where the error is: file, line and column, with the text of the line. */
void hint_place(struct cli *c, const err *e);

#endif
