/* store - all objects as they are now, the last changes, and the log on disk.
 *
 * The current state is in memory, as blobs (blob.h), one sorted set for each
 * resource. SQLite holds the log of all writes: what is read again at the
 * next start, and never in between. One writer at a time leads: it takes all writes that
 * came while another one led, gives them their resourceVersions, commits them
 * together, and only then shows them to readers; then the first of those that came
 * meanwhile leads. So what is answered is there after a crash, nobody sees what
 * might be lost, many writes cost one commit, and a lone one waits for no other thread.
 *
 * One counter numbers all writes and never goes back, not even when a power
 * cut takes the last commits: it is reserved on disk ahead of use. After
 * such a loss the numbers between are a hole, and a watch from inside it
 * must begin anew.
 *
 * The last changes stay in memory, bounded by bytes and age, with the state
 * before and after: a watch resumes from them, a list of an older state is
 * made by taking them back. What is older is compacted: STORE_EXPIRED.
 *
 * A write names the state that it was made from (`expect`): another write in
 * between makes it fail, and whoever made it reads, thinks and tries again.
 *
 * With the path ":memory:" nothing is written anywhere.
 *
 * Any thread, but for store_open and store_close.
 */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "base/err.h"
#include "server/blob.h"

struct store;
/* One resource: its objects under one storage version. Lives as long as the store. */
struct store_table;

struct store_options {
	str dir;		/* exists; or ":memory:" */
	bool full_sync;		/* also a power cut takes no answered write */
	size_t history_bytes;	/* of states that are not current any more; 0: STORE_HISTORY_BYTES */
	int64_t history_age;	/* nanoseconds; 0: STORE_HISTORY_AGE */
	/* Called after each commit, on the thread of one of the writers; one at a
	 * time; must not block. */
	void (*changed)(void *ctx);
	void *ctx;
};

/* As etcd under kube-apiserver keeps five minutes; the bytes bound what a
 * storm of updates can make us hold. */
#define STORE_HISTORY_AGE (5 * CLOCK_MINUTE)
enum { STORE_HISTORY_BYTES = 8 << 20, STORE_HISTORY_EVENTS = 1 << 16 };
/* Writes in one commit, and numbers reserved ahead: enough that the wait for the disk, which a
 * reservation is, is seldom; a crash leaves a hole that large at most. */
enum { STORE_GROUP_MAX = 512, STORE_RESERVE = 1 << 20 };

err *store_open(struct store **out, const struct store_options *o)
	__attribute__((warn_unused_result));
/* Nobody writes any more. NULL is fine. */
void store_close(struct store *s);

/* The resource "deployments" of group "apps", made when it is new. */
struct store_table *store_table(struct store *s, str group, str plural);
/* "apps/deployments", "/configmaps": as the log names it. */
str store_table_name(const struct store_table *t);
/* The number of its last change that readers see; 0: none that can be told of. */
uint64_t store_changed(const struct store_table *t);
size_t store_count(struct store *s, struct store_table *t);
/* All tables there are, in the order of their making: gives at most `cap`. */
size_t store_tables(struct store *s, struct store_table **out, size_t cap);

/* ---- reading ----------------------------------------------------------- */

/* The number of the last write that readers see. */
uint64_t store_rv(struct store *s);

/* A reference, or NULL. */
struct blob *store_get(struct store *s, struct store_table *t, str namespace, str name);

struct store_range {
	str namespace;		/* empty: all */
	str after_namespace, after_name;	/* begin behind this key; empty: at the front */
	size_t limit;		/* 0: all */
	uint64_t at;		/* the state as of this write; 0: the current one */
};

struct store_list {
	struct blob **p;	/* references */
	size_t n;
	size_t more;		/* objects of the range beyond the limit */
	uint64_t rv;		/* of the state */
};

enum store_found { STORE_OK, STORE_EXPIRED, STORE_FUTURE };

/* Objects in order. `out` is set for STORE_OK only. */
enum store_found store_list(struct store *s, struct store_table *t, const struct store_range *r,
			    struct store_list *out);
void store_list_release(struct store_list *l);

enum store_change { STORE_ADDED, STORE_MODIFIED, STORE_DELETED };

struct store_event {
	uint64_t rv;
	struct store_table *table;
	enum store_change change;
	struct blob *now;	/* STORE_DELETED: the last state, under the number of the deletion */
	struct blob *before;	/* NULL: there was none */
};

/* Changes behind `after`, in order, at most `cap` of them: of one resource, or of
 * all when `t` is NULL. `upto` is where the next call goes on: nothing up to
 * there was left out. The events hold references: store_event_release. */
enum store_found store_events(struct store *s, struct store_table *t, uint64_t after,
			      struct store_event *out, size_t cap, size_t *n, uint64_t *upto);
void store_event_release(struct store_event *e);
/* The oldest number from which events can be had. */
uint64_t store_oldest(struct store *s);

/* ---- writing ----------------------------------------------------------- */

enum store_write { STORE_CREATE, STORE_UPDATE, STORE_DELETE, STORE_SETTLE /* store_settle's */ };

enum store_outcome {
	STORE_DONE,
	STORE_EXISTS,		/* of a creation */
	STORE_MISSING,		/* it is not there (any more) */
	STORE_CONFLICT,		/* it is not the state that was expected */
	STORE_NO_GUARD,		/* what must be there besides is not */
	STORE_FAILED,		/* the disk: see `error` */
};

struct store_op {
	enum store_write write;
	struct store_table *table;
	uint64_t expect;		/* resourceVersion of the current state; 0: any */
	struct blob_parts parts;	/* borrowed until done; of a deletion: the last state */
	/* An object of another resource that must be there, such as the
	 * namespace; NULL: none. */
	struct store_table *guard;
	str guard_name;
	/* results */
	enum store_outcome outcome;
	struct blob *blob;		/* STORE_DONE: a reference on the new state */
	err *error;			/* STORE_FAILED */
	struct store_op *next;		/* the store's, as is the next */
	struct store_waiting *waiting;
};

/* Commit it, or wait until another writer has. Not on the loop thread. */
enum store_outcome store_write(struct store *s, struct store_op *op);

/* Until store_settle, thousands of writes are one transaction: for a start, when nobody has
 * been answered yet and each of them would wait for the disk. Before the first write. */
void store_hold(struct store *s);
/* Fails when some of that could not be written. */
err *store_settle(struct store *s) __attribute__((warn_unused_result));

/* The object is the same, only written by a newer schema: put it in the
 * place of the state `old` for readers, without number, log or event. Takes `b`. */
void store_refresh(struct store *s, struct store_table *t, const struct blob *old, struct blob *b);

#endif
