/* notice - what goes beside the result: Helm's log lines.
 *
 *	level=WARN msg="returned non-bool value" path=a.enabled chart=a
 *
 * Loading and rendering know nobody's standard error; whoever calls them
 * hands in a struct of one function that takes whole lines, or one that takes
 * what they are made of. The layout is that of Go's slog text handler without
 * the time. Any thread that may call the function.
 */
#ifndef HELM_NOTICE_H
#define HELM_NOTICE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum notice_level { NOTICE_DEBUG, NOTICE_INFO, NOTICE_WARN, NOTICE_ERROR };

enum notice_kind { NOTICE_TEXT, NOTICE_NUMBER, NOTICE_TRUTH, NOTICE_CAUSE, NOTICE_CAUSES };

struct notice_field {
	const char *key;	/* NULL: there is none */
	str value;
	enum notice_kind kind;
	int64_t number;		/* NOTICE_NUMBER; NOTICE_TRUTH: 0 or 1 */
	const err *cause;	/* NOTICE_CAUSE; NULL: its text is `value` */
	err *const *causes;	/* NOTICE_CAUSES: `number` of them */
};
#define NOTICE_N(key, n) { (key), STR_NONE, NOTICE_NUMBER, (int64_t)(n), NULL, NULL }
#define NOTICE_IF(key, truth) { (key), STR_NONE, NOTICE_TRUTH, (truth), NULL, NULL }
#define NOTICE_ERR(e) { "error", STR_NONE, NOTICE_CAUSE, 0, (e), NULL }
/* A list of them. */
#define NOTICE_ERRS(p, n) { "error", STR_NONE, NOTICE_CAUSES, (int64_t)(n), NULL, (p) }

struct notices {
	/* `line` has no newline at its end. */
	void (*line)(void *ctx, enum notice_level level, str line);
	void *ctx;
	/* The same before it is a line; NULL: lines are wanted. */
	void (*parts)(void *ctx, enum notice_level level, str msg,
		      const struct notice_field *fields, size_t n);
	bool debug;		/* NOTICE_DEBUG is wanted, too */
};

/* `to` may be NULL: nobody listens. */
void notice_write(const struct notices *to, enum notice_level level, str msg,
		  const struct notice_field *fields, size_t n);
#define notice(to, level, msg, ...)                                              \
	notice_write((to), (level), (msg), (const struct notice_field[]){ __VA_ARGS__ }, \
		     sizeof((const struct notice_field[]){ __VA_ARGS__ }) /      \
			     sizeof(struct notice_field))
/* The fields as a JSON object, by key, as encoding/json has them: of an error nothing but
 * what the API server said, and that where nothing was put before it. */
void notice_add_json(struct buf *b, const struct notice_field *fields, size_t n);
/* A line of Go's package log, which Helm shows as information. */
void notice_printf(const struct notices *to, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
