/* view - objects and lists as the request wants to see them.
 *
 * JSON or YAML; the object itself, its metadata alone, or a table row: what
 * negotiate.h found in Accept. Each function fills in the answer. Worker-local.
 */
#ifndef SERVER_VIEW_H
#define SERVER_VIEW_H

#include "server/request.h"
#include "server/store.h"
#include "server/table.h"

/* One object, of the request's kind or of another. */
err *view_blob(struct request *r, const struct kind *k, struct blob *b)
	__attribute__((warn_unused_result));
err *view_object(struct request *r, const struct kind *k, node object)
	__attribute__((warn_unused_result));
/* What is no object of a kind row, such as a Status or a Scale: JSON or YAML. */
err *view_tree(struct request *r, node tree) __attribute__((warn_unused_result));

/* The answer's body is compact JSON: give it the form that was asked for. */
err *view_finish(struct request *r) __attribute__((warn_unused_result));

struct view_list {
	const struct kind *kind;
	struct blob **items;		/* in order */
	size_t n;
	uint64_t rv;
	str token;			/* continue; empty: none */
	int64_t remaining;		/* -1: not told */
};
err *view_list(struct request *r, const struct view_list *l) __attribute__((warn_unused_result));

/* The object of a watch's event, compact, added to `b`. `first`: of a table,
 * tells the columns. */
struct view_event {
	const struct kind *kind;
	const struct request_accept *accept;
	enum table_include include;
	bool first;
};
void view_event(struct buf *b, struct arena *a, const struct view_event *v, const struct blob *blob);

/* includeObject of the query, checked: 400 for an odd one. */
err *view_include(const struct request *r, enum table_include *out)
	__attribute__((warn_unused_result));

#endif
