/* transform - the built-in transformers, one function each.
 *
 * A kustomization's own fields run them in kustomize's order, and
 * `transformers:` entries of apiVersion "builtin" run the same ones with a
 * configuration of their own. Each goes over the whole list of resources and
 * changes them in place.
 *
 * Configurations are nodes fitted to the structs of kfile.h, or small structs
 * of texts borrowed from them. Worker-local.
 */
#ifndef KUSTOMIZE_TRANSFORM_H
#define KUSTOMIZE_TRANSFORM_H

#include "base/err.h"
#include "kube/merge_schema.h"
#include "kustomize/fieldspec.h"
#include "kustomize/loader.h"
#include "kustomize/resmap.h"
#include "kustomize/trail.h"
#include "value/source.h"

/* What all transformers of one build share. */
struct transform {
	struct arena *a;
	struct sources *sources;	/* may be NULL */
	struct trail *trail;		/* NULL: nobody asked */
	const struct merge_schema *schema;
	bool release_581;	/* do as kustomize 5.8.1 where 5.8.2 differs */
	bool configured;	/* the last transformer liked its configuration */
};

/* ---- which resources --------------------------------------------------- */

/* A selector of patches and replacements: regular expressions over identity,
 * selectors over labels and annotations. `selector` is fitted to
 * kfile_selector_type. */
struct target;
err *target_compile(struct arena *a, node selector, struct target **out)
	__attribute__((warn_unused_result));
/* What a selector is made of: expressions over identity, and selectors over
 * labels and annotations. A part that is not there (`has`) fits everything. */
bool target_has_id(const struct target *t);
bool target_has_marks(const struct target *t);
bool target_fits_id(const struct target *t, struct resid id);
bool target_fits_marks(const struct target *t, const struct resource *r);
err *target_select_all(struct transform *t, struct resmap *m, node selector, resource_list *out)
	__attribute__((warn_unused_result));

/* ---- names and namespaces ---------------------------------------------- */

enum subjects_mode { SUBJECTS_DEFAULT_ONLY, SUBJECTS_ALL, SUBJECTS_NONE };

struct namespace_config {
	str ns;
	const fieldspecs *specs;
	bool unset_only;
	enum subjects_mode subjects;
};
err *transform_namespace(struct transform *t, struct resmap *m, const struct namespace_config *c)
	__attribute__((warn_unused_result));

err *transform_prefix(struct transform *t, struct resmap *m, str prefix, const fieldspecs *specs)
	__attribute__((warn_unused_result));
err *transform_suffix(struct transform *t, struct resmap *m, str suffix, const fieldspecs *specs)
	__attribute__((warn_unused_result));
/* Append the hash of their contents to the names of generated resources. */
err *transform_hash(struct transform *t, struct resmap *m) __attribute__((warn_unused_result));

/* ---- fields ------------------------------------------------------------ */

/* Set texts in the maps that the specs name: labels or annotations. */
err *transform_entries(struct transform *t, struct resmap *m, node entries, const fieldspecs *specs)
	__attribute__((warn_unused_result));
/* `image` is fitted to kfile_image_type, `replica` to kfile_replica_type. */
err *transform_image(struct transform *t, struct resmap *m, node image, const fieldspecs *specs)
	__attribute__((warn_unused_result));
/* The parts of "name:tag@digest"; a host's port is part of the name. */
void transform_split_image(str text, str *name, str *tag, str *digest);
err *transform_replicas(struct transform *t, struct resmap *m, node replica,
			const fieldspecs *specs) __attribute__((warn_unused_result));
/* A configuration as errors show it: without texts that are empty. */
node transform_shown(struct arena *a, node config);
/* Replacements: a list fitted to kfile_replacement_type. */
err *transform_replacements(struct transform *t, const struct loader *l, struct resmap *m,
			    node replacements) __attribute__((warn_unused_result));

/* ---- patches ----------------------------------------------------------- */

/* Lay a strategic merge patch over one resource. */
err *transform_merge(struct transform *t, struct resource *r, const struct resource *patch)
	__attribute__((warn_unused_result));
/* One entry of `patches`, only read, or applied; the entries of `patchesStrategicMerge`, and patches
 * written in place; one of `patchesJson6902`. */
err *transform_patch_check(struct transform *t, const struct loader *l, node patch)
	__attribute__((warn_unused_result));
err *transform_patch(struct transform *t, const struct loader *l, struct resmap *m, node patch)
	__attribute__((warn_unused_result));
err *transform_merge_patches(struct transform *t, const struct loader *l, struct resmap *m,
			     node paths, node patches) __attribute__((warn_unused_result));
err *transform_json_patch(struct transform *t, const struct loader *l, struct resmap *m, node target,
			  str path, node ops) __attribute__((warn_unused_result));

#endif
