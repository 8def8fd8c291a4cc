/* wire - template values as documents hold them.
 *
 * Go's encoders see more than lists and maps: nil slices are null, bytes are
 * base64, times and versions are texts, structs are maps of their fields.
 * wire_value makes a tree of all that which the JSON and YAML writers take.
 */
#ifndef TMPL_WIRE_H
#define TMPL_WIRE_H

#include "base/err.h"
#include "tmpl/fn.h"

enum wire_form {
	WIRE_JSON,
	WIRE_YAML, /* yaml.v3, which knows no JSON: nil slices are empty, bytes are numbers */
};

/* The value itself when it has nothing special; fails when it is too large. */
err *wire_value(struct tmpl_call *c, node n, enum wire_form form, node *out)
	__attribute__((warn_unused_result));

#endif
