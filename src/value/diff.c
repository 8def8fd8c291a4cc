#include "value/diff.h"

#include "base/map.h"
#include "base/vec.h"
#include "text/width.h"
#include "value/json.h"

enum { NO_ITEM = UINT32_MAX };

/* Two lists or two maps that are being compared; depth costs heap and not C
 * frames. First come the entries of `before`, then those of `after` that have
 * no partner. */
struct level {
	node before, after;
	size_t next;
	bool rest;			/* at the entries of `after` */
	struct diff_path entry;		/* where they are: `up` is that of the level below */
	const struct diff_path *path;	/* the same in the arena, once somebody needs it */
	str list_key;			/* items are found by it, or empty */
	uint32_t *partner;		/* item of `before` -> item of `after` */
	bool *taken;			/* items of `after` that have a partner */
	struct arena_mark mark;		/* before the two */
};

struct differ {
	struct arena *a;
	const struct diff_options *o;
	VEC(struct level) levels;
	VEC(struct diff_change) changes;
	struct arena matching;
};

static const struct diff_options no_options;

/* ---- paths ------------------------------------------------------------- */

/* The path of the entries of the innermost level. Most are never asked for. */
static const struct diff_path *level_path(struct differ *d)
{
	const struct diff_path *up = NULL;

	for (size_t i = 1; i < d->levels.n; i++) {
		struct level *l = &d->levels.p[i];

		if (!l->path) {
			struct diff_path *path = arena_new(d->a, struct diff_path);

			*path = l->entry;
			path->up = up;
			l->path = path;
		}
		up = l->path;
	}
	return up;
}

static const struct diff_path *entry_path(struct differ *d, const struct diff_path *entry)
{
	struct diff_path *path = arena_new(d->a, struct diff_path);

	*path = *entry;
	path->up = level_path(d);
	return path;
}

static bool is_skipped(struct differ *d, const struct diff_path *entry)
{
	if (!d->o->skip)
		return false;
	struct diff_path path = *entry;

	path.up = level_path(d);
	return d->o->skip(d->o->ctx, &path);
}

/* ---- items found by name ----------------------------------------------- */

/* The name of an item in JSON; empty when it has none. */
static str item_name(struct arena *a, node item, str key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node name = node_get(item, key);

	if (node_is_nil(name) || name.kind >= NODE_SEQ)
		return STR_NONE;
	err *e = json_write(&b, name, NULL);

	if (!e)
		return arena_str(a, buf_str(&b));
	err_free(e);
	return STR_NONE;
}

/* All items by name. False when one has none, or two the same. */
static bool index_items(struct differ *d, node list, str key, struct map *names)
{
	node_each_item(item, list) {
		str name = item_name(&d->matching, *item, key);

		if (!name.n || map_has(names, name))
			return false;
		map_set(names, name, item);
	}
	return true;
}

static void match_items(struct differ *d, struct level *l, str key)
{
	CLEANUP(map_release) struct map before = MAP_INIT, after = MAP_INIT;

	if (!index_items(d, l->before, key, &before) || !index_items(d, l->after, key, &after))
		return;
	l->list_key = key;
	l->partner = arena_array(&d->matching, uint32_t, before.n);
	l->taken = arena_array(&d->matching, bool, after.n);
	for (size_t i = 0; i < before.n; i++) {
		const node *item = map_get(&after, before.entries[i].key);

		l->partner[i] = item ? (uint32_t)(item - l->after.seq->items) : NO_ITEM;
		if (item)
			l->taken[l->partner[i]] = true;
	}
}

/* ---- comparing --------------------------------------------------------- */

static void report(struct differ *d, const struct diff_path *entry, node before, node after)
{
	const struct diff_path *path = d->levels.n ? entry_path(d, entry) : NULL;

	avec_push(d->a, &d->changes, (struct diff_change){ path, before, after });
}

static void compare(struct differ *d, const struct diff_path *entry, node before, node after)
{
	bool deeper = before.kind == after.kind &&
		      (before.kind == NODE_SEQ || before.kind == NODE_MAP);

	if (deeper ? before.seq == after.seq : node_equal(before, after))
		return;
	if (d->levels.n && is_skipped(d, entry))
		return;
	if (!deeper) {
		report(d, entry, before, after);
		return;
	}
	struct level l = {
		.before = before, .after = after, .entry = *entry,
		.mark = arena_mark(&d->matching),
	};

	vec_push(&d->levels, l);
	if (before.kind == NODE_SEQ && d->o->list_key) {
		str key = d->o->list_key(d->o->ctx, level_path(d));

		if (key.n)
			match_items(d, &d->levels.p[d->levels.n - 1], key);
	}
}

static void step_map(struct differ *d, struct level *l, size_t i)
{
	const struct node_pair *p = l->rest ? &l->after.map->pairs[i] : &l->before.map->pairs[i];
	node other = l->rest ? l->before : l->after;
	size_t at = node_index_of(other, p->key);
	struct diff_path entry = { .key = p->key };

	if (!l->rest)
		compare(d, &entry, p->value,
			at == STR_NPOS ? NODE_NOTHING : other.map->pairs[at].value);
	else if (at == STR_NPOS)
		compare(d, &entry, NODE_NOTHING, p->value);
}

static void step_list(struct differ *d, struct level *l, size_t i)
{
	struct diff_path entry = { .index = i, .name_key = l->list_key };
	node before = NODE_NOTHING, after = NODE_NOTHING;

	if (l->rest) {
		if (l->taken ? l->taken[i] : i < node_len(l->before))
			return;
		after = node_at(l->after, i);
	} else {
		size_t at = l->partner ? l->partner[i] : i;

		before = node_at(l->before, i);
		after = node_at(l->after, at);
		if (after.kind != NODE_NONE)
			entry.index = at;
	}
	entry.name = node_get(before.kind ? before : after, l->list_key);
	compare(d, &entry, before, after);
}

/* The next entry of the innermost level, or its end. */
static void step(struct differ *d)
{
	struct level *l = &d->levels.p[d->levels.n - 1];
	size_t i = l->next++;

	if (i < node_len(l->rest ? l->after : l->before)) {
		if (l->before.kind == NODE_MAP)
			step_map(d, l, i);
		else
			step_list(d, l, i);
	} else if (!l->rest) {
		l->rest = true;
		l->next = 0;
	} else {
		arena_rewind(&d->matching, l->mark);
		d->levels.n--;
	}
}

struct diff diff_trees(struct arena *a, node before, node after, const struct diff_options *o)
{
	struct differ d = { .a = a, .o = o ? o : &no_options };

	compare(&d, &(const struct diff_path){ 0 }, before, after);
	while (d.levels.n)
		step(&d);
	vec_release(&d.levels);
	arena_release(&d.matching);
	return (struct diff){ d.changes.p, d.changes.n };
}

/* ---- for people -------------------------------------------------------- */

static bool is_simple(str key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return key.n > 0;
}

/* JSON on one line, or on several, each after `prefix`. Characters that could
 * steer a terminal are shown escaped. */
static void write_json(struct buf *b, node n, unsigned indent, const char *prefix)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	const struct json_style style = {
		.indent = indent, .raw_html = true, .source_order = true,
	};
	err *e = json_write(&json, n, &style);
	str rest = e ? S("?") : buf_str(&json), line;

	err_free(e);
	for (bool first = true; str_cut(&rest, &line, '\n'); first = false) {
		size_t column = 0;

		if (!first)
			buf_addf(b, "\n%s", prefix);
		width_add_visible(b, line, &column);
	}
}

static void write_step(struct buf *b, const struct diff_path *step, bool first)
{
	if (step->key.kind == NODE_NONE) {
		if (step->name_key.n) {
			buf_addf(b, "[%.*s=", STR_ARG(step->name_key));
			write_json(b, step->name, 0, "");
			buf_addc(b, ']');
		} else {
			buf_addf(b, "[%zu]", step->index);
		}
		return;
	}
	if (step->key.kind == NODE_STR && is_simple(node_str(step->key))) {
		if (!first)
			buf_addc(b, '.');
		buf_add(b, node_str(step->key));
		return;
	}
	buf_addc(b, '[');
	write_json(b, step->key, 0, "");
	buf_addc(b, ']');
}

void diff_write_path(struct buf *b, const struct diff_path *path)
{
	VEC(const struct diff_path *) steps = { 0 };

	if (!path)
		buf_addc(b, '.');
	for (; path; path = path->up)
		vec_push(&steps, path);
	for (size_t i = steps.n; i-- > 0;)
		write_step(b, steps.p[i], i + 1 == steps.n);
	vec_release(&steps);
}

/* Lists and maps take several lines as soon as they do not fit on one. */
static void write_value(struct buf *b, char sign, node n, bool hidden)
{
	enum { ONE_LINE = 72 };
	const char prefix[] = { ' ', ' ', sign, ' ', 0 };
	size_t start = b->n;

	buf_add(b, str_c(prefix));
	if (hidden) {
		buf_add(b, S("***\n"));
		return;
	}
	write_json(b, n, 0, prefix);
	if (b->n - start > ONE_LINE && (n.kind == NODE_SEQ || n.kind == NODE_MAP)) {
		buf_trim(b, start + sizeof prefix - 1);
		write_json(b, n, 2, prefix);
	}
	buf_addc(b, '\n');
}

void diff_write(struct buf *b, const struct diff *d, const struct diff_options *o)
{
	for (size_t i = 0; i < d->n && !b->full; i++) {
		const struct diff_change *c = &d->changes[i];
		bool hidden = o && o->hide && o->hide(o->ctx, c->path);

		diff_write_path(b, c->path);
		buf_addc(b, '\n');
		if (c->before.kind != NODE_NONE)
			write_value(b, '-', c->before, hidden);
		if (c->after.kind != NODE_NONE)
			write_value(b, '+', c->after, hidden);
	}
}
