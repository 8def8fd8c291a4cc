/* merge_impl - what the two halves of the strategic merge share. */
#ifndef KUBE_MERGE_IMPL_H
#define KUBE_MERGE_IMPL_H

#include "kube/merge.h"

struct merger {
	struct arena *a;
	const struct merge_options *o;
	unsigned depth;
};

/* One place in both trees. */
struct merge_pair {
	node dest, patch;
	bool keep_null;		/* out: the null here is wanted */
};

err *merge_walk(struct merger *m, struct merge_pair *p, const struct merge_type *type, node *out)
	__attribute__((warn_unused_result));
err *merge_wrong_kind(node n, const char *wanted) __attribute__((warn_unused_result));

/* A text that YAML 1.1 readers would not take for one gets quotes. */
node merge_quoted(struct merger *m, node value);

/* Merge the items of two lists by key; no keys: scalars, as a set. */
err *merge_items(struct merger *m, struct merge_pair *p, const struct merge_type *type,
		 const str *keys, size_t keys_n, node *out) __attribute__((warn_unused_result));

/* An item and its comments. */
struct merge_item {
	node value;
	struct node_note *note;
};

/* kyaml's ElementSetter: put `item` where an item has these values under
 * these keys (or at the end); NULL removes such items. Empty items go. */
err *merge_set_item(struct merger *m, node list, const struct merge_item *item, const str *keys,
		    size_t keys_n, const str *values, size_t values_n)
	__attribute__((warn_unused_result));

#endif
