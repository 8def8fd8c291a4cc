/* gittree - what a commit's tree holds, as a list of files.
 *
 * The tree is walked inside its pack and every file is listed with the path
 * it would have; nothing is written anywhere. Each name is checked
 * (gitobj_check_name); trees may refer to the same subtree again and again,
 * so what is bounded is the number of entries seen, not of objects. A
 * submodule is an empty directory, as go-git leaves it, and is reported, so
 * that its own tree can be put there.
 *
 * Lists live in the arena of the list of files. Worker-local.
 */
#ifndef SOURCE_GITTREE_H
#define SOURCE_GITTREE_H

#include "source/filelist.h"
#include "source/gitobj.h"

struct gittree_module {
	str path;
	struct gitid id; /* the commit */
	str url;         /* from .gitmodules; empty: not told */
};

typedef VEC(struct gittree_module) gittree_modules;

enum { GITTREE_MODULES_MAX = 1000, GITTREE_MODULES_FILE_MAX = 1 << 20 };

struct gittree_options {
	str at; /* where it is put, "" for the root */
	/* Only paths that begin with one of them, as go-git does a sparse
	 * checkout; n 0: all. */
	const str *sparse;
	size_t sparse_n;
};

/* `pack` holds the tree and all below it. `modules` may be NULL. */
err *gittree_add(struct filelist *l, struct gitpack *pack, const struct gitid *tree,
		 const struct gittree_options *o, gittree_modules *modules)
	__attribute__((warn_unused_result));

/* What a .gitmodules file says, as [path, url] of each: Git's configuration
 * language as far as it is used there. */
err *gittree_read_modules(struct arena *a, str text, gittree_modules *out)
	__attribute__((warn_unused_result));

#endif
