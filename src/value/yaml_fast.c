/* The fast reader: block YAML, line by line, straight into the tree.
 *
 * What real files are made of: maps and lists by indentation, scalars, block
 * texts, comments, documents between `---`. A line tells by its column which
 * open collections it ends, and by its first bytes what it is. Whatever is
 * not plainly one of these cases, right or wrong, makes us give up. */
#include "value/yaml_fast_impl.h"

/* ---- the text as a whole ----------------------------------------------- */

/* A rune of more than one byte that is allowed, and neither a break nor a
 * byte order mark. Gives its width, or 0. */
static size_t ordinary_rune(const unsigned char *p, const unsigned char *end)
{
	size_t left = (size_t)(end - p);

	if (left > 1 && p[0] >= 0xc2 && p[0] <= 0xdf)
		return (p[1] & 0xc0) == 0x80 && (p[0] > 0xc2 || p[1] >= 0xa0) ? 2 : 0;
	if (left > 2 && p[0] >= 0xe0 && p[0] <= 0xef) {
		uint32_t rune = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);

		if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || rune < 0x800 ||
		    (rune >= 0xd800 && rune <= 0xdfff) || rune == 0x2028 || rune == 0x2029 ||
		    rune == 0xfeff || rune > 0xfffd)
			return 0;
		return 3;
	}
	if (left > 3 && p[0] >= 0xf0 && p[0] <= 0xf4) {
		uint32_t high = (p[0] & 7u) << 6 | (p[1] & 0x3fu);	/* without 12 bits */

		return (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80 &&
		       high >= 0x10 && high <= 0x10f ? 4 : 0;
	}
	return 0;
}

/* Tabs, line feeds and printable ASCII all through. */
static bool is_ascii_block(const unsigned char *p, size_t n)
{
	unsigned char wrong = 0;	/* no branches: the compiler makes vectors of it */

	for (size_t i = 0; i < n; i++)
		wrong |= (unsigned char)((unsigned char)((unsigned char)(p[i] - 0x20) > 0x5e) &
					 (unsigned char)(p[i] != '\n') &
					 (unsigned char)(p[i] != '\t'));
	return !wrong;
}

/* Valid UTF-8 of ordinary characters, with no breaks but line feeds. Gives
 * where it ends: at `to`, or behind the rune there; NULL when it is not so. */
static const char *ordinary(const char *from, const char *to, const char *end)
{
	enum { BLOCK = 64 };
	const unsigned char *p = (const unsigned char *)from, *stop = (const unsigned char *)to;

	while (p < stop) {
		size_t n = (size_t)(stop - p) < BLOCK ? (size_t)(stop - p) : BLOCK;

		if (n == BLOCK ? is_ascii_block(p, BLOCK) : is_ascii_block(p, n)) {
			p += n;
			continue;
		}
		for (const unsigned char *block = p + n; p < block;) {
			size_t width = is_ascii_block(p, 1)
					       ? 1 : ordinary_rune(p, (const unsigned char *)end);

			if (!width)
				return NULL;
			p += width;
		}
	}
	return (const char *)p;
}

/* The text is checked a little behind where it is read, while the processor
 * still has it at hand. */
static bool check_up_to(struct fast *f, const char *to)
{
	if (to <= f->checked || f->broken)
		return !f->broken;
	const char *p = ordinary(f->checked, to, f->end);

	f->broken = !p;
	f->checked = p;
	return p;
}

/* Nothing may look like a rune that goes on behind the end. */
static bool ends_whole(str text)
{
	for (size_t i = 1; i <= 3 && i <= text.n; i++) {
		unsigned char c = (unsigned char)text.p[text.n - i];

		if (c >= 0xc0)
			return (size_t)yaml_width(c) <= i;
	}
	return true;
}

/* ---- collections ------------------------------------------------------- */

bool fast_open(struct fast *f, enum fast_kind kind, int32_t indent, const char *at)
{
	if (f->levels.n >= YAML_DEPTH_MAX)
		return false;
	vec_push(&f->levels, (struct fast_level){ .kind = kind, .indent = indent, .at = at,
						  .first = (uint32_t)f->values.n });
	return true;
}

/* Equal keys are errors, but under 1.1 when not strict. */
static bool make_map(struct fast *f, const node *entries, size_t n, node *out)
{
	_Static_assert(sizeof(struct node_pair) == 2 * sizeof(node), "a pair is two nodes");
	*out = node_map_of(f->a, (const struct node_pair *)entries, n);
	return out->map->n == n || (f->o->rules == YAML_1_1 && !f->o->strict);
}

bool fast_close(struct fast *f)
{
	struct fast_level l = f->levels.p[f->levels.n - 1];
	node n;

	if (l.pending)
		fast_give(f, node_null(), l.pending);
	size_t count = f->values.n - l.first;
	const node *entries = count ? f->values.p + l.first : NULL;

	f->nodes += count;
	if (f->nodes > f->max_nodes || !arena_fits(f->a, count * sizeof *entries))
		return false;
	if (l.kind == FAST_SEQ || l.kind == FAST_FLOW_SEQ)
		n = node_seq_of(f->a, entries, count);
	else if (!make_map(f, entries, count / 2, &n))
		return false;
	if (f->o->flow && l.kind >= FAST_FLOW_SEQ)
		n.style = STYLE_FLOW;
	f->values.n = l.first;
	f->levels.n--;
	fast_give(f, n, l.at);
	return true;
}

/* ---- lines ------------------------------------------------------------- */

static bool is_dash(const struct fast *f, const char *p)
{
	return *p == '-' && fast_is_blankz(f, p + 1);
}

/* The rest of a line behind a value: nothing, or a comment. */
static bool end_line(struct fast *f, const char *p)
{
	const char *q = p;

	while (q < f->end && (*q == ' ' || *q == '\t'))
		q++;
	if (!fast_is_eol(f, q) && (*q != '#' || q == p))
		return false;
	f->p = fast_next_line(f, q);
	return true;
}

enum fast_stop fast_plain_end(const struct fast *f, const char *p, const char **out)
{
	static const bool special[256] = { ['\n'] = true, [':'] = true, ['#'] = true };
	enum fast_stop stop = FAST_EOL;
	const char *q = p;

	for (;; q++) {
		while (q < f->end && !special[(unsigned char)*q])
			q++;
		if (fast_is_eol(f, q))
			break;
		if (*q == ':' && fast_is_blankz(f, q + 1)) {
			stop = FAST_COLON;
			break;
		}
		if (*q == '#' && q > p && (q[-1] == ' ' || q[-1] == '\t')) {
			stop = FAST_COMMENT;
			break;
		}
	}
	while (q > p && (q[-1] == ' ' || q[-1] == '\t'))
		q--;
	*out = q;
	return stop;
}

static bool starts_plain(const struct fast *f, const char *p)
{
	static const bool special[256] = {
		['?'] = true, [':'] = true, [','] = true, ['['] = true, [']'] = true, ['{'] = true,
		['}'] = true, ['#'] = true, ['&'] = true, ['*'] = true, ['!'] = true, ['|'] = true,
		['>'] = true, ['\''] = true, ['"'] = true, ['%'] = true, ['@'] = true, ['`'] = true,
		['\t'] = true,
	};

	if (*p == '-')
		return !fast_is_blankz(f, p + 1);
	return !special[(unsigned char)*p];
}

/* Whether a plain scalar goes on below: the next line with text stands
 * further in than the block, and is no comment. */
static bool goes_on(struct fast *f, const char *eol)
{
	int32_t indent = fast_top(f) ? fast_top(f)->indent : -1;
	const char *line = eol;

	while (line < f->end) {
		const char *p = fast_skip_spaces(f, ++line);

		f->ahead_line = line;
		f->ahead = p;
		if (p == f->end)
			return false;
		if (*p != '\n')
			return p - line > indent && *p != '#';
		line = p;
	}
	return false;
}

/* A plain scalar that is known up to `end` on this line. */
static bool plain_value(struct fast *f, const char *p, const char *end, enum fast_stop stop)
{
	str text = { p, (size_t)(end - p) };
	const char *eol = end;
	node n;

	while (!fast_is_eol(f, eol))
		eol++;
	if (stop == FAST_EOL && goes_on(f, eol)) {
		if (!fast_folded_plain(f, p, end, &text))
			return false;
	} else {
		f->p = eol < f->end ? eol + 1 : eol;
	}
	if (!fast_plain(f, text, &n))
		return false;
	fast_give(f, n, p);
	return true;
}

static bool value(struct fast *f, const char *p)
{
	const char *at = p, *end;
	str text;

	switch (*p) {
	case '|': case '>':
		return fast_block(f, p);
	case '[': case '{':
		return fast_flow(f, &p) && end_line(f, p);
	case '\'': case '"':
		if (!fast_quoted(f, &p, &text) || !end_line(f, p))
			return false;
		fast_give(f, node_from_str(f->a, text), at);
		return true;
	default:
		break;
	}
	if (!starts_plain(f, p))
		return false;
	enum fast_stop stop = fast_plain_end(f, p, &end);

	return stop != FAST_COLON && plain_value(f, p, end, stop);
}

/* ---- pairs and entries ------------------------------------------------- */

enum { KEY_MAX = 1000 };	/* bytes; go-yaml: 1024 runes up to the colon */

/* Behind the colon of a key, or the dash of an entry: a value, or nothing
 * yet. */
static bool after_key(struct fast *f, const char *colon)
{
	const char *p = fast_skip_spaces(f, colon + 1);

	fast_top(f)->pending = colon + 1;
	if (fast_is_eol(f, p) || *p == '#') {
		f->p = fast_next_line(f, p);
		return true;
	}
	return !is_dash(f, p) && value(f, p);
}

/* Words that nearly every object has for keys. They are looked for again and again
 * when many objects are worked on: one copy stays in the processor's cache, where
 * a copy for each object, in the middle of its text, does not. */
static str common_key(str text)
{
	static const str words[][4] = {
		[4] = { S("kind"), S("name"), S("spec"), S("data") },
		[5] = { S("image") },
		[6] = { S("labels"), S("status") },
		[8] = { S("metadata"), S("selector"), S("template") },
		[9] = { S("namespace") },
		[10] = { S("apiVersion"), S("containers") },
		[11] = { S("annotations"), S("matchLabels") },
	};

	if (text.n < sizeof words / sizeof *words)
		for (size_t i = 0; i < 4; i++)
			if (str_eq(text, words[text.n][i]))
				return words[text.n][i];
	return text;
}

/* Keys that are not texts are left to the full reader. */
static bool give_key(struct fast *f, str text, const char *at, bool plain)
{
	node n, unused;

	if (plain && (yaml_plain(text, f->o->rules, true, &unused) != NODE_STR ||
		      str_eq(text, S("<<"))))
		return false;
	n = node_from_str(f->a, common_key(text));
	n.place = fast_place(f, at);
	vec_push(&f->values, n);
	return true;
}

/* A scalar at the beginning of a line or behind a dash. With a colon behind
 * it, it is a key: of a new map at its column, unless `in_map`. */
static bool scalar_or_pair(struct fast *f, const char *p, int32_t column, bool in_map)
{
	const char *at = p, *end;
	bool quoted = *p == '"' || *p == '\'';
	str text;

	if (quoted) {
		if (!fast_quoted(f, &p, &text))
			return false;
		end = fast_skip_spaces(f, p);
		if (end == f->end || *end != ':' || !fast_is_blankz(f, end + 1)) {
			if (in_map || !end_line(f, p))
				return false;
			fast_give(f, node_from_str(f->a, text), at);
			return true;
		}
		if (memchr(at, '\n', (size_t)(end - at)))
			return false;
	} else {
		enum fast_stop stop = fast_plain_end(f, p, &end);

		if (stop != FAST_COLON)
			return !in_map && plain_value(f, p, end, stop);
		text = (str){ p, (size_t)(end - p) };
		while (*end != ':')
			end++;
	}
	if (end - at > KEY_MAX || (!in_map && !fast_open(f, FAST_MAP, column, at)))
		return false;
	return give_key(f, text, at, !quoted) && after_key(f, end);
}

static bool begin_node(struct fast *f, const char *p, int32_t column)
{
	/* each turn opens a list in a list: "- - x" */
	while (is_dash(f, p)) {
		if (!fast_open(f, FAST_SEQ, column, p))
			return false;
		const char *q = fast_skip_spaces(f, p + 1);

		fast_top(f)->pending = p + 1;
		if (fast_is_eol(f, q) || *q == '#') {
			f->p = fast_next_line(f, q);
			return true;
		}
		column += (int32_t)(q - p);
		p = q;
	}
	if (*p == '"' || *p == '\'' || starts_plain(f, p))
		return scalar_or_pair(f, p, column, false);
	return value(f, p);
}

/* The next entry of the innermost list. */
static bool entry(struct fast *f, const char *p, int32_t column)
{
	const char *q = fast_skip_spaces(f, p + 1);

	fast_top(f)->pending = p + 1;
	if (fast_is_eol(f, q) || *q == '#') {
		f->p = fast_next_line(f, q);
		return true;
	}
	return begin_node(f, q, column + (int32_t)(q - p));
}

/* The value of the innermost key or dash stands on a line of its own. Sets
 * `*done` when this line is it. */
static bool pending_value(struct fast *f, const char *p, int32_t column, bool *done)
{
	struct fast_level *top = fast_top(f);

	*done = true;
	if (column > top->indent)
		return begin_node(f, p, column);
	if (column == top->indent && top->kind == FAST_MAP && is_dash(f, p)) {
		if (!fast_open(f, FAST_SEQ, column, p))
			return false;
		fast_top(f)->indentless = true;
		return entry(f, p, column);
	}
	fast_give(f, node_null(), top->pending);
	*done = false;
	return true;
}

static bool line(struct fast *f, const char *p, int32_t column)
{
	struct fast_level *top = fast_top(f);
	bool done;

	if (!top)
		return !f->values.n && begin_node(f, p, column);
	if (top->pending) {
		if (!pending_value(f, p, column, &done))
			return false;
		if (done)
			return true;
	}
	while (top && (top->indent > column ||
		       (top->indent == column && top->indentless && !is_dash(f, p)))) {
		if (!fast_close(f))
			return false;
		top = fast_top(f);
	}
	if (!top || top->indent != column)
		return false;
	if (is_dash(f, p)) {
		if (top->kind != FAST_SEQ)
			return false;
		top->pending = p + 1;
		return entry(f, p, column);
	}
	return top->kind == FAST_MAP && (*p == '"' || *p == '\'' || starts_plain(f, p)) &&
	       scalar_or_pair(f, p, column, true);
}

/* ---- documents --------------------------------------------------------- */

static bool is_marker(const struct fast *f, const char *p, char c)
{
	return f->end - p >= 3 && p[0] == c && p[1] == c && p[2] == c && fast_is_blankz(f, p + 3);
}

/* The lines up to the next marker or the end of the text. `*any` tells whether there was
 * anything but comments. */
static bool lines(struct fast *f, bool *any)
{
	enum { CHECK_EVERY = 16384 };

	*any = false;
	while (f->p < f->end) {
		if (f->p - f->checked > CHECK_EVERY && !check_up_to(f, f->p))
			return false;
		const char *p = f->p == f->ahead_line ? f->ahead : fast_skip_spaces(f, f->p);

		if (fast_is_eol(f, p) || *p == '#') {
			f->p = fast_next_line(f, p);
			continue;
		}
		if (p == f->p && is_marker(f, p, '-'))
			return true;
		if (*p == '\t' || (p == f->p && (*p == '%' || is_marker(f, p, '.'))))
			return false;
		*any = true;
		if (!line(f, p, (int32_t)(p - f->p)))
			return false;
	}
	return true;
}

static bool document(struct fast *f, bool *found, node *root)
{
	bool any, marked = f->p < f->end && is_marker(f, f->p, '-');

	f->values.n = f->levels.n = 0;
	if (marked && !end_line(f, f->p + 3))
		return false;
	if (!lines(f, &any))
		return false;
	if (!any && !marked && f->p < f->end) {		/* comments before the first one */
		if (!end_line(f, f->p + 3) || !lines(f, &any))
			return false;
		marked = true;
	}
	while (f->levels.n)
		if (!fast_close(f))
			return false;
	if (!check_up_to(f, f->p))
		return false;
	if (!any)
		fast_give(f, node_null(), f->p);
	*found = any || marked;
	*root = f->values.p[0];
	return true;
}

bool yaml_fast_read(struct yaml_fast *fast, bool *found, node *root)
{
	struct fast *f = fast->f;
	struct arena_mark mark = arena_mark(f->a);
	const char *start = f->p;

	if (document(f, found, root))
		return true;
	arena_rewind(f->a, mark);
	f->p = start;
	return false;
}

bool yaml_fast_check_ahead(struct yaml_fast *fast, size_t n)
{
	struct fast *f = fast->f;

	return check_up_to(f, (size_t)(f->end - f->p) < n ? f->end : f->p + n);
}

size_t yaml_fast_pos(const struct yaml_fast *fast)
{
	return (size_t)(fast->f->p - fast->f->text);
}

void yaml_fast_goto(struct yaml_fast *fast, size_t pos)
{
	fast->f->p = fast->f->text + pos;
}

bool yaml_fast_init(struct yaml_fast *fast, struct arena *a, str text,
		    const struct yaml_options *o)
{
	fast->f = NULL;
	if (o->keep || !text.n || !ends_whole(text))
		return false;
	struct fast *f = mem_calloc(1, sizeof *f);

	*f = (struct fast){
		.a = a, .o = o, .text = text.p, .end = text.p + text.n, .p = text.p,
		.checked = text.p,
		.max_nodes = o->max_nodes ? o->max_nodes : YAML_NODES_MAX, .folded = BUF_INIT,
	};
	yaml_scan_init(&f->scan, a, text, o->rules);
	f->scan.decoded = INT32_MAX;
	fast->f = f;
	return true;
}

void yaml_fast_base(struct yaml_fast *fast, uint32_t base)
{
	fast->f->base = base;
}

void yaml_fast_release(struct yaml_fast *fast)
{
	if (!fast->f)
		return;
	vec_release(&fast->f->levels);
	vec_release(&fast->f->values);
	vec_release(&fast->f->lines);
	yaml_scan_release(&fast->f->scan);
	buf_release(&fast->f->folded);
	free(fast->f);
	fast->f = NULL;
}
