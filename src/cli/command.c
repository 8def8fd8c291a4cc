#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/die.h"
#include "cli/busy.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "text/errtext.h"
#include "text/quote.h"

/* ---- for commands ------------------------------------------------------ */

const void *cli_subject(const struct cli *c)
{
	return c->path.at[c->path.n - 1]->subject;
}

void *cli_options(const struct cli *c, const struct command *above)
{
	for (size_t i = 0; i < c->path.n; i++)
		if (c->path.at[i] == above)
			return c->options_at[i];
	die_bug("'%s' is not above the running command", above->use);
}

bool cli_given(const struct cli *c, const char *flag)
{
	const struct flag_state *state = flags_find(&c->flags, str_c(flag));

	return state && state->given;
}

const char *cli_env(const struct cli *c, const char *name)
{
	size_t n = strlen(name);

	for (char *const *entry = c->env; entry && *entry; entry++)
		if (!strncmp(*entry, name, n) && (*entry)[n] == '=')
			return *entry + n + 1;
	return NULL;
}

void cli_note(struct cli *c, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&line, fmt, ap);

	va_end(ap);
	if (n < 0)
		die_bug("out of memory for a note");
	output_flush(&c->out);
	buf_bytes(&c->err.buf, line, (size_t)n);
	buf_addc(&c->err.buf, '\n');
	output_flush(&c->err);
	free(line);
}

struct output *cli_notices(struct cli *c)
{
	return c->path.at[0]->applet->notices_to_out ? &c->out : &c->err;
}

/* ---- the tree ---------------------------------------------------------- */

str command_name(const struct command *cmd)
{
	str use = str_c(cmd->use);

	return str_sub(use, 0, str_find_char(use, ' '));
}

bool command_available(const struct command *cmd)
{
	if (cmd->deprecated || cmd->hidden || cmd == &help_command)
		return false;
	if (cmd->run)
		return true;
	for (const struct command *const *sub = cmd->commands; sub && *sub; sub++)
		if (command_available(*sub))
			return true;
	return false;
}

static const struct command *last(const struct command_path *path)
{
	return path->at[path->n - 1];
}

str command_path_text(struct arena *a, const struct command_path *path, bool called)
{
	str words[COMMAND_DEPTH_MAX + 1];
	size_t n = 0;

	if (called && path->called)
		words[n++] = command_name(path->called);
	for (size_t i = 0; i < path->n; i++)
		words[n++] = command_name(path->at[i]);
	return arena_join(a, words, n, S(" "));
}

static bool answers_to(const struct command *cmd, str word)
{
	if (str_eq(command_name(cmd), word))
		return true;
	for (const char *const *alias = cmd->aliases; alias && *alias; alias++)
		if (str_eq(str_c(*alias), word))
			return true;
	return false;
}

static const struct command *child(const struct command *cmd, str word)
{
	for (const struct command *const *sub = cmd->commands; sub && *sub; sub++)
		if (answers_to(*sub, word))
			return *sub;
	return NULL;
}

/* The flags of the path's last command: its own, those it shares with the
 * commands below, those shared by commands above. */
static void add_flags(struct cli *c, const struct command_path *path, bool options)
{
	const struct command *cmd = last(path);
	void *at[COMMAND_DEPTH_MAX] = { 0 };

	c->flags = (struct flags){ .arena = c->arena, .cli = c };
	for (size_t i = 0; options && i < path->n; i++)
		at[i] = path->at[i]->options ? arena_zero(c->arena, 1, path->at[i]->options) : NULL;
	flags_add(&c->flags, cmd->flags, at[path->n - 1], false);
	flags_add(&c->flags, cmd->shared, at[path->n - 1], false);
	for (size_t i = path->n - 1; i-- > 0;)
		flags_add(&c->flags, path->at[i]->shared, at[i], true);
	if (options)
		memcpy(c->options_at, at, sizeof at);
}

/* --help and --version, unless the command has its own. */
struct standard_flags {
	bool help, version;
};

static const struct flag *standard_flag(struct cli *c, const char *name, char letter, size_t at,
					const struct command *cmd)
{
	struct flag *flag = arena_array(c->arena, struct flag, 2);
	str usage = arena_printf(c->arena, "%s for %.*s", name, STR_ARG(command_name(cmd)));

	flag[0] = (struct flag){
		.name = name, .letter = letter, .kind = FLAG_BOOL, .at = at, .usage = usage.p,
	};
	return flag;
}

static struct standard_flags *add_standard(struct cli *c, const struct command *cmd)
{
	struct standard_flags *standard = arena_new(c->arena, struct standard_flags);
	char v = flags_find_letter(&c->flags, 'v') ? 0 : 'v';

	flags_add(&c->flags,
		  standard_flag(c, "help", 'h', offsetof(struct standard_flags, help), cmd),
		  standard, false);
	if (cmd->version)
		flags_add(&c->flags,
			  standard_flag(c, "version", v, offsetof(struct standard_flags, version),
					cmd),
			  standard, false);
	return standard;
}

void command_flags(struct cli *c, const struct command_path *path)
{
	add_flags(c, path, true);
	add_standard(c, last(path));
}

/* ---- finding the command ----------------------------------------------- */

/* Index of the first argument that is neither a flag nor the value of one;
 * `n` when there is none. A flag that nobody knows is taken to have a value. */
static size_t first_word(const struct cli *c, const str *args, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		str arg = args[i];
		const struct flag_state *state = NULL;

		if (str_eq(arg, S("--")))
			return n;
		if (!arg.n || arg.p[0] != '-') {
			if (arg.n)
				return i;
			continue;
		}
		if (str_find_char(arg, '=') != STR_NPOS)
			continue;
		if (str_starts(arg, S("--")))
			state = flags_find(&c->flags, str_from(arg, 2));
		else if (arg.n == 2)
			state = flags_find_letter(&c->flags, arg.p[1]);
		else
			continue;
		if (!state || !flag_bare(state->flag))
			i++;
	}
	return n;
}

bool command_find(struct cli *c, struct command_path *path, str *args, size_t *n, str *bad)
{
	for (;;) {
		const struct command *cmd = last(path);

		add_flags(c, path, false);
		size_t i = first_word(c, args, *n);

		if (i == *n)
			return true;
		const struct command *sub = child(cmd, args[i]);

		if (!sub) {
			*bad = args[i];
			return path->n > 1 || !cmd->commands || cmd->args.rule != ARGS_ANY;
		}
		memmove(args + i, args + i + 1, (*n - i - 1) * sizeof *args);
		--*n;
		if (sub->applet)
			*path = (struct command_path){ { sub }, 1, path->at[0] };
		else if (path->n < COMMAND_DEPTH_MAX)
			path->at[path->n++] = sub;
		else
			die_bug("commands nest too deep below '%s'", cmd->use);
	}
}

/* ---- running ----------------------------------------------------------- */

static const struct applet *applet_of(const struct command_path *path)
{
	return path->at[0]->applet;
}

/* Helm: `"helm template" requires at least 1 argument`, and the usage. */
static err *helm_args(const struct cli *c, const char *fmt, unsigned count)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str path = command_path_text(c->arena, &c->path, false);
	str use = help_use_line(c->arena, &c->path, &c->flags, false);

	buf_addf(&b, "\"%.*s\" ", STR_ARG(path));
	buf_add(&b, str_c(fmt));
	if (count != UINT32_MAX)
		buf_addf(&b, " %u argument%s", count, count == 1 ? "" : "s");
	buf_addf(&b, "\n\nUsage:  %.*s", STR_ARG(use));
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

static err *check_args_helm(const struct cli *c, struct args want, size_t n)
{
	switch (want.rule) {
	case ARGS_ANY:
		return NULL;
	case ARGS_NONE:
		return n ? helm_args(c, "accepts no arguments", UINT32_MAX) : NULL;
	case ARGS_EXACT:
		return n == want.min ? NULL : helm_args(c, "requires", want.min);
	case ARGS_RANGE:
	case ARGS_MIN:
		if (n < want.min)
			return helm_args(c, "requires at least", want.min);
		if (want.rule == ARGS_MIN)
			return NULL;
		/* fall through */
	case ARGS_MAX:
		return n <= want.max ? NULL : helm_args(c, "accepts at most", want.max);
	}
	return NULL;
}

static err *unknown_command(const struct cli *c, str word, bool suggest)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str path = command_path_text(c->arena, &c->path, false);

	buf_add(&b, S("unknown command "));
	quote_add(&b, word, QUOTE_PRINT);
	buf_addf(&b, " for \"%.*s\"", STR_ARG(path));
	if (suggest)
		suggest_add(&b, last(&c->path), word);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

static err *check_args(const struct cli *c)
{
	struct args want = last(&c->path)->args;
	size_t n = c->words.n;

	if (applet_of(&c->path)->helm_args)
		return check_args_helm(c, want, n);
	switch (want.rule) {
	case ARGS_ANY:
		break;
	case ARGS_NONE:
		if (n)
			return unknown_command(c, c->words.p[0], false);
		break;
	case ARGS_EXACT:
		if (n != want.min)
			return err_new(ERR_INVALID, "accepts %u arg(s), received %zu", want.min, n);
		break;
	case ARGS_MIN:
		if (n < want.min)
			return err_new(ERR_INVALID, "requires at least %u arg(s), only received %zu",
				       want.min, n);
		break;
	case ARGS_MAX:
		if (n > want.max)
			return err_new(ERR_INVALID, "accepts at most %u arg(s), received %zu",
				       want.max, n);
		break;
	case ARGS_RANGE:
		if (n < want.min || n > want.max)
			return err_new(ERR_INVALID,
				       "accepts between %u and %u arg(s), received %zu", want.min,
				       want.max, n);
		break;
	}
	return NULL;
}

static err *parse_flags(struct cli *c, const str *args, size_t n)
{
	CLEANUP(buf_release) struct buf notices = BUF_INIT;

	if (last(&c->path)->raw) {
		str *words = arena_array(c->arena, str, n);

		if (n)
			memcpy(words, args, n * sizeof *words);
		c->words = (struct flag_words){ words, n, STR_NPOS };
		return NULL;
	}
	TRY(flags_parse(&c->flags, args, n, &c->words, &notices));
	buf_add(&cli_notices(c)->buf, buf_str(&notices));
	return NULL;
}

/* A group prints its help for a word that it does not know, and that is success;
 * who reads along is told what was wrong. */
static void note_unknown(struct cli *c, const struct command *group)
{
	CLEANUP(buf_release) struct buf guesses = BUF_INIT;
	str path = command_path_text(c->arena, &c->path, true);

	if (!c->words.n || !output_is_terminal(&c->err))
		return;
	suggest_add(&guesses, group, c->words.p[0]);
	cli_note(c, "\n\"%.*s\" knows no \"%.*s\"%s", STR_ARG(path), STR_ARG(c->words.p[0]),
		 buf_c(&guesses));
}

/* The command is found: read its flags, check its words, run it. */
static err *execute(struct cli *c, const str *args, size_t n)
{
	const struct command *cmd = last(&c->path);

	if (cmd->deprecated)
		buf_addf(&cli_notices(c)->buf, "Command \"%.*s\" is deprecated, %s\n",
			 STR_ARG(command_name(cmd)), cmd->deprecated);
	add_flags(c, &c->path, true);
	c->options = c->options_at[c->path.n - 1];
	const struct standard_flags *standard = add_standard(c, cmd);

	TRY(parse_flags(c, args, n));
	if (standard->help || (!cmd->run && !standard->version)) {
		help_print(c->arena, &c->path, &c->flags, &c->out.buf);
		if (!standard->help)
			note_unknown(c, cmd);
		return NULL;
	}
	if (standard->version) {
		buf_addf(&c->out.buf, "%.*s version %s\n", STR_ARG(command_name(cmd)),
			 cmd->version);
		return NULL;
	}
	TRY(check_args(c));
	for (size_t i = c->path.n; i-- > 0;)
		if (c->path.at[i]->before) {
			TRY(c->path.at[i]->before(c));
			break;
		}
	TRY(flags_check_required(&c->flags));
	return cmd->run(c);
}

/* Find and execute; `lost` tells that there is no such command. */
static err *dispatch(struct cli *c, const str *args, size_t n, bool *lost)
{
	str *own = arena_array(c->arena, str, n), bad;

	if (n)
		memcpy(own, args, n * sizeof *own);
	const size_t all = n;

	const bool found = command_find(c, &c->path, own, &n, &bad);

	if (applet_of(&c->path)->begin)
		applet_of(&c->path)->begin(c);
	if (!found) {
		bool done = false;

		if (last(&c->path)->external)
			TRY(last(&c->path)->external(c, bad, args, all, &done));
		if (done)
			return NULL;
		*lost = true;
		return unknown_command(c, bad, true);
	}
	return execute(c, own, n);
}

int command_run(struct cli *c, const struct command *root, const str *args, size_t n)
{
	bool lost = false;

	c->path = (struct command_path){ { root }, 1, NULL };
	CLEANUP(err_drop) err *e = dispatch(c, args, n, &lost);

	output_flush(&c->out);
	if (!e)
		e = output_check(&c->out, "/dev/stdout");
	if (e) {
		const struct applet *applet = applet_of(&c->path);
		str hint = STR_NONE;

		if (applet->reword)
			e = applet->reword(c, e);
		if (applet->hint && output_is_terminal(&c->err))
			hint = c->hint.n ? c->hint : applet->hint(c, e);
		buf_add(&c->err.buf, str_c(applet->error_prefix));
		if (output_is_terminal(&c->err))
			errtext_visible(&c->err.buf, err_text(e));
		else
			buf_add(&c->err.buf, err_text(e));
		buf_addc(&c->err.buf, '\n');
		if (applet->place)
			applet->place(c, e);
		if (hint.n)
			buf_addf(&c->err.buf, "  %.*s\n", STR_ARG(hint));
		if (lost && applet->run_hint) {
			str path = command_path_text(c->arena, &c->path, true);

			buf_addf(&c->err.buf, "Run '%.*s --help' for usage.\n", STR_ARG(path));
		}
	}
	output_flush(&c->err);
	if (c->status)
		return c->status;
	return e ? 1 : 0;
}

/* Where somebody waits and can see it. */
static bool can_show_progress(const struct cli *c)
{
	const char *term = cli_env(c, "TERM");

	return output_is_terminal(&c->err) && term && strcmp(term, "dumb") != 0;
}

int command_main(const struct command *root, int argc, char *const *argv, char *const *env)
{
	struct arena arena = ARENA_INIT;
	struct busy busy;
	size_t n = argc > 1 ? (size_t)argc - 1 : 0;
	str *args = arena_array(&arena, str, n);
	struct cli c = {
		.arena = &arena,
		.out = OUTPUT_INIT(STDOUT_FILENO),
		.err = OUTPUT_INIT(STDERR_FILENO),
		.env = env,
		.program = argc ? argv[0] : NULL,
	};

	for (size_t i = 0; i < n; i++)
		args[i] = str_c(argv[i + 1]);
	if (can_show_progress(&c)) {
		busy_init(&busy, STDERR_FILENO);
		c.out.busy = c.err.busy = &busy;
	}
	int status = command_run(&c, root, args, n);

	if (c.err.busy)
		busy_release(&busy);
	output_release(&c.out);
	output_release(&c.err);
	arena_release(&arena);
	return status;
}
