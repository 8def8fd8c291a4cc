/* resource - one object on its way through a build.
 *
 * Names get their final form only at the end, so each resource carries its
 * history: what it was called, where and as which kind, before each change,
 * and the prefixes and suffixes it was given. References are resolved by it.
 * (kustomize keeps the history in annotations of the object; where that can
 * be seen, resource_mark_history makes it visible here, too.)
 *
 * Ownership: a resource and its object live in the arena of the build; texts
 * are borrowed from the files' bytes, which live as long. Worker-local.
 */
#ifndef KUSTOMIZE_RESOURCE_H
#define KUSTOMIZE_RESOURCE_H

#include "base/vec.h"
#include "kustomize/resid.h"
#include "value/node.h"

enum behavior { BEHAVIOR_NONE, BEHAVIOR_CREATE, BEHAVIOR_REPLACE, BEHAVIOR_MERGE };

/* One former identity; the group and version are those of today. */
struct former {
	str name, ns, kind;	/* ns: effective */
};

typedef VEC(str) str_list;

struct resource {
	node object;
	node seen;			/* as the last step left it: kustomize/trail.h */
	VEC(struct former) former;	/* oldest first */
	str_list prefixes, suffixes;	/* innermost first */
	str_list ref_vars;		/* names of the vars that this object's fields use */
	enum behavior behavior;
	bool generated;		/* by a ConfigMap or Secret generator */
	bool needs_hash;
	bool allow_name_change, allow_kind_change;
	bool helm_generated;
	bool gone;			/* a patch deleted it */
	size_t at;			/* in the list, as resmap_index_names found it */
};

struct resource *resource_new(struct arena *a, node object);
/* A copy that shares only texts. */
struct resource *resource_copy(struct arena *a, const struct resource *r);

str resource_kind(const struct resource *r);
str resource_name(const struct resource *r);
str resource_ns(const struct resource *r);
struct gvk resource_gvk(const struct resource *r);

struct resid resource_id(const struct resource *r);
/* Its first identity, and the i-th former one (i < r->former.n). */
struct resid resource_original_id(const struct resource *r);
struct resid resource_former_id(const struct resource *r, size_t i);
/* Whether `id` is the present identity or any former one. */
bool resource_is(const struct resource *r, struct resid id);

/* A copy of the object with the history that kustomize keeps among the
 * annotations, as its errors show it. */
node resource_noted(struct arena *a, const struct resource *r);
/* Remember the present identity, before it changes. */
void resource_remember(struct arena *a, struct resource *r);
void resource_add_prefix(struct arena *a, struct resource *r, str prefix);
void resource_add_suffix(struct arena *a, struct resource *r, str suffix);

void resource_set_kind(struct arena *a, struct resource *r, str kind);
void resource_set_name(struct arena *a, struct resource *r, str name);
/* The empty namespace takes the field away. */
void resource_set_ns(struct arena *a, struct resource *r, str ns);

/* metadata.labels and metadata.annotations: NODE_NONE or a map. Setting
 * replaces the map; an empty one takes the field away. */
node resource_labels(const struct resource *r);
node resource_annotations(const struct resource *r);
void resource_set_labels(struct arena *a, struct resource *r, node map);
void resource_set_annotations(struct arena *a, struct resource *r, node map);
/* One annotation, the map made when it is not there. */
void resource_annotate(struct arena *a, struct resource *r, str key, str value);

/* An object may come with annotations of kustomize's own: it is taken at its
 * word about its history. */
void resource_take_history(struct arena *a, struct resource *r);
/* With a history, the object has a map of annotations, as where kustomize
 * keeps it; and it loses it again when nothing else is in it. */
void resource_mark_history(struct arena *a, struct resource *r);
void resource_unmark_history(struct resource *r);

#endif
