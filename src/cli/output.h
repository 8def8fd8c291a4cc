/* output - where a command writes: standard output and standard error.
 *
 * Data is gathered in a buffer and written in large pieces; what a user
 * waits for (progress, questions) is flushed by the writer. An output
 * without a file keeps everything in its buffer, for tests.
 *
 * Worker-local.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"

struct busy;

struct output {
	struct buf buf;
	struct busy *busy;	/* to be ended before anything is written; or NULL */
	int fd;			/* -1: keep the bytes */
	int failed;		/* errno of the first write that failed; 0: none */
};

#define OUTPUT_INIT(file) { .buf = BUF_INIT, .fd = (file) }

void output_release(struct output *o);

/* Write out what is gathered. A failed write is remembered and later output
 * dropped. */
void output_flush(struct output *o);
/* Flush when enough is gathered: for loops that write much. */
void output_step(struct output *o);

/* Somebody reads along. */
bool output_is_terminal(const struct output *o);

/* What went wrong so far: "write NAME: no space left on device", or NULL. */
err *output_check(const struct output *o, const char *name) __attribute__((warn_unused_result));

#endif
