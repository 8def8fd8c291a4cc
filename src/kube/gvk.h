/* gvk - group, version and kind: what sort of object this is.
 *
 * The group "" is the core group; "apps/v1" is group apps, version v1. As a
 * selector an empty part means "any". Borrows its texts. Any thread.
 */
#ifndef KUBE_GVK_H
#define KUBE_GVK_H

#include "base/arena.h"
#include "base/buf.h"
#include "value/node.h"

struct gvk {
	str group, version, kind;
};

/* From "group/version" and a kind, or from an object's own fields. */
struct gvk gvk_parse(str api_version, str kind);
struct gvk gvk_of(node object);
/* "group/version", or "version" for the core group. */
str gvk_api_version(struct arena *a, struct gvk g);

bool gvk_eq(struct gvk a, struct gvk b);
/* Whether `g` is among what `selector` asks for. */
bool gvk_selected(struct gvk g, struct gvk selector);

/* kustomize's text: "Deployment.v1.apps", "[noKind].[noVer].[noGrp]". */
void gvk_print(struct buf *b, struct gvk g);
/* Parts joined for sorting: "apps_v1_Deployment", "~G_~V_~K" where empty. */
void gvk_print_sortable(struct buf *b, struct gvk g);

/* Whether objects of this kind certainly live outside namespaces: by the
 * kinds of Kubernetes 1.21 and the few newer ones that kustomize 5.8 knows.
 * Every unknown kind counts as namespaced. */
bool gvk_is_cluster_scoped(struct gvk g);

#endif
