/* Events to items: the tree of one document, aliases bound to their anchors. */
#include "value/yaml_impl.h"

static err *compose_error(struct yaml_compose *c, struct yaml_mark at, const char *problem)
{
	c->parse.scan.bad = at;
	return err_new(ERR_INVALID, "yaml: line %d: %s", at.line + 1, problem);
}

/* ---- tags -------------------------------------------------------------- */

static const struct {
	const char *name;
	enum yaml_tag tag;
} tags[] = {
	{ "str", TAG_STR },
	{ "bool", TAG_BOOL },
	{ "int", TAG_INT },
	{ "float", TAG_FLOAT },
	{ "null", TAG_NULL },
	{ "timestamp", TAG_TIME },
	{ "binary", TAG_BINARY },
	{ "merge", TAG_MERGE },
	{ "seq", TAG_SEQ },
	{ "map", TAG_MAP },
};

/* Rules 1.2 take a tag written "!<!!str>" for the short form that it is. */
static void set_tag(struct yaml_compose *c, struct yaml_item *item, str tag)
{
	bool longer = str_take_str(&tag, S("tag:yaml.org,2002:"));
	str name = tag;

	if (!tag.n && !longer)
		return;
	item->tag_text = longer ? arena_cat(c->a, S("!!"), tag) : tag;
	item->tag = !longer && str_eq(tag, S("!")) ? TAG_LONE : TAG_OTHER;
	if (!longer && (c->parse.scan.rules == YAML_1_1 || !str_take_str(&name, S("!!"))))
		return;
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (str_eq(str_c(tags[i].name), name))
			item->tag = (uint8_t)tags[i].tag;
}

/* ---- notes ------------------------------------------------------------- */

static struct node_note *need_note(struct yaml_compose *c, struct yaml_item *item)
{
	if (!item->note)
		item->note = arena_new(c->a, struct node_note);
	return item->note;
}

static void set_notes(struct yaml_compose *c, struct yaml_item *item, const struct yaml_event *ev)
{
	bool tagged = item->tag > TAG_LONE;

	if (!ev->head.n && !ev->line.n && !ev->foot.n && !tagged &&
	    (item->kind == ITEM_ALIAS || !ev->anchor.n))
		return;
	struct node_note *note = need_note(c, item);

	note->head = ev->head;
	note->line = ev->line;
	note->foot = ev->foot;
	if (tagged)
		note->tag = item->tag_text;
	if (item->kind != ITEM_ALIAS)
		note->anchor = ev->anchor;
}

static bool has_foot(const struct yaml_item *item)
{
	return item->note && item->note->foot.n;
}

static void move_foot(struct yaml_compose *c, struct yaml_item *from, struct yaml_item *to)
{
	need_note(c, to)->foot = from->note->foot;
	from->note->foot = STR_NONE;
}

/* The end of a collection has the last word on its line and foot comment; the
 * foot of a block map is that of its last key. */
static void end_notes(struct yaml_compose *c, struct yaml_open *open, const struct yaml_event *ev)
{
	struct yaml_item *item = open->of;

	if (!item->note && !ev->line.n && !ev->foot.n)
		return;
	struct node_note *note = need_note(c, item);

	note->line = ev->line;
	note->foot = ev->foot;
	if (item->kind == ITEM_MAP && item->style != STYLE_FLOW && note->foot.n && open->key)
		move_foot(c, item, open->key);
}

/* ---- the tree ---------------------------------------------------------- */

/* A foot comment found at a key is that of the pair before; one found at a
 * value is its key's. */
static void key_complete(struct yaml_compose *c, struct yaml_open *open, struct yaml_item *key)
{
	open->key_before = open->key;
	open->key = key;
	if (open->of->style != STYLE_FLOW && has_foot(key) && open->key_before)
		move_foot(c, key, open->key_before);
}

static void value_complete(struct yaml_compose *c, struct yaml_open *open, struct yaml_item *value)
{
	if (!has_foot(open->key) && has_foot(value))
		move_foot(c, value, open->key);
}

/* All events of an item were seen. */
static void complete(struct yaml_compose *c, struct yaml_item *item)
{
	if (!c->open.n)
		return;
	struct yaml_open *open = &c->open.p[c->open.n - 1];

	if (open->of->kind != ITEM_MAP)
		return;
	if (open->of->n % 2)
		key_complete(c, open, item);
	else
		value_complete(c, open, item);
}

static void add_below(struct yaml_compose *c, struct yaml_item *item)
{
	if (!c->open.n)
		return;
	struct yaml_open *open = &c->open.p[c->open.n - 1];

	if (open->last)
		open->last->next = item;
	else
		open->of->first = item;
	open->last = item;
	open->of->n++;
}

static err *check_size(struct yaml_compose *c, struct yaml_mark at)
{
	if (++c->nodes > c->max_nodes)
		return compose_error(c, at, "document has too many nodes");
	if (c->nodes % 256 == 0) {
		TRY(arena_check(c->a, "yaml document"));
		TRY(arena_check(&c->items, "yaml document"));
	}
	return NULL;
}

static err *bind_alias(struct yaml_compose *c, struct yaml_item *item, str name)
{
	item->value = name;
	item->target = map_get(&c->anchors, name);
	if (item->target)
		return NULL;
	c->parse.scan.bad = item->start;
	return err_new(ERR_INVALID, "yaml: unknown anchor '%.*s' referenced", STR_ARG(name));
}

static err *new_item(struct yaml_compose *c, const struct yaml_event *ev, struct yaml_item **out)
{
	struct yaml_item *item = arena_new(&c->items, struct yaml_item);

	TRY(check_size(c, ev->start));
	item->style = ev->style;
	item->implicit = ev->implicit;
	item->start = ev->start;
	item->value = ev->value;
	item->kind = ev->type == EVENT_SCALAR ? ITEM_SCALAR
		     : ev->type == EVENT_ALIAS ? ITEM_ALIAS
		     : ev->type == EVENT_SEQ_START ? ITEM_SEQ : ITEM_MAP;
	set_tag(c, item, ev->tag);
	if (c->keep)
		set_notes(c, item, ev);
	if (item->kind == ITEM_ALIAS)
		TRY(bind_alias(c, item, ev->anchor));
	else if (ev->anchor.n)
		map_set(&c->anchors, ev->anchor, item);
	*out = item;
	return NULL;
}

static err *open_item(struct yaml_compose *c, struct yaml_item *item)
{
	if (c->open.n >= YAML_DEPTH_MAX)
		return compose_error(c, item->start, "exceeded max depth of 10000");
	vec_push(&c->open, (struct yaml_open){ .of = item });
	return NULL;
}

static err *compose_root(struct yaml_compose *c, struct yaml_item **root)
{
	struct yaml_event ev;
	struct yaml_item *item;

	*root = NULL;
	do {
		TRY(yaml_parse_next(&c->parse, &ev));
		if (ev.type == EVENT_SEQ_END || ev.type == EVENT_MAP_END) {
			struct yaml_open *open = &c->open.p[c->open.n - 1];

			item = open->of;
			if (c->keep)
				end_notes(c, open, &ev);
			c->open.n--;
			complete(c, item);
			continue;
		}
		TRY(new_item(c, &ev, &item));
		add_below(c, item);
		if (!*root)
			*root = item;
		if (item->kind == ITEM_SEQ || item->kind == ITEM_MAP)
			TRY(open_item(c, item));
		else
			complete(c, item);
	} while (c->open.n);
	return NULL;
}

/* Aliases of rules 1.2 reach back into documents before: their items stay. */
static void forget_document(struct yaml_compose *c)
{
	if (c->parse.scan.rules == YAML_1_1 && c->anchors.n)
		map_clear(&c->anchors);
	if (!c->anchors.n)
		arena_clear(&c->items);
}

err *yaml_compose_next(struct yaml_compose *c, struct yaml_document *doc)
{
	struct yaml_event ev;

	*doc = (struct yaml_document){ 0 };
	forget_document(c);
	do {
		TRY(yaml_parse_next(&c->parse, &ev));
	} while (ev.type == EVENT_STREAM_START);
	if (ev.type == EVENT_STREAM_END)
		return NULL;
	doc->head = ev.head;
	doc->from = ev.start.pos > ev.start.column ? ev.start.pos - ev.start.column : 0;
	struct yaml_item *root;

	TRY(compose_root(c, &root));
	TRY(yaml_parse_next(&c->parse, &ev));
	doc->foot = ev.foot;
	doc->to = ev.start.pos;
	doc->root = root;
	return NULL;
}

void yaml_compose_init(struct yaml_compose *c, struct arena *a, str text,
		       const struct yaml_options *o)
{
	*c = (struct yaml_compose){
		.a = a, .items = ARENA_BUDGET(a->budget), .anchors = MAP_INIT,
		.max_nodes = o->max_nodes ? o->max_nodes : YAML_NODES_MAX, .keep = o->keep,
	};
	yaml_parse_init(&c->parse, a, text, o->rules);
}

void yaml_compose_goto(struct yaml_compose *c, size_t pos, int32_t line)
{
	struct yaml_scan *s = &c->parse.scan;

	if (!pos)
		return;
	s->mark = (struct yaml_mark){ .line = line, .pos = (int32_t)pos };
	s->raw_pos = s->raw_end = (int32_t)pos;
}

void yaml_compose_release(struct yaml_compose *c)
{
	yaml_parse_release(&c->parse);
	map_release(&c->anchors);
	vec_release(&c->open);
	arena_release(&c->items);
}
