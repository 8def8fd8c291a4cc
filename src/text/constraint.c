#include "text/constraint_impl.h"

#include "text/quote.h"

const str constraint_ops[COMPARISON_OPS] = {
	[COMPARISON_NONE] = { "", 0 },
	[COMPARISON_EQUAL] = { "=", 1 },
	[COMPARISON_NOT_EQUAL] = { "!=", 2 },
	[COMPARISON_GREATER] = { ">", 1 },
	[COMPARISON_LESS] = { "<", 1 },
	[COMPARISON_AT_LEAST] = { ">=", 2 },
	[COMPARISON_AT_LEAST_2] = { "=>", 2 },
	[COMPARISON_AT_MOST] = { "<=", 2 },
	[COMPARISON_AT_MOST_2] = { "=<", 2 },
	[COMPARISON_TILDE] = { "~", 1 },
	[COMPARISON_TILDE_2] = { "~>", 2 },
	[COMPARISON_CARET] = { "^", 1 },
};

/* Why a version does not satisfy a comparison. */
enum reason {
	REASON_NONE,
	REASON_PRERELEASE,
	REASON_EQUAL,
	REASON_NOT_EQUAL,
	REASON_LESS,
	REASON_LESS_OR_EQUAL,
	REASON_GREATER,
	REASON_GREATER_OR_EQUAL,
	REASON_MAJOR,
	REASON_MAJOR_MINOR,
	REASON_MINOR,
	REASON_MINOR_OF_ZERO,
	REASON_PATCH_OF_ZERO,
};

/* VERSION before CONSTRAINT after */
static const struct {
	const char *before, *after;
} reason_texts[] = {
	[REASON_EQUAL] = { "is equal to", "" },
	[REASON_NOT_EQUAL] = { "is not equal to", "" },
	[REASON_LESS] = { "is less than", "" },
	[REASON_LESS_OR_EQUAL] = { "is less than or equal to", "" },
	[REASON_GREATER] = { "is greater than", "" },
	[REASON_GREATER_OR_EQUAL] = { "is greater than or equal to", "" },
	[REASON_MAJOR] = { "does not have same major version as", "" },
	[REASON_MAJOR_MINOR] = { "does not have same major and minor version as", "" },
	[REASON_MINOR] = { "does not have same minor version as", "" },
	[REASON_MINOR_OF_ZERO] = { "does not have same minor version as",
				   ". Expected minor versions to match when constraint major "
				   "version is 0" },
	[REASON_PATCH_OF_ZERO] = { "does not equal",
				   ". Expect version and constraint to equal when major and minor "
				   "versions are 0" },
};

static enum reason not_equal(const struct comparison *c, const struct semver *v)
{
	const struct semver *w = &c->version;

	if (c->open) {
		if (w->major != v->major)
			return REASON_NONE;
		if (c->open_minor)
			return REASON_EQUAL;
		if (w->minor != v->minor)
			return REASON_NONE;
		if (c->open_patch) {
			bool differ = !str_eq(v->prerelease, w->prerelease);

			return differ ? REASON_NONE : REASON_EQUAL;
		}
	}
	return semver_cmp(v, w) ? REASON_NONE : REASON_EQUAL;
}

static enum reason greater(const struct comparison *c, const struct semver *v)
{
	const struct semver *w = &c->version;
	bool above;

	if (!c->open || v->major == w->major) {
		if (c->open_minor)	/* 11.1 is not above 11 */
			above = false;
		else if (c->open_patch)
			above = v->minor > w->minor;
		else
			above = semver_cmp(v, w) > 0;
	} else {
		above = v->major > w->major;
	}
	return above ? REASON_NONE : REASON_LESS_OR_EQUAL;
}

static enum reason at_most(const struct comparison *c, const struct semver *v)
{
	const struct semver *w = &c->version;
	bool above;

	if (!c->open)
		above = semver_cmp(v, w) > 0;
	else
		above = v->major > w->major ||
			(v->major == w->major && v->minor > w->minor && !c->open_minor);
	return above ? REASON_GREATER : REASON_NONE;
}

/* ~1.2.3 and ~1.2: 1.2.* from there on. ~1: 1.* from there on. */
static enum reason tilde(const struct comparison *c, const struct semver *v)
{
	const struct semver *w = &c->version;

	if (semver_cmp(v, w) < 0)
		return REASON_LESS;
	if (!w->major && !w->minor && !w->patch && !c->open_minor && !c->open_patch)
		return REASON_NONE;	/* ~0.0.0 and ~* take everything */
	if (v->major != w->major)
		return REASON_MAJOR;
	if (v->minor != w->minor && !c->open_minor)
		return REASON_MAJOR_MINOR;
	return REASON_NONE;
}

/* The same up to the first number that is not zero, and newer. */
static enum reason caret(const struct comparison *c, const struct semver *v)
{
	const struct semver *w = &c->version;

	if (semver_cmp(v, w) < 0)
		return REASON_LESS;
	if (v->major != w->major)
		return REASON_MAJOR;
	if (w->major || c->open_minor)
		return REASON_NONE;
	if (w->minor || c->open_patch)
		return v->minor == w->minor ? REASON_NONE : REASON_MINOR_OF_ZERO;
	if (v->minor)
		return REASON_MINOR;
	return v->patch == w->patch ? REASON_NONE : REASON_PATCH_OF_ZERO;
}

static enum reason check(const struct comparison *c, const struct semver *v, bool prereleases)
{
	if (v->prerelease.n && !prereleases)
		return REASON_PRERELEASE;
	switch (c->op) {
	case COMPARISON_NONE:
	case COMPARISON_EQUAL:
		if (c->open)
			return tilde(c, v);
		return semver_cmp(v, &c->version) ? REASON_NOT_EQUAL : REASON_NONE;
	case COMPARISON_NOT_EQUAL:
		return not_equal(c, v);
	case COMPARISON_GREATER:
		return greater(c, v);
	case COMPARISON_LESS:
		return semver_cmp(v, &c->version) < 0 ? REASON_NONE : REASON_GREATER_OR_EQUAL;
	case COMPARISON_AT_LEAST:
	case COMPARISON_AT_LEAST_2:
		return semver_cmp(v, &c->version) >= 0 ? REASON_NONE : REASON_LESS;
	case COMPARISON_AT_MOST:
	case COMPARISON_AT_MOST_2:
		return at_most(c, v);
	case COMPARISON_TILDE:
	case COMPARISON_TILDE_2:
		return tilde(c, v);
	case COMPARISON_CARET:
		return caret(c, v);
	case COMPARISON_OPS:
		break;
	}
	die_bug("no such comparison: %d", (int)c->op);
}

void constraint_take_prereleases(struct constraint *c)
{
	c->prereleases = true;
}

bool constraint_check(const struct constraint *c, const struct semver *v)
{
	for (size_t i = 0; i < c->groups_n; i++) {
		const struct constraint_group *g = &c->groups[i];
		bool prereleases = c->prereleases || g->prereleases;
		size_t k = 0;

		while (k < g->comparisons.n && !check(&g->comparisons.p[k], v, prereleases))
			k++;
		if (k == g->comparisons.n)
			return true;
	}
	return false;
}

static str reason_text(struct arena *a, enum reason r, const struct semver *v, str original)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, semver_text(a, v), QUOTE_PRINT);
	if (r == REASON_PRERELEASE) {
		buf_add(&b, S(" is a prerelease version and the constraint is only looking for "
			      "release versions"));
	} else {
		buf_addf(&b, " %s ", reason_texts[r].before);
		quote_add(&b, original, QUOTE_PRINT);
		buf_addf(&b, "%s", reason_texts[r].after);
	}
	return arena_str(a, buf_str(&b));
}

bool constraint_explain(const struct constraint *c, const struct semver *v, struct arena *a,
			constraint_reasons *reasons)
{
	bool told_prerelease = false;	/* once is enough */

	reasons->n = 0;
	for (size_t i = 0; i < c->groups_n; i++) {
		const struct constraint_group *g = &c->groups[i];
		bool prereleases = c->prereleases || g->prereleases, holds = true;

		for (size_t k = 0; k < g->comparisons.n; k++) {
			const struct comparison *cmp = &g->comparisons.p[k];
			enum reason r = check(cmp, v, prereleases);

			holds = holds && !r;
			if (!r || (r == REASON_PRERELEASE && told_prerelease))
				continue;
			told_prerelease = told_prerelease || r == REASON_PRERELEASE;
			avec_push(a, reasons, reason_text(a, r, v, cmp->original));
		}
		if (holds) {
			reasons->n = 0;
			return true;
		}
	}
	return false;
}

void constraint_add(struct buf *b, const struct constraint *c)
{
	for (size_t i = 0; i < c->groups_n; i++) {
		const struct constraint_group *g = &c->groups[i];

		if (i)
			buf_add(b, S(" || "));
		for (size_t k = 0; k < g->comparisons.n; k++) {
			if (k)
				buf_addc(b, ' ');
			buf_add(b, constraint_ops[g->comparisons.p[k].op]);
			buf_add(b, g->comparisons.p[k].original);
		}
	}
}

err *constraint_latest(str text, const str *tags, size_t n, str *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct constraint *c;
	struct semver best, v;
	bool found = false;
	err *e = constraint_parse(&a, text, &c);

	if (e)
		return err_wrap(e, "semver '%.*s' parse error", STR_ARG(text));
	for (size_t i = 0; i < n; i++) {
		if (!semver_try_tag(&v, tags[i]) || !constraint_check(c, &v))
			continue;
		if (!found || semver_cmp(&v, &best) > 0)
			best = v;
		found = true;
	}
	if (!found)
		return err_new(ERR_NOT_FOUND, "no match found for semver: %.*s", STR_ARG(text));
	*out = best.original;
	return NULL;
}
