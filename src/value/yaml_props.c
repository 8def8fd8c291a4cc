/* Anchors, aliases, tags and directives. */
#include "base/ascii.h"
#include "value/yaml_impl.h"

static bool is_name_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

static err *take_name(struct yaml_scan *s, str *out)
{
	const char *from = s->text + s->mark.pos;

	while (is_name_byte(yaml_at(s, 0))) {
		yaml_skip(s);
		TRY(yaml_need(s, 1));
	}
	*out = (str){ from, (size_t)(s->text + s->mark.pos - from) };
	return NULL;
}

static err *skip_blanks(struct yaml_scan *s)
{
	TRY(yaml_need(s, 1));
	while (yaml_blank_at(s, 0)) {
		yaml_skip(s);
		TRY(yaml_need(s, 1));
	}
	return NULL;
}

err *yaml_scan_anchor(struct yaml_scan *s, struct yaml_token *t, enum yaml_token_type type)
{
	t->type = type;
	t->start = s->mark;
	yaml_skip(s);
	TRY(yaml_need(s, 1));
	TRY(take_name(s, &t->value));
	t->end = s->mark;
	if (!t->value.n || (!yaml_blankz_at(s, 0) && !memchr("?:,]}%@`", yaml_at(s, 0), 8)))
		return yaml_scan_error(s, t->start,
				       "did not find expected alphabetic or numeric character");
	return NULL;
}

/* ---- tags -------------------------------------------------------------- */

/* The %XX of one rune. */
static err *take_uri_escape(struct yaml_scan *s, struct yaml_piece *uri, struct yaml_mark start)
{
	int32_t left = 0;

	do {
		TRY(yaml_need(s, 3));
		int high = ascii_hex(yaml_at(s, 1)), low = ascii_hex(yaml_at(s, 2));

		if (yaml_at(s, 0) != '%' || high < 0 || low < 0)
			return yaml_scan_error(s, start, "did not find URI escaped octet");
		unsigned char octet = (unsigned char)(high << 4 | low);

		if (left) {
			if ((octet & 0xc0) != 0x80)
				return yaml_scan_error(s, start,
						       "found an incorrect trailing UTF-8 octet");
			left--;
		} else {
			if ((octet & 0xc0) == 0x80 || octet >= 0xf8)
				return yaml_scan_error(s, start,
						       "found an incorrect leading UTF-8 octet");
			left = yaml_width(octet) - 1;
		}
		yaml_piece_copy(uri, (str){ (const char *)&octet, 1 });
		for (int i = 0; i < 3; i++)
			yaml_skip(s);
	} while (left);
	return NULL;
}

static bool is_uri_byte(unsigned char c)
{
	return is_name_byte(c) || (c && memchr(";/?:@&=+$,.!~*'()[]%", c, 20));
}

/* `head` was read already as a handle and turned out to be none; its "!"
 * does not count. */
static err *take_uri(struct yaml_scan *s, str head, struct yaml_mark start, str *out)
{
	struct yaml_piece uri = { .buf = &s->value };
	bool any = head.n > 0;

	yaml_piece_add(&uri, str_from(head, 1));
	TRY(yaml_need(s, 1));
	while (is_uri_byte(yaml_at(s, 0))) {
		if (yaml_at(s, 0) == '%')
			TRY(take_uri_escape(s, &uri, start));
		else
			yaml_take(s, &uri);
		TRY(yaml_need(s, 1));
		any = true;
	}
	if (!any)
		return yaml_scan_error(s, start, "did not find expected tag URI");
	*out = yaml_piece_end(&uri, s->a);
	return NULL;
}

/* "!", "!!" or "!name!"; in a tag also "!name", which is then no handle. */
static err *take_handle(struct yaml_scan *s, bool directive, struct yaml_mark start, str *out)
{
	const char *from = s->text + s->mark.pos;
	str name;

	TRY(yaml_need(s, 1));
	if (yaml_at(s, 0) != '!')
		return yaml_scan_error(s, start, "did not find expected '!'");
	yaml_skip(s);
	TRY(yaml_need(s, 1));
	TRY(take_name(s, &name));
	if (yaml_at(s, 0) == '!')
		yaml_skip(s);
	else if (directive && name.n)
		return yaml_scan_error(s, start, "did not find expected '!'");
	*out = (str){ from, (size_t)(s->text + s->mark.pos - from) };
	return NULL;
}

static err *take_verbatim(struct yaml_scan *s, struct yaml_token *t)
{
	yaml_skip(s);
	yaml_skip(s);
	TRY(take_uri(s, STR_NONE, t->start, &t->suffix));
	if (yaml_at(s, 0) != '>')
		return yaml_scan_error(s, t->start, "did not find the expected '>'");
	yaml_skip(s);
	return NULL;
}

static err *take_shorthand(struct yaml_scan *s, struct yaml_token *t)
{
	TRY(take_handle(s, false, t->start, &t->value));
	if (t->value.n > 1 && t->value.p[t->value.n - 1] == '!')
		return take_uri(s, STR_NONE, t->start, &t->suffix);
	TRY(take_uri(s, t->value, t->start, &t->suffix));
	t->value = S("!");
	if (!t->suffix.n) {	/* "!" alone */
		t->suffix = t->value;
		t->value = STR_NONE;
	}
	return NULL;
}

err *yaml_scan_tag(struct yaml_scan *s, struct yaml_token *t)
{
	t->type = TOKEN_TAG;
	t->start = s->mark;
	TRY(yaml_need(s, 2));
	TRY(yaml_at(s, 1) == '<' ? take_verbatim(s, t) : take_shorthand(s, t));
	TRY(yaml_need(s, 1));
	if (!yaml_blankz_at(s, 0))
		return yaml_scan_error(s, t->start, "did not find expected whitespace or line break");
	t->end = s->mark;
	return NULL;
}

/* ---- directives -------------------------------------------------------- */

static err *take_version_number(struct yaml_scan *s, struct yaml_mark start, uint8_t *out)
{
	int digits = 0, number = 0;

	TRY(yaml_need(s, 1));
	for (unsigned char c; (c = yaml_at(s, 0)) >= '0' && c <= '9';) {
		if (++digits > 2)
			return yaml_scan_error(s, start, "found extremely long version number");
		number = number * 10 + c - '0';
		yaml_skip(s);
		TRY(yaml_need(s, 1));
	}
	if (!digits)
		return yaml_scan_error(s, start, "did not find expected version number");
	*out = (uint8_t)number;
	return NULL;
}

static err *take_version(struct yaml_scan *s, struct yaml_token *t)
{
	t->type = TOKEN_VERSION_DIRECTIVE;
	TRY(skip_blanks(s));
	TRY(take_version_number(s, t->start, &t->major));
	if (yaml_at(s, 0) != '.')
		return yaml_scan_error(s, t->start, "did not find expected digit or '.' character");
	yaml_skip(s);
	TRY(take_version_number(s, t->start, &t->minor));
	t->end = s->mark;
	return NULL;
}

static err *take_tag_directive(struct yaml_scan *s, struct yaml_token *t)
{
	t->type = TOKEN_TAG_DIRECTIVE;
	TRY(skip_blanks(s));
	TRY(take_handle(s, true, t->start, &t->value));
	TRY(yaml_need(s, 1));
	if (!yaml_blank_at(s, 0))
		return yaml_scan_error(s, t->start, "did not find expected whitespace");
	TRY(skip_blanks(s));
	TRY(take_uri(s, STR_NONE, t->start, &t->suffix));
	TRY(yaml_need(s, 1));
	if (!yaml_blankz_at(s, 0))
		return yaml_scan_error(s, t->start, "did not find expected whitespace or line break");
	t->end = s->mark;
	return NULL;
}

static err *take_directive_name(struct yaml_scan *s, struct yaml_mark start, str *name)
{
	TRY(yaml_need(s, 1));
	TRY(take_name(s, name));
	if (!name->n)
		return yaml_scan_error(s, start, "could not find expected directive name");
	if (!yaml_blankz_at(s, 0))
		return yaml_scan_error(s, start, "found unexpected non-alphabetical character");
	return NULL;
}

err *yaml_scan_directive(struct yaml_scan *s, struct yaml_token *t)
{
	str name;

	t->start = s->mark;
	yaml_skip(s);
	TRY(take_directive_name(s, t->start, &name));
	if (str_eq(name, S("YAML")))
		TRY(take_version(s, t));
	else if (str_eq(name, S("TAG")))
		TRY(take_tag_directive(s, t));
	else
		return yaml_scan_error(s, t->start, "found unknown directive name");
	TRY(skip_blanks(s));
	if (yaml_at(s, 0) == '#')
		while (!yaml_breakz_at(s, 0)) {
			yaml_skip(s);
			TRY(yaml_need(s, 1));
		}
	if (!yaml_breakz_at(s, 0))
		return yaml_scan_error(s, t->start, "did not find expected comment or line break");
	if (yaml_at(s, 0)) {
		TRY(yaml_need(s, 2));
		yaml_skip_line(s);
	}
	return NULL;
}
