#include "cli/remotebases.h"

#include "net/client.h"

static err *need(struct remotebase_env *env)
{
	struct remotebases *r = (struct remotebases *)env;

	if (r->store)
		return NULL;
	if (!r->net)
		TRY(net_client_new(&r->net, &(struct net_options){ .proxy_env = true }));
	if (!r->dir)
		TRY(fs_open_temp(&r->dir, STR_NONE, S("rill-bases-")));
	TRY(artifact_store_open(&r->store, &(struct artifact_options){ .dir = fs_root(r->dir) }));
	r->env.with.net = r->net;
	r->env.with.store = r->store;
	return NULL;
}

struct remote *remotebases_open(struct remotebases *r, struct arena *a)
{
	r->env = (struct remotebase_env){ .owner = { S("KustomizeBase"), S("build"), S("base") },
					  .arena = a,
					  .need = need };
	remotebase_open(&r->base, &r->env);
	return &r->base.remote;
}

void remotebases_close(struct remotebases *r)
{
	if (r->base.env)
		remotebase_close(&r->base);
	artifact_store_drop(&r->store);
	net_client_drop(&r->net);
	fs_drop(&r->dir);
}
