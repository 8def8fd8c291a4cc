/* suggest - which command was meant.
 *
 * A command is offered when its name is at most two edits away from the
 * word, without regard to case, or begins with it.
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include "cli/command.h"

/* "\n\nDid you mean this?\n\tNAME\n" for every candidate; nothing without one. */
void suggest_add(struct buf *b, const struct command *cmd, str word);

#endif
