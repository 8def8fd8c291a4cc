/* canon - a built-in object in the one form in which it is kept.
 *
 * The API server decodes built-in objects into Go structs and prints these,
 * and what is printed is not what was sent: fields that the struct lacks are
 * gone, zeros without a pointer are left out, structs and lists that cannot
 * be left out appear as {} and null, quantities, times and bytes get their
 * canonical text. Whoever compares objects, tracks the owners of fields or
 * prints answers relies on that form, so every body of a built-in kind goes
 * through here once, right after it was read, and so does what a patch made.
 *
 * canon_object of an empty map is the zero object of the kind: what field
 * tracking compares a new object with.
 *
 * The result is a new tree, fields sorted by name; it shares texts with the
 * input, and whole subtrees below fields of any type. Defaults are not set
 * here. Worker-local.
 */
#ifndef KUBE_CANON_H
#define KUBE_CANON_H

#include "schema/type.h"

/* As in the original decoder, the list ends there. */
enum { CANON_UNKNOWN_MAX = 100, CANON_DEPTH_MAX = 500 };

/* Paths of fields that the types do not have, in the order of the text:
 * "spec.template.spec.containers[0].imagePullPolice". */
struct canon_unknown {
	str list[CANON_UNKNOWN_MAX];
	size_t n;
	bool no_keys;		/* keys of maps are not told, as canon_restored does it */
};

/* `unknown` may be NULL. Errors are the decoder's: "json: cannot unmarshal
 * number into Go struct field ConfigMap.data of type string", "illegal
 * base64 data at input byte 3". A NULL type gives the input back. */
err *canon_object(struct arena *a, node in, const struct type *type, struct canon_unknown *unknown,
		  node *out) __attribute__((warn_unused_result));

/* The same for what a strategic patch or an apply made: in the original that
 * does not go through JSON again but from maps straight into the struct. That
 * reader takes 2.0 for 2, cuts integers off to their size and has words of
 * its own: "cannot restore slice from map". `unknown` comes sorted. Of several
 * mistakes the first by name is told, in the original the first of the struct. */
err *canon_restored(struct arena *a, node in, const struct type *type, struct canon_unknown *unknown,
		    node *out) __attribute__((warn_unused_result));

#endif
