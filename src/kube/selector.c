#include "kube/selector.h"

#include <stdio.h>

#include "base/vec.h"
#include "text/names.h"
#include "text/number.h"
#include "text/quote.h"

/* ---- words ------------------------------------------------------------- */

enum token { T_END, T_IDENT, T_NOT, T_CLOSE, T_OPEN, T_COMMA, T_EQ, T_EQEQ, T_NE, T_GT, T_LT,
	     T_IN, T_NOTIN };

struct word {
	enum token token;
	str text;
};

struct parser {
	struct arena *a;
	str rest;
	struct word next;	/* looked at, not taken */
	size_t terms;
	enum selector_words words;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_symbol(char c)
{
	return c && strchr("=!(),><", c);
}

static bool is_ident(char c)
{
	return c && !is_space(c) && !is_symbol(c);
}

static const struct {
	str text;
	enum token token;
} symbols[] = {
	{ { "==", 2 }, T_EQEQ }, { { "!=", 2 }, T_NE },	  { { "=", 1 }, T_EQ },
	{ { "!", 1 }, T_NOT },	 { { "(", 1 }, T_OPEN },  { { ")", 1 }, T_CLOSE },
	{ { ",", 1 }, T_COMMA }, { { ">", 1 }, T_GT },	  { { "<", 1 }, T_LT },
};

static struct word scan(struct parser *p)
{
	str_span(&p->rest, is_space);
	/* A NUL byte ends the text, as in the original. */
	if (!p->rest.n || !p->rest.p[0])
		return (struct word){ T_END, STR_NONE };
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
		if (str_take_str(&p->rest, symbols[i].text))
			return (struct word){ symbols[i].token, symbols[i].text };
	str id = str_span(&p->rest, is_ident);

	if (str_eq(id, S("in")))
		return (struct word){ T_IN, id };
	return (struct word){ str_eq(id, S("notin")) ? T_NOTIN : T_IDENT, id };
}

static struct word take(struct parser *p)
{
	struct word w = p->next;

	p->next = scan(p);
	return w;
}

/* Where an operator cannot stand, "in" and "notin" are names. */
static enum token as_value(enum token t)
{
	return t == T_IN || t == T_NOTIN ? T_IDENT : t;
}

static err *expected(struct word found, const char *what)
{
	return err_new(ERR_INVALID, "found '%.*s', expected: %s", STR_ARG(found.text), what);
}

/* ---- one requirement --------------------------------------------------- */

/* apimachinery tells of a field, kyaml in sentences of its own. */
static err *bad_value(const char *path, str value, const char *why)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;

	quote_add(&quoted, value, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s: Invalid value: %s: %s", path, buf_c(&quoted), why);
}

static err *check_key(const struct parser *p, str key)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT, quoted = BUF_INIT;

	if (name_check(key, NAME_QUALIFIED, &why))
		return NULL;
	if (p->words == SELECTOR_APIMACHINERY)
		return bad_value("<nil>", key, buf_c(&why));
	quote_add(&quoted, key, QUOTE_PRINT);
	return err_new(ERR_INVALID, "invalid label key %s: %s", buf_c(&quoted), buf_c(&why));
}

static err *not_a_number(const struct parser *p, const struct requirement *r, size_t at)
{
	static const char why[] = "for 'Gt', 'Lt' operators, the value must be an integer";
	char path[32];

	if (p->words == SELECTOR_KYAML)
		return err_new(ERR_INVALID, "%s", why);
	snprintf(path, sizeof path, "values[%zu]", at);
	return bad_value(path, r->values[at], why);
}

static err *not_a_label(const struct parser *p, const struct requirement *r, size_t at,
			const char *why)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (p->words == SELECTOR_APIMACHINERY) {
		buf_addf(&text, "values[%zu][%.*s]", at, STR_ARG(r->key));
		return bad_value(buf_c(&text), r->values[at], why);
	}
	buf_add(&text, S("invalid label value: "));
	quote_add(&text, r->values[at], QUOTE_PRINT);
	buf_add(&text, S(": at key: "));
	quote_add(&text, r->key, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s: %s", buf_c(&text), why);
}

static err *check_values(const struct parser *p, const struct requirement *r)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int64_t number;

	for (size_t i = 0; i < r->values_n; i++) {
		err *e = r->op >= SELECTOR_GREATER ? number_parse_int(r->values[i], 10, &number) : NULL;

		if (e) {
			err_free(e);
			return not_a_number(p, r, i);
		}
		if (!name_check(r->values[i], NAME_LABEL_VALUE, &why))
			return not_a_label(p, r, i, buf_c(&why));
	}
	return NULL;
}

typedef VEC(str) values;

static err *add_value(struct parser *p, values *to, str value)
{
	for (size_t i = 0; i < to->n; i++)
		if (str_eq(to->p[i], value))
			return NULL;
	if (p->terms++ >= SELECTOR_TERMS_MAX)
		return err_new(ERR_INVALID, "selector has more than %d terms", SELECTOR_TERMS_MAX);
	size_t at = to->n;

	avec_push(p->a, to, value);
	for (; at && str_cmp(to->p[at - 1], value) > 0; at--)
		to->p[at] = to->p[at - 1];
	to->p[at] = value;
	return NULL;
}

/* The inside of "(a, b,)": blanks between commas are the empty value. */
static err *take_list(struct parser *p, values *to)
{
	for (;;) {
		struct word w = take(p);

		switch (as_value(w.token)) {
		case T_IDENT:
			TRY(add_value(p, to, w.text));
			if (p->next.token == T_COMMA)
				continue;
			if (p->next.token == T_CLOSE)
				return NULL;
			return expected(p->next, "',' or ')'");
		case T_COMMA:
			if (!to->n)
				TRY(add_value(p, to, STR_NONE));
			if (p->next.token == T_CLOSE)
				return add_value(p, to, STR_NONE);
			if (p->next.token == T_COMMA)
				TRY(add_value(p, to, STR_NONE));
			continue;
		default:
			return expected(w, "',', or identifier");
		}
	}
}

static err *take_set(struct parser *p, values *to)
{
	struct word open = take(p), first = p->next;

	if (open.token != T_OPEN)
		return err_new(ERR_INVALID, "found '%.*s' expected: '('", STR_ARG(open.text));
	if (first.token == T_CLOSE) {
		take(p);
		return add_value(p, to, STR_NONE);
	}
	if (as_value(first.token) != T_IDENT && first.token != T_COMMA)
		return expected(first, "',', ')' or identifier");
	TRY(take_list(p, to));
	take(p);
	return NULL;
}

static err *take_exact(struct parser *p, values *to)
{
	if (p->next.token == T_END || p->next.token == T_COMMA)
		return add_value(p, to, STR_NONE);
	struct word w = take(p);

	if (as_value(w.token) != T_IDENT)
		return expected(w, "identifier");
	return add_value(p, to, w.text);
}

static err *take_operator(struct parser *p, struct requirement *r, bool *set)
{
	struct word w = take(p);

	*set = w.token == T_IN || w.token == T_NOTIN;
	switch (w.token) {
	case T_IN:
	case T_EQ:
	case T_EQEQ:
		r->op = SELECTOR_IN;
		return NULL;
	case T_NOTIN:
	case T_NE:
		r->op = SELECTOR_NOT_IN;
		return NULL;
	case T_GT:
		r->op = SELECTOR_GREATER;
		return NULL;
	case T_LT:
		r->op = SELECTOR_LESS;
		return NULL;
	default:
		return expected(w, p->words == SELECTOR_KYAML ? "'=', '!=', '==', 'in', notin'"
							      : "in, notin, =, ==, !=, gt, lt");
	}
}

static err *take_requirement(struct parser *p, struct requirement *r)
{
	struct word w = take(p);
	bool absent = w.token == T_NOT, set;
	values list = { 0 };

	if (absent)
		w = take(p);
	if (as_value(w.token) != T_IDENT)
		return expected(w, "identifier");
	r->key = w.text;
	TRY(check_key(p, r->key));
	if (absent || p->next.token == T_END || p->next.token == T_COMMA) {
		r->op = absent ? SELECTOR_ABSENT : SELECTOR_EXISTS;
		return NULL;
	}
	TRY(take_operator(p, r, &set));
	TRY(set ? take_set(p, &list) : take_exact(p, &list));
	r->values = list.p;
	r->values_n = list.n;
	return check_values(p, r);
}

/* ---- all --------------------------------------------------------------- */

err *selector_parse(struct arena *a, str text, struct selector *out)
{
	return selector_parse_as(a, text, SELECTOR_APIMACHINERY, out);
}

err *selector_parse_as(struct arena *a, str text, enum selector_words words, struct selector *out)
{
	struct parser p = { .a = a, .rest = text, .words = words };
	VEC(struct requirement) list = { 0 };

	p.next = scan(&p);
	while (p.next.token != T_END) {
		struct requirement r = { 0 };

		if (as_value(p.next.token) != T_IDENT && p.next.token != T_NOT)
			return expected(p.next, "!, identifier, or 'end of string'");
		if (p.terms++ >= SELECTOR_TERMS_MAX)
			return err_new(ERR_INVALID, "selector has more than %d terms",
				       SELECTOR_TERMS_MAX);
		err *e = take_requirement(&p, &r);

		if (e)
			return err_wrap(e, "unable to parse requirement");
		avec_push(a, &list, r);
		struct word w = take(&p);

		if (w.token == T_END)
			break;
		if (w.token != T_COMMA)
			return expected(w, "',' or 'end of string'");
		if (as_value(p.next.token) != T_IDENT && p.next.token != T_NOT)
			return expected(p.next, "identifier after ','");
	}
	*out = (struct selector){ list.p, list.n };
	return NULL;
}

static bool has(const struct requirement *r, str value)
{
	for (size_t i = 0; i < r->values_n; i++)
		if (str_eq(r->values[i], value))
			return true;
	return false;
}

static bool number_cmp(const struct requirement *r, str value)
{
	int64_t have = 0, want = 0;
	err *e = number_parse_int(value, 10, &have);

	if (!e)
		e = number_parse_int(r->values[0], 10, &want);
	if (e) {
		err_free(e);
		return false;
	}
	return r->op == SELECTOR_GREATER ? have > want : have < want;
}

bool selector_matches(const struct selector *s, node labels)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct requirement *r = &s->list[i];
		node v = node_get(labels, r->key);
		bool there = v.kind != NODE_NONE, fits = false;

		switch (r->op) {
		case SELECTOR_IN:
			fits = there && has(r, node_str(v));
			break;
		case SELECTOR_NOT_IN:
			fits = !there || !has(r, node_str(v));
			break;
		case SELECTOR_EXISTS:
			fits = there;
			break;
		case SELECTOR_ABSENT:
			fits = !there;
			break;
		case SELECTOR_GREATER:
		case SELECTOR_LESS:
			fits = there && number_cmp(r, node_str(v));
			break;
		}
		if (!fits)
			return false;
	}
	return true;
}
