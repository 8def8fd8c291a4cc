/* The manual, made from the command tables: `rill docgen` writes rill(1). */
#include "cli/commands.h"
#include "cli/help.h"

/* Text for roff: nothing in it is a request or an escape. */
static void add_text(struct buf *b, str text)
{
	for (size_t i = 0; i < text.n; i++) {
		bool starts = !i || text.p[i - 1] == '\n';

		if (starts && (text.p[i] == '.' || text.p[i] == '\''))
			buf_add(b, S("\\&"));
		if (text.p[i] == '\\')
			buf_add(b, S("\\e"));
		else if (text.p[i] == '-')
			buf_add(b, S("\\-"));
		else if (text.p[i] == '"')
			buf_add(b, S("\\(dq"));
		else
			buf_addc(b, text.p[i]);
	}
}

/* Lines as they stand, on a ground of their own. */
static void add_verbatim(struct buf *b, const char *title, str text)
{
	str trimmed = str_trim_set(text, S("\n"));

	if (!trimmed.n)
		return;
	buf_addf(b, ".PP\n%s\n.nf\n", title);
	add_text(b, trimmed);
	buf_add(b, S("\n.fi\n"));
}

static void add_flags(const struct flags *flags, bool inherited, const char *title, struct buf *b)
{
	CLEANUP(buf_release) struct buf usage = BUF_INIT;

	flags_usage(flags, inherited, &usage);
	add_verbatim(b, title, buf_str(&usage));
}

static void add_command(struct cli *c, struct command_path *path, struct buf *b)
{
	const struct command *cmd = path->at[path->n - 1];

	command_flags(c, path);
	if (path->n > 1) {
		buf_add(b, S(".SS \""));
		add_text(b, cmd->run ? help_use_line(c->arena, path, &c->flags, true)
				     : command_path_text(c->arena, path, true));
		buf_add(b, S("\"\n"));
	}
	add_text(b, str_trim_set(str_c(cmd->text ? cmd->text : cmd->brief), S(" \n")));
	buf_addc(b, '\n');
	for (const char *const *alias = cmd->aliases; alias && *alias; alias++)
		buf_addf(b, "%s%s%s", alias == cmd->aliases ? ".PP\nAlso: " : ", ", *alias,
			 alias[1] ? "" : "\n");
	if (cmd->example)
		add_verbatim(b, "Examples:", str_c(cmd->example));
	add_flags(&c->flags, false, "Flags:", b);
	if (path->n == 1)
		buf_add(b, S(".SH COMMANDS\n"));
	for (const struct command *const *sub = cmd->commands; sub && *sub; sub++) {
		struct command_path below = *path;

		if (!command_available(*sub) || path->n == COMMAND_DEPTH_MAX)
			continue;
		if ((*sub)->applet)
			below = (struct command_path){ { *sub }, 0, path->at[0] };
		else
			below.at[below.n] = *sub;
		below.n++;
		add_command(c, &below, b);
	}
}

static err *docgen_run(struct cli *c)
{
	struct command_path path = { { c->path.at[0] }, 1, NULL };
	struct buf *b = &c->out.buf;
	str name = command_name(path.at[0]);

	buf_addf(b, ".\\\" made by `%.*s docgen`\n.TH %.*s 1 \"\" \"rill " RILL_VERSION "\"\n",
		 STR_ARG(name), STR_ARG(name));
	buf_addf(b, ".SH NAME\n%.*s \\- %s\n", STR_ARG(name), path.at[0]->brief);
	buf_addf(b, ".SH SYNOPSIS\n.B %.*s\nCOMMAND [ARGUMENTS] [FLAGS]\n.SH DESCRIPTION\n",
		 STR_ARG(name));
	add_command(c, &path, b);
	return NULL;
}

const struct command docgen_command = {
	.use = "docgen",
	.brief = "Write the manual page",
	.text = "Write the manual page, in roff, to standard output.",
	.args = { ARGS_NONE },
	.hidden = true,
	.run = docgen_run,
};
