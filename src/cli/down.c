/* down - "rill down": the end of a `rill up`. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/up_state.h"

#define DOWN_TIMEOUT (30 * CLOCK_SECOND)

struct down_flags {
	str data_dir;
	bool keep;
};

static const struct flag down_flag_table[] = {
	{ "data-dir", 0, FLAG_STRING, offsetof(struct down_flags, data_dir),
	  "`directory` of the run, where it is not the default one" },
	{ "keep", 0, FLAG_BOOL, offsetof(struct down_flags, keep),
	  "leave the cluster's data for the next run" },
	{ .name = NULL },
};

static err *run_down(struct cli *c)
{
	const struct down_flags *f = c->options;
	str dir = f->data_dir.n ? f->data_dir : up_state_default(c);
	bool ran;

	TRY(up_state_end(c, dir, f->keep, DOWN_TIMEOUT, &ran));
	if (ran)
		flux_success(c, "the cluster of %.*s is down", STR_ARG(dir));
	else
		flux_action(c, "nothing runs in %.*s", STR_ARG(dir));
	return NULL;
}

const struct command down_command = {
	.use = "down",
	.brief = "End a cluster of `rill up`",
	.text = "End the cluster that `rill up` runs, and remove what it kept.",
	.args = { ARGS_NONE },
	.flags = down_flag_table,
	.options = sizeof(struct down_flags),
	.run = run_down,
};
