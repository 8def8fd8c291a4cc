#include "helm/strvals.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "tmpl/value.h"
#include "value/json.h"

/* Index, names behind dots, and what bounds our stack: brackets and dots
 * together. */
enum { INDEX_MAX = 65536, NAMES_MAX = 30, DEPTH_MAX = 1000 };
/* Of the lists that a text makes longer, together. */
enum { PLACES_MAX = 4 << 20 };

struct parser {
	struct arena *a;
	const struct strvals_options *o;
	str rest;
	bool eof;		/* Go's io.EOF came up: the line is over */
	unsigned depth;
	size_t places;
	const struct node_seq *made;
};

/* Runes up to one of a set. */
struct token {
	str text;
	uint32_t stop;		/* 0: the line ended */
};

static bool is_stop(uint32_t rune, const char *stops)
{
	return rune < 0x80 && rune && strchr(stops, (int)rune);
}

/* Escapes count nowhere but in --set-literal. */
static struct token take_until(struct parser *p, const char *stops)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct token t = { .stop = 0 };
	uint32_t rune;

	while (utf8_take(&p->rest, &rune)) {
		if (is_stop(rune, stops)) {
			t.stop = rune;
			break;
		}
		if (rune == '\\' && p->o->kind != STRVALS_LITERAL && !utf8_take(&p->rest, &rune))
			break;
		utf8_add(&b, rune);
	}
	t.text = arena_str(p->a, buf_str(&b));
	return t;
}

static err *no_conversion(node n, const char *to)
{
	str type = node_is_nil(n) ? S("nil") : value_type_name(n);

	return err_new(ERR_INVALID,
		       "unable to parse key: interface conversion: interface {} is %.*s, not %s",
		       STR_ARG(type), to);
}

static void set(struct parser *p, node data, str key, node value)
{
	if (key.n)
		node_set(p->a, data, key, value);
}

/* A list that is too short is made anew, as in Go: who shares the old one keeps that. Only
 * what was made last is nobody else's, and grows. */
static err *lengthen(struct parser *p, node *list, size_t n)
{
	bool ours = list->seq == p->made;
	node longer = ours ? *list : node_seq(p->a, n);

	p->places += ours ? n - node_len(*list) : n;
	if (p->places > PLACES_MAX)
		return err_new(ERR_INVALID, "lists need more than %d places: write them in a file",
			       PLACES_MAX);
	if (!ours)
		node_each_item(item, *list)
			node_append(p->a, longer, *item);
	while (node_len(longer) < n)
		node_append(p->a, longer, node_null());
	p->made = longer.seq;
	*list = longer;
	return NULL;
}

static err *set_index(struct parser *p, node *list, int64_t i, node value)
{
	if (i > INDEX_MAX)
		return err_new(ERR_INVALID,
			       "index of %lld is greater than maximum supported index of %d",
			       (long long)i, INDEX_MAX);
	if ((int64_t)node_len(*list) <= i)
		TRY(lengthen(p, list, (size_t)i + 1));
	list->seq->items[i] = value;
	return NULL;
}

/* ---- values ------------------------------------------------------------ */

static node typed(struct parser *p, str s)
{
	int64_t i;

	if (p->o->kind != STRVALS_TYPED)
		return node_from_str(p->a, s);
	if (str_eq_nocase(s, S("true")) || str_eq_nocase(s, S("false")))
		return node_from_bool(s.n == 4);
	if (str_eq_nocase(s, S("null")))
		return node_null();
	if (str_eq(s, S("0")))
		return node_from_int(0);
	if (s.n && s.p[0] != '0') {
		err *e = number_parse_int(s, 10, &i);

		if (!e)
			return node_from_int(i);
		err_free(e);
	}
	return node_from_str(p->a, s);
}

static err *read_value(struct parser *p, str s, node *out)
{
	str text;

	*out = node_null();
	if (p->o->kind == STRVALS_FILE) {
		TRY(p->o->load(p->o->ctx, p->a, s, &text));
		*out = node_from_str(p->a, text);
		return NULL;
	}
	*out = typed(p, s);
	return NULL;
}

/* {a,b}: behind the opening brace. */
static err *take_list(struct parser *p, node *out)
{
	node list = node_seq(p->a, 0), item;

	for (;;) {
		struct token t = take_until(p, ",}");

		if (!t.stop)
			return err_new(ERR_INVALID, "list must terminate with '}'");
		TRY(read_value(p, t.text, &item));
		node_append(p->a, list, item);
		if (t.stop == '}')
			break;
	}
	str_take(&p->rest, ',');
	*out = list;
	return NULL;
}

/* Pass over blanks; a comma or the end is an empty value. */
static bool take_empty(struct parser *p)
{
	uint32_t rune;

	for (;;) {
		str before = p->rest;

		if (!utf8_take(&p->rest, &rune) || rune == ',')
			return true;
		if (!unicode_is_space(rune)) {
			p->rest = before;
			return false;
		}
	}
}

static bool is_number_char(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* The length of the JSON value at the front; it may still be wrong inside. */
static size_t json_extent(str s)
{
	static const str words[] = { S("true"), S("false"), S("null") };
	size_t depth = 0, i = 0;

	for (size_t w = 0; w < 3; w++)
		if (str_starts(s, words[w]))
			return words[w].n;
	if (s.n && is_number_char(s.p[0])) {
		while (i < s.n && is_number_char(s.p[i]))
			i++;
		return i;
	}
	for (bool quotes = false; i < s.n; i++) {
		char c = s.p[i];

		if (quotes && c == '\\')
			i++;
		else if (c == '"')
			quotes = !quotes;
		else if (!quotes && (c == '{' || c == '['))
			depth++;
		else if (!quotes && (c == '}' || c == ']') && depth)
			depth--;
		if (!quotes && !depth)
			return i + 1;
	}
	return s.n;
}

static err *take_json(struct parser *p, node *out)
{
	static const struct json_options options = { .numbers = JSON_NUMBERS_FLOAT };

	if (take_empty(p)) {
		*out = node_null();
		return NULL;
	}
	str text = str_sub(p->rest, 0, json_extent(p->rest));

	TRY(json_read(p->a, text, &options, out));
	p->rest = str_from(p->rest, text.n);
	take_empty(p);
	return NULL;
}

/* What stands behind "=". */
static err *take_value(struct parser *p, node *out)
{
	if (p->o->kind == STRVALS_JSON)
		return take_json(p, out);
	if (p->o->kind == STRVALS_LITERAL) {
		*out = node_from_str(p->a, take_until(p, "").text);
		return NULL;
	}
	if (!p->rest.n) {
		*out = node_from_str(p->a, STR_NONE);
		return NULL;
	}
	if (str_take(&p->rest, '{'))
		return take_list(p, out);
	return read_value(p, take_until(p, ",").text, out);
}

/* ---- keys -------------------------------------------------------------- */

static err *take_key(struct parser *p, node data, unsigned names);

static err *deeper(struct parser *p)
{
	if (++p->depth > DEPTH_MAX)
		return err_new(ERR_INVALID,
			       "value name nested level is greater than maximum supported nested "
			       "level of %d",
			       DEPTH_MAX);
	return NULL;
}

/* The number in brackets; `p->eof` when the line ends in it. */
static err *take_index(struct parser *p, int64_t *out)
{
	struct token t = take_until(p, "]");

	*out = 0;
	if (!t.stop) {
		p->eof = true;
		return NULL;
	}
	err *e = number_parse_atoi(t.text, out);

	return e ? err_wrap(e, "error parsing index") : NULL;
}

static err *trailing(str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t rune;

	while (utf8_take(&text, &rune)) {
		buf_add(&b, b.n ? S(" ") : STR_NONE);
		quote_add_rune(&b, rune, QUOTE_PRINT);
	}
	return err_new(ERR_INVALID, "unexpected data at end of array index: [%s]", buf_c(&b));
}

static err *take_item(struct parser *p, node *list, int64_t i, unsigned names);

/* a[i][j] */
static err *take_inner_list(struct parser *p, node *list, int64_t i, unsigned names)
{
	node there = i <= INDEX_MAX ? node_at(*list, (size_t)i) : NODE_NOTHING;
	int64_t next;

	TRY(take_index(p, &next));
	if (p->eof)
		return NULL;
	if (node_is_nil(there))
		there = node_seq(p->a, 0);
	else if (there.kind != NODE_SEQ)
		return no_conversion(there, "[]interface {}");
	TRY(take_item(p, &there, next, names));
	return p->eof ? NULL : set_index(p, list, i, there);
}

/* a[i].b */
static err *take_inner_map(struct parser *p, node *list, int64_t i, unsigned names)
{
	node inner = i <= INDEX_MAX ? node_at(*list, (size_t)i) : NODE_NOTHING;

	if (inner.kind != NODE_MAP) {
		inner = node_map(p->a, 0);
		if (i < (int64_t)node_len(*list))
			list->seq->items[i] = inner;
	}
	TRY(take_key(p, inner, names));
	return p->eof ? NULL : set_index(p, list, i, inner);
}

/* What stands behind "]". */
static err *take_item(struct parser *p, node *list, int64_t i, unsigned names)
{
	node value;

	if (i < 0)
		return err_new(ERR_INVALID, "negative %lld index not allowed", (long long)i);
	TRY(deeper(p));
	struct token t = take_until(p, "[.=");
	err *e = NULL;

	if (t.text.n)
		return trailing(t.text);
	switch (t.stop) {
	case '=':
		TRY(take_value(p, &value));
		e = set_index(p, list, i, value);
		break;
	case '[':
		e = take_inner_list(p, list, i, names);
		break;
	case '.':
		e = take_inner_map(p, list, i, names);
		break;
	default:
		p->eof = true;
	}
	p->depth--;
	return e;
}

static err *take_list_key(struct parser *p, node data, str key, unsigned names)
{
	node list = node_get(data, key);
	int64_t i;

	TRY(take_index(p, &i));
	if (p->eof)
		return NULL;
	if (list.kind == NODE_NONE)
		list = node_seq(p->a, 0);
	else if (list.kind != NODE_SEQ)
		return no_conversion(list, "[]interface {}");
	err *e = take_item(p, &list, i, names);

	set(p, data, key, list);
	return e;
}

static err *take_map_key(struct parser *p, node data, str key, unsigned names)
{
	node inner = node_get(data, key);

	if (names + 1 > NAMES_MAX)
		return err_new(ERR_INVALID,
			       "value name nested level is greater than maximum supported nested "
			       "level of %d",
			       NAMES_MAX);
	if (inner.kind == NODE_NONE)
		inner = node_map(p->a, 0);
	else if (inner.kind != NODE_MAP)
		return no_conversion(inner, "map[string]interface {}");
	err *e = take_key(p, inner, names + 1);

	if (!e && !p->eof && !node_len(inner))
		return err_new(ERR_INVALID, "key map %.*s has no value", STR_ARG(quote_str(p->a, key)));
	if (node_len(inner))
		set(p, data, key, inner);
	return e;
}

/* One pair, from its name on. */
static err *take_key(struct parser *p, node data, unsigned names)
{
	struct token t = take_until(p, p->o->kind == STRVALS_LITERAL ? "=[." : "=[,.");
	node value;
	err *e;

	switch (t.stop) {
	case '[':
		return take_list_key(p, data, t.text, names);
	case '.':
		return take_map_key(p, data, t.text, names);
	case ',':
		set(p, data, t.text, node_from_str(p->a, STR_NONE));
		return err_new(ERR_INVALID, "key %.*s has no value (cannot end with ,)",
			       STR_ARG(quote_str(p->a, t.text)));
	case '=':
		/* Go sees the end of the line here already. */
		p->eof = !p->rest.n && p->o->kind != STRVALS_JSON &&
			 p->o->kind != STRVALS_LITERAL;
		e = take_value(p, &value);
		if (!e)
			set(p, data, t.text, value);
		return e;
	default:
		break;
	}
	p->eof = true;
	return !t.text.n ? NULL
			 : err_new(ERR_INVALID, "key %.*s has no value", STR_ARG(quote_str(p->a, t.text)));
}

err *strvals_parse(struct arena *a, str line, const struct strvals_options *o, node into)
{
	struct parser p = { .a = a, .o = o, .rest = arena_str(a, line) };

	while (!p.eof)
		TRY(take_key(&p, into, 0));
	return NULL;
}
