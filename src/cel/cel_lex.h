/* cel_lex - expressions into tokens.
 *
 * The longest text that is a token is taken; white space and comments are
 * dropped. What begins no token is reported and skipped up to the rune at
 * which no token was possible any more, as the generated lexer of cel-go
 * does. Tokens borrow from the source. Worker-local.
 */
#ifndef CEL_CEL_LEX_H
#define CEL_CEL_LEX_H

#include "cel/cel_issues.h"

/* In the order of the grammar, which messages of the parser list them in. */
enum cel_token_kind {
	CEL_T_EOF,
	CEL_T_EQUALS,
	CEL_T_NOT_EQUALS,
	CEL_T_IN,
	CEL_T_LESS,
	CEL_T_LESS_EQUALS,
	CEL_T_GREATER_EQUALS,
	CEL_T_GREATER,
	CEL_T_AND,
	CEL_T_OR,
	CEL_T_LBRACKET,
	CEL_T_RBRACKET,
	CEL_T_LBRACE,
	CEL_T_RBRACE,
	CEL_T_LPAREN,
	CEL_T_RPAREN,
	CEL_T_DOT,
	CEL_T_COMMA,
	CEL_T_MINUS,
	CEL_T_EXCLAM,
	CEL_T_QUESTION,
	CEL_T_COLON,
	CEL_T_PLUS,
	CEL_T_STAR,
	CEL_T_SLASH,
	CEL_T_PERCENT,
	CEL_T_TRUE,
	CEL_T_FALSE,
	CEL_T_NULL,
	CEL_T_NUM_FLOAT,
	CEL_T_NUM_INT,
	CEL_T_NUM_UINT,
	CEL_T_STRING,
	CEL_T_BYTES,
	CEL_T_IDENTIFIER,
	CEL_T_ESC_IDENTIFIER,
	CEL_T_KINDS,
};

struct cel_token {
	enum cel_token_kind kind;
	uint32_t offset;	/* runes before it */
	str text;		/* "<EOF>" at the end */
	str before;		/* white space and comments since the last token */
};

typedef VEC(struct cel_token) cel_tokens;

/* The tokens of `source`, CEL_T_EOF last. Reported are up to CEL_ISSUES_MAX
 * errors of syntax. */
void cel_lex(struct arena *a, str source, struct cel_issues *issues, cel_tokens *out);
/* How messages name a kind: "'=='", "IDENTIFIER". */
const char *cel_token_name(enum cel_token_kind kind);

#endif
