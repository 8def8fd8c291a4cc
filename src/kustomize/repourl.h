/* repourl - the URL of a repository as a kustomization file may name it.
 *
 * "https://host/org/repo//path?ref=v1", "github.com/org/repo/path",
 * "git@host:org/repo.git/path", "ssh://...", "file:///repo//path". Whatever
 * is none of these is a path. Borrows from the text or lives in the arena.
 */
#ifndef KUSTOMIZE_REPOURL_H
#define KUSTOMIZE_REPOURL_H

#include "base/arena.h"

struct repourl {
	str clone;		/* what git is given */
	str path;		/* of the base inside the repository; may be empty */
	str ref;		/* branch, tag or commit; empty: HEAD */
	int64_t timeout;	/* nanoseconds */
	bool submodules;
};

/* False when kustomize would take the text for a path. */
bool repourl_parse(struct arena *a, str text, struct repourl *out);

#endif
