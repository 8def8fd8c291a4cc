#include "text/unicode.h"

struct category_name {
	str name;
	uint32_t categories;
};

struct case_range {
	uint32_t lo, hi;
	int32_t delta[3];	/* to upper, lower and title case; or ALTERNATE */
};

struct orbit {
	uint32_t from, to;
};

/* Upper and lower case take turns, beginning with upper. */
enum { ALTERNATE = 0x110000 };
enum { UPPER, LOWER, TITLE };
enum { CATEGORY_BITS = 5, SCRIPT_BITS = 8 };

#include "text/unicode_tables.h"

enum {
	CATEGORY_RUNS = sizeof category_runs / sizeof *category_runs,
	CATEGORY_NAMES = sizeof category_names / sizeof *category_names,
	SCRIPT_RUNS = sizeof script_runs / sizeof *script_runs,
	SCRIPTS = sizeof script_names / sizeof *script_names,
	CASE_RANGES = sizeof case_ranges / sizeof *case_ranges,
	ORBITS = sizeof orbits / sizeof *orbits,
};

#define BIT(category) ((uint32_t)1 << (category))
#define BITS(first, last) ((BIT(last) << 1) - BIT(first))
#define LETTERS BITS(UNICODE_LL, UNICODE_LU)
#define MARKS BITS(UNICODE_MC, UNICODE_MN)
#define NUMBERS BITS(UNICODE_ND, UNICODE_NO)
#define PUNCTUATION BITS(UNICODE_PC, UNICODE_PS)
#define SYMBOLS BITS(UNICODE_SC, UNICODE_SO)
#define PRINTED (LETTERS | MARKS | NUMBERS | PUNCTUATION | SYMBOLS)
#define ALL BITS(UNICODE_CN, UNICODE_ZS)

/* The id of the run that holds the rune. */
static uint32_t run_id(const uint32_t *runs, size_t n, int bits, uint32_t rune)
{
	uint32_t mask = BIT(bits) - 1, key = rune << bits | mask;
	size_t lo = 0;

	while (n > 1) {
		size_t half = n / 2;

		lo = runs[lo + half] <= key ? lo + half : lo;
		n -= half;
	}
	return runs[lo] & mask;
}

enum unicode_category unicode_category(uint32_t rune)
{
	if (rune < 256)
		return latin1_categories[rune];
	if (rune > UNICODE_MAX)
		return UNICODE_CN;
	return run_id(category_runs, CATEGORY_RUNS, CATEGORY_BITS, rune);
}

static bool in(uint32_t rune, uint32_t categories)
{
	return BIT(unicode_category(rune)) & categories;
}

bool unicode_is_letter(uint32_t rune)
{
	return in(rune, LETTERS);
}

bool unicode_is_mark(uint32_t rune)
{
	return in(rune, MARKS);
}

bool unicode_is_digit(uint32_t rune)
{
	return in(rune, BIT(UNICODE_ND));
}

bool unicode_is_number(uint32_t rune)
{
	return in(rune, NUMBERS);
}

bool unicode_is_punct(uint32_t rune)
{
	return in(rune, PUNCTUATION);
}

bool unicode_is_symbol(uint32_t rune)
{
	return in(rune, SYMBOLS);
}

bool unicode_is_upper(uint32_t rune)
{
	return in(rune, BIT(UNICODE_LU));
}

bool unicode_is_lower(uint32_t rune)
{
	return in(rune, BIT(UNICODE_LL));
}

bool unicode_is_title(uint32_t rune)
{
	return in(rune, BIT(UNICODE_LT));
}

bool unicode_is_control(uint32_t rune)
{
	return in(rune, BIT(UNICODE_CC));
}

bool unicode_is_space(uint32_t rune)
{
	if (rune < 256)
		return rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0x85 ||
		       rune == 0xa0;
	return in(rune, BITS(UNICODE_ZL, UNICODE_ZS));
}

bool unicode_is_print(uint32_t rune)
{
	return rune == ' ' || in(rune, PRINTED);
}

bool unicode_is_graphic(uint32_t rune)
{
	return in(rune, PRINTED | BIT(UNICODE_ZS));
}

/* The first range that ends at the rune or after it. */
static const struct case_range *case_range(uint32_t rune)
{
	size_t lo = 0, hi = CASE_RANGES;

	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (case_ranges[middle].hi < rune)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < CASE_RANGES ? &case_ranges[lo] : NULL;
}

static uint32_t to_case(uint32_t rune, int to)
{
	const struct case_range *r = case_range(rune);

	if (!r || rune < r->lo)
		return rune;
	if (r->delta[to] == ALTERNATE)
		return r->lo + (((rune - r->lo) & ~1u) | (to == LOWER));
	return (uint32_t)((int32_t)rune + r->delta[to]);
}

uint32_t unicode_to_upper(uint32_t rune)
{
	if (rune < 0x80)
		return rune - (rune >= 'a' && rune <= 'z' ? 'a' - 'A' : 0);
	return to_case(rune, UPPER);
}

uint32_t unicode_to_lower(uint32_t rune)
{
	if (rune < 0x80)
		return rune + (rune >= 'A' && rune <= 'Z' ? 'a' - 'A' : 0);
	return to_case(rune, LOWER);
}

uint32_t unicode_to_title(uint32_t rune)
{
	return rune < 0x80 ? unicode_to_upper(rune) : to_case(rune, TITLE);
}

/* The first member of a longer cycle from the rune on. */
static const struct orbit *orbit(uint32_t rune)
{
	size_t lo = 0, hi = ORBITS;

	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (orbits[middle].from < rune)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < ORBITS ? &orbits[lo] : NULL;
}

uint32_t unicode_simple_fold(uint32_t rune)
{
	const struct orbit *o = orbit(rune);

	if (o && o->from == rune)
		return o->to;
	uint32_t lower = unicode_to_lower(rune);

	return lower != rune ? lower : unicode_to_upper(rune);
}

uint32_t unicode_next_cased(uint32_t rune)
{
	const struct case_range *r = case_range(rune);
	const struct orbit *o = orbit(rune);
	uint32_t next = !r ? UNICODE_MAX + 1 : rune < r->lo ? r->lo : rune;

	return o && o->from < next ? o->from : next;
}

/* Write the name as Go's regexp looks it up: "Uppercase_Letter" as
 * "Uppercaseletter". False when it is longer than any name there is. */
static bool canonical_name(str name, char to[32], str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c == '_' || c == '-' || c == ' ')
			continue;
		if (n == 32)
			return false;
		if (n == 0 && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (n > 0 && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		to[n++] = c;
	}
	*out = str_of(to, n);
	return true;
}

bool unicode_find_class(str name, struct unicode_class *out)
{
	static const struct {
		str name;
		struct unicode_class class;
	} special[] = {
		{ S("Any"), { .categories = ALL } },
		{ S("Ascii"), { .ascii = true } },
		{ S("Assigned"), { .categories = ALL & ~BIT(UNICODE_CN) } },
	};
	char bytes[32];

	if (!canonical_name(name, bytes, &name))
		return false;
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (str_eq(name, special[i].name)) {
			*out = special[i].class;
			return true;
		}
	for (size_t i = 0; i < CATEGORY_NAMES; i++)
		if (str_eq(name, category_names[i].name)) {
			*out = (struct unicode_class){ .categories = category_names[i].categories };
			return true;
		}
	for (size_t i = 0; i < SCRIPTS; i++)
		if (str_eq(name, script_names[i])) {
			*out = (struct unicode_class){ .script = (uint8_t)(i + 1) };
			return true;
		}
	return false;
}

bool unicode_class_has(const struct unicode_class *c, uint32_t rune)
{
	if (rune > UNICODE_MAX)
		return false;
	if (c->ascii)
		return rune < 0x80;
	if (c->script)
		return run_id(script_runs, SCRIPT_RUNS, SCRIPT_BITS, rune) == c->script;
	return in(rune, c->categories);
}

static bool in_class(const struct unicode_class *c, uint32_t run)
{
	if (c->script)
		return (run & (BIT(SCRIPT_BITS) - 1)) == c->script;
	return BIT(run & (BIT(CATEGORY_BITS) - 1)) & c->categories;
}

bool unicode_next(struct unicode_walk *w, struct unicode_range *range)
{
	const struct unicode_class *c = &w->class;
	const uint32_t *runs = c->script ? script_runs : category_runs;
	size_t n = c->script ? SCRIPT_RUNS : CATEGORY_RUNS;
	int bits = c->script ? SCRIPT_BITS : CATEGORY_BITS;

	if (c->ascii) {
		*range = (struct unicode_range){ 0, 0x7f };
		return w->at++ == 0;
	}
	while (w->at < n && !in_class(c, runs[w->at]))
		w->at++;
	if (w->at == n)
		return false;
	range->lo = runs[w->at] >> bits;
	while (w->at < n && in_class(c, runs[w->at]))
		w->at++;
	range->hi = w->at < n ? (runs[w->at] >> bits) - 1 : UNICODE_MAX;
	return true;
}
