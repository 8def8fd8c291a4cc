/* The simulation: all paths at once, rune by rune. A thread is a place in
 * the program and what its groups are so far; threads stand in order of
 * preference, and no two at the same place. */
#include "text/regex_impl.h"

#include <stdlib.h>

/* What the slots of all threads may take; with more of them the text is read
 * several times, each time for some of the slots. */
enum { MAX_SLOT_BYTES = 32 << 20 };

struct threads {
	uint32_t *dense, *sparse;	/* set of the instructions that were passed */
	uint32_t dense_n;
	VEC(uint32_t) pcs;		/* those that wait for a rune, and MATCH */
	VEC(size_t) slots;		/* of each of them */
};

struct step {
	uint32_t pc;
	uint32_t slot;			/* + 1: set this slot back to `old` instead */
	size_t old;
};

struct pike {
	const struct hunt *h;
	size_t first_slot, slots_n;	/* the slots of this round */
	struct threads lists[2];
	VEC(struct step) steps;
	size_t *slots;			/* of the path that is followed */
	size_t *best;
};

static bool has(const struct threads *t, uint32_t pc)
{
	uint32_t i = t->sparse[pc];

	return i < t->dense_n && t->dense[i] == pc;
}

static void clear(struct threads *t)
{
	t->dense_n = 0;
	t->pcs.n = t->slots.n = 0;
}

static void add_thread(struct pike *p, struct threads *t, uint32_t pc)
{
	vec_push(&t->pcs, pc);
	if (!p->slots_n)
		return;
	vec_reserve(&t->slots, p->slots_n);
	memcpy(t->slots.p + t->slots.n, p->slots, p->slots_n * sizeof *p->slots);
	t->slots.n += p->slots_n;
}

static void follow_group(struct pike *p, const struct inst *i, size_t at)
{
	size_t slot = i->arg - p->first_slot;

	if (i->arg >= p->first_slot && slot < p->slots_n) {
		vec_push(&p->steps, (struct step){ 0, (uint32_t)slot + 1, p->slots[slot] });
		p->slots[slot] = at;
	}
	vec_push(&p->steps, (struct step){ .pc = i->out });
}

/* Follow all paths from an instruction up to where they take a rune. */
static void follow(struct pike *p, struct threads *t, uint32_t pc, size_t at)
{
	const struct regex *re = p->h->re;
	uint32_t places = re->places ? exec_places_at(p->h->text, at) : 0;

	vec_push(&p->steps, (struct step){ .pc = pc });
	while (p->steps.n) {
		struct step s = p->steps.p[--p->steps.n];

		if (s.slot) {
			p->slots[s.slot - 1] = s.old;
			continue;
		}
		if (has(t, s.pc))
			continue;
		const struct inst *i = &re->insts[s.pc];

		t->sparse[s.pc] = t->dense_n;
		t->dense[t->dense_n++] = s.pc;
		switch (i->op) {
		case INST_ALT:
			vec_push(&p->steps, (struct step){ .pc = i->arg });
			vec_push(&p->steps, (struct step){ .pc = i->out });
			break;
		case INST_GROUP:
			follow_group(p, i, at);
			break;
		case INST_PLACE:
			if (!(i->arg & ~places))
				vec_push(&p->steps, (struct step){ .pc = i->out });
			break;
		default:
			add_thread(p, t, s.pc);
		}
	}
}

/* Move all threads over the rune at `at`, up to the first that matches; true
 * if one did. `size` is 0 at the limit. */
static bool step(struct pike *p, const struct threads *from, struct threads *to, size_t at,
		 uint32_t rune, size_t size)
{
	const struct regex *re = p->h->re;

	for (size_t k = 0; k < from->pcs.n; k++) {
		const struct inst *i = &re->insts[from->pcs.p[k]];

		if (p->slots_n)
			memcpy(p->slots, from->slots.p + k * p->slots_n,
			       p->slots_n * sizeof *p->slots);
		if (i->op == INST_MATCH)
			return true;
		if (size && inst_takes(re, i, rune))
			follow(p, to, i->out, at + size);
	}
	return false;
}

static bool run(struct pike *p, size_t *end)
{
	const struct hunt *h = p->h;
	struct threads *now = &p->lists[0], *next = &p->lists[1];
	bool matched = false;
	size_t at = h->from;

	clear(now);
	clear(next);
	for (;;) {
		uint32_t rune = 0;
		size_t size = 0;

		if (!now->pcs.n && (matched || (h->anchored && at != h->from)))
			break;
		if (!now->pcs.n && (at = exec_candidate(h, at)) == SIZE_MAX)
			break;
		if (!matched && (!h->anchored || at == h->from)) {
			for (size_t i = 0; i < p->slots_n; i++)
				p->slots[i] = REGEX_UNSET;
			if (p->slots_n && !p->first_slot)
				p->slots[0] = at;
			follow(p, now, h->re->start, at);
		}
		if (at < h->limit)
			rune = rune_at(h->text, at, &size);
		if (step(p, now, next, at, rune, size)) {
			memcpy(p->best, p->slots, p->slots_n * sizeof *p->best);
			*end = at;
			matched = true;
		}
		if (!size || (matched && !h->slots_n))
			break;
		at += size;
		clear(now);
		struct threads *swap = now;

		now = next;
		next = swap;
	}
	return matched;
}

static void init(struct pike *p, const struct hunt *h, size_t slots_n)
{
	p->h = h;
	p->slots = mem_calloc(slots_n + 1, sizeof *p->slots);
	p->best = mem_calloc(slots_n + 1, sizeof *p->best);
	for (int i = 0; i < 2; i++) {
		p->lists[i].dense = mem_calloc(h->re->insts_n, sizeof(uint32_t));
		p->lists[i].sparse = mem_calloc(h->re->insts_n, sizeof(uint32_t));
	}
}

static void release(struct pike *p)
{
	for (int i = 0; i < 2; i++) {
		free(p->lists[i].dense);
		free(p->lists[i].sparse);
		vec_release(&p->lists[i].pcs);
		vec_release(&p->lists[i].slots);
	}
	vec_release(&p->steps);
	free(p->slots);
	free(p->best);
}

enum answer pike_hunt(const struct hunt *h)
{
	size_t round = MAX_SLOT_BYTES / (2 * sizeof(size_t) * h->re->insts_n), end;
	struct pike p = { 0 };
	bool found;

	if (round < 2)
		round = 2;
	if (round > h->slots_n)
		round = h->slots_n;
	init(&p, h, round);
	do {
		p.slots_n = h->slots_n - p.first_slot < round ? h->slots_n - p.first_slot : round;
		found = run(&p, &end);
		if (!found)
			break;
		if (p.slots_n && !p.first_slot)
			p.best[1] = end;
		memcpy(h->slots + p.first_slot, p.best, p.slots_n * sizeof *p.best);
		p.first_slot += p.slots_n;
	} while (p.first_slot < h->slots_n);
	release(&p);
	return found ? ANSWER_YES : ANSWER_NO;
}
