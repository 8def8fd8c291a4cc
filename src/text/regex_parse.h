/* regex_parse - from the text of a regular expression to its tree.
 *
 * Private to the regex module. What is taken, and the words for what is not, are those of
 * Go's regexp/syntax; size and depth are bounded (regex_impl.h). Worker-local.
 */
#ifndef TEXT_REGEX_PARSE_H
#define TEXT_REGEX_PARSE_H

#include "text/regex_tree.h"

struct parsed {
	struct tree *tree;
	const str *names;	/* of the groups, from 1 on; they borrow from the pattern */
	size_t groups;		/* without the whole match */
};

/* All memory is the arena's. */
err *regex_parse(struct arena *a, str pattern, struct parsed *out)
	__attribute__((warn_unused_result));

/* Between regex_parse.c and regex_class.c. */

enum taken {
	TAKEN_NOT,		/* something else stands there */
	TAKEN,
	TAKEN_FAULT,
};

/* A few sets that are dear to make and often repeated. */
struct set_cache {
	struct {
		struct unicode_class class;
		bool fold, negated;
		struct runeset set;
	} slots[4];
	size_t used, next;
};

struct parser {
	struct tree_stack t;
	struct set_cache cache;
	VEC(str) names;
};

/* The part of the text that was taken since it was `from`. */
static inline str parse_taken(str from, str rest)
{
	return (str){ from.p, from.n - rest.n };
}

/* Take one rune; at the end it is U+FFFD. */
bool parse_take_rune(struct parser *p, str *s, uint32_t *rune);
/* Take an escape that stands for one rune. */
bool parse_take_escape(struct parser *p, str *s, uint32_t *rune);

/* Take \d, \pL and the like; the set is clean. */
enum taken parse_take_group(struct parser *p, str *s, struct runeset *set);
/* Take a class in brackets and push it. */
bool parse_take_class(struct parser *p, str *s);

#endif
