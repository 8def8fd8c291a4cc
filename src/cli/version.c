#include "cli/commands.h"

static err *version_run(struct cli *c)
{
	buf_add(&c->out.buf, S("rill " RILL_VERSION "\n"));
	return NULL;
}

const struct command version_command = {
	.use = "version",
	.brief = "Print the version of rill",
	.args = { ARGS_NONE },
	.run = version_run,
};
