/* body - the body of a request, read as the object that it should be.
 *
 * Text or binary in, a tree in the kind's own form out: unknown fields gone
 * (and refused, or warned of, or neither, as fieldValidation says), values in
 * their canonical texts, defaults set. Mistakes have the words of the API's
 * decoders. Worker-local.
 */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "kube/canon.h"
#include "server/negotiate.h"
#include "server/options.h"

/* What a strict decoder objects to: `unknown field "spec.x"`. */
struct body_findings {
	struct arena *arena;
	str *list;
	size_t n, cap;
};
void body_find(struct body_findings *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "strict decoding error: A, B" */
err *body_strict(const struct body_findings *f) __attribute__((warn_unused_result));
/* Each a warning. */
void body_warn(const struct body_findings *f, struct kind_warnings *w);

/* A tree, of which nothing is known, made an object of the kind. `findings`
 * may be NULL. The error is the decoder's own. */
err *body_fit(struct arena *a, const struct kind *k, node in, struct body_findings *findings,
	      node *out) __attribute__((warn_unused_result));
/* The same for what a strategic patch made (canon_restored). */
err *body_restore(struct arena *a, const struct kind *k, node in, struct body_findings *findings,
		  node *out) __attribute__((warn_unused_result));

/* The body as an object of `k`. */
err *body_read(struct request *r, const struct kind *k, enum options_fields fields, node *out)
	__attribute__((warn_unused_result));
/* The body as an object of a built-in kind that is no resource: a Scale, a
 * TokenRequest. `type` in its canonical form; NULL: as it is. */
err *body_read_as(struct request *r, struct gvk gvk, const struct type *type,
		  enum options_fields fields, node *out) __attribute__((warn_unused_result));
/* The same, also under an older version of the group, whose fields are the same. */
err *body_read_older(struct request *r, struct gvk gvk, str older, const struct type *type,
		     enum options_fields fields, node *out) __attribute__((warn_unused_result));
/* The body as options of a verb (DeleteOptions): canonical; a mistake is a 400. */
err *body_read_options(const struct request *r, struct gvk gvk, node *out)
	__attribute__((warn_unused_result));

/* "KIND in version "V" cannot be handled as a KIND: ..."; takes `e`. */
err *body_cannot(struct gvk is, str kind, err *e) __attribute__((warn_unused_result));
/* An apiVersion or kind that is no text. */
err *body_odd_name(node in) __attribute__((warn_unused_result));
/* "no kind "A" is registered for version "v1" in scheme ..." */
err *body_not_registered(struct gvk is) __attribute__((warn_unused_result));
/* "converting (v1.Secret) to (core.ConfigMap): unknown conversion" */
err *body_no_conversion(struct gvk is, struct gvk wanted) __attribute__((warn_unused_result));
/* JSON for patches: "error decoding patch: ..." is the caller's. */
err *body_json(struct arena *a, str text, node *out) __attribute__((warn_unused_result));

#endif
