/* helm_depend - dependencies of charts that lie in repositories and registries.
 *
 * What helm/vendor.h asks for, answered as Helm's dependency manager does: by
 * the repositories that were added, else by the URL alone, with an index of
 * its own in the cache. Worker-local.
 */
#ifndef CLI_HELM_DEPEND_H
#define CLI_HELM_DEPEND_H

#include "cli/helm_fetch.h"
#include "helm/vendor.h"

enum helm_depend_verify {
	HELM_DEPEND_NEVER,
	HELM_DEPEND_IF_POSSIBLE,	/* what has a provenance file */
	HELM_DEPEND_ALWAYS,
};

struct helm_depend {
	struct cli *c;
	const struct helm_server_options *server;
	bool skip_refresh;
	enum helm_depend_verify verify;	/* charts of servers; set after helm_depend_init */
	str keyring;			/* the flag's */
	struct helm_repos repos;
	struct helm_index *indexes;	/* of the repositories, once charts are fetched */
	size_t indexes_n;
	struct net_client *net;
	struct flag_list fetched;	/* URLs */
	struct vendor_remote remote;	/* for vendor_update and vendor_build */
};

/* `server` may be NULL: nobody to be told. */
err *helm_depend_init(struct helm_depend *d, struct cli *c,
		      const struct helm_server_options *server, bool skip_refresh)
	__attribute__((warn_unused_result));
void helm_depend_release(struct helm_depend *d);

#endif
