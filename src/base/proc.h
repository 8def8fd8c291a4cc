/* proc - child processes, kept on a short lead.
 *
 * The program is given as an argument vector, never as a line for a shell,
 * and its environment is exactly what the caller lists. The child is born in
 * a process group of its own, with no descriptor but its three, all signals
 * at their defaults, and it is killed with its whole group when the time is up, when it
 * says more than it may, when the caller's `cancel` turns true, or when it
 * ends and leaves children behind.
 *
 * proc_run does it all in one call. proc_start leaves the pipes to the
 * caller, for protocols that talk back and forth. proc_pass is the long lead:
 * a child that stands in for us, at our terminal.
 *
 * Any thread; a struct proc belongs to one.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct proc_spec {
	/* NULL-terminated. Without '/' in it, argv[0] is looked up in the
	 * absolute directories of PATH in `env`. */
	const char *const *argv;
	const char *const *env;		/* "NAME=value", NULL-terminated; NULL: empty */
	const char *dir;		/* working directory; NULL: ours */
	str input;			/* what the child reads */
	size_t max_out;			/* bytes of standard output; 0: PROC_OUT_MAX */
	size_t max_err;			/* standard error: the last so many bytes; 0: PROC_ERR_MAX */
	int64_t timeout;		/* nanoseconds; 0: none */
	const atomic_bool *cancel;	/* looked at ten times a second; or NULL */
};

enum { PROC_OUT_MAX = 64 << 20, PROC_ERR_MAX = 64 << 10 };

struct proc_result {
	int exit;			/* exit status; -1 when a signal ended it */
	int signal;			/* 0: none */
	struct buf out, err;
};

void proc_release(struct proc_result *r);

/* Run to the end. An error means that the child did not run, or did not run
 * to its own end; a child that ends with a status that is not 0 is no
 * error here: see proc_check. `out` is set in all cases. */
err *proc_run(const struct proc_spec *spec, struct proc_result *out)
	__attribute__((warn_unused_result));
/* "exit status 1" or "signal: killed", as Go's os/exec; NULL for status 0. */
err *proc_check(const struct proc_result *r) __attribute__((warn_unused_result));

/* Run to the end with our own standard input and outputs, in our process group, for as long as
 * it takes: of the spec, argv, env and dir are looked at; nothing is captured. What we have
 * written ourselves must have been flushed. */
err *proc_pass(const struct proc_spec *spec, struct proc_result *out)
	__attribute__((warn_unused_result));

struct proc {
	pid_t pid;
	int in, out, err;		/* our ends of the pipes; the caller may close and set -1 */
};

/* Start only: `input`, limits, timeout and cancel are not looked at. Our ends are non-blocking. */
err *proc_start(const struct proc_spec *spec, struct proc *out)
	__attribute__((warn_unused_result));
/* write(2), without the SIGPIPE that writing to a child that has gone raises
 * in this thread: it is held back and forgotten, whatever the program does
 * with it elsewhere. */
ssize_t proc_write(int fd, str bytes);
/* Kill the group if it still runs, reap, close the pipes. */
void proc_kill(struct proc *p);
/* Wait for its own end until `deadline` (clock_mono; INT64_MAX: for ever),
 * then kill. False when it had to be killed. */
bool proc_wait(struct proc *p, int64_t deadline, struct proc_result *r);

#endif
