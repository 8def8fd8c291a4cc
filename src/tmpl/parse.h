/* parse - template texts into trees, and the set that trees call each other by.
 *
 * A set is a space of names: each text adds the template of its own name and
 * those it defines. A later definition replaces an earlier one, unless it is
 * blank; within one text a name is defined once. A set may stand on another
 * one, which it sees but does not change: so `tpl` adds names for itself.
 *
 * Errors have Go's words: `template: NAME:LINE: unexpected "x" in operand`.
 *
 * Ownership: trees live in the set's arena and borrow from the texts, which
 * must live as long. A set that nobody parses into any more is immutable and
 * may be shared between threads.
 */
#ifndef TMPL_PARSE_H
#define TMPL_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "tmpl/tree.h"

struct tmpl_set {
	struct arena *a;
	const struct tmpl_set *under; /* or NULL */
	node names;                   /* name -> struct tree_template */
};

/* What one text made: its own template and those it defines. */
struct tmpl_parsed {
	const struct tree_template *main;
	const struct tree_template **list; /* `main` among them, in order of definition */
	size_t n;
};

void tmpl_set_init(struct tmpl_set *s, struct arena *a, const struct tmpl_set *under);
/* NULL when there is no such template. */
const struct tree_template *tmpl_set_find(const struct tmpl_set *s, str name);
/* The error of one that a name from outside asks for. */
err *tmpl_set_missing(str name) __attribute__((warn_unused_result, returns_nonnull));
void tmpl_set_add(struct tmpl_set *s, const struct tmpl_parsed *p);

/* Parse without adding. Borrows `name` and `text`. */
err *tmpl_parse(struct arena *a, str name, str text, struct tmpl_parsed *out)
	__attribute__((warn_unused_result));
/* Parse and add. */
err *tmpl_set_parse(struct tmpl_set *s, str name, str text) __attribute__((warn_unused_result));

#endif
