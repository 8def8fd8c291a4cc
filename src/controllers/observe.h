/* observe - fields of a spec, and what status says of them.
 *
 * A source's status repeats those fields that went into its artifact
 * (observedIgnore and such), so that a change of one of them is seen. Here
 * are the comparison and the repetition, and how Secrets are referred to.
 *
 * Of a pass's worker; observe_secret is pure.
 */
#ifndef CONTROLLERS_OBSERVE_H
#define CONTROLLERS_OBSERVE_H

#include "controllers/pass.h"

struct observed {
	const char *in_spec, *in_status;
};

/* Whether all fields are as status has them: absent, empty and false are the same. */
bool observe_same(struct pass *p, const struct observed *fields, size_t n);
/* Let status have them as they are. */
void observe_set(struct pass *p, const struct observed *fields, size_t n);

/* For controller.refs: the Secret of a `{name: X}`; any node. */
void observe_secret(struct refs *out, node object, node ref);

/* Whether two lists of artifacts (status.includedArtifacts) are of the same
 * revisions and digests. */
bool observe_same_artifacts(node a, node b);

/* The Secret of a `{name: X}` of the spec into `to`; *out stays as it is when
 * there is no such reference. */
err *observe_get_secret(struct pass *p, node ref, struct credentials *to,
			const struct credentials **out) __attribute__((warn_unused_result));

/* The same in the words of Flux's own reader of Secrets: "secret 'ns/x' not found", "failed to
 * get secret 'ns/x': ...". */
err *observe_read_secret(struct pass *p, node ref, struct credentials *to,
			 const struct credentials **out) __attribute__((warn_unused_result));

#endif
