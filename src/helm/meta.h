/* meta - Chart.yaml.
 *
 * Read as Helm reads it: field names without regard to case, unknown ones
 * passed over, numbers and booleans taken for text where text belongs. Then
 * checked, in Helm's order and words, and cleaned of what does not print.
 *
 * Texts and nodes live in the arena of the chart. Worker-local.
 */
#ifndef HELM_META_H
#define HELM_META_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"
#include "value/typed.h"

struct chart_dependency {
	str name, version, repository, condition, alias;
	node tags;		/* list of texts, or NODE_NONE */
	node import_values;	/* list, or NODE_NONE */
	bool enabled;
	bool is_null;		/* the list has null here; only before checking */
};

struct chart_meta {
	str name, home, version, description, icon, api_version, condition, tags;
	str app_version, kube_version, type;
	bool deprecated;
	node sources, keywords;	/* lists of texts, or NODE_NONE */
	node maintainers;	/* list of maps: name, email, url */
	node annotations;	/* map of texts */
	struct chart_dependency *deps;
	size_t deps_n;
	bool has_deps;		/* `dependencies` is there, empty or not */
};

/* The fields of Chart.yaml, in Helm's order. */
extern const struct typed meta_type;

/* Fit Chart.yaml (or requirements.yaml) to its fields and lay them over those
 * of `tree`, which is a map or NODE_NONE at first. */
err *meta_read(struct arena *a, str text, node *tree) __attribute__((warn_unused_result));
/* Whether all of its fields are known, and none is there twice. */
err *meta_check_strict(struct arena *a, str text) __attribute__((warn_unused_result));
/* Chart.lock. */
err *meta_read_lock(struct arena *a, str text, node *out) __attribute__((warn_unused_result));
/* What a fitted tree says, neither checked nor cleaned. */
void meta_from_tree(struct arena *a, node tree, struct chart_meta *out);
/* Clean and check. */
err *meta_check(struct arena *a, struct chart_meta *m) __attribute__((warn_unused_result));

/* .Chart as templates see it, but for IsRoot. */
node meta_object(struct arena *a, const struct chart_meta *m);

/* The dependencies of a Chart.lock; gives how many. */
size_t meta_lock_dependencies(struct arena *a, node lock, struct chart_dependency **out);

/* The metadata as Chart.yaml would have it: what is empty is left out. */
node meta_tree(struct arena *a, const struct chart_meta *m);
node meta_dependency_tree(struct arena *a, const struct chart_dependency *d);

/* Whether `version` is in the range; false also when either is none. */
bool meta_version_fits(struct arena *a, str range, str version);

#endif
