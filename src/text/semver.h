/* semver - semantic versions, as Helm and Flux order them.
 *
 * A chart, an image tag and a Flux release are all compared with the rules
 * of semver 2.0.0. Reading is lenient, as Go users of Masterminds/semver
 * rely on: a leading "v" is dropped, missing minor or patch numbers read as
 * zero ("v1.2" is 1.2.0) and leading zeros in the three numbers are fine.
 * Build metadata is kept for display and ignored in comparisons.
 *
 * Ownership: a struct semver borrows from the text it was parsed from; it
 * allocates nothing and needs no release. Constraints ("^1.2 || >=2.0.0-0")
 * live in constraint.h. Any thread.
 */
#ifndef TEXT_SEMVER_H
#define TEXT_SEMVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { SEMVER_MAX_LEN = 256 };

struct semver {
	uint64_t major, minor, patch;
	str prerelease;		/* without '-', empty for a release */
	str build;		/* without '+' */
	str original;		/* as written, "v" included */
};

/* Parse `text`. On error `out` is untouched and the message is the one Helm
 * prints, so callers wrap it with the object they were looking at. */
err *semver_parse(struct semver *out, str text) __attribute__((warn_unused_result));
/* Exactly semver 2.0.0: three numbers, no "v", no leading zeros. */
err *semver_parse_strict(struct semver *out, str text) __attribute__((warn_unused_result));
/* As Flux reads tags: lenient, but with all three numbers. */
err *semver_parse_tag(struct semver *out, str text) __attribute__((warn_unused_result));
/* semver_parse and semver_parse_tag for lists in which anything may stand. */
bool semver_try_parse(struct semver *out, str text);
bool semver_try_tag(struct semver *out, str text);

/* Negative, zero or positive, like strcmp. */
int semver_cmp(const struct semver *a, const struct semver *b);

/* Canonical form: "1.2.0-rc.1+build", whatever was written. */
void semver_add(struct buf *b, const struct semver *v);
str semver_text(struct arena *a, const struct semver *v);

enum semver_part { SEMVER_MAJOR, SEMVER_MINOR, SEMVER_PATCH };

/* The next version in that part; the smaller parts become zero, prerelease
 * and build are dropped. The patch after a prerelease is its release. The
 * texts of `out` live in the arena; its original keeps a leading "v". */
err *semver_next(struct arena *a, const struct semver *v, enum semver_part part,
		 struct semver *out) __attribute__((warn_unused_result));
/* The version with another prerelease or build, checked; empty removes it. */
err *semver_with_prerelease(struct arena *a, const struct semver *v, str prerelease,
			    struct semver *out) __attribute__((warn_unused_result));
err *semver_with_build(struct arena *a, const struct semver *v, str build, struct semver *out)
	__attribute__((warn_unused_result));

#endif
