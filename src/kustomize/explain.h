/* explain - where the fields of a built object come from.
 *
 * Reads the ways that a build with a trail left in its nodes (trail.h) and prints
 * them for people. An object, or a part of it, is the YAML that the build
 * gives, each value followed by a comment:
 *
 *	replicas: 3  # base/web.yaml:8 -> overlays/prod/replicas.yaml:6 (patches)
 *
 * One value is its text and below it every place on its way, a line each, with
 * the source's own line.
 *
 * Worker-local.
 */
#ifndef KUSTOMIZE_EXPLAIN_H
#define KUSTOMIZE_EXPLAIN_H

#include "base/buf.h"
#include "kustomize/resmap.h"
#include "value/source.h"

struct explain {
	struct sources *sources;	/* of the build */
	str dir;			/* files below it are named from here; absolute */
};

/* The resources of this kind (without regard to case) that have or ever had
 * this name; none is an error that names what there is. */
err *explain_find(struct arena *a, const struct resmap *m, str kind, str name, resource_list *out)
	__attribute__((warn_unused_result));

/* All of the resource, or with a `path` (value/fieldpath.h; "a[0].b" is fine,
 * too) the value there. */
err *explain_print(const struct explain *x, struct arena *a, const struct resource *r, str path,
		   struct buf *out) __attribute__((warn_unused_result));

#endif
