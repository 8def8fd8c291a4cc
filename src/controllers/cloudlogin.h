/* cloudlogin - what an identity at a cloud is good for at its registries and Git servers.
 *
 * spec.provider of an OCIRepository, a HelmRepository (oci) or a GitRepository says whose
 * they are. A token of the identity (identity.h) becomes a login:
 *
 *   Amazon   a token of ECR, public or of a region, for a signed request;
 *            CodeCommit takes a signature for password
 *   Azure    the registry itself gives one in exchange; Azure DevOps takes the token
 *   Google   registries take the token
 *
 * Only hosts that are of that cloud get one, by Flux's patterns. Registries' logins are
 * kept like tokens. Errors have Flux's words (fluxcd/pkg/auth), but for what the caller
 * says before them. Worker threads, which wait.
 */
#ifndef CONTROLLERS_CLOUDLOGIN_H
#define CONTROLLERS_CLOUDLOGIN_H

#include "controllers/identity.h"
#include "source/gitremote.h"
#include "source/ociauth.h"

/* Whether spec.provider is that of a cloud: neither "generic" nor empty. */
bool cloudlogin_wanted(str provider);
/* An account needs the gate: FeatureGateDisabled, else. */
err *cloudlogin_check(struct pass *p, str account) __attribute__((warn_unused_result));
/* The identity of an object's spec.serviceAccountName, or who we are without one; an
 * account needs the gate, else the error is marked FeatureGateDisabled, and stalls. */
err *cloudlogin_identity(struct pass *p, str account, const struct net_proxy *proxy,
			 struct identity *out) __attribute__((warn_unused_result));

/* `url` is "oci://host/path"; texts live in the arena. */
err *cloudlogin_registry(const struct identity *who, struct arena *a, str provider, str url,
			 struct ociauth *out) __attribute__((warn_unused_result));
/* Sets user and password, or the token. "aws" and "azure". */
err *cloudlogin_git(const struct identity *who, struct arena *a, str provider, str url,
		    struct gitremote_auth *out) __attribute__((warn_unused_result));

#endif
