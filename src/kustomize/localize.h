/* localize - a copy of a kustomization with all that it refers to.
 *
 * As `kustomize localize` makes one: the target and the roots it leads to are
 * written below a new directory, each where it stands below the scope, with
 * their files, generator sources, patches, charts' homes and the files that
 * built-in plugins name. Remote files and repositories come in through
 * `struct remote` and are stored in "localized-files"; the kustomization
 * files, whose fields are then in alphabetical order, name what was stored.
 *
 * Nothing outside the scope is read, nothing outside the new directory is
 * written; when anything fails, the new directory is taken away again.
 * Everything lives in the arena. Worker-local.
 */
#ifndef KUSTOMIZE_LOCALIZE_H
#define KUSTOMIZE_LOCALIZE_H

#include "kustomize/loader.h"
#include "value/source.h"

struct localize_options {
	const struct files *files;
	struct remote *remote;		/* NULL: remote references are refused */
	struct sources *sources;	/* for positions; may be NULL */
	str working_dir;		/* absolute; relative paths count from it */
	str target;			/* a directory or a URL */
	str scope;			/* a directory that holds the target; empty: the target */
	str destination;		/* must not be there yet; empty: "localized-TARGET" */
};

struct localized {
	str destination;		/* the new directory, absolute and without links */
	str target;			/* the copy of the target in it, the same way */
};

err *localize(struct arena *a, const struct localize_options *o, struct localized *out)
	__attribute__((warn_unused_result));

#endif
