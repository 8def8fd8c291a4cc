/* The inside of builds of charts; see chartsource.h.
 *
 * chartsource.c        what all builds have in common
 * chartsource_local.c  charts of a source's files
 * chartsource_deps.c   their dependencies
 */
#ifndef CONTROLLERS_CHARTSOURCE_IMPL_H
#define CONTROLLERS_CHARTSOURCE_IMPL_H

#include "controllers/chartsource.h"

/* Why a build fails. */
enum chartsource_reason {
	CHARTSOURCE_REFERENCE,
	CHARTSOURCE_PULL,
	CHARTSOURCE_METADATA,
	CHARTSOURCE_VALUES,
	CHARTSOURCE_DEPENDENCIES,
	CHARTSOURCE_PACKAGE,
	CHARTSOURCE_VERIFICATION,
};

/* Worded and marked; takes `e`. */
err *chartsource_error(enum chartsource_reason reason, err *e) __attribute__((returns_nonnull));

struct chartsource_work {
	struct chartsource *c;
	const struct chartsource_env *env;
	const struct chartsource_spec *spec;
	const struct chartsource_seen *seen;
};

/* spec.valuesFiles, but for values.yaml alone, which says nothing. */
bool chartsource_has_values(const struct chartsource_spec *spec);
/* c->version, with `metadata` added when there is any. */
err *chartsource_set_version(struct chartsource_work *w, str version, str metadata)
	__attribute__((warn_unused_result));
/* Whether the artifact is what would be built; c says so then. */
bool chartsource_is_stored(struct chartsource_work *w, bool packaged);
/* The metadata of an archive, checked, and nothing else of it. */
err *chartsource_read_meta(struct arena *a, str name, str bytes,
			   const struct chartsource_env *env, struct chart_meta *out)
	__attribute__((warn_unused_result));

/* Values files laid over one another: each is found by `read` (false: there
 * is none), in NODE_NONE when there are no values files. */
typedef err *chartsource_read(struct chartsource_work *w, void *ctx, str path, node *out,
			      bool *found);
err *chartsource_merge(struct chartsource_work *w, chartsource_read *read, void *ctx, node *out)
	__attribute__((warn_unused_result));
/* A YAML text as values. */
err *chartsource_values(struct arena *a, str path, str text, node *out)
	__attribute__((warn_unused_result));
/* Let `merged` be the chart's values.yaml. */
err *chartsource_overwrite(struct chartsource_work *w, struct chart *chart, node merged)
	__attribute__((warn_unused_result));
/* c->bytes: the chart as an archive. */
err *chartsource_pack(struct chartsource_work *w, struct chart *chart)
	__attribute__((warn_unused_result));

err *chartsource_build_local(struct chartsource_work *w) __attribute__((warn_unused_result));
/* A path of the spec below the source's root, whatever it says. */
str chartsource_join(struct arena *a, str dir, str path);
/* Bring what Chart.yaml or Chart.lock names and charts/ has not. */
err *chartsource_bring(struct chartsource_work *w, str dir, struct chart *chart)
	__attribute__((warn_unused_result));

#endif
