#include "kustomize/envsubst.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "kustomize/envsubst_impl.h"
#include "text/quote.h"
#include "text/unicode.h"

/* ---- reading ----------------------------------------------------------- */

enum { NESTING_MAX = 500 };

static err *bad_substitution(void)
{
	return err_new(ERR_INVALID, "bad substitution");
}

struct reader {
	struct arena *a;
	str rest;
	unsigned depth;
	bool escape_backslash;	/* inside of an expression, from the first one on */
};

typedef bool accept(uint32_t rune, size_t at);

static uint32_t peek(const struct reader *r)
{
	size_t size;

	return r->rest.n ? utf8_decode(r->rest, &size) : 0;
}

static bool is_name(uint32_t rune, size_t at)
{
	(void)at;
	return unicode_is_letter(rune) || unicode_is_digit(rune) || rune == '_';
}

static bool is_any(uint32_t rune, size_t at)
{
	(void)rune;
	(void)at;
	return true;
}

static bool is_not_brace(uint32_t rune, size_t at)
{
	(void)at;
	return rune != '}';
}

static bool is_not_slash(uint32_t rune, size_t at)
{
	(void)at;
	return rune != '/';
}

static bool is_not_colon(uint32_t rune, size_t at)
{
	(void)at;
	return rune != ':' && rune != '}';
}

/* Whether `text` begins with an escape; it is one more byte before the one
 * that it stands for. */
static bool is_escape(const struct reader *r, str text)
{
	if (text.n < 2)
		return false;
	if (text.p[0] == '$')
		return text.p[1] == '$';
	return r->escape_backslash && text.p[0] == '\\' && (text.p[1] == '/' || text.p[1] == '\\');
}

/* Take a run of accepted runes; it ends before "${". False when the first
 * one is not accepted. */
static bool take(struct reader *r, accept *ok, bool escapes, bool brackets, str *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	bool first = true;

	while (r->rest.n && r->rest.p[0]) {
		size_t size;
		uint32_t rune = utf8_decode(r->rest, &size);

		if (brackets && !first && str_starts(r->rest, S("${")))
			break;
		if (escapes && is_escape(r, r->rest)) {
			buf_addc(&text, r->rest.p[1]);
			r->rest = str_from(r->rest, 2);
		} else if (ok(rune, text.n + size)) {
			buf_add(&text, str_sub(r->rest, 0, size));
			r->rest = str_from(r->rest, size);
		} else {
			break;
		}
		first = false;
	}
	*out = arena_str(r->a, buf_str(&text));
	return !first;
}

static err *take_expression(struct reader *r, struct part **out);

/* One argument: a nested expression, a text, or nothing before the brace. */
static err *take_argument(struct reader *r, accept *ok, bool escapes, struct part *of)
{
	struct part *arg;

	if (str_take_str(&r->rest, S("${"))) {
		TRY(take_expression(r, &arg));
	} else {
		arg = arena_new(r->a, struct part);
		if (!take(r, ok, escapes, true, &arg->text))
			return err_new(ERR_INVALID,
				       "unable to parse substitution within function");
	}
	avec_push(r->a, &of->args, arg);
	return NULL;
}

static err *close_brace(struct reader *r)
{
	return str_take(&r->rest, '}') ? NULL : bad_substitution();
}

/* ---- the operators ----------------------------------------------------- */

/* The longest of `op` doubled or once. */
static void take_operator(struct reader *r, struct part *p, size_t max)
{
	size_t n = 1;

	if (max > 1 && r->rest.n > 1 &&
	    (r->rest.p[1] == r->rest.p[0] || (r->rest.p[0] == '/' && strchr("#%", r->rest.p[1])) ||
	     (strchr(",^", r->rest.p[0]) && strchr(",^", r->rest.p[1]))))
		n = 2;
	p->op = str_sub(r->rest, 0, n);
	r->rest = str_from(r->rest, n);
}

static err *take_default(struct reader *r, struct part *p)
{
	size_t n = r->rest.p[0] == ':' ? 2 : 1;

	p->op = str_sub(r->rest, 0, n);
	r->rest = str_from(r->rest, n);
	for (;;) {
		if (str_take(&r->rest, '}'))
			return NULL;
		TRY(take_argument(r, is_not_brace, false, p));
	}
}

/* The bytes of the rune behind the operator. */
static str next_rune(const struct reader *r)
{
	size_t size;
	str rest = str_from(r->rest, 1);

	utf8_decode(rest, &size);
	return str_sub(rest, 0, size);
}

static err *take_substring(struct reader *r, struct part *p)
{
	/* The original looks at what follows and goes back by too much. */
	if (r->rest.n < 2 || ((unsigned char)r->rest.p[1] >= 0x80 && utf8_valid(next_rune(r))))
		return bad_substitution();
	p->op = S(":");
	r->rest = str_from(r->rest, 1);
	/* The empty position is read up to the brace or colon that stops it. */
	TRY(take_argument(r, is_not_colon, false, p));
	if (str_take(&r->rest, '}'))
		return NULL;
	if (!str_take(&r->rest, ':'))
		return bad_substitution();
	while (str_take(&r->rest, ':'))
		;
	TRY(take_argument(r, is_not_brace, false, p));
	return close_brace(r);
}

static err *take_removal(struct reader *r, struct part *p)
{
	take_operator(r, p, 2);
	TRY(take_argument(r, is_not_brace, false, p));
	return close_brace(r);
}

static err *take_replacement(struct reader *r, struct part *p)
{
	take_operator(r, p, 2);
	TRY(take_argument(r, is_not_slash, true, p));
	if (!str_take(&r->rest, '/'))
		return bad_substitution();
	while (str_take(&r->rest, '/'))
		;
	if (str_take(&r->rest, '}'))
		return NULL;
	TRY(take_argument(r, is_not_brace, true, p));
	return close_brace(r);
}

static err *take_casing(struct reader *r, struct part *p)
{
	take_operator(r, p, 2);
	return close_brace(r);
}

static err *take_length(struct reader *r, struct part *p)
{
	p->op = S("#");
	r->rest = str_from(r->rest, 1);
	if (!take(r, is_name, false, false, &p->name))
		return bad_substitution();
	return close_brace(r);
}

static err *take_by_operator(struct reader *r, struct part *p)
{
	switch (peek(r)) {
	case ':':
		if (r->rest.n > 1 && strchr("=-?+", r->rest.p[1]) && r->rest.p[1])
			return take_default(r, p);
		return take_substring(r, p);
	case '=':
		return take_default(r, p);
	case ',':
	case '^':
		return take_casing(r, p);
	case '/':
		return take_replacement(r, p);
	case '#':
	case '%':
		return take_removal(r, p);
	default:
		if (str_take(&r->rest, '}'))
			return NULL;
		return err_new(ERR_INVALID, "missing closing brace");
	}
}

/* Behind "${". */
static err *take_expression(struct reader *r, struct part **out)
{
	struct part *p = arena_new(r->a, struct part);
	err *e;

	if (r->depth++ >= NESTING_MAX)
		return err_new(ERR_INVALID, "expressions are nested deeper than %d levels", NESTING_MAX);
	p->is_expression = true;
	r->escape_backslash = true;
	if (peek(r) == '#')
		e = take_length(r, p);
	else if (!take(r, is_name, false, false, &p->name))
		e = err_new(ERR_INVALID, "unable to parse variable name");
	else
		e = take_by_operator(r, p);
	r->depth--;
	*out = p;
	return e;
}

static err *parse(struct arena *a, str text, parts *out)
{
	struct reader r = { .a = a, .rest = text };

	while (r.rest.n && r.rest.p[0]) {
		struct part *p;

		if (str_take_str(&r.rest, S("${"))) {
			TRY(take_expression(&r, &p));
			r.escape_backslash = false;
		} else {
			p = arena_new(a, struct part);
			if (!take(&r, is_any, true, true, &p->text))
				return bad_substitution();
		}
		avec_push(a, out, p);
	}
	return NULL;
}

/* ---- writing ----------------------------------------------------------- */

static bool gives_default(str op)
{
	return op.n && strchr("-+=?", op.p[op.n - 1]) &&
	       (op.n == 1 || (op.n == 2 && op.p[0] == ':'));
}

struct writer {
	struct arena *a;
	const struct map *vars;
	bool strict;
	struct map missing;
};

/* The names as Go quotes them; the bare ones, a line each, are the detail. */
static err *missing_error(const struct map *missing)
{
	CLEANUP(buf_release) struct buf quoted = BUF_LIMIT(1 << 16);
	CLEANUP(buf_release) struct buf names = BUF_LIMIT(1 << 16);

	for (size_t i = 0; i < missing->n; i++) {
		str name = missing->entries[i].key;

		buf_add(&quoted, i ? S(", ") : STR_NONE);
		quote_add(&quoted, name, QUOTE_PRINT);
		buf_addf(&names, "%.*s\n", STR_ARG(name));
	}
	err *e = err_new(ERR_NOT_FOUND, "variable not set (strict mode): %s", buf_c(&quoted));

	err_set_detail(e, buf_str(&names));
	return e;
}

static err *write(struct writer *w, const struct part *p, struct buf *out)
{
	if (!p->is_expression) {
		buf_add(out, p->text);
		return NULL;
	}
	str *args = arena_array(w->a, str, p->args.n + 1);

	for (size_t i = 0; i < p->args.n; i++) {
		CLEANUP(buf_release) struct buf arg = BUF_INIT;

		TRY(write(w, p->args.p[i], &arg));
		args[i] = arena_str(w->a, buf_str(&arg));
	}
	const str *value = map_get(w->vars, p->name);

	if (!value && w->strict && !gives_default(p->op))
		map_set(&w->missing, p->name, &w->missing);
	return envsubst_apply(w->a, p->op, value ? *value : STR_NONE, args, p->args.n, out);
}

err *envsubst(struct arena *a, str text, const struct map *vars, bool strict, struct buf *out)
{
	struct writer w = { .a = a, .vars = vars, .strict = strict };
	parts list = { 0 };
	err *e = parse(a, text, &list);

	for (size_t i = 0; !e && i < list.n; i++)
		e = write(&w, list.p[i], out);
	if (!e && w.missing.n)
		e = missing_error(&w.missing);
	map_release(&w.missing);
	return e ? e : buf_check(out, "the text after substitution");
}
