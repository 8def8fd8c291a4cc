/* kfile_edit - a kustomization file, read, changed and written again.
 *
 * As `kustomize edit` does it: fields keep their order, and each keeps the
 * comments and blank lines before it; the values are printed anew. Comments
 * between a field's lines move in front of the next edit of that field.
 * Fields that come new stand at the end, in kustomize's order.
 *
 * Change `root` with the functions of value/node.h. Everything lives in the
 * arena and borrows from the file's text. Worker-local.
 */
#ifndef KUSTOMIZE_KFILE_EDIT_H
#define KUSTOMIZE_KFILE_EDIT_H

#include "base/buf.h"
#include "base/vec.h"
#include "kustomize/files.h"
#include "value/node.h"

struct kfile_block {
	size_t field;			/* in the table of fields */
	str comment;
};

struct kfile_edit {
	str name;			/* of the file in its directory */
	node root;			/* fitted to kfile_type */
	VEC(struct kfile_block) blocks;	/* the fields that were there */
};

/* The name of the one kustomization file in `dir`, and the file read. */
err *kfile_edit_find(struct arena *a, const struct files *files, str dir, str *name)
	__attribute__((warn_unused_result));
err *kfile_edit_open(struct arena *a, const struct files *files, str dir, struct kfile_edit *out)
	__attribute__((warn_unused_result));
/* A file that is not there yet: kustomization.yaml. */
void kfile_edit_new(struct arena *a, struct kfile_edit *out);
err *kfile_edit_print(const struct kfile_edit *k, struct arena *a, struct buf *to)
	__attribute__((warn_unused_result));

/* The list or map of this name, made when it is not there. */
node kfile_edit_list(struct kfile_edit *k, struct arena *a, str field);
node kfile_edit_map(struct kfile_edit *k, struct arena *a, str field);
/* Whether the list holds the text. */
bool kfile_edit_has(node list, str text);

#endif
