/* decryption - SOPS as a build of Flux takes it: keys and the function around them.
 *
 * For the Kustomization controller the keys are those of spec.decryption: of the
 * Secret that it names, or of --sops-age-secret, and besides what an identity at a cloud
 * or a Vault opens (decryption_identity.h). Offline (`rill build`) they are those
 * of the machine. Errors have Flux's words; reasons are the caller's.
 *
 *	CLEANUP(decryption_close) struct decryption d = { 0 };
 *	TRY(decryption_open(&d, pass));
 *	rendering.decryptor = decryption_of(&d);
 *
 * Worker-local.
 */
#ifndef CONTROLLERS_DECRYPTION_H
#define CONTROLLERS_DECRYPTION_H

#include "controllers/decryption_identity.h"
#include "kustomize/flux.h"
#include "sops/sops.h"

struct decryption {
	struct flux_decryptor flux;	/* first */
	struct sops_keys *keys;		/* NULL: nothing is to be decrypted */
	struct decryption_identity identity;
};

/* By the spec of a pass's object; without spec.decryption nothing is opened. */
err *decryption_open(struct decryption *d, struct pass *p) __attribute__((warn_unused_result));
/* With the keys of the environment, and for clouds as who it says we are. `*found`: whether
 * there are any. `net` may be NULL: then key services are not asked. */
err *decryption_offline(struct decryption *d, struct net_client *net, char *const *env,
			bool *found) __attribute__((warn_unused_result));
void decryption_close(struct decryption *d);

/* NULL when nothing is to be decrypted. */
struct flux_decryptor *decryption_of(struct decryption *d);

#endif
