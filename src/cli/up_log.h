/* up_log - what the controllers of a `rill up` on this machine have logged.
 *
 * They run in no Pod, so no server can tell: the log is a file beside the
 * kubeconfig of the run. One thread.
 */
#ifndef CLI_UP_LOG_H
#define CLI_UP_LOG_H

#include "cli/flux.h"

/* The path of the log of the run that serves `s`, in the arena; empty: it is no
 * run of this machine. */
str up_log_find(struct cli *c, const struct flux_server *s);

struct up_log_options {
	int64_t since;		/* entries of that second (of Unix) and later; INT64_MIN: all */
	int64_t tail;		/* so many of the last lines; negative: all */
	bool follow;		/* go on when its end is reached */
};

/* Each line, until it returns false. */
err *up_log_read(str path, const struct up_log_options *o, bool (*take)(void *ctx, str line),
		 void *ctx) __attribute__((warn_unused_result));

#endif
