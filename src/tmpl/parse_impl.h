/* parse_impl - the parser's state, shared by its two halves: operands and
 * pipelines (parse_pipe.c), actions and definitions (parse.c). */
#ifndef TMPL_PARSE_IMPL_H
#define TMPL_PARSE_IMPL_H

#include "base/vec.h"
#include "tmpl/lex.h"
#include "tmpl/parse.h"

/* What all definitions of one text share. */
struct parse_source {
	struct arena *a;
	str name, text;
	struct lexer lex;
	node variables; /* name -> id */
	VEC(const struct tree_template *) made;
	node made_at; /* name -> index in `made` */
	/* Parts of lists that are not finished; each ends at a mark. */
	VEC(const struct tree *) parts;
	int controls;
};

/* One definition being parsed. Three tokens of look-ahead. */
struct parser {
	struct parse_source *s;
	str name;
	struct lex_token token[3];
	int peeked;
	VEC(uint32_t) scope;  /* ids of the variables declared at this point */
	uint32_t action_line; /* where the current action began; 0: none */
	int ranges, parens;
};

struct lex_token parse_next(struct parser *p);
struct lex_token parse_peek(struct parser *p);
/* The same, past spaces. */
struct lex_token parse_next_word(struct parser *p);
struct lex_token parse_peek_word(struct parser *p);
/* Put the last token back, or it and the one before it. */
void parse_backup(struct parser *p);
void parse_backup2(struct parser *p, struct lex_token t1);

/* "template: NAME:LINE: ..." */
err *parse_fail(struct parser *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));
err *parse_unexpected(struct parser *p, struct lex_token t, const char *context)
	__attribute__((warn_unused_result, returns_nonnull));
err *parse_expect(struct parser *p, enum lex_type type, const char *context)
	__attribute__((warn_unused_result));
str parse_quoted(struct parser *p, str s);
err *parse_unquote(struct parser *p, str literal, str *out) __attribute__((warn_unused_result));

#define MAKE(p, type, kind, pos) ((type *)parse_make((p), sizeof(type), (kind), (pos)))
void *parse_make(struct parser *p, size_t size, enum tree_kind kind, uint32_t pos);
const struct tree *parse_make_plain(struct parser *p, enum tree_kind kind, struct lex_token t);
void parse_add_part(struct parser *p, const struct tree *t);
/* The parts since the mark, as an array in the arena. */
const struct tree **parse_take_parts(struct parser *p, size_t mark, uint32_t *n);

err *parse_pipeline(struct parser *p, const char *context, enum lex_type end,
		    const struct tree_pipe **out) __attribute__((warn_unused_result));

#endif
