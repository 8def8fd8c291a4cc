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

#include "controllers/pass.h"
#include "kustomize/loader.h"

enum { REMOTEBASE_FILE_MAX = 32 << 20 };	/* bytes */

struct remotebase {
	struct remote remote;		/* first */
	struct pass *p;
	struct artifact_tree *trees[FILES_ROOTS_MAX];
	bool used;			/* something was fetched */
};

void remotebase_open(struct remotebase *b, struct pass *p);
/* For CLEANUP(remotebase_close) struct remotebase b. */
void remotebase_close(struct remotebase *b);

#endif
