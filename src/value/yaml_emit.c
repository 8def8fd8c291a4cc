#include <math.h>

#include "base/vec.h"
#include "text/base64.h"
#include "text/number.h"
#include "value/json.h"
#include "value/keyorder.h"
#include "value/yaml_emit_impl.h"

/* An open list or map. Depth costs heap and not C frames. */
struct level {
	const node *items;		/* of a list */
	const struct node_pair *pairs;	/* of a map, in order */
	uint32_t n, next;
	int indent;
	struct arena_mark mark;		/* before the ordered pairs */
};

struct walk {
	struct emit e;
	struct arena a;			/* ordered pairs, and texts in base64 */
	VEC(struct level) levels;
	bool v3;
	bool ordered;		/* pairs stay as they are */
	bool wide;		/* lists stand indented below their key */
	bool json;		/* texts must survive the way through JSON text ... */
	bool detour;		/* ... and one does not, or may not: it has to be gone */
	err *error;
};

/* Keys that are at most this long in JSON text are short enough for YAML to
 * find their ':', however many of their bytes are escaped. */
enum { JSON_KEY_MAX = 160 };

/* ---- scalars ----------------------------------------------------------- */

static bool looks_other(const struct walk *w, str s)
{
	static const bool hints[256] = {
		['+'] = true, ['-'] = true, ['.'] = true, ['~'] = true, ['0' ... '9'] = true,
		['y'] = true, ['Y'] = true, ['n'] = true, ['N'] = true, ['t'] = true, ['T'] = true,
		['f'] = true, ['F'] = true, ['o'] = true, ['O'] = true,
	};

	if (!s.n)
		return true;
	if (!hints[(unsigned char)s.p[0]])
		return false;
	node value;

	return yaml_plain(s, w->v3 ? YAML_1_2 : YAML_1_1, true, &value) != NODE_STR ||
	       yaml_emit_base60(s) || (w->v3 && yaml_emit_old_bool(s));
}

/* In lines of 70 letters, as go-yaml breaks it. */
static str binary_text(struct walk *w, str bytes)
{
	enum { LINE = 70 };
	CLEANUP(buf_release) struct buf letters = BUF_INIT, lines = BUF_INIT;

	base64_write(&letters, bytes, BASE64_STD);
	if (letters.n < LINE)
		return arena_str(&w->a, buf_str(&letters));
	for (size_t i = 0; i < letters.n; i += LINE) {
		buf_add(&lines, str_sub(buf_str(&letters), i, i + LINE));
		buf_addc(&lines, '\n');
	}
	return arena_str(&w->a, buf_str(&lines));
}

/* Text that is no UTF-8; `key`: as the key of a map. */
static void write_binary(struct walk *w, str bytes, bool key)
{
	str s = binary_text(w, bytes);
	unsigned found = yaml_emit_scan(s);

	w->e.key = key && yaml_emit_simple(s.n + sizeof "!!binary" - 1, found);
	if (key && !w->e.key)
		yaml_emit_mark(&w->e, '?');
	yaml_emit_sign(&w->e, S("!!binary"), true);
	yaml_emit_scalar(&w->e, s, found, found & EMIT_NEWLINE ? STYLE_LITERAL : STYLE_PLAIN);
}

/* What text `s` must be to be read as text again. */
static enum node_style style_of(const struct walk *w, str s, unsigned found)
{
	if (found & EMIT_NEWLINE)
		return STYLE_LITERAL;
	return looks_other(w, s) ? STYLE_DOUBLE : STYLE_PLAIN;
}

static void write_str(struct walk *w, str s)
{
	unsigned found = yaml_emit_scan(s);

	if (w->json && found & EMIT_NOT_JSON)
		w->detour = true;
	else if (found & EMIT_NOT_UTF8)
		write_binary(w, s, false);
	else
		yaml_emit_scalar(&w->e, s, found, style_of(w, s, found));
}

/* Text that is plain whatever it looks like: a number, a boolean, null. */
static void write_bare(struct walk *w, str s)
{
	yaml_emit_sign(&w->e, s, true);
}

static void write_time(struct walk *w, str s)
{
	char text[YAML_TIME_MAX];
	str t = { text, yaml_print_time(text, s) };

	if (!w->json)
		write_bare(w, t);
	else if (yaml_time_is_json(t))
		write_str(w, t);
	else
		w->detour = true;
}

static bool is_whole(str s)
{
	uint64_t u;
	bool minus = str_take(&s, '-');

	return str_to_u64(s, &u) && (!minus || u <= (uint64_t)INT64_MAX + 1);
}

/* The JSON step makes whole numbers of those that Go writes without a point. */
static void write_float(struct walk *w, double f)
{
	char text[NUMBER_MAX];
	str s = { text, number_print_float(text, f, w->json ? NUMBER_JSON : NUMBER_YAML) };

	if (w->json && !isfinite(f))
		w->detour = true;	/* which finds the words for it */
	if (w->json && str_eq(s, S("-0")))
		s = S("0");
	else if (w->json && !is_whole(s))
		s.n = number_print_float(text, f, NUMBER_YAML);
	write_bare(w, s);
}

static void write_number(struct walk *w, node n)
{
	struct buf *b = w->e.b;

	if (n.kind == NODE_FLOAT) {
		write_float(w, node_float(n));
		return;
	}
	write_bare(w, STR_NONE);
	if (n.kind == NODE_INT)
		number_add_int(b, node_int(n));
	else
		number_add_uint(b, node_uint(n));
}

static void write_scalar(struct walk *w, node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_NONE:
	case NODE_NULL:
		write_bare(w, S("null"));
		break;
	case NODE_BOOL:
		write_bare(w, node_bool(n) ? S("true") : S("false"));
		break;
	case NODE_INT:
	case NODE_UINT:
	case NODE_FLOAT:
		write_number(w, n);
		break;
	case NODE_STR:
		write_str(w, node_str(n));
		break;
	case NODE_TIME:
		write_time(w, node_str(n));
		break;
	case NODE_OBJECT:
	case NODE_SEQ:
	case NODE_MAP:
	case NODE_ALIAS:
		w->error = err_new(ERR_INTERNAL, "yaml: cannot marshal this value");
		break;
	}
}

/* ---- collections ------------------------------------------------------- */

static void open_level(struct walk *w, node n, bool indentless)
{
	struct level l = {
		.n = (uint32_t)node_len(n),
		.indent = w->e.indent < 0 ? 0 : indentless ? w->e.indent : w->e.indent + 2,
		.mark = arena_mark(&w->a),
	};

	if (w->levels.n == EMIT_DEPTH_MAX) {
		w->detour = w->json;
		w->error = err_new(ERR_INVALID, "yaml: exceeded max depth of %d", EMIT_DEPTH_MAX);
		return;
	}
	if (w->json && n.style == STYLE_ANY_KEYS)
		w->detour = true;
	if (n.kind == NODE_MAP)
		l.pairs = w->ordered ? n.map->pairs
				     : keyorder_pairs(&w->a, n,
						      w->v3 ? KEYORDER_V3 : KEYORDER_V2);
	else
		l.items = n.seq->items;
	vec_push(&w->levels, l);
}

/* `in_map`: it is the value of a pair. */
static void write_value(struct walk *w, node n, bool in_map)
{
	while (n.kind == NODE_ALIAS)
		n = n.anchor->target;
	if (n.kind != NODE_SEQ && n.kind != NODE_MAP) {
		write_scalar(w, n);
		return;
	}
	if (!node_len(n)) {
		yaml_emit_sign(&w->e, n.kind == NODE_SEQ ? S("[]") : S("{}"), true);
		return;
	}
	/* Behind "? " and ": " alone on their line a list begins at once, indented. */
	open_level(w, n, n.kind == NODE_SEQ && in_map && !w->wide && !w->e.fresh);
}

static void write_text_key(struct walk *w, str s)
{
	unsigned found = yaml_emit_scan(s);

	if (w->json && (found & EMIT_NOT_JSON || s.n > JSON_KEY_MAX)) {
		w->detour = true;
		return;
	}
	if (found & EMIT_NOT_UTF8) {
		write_binary(w, s, true);
		return;
	}
	w->e.key = yaml_emit_simple(s.n, found);
	if (!w->e.key)
		yaml_emit_mark(&w->e, '?');
	yaml_emit_scalar(&w->e, s, found, style_of(w, s, found));
}

static void write_pair(struct walk *w, const struct node_pair *p)
{
	w->e.key = true;
	if (p->key.kind == NODE_STR)
		write_text_key(w, node_str(p->key));
	else if (w->json)
		w->detour = true;
	else
		write_scalar(w, p->key);
	if (w->e.key) {
		w->e.key = false;
		yaml_emit_sign(&w->e, S(":"), false);
	} else {
		yaml_emit_indent(&w->e);
		yaml_emit_mark(&w->e, ':');
	}
	/* Go's encoder looks each key up again, and does not find NaN. */
	bool lost = p->key.kind == NODE_FLOAT && isnan(node_float(p->key));

	write_value(w, lost ? node_null() : p->value, true);
}

/* The next entry of the innermost open level, or its end. */
static void step(struct walk *w)
{
	struct level *l = &w->levels.p[w->levels.n - 1];

	w->e.indent = l->indent;
	if (l->next == l->n) {
		arena_rewind(&w->a, l->mark);
		w->levels.n--;
		return;
	}
	uint32_t i = l->next++;

	yaml_emit_indent(&w->e);
	if (l->pairs) {
		write_pair(w, &l->pairs[i]);
		return;
	}
	yaml_emit_mark(&w->e, '-');
	write_value(w, l->items[i], false);
}

/* `*detour`: the tree has to go through JSON text first; nothing was written.
 * NULL where it never has to. */
static err *write_tree(struct buf *b, node n, enum yaml_profile profile, bool *detour)
{
	size_t start = b->n;
	bool v2 = profile == YAML_WRITE_SIGS || profile == YAML_WRITE_V2;
	struct walk w = {
		.e = { .b = b, .line = start, .width = v2 ? 80 : SIZE_MAX, .indent = -1,
		       .step = 2, .foot_indent = -1, .v2 = v2, .blank = true, .fresh = true },
		.v3 = !v2, .wide = profile == YAML_WRITE_V3_WIDE, .json = detour != NULL,
		.ordered = profile == YAML_WRITE_V2,
	};

	write_value(&w, n, false);
	/* A tree may hold a body many times over: the buffer's limit bounds it. */
	while (w.levels.n && !w.error && !w.detour && !b->full)
		step(&w);
	w.e.indent = -1;
	yaml_emit_indent(&w.e);
	if (!w.error && !w.detour)
		w.error = buf_check(b, "YAML");
	if (w.error || w.detour)
		buf_trim(b, start);
	vec_release(&w.levels);
	arena_release(&w.a);
	if (detour)
		*detour = w.detour;
	if (!w.detour)
		return w.error;
	err_free(w.error);
	return NULL;
}

/* ---- sigs.k8s.io/yaml -------------------------------------------------- */

/* What Marshal does word for word: the tree as JSON text, which is read as
 * YAML, and that is written. Only for trees which that changes, or fails on. */
static err *write_through_json(struct buf *b, node n)
{
	static const struct json_style style = { .values = true };
	static const struct yaml_options rules = { .rules = YAML_1_1 };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct arena a = ARENA_INIT;
	node again;
	err *e = json_write(&text, n, &style);

	if (e)
		return err_wrap(e, "error marshaling into JSON");
	e = yaml_read(&a, buf_str(&text), &rules, &again);
	if (!e)
		e = write_tree(b, again, YAML_WRITE_SIGS, NULL);
	arena_release(&a);
	return e;
}

err *yaml_write(struct buf *b, node n, enum yaml_profile profile)
{
	const struct yaml_doc doc = { .root = n };

	return yaml_write_doc(b, &doc, profile);
}

err *yaml_write_doc(struct buf *b, const struct yaml_doc *doc, enum yaml_profile profile)
{
	bool detour;

	if (profile == YAML_WRITE_KYAML)
		return yaml_emit_keep(b, doc, false);
	if (profile == YAML_WRITE_V3)
		return yaml_emit_keep(b, doc, true);
	if (profile != YAML_WRITE_SIGS)
		return write_tree(b, doc->root, profile, NULL);
	TRY(write_tree(b, doc->root, profile, &detour));
	return detour ? write_through_json(b, doc->root) : NULL;
}
