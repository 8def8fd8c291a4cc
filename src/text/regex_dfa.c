/* The DFA: sets of threads as states, made when they are first met and kept
 * with their transitions, one for each class of runes. Forward, a state is a
 * list of instructions in order of preference; backward, it is the set of
 * instructions that lead to the match's end from here.
 *
 * A place (line start, word boundary ...) can be judged only once the runes
 * on both sides are known. So a state in which places turn up waits: it keeps
 * what the last rune was and where its threads are, not yet followed; the
 * next rune decides. For the same reason a match shows one rune late: the
 * state behind the next rune (or the end of the text) says so. */
#include "text/regex_classes.h"

#include <stdlib.h>

#include "base/hash.h"

enum {
	MAX_BYTES = 2 << 20,		/* of one direction; then all states are dropped */
	SLOW = 20,			/* runes that a state should be good for */
};

/* Instead of an instruction: the search begins anew at every rune (forward,
 * the last of all), or the match's start is reached (backward). */
#define BEGIN UINT32_MAX

/* A transition: the target's row in the table, and whether the target stops
 * the run over plain states, or says that there was a match. */
#define STOP ((uint32_t)1 << 31)
#define MATCH ((uint32_t)1 << 30)
#define ROW (MATCH - 1)
#define UNKNOWN STOP			/* row 0 is nobody's */

struct state {
	uint32_t *list;
	uint32_t n;
	enum rune_look look;		/* of the last rune, if it waits */
	bool waits;			/* for the next rune, to judge places */
	bool match;			/* before the last rune */
	bool idle;			/* a search that has found nothing yet: may skip ahead */
};

struct way {
	struct arena arena;		/* of the states' lists */
	VEC(struct state) states;	/* from 1 on */
	uint32_t *table;		/* a row of transitions for each state */
	size_t rows;
	uint32_t *slots;		/* hash table: states, 0 is free */
	size_t slots_n;
	uint32_t starts[LOOKS];		/* rows of the first states; 0: not made */
	size_t runes;			/* read since the states were dropped */
};

struct dfa {
	const struct regex *re;
	struct rune_classes classes;
	bool usable;
	struct way forward, backward;
	uint32_t *stamps, stamp;	/* instructions that were followed */
	bool waits;			/* a place turned up that cannot be judged yet */
	VEC(uint32_t) list, todo, next;
	uint32_t *leaders;		/* for each instruction, those that lead to it: */
	uint32_t *leaders_at;		/* leaders[leaders_at[pc]] up to leaders_at[pc + 1] */
};

/* For each instruction, which ones go on there. */
static void find_leaders(struct dfa *d)
{
	const struct regex *re = d->re;
	uint32_t *at = mem_calloc(re->insts_n + 2, sizeof *at), *all;

	/* counts first, shifted by two; then the running sum shifts them by one */
	for (uint32_t i = 0; i < re->insts_n; i++) {
		at[re->insts[i].out + 2] += re->insts[i].op != INST_MATCH;
		if (re->insts[i].op == INST_ALT)
			at[re->insts[i].arg + 2]++;
	}
	for (uint32_t i = 2; i < re->insts_n + 2; i++)
		at[i] += at[i - 1];
	all = mem_calloc(at[re->insts_n + 1] + 1, sizeof *all);
	for (uint32_t i = 0; i < re->insts_n; i++) {
		if (re->insts[i].op != INST_MATCH)
			all[at[re->insts[i].out + 1]++] = i;
		if (re->insts[i].op == INST_ALT)
			all[at[re->insts[i].arg + 1]++] = i;
	}
	d->leaders = all;
	d->leaders_at = at;
}

struct dfa *dfa_new(const struct regex *re)
{
	struct dfa *d = mem_calloc(1, sizeof *d);

	d->re = re;
	d->usable = regex_classes_init(&d->classes, re);
	if (d->usable)
		d->stamps = mem_calloc(re->insts_n, sizeof *d->stamps);
	return d;
}

static void drop_states(struct way *w)
{
	arena_release(&w->arena);
	vec_release(&w->states);
	free(w->table);
	free(w->slots);
	*w = (struct way){ 0 };
}

void dfa_free(struct dfa *d)
{
	if (!d)
		return;
	drop_states(&d->forward);
	drop_states(&d->backward);
	regex_classes_release(&d->classes);
	vec_release(&d->list);
	vec_release(&d->todo);
	vec_release(&d->next);
	free(d->stamps);
	free(d->leaders);
	free(d->leaders_at);
	free(d);
}

static void new_stamp(struct dfa *d)
{
	if (++d->stamp == 0) {
		memset(d->stamps, 0, d->re->insts_n * sizeof *d->stamps);
		d->stamp = 1;
	}
}

static bool is_stamped(struct dfa *d, uint32_t pc)
{
	bool was = d->stamps[pc] == d->stamp;

	d->stamps[pc] = d->stamp;
	return was;
}

/* What is known about the places between two runes. */
struct judgement {
	bool known;
	uint32_t places;
};

/* Whether the way goes on through an instruction that takes no rune. */
static bool goes_through(struct dfa *d, const struct inst *i, struct judgement j)
{
	if (i->op == INST_PLACE && !j.known)
		d->waits = true;
	return i->op == INST_ALT || i->op == INST_GROUP ||
	       (i->op == INST_PLACE && j.known && !(i->arg & ~j.places));
}

/* Follow the ways on from an instruction up to where they take a rune, or
 * match, into d->list. */
static void follow(struct dfa *d, uint32_t pc, struct judgement j)
{
	vec_push(&d->todo, pc);
	while (d->todo.n) {
		pc = d->todo.p[--d->todo.n];
		const struct inst *i = &d->re->insts[pc];

		if (is_stamped(d, pc))
			continue;
		if (i->op == INST_ALT)
			vec_push(&d->todo, i->arg);
		if (goes_through(d, i, j))
			vec_push(&d->todo, i->out);
		else if (i->op != INST_PLACE)
			vec_push(&d->list, pc);
	}
}

/* The same backward: from the instruction that comes next to all that lead
 * there. Places that cannot be judged stay in the list. */
static void follow_back(struct dfa *d, uint32_t pc, struct judgement j)
{
	vec_push(&d->todo, pc);
	while (d->todo.n) {
		pc = d->todo.p[--d->todo.n];
		if (is_stamped(d, pc))
			continue;
		if (pc == d->re->start)
			vec_push(&d->list, BEGIN);
		for (uint32_t k = d->leaders_at[pc]; k < d->leaders_at[pc + 1]; k++) {
			uint32_t leader = d->leaders[k];
			const struct inst *i = &d->re->insts[leader];

			if (goes_through(d, i, j))
				vec_push(&d->todo, leader);
			else if (i->op != INST_PLACE || !j.known)
				vec_push(&d->list, leader);
		}
	}
}

static int cmp_pc(const void *a, const void *b)
{
	const uint32_t *pa = a, *pb = b;

	return (*pa > *pb) - (*pa < *pb);
}

/* Backward there is no preference: put the list in order, each once. */
static void sort_list(struct dfa *d)
{
	size_t n = 0;

	if (d->list.n)
		qsort(d->list.p, d->list.n, sizeof *d->list.p, cmp_pc);
	for (size_t i = 0; i < d->list.n; i++)
		if (!n || d->list.p[i] != d->list.p[n - 1])
			d->list.p[n++] = d->list.p[i];
	d->list.n = n;
}

static uint64_t hash_state(const struct state *s)
{
	str list = { (const char *)s->list, s->n * sizeof *s->list };

	return hash_bytes(list) ^ (uint64_t)s->look << 2 ^ s->waits << 1 ^ s->match;
}

static void grow_slots(struct way *w)
{
	size_t n = w->slots_n ? w->slots_n * 2 : 64;

	free(w->slots);
	w->slots = mem_calloc(n, sizeof *w->slots);
	w->slots_n = n;
	for (size_t i = 1; i < w->states.n; i++) {
		size_t at = hash_state(&w->states.p[i]) & (n - 1);

		while (w->slots[at])
			at = (at + 1) & (n - 1);
		w->slots[at] = (uint32_t)i;
	}
}

static void grow_table(struct dfa *d, struct way *w)
{
	size_t rows = w->rows ? w->rows * 2 : 16, from = w->rows * d->classes.n;

	w->table = mem_realloc(w->table, rows * d->classes.n, sizeof *w->table);
	for (size_t i = from; i < rows * d->classes.n; i++)
		w->table[i] = UNKNOWN;
	w->rows = rows;
}

/* The state that d->list is, made if it is new; as a transition. */
static uint32_t intern(struct dfa *d, struct way *w, enum rune_look look, bool match, bool idle)
{
	struct state s = {
		.list = d->list.p, .n = (uint32_t)d->list.n, .look = d->waits ? look : LOOK_OTHER,
		.waits = d->waits, .match = match, .idle = idle,
	};

	if (w->states.n * 2 >= w->slots_n)
		grow_slots(w);
	size_t at = hash_state(&s) & (w->slots_n - 1);

	for (; w->slots[at]; at = (at + 1) & (w->slots_n - 1)) {
		const struct state *known = &w->states.p[w->slots[at]];

		if (known->n == s.n && known->look == s.look && known->waits == s.waits &&
		    known->match == s.match &&
		    (!s.n || !memcmp(known->list, s.list, s.n * sizeof *s.list)))
			goto found;
	}
	if (!w->states.n)
		vec_push(&w->states, (struct state){ 0 });
	s.list = arena_alloc(&w->arena, s.n * sizeof *s.list);
	if (s.n)
		memcpy(s.list, d->list.p, s.n * sizeof *s.list);
	w->slots[at] = (uint32_t)w->states.n;
	vec_push(&w->states, s);
	if (w->states.n > w->rows)
		grow_table(d, w);
found:
	return w->slots[at] * d->classes.n | (match ? MATCH : 0) |
	       (!s.n || idle ? STOP : 0);	/* an empty list is the end */
}

static size_t held(const struct dfa *d, const struct way *w)
{
	return w->arena.held + w->rows * d->classes.n * sizeof *w->table +
	       w->states.cap * sizeof *w->states.p + w->slots_n * sizeof *w->slots;
}

static uint32_t places_between(enum rune_look before, enum rune_look after)
{
	static const int bytes[] = {
		[LOOK_OTHER] = ' ', [LOOK_WORD] = 'a', [LOOK_NEWLINE] = '\n', [LOOK_END] = -1,
	};

	return exec_places_between(bytes[before], bytes[after]);
}

/* The threads of a state, places judged, into d->list. */
static void judge(struct dfa *d, const struct state *s, enum rune_look look)
{
	struct judgement j = { true, places_between(s->look, look) };

	new_stamp(d);
	d->list.n = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (!s->waits || s->list[i] == BEGIN)
			vec_push(&d->list, s->list[i]);
		else
			follow(d, s->list[i], j);
}

static void judge_back(struct dfa *d, const struct state *s, enum rune_look look)
{
	struct judgement j = { true, places_between(look, s->look) };

	new_stamp(d);
	d->list.n = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t pc = s->list[i];
		const struct inst *inst = pc == BEGIN ? NULL : &d->re->insts[pc];

		if (!inst || inst->op != INST_PLACE)
			vec_push(&d->list, pc);
		else if (!(inst->arg & ~j.places))
			follow_back(d, pc, j);
	}
}

/* Follow the threads that begin at d->next; if places turn up, they stay
 * there. The state's list into d->list. */
static void settle(struct dfa *d)
{
	const struct judgement unknown = { false, 0 };

	d->waits = false;
	d->list.n = 0;
	new_stamp(d);
	for (size_t i = 0; i < d->next.n && !d->waits; i++)
		if (d->next.p[i] == BEGIN)
			vec_push(&d->list, BEGIN);
		else
			follow(d, d->next.p[i], unknown);
	if (!d->waits)
		return;
	d->list.n = 0;
	new_stamp(d);
	for (size_t i = 0; i < d->next.n; i++)
		if (d->next.p[i] == BEGIN || !is_stamped(d, d->next.p[i]))
			vec_push(&d->list, d->next.p[i]);
}

/* Whether it is worth while to look for where a match can start. */
static bool can_skip(const struct regex *re)
{
	return re->prefix.n || re->rare_first;
}

/* The state behind a rune of the class, forward. */
static uint32_t step(struct dfa *d, const struct state *s, uint32_t class)
{
	const struct rune_class *c = &d->classes.classes[class];
	bool end = c->look == LOOK_END, match = false, idle = false;

	judge(d, s, c->look);
	d->next.n = 0;
	for (size_t i = 0; i < d->list.n && !match; i++) {
		uint32_t pc = d->list.p[i];

		if (pc == BEGIN && !end) {
			idle = !d->next.n && can_skip(d->re);
			vec_push(&d->next, d->re->start);
			vec_push(&d->next, BEGIN);
		} else if (pc != BEGIN && d->re->insts[pc].op == INST_MATCH) {
			match = true;	/* whatever is less preferred is out */
		} else if (pc != BEGIN && !end && inst_takes(d->re, &d->re->insts[pc], c->rune)) {
			vec_push(&d->next, d->re->insts[pc].out);
		}
	}
	settle(d);
	return intern(d, &d->forward, c->look, match, idle);
}

static uint32_t step_back(struct dfa *d, const struct state *s, uint32_t class)
{
	const struct judgement unknown = { false, 0 };
	const struct rune_class *c = &d->classes.classes[class];
	bool match = false;

	judge_back(d, s, c->look);
	d->next.n = 0;
	for (size_t i = 0; i < d->list.n; i++)
		vec_push(&d->next, d->list.p[i]);
	d->waits = false;
	d->list.n = 0;
	new_stamp(d);
	for (size_t i = 0; i < d->next.n; i++) {
		uint32_t pc = d->next.p[i];

		if (pc == BEGIN)
			match = true;
		else if (c->look != LOOK_END && inst_takes(d->re, &d->re->insts[pc], c->rune))
			follow_back(d, pc, unknown);
	}
	sort_list(d);
	return intern(d, &d->backward, c->look, match, false);
}

/* Where a run stands. */
struct run {
	struct dfa *d;
	struct way *way;
	bool back;
	uint32_t row;
};

static const struct state *state_of(const struct run *r)
{
	return &r->way->states.p[r->row / r->d->classes.n];
}

/* Begin with what is on the other side of the first place. */
static void begin(struct run *r, int byte)
{
	struct dfa *d = r->d;
	enum rune_look look = d->re->places ? regex_classes_look(byte) : LOOK_OTHER;

	if (!r->way->starts[look]) {
		d->next.n = d->list.n = 0;
		d->waits = false;
		if (r->back) {
			new_stamp(d);
			follow_back(d, 0, (struct judgement){ false, 0 });
			sort_list(d);
		} else {
			vec_push(&d->next, d->re->start);
			if (!d->re->anchored)
				vec_push(&d->next, BEGIN);
			settle(d);
		}
		bool idle = !r->back && !d->re->anchored && can_skip(d->re);

		r->way->starts[look] = intern(d, r->way, look, false, idle) & ROW;
	}
	r->row = r->way->starts[look];
}

/* Forget all states but the one where the run stands. */
static void start_over(struct run *r)
{
	struct dfa *d = r->d;
	struct state now = *state_of(r);

	d->list.n = 0;
	for (uint32_t i = 0; i < now.n; i++)
		vec_push(&d->list, now.list[i]);
	d->waits = now.waits;
	drop_states(r->way);
	r->row = intern(d, r->way, now.look, now.match, now.idle) & ROW;
}

/* Take the transition, made if need be. False: there are too many states for
 * what they are good for. */
static bool go(struct run *r, uint32_t class, uint32_t *to)
{
	struct way *w = r->way;

	w->runes++;
	*to = w->table[r->row + class];
	if (*to == UNKNOWN) {
		if (held(r->d, w) > MAX_BYTES) {
			if (w->runes < w->states.n * SLOW)
				return false;
			start_over(r);
		}
		struct state now = *state_of(r);

		*to = r->back ? step_back(r->d, &now, class) : step(r->d, &now, class);
		w->table[r->row + class] = *to;
	}
	r->row = *to & ROW;
	return true;
}

/* Run over ASCII as long as transitions are known and lead to plain states;
 * `found` is set to the last place where a match ended. */
static size_t glide(struct run *r, const struct hunt *h, size_t at, uint32_t stop, size_t *found)
{
	const uint32_t *table = r->way->table;
	const uint8_t *classes = r->d->classes.ascii;
	const unsigned char *text = (const unsigned char *)h->text.p;
	size_t from = at, match = *found;
	uint32_t row = r->row;

	for (; at < h->limit && text[at] < 128; at++) {
		uint32_t to = table[row + classes[text[at]]];

		if (to & (STOP | MATCH)) {
			if (to & stop)
				break;
			match = at;
			to &= ROW;
		}
		row = to;
	}
	r->row = row;
	r->way->runes += at - from;
	*found = match;
	return at;
}

static size_t glide_back(struct run *r, const struct hunt *h, size_t at, size_t *found)
{
	const uint32_t *table = r->way->table;
	const uint8_t *classes = r->d->classes.ascii;
	const unsigned char *text = (const unsigned char *)h->text.p;
	size_t from = at, match = *found;
	uint32_t row = r->row;

	for (; at > h->from && text[at - 1] < 128; at--) {
		uint32_t to = table[row + classes[text[at - 1]]];

		if (to & (STOP | MATCH)) {
			if (to & STOP)
				break;
			match = at;
			to &= ROW;
		}
		row = to;
	}
	r->row = row;
	r->way->runes += from - at;
	*found = match;
	return at;
}

/* Begin at the next place where a match can start. */
static size_t skip(struct run *r, const struct hunt *h, size_t at)
{
	const struct regex *re = h->re;

	if (can_skip(re))
		at = exec_candidate(h, at);
	if (at != SIZE_MAX)
		begin(r, at ? (unsigned char)h->text.p[at - 1] : -1);
	return at;
}

enum answer dfa_end(struct dfa *d, const struct hunt *h, bool any, size_t *end)
{
	struct run r = { .d = d, .way = &d->forward };
	const struct rune_classes *classes = &d->classes;
	size_t at = h->from, found = SIZE_MAX;
	uint32_t stop = any ? STOP | MATCH : STOP, to = 0;
	bool over = false;

	if (!d->usable)
		return ANSWER_GAVE_UP;
	at = skip(&r, h, at);
	while (!over && at < h->limit) {
		size_t size;

		at = glide(&r, h, at, stop, &found);
		if (at == h->limit)
			break;
		uint32_t rune = rune_at(h->text, at, &size);

		if (!go(&r, rune_class_of(classes, rune), &to))
			return ANSWER_GAVE_UP;
		if (to & MATCH)
			found = at;
		over = (to & MATCH && any) || (to & STOP && !state_of(&r)->n);
		at += size;
		if (to & STOP && !over && state_of(&r)->idle)
			at = skip(&r, h, at);
	}
	if (!over && at == h->limit) {
		if (!go(&r, classes->n - 1, &to))
			return ANSWER_GAVE_UP;
		if (to & MATCH)
			found = at;
	}
	*end = found;
	return found != SIZE_MAX ? ANSWER_YES : ANSWER_NO;
}

enum answer dfa_start(struct dfa *d, const struct hunt *h, size_t *start)
{
	struct run r = { .d = d, .way = &d->backward, .back = true };
	const struct rune_classes *classes = &d->classes;
	size_t at = h->limit, found = SIZE_MAX;
	uint32_t to = 0;
	bool over = false;

	if (!d->leaders)
		find_leaders(d);
	begin(&r, at < h->text.n ? (unsigned char)h->text.p[at] : -1);
	while (!over) {
		size_t size = 0;
		uint32_t class = classes->n - 1;

		at = glide_back(&r, h, at, &found);
		/* the rune before the first place is not taken, but looked at */
		if (at > 0) {
			uint32_t rune = utf8_decode_last(str_sub(h->text, 0, at), &size);

			class = rune_class_of(classes, rune);
		}
		if (!go(&r, class, &to))
			return ANSWER_GAVE_UP;
		if (to & MATCH)
			found = at;
		over = at == h->from || !state_of(&r)->n;
		at -= size;
	}
	*start = found;
	return found != SIZE_MAX ? ANSWER_YES : ANSWER_GAVE_UP;
}
