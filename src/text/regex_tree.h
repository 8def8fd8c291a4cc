/* regex_tree - the parse tree of a regular expression, while it is built.
 *
 * Trees grow on a stack, as the text is read from left to right: literals
 * and classes are pushed, repetitions wrap the top, and at `|`, `)` and the
 * end what lies above the last bar or parenthesis becomes one tree.
 *
 * Which expressions are "too large" or "nested too deeply" is part of the
 * language that users see, and is said in terms of these trees. So their
 * shape is Go's: literals are joined into strings, alternatives that begin
 * alike are factored, neighbouring classes are merged.
 *
 * Private to the regex module. All memory is one arena's, dropped when the
 * program is made.
 */
#ifndef TEXT_REGEX_TREE_H
#define TEXT_REGEX_TREE_H

#include "base/vec.h"
#include "text/runeset.h"

enum tree_op {
	TREE_EMPTY = 1,
	TREE_LITERAL,		/* the four that are classes by growing generality */
	TREE_CLASS,
	TREE_ANY_NOT_NL,
	TREE_ANY,
	TREE_BEGIN_LINE,
	TREE_END_LINE,
	TREE_BEGIN_TEXT,
	TREE_END_TEXT,
	TREE_WORD_BOUNDARY,
	TREE_NO_WORD_BOUNDARY,
	TREE_CAPTURE,
	TREE_STAR,
	TREE_PLUS,
	TREE_QUEST,
	TREE_REPEAT,
	TREE_CONCAT,
	TREE_ALTERNATE,
	TREE_MARKS,		/* from here on: only on the stack */
	TREE_LEFT_PAREN = TREE_MARKS,
	TREE_BAR,
};

enum tree_flag {
	TREE_FOLD = 1,		/* (?i) */
	TREE_DOT_NL = 2,	/* (?s) */
	TREE_ONE_LINE = 4,	/* not (?m) */
	TREE_LAZY = 8,		/* (?U) on the parser, x*? on a tree */
};

struct tree {
	uint8_t op;
	uint16_t flags;
	int32_t min, max;		/* REPEAT; max -1: any number */
	uint32_t group;			/* CAPTURE: its number; LEFT_PAREN: 0 is no group */
	uint32_t program_set;		/* CLASS: number in the program, + 1 */
	uint32_t *runes;		/* LITERAL */
	size_t runes_n, runes_cap;	/* cap 0: borrowed or `one` */
	uint32_t one;			/* a literal's rune, mostly it is just one */
	struct tree **subs;
	size_t subs_n;
	struct runeset set;		/* CLASS */
	str name;			/* CAPTURE */
	int64_t size;			/* instructions below; 0: not counted yet */
	int height;			/* 0: not measured yet */
	struct tree *next_free;
};

enum { TREE_MAX_HEIGHT = 1000 };
extern const char tree_too_deep[];

struct tree_stack {
	struct arena *arena;
	str pattern;
	uint16_t flags;
	VEC(struct tree *) trees;
	struct tree *free;
	size_t made;			/* trees ever made, without reused ones */
	size_t runes;			/* in literals and classes */
	int64_t repeats;		/* product of all repetitions */
	int factoring;			/* levels of it under way */
	bool sizing, measuring;		/* sizes and heights are kept up to date */
	const char *fault;		/* the first thing that went wrong, or NULL */
	str fragment;			/* of the pattern */
};

/* Note what is wrong, unless something was before; always false. */
bool tree_fail(struct tree_stack *t, const char *fault, str fragment);

struct tree *tree_new(struct tree_stack *t, enum tree_op op);
struct tree *tree_push_op(struct tree_stack *t, enum tree_op op);
void tree_push_literal(struct tree_stack *t, uint32_t rune);
/* Takes the set, clean. */
void tree_push_class(struct tree_stack *t, struct runeset set);
/* Wrap the top. False without a fault when there is nothing to repeat. */
bool tree_repeat(struct tree_stack *t, enum tree_op op, int min, int max, bool lazy);
/* Whether the top repeats nothing more than 1000 times in all. */
bool tree_repeat_fits(const struct tree_stack *t);
void tree_bar(struct tree_stack *t);
/* Close the group on top; false when there is none. */
bool tree_close(struct tree_stack *t);
/* The whole tree; NULL when a group is open. */
struct tree *tree_finish(struct tree_stack *t);

/* Between regex_tree.c and regex_factor.c. */
void tree_free(struct tree_stack *t, struct tree *tree);
void tree_check_limits(struct tree_stack *t, struct tree *tree);
struct tree *tree_collapse(struct tree_stack *t, struct tree **subs, size_t n, enum tree_op op);
bool tree_is_class(const struct tree *tree);
void tree_clean_class(struct tree *tree);
void tree_merge_class(struct tree_stack *t, struct tree *into, struct tree *from);
size_t tree_factor(struct tree_stack *t, struct tree **subs, size_t n);

#endif
