/* helmlog - the last lines of Helm's log of an action, for who is told that it failed.
 *
 *	2026-01-02T03:04:05.123456789Z: preparing upgrade: {"name":"web"}
 *
 * Ten lines are kept, each with its time in UTC; what is said twice in a row
 * is counted, not kept twice. The layout is helm-controller's.
 *
 * Worker-local.
 */
#ifndef CONTROLLERS_HELMLOG_H
#define CONTROLLERS_HELMLOG_H

#include "base/arena.h"
#include "helm/notice.h"

enum { HELMLOG_LINES = 10 };

struct helmlog_line {
	struct buf text;
	int64_t first, last;	/* wall clock */
	int64_t more;		/* how often it was repeated */
};

struct helmlog {
	struct helmlog_line lines[HELMLOG_LINES];
	size_t n;		/* all that ever came: the next one goes to n % HELMLOG_LINES */
};

void helmlog_clear(struct helmlog *l);
void helmlog_release(struct helmlog *l);
/* For notices.parts; `ctx` is the struct helmlog. */
void helmlog_add(void *ctx, enum notice_level level, str msg, const struct notice_field *fields,
		 size_t n);
/* All lines, from the oldest; empty when there is none. */
str helmlog_text(const struct helmlog *l, struct arena *a);

#endif
