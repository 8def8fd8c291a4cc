/* notice - what goes beside the result: warnings in Helm's log lines.
 *
 *	level=WARN msg="returned non-bool value" path=a.enabled chart=a
 *
 * Loading and rendering know nobody's standard error; whoever calls them
 * hands in a struct of one function that takes whole lines. The layout is
 * that of Go's slog text handler without the time. Any thread that may call
 * the function.
 */
#ifndef HELM_NOTICE_H
#define HELM_NOTICE_H

#include "base/err.h"
#include "base/str.h"

enum notice_level { NOTICE_INFO, NOTICE_WARN, NOTICE_ERROR };

struct notices {
	/* `line` has no newline at its end. */
	void (*line)(void *ctx, enum notice_level level, str line);
	void *ctx;
};

struct notice_field {
	const char *key;
	str value;
};

/* `to` may be NULL: nobody listens. */
void notice_write(const struct notices *to, enum notice_level level, str msg,
		  const struct notice_field *fields, size_t n);
#define notice(to, level, msg, ...)                                              \
	notice_write((to), (level), (msg), (const struct notice_field[]){ __VA_ARGS__ }, \
		     sizeof((const struct notice_field[]){ __VA_ARGS__ }) /      \
			     sizeof(struct notice_field))
/* A line of Go's package log, which Helm shows as information. */
void notice_printf(const struct notices *to, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
