/* envsubst - Flux's variable substitution: ${name:-default} and its kin.
 *
 * Looks like a shell's and is not: only ${...} counts, "$$" is a dollar,
 * `:=`, `:-`, `:?` and `:+` all mean "if empty", patterns of # and % are
 * globs whose `*` also matches slashes, those of / are plain texts. A NUL
 * byte ends the text, as in the original.
 *
 * Strict: a variable that is not set is an error unless its operator gives a
 * default. As fluxcd/pkg/envsubst 1.8 does, but that all of them are
 * reported at once: the error is of the kind ERR_NOT_FOUND, its detail their names, one a
 * line. Worker-local.
 */
#ifndef KUSTOMIZE_ENVSUBST_H
#define KUSTOMIZE_ENVSUBST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

/* Variables: a map from name to `const str *`. */
err *envsubst(struct arena *a, str text, const struct map *vars, bool strict, struct buf *out)
	__attribute__((warn_unused_result));

#endif
