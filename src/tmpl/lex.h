/* lex - template text into tokens, one at a time, as the parser asks.
 *
 * Text outside actions is one token; the white space that "{{- " and " -}}"
 * trim is dropped here. Comments vanish. Private to the parser.
 */
#ifndef TMPL_LEX_H
#define TMPL_LEX_H

#include "base/arena.h"
#include "base/str.h"

enum lex_type {
	LEX_ERROR, /* `text` is the message */
	LEX_BOOL,
	LEX_CHAR,    /* a printable ASCII character, such as a comma */
	LEX_RUNE,    /* 'x' */
	LEX_COMPLEX, /* 1+2i */
	LEX_ASSIGN,
	LEX_DECLARE,
	LEX_EOF,
	LEX_FIELD, /* ".name" */
	LEX_IDENT,
	LEX_LEFT_DELIM,
	LEX_LEFT_PAREN,
	LEX_NUMBER,
	LEX_PIPE,
	LEX_RAW_STRING,
	LEX_RIGHT_DELIM,
	LEX_RIGHT_PAREN,
	LEX_SPACE,
	LEX_STRING,
	LEX_TEXT,
	LEX_VARIABLE, /* "$" or "$name" */
	LEX_KEYWORD,  /* only a border: keywords follow */
	LEX_BLOCK,
	LEX_BREAK,
	LEX_CONTINUE,
	LEX_DOT,
	LEX_DEFINE,
	LEX_ELSE,
	LEX_END,
	LEX_IF,
	LEX_NIL,
	LEX_RANGE,
	LEX_TEMPLATE,
	LEX_WITH,
};

struct lex_token {
	enum lex_type type;
	uint32_t pos;  /* byte offset in the text */
	uint32_t line; /* from 1 */
	str text;
};

struct lexer {
	struct arena *a; /* for messages */
	str text;
	uint32_t pos, start;
	uint32_t line, start_line;
	int parens;
	bool inside; /* an action */
};

void lex_init(struct lexer *l, struct arena *a, str text);
struct lex_token lex_next(struct lexer *l);
/* The token as error texts show it. */
str lex_show(struct arena *a, struct lex_token t);

#endif
