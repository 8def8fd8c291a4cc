/* gitobj - what Git's commits, tags and trees say.
 *
 * Read are their bytes as they come out of a pack. A commit or tag also
 * tells what was signed: the object without its signature, byte for byte.
 * Names in trees are a stranger's: gitobj_check_name refuses all that could
 * reach out of a directory or into Git's own files on any file system, with
 * every disguise of ".git" that Git itself refuses.
 *
 * Results borrow from the bytes, or live in the arena where it says so. Any
 * thread.
 */
#ifndef SOURCE_GITOBJ_H
#define SOURCE_GITOBJ_H

#include "base/arena.h"
#include "base/buf.h"
#include "source/gitid.h"

/* "Name <email> 1700000000 +0100" */
struct gitobj_person {
	str name, email;
	int64_t when; /* seconds since 1970 */
	int32_t zone; /* minutes east of UTC */
};

struct gitobj_commit {
	struct gitid tree;
	struct gitid parent; /* the first; n 0: none */
	struct gitobj_person author, committer;
	str message;
	str signature; /* empty: not signed; in the arena */
	str payload;   /* what was signed; in the arena when signed */
};

struct gitobj_tag {
	struct gitid target;
	str target_type; /* "commit" */
	str name;
	struct gitobj_person tagger;
	str message; /* without the signature */
	str signature, payload;
};

/* More headers and larger signatures than any program writes. */
enum { GITOBJ_HEADERS_MAX = 10000, GITOBJ_SIGNATURE_MAX = 1 << 20 };

err *gitobj_commit(struct arena *a, str bytes, enum gitid_algo algo, struct gitobj_commit *out)
	__attribute__((warn_unused_result));
err *gitobj_tag(struct arena *a, str bytes, enum gitid_algo algo, struct gitobj_tag *out)
	__attribute__((warn_unused_result));
/* The first line of a message, cut after 50 runes: what events show. */
void gitobj_subject(struct buf *b, str message);

enum gitobj_mode {
	GITOBJ_DIR = 0040000,
	GITOBJ_FILE = 0100644,
	GITOBJ_EXEC = 0100755,
	GITOBJ_LINK = 0120000,
	GITOBJ_MODULE = 0160000,
};

struct gitobj_entry {
	enum gitobj_mode mode; /* one of these; files of other modes are plain or executable */
	str name;
	struct gitid id;
};

/* Take the next entry of a tree off the front; false at its end. Names are
 * checked, and the order in which they stand, so none comes twice. `last`
 * is the caller's for all of one tree, first all zero. */
struct gitobj_order {
	str name;
	bool dir;
};
err *gitobj_tree_next(str *tree, enum gitid_algo algo, struct gitobj_order *last,
		      struct gitobj_entry *out, bool *more) __attribute__((warn_unused_result));

/* NULL, or `invalid path: "a/.git/x"` with the name in quotes. */
err *gitobj_check_name(str name) __attribute__((warn_unused_result));

/* Whether a reference's full name is one that Git allows; it never begins
 * with '-', holds no control character, no "..", no "@{", no " ~^:?*[\". */
bool gitobj_is_ref_name(str name);

#endif
