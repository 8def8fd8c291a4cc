/* Comments under rules 1.2: which words belong to which.
 *
 * A comment behind text on its line is a line comment of the token there.
 * Lines of their own are the head of what follows, unless an empty line or a
 * step out of the indentation cuts them off from it: then they are the foot
 * of what went before. The exact borders are go-yaml's, reached by its way of
 * looking ahead (512 places, and never at the character right behind a
 * comment's line, so that CR LF counts as an empty line). */
#include "value/yaml_impl.h"

enum { LOOK_MAX = 512 };

static void push_comment(struct yaml_scan *s, struct yaml_comment c, struct yaml_piece *text)
{
	c.text = yaml_piece_end(text, s->a);
	vec_push(&s->comments, c);
	*text = (struct yaml_piece){ .buf = &s->note };
}

/* The mark goes to the end of the line that holds the rune `seen`; from there
 * on the line is text. */
static err *take_comment(struct yaml_scan *s, int32_t seen, struct yaml_piece *text,
			 struct yaml_mark *start)
{
	for (;;) {
		TRY(yaml_need(s, 1));
		if (yaml_breakz_at(s, 0)) {
			if (s->mark.index >= seen)
				return NULL;
			TRY(yaml_need(s, 2));
			yaml_skip_line(s);
		} else if (s->mark.index >= seen) {
			if (start && !yaml_piece_len(text))
				*start = s->mark;
			yaml_take(s, text);
			yaml_take_run(s, text, (struct yaml_set){ YAML_LOW, YAML_HIGH });
		} else {
			yaml_skip(s);
		}
	}
}

err *yaml_scan_line_comment(struct yaml_scan *s, struct yaml_mark token)
{
	struct yaml_piece text = { .buf = &s->note };
	struct yaml_comment c = { .kind = COMMENT_LINE, .token = token };

	if (s->newlines)
		return NULL;
	for (int32_t look = 0; look < LOOK_MAX && yaml_look(s, look + 1); look++) {
		if (yaml_blank_at(s, look))
			continue;
		if (yaml_at(s, look) == '#')
			TRY(take_comment(s, s->mark.index + look, &text, &c.start));
		break;
	}
	if (yaml_piece_len(&text))
		push_comment(s, c, &text);
	return NULL;
}

/* The search for lines of comment, ahead of the mark. */
struct search {
	struct yaml_scan *s;
	struct yaml_mark scan, token, start;
	int32_t look;			/* runes ahead of the mark */
	int32_t line, column;		/* there; the column from 1 */
	int32_t next_indent;
	int32_t foot_line;		/* a comment that begins here may be a foot */
	bool after_value;		/* the token before is a colon */
	bool recent_empty, first_empty;
	struct yaml_piece text;
};

static struct yaml_mark looked_at(const struct search *f)
{
	return (struct yaml_mark){
		.index = f->s->mark.index + f->look, .line = f->line, .column = f->column,
		.pos = f->s->mark.pos + f->look,
	};
}

static void push_foot(struct search *f)
{
	struct yaml_comment c = {
		.kind = COMMENT_FOOT, .scan = f->scan, .token = f->token, .start = f->start,
		.end = looked_at(f),
	};

	push_comment(f->s, c, &f->text);
	f->scan = f->token = c.end;
}

/* At a break, the end, or the bracket that closes: is what was gathered the
 * foot of what went before? */
static void at_line_end(struct search *f, bool closes)
{
	bool dedented = f->start.column - 1 < f->next_indent;
	bool foot = closes || (f->first_empty &&
			       ((f->start.line == f->foot_line && !f->after_value) || dedented));

	if ((!closes && f->recent_empty) || !yaml_piece_len(&f->text))
		return;
	if (!foot) {
		if (yaml_at(f->s, f->look))
			yaml_piece_copy(&f->text, S("\n"));
		return;
	}
	if (dedented)
		f->token = f->start;
	push_foot(f);
}

static int32_t indent_of(const struct yaml_scan *s)
{
	return s->indent < 0 ? 0 : s->indent;
}

/* Take the comment that stands ahead, to the end of its line. */
static err *take_line(struct search *f)
{
	if (!yaml_piece_len(&f->text))
		f->start = looked_at(f);
	else
		yaml_piece_copy(&f->text, S("\n"));
	f->recent_empty = false;
	TRY(take_comment(f->s, f->s->mark.index + f->look, &f->text, NULL));
	f->look = 0;
	f->column = 0;
	f->line = f->s->mark.line;
	f->next_indent = indent_of(f->s);
	return NULL;
}

/* One place ahead; `done` when the lines of comment end there. */
static err *look_at(struct search *f, bool *done)
{
	struct yaml_scan *s = f->s;
	unsigned char c = yaml_at(s, f->look);
	bool closes = s->flow && (c == ']' || c == '}');

	f->column++;
	if (c == ' ' || c == '\t')
		return NULL;
	if (closes || yaml_breakz_at(s, f->look)) {
		at_line_end(f, closes);
		if (!yaml_break_at(s, f->look)) {
			*done = true;
			return NULL;
		}
		f->first_empty = false;
		f->recent_empty = true;
		f->column = 0;
		f->line++;
		return NULL;
	}
	if (yaml_piece_len(&f->text) && f->column - 1 < f->next_indent &&
	    f->column != f->start.column)
		push_foot(f);
	if (c != '#') {
		*done = true;
		return NULL;
	}
	return take_line(f);
}

static struct yaml_token *token_before(struct yaml_scan *s)
{
	struct yaml_token *t = &s->tokens.p[s->tokens.n - 1];

	return t->type == TOKEN_FLOW_ENTRY && s->tokens.n > 1 ? t - 1 : t;
}

err *yaml_scan_comments(struct yaml_scan *s, struct yaml_mark scan)
{
	const struct yaml_token *before = token_before(s);
	struct search f = {
		.s = s, .scan = scan, .token = before->start,
		.after_value = before->type == TOKEN_VALUE,
		.line = s->mark.line, .column = s->mark.column, .next_indent = indent_of(s),
		.foot_line = -1, .first_empty = s->newlines <= 1, .text = { .buf = &s->note },
	};

	if (scan.line > 0) {
		f.foot_line = s->mark.line - s->newlines + 1;
		if (!s->newlines && s->mark.column > 1)
			f.foot_line++;
	}
	for (bool done = false; f.look < LOOK_MAX && yaml_look(s, f.look + 1); f.look++) {
		TRY(look_at(&f, &done));
		if (done)
			break;
	}
	if (!yaml_piece_len(&f.text))
		return NULL;
	struct yaml_mark end = looked_at(&f);

	end.index--;
	push_comment(s, (struct yaml_comment){ .kind = COMMENT_HEAD, .scan = f.scan,
					       .token = f.start, .start = f.start, .end = end },
		     &f.text);
	return NULL;
}
