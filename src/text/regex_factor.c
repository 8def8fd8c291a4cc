/* Alternatives that begin alike are factored, as
 *
 *	ABC|ABD|AEF|BCX|BCY  ->  A(?:B[CD]|EF)|BC[XY]
 *
 * in four rounds over the list: common strings, common classes, neighbouring
 * classes into one, neighbouring empty alternatives into one. None changes
 * what is matched or preferred; but all change size and height. */
#include "text/regex_tree.h"

bool tree_is_class(const struct tree *tree)
{
	switch (tree->op) {
	case TREE_LITERAL:
		return tree->runes_n == 1;
	case TREE_CLASS:
	case TREE_ANY_NOT_NL:
	case TREE_ANY:
		return true;
	}
	return false;
}

void tree_clean_class(struct tree *tree)
{
	const struct unicode_range *r = tree->set.p;

	if (tree->op != TREE_CLASS)
		return;
	runeset_clean(&tree->set);
	if (tree->set.n == 1 && r[0].lo == 0 && r[0].hi == UNICODE_MAX)
		tree->op = TREE_ANY;
	else if (tree->set.n == 2 && r[0].lo == 0 && r[0].hi == '\n' - 1 && r[1].lo == '\n' + 1 &&
		 r[1].hi == UNICODE_MAX)
		tree->op = TREE_ANY_NOT_NL;
	if (tree->op != TREE_CLASS)
		tree->set = (struct runeset){ 0 };
}

static void add_literal(struct tree_stack *t, struct runeset *set, const struct tree *literal)
{
	uint32_t rune = literal->runes[0];

	runeset_add(t->arena, set, rune, rune);
	if (literal->flags & TREE_FOLD)
		for (uint32_t r = unicode_simple_fold(rune); r != rune; r = unicode_simple_fold(r))
			runeset_add(t->arena, set, r, r);
}

static bool has_newline(const struct tree *class)
{
	switch (class->op) {
	case TREE_LITERAL:
		return class->runes[0] == '\n';
	case TREE_CLASS:
		for (size_t i = 0; i < class->set.n; i++)	/* not clean yet, maybe */
			if (class->set.p[i].lo <= '\n' && '\n' <= class->set.p[i].hi)
				return true;
		return false;
	}
	return class->op == TREE_ANY;
}

/* Put the runes of `from` into the more general (or equal) class `into`. */
void tree_merge_class(struct tree_stack *t, struct tree *into, struct tree *from)
{
	if (into->op == TREE_ANY_NOT_NL && has_newline(from))
		into->op = TREE_ANY;
	if (into->op == TREE_LITERAL) {
		if (into->runes[0] == from->runes[0] && into->flags == from->flags)
			return;
		into->op = TREE_CLASS;
		into->set = (struct runeset){ 0 };
		add_literal(t, &into->set, into);
		into->runes_n = 0;
	}
	if (into->op != TREE_CLASS)
		return;
	if (from->op == TREE_LITERAL)
		add_literal(t, &into->set, from);
	else
		runeset_add_set(t->arena, &into->set, &from->set);
}

/* The literal that a tree begins with, or NULL. */
static struct tree *leading_literal(struct tree *tree)
{
	if (tree->op == TREE_CONCAT && tree->subs_n)
		tree = tree->subs[0];
	return tree->op == TREE_LITERAL ? tree : NULL;
}

static void drop_first(struct tree *concat)
{
	concat->subs++;
	concat->subs_n--;
}

/* The tree without the first `n` runes of its leading literal. */
static struct tree *without_string(struct tree_stack *t, struct tree *tree, size_t n)
{
	struct tree *literal = leading_literal(tree);

	literal->runes += n;
	literal->runes_n -= n;
	literal->runes_cap -= literal->runes_cap ? n : 0;
	if (literal->runes_n)
		return tree;
	literal->op = TREE_EMPTY;
	if (tree == literal)
		return tree;
	tree_free(t, literal);
	drop_first(tree);
	if (tree->subs_n > 1)
		return tree;
	struct tree *rest = tree->subs[0];

	tree_free(t, tree);
	return rest;
}

/* The first piece of a tree, or NULL of an empty one. */
static struct tree *leading_tree(struct tree *tree)
{
	if (tree->op == TREE_CONCAT && tree->subs_n)
		tree = tree->subs[0];
	return tree->op == TREE_EMPTY ? NULL : tree;
}

/* The tree without its first piece, which is freed if asked. */
static struct tree *without_first(struct tree_stack *t, struct tree *tree, bool free_first)
{
	if (tree->op != TREE_CONCAT || !tree->subs_n) {
		if (free_first)
			tree_free(t, tree);
		return tree_new(t, TREE_EMPTY);
	}
	if (free_first)
		tree_free(t, tree->subs[0]);
	drop_first(tree);
	if (tree->subs_n > 1)
		return tree;
	struct tree *rest = tree->subs_n ? tree->subs[0] : tree;

	if (rest == tree)
		tree->op = TREE_EMPTY;
	else
		tree_free(t, tree);
	return rest;
}

static struct tree *concat_of(struct tree_stack *t, struct tree *prefix, struct tree *suffix)
{
	struct tree *tree = tree_new(t, TREE_CONCAT);

	tree->subs = arena_array(t->arena, struct tree *, 2);
	tree->subs[0] = prefix;
	tree->subs[1] = suffix;
	tree->subs_n = 2;
	return tree;
}

/* One tree for alternatives that all begin with the same runes. */
static struct tree *factor_string(struct tree_stack *t, struct tree **subs, size_t n,
				  const struct tree *literal, size_t runes_n)
{
	struct tree *prefix = tree_new(t, TREE_LITERAL);

	prefix->flags = literal->flags & TREE_FOLD;
	prefix->runes = arena_alloc(t->arena, runes_n * sizeof *prefix->runes);
	memcpy(prefix->runes, literal->runes, runes_n * sizeof *prefix->runes);
	prefix->runes_n = prefix->runes_cap = runes_n;
	for (size_t i = 0; i < n; i++) {
		subs[i] = without_string(t, subs[i], runes_n);
		tree_check_limits(t, subs[i]);
	}
	return concat_of(t, prefix, tree_collapse(t, subs, n, TREE_ALTERNATE));
}

static size_t common_prefix(const struct tree *a, size_t n, const struct tree *b)
{
	size_t same = 0;

	if (!a || !b || ((a->flags ^ b->flags) & TREE_FOLD))
		return 0;
	while (same < n && same < b->runes_n && a->runes[same] == b->runes[same])
		same++;
	return same;
}

static size_t factor_strings(struct tree_stack *t, struct tree **subs, size_t n)
{
	struct tree *prefix = NULL;	/* all from `start` on begin with its first runes */
	size_t out = 0, start = 0, prefix_n = 0;

	for (size_t i = 0; i <= n; i++) {
		struct tree *literal = i < n ? leading_literal(subs[i]) : NULL;
		size_t same = common_prefix(prefix, prefix_n, literal);

		if (same) {
			prefix_n = same;
			continue;
		}
		if (i == start + 1)
			subs[out++] = subs[start];
		else if (i > start)
			subs[out++] = factor_string(t, subs + start, i - start, prefix, prefix_n);
		start = i;
		prefix = literal;
		prefix_n = literal ? literal->runes_n : 0;
	}
	return out;
}

static bool same_class(const struct tree *a, const struct tree *b)
{
	if (a->op != b->op || !tree_is_class(a) || !tree_is_class(b))
		return false;
	if (a->op == TREE_LITERAL || a->op == TREE_CLASS) {
		if ((a->flags ^ b->flags) & TREE_FOLD)
			return false;
		return a->op == TREE_LITERAL ? a->runes[0] == b->runes[0] :
					       runeset_eq(&a->set, &b->set);
	}
	return true;
}

/* Only classes and counted classes are factored: with anything else, paths
 * through the program that differ in preference would become one. */
static bool same_leading(const struct tree *a, const struct tree *b)
{
	if (!a || !b)
		return false;
	if (a->op == TREE_REPEAT && b->op == TREE_REPEAT)
		return a->min == a->max && a->min == b->min && a->max == b->max &&
		       !((a->flags ^ b->flags) & TREE_LAZY) && same_class(a->subs[0], b->subs[0]);
	return same_class(a, b);
}

/* One tree for alternatives that all begin with the same class. */
static struct tree *factor_class(struct tree_stack *t, struct tree **subs, size_t n,
				 struct tree *first)
{
	for (size_t i = 0; i < n; i++) {
		subs[i] = without_first(t, subs[i], i > 0);
		tree_check_limits(t, subs[i]);
	}
	return concat_of(t, first, tree_collapse(t, subs, n, TREE_ALTERNATE));
}

static size_t factor_classes(struct tree_stack *t, struct tree **subs, size_t n)
{
	struct tree *first = NULL;
	size_t out = 0, start = 0;

	for (size_t i = 0; i <= n; i++) {
		struct tree *leading = i < n ? leading_tree(subs[i]) : NULL;

		if (same_leading(first, leading))
			continue;
		if (i == start + 1)
			subs[out++] = subs[start];
		else if (i > start)
			subs[out++] = factor_class(t, subs + start, i - start, first);
		start = i;
		first = leading;
	}
	return out;
}

/* Merge the classes of a run into the most general of them. */
static struct tree *merge_run(struct tree_stack *t, struct tree **subs, size_t n)
{
	size_t max = 0;

	for (size_t i = 1; i < n; i++)
		if (subs[max]->op < subs[i]->op ||
		    (subs[max]->op == subs[i]->op && subs[max]->set.n < subs[i]->set.n))
			max = i;
	struct tree *into = subs[max];

	subs[max] = subs[0];
	for (size_t i = 1; i < n; i++) {
		tree_merge_class(t, into, subs[i]);
		tree_free(t, subs[i]);
	}
	tree_clean_class(into);
	return into;
}

static size_t merge_classes(struct tree_stack *t, struct tree **subs, size_t n)
{
	size_t out = 0, start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && tree_is_class(subs[i]))
			continue;
		if (i == start + 1)
			subs[out++] = subs[start];
		else if (i > start)
			subs[out++] = merge_run(t, subs + start, i - start);
		if (i < n)
			subs[out++] = subs[i];
		start = i + 1;
	}
	return out;
}

static size_t merge_empty(struct tree **subs, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || subs[i]->op != TREE_EMPTY || subs[i + 1]->op != TREE_EMPTY)
			subs[out++] = subs[i];
	return out;
}

size_t tree_factor(struct tree_stack *t, struct tree **subs, size_t n)
{
	if (n < 2)
		return n;
	/* each level makes the tree at least one higher */
	if (t->factoring == TREE_MAX_HEIGHT) {
		tree_fail(t, tree_too_deep, t->pattern);
		return n;
	}
	t->factoring++;
	n = factor_strings(t, subs, n);
	n = factor_classes(t, subs, n);
	n = merge_classes(t, subs, n);
	n = merge_empty(subs, n);
	t->factoring--;
	return n;
}
