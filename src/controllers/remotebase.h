/* remotebase - what a build fetches that lies in no source: bases in other
 * repositories, files by URL (kustomize's remote targets).
 *
 * A repository is fetched as a GitRepository is, one commit of it, into the
 * artifact store, and opened from there; it is dropped when the build is over,
 * as what a branch holds may be another commit next time. Without credentials.
 *
 * Of one build; blocks its worker.
 */
#ifndef CONTROLLERS_REMOTEBASE_H
#define CONTROLLERS_REMOTEBASE_H

#include "kustomize/loader.h"
#include "source/artifact.h"
#include "source/gitsource.h"

enum { REMOTEBASE_FILE_MAX = 32 << 20 };	/* bytes */

struct remotebase_env {
	struct gitsource_env with;	/* without a store: files alone */
	struct artifact_owner owner;	/* of what is fetched, while the build lasts */
	struct arena *arena;		/* of the build */
	/* Called before something is fetched, to make what `with` lacks; may be NULL. */
	err *(*need)(struct remotebase_env *env);
};

struct remotebase {
	struct remote remote;		/* first */
	struct remotebase_env *env;
	struct artifact_tree *trees[FILES_ROOTS_MAX];
	bool used;			/* something was to be fetched */
};

/* The environment is borrowed until close. */
void remotebase_open(struct remotebase *b, struct remotebase_env *env);
/* For CLEANUP(remotebase_close) struct remotebase b. */
void remotebase_close(struct remotebase *b);

#endif
