/* The simulation: all paths at once, rune by rune. A thread is a place in
 * the program and what its groups are so far; threads stand in order of
 * preference, and no two at the same place. Threads that came the same way
 * share the block with their groups; whoever changes it makes a copy. */
#include "text/regex_impl.h"

#include <stdlib.h>

/* What the blocks of all threads may take; with more groups than that, the
 * text is read several times, each time for some of the slots. */
enum { MAX_BLOCK_BYTES = 32 << 20 };

struct thread {
	uint32_t pc, block;
};

struct threads {
	uint32_t *dense, *sparse;	/* set of the instructions that were passed */
	uint32_t dense_n;
	VEC(struct thread) list;	/* those that wait for a rune, and MATCH */
};

struct pike {
	const struct hunt *h;
	size_t first_slot, slots_n;	/* the slots of this round */
	struct threads lists[2];
	VEC(struct thread) todo;
	VEC(size_t) blocks;		/* of slots_n slots */
	VEC(uint32_t) refs;		/* of each block */
	VEC(uint32_t) free;
};

static uint32_t block_new(struct pike *p)
{
	if (p->free.n) {
		uint32_t block = p->free.p[--p->free.n];

		p->refs.p[block] = 1;
		return block;
	}
	vec_reserve(&p->blocks, p->slots_n);
	p->blocks.n += p->slots_n;
	vec_push(&p->refs, 1);
	return (uint32_t)p->refs.n - 1;
}

static size_t *block_slots(struct pike *p, uint32_t block)
{
	return p->slots_n ? p->blocks.p + block * p->slots_n : NULL;
}

static uint32_t block_ref(struct pike *p, uint32_t block)
{
	p->refs.p[block]++;
	return block;
}

static void block_unref(struct pike *p, uint32_t block)
{
	if (--p->refs.p[block] == 0)
		vec_push(&p->free, block);
}

/* The block with a slot set; takes it and gives it or a copy back. */
static uint32_t block_set(struct pike *p, uint32_t block, size_t slot, size_t at)
{
	uint32_t own = block;

	slot -= p->first_slot;	/* far away when it is one of an earlier round */
	if (slot >= p->slots_n)
		return block;
	if (p->refs.p[block] > 1) {
		own = block_new(p);
		memcpy(block_slots(p, own), block_slots(p, block), p->slots_n * sizeof(size_t));
		block_unref(p, block);
	}
	block_slots(p, own)[slot] = at;
	return own;
}

static bool was_passed(struct threads *t, uint32_t pc)
{
	uint32_t i = t->sparse[pc];

	if (i < t->dense_n && t->dense[i] == pc)
		return true;
	t->sparse[pc] = t->dense_n;
	t->dense[t->dense_n++] = pc;
	return false;
}

/* Follow all paths from an instruction up to where they take a rune. Takes
 * the block. */
static void follow(struct pike *p, struct threads *t, struct thread from, size_t at)
{
	const struct regex *re = p->h->re;
	uint32_t places = re->places ? exec_places_at(p->h->text, at) : 0;

	vec_push(&p->todo, from);
	while (p->todo.n) {
		struct thread now = p->todo.p[--p->todo.n];
		const struct inst *i = &re->insts[now.pc];

		if (was_passed(t, now.pc)) {
			block_unref(p, now.block);
			continue;
		}
		switch (i->op) {
		case INST_ALT:
			vec_push(&p->todo, (struct thread){ i->arg, block_ref(p, now.block) });
			vec_push(&p->todo, (struct thread){ i->out, now.block });
			break;
		case INST_GROUP:
			now.block = block_set(p, now.block, i->arg, at);
			vec_push(&p->todo, (struct thread){ i->out, now.block });
			break;
		case INST_PLACE:
			if (!(i->arg & ~places))
				vec_push(&p->todo, (struct thread){ i->out, now.block });
			else
				block_unref(p, now.block);
			break;
		default:
			vec_push(&t->list, now);
		}
	}
}

static void begin(struct pike *p, struct threads *t, size_t at)
{
	uint32_t block = block_new(p);

	for (size_t i = 0; i < p->slots_n; i++)
		block_slots(p, block)[i] = REGEX_UNSET;
	block = block_set(p, block, 0, at);
	follow(p, t, (struct thread){ p->h->re->start, block }, at);
}

/* Move all threads over the rune at `at`, up to the first that matches; true
 * if one did, its slots noted. `size` is 0 at the limit. */
static bool step(struct pike *p, struct threads *from, struct threads *to, size_t at,
		 uint32_t rune, size_t size)
{
	const struct regex *re = p->h->re;
	bool matched = false;

	for (size_t k = 0; k < from->list.n; k++) {
		struct thread t = from->list.p[k];
		const struct inst *i = &re->insts[t.pc];

		if (!matched && i->op == INST_MATCH) {
			matched = true;
			t.block = block_set(p, t.block, 1, at);
			if (p->slots_n)
				memcpy(p->h->slots + p->first_slot, block_slots(p, t.block),
				       p->slots_n * sizeof(size_t));
		} else if (!matched && size && inst_takes(re, i, rune)) {
			follow(p, to, (struct thread){ i->out, t.block }, at + size);
			continue;
		}
		block_unref(p, t.block);
	}
	from->list.n = 0;
	from->dense_n = 0;
	return matched;
}

static bool run(struct pike *p)
{
	const struct hunt *h = p->h;
	struct threads *now = &p->lists[0], *next = &p->lists[1];
	bool matched = false;
	size_t at = h->from;

	for (;;) {
		bool fresh = !matched && (!h->anchored || at == h->from);
		uint32_t rune = 0;
		size_t size = 0;

		if (!now->list.n && !fresh)
			break;
		if (!now->list.n && (at = exec_candidate(h, at)) == SIZE_MAX)
			break;
		if (fresh)
			begin(p, now, at);
		if (at < h->limit)
			rune = rune_at(h->text, at, &size);
		matched = step(p, now, next, at, rune, size) || matched;
		if (!size || (matched && !h->slots_n))
			break;
		at += size;
		struct threads *swap = now;

		now = next;
		next = swap;
	}
	return matched;
}

/* Empty lists and no blocks, for the next round. */
static void clear(struct pike *p)
{
	for (int i = 0; i < 2; i++) {
		p->lists[i].list.n = 0;
		p->lists[i].dense_n = 0;
	}
	p->todo.n = p->blocks.n = p->refs.n = p->free.n = 0;
}

static void release(struct pike *p)
{
	for (int i = 0; i < 2; i++) {
		free(p->lists[i].dense);
		free(p->lists[i].sparse);
		vec_release(&p->lists[i].list);
	}
	vec_release(&p->todo);
	vec_release(&p->blocks);
	vec_release(&p->refs);
	vec_release(&p->free);
}

enum answer pike_hunt(const struct hunt *h)
{
	size_t round = MAX_BLOCK_BYTES / (2 * sizeof(size_t) * h->re->insts_n);
	struct pike p = { .h = h };
	bool found;

	if (round < 2)
		round = 2;
	for (int i = 0; i < 2; i++) {
		p.lists[i].dense = mem_calloc(h->re->insts_n, sizeof(uint32_t));
		p.lists[i].sparse = mem_calloc(h->re->insts_n, sizeof(uint32_t));
	}
	do {
		size_t left = h->slots_n - p.first_slot;

		p.slots_n = left < round ? left : round;
		found = run(&p);
		clear(&p);
		p.first_slot += p.slots_n;
	} while (found && p.first_slot < h->slots_n);
	release(&p);
	return found ? ANSWER_YES : ANSWER_NO;
}
