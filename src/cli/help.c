#include "cli/help.h"

#include "text/quote.h"

/* Names are padded to this, or to the longest among the sisters. */
enum { HELP_NAME_WIDTH = 11 };

static const struct command *last(const struct command_path *path)
{
	return path->at[path->n - 1];
}

static bool has_commands(const struct command *cmd)
{
	for (const struct command *const *sub = cmd->commands; sub && *sub; sub++)
		if (command_available(*sub))
			return true;
	return false;
}

static bool has_flags(const struct flags *flags)
{
	for (size_t i = 0; i < flags->n; i++)
		if (!flags->p[i].flag->hidden && !flags->p[i].flag->deprecated)
			return true;
	return false;
}

str help_use_line(struct arena *a, const struct command_path *path, const struct flags *flags,
		  bool called)
{
	str use = str_c(last(path)->use);
	str line = arena_cat(a, command_path_text(a, path, called),
			     str_from(use, command_name(last(path)).n));

	if (has_flags(flags) && !str_has(line, S("[flags]")))
		line = arena_cat(a, line, S(" [flags]"));
	return line;
}

static void add_aliases(const struct command *cmd, struct buf *b)
{
	if (!cmd->aliases)
		return;
	buf_add(b, S("\n\nAliases:\n  "));
	buf_add(b, command_name(cmd));
	for (const char *const *alias = cmd->aliases; *alias; alias++)
		buf_addf(b, ", %s", *alias);
}

static void add_commands(const struct command *cmd, struct buf *b)
{
	size_t width = HELP_NAME_WIDTH;

	for (const struct command *const *sub = cmd->commands; *sub; sub++)
		if (command_name(*sub).n > width)
			width = command_name(*sub).n;
	buf_add(b, S("\n\nAvailable Commands:"));
	for (const struct command *const *sub = cmd->commands; *sub; sub++) {
		str name = command_name(*sub);

		if (!command_available(*sub) && *sub != &help_command)
			continue;
		buf_addf(b, "\n  %.*s", STR_ARG(name));
		buf_fill(b, ' ', width - name.n + 1);
		buf_add(b, str_c((*sub)->brief));
	}
}

static void trim_end(struct buf *b)
{
	buf_trim(b, str_trim_right_set(buf_str(b), S(" \t\r\n\v\f")).n);
}

static void add_flags(const struct flags *flags, bool inherited, const char *title, struct buf *b)
{
	size_t before = b->n;

	buf_addf(b, "\n\n%s:\n", title);
	size_t head = b->n;

	flags_usage(flags, inherited, b);
	if (b->n == head)
		buf_trim(b, before);
	else
		trim_end(b);
}

void help_usage(struct arena *a, const struct command_path *path, const struct flags *flags,
		struct buf *b)
{
	const struct command *cmd = last(path);
	str name = command_path_text(a, path, true);

	buf_add(b, S("Usage:"));
	if (cmd->run)
		buf_addf(b, "\n  %.*s", STR_ARG(help_use_line(a, path, flags, true)));
	if (has_commands(cmd))
		buf_addf(b, "\n  %.*s [command]", STR_ARG(name));
	add_aliases(cmd, b);
	if (cmd->example) {
		buf_add(b, S("\n\nExamples:\n"));
		buf_add(b, str_c(cmd->example));
	}
	if (has_commands(cmd))
		add_commands(cmd, b);
	add_flags(flags, false, "Flags", b);
	add_flags(flags, true, "Global Flags", b);
	if (has_commands(cmd))
		buf_addf(b,
			 "\n\nUse \"%.*s [command] --help\" for more information about a command.",
			 STR_ARG(name));
	buf_addc(b, '\n');
}

void help_print(struct arena *a, const struct command_path *path, const struct flags *flags,
		struct buf *b)
{
	const struct command *cmd = last(path);
	str text = str_c(cmd->text ? cmd->text : cmd->brief);

	text = str_trim_right_set(text, S(" \t\r\n\v\f"));
	if (text.n) {
		buf_add(b, text);
		buf_add(b, S("\n\n"));
	}
	if (cmd->run || cmd->commands)
		help_usage(a, path, flags, b);
}

/* Help for the command that the words name. For none, cobra shows the usage
 * of the root as it is before --help and --version are added to it. */
static err *help_run(struct cli *c)
{
	struct command_path path = { { c->path.at[0] }, 1, c->path.called };
	size_t n = c->words.n;
	str *words = arena_array(c->arena, str, n), bad;

	if (n)
		memcpy(words, c->words.p, n * sizeof *words);
	if (command_find(c, &path, words, &n, &bad)) {
		command_flags(c, &path);
		help_print(c->arena, &path, &c->flags, &c->out.buf);
		return NULL;
	}
	struct buf *b = &cli_notices(c)->buf;

	for (size_t i = 0; i < c->words.n; i++) {
		buf_add(b, i ? S(" ") : S("Unknown help topic ["));
		quote_add_verb(b, c->words.p[i], true, false);
	}
	buf_add(b, S("]\n"));
	help_usage(c->arena, &path, &c->flags, b);
	return NULL;
}

const struct command help_command = {
	.use = "help [command]",
	.brief = "Help about any command",
	.text = "Show what a command does, what it takes and which flags it knows.\n"
		"The same text is shown by --help behind the command.",
	.run = help_run,
};
