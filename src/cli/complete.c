/* What may stand next on a command line. The shells' scripts (completion.c)
 * ask `rill __complete WORD... LAST`, as they ask cobra's programs: one
 * candidate a line, a tab and its description, then ":" and a directive. */
#include "cli/commands.h"
#include "cli/help.h"

enum directive {
	COMPLETE_DEFAULT = 0,		/* file names, when there is no candidate */
	COMPLETE_ERROR = 1,
	COMPLETE_NO_FILES = 4,
};

/* The first line of a description, without the marks of a value's name. */
static void add_candidate(struct buf *b, str word, str description)
{
	str line;

	buf_add(b, word);
	if (str_line(&description, &line) && line.n) {
		buf_addc(b, '\t');
		for (size_t i = 0; i < line.n; i++)
			if (line.p[i] != '`')
				buf_addc(b, line.p[i]);
	}
	buf_addc(b, '\n');
}

static enum directive add_values(struct cli *c, struct buf *b, const struct flag *flag, str prefix)
{
	str choices = str_c(flag->choices), word;

	if (flag->complete)
		return flag->complete(c, prefix, b) ? COMPLETE_NO_FILES : COMPLETE_ERROR;
	if (!flag->choices)
		return COMPLETE_DEFAULT;
	while (str_cut(&choices, &word, ' '))
		if (str_starts(word, prefix))
			add_candidate(b, word, STR_NONE);
	return COMPLETE_NO_FILES;
}

/* Whether a flag may be given more than once. */
static bool repeats(const struct flag *flag)
{
	return flag->kind == FLAG_LIST || flag->kind == FLAG_ARRAY || flag->kind == FLAG_MAP ||
	       flag->kind == FLAG_COUNT || (flag->kind == FLAG_CUSTOM && flag->type->list);
}

static enum directive add_flags(struct cli *c, struct buf *b, str prefix)
{
	for (size_t i = 0; i < c->flags.n; i++) {
		const struct flag_state *state = &c->flags.p[i];
		const struct flag *flag = state->flag;
		str name = arena_cat(c->arena, S("--"), str_c(flag->name));
		char letter[] = { '-', flag->letter };

		if (flag->hidden || flag->deprecated || (state->given && !repeats(flag)))
			continue;
		if (flag->letter && prefix.n <= 2 && str_starts(str_of(letter, 2), prefix))
			add_candidate(b, str_of(letter, 2), str_c(flag->usage));
		if (str_starts(name, prefix))
			add_candidate(b, name, str_c(flag->usage));
	}
	return COMPLETE_NO_FILES;
}

static void add_commands(struct buf *b, const struct command *cmd, str prefix)
{
	for (const struct command *const *sub = cmd->commands; sub && *sub; sub++)
		if ((command_available(*sub) || *sub == &help_command) &&
		    str_starts(command_name(*sub), prefix))
			add_candidate(b, command_name(*sub), str_c((*sub)->brief));
}

/* Behind "help" stand the words of a command. */
static enum directive add_topics(struct cli *c, struct buf *b, const struct flag_words *words,
				 str prefix)
{
	struct command_path path = { { c->path.at[0] }, 1, c->path.called };
	size_t n = words->n;
	str bad;

	if (command_find(c, &path, words->p, &n, &bad) && !n)
		add_commands(b, path.at[path.n - 1], prefix);
	return COMPLETE_NO_FILES;
}

/* The last word, behind those that the command and the flags have taken. */
static enum directive add_words(struct cli *c, struct buf *b, const struct command *cmd,
				const struct flag_words *words, str prefix)
{
	str name, value;

	if (words->dash == STR_NPOS && str_starts(prefix, S("-"))) {
		if (!str_starts(prefix, S("--")) || !str_split(prefix, '=', &name, &value))
			return add_flags(c, b, prefix);
		const struct flag_state *state = flags_find(&c->flags, str_from(name, 2));

		return state ? add_values(c, b, state->flag, value) : COMPLETE_NO_FILES;
	}
	if (cmd == &help_command)
		return add_topics(c, b, words, prefix);
	if (cmd->commands) {
		if (!words->n)
			add_commands(b, cmd, prefix);
		return COMPLETE_NO_FILES;
	}
	for (size_t i = c->path.n; i-- > 0;)
		if (c->path.at[i]->complete)
			return c->path.at[i]->complete(c, prefix, b) ? COMPLETE_NO_FILES
								     : COMPLETE_ERROR;
	return cmd->args.rule == ARGS_NONE ? COMPLETE_NO_FILES : COMPLETE_DEFAULT;
}

static enum directive complete(struct cli *c, str *args, size_t n, struct buf *b)
{
	struct command_path path = { { c->path.at[0] }, 1, c->path.called };
	CLEANUP(buf_release) struct buf notices = BUF_INIT;
	const struct flag_state *waiting = NULL;
	struct flag_words words;
	str prefix, bad;

	if (!n)
		return COMPLETE_ERROR;
	prefix = args[--n];
	if (!command_find(c, &path, args, &n, &bad))
		return COMPLETE_NO_FILES;
	command_flags(c, &path);
	c->path = path;
	if (n)
		waiting = flags_waiting(&c->flags, args[n - 1]);
	CLEANUP(err_drop) err *e = flags_parse(&c->flags, args, n - !!waiting, &words, &notices);

	if (e)
		return COMPLETE_ERROR;
	if (waiting && words.dash == STR_NPOS)
		return add_values(c, b, waiting->flag, prefix);
	return add_words(c, b, path.at[path.n - 1], &words, prefix);
}

static err *complete_run(struct cli *c)
{
	enum directive directive = complete(c, c->words.p, c->words.n, &c->out.buf);

	buf_addf(&c->out.buf, ":%d\n", directive);
	return NULL;
}

const struct command complete_command = {
	.use = "__complete WORD...",
	.brief = "Say what may stand next on the command line",
	.hidden = true,
	.raw = true,
	.run = complete_run,
};
