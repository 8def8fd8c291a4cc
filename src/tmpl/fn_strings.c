/* Texts: cutting, joining, padding, quoting. */
#include "base/utf8.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "tmpl/exec.h"
#include "tmpl/fn.h"
#include "tmpl/printf.h"

/* ---- trimming ---------------------------------------------------------- */

static bool in_set(str set, uint32_t rune)
{
	uint32_t r;

	while (utf8_take(&set, &r))
		if (r == rune)
			return true;
	return false;
}

static bool is_cut(const str *set, uint32_t rune)
{
	return set ? in_set(*set, rune) : unicode_is_space(rune);
}

/* Without the runes of `set` at both ends; without white space for NULL. */
static str trimmed(str s, const str *set)
{
	size_t size;

	while (s.n && is_cut(set, utf8_decode(s, &size)))
		s = str_from(s, size);
	while (s.n && is_cut(set, utf8_decode_last(s, &size)))
		s.n -= size;
	return s;
}

static err *run_trim(struct tmpl_call *c)
{
	return tmpl_give_str(c, trimmed(tmpl_arg_str(c, 0), NULL));
}

static err *run_trim_all(struct tmpl_call *c)
{
	str set = tmpl_arg_str(c, 0);

	return tmpl_give_str(c, trimmed(tmpl_arg_str(c, 1), &set));
}

static err *run_trim_prefix(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 1);

	str_take_str(&s, tmpl_arg_str(c, 0));
	return tmpl_give_str(c, s);
}

static err *run_trim_suffix(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 1), end = tmpl_arg_str(c, 0);

	if (str_ends(s, end))
		s.n -= end.n;
	return tmpl_give_str(c, s);
}

/* Bytes as Latin-1, as the original takes them. */
static err *run_nospace(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	struct buf *b = tmpl_scratch(c);
	size_t kept = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (unicode_is_space((unsigned char)s.p[i]))
			continue;
		utf8_add(b, (unsigned char)s.p[i]);
		kept++;
	}
	return kept == s.n ? tmpl_give_str(c, s) : tmpl_give_buf(c, b);
}

/* ---- cutting ----------------------------------------------------------- */

static err *out_of_bounds(long long low, long long high, size_t length)
{
	if (high >= 0 && low <= high)
		return err_new(ERR_INVALID,
			       "runtime error: slice bounds out of range [:%lld] with length %zu",
			       high, length);
	if (high < 0)
		return err_new(ERR_INVALID, "runtime error: slice bounds out of range [:%lld]",
			       high);
	return err_new(ERR_INVALID, "runtime error: slice bounds out of range [%lld:%lld]", low,
		       high);
}

static err *run_substr(struct tmpl_call *c)
{
	int64_t start = tmpl_arg_int(c, 0), end = tmpl_arg_int(c, 1);
	str s = tmpl_arg_str(c, 2);
	int64_t n = (int64_t)s.n;

	if (start < 0) {
		if (end < 0 || end > n)
			return out_of_bounds(0, end, s.n);
		start = 0;
	} else if (end < 0 || end > n) {
		end = n;
	}
	if (start > end)
		return out_of_bounds(start, end, s.n);
	return tmpl_give_str(c, str_sub(s, (size_t)start, (size_t)end));
}

static err *run_trunc(struct tmpl_call *c)
{
	int64_t n = tmpl_arg_int(c, 0);
	str s = tmpl_arg_str(c, 1);

	if (n < 0 && (int64_t)s.n + n > 0)
		s = str_from(s, (size_t)((int64_t)s.n + n));
	else if (n >= 0 && (int64_t)s.n > n)
		s.n = (size_t)n;
	return tmpl_give_str(c, s);
}

/* At most `width` bytes, with dots for what is left out at the end, and also
 * at the front where `offset` allows. */
static str abbreviated(struct arena *a, str s, int64_t offset, int64_t width)
{
	int64_t n = (int64_t)s.n;

	if (!s.n || width < 4)
		return STR_NONE;
	if (n <= width)
		return s;
	if (offset > n)
		offset = n;
	if (n - offset < width - 3)
		offset = n - (width - 3);
	if (offset <= 4)
		return arena_cat(a, str_sub(s, 0, (size_t)width - 3), S("..."));
	if (width < 7)
		return STR_NONE;
	if (offset + width - 3 < n)
		return arena_cat(a, S("..."),
				 abbreviated(a, str_from(s, (size_t)offset), 0, width - 3));
	return arena_cat(a, S("..."), str_from(s, (size_t)(n - (width - 3))));
}

static err *run_abbrev(struct tmpl_call *c)
{
	int64_t width = tmpl_arg_int(c, 0);
	str s = tmpl_arg_str(c, 1);

	return tmpl_give_str(c, width < 4 ? s : abbreviated(c->a, s, 0, width));
}

static err *run_abbrevboth(struct tmpl_call *c)
{
	int64_t left = tmpl_arg_int(c, 0), right = tmpl_arg_int(c, 1);
	str s = tmpl_arg_str(c, 2);

	if (right < 4 || (left > 0 && right < 7))
		return tmpl_give_str(c, s);
	return tmpl_give_str(c, abbreviated(c->a, s, left, right));
}

/* ---- questions --------------------------------------------------------- */

static err *run_contains(struct tmpl_call *c)
{
	return tmpl_give_bool(c, str_has(tmpl_arg_str(c, 1), tmpl_arg_str(c, 0)));
}

static err *run_has_prefix(struct tmpl_call *c)
{
	return tmpl_give_bool(c, str_starts(tmpl_arg_str(c, 1), tmpl_arg_str(c, 0)));
}

static err *run_has_suffix(struct tmpl_call *c)
{
	return tmpl_give_bool(c, str_ends(tmpl_arg_str(c, 1), tmpl_arg_str(c, 0)));
}

static err *run_plural(struct tmpl_call *c)
{
	return tmpl_give(c, c->argv[tmpl_arg_int(c, 2) == 1 ? 0 : 1]);
}

/* ---- repeating and padding --------------------------------------------- */

static err *negative_repeat(void)
{
	return err_new(ERR_INVALID, "strings: negative Repeat count");
}

static err *run_repeat(struct tmpl_call *c)
{
	int64_t count = tmpl_arg_int(c, 0);
	str s = tmpl_arg_str(c, 1);
	struct buf *b = tmpl_scratch(c);
	uint64_t bytes;

	if (count < 0)
		return negative_repeat();
	if (__builtin_mul_overflow((uint64_t)count, (uint64_t)s.n, &bytes) || bytes > INT64_MAX)
		return err_new(ERR_INVALID, "strings: Repeat output length overflow");
	TRY(tmpl_fits(c, bytes));
	for (int64_t i = 0; s.n && i < count; i++)
		buf_add(b, s);
	return tmpl_give_buf(c, b);
}

/* Mode 1 begins on a new line. */
static err *run_indent(struct tmpl_call *c)
{
	int64_t spaces = tmpl_arg_int(c, 0);
	str s = tmpl_arg_str(c, 1);
	struct buf *b = tmpl_scratch(c);

	if (spaces < 0)
		return negative_repeat();
	TRY(tmpl_fits(c, (uint64_t)spaces + s.n));
	if (c->mode)
		buf_addc(b, '\n');
	buf_fill(b, ' ', (size_t)spaces);
	for (size_t at; (at = str_find_char(s, '\n')) != STR_NPOS && !b->full;) {
		buf_add(b, str_sub(s, 0, at + 1));
		buf_fill(b, ' ', (size_t)spaces);
		s = str_from(s, at + 1);
	}
	buf_add(b, s);
	return tmpl_give_buf(c, b);
}

/* Bytes, wrapped at spaces; long words are kept, or broken. */
static void add_wrapped(struct buf *b, str s, size_t width, str newline, bool breaks)
{
	while (s.n > width && !b->full) {
		if (s.p[0] == ' ') {
			s = str_from(s, 1);
			continue;
		}
		size_t at = str_rfind_char(str_sub(s, 0, width + 1), ' ');
		size_t skip = 1;

		if (at == STR_NPOS && breaks) {
			at = width;
			skip = 0;
		} else if (at == STR_NPOS) {
			at = str_find_char(str_from(s, width), ' ');
			if (at == STR_NPOS)
				break;
			at += width;
		}
		buf_add(b, str_sub(s, 0, at));
		buf_add(b, newline);
		s = str_from(s, at + skip);
	}
	buf_add(b, s);
}

static err *run_wrap(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	int64_t width = tmpl_arg_int(c, 0);
	str newline = c->mode ? tmpl_arg_str(c, 1) : S("\n");

	add_wrapped(b, tmpl_arg_str(c, c->argc - 1), width < 1 ? 1 : (size_t)width,
		    newline.n ? newline : S("\n"), c->mode);
	return tmpl_give_buf(c, b);
}

/* ---- replacing and splitting ------------------------------------------- */

/* An empty `from` stands before every rune and at the end. */
static err *replace_between(struct tmpl_call *c, str to, str s)
{
	struct buf *b = tmpl_scratch(c);
	size_t size;

	buf_add(b, to);
	while (s.n && !b->full) {
		utf8_decode(s, &size);
		buf_add(b, str_sub(s, 0, size));
		buf_add(b, to);
		s = str_from(s, size);
	}
	return tmpl_give_buf(c, b);
}

static err *run_replace(struct tmpl_call *c)
{
	str from = tmpl_arg_str(c, 0), to = tmpl_arg_str(c, 1), s = tmpl_arg_str(c, 2);
	size_t at = str_find(s, from);

	if (!from.n)
		return replace_between(c, to, s);
	if (at == STR_NPOS)
		return tmpl_give_str(c, s);
	struct buf *b = tmpl_scratch(c);

	for (; at != STR_NPOS && !b->full; at = str_find(s, from)) {
		buf_add(b, str_sub(s, 0, at));
		buf_add(b, to);
		s = str_from(s, at + from.n);
	}
	buf_add(b, s);
	return tmpl_give_buf(c, b);
}

/* strings.SplitN: at most `max` pieces, all of them when it is negative. */
static err *split(struct tmpl_call *c, str sep, str s, int64_t max, node *out)
{
	*out = value_seq(c->a, GO_STRINGS, 0);
	if (!max)
		return NULL;
	for (int64_t n = 1; max < 0 || n < max; n++) {
		size_t at = str_find(s, sep), skip = sep.n;

		if (!sep.n) {
			if (!s.n)
				return NULL;
			utf8_decode(s, &at);
			if (at == s.n)
				break;
		}
		if (at == STR_NPOS)
			break;
		TRY(n % 4096 ? NULL : tmpl_spend(c, 4096));
		node_append(c->a, *out, node_from_str(c->a, str_sub(s, 0, at)));
		s = str_from(s, at + skip);
	}
	if (sep.n || s.n)
		node_append(c->a, *out, node_from_str(c->a, s));
	return arena_check(c->a, "template");
}

static err *run_split_list(struct tmpl_call *c)
{
	return split(c, tmpl_arg_str(c, 0), tmpl_arg_str(c, 1), -1, &c->out);
}

/* A map of the pieces: _0, _1 ... */
static err *run_split(struct tmpl_call *c)
{
	int64_t max = c->mode ? tmpl_arg_int(c, 1) : -1;
	node list;

	TRY(split(c, tmpl_arg_str(c, 0), tmpl_arg_str(c, c->argc - 1), max, &list));
	c->out = value_map(c->a, GO_STRING_MAP, node_len(list));
	for (size_t i = 0; i < node_len(list); i++) {
		str key = arena_printf(c->a, "_%zu", i);

		node_push(c->a, c->out, node_from_str(c->a, key), list.seq->items[i]);
	}
	return arena_check(c->a, "template");
}

/* ---- joining and quoting ----------------------------------------------- */

node tmpl_strings(struct arena *a, node v)
{
	node list = value_seq(a, GO_STRINGS, 0);

	if (v.kind == NODE_SEQ && v.type == GO_STRINGS)
		return v;
	if (v.kind != NODE_SEQ && !value_is_bytes(v)) {
		if (!node_is_nil(v))
			node_append(a, list, node_from_str(a, tmpl_strval(a, v)));
		return list;
	}
	for (size_t i = 0; i < (size_t)value_len(v); i++) {
		node item = value_bare(value_item(v, i));

		if (!node_is_nil(item))
			node_append(a, list, node_from_str(a, tmpl_strval(a, item)));
	}
	return list;
}

static err *run_to_strings(struct tmpl_call *c)
{
	return tmpl_give(c, tmpl_strings(c->a, c->argv[0]));
}

static err *run_to_string(struct tmpl_call *c)
{
	return tmpl_give_str(c, tmpl_strval(c->a, c->argv[0]));
}

static err *run_join(struct tmpl_call *c)
{
	node list = tmpl_strings(c->a, c->argv[1]);
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < node_len(list); i++) {
		if (i)
			buf_add(b, tmpl_arg_str(c, 0));
		buf_add(b, node_str(list.seq->items[i]));
	}
	return tmpl_give_buf(c, b);
}

static err *run_quote(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < c->argc; i++) {
		if (node_is_nil(c->argv[i]))
			continue;
		if (b->n)
			buf_addc(b, ' ');
		quote_add(b, tmpl_strval(c->a, c->argv[i]), QUOTE_PRINT);
	}
	return tmpl_give_buf(c, b);
}

static err *run_squote(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < c->argc; i++) {
		if (node_is_nil(c->argv[i]))
			continue;
		if (b->n)
			buf_addc(b, ' ');
		buf_addc(b, '\'');
		printf_value(b, c->argv[i]);
		buf_addc(b, '\'');
	}
	return tmpl_give_buf(c, b);
}

static err *run_cat(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	bool first = true;

	for (size_t i = 0; i < c->argc; i++) {
		if (node_is_nil(c->argv[i]))
			continue;
		if (!first)
			buf_addc(b, ' ');
		printf_value(b, c->argv[i]);
		first = false;
	}
	return tmpl_give_buf(c, b);
}

static err *run_hello(struct tmpl_call *c)
{
	return tmpl_give_str(c, S("Hello!"));
}

/* ---- chance ------------------------------------------------------------ */

uint64_t tmpl_random_below(struct tmpl_call *c, uint64_t n)
{
	const struct tmpl_options *o = tmpl_call_options(c);
	uint64_t limit = UINT64_MAX - UINT64_MAX % n, r = 0;

	do
		o->random(o->ctx, &r, sizeof r);
	while (r >= limit);
	return r % n;
}

enum { ALPHA, ALPHANUM, NUMERIC, ASCII };

static err *run_random(struct tmpl_call *c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	int64_t count = tmpl_arg_int(c, 0);
	struct buf *b = tmpl_scratch(c);

	if (count <= 0)
		return tmpl_give_str(c, STR_NONE);
	TRY(tmpl_fits(c, (uint64_t)count));
	TRY(tmpl_spend(c, (uint64_t)count));
	for (int64_t i = 0; i < count; i++)
		switch (c->mode) {
		case ALPHA:
			buf_addc(b, set[tmpl_random_below(c, 52)]);
			break;
		case ALPHANUM:
			buf_addc(b, set[tmpl_random_below(c, 62)]);
			break;
		case NUMERIC:
			buf_addc(b, set[52 + tmpl_random_below(c, 10)]);
			break;
		default:
			buf_addc(b, (char)(' ' + tmpl_random_below(c, 95)));
			break;
		}
	return tmpl_give_buf(c, b);
}

static err *run_shuffle(struct tmpl_call *c)
{
	str s = tmpl_arg_str(c, 0);
	size_t n = 0;

	TRY(tmpl_spend(c, s.n));
	uint32_t *runes = arena_alloc(c->a, (s.n + 1) * sizeof *runes), rune;
	struct buf *b = tmpl_scratch(c);

	while (utf8_take(&s, &rune))
		runes[n++] = rune;
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)tmpl_random_below(c, i);

		rune = runes[i - 1];
		runes[i - 1] = runes[k];
		runes[k] = rune;
	}
	for (size_t i = 0; i < n; i++)
		utf8_add(b, runes[i]);
	return tmpl_give_buf(c, b);
}

static const struct tmpl_func table[] = {
	{ "abbrev", "is", run_abbrev },
	{ "abbrevboth", "iis", run_abbrevboth },
	{ "cat", "a*", run_cat },
	{ "contains", "ss", run_contains },
	{ "hasPrefix", "ss", run_has_prefix },
	{ "hasSuffix", "ss", run_has_suffix },
	{ "hello", "", run_hello },
	{ "indent", "is", run_indent, 0 },
	{ "join", "sa", run_join },
	{ "nindent", "is", run_indent, 1 },
	{ "nospace", "s", run_nospace },
	{ "plural", "ssi", run_plural },
	{ "quote", "a*", run_quote },
	{ "randAlpha", "i", run_random, ALPHA },
	{ "randAlphaNum", "i", run_random, ALPHANUM },
	{ "randAscii", "i", run_random, ASCII },
	{ "randNumeric", "i", run_random, NUMERIC },
	{ "repeat", "is", run_repeat },
	{ "replace", "sss", run_replace },
	{ "shuffle", "s", run_shuffle },
	{ "split", "ss", run_split, 0 },
	{ "splitList", "ss", run_split_list },
	{ "splitn", "sis", run_split, 1 },
	{ "squote", "a*", run_squote },
	{ "substr", "iis", run_substr },
	{ "toString", "a", run_to_string },
	{ "toStrings", "a", run_to_strings },
	{ "trim", "s", run_trim },
	{ "trimAll", "ss", run_trim_all },
	{ "trimPrefix", "ss", run_trim_prefix },
	{ "trimSuffix", "ss", run_trim_suffix },
	{ "trimall", "ss", run_trim_all },
	{ "trunc", "is", run_trunc },
	{ "wrap", "is", run_wrap, 0 },
	{ "wrapWith", "iss", run_wrap, 1 },
};

const struct tmpl_funcs fn_strings = { table, sizeof table / sizeof *table };
