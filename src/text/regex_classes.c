#include "text/regex_classes.h"

#include <stdlib.h>

#include "base/hash.h"

enum { MAX_CLASSES = 255, MAX_EDGES = 1 << 16 };

/* Where a set begins or ends; the sum of the keys up to a rune tells which
 * sets it is in. */
struct edge {
	uint32_t rune;
	uint64_t key;
};

struct edges {
	struct edge *p;
	size_t n, cap;
	uint64_t sets;
};

/* A number that stands for the set; nobody can foresee it. */
static uint64_t next_key(struct edges *e)
{
	e->sets++;
	return hash_bytes((str){ (const char *)&e->sets, sizeof e->sets });
}

static void add_range(struct edges *e, uint32_t lo, uint32_t hi, uint64_t key)
{
	if (e->n > MAX_EDGES)
		return;
	vec_push(e, (struct edge){ lo, key });
	vec_push(e, (struct edge){ hi + 1, 0 - key });
}

static void add_all(struct edges *e, const struct regex *re)
{
	static const struct unicode_range word[] = {
		{ '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' },
	};
	bool seen[128] = { false };
	uint64_t key;

	for (uint32_t i = 0; i < re->insts_n; i++) {
		uint32_t rune = re->insts[i].arg;

		if (re->insts[i].op != INST_RUNE || (rune < 128 && seen[rune]))
			continue;
		add_range(e, rune, rune, next_key(e));
		if (rune < 128)
			seen[rune] = true;
	}
	for (uint32_t i = 0; i < re->sets_n; i++) {
		key = next_key(e);
		for (size_t k = 0; k < re->sets[i].runes.n; k++)
			add_range(e, re->sets[i].runes.p[k].lo, re->sets[i].runes.p[k].hi, key);
	}
	/* newline also for ANY_NOT_NL */
	add_range(e, '\n', '\n', next_key(e));
	if (!(re->places & (PLACE_WORD_BOUNDARY | PLACE_NO_WORD_BOUNDARY)))
		return;
	key = next_key(e);
	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		add_range(e, word[i].lo, word[i].hi, key);
}

static int cmp_edge(const void *a, const void *b)
{
	const struct edge *ea = a, *eb = b;

	return (ea->rune > eb->rune) - (ea->rune < eb->rune);
}

enum rune_look regex_classes_look(int byte)
{
	if (byte < 0)
		return LOOK_END;
	if (byte == '\n')
		return LOOK_NEWLINE;
	return exec_places_between(byte, -1) & PLACE_WORD_BOUNDARY ? LOOK_WORD : LOOK_OTHER;
}

/* The class of that sum, a new one if need be; MAX_CLASSES: there is no room. */
static uint32_t class_of_sum(struct rune_classes *c, uint64_t *sums, uint64_t sum, uint32_t rune)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (sums[i] == sum)
			return i;
	if (c->n == MAX_CLASSES)
		return MAX_CLASSES;
	sums[c->n] = sum;
	c->classes[c->n].rune = rune;
	c->classes[c->n].look = regex_classes_look(rune < 128 ? (int)rune : 128);
	return c->n++;
}

static bool make_runs(struct rune_classes *c, const struct edges *e)
{
	uint64_t sums[MAX_CLASSES], sum = 0;
	size_t i = 0;
	uint32_t rune = 0, class = 0;

	c->classes = mem_calloc(MAX_CLASSES + 1, sizeof *c->classes);
	c->starts = mem_calloc(e->n + 1, sizeof *c->starts);
	c->run_classes = mem_calloc(e->n + 1, sizeof *c->run_classes);
	while (rune <= UNICODE_MAX && class < MAX_CLASSES) {
		for (; i < e->n && e->p[i].rune == rune; i++)
			sum += e->p[i].key;
		class = class_of_sum(c, sums, sum, rune);
		c->starts[c->runs_n] = rune;
		c->run_classes[c->runs_n++] = (uint8_t)class;
		rune = i < e->n ? e->p[i].rune : UNICODE_MAX + 1;
	}
	return class < MAX_CLASSES;
}

bool regex_classes_init(struct rune_classes *c, const struct regex *re)
{
	struct edges e = { 0 };
	bool ok = false;

	*c = (struct rune_classes){ 0 };
	add_all(&e, re);
	if (e.n <= MAX_EDGES) {
		qsort(e.p, e.n, sizeof *e.p, cmp_edge);
		ok = make_runs(c, &e);
	}
	vec_release(&e);
	if (!ok) {
		regex_classes_release(c);
		return false;
	}
	for (uint32_t rune = 0; rune < 128; rune++)
		c->ascii[rune] = (uint8_t)regex_class_find(c, rune);
	c->classes[c->n++] = (struct rune_class){ UINT32_MAX, LOOK_END };
	return true;
}

void regex_classes_release(struct rune_classes *c)
{
	free(c->starts);
	free(c->run_classes);
	free(c->classes);
	*c = (struct rune_classes){ 0 };
}

uint32_t regex_class_find(const struct rune_classes *c, uint32_t rune)
{
	size_t at = 0;

	for (size_t n = c->runs_n; n > 1;) {
		size_t half = n / 2;

		at = c->starts[at + half] <= rune ? at + half : at;
		n -= half;
	}
	return c->run_classes[at];
}
