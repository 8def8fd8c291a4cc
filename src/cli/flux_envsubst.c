/* flux_envsubst - "flux envsubst": standard input with variables replaced. */
#include <unistd.h>

#include "base/map.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "kustomize/envsubst.h"

/* As long as flux reads. */
enum { LINE_MAX_BYTES = 64 << 10 };

struct envsubst_options {
	bool strict;
};

static void read_environment(struct cli *c, struct map *vars)
{
	for (char *const *p = c->env; p && *p; p++) {
		str name, value;

		if (!str_split(str_c(*p), '=', &name, &value))
			continue;
		str *at = arena_alloc(c->arena, sizeof *at);

		*at = value;
		map_set(vars, name, at);
	}
}

static err *replace_line(struct cli *c, str line, const struct map *vars)
{
	const struct envsubst_options *o = c->options;
	struct arena_mark mark = arena_mark(c->arena);

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	TRY(envsubst(c->arena, line, vars, o->strict, &c->out.buf));
	buf_addc(&c->out.buf, '\n');
	output_flush(&c->out);
	arena_rewind(c->arena, mark);
	return NULL;
}

/* The whole lines in `held`, which loses them. */
static err *replace_lines(struct cli *c, struct buf *held, const struct map *vars)
{
	CLEANUP(buf_release) struct buf rest = BUF_INIT;
	str text = buf_str(held);

	for (size_t end; (end = str_find_char(text, '\n')) != STR_NPOS; text = str_from(text, end + 1))
		TRY(replace_line(c, str_sub(text, 0, end), vars));
	if (text.n >= LINE_MAX_BYTES)
		return err_new(ERR_INVALID, "bufio.Scanner: token too long");
	buf_add(&rest, text);
	buf_clear(held);
	buf_add(held, buf_str(&rest));
	return NULL;
}

static err *run_envsubst(struct cli *c)
{
	CLEANUP(map_release) struct map vars = MAP_INIT;
	CLEANUP(buf_release) struct buf held = BUF_INIT;
	ssize_t n;

	read_environment(c, &vars);
	while ((n = read(STDIN_FILENO, buf_reserve(&held, LINE_MAX_BYTES), LINE_MAX_BYTES)) > 0) {
		held.n += (size_t)n;
		TRY(replace_lines(c, &held, &vars));
	}
	if (n < 0)
		return err_new(ERR_UNAVAILABLE, "standard input cannot be read");
	return held.n ? replace_line(c, buf_str(&held), &vars) : NULL;
}

static const struct flag envsubst_flags[] = {
	{ "strict", 0, FLAG_BOOL, offsetof(struct envsubst_options, strict),
	  "fail on a variable that has neither a value nor a default" },
	{ 0 },
};

const struct command flux_envsubst_command = {
	.use = "envsubst",
	.brief = "Replace variables in standard input",
	.text = "Replace variables in standard input by those of the environment, as the\n"
		"substitution of a Kustomization does.",
	.example = "  echo 'name: ${NAME:=podinfo}' | flux envsubst --strict",
	.args = { ARGS_NONE },
	.flags = envsubst_flags,
	.options = sizeof(struct envsubst_options),
	.before = flux_before,
	.run = run_envsubst,
};
