/* The first line is a constraint, the others are versions: what is printed
 * reads back, and order and constraints are consistent. */
#include <assert.h>

#include "text/constraint.h"

static void check_version(struct arena *a, str text, const struct constraint *c)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	constraint_reasons reasons = { 0 };
	struct semver v, strict, next;

	err *e = semver_parse_strict(&strict, text);

	if (!semver_try_parse(&v, text)) {
		/* what is strictly right is right */
		assert(e);
		err_free(e);
		e = semver_parse(&v, text);
		assert(e);
		err_free(e);
		return;
	}
	assert(e || semver_cmp(&v, &strict) == 0);
	err_free(e);
	semver_add(&b, &v);
	/* a short text may become too long when it is written out */
	if (b.n <= SEMVER_MAX_LEN) {
		e = semver_parse_strict(&strict, buf_str(&b));
		assert(!e && semver_cmp(&v, &strict) == 0 && str_eq(v.build, strict.build));
	}
	for (enum semver_part part = SEMVER_MAJOR; part <= SEMVER_PATCH; part++) {
		e = semver_next(a, &v, part, &next);
		assert(e || semver_cmp(&next, &v) > 0);
		err_free(e);
	}
	if (c)
		assert(constraint_check(c, &v) == constraint_explain(c, &v, a, &reasons));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text = { (const char *)data, size }, line;
	VEC(str) tags = { 0 };
	struct constraint *c = NULL;

	if (!str_line(&text, &line))
		return 0;
	err *e = constraint_parse(&a, line, &c);

	err_free(e);
	if (!e) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		constraint_add(&b, c);
		assert(b.n > 0);
	}
	for (str constraint = line; str_line(&text, &line);) {
		struct semver x, y;
		str best;

		check_version(&a, line, c);
		if (tags.n && semver_try_parse(&x, tags.p[tags.n - 1]) &&
		    semver_try_parse(&y, line)) {
			int c1 = semver_cmp(&x, &y), c2 = semver_cmp(&y, &x);

			assert((c1 > 0) - (c1 < 0) == (c2 < 0) - (c2 > 0));
		}
		avec_push(&a, &tags, line);
		if (tags.n % 8 == 0)
			err_free(constraint_latest(constraint, tags.p, tags.n, &best));
	}
	return 0;
}
