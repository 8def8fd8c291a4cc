/* literal - the number and character constants of templates.
 *
 * A constant has no type until something asks for one: it remembers whether
 * it reads as an int, an unsigned int, a float, a complex number. Private to
 * the parser.
 */
#ifndef TMPL_LITERAL_H
#define TMPL_LITERAL_H

#include "tmpl/lex.h"
#include "tmpl/tree.h"

/* Fill `n` from a number, complex or character token. The message of the
 * error has no position yet. */
err *literal_number(struct arena *a, struct lex_token t, struct tree_number *n)
	__attribute__((warn_unused_result));

#endif
