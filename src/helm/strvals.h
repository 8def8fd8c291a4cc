/* strvals - values on a command line: a.b=1,list[2].x=y,c={d,e}.
 *
 * A line is read rune by rune and written straight into a map, so what stood
 * before a mistake has taken effect. Lists grow to at most 65536 items with
 * nulls in the gaps; names nest at most 30 deep. Errors have Helm's words,
 * those of Go panics it turns into errors included.
 *
 * Any thread, one map at a time.
 */
#ifndef HELM_STRVALS_H
#define HELM_STRVALS_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

enum strvals_kind {
	STRVALS_TYPED,		/* --set: true, false, null and whole numbers are no texts */
	STRVALS_STRING,		/* --set-string */
	STRVALS_JSON,		/* --set-json: values are JSON texts */
	STRVALS_FILE,		/* --set-file: values name files */
	STRVALS_LITERAL,	/* --set-literal: one pair, its value is the rest */
};

/* The content of a file. */
typedef err *strvals_load(void *ctx, struct arena *a, str path, str *out);

struct strvals_options {
	enum strvals_kind kind;
	strvals_load *load;	/* STRVALS_FILE */
	void *ctx;
};

/* Parse `line` into the map `into`, which is changed. */
err *strvals_parse(struct arena *a, str line, const struct strvals_options *o, node into)
	__attribute__((warn_unused_result));

#endif
