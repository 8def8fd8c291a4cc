/* identity - who we are at a cloud: access tokens that no Secret holds.
 *
 * A source's spec.provider (aws, azure, gcp), the ConfigMap of a kubeConfig and the key
 * services of SOPS need one. It is got in one of two ways, as Flux does
 * (fluxcd/pkg/auth 0.55):
 *
 *   for a ServiceAccount of the object's namespace, if the gate
 *   ObjectLevelWorkloadIdentity allows it: our cluster gives a token of the account, and
 *   the cloud exchanges that for one of its own, by what annotations of the account say;
 *
 *   for the controller itself, by what its environment has or its machine's metadata
 *   says: keys, a role or an application with a file that vouches for the Pod, the
 *   Pod's or the node's own credentials.
 *
 *	struct identity who;
 *	struct identity_token got;
 *	identity_of_pass(&who, p, node_str(node_get(p->spec, S("serviceAccountName"))));
 *	TRY(identity_token(&who, p->arena, identity_provider(S("azure")),
 *			   &(struct identity_need){ .scope = IDENTITY_AZURE_DEVOPS }, &got));
 *
 * Tokens are kept and shared until four fifths of their life have passed, an hour at most
 * (--token-cache-max-duration), the last 100 used (--token-cache-max-size).
 *
 * Workers, which wait. Texts live in the arena.
 */
#ifndef CONTROLLERS_IDENTITY_H
#define CONTROLLERS_IDENTITY_H

#include "controllers/cloud.h"
#include "controllers/pass.h"

struct identity_provider;
struct identity_cache;

struct identity {
	struct cloud cloud;
	struct client *client;		/* of our own cluster */
	struct identity_cache *cache;	/* NULL: none */
	str namespace;			/* of the account */
	str account;			/* empty: the controller itself */
	bool account_is_default;	/* of a flag, not of the object */
	bool accounts_allowed;		/* the gate ObjectLevelWorkloadIdentity */
	str kind, name;			/* of the object in the namespace that wants it; empty: nobody's */
	str operation;			/* what for: "reconcile", "fetch_kubeconfig", ... */
	const str *audiences;		/* of the account's token; none: as the cloud wants it */
	size_t audiences_n;
};

/* What the token is for. */
struct identity_need {
	str scope;		/* azure: "https://vault.azure.net/.default" */
	str client;		/* azure: a managed identity that a Secret names; no account */
	str region;		/* aws; empty: $AWS_REGION, which only the controller has */
	str sts_endpoint;	/* aws: spec.sts.endpoint; empty: that of the region */
};

#define IDENTITY_AZURE_DEVOPS S("499b84ac-1321-427f-aa17-267ca6975798/.default")
#define IDENTITY_AZURE_STORAGE S("https://storage.azure.com/.default")
#define IDENTITY_AZURE_EVENT_HUBS S("https://eventhubs.azure.net//.default")

struct identity_token {
	str bearer;			/* azure, gcp; generic: the account's own */
	struct cloud_aws_keys aws;
	int64_t ends;			/* clock_wall; INT64_MAX: it does not */
};

/* "generic", "aws", "azure", "gcp"; NULL for others. */
const struct identity_provider *identity_provider(str name);

/* That of a pass: of the account, or where there is none, of --default-service-account,
 * or the controller's. All is borrowed from the pass and `account`. */
void identity_of_pass(struct identity *out, struct pass *p, str account);

/* "failed to create provider access token for the controller: ...", "failed to get
 * service account 'ns/name': ...", and so on: Flux's words; callers say what for. */
err *identity_token(const struct identity *who, struct arena *a,
		    const struct identity_provider *provider, const struct identity_need *need,
		    struct identity_token *out) __attribute__((warn_unused_result));
/* Where Azure's applications log in: $AZURE_AUTHORITY_HOST, or that of the public cloud. */
str identity_azure_authority(const struct cloud *c);

/* Whose token of our cluster it is (not verified): its subject; `ns` is empty when that is
 * no ServiceAccount. */
err *identity_subject(struct arena *a, str token, str *subject, str *ns, str *name)
	__attribute__((warn_unused_result));

/* ---- the tokens of a process ---------------------------------------------------------- */

/* max 0: none are kept, and NULL is given. */
struct identity_cache *identity_cache_new(size_t max, int64_t max_duration);
void identity_cache_free(struct identity_cache *c);
/* An object is gone: it is not told of any more. NULL is fine. */
void identity_cache_forget(struct identity_cache *c, str kind, str namespace, str name);
/* Prometheus text: gotk_token_cache_*. NULL is fine. */
void identity_cache_metrics(struct identity_cache *c, struct buf *out);

#endif
