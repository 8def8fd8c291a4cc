/* help - the help text of a command, laid out as cobra does.
 *
 * The layout is interface: people grep it, and other programs read it.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* The whole text for `--help`. `flags` are those of the path's last command. */
void help_print(struct arena *a, const struct command_path *path, const struct flags *flags,
		struct buf *b);
/* The part from "Usage:" on. */
void help_usage(struct arena *a, const struct command_path *path, const struct flags *flags,
		struct buf *b);
/* The usage line: "rill kustomize build DIR [flags]". */
str help_use_line(struct arena *a, const struct command_path *path, const struct flags *flags,
		  bool called);

/* "help [command]": listed among the commands of every root. */
extern const struct command help_command;

#endif
