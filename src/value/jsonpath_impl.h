/* jsonpath_impl - what a parsed template is made of. */
#ifndef VALUE_JSONPATH_IMPL_H
#define VALUE_JSONPATH_IMPL_H

#include "value/jsonpath.h"

enum step_kind {
	STEP_VALUE,		/* a text or number of the template itself */
	STEP_FIELD,
	STEP_ARRAY,
	STEP_FILTER,
	STEP_WILDCARD,
	STEP_RECURSIVE,
	STEP_UNION,
	STEP_WORD,		/* range, end, or what is neither */
};

enum step_operator {
	OPERATOR_EXISTS,	/* there is none */
	OPERATOR_EQ,
	OPERATOR_NE,
	OPERATOR_LT,
	OPERATOR_LE,
	OPERATOR_GT,
	OPERATOR_GE,
	OPERATOR_UNKNOWN,	/* found out when it runs */
};

/* Which Go type a value of ours has where that shows; node.type. */
enum {
	TYPE_PLAIN,		/* int64, float64, ... */
	TYPE_INT,		/* int: a number of the template */
	TYPE_BYTE,		/* uint8: a byte of a text */
};

struct steps {
	struct step *p;
	size_t n, cap;
};

/* A bound or the step of a slice. */
struct slice_param {
	int64_t value;
	bool known;
	bool derived;		/* the end, made up for a single index */
};

struct step {
	enum step_kind kind;
	enum step_operator operator;	/* of a filter */
	str text;		/* field, word, operator as written */
	union {
		node value;
		struct slice_param slice[3];
		struct {
			struct steps left, right;
		};
		struct {
			struct steps *lists;
			size_t n;
		};
	};
};

/* An action is a list of steps, each working on the results of the one
 * before; a text between actions is an action of one step. */
struct jsonpath {
	struct steps *p;
	size_t n, cap;
};

#endif
