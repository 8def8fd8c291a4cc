/* command - the words of a command line, and what they run.
 *
 * Every command is one constant table row: its words, texts, flags, number
 * of arguments and function. From these come parsing, help, completion and
 * the manual. The rules and the layout of the help are cobra's, because
 * users and scripts know them from the originals.
 *
 * An applet is a command that speaks as a program of its own: `rill helm`
 * words its errors as `helm` does, and `rill` called by the name `kustomize`
 * is just that applet.
 *
 * A run gets a struct cli: its options (filled in from the flags), its
 * words, its outputs and an arena that dies with it. It returns an error, or
 * NULL; the caller prints it behind the applet's prefix and exits with 1. A
 * command that must exit otherwise sets `status`.
 *
 * Worker-local.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/flags.h"
#include "cli/output.h"

enum args_rule {
	ARGS_ANY,		/* a root: no word that is no command */
	ARGS_NONE,
	ARGS_EXACT,		/* `min` of them */
	ARGS_MIN,
	ARGS_MAX,
	ARGS_RANGE,
};

struct args {
	enum args_rule rule;
	unsigned min, max;
};

struct cli;

/* What a program of its own has besides commands. */
struct applet {
	const char *error_prefix;	/* "Error: " */
	bool run_hint;			/* "Run 'x --help' for usage." after a wrong command */
	bool notices_to_out;		/* where cobra's notices go; else standard error */
	bool helm_args;			/* argument counts in Helm's words */
	/* Called once the command is known, or known to be none. */
	void (*begin)(struct cli *c);
	/* An error in better words; and what helps against it, for who reads along. */
	err *(*reword)(struct cli *c, err *e);
	str (*hint)(struct cli *c, const err *e);
	/* Where it is, below the message on a terminal. */
	void (*place)(struct cli *c, const err *e);
};

struct command {
	const char *use;		/* name, and what stands behind it: "build DIR" */
	const char *const *aliases;	/* ends with NULL */
	const char *brief;		/* one line */
	const char *text;		/* long form; NULL: the brief one */
	const char *example;
	const char *version;		/* gives it --version */
	struct args args;
	const struct flag *flags;	/* its own */
	const struct flag *shared;	/* its own and those of all commands below */
	size_t options;			/* size of the struct that both write to */
	const struct command *const *commands;	/* sorted by name, ends with NULL */
	const struct applet *applet;
	/* Called before `run` of it and of all commands below that have none nearer. */
	err *(*before)(struct cli *c);
	err *(*run)(struct cli *c);
	/* Of a root: called for a word that is no command; `done` is set where it is something
	 * else that was run. */
	err *(*external)(struct cli *c, str word, const str *args, size_t n, bool *done);
	/* Adds what may stand as its word and begins with `prefix`, a line each; of it
	 * and of all commands below that have none nearer. NULL: names of files. False:
	 * that could not be told. `c` has path, flags and options of the command, which does not run. */
	bool (*complete)(struct cli *c, str prefix, struct buf *b);
	const void *subject;		/* what it is about, where many rows share a function */
	const char *deprecated;
	bool hidden;
	bool raw;			/* flags are not parsed: all arguments are words */
};

enum { COMMAND_DEPTH_MAX = 8 };

/* A command and those above it, from the applet's root down. */
struct command_path {
	const struct command *at[COMMAND_DEPTH_MAX];
	size_t n;
	const struct command *called;	/* the root that holds the applet, or NULL */
};

struct cli {
	struct arena *arena;		/* of this run */
	struct output out, err;
	struct command_path path;	/* the last one is running */
	struct flags flags;
	struct flag_words words;	/* what stands behind the command, less flags */
	void *options;			/* of the running command */
	void *options_at[COMMAND_DEPTH_MAX];	/* of each command of the path */
	char *const *env;
	const char *program;		/* what we were called; NULL: nobody says */
	str hint;			/* what helps with its error, where it knows: applet.hint */
	int status;			/* exit status when there is no error, 0 unless set */
};

/* ---- for commands ------------------------------------------------------ */

/* The `subject` of the running command. */
const void *cli_subject(const struct cli *c);
/* The options of a command above the running one. */
void *cli_options(const struct cli *c, const struct command *above);
/* Whether the flag stands on the command line. */
bool cli_given(const struct cli *c, const char *flag);
/* The variable's value, or NULL. */
const char *cli_env(const struct cli *c, const char *name);
/* Write a line to standard error at once, behind all data so far. */
void cli_note(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where cobra prints what is neither data nor an error. */
struct output *cli_notices(struct cli *c);

/* ---- for the frame ----------------------------------------------------- */

/* Run `root` with the words behind its name; gives the exit status. */
int command_main(const struct command *root, int argc, char *const *argv, char *const *env);
/* The same with outputs and arena made by the caller. */
int command_run(struct cli *c, const struct command *root, const str *args, size_t n);

/* First word of `use`. */
str command_name(const struct command *cmd);
/* Runnable or with such commands below it; neither hidden, deprecated nor the
 * help command, which is listed but does not count. */
bool command_available(const struct command *cmd);
/* "helm template"; with `called`, as the user reached it: "rill helm template". */
str command_path_text(struct arena *a, const struct command_path *path, bool called);
/* Walk down from `path` along the arguments, which lose the words used up.
 * False when a root has no such command; `bad` is the word. */
bool command_find(struct cli *c, struct command_path *path, str *args, size_t *n, str *bad);
/* Take up all flags of the path's last command, help and version included,
 * with options of their own. */
void command_flags(struct cli *c, const struct command_path *path);

#endif
