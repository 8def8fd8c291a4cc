/* Tokens to events: the grammar, as a machine with a stack of states.
 *
 * Comments wait in the scanner until the parser looks at the token they
 * belong to; the next event that may have comments takes them. */
#include "value/yaml_impl.h"

enum state {
	STATE_STREAM_START,
	STATE_FIRST_DOCUMENT,
	STATE_DOCUMENT_START,
	STATE_DOCUMENT_CONTENT,
	STATE_DOCUMENT_END,
	STATE_BLOCK_NODE,
	STATE_BLOCK_SEQ_FIRST,
	STATE_BLOCK_SEQ_ENTRY,
	STATE_INDENTLESS_ENTRY,
	STATE_BLOCK_MAP_FIRST,
	STATE_BLOCK_MAP_KEY,
	STATE_BLOCK_MAP_VALUE,
	STATE_FLOW_SEQ_FIRST,
	STATE_FLOW_SEQ_ENTRY,
	STATE_FLOW_PAIR_KEY,
	STATE_FLOW_PAIR_VALUE,
	STATE_FLOW_PAIR_END,
	STATE_FLOW_MAP_FIRST,
	STATE_FLOW_MAP_KEY,
	STATE_FLOW_MAP_VALUE,
	STATE_FLOW_MAP_EMPTY_VALUE,
	STATE_END,
};

/* Parser errors tell the line of the mark; under 1.2 that of the context
 * instead, when there is one and it is not on the first line. Counted from 0,
 * unlike the scanner's. */
static __attribute__((returns_nonnull)) err *context_error(struct yaml_parse *p,
							   struct yaml_mark context,
							   const char *problem,
							   struct yaml_mark mark)
{
	int32_t line = mark.line;

	if (p->scan.rules == YAML_1_2 ? context.line : !line)
		line = context.line;
	p->scan.bad = mark;
	if (!line)
		return err_new(ERR_INVALID, "yaml: %s", problem);
	return err_new(ERR_INVALID, "yaml: line %d: %s", line, problem);
}

static err *parse_error(struct yaml_parse *p, const char *problem, struct yaml_mark mark)
{
	return context_error(p, (struct yaml_mark){ 0 }, problem, mark);
}

/* ---- comments ---------------------------------------------------------- */

static void join(struct buf *to, str more)
{
	if (to->n)
		buf_addc(to, '\n');
	buf_add(to, more);
}

/* Gather the comments up to the token. A head comment does not belong to the
 * end of a block, and waits. */
static void gather_comments(struct yaml_parse *p, const struct yaml_token *t)
{
	struct yaml_scan *s = &p->scan;

	for (; s->comments_head < s->comments.n; s->comments_head++) {
		struct yaml_comment *c = &s->comments.p[s->comments_head];

		if (t->start.index < c->token.index ||
		    (c->kind == COMMENT_HEAD && t->type == TOKEN_BLOCK_END))
			return;
		if (c->kind == COMMENT_HEAD)
			join(&p->head, c->text);
		else if (c->kind == COMMENT_FOOT)
			join(&p->foot, c->text);
		else
			join(&p->line, c->text);
		*c = (struct yaml_comment){ 0 };
	}
	s->comments.n = s->comments_head = 0;
}

/* The first `n` bytes of a comment; `skip` bytes more are dropped. */
static str cut(struct yaml_parse *p, struct buf *from, size_t n, size_t skip)
{
	str all = buf_str(from), rest = str_from(all, n + skip);
	str piece = n ? arena_str(p->scan.a, str_sub(all, 0, n)) : STR_NONE;

	if (rest.n)
		memmove(from->p, rest.p, rest.n);
	buf_trim(from, rest.n);
	return piece;
}

static void give_comments(struct yaml_parse *p, struct yaml_event *ev)
{
	ev->head = cut(p, &p->head, p->head.n, 0);
	ev->line = cut(p, &p->line, p->line.n, 0);
	ev->foot = cut(p, &p->foot, p->foot.n, 0);
	p->stem = STR_NONE;
}

static err *peek(struct yaml_parse *p, struct yaml_token **t)
{
	TRY(yaml_peek(&p->scan, t));
	gather_comments(p, *t);
	return NULL;
}

/* Take the token, and look at the one behind it. */
static err *advance(struct yaml_parse *p, struct yaml_token **t)
{
	yaml_drop(&p->scan);
	return peek(p, t);
}

/* Behind the dash of a list: if a block collection follows, the head comment
 * so far is that of the collection, not of its first entry. An error here is
 * passed over at first: the scanner goes on behind it, and may meet another
 * one, which then is the one that is told. */
static err *split_stem(struct yaml_parse *p, size_t head_n, struct yaml_token **t)
{
	err *e = peek(p, t);

	if (e) {
		err_free(p->scan.pending);
		p->scan.pending = e;
		return peek(p, t);
	}
	if ((*t)->type == TOKEN_BLOCK_SEQ_START || (*t)->type == TOKEN_BLOCK_MAP_START) {
		p->stem = cut(p, &p->head, head_n, 1);
	}
	return NULL;
}

/* ---- states ------------------------------------------------------------ */

static void push_state(struct yaml_parse *p, enum state state)
{
	vec_push(&p->states, (uint8_t)state);
}

static void pop_state(struct yaml_parse *p)
{
	p->state = p->states.p[--p->states.n];
}

static void push_mark(struct yaml_parse *p, struct yaml_mark mark)
{
	vec_push(&p->marks, mark);
}

static struct yaml_mark pop_mark(struct yaml_parse *p)
{
	return p->marks.p[--p->marks.n];
}

static err *empty_scalar(struct yaml_event *ev, struct yaml_mark mark)
{
	*ev = (struct yaml_event){
		.type = EVENT_SCALAR, .style = STYLE_PLAIN, .implicit = true, .start = mark,
	};
	return NULL;
}

/* ---- nodes ------------------------------------------------------------- */

struct props {
	str anchor, handle, suffix;
	bool tagged;
	struct yaml_mark start, tag_mark;
};

static void note_tag(struct props *props, const struct yaml_token *t)
{
	props->tagged = true;
	props->handle = t->value;
	props->suffix = t->suffix;
	props->tag_mark = t->start;
}

/* An anchor and a tag, each at most once, in either order. */
static err *take_props(struct yaml_parse *p, struct yaml_token **t, struct props *props)
{
	props->start = (*t)->start;
	if ((*t)->type == TOKEN_ANCHOR) {
		props->anchor = (*t)->value;
		TRY(advance(p, t));
		if ((*t)->type != TOKEN_TAG)
			return NULL;
		note_tag(props, *t);
		return advance(p, t);
	}
	if ((*t)->type != TOKEN_TAG)
		return NULL;
	note_tag(props, *t);
	TRY(advance(p, t));
	if ((*t)->type != TOKEN_ANCHOR)
		return NULL;
	props->anchor = (*t)->value;
	return advance(p, t);
}

static err *resolve_tag(struct yaml_parse *p, const struct props *props, str *tag)
{
	*tag = STR_NONE;
	if (!props->tagged)
		return NULL;
	if (!props->handle.n) {
		*tag = props->suffix;
		return NULL;
	}
	for (size_t i = 0; i < p->handles.n; i++) {
		if (!str_eq(p->handles.p[i].handle, props->handle))
			continue;
		*tag = arena_cat(p->scan.a, p->handles.p[i].prefix, props->suffix);
		break;
	}
	if (tag->n)
		return NULL;
	return context_error(p, props->start, "found undefined tag handle", props->tag_mark);
}

static err *scalar_event(struct yaml_parse *p, struct yaml_event *ev, const struct yaml_token *t)
{
	ev->type = EVENT_SCALAR;
	ev->style = t->style;
	ev->value = t->value;
	ev->implicit = (!ev->tag.n && t->style == STYLE_PLAIN) || str_eq(ev->tag, S("!"));
	pop_state(p);
	give_comments(p, ev);
	yaml_drop(&p->scan);
	return NULL;
}

static err *collection_event(struct yaml_parse *p, struct yaml_event *ev,
			     enum yaml_event_type type, enum node_style style, enum state state)
{
	ev->type = type;
	ev->style = style;
	p->state = state;
	if (style == STYLE_FLOW) {
		give_comments(p, ev);
	} else if (state != STATE_INDENTLESS_ENTRY && p->stem.n) {
		ev->head = p->stem;
		p->stem = STR_NONE;
	}
	return NULL;
}

enum node_place { IN_FLOW, IN_BLOCK, IN_BLOCK_OR_INDENTLESS };

static err *parse_alias(struct yaml_parse *p, struct yaml_event *ev, const struct yaml_token *t)
{
	*ev = (struct yaml_event){ .type = EVENT_ALIAS, .start = t->start, .anchor = t->value };
	pop_state(p);
	give_comments(p, ev);
	yaml_drop(&p->scan);
	return NULL;
}

static err *parse_node(struct yaml_parse *p, struct yaml_event *ev, enum node_place place)
{
	struct yaml_token *t;
	struct props props = { 0 };

	TRY(peek(p, &t));
	if (t->type == TOKEN_ALIAS)
		return parse_alias(p, ev, t);
	TRY(take_props(p, &t, &props));
	*ev = (struct yaml_event){ .start = props.start, .anchor = props.anchor };
	TRY(resolve_tag(p, &props, &ev->tag));
	if (place == IN_BLOCK_OR_INDENTLESS && t->type == TOKEN_BLOCK_ENTRY)
		return collection_event(p, ev, EVENT_SEQ_START, STYLE_BLOCK, STATE_INDENTLESS_ENTRY);
	if (t->type == TOKEN_SCALAR)
		return scalar_event(p, ev, t);
	if (t->type == TOKEN_FLOW_SEQ_START)
		return collection_event(p, ev, EVENT_SEQ_START, STYLE_FLOW, STATE_FLOW_SEQ_FIRST);
	if (t->type == TOKEN_FLOW_MAP_START)
		return collection_event(p, ev, EVENT_MAP_START, STYLE_FLOW, STATE_FLOW_MAP_FIRST);
	if (place != IN_FLOW && t->type == TOKEN_BLOCK_SEQ_START)
		return collection_event(p, ev, EVENT_SEQ_START, STYLE_BLOCK, STATE_BLOCK_SEQ_FIRST);
	if (place != IN_FLOW && t->type == TOKEN_BLOCK_MAP_START)
		return collection_event(p, ev, EVENT_MAP_START, STYLE_BLOCK, STATE_BLOCK_MAP_FIRST);
	if (ev->anchor.n || ev->tag.n) {	/* properties of nothing */
		ev->type = EVENT_SCALAR;
		ev->style = STYLE_PLAIN;
		ev->implicit = !ev->tag.n;
		pop_state(p);
		return NULL;
	}
	return context_error(p, props.start, "did not find expected node content", t->start);
}

static err *node_then(struct yaml_parse *p, struct yaml_event *ev, enum node_place place,
		      enum state then)
{
	push_state(p, then);
	return parse_node(p, ev, place);
}

static err *empty_then(struct yaml_parse *p, struct yaml_event *ev, struct yaml_mark mark,
		       enum state then)
{
	p->state = then;
	return empty_scalar(ev, mark);
}

/* ---- documents --------------------------------------------------------- */

static err *add_handle(struct yaml_parse *p, struct yaml_tag_handle new, bool again,
		       struct yaml_mark mark)
{
	for (size_t i = 0; i < p->handles.n; i++)
		if (str_eq(p->handles.p[i].handle, new.handle))
			return again ? NULL
				     : parse_error(p, "found duplicate %TAG directive", mark);
	vec_push(&p->handles, new);
	return NULL;
}

static err *take_directives(struct yaml_parse *p)
{
	bool version = false;
	struct yaml_token *t;

	TRY(peek(p, &t));
	while (t->type == TOKEN_VERSION_DIRECTIVE || t->type == TOKEN_TAG_DIRECTIVE) {
		if (t->type == TOKEN_TAG_DIRECTIVE) {
			struct yaml_tag_handle new = { t->value, t->suffix };

			TRY(add_handle(p, new, false, t->start));
		} else {
			if (version)
				return parse_error(p, "found duplicate %YAML directive", t->start);
			if (t->major != 1 || t->minor != 1)
				return parse_error(p, "found incompatible YAML document", t->start);
			version = true;
		}
		TRY(advance(p, &t));
	}
	TRY(add_handle(p, (struct yaml_tag_handle){ S("!"), S("!") }, true, t->start));
	return add_handle(p, (struct yaml_tag_handle){ S("!!"), S("tag:yaml.org,2002:") }, true,
			  t->start);
}

/* What stands above the last empty line of the first comment is about the
 * document, the rest about what follows. */
static str split_document_head(struct yaml_parse *p)
{
	for (size_t i = p->head.n; i-- > 1;) {
		if (p->head.p[i] != '\n')
			continue;
		size_t n = i == p->head.n - 1 ? i : p->head.p[i - 1] == '\n' ? i - 1 : 0;

		if (n)
			return cut(p, &p->head, n, i + 1 - n);
	}
	return STR_NONE;
}

static err *parse_stream_start(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	p->state = STATE_FIRST_DOCUMENT;
	*ev = (struct yaml_event){ .type = EVENT_STREAM_START, .start = t->start };
	yaml_drop(&p->scan);
	return NULL;
}

static bool opens_document(const struct yaml_token *t)
{
	return t->type == TOKEN_VERSION_DIRECTIVE || t->type == TOKEN_TAG_DIRECTIVE ||
	       t->type == TOKEN_DOCUMENT_START;
}

static err *parse_document_start(struct yaml_parse *p, struct yaml_event *ev, bool first)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	while (!first && t->type == TOKEN_DOCUMENT_END)
		TRY(advance(p, &t));
	*ev = (struct yaml_event){ .type = EVENT_DOCUMENT_START, .start = t->start };
	if (t->type == TOKEN_STREAM_END) {
		p->state = STATE_END;
		ev->type = EVENT_STREAM_END;
		yaml_drop(&p->scan);
		return NULL;
	}
	if (first && !opens_document(t)) {
		TRY(take_directives(p));
		push_state(p, STATE_DOCUMENT_END);
		p->state = STATE_BLOCK_NODE;
		ev->head = split_document_head(p);
		return NULL;
	}
	TRY(take_directives(p));
	TRY(peek(p, &t));
	if (t->type != TOKEN_DOCUMENT_START)
		return parse_error(p, "did not find expected <document start>", t->start);
	push_state(p, STATE_DOCUMENT_END);
	p->state = STATE_DOCUMENT_CONTENT;
	yaml_drop(&p->scan);
	return NULL;
}

static err *parse_document_content(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	if (opens_document(t) || t->type == TOKEN_DOCUMENT_END || t->type == TOKEN_STREAM_END) {
		pop_state(p);
		return empty_scalar(ev, t->start);
	}
	return parse_node(p, ev, IN_BLOCK);
}

static err *parse_document_end(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	*ev = (struct yaml_event){ .type = EVENT_DOCUMENT_END, .start = t->start };
	if (t->type == TOKEN_DOCUMENT_END)
		yaml_drop(&p->scan);
	p->handles.n = 0;
	p->state = STATE_DOCUMENT_START;
	give_comments(p, ev);
	if (ev->head.n && !ev->foot.n) {
		ev->foot = ev->head;
		ev->head = STR_NONE;
	}
	return NULL;
}

/* ---- block collections ------------------------------------------------- */

/* The first entry: go into the collection. */
static err *enter(struct yaml_parse *p)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	push_mark(p, t->start);
	yaml_drop(&p->scan);
	return NULL;
}

/* The token that closes the collection. */
static err *leave(struct yaml_parse *p, struct yaml_event *ev, enum yaml_event_type type,
		  const struct yaml_token *t, bool comments)
{
	pop_state(p);
	pop_mark(p);
	*ev = (struct yaml_event){ .type = type, .start = t->start };
	if (comments)
		give_comments(p, ev);
	yaml_drop(&p->scan);
	return NULL;
}

/* Behind the dash. */
static err *after_dash(struct yaml_parse *p, struct yaml_token **t, struct yaml_mark *mark)
{
	size_t head_n = p->head.n;

	*mark = (*t)->end;
	yaml_drop(&p->scan);
	return head_n ? split_stem(p, head_n, t) : peek(p, t);
}

static err *parse_block_seq(struct yaml_parse *p, struct yaml_event *ev, bool first)
{
	struct yaml_token *t;
	struct yaml_mark mark;

	if (first)
		TRY(enter(p));
	TRY(peek(p, &t));
	if (t->type == TOKEN_BLOCK_ENTRY) {
		TRY(after_dash(p, &t, &mark));
		if (t->type == TOKEN_BLOCK_ENTRY || t->type == TOKEN_BLOCK_END)
			return empty_then(p, ev, mark, STATE_BLOCK_SEQ_ENTRY);
		return node_then(p, ev, IN_BLOCK, STATE_BLOCK_SEQ_ENTRY);
	}
	if (t->type == TOKEN_BLOCK_END)
		return leave(p, ev, EVENT_SEQ_END, t, false);
	return context_error(p, pop_mark(p), "did not find expected '-' indicator", t->start);
}

/* A list at the column of the key it belongs to: nothing but its dashes. */
static err *parse_indentless_seq(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;
	struct yaml_mark mark;

	TRY(peek(p, &t));
	if (t->type != TOKEN_BLOCK_ENTRY) {
		pop_state(p);
		*ev = (struct yaml_event){ .type = EVENT_SEQ_END, .start = t->start };
		return NULL;
	}
	TRY(after_dash(p, &t, &mark));
	if (t->type == TOKEN_BLOCK_ENTRY || t->type == TOKEN_KEY || t->type == TOKEN_VALUE ||
	    t->type == TOKEN_BLOCK_END)
		return empty_then(p, ev, mark, STATE_INDENTLESS_ENTRY);
	return node_then(p, ev, IN_BLOCK, STATE_INDENTLESS_ENTRY);
}

/* Behind `?` or `:` in a block. */
static err *after_map_sign(struct yaml_parse *p, struct yaml_event *ev, struct yaml_token *t,
			   enum state then)
{
	struct yaml_mark mark = t->end;

	TRY(advance(p, &t));
	if (t->type == TOKEN_KEY || t->type == TOKEN_VALUE || t->type == TOKEN_BLOCK_END)
		return empty_then(p, ev, mark, then);
	return node_then(p, ev, IN_BLOCK_OR_INDENTLESS, then);
}

static err *parse_block_map_key(struct yaml_parse *p, struct yaml_event *ev, bool first)
{
	struct yaml_token *t;

	if (first)
		TRY(enter(p));
	TRY(peek(p, &t));
	if (t->type == TOKEN_KEY)
		return after_map_sign(p, ev, t, STATE_BLOCK_MAP_VALUE);
	if (t->type == TOKEN_BLOCK_END)
		return leave(p, ev, EVENT_MAP_END, t, true);
	return context_error(p, pop_mark(p), "did not find expected key", t->start);
}

static err *parse_block_map_value(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	if (t->type == TOKEN_VALUE)
		return after_map_sign(p, ev, t, STATE_BLOCK_MAP_KEY);
	return empty_then(p, ev, t->start, STATE_BLOCK_MAP_KEY);
}

/* ---- flow collections -------------------------------------------------- */

/* The comma between entries. */
static err *take_comma(struct yaml_parse *p, struct yaml_token **t, const char *problem)
{
	if ((*t)->type != TOKEN_FLOW_ENTRY)
		return context_error(p, pop_mark(p), problem, (*t)->start);
	return advance(p, t);
}

static err *parse_flow_seq(struct yaml_parse *p, struct yaml_event *ev, bool first)
{
	struct yaml_token *t;

	if (first)
		TRY(enter(p));
	TRY(peek(p, &t));
	if (t->type == TOKEN_FLOW_SEQ_END)
		return leave(p, ev, EVENT_SEQ_END, t, true);
	if (!first)
		TRY(take_comma(p, &t, "did not find expected ',' or ']'"));
	if (t->type == TOKEN_FLOW_SEQ_END)
		return leave(p, ev, EVENT_SEQ_END, t, true);
	if (t->type != TOKEN_KEY)
		return node_then(p, ev, IN_FLOW, STATE_FLOW_SEQ_ENTRY);
	*ev = (struct yaml_event){		/* a map of one pair, without braces */
		.type = EVENT_MAP_START, .style = STYLE_FLOW, .start = t->start,
	};
	p->state = STATE_FLOW_PAIR_KEY;
	yaml_drop(&p->scan);
	return NULL;
}

static err *parse_flow_pair_key(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	if (t->type != TOKEN_VALUE && t->type != TOKEN_FLOW_ENTRY && t->type != TOKEN_FLOW_SEQ_END)
		return node_then(p, ev, IN_FLOW, STATE_FLOW_PAIR_VALUE);
	struct yaml_mark mark = t->end;

	yaml_drop(&p->scan);		/* whatever it is: go-yaml loses it, too */
	return empty_then(p, ev, mark, STATE_FLOW_PAIR_VALUE);
}

static err *parse_flow_pair_value(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	struct yaml_mark mark = t->start;

	if (t->type == TOKEN_VALUE) {
		TRY(advance(p, &t));
		if (t->type != TOKEN_FLOW_ENTRY && t->type != TOKEN_FLOW_SEQ_END)
			return node_then(p, ev, IN_FLOW, STATE_FLOW_PAIR_END);
	}
	return empty_then(p, ev, mark, STATE_FLOW_PAIR_END);
}

static err *parse_flow_pair_end(struct yaml_parse *p, struct yaml_event *ev)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	p->state = STATE_FLOW_SEQ_ENTRY;
	*ev = (struct yaml_event){ .type = EVENT_MAP_END, .start = t->start };
	return NULL;
}

static err *parse_flow_map_key(struct yaml_parse *p, struct yaml_event *ev, bool first)
{
	struct yaml_token *t;

	if (first)
		TRY(enter(p));
	TRY(peek(p, &t));
	if (t->type == TOKEN_FLOW_MAP_END)
		return leave(p, ev, EVENT_MAP_END, t, true);
	if (!first)
		TRY(take_comma(p, &t, "did not find expected ',' or '}'"));
	if (t->type == TOKEN_FLOW_MAP_END)
		return leave(p, ev, EVENT_MAP_END, t, true);
	if (t->type != TOKEN_KEY)
		return node_then(p, ev, IN_FLOW, STATE_FLOW_MAP_EMPTY_VALUE);
	TRY(advance(p, &t));
	if (t->type == TOKEN_VALUE || t->type == TOKEN_FLOW_ENTRY || t->type == TOKEN_FLOW_MAP_END)
		return empty_then(p, ev, t->start, STATE_FLOW_MAP_VALUE);
	return node_then(p, ev, IN_FLOW, STATE_FLOW_MAP_VALUE);
}

static err *parse_flow_map_value(struct yaml_parse *p, struct yaml_event *ev, bool empty)
{
	struct yaml_token *t;

	TRY(peek(p, &t));
	if (!empty && t->type == TOKEN_VALUE) {
		TRY(advance(p, &t));
		if (t->type != TOKEN_FLOW_ENTRY && t->type != TOKEN_FLOW_MAP_END)
			return node_then(p, ev, IN_FLOW, STATE_FLOW_MAP_KEY);
	}
	return empty_then(p, ev, t->start, STATE_FLOW_MAP_KEY);
}

/* ---- the machine ------------------------------------------------------- */

static err *step(struct yaml_parse *p, struct yaml_event *ev)
{
	switch ((enum state)p->state) {
	case STATE_STREAM_START:
		return parse_stream_start(p, ev);
	case STATE_FIRST_DOCUMENT:
	case STATE_DOCUMENT_START:
		return parse_document_start(p, ev, p->state == STATE_FIRST_DOCUMENT);
	case STATE_DOCUMENT_CONTENT:
		return parse_document_content(p, ev);
	case STATE_DOCUMENT_END:
		return parse_document_end(p, ev);
	case STATE_BLOCK_NODE:
		return parse_node(p, ev, IN_BLOCK);
	case STATE_BLOCK_SEQ_FIRST:
	case STATE_BLOCK_SEQ_ENTRY:
		return parse_block_seq(p, ev, p->state == STATE_BLOCK_SEQ_FIRST);
	case STATE_INDENTLESS_ENTRY:
		return parse_indentless_seq(p, ev);
	case STATE_BLOCK_MAP_FIRST:
	case STATE_BLOCK_MAP_KEY:
		return parse_block_map_key(p, ev, p->state == STATE_BLOCK_MAP_FIRST);
	case STATE_BLOCK_MAP_VALUE:
		return parse_block_map_value(p, ev);
	case STATE_FLOW_SEQ_FIRST:
	case STATE_FLOW_SEQ_ENTRY:
		return parse_flow_seq(p, ev, p->state == STATE_FLOW_SEQ_FIRST);
	case STATE_FLOW_PAIR_KEY:
		return parse_flow_pair_key(p, ev);
	case STATE_FLOW_PAIR_VALUE:
		return parse_flow_pair_value(p, ev);
	case STATE_FLOW_PAIR_END:
		return parse_flow_pair_end(p, ev);
	case STATE_FLOW_MAP_FIRST:
	case STATE_FLOW_MAP_KEY:
		return parse_flow_map_key(p, ev, p->state == STATE_FLOW_MAP_FIRST);
	case STATE_FLOW_MAP_VALUE:
	case STATE_FLOW_MAP_EMPTY_VALUE:
		return parse_flow_map_value(p, ev, p->state == STATE_FLOW_MAP_EMPTY_VALUE);
	case STATE_END:
		*ev = (struct yaml_event){ .type = EVENT_STREAM_END };
		return NULL;
	}
	return NULL;
}

err *yaml_parse_next(struct yaml_parse *p, struct yaml_event *ev)
{
	TRY(step(p, ev));
	err *pending = p->scan.pending;

	p->scan.pending = NULL;
	return pending;
}

void yaml_parse_init(struct yaml_parse *p, struct arena *a, str text, enum yaml_rules rules)
{
	*p = (struct yaml_parse){
		.state = STATE_STREAM_START, .head = BUF_INIT, .line = BUF_INIT, .foot = BUF_INIT,
	};
	yaml_scan_init(&p->scan, a, text, rules);
}

void yaml_parse_release(struct yaml_parse *p)
{
	yaml_scan_release(&p->scan);
	vec_release(&p->states);
	vec_release(&p->marks);
	vec_release(&p->handles);
	buf_release(&p->head);
	buf_release(&p->line);
	buf_release(&p->foot);
}
