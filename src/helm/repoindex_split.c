#include "base/ascii.h"
#include "helm/repoindex_impl.h"
#include "value/json.h"
#include "value/yaml.h"

enum { PASS_BYTES = 1 << 20, NAME_BYTES_MAX = 1024 };

str repoindex_text(const struct repoindex *ix, struct repoindex_part part)
{
	return str_of(ix->text.p + part.at, part.n);
}

void repoindex_pass(struct repoindex *ix, size_t n)
{
	ix->passed += n;
	if (ix->passed < PASS_BYTES || !ix->o.passed)
		return;
	ix->passed = 0;
	ix->o.passed(ix->o.ctx);
}

/* A name that comes twice is for the whole reader to judge in YAML; in JSON
 * the last one wins. */
err *repoindex_add_chart(struct repoindex *ix, str name, struct repoindex_part body, node list,
			 enum repoindex_cut *cut)
{
	struct repoindex_ref *ref = map_get(&ix->charts, name);

	if (ref && ix->form == REPOINDEX_YAML) {
		*cut = REPOINDEX_ODD;
		return NULL;
	}
	if (!ref) {
		if (ix->charts.n >= REPOINDEX_CHARTS_MAX)
			return err_new(ERR_INVALID, "index has more than %d charts",
				       REPOINDEX_CHARTS_MAX);
		ref = arena_new(&ix->mem, struct repoindex_ref);
		map_set(&ix->charts, arena_str(&ix->mem, name), ref);
	}
	*ref = (struct repoindex_ref){ body, list };
	return NULL;
}

/* ---- lines ------------------------------------------------------------- */

struct line {
	struct repoindex_part part;	/* without its break */
	uint32_t indent;
	char first;			/* after the indent; 0: blank or a comment */
};

/* The first line of `rest`, taken off it. */
static bool take_line(const struct repoindex *ix, struct repoindex_part *rest, struct line *out)
{
	const char *p = ix->text.p + rest->at;
	uint32_t n, indent = 0;

	if (!rest->n)
		return false;
	const char *end = memchr(p, '\n', rest->n);
	uint32_t whole = end ? (uint32_t)(end - p) + 1 : rest->n;

	n = end ? whole - 1 : whole;
	if (n && p[n - 1] == '\r')
		n--;
	while (indent < n && p[indent] == ' ')
		indent++;
	uint32_t begin = indent;

	while (begin < n && (p[begin] == ' ' || p[begin] == '\t'))
		begin++;
	*out = (struct line){ { rest->at, n, rest->line }, indent, 0 };
	if (begin < n && p[indent] != '#')
		out->first = p[indent];
	rest->at += whole;
	rest->n -= whole;
	rest->line++;
	return true;
}

static str line_text(const struct repoindex *ix, const struct line *l)
{
	return str_from(repoindex_text(ix, l->part), l->indent);
}

/* "- " or "-" alone. */
static bool is_item(const struct repoindex *ix, const struct line *l)
{
	str t = line_text(ix, l);

	return l->first == '-' && (t.n == 1 || t.p[1] == ' ');
}

/* "---" or "...", and nothing that hangs on it. */
static bool is_mark(str t, str mark)
{
	return str_starts(t, mark) && (t.n == mark.n || t.p[3] == ' ' || t.p[3] == '\t');
}

static bool is_name_char(char c)
{
	return ascii_is_lower(c | 0x20) || ascii_is_digit(c) || c == '-' || c == '_' || c == '.' ||
	       c == '/';
}

/* `NAME: REST`. The name plain or in quotes, and without anything that a
 * reader of YAML would have to think about. */
static bool take_key(struct arena *a, str t, str *key, str *rest)
{
	char quote = t.n && (t.p[0] == '"' || t.p[0] == '\'') ? t.p[0] : 0;

	if (quote)
		str_take(&t, quote);
	*key = str_span(&t, is_name_char);
	if (!key->n || key->n > NAME_BYTES_MAX || (quote && !str_take(&t, quote)))
		return false;
	if (!quote && (!ascii_is_lower(key->p[0] | 0x20) ||
		       yaml_resolve(a, *key, YAML_1_1, YAML_NUMBERS_TEXT).kind != NODE_STR))
		return false;
	if (!str_take(&t, ':') || (t.n && t.p[0] != ' '))
		return false;
	*rest = str_trim(t);
	if (rest->n && rest->p[0] == '#')
		*rest = STR_NONE;
	return true;
}

/* ---- YAML -------------------------------------------------------------- */

struct split {
	struct repoindex *ix;
	struct repoindex_part rest;
	bool seen, entries, in_entries;
	uint32_t indent;		/* of the charts' names; 0: not known yet */
	str chart;			/* whose body is open; empty: none */
	struct repoindex_part body;
	node inline_list;
	struct repoindex_part top;	/* the field that is open; n 0: none */
};

static err *end_chart(struct split *s, uint32_t at, enum repoindex_cut *cut)
{
	if (!s->chart.n)
		return NULL;
	s->body.n = at - s->body.at;
	err *e = repoindex_add_chart(s->ix, s->chart, s->body, s->inline_list, cut);

	s->chart = STR_NONE;
	return e;
}

/* One field beside the entries; what cannot be read alone is odd. */
static void end_top(struct split *s, uint32_t at, enum repoindex_cut *cut)
{
	struct yaml_options o = { .json = true, .numbers = YAML_NUMBERS_TEXT, .strict = true };
	node tree;

	if (!s->top.n)
		return;
	s->top.n = at - s->top.at;
	if (s->top.n > REPOINDEX_WHOLE_MAX) {
		*cut = REPOINDEX_ODD;
		return;
	}
	o.line = s->top.line;
	err *e = yaml_read(&s->ix->mem, repoindex_text(s->ix, s->top), &o, &tree);

	s->top.n = 0;
	if (e || tree.kind != NODE_MAP || tree.map->n != 1 ||
	    node_has(s->ix->head, node_str(tree.map->pairs[0].key)))
		*cut = REPOINDEX_ODD;
	else
		node_put(&s->ix->mem, s->ix->head, tree.map->pairs[0].key,
			 tree.map->pairs[0].value);
	err_free(e);
}

/* A line that begins in the first column; *end: the document does. */
static err *top_line(struct split *s, const struct line *l, enum repoindex_cut *cut, bool *end)
{
	str t = line_text(s->ix, l), key, rest;

	TRY(end_chart(s, l->part.at, cut));
	end_top(s, l->part.at, cut);
	s->in_entries = false;
	if (is_mark(t, S("---")) && !s->seen && str_trim(str_from(t, 3)).n == 0)
		return NULL;
	*end = s->seen && (is_mark(t, S("---")) || is_mark(t, S("...")));
	if (*end)
		return NULL;
	s->seen = true;
	if (!take_key(&s->ix->mem, t, &key, &rest)) {
		*cut = REPOINDEX_ODD;
		return NULL;
	}
	if (str_eq(key, S("entries")) && !rest.n) {
		if (s->entries)
			*cut = REPOINDEX_ODD;
		s->entries = s->in_entries = true;
		return NULL;
	}
	s->top = (struct repoindex_part){ l->part.at, 1, l->part.line };
	return NULL;
}

/* `name: []`, `name: null`; other lists on the line are odd. */
static bool read_inline(struct split *s, str rest)
{
	const struct yaml_options o = { .json = true };

	s->inline_list = NODE_NOTHING;
	if (!rest.n)
		return true;
	err *e = yaml_read(&s->ix->mem, rest, &o, &s->inline_list);

	if (!e && s->inline_list.kind != NODE_NULL &&
	    (s->inline_list.kind != NODE_SEQ || node_len(s->inline_list)))
		s->inline_list = NODE_NOTHING;
	bool right = !e && s->inline_list.kind != NODE_NONE;

	err_free(e);
	return right;
}

static err *entry_line(struct split *s, const struct line *l, enum repoindex_cut *cut)
{
	str rest;

	if (!s->indent)
		s->indent = l->indent;
	if (l->indent > s->indent && s->chart.n)
		return NULL;
	if (l->indent == s->indent && s->chart.n && is_item(s->ix, l))
		return NULL;
	TRY(end_chart(s, l->part.at, cut));
	if (l->indent != s->indent ||
	    !take_key(&s->ix->mem, line_text(s->ix, l), &s->chart, &rest) || !read_inline(s, rest)) {
		*cut = REPOINDEX_ODD;
		s->chart = STR_NONE;
		return NULL;
	}
	s->body = (struct repoindex_part){ s->rest.at, 0, s->rest.line };
	return NULL;
}

/* Texts in other encodings are for the whole reader. */
static bool is_plain_text(str text)
{
	unsigned char c = text.n ? (unsigned char)text.p[0] : 0;

	return c && c < 0x80 && c != '%' && c != '{';
}

err *repoindex_split_yaml(struct repoindex *ix, enum repoindex_cut *out)
{
	struct split s = { .ix = ix, .rest = { 0, (uint32_t)ix->text.n, 1 } };
	struct line l;
	bool end = false;

	ix->form = REPOINDEX_YAML;
	*out = is_plain_text(ix->text) ? REPOINDEX_CUT : REPOINDEX_ODD;
	while (*out == REPOINDEX_CUT && !end && take_line(ix, &s.rest, &l)) {
		repoindex_pass(ix, l.part.n + 1);
		if (!l.first)
			continue;
		if (!l.indent)
			TRY(top_line(&s, &l, out, &end));
		else if (s.in_entries)
			TRY(entry_line(&s, &l, out));
		else if (!s.top.n)
			*out = REPOINDEX_ODD;
	}
	if (!end) {
		TRY(end_chart(&s, (uint32_t)ix->text.n, out));
		end_top(&s, (uint32_t)ix->text.n, out);
	}
	ix->null_entries = !ix->charts.n;
	if (s.entries && node_has(ix->head, S("entries")))
		*out = REPOINDEX_ODD;
	return NULL;
}

/* From one line with a dash to the next in the same column. */
static bool next_yaml(struct repoindex_items *it, struct repoindex_part *out)
{
	struct repoindex_part before;
	struct line l = { 0 };

	while (!l.first)
		if (!take_line(it->ix, &it->rest, &l))
			return false;
	if (!it->begun)
		it->indent = l.indent;
	it->begun = true;
	if (l.indent != it->indent || !is_item(it->ix, &l)) {
		it->cut = REPOINDEX_ODD;
		return false;
	}
	*out = l.part;
	for (;;) {
		before = it->rest;
		if (!take_line(it->ix, &it->rest, &l))
			break;
		if (l.first && l.indent <= it->indent) {
			it->rest = before;
			break;
		}
	}
	out->n = before.at - out->at;
	return true;
}

/* ---- JSON -------------------------------------------------------------- */

struct json_at {
	const char *p;
	size_t at, n;
	struct repoindex *ix;	/* to be told how far it is; or NULL */
	size_t told;
};

static bool skip_space(struct json_at *j)
{
	while (j->at < j->n && (j->p[j->at] == ' ' || j->p[j->at] == '\n' ||
				j->p[j->at] == '\t' || j->p[j->at] == '\r'))
		j->at++;
	return j->at < j->n;
}

static bool take_char(struct json_at *j, char c)
{
	if (!skip_space(j) || j->p[j->at] != c)
		return false;
	j->at++;
	return true;
}

static bool skip_string(struct json_at *j)
{
	if (!take_char(j, '"'))
		return false;
	for (; j->at < j->n; j->at++) {
		if (j->p[j->at] == '\\')
			j->at++;
		else if (j->p[j->at] == '"')
			return j->at++, true;
	}
	return false;
}

/* Past one value, by its brackets and quotes alone. */
static bool skip_value(struct json_at *j, struct repoindex_part *out)
{
	size_t depth = 0;

	if (!skip_space(j))
		return false;
	size_t start = j->at;

	do {
		if (!skip_space(j))
			return false;
		char c = j->p[j->at];

		if (c == '"') {
			if (!skip_string(j))
				return false;
			if (j->ix && j->at - j->told >= PASS_BYTES) {
				repoindex_pass(j->ix, j->at - j->told);
				j->told = j->at;
			}
			continue;
		}
		if (!depth && (c == ',' || c == '}' || c == ']'))
			break;
		depth += c == '{' || c == '[';
		depth -= depth && (c == '}' || c == ']');
		j->at++;
		if (!depth && c != '}' && c != ']')	/* a number or word */
			while (j->at < j->n && !strchr(",]} \n\r\t", j->p[j->at]))
				j->at++;
	} while (depth);
	*out = (struct repoindex_part){ (uint32_t)start, (uint32_t)(j->at - start), 0 };
	return j->at > start;
}

/* `"key": value`; the key decoded. */
static bool take_member(struct repoindex *ix, struct json_at *j, str *key,
			struct repoindex_part *value)
{
	node k;

	if (!skip_space(j))
		return false;
	size_t start = j->at;

	if (!skip_string(j))
		return false;
	err *e = json_read(&ix->mem, str_of(j->p + start, j->at - start), NULL, &k);

	if (e) {
		err_free(e);
		return false;
	}
	*key = node_str(k);
	return take_char(j, ':') && skip_value(j, value);
}

static bool read_head(struct repoindex *ix, str key, struct repoindex_part value)
{
	node v;

	if (value.n > REPOINDEX_WHOLE_MAX)
		return false;
	err *e = json_read(&ix->mem, repoindex_text(ix, value), NULL, &v);

	if (!e)
		node_set(&ix->mem, ix->head, key, v);
	err_free(e);
	return !e;
}

static err *split_entries(struct repoindex *ix, struct repoindex_part value, enum repoindex_cut *cut)
{
	struct json_at j = { ix->text.p, value.at, value.at + value.n, ix, value.at };
	struct repoindex_part body;
	str name;

	*cut = REPOINDEX_ODD;
	ix->null_entries = false;
	if (!take_char(&j, '{'))
		return NULL;
	if (!take_char(&j, '}')) {
		do {
			if (!take_member(ix, &j, &name, &body))
				return NULL;
			TRY(repoindex_add_chart(ix, name, body, NODE_NOTHING, cut));
		} while (take_char(&j, ','));
		if (!take_char(&j, '}'))
			return NULL;
	}
	*cut = REPOINDEX_CUT;
	return NULL;
}

err *repoindex_split_json(struct repoindex *ix, enum repoindex_cut *out)
{
	struct json_at j = { ix->text.p, 0, ix->text.n, ix, 0 };
	struct repoindex_part value;
	str key;

	ix->form = REPOINDEX_JSON;
	ix->null_entries = true;
	*out = REPOINDEX_ODD;
	if (!take_char(&j, '{'))
		return NULL;
	if (!take_char(&j, '}')) {
		do {
			enum repoindex_cut cut = REPOINDEX_CUT;

			if (!take_member(ix, &j, &key, &value))
				return NULL;
			if (str_eq_nocase(key, S("entries")) && ix->text.p[value.at] == '{')
				TRY(split_entries(ix, value, &cut));
			else if (!read_head(ix, key, value))
				return NULL;
			if (cut == REPOINDEX_ODD)
				return NULL;
		} while (take_char(&j, ','));
		if (!take_char(&j, '}'))
			return NULL;
	}
	if (!skip_space(&j))
		*out = REPOINDEX_CUT;
	return NULL;
}

static bool next_json(struct repoindex_items *it, struct repoindex_part *out)
{
	struct json_at j = { it->ix->text.p, it->rest.at, it->rest.at + it->rest.n, NULL, 0 };
	bool more;

	it->cut = REPOINDEX_ODD;
	if (!it->begun) {
		if (!take_char(&j, '['))
			return false;
		more = !take_char(&j, ']');
	} else {
		more = !take_char(&j, ']');
		if (more && !take_char(&j, ','))
			return false;
	}
	it->begun = true;
	if (more && !skip_value(&j, out))
		return false;
	it->rest.n = (uint32_t)(it->rest.at + it->rest.n - j.at);
	it->rest.at = (uint32_t)j.at;
	it->cut = REPOINDEX_CUT;
	if (!more && skip_space(&j))
		it->cut = REPOINDEX_ODD;
	return more;
}

bool repoindex_next_item(struct repoindex_items *it, struct repoindex_part *out)
{
	return it->ix->form == REPOINDEX_JSON ? next_json(it, out) : next_yaml(it, out);
}
