#include "cli/commands.h"
#include "value/json.h"

struct version_options {
	bool client;
	str output;
};

static const struct flag flags[] = {
	{ "client", 0, FLAG_BOOL, offsetof(struct version_options, client),
	  "accepted as by flux version: no cluster is asked in any case" },
	{ "output", 'o', FLAG_STRING, offsetof(struct version_options, output),
	  "the format in which the information should be printed, json or yaml",
	  .choices = "json yaml" },
	{ 0 },
};

/* What this program is, and which release of Flux it stands in for. */
static const struct {
	str name, version;
} parts[] = {
	{ S("rill"), S("v" RILL_VERSION) },
	{ S("flux"), S("v" FLUX_VERSION) },
};

static err *add_json(struct cli *c)
{
	node all = node_map(c->arena, sizeof parts / sizeof *parts);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		node_set(c->arena, all, parts[i].name, node_from_str(c->arena, parts[i].version));
	TRY(json_write(&c->out.buf, all, &(const struct json_style){ .indent = 2 }));
	buf_addc(&c->out.buf, '\n');
	return NULL;
}

static err *version_run(struct cli *c)
{
	const struct version_options *o = c->options;

	if (str_eq(o->output, S("json")))
		return add_json(c);
	if (o->output.n && !str_eq(o->output, S("yaml")))
		return err_new(ERR_INVALID, "--output must be json or yaml, not %.*s",
			       STR_ARG(o->output));
	/* The text form is YAML too: plain words need no quotes. */
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		buf_addf(&c->out.buf, "%.*s: %.*s\n", STR_ARG(parts[i].name),
			 STR_ARG(parts[i].version));
	return NULL;
}

const struct command version_command = {
	.use = "version",
	.brief = "Print the version of rill",
	.text = "Print the version of rill, and of the Flux release that it stands in for.",
	.example = "  rill version\n"
		   "  rill version -o json",
	.args = { ARGS_NONE },
	.flags = flags,
	.options = sizeof(struct version_options),
	.run = version_run,
};
