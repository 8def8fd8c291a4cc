/* objfile - the Kubernetes objects in a file.
 *
 * As kustomize reads them: the text is cut at lines that begin with "---"
 * before any of it is parsed, each piece is one document by YAML 1.2's rules
 * (numbers keep their text until the very end), a lone List is replaced by
 * its items, and objects whose kind ends in "List" give theirs at the end.
 * Every object needs a kind and a name.
 *
 * Ownership: trees live in the arena and borrow from `text`, which must live
 * as long as the build.
 */
#ifndef KUSTOMIZE_OBJFILE_H
#define KUSTOMIZE_OBJFILE_H

#include "base/err.h"
#include "base/vec.h"
#include "kustomize/resmap.h"
#include "value/node.h"
#include "value/source.h"

typedef VEC(node) node_list;

/* `name` is the file as the user knows it; `sources` may be NULL. */
err *objfile_parse(struct arena *a, struct sources *sources, str text, str name, node_list *out)
	__attribute__((warn_unused_result));
/* The same for a text that is the value of a scalar at `place` in another file
 * (0: nobody knows; then `name` is told). */
err *objfile_parse_inline(struct arena *a, struct sources *sources, str text, uint32_t place,
			  str name, node_list *out) __attribute__((warn_unused_result));

/* The text with "\n" for "\r\n": itself, or a copy. */
str objfile_without_cr(struct arena *a, str text);

/* A text cut at the lines that begin with "---", piece by piece, which borrow
 * from it:
 *
 *	objfile_pieces_init(&p, text);
 *	TRY(objfile_next_piece(&p, &piece, &more)), as long as there is `more` */
struct objfile_pieces {
	str rest;
	uint32_t line;		/* of the piece in the text, from 1 */
	uint32_t next_line;
	bool last;		/* there is none behind this piece */
};
void objfile_pieces_init(struct objfile_pieces *p, str text);
err *objfile_next_piece(struct objfile_pieces *p, str *piece, bool *more)
	__attribute__((warn_unused_result));

/* The message of a file that is not YAML gets " in File: NAME", as where
 * kustomize says which file it was. */
err *objfile_name_file(err *e, str name) __attribute__((returns_nonnull));
bool objfile_is_malformed(const err *e);

/* Fails when the object has no kind or, but for lists, no name. */
err *objfile_check(struct arena *a, node object) __attribute__((warn_unused_result));
/* "{{v1 ConfigMap} {name ns} map[] map[]}": an object's head as Go prints it. */
str objfile_print_meta(struct arena *a, node object);

#endif
