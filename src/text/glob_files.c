/* Patterns of .Files.Glob, as gobwas/glob reads them: turned into a regular
 * expression that wants the whole name. */
#include "text/glob.h"
#include "text/regex.h"

#include "base/utf8.h"

struct glob {
	const struct regex *re;
};

static const char not_readable[] = "could not read rune";
static const char no_range[] = "could not parse range";
static const char no_end[] = "unexpected end of input";

/* The rest of the pattern. A NUL is its end, wherever it stands. */
struct reader {
	str s;
	size_t depth;			/* of open braces */
	const char *fault;
};

/* Take one rune; 0 at the end. */
static uint32_t take(struct reader *r)
{
	uint32_t rune;

	if (!utf8_take(&r->s, &rune) || r->fault)
		return 0;
	if (rune == UTF8_BAD)
		r->fault = not_readable;
	return rune;
}

static bool next_is(const struct reader *r, char c)
{
	return r->s.n && r->s.p[0] == c;
}

static void add_rune(struct buf *out, uint32_t rune)
{
	buf_addf(out, "\\x{%x}", (unsigned)rune);
}

/* Take plain text up to one of the bytes in `ends` and write each rune. A
 * backslash at the very end is dropped. */
static size_t take_text(struct reader *r, const char *ends, struct buf *out)
{
	size_t n = 0;

	while (r->s.n && r->s.p[0] && !strchr(ends, r->s.p[0]) && !r->fault) {
		uint32_t rune = take(r);

		if (rune == '\\') {
			rune = take(r);
			if (!rune)
				break;
		}
		add_rune(out, rune);
		n++;
	}
	return n;
}

/* Take a class, its "[" gone already: one range, or single runes. */
static void take_class(struct reader *r, struct buf *out)
{
	bool negated = str_take(&r->s, '!');
	struct reader ahead = *r;
	uint32_t lo = take(&ahead);
	size_t n = 0;

	buf_add(out, negated ? S("[^") : S("["));
	if (lo && next_is(&ahead, '-')) {
		take(&ahead);
		uint32_t hi = take(&ahead);

		*r = ahead;
		if (hi < lo)
			r->fault = no_range;
		add_rune(out, lo);
		buf_addc(out, '-');
		add_rune(out, hi);
		n = 1;
	} else {
		n = take_text(r, "]", out);
	}
	if (!str_take(&r->s, ']'))
		r->fault = no_end;
	else if (!n)
		r->fault = no_range;
	buf_addc(out, ']');
}

/* Take one piece of the pattern; false at its end. */
static bool take_piece(struct reader *r, struct buf *out)
{
	if (!r->s.n || !r->s.p[0] || r->fault)
		return false;
	if (str_take(&r->s, '*')) {
		buf_add(out, str_take(&r->s, '*') ? S(".*") : S("[^/]*"));
	} else if (str_take(&r->s, '?')) {
		buf_add(out, S("[^/]"));
	} else if (str_take(&r->s, '[')) {
		take_class(r, out);
	} else if (str_take(&r->s, '{')) {
		buf_add(out, S("(?:"));
		r->depth++;
	} else if (r->depth && str_take(&r->s, ',')) {
		buf_addc(out, '|');
	} else if (r->depth && str_take(&r->s, '}')) {
		buf_addc(out, ')');
		r->depth--;
	} else {
		take_text(r, r->depth ? "?*[{}," : "?*[{", out);
	}
	return true;
}

err *glob_compile(struct arena *a, str pattern, const struct glob **out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(16 << 20);
	struct reader r = { .s = pattern };
	struct glob *g = arena_new(a, struct glob);

	buf_add(&b, S("^(?s:"));
	while (take_piece(&r, &b))
		;
	if (r.fault)
		return err_new(ERR_INVALID, "%s", r.fault);
	buf_fill(&b, ')', r.depth);	/* open braces are closed by the end */
	buf_add(&b, S(")$"));
	TRY(buf_check(&b, "glob pattern"));
	TRY(regex_compile(a, buf_str(&b), &g->re));
	*out = g;
	return NULL;
}

bool glob_test(const struct glob *g, str name)
{
	return regex_test(g->re, name);
}
