/* loader - one root of a build, and the files it may read.
 *
 * Each kustomization is a root: a directory without links in its path. Roots
 * refer to others; a root that contains one already on the way is a cycle.
 * Files must lie in or below their own root, unless the restriction is
 * lifted. Remote files and repositories are fetched through `struct remote`.
 *
 * Ownership: loaders live in the arena of the build. Worker-local.
 */
#ifndef KUSTOMIZE_LOADER_H
#define KUSTOMIZE_LOADER_H

#include "kustomize/files.h"

/* How remote bases come in; filled in by whoever may use the network. NULL
 * functions refuse. */
struct remote {
	/* A file: its bytes. */
	err *(*fetch_file)(struct remote *r, struct arena *a, str url, str *out);
	/* A repository: a directory on disk, kept until the build is over, and
	 * the path of the base in it. */
	err *(*fetch_repo)(struct remote *r, struct arena *a, str url, str *checkout, str *base);
	/* Where the build may not leave one directory, those of fetch_repo may be read,
	 * too. */
	struct files_roots roots;
};

struct loader {
	const struct files *files;
	struct remote *remote;		/* NULL: remote bases are refused */
	const struct loader *referrer;	/* the root that led here; NULL at the top */
	str root;
	str repo_url, repo_dir;		/* of the clone that this root is the entry of */
	bool restrict_files;		/* LoadRestrictionsRootOnly */
	bool release_581;		/* do as kustomize 5.8.1, which takes names with ".." inside */
};

/* The top of a build; `target` is a directory or a URL. */
err *loader_open(struct arena *a, const struct files *files, struct remote *remote, str target,
		 str working_dir, bool restrict_files, struct loader **out)
	__attribute__((warn_unused_result));
/* A root named in a kustomization file. */
err *loader_enter(struct arena *a, const struct loader *from, str path, struct loader **out)
	__attribute__((warn_unused_result));

/* The bytes of a file named in a kustomization file. `real` (or NULL) gets
 * its path. */
err *loader_read(struct arena *a, const struct loader *l, str path, str *text, str *real)
	__attribute__((warn_unused_result));

/* Whether kustomize would take the text for the URL of a repository or a file. */
bool loader_is_repo(str path);
bool loader_is_remote_file(str path);

#endif
