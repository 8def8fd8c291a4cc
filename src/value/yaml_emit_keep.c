/* Kept documents: order, styles, tags, anchors and comments as the source had
 * them, written where yaml v3 writes them.
 *
 * go-yaml's emitter gets its comments with the events of the parser and lets each
 * wait in one variable until a place for it comes by. A comment may so wander
 * to a later node, or be lost to a second one. We take the same steps in the
 * same order, with the same variables (struct emit), for the same outcome. */
#include "base/vec.h"
#include "text/number.h"
#include "value/yaml_emit_impl.h"

enum form { BLOCK_SEQ, BLOCK_MAP, FLOW_SEQ, FLOW_MAP };

/* An open list or map. Depth costs heap and not C frames. */
struct level {
	node n;
	const struct node_note *note;	/* of the list or map itself */
	enum form form;
	uint32_t next;
	int outer;		/* indent around it */
	bool is_key;		/* it is a key: its foot comment is written elsewhere */
	bool in_map;		/* it is the key or value of a pair */
	bool value;		/* the key was written, the value comes next */
	bool simple;		/* without "? " */
	bool trail;		/* the comma is written already */
	str tail;		/* foot comment of the last key: stands behind its value */
};

struct keep {
	struct emit e;
	VEC(struct level) levels;
	bool wide;
	bool encode;		/* texts that code made get the quotes of yaml v3's encoder */
	err *error;
};

/* An entry on its way out. */
struct entry {
	node n;
	const struct node_note *note;	/* may be NULL */
	bool is_key, in_map;
	/* Of a scalar: */
	char number[NUMBER_MAX];
	str text;
	unsigned found;
	enum node_style style;
	str tag;		/* to be written; of a collection, too */
};

/* The first error stays. */
static void fail(struct keep *k, err *e)
{
	if (k->error)
		err_free(e);
	else
		k->error = e;
}

static void replace(str *pending, str comment)
{
	if (comment.n)
		*pending = comment;
}

static bool is_waiting(const struct emit *e)
{
	return e->line_comment.n || e->foot.n || e->tail.n;
}

/* ---- scalars ----------------------------------------------------------- */

/* The text of a number that code made; one that was read has its own. */
static str number_text(struct entry *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (x->n.kind == NODE_FLOAT)
		return str_of(x->number, number_print_float(x->number, x->n.f, NUMBER_YAML));
	if (x->n.kind == NODE_INT)
		number_add_int(&b, x->n.i);
	else
		number_add_uint(&b, x->n.u);
	memcpy(x->number, b.p, b.n);
	return str_of(x->number, b.n);
}

static str scalar_text(struct entry *x)
{
	str s = node_str(x->n);

	if (s.n || x->n.kind == NODE_STR)
		return s;
	if (x->n.kind == NODE_BOOL)
		return x->n.b ? S("true") : S("false");
	if (node_is_num(x->n))
		return number_text(x);
	return x->n.style == STYLE_ANY ? S("null") : STR_NONE;
}

/* Where the text alone would read as another kind, quotes make a text of it,
 * and a tag anything else. */
static bool find_tag(struct entry *x, bool plain, bool encode)
{
	bool is_text = x->n.kind == NODE_STR;
	node value;

	if (x->tag.n || (is_text ? !plain : !node_str(x->n).n))
		return false;
	if (is_text && (x->n.style == STYLE_PLAIN || encode) && str_eq(x->text, S("<<"))) {
		x->tag = S("!!merge");
		return false;
	}
	str tag = yaml_kind_tag((enum node_kind)x->n.kind);

	if (str_eq(tag, yaml_kind_tag(yaml_plain(x->text, YAML_1_2, true, &value))))
		return false;
	if (!is_text)
		x->tag = tag;
	return is_text;
}

/* Text, style and tag of a scalar. */
static void prepare_scalar(struct keep *k, struct entry *x)
{
	bool plain = x->n.style == STYLE_PLAIN || x->n.style == STYLE_ANY;

	x->text = scalar_text(x);
	x->found = yaml_emit_scan(x->text);
	bool quote = find_tag(x, plain, k->encode);

	if (k->encode && x->n.kind == NODE_STR && x->n.style == STYLE_ANY && !x->tag.n)
		quote = quote || yaml_emit_old_bool(x->text) || yaml_emit_base60(x->text);

	if (!plain)
		x->style = (enum node_style)x->n.style;
	else if (x->found & EMIT_NEWLINE)
		x->style = STYLE_LITERAL;
	else
		x->style = quote ? STYLE_DOUBLE : STYLE_PLAIN;
	if (x->found & EMIT_NOT_UTF8)
		fail(k, str_eq(x->tag, S("!!binary")) ?
			err_new(ERR_INVALID,
				"yaml: explicitly tagged !!binary data must be base64-encoded") :
			err_new(ERR_INVALID, "yaml: cannot marshal invalid UTF-8 data as %.*s",
				STR_ARG(x->tag.n ? x->tag : S("!!str"))));
}

/* ---- anchors and tags -------------------------------------------------- */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

static err *check_anchor(str name, const char *what)
{
	if (!name.n)
		return err_new(ERR_INVALID, "yaml: %s value must not be empty", what);
	for (size_t i = 0; i < name.n; i++)
		if (!is_word(name.p[i]))
			return err_new(ERR_INVALID, "yaml: %s value must contain alphanumerical "
				       "characters only", what);
	return NULL;
}

static void write_anchor(struct keep *k, str sign, str name)
{
	err *e = check_anchor(name, sign.p[0] == '*' ? "alias" : "anchor");

	if (e)
		fail(k, e);
	yaml_emit_sign(&k->e, sign, true);
	yaml_emit_sign(&k->e, name, false);
}

static void write_tag_content(struct keep *k, str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_word(s.p[i]) || (c && strchr(";/?:@&=+$,_.~*'()[]", c)))
			buf_addc(k->e.b, s.p[i]);
		else
			buf_bytes(k->e.b, (const char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
}

static void write_tag(struct keep *k, str tag)
{
	if (!str_take_str(&tag, S("!!")) && !str_take_str(&tag, S("tag:yaml.org,2002:"))) {
		if (str_take(&tag, '!')) {
			yaml_emit_sign(&k->e, S("!"), true);
			write_tag_content(k, tag);
			return;
		}
		yaml_emit_sign(&k->e, S("!<"), true);
		write_tag_content(k, tag);
		yaml_emit_sign(&k->e, S(">"), false);
		return;
	}
	yaml_emit_sign(&k->e, S("!!"), true);
	write_tag_content(k, tag);
}

static void write_properties(struct keep *k, const struct entry *x)
{
	if (x->note && x->note->anchor.n)
		write_anchor(k, S("&"), x->note->anchor);
	if (x->tag.n)
		write_tag(k, x->tag);
}

/* ---- entries ----------------------------------------------------------- */

static bool is_collection(node n)
{
	return n.kind == NODE_SEQ || n.kind == NODE_MAP;
}

/* Make an entry ready, and put its comments in wait. */
static void take_entry(struct keep *k, struct entry *x)
{
	struct emit *e = &k->e;
	node n = x->n;

	if (x->note) {
		replace(&e->head, x->note->head);
		if (!is_collection(n)) {
			replace(&e->line_comment, x->note->line);
			if (!x->is_key)
				replace(&e->foot, x->note->foot);
		}
		x->tag = x->note->tag;
	}
	if (n.kind == NODE_OBJECT)
		fail(k, err_new(ERR_INTERNAL, "yaml: cannot encode node with unknown kind"));
	else if (!is_collection(n) && n.kind != NODE_ALIAS)
		prepare_scalar(k, x);
}

static bool is_simple_key(const struct entry *x)
{
	size_t n = (x->note ? x->note->anchor.n : 0) + x->tag.n;

	if (x->n.kind == NODE_ALIAS)
		return x->n.anchor->name.n <= EMIT_KEY_MAX;
	if (is_collection(x->n))
		return !node_len(x->n) && n <= EMIT_KEY_MAX;
	return yaml_emit_simple(n + x->text.n, x->found);
}

static void open_level(struct keep *k, const struct entry *x)
{
	bool flow = k->e.flow > 0 || x->n.style == STYLE_FLOW || !node_len(x->n);
	struct level l = {
		.n = x->n, .note = x->note, .outer = k->e.indent,
		.is_key = x->is_key, .in_map = x->in_map,
		.form = x->n.kind == NODE_SEQ ? (flow ? FLOW_SEQ : BLOCK_SEQ)
					      : (flow ? FLOW_MAP : BLOCK_MAP),
	};

	if (k->levels.n == EMIT_DEPTH_MAX)
		fail(k, err_new(ERR_INVALID, "yaml: exceeded max depth of %d", EMIT_DEPTH_MAX));
	vec_push(&k->levels, l);
}

/* Of a list or map only what stands before its entries. May move the levels. */
static void write_entry(struct keep *k, struct entry *x, bool key)
{
	k->e.key = key;
	if (x->n.kind == NODE_ALIAS) {
		write_anchor(k, S("*"), x->n.anchor->name);
		return;
	}
	write_properties(k, x);
	if (is_collection(x->n))
		open_level(k, x);
	else
		yaml_emit_scalar(&k->e, x->text, x->found, x->style);
	k->e.key = false;
}

static void write_after(struct keep *k)
{
	yaml_emit_line_comment(&k->e);
	yaml_emit_foot_comment(&k->e);
}

/* The same inside flow style, where a comment must have its comma before it. */
static void write_after_flow(struct keep *k)
{
	if (is_waiting(&k->e))
		yaml_emit_sign(&k->e, S(","), false);
	write_after(k);
}

static void take_item(struct keep *k, struct level *l, struct entry *x)
{
	size_t i = l->next++;

	*x = (struct entry){ .n = l->n.seq->items[i], .note = node_note(l->n, i) };
	take_entry(k, x);
}

/* The foot comment of a key stands behind its value: before the next key,
 * unless that is a list or an alias, or at the end. */
static void take_key(struct keep *k, struct level *l, struct entry *x)
{
	*x = (struct entry){
		.n = l->n.map->pairs[l->next].key, .note = node_note(l->n, 2 * (size_t)l->next),
		.is_key = true, .in_map = true,
	};
	take_entry(k, x);
	if (x->n.kind != NODE_SEQ && x->n.kind != NODE_ALIAS)
		replace(&k->e.tail, l->tail);
	l->tail = x->note ? x->note->foot : STR_NONE;
	l->value = true;
	l->simple = is_simple_key(x);
}

static void take_value(struct keep *k, struct level *l, struct entry *x)
{
	size_t i = l->next++;

	*x = (struct entry){
		.n = l->n.map->pairs[i].value, .note = node_note(l->n, 2 * i + 1), .in_map = true,
	};
	take_entry(k, x);
	l->value = false;
}

/* The comments that come with the end of a list or map. */
static void take_end(struct keep *k, const struct level *l)
{
	replace(&k->e.tail, l->tail);
	if (!l->note)
		return;
	replace(&k->e.line_comment, l->note->line);
	if (!l->is_key)
		replace(&k->e.foot, l->note->foot);
}

static void close_level(struct keep *k)
{
	k->e.indent = k->levels.p[--k->levels.n].outer;
}

/* ---- block style ------------------------------------------------------- */

/* Of the innermost level, as it is opened. */
static void increase_indent(struct keep *k, bool flow)
{
	struct emit *e = &k->e;
	bool in_item = k->levels.n > 1 && k->levels.p[k->levels.n - 2].form == BLOCK_SEQ;

	e->indent = e->indent < 0 ? (flow ? e->step : 0) : emit_deeper(e, in_item);
}

static void open_block_seq(struct keep *k, const struct level *l)
{
	struct emit *e = &k->e;
	bool compact = !k->wide && l->in_map && (emit_column(e) == 0 || !e->fresh);

	if (e->indent < 0 || !compact)
		increase_indent(k, false);
}

static void step_block_seq(struct keep *k, struct level *l)
{
	struct emit *e = &k->e;

	if (l->next == l->n.seq->n) {
		take_end(k, l);
		close_level(k);
		return;
	}
	bool first = l->next == 0;
	struct entry x;

	take_item(k, l, &x);

	if (first)
		open_block_seq(k, l);
	yaml_emit_head_comment(e);
	yaml_emit_indent(e);
	yaml_emit_mark(e, '-');
	e->in_item = true;
	write_entry(k, &x, false);
	e->in_item = false;
	write_after(k);
}

/* A key's line comment stands behind the value, if that has none; behind the
 * colon, if the value is a block. */
static void place_key_comment(struct emit *e, node value)
{
	if (!e->key_line_comment.n)
		return;
	if (!is_collection(value)) {
		if (value.kind != NODE_ALIAS && !e->line_comment.n) {
			e->line_comment = e->key_line_comment;
			e->key_line_comment = STR_NONE;
		}
		return;
	}
	if (value.style == STYLE_FLOW)
		return;
	str line = e->line_comment;

	e->line_comment = e->key_line_comment;
	yaml_emit_line_comment(e);
	e->line_comment = line;
	e->key_line_comment = STR_NONE;
}

static void step_block_value(struct keep *k, struct level *l)
{
	struct emit *e = &k->e;
	struct entry x;

	take_value(k, l, &x);

	if (l->simple) {
		yaml_emit_sign(e, S(":"), false);
	} else {
		yaml_emit_indent(e);
		yaml_emit_mark(e, ':');
	}
	place_key_comment(e, x.n);
	write_entry(k, &x, false);
	write_after(k);
}

static void step_block_map(struct keep *k, struct level *l)
{
	struct emit *e = &k->e;

	if (l->value) {
		step_block_value(k, l);
		return;
	}
	if (l->next == l->n.map->n) {
		take_end(k, l);
		yaml_emit_head_comment(e);
		close_level(k);
		return;
	}
	struct entry x;

	take_key(k, l, &x);

	if (l->next == 0)
		increase_indent(k, false);
	yaml_emit_head_comment(e);
	yaml_emit_indent(e);
	if (e->line_comment.n) {
		e->key_line_comment = e->line_comment;
		e->line_comment = STR_NONE;
	}
	if (!l->simple)
		yaml_emit_mark(e, '?');
	write_entry(k, &x, l->simple);
}

/* ---- flow style -------------------------------------------------------- */

static void open_flow(struct keep *k, str sign)
{
	struct emit *e = &k->e;

	yaml_emit_sign(e, sign, true);
	e->blank = true;
	increase_indent(k, true);
	e->flow++;
}

static void close_flow(struct keep *k, str sign, bool align)
{
	k->e.flow--;
	close_level(k);
	if (align && emit_column(&k->e) == 0)
		yaml_emit_indent(&k->e);
	yaml_emit_sign(&k->e, sign, false);
	write_after(k);
}

/* The comma before an entry, unless it was written already, and its comment. */
static void begin_flow_entry(struct emit *e, bool comma)
{
	if (comma)
		yaml_emit_sign(e, S(","), false);
	yaml_emit_head_comment(e);
	if (emit_column(e) == 0)
		yaml_emit_indent(e);
}

static void step_flow_seq(struct keep *k, struct level *l)
{
	struct emit *e = &k->e;
	bool first = l->next == 0;

	if (l->next == l->n.seq->n) {
		take_end(k, l);
		if (first)
			open_flow(k, S("["));
		close_flow(k, S("]"), true);
		return;
	}
	struct entry x;

	take_item(k, l, &x);

	if (first)
		open_flow(k, S("["));
	begin_flow_entry(e, !first && !l->trail);
	l->trail = is_waiting(e);
	write_entry(k, &x, false);
	write_after_flow(k);
}

static void step_flow_value(struct keep *k, struct level *l)
{
	struct emit *e = &k->e;
	struct entry x;

	take_value(k, l, &x);

	yaml_emit_sign(e, S(":"), !l->simple);
	l->trail = is_waiting(e);
	write_entry(k, &x, false);
	write_after_flow(k);
}

static void step_flow_map(struct keep *k, struct level *l)
{
	struct emit *e = &k->e;
	bool first = l->next == 0;

	if (l->value) {
		step_flow_value(k, l);
		return;
	}
	if (l->next == l->n.map->n) {
		take_end(k, l);
		if (first)
			open_flow(k, S("{"));
		if ((e->head.n || e->foot.n || e->tail.n) && !first && !l->trail)
			yaml_emit_sign(e, S(","), false);
		yaml_emit_head_comment(e);
		close_flow(k, S("}"), false);
		return;
	}
	struct entry x;

	take_key(k, l, &x);

	if (first)
		open_flow(k, S("{"));
	begin_flow_entry(e, !first && !l->trail);
	if (!l->simple)
		yaml_emit_sign(e, S("?"), true);
	write_entry(k, &x, l->simple);
}

/* ---- documents --------------------------------------------------------- */

static void step(struct keep *k)
{
	struct level *l = &k->levels.p[k->levels.n - 1];

	switch (l->form) {
	case BLOCK_SEQ:
		step_block_seq(k, l);
		break;
	case BLOCK_MAP:
		step_block_map(k, l);
		break;
	case FLOW_SEQ:
		step_flow_seq(k, l);
		break;
	case FLOW_MAP:
		step_flow_map(k, l);
		break;
	}
}

static void write_doc(struct keep *k, const struct yaml_doc *doc)
{
	struct emit *e = &k->e;

	if (doc->head.n) {
		e->head = doc->head;
		yaml_emit_head_comment(e);
		yaml_emit_break(e);
	}
	struct entry x = { .n = doc->root, .note = doc->note };

	take_entry(k, &x);
	yaml_emit_head_comment(e);
	write_entry(k, &x, false);
	write_after(k);
	while (k->levels.n && !k->error && !e->b->full)
		step(k);
	replace(&e->foot, doc->foot);
	e->foot_indent = 0;	/* a blank line before it */
	yaml_emit_foot_comment(e);
	e->foot_indent = -1;
	yaml_emit_indent(e);
}

err *yaml_emit_keep(struct buf *b, const struct yaml_doc *doc, bool v3)
{
	size_t start = b->n;
	struct keep k = {
		.e = { .b = b, .line = start, .width = SIZE_MAX, .indent = -1,
		       .step = v3 ? 4 : 2, .foot_indent = -1, .blank = true, .fresh = true },
		.wide = v3 || doc->wide, .encode = v3,
	};

	write_doc(&k, doc);
	vec_release(&k.levels);
	if (!k.error)
		k.error = buf_check(b, "YAML");
	if (k.error)
		buf_trim(b, start);
	return k.error;
}
