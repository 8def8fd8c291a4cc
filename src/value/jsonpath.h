/* jsonpath - kubectl's JSONPath templates.
 *
 * A template is text with actions in braces: `{.items[*].metadata.name}`,
 * `{range .items[?(@.kind=="Pod")]}{.a}{"\n"}{end}`. This is the dialect of
 * k8s.io/client-go/util/jsonpath, its oddities included: '@' and '$' both
 * mean the current value, a filter compares one side with the other with one
 * operator, an index out of range is an error, a negative one counts from
 * the end. Every action gives a set of values; text outside braces, too.
 *
 * Maps are walked in their own order where the original has none.
 *
 * A parsed template borrows from its text, lives in an arena and is
 * immutable: parse once, run often, on any thread. What one run may visit and
 * hold is bounded.
 */
#ifndef VALUE_JSONPATH_H
#define VALUE_JSONPATH_H

#include "base/buf.h"
#include "value/node.h"

struct jsonpath;

/* Longer templates are refused; one run visits so many values at most, holds
 * so many in one set, and so many ranges may stand in each other. */
enum {
	JSONPATH_TEXT_MAX = 1 << 20,
	JSONPATH_VISITS_MAX = 50000000,
	JSONPATH_SET_MAX = 4000000,
	JSONPATH_RANGES_MAX = 500,
};

err *jsonpath_parse(struct arena *a, str text, const struct jsonpath **out)
	__attribute__((warn_unused_result));

/* The template that kubectl makes of a column or sort expression: "a.b",
 * ".a.b", "{a.b}" and "{.a.b}" all mean "{.a.b}"; empty stays empty. */
err *jsonpath_relaxed(struct arena *a, str text, str *out) __attribute__((warn_unused_result));

struct jsonpath_options {
	bool allow_missing;	/* a key that is not there gives nothing, not an error */
	bool json;		/* print each set as an indented JSON list: jsonpath-as-json */
};

/* Print what `path` finds in `root`: maps and lists as JSON, all else as Go's
 * %v, the values of one set with spaces between. Adds nothing on error. `o`
 * may be NULL. */
err *jsonpath_print(struct buf *b, const struct jsonpath *path, node root,
		    const struct jsonpath_options *o) __attribute__((warn_unused_result));

struct jsonpath_set {
	node *items;		/* NODE_NONE: a null document itself */
	size_t n;
};

/* The sets themselves, one an action or text that was reached. They borrow
 * from `root` and `path`; arrays are made in `a`. */
err *jsonpath_find(struct arena *a, const struct jsonpath *path, node root,
		   const struct jsonpath_options *o, struct jsonpath_set **sets, size_t *n)
	__attribute__((warn_unused_result));

/* Append one value as jsonpath_print shows it (without `json`). */
err *jsonpath_print_value(struct buf *b, node value) __attribute__((warn_unused_result));

#endif
