/* write - create, update, patch and delete, of objects and their status.
 *
 * Each is the function of a verb: it reads the body, and hands a change to
 * change.h. Workers.
 */
#ifndef SERVER_WRITE_H
#define SERVER_WRITE_H

#include "server/change.h"

err *write_create(struct request *r) __attribute__((warn_unused_result));
err *write_update(struct request *r) __attribute__((warn_unused_result));
err *write_patch(struct request *r) __attribute__((warn_unused_result));
err *write_delete(struct request *r) __attribute__((warn_unused_result));
err *write_delete_all(struct request *r) __attribute__((warn_unused_result));
/* A deletion as part of something else: of the request's object, without an answer. */
err *write_remove(struct request *r, const struct options_delete *o) __attribute__((warn_unused_result));

/* The parts of a patch, for subresources that are patched, too. `current` is
 * what is patched; the result is not fitted to any type. Findings get what a strict
 * decoder objects to in the patch itself, `shown` the text that messages about a
 * wrong result quote. */
struct write_patch {
	enum negotiate_body form;
	str body;
	const struct type *type;	/* of a strategic merge */
};
err *write_patched(struct arena *a, const struct write_patch *p, node current,
		   struct body_findings *f, str *shown, node *out)
	__attribute__((warn_unused_result));
/* What came of reading the result: an error `e`, or findings that `fields`
 * makes one, refuse the patch. `shown` is from write_patched. */
err *write_patch_findings(struct change *c, str shown, const struct body_findings *f, err *e)
	__attribute__((warn_unused_result));

struct managed_result;
/* The body of an apply, as it was read. */
err *write_read_config(struct request *r, node *out) __attribute__((warn_unused_result));
/* The 409 of an apply; an error of kube/ with its code made a Status. */
err *write_conflict(const struct managed_result *m) __attribute__((warn_unused_result));
err *write_with_code(struct arena *a, err *e) __attribute__((warn_unused_result));

#endif
