#include "text/regex_tree.h"

/* The limits that Go's parser sets, and users meet. */
enum {
	MAX_SIZE = (128 << 20) / 40,	/* instructions */
	MAX_RUNES = (128 << 20) / 4,
	MAX_REPEAT = 1000,
};

#define NO_RUNE UINT32_MAX

static const char too_large[] = "expression too large";
const char tree_too_deep[] = "expression nests too deeply";

bool tree_fail(struct tree_stack *t, const char *fault, str fragment)
{
	if (!t->fault) {
		t->fault = fault;
		t->fragment = fragment;
	}
	return false;
}

struct tree *tree_new(struct tree_stack *t, enum tree_op op)
{
	struct tree *tree = t->free;

	if (tree) {
		int64_t size = tree->size;

		t->free = tree->next_free;
		*tree = (struct tree){ .size = size };	/* what was counted is not forgotten */
	} else {
		tree = arena_new(t->arena, struct tree);
		t->made++;
	}
	tree->op = (uint8_t)op;
	return tree;
}

void tree_free(struct tree_stack *t, struct tree *tree)
{
	tree->height = 0;
	tree->next_free = t->free;
	t->free = tree;
}

static int64_t size_of(struct tree *tree, bool anew);

static int64_t sum_of_sizes(struct tree *tree)
{
	int64_t sum = 0;

	for (size_t i = 0; i < tree->subs_n; i++)
		sum += size_of(tree->subs[i], false);
	return sum;
}

/* How many instructions the tree becomes, a little pessimistic. */
static int64_t size_of(struct tree *tree, bool anew)
{
	int64_t size = 0;

	if (tree->size && !anew)
		return tree->size;
	switch (tree->op) {
	case TREE_LITERAL:
		size = (int64_t)tree->runes_n;
		break;
	case TREE_CAPTURE:
	case TREE_STAR:
		size = 2 + sum_of_sizes(tree);
		break;
	case TREE_PLUS:
	case TREE_QUEST:
		size = 1 + sum_of_sizes(tree);
		break;
	case TREE_CONCAT:
		size = sum_of_sizes(tree);
		break;
	case TREE_ALTERNATE:
		size = sum_of_sizes(tree) + (int64_t)tree->subs_n - 1;
		break;
	case TREE_REPEAT:
		size = sum_of_sizes(tree);
		if (tree->max >= 0)	/* x{2,5} is xx(x(x(x)?)?)? */
			size = tree->max * size + (tree->max - tree->min);
		else
			size = tree->min ? 1 + tree->min * size : 2 + size;
		break;
	}
	tree->size = size > 0 ? size : 1;
	return tree->size;
}

/* Sizes are counted only once a rough product says they could matter. */
static void check_size(struct tree_stack *t, struct tree *tree)
{
	if (!t->sizing) {
		if (tree->op == TREE_REPEAT) {
			int64_t n = tree->max < 0 ? tree->min : tree->max;

			if (n < 1)
				n = 1;
			t->repeats = n > MAX_SIZE / t->repeats ? MAX_SIZE : t->repeats * n;
		}
		if ((int64_t)t->made < MAX_SIZE / t->repeats)
			return;
		t->sizing = true;
		for (size_t i = 0; i < t->trees.n; i++)
			check_size(t, t->trees.p[i]);
	}
	if (size_of(tree, true) > MAX_SIZE)
		tree_fail(t, too_large, t->pattern);
}

static int height_of(struct tree *tree, bool anew)
{
	int height = 1;

	if (tree->height && !anew)
		return tree->height;
	for (size_t i = 0; i < tree->subs_n; i++) {
		int h = 1 + height_of(tree->subs[i], false);

		if (h > height)
			height = h;
	}
	tree->height = height;
	return height;
}

static void check_height(struct tree_stack *t, struct tree *tree)
{
	if (t->made < TREE_MAX_HEIGHT)
		return;
	if (!t->measuring) {
		t->measuring = true;
		for (size_t i = 0; i < t->trees.n; i++)
			check_height(t, t->trees.p[i]);
	}
	if (height_of(tree, true) > TREE_MAX_HEIGHT)
		tree_fail(t, tree_too_deep, t->pattern);
}

void tree_check_limits(struct tree_stack *t, struct tree *tree)
{
	if (t->runes > MAX_RUNES)
		tree_fail(t, too_large, t->pattern);
	if (t->fault)
		return;
	check_size(t, tree);
	check_height(t, tree);
}

static void set_literal(struct tree *tree, uint32_t rune, unsigned flags)
{
	tree->op = TREE_LITERAL;
	tree->flags = (uint16_t)flags;
	tree->one = rune;
	tree->runes = &tree->one;
	tree->runes_n = 1;
	tree->runes_cap = 0;
}

static void append_runes(struct tree_stack *t, struct tree *to, const struct tree *from)
{
	if (to->runes_n + from->runes_n > to->runes_cap) {
		to->runes_cap = vec_grown(to->runes_cap, to->runes_n + from->runes_n);
		to->runes = avec_move(t->arena, to->runes, to->runes_n, to->runes_cap,
				      sizeof *to->runes);
	}
	memcpy(to->runes + to->runes_n, from->runes, from->runes_n * sizeof *from->runes);
	to->runes_n += from->runes_n;
}

/* Join the two literals on top into one string. This comes before each push,
 * so that the topmost rune stays alone and can still be repeated. A rune that
 * is given takes the place of the one that moved; true when that happened. */
static bool join_literals(struct tree_stack *t, uint32_t rune, unsigned flags)
{
	size_t n = t->trees.n;

	if (n < 2)
		return false;
	struct tree *top = t->trees.p[n - 1], *below = t->trees.p[n - 2];

	if (top->op != TREE_LITERAL || below->op != TREE_LITERAL ||
	    ((top->flags ^ below->flags) & TREE_FOLD))
		return false;
	append_runes(t, below, top);
	if (rune != NO_RUNE) {
		set_literal(top, rune, flags);
		return true;
	}
	t->trees.n--;
	tree_free(t, top);
	return false;
}

/* Whether the set is two runes that differ in nothing but case. */
static bool is_case_pair(const struct runeset *s)
{
	uint32_t a, b;

	if (s->n == 2 && s->p[0].lo == s->p[0].hi && s->p[1].lo == s->p[1].hi) {
		a = s->p[0].lo;
		b = s->p[1].lo;
	} else if (s->n == 1 && s->p[0].lo + 1 == s->p[0].hi) {
		a = s->p[0].lo;
		b = s->p[0].hi;
	} else {
		return false;
	}
	return unicode_simple_fold(a) == b && unicode_simple_fold(b) == a;
}

static struct tree *push(struct tree_stack *t, struct tree *tree)
{
	const struct runeset *s = &tree->set;
	bool one = tree->op == TREE_CLASS && s->n == 1 && s->p[0].lo == s->p[0].hi;
	bool pair = tree->op == TREE_CLASS && !one && is_case_pair(s);

	t->runes += tree->op == TREE_CLASS ? 2 * s->n : tree->runes_n;
	if (one || pair) {
		unsigned flags = one ? t->flags & ~TREE_FOLD : t->flags | TREE_FOLD;
		uint32_t rune = s->p[0].lo;

		if (join_literals(t, rune, flags))
			return NULL;
		set_literal(tree, rune, flags);
	} else {
		join_literals(t, NO_RUNE, 0);
	}
	avec_push(t->arena, &t->trees, tree);
	tree_check_limits(t, tree);
	return tree;
}

struct tree *tree_push_op(struct tree_stack *t, enum tree_op op)
{
	struct tree *tree = tree_new(t, op);

	tree->flags = t->flags;
	return push(t, tree);
}

/* The smallest of the runes that are equal but for case. */
static uint32_t min_fold(uint32_t rune)
{
	uint32_t min = rune;

	for (uint32_t r = unicode_simple_fold(rune); r != rune; r = unicode_simple_fold(r))
		min = r < min ? r : min;
	return min;
}

void tree_push_literal(struct tree_stack *t, uint32_t rune)
{
	struct tree *tree = tree_new(t, TREE_LITERAL);

	set_literal(tree, t->flags & TREE_FOLD ? min_fold(rune) : rune, t->flags);
	push(t, tree);
}

void tree_push_class(struct tree_stack *t, struct runeset set)
{
	struct tree *tree = tree_new(t, TREE_CLASS);

	tree->flags = t->flags;
	tree->set = set;
	push(t, tree);
}

bool tree_repeat(struct tree_stack *t, enum tree_op op, int min, int max, bool lazy)
{
	if (!t->trees.n || t->trees.p[t->trees.n - 1]->op >= TREE_MARKS)
		return false;
	struct tree *tree = tree_new(t, op);

	tree->min = min;
	tree->max = max;
	tree->flags = (uint16_t)(t->flags ^ (lazy ? TREE_LAZY : 0));
	tree->subs = arena_array(t->arena, struct tree *, 1);
	tree->subs_n = 1;
	tree->subs[0] = t->trees.p[t->trees.n - 1];
	t->trees.p[t->trees.n - 1] = tree;
	tree_check_limits(t, tree);
	return true;
}

static bool repeats_at_most(const struct tree *tree, int n)
{
	if (tree->op == TREE_REPEAT) {
		int m = tree->max;

		if (!m)
			return true;
		if (m < 0)
			m = tree->min;
		if (m > n)
			return false;
		if (m > 0)
			n /= m;
	}
	for (size_t i = 0; i < tree->subs_n; i++)
		if (!repeats_at_most(tree->subs[i], n))
			return false;
	return true;
}

bool tree_repeat_fits(const struct tree_stack *t)
{
	const struct tree *top = t->trees.p[t->trees.n - 1];

	return (top->min < 2 && top->max < 2) || repeats_at_most(top, MAX_REPEAT);
}

struct tree *tree_collapse(struct tree_stack *t, struct tree **subs, size_t n, enum tree_op op)
{
	size_t total = 0, at = 0;

	if (n == 1)
		return subs[0];
	struct tree *tree = tree_new(t, op);

	for (size_t i = 0; i < n; i++)
		total += subs[i]->op == op ? subs[i]->subs_n : 1;
	struct tree **all = arena_array(t->arena, struct tree *, total);

	for (size_t i = 0; i < n; i++) {
		if (subs[i]->op != op) {
			all[at++] = subs[i];
			continue;
		}
		memcpy(all + at, subs[i]->subs, subs[i]->subs_n * sizeof *all);
		at += subs[i]->subs_n;
		tree_free(t, subs[i]);
	}
	if (op == TREE_ALTERNATE)
		total = tree_factor(t, all, total);
	if (total == 1) {
		tree_free(t, tree);
		return all[0];
	}
	tree->subs = all;
	tree->subs_n = total;
	return tree;
}

/* Take off what lies above the last mark and make it one tree. */
static void collapse_top(struct tree_stack *t, enum tree_op op)
{
	size_t from = t->trees.n;

	while (from > 0 && t->trees.p[from - 1]->op < TREE_MARKS)
		from--;
	size_t n = t->trees.n - from;

	t->trees.n = from;
	push(t, n ? tree_collapse(t, t->trees.p + from, n, op) : tree_new(t, TREE_EMPTY));
}

static void concat(struct tree_stack *t)
{
	join_literals(t, NO_RUNE, 0);
	collapse_top(t, TREE_CONCAT);
}

/* If there is a bar right below the top, move it above: what is below the
 * bars of a group is its alternatives. Classes are merged on the way. */
static bool swap_bar(struct tree_stack *t)
{
	size_t n = t->trees.n;
	struct tree **top = t->trees.p + n - 1;

	if (n < 2 || top[-1]->op != TREE_BAR)
		return false;
	if (n >= 3 && tree_is_class(top[0]) && tree_is_class(top[-2])) {
		struct tree *less = top[0];

		if (less->op > top[-2]->op) {
			less = top[-2];
			top[-2] = top[0];
		}
		tree_merge_class(t, top[-2], less);
		tree_free(t, less);
		t->trees.n--;
		return true;
	}
	if (n >= 3)
		tree_clean_class(top[-2]);
	struct tree *bar = top[-1];

	top[-1] = top[0];
	top[0] = bar;
	return true;
}

void tree_bar(struct tree_stack *t)
{
	concat(t);
	if (!swap_bar(t))
		tree_push_op(t, TREE_BAR);
}

/* Make one tree of the alternatives above the last parenthesis. */
static void alternate(struct tree_stack *t)
{
	concat(t);
	if (swap_bar(t))
		t->trees.n--;
	tree_clean_class(t->trees.p[t->trees.n - 1]);
	collapse_top(t, TREE_ALTERNATE);
}

bool tree_close(struct tree_stack *t)
{
	alternate(t);
	if (t->trees.n < 2)
		return false;
	struct tree *inner = t->trees.p[t->trees.n - 1], *paren = t->trees.p[t->trees.n - 2];

	if (paren->op != TREE_LEFT_PAREN)
		return false;
	t->trees.n -= 2;
	t->flags = paren->flags;
	if (paren->group) {
		paren->op = TREE_CAPTURE;
		paren->subs = arena_array(t->arena, struct tree *, 1);
		paren->subs[0] = inner;
		paren->subs_n = 1;
		inner = paren;
	}
	push(t, inner);
	return true;
}

struct tree *tree_finish(struct tree_stack *t)
{
	alternate(t);
	return t->trees.n == 1 ? t->trees.p[0] : NULL;
}
