/* patch - JSON patches (RFC 6902) and merge patches (RFC 7386).
 *
 * Both behave as the library that kubectl, kustomize and the API server share
 * (evanphx/json-patch v4): its words in every error, and what it does beyond
 * the RFCs or short of them:
 *
 *   - "replace" of a key that is not there adds it; "add" and "replace" take
 *     a missing value for null; "add" cannot replace the whole document;
 *   - list indexes may be negative and count from the end, and are what
 *     strconv.Atoi takes ("+1", "01");
 *   - what stands before the first '/' of a path is ignored, and "~2" is
 *     just that; the rest of pointers is in value/pointer.h;
 *   - "test" compares numbers by their JSON text: in texts 1 and 1.0 differ,
 *     in trees both are 1;
 *   - a merge patch drops the nulls in what it adds, but not inside lists
 *     that replace something.
 *
 * There are two forms. On trees, the result is a new tree that shares texts
 * with document and patch and changes neither. On texts, the result is
 * written byte for byte as the library does: what no operation touched keeps
 * its key order, its numbers and its escapes; touched objects get sorted.
 *
 * Errors have the position of the operation when the patch knows its places.
 * Worker-local.
 */
#ifndef VALUE_PATCH_H
#define VALUE_PATCH_H

#include "base/buf.h"
#include "value/node.h"
#include "value/source.h"

struct patch_options {
	struct sources *sources;	/* where document and patch came from; may be NULL */
	str doc_name, patch_name;	/* of texts, for `sources` */
	bool in_place;			/* change the document itself, a tree that nothing shares */
	size_t copy_limit;		/* bytes all "copy" operations may add; 0: PATCH_COPY_MAX */
};

/* "copy" can double a document with each operation. */
enum { PATCH_COPY_MAX = 64 << 20 };

/* Apply a list of operations. `o` may be NULL. */
err *patch_json(struct arena *a, node doc, node patch, const struct patch_options *o, node *out)
	__attribute__((warn_unused_result));
err *patch_json_text(struct buf *b, str doc, str patch, const struct patch_options *o)
	__attribute__((warn_unused_result));

/* Merge. Fails when one of the two is null or the patch is a scalar, as the
 * library does: "Invalid JSON Document", "Invalid JSON Patch". */
err *patch_merge(struct arena *a, node doc, node patch, node *out)
	__attribute__((warn_unused_result));
err *patch_merge_text(struct buf *b, str doc, str patch, const struct patch_options *o)
	__attribute__((warn_unused_result));

/* The merge patch that makes `to` out of `from`, both maps; an empty map when
 * they are equal. Shares entries with `to`. Whole numbers are compared
 * exactly, where the library compares them as float64. */
node patch_create(struct arena *a, node from, node to);

#endif
