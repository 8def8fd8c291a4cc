/* cel_issues - what is wrong with an expression, and where.
 *
 * Errors are collected while an expression is parsed, checked and validated,
 * and printed in the order of their places as cel-go prints them, each with
 * its line of source and a caret. Places are runes, counted from the start.
 * Worker-local.
 */
#ifndef CEL_CEL_ISSUES_H
#define CEL_CEL_ISSUES_H

#include "base/vec.h"

/* Errors that are kept; of the others only the number is told. */
enum { CEL_ISSUES_MAX = 100 };

struct cel_issue {
	int32_t line, column;	/* from 1, and in runes from 0; -1, -1: nowhere */
	str text;
};

struct cel_issues {
	struct arena *a;
	str source;
	VEC(struct cel_issue) list;
	size_t n;		/* reported, kept or not */
};

#define CEL_NOWHERE UINT32_MAX

/* Report at a rune of the source, or CEL_NOWHERE. */
void cel_issues_add(struct cel_issues *issues, uint32_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* NULL when there are none. */
err *cel_issues_error(const struct cel_issues *issues) __attribute__((warn_unused_result));

#endif
