/* build_impl - what the parts of a build share. */
#ifndef KUSTOMIZE_BUILD_IMPL_H
#define KUSTOMIZE_BUILD_IMPL_H

#include "kustomize/build.h"
#include "kustomize/kfile.h"
#include "kustomize/nameref.h"
#include "kustomize/transform.h"

/* Which fields transformers touch: the defaults and what users added. */
struct config {
	fieldspecs lists[SPECS_LISTS];
	namerefs names;
};

struct build {
	struct transform t;
	struct trail trail;		/* t.trail, if at all */
	const struct kustomize_options *o;
	const struct config *defaults;
	bool schema_set;
	bool schema_used;		/* the built-in one was needed before another was set */
	bool track;			/* somebody wants to know where objects came from */
};

/* Where a root stands, seen from the top one. */
struct place {
	str path, repo, ref;
};

/* A kustomization being worked on. */
struct root {
	const struct loader *l;
	struct kfile k;
	str file_name;
	struct place place;
	node metadata;			/* buildMetadata of the top file */
	str helm_ns;			/* namespace that charts inherit */
};

/* What has come together so far. */
struct layer {
	struct resmap *m;
	const struct config *config;	/* NULL: nothing yet */
	VEC(node) vars;
};

err *build_open_root(struct build *b, const struct loader *l, bool lenient, struct root *out)
	__attribute__((warn_unused_result));
err *accumulate(struct build *b, struct root *r, struct layer *to)
	__attribute__((warn_unused_result));
/* The entries of `resources` and lists like it: files and other roots. */
err *accumulate_paths(struct build *b, struct root *r, struct layer *to, node paths)
	__attribute__((warn_unused_result));

/* The transformers of a file's own fields, in kustomize's fixed order. */
err *transform_all(struct build *b, struct root *r, struct layer *to)
	__attribute__((warn_unused_result));
/* The schema that strategic merges go by, from `openapi`. */
err *build_set_schema(struct build *b, struct root *r, bool top)
	__attribute__((warn_unused_result));

/* Configurations are immutable once made; equal ones are not merged again. */
err *config_merge(struct build *b, const struct config *one, const struct config *two,
		  const struct config **out) __attribute__((warn_unused_result));
const struct config *config_defaults(struct arena *a);
/* The defaults with the files of `configurations`, and those of `crds`. */
err *config_load(struct build *b, struct root *r, node files, const struct config **out)
	__attribute__((warn_unused_result));
err *config_load_crds(struct build *b, struct root *r, node files, const struct config **out)
	__attribute__((warn_unused_result));

/* `generators`, `transformers` and `validators` of the built-in kinds. */
err *plugins_generate(struct build *b, struct root *r, struct layer *to)
	__attribute__((warn_unused_result));
/* Whether the transformers can be loaded; kustomize loads all before any runs. */
err *plugins_check(struct build *b, struct root *r) __attribute__((warn_unused_result));
err *plugins_transform(struct build *b, struct root *r, struct layer *to)
	__attribute__((warn_unused_result));
err *plugins_validate(struct build *b, struct root *r, struct layer *to)
	__attribute__((warn_unused_result));

err *vars_merge(struct build *b, struct layer *to, node vars) __attribute__((warn_unused_result));
/* As kustomize prints a list of them. */
str vars_text(struct arena *a, node vars);
err *vars_resolve(struct build *b, struct layer *layer) __attribute__((warn_unused_result));

/* What is done next for a root, as its file calls it; for trail.h. */
void build_begin(struct build *b, const struct root *r, const char *what, uint32_t place);

/* "trouble configuring builtin KIND with config: `\nYAML`: cause". */
err *build_bad_builtin(struct arena *a, const char *kind, node config, err *cause)
	__attribute__((returns_nonnull));

/* ---- where things came from (only when somebody asked) ------------------ */

struct place origin_enter(struct arena *a, struct place from, str path);
/* The origin annotation of all resources from index `from` on. */
void origin_of_file(struct build *b, const struct root *r, struct resmap *m, str path);
void origin_of_generated(struct build *b, const struct root *r, struct resmap *m, const char *kind);
/* The same for a plugin: `changed`, it transformed them. */
void origin_of_plugin(struct build *b, const struct root *r, struct resmap *m,
		      const struct resource *plugin, bool changed);
void origin_transformed(struct build *b, const struct root *r, struct resmap *m, const char *kind);

#endif
