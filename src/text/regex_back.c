/* The backtracker: tries one path after the other, in order of preference.
 * Of the instructions that several paths lead to, it remembers where in the
 * text it has tried them; they failed there and will fail again. So no
 * instruction is run more than once at one place for each way to it. */
#include "text/regex_impl.h"

#include <stdlib.h>

enum {
	MAX_SEEN = 1 << 18,
	MAX_JOBS = 1 << 17,
	MAX_LEN = 1 << 30,
	RESTORE = 1u << 31,		/* in a job's pc: set this slot back */
	RANGE = 1 << 30,		/* go on at each place down to that of the job below */
};

void back_init(struct back *b)
{
	b->seen = b->few_seen;
	b->seen_cap = sizeof b->few_seen;
	b->valid = b->dirty = 0;
	b->jobs = b->few_jobs;
	b->jobs_cap = sizeof b->few_jobs / sizeof *b->few_jobs;
}

void back_release(struct back *b)
{
	if (b->seen != b->few_seen)
		free(b->seen);
	if (b->jobs != b->few_jobs)
		free(b->jobs);
}

bool back_fits(const struct regex *re, size_t len)
{
	return len < MAX_LEN && (len + 1) <= MAX_SEEN / (re->marks ? re->marks : 1);
}

/* Forget the last hunt and make room for this one. */
static void prepare(struct back *b, const struct hunt *h)
{
	size_t n = (h->limit - h->from + 1) * h->re->marks;

	memset(b->seen, 0, b->dirty);
	if (n > b->seen_cap) {
		size_t cap = b->seen_cap * 2 > n ? b->seen_cap * 2 : n;

		if (b->seen != b->few_seen)
			free(b->seen);
		b->seen = mem_calloc(cap, 1);
		b->seen_cap = b->valid = cap;
	} else if (n > b->valid) {
		memset(b->seen + b->valid, 0, n - b->valid);
		b->valid = n;
	}
	b->dirty = 0;
	b->jobs_n = 0;
}

static bool grow_jobs(struct back *b)
{
	if (b->jobs_n >= MAX_JOBS)
		return false;
	struct back_job *jobs = mem_calloc(b->jobs_cap * 4, sizeof *jobs);

	memcpy(jobs, b->jobs, b->jobs_n * sizeof *jobs);
	if (b->jobs != b->few_jobs)
		free(b->jobs);
	b->jobs = jobs;
	b->jobs_cap *= 4;
	return true;
}

static inline bool push(struct back *b, uint32_t pc, size_t at)
{
	if (b->jobs_n == b->jobs_cap && !grow_jobs(b))
		return false;
	b->jobs[b->jobs_n++] = (struct back_job){ pc, (uint32_t)at };
	return true;
}

/* Whether the mark was there already. */
static inline bool mark(struct back *b, size_t i)
{
	if (b->seen[i])
		return true;
	b->seen[i] = 1;
	if (i >= b->dirty)
		b->dirty = i + 1;
	return false;
}

/* Take a rune as the instruction wants it. */
static bool take(const struct hunt *h, const struct inst *i, size_t *at)
{
	size_t size;

	if (*at >= h->limit || !inst_takes(h->re, i, rune_at(h->text, *at, &size)))
		return false;
	*at += size;
	return true;
}

/* The same for a byte of ASCII, which most are. */
static inline bool take_rune(const struct hunt *h, const struct inst *i, size_t *at)
{
	if (i->arg >= 128)
		return take(h, i, at);
	if (*at >= h->limit || (unsigned char)h->text.p[*at] != i->arg)
		return false;
	++*at;
	return true;
}

static inline bool take_set(const struct hunt *h, const struct inst *i, size_t *at)
{
	unsigned char c;

	if (*at >= h->limit)
		return false;
	c = (unsigned char)h->text.p[*at];
	if (c >= 128)
		return take(h, i, at);
	if (!(h->re->sets[i->arg].low[c >> 6] >> (c & 63) & 1))
		return false;
	++*at;
	return true;
}

/* Note a group's place, to be undone when the path fails. */
static bool set_slot(struct back *b, const struct hunt *h, uint32_t slot, size_t at)
{
	size_t old = h->slots[slot];

	h->slots[slot] = at;
	/* with nothing else to try, nobody will see it */
	return !b->jobs_n || push(b, slot | RESTORE, old == REGEX_UNSET ? 0 : old - h->from + 1);
}

static size_t place_before(const struct hunt *h, size_t at)
{
	size_t size = 1;

	if ((unsigned char)h->text.p[at - 1] >= 128)
		utf8_decode_last((str){ h->text.p, at }, &size);
	return at - size;
}

/* Go on with the latest path not tried; false when there is none. */
static bool pop(struct back *b, const struct hunt *h, uint32_t *pc, size_t *at)
{
	while (b->jobs_n) {
		struct back_job *job = &b->jobs[b->jobs_n - 1];

		if (job->pc & RESTORE) {
			h->slots[job->pc & ~RESTORE] = job->at ? h->from + job->at - 1 :
								 REGEX_UNSET;
			b->jobs_n--;
			continue;
		}
		*pc = job->pc & ~(uint32_t)RANGE;
		*at = h->from + job->at;
		if (!(job->pc & RANGE))
			b->jobs_n--;
		else if (job->at == job[-1].at)
			b->jobs_n -= 2;
		else
			job->at = (uint32_t)(place_before(h, *at) - h->from);
		return true;
	}
	return false;
}

/* Run through a loop as far as it goes. It may be left at each place on the
 * way: from here first, from the others later. */
static bool run_loop(struct back *b, const struct hunt *h, const struct inst *loop, size_t *at)
{
	const struct inst *body = &h->re->insts[loop->out];
	size_t start = *at, marks = h->re->marks, next = start;

	for (;;) {
		if (body->mark && mark(b, (next - h->from) * marks + body->mark - 1))
			break;
		if (!(body->op == INST_SET ? take_set(h, body, &next) : take(h, body, &next)))
			break;
		if (loop->mark && mark(b, (next - h->from) * marks + loop->mark - 1))
			break;
		*at = next;
	}
	if (*at == start)
		return true;
	return push(b, loop->arg, start - h->from) &&
	       push(b, loop->arg | RANGE, place_before(h, *at) - h->from);
}

static enum answer try(struct back *b, const struct hunt *h, size_t at, size_t *end)
{
	const struct regex *re = h->re;
	uint32_t pc = re->start;

	for (size_t i = 2; i < h->slots_n; i++)
		h->slots[i] = REGEX_UNSET;
	for (;;) {
		const struct inst *i = &re->insts[pc];
		bool goes_on = !i->mark || !mark(b, (at - h->from) * re->marks + i->mark - 1);

		pc = i->out;
		if (goes_on) {
			switch ((enum inst_op)i->op) {
			case INST_ALT:
				if (i->loop)
					pc = i->arg;
				if (!(i->loop ? run_loop(b, h, i, &at) :
						push(b, i->arg, at - h->from)))
					return ANSWER_GAVE_UP;
				break;
			case INST_GROUP:
				if (i->arg < h->slots_n && !set_slot(b, h, i->arg, at))
					return ANSWER_GAVE_UP;
				break;
			case INST_PLACE:
				goes_on = !(i->arg & ~exec_places_at(h->text, at));
				break;
			case INST_MATCH:
				*end = at;
				return ANSWER_YES;
			case INST_RUNE:
				goes_on = take_rune(h, i, &at);
				break;
			case INST_SET:
				goes_on = take_set(h, i, &at);
				break;
			case INST_ANY:
			case INST_ANY_NOT_NL:
				goes_on = take(h, i, &at);
				break;
			}
		}
		if (!goes_on && !pop(b, h, &pc, &at))
			return ANSWER_NO;
	}
}

enum answer back_hunt(struct back *b, const struct hunt *h)
{
	size_t at = h->from, end, size;

	prepare(b, h);
	for (;;) {
		at = exec_candidate(h, at);
		if (at == SIZE_MAX)
			return ANSWER_NO;
		enum answer answer = try(b, h, at, &end);

		if (answer == ANSWER_YES && h->slots_n) {
			h->slots[0] = at;
			h->slots[1] = end;
		}
		if (answer != ANSWER_NO)
			return answer;
		if (h->anchored || at >= h->limit)
			return ANSWER_NO;
		rune_at(h->text, at, &size);
		at += size;
	}
}
