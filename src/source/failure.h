/* failure - an error, and what an object's status is to say of it.
 *
 * Every source kind reports the same way: a condition with a reason and the
 * error's text, and what happens next. failure_mark writes that on the error
 * where it is known, failure_of reads it where statuses are made:
 *
 *	struct failure f = failure_of(e);
 *	condition_set(obj, f.condition, f.polarity, f.reason, err_text(e));
 *	if (f.class == FAILURE_STALLED) ...
 *
 * Texts are static. Any thread.
 */
#ifndef SOURCE_FAILURE_H
#define SOURCE_FAILURE_H

#include "base/err.h"

enum failure_class {
	FAILURE_GENERIC, /* try again, later and later; warning event */
	FAILURE_STALLED, /* not before the object changes; warning event */
	FAILURE_WAITING, /* for something else; normal event */
};

struct failure {
	enum failure_class class;
	/* "FetchFailed"; NULL: an event only. SourceVerified is set to False,
	 * all others to True. */
	const char *condition;
	const char *reason; /* "GitOperationFailed" */
};

/* Gives `e` back. The innermost mark wins. */
err *failure_mark(err *e, enum failure_class class, const char *condition, const char *reason)
	__attribute__((returns_nonnull));
/* Of an error without a mark: generic, no condition, "Failed". */
struct failure failure_of(const err *e);

#endif
