/* crd - CustomResourceDefinitions as objects.
 *
 * What the API server does with a definition itself: defaults, checks (the
 * schemas too: schema/structural.h), the names that its kinds take, and how
 * it goes: its objects first. What a definition serves is custom.h.
 *
 * The API has definitions in two forms. Clients write one schema, one set of
 * columns and so on for every version; inside, what is the same in all
 * versions is kept once. Errors name the places of the inner form:
 * "spec.validation.openAPIV3Schema...", "spec.versions[1].schema...".
 *
 * Functions that change give a new tree in the arena, which shares what did
 * not change. `now` is RFC 3339. Worker-local.
 */
#ifndef SERVER_CRD_H
#define SERVER_CRD_H

#include "server/kind.h"

extern const struct kind_hooks crd_hooks;

/* Groups of the Kubernetes community want to know who approved of the API. */
#define CRD_APPROVAL S("api-approved.kubernetes.io")
enum crd_approval {
	CRD_UNPROTECTED,	/* another group */
	CRD_APPROVED,
	CRD_APPROVAL_BYPASSED,
	CRD_APPROVAL_MISSING,
	CRD_APPROVAL_INVALID,
};
/* As if the definition were of that group. */
enum crd_approval crd_approval(struct arena *a, str group, node crd, str *why);

#define CRD_FINALIZER S("customresourcecleanup.apiextensions.k8s.io")

/* Whether the condition of that type is "True". */
bool crd_is(node crd, str condition);
/* Its kinds are served: its names are accepted, or were so once. */
bool crd_is_served(node crd);

/* Take the names that are free among the accepted ones of `all` (a list of
 * definitions, itself or not), and become established. False: nothing to do. */
bool crd_settle(struct arena *a, node crd, node all, str now, node *out)
	__attribute__((warn_unused_result));

/* The way out: what the answer to DELETE shows; the state while objects go; the
 * state when they are gone, without the finalizer. */
node crd_marked(struct arena *a, node crd, str now);
node crd_cleaning(struct arena *a, node crd, str now);
enum crd_gone { CRD_INSTANCES_GONE, CRD_NEVER_ESTABLISHED };
node crd_cleaned(struct arena *a, node crd, enum crd_gone how, str now);

#endif
