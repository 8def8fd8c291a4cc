#include "source/xmlread.h"

#include "base/ascii.h"
#include "base/utf8.h"

struct reader {
	struct arena *a;
	str rest;
	struct buf path;
	size_t starts[XMLREAD_DEPTH]; /* of the names in the path */
	bool leaf[XMLREAD_DEPTH];
	size_t depth;
	struct buf text;
	xmlread_fn *fn;
	void *ctx;
};

static err *bad(const char *what)
{
	return err_new(ERR_INVALID, "XML syntax error: %s", what);
}

/* ---- text ------------------------------------------------------------------ */

static bool add_number(struct buf *b, str digits)
{
	uint32_t rune = 0, base = str_take(&digits, 'x') || str_take(&digits, 'X') ? 16 : 10;

	if (!digits.n || digits.n > 8)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		int v = ascii_hex(digits.p[i]);

		if (v < 0 || (uint32_t)v >= base || rune > 0x110000)
			return false;
		rune = rune * base + (uint32_t)v;
	}
	if (!rune || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		return false;
	utf8_add(b, rune);
	return true;
}

static bool add_entity(struct buf *b, str name)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {
		{ "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' }
	};

	if (str_take(&name, '#'))
		return add_number(b, name);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(name, str_c(known[i].name))) {
			buf_addc(b, known[i].c);
			return true;
		}
	return false;
}

static err *take_text(struct reader *r)
{
	str raw = str_sub(r->rest, 0, str_find_char(r->rest, '<'));

	r->rest = str_from(r->rest, raw.n);
	while (raw.n) {
		size_t amp = str_find_char(raw, '&');
		str name;

		buf_add(&r->text, str_sub(raw, 0, amp));
		raw = amp == STR_NPOS ? STR_NONE : str_from(raw, amp + 1);
		if (amp == STR_NPOS)
			break;
		if (!str_split(raw, ';', &name, &raw) || !add_entity(&r->text, name))
			return bad("invalid character entity");
	}
	return NULL;
}

/* ---- elements ---------------------------------------------------------------- */

static bool is_name_char(char c)
{
	return ascii_is_digit(c) || ascii_is_lower((char)(c | 0x20)) || c == '_' || c == '-' ||
	       c == '.' || c == ':' || (unsigned char)c >= 0x80;
}

/* Without the prefix of its namespace; where nothing stands before the colon or
 * behind it, there is none. */
static str local_name(str name)
{
	str prefix, local;

	return str_split(name, ':', &prefix, &local) && prefix.n && local.n ? local : name;
}

static err *open_element(struct reader *r, str name)
{
	if (r->depth == XMLREAD_DEPTH)
		return bad("too deep");
	if (!name.n || name.n > XMLREAD_NAME)
		return bad("expected element name after <");
	if (r->depth)
		r->leaf[r->depth - 1] = false;
	r->starts[r->depth] = r->path.n;
	r->leaf[r->depth++] = true;
	if (r->path.n)
		buf_addc(&r->path, '/');
	buf_add(&r->path, local_name(name));
	buf_clear(&r->text);
	return NULL;
}

static err *close_element(struct reader *r)
{
	bool leaf = r->leaf[r->depth - 1];
	str text = leaf ? arena_str(r->a, buf_str(&r->text)) : STR_NONE;

	TRY(r->fn(r->ctx, buf_str(&r->path), leaf, text));
	buf_trim(&r->path, r->starts[--r->depth]);
	buf_clear(&r->text);
	return NULL;
}

/* Up to the '>' that is not in quotes; *empty: a '/' stands before it. */
static err *skip_attributes(struct reader *r, bool *empty)
{
	char quote = 0, last = 0;

	for (size_t i = 0; i < r->rest.n; i++) {
		char c = r->rest.p[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			*empty = last == '/';
			r->rest = str_from(r->rest, i + 1);
			return NULL;
		} else if (c == '<') {
			break;
		}
		last = c;
	}
	return bad("unexpected EOF in element");
}

static err *take_end(struct reader *r)
{
	str name = str_span(&r->rest, is_name_char);
	size_t gt = str_find_char(r->rest, '>');
	str own;

	if (!r->depth || gt == STR_NPOS || str_trim(str_sub(r->rest, 0, gt)).n)
		return bad("unexpected end element");
	own = str_from(buf_str(&r->path), r->starts[r->depth - 1]);
	str_take(&own, '/');
	if (!str_eq(own, local_name(name)))
		return bad("element closed by another one");
	r->rest = str_from(r->rest, gt + 1);
	return close_element(r);
}

static err *skip_to(struct reader *r, str end)
{
	size_t at = str_find(r->rest, end);

	if (at == STR_NPOS)
		return bad("unexpected EOF");
	r->rest = str_from(r->rest, at + end.n);
	return NULL;
}

static err *take_cdata(struct reader *r)
{
	size_t at = str_find(r->rest, S("]]>"));

	if (at == STR_NPOS || !r->depth)
		return bad("unexpected EOF in CDATA section");
	buf_add(&r->text, str_sub(r->rest, 0, at));
	r->rest = str_from(r->rest, at + 3);
	return NULL;
}

static err *take_markup(struct reader *r)
{
	bool empty;

	if (str_take_str(&r->rest, S("<?")))
		return skip_to(r, S("?>"));
	if (str_take_str(&r->rest, S("<!--")))
		return skip_to(r, S("-->"));
	if (str_take_str(&r->rest, S("<![CDATA[")))
		return take_cdata(r);
	if (str_starts(r->rest, S("<!")))
		return bad("document types are not allowed");
	if (str_take_str(&r->rest, S("</")))
		return take_end(r);
	str_take(&r->rest, '<');
	TRY(open_element(r, str_span(&r->rest, is_name_char)));
	TRY(skip_attributes(r, &empty));
	return empty ? close_element(r) : NULL;
}

err *xmlread(struct arena *a, str text, xmlread_fn *fn, void *ctx)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct reader r = { .a = a, .rest = text, .text = BUF_INIT, .fn = fn, .ctx = ctx };
	bool any = false;
	err *e = NULL;

	r.path = (struct buf)BUF_INIT;
	while (!e && r.rest.n) {
		if (r.rest.p[0] == '<') {
			e = take_markup(&r);
			any |= r.depth > 0;
		} else {
			e = take_text(&r);
			if (!e && !r.depth && str_trim(buf_str(&r.text)).n &&
			    !str_eq(str_trim(buf_str(&r.text)), S("\xef\xbb\xbf")))
				e = bad("text outside of elements");
			if (!r.depth)
				buf_clear(&r.text);
		}
	}
	if (!e && (r.depth || !any))
		e = bad("unexpected EOF");
	buf_release(&r.path);
	buf_release(&r.text);
	return e;
}
