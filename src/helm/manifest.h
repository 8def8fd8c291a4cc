/* manifest - rendered files cut into documents, and put in order.
 *
 * Each document is a manifest or, with the annotation helm.sh/hook, a hook.
 * Both are sorted by kind, so that what others need is made first; documents
 * of a kind keep the order of their files.
 *
 * Texts are borrowed from the rendered files; the rest lives in the arena.
 */
#ifndef HELM_MANIFEST_H
#define HELM_MANIFEST_H

#include "base/arena.h"
#include "base/err.h"
#include "helm/notice.h"
#include "tmpl/trace.h"
#include "value/node.h"

enum manifest_event {
	HOOK_PRE_INSTALL = 1 << 0,
	HOOK_POST_INSTALL = 1 << 1,
	HOOK_PRE_DELETE = 1 << 2,
	HOOK_POST_DELETE = 1 << 3,
	HOOK_PRE_UPGRADE = 1 << 4,
	HOOK_POST_UPGRADE = 1 << 5,
	HOOK_PRE_ROLLBACK = 1 << 6,
	HOOK_POST_ROLLBACK = 1 << 7,
	HOOK_TEST = 1 << 8,
};

struct manifest {
	str path;		/* "app/templates/pod.yaml" */
	str text;		/* a part of `output` */
	str output;		/* of the template */
	const struct trace *trace;	/* of the output, or NULL: helm/origin.h */
	str api_version, kind, name;
	node annotations;	/* map of texts, or NODE_NONE */
	/* hooks only: */
	unsigned events;	/* of enum manifest_event */
	const char **event_names;	/* as the annotation has them, ends with NULL */
	int64_t weight;
	str delete_policies;	/* as the annotation has them */
	str log_policies;
};

struct manifest_list {
	struct manifest *p;
	size_t n, cap;
};

struct manifest_file {
	str path, text;
	const struct trace *trace;	/* of `text`, or NULL */
};

/* TIGHT: an install's, cut as Helm 4.2 does. */
enum manifest_order { MANIFEST_INSTALL, MANIFEST_INSTALL_TIGHT, MANIFEST_UNINSTALL };

/* Cut and sort `files`, which are put into the order of their paths. */
err *manifest_sort(struct arena *a, struct manifest_file *files, size_t n,
		   enum manifest_order order, const struct notices *to,
		   struct manifest_list *manifests, struct manifest_list *hooks)
	__attribute__((warn_unused_result));

/* Cutting a text at its lines "---": documents that are not blank, one by
 * one, without the white space before them. */
struct manifest_cut {
	str rest;
	bool inside;		/* the rest begins inside a line */
	bool tight;		/* nor that before a "---": as up to Helm 4.2 */
};
bool manifest_take(struct manifest_cut *c, str *document);
/* Without white space as Unicode has it. */
str manifest_trim_left(str s);
str manifest_trim(str s);

#endif
