/* yamlfit - YAML into a Go type, as sigs.k8s.io/yaml's Unmarshal.
 *
 * YAML becomes JSON first, and there numbers and booleans that stand where
 * the type wants a text become texts. Then the JSON is decoded. Errors say
 * which of the two steps failed, and with a table of sources where in the
 * text, which is then called "document". Any thread.
 */
#ifndef HELM_YAMLFIT_H
#define HELM_YAMLFIT_H

#include "value/typed.h"

/* `sources` may be NULL. An empty document is NODE_NULL. */
err *yamlfit_read(struct arena *a, str text, const struct typed *type, struct sources *sources,
		  node *out) __attribute__((warn_unused_result));
/* Only whether UnmarshalStrict takes it: no unknown fields, no key twice. */
err *yamlfit_check_strict(struct arena *a, str text, const struct typed *type)
	__attribute__((warn_unused_result));
/* Into a map[string]interface {}, whatever Go calls it: NODE_NULL for an empty document. */
err *yamlfit_read_map(struct arena *a, str text, const char *go, node *out)
	__attribute__((warn_unused_result));

#endif
