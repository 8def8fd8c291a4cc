#include "tmpl/literal.h"

#include <math.h>

#include "base/utf8.h"
#include "text/number.h"
#include "text/quote.h"

static void set_int(struct tree_number *n, int64_t i)
{
	n->is |= TREE_IS_INT;
	n->i = i;
}

static void set_uint(struct tree_number *n, uint64_t u)
{
	n->is |= TREE_IS_UINT;
	n->u = u;
}

/* The integers that a float is exactly. */
static void set_integers(struct tree_number *n, double f)
{
	if (trunc(f) != f)
		return;
	if (!(n->is & TREE_IS_INT) && f >= -9223372036854775808.0 && f < 9223372036854775808.0)
		set_int(n, (int64_t)f);
	if (!(n->is & TREE_IS_UINT) && f >= 0 && f < 18446744073709551616.0)
		set_uint(n, (uint64_t)f);
}

static void set_float(struct tree_number *n, double f)
{
	n->is |= TREE_IS_FLOAT;
	n->f = f;
}

static void set_complex(struct tree_number *n, double re, double im)
{
	n->is |= TREE_IS_COMPLEX;
	n->f = re;
	n->im = im;
	if (im == 0) {
		n->is |= TREE_IS_FLOAT;
		set_integers(n, re);
	}
}

/* ---- characters -------------------------------------------------------- */

static bool unquote_rune(str literal, uint32_t *rune)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = quote_unquote(&b, literal);
	str s = buf_str(&b);
	size_t size;

	if (e || !s.n) {
		err_free(e);
		return false;
	}
	*rune = s.n == 1 ? (unsigned char)s.p[0] : utf8_decode(s, &size);
	return true;
}

/* Whether the constant is wrong only for what follows its first character. */
static bool has_tail(str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t rune;

	for (size_t n = 1; n <= 10 && n + 2 < text.n; n++) {
		buf_clear(&b);
		buf_add(&b, str_sub(text, 0, n + 1));
		buf_addc(&b, '\'');
		if (unquote_rune(buf_str(&b), &rune))
			return true;
	}
	return false;
}

static err *read_rune(struct lex_token t, struct tree_number *n)
{
	uint32_t rune;

	if (!unquote_rune(t.text, &rune)) {
		if (has_tail(t.text))
			return err_new(ERR_INVALID, "malformed character constant: %.*s",
				       STR_ARG(t.text));
		return err_new(ERR_INVALID, "invalid syntax");
	}
	set_int(n, rune);
	set_uint(n, rune);
	set_float(n, rune);
	return NULL;
}

/* ---- numbers ----------------------------------------------------------- */

static bool read_float(str s, double *f)
{
	err *e = number_parse_float(s, f);

	err_free(e);
	return !e;
}

/* "1+2i": the sign that parts it is the last one that is no exponent's. */
static err *read_complex(struct lex_token t, struct tree_number *n)
{
	size_t at = t.text.n - 1;
	double re, im;

	while (at > 1) {
		char c = t.text.p[at], before = t.text.p[at - 1] | 32;

		if ((c == '+' || c == '-') && before != 'e' && before != 'p')
			break;
		at--;
	}
	if (!read_float(str_sub(t.text, 0, at), &re) ||
	    !read_float(str_sub(t.text, at, t.text.n - 1), &im))
		return err_new(ERR_INVALID, "syntax error scanning complex number");
	set_complex(n, re, im);
	return NULL;
}

static bool has_any(str s, const char *set)
{
	for (; *set; set++)
		if (str_find_char(s, *set) != STR_NPOS)
			return true;
	return false;
}

static err *illegal(const char *what, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, text, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s: %.*s", what, STR_ARG(buf_str(&b)));
}

static err *read_number(str text, struct tree_number *n)
{
	uint64_t u = 0;
	int64_t i;
	double f;

	if (str_ends(text, S("i")) && read_float(str_sub(text, 0, text.n - 1), &f)) {
		set_complex(n, 0, f);
		return NULL;
	}
	err *e = number_parse_uint(text, 0, &u);

	if (!e)
		set_uint(n, u);
	err_free(e);
	e = number_parse_int(text, 0, &i);
	if (!e) {
		set_int(n, i);
		if (i == 0) /* also -0 */
			set_uint(n, 0);
	}
	err_free(e);
	if (n->is & TREE_IS_INT) {
		set_float(n, (double)n->i);
	} else if (n->is & TREE_IS_UINT) {
		set_float(n, (double)n->u);
	} else if (read_float(text, &f)) {
		if (!has_any(text, ".eEpP"))
			return illegal("integer overflow", text);
		set_float(n, f);
		set_integers(n, f);
	} else {
		return illegal("illegal number syntax", text);
	}
	return NULL;
}

/* ---- the constant without a type --------------------------------------- */

static bool is_hex_int(str s)
{
	return s.n > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x' && !has_any(s, "pP");
}

static node ideal(struct arena *a, const struct tree_number *n)
{
	if (n->is & TREE_IS_COMPLEX)
		return value_complex(a, n->f, n->im);
	if ((n->is & TREE_IS_FLOAT) && !is_hex_int(n->text) && n->text.p[0] != '\'' &&
	    has_any(n->text, ".eEpP"))
		return node_from_float(n->f);
	if (n->is & TREE_IS_INT)
		return value_int(n->i);
	return NODE_NOTHING;
}

err *literal_number(struct arena *a, struct lex_token t, struct tree_number *n)
{
	n->text = t.text;
	if (t.type == LEX_RUNE)
		TRY(read_rune(t, n));
	else if (t.type == LEX_COMPLEX)
		TRY(read_complex(t, n));
	else
		TRY(read_number(t.text, n));
	n->ideal = ideal(a, n);
	return NULL;
}
