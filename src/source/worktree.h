/* worktree - a directory on this machine as a source, no commit needed.
 *
 * `rill up ./repo` shows what lies in a directory now. A scan lists its files
 * as a commit of them would: without ".git", and without what .gitignore
 * files leave out. What they hold is named as Git would name it, by the hash
 * of a tree; hashes of files are kept from one scan to the next, as long as
 * size, time and inode say that nothing changed. The revision is
 *
 *	main@sha1:<commit>		where that is just what HEAD holds
 *	main@sha1:<commit>-dirty.<12 digits of the tree>	where it is not
 *	local@sha256:<tree>		where there is no commit
 *
 * HEAD is asked of the git executable, with nothing of the repository's
 * configuration that could start a program; all else is done here.
 *
 * A watch on every directory makes worktree_fd readable when something may
 * have changed. Worker-local.
 */
#ifndef SOURCE_WORKTREE_H
#define SOURCE_WORKTREE_H

#include "source/filelist.h"

struct worktree;

struct worktree_state {
	str revision;
	struct gitid tree;
	bool dirty;            /* not what HEAD holds, or no HEAD */
	struct filelist files; /* sorted */
};

enum { WORKTREE_WATCHES_MAX = 50000 };

err *worktree_open(struct worktree **out, str dir) __attribute__((warn_unused_result));
void worktree_close(struct worktree *w);
/* For CLEANUP(worktree_drop) struct worktree *w = NULL. */
void worktree_drop(struct worktree **w);

/* What is there now; lives in `a`, bytes are read from the directory later. */
err *worktree_scan(struct worktree *w, struct arena *a, struct worktree_state *out)
	__attribute__((warn_unused_result));

/* To be polled for reading, after the first scan. */
int worktree_fd(const struct worktree *w);
/* Forget what was seen so far; false when that was nothing. */
bool worktree_drain(struct worktree *w);

#endif
