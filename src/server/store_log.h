/* store_log - the log of all writes, in one SQLite file.
 *
 * A row is one write: its number, the key, what it did, which row it
 * replaced, and the whole new state. Nothing is ever changed in place:
 * what is current is found by reading all rows in order, once, at the start. Rows
 * that a later one replaced go away when that one is compacted, and so do
 * deletions.
 *
 * The file is in WAL mode and locked for this process alone. Used by one
 * thread at a time: the opening one, then that of the writer that leads (store.h).
 */
#ifndef SERVER_STORE_LOG_H
#define SERVER_STORE_LOG_H

#include "base/err.h"
#include "base/str.h"

struct store_log;

struct store_log_row {
	uint64_t rv, before;		/* before: the row it replaces; 0: none */
	str table, namespace, name;
	int64_t change;			/* enum store_change */
	uint32_t body_at, meta_at;
	uint64_t stamp;
	str json;
};

struct store_log_marks {
	uint64_t compacted;		/* rows up to it may be missing */
	uint64_t reserved;		/* numbers up to it may have been given out */
	uint64_t hole_from, hole_to;	/* numbers in between were lost; 0: none */
};

err *store_log_open(struct store_log **out, str dir, bool full_sync)
	__attribute__((warn_unused_result));
void store_log_close(struct store_log *l);

/* All rows, by number; a damaged one ends it with an error. The texts live until
 * `visit` returns. */
err *store_log_read(struct store_log *l, void (*visit)(void *ctx, const struct store_log_row *row),
		    void *ctx) __attribute__((warn_unused_result));
/* Whether a row can be what the server wrote: its change is one, its JSON is an object,
 * and metadata is where it says. The disk, or somebody's editor, may have changed it. */
err *store_log_check(const struct store_log_row *row) __attribute__((warn_unused_result));
struct store_log_marks store_log_marks(const struct store_log *l);

/* Writing: begin, rows, then commit or undo. After an error there is nothing
 * to undo. */
err *store_log_begin(struct store_log *l) __attribute__((warn_unused_result));
err *store_log_add(struct store_log *l, const struct store_log_row *row)
	__attribute__((warn_unused_result));
err *store_log_commit(struct store_log *l) __attribute__((warn_unused_result));
void store_log_undo(struct store_log *l);

/* Write the marks down, on the disk itself: they hold after a power cut. */
err *store_log_mark(struct store_log *l, const struct store_log_marks *marks)
	__attribute__((warn_unused_result));
/* Drop rows that nobody needs who knows the state at `upto`. */
err *store_log_compact(struct store_log *l, uint64_t upto) __attribute__((warn_unused_result));

#endif
