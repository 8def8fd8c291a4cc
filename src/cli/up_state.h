/* up_state - the directory of a `rill up`: what it keeps, and that it runs.
 *
 *	lock		held while it runs, with its process id in it
 *	kubeconfig	of its server
 *	log		what its controllers say, in JSON
 *	artifacts/	what its sources fetched
 *	server/		the server's objects, where they are kept
 *
 * One thread.
 */
#ifndef CLI_UP_STATE_H
#define CLI_UP_STATE_H

#include "base/fs.h"
#include "cli/command.h"

struct up_state {
	struct fs *fs;
	str dir;			/* absolute, in the arena */
	int lock;
	bool keep;			/* what is there outlives the run */
};

/* "~/.local/state/rill/up", or as $XDG_STATE_HOME has it. */
str up_state_default(const struct cli *c);
/* Make the directory and take the lock; an error when one runs already. What
 * is left of an earlier run goes, unless `keep`. */
err *up_state_open(struct cli *c, str dir, bool keep, struct up_state *out)
	__attribute__((warn_unused_result));
/* The lock is this process's affair from here on: after a fork. */
err *up_state_mine(struct up_state *s) __attribute__((warn_unused_result));
void up_state_close(struct up_state *s);
/* Let go of what this process has of it, as it is: another one goes on. */
void up_state_leave(struct up_state *s);
/* End the run of a directory, and wait for that; *ran tells whether one did. */
err *up_state_end(struct cli *c, str dir, bool keep, int64_t timeout, bool *ran)
	__attribute__((warn_unused_result));

#endif
