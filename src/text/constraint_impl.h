/* constraint_impl - what the reader and the checker of constraints share. */
#ifndef TEXT_CONSTRAINT_IMPL_H
#define TEXT_CONSTRAINT_IMPL_H

#include "text/constraint.h"

enum comparison_op {
	COMPARISON_NONE,
	COMPARISON_EQUAL,
	COMPARISON_NOT_EQUAL,
	COMPARISON_GREATER,
	COMPARISON_LESS,
	COMPARISON_AT_LEAST,
	COMPARISON_AT_LEAST_2,
	COMPARISON_AT_MOST,
	COMPARISON_AT_MOST_2,
	COMPARISON_TILDE,
	COMPARISON_TILDE_2,
	COMPARISON_CARET,
	COMPARISON_OPS,
};

extern const str constraint_ops[COMPARISON_OPS];

struct comparison {
	enum comparison_op op;
	bool open;		/* some part was left open ("1.x", "1") */
	bool open_minor;	/* the minor and with it the patch */
	bool open_patch;	/* just the patch */
	struct semver version;	/* zeros for open parts */
	str original;		/* without the operator */
};

struct constraint_group {
	VEC(struct comparison) comparisons;
	bool prereleases;	/* some comparison names one */
};

struct constraint {
	struct constraint_group *groups;
	size_t groups_n;
	bool prereleases;	/* in all groups */
};

#endif
