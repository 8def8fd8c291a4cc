/* unicode - what runes are, by the tables of Go's package unicode.
 *
 * Every rune has one general category and at most one script; both are kept
 * as runs of equal runes, so that a question is one binary search (Latin-1:
 * one load) and a class is a walk over the runs. Case mappings are the
 * simple ones, one rune to one rune. Runes above U+10FFFF are unassigned.
 * Nothing here allocates. Any thread.
 */
#ifndef TEXT_UNICODE_H
#define TEXT_UNICODE_H

#include <stdint.h>

#include "base/str.h"

#define UNICODE_MAX ((uint32_t)0x10ffff)

/* tools/unicode_tables.go knows this order. */
enum unicode_category {
	UNICODE_CN, UNICODE_CC, UNICODE_CF, UNICODE_CO, UNICODE_CS,
	UNICODE_LL, UNICODE_LM, UNICODE_LO, UNICODE_LT, UNICODE_LU,
	UNICODE_MC, UNICODE_ME, UNICODE_MN,
	UNICODE_ND, UNICODE_NL, UNICODE_NO,
	UNICODE_PC, UNICODE_PD, UNICODE_PE, UNICODE_PF, UNICODE_PI, UNICODE_PO, UNICODE_PS,
	UNICODE_SC, UNICODE_SK, UNICODE_SM, UNICODE_SO,
	UNICODE_ZL, UNICODE_ZP, UNICODE_ZS,
};

enum unicode_category unicode_category(uint32_t rune);

bool unicode_is_letter(uint32_t rune);
bool unicode_is_mark(uint32_t rune);
bool unicode_is_digit(uint32_t rune);	/* decimal digits, category Nd */
bool unicode_is_number(uint32_t rune);	/* all of category N */
bool unicode_is_punct(uint32_t rune);
bool unicode_is_symbol(uint32_t rune);
bool unicode_is_upper(uint32_t rune);
bool unicode_is_lower(uint32_t rune);
bool unicode_is_title(uint32_t rune);
bool unicode_is_control(uint32_t rune);
bool unicode_is_space(uint32_t rune);	/* White_Space, which is not category Z */
/* Letters, marks, numbers, punctuation, symbols and the ASCII space. */
bool unicode_is_print(uint32_t rune);
/* The same and all of Zs. */
bool unicode_is_graphic(uint32_t rune);

uint32_t unicode_to_upper(uint32_t rune);
uint32_t unicode_to_lower(uint32_t rune);
uint32_t unicode_to_title(uint32_t rune);

/* The next rune that is equal but for case: the smallest larger one, else
 * the smallest of all. A -> a -> A, K -> k -> U+212A -> K, 1 -> 1. */
uint32_t unicode_simple_fold(uint32_t rune);
/* The first rune from `rune` on that unicode_simple_fold may change;
 * UNICODE_MAX + 1 when there is none. To fold a large class quickly. */
uint32_t unicode_next_cased(uint32_t rune);

struct unicode_range {
	uint32_t lo, hi;	/* both belong to the range */
};

/* A set of runes; a small value, fields private. */
struct unicode_class {
	uint32_t categories;	/* bits of enum unicode_category */
	uint8_t script;		/* 0: none */
	bool ascii;
};

/* The class of \p{NAME} in Go's regexp: a category ("Lu", "L"), one of its
 * long names ("Uppercase_Letter", "digit"), a script ("Greek"), Any, ASCII or
 * Assigned. Case, '_', '-' and ' ' do not count. As in Go, that keeps scripts
 * of two words ("Old_Italic") from being found at all. */
bool unicode_find_class(str name, struct unicode_class *out);
bool unicode_class_has(const struct unicode_class *c, uint32_t rune);
/* Walk the ranges of a class in ascending order, neighbours joined:
 *
 *	for (struct unicode_walk w = { .class = c }; unicode_next(&w, &range);)
 */
struct unicode_walk {
	struct unicode_class class;
	size_t at;		/* run to look at next */
};
bool unicode_next(struct unicode_walk *w, struct unicode_range *range);

#endif
