/* ask - one line from whoever sits at the terminal, as a password.
 *
 * The question goes to standard output, at once. Hidden: the terminal does not show what is
 * typed. Waits for as long as it takes.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/command.h"

enum ask_how {
	ASK_SHOWN,
	ASK_HIDDEN,		/* of a terminal alone: "inappropriate ioctl for device" */
	ASK_SECRET,		/* hidden at a terminal; from elsewhere a whole line */
};

/* The line without its end; "EOF" when there is none. One that is not ended will do, but for a
 * secret from elsewhere. */
err *ask_line(struct cli *c, const char *question, enum ask_how how, str *out)
	__attribute__((warn_unused_result));

#endif
