/* cells_impl - how the rows of tables that people read are written down, for cells_*.c.
 *
 * A kind's columns are CELLS(kind, rule...): a path each, or a function where Kubernetes
 * computes. Rules are constant, functions look at the object alone. Any thread.
 */
#ifndef SERVER_CELLS_IMPL_H
#define SERVER_CELLS_IMPL_H

#include "base/buf.h"
#include "server/age.h"
#include "server/cells.h"

#define CELL_NAME { CELL_TEXT, .path = "metadata.name" }
#define CELL_AGE { CELL_SINCE, .path = "metadata.creationTimestamp", .fallback = "<unknown>" }
#define CELL_AT(at) { CELL_TEXT, .path = at }
#define CELL_OR(at, text) { CELL_TEXT, .path = at, .fallback = text }
#define CELL_NUMBER(at) { CELL_INT, .path = at }
#define CELL_FLAG(at, text) { CELL_BOOL, .path = at, .fallback = text }
#define CELL_LENGTH(at) { CELL_COUNT, .path = at }
#define CELL_OF(function) { CELL_MADE, .make = function }

/* A kind's rules and their number. */
#define CELLS(name, ...)                                          \
	const struct cell_rule cells_##name[] = { __VA_ARGS__ };  \
	const size_t cells_##name##_n = sizeof cells_##name / sizeof *cells_##name;

/* The text at a path, or empty. */
static inline str cells_text(node object, const char *path)
{
	return node_str_or(cells_dig(object, path), STR_NONE);
}
/* The number at a path, or 0. */
static inline long long cells_int(node object, const char *path)
{
	return (long long)node_int(cells_dig(object, path));
}
/* A text node of what a buffer holds, copied. */
static inline node cells_done(struct arena *a, const struct buf *b)
{
	return node_copy_str(a, buf_str(b));
}
/* `s`, or the other one when it is empty. */
static inline node cells_or(struct arena *a, str s, str other)
{
	return node_from_str(a, s.n ? s : other);
}

/* The texts of a list, or of a field of its items, joined. */
node cells_join(struct arena *a, node list, str key, str separator);
node cells_containers(struct arena *a, node containers, str key);
/* "a,b,c + 2 more..." of at most `max` out of `count`. */
void cells_add_more(struct buf *b, size_t count, size_t max);
bool cells_condition(node conditions, str type, str status);

#endif
