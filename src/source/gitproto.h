/* gitproto - what a Git server and we say to each other when we fetch, or push.
 *
 * Version 2 is asked for: one request lists the references that matter, one
 * brings a pack. Servers that know only versions 0 and 1 advertise all their
 * references first and take another form of request. Both are here as plain
 * functions between packet lines and structs; where the bytes come from and
 * go to is gitremote's affair.
 *
 * Results live in the arena. Worker-local.
 */
#ifndef SOURCE_GITPROTO_H
#define SOURCE_GITPROTO_H

#include "base/arena.h"
#include "source/gitid.h"
#include "source/gitpack.h"
#include "source/gitpkt.h"

/* More than the largest public repositories have; the second is of all names. */
enum {
	GITPROTO_REFS_MAX = 1000000,
	GITPROTO_NAMES_MAX = 64 << 20,
	GITPROTO_CAPS_MAX = 1000,
	GITPROTO_SHALLOW_MAX = 10000,
};

struct gitproto_ref {
	str name; /* "refs/heads/main" */
	struct gitid id;
	struct gitid peeled; /* what an annotated tag leads to; n 0: it is none */
	str target;          /* of a symbolic one (HEAD), may be empty */
};

struct gitproto_refs {
	struct gitproto_ref *p;
	size_t n;
};

/* NULL when there is none of that full name. */
const struct gitproto_ref *gitproto_find(const struct gitproto_refs *refs, str name);

struct gitproto_server {
	unsigned version; /* 0, 1, 2 */
	enum gitid_algo algo;
	bool shallow;    /* can cut history off */
	bool any_object; /* gives objects that no reference points to */
	bool side_band, ofs_delta, no_progress;
	bool report;     /* tells how a push went */
	struct gitproto_refs refs; /* version 0 and 1: all of them */
};

/* The server's greeting. An empty repository has no references; see
 * gitproto_refs for version 2. */
err *gitproto_greeting(struct gitpkt *in, struct arena *a, struct gitproto_server *out)
	__attribute__((warn_unused_result));

/* One reference is to be moved from `before` (n 0: there is none) to `after`; the pack
 * with what the server lacks follows. */
void gitproto_ask_push(struct buf *b, const struct gitproto_server *server, str name,
		       const struct gitid *before, const struct gitid *after);
/* How it went: an error of code GITPROTO_REJECTED when the reference was not moved. */
err *gitproto_read_report(struct gitpkt *in, const struct gitproto_server *server, str name)
	__attribute__((warn_unused_result));
enum { GITPROTO_REJECTED = 10 };

/* Version 2: ask for references whose names begin with one of the prefixes. */
void gitproto_ask_refs(struct buf *b, enum gitid_algo algo, const str *prefixes, size_t n);
err *gitproto_read_refs(struct gitpkt *in, struct arena *a, enum gitid_algo algo,
			struct gitproto_refs *out) __attribute__((warn_unused_result));

/* Ask for objects and what they need, with no history behind `depth` commits
 * (0: all of it). */
void gitproto_ask_pack(struct buf *b, const struct gitproto_server *server,
		       const struct gitid *wants, size_t n, unsigned depth);
/* The answer: its packfile goes to `pack`, which is then finished. */
err *gitproto_read_pack(struct gitpkt *in, const struct gitproto_server *server, unsigned depth,
			struct gitpack *pack) __attribute__((warn_unused_result));

#endif
