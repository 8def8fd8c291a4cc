/* strategic_impl - what the two halves of strategic.h share. */
#ifndef KUBE_STRATEGIC_IMPL_H
#define KUBE_STRATEGIC_IMPL_H

#include "kube/strategic.h"

struct strategic {
	struct arena *a;
	unsigned depth;
};

/* How a list field is patched. */
struct strategic_list {
	const struct type *items;
	bool merge;
	str key;		/* empty: items are scalars */
};

/* `[]interface {}`, as Go names the type of a JSON value. */
const char *strategic_go_type(node n);
err *strategic_wrong_type(const char *wanted, node found) __attribute__((warn_unused_result));
err *strategic_no_key(node map, str key) __attribute__((warn_unused_result));
err *strategic_bad_directive(node directive, node map) __attribute__((warn_unused_result));
err *strategic_bad_order(void) __attribute__((warn_unused_result));

/* Both trees belong to the merge and may be changed. */
err *strategic_merge_map(struct strategic *s, node original, node patch, const struct type *type, node *out)
	__attribute__((warn_unused_result));
err *strategic_merge_list(struct strategic *s, node original, node patch,
			  const struct strategic_list *how, bool is_delete, node *out)
	__attribute__((warn_unused_result));

/* Lists of one place: the field's, its patch's (either may be NODE_NONE), and
 * the order that `$setElementOrder` wants. `out` stays untouched when there is
 * nothing to order. */
err *strategic_order_list(struct strategic *s, node original, node patch, node order,
			  const struct strategic_list *how, node *out) __attribute__((warn_unused_result));

/* Drop what is nothing but a directive; false: the whole value is. */
bool strategic_drop_directives(struct strategic *s, node *value);

#endif
