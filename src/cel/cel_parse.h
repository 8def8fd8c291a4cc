/* cel_parse - from tokens to a tree.
 *
 * A hand-written parser reads what is right. What is wrong is read again by
 * cel_syntax, which words errors as the generated parser of cel-go does.
 * Macros (has, all, map, optMap ...) are expanded as they are met
 * (cel_macro.c). Worker-local.
 */
#ifndef CEL_CEL_PARSE_H
#define CEL_CEL_PARSE_H

#include "cel/cel_ast.h"
#include "cel/cel_env.h"
#include "cel/cel_lex.h"

/* Runes of an expression, and how deep one rule of the grammar may nest. */
enum { CEL_SOURCE_MAX = 100000, CEL_DEPTH_MAX = 250 };
/* Nodes of a tree, macros expanded: optMap copies its target. */
enum { CEL_NODES_MAX = 1000000 };

struct cel_parser {
	struct arena *a;
	struct cel_issues *issues;
	enum cel_library library;
	bool bind;		/* the environment has cel.bind */
	cel_tokens tokens;
	size_t at;
	uint32_t next_id;
	bool failed;		/* a syntax error: to be explained */
	bool stopped;		/* a limit was reached and reported */
	uint32_t depth[16];	/* of each rule */
};

/* NULL when there are errors, which are in `issues`. */
struct cel_expr *cel_parse(struct arena *a, const struct cel_env *env, str source,
			   struct cel_issues *issues);

/* For macros: nodes at the place of the macro's call. */
struct cel_expr *cel_parse_node(struct cel_parser *p, enum cel_expr_kind kind, uint32_t offset);
/* Report an error that is none of syntax; gives a node that stands for it. */
struct cel_expr *cel_parse_error(struct cel_parser *p, uint32_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The expansion of a call, or the call itself when it is no macro. */
struct cel_expr *cel_macro_expand(struct cel_parser *p, struct cel_expr *call);

/* The text or bytes of a literal; a message when it has an escape that is none. */
const char *cel_literal_unquote(struct arena *a, str text, bool bytes, str *out);

/* Report what is wrong with tokens that are no expression. */
void cel_syntax_explain(struct arena *a, const cel_tokens *tokens, struct cel_issues *issues);

#endif
