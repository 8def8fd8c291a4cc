/* flux_impl - what the parts of a Flux build share: files that count, the file that is made.
 *
 * flux.h has the order of the steps. All results live in the arena; errors have the words
 * of kustomize-controller. Pure, as all of the layer. Any thread.
 */
#ifndef KUSTOMIZE_FLUX_IMPL_H
#define KUSTOMIZE_FLUX_IMPL_H

#include "kustomize/flux.h"
#include "text/ignore.h"

/* The labels and annotations by which objects steer Flux. */
#define FLUX_KEY(name) S("kustomize.toolkit.fluxcd.io/" name)

/* The rules of all .sourceignore files below the directory and of the list
 * that was given, lowest first, over Flux's default ones; NULL without
 * `filter`. `any`: whether there are rules but those. */
err *flux_load_ignores(struct arena *a, const struct flux_source *s, struct ignore **out,
		       bool *any) __attribute__((warn_unused_result));

/* The object's spec into the fitted kustomization file. `ignores` may be NULL. */
err *flux_merge(struct arena *a, const struct flux_source *s, node object,
		const struct ignore *ignores, bool created, node kfile)
	__attribute__((warn_unused_result));

/* Whether a resource is marked so that its variables stay. */
bool flux_keeps_variables(const struct resource *r);

#endif
