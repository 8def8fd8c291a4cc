/* gitwrite - new commits on top of a commit that was fetched.
 *
 * Files are put into a branch: new blobs, the trees on the way to them, and a
 * commit. All else stays as it is in the parent's trees, which are only referred
 * to. Nothing is compressed against anything: the pack holds the new objects
 * whole, which is right for the few small files that programs write.
 *
 * Several commits may be made, each on top of one before; gitwrite_pack gives
 * all objects since. Worker-local; the base pack is borrowed.
 */
#ifndef SOURCE_GITWRITE_H
#define SOURCE_GITWRITE_H

#include "source/gitobj.h"
#include "source/gitpack.h"

enum { GITWRITE_DEPTH_MAX = 64, GITWRITE_OBJECTS_MAX = 100000 };

struct gitwrite;

/* `base` may be NULL: a repository without commits. */
err *gitwrite_new(struct gitwrite **out, enum gitid_algo algo, struct gitpack *base)
	__attribute__((warn_unused_result));
void gitwrite_free(struct gitwrite *w);
/* For CLEANUP(gitwrite_drop) struct gitwrite *w = NULL. */
void gitwrite_drop(struct gitwrite **w);

/* The file at `path` of a commit; lives as long as the writer, or the base.
 * ERR_NOT_FOUND when there is none. */
err *gitwrite_read(struct gitwrite *w, const struct gitid *commit, str path, str *out)
	__attribute__((warn_unused_result));
/* All files below a folder of a commit, as paths from there, in Git's order;
 * nothing when there is no such folder. `paths` is an array in `a`. */
err *gitwrite_list(struct gitwrite *w, struct arena *a, const struct gitid *commit, str folder,
		   str **paths, size_t *n) __attribute__((warn_unused_result));

struct gitwrite_file {
	str path, text;
};

struct gitwrite_about {
	str name, email;	/* of author and committer */
	int64_t when;		/* seconds since 1970 */
	str message;
	/* The signature of a commit's bytes, in its armour; NULL: none. */
	err *(*sign)(void *ctx, struct arena *a, str bytes, str *out);
	void *ctx;
};

/* `parent` without bytes (n 0): a first commit. Where the files are there
 * already, as they are, `out` is the parent. */
err *gitwrite_commit(struct gitwrite *w, const struct gitid *parent,
		     const struct gitwrite_file *files, size_t n,
		     const struct gitwrite_about *about, struct gitid *out)
	__attribute__((warn_unused_result));

/* All objects made so far, as a pack. */
err *gitwrite_pack(struct gitwrite *w, struct buf *out) __attribute__((warn_unused_result));

#endif
