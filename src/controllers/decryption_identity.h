/* decryption_identity - what key services are asked with where no Secret has it.
 *
 * Clouds: the identity of spec.decryption.serviceAccountName (or of
 * --default-decryption-service-account), else the controller's own. Vault: a token of the
 * same account, for the address as its audience, exchanged at the login path that the
 * ConfigMap of --sops-vault-configmap has for this address: no other Vault is trusted.
 *
 * Of the pass's worker, as the keys are.
 */
#ifndef CONTROLLERS_DECRYPTION_IDENTITY_H
#define CONTROLLERS_DECRYPTION_IDENTITY_H

#include "base/vec.h"
#include "controllers/identity.h"
#include "sops/sops.h"

struct decryption_vault {
	str address, token;
};

struct decryption_identity {
	struct identity who;
	struct sops_keys *keys;		/* that it is for */
	str vault_namespace, vault_name;	/* of the ConfigMap; name empty: none */
	VEC(struct decryption_vault) vaults;	/* where it is logged in; in `mem` */
	struct arena mem;
};

/* Who we are on a machine of one's own, as clouds' libraries find out by the environment.
 * Borrows. */
void decryption_identity_of_machine(struct decryption_identity *d, struct net_client *net,
				    char *const *env);
/* By the pass's object and the flags. */
void decryption_identity_of_pass(struct decryption_identity *d, struct pass *p);
void decryption_identity_release(struct decryption_identity *d);

/* For struct sops_options; `ctx` is a struct decryption_identity. */
err *decryption_cloud_token(void *ctx, struct arena *a, const struct sops_cloud *ask, str *token)
	__attribute__((warn_unused_result));
err *decryption_vault_token(void *ctx, struct arena *a, str address, str *token)
	__attribute__((warn_unused_result));

#endif
