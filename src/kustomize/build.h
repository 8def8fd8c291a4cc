/* build - a kustomization, built as `kustomize build` builds it.
 *
 * The order of work is kustomize's (accumulate.c). Everything a build makes
 * lives in one arena and ends as a list of resources; printing is a step of
 * its own. Nothing here touches the network, the clock or the environment:
 * files, remote bases and charts come in through interfaces. What a build may take
 * is the arena's budget; when it is used up, the build fails.
 *
 * Worker-local.
 */
#ifndef KUSTOMIZE_BUILD_H
#define KUSTOMIZE_BUILD_H

#include "base/err.h"
#include "kustomize/files.h"
#include "kustomize/loader.h"
#include "kustomize/resmap.h"
#include "value/source.h"

enum kustomize_order {
	KUSTOMIZE_ORDER_DEFAULT,	/* as the file says, else legacy */
	KUSTOMIZE_ORDER_LEGACY,
	KUSTOMIZE_ORDER_NONE,
};

/* Inflates a chart of `helmCharts`: gives its manifests' text. The layer above
 * fills it in with the helm engine. */
struct kustomize_helm {
	err *(*inflate)(struct kustomize_helm *h, struct arena *a, const struct loader *l, node chart,
			node globals, str *text);
};

struct kustomize_options {
	const struct files *files;	/* NULL: the disk */
	struct remote *remote;		/* NULL: remote bases are refused */
	struct kustomize_helm *helm;	/* NULL: "must specify --enable-helm" */
	struct sources *sources;	/* for positions; may be NULL */
	str working_dir;		/* absolute; for a relative target */
	str version;			/* of the program, for the managed-by label: "v5.8.1" */
	enum kustomize_order order;
	bool any_file;			/* LoadRestrictionsNone */
	bool managed_by;
	bool trail;			/* keep the way of every field (trail.h); needs `sources` */
	/* The top file's tree as it was before it became text, whose values know their
	 * places; NODE_NONE: they stand where they are read. */
	node root_places;
	bool lenient_root;		/* unknown fields of the top file are dropped, as by Flux */
	bool release_581;		/* where 5.8.1 and 5.8.2 differ, do as 5.8.1, which is in Flux 2.9 */
	/* Warnings about deprecated fields and the like, a line each; may be NULL. */
	void (*warn)(void *context, str line);
	void *context;
};

/* What a build may take where nobody says otherwise: the budget for its arena.
 * A hundred thousand objects need a tenth of it. */
#define KUSTOMIZE_MEMORY_MAX ((size_t)4 << 30)

/* The err_code of an error for which kustomize itself panics. */
enum { KUSTOMIZE_PANIC = 1 };

err *kustomize_build(struct arena *a, const struct kustomize_options *o, str target,
		     struct resmap **out) __attribute__((warn_unused_result));

/* All resources as YAML documents, "---" between them. */
err *kustomize_print(struct arena *a, struct sources *sources, const struct resmap *m,
		     struct buf *out)
	__attribute__((warn_unused_result));

/* The order of the `legacy` sort; `first` and `last` are lists of kinds or
 * NODE_NONE for the default ones. */
int kustomize_gvk_cmp(struct gvk a, struct gvk b);
void kustomize_sort(struct arena *a, struct resmap *m, node first, node last);

#endif
