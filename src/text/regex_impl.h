/* regex_impl - programs of regular expressions and the engines that run them.
 *
 * A program is a graph of small instructions. Which of two paths is preferred
 * is the order of an ALT's branches. Three engines run it:
 *
 *  - the backtracker (regex_back.c): the fastest on short texts, with groups;
 *    it never tries an instruction twice at the same place;
 *  - the DFA (regex_dfa.c): the fastest on long texts; built while it runs; it
 *    tells where a match ends and, running backward, where it starts;
 *  - the simulation (regex_pike.c): slow and steady, for what the others
 *    cannot do within their memory.
 *
 * regex_exec.c chooses. Private to the regex module.
 */
#ifndef TEXT_REGEX_IMPL_H
#define TEXT_REGEX_IMPL_H

#include "base/utf8.h"
#include "text/regex.h"
#include "text/runeset.h"

enum inst_op {
	INST_ALT,		/* try out, then arg */
	INST_GROUP,		/* note the place in slot arg */
	INST_PLACE,		/* go on if all the places arg hold */
	INST_MATCH,
	INST_RUNE,		/* from here on: take one rune. This one: arg */
	INST_SET,		/* one of set arg */
	INST_ANY,
	INST_ANY_NOT_NL,
};

struct inst {
	uint16_t op;
	bool loop;		/* ALT: out takes one rune and comes back here */
	uint32_t out;
	uint32_t arg;
	uint32_t mark;		/* number + 1 if several ways lead here, else 0 */
};

enum place {
	PLACE_BEGIN_LINE = 1,
	PLACE_END_LINE = 2,
	PLACE_BEGIN_TEXT = 4,
	PLACE_END_TEXT = 8,
	PLACE_WORD_BOUNDARY = 16,
	PLACE_NO_WORD_BOUNDARY = 32,
};

struct program_set {
	uint64_t low[2];	/* ASCII */
	struct runeset runes;
};

struct regex {
	str pattern;
	struct inst *insts;
	uint32_t insts_n;
	uint32_t start;
	uint32_t marks;			/* instructions that have one */
	struct program_set *sets;
	uint32_t sets_n;
	uint32_t groups;		/* with the whole match */
	const str *names;		/* of all groups */
	uint32_t places;		/* kinds that occur */
	bool anchored;			/* matches only at the start of the text */
	bool literal;			/* is the prefix and nothing else */
	bool has_first;			/* `first` says something: */
	bool first_ascii;		/* just bytes of ASCII, */
	bool rare_first;		/* and few of them in common texts */
	size_t min_len;			/* bytes that a match has at least */
	str prefix;			/* bytes that each match begins with */
	uint8_t first[256];		/* bytes that a match can begin with */
};

struct tree;
err *regex_build(struct arena *a, struct tree *tree, size_t groups, struct regex *re)
	__attribute__((warn_unused_result));

static inline bool set_has(const struct program_set *s, uint32_t rune)
{
	if (rune < 128)
		return s->low[rune >> 6] >> (rune & 63) & 1;
	return runeset_has(&s->runes, rune);
}

static inline bool inst_takes(const struct regex *re, const struct inst *i, uint32_t rune)
{
	switch (i->op) {
	case INST_RUNE:
		return i->arg == rune;
	case INST_SET:
		return set_has(&re->sets[i->arg], rune);
	case INST_ANY:
		return true;
	case INST_ANY_NOT_NL:
		return rune != '\n';
	}
	return false;
}

/* The rune at a place that is not the end. */
static inline uint32_t rune_at(str text, size_t at, size_t *size)
{
	unsigned char c = (unsigned char)text.p[at];

	if (c < 0x80) {
		*size = 1;
		return c;
	}
	return utf8_decode((str){ text.p + at, text.n - at }, size);
}

/* What holds between two bytes; -1 is the end of the text. Words and lines
 * are matters of ASCII, so that bytes will do. */
uint32_t exec_places_between(int before, int after);
uint32_t exec_places_at(str text, size_t at);

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_GAVE_UP,		/* too much memory would be needed */
};

/* One search: from `from` on, but matches end at `limit` at the latest. What
 * is behind the limit is only looked at to know the place. */
struct hunt {
	const struct regex *re;
	str text;
	size_t from, limit;
	bool anchored;			/* the match starts at `from` */
	size_t *slots;			/* two a group */
	size_t slots_n;
};

/* The next place from `at` on where a match can start, or SIZE_MAX. */
size_t exec_candidate(const struct hunt *h, size_t at);

struct back_job {
	uint32_t pc, at;
};

struct back {
	uint8_t *seen;			/* by place, then by mark */
	size_t seen_cap;		/* up to `valid` it was cleared once, */
	size_t valid, dirty;		/* and from `dirty` on it still is */
	struct back_job *jobs;
	size_t jobs_n, jobs_cap;
	uint8_t few_seen[1024];
	struct back_job few_jobs[128];
};

void back_init(struct back *b);
void back_release(struct back *b);
/* Whether a text of that length is within its memory. */
bool back_fits(const struct regex *re, size_t len);
enum answer back_hunt(struct back *b, const struct hunt *h);

enum answer pike_hunt(const struct hunt *h);

struct dfa;
struct dfa *dfa_new(const struct regex *re) __attribute__((returns_nonnull));
void dfa_free(struct dfa *d);
/* Where the preferred leftmost match ends; with `any`, just whether there is
 * one. */
enum answer dfa_end(struct dfa *d, const struct hunt *h, bool any, size_t *end);
/* Where the match that ends at the limit starts, at `from` at the earliest. */
enum answer dfa_start(struct dfa *d, const struct hunt *h, size_t *start);

struct regex_scratch {
	struct back back;
	struct dfa *dfa;
	bool no_dfa;			/* it gave up on this text */
};

#endif
