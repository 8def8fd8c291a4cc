/* verification - spec.verify of an object, as a source takes it.
 *
 *	spec.verify = verification_run;
 *	spec.verify_ctx = pass;
 *
 * The Secrets are read when something is to be verified, and their absence is then
 * why it fails. Of the pass's worker only.
 */
#ifndef CONTROLLERS_VERIFICATION_H
#define CONTROLLERS_VERIFICATION_H

#include "controllers/pass.h"
#include "source/oci.h"

/* `ctx`: the struct pass of an OCIRepository or a HelmChart. */
err *verification_run(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
	__attribute__((warn_unused_result));

#endif
