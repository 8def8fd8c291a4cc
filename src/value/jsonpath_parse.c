/* Templates into steps. The original's parser is taken over in what it
 * accepts and in what it says: odd corners (quotes in filters, unions cut at
 * commas wherever they stand) are part of the dialect. */
#include "base/ascii.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "value/jsonpath_impl.h"

enum { END = -1, DEPTH_MAX = 16 };

struct parser {
	struct arena *a;
	str input;
	size_t pos;
	size_t start;		/* of what is not consumed yet */
	size_t width;		/* of the last rune */
	int depth;
};

static err *parse(struct arena *a, str text, int depth, struct jsonpath *out);

/* ---- runes ------------------------------------------------------------ */

static int32_t next_rune(struct parser *p)
{
	if (p->pos >= p->input.n) {
		p->width = 0;
		return END;
	}
	uint32_t rune = utf8_decode(str_from(p->input, p->pos), &p->width);

	p->pos += p->width;
	return (int32_t)rune;
}

static void backup(struct parser *p)
{
	p->pos -= p->width;
}

static int32_t peek_rune(struct parser *p)
{
	int32_t r = next_rune(p);

	backup(p);
	return r;
}

static str consume(struct parser *p)
{
	str text = str_sub(p->input, p->start, p->pos);

	p->start = p->pos;
	return text;
}

static bool at(const struct parser *p, str prefix)
{
	return str_starts(str_from(p->input, p->pos), prefix);
}

static bool is_terminator(int32_t r)
{
	return r == END || (r > 0 && r < 0x80 && strchr(" \t\r\n.,[]$@{}", r));
}

static bool is_alphanumeric(int32_t r)
{
	return r == '_' ||
	       (r >= 0 && (unicode_is_letter((uint32_t)r) || unicode_is_digit((uint32_t)r)));
}

static bool is_number_start(int32_t r)
{
	return r == '+' || r == '-' || (r >= 0 && unicode_is_digit((uint32_t)r));
}

static err *unrecognized(int32_t r)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "unrecognized character in action: U+%04X", (unsigned)r);
	if (unicode_is_print((uint32_t)r)) {
		buf_add(&b, S(" '"));
		utf8_add(&b, (uint32_t)r);
		buf_addc(&b, '\'');
	}
	err *e = err_new(ERR_INVALID, "%.*s", STR_ARG(buf_str(&b)));

	buf_release(&b);
	return e;
}

/* ---- steps ------------------------------------------------------------ */

static struct step *push(struct parser *p, struct steps *to, enum step_kind kind)
{
	avec_push(p->a, to, (struct step){ .kind = kind });
	return &to->p[to->n - 1];
}

static void push_value(struct parser *p, struct steps *to, node value)
{
	push(p, to, STEP_VALUE)->value = value;
}

/* Parse `text` as an action of its own, as if braces stood around it. */
static err *parse_action(struct parser *p, str text, struct steps *out)
{
	struct jsonpath sub = { 0 };

	if (p->depth >= DEPTH_MAX)
		return err_new(ERR_INVALID, "jsonpath is nested too deep");
	TRY(parse(p->a, arena_cat(p->a, S("{"), text, S("}")), p->depth + 1, &sub));
	*out = sub.p[0];
	return NULL;
}

static str without_backslashes(struct arena *a, str s)
{
	if (str_find_char(s, '\\') == STR_NPOS)
		return s;
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\\')
			to[n++] = s.p[i];
	to[n] = 0;
	return str_of(to, n);
}

static void parse_field(struct parser *p, struct steps *to)
{
	int32_t r;

	consume(p);
	while (!is_terminator(r = next_rune(p)))
		if (r == '\\')
			next_rune(p);
	backup(p);
	str name = consume(p);

	if (str_eq(name, S("*")))
		push(p, to, STEP_WILDCARD);
	else
		push(p, to, STEP_FIELD)->text = without_backslashes(p->a, name);
}

static void parse_word(struct parser *p, struct steps *to)
{
	while (!is_terminator(next_rune(p)))
		;
	backup(p);
	str word = consume(p);

	if (str_eq(word, S("true")) || str_eq(word, S("false")))
		push_value(p, to, node_from_bool(word.n == 4));
	else
		push(p, to, STEP_WORD)->text = word;
}

static err *parse_recursive(struct parser *p, struct steps *to)
{
	if (to->n && to->p[to->n - 1].kind == STEP_RECURSIVE)
		return err_new(ERR_INVALID, "invalid multiple recursive descent");
	p->pos += 2;
	consume(p);
	push(p, to, STEP_RECURSIVE);
	if (is_alphanumeric(peek_rune(p)))
		parse_field(p, to);
	return NULL;
}

static err *parse_number(struct parser *p, struct steps *to)
{
	int32_t r = peek_rune(p);
	int64_t i;
	double f;

	if (r == '+' || r == '-')
		next_rune(p);
	do
		r = next_rune(p);
	while (r == '.' || (r >= 0 && unicode_is_digit((uint32_t)r)));
	backup(p);
	str text = consume(p);
	err *e = number_parse_atoi(text, &i);

	if (!e) {
		node n = node_from_int(i);

		n.type = TYPE_INT;
		push_value(p, to, n);
		return NULL;
	}
	err_free(e);
	e = number_parse_float(text, &f);
	if (!e) {
		push_value(p, to, node_from_float(f));
		return NULL;
	}
	err_free(e);
	return err_new(ERR_INVALID, "cannot parse number %.*s", STR_ARG(text));
}

/* A text in quotes of either kind; escapes are those of Go. */
static err *unquote(struct parser *p, str quoted, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str s = str_sub(quoted, 1, quoted.n - 1);
	char quote = quoted.p[0];

	if (str_find_char(s, '\\') == STR_NPOS && str_find_char(s, quote) == STR_NPOS) {
		*out = s;
		return NULL;
	}
	while (s.n)
		if (!quote_take_char(&b, &s, quote))
			return err_new(ERR_INVALID, "unquote string %.*s error invalid syntax",
				       STR_ARG(quoted));
	*out = arena_str(p->a, buf_str(&b));
	return NULL;
}

static err *parse_quote(struct parser *p, struct steps *to, int32_t quote)
{
	int32_t r;
	str text;

	do {
		r = next_rune(p);
		if (r == END || r == '\n')
			return err_new(ERR_INVALID, "unterminated quoted string");
	} while (r != quote || p->input.p[p->pos - 2] == '\\');
	TRY(unquote(p, consume(p), &text));
	push_value(p, to, node_from_str(p->a, text));
	return NULL;
}

/* ---- [..] ------------------------------------------------------------- */

static bool is_dict_key(str text)
{
	return text.n >= 2 && text.p[0] == '\'' && text.p[text.n - 1] == '\'' &&
	       str_find_char(str_sub(text, 1, text.n - 1), '\'') == STR_NPOS;
}

/* Take "-?[0-9]*" off the front. */
static str take_index(str *s)
{
	const char *start = s->p;

	str_take(s, '-');
	str_span(s, ascii_is_digit);
	return str_of(start, (size_t)(s->p - start));
}

static err *set_param(struct slice_param *out, str text)
{
	out->known = text.n > 0;
	if (!text.n)
		return NULL;
	err *e = number_parse_atoi(text, &out->value);

	if (!e)
		return NULL;
	err_free(e);
	return err_new(ERR_INVALID, "array index %.*s is not a number", STR_ARG(text));
}

/* "start:end:step", each of which may be missing, or one index. */
static err *parse_slice(struct parser *p, struct steps *to, str text)
{
	struct slice_param slice[3] = { 0 };
	str rest = text, words[3];
	size_t n = 0;

	do
		words[n++] = take_index(&rest);
	while (n < 3 && str_take(&rest, ':'));
	if (rest.n)
		return err_new(ERR_INVALID, "invalid array index %.*s", STR_ARG(text));
	for (size_t i = 0; i < n; i++)
		TRY(set_param(&slice[i], words[i]));
	if (n == 1)
		slice[1] = (struct slice_param){
			.value = (int64_t)((uint64_t)slice[0].value + 1),
			.known = true,
			.derived = true,
		};
	memcpy(push(p, to, STEP_ARRAY)->slice, slice, sizeof slice);
	return NULL;
}

static err *parse_union(struct parser *p, struct steps *to, str text)
{
	VEC(struct steps) lists = { 0 };
	bool more = true;

	while (more) {
		struct steps list;
		str piece;

		more = str_split(text, ',', &piece, &text);
		piece = str_trim_set(piece, S(" "));
		TRY(parse_action(p, arena_cat(p->a, S("["), piece, S("]")), &list));
		avec_push(p->a, &lists, list);
	}
	struct step *s = push(p, to, STEP_UNION);

	s->lists = lists.p;
	s->n = lists.n;
	return NULL;
}

static err *parse_array(struct parser *p, struct steps *to)
{
	int32_t r;

	do {
		r = next_rune(p);
		if (r == END || r == '\n')
			return err_new(ERR_INVALID, "unterminated array");
	} while (r != ']');
	str text = consume(p);

	text = str_sub(text, 1, text.n - 1);
	if (str_eq(text, S("*")))
		text = S(":");
	if (str_find_char(text, ',') != STR_NPOS)
		return parse_union(p, to, text);
	if (!is_dict_key(text))
		return parse_slice(p, to, text);
	/* So the dots of ['a.b'] part fields, unless a backslash is before them. */
	struct steps fields;

	TRY(parse_action(p, arena_cat(p->a, S("."), str_sub(text, 1, text.n - 1)), &fields));
	for (size_t i = 0; i < fields.n; i++)
		avec_push(p->a, to, fields.p[i]);
	return NULL;
}

/* ---- [?(..)] ---------------------------------------------------------- */

/* Up to the ")" that is not in quotes; only one pair of quotes is known. */
static err *take_filter(struct parser *p, str *out)
{
	bool begin = false, end = false;
	int32_t r, pair = 0;

	p->pos += sizeof "[?(" - 1;
	consume(p);
	for (;;) {
		r = next_rune(p);
		if (r == END || r == '\n')
			return err_new(ERR_INVALID, "unterminated filter");
		if (r == ')' && begin == end)
			break;
		if (r != '"' && r != '\'')
			continue;
		if (!begin) {
			begin = true;
			pair = r;
		} else if (r == pair && p->input.p[p->pos - 2] != '\\') {
			end = true;
		}
	}
	if (next_rune(p) != ']')
		return err_new(ERR_INVALID, "unclosed array expect ]");
	str text = consume(p);

	*out = str_sub(text, 0, text.n - 2);
	return NULL;
}

static bool is_operator(char c)
{
	return c == '!' || c == '<' || c == '>' || c == '=';
}

static bool is_operand(char c)
{
	return !is_operator(c);
}

static enum step_operator operator_of(str text)
{
	static const str operators[] = {
		[OPERATOR_EXISTS] = { "", 0 }, [OPERATOR_EQ] = S("=="), [OPERATOR_NE] = S("!="),
		[OPERATOR_LT] = S("<"),	       [OPERATOR_LE] = S("<="), [OPERATOR_GT] = S(">"),
		[OPERATOR_GE] = S(">="),
	};
	enum step_operator o = OPERATOR_EXISTS;

	while (o < OPERATOR_UNKNOWN && !str_eq(operators[o], text))
		o++;
	return o;
}

static err *parse_filter(struct parser *p, struct steps *to)
{
	struct steps left, right = { 0 };
	str text, rest, operand, operator;

	TRY(take_filter(p, &text));
	rest = text;
	operand = str_span(&rest, is_operand);
	operator = str_span(&rest, is_operator);
	/* Something must be right of the operator, be it its own last sign. */
	if (!rest.n && operator.n > 1) {
		rest = str_from(operator, operator.n - 1);
		operator.n--;
	}
	if (!operand.n || !operator.n || !rest.n) {
		operator = STR_NONE;
		operand = text;
	}
	TRY(parse_action(p, operand, &left));
	if (operator.n)
		TRY(parse_action(p, rest, &right));
	struct step *s = push(p, to, STEP_FILTER);

	s->operator = operator_of(operator);
	s->text = operator;
	s->left = left;
	s->right = right;
	return NULL;
}

/* ---- actions ---------------------------------------------------------- */

static err *parse_step(struct parser *p, struct steps *to)
{
	if (at(p, S("[?(")))
		return parse_filter(p, to);
	if (at(p, S("..")))
		return parse_recursive(p, to);
	int32_t r = next_rune(p);

	if (r == END || r == '\r' || r == '\n')
		return err_new(ERR_INVALID, "unclosed action");
	if (r == '[')
		return parse_array(p, to);
	if (r == '"' || r == '\'')
		return parse_quote(p, to, r);
	if (r == ' ' || r == '@' || r == '$') {
		consume(p);
	} else if (r == '.') {
		parse_field(p, to);
	} else if (is_number_start(r)) {
		backup(p);
		return parse_number(p, to);
	} else if (is_alphanumeric(r)) {
		backup(p);
		parse_word(p, to);
	} else {
		return unrecognized(r);
	}
	return NULL;
}

/* Find the next "{" or the end, keeping the text before it as an action. */
static bool next_action(struct parser *p, struct jsonpath *out)
{
	size_t brace = str_find_char(str_from(p->input, p->pos), '{');
	bool more = brace != STR_NPOS;
	struct steps text = { 0 };

	p->pos = more ? p->pos + brace : p->input.n;
	if (p->pos > p->start) {
		push_value(p, &text, node_from_str(p->a, consume(p)));
		avec_push(p->a, out, text);
	}
	return more;
}

static err *parse(struct arena *a, str text, int depth, struct jsonpath *out)
{
	struct parser p = { .a = a, .input = text, .depth = depth };

	while (next_action(&p, out)) {
		struct steps list = { 0 };

		p.pos++;
		consume(&p);
		while (!at(&p, S("}")))
			TRY(parse_step(&p, &list));
		p.pos++;
		consume(&p);
		avec_push(a, out, list);
	}
	return NULL;
}

err *jsonpath_parse(struct arena *a, str text, const struct jsonpath **out)
{
	struct jsonpath *path = arena_new(a, struct jsonpath);

	if (text.n > JSONPATH_TEXT_MAX)
		return err_new(ERR_INVALID, "jsonpath template is larger than %d bytes",
			       JSONPATH_TEXT_MAX);
	TRY(parse(a, text, 0, path));
	*out = path;
	return NULL;
}

err *jsonpath_relaxed(struct arena *a, str text, str *out)
{
	str path = text;

	if (str_starts(text, S("{")) && str_ends(text, S("}")))
		path = str_sub(text, 1, text.n - 1);
	if (path.n > 1)
		str_take(&path, '.');
	bool braces = str_find_char(path, '{') != STR_NPOS || str_find_char(path, '}') != STR_NPOS;

	if (text.n && (!path.n || braces))
		return err_new(ERR_INVALID,
			       "unexpected path string, expected a 'name1.name2' or '.name1.name2' "
			       "or '{name1.name2}' or '{.name1.name2}'");
	*out = text.n ? arena_cat(a, S("{."), path, S("}")) : text;
	return NULL;
}
