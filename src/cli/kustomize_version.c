#include "cli/commands.h"

static err *run(struct cli *c)
{
	buf_add(&c->out.buf, S("v" KUSTOMIZE_VERSION "\n"));
	return NULL;
}

const struct command kustomize_version_command = {
	.use = "version",
	.brief = "Prints the kustomize version",
	.text = "Print the version of kustomize whose words and output this program has.",
	.example = "  kustomize version",
	.run = run,
};
