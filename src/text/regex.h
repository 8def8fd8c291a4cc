/* regex - regular expressions in RE2's syntax, as Go's package regexp has
 * them: what is accepted, what is matched and preferred (leftmost, then what
 * a backtracking search would find first), and the words of every error.
 *
 * Time is linear in the text, whatever the expression; there are no back
 * references and no look-around. Texts are UTF-8; a byte that is not is read
 * as U+FFFD, one byte long. All offsets are in bytes.
 *
 * An expression is compiled into an arena and immutable from then on: any
 * thread may use it, each search brings memory of its own. Compiling is
 * cheap; an expression that is used on many texts is still better kept.
 */
#ifndef TEXT_REGEX_H
#define TEXT_REGEX_H

#include "base/buf.h"
#include "base/vec.h"

struct regex;

/* "error parsing regexp: missing closing ): `(`" and the like. Copies. */
err *regex_compile(struct arena *a, str pattern, const struct regex **out)
	__attribute__((warn_unused_result));

str regex_pattern(const struct regex *re);
/* Groups, the whole match included, which is number 0. */
size_t regex_groups(const struct regex *re);
/* Steps that one byte of a text may take at most. */
size_t regex_size(const struct regex *re);
/* The name of a group, mostly empty. */
str regex_group_name(const struct regex *re, size_t group);

/* Where a group matched. A group that took no part has `start` REGEX_UNSET. */
#define REGEX_UNSET SIZE_MAX

struct regex_span {
	size_t start, end;
};

static inline bool regex_is_set(struct regex_span s)
{
	return s.start != REGEX_UNSET;
}

static inline str regex_text(str text, struct regex_span s)
{
	return regex_is_set(s) ? str_sub(text, s.start, s.end) : STR_NONE;
}

/* Whether the text has a match anywhere. */
bool regex_test(const struct regex *re, str text);
/* The first match and its groups, as many as there is room for. Asking for
 * less is faster: nothing, the whole match (1), all groups. */
bool regex_find(const struct regex *re, str text, struct regex_span *groups, size_t n);

/* All matches, one after the other:
 *
 *	CLEANUP(regex_search_release) struct regex_search s;
 *	regex_search_init(&s, re, text);
 *	while (regex_next(&s, groups, n)) ...
 *
 * Matches do not overlap. An empty match right behind a match is none. */
struct regex_search {
	const struct regex *re;
	str text;
	size_t at;			/* where to look next */
	size_t last_end;		/* of the last match */
	struct regex_scratch *scratch;
};
void regex_search_init(struct regex_search *s, const struct regex *re, str text);
bool regex_next(struct regex_search *s, struct regex_span *groups, size_t n);
void regex_search_release(struct regex_search *s);

/* The text with every match replaced. In a template, $1, ${1}, $name and
 * ${name} are groups (a name is as long as can be: $1x is group "1x"), $$ is
 * a dollar sign; groups that are not there are empty. */
void regex_replace(const struct regex *re, str text, str template, struct buf *out);
void regex_replace_literal(const struct regex *re, str text, str by, struct buf *out);
/* Write one match by a template. */
void regex_expand(const struct regex *re, str template, str text, const struct regex_span *groups,
		  size_t n, struct buf *out);

/* The pieces between matches; at most `limit` of them, the last being the
 * rest; a negative limit is none. The pieces borrow from the text. */
typedef VEC(str) regex_pieces;
void regex_split(struct arena *a, const struct regex *re, str text, int64_t limit,
		 regex_pieces *out);

/* An expression that matches just this text. */
void regex_quote(struct buf *out, str text);

#endif
