/* loop - one thread that waits for sockets, timers and other threads.
 *
 * libevent does the waiting. Whatever a loop calls runs on its thread, one at
 * a time, and must not block. Other threads reach it through loop_post alone.
 *
 * Loop thread only, but for loop_post and loop_stop (any thread) and
 * loop_new, loop_free (while it does not run).
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;

err *loop_new(struct loop **out) __attribute__((warn_unused_result));
/* What was posted and not run yet is run first. NULL is fine. */
void loop_free(struct loop *l);
/* Run what was posted, while the loop does not run. */
void loop_drain(struct loop *l);
/* Until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Run once on the loop's thread, in the order of the calls. */
void loop_post(struct loop *l, void (*run)(void *arg), void *arg);

/* ---- sockets ----------------------------------------------------------- */

enum loop_ready { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop_fd;

/* `ready` is called while the descriptor (borrowed) can do what is wanted. */
struct loop_fd *loop_fd_new(struct loop *l, int fd, void (*ready)(void *ctx, int what), void *ctx);
/* LOOP_READ, LOOP_WRITE, or-ed; 0: nothing. */
void loop_fd_want(struct loop_fd *f, int what);
void loop_fd_free(struct loop_fd *f);

/* ---- timers ------------------------------------------------------------ */

struct loop_timer;

struct loop_timer *loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx);
/* Fire once, so many nanoseconds from now; an earlier setting is forgotten. */
void loop_timer_set(struct loop_timer *t, int64_t span);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

#endif
