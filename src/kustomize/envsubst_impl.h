/* envsubst_impl - parsed expressions, and what their operators do. */
#ifndef KUSTOMIZE_ENVSUBST_IMPL_H
#define KUSTOMIZE_ENVSUBST_IMPL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

struct part;
typedef VEC(struct part *) parts;

struct part {
	bool is_expression;
	str text;		/* of what is none */
	str name, op;		/* of the variable; as written: ":-", "//" */
	parts args;
};

err *envsubst_apply(struct arena *a, str op, str value, const str *args, size_t n, struct buf *out)
	__attribute__((warn_unused_result));

#endif
