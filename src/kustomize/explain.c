#include "kustomize/explain.h"

#include "kustomize/value.h"
#include "text/errtext.h"
#include "text/width.h"
#include "value/fieldpath.h"
#include "value/yaml.h"

/* Comments stand in one column, unless their line is longer. */
enum { COLUMN_MAX = 48 };

/* ---- places ------------------------------------------------------------ */

static bool add_place(const struct explain *x, struct buf *b, uint32_t place)
{
	struct err_pos pos;

	if (!sources_locate(x->sources, place, &pos))
		return false;
	buf_addf(b, "%.*s:%u", STR_ARG(errtext_file(x->dir, pos.file)), pos.line);
	return true;
}

static bool same_file(const struct explain *x, uint32_t one, uint32_t two)
{
	struct err_pos p, q;

	return sources_locate(x->sources, one, &p) && sources_locate(x->sources, two, &q) &&
	       str_eq(p.file, q.file);
}

typedef VEC(uint32_t) place_list;

/* The places on the way, oldest first. */
static place_list way_to(const struct explain *x, struct arena *a, uint32_t place)
{
	place_list way = { 0 };

	while (place) {
		const struct source_step *step = sources_step_at(x->sources, place);

		avec_push(a, &way, place);
		place = step ? step->before : 0;
	}
	for (size_t i = 0; i < way.n / 2; i++) {
		uint32_t other = way.p[way.n - 1 - i];

		way.p[way.n - 1 - i] = way.p[i];
		way.p[i] = other;
	}
	return way;
}

/* "replicas.yaml:6 (patches, kustomization.yaml:4)": where the new value is
 * written, and who took it from there. */
static void add_step(const struct explain *x, struct buf *b, const struct source_step *step)
{
	const struct source_maker *by = &x->sources->makers.p[step->maker];
	bool written = step->now && add_place(x, b, step->now);

	if (!written && by->place)
		add_place(x, b, by->place);
	buf_addf(b, "%s(%.*s", written || by->place ? " " : "", STR_ARG(by->what));
	if (written && by->place && !same_file(x, step->now, by->place)) {
		buf_add(b, S(", "));
		add_place(x, b, by->place);
	}
	buf_addc(b, ')');
}

static void add_way(const struct explain *x, struct arena *a, struct buf *b, uint32_t place)
{
	place_list way = way_to(x, a, place);

	for (size_t i = 0; i < way.n; i++) {
		const struct source_step *step = sources_step_at(x->sources, way.p[i]);

		buf_add(b, i ? S(" -> ") : STR_NONE);
		if (step)
			add_step(x, b, step);
		else
			add_place(x, b, way.p[i]);
	}
}

/* ---- annotated YAML ---------------------------------------------------- */

/* A value that takes up lines of the printed text. */
struct leaf {
	uint32_t from, to;	/* lines, from 0 */
	bool ended;
	uint32_t place;
};

struct page {
	const struct explain *x;
	struct arena *a;
	struct sources lines;	/* of the printed text */
	VEC(struct leaf) leaves;
};

static uint32_t line_of(struct page *p, node n)
{
	struct err_pos pos;

	return sources_locate(&p->lines, n.place, &pos) ? pos.line - 1 : 0;
}

/* Whatever came before ends above this line, but has one at least. */
static void end_last(struct page *p, uint32_t line)
{
	struct leaf *last = p->leaves.n ? &p->leaves.p[p->leaves.n - 1] : NULL;

	if (!last || last->ended)
		return;
	last->to = line > last->from ? line - 1 : last->from;
	last->ended = true;
}

/* `printed` is `value` as it was read back from its text: the same tree, with
 * the text's lines for places. */
static void find_leaves(struct page *p, node value, node printed)
{
	if (!node_len(printed)) {
		uint32_t line = line_of(p, printed);

		end_last(p, line);
		avec_push(p->a, &p->leaves, (struct leaf){ line, line, false, value.place });
		return;
	}
	node_each_item(i, printed)
		find_leaves(p, node_at(value, (size_t)(i - printed.seq->items)), *i);
	node_each_pair(q, printed) {
		end_last(p, line_of(p, q->key));
		find_leaves(p, node_get(value, node_str(q->key)), q->value);
	}
}

/* The comment of a value of several lines stands behind the first if it is a
 * block, else behind the last. */
static uint32_t comment_line(const struct leaf *leaf, const str *lines)
{
	str head = lines[leaf->from];

	head = str_trim_right_set(head, S("0123456789+-"));
	return leaf->to > leaf->from && str_ends(head, S("|")) ? leaf->from : leaf->to;
}

static str *split_lines(struct arena *a, str text, size_t *n)
{
	str *lines = arena_array(a, str, str_count_char(text, '\n') + 1), line;

	for (*n = 0; str_cut(&text, &line, '\n'); (*n)++)
		lines[*n] = line;
	return lines;
}

static void print_lines(struct page *p, str text, struct buf *out)
{
	size_t n, column = 0;
	str *lines = split_lines(p->a, text, &n);
	uint32_t *places = arena_array(p->a, uint32_t, n + 1);

	for (size_t i = 0; i < p->leaves.n; i++)
		places[comment_line(&p->leaves.p[i], lines)] = p->leaves.p[i].place;
	for (size_t i = 0; i < n; i++) {
		size_t width = width_text(lines[i]);

		if (places[i] && width <= COLUMN_MAX && width > column)
			column = width;
	}
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf way = BUF_INIT;
		size_t width = width_text(lines[i]);

		add_way(p->x, p->a, &way, places[i]);
		buf_add(out, lines[i]);
		if (way.n)
			buf_addf(out, "%*s  # %s", (int)(width < column ? column - width : 0), "",
				 buf_c(&way));
		buf_addc(out, '\n');
	}
}

static err *annotate(const struct explain *x, struct arena *a, node value, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct page p = { .x = x, .a = a };
	const struct yaml_options again = { .rules = YAML_1_1, .json = true, .sources = &p.lines };
	node printed;

	TRY(yaml_write(&text, value, YAML_WRITE_SIGS));
	err *e = yaml_read(a, arena_str(a, buf_str(&text)), &again, &printed);

	if (!e) {
		find_leaves(&p, value, printed);
		end_last(&p, (uint32_t)str_count_char(buf_str(&text), '\n'));
		print_lines(&p, buf_str(&text), out);
	}
	sources_release(&p.lines);
	return e;
}

/* ---- the steps of a whole object --------------------------------------- */

static void mark_makers(const struct explain *x, node n, bool *marks, unsigned depth)
{
	enum { DEPTH_MAX = 10000 };
	const struct source_step *step;

	for (uint32_t at = n.place; (step = sources_step_at(x->sources, at)); at = step->before)
		marks[step->maker] = true;
	if (depth > DEPTH_MAX)
		return;
	node_each_item(i, n)
		mark_makers(x, *i, marks, depth + 1);
	node_each_pair(p, n)
		mark_makers(x, p->value, marks, depth + 1);
}

/* "# Deployment prod-web, in namespace prod", where it was read, and who
 * touched any of it. */
static void print_head(const struct explain *x, struct arena *a, const struct resource *r,
		       struct buf *out)
{
	bool *marks = arena_array(a, bool, x->sources->makers.n + 1);
	str ns = resource_ns(r);
	uint32_t first = r->object.place;

	buf_addf(out, "# %.*s %.*s", STR_ARG(resource_kind(r)), STR_ARG(resource_name(r)));
	if (ns.n)
		buf_addf(out, " in namespace %.*s", STR_ARG(ns));
	buf_addc(out, '\n');
	for (const struct source_step *step; (step = sources_step_at(x->sources, first));)
		first = step->before;
	if (first) {
		buf_add(out, S("#   "));
		add_place(x, out, first);
		buf_addc(out, '\n');
	}
	mark_makers(x, r->object, marks, 0);
	for (size_t i = 0; i < x->sources->makers.n; i++) {
		const struct source_step step = { .maker = (uint32_t)i };

		if (!marks[i])
			continue;
		buf_add(out, S("#   "));
		add_step(x, out, &step);
		buf_addc(out, '\n');
	}
}

/* ---- one value --------------------------------------------------------- */

/* A position with its line: "  base/web.yaml:8:13: replicas: 1". */
static void add_line(const struct explain *x, struct buf *b, uint32_t place)
{
	struct err_pos pos;

	if (!sources_locate(x->sources, place, &pos))
		return;
	buf_addf(b, "%.*s:%u:%u: ", STR_ARG(errtext_file(x->dir, pos.file)), pos.line, pos.col);
	size_t column = 0;

	width_add_visible(b, str_trim(pos.text), &column);
}

static void print_way(const struct explain *x, struct arena *a, uint32_t place, struct buf *out)
{
	place_list way = way_to(x, a, place);

	for (size_t i = 0; i < way.n; i++) {
		const struct source_step *step = sources_step_at(x->sources, way.p[i]);

		if (step) {
			const struct source_maker *by = &x->sources->makers.p[step->maker];

			buf_addf(out, "  %.*s%s", STR_ARG(by->what), by->place ? ": " : "");
			add_line(x, out, by->place);
			if (step->now) {
				buf_add(out, S("\n    "));
				add_line(x, out, step->now);
			}
		} else {
			buf_add(out, S("  "));
			add_line(x, out, way.p[i]);
		}
		buf_addc(out, '\n');
	}
}

/* "a[0].b" as "a.[0].b", and "[0]" as "0". */
static str with_dots(struct arena *a, str path)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < path.n; i++) {
		size_t end = path.p[i] == '[' ? str_find_char(str_from(path, i), ']') : STR_NPOS;

		if (end == STR_NPOS) {
			buf_addc(&b, path.p[i]);
			continue;
		}
		str inside = str_sub(path, i + 1, i + end);
		uint64_t index;

		if (b.n && b.p[b.n - 1] != '.')
			buf_addc(&b, '.');
		buf_add(&b, str_to_u64(inside, &index) ? inside : str_sub(path, i, i + end + 1));
		i += end;
	}
	return arena_str(a, buf_str(&b));
}

static err *print_value(const struct explain *x, struct arena *a, node object, str path,
			struct buf *out)
{
	struct fieldpath steps;
	node *found;

	TRY(fieldpath_parse(a, with_dots(a, path), &steps));
	TRY(fieldpath_get(&object, steps, &found, NULL));
	if (!found || found->kind == NODE_NONE)
		return err_new(ERR_NOT_FOUND, "the object has no field \"%.*s\"", STR_ARG(path));
	buf_addf(out, "%.*s:%s", STR_ARG(path), node_len(*found) ? "\n" : " ");
	if (!node_len(*found)) {
		TRY(yaml_write(out, *found, YAML_WRITE_SIGS));
		print_way(x, a, found->place, out);
		return NULL;
	}
	print_way(x, a, found->place, out);
	return annotate(x, a, *found, out);
}

/* ---- all --------------------------------------------------------------- */

err *explain_print(const struct explain *x, struct arena *a, const struct resource *r, str path,
		   struct buf *out)
{
	node value;

	TRY(value_to_print(a, x->sources, r->object, &value));
	if (path.n)
		return print_value(x, a, value, path, out);
	print_head(x, a, r, out);
	return annotate(x, a, value, out);
}

static bool was_named(const struct resource *r, str name)
{
	for (size_t i = 0; i < r->former.n; i++)
		if (str_eq(r->former.p[i].name, name))
			return true;
	return str_eq(resource_name(r), name);
}

err *explain_find(struct arena *a, const struct resmap *m, str kind, str name, resource_list *out)
{
	enum { SHOWN_MAX = 20 };
	CLEANUP(buf_release) struct buf there = BUF_INIT;
	size_t alike = 0;

	*out = (resource_list){ 0 };
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];
		bool kind_fits = str_eq_nocase(resource_kind(r), kind), name_fits = was_named(r, name);

		if (kind_fits && name_fits)
			avec_push(a, out, r);
		else if ((kind_fits || name_fits) && alike++ < SHOWN_MAX)
			buf_addf(&there, "%s%.*s/%.*s", there.n ? ", " : "",
				 STR_ARG(resource_kind(r)), STR_ARG(resource_name(r)));
	}
	if (out->n)
		return NULL;
	if (alike > SHOWN_MAX)
		buf_add(&there, S(", ..."));
	return err_new(ERR_NOT_FOUND, "the build has no %.*s/%.*s%s%s", STR_ARG(kind), STR_ARG(name),
		       there.n ? "; it has " : "", buf_c(&there));
}
