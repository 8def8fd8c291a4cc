#include <stdarg.h>

#include "base/fmt.h"
#include "base/utf8.h"
#include "text/quote.h"
#include "tmpl/toml_impl.h"

/* ---- the cursor -------------------------------------------------------- */

int toml_peek(const struct toml *t)
{
	size_t size;

	if (t->pos >= t->text.n)
		return TOML_END;
	unsigned char c = (unsigned char)t->text.p[t->pos];

	if (c >= 0x80)
		return utf8_decode(str_from(t->text, t->pos), &size) == UTF8_BAD && size == 1
			       ? TOML_BAD
			       : c;
	if (c == '\r')
		return str_starts(str_from(t->text, t->pos), S("\r\n")) ? c : TOML_BAD;
	return (c < ' ' && c != '\t' && c != '\n') || c == 0x7f ? TOML_BAD : c;
}

int toml_take(struct toml *t)
{
	int c = toml_peek(t);

	if (c >= 0)
		t->pos++;
	t->line += c == '\n';
	return c;
}

bool toml_accept(struct toml *t, char c)
{
	if (toml_peek(t) != (unsigned char)c)
		return false;
	toml_take(t);
	return true;
}

void toml_skip_spaces(struct toml *t)
{
	while (toml_peek(t) == ' ' || toml_peek(t) == '\t')
		toml_take(t);
}

/* ---- errors ------------------------------------------------------------ */

static void add_path(struct buf *b, const str *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, '.');
		toml_write_key(b, keys[i]);
	}
}

static err *fail_with(struct toml *t, uint32_t line, str message)
{
	CLEANUP(buf_release) struct buf key = BUF_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	add_path(&key, t->context.p, t->context.n);
	if (t->current.n && key.n)
		buf_addc(&key, '.');
	buf_add(&key, t->current);
	buf_addf(&b, "toml: line %u", line);
	if (key.n) {
		buf_add(&b, S(" (last key "));
		quote_add(&b, buf_str(&key), QUOTE_PRINT);
		buf_addc(&b, ')');
	}
	return err_new(ERR_INVALID, "%.*s: %.*s", STR_ARG(buf_str(&b)), STR_ARG(message));
}

err *toml_fail(struct toml *t, uint32_t line, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	return fail_with(t, line, buf_str(&b));
}

err *toml_fail_here(struct toml *t, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int c = toml_peek(t);
	uint32_t line = t->line;
	va_list ap;

	if (c == TOML_BAD) {
		unsigned char byte = (unsigned char)t->text.p[t->pos];

		if (byte >= 0x80)
			return toml_fail(t, line, "invalid UTF-8 byte: 0x%02x", byte);
		return toml_fail(t, line, "TOML files cannot contain control characters: '0x%02x'",
				 byte);
	}
	if (c == TOML_END && t->pos && t->text.p[t->pos - 1] == '\n')
		line--;
	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	return fail_with(t, line, buf_str(&b));
}

str toml_quoted_next(struct toml *t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t size;

	if (t->pos >= t->text.n)
		return S("'\\x00'");
	quote_add_rune(&b, utf8_decode(str_from(t->text, t->pos), &size), QUOTE_PRINT);
	return arena_str(t->a, buf_str(&b));
}

/* ---- tables ------------------------------------------------------------ */

static str path_text(struct toml *t, const str *keys, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	add_path(&b, keys, n);
	return arena_str(t->a, buf_str(&b));
}

static int64_t notes_of(struct toml *t, str path)
{
	const node *n = node_find(t->notes, path);

	return n ? n->i : 0;
}

static void set_notes(struct toml *t, str path, int64_t notes)
{
	node_set(t->a, t->notes, path, node_from_int(notes));
}

static void note_array(struct toml *t)
{
	VEC(str) keys = { 0 };

	for (size_t i = 0; i < t->context.n; i++)
		vec_push(&keys, t->context.p[i]);
	vec_push(&keys, t->current);
	str path = path_text(t, keys.p, keys.n);

	set_notes(t, path, notes_of(t, path) | TOML_ARRAY);
	vec_release(&keys);
}

/* The table that `v` is, or the last of the tables that it lists. */
static bool step_into(node v, node *out)
{
	if (v.kind == NODE_SEQ && v.type == GO_MAPS)
		v = v.seq->items[v.seq->n - 1];
	*out = v;
	return v.kind == NODE_MAP;
}

static err *defined(struct toml *t, const str *keys, size_t n)
{
	str path = path_text(t, keys, n);

	return toml_fail(t, t->line, "Key '%.*s' has already been defined.", STR_ARG(path));
}

static void set_context(struct toml *t, const str *keys, size_t n)
{
	toml_key copy = { 0 };

	for (size_t i = 0; i < n; i++)
		avec_push(t->a, &copy, keys[i]);
	t->context = copy;
}

/* Set a key of the table in context. */
static err *set_value(struct toml *t, str key, node value)
{
	node table = t->root;

	for (size_t i = 0; i < t->context.n; i++)
		if (!step_into(node_get(table, t->context.p[i]), &table))
			return defined(t, t->context.p, i + 1);
	if (!node_has(table, key)) {
		node_set(t->a, table, key, value);
		return NULL;
	}
	size_t n = t->context.n;

	avec_push(t->a, &t->context, key);
	str path = path_text(t, t->context.p, n + 1);

	t->context.n = n;
	int64_t notes = notes_of(t, path);

	if (!(notes & TOML_IMPLICIT))
		return toml_fail(t, t->line, "Key '%.*s' has already been defined.", STR_ARG(path));
	set_notes(t, path, notes & ~TOML_IMPLICIT);
	if (notes & TOML_ARRAY)
		node_set(t->a, table, key, value);
	return NULL;
}

/* Enter `[a.b.c]` or one more `[[a.b.c]]`; the tables on the way are made. */
static err *enter(struct toml *t, const str *keys, size_t n, bool list)
{
	node table = t->root, into;

	for (size_t i = 0; i + 1 < n; i++) {
		if (!node_has(table, keys[i])) {
			str path = path_text(t, keys, i + 1);

			set_notes(t, path, notes_of(t, path) | TOML_IMPLICIT);
			node_set(t->a, table, keys[i], node_map(t->a, 0));
		}
		if (!step_into(node_get(table, keys[i]), &into)) {
			str path = path_text(t, keys, i + 1);

			return toml_fail(t, t->line, "Key '%.*s' was already created as a hash.",
					 STR_ARG(path));
		}
		table = into;
	}
	set_context(t, keys, n - 1);
	if (!list) {
		TRY(set_value(t, keys[n - 1], node_map(t->a, 0)));
	} else {
		if (!node_has(table, keys[n - 1]))
			node_set(t->a, table, keys[n - 1], value_seq(t->a, GO_MAPS, 0));
		node tables = node_get(table, keys[n - 1]);

		if (tables.kind != NODE_SEQ || tables.type != GO_MAPS) {
			str path = path_text(t, keys, n);

			return toml_fail(
				t, t->line,
				"Key '%.*s' was already created and cannot be used as an array.",
				STR_ARG(path));
		}
		node_append(t->a, tables, node_map(t->a, 0));
	}
	avec_push(t->a, &t->context, keys[n - 1]);
	return arena_check(t->a, "TOML");
}

/* ---- keys -------------------------------------------------------------- */

static bool is_bare(int c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' ||
	       c == '-';
}

static err *read_name(struct toml *t, toml_key *key)
{
	size_t start = t->pos;
	node quoted;

	if (toml_peek(t) == '"' || toml_peek(t) == '\'') {
		TRY(toml_read_string(t, false, &quoted));
		avec_push(t->a, key, node_str(quoted));
		return NULL;
	}
	while (is_bare(toml_peek(t)))
		toml_take(t);
	avec_push(t->a, key, str_sub(t->text, start, t->pos));
	return NULL;
}

/* "a.'b c'.d =" */
static err *read_key(struct toml *t, toml_key *key)
{
	for (bool first = true;; first = false) {
		toml_skip_spaces(t);
		int c = toml_peek(t);

		if (c == '=' || c == TOML_END)
			return toml_fail_here(t, first ? "unexpected '=': key name appears blank"
						       : "unexpected '='");
		if (c == '.')
			return toml_fail_here(t,
					      first ? "unexpected '.': keys cannot start with a '.'"
						    : "unexpected '.'");
		TRY(read_name(t, key));
		toml_skip_spaces(t);
		if (toml_accept(t, '='))
			return NULL;
		if (toml_accept(t, '.'))
			continue;
		if (toml_peek(t) == TOML_END)
			return toml_fail_here(t, "unexpected EOF; expected key separator '='");
		return toml_fail_here(t, "expected '.' or '=', but got %.*s instead",
				      STR_ARG(toml_quoted_next(t)));
	}
}

static err *read_header(struct toml *t)
{
	toml_key key = { 0 };
	bool list = toml_accept(t, '[');

	for (;;) {
		toml_skip_spaces(t);
		int c = toml_peek(t);

		if (c == ']' || c == TOML_END)
			return toml_fail_here(
				t, "unexpected end of table name (table names cannot be empty)");
		if (c == '.')
			return toml_fail_here(
				t, "unexpected table separator (table names cannot be empty)");
		TRY(read_name(t, &key));
		toml_skip_spaces(t);
		if (toml_accept(t, '.'))
			continue;
		if (toml_accept(t, ']'))
			break;
		if (toml_peek(t) == '\n') /* counted before it is complained about */
			t->line++;
		return toml_fail_here(t,
				      "expected '.' or ']' to end table name, but got %.*s instead",
				      STR_ARG(toml_quoted_next(t)));
	}
	if (list && !toml_accept(t, ']'))
		return toml_fail_here(
			t, "expected end of table array name delimiter ']', but got %.*s instead",
			STR_ARG(toml_quoted_next(t)));
	return enter(t, key.p, key.n, list);
}

/* ---- values ------------------------------------------------------------ */

static err *read_value(struct toml *t, node *out) __attribute__((warn_unused_result));

static err *skip_comment(struct toml *t)
{
	int c;

	while ((c = toml_peek(t)) != '\n' && c != '\r' && c != TOML_END) {
		if (c == TOML_BAD)
			return toml_fail_here(t, "bad comment");
		toml_take(t);
	}
	return NULL;
}

/* White space, line ends and comments. */
static err *skip_blank(struct toml *t)
{
	for (;;) {
		int c = toml_peek(t);

		if (c == '#')
			TRY(skip_comment(t));
		else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			toml_take(t);
		else
			return NULL;
	}
}

static str next_or_end(struct toml *t)
{
	size_t size;
	str s = str_from(t->text, t->pos);

	if (!s.n)
		return S("end of file");
	utf8_decode(s, &size);
	return arena_cat(t->a, S("'"), str_sub(s, 0, size), S("'"));
}

static err *read_list(struct toml *t, node *out)
{
	*out = node_seq(t->a, 0);
	note_array(t);
	for (;;) {
		node item;

		TRY(skip_blank(t));
		if (toml_accept(t, ']'))
			return NULL;
		if (toml_peek(t) == ',')
			return toml_fail_here(t, "unexpected comma");
		TRY(read_value(t, &item));
		node_append(t->a, *out, item);
		TRY(skip_blank(t));
		if (toml_accept(t, ']'))
			return NULL;
		if (!toml_accept(t, ','))
			return toml_fail_here(
				t, "expected a comma (',') or array terminator (']'), but got %.*s",
				STR_ARG(next_or_end(t)));
		TRY(arena_check(t->a, "TOML"));
	}
}

/* Put a value under a dotted key of a map on one line. */
static err *put_dotted(struct toml *t, node map, const toml_key *key, node value)
{
	for (size_t i = 0; i + 1 < key->n; i++) {
		node sub = node_get(map, key->p[i]);

		if (sub.kind == NODE_NONE) {
			sub = node_map(t->a, 0);
			node_set(t->a, map, key->p[i], sub);
		}
		if (sub.kind != NODE_MAP)
			return toml_fail(t, t->line, "%.*s is not a table",
					 STR_ARG(path_text(t, t->context.p, t->context.n)));
		map = sub;
	}
	if (node_has(map, key->p[key->n - 1])) {
		toml_key all = { 0 };

		for (size_t i = 0; i < t->context.n; i++)
			avec_push(t->a, &all, t->context.p[i]);
		for (size_t i = 0; i < key->n; i++)
			avec_push(t->a, &all, key->p[i]);
		return defined(t, all.p, all.n);
	}
	node_set(t->a, map, key->p[key->n - 1], value);
	return NULL;
}

static err *read_inline_pair(struct toml *t, node map)
{
	toml_key key = { 0 };
	node value;

	TRY(read_key(t, &key));
	t->current = key.p[key.n - 1];
	TRY(read_value(t, &value));
	TRY(put_dotted(t, map, &key, value));
	t->current = STR_NONE;
	return NULL;
}

static err *read_inline_pairs(struct toml *t, node map)
{
	for (;;) {
		TRY(skip_blank(t));
		if (toml_accept(t, '}'))
			return NULL;
		if (toml_peek(t) == ',')
			return toml_fail_here(t, "unexpected comma");
		TRY(read_inline_pair(t, map));
		TRY(skip_blank(t));
		if (toml_accept(t, '}'))
			return NULL;
		if (!toml_accept(t, ','))
			return toml_fail_here(
				t,
				"expected a comma or an inline table terminator '}', but got "
				"%.*s instead",
				STR_ARG(next_or_end(t)));
	}
}

static err *read_inline_map(struct toml *t, node *out)
{
	toml_key outer = t->context;
	str current = t->current;

	set_context(t, outer.p, outer.n);
	avec_push(t->a, &t->context, current);
	t->current = STR_NONE;
	*out = node_map(t->a, 0);
	TRY(read_inline_pairs(t, *out));
	t->context = outer;
	t->current = current;
	return NULL;
}

static err *read_value(struct toml *t, node *out)
{
	if (++t->depth > TOML_DEPTH_MAX)
		return toml_fail(t, t->line, "values are nested too deep");
	toml_skip_spaces(t);
	switch (toml_peek(t)) {
	case '[':
		toml_take(t);
		TRY(read_list(t, out));
		break;
	case '{':
		toml_take(t);
		TRY(read_inline_map(t, out));
		break;
	case '"':
	case '\'':
		TRY(toml_read_string(t, true, out));
		break;
	default:
		TRY(toml_read_scalar(t, out));
		break;
	}
	t->depth--;
	return NULL;
}

static err *read_pair(struct toml *t)
{
	toml_key key = { 0 }, outer = t->context, full = { 0 };
	node value;

	TRY(read_key(t, &key));
	t->current = key.p[key.n - 1];
	for (size_t i = 0; i < outer.n; i++)
		avec_push(t->a, &full, outer.p[i]);
	for (size_t i = 0; i + 1 < key.n; i++) {
		avec_push(t->a, &full, key.p[i]);
		str path = path_text(t, full.p, full.n);

		set_notes(t, path, notes_of(t, path) | TOML_IMPLICIT);
		TRY(enter(t, full.p, full.n, false));
	}
	TRY(read_value(t, &value));
	TRY(set_value(t, t->current, value));
	t->context = outer;
	t->current = STR_NONE;
	return NULL;
}

/* ---- documents --------------------------------------------------------- */

static err *read_line_end(struct toml *t)
{
	toml_skip_spaces(t);
	int c = toml_peek(t);

	if (c == '\n' || c == '\r' || c == '#' || c == TOML_END)
		return NULL;
	return toml_fail_here(
		t,
		"expected a top-level item to end with a newline, comment, or EOF, but got "
		"%.*s instead",
		STR_ARG(toml_quoted_next(t)));
}

static err *read_items(struct toml *t)
{
	for (;;) {
		TRY(skip_blank(t));
		int c = toml_peek(t);

		if (c == TOML_END)
			return NULL;
		if (c == '[') {
			toml_take(t);
			t->current = STR_NONE;
			TRY(read_header(t));
		} else {
			TRY(read_pair(t));
		}
		TRY(read_line_end(t));
		TRY(arena_check(t->a, "TOML"));
	}
}

err *toml_read(struct arena *a, str text, const struct tz *local, node *out)
{
	struct toml t = {
		.a = a, .line = 1, .local = local, .root = node_map(a, 0), .notes = node_map(a, 0)
	};

	if (!str_take_str(&text, S("\xff\xfe")) && !str_take_str(&text, S("\xfe\xff")))
		str_take_str(&text, S("\xef\xbb\xbf"));
	t.text = text;
	if (str_find_char(str_sub(text, 0, 6), 0) != STR_NPOS)
		return err_new(ERR_INVALID,
			       "toml: line 1: files cannot contain NULL bytes; probably "
			       "using UTF-16; TOML files must be UTF-8");
	TRY(read_items(&t));
	*out = t.root;
	return NULL;
}
