/* From the tree to the program. It is built from its end to its start: the
 * code of a piece is made knowing where to go on. */
#include "text/regex_impl.h"
#include "text/regex_tree.h"

enum { MAX_INSTS = (128 << 20) / 40 };	/* as many as Go's parser allows for */

struct builder {
	struct arena *arena;
	struct regex *re;
	VEC(struct inst) insts;
	VEC(struct program_set) sets;
	bool too_large;
};

static uint32_t emit(struct builder *b, enum inst_op op, uint32_t out, uint32_t arg)
{
	if (b->insts.n >= MAX_INSTS) {
		b->too_large = true;
		return 0;
	}
	vec_push(&b->insts, (struct inst){ .op = (uint16_t)op, .out = out, .arg = arg });
	return (uint32_t)b->insts.n - 1;
}

static uint32_t emit_place(struct builder *b, enum place place, uint32_t next)
{
	b->re->places |= place;
	return emit(b, INST_PLACE, next, place);
}

static uint32_t add_set(struct builder *b, const struct runeset *runes)
{
	enum { LATEST = 8 };
	struct program_set s = { .runes = { .n = runes->n } };

	for (size_t i = b->sets.n, k = 0; i > 0 && k < LATEST; i--, k++)
		if (runeset_eq(&b->sets.p[i - 1].runes, runes))
			return (uint32_t)i;
	s.runes.p = arena_alloc(b->arena, runes->n * sizeof *runes->p);
	if (runes->n)
		memcpy(s.runes.p, runes->p, runes->n * sizeof *runes->p);
	for (size_t i = 0; i < runes->n && runes->p[i].lo < 128; i++)
		for (uint32_t r = runes->p[i].lo; r <= runes->p[i].hi && r < 128; r++)
			s.low[r >> 6] |= (uint64_t)1 << (r & 63);
	vec_push(&b->sets, s);
	return (uint32_t)b->sets.n;
}

/* `known` remembers the set's number: a tree may be built many times. */
static uint32_t emit_set(struct builder *b, const struct runeset *runes, uint32_t *known,
			 uint32_t next)
{
	if (!*known)
		*known = add_set(b, runes);
	return emit(b, INST_SET, next, *known - 1);
}

/* A rune in any case. */
static uint32_t emit_folded(struct builder *b, uint32_t rune, uint32_t next)
{
	struct unicode_range few[8];
	struct runeset set = { .p = few, .cap = 8 };
	uint32_t number = 0;

	for (uint32_t r = unicode_simple_fold(rune); r != rune; r = unicode_simple_fold(r))
		few[set.n++] = (struct unicode_range){ r, r };
	if (!set.n)
		return emit(b, INST_RUNE, next, rune);
	few[set.n++] = (struct unicode_range){ rune, rune };
	runeset_clean(&set);
	return emit_set(b, &set, &number, next);
}

static uint32_t build(struct builder *b, struct tree *tree, uint32_t next);

static bool is_nullable(const struct tree *tree)
{
	switch (tree->op) {
	case TREE_LITERAL:
	case TREE_CLASS:
	case TREE_ANY:
	case TREE_ANY_NOT_NL:
		return false;
	case TREE_CAPTURE:
	case TREE_PLUS:
		return is_nullable(tree->subs[0]);
	case TREE_REPEAT:
		return tree->min == 0 || is_nullable(tree->subs[0]);
	case TREE_CONCAT:
		for (size_t i = 0; i < tree->subs_n; i++)
			if (!is_nullable(tree->subs[i]))
				return false;
		return true;
	case TREE_ALTERNATE:
		for (size_t i = 0; i < tree->subs_n; i++)
			if (is_nullable(tree->subs[i]))
				return true;
		return false;
	}
	return true;
}

static uint32_t emit_alt(struct builder *b, bool lazy, uint32_t more, uint32_t next)
{
	return lazy ? emit(b, INST_ALT, next, more) : emit(b, INST_ALT, more, next);
}

/* The loop behind a piece that is run again; `entry` is the piece. */
static uint32_t build_loop(struct builder *b, struct tree *sub, bool lazy, uint32_t next,
			   uint32_t *entry)
{
	uint32_t loop = emit_alt(b, lazy, 0, next);

	*entry = build(b, sub, loop);
	if (b->too_large)
		return 0;
	if (lazy)
		b->insts.p[loop].arg = *entry;
	else
		b->insts.p[loop].out = *entry;
	return loop;
}

static uint32_t build_plus(struct builder *b, struct tree *sub, bool lazy, uint32_t next)
{
	uint32_t entry;

	build_loop(b, sub, lazy, next, &entry);
	return entry;
}

static uint32_t build_star(struct builder *b, struct tree *sub, bool lazy, uint32_t next)
{
	uint32_t entry;

	if (!is_nullable(sub))
		return build_loop(b, sub, lazy, next, &entry);
	/* as (x+)?: otherwise an empty turn of x would not be preferred in order */
	return emit_alt(b, lazy, build_plus(b, sub, lazy, next), next);
}

/* x{2,} is xx+, x{2,5} is xx(x(x(x)?)?)?. */
static uint32_t build_repeat(struct builder *b, const struct tree *tree, uint32_t next)
{
	struct tree *sub = tree->subs[0];
	bool lazy = tree->flags & TREE_LAZY;
	int copies = tree->min;
	uint32_t at = next;

	if (tree->max < 0 && tree->min == 0)
		return build_star(b, sub, lazy, next);
	if (tree->max < 0) {
		at = build_plus(b, sub, lazy, next);
		copies--;
	}
	for (int i = tree->min; i < tree->max; i++)
		at = emit_alt(b, lazy, build(b, sub, at), next);
	for (int i = 0; i < copies && !b->too_large; i++)
		at = build(b, sub, at);
	return at;
}

/* A piece in a loop of its own kind needs no loop around it: (?:x*)* is x*. */
static struct tree *inside_same(struct tree *tree)
{
	struct tree *sub = tree->subs[0];

	while (sub->op == tree->op && !((sub->flags ^ tree->flags) & TREE_LAZY))
		sub = sub->subs[0];
	return sub;
}

static uint32_t build_literal(struct builder *b, const struct tree *tree, uint32_t next)
{
	for (size_t i = tree->runes_n; i-- > 0;) {
		if (tree->flags & TREE_FOLD)
			next = emit_folded(b, tree->runes[i], next);
		else
			next = emit(b, INST_RUNE, next, tree->runes[i]);
	}
	return next;
}

static uint32_t build_capture(struct builder *b, const struct tree *tree, uint32_t next)
{
	next = emit(b, INST_GROUP, next, 2 * tree->group + 1);
	next = build(b, tree->subs[0], next);
	return emit(b, INST_GROUP, next, 2 * tree->group);
}

static uint32_t build_alternate(struct builder *b, const struct tree *tree, uint32_t next)
{
	uint32_t at = build(b, tree->subs[tree->subs_n - 1], next);

	for (size_t i = tree->subs_n - 1; i-- > 0;)
		at = emit(b, INST_ALT, build(b, tree->subs[i], next), at);
	return at;
}

static uint32_t build(struct builder *b, struct tree *tree, uint32_t next)
{
	bool lazy = tree->flags & TREE_LAZY;

	if (b->too_large)
		return 0;
	switch ((enum tree_op)tree->op) {
	case TREE_EMPTY:
		return next;
	case TREE_LITERAL:
		return build_literal(b, tree, next);
	case TREE_CLASS:
		return emit_set(b, &tree->set, &tree->program_set, next);
	case TREE_ANY_NOT_NL:
		return emit(b, INST_ANY_NOT_NL, next, 0);
	case TREE_ANY:
		return emit(b, INST_ANY, next, 0);
	case TREE_BEGIN_LINE:
		return emit_place(b, PLACE_BEGIN_LINE, next);
	case TREE_END_LINE:
		return emit_place(b, PLACE_END_LINE, next);
	case TREE_BEGIN_TEXT:
		return emit_place(b, PLACE_BEGIN_TEXT, next);
	case TREE_END_TEXT:
		return emit_place(b, PLACE_END_TEXT, next);
	case TREE_WORD_BOUNDARY:
		return emit_place(b, PLACE_WORD_BOUNDARY, next);
	case TREE_NO_WORD_BOUNDARY:
		return emit_place(b, PLACE_NO_WORD_BOUNDARY, next);
	case TREE_CAPTURE:
		return build_capture(b, tree, next);
	case TREE_STAR:
		return build_star(b, inside_same(tree), lazy, next);
	case TREE_PLUS:
		return build_plus(b, inside_same(tree), lazy, next);
	case TREE_QUEST:
		return emit_alt(b, lazy, build(b, inside_same(tree), next), next);
	case TREE_REPEAT:
		return build_repeat(b, tree, next);
	case TREE_CONCAT:
		for (size_t i = tree->subs_n; i-- > 0;)
			next = build(b, tree->subs[i], next);
		return next;
	case TREE_ALTERNATE:
		return build_alternate(b, tree, next);
	case TREE_LEFT_PAREN:
	case TREE_BAR:
		break;
	}
	die_bug("no such tree: %d", tree->op);
}

/* Whether each match has to start at the start of the text. */
static bool is_anchored(const struct tree *tree)
{
	switch (tree->op) {
	case TREE_BEGIN_TEXT:
		return true;
	case TREE_CAPTURE:
	case TREE_PLUS:
	case TREE_CONCAT:
		return is_anchored(tree->subs[0]);
	case TREE_REPEAT:
		return tree->min > 0 && is_anchored(tree->subs[0]);
	case TREE_ALTERNATE:
		for (size_t i = 0; i < tree->subs_n; i++)
			if (!is_anchored(tree->subs[i]))
				return false;
		return true;
	}
	return false;
}

static size_t min_len(const struct tree *tree)
{
	enum { ENOUGH = 1 << 20 };	/* as good as more, and never overflows */
	size_t n = 0;
	char bytes[4];

	switch (tree->op) {
	case TREE_LITERAL:	/* U+FFFD may be one bad byte; folded runes are the shortest */
		for (size_t i = 0; i < tree->runes_n; i++)
			n += tree->runes[i] == UTF8_BAD ? 1 : utf8_encode(tree->runes[i], bytes);
		break;
	case TREE_CLASS:
	case TREE_ANY:
	case TREE_ANY_NOT_NL:
		return 1;
	case TREE_CAPTURE:
	case TREE_PLUS:
		return min_len(tree->subs[0]);
	case TREE_REPEAT:
		n = (size_t)tree->min * min_len(tree->subs[0]);
		break;
	case TREE_CONCAT:
		for (size_t i = 0; i < tree->subs_n && n < ENOUGH; i++)
			n += min_len(tree->subs[i]);
		break;
	case TREE_ALTERNATE:
		n = ENOUGH;
		for (size_t i = 0; i < tree->subs_n && n; i++) {
			size_t sub = min_len(tree->subs[i]);

			n = sub < n ? sub : n;
		}
		break;
	}
	return n < ENOUGH ? n : ENOUGH;
}

/* Number the instructions to which several ways lead. Whoever walks through
 * the program and remembers just these has linear work. */
static void number_marks(struct regex *re)
{
	enum { ONE = 1, MANY = 2 };	/* in `mark`, for now */

	re->insts[re->start].mark = ONE;
	for (uint32_t i = 0; i < re->insts_n; i++) {
		const struct inst *from = &re->insts[i];
		uint32_t to[] = { from->out, from->arg };
		size_t n = from->op == INST_MATCH ? 0 : from->op == INST_ALT ? 2 : 1;

		for (size_t k = 0; k < n; k++)
			re->insts[to[k]].mark = re->insts[to[k]].mark ? MANY : ONE;
	}
	for (uint32_t i = 0; i < re->insts_n; i++)
		re->insts[i].mark = re->insts[i].mark == MANY ? ++re->marks : 0;
}

/* Greedy loops over one rune: the backtracker runs through them at once. */
static void find_loops(struct regex *re)
{
	for (uint32_t i = 0; i < re->insts_n; i++) {
		const struct inst *body = &re->insts[re->insts[i].out];

		re->insts[i].loop = re->insts[i].op == INST_ALT && body->op >= INST_RUNE &&
				    body->out == i;
	}
}

static bool is_surrogate(uint32_t rune)
{
	return rune >= 0xd800 && rune <= 0xdfff;
}

/* The bytes that each match begins with. */
static void find_prefix(struct builder *b)
{
	CLEANUP(buf_release) struct buf prefix = BUF_INIT;
	struct regex *re = b->re;
	const struct inst *i = &re->insts[re->start];

	for (; i->op == INST_GROUP || i->op == INST_RUNE; i = &re->insts[i->out]) {
		if (i->op == INST_GROUP)
			continue;
		if (i->arg == UTF8_BAD || is_surrogate(i->arg))
			break;	/* bad bytes match, or nothing does */
		utf8_add(&prefix, i->arg);
	}
	re->literal = i->op == INST_MATCH && prefix.n && re->groups == 1;
	re->prefix = arena_str(b->arena, buf_str(&prefix));
}

static void add_first_bytes(struct regex *re, const struct inst *i)
{
	const struct program_set *set;
	uint32_t rune = i->arg;
	char bytes[4];

	switch (i->op) {
	case INST_RUNE:
		utf8_encode(rune, bytes);
		re->first[(uint8_t)bytes[0]] = 1;
		if (rune == UTF8_BAD)
			memset(re->first + 128, 1, 128);
		break;
	case INST_SET:
		set = &re->sets[i->arg];
		for (uint32_t c = 0; c < 128; c++)
			re->first[c] |= set_has(set, c);
		if (set->runes.n && set->runes.p[set->runes.n - 1].hi >= 128)
			memset(re->first + 128, 1, 128);
		break;
	default:
		memset(re->first, 1, 256);
	}
}

/* Whether few bytes of common texts can begin a match. */
static bool is_rare(const struct regex *re)
{
	static const char common[] = " \netaoinsrl-:/";
	size_t n = 0;

	for (size_t i = 0; common[i]; i++)
		if (re->first[(unsigned char)common[i]])
			return false;
	for (size_t i = 0; i < 128; i++)
		n += re->first[i];
	return n <= 16 && re->first_ascii;
}

/* The bytes that a match can begin with, if it has to have some. */
static void find_first(struct builder *b)
{
	struct regex *re = b->re;
	VEC(uint32_t) todo = { 0 };
	uint8_t *seen = mem_calloc(re->insts_n, 1);
	bool empty = false;

	vec_push(&todo, re->start);
	while (todo.n && !empty) {
		uint32_t pc = todo.p[--todo.n];
		const struct inst *i = &re->insts[pc];

		if (seen[pc])
			continue;
		seen[pc] = 1;
		if (i->op >= INST_RUNE)
			add_first_bytes(re, i);
		else if (i->op == INST_MATCH)
			empty = true;
		else
			vec_push(&todo, i->out);
		if (i->op == INST_ALT)
			vec_push(&todo, i->arg);
	}
	re->has_first = !empty && memchr(re->first, 0, sizeof re->first);
	re->first_ascii = !memchr(re->first + 128, 1, 128);
	re->rare_first = re->has_first && is_rare(re);
	free(seen);
	vec_release(&todo);
}

err *regex_build(struct arena *a, struct tree *tree, size_t groups, struct regex *re)
{
	struct builder b = { .arena = a, .re = re };

	re->groups = (uint32_t)groups;
	re->start = build(&b, tree, emit(&b, INST_MATCH, 0, 0));
	if (!b.too_large) {
		re->insts_n = (uint32_t)b.insts.n;
		re->insts = arena_alloc(a, b.insts.n * sizeof *b.insts.p);
		memcpy(re->insts, b.insts.p, b.insts.n * sizeof *b.insts.p);
		re->sets_n = (uint32_t)b.sets.n;
		re->sets = arena_alloc(a, b.sets.n * sizeof *b.sets.p);
		if (b.sets.n)
			memcpy(re->sets, b.sets.p, b.sets.n * sizeof *b.sets.p);
		re->anchored = is_anchored(tree);
		re->min_len = min_len(tree);
		number_marks(re);
		find_loops(re);
		find_prefix(&b);
		find_first(&b);
	}
	vec_release(&b.insts);
	vec_release(&b.sets);
	if (b.too_large)
		return err_new(ERR_INVALID, "expression too large");
	return NULL;
}
