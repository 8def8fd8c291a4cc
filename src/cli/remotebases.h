/* remotebases - bases in other repositories and files by URL, for commands that build.
 *
 * Nothing is opened before one is named. What is fetched lies in a directory of its own
 * for temporary files, which goes with close. Git's own credentials are not asked for.
 */
#ifndef CLI_REMOTEBASES_H
#define CLI_REMOTEBASES_H

#include "base/fs.h"
#include "controllers/remotebase.h"

struct remotebases {
	struct remotebase_env env;	/* first */
	struct remotebase base;
	struct net_client *net;
	struct artifact_store *store;
	struct fs *dir;
};

/* For what a build calls `remote`; everything lives as long as the arena and until close. */
struct remote *remotebases_open(struct remotebases *r, struct arena *a);
/* For CLEANUP(remotebases_close) struct remotebases r = { 0 }; also when it was never opened. */
void remotebases_close(struct remotebases *r);

#endif
