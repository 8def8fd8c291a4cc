/* up_entry - where in a repository the objects of a cluster begin.
 *
 * What bootstrap leaves behind says it exactly: a folder `flux-system` with
 * gotk-sync.yaml, which lies in the folder that the first Kustomization
 * applies. Where there is none, other signs count, in this order: a folder
 * flux-system (a template for bootstrap), a folder bootstrap, folders below
 * clusters, YAML files at the root.
 *
 * Any thread.
 */
#ifndef CLI_UP_ENTRY_H
#define CLI_UP_ENTRY_H

#include "base/fs.h"

enum { UP_ENTRIES_MAX = 100 };

struct up_entries {
	str paths[UP_ENTRIES_MAX];	/* "clusters/prod", "." for the root; sorted, in the arena */
	size_t n;
};

/* The folders with the strongest sign there is; none: n is 0. */
err *up_entry_find(struct arena *a, const struct fs *fs, struct up_entries *out)
	__attribute__((warn_unused_result));
/* "clusters/prod" of "./clusters/prod/"; "." for the root. */
str up_entry_clean(struct arena *a, str path);

#endif
