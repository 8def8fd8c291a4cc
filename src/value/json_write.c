#include "value/json.h"

#include <endian.h>
#include <math.h>

#include "base/sort.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "text/number.h"
#include "value/yaml.h"

/* ---- strings ----------------------------------------------------------- */

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* High bit set in each zero byte of `v`; bytes above the lowest hit may lie. */
static inline uint64_t zero_bytes(uint64_t v)
{
	return (v - ONES) & ~v & HIGHS;
}

static bool is_plain(unsigned char c, bool raw_html)
{
	if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
		return false;
	return raw_html || (c != '<' && c != '>' && c != '&');
}

/* Length of the run that needs no second look, eight bytes a step. */
static size_t plain_run(str s, bool raw_html)
{
	size_t i = 0;

	for (; s.n - i >= 8; i += 8) {
		uint64_t v;

		memcpy(&v, s.p + i, 8);
		v = le64toh(v);
		uint64_t hit = (v & HIGHS) | zero_bytes(v ^ ONES * '\\') |
			       zero_bytes(v ^ ONES * '"') | ((v - ONES * 0x20) & ~v & HIGHS);

		if (!raw_html)	/* '<' and '>' differ in bit 1 only */
			hit |= zero_bytes((v & ~(ONES * 2)) ^ ONES * '<') |
			       zero_bytes(v ^ ONES * '&');
		if (hit)
			return i + ((size_t)__builtin_ctzll(hit) >> 3);
	}
	while (i < s.n && is_plain((unsigned char)s.p[i], raw_html))
		i++;
	return i;
}

static void escape_byte(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef", from[] = "\b\f\n\r\t\"\\",
			  into[] = "bfnrt\"\\";
	const char *hit = memchr(from, c, 7);

	if (hit)
		buf_bytes(b, (const char[]){ '\\', into[hit - from] }, 2);
	else
		buf_bytes(b, (const char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

/* A rune that is not ASCII; gives its bytes in the source. */
static size_t write_rune(struct buf *b, str s)
{
	size_t size;
	uint32_t rune = utf8_decode(s, &size);

	if (rune == UTF8_BAD && size == 1)
		buf_add(b, S("\\ufffd"));
	else if (rune == 0x2028 || rune == 0x2029)
		buf_add(b, rune == 0x2028 ? S("\\u2028") : S("\\u2029"));
	else
		buf_bytes(b, s.p, size);
	return size;
}

void json_write_str(struct buf *b, str s, bool raw_html)
{
	buf_addc(b, '"');
	while (s.n) {
		size_t run = plain_run(s, raw_html);

		buf_bytes(b, s.p, run);
		s = str_from(s, run);
		if (!s.n)
			break;
		if (s.p[0] & 0x80) {
			s = str_from(s, write_rune(b, s));
			continue;
		}
		escape_byte(b, (unsigned char)s.p[0]);
		s = str_from(s, 1);
	}
	buf_addc(b, '"');
}

static bool is_separator(str s)
{
	return str_starts(s, S("\xe2\x80\xa8")) || str_starts(s, S("\xe2\x80\xa9"));
}

static size_t raw_run(str s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != '<' && s.p[i] != '>' && s.p[i] != '&' &&
	       !(s.p[i] == '\xe2' && is_separator(str_from(s, i))))
		i++;
	return i;
}

/* The content of a raw string: JSON already, but Go escapes five runes in it. */
static void write_raw_str(struct buf *b, str s, bool raw_html)
{
	buf_addc(b, '"');
	while (!raw_html && s.n) {
		size_t run = raw_run(s), size = 1;

		buf_bytes(b, s.p, run);
		s = str_from(s, run);
		if (!s.n)
			break;
		if (s.p[0] & 0x80)
			size = write_rune(b, s);
		else
			escape_byte(b, (unsigned char)s.p[0]);
		s = str_from(s, size);
	}
	buf_add(b, s);
	buf_addc(b, '"');
}

/* ---- trees ------------------------------------------------------------- */

/* Deeper than any reader's tree: an alias that holds itself. */
enum { LEVELS_MAX = 10 * JSON_DEPTH_MAX };

/* An open list or map. Depth costs heap and not C frames. */
struct level {
	const node *items;			/* of a list */
	const struct node_pair *pairs;		/* of a map written in its own order */
	const struct node_pair **sorted;	/* of a map whose pairs had to be sorted */
	struct arena_mark mark;			/* before `sorted` */
	size_t n, next;
};

struct writer {
	struct buf *b;
	struct json_style style;
	struct arena a;
	VEC(struct level) levels;
};

static int cmp_keys(const struct node_pair *a, const struct node_pair *b)
{
	return str_cmp(node_str(a->key), node_str(b->key));
}

static int cmp_sorted(const void *x, const void *y, void *ctx)
{
	const struct node_pair *const *a = x, *const *b = y;

	(void)ctx;
	return cmp_keys(*a, *b);
}

/* Most maps are small: no calls through pointers for them. */
static void sort_level(struct writer *w, struct level *l, const struct node_map *m)
{
	enum { SMALL = 20 };

	l->sorted = arena_alloc(&w->a, m->n * sizeof *l->sorted);
	for (size_t i = 0; i < m->n; i++) {
		size_t at = i;

		for (; m->n <= SMALL && at && cmp_keys(l->sorted[at - 1], &m->pairs[i]) > 0; at--)
			l->sorted[at] = l->sorted[at - 1];
		l->sorted[at] = &m->pairs[i];
	}
	if (m->n > SMALL)
		sort_stable(l->sorted, m->n, sizeof *l->sorted, cmp_sorted, NULL);
}

/* Look at all pairs before the first is written. The bodies of values lie
 * elsewhere in memory: they are called for meanwhile. */
static err *check_pairs(node map, bool *sorted)
{
	const struct node_map *m = map.map;

	*sorted = true;
	for (size_t i = 0; i < m->n; i++) {
		const struct node_pair *p = &m->pairs[i];

		if (p->key.kind != NODE_STR || map.style == STYLE_ANY_KEYS)
			return err_new(ERR_INVALID,
				       "json: unsupported type: map[interface {}]interface {}");
		if (p->value.kind == NODE_SEQ || p->value.kind == NODE_MAP)
			__builtin_prefetch(p->value.map);
		if (*sorted && i)
			*sorted = cmp_keys(p - 1, p) <= 0;
	}
	return NULL;
}

static void new_line(struct writer *w)
{
	if (!w->style.indent)
		return;
	buf_addc(w->b, '\n');
	buf_fill(w->b, ' ', w->levels.n * w->style.indent);
}

static err *open_level(struct writer *w, node n)
{
	struct level l = { .n = node_len(n), .mark = arena_mark(&w->a) };

	if (!l.n) {
		buf_add(w->b, n.kind == NODE_MAP ? S("{}") : S("[]"));
		return NULL;
	}
	if (w->levels.n == LEVELS_MAX)
		return err_new(ERR_INVALID, "json: unsupported value: encountered a cycle");
	if (n.kind == NODE_MAP) {
		bool sorted;

		TRY(check_pairs(n, &sorted));
		l.pairs = n.map->pairs;
		if (!sorted && !w->style.source_order && n.style != STYLE_RAW)
			sort_level(w, &l, n.map);
	} else {
		l.items = n.seq->items;
	}
	buf_addc(w->b, n.kind == NODE_MAP ? '{' : '[');
	vec_push(&w->levels, l);
	return NULL;
}

static void close_level(struct writer *w)
{
	struct level l = w->levels.p[--w->levels.n];

	arena_rewind(&w->a, l.mark);
	new_line(w);
	buf_addc(w->b, l.items ? ']' : '}');
}

static void write_str(struct writer *w, node n)
{
	if (n.style == STYLE_RAW)
		write_raw_str(w->b, node_str(n), w->style.raw_html);
	else
		json_write_str(w->b, node_str(n), w->style.raw_html);
}

static err *write_float(struct buf *b, double f)
{
	if (isnan(f) || isinf(f))
		return err_new(ERR_INVALID, "json: unsupported value: %s",
			       isnan(f) ? "NaN" : f > 0 ? "+Inf" : "-Inf");
	number_add_float(b, f, NUMBER_JSON);
	return NULL;
}

static err *write_time(struct buf *b, str text)
{
	char to[YAML_TIME_MAX];
	str s = { to, yaml_print_time(to, text) };

	if (!yaml_time_is_json(s))
		return err_new(ERR_INVALID, "json: error calling MarshalJSON for type time.Time: "
			       "Time.MarshalJSON: timezone hour outside of range [0,23]");
	json_write_str(b, s, true);
	return NULL;
}

static bool take_digits(str *s)
{
	size_t before = s->n;

	while (s->n && s->p[0] >= '0' && s->p[0] <= '9')
		*s = str_from(*s, 1);
	return s->n < before;
}

/* YAML has more ways to write a number: 0x1F, 1_000, +1, .5. */
static bool is_json_number(str s)
{
	str_take(&s, '-');
	if (!str_take(&s, '0') && !take_digits(&s))
		return false;
	if (str_take(&s, '.') && !take_digits(&s))
		return false;
	if (str_take(&s, 'e') || str_take(&s, 'E')) {
		if (!str_take(&s, '+'))
			str_take(&s, '-');
		if (!take_digits(&s))
			return false;
	}
	return !s.n;
}

static err *write_node(struct writer *w, node n)
{
	while (n.kind == NODE_ALIAS)
		n = n.anchor->target;
	if (node_is_num(n) && n.n && !w->style.values && is_json_number(node_str(n))) {
		buf_add(w->b, node_str(n));
		return NULL;
	}
	switch ((enum node_kind)n.kind) {
	case NODE_NONE:
	case NODE_NULL:
		buf_add(w->b, S("null"));
		break;
	case NODE_BOOL:
		buf_add(w->b, node_bool(n) ? S("true") : S("false"));
		break;
	case NODE_INT:
		number_add_int(w->b, node_int(n));
		break;
	case NODE_UINT:
		number_add_uint(w->b, node_uint(n));
		break;
	case NODE_FLOAT:
		return write_float(w->b, node_float(n));
	case NODE_STR:
		write_str(w, n);
		break;
	case NODE_TIME:
		return write_time(w->b, node_str(n));
	case NODE_SEQ:
	case NODE_MAP:
		return open_level(w, n);
	case NODE_ALIAS:
	case NODE_OBJECT:
		return err_new(ERR_INVALID, "json: unsupported type");
	}
	return NULL;
}

/* The next entry of the innermost open level, or its end. */
static err *step(struct writer *w)
{
	struct level *l = &w->levels.p[w->levels.n - 1];

	if (l->next == l->n) {
		close_level(w);
		return NULL;
	}
	if (l->next)
		buf_addc(w->b, ',');
	new_line(w);
	size_t i = l->next++;

	if (l->items)
		return write_node(w, l->items[i]);
	const struct node_pair *p = l->sorted ? l->sorted[i] : &l->pairs[i];

	write_str(w, p->key);
	buf_addc(w->b, ':');
	if (w->style.indent)
		buf_addc(w->b, ' ');
	return write_node(w, p->value);
}

err *json_write(struct buf *b, node n, const struct json_style *s)
{
	struct writer w = { .b = b };

	if (s)
		w.style = *s;
	err *e = write_node(&w, n);

	/* A tree may hold a body many times over: the buffer's limit bounds it. */
	while (!e && w.levels.n && !b->full)
		e = step(&w);
	if (!e)
		e = buf_check(b, "JSON");
	vec_release(&w.levels);
	arena_release(&w.a);
	return e;
}
