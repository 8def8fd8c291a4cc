/* value - an object as the JSON value that is finally printed.
 *
 * Until the end scalars keep the text they were written as. Here each
 * becomes what it means by YAML 1.2's rules: whole numbers int64 or uint64,
 * other numbers float64, timestamps texts in RFC 3339. What JSON cannot hold
 * fails in the original's words. Worker-local.
 */
#ifndef KUSTOMIZE_VALUE_H
#define KUSTOMIZE_VALUE_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"
#include "value/source.h"

/* A new tree that shares texts. `floats`: all numbers float64, as after a
 * round through an empty interface. */
err *value_of(struct arena *a, node object, bool floats, node *out)
	__attribute__((warn_unused_result));
/* The same, but equal keys, which a tree may have up to now, fail as go-yaml
 * words it. `sources` (or NULL) tells the lines. */
err *value_checked(struct arena *a, struct sources *sources, node object, node *out)
	__attribute__((warn_unused_result));
/* That in place: only scalars that must change are made anew. */
err *value_settle(struct arena *a, struct sources *sources, node *object, bool floats)
	__attribute__((warn_unused_result));
/* That for printing: errors show the object as kustomize's do. */
err *value_to_print(struct arena *a, struct sources *sources, node object, node *out)
	__attribute__((warn_unused_result));

/* The same map with every value as a text. */
node value_texts(struct arena *a, node map);

#endif
