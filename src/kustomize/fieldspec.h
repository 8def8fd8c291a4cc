/* fieldspec - which fields of which kinds a transformer touches.
 *
 * A spec names kinds (empty parts: any) and a path: names joined by "/",
 * "\/" for a slash in a name, "name[]" for a field that must be a list. The
 * walk goes through lists by itself: the rest of the path applies to every
 * item. With `create`, fields that are not there are made.
 *
 * The defaults are kustomize 5.8's tables; users add to them with
 * `configurations`. Tables are immutable; merged lists live in an arena.
 */
#ifndef KUSTOMIZE_FIELDSPEC_H
#define KUSTOMIZE_FIELDSPEC_H

#include "base/err.h"
#include "base/vec.h"
#include "kube/gvk.h"
#include "value/node.h"

struct fieldspec {
	struct gvk gvk;
	str path;
	bool create;
};

typedef VEC(struct fieldspec) fieldspecs;

enum fieldspec_list {
	SPECS_NAME_PREFIX,
	SPECS_NAME_SUFFIX,
	SPECS_NAMESPACE,
	SPECS_COMMON_LABELS,
	SPECS_LABELS,
	SPECS_TEMPLATE_LABELS,
	SPECS_CLAIM_LABELS,		/* volumeClaimTemplateLabels */
	SPECS_COMMON_ANNOTATIONS,
	SPECS_VAR_REFERENCE,
	SPECS_IMAGES,
	SPECS_REPLICAS,
	SPECS_LISTS,			/* how many lists there are */
};

/* Its key in a configurations file: "namePrefix". */
str fieldspec_list_name(enum fieldspec_list list);
fieldspecs fieldspec_defaults(struct arena *a, enum fieldspec_list list);

/* Add the entries of a list in a file, fitted to kfile_fieldspecs_type. */
void fieldspec_read(struct arena *a, fieldspecs *to, node list);
/* Add a spec unless it is there; "conflicting fieldspecs" when one differs
 * from it only in `create`. */
err *fieldspec_merge(struct arena *a, fieldspecs *to, struct fieldspec new)
	__attribute__((warn_unused_result));
err *fieldspec_merge_all(struct arena *a, fieldspecs *to, const fieldspecs *from)
	__attribute__((warn_unused_result));

/* What stands at the end of the path, to be changed in place. */
typedef err *fieldspec_visit(void *context, struct arena *a, node *value);

/* Visit all places of the object that the spec names. `make` is the kind of
 * node to create, NODE_NONE for a visitor that only finds; errors are wrapped
 * with the path and the object's id. */
err *fieldspec_walk(struct arena *a, node object, const struct fieldspec *spec,
		    enum node_kind make, fieldspec_visit *visit, void *context)
	__attribute__((warn_unused_result));
/* The same for who knows the object's kind already. */
err *fieldspec_walk_as(struct arena *a, node object, struct gvk gvk, const struct fieldspec *spec,
		       enum node_kind make, fieldspec_visit *visit, void *context)
	__attribute__((warn_unused_result));
err *fieldspec_walk_all(struct arena *a, node object, const fieldspecs *specs, enum node_kind make,
			fieldspec_visit *visit, void *context) __attribute__((warn_unused_result));

/* What is left of a path, taken name by name; "\/" becomes "/". */
struct fieldspec_steps {
	str rest;
	size_t taken;
	bool end;		/* the last name is taken */
};
struct fieldspec_steps fieldspec_steps(str path);
str fieldspec_take(struct arena *a, struct fieldspec_steps *s);

#endif
