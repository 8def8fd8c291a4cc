#include "cli/flux_report.h"

#include "base/map.h"
#include "base/vec.h"
#include "value/json.h"

enum { WIDTH_DEFAULT = 80 };

/* ---- changes ----------------------------------------------------------- */

struct path {
	const struct path *up;	/* NULL: the root */
	str name;
};

enum detail_kind { ORDER, REMOVAL, ADDITION, MODIFICATION };

struct detail {
	enum detail_kind kind;
	node from, to;
};

struct change {
	const struct path *path;
	struct detail details[3];
	size_t n;
};

struct report {
	struct arena *a;
	VEC(struct change) changes;
};

static void compare(struct report *r, const struct path *path, node from, node to);

static const struct path *step(struct report *r, const struct path *up, str name)
{
	struct path *p = arena_new(r->a, struct path);

	*p = (struct path){ up, name };
	return p;
}

static void add_detail(struct change *c, enum detail_kind kind, node from, node to)
{
	c->details[c->n++] = (struct detail){ kind, from, to };
}

static void add_change(struct report *r, const struct change *c)
{
	if (c->n)
		avec_push(r->a, &r->changes, *c);
}

static void compare_maps(struct report *r, const struct path *path, node from, node to)
{
	node removed = node_map(r->a, 2), added = node_map(r->a, 2);
	struct change c = { .path = path };

	node_each_pair(p, from)
		if (!node_has(to, node_str(p->key)))
			node_push(r->a, removed, p->key, p->value);
	node_each_pair(p, to)
		if (!node_has(from, node_str(p->key)))
			node_push(r->a, added, p->key, p->value);
	if (node_len(removed))
		add_detail(&c, REMOVAL, removed, NODE_NOTHING);
	if (node_len(added))
		add_detail(&c, ADDITION, NODE_NOTHING, added);
	add_change(r, &c);
	node_each_pair(p, from) {
		str key = node_str(p->key);

		if (node_has(to, key))
			compare(r, step(r, path, key), p->value, node_get(to, key));
	}
}

/* ---- lists ------------------------------------------------------------- */

/* What is asked of two lists: items by their names, in the order of the list. */
struct index {
	struct map names;	/* to the item */
	bool unique;
};

static void index_by(struct arena *a, struct index *x, node list, str key)
{
	*x = (struct index){ .unique = true };
	node_each_item(i, list) {
		node name = node_get(*i, key);
		str text = node_text(a, name);

		if (node_is(name, NODE_NONE) || map_set(&x->names, text, i))
			x->unique = false;
	}
}

/* Whether `key` names every item of both, each but once. */
static bool names_all(struct arena *a, node from, node to, str key)
{
	struct index x, y;

	index_by(a, &x, from, key);
	index_by(a, &y, to, key);
	map_release(&x.names);
	map_release(&y.names);
	return x.unique && y.unique;
}

/* The field that names the items; empty when there is none. */
static str identifier_of(struct arena *a, node from, node to)
{
	enum { GUESS_ABOVE = 3 };
	static const char *const usual[] = { "name", "key", "id", "manager" };

	if (!node_len(from) || !node_len(to))
		return STR_NONE;
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (names_all(a, from, to, str_c(usual[i])))
			return str_c(usual[i]);
	if (node_len(from) <= GUESS_ABOVE)
		return STR_NONE;
	node_each_pair(p, node_at(from, 0))
		if (node_is(p->value, NODE_STR) && names_all(a, from, to, node_str(p->key)))
			return node_str(p->key);
	return STR_NONE;
}

static bool same_order(node x, node y)
{
	for (size_t i = 0; i < node_len(x); i++)
		if (!node_equal(node_at(x, i), node_at(y, i)))
			return false;
	return true;
}

static void finish_list(struct report *r, const struct path *path, node common_from, node common_to,
			node removed, node added)
{
	struct change c = { .path = path };

	if (node_len(common_from) == node_len(common_to) && !same_order(common_from, common_to))
		add_detail(&c, ORDER, common_from, common_to);
	if (node_len(removed))
		add_detail(&c, REMOVAL, removed, NODE_NOTHING);
	if (node_len(added))
		add_detail(&c, ADDITION, NODE_NOTHING, added);
	add_change(r, &c);
}

static void compare_named(struct report *r, const struct path *path, node from, node to, str key)
{
	struct arena *a = r->a;
	node removed = node_seq(a, 2), added = node_seq(a, 2);
	node in_from = node_seq(a, 8), in_to = node_seq(a, 8);
	struct index x, y;

	index_by(a, &x, from, key);
	index_by(a, &y, to, key);
	for (size_t i = 0; i < x.names.n; i++) {
		struct map_entry *e = &x.names.entries[i];
		bool both = map_has(&y.names, e->key);

		node_append(a, both ? in_from : removed,
			    both ? node_from_str(a, e->key) : *(node *)e->value);
	}
	for (size_t i = 0; i < y.names.n; i++) {
		struct map_entry *e = &y.names.entries[i];
		bool both = map_has(&x.names, e->key);

		node_append(a, both ? in_to : added,
			    both ? node_from_str(a, e->key) : *(node *)e->value);
	}
	finish_list(r, path, in_from, in_to, removed, added);
	for (size_t i = 0; i < x.names.n; i++) {
		struct map_entry *e = &x.names.entries[i];
		const node *other = map_get(&y.names, e->key);

		if (other)
			compare(r, step(r, path, e->key), *(node *)e->value, *other);
	}
	map_release(&x.names);
	map_release(&y.names);
}

static str text_of(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = json_write(&b, n, NULL);

	err_free(e);	/* what stood in a JSON answer can be written as JSON */
	return arena_str(a, buf_str(&b));
}

static void count(struct arena *a, struct map *counts, const str *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t *c = map_get(counts, texts[i]);

		if (!c)
			map_set(counts, texts[i], c = arena_new(a, size_t));
		++*c;
	}
}

/* The items of `list` that `other` has not, or not as often; the others go to
 * `common`. */
static void part(struct arena *a, node list, const str *texts, const struct map *own,
		 const struct map *other, node missing, node common)
{
	struct map seen = MAP_INIT;

	for (size_t i = 0; i < node_len(list); i++) {
		const size_t *here = map_get(own, texts[i]), *there = map_get(other, texts[i]);

		if (!there)
			node_append(a, missing, node_at(list, i));
		else
			node_append(a, common, node_at(list, i));
		for (size_t k = there ? *there : *here; k < *here; k++)
			if (!map_has(&seen, texts[i]))
				node_append(a, missing, node_at(list, i));
		map_set(&seen, texts[i], NULL);
	}
	map_release(&seen);
}

static void compare_plain(struct report *r, const struct path *path, node from, node to)
{
	struct arena *a = r->a;
	size_t n = node_len(from), m = node_len(to);
	node removed = node_seq(a, 2), added = node_seq(a, 2);
	node in_from = node_seq(a, 8), in_to = node_seq(a, 8);
	struct map x = MAP_INIT, y = MAP_INIT;

	if (n == 1 && m == 1) {
		compare(r, step(r, path, S("0")), node_at(from, 0), node_at(to, 0));
		return;
	}
	str *texts = arena_array(a, str, n + m);

	for (size_t i = 0; i < n + m; i++)
		texts[i] = text_of(a, i < n ? node_at(from, i) : node_at(to, i - n));
	count(a, &x, texts, n);
	count(a, &y, texts + n, m);
	part(a, from, texts, &x, &y, removed, in_from);
	part(a, to, texts + n, &y, &x, added, in_to);
	map_release(&x);
	map_release(&y);
	finish_list(r, path, in_from, in_to, removed, added);
}

static void compare(struct report *r, const struct path *path, node from, node to)
{
	struct change c = { .path = path };

	if (from.kind == to.kind && from.kind == NODE_MAP) {
		compare_maps(r, path, from, to);
	} else if (from.kind == to.kind && from.kind == NODE_SEQ) {
		str key = identifier_of(r->a, from, to);

		if (key.n)
			compare_named(r, path, from, to, key);
		else
			compare_plain(r, path, from, to);
	} else if (!node_equal(from, to)) {
		add_detail(&c, MODIFICATION, from, to);
		add_change(r, &c);
	}
}

/* ---- texts in columns -------------------------------------------------- */

struct writer {
	struct arena *a;
	size_t width;
	bool colour;
};

/* In runes, without the marks of colours. */
static size_t length(str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\033')
			while (i + 1 < s.n && s.p[i] != 'm')
				i++;
		else if ((s.p[i] & 0xc0) != 0x80)
			n++;
	}
	return n;
}

static size_t widest(str block)
{
	size_t most = 0;

	for (bool more = true; more;) {
		str line;

		more = str_split(block, '\n', &line, &block);
		most = length(line) > most ? length(line) : most;
	}
	return most;
}

/* Every line, also the empty one behind the last line feed. */
static void add_stacked(struct buf *out, size_t indent, str block)
{
	for (bool more = true; more;) {
		str line;

		more = str_split(block, '\n', &line, &block);
		buf_fill(out, ' ', indent);
		buf_add(out, line);
		buf_addc(out, '\n');
	}
}

enum { COLUMNS_MAX = 3 };

static void add_table(struct buf *out, str separator, size_t indent, const str *blocks, size_t n)
{
	str rest[COLUMNS_MAX];
	size_t wide[COLUMNS_MAX], open = n;
	bool more[COLUMNS_MAX];

	for (size_t i = 0; i < n; i++) {
		rest[i] = blocks[i];
		wide[i] = widest(blocks[i]);
		more[i] = true;
	}
	for (bool first = true; open; first = false) {
		CLEANUP(buf_release) struct buf row = BUF_INIT;

		for (size_t i = 0; i < n; i++) {
			str line = STR_NONE;

			buf_add(&row, i ? separator : STR_NONE);
			if (more[i] && !(more[i] = str_split(rest[i], '\n', &line, &rest[i])))
				open--;
			buf_fill(&row, ' ', indent);
			buf_add(&row, line);
			buf_fill(&row, ' ', wide[i] - length(line));
		}
		buf_add(out, first ? STR_NONE : S("\n"));
		buf_add(out, str_trim_right_set(buf_str(&row), S(" ")));
	}
}

/* Side by side where the terminal has room for it. */
static void add_blocks(const struct writer *w, struct buf *out, size_t indent, const str *blocks,
		       size_t n)
{
	const str separator = S("   ");
	size_t all = indent + (n - 1) * separator.n;

	for (size_t i = 0; i < n; i++)
		all += widest(blocks[i]);
	if (all <= w->width) {
		add_table(out, separator, indent, blocks, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		add_stacked(out, indent, blocks[i]);
}

enum colour { RED = 31, GREEN, YELLOW };

static void begin(const struct writer *w, struct buf *out, enum colour colour)
{
	if (w->colour)
		buf_addf(out, "\033[%dm", colour);
}

static void end(const struct writer *w, struct buf *out)
{
	if (w->colour)
		buf_add(out, S("\033[0m"));
}

static void add_title(const struct writer *w, struct buf *out, str text)
{
	begin(w, out, YELLOW);
	buf_add(out, text);
	end(w, out);
	buf_addc(out, '\n');
}

/* Each line with the sign, or only the first and the others below it. */
static void add_signed(const struct writer *w, struct buf *out, str sign, str text, bool each)
{
	bool first = true;

	for (bool more = true; more; first = false) {
		str line;

		more = str_split(text, '\n', &line, &text);
		begin(w, out, sign.p[0] == '-' ? RED : GREEN);
		buf_add(out, first || each ? sign : S("  "));
		buf_add(out, line);
		end(w, out);
		buf_addc(out, '\n');
	}
}

/* ---- values ------------------------------------------------------------ */

static void add_scalar(struct buf *out, struct arena *a, size_t indent, node n)
{
	str text = node_is_nil(n) ? S("null") : node_text(a, n), line;
	bool quote = false;

	for (size_t i = 0; i < text.n; i++)
		quote = quote || memchr(" *&:,", text.p[i], 5);
	if (str_find_char(text, '\n') == STR_NPOS) {
		buf_addf(out, quote ? "\"%.*s\"\n" : "%.*s\n", STR_ARG(text));
		return;
	}
	buf_add(out, S("|\n"));
	while (str_cut(&text, &line, '\n')) {
		buf_fill(out, ' ', indent);
		buf_add(out, line);
		buf_addc(out, '\n');
	}
}

static void add_yaml(struct buf *out, struct arena *a, size_t indent, bool hanging, node n);

static void add_pair(struct buf *out, struct arena *a, size_t indent, const struct node_pair *p)
{
	buf_addf(out, "%.*s:", STR_ARG(node_str(p->key)));
	if (node_is(p->value, NODE_MAP) || node_is(p->value, NODE_SEQ)) {
		bool map = node_is(p->value, NODE_MAP);

		if (!node_len(p->value)) {
			buf_add(out, map ? S(" {}\n") : S(" []\n"));
			return;
		}
		buf_addc(out, '\n');
		add_yaml(out, a, map ? indent + 2 : indent, false, p->value);
		return;
	}
	buf_addc(out, ' ');
	add_scalar(out, a, indent + 2, p->value);
}

/* What names a thing stands first. */
static str leader_of(node map)
{
	static const char *const leaders[] = { "name", "key", "id" };

	for (size_t i = 0; i < sizeof leaders / sizeof *leaders; i++)
		if (node_has(map, str_c(leaders[i])))
			return str_c(leaders[i]);
	return STR_NONE;
}

/* `hanging`: the first line is indented already. */
static void add_yaml(struct buf *out, struct arena *a, size_t indent, bool hanging, node n)
{
	if (node_is(n, NODE_SEQ)) {
		node_each_item(i, n) {
			buf_fill(out, ' ', indent);
			buf_add(out, S("- "));
			add_yaml(out, a, indent + 2, true, *i);
		}
		return;
	}
	if (!node_is(n, NODE_MAP)) {
		add_scalar(out, a, indent, n);
		return;
	}
	size_t lead = node_index(n, leader_of(n));

	for (size_t k = 0; k < node_len(n); k++) {
		size_t at = lead == STR_NPOS ? k : k == 0 ? lead : k <= lead ? k - 1 : k;

		if (!hanging || k)
			buf_fill(out, ' ', indent);
		add_pair(out, a, indent, &n.map->pairs[at]);
	}
}

static str number_word(struct arena *a, size_t n)
{
	static const char *const words[] = { "zero", "one", "two", "three", "four", "five", "six",
					     "seven", "eight", "nine", "ten", "eleven", "twelve" };

	if (n < sizeof words / sizeof *words)
		return str_c(words[n]);
	return arena_printf(a, "%zu", n);
}

static void add_entries(const struct writer *w, struct buf *out, node entries, bool added)
{
	CLEANUP(buf_release) struct buf yaml = BUF_INIT;
	CLEANUP(buf_release) struct buf coloured = BUF_INIT;
	bool map = node_is(entries, NODE_MAP);
	size_t n = node_len(entries);
	str text, line;

	add_title(w, out,
		  arena_printf(w->a, "%c %.*s %s %s %s:", added ? '+' : '-',
			       STR_ARG(number_word(w->a, n)), map ? "map" : "list",
			       n == 1 ? "entry" : "entries", added ? "added" : "removed"));
	add_yaml(&yaml, w->a, 0, false, entries);
	text = buf_str(&yaml);
	while (w->colour && str_cut(&text, &line, '\n')) {
		begin(w, &coloured, added ? GREEN : RED);
		buf_add(&coloured, line);
		end(w, &coloured);
		buf_addc(&coloured, '\n');
	}
	text = w->colour ? buf_str(&coloured) : buf_str(&yaml);
	add_blocks(w, out, added ? 2 : 0, &text, 1);
}

/* ---- texts of several lines -------------------------------------------- */

typedef VEC(str) lines_vec;

static void split_lines(struct arena *a, str text, lines_vec *out)
{
	while (text.n) {
		size_t at = str_find_char(text, '\n');
		size_t n = at == STR_NPOS ? text.n : at + 1;

		avec_push(a, out, str_sub(text, 0, n));
		text = str_from(text, n);
	}
}

struct texts {
	lines_vec x, y;
	size_t head;		/* equal lines in front */
	size_t n, m;		/* lines that are left of each */
	uint32_t *longest;	/* of the equal lines from here on: (n + 1) * (m + 1) */
};

static uint32_t *cell(const struct texts *t, size_t i, size_t j)
{
	return &t->longest[i * (t->m + 1) + j];
}

static bool line_eq(const struct texts *t, size_t i, size_t j)
{
	return str_eq(t->x.p[t->head + i], t->y.p[t->head + j]);
}

static void align(struct arena *a, struct texts *t)
{
	size_t n = t->x.n, m = t->y.n;

	while (t->head < n && t->head < m && line_eq(t, 0, 0))
		t->head++;
	while (n > t->head && m > t->head && str_eq(t->x.p[n - 1], t->y.p[m - 1])) {
		n--;
		m--;
	}
	t->n = n - t->head;
	t->m = m - t->head;
	if (t->n && t->m && (t->n + 1) <= REPORT_CELLS_MAX / (t->m + 1))
		t->longest = arena_array(a, uint32_t, (t->n + 1) * (t->m + 1));
	for (size_t i = t->n; t->longest && i-- > 0;)
		for (size_t j = t->m; j-- > 0;) {
			uint32_t down = *cell(t, i + 1, j), right = *cell(t, i, j + 1);

			*cell(t, i, j) = line_eq(t, i, j) ? *cell(t, i + 1, j + 1) + 1
					 : down > right	  ? down
							  : right;
		}
}

/* Lines of one side, all with the sign. */
static void add_run(const struct writer *w, struct buf *out, str sign, const str *lines, size_t n,
		    size_t *runs)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		buf_add(&b, lines[i]);
	str text = buf_str(&b);

	if (str_ends(text, S("\n")))
		text = str_sub(text, 0, text.n - 1);
	add_signed(w, out, sign, text, true);
	++*runs;
}

static str plural(struct arena *a, size_t n, const char *word)
{
	return arena_printf(a, "%.*s %s%s", STR_ARG(number_word(a, n)), word, n == 1 ? "" : "s");
}

static void add_lines(const struct writer *w, struct buf *out, str from, str to)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct texts t = { 0 };
	size_t inserts = 0, deletions = 0, i = 0, j = 0;

	split_lines(w->a, from, &t.x);
	split_lines(w->a, to, &t.y);
	align(w->a, &t);
	while (i < t.n || j < t.m) {
		size_t i0 = i, j0 = j;

		/* up to the next pair of equal lines */
		while ((i < t.n || j < t.m) &&
		       !(t.longest && i < t.n && j < t.m && line_eq(&t, i, j)))
			if (j >= t.m || (i < t.n && (!t.longest || *cell(&t, i + 1, j) >=
									   *cell(&t, i, j + 1))))
				i++;
			else
				j++;
		add_run(w, &body, S("- "), t.x.p + t.head + i0, i - i0, &deletions);
		add_run(w, &body, S("+ "), t.y.p + t.head + j0, j - j0, &inserts);
		while (i < t.n && j < t.m && line_eq(&t, i, j)) {
			i++;
			j++;
		}
	}
	add_title(w, out,
		  arena_printf(w->a, "± value change in multiline text (%.*s, %.*s)",
			       STR_ARG(plural(w->a, inserts, "insert")),
			       STR_ARG(plural(w->a, deletions, "deletion"))));
	buf_add(out, buf_str(&body));
	buf_addc(out, '\n');
}

static str show_spaces(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n')
			buf_add(&b, S("↵\n"));
		else if (text.p[i] == ' ')
			buf_add(&b, S("·"));
		else
			buf_addc(&b, text.p[i]);
	return arena_str(a, buf_str(&b));
}

static void add_text_change(const struct writer *w, struct buf *out, str from, str to)
{
	const str blank = S(" \n");

	if (str_eq(str_trim_set(from, blank), str_trim_set(to, blank))) {
		CLEANUP(buf_release) struct buf x = BUF_INIT;
		CLEANUP(buf_release) struct buf y = BUF_INIT;

		add_title(w, out, S("± whitespace only change"));
		add_signed(w, &x, S("- "), show_spaces(w->a, from), false);
		add_signed(w, &y, S("+ "), show_spaces(w->a, to), false);
		add_blocks(w, out, 0, (const str[]){ buf_str(&x), buf_str(&y) }, 2);
		return;
	}
	if (str_find_char(from, '\n') != STR_NPOS || str_find_char(to, '\n') != STR_NPOS) {
		add_lines(w, out, from, to);
		return;
	}
	add_title(w, out, S("± value change"));
	add_signed(w, out, S("- "), from, false);
	add_signed(w, out, S("+ "), to, false);
}

/* ---- changes, written -------------------------------------------------- */

static const char *type_name(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
	case NODE_UINT:
		return "int";
	case NODE_FLOAT:
		return "float";
	case NODE_STR:
		return "string";
	case NODE_TIME:
		return "timestamp";
	case NODE_SEQ:
		return "list";
	case NODE_MAP:
		return "map";
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
	case NODE_OBJECT:
		break;
	}
	return "<nil>";
}

static str value_text(const struct writer *w, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (node_is_nil(n))
		return S("<nil>");
	add_yaml(&b, w->a, 0, false, n);
	return arena_str(w->a, str_trim_right_set(buf_str(&b), S("\n")));
}

static void add_modification(const struct writer *w, struct buf *out, node from, node to)
{
	const char *x = type_name(from), *y = type_name(to);

	if (node_is(from, NODE_STR) && node_is(to, NODE_STR)) {
		add_text_change(w, out, node_str(from), node_str(to));
		return;
	}
	add_title(w, out,
		  strcmp(x, y) == 0 ? S("± value change")
				    : arena_printf(w->a, "± type change from %s to %s", x, y));
	add_signed(w, out, S("- "), value_text(w, from), false);
	add_signed(w, out, S("+ "), value_text(w, to), false);
}

static str joined(const struct writer *w, node list, str separator)
{
	str *texts = arena_array(w->a, str, node_len(list) + 1);

	for (size_t i = 0; i < node_len(list); i++) {
		str text = node_text(w->a, node_at(list, i));

		texts[i] = text.n ? text : arena_cat(w->a, value_text(w, node_at(list, i)), S("\n"));
	}
	return arena_join(w->a, texts, node_len(list), separator);
}

static void add_order(const struct writer *w, struct buf *out, node from, node to)
{
	str x = joined(w, from, S(", ")), y = joined(w, to, S(", "));

	add_title(w, out, S("⇆ order changed"));
	if ((length(x) > length(y) ? length(x) : length(y)) < w->width / 2) {
		add_signed(w, out, S("- "), x, false);
		add_signed(w, out, S("+ "), y, false);
		return;
	}
	add_table(out, S(" "), 2,
		  (const str[]){ joined(w, from, S("\n")), joined(w, to, S("\n")) }, 2);
}

static void add_detail_text(const struct writer *w, struct buf *out, const struct detail *d)
{
	switch (d->kind) {
	case ORDER:
		return add_order(w, out, d->from, d->to);
	case REMOVAL:
		return add_entries(w, out, d->from, false);
	case ADDITION:
		return add_entries(w, out, d->to, true);
	case MODIFICATION:
		return add_modification(w, out, d->from, d->to);
	}
}

static void add_path(struct buf *out, const struct path *p)
{
	if (p->up && p->up->up) {
		add_path(out, p->up);
		buf_addc(out, '.');
	}
	buf_add(out, p->up ? p->name : S("(root level)"));
}

err *report_write(struct buf *b, node before, node after, const struct report_style *s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct writer w = { &a, s->width ? s->width : WIDTH_DEFAULT, s->colour };
	const struct path root = { 0 };
	struct report r = { .a = &a };

	compare(&r, &root, before, after);
	for (size_t i = 0; i < r.changes.n; i++) {
		const struct change *c = &r.changes.p[i];
		str blocks[COLUMNS_MAX];

		for (size_t k = 0; k < c->n; k++) {
			CLEANUP(buf_release) struct buf text = BUF_INIT;

			add_detail_text(&w, &text, &c->details[k]);
			blocks[k] = arena_str(&a, buf_str(&text));
		}
		buf_addc(b, '\n');
		add_path(b, c->path);
		buf_addc(b, '\n');
		add_blocks(&w, b, 0, blocks, c->n);
	}
	buf_addc(b, '\n');
	return buf_check(b, "report");
}
