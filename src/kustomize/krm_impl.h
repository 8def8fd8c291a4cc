/* krm_impl - what the parts of krm share. */
#ifndef KUSTOMIZE_KRM_IMPL_H
#define KUSTOMIZE_KRM_IMPL_H

#include "kustomize/krm.h"

/* "wrong node kind: expected MappingNode but got ScalarNode: node contents:" and
 * the value; NODE_NONE is what is read from an empty text. */
err *krm_wrong_kind(const struct yaml_doc *doc, const char *wanted)
	__attribute__((warn_unused_result, returns_nonnull));

/* Take annotations, then metadata away if nothing is in them. */
err *krm_clear_empty(struct yaml_doc *doc) __attribute__((warn_unused_result));
/* Take the marks away. */
err *krm_unmark(struct yaml_doc *doc, bool paths_too) __attribute__((warn_unused_result));

/* A value in one line, as far as it can be; a scalar without the quotes that it does not
 * need. With its comments where it has some. */
err *krm_flow_text(struct arena *a, const struct yaml_doc *at, str *out)
	__attribute__((warn_unused_result));

#endif
