/* flux - a directory of an artifact, built as Flux builds it for one
 * Kustomization object (fluxcd/pkg/kustomize 1.44).
 *
 * Three steps. flux_generate finds the kustomization file, or makes one that
 * lists all manifests below the directory, and merges the object's spec into
 * it. flux_build builds with it: nothing is sorted, files may lie anywhere
 * below the root and nowhere else. flux_substitute replaces the variables of
 * spec.postBuild in one resource. Flux writes the merged file into its
 * working copy; here it is laid over the directory, which stays as it is.
 *
 * Ownership: results live in the arena. Worker-local.
 */
#ifndef KUSTOMIZE_FLUX_H
#define KUSTOMIZE_FLUX_H

#include "base/fs.h"
#include "base/map.h"
#include "kustomize/build.h"

struct flux_source {
	const struct fs *root;	/* of the artifact; links inside of it are followed */
	str dir;		/* cleaned, below the root; empty for the root */
	/* Leave out what .sourceignore files and `ignore` name, as the CLI does. */
	bool filter;
	str ignore;
	struct sources *sources;	/* for positions; may be NULL */
	struct remote *remote;		/* NULL: remote bases are refused */
	struct kustomize_helm *helm;	/* NULL: as Flux, which has no chart inflation */
};

struct flux_kfile {
	bool created;		/* Flux says "created", else "unchanged" */
	str path;		/* absolute */
	str text;
};

/* `object` is the Kustomization, of any version of its API. */
err *flux_generate(struct arena *a, const struct flux_source *s, node object,
		   struct flux_kfile *out) __attribute__((warn_unused_result));

err *flux_build(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		struct resmap **out) __attribute__((warn_unused_result));

/* The object's own variables over those that `vars` holds already (from
 * ConfigMaps and Secrets): map from name to `str *` in the arena. */
err *flux_inline_vars(struct arena *a, node object, struct map *vars)
	__attribute__((warn_unused_result));
/* A variable's value as Flux takes it from any source: without line feeds. */
str flux_var(struct arena *a, str value);

struct flux_substitution {
	const struct map *vars;
	bool strict;		/* a variable that has no value and no default fails */
	bool always;		/* also without any variable: for the defaults */
	struct sources *sources;	/* those of the build, to tell where; may be NULL */
};

/* A resource marked "kustomize.toolkit.fluxcd.io/substitute: disabled" stays
 * as it is. Errors begin with "envsubst error: "; of variables that are not set
 * they tell all, the line of each, and what to do. */
err *flux_substitute(struct arena *a, const struct flux_substitution *s, struct resource *r)
	__attribute__((warn_unused_result));

#endif
