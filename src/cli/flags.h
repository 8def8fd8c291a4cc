/* flags - what may stand on a command line besides words.
 *
 * A command lists its flags in one constant table; this module reads
 * arguments by such tables as the pflag library does: flags anywhere among
 * the words, `--x=y`, `--x y`, `-xy`, `-x=y`, `-abc`, `--` as the end, CSV
 * lists, and pflag's words for every mistake. Values go straight into the
 * options struct of the command that owns the table; each row says where:
 *
 *	{ "output", 'o', FLAG_STRING, offsetof(struct get, output), "format to print" },
 *
 * The table also makes the help text and the completions. The word that
 * stands in back quotes in the usage text names the value there.
 *
 * Ownership: tables are constant. Texts in options are borrowed from the
 * arguments or live in the arena; all of them are NUL-terminated.
 * Worker-local.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

struct cli;

enum flag_kind {
	FLAG_END,		/* of a table */
	FLAG_BOOL,		/* bool */
	FLAG_STRING,		/* str */
	FLAG_INT,		/* int64_t */
	FLAG_FLOAT,		/* double */
	FLAG_DURATION,		/* int64_t, nanoseconds */
	FLAG_COUNT,		/* int64_t: how often it was given */
	FLAG_LIST,		/* struct flag_list: every value is a CSV record */
	FLAG_ARRAY,		/* struct flag_list: every value is one item */
	FLAG_MAP,		/* struct flag_map: key=value,key=value */
	FLAG_CUSTOM,		/* what `type` makes of it */
	FLAG_TABLE,		/* no flag: the rows of `table`, written at `at` */
};

struct flag_list {
	str *p;
	size_t n, cap;
};

struct flag_pair {
	str key, value;
};

struct flag_map {
	struct flag_pair *p;	/* a key given again keeps its place */
	size_t n, cap;
};

/* A kind of value that one command family knows. */
struct flag_type {
	const char *name;	/* as help shows it */
	bool list;		/* help shows the default in brackets */
	/* Check `value` and put it into the slot; `again`: not for the first time. */
	err *(*set)(struct arena *a, void *slot, str value, bool again);
};

struct flag {
	const char *name;
	char letter;		/* short form, or 0 */
	enum flag_kind kind;
	size_t at;		/* offsetof in the options struct */
	const char *usage;
	const char *fallback;	/* the default, as one would type it; NULL: zero */
	const char *bare;	/* the value of `--name` alone; NULL: "true" for a bool,
				 * one more for a count, an error for all else */
	const struct flag_type *type;	/* FLAG_CUSTOM */
	const struct flag *table;	/* FLAG_TABLE */
	str (*computed)(const struct cli *c);	/* a default that depends on the machine */
	const char *deprecated;	/* "use --y instead": works, says so, is not in help */
	bool hidden;
	bool required;
	const char *choices;	/* "json yaml": what completion offers as values */
	/* The same asked for, as struct command's `complete`. */
	bool (*complete)(struct cli *c, str prefix, struct buf *b);
};

/* One flag of the command at hand. */
struct flag_state {
	const struct flag *flag;
	void *slot;		/* NULL while only the names matter */
	str fallback;
	bool inherited;		/* of a command above: help lists it as global */
	bool given;
};

/* All of them, sorted by name. */
struct flags {
	struct arena *arena;
	const struct cli *cli;
	struct flag_state *p;
	size_t n, cap;
};

/* Add a table; a name that is there already wins. With `options`, defaults
 * are put in place. A default that does not parse is a bug. */
void flags_add(struct flags *f, const struct flag *table, void *options, bool inherited);

struct flag_state *flags_find(const struct flags *f, str name);
struct flag_state *flags_find_letter(const struct flags *f, char letter);
/* The value that the flag takes when none stands with it, or NULL. */
const char *flag_bare(const struct flag *flag);

/* What is left when the flags are taken out. */
struct flag_words {
	str *p;
	size_t n;
	size_t dash;		/* words before "--"; STR_NPOS without it */
};

/* Take the flags out of the arguments. Notices about deprecated flags are
 * written to `notices`. */
err *flags_parse(struct flags *f, const str *args, size_t n, struct flag_words *words,
		 struct buf *notices) __attribute__((warn_unused_result));

/* The flag whose value must follow `arg`, as with "-n" and "--name"; or NULL. */
struct flag_state *flags_waiting(const struct flags *f, str arg);

/* NULL, or which required flags are missing. */
err *flags_check_required(const struct flags *f) __attribute__((warn_unused_result));

/* The lines of the help text, of the own or of the inherited flags; none
 * gives nothing. */
void flags_usage(const struct flags *f, bool inherited, struct buf *b);

#endif
