/* tree - a parsed template.
 *
 * Every node begins with its kind and its byte offset in the text. All of it
 * lives in the arena of the template set; texts borrow from the template's
 * text. Names are resolved as far as they can be: functions to their table
 * row, variables to a number (equal names of one set have equal numbers),
 * field names to strings. Immutable once parsed; any thread.
 */
#ifndef TMPL_TREE_H
#define TMPL_TREE_H

#include "base/buf.h"
#include "tmpl/value.h"

enum tree_kind {
	TREE_TEXT,
	TREE_ACTION,
	TREE_IF,
	TREE_RANGE,
	TREE_WITH,
	TREE_TEMPLATE,
	TREE_BREAK,
	TREE_CONTINUE,
	TREE_LIST,
	TREE_PIPE,
	TREE_COMMAND,
	TREE_IDENT,
	TREE_FIELD,
	TREE_CHAIN,
	TREE_VARIABLE,
	TREE_DOT,
	TREE_NIL,
	TREE_BOOL,
	TREE_NUMBER,
	TREE_STRING,
	TREE_ELSE, /* these two only while parsing */
	TREE_END,
};

struct tree {
	uint8_t kind; /* enum tree_kind */
	bool flag;    /* bool: its value; pipe: assigns; string, text: see below */
	uint32_t pos;
};

struct tree_list {
	struct tree t;
	uint32_t n;
	const struct tree **items;
};

struct tree_text {
	struct tree t;
	str text;
};

struct tree_ident {
	struct tree t;
	str name;
	const struct tmpl_func *func;
};

struct tree_fields { /* TREE_FIELD */
	struct tree t;
	uint32_t n;
	str *names;
};

struct tree_chain {
	struct tree t;
	const struct tree *operand;
	uint32_t n;
	str *names;
};

struct tree_variable {
	struct tree t;
	uint32_t id;
	uint32_t n;
	str *names; /* n of them: "$x", then fields */
};

enum { TREE_IS_INT = 1, TREE_IS_UINT = 2, TREE_IS_FLOAT = 4, TREE_IS_COMPLEX = 8 };

struct tree_number {
	struct tree t;
	uint8_t is;
	int64_t i;
	uint64_t u;
	double f, im;
	str text;
	node ideal; /* the constant where nothing asks for a type; NODE_NONE: too large */
};

struct tree_string {
	struct tree t;
	str quoted;
	node text;
};

struct tree_command {
	struct tree t;
	uint32_t n;
	const struct tree **args;
};

struct tree_pipe {
	struct tree t;
	uint32_t decls_n, commands_n;
	const struct tree_variable *decls[2];
	const struct tree_command **commands;
};

struct tree_action {
	struct tree t;
	const struct tree_pipe *pipe;
};

struct tree_branch { /* if, range, with */
	struct tree t;
	const struct tree_pipe *pipe;
	const struct tree_list *list, *otherwise;
};

struct tree_call { /* TREE_TEMPLATE */
	struct tree t;
	str name;
	const struct tree_pipe *pipe; /* or NULL */
};

/* A template: what `define` or a file makes. */
struct tree_template {
	str name;
	str file; /* name of the text it was parsed from */
	str text;
	const struct tree_list *root;
	bool empty; /* nothing but white space */
};

/* The node as source text, as Go's error texts quote it. */
void tree_print(struct buf *b, const struct tree *t);
/* "FILE:LINE:COL" of a place in the template. */
void tree_print_place(struct buf *b, const struct tree_template *t, uint32_t pos);
/* Nothing but white space: such a definition replaces no other. */
bool tree_is_blank(const struct tree_list *list);

#endif
