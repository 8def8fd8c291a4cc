/* postrender - what Flux does to a chart's objects before they are applied.
 *
 * The kustomize post-renderers of spec.postRenderers, one after the other; then
 * the labels and annotations of spec.commonMetadata; then the labels of
 * origin. Any thread.
 */
#ifndef CONTROLLERS_POSTRENDER_H
#define CONTROLLERS_POSTRENDER_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

/* Of the HelmRelease with that spec and name: a YAML stream in, one out. */
err *postrender(struct arena *a, node spec, str namespace, str name, str in, str *out)
	__attribute__((warn_unused_result));

#endif
