/* Text to tokens: indentation, brackets and keys.
 *
 * A key shows itself only by the colon behind it, so the KEY token (and the
 * start of the map, if it is the first) is put in before tokens that wait in
 * the queue. Until it is clear whether a colon follows, nothing from the
 * possible key on is handed out. */
#include "value/yaml_impl.h"

#include <stdio.h>

enum { DEPTH_MAX = YAML_DEPTH_MAX, SIMPLE_KEY_MAX = 1024 };

#define DEPTH_TEXT "exceeded max depth of 10000"
_Static_assert(DEPTH_MAX == 10000, "the text says so");

err *yaml_scan_error(struct yaml_scan *s, struct yaml_mark context, const char *problem)
{
	int32_t line = s->mark.line;

	if (s->rules == YAML_1_2 && context.line)
		line = context.line;
	s->bad = s->mark;
	if (!line)
		return err_new(ERR_INVALID, "yaml: %s", problem);
	return err_new(ERR_INVALID, "yaml: line %d: %s", line + 1, problem);
}

str yaml_skip_line(struct yaml_scan *s)
{
	const char *p = s->text + s->mark.pos;
	unsigned char c = yaml_at(s, 0);
	str text = S("\n");
	int32_t width = 1, runes = 1;

	if (c == '\n') {
		text.p = p;
	} else if (c == '\r' && yaml_at(s, 1) == '\n') {
		text.p = p + 1;
		width = runes = 2;
	} else if (c == 0xc2 && yaml_at(s, 1) == 0x85) {
		width = 2;
	} else if (c == 0xe2 && yaml_break_at(s, 0)) {
		text = (str){ p, (size_t)(width = 3) };
	} else if (c != '\r') {
		return STR_NONE;
	}
	s->mark.index += runes;
	s->mark.pos += width;
	s->mark.column = 0;
	s->mark.line++;
	s->newlines++;
	return text;
}

/* ---- texts ------------------------------------------------------------- */

void yaml_piece_copy(struct yaml_piece *p, str text)
{
	if (!p->copied) {
		buf_clear(p->buf);
		buf_add(p->buf, p->borrowed);
		p->copied = true;
	}
	buf_add(p->buf, text);
}

void yaml_piece_add(struct yaml_piece *p, str text)
{
	if (!text.n)
		return;
	if (p->copied)
		buf_add(p->buf, text);
	else if (!p->borrowed.n)
		p->borrowed = text;
	else if (p->borrowed.p + p->borrowed.n == text.p)
		p->borrowed.n += text.n;
	else
		yaml_piece_copy(p, text);
}

str yaml_piece_end(struct yaml_piece *p, struct arena *a)
{
	return p->copied ? arena_str(a, buf_str(p->buf)) : p->borrowed;
}

void yaml_take(struct yaml_scan *s, struct yaml_piece *p)
{
	const char *from = s->text + s->mark.pos;

	yaml_skip(s);
	yaml_piece_add(p, (str){ from, (size_t)(s->text + s->mark.pos - from) });
}

void yaml_take_run(struct yaml_scan *s, struct yaml_piece *p, struct yaml_set set)
{
	const unsigned char *from = (const unsigned char *)s->text + s->mark.pos, *to = from;
	int32_t n = s->decoded - s->mark.index, left = s->text_n - s->mark.pos;

	n = (n < left ? n : left) - 4;	/* as far as anybody looks ahead */
	for (const unsigned char *end = from + (n > 0 ? n : 0); to < end; to++)
		if (!yaml_in_set(set, *to) && (*to != ' ' || !yaml_in_set(set, to[1])))
			break;
	n = (int32_t)(to - from);
	if (n && to[-1] == ' ')		/* the last place may be a space */
		n--;
	if (!n)
		return;
	s->newlines = 0;
	s->mark.index += n;
	s->mark.column += n;
	s->mark.pos += n;
	yaml_piece_add(p, (str){ (const char *)from, (size_t)n });
}

/* ---- simple keys ------------------------------------------------------- */

static struct yaml_key_slot *key_slot(struct yaml_scan *s, int32_t number)
{
	struct yaml_key_ring *r = &s->ring;
	struct yaml_key_slot *slot = r->n ? &r->slots[number & (r->n - 1)] : NULL;

	return slot && slot->key && slot->number == number ? slot : NULL;
}

static void forget_key(struct yaml_scan *s, int32_t number)
{
	struct yaml_key_slot *slot = key_slot(s, number);

	if (slot)
		slot->key = 0;
}

static void grow_ring(struct yaml_key_ring *r)
{
	struct yaml_key_ring bigger = { .n = r->n ? r->n * 2 : 64 };

	bigger.slots = mem_calloc((size_t)bigger.n, sizeof *bigger.slots);
	for (int32_t i = 0; i < r->n; i++)
		if (r->slots[i].key)
			bigger.slots[r->slots[i].number & (bigger.n - 1)] = r->slots[i];
	free(r->slots);
	*r = bigger;
}

static void remember_key(struct yaml_scan *s, int32_t number, size_t key)
{
	while (number - s->parsed >= s->ring.n)
		grow_ring(&s->ring);
	s->ring.slots[number & (s->ring.n - 1)] = (struct yaml_key_slot){
		.number = number, .key = (int32_t)key + 1,
	};
}

/* A key must be on one line and within 1024 runes. */
static err *key_valid(struct yaml_scan *s, struct yaml_simple_key *key, bool *valid)
{
	*valid = key->possible;
	if (!key->possible || (key->mark.line >= s->mark.line &&
			       key->mark.index + SIMPLE_KEY_MAX >= s->mark.index))
		return NULL;
	if (key->required)
		return yaml_scan_error(s, key->mark, "could not find expected ':'");
	key->possible = *valid = false;
	return NULL;
}

static struct yaml_simple_key *top_key(struct yaml_scan *s)
{
	return &s->keys.p[s->keys.n - 1];
}

static err *remove_key(struct yaml_scan *s)
{
	struct yaml_simple_key *key = top_key(s);

	if (!key->possible)
		return NULL;
	if (key->required)
		return yaml_scan_error(s, key->mark, "could not find expected ':'");
	key->possible = false;
	forget_key(s, key->number);
	return NULL;
}

/* The number that the next token will get. */
static int32_t next_number(const struct yaml_scan *s)
{
	return s->parsed + (int32_t)s->tokens.n - s->head;
}

static err *save_key(struct yaml_scan *s)
{
	bool required = !s->flow && s->indent == s->mark.column;

	if (!s->key_allowed)
		return NULL;
	TRY(remove_key(s));
	*top_key(s) = (struct yaml_simple_key){
		.possible = true, .required = required, .number = next_number(s), .mark = s->mark,
	};
	remember_key(s, top_key(s)->number, s->keys.n - 1);
	return NULL;
}

/* ---- the queue --------------------------------------------------------- */

/* At `at` places behind the head, or at the end for a negative one. */
static void insert_token(struct yaml_scan *s, int32_t at, struct yaml_token token)
{
	if (s->head > 64 && (size_t)s->head * 2 > s->tokens.n) {
		s->tokens.n -= (size_t)s->head;
		memmove(s->tokens.p, s->tokens.p + s->head, s->tokens.n * sizeof *s->tokens.p);
		s->head = 0;
	}
	vec_push(&s->tokens, token);
	if (at < 0)
		return;
	struct yaml_token *to = s->tokens.p + s->head + at;

	memmove(to + 1, to, (size_t)(s->tokens.p + s->tokens.n - 1 - to) * sizeof *to);
	*to = token;
}

static void push_token(struct yaml_scan *s, enum yaml_token_type type, struct yaml_mark start)
{
	insert_token(s, -1, (struct yaml_token){ .type = type, .start = start, .end = s->mark });
}

/* A token of `n` runes at the mark. */
static err *indicator(struct yaml_scan *s, enum yaml_token_type type, int n)
{
	struct yaml_mark start = s->mark;

	while (n--)
		yaml_skip(s);
	push_token(s, type, start);
	return NULL;
}

/* ---- indentation ------------------------------------------------------- */

/* Open a block collection at a column further in; `number` is that of the
 * token it stands before, or -1. */
static err *roll_indent(struct yaml_scan *s, int32_t number, enum yaml_token_type type,
			struct yaml_mark mark)
{
	if (s->flow || s->indent >= mark.column)
		return NULL;
	vec_push(&s->indents, s->indent);
	s->indent = mark.column;
	if (s->indents.n > DEPTH_MAX)
		return yaml_scan_error(s, top_key(s)->mark, DEPTH_TEXT);
	insert_token(s, number < 0 ? -1 : number - s->parsed,
		     (struct yaml_token){ .type = type, .start = mark, .end = mark });
	return NULL;
}

/* The level, counted from the innermost, whose blocks stand at a column;
 * `n` when there is none among the first n. */
static size_t level_at(const struct yaml_scan *s, int32_t column, size_t n)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int32_t indent = mid ? s->indents.p[s->indents.n - mid] : s->indent;

		if (indent == column)
			return mid;
		if (indent > column)
			low = mid + 1;
		else
			high = mid;
	}
	return n;
}

/* Rules 1.2: the end of a block stands before the comments that belong to the
 * blocks around it. So look back, from comment to adjoining comment, for the
 * first one at the column of each of the `n` blocks that end. */
static void find_ends(struct yaml_scan *s, size_t n, int32_t stop)
{
	s->ends.n = 0;
	for (size_t i = 0; i < n; i++)
		vec_push(&s->ends, (struct yaml_mark){ .line = -1 });
	for (size_t i = s->comments.n; i-- > 0;) {
		const struct yaml_comment *c = &s->comments.p[i];

		if (c->end.index < stop)
			break;
		size_t level = level_at(s, c->start.column - 1, n);

		if (level < n)
			s->ends.p[level] = c->start;
		stop = c->scan.index;
	}
}

/* Close the blocks that stand further in than the column. */
static void unroll_indent(struct yaml_scan *s, int32_t column, struct yaml_mark scan)
{
	struct yaml_mark end = s->mark;
	size_t n = 0;

	if (s->flow || s->indent <= column)
		return;
	if (s->rules == YAML_1_2) {
		end = scan;
		end.index--;
		for (n = 1; s->indents.p[s->indents.n - n] > column; n++)
			;
		find_ends(s, n, end.index);
	}
	for (size_t i = 0; s->indent > column; i++) {
		if (i < n && s->ends.p[i].line >= 0)
			end = s->ends.p[i];
		insert_token(s, -1, (struct yaml_token){ .type = TOKEN_BLOCK_END, .start = end,
							 .end = end });
		s->indent = s->indents.p[--s->indents.n];
	}
}

/* ---- tokens ------------------------------------------------------------ */

static err *fetch_stream_start(struct yaml_scan *s)
{
	vec_push(&s->keys, (struct yaml_simple_key){ 0 });
	s->key_allowed = true;
	s->started = true;
	push_token(s, TOKEN_STREAM_START, s->mark);
	return NULL;
}

/* What begins or ends a document closes all that is open. */
static err *close_all(struct yaml_scan *s)
{
	unroll_indent(s, -1, s->mark);
	TRY(remove_key(s));
	s->key_allowed = false;
	return NULL;
}

static err *fetch_stream_end(struct yaml_scan *s)
{
	if (s->mark.column) {
		s->mark.column = 0;
		s->mark.line++;
	}
	TRY(close_all(s));
	push_token(s, TOKEN_STREAM_END, s->mark);
	return NULL;
}

static err *fetch_directive(struct yaml_scan *s)
{
	struct yaml_token t = { 0 };

	TRY(close_all(s));
	TRY(yaml_scan_directive(s, &t));
	insert_token(s, -1, t);
	return NULL;
}

static err *fetch_document(struct yaml_scan *s, enum yaml_token_type type)
{
	TRY(close_all(s));
	return indicator(s, type, 3);
}

static err *fetch_flow_start(struct yaml_scan *s, enum yaml_token_type type)
{
	TRY(save_key(s));
	vec_push(&s->keys, (struct yaml_simple_key){ .number = next_number(s), .mark = s->mark });
	if (++s->flow > DEPTH_MAX)
		return yaml_scan_error(s, s->mark, DEPTH_TEXT);
	s->key_allowed = true;
	return indicator(s, type, 1);
}

static err *fetch_flow_end(struct yaml_scan *s, enum yaml_token_type type)
{
	TRY(remove_key(s));
	if (s->flow) {
		s->flow--;
		forget_key(s, top_key(s)->number);
		s->keys.n--;
	}
	s->key_allowed = false;
	return indicator(s, type, 1);
}

static err *fetch_flow_entry(struct yaml_scan *s)
{
	TRY(remove_key(s));
	s->key_allowed = true;
	return indicator(s, TOKEN_FLOW_ENTRY, 1);
}

/* A dash in brackets is left to the parser to complain about. */
static err *fetch_block_entry(struct yaml_scan *s)
{
	if (!s->flow) {
		if (!s->key_allowed)
			return yaml_scan_error(
				s, s->mark, "block sequence entries are not allowed in this context");
		TRY(roll_indent(s, -1, TOKEN_BLOCK_SEQ_START, s->mark));
	}
	TRY(remove_key(s));
	s->key_allowed = true;
	return indicator(s, TOKEN_BLOCK_ENTRY, 1);
}

static err *fetch_key(struct yaml_scan *s)
{
	if (!s->flow) {
		if (!s->key_allowed)
			return yaml_scan_error(s, s->mark,
					       "mapping keys are not allowed in this context");
		TRY(roll_indent(s, -1, TOKEN_BLOCK_MAP_START, s->mark));
	}
	TRY(remove_key(s));
	s->key_allowed = !s->flow;
	return indicator(s, TOKEN_KEY, 1);
}

/* The colon behind a simple key: what it makes a key of is in the queue, or
 * (go-yaml forgets about keys like `[]`) already gone. */
static err *simple_value(struct yaml_scan *s, struct yaml_simple_key *key)
{
	insert_token(s, key->number - s->parsed,
		     (struct yaml_token){ .type = TOKEN_KEY, .start = key->mark, .end = key->mark });
	TRY(roll_indent(s, key->number, TOKEN_BLOCK_MAP_START, key->mark));
	key->possible = false;
	forget_key(s, key->number);
	s->key_allowed = false;
	return NULL;
}

static err *complex_value(struct yaml_scan *s)
{
	if (!s->flow) {
		if (!s->key_allowed)
			return yaml_scan_error(s, s->mark,
					       "mapping values are not allowed in this context");
		TRY(roll_indent(s, -1, TOKEN_BLOCK_MAP_START, s->mark));
	}
	s->key_allowed = !s->flow;
	return NULL;
}

static err *fetch_value(struct yaml_scan *s)
{
	bool valid;

	TRY(key_valid(s, top_key(s), &valid));
	if (valid)
		TRY(simple_value(s, top_key(s)));
	else
		TRY(complex_value(s));
	return indicator(s, TOKEN_VALUE, 1);
}

static err *fetch_block_scalar(struct yaml_scan *s, bool literal)
{
	struct yaml_token t = { .type = TOKEN_SCALAR };

	TRY(remove_key(s));
	s->key_allowed = true;
	TRY(yaml_scan_block(s, &t, literal));
	insert_token(s, -1, t);
	return NULL;
}

/* Scalars and properties: each may be the beginning of a key, and no key may
 * follow it. */
static err *fetch_content(struct yaml_scan *s, unsigned char c)
{
	struct yaml_token t = { .type = TOKEN_SCALAR };

	TRY(save_key(s));
	s->key_allowed = false;
	switch (c) {
	case '*':
		TRY(yaml_scan_anchor(s, &t, TOKEN_ALIAS));
		break;
	case '&':
		TRY(yaml_scan_anchor(s, &t, TOKEN_ANCHOR));
		break;
	case '!':
		TRY(yaml_scan_tag(s, &t));
		break;
	case '\'': case '"':
		TRY(yaml_scan_quoted(s, &t, c == '\''));
		break;
	default:
		TRY(yaml_scan_plain(s, &t));
	}
	insert_token(s, -1, t);
	return NULL;
}

/* ---- between tokens ---------------------------------------------------- */

/* Rules 1.2: the comment behind the first dash of a list, where more follows
 * on the next line, is about what follows. */
static void turn_line_comment(struct yaml_scan *s)
{
	if (!s->comments.n || s->tokens.n < 2)
		return;
	const struct yaml_token *last = &s->tokens.p[s->tokens.n - 1];
	struct yaml_comment *c = &s->comments.p[s->comments.n - 1];

	if (last[-1].type != TOKEN_BLOCK_SEQ_START || last->type != TOKEN_BLOCK_ENTRY ||
	    c->kind != COMMENT_LINE || yaml_break_at(s, 0))
		return;
	c->kind = COMMENT_HEAD;
	if (c->start.line == s->mark.line - 1)
		c->token = s->mark;
}

static err *skip_comment(struct yaml_scan *s)
{
	while (!yaml_breakz_at(s, 0)) {
		yaml_skip(s);
		TRY(yaml_need(s, 1));
	}
	return NULL;
}

/* Go-yaml looks for a byte order mark at the beginning of its buffer, not of
 * the line: where one stands there, each line loses its first rune. */
static bool at_byte_order_mark(const struct yaml_scan *s)
{
	return s->mark.column == 0 && s->window + 3 <= s->text_n &&
	       memcmp(s->text + s->window, "\xef\xbb\xbf", 3) == 0;
}

/* Tabs are space in brackets and behind text, but not where a key may begin. */
static err *skip_space(struct yaml_scan *s)
{
	struct yaml_mark scan = s->mark;

	for (;;) {
		TRY(yaml_need(s, 1));
		if (at_byte_order_mark(s))
			yaml_skip(s);
		TRY(yaml_need(s, 1));
		while (yaml_at(s, 0) == ' ' ||
		       (yaml_at(s, 0) == '\t' && (s->flow || !s->key_allowed))) {
			yaml_skip(s);
			TRY(yaml_need(s, 1));
		}
		if (s->rules == YAML_1_2)
			turn_line_comment(s);
		if (yaml_at(s, 0) == '#')
			TRY(s->rules == YAML_1_2 ? yaml_scan_comments(s, scan) : skip_comment(s));
		if (!yaml_break_at(s, 0))
			return NULL;
		TRY(yaml_need(s, 2));
		yaml_skip_line(s);
		if (!s->flow)
			s->key_allowed = true;
	}
}

static bool at_document(const struct yaml_scan *s, char c)
{
	return s->mark.column == 0 && yaml_at(s, 0) == c && yaml_at(s, 1) == c &&
	       yaml_at(s, 2) == c && yaml_blankz_at(s, 3);
}

static bool starts_plain(const struct yaml_scan *s, unsigned char c)
{
	if (!yaml_blankz_at(s, 0) && !memchr("-?:,[]{}#&*!|>'\"%@`", c, 19))
		return true;
	if (c == '-')
		return !yaml_blank_at(s, 1);
	return !s->flow && (c == '?' || c == ':') && !yaml_blankz_at(s, 1);
}

static err *fetch_text(struct yaml_scan *s)
{
	unsigned char c = yaml_at(s, 0);

	switch (c) {
	case '[':
		return fetch_flow_start(s, TOKEN_FLOW_SEQ_START);
	case '{':
		return fetch_flow_start(s, TOKEN_FLOW_MAP_START);
	case ']':
		return fetch_flow_end(s, TOKEN_FLOW_SEQ_END);
	case '}':
		return fetch_flow_end(s, TOKEN_FLOW_MAP_END);
	case ',':
		return fetch_flow_entry(s);
	case '*': case '&': case '!': case '\'': case '"':
		return fetch_content(s, c);
	default:
		break;
	}
	if (c == '-' && yaml_blankz_at(s, 1))
		return fetch_block_entry(s);
	if (c == '?' && (s->flow || yaml_blankz_at(s, 1)))
		return fetch_key(s);
	if (c == ':' && (s->flow || yaml_blankz_at(s, 1)))
		return fetch_value(s);
	if ((c == '|' || c == '>') && !s->flow)
		return fetch_block_scalar(s, c == '|');
	if (starts_plain(s, c))
		return fetch_content(s, c);
	return yaml_scan_error(s, s->mark, "found character that cannot start any token");
}

/* Text and, under 1.2, the comment behind it. A comment behind a colon (or a
 * comma in brackets) is that of the token before. */
static err *fetch_text_and_comment(struct yaml_scan *s)
{
	unsigned char c = yaml_at(s, 0);
	struct yaml_mark about = s->mark;

	if (s->tokens.n && c == (s->flow ? ',' : ':'))
		about = s->tokens.p[s->tokens.n - 1].start;
	TRY(fetch_text(s));
	if (s->rules != YAML_1_2 || s->tokens.p[s->tokens.n - 1].type == TOKEN_BLOCK_ENTRY)
		return NULL;
	return yaml_scan_line_comment(s, about);
}

static err *fetch_token(struct yaml_scan *s)
{
	TRY(yaml_need(s, 1));
	if (!s->started)
		return fetch_stream_start(s);
	struct yaml_mark scan = s->mark;

	TRY(skip_space(s));
	unroll_indent(s, s->mark.column, scan);
	TRY(yaml_need(s, 4));
	if (!yaml_at(s, 0))
		return fetch_stream_end(s);
	if (s->mark.column == 0 && yaml_at(s, 0) == '%')
		return fetch_directive(s);
	if (at_document(s, '-'))
		return fetch_document(s, TOKEN_DOCUMENT_START);
	if (at_document(s, '.'))
		return fetch_document(s, TOKEN_DOCUMENT_END);
	return fetch_text_and_comment(s);
}

/* Whether the head may be handed out: it must not be a possible key. Rules
 * 1.2 want two more tokens behind it, so that comments find their place. */
static err *head_ready(struct yaml_scan *s, bool *ready)
{
	int32_t behind = s->rules == YAML_1_2 ? 2 : 0;

	*ready = false;
	if (s->head >= (int32_t)s->tokens.n - behind)
		return NULL;
	const struct yaml_key_slot *slot = key_slot(s, s->parsed);

	*ready = true;
	if (!slot)
		return NULL;
	bool valid;

	TRY(key_valid(s, &s->keys.p[slot->key - 1], &valid));
	*ready = !valid;
	return NULL;
}

err *yaml_peek(struct yaml_scan *s, struct yaml_token **out)
{
	while (!s->ready) {
		bool ready;

		TRY(head_ready(s, &ready));
		if (ready)
			s->ready = true;
		else
			TRY(fetch_token(s));
	}
	*out = &s->tokens.p[s->head];
	return NULL;
}

void yaml_drop(struct yaml_scan *s)
{
	s->ready = false;
	s->parsed++;
	s->head++;
}
