/* verification - spec.verify of an object, as a source takes it.
 *
 *	struct verification v = { .p = pass };
 *	spec.verify = verification_run;
 *	spec.verify_ctx = &v;
 *
 * The Secrets are read when something is to be verified, or before that with
 * verification_prepare; their absence is then why it fails. Of the pass's worker only.
 */
#ifndef CONTROLLERS_VERIFICATION_H
#define CONTROLLERS_VERIFICATION_H

#include "controllers/pass.h"
#include "source/ociverify.h"

struct verification {
	struct pass *p;		/* of an OCIRepository or a HelmChart */
	bool chart;

	/* Its own. */
	struct ociverify verify;
	struct credentials keys, root;
	bool ready;
};

/* A verdict that was bad is made anew: SourceVerified goes when it is False. */
void verification_begin(struct pass *p);
/* Secrets and provider; an error says which of them is wrong, as Flux words it. */
err *verification_prepare(struct verification *v) __attribute__((warn_unused_result));
/* `ctx`: the struct verification. */
err *verification_run(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
	__attribute__((warn_unused_result));

#endif
