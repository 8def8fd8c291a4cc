#include "base/ascii.h"
#include "value/json.h"

#include <endian.h>
#include <stdio.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "text/number.h"
#include "text/quote.h"

/* The reader keeps its own stack, so that depth costs heap and not C frames.
 * Values are pushed on `nodes` as they are finished; when a list or map
 * closes, its entries are the nodes above its start, and move into one body
 * of exactly their size. A map's keys and values alternate. */
struct level {
	size_t from;		/* index in `nodes` of the first entry */
	uint32_t place;
	bool map;
};

struct reader {
	struct arena *a;
	const struct json_options *o;
	const char *start, *p, *end;
	uint32_t base;		/* place of the first byte, 0: none is kept */
	size_t max_depth;
	VEC(node) nodes;
	VEC(struct level) levels;
	err *range;		/* the first number out of range: Go checks all syntax before */
};

static const struct json_options no_options;

/* ---- errors ------------------------------------------------------------ */

static err *at_pos(struct reader *r, const char *at, err *e)
{
	size_t offset = (size_t)(at - r->start);

	if (r->base)
		return sources_err(r->o->sources, r->base + (uint32_t)offset, e);
	if (!r->o->name.n)
		return e;
	CLEANUP(sources_release) struct sources one = SOURCES_INIT;
	uint32_t base =
		sources_add(&one, r->o->name, str_of(r->start, (size_t)(r->end - r->start)));

	return base ? sources_err(&one, base + (uint32_t)offset, e) : e;
}

/* The next byte is wrong; at the end of the text Go looks at a space. It
 * shows the byte as the rune of that number. */
static err *invalid(struct reader *r, const char *context)
{
	CLEANUP(buf_release) struct buf c = BUF_INIT;
	unsigned char byte = r->p < r->end ? (unsigned char)*r->p : ' ';

	quote_add_rune(&c, byte, QUOTE_PRINT);
	return at_pos(r, r->p, err_new(ERR_INVALID, "invalid character %s %s", buf_c(&c), context));
}

/* The same where a space would have been fine. */
static err *unexpected(struct reader *r, const char *context)
{
	if (r->p < r->end)
		return invalid(r, context);
	return at_pos(r, r->p, err_new(ERR_INVALID, "unexpected end of JSON input"));
}

/* ---- strings ----------------------------------------------------------- */

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* High bit set in each zero byte of `v`; bytes above the lowest hit may lie. */
static inline uint64_t zero_bytes(uint64_t v)
{
	return (v - ONES) & ~v & HIGHS;
}

/* Skip to the next quote, backslash or control character, eight bytes a
 * step. `high` gets a bit of HIGHS when bytes that are not ASCII may be among
 * those skipped. */
static inline const char *skip_plain(const char *p, const char *end, uint64_t *high)
{
	for (; end - p >= 8; p += 8) {
		uint64_t v;

		memcpy(&v, p, 8);
		v = le64toh(v);
		uint64_t hit = zero_bytes(v ^ ONES * '"') | zero_bytes(v ^ ONES * '\\') |
			       ((v - ONES * 0x20) & ~v & HIGHS);

		*high |= v;
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
	}
	for (; p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20; p++)
		*high |= (unsigned char)*p;
	return p;
}

/* The four hex digits at `p`, known to be there. */
static uint32_t hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)ascii_hex(p[i]);
	return v;
}

/* Step over an escape; r->p stands on its backslash. */
static err *skip_escape(struct reader *r)
{
	r->p++;
	if (r->p == r->end || !memchr("bfnrt\\/\"u", *r->p, 9))
		return invalid(r, "in string escape code");
	if (*r->p++ != 'u')
		return NULL;
	for (int i = 0; i < 4; i++, r->p++)
		if (r->p == r->end || ascii_hex(*r->p) < 0)
			return invalid(r, "in \\u hexadecimal character escape");
	return NULL;
}

/* One escape of checked text: takes it off `s`, writes its bytes to `to`. */
static size_t unescape(str *s, char *to)
{
	static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";
	char c = s->p[1];

	if (c != 'u') {
		const char *hit = memchr(from, c, 5);

		*to = hit ? into[hit - from] : c;
		*s = str_from(*s, 2);
		return 1;
	}
	uint32_t rune = hex4(s->p + 2);

	*s = str_from(*s, 6);
	if (rune >= 0xd800 && rune < 0xdc00 && s->n >= 6 && s->p[0] == '\\' && s->p[1] == 'u') {
		uint32_t low = hex4(s->p + 2);

		if (low >= 0xdc00 && low < 0xe000) {
			rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
			*s = str_from(*s, 6);
		}
	}
	return utf8_encode(rune, to);	/* a lone surrogate is U+FFFD */
}

/* Take what stands before the next escape. */
static char *copy_plain(char *to, str *s)
{
	size_t n = str_find_char(*s, '\\');
	str run = str_sub(*s, 0, n);

	*s = str_from(*s, run.n);
	return run.n ? mempcpy(to, run.p, run.n) : to;
}

/* The same for a text with bad UTF-8: each bad byte becomes U+FFFD. */
static char *copy_mended(char *to, str *s)
{
	size_t size;

	while (s->n && s->p[0] != '\\') {
		to += utf8_encode(utf8_decode(*s, &size), to);
		*s = str_from(*s, size);
	}
	return to;
}

/* The meaning of a string that has escapes or bad UTF-8. An escape never
 * grows; a bad byte becomes three. */
static str decode_string(struct arena *a, str raw)
{
	size_t room = raw.n;
	bool bad = !utf8_valid(raw);
	str rest = raw;

	for (size_t at; bad && (at = utf8_find_bad(rest)) != STR_NPOS; room += 2)
		rest = str_from(rest, at + 1);
	char *start = arena_alloc(a, room + 1), *to = start;

	while (raw.n) {
		if (raw.p[0] == '\\')
			to += unescape(&raw, to);
		else
			to = bad ? copy_mended(to, &raw) : copy_plain(to, &raw);
	}
	*to = 0;
	return str_of(start, (size_t)(to - start));
}

/* r->p stands behind the opening quote. */
static err *read_string(struct reader *r, node *out)
{
	const char *start = r->p;
	uint64_t high = 0;
	bool escapes = false;

	for (;;) {
		r->p = skip_plain(r->p, r->end, &high);
		if (r->p == r->end)
			return unexpected(r, "");
		if (*r->p == '"')
			break;
		if (*r->p != '\\')
			return invalid(r, "in string literal");
		escapes = true;
		TRY(skip_escape(r));
	}
	str s = str_of(start, (size_t)(r->p - start));

	r->p++;
	if (!r->o->raw && (escapes || ((high & HIGHS) && !utf8_valid(s))))
		s = decode_string(r->a, s);
	*out = node_from_str(r->a, s);
	if (r->o->raw)
		out->style = STYLE_RAW;
	return NULL;
}

/* ---- numbers and words ------------------------------------------------- */

static bool on_digit(const struct reader *r)
{
	return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static bool on_char(const struct reader *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static void skip_digits(struct reader *r)
{
	while (on_digit(r))
		r->p++;
}

/* Step over a number by the grammar; `whole` when it has no point and no
 * exponent. */
static err *skip_number(struct reader *r, bool *whole)
{
	*whole = true;
	if (*r->p == '-')
		r->p++;
	if (!on_digit(r))
		return invalid(r, "in numeric literal");
	if (*r->p == '0')
		r->p++;
	else
		skip_digits(r);
	if (on_char(r, '.')) {
		*whole = false;
		r->p++;
		if (!on_digit(r))
			return invalid(r, "after decimal point in numeric literal");
		skip_digits(r);
	}
	if (on_char(r, 'e') || on_char(r, 'E')) {
		*whole = false;
		r->p++;
		if (on_char(r, '+') || on_char(r, '-'))
			r->p++;
		if (!on_digit(r))
			return invalid(r, "in exponent of numeric literal");
		skip_digits(r);
	}
	return NULL;
}

/* A whole number as int64 or uint64; NODE_NONE when it fits neither. */
static node whole_number(str s)
{
	uint64_t u;
	bool minus = str_take(&s, '-');

	if (!str_to_u64(s, &u))
		return NODE_NOTHING;
	if (!minus)
		return node_from_uint(u);
	if (u > (uint64_t)INT64_MAX + 1)
		return NODE_NOTHING;
	return node_from_int((int64_t)(0 - u));
}

static err *out_of_range(str s)
{
	return err_new(ERR_INVALID,
		       "json: cannot unmarshal number %.*s into Go value of type float64", STR_ARG(s));
}

static node float_number(struct reader *r, str s)
{
	double f = 0;

	if (!number_decimal_float(s, &f) && !r->range)
		r->range = at_pos(r, s.p, out_of_range(s));
	return node_from_float(f);
}

static err *read_number(struct reader *r, node *out)
{
	const char *start = r->p;
	bool whole;

	TRY(skip_number(r, &whole));
	str s = str_of(start, (size_t)(r->p - start));
	node n = whole ? whole_number(s) : NODE_NOTHING;

	switch (r->o->raw ? JSON_NUMBERS_TEXT : r->o->numbers) {
	case JSON_NUMBERS_KUBE:
		*out = n.kind == NODE_INT ? n : float_number(r, s);
		break;
	case JSON_NUMBERS_FLOAT:
		if (n.kind == NODE_INT && n.i && n.i > -(1LL << 53) && n.i < 1LL << 53)
			*out = node_from_float((double)n.i);
		else
			*out = float_number(r, s);	/* also -0, which is not 0 */
		break;
	case JSON_NUMBERS_TEXT:
		*out = node_from_text(r->a, n.kind ? n.kind : NODE_FLOAT, s);
		break;
	}
	return NULL;
}

static err *read_word(struct reader *r, const char *word)
{
	for (size_t i = 1; word[i]; i++) {
		r->p++;
		if (!on_char(r, word[i])) {
			char context[48];

			snprintf(context, sizeof context, "in literal %s (expecting '%c')", word,
				 word[i]);
			return invalid(r, context);
		}
	}
	r->p++;
	return NULL;
}

/* ---- structure --------------------------------------------------------- */

static inline void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
		r->p++;
}

static inline uint32_t place_of(const struct reader *r, const char *at)
{
	return r->base ? r->base + (uint32_t)(at - r->start) : 0;
}

/* What the stacks hold will be in the arena, or could: it counts as if it
 * were. Asked when they grow. */
static err *check_room(struct reader *r, size_t bytes)
{
	if (arena_fits(r->a, bytes))
		return NULL;
	return at_pos(r, r->p, err_new(ERR_INVALID, "JSON needs more than %zu bytes of memory",
				       r->a->budget));
}

static err *push(struct reader *r, node n, uint32_t place)
{
	n.place = place;
	if (r->nodes.n == r->nodes.cap)
		TRY(check_room(r, r->nodes.n * sizeof n));
	vec_push(&r->nodes, n);
	return NULL;
}

/* Take the quoted key and the colon behind it. */
static err *read_key(struct reader *r)
{
	const char *at = r->p;
	node key;

	if (!on_char(r, '"'))
		return unexpected(r, "looking for beginning of object key string");
	r->p++;
	TRY(read_string(r, &key));
	TRY(push(r, key, place_of(r, at)));
	skip_space(r);
	if (!on_char(r, ':'))
		return unexpected(r, "after object key");
	r->p++;
	return NULL;
}

/* A map of a raw tree: nobody looks keys up in it. */
static node raw_map(struct arena *a, const struct node_pair *pairs, size_t n)
{
	node map = node_map(a, n);

	if (n)
		memcpy(map.map->pairs, pairs, n * sizeof *pairs);
	map.map->n = (uint32_t)n;
	map.style = STYLE_RAW;
	return map;
}

/* Where the reader is: the keys and indexes of the open levels, then `key`. */
static str path_to(struct reader *r, node key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < r->levels.n; i++) {
		size_t next = i + 1 < r->levels.n ? r->levels.p[i + 1].from : r->nodes.n;
		size_t from = r->levels.p[i].from;

		if (r->levels.p[i].map)
			buf_addf(&b, "%s%.*s", b.n ? "." : "", STR_ARG(node_str(r->nodes.p[next - 1])));
		else
			buf_addf(&b, "[%zu]", next - from);
	}
	buf_addf(&b, "%s%.*s", b.n ? "." : "", STR_ARG(node_str(key)));
	return arena_str(r->a, buf_str(&b));
}

/* `made` has fewer entries than there were pairs: which came again? */
static void note_repeats(struct reader *r, node made, const struct node_pair *pairs, size_t n)
{
	struct json_repeats *out = r->o->repeats;
	bool *seen = mem_calloc(node_len(made), sizeof *seen);

	for (size_t i = 0; i < n && out->n < JSON_REPEATS_MAX; i++) {
		bool *here = &seen[node_index_of(made, pairs[i].key)];

		if (*here)
			out->list[out->n++] = path_to(r, pairs[i].key);
		*here = true;
	}
	free(seen);
}

static err *close_level(struct reader *r)
{
	struct level top = r->levels.p[--r->levels.n];
	const node *first = r->nodes.p ? r->nodes.p + top.from : NULL;
	const struct node_pair *pairs = (const struct node_pair *)first;
	size_t n = r->nodes.n - top.from;
	node made;

	if (!top.map)
		made = node_seq_of(r->a, first, n);
	else if (r->o->raw)
		made = raw_map(r->a, pairs, n / 2);
	else
		made = node_map_of(r->a, pairs, n / 2);
	r->p++;
	r->nodes.n = top.from;
	if (r->o->repeats && top.map && !r->o->raw && node_len(made) < n / 2)
		note_repeats(r, made, pairs, n / 2);
	TRY(arena_check(r->a, "JSON"));
	return push(r, made, top.place);
}

/* Enter a list or map. `inside` tells whether a value comes next; else it
 * was empty and is closed again. */
static err *open_level(struct reader *r, bool *inside)
{
	bool map = *r->p == '{';

	if (r->levels.n >= r->max_depth)
		return invalid(r, "exceeded max depth");
	if (r->levels.n == r->levels.cap)
		TRY(check_room(r, r->levels.n * sizeof(struct level)));
	vec_push(&r->levels, (struct level){ r->nodes.n, place_of(r, r->p), map });
	r->p++;
	skip_space(r);
	*inside = !on_char(r, map ? '}' : ']');
	if (!*inside)
		return close_level(r);
	return map ? read_key(r) : NULL;
}

static err *read_scalar(struct reader *r)
{
	const char *at = r->p;
	node n = NODE_NOTHING;

	switch (r->p < r->end ? *r->p : ' ') {
	case '"':
		r->p++;
		TRY(read_string(r, &n));
		break;
	case '-':
	case '0' ... '9':
		TRY(read_number(r, &n));
		break;
	case 't':
		TRY(read_word(r, "true"));
		n = node_from_bool(true);
		break;
	case 'f':
		TRY(read_word(r, "false"));
		n = node_from_bool(false);
		break;
	case 'n':
		TRY(read_word(r, "null"));
		n = node_null();
		break;
	default:
		return unexpected(r, "looking for beginning of value");
	}
	return push(r, n, place_of(r, at));
}

/* Behind a value: close what closes here and step to the next value; false
 * in `more` when the text's one value is complete. */
static err *next_value(struct reader *r, bool *more)
{
	for (;;) {
		skip_space(r);
		*more = r->levels.n > 0;
		if (!*more)
			return NULL;
		bool map = r->levels.p[r->levels.n - 1].map;

		if (on_char(r, map ? '}' : ']')) {
			TRY(close_level(r));
			continue;
		}
		if (!on_char(r, ','))
			return unexpected(r, map ? "after object key:value pair" :
						   "after array element");
		r->p++;
		if (!map)
			return NULL;
		skip_space(r);
		return read_key(r);
	}
}

static err *read_text(struct reader *r)
{
	for (bool more = true; more;) {
		skip_space(r);
		if (on_char(r, '{') || on_char(r, '[')) {
			bool inside = false;

			TRY(open_level(r, &inside));
			if (inside)
				continue;
		} else {
			TRY(read_scalar(r));
		}
		TRY(next_value(r, &more));
	}
	return r->p == r->end ? NULL : invalid(r, "after top-level value");
}

err *json_read(struct arena *a, str text, const struct json_options *o, node *out)
{
	const char *start = text.n ? text.p : "";
	struct reader r = {
		.a = a, .o = o ? o : &no_options, .start = start, .p = start, .end = start + text.n,
	};

	if (text.n > JSON_SIZE_MAX)
		return err_new(ERR_INVALID, "JSON of %zu bytes is larger than %zu bytes", text.n,
			       (size_t)JSON_SIZE_MAX);
	r.max_depth = r.o->max_depth ? r.o->max_depth : JSON_DEPTH_MAX;
	if (r.o->sources)
		r.base = sources_add_in(r.o->sources, r.o->name, text, r.o->in);
	vec_reserve(&r.nodes, 64);
	err *e = read_text(&r);

	if (!e) {
		e = r.range;
		r.range = NULL;
	}
	if (!e)
		*out = r.nodes.p[0];
	err_free(r.range);
	vec_release(&r.nodes);
	vec_release(&r.levels);
	return e;
}

str json_text(struct arena *a, node n)
{
	str s = node_str(n);

	if (n.style != STYLE_RAW || (str_find_char(s, '\\') == STR_NPOS && utf8_valid(s)))
		return s;
	return decode_string(a, s);
}

node json_open(struct arena *a, node n)
{
	if (n.kind != NODE_MAP || n.style != STYLE_RAW)
		return n;
	node_each_pair(p, n) {
		uint32_t place = p->key.place;

		p->key = node_from_str(a, json_text(a, p->key));
		p->key.place = place;
	}
	node map = node_map_of(a, n.map->pairs, n.map->n);

	map.place = n.place;
	return map;
}
