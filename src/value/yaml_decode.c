/* Items to values: what go-yaml's Unmarshal puts into an empty interface.
 *
 * Each alias makes a copy of what it stands for, and how much of a document
 * may come from aliases is bounded as in go-yaml: by the share of its calls
 * of `unmarshal` that happen inside of them, so those are counted here.
 *
 * Maps and lists under construction are on a stack of frames. A frame asks
 * for the value of an item, and goes on when it is there. */
#include "value/yaml_impl.h"

#include "text/base64.h"
#include "text/quote.h"
#include "value/goprint.h"

enum work {
	WORK_SEQ,		/* a list: begin */
	WORK_ITEM,		/* its item is decoded */
	WORK_ALIAS,
	WORK_PAIR,		/* a map: look at the next pair */
	WORK_KEY,		/* its key is decoded */
	WORK_VALUE,		/* its value is decoded */
	WORK_MERGE,		/* 1.2: own pairs are done; the map is merged */
	WORK_MERGE_LIST,	/* the maps of a list are merged one by one */
};

struct frame {
	enum work work;
	bool any_keys;		/* 1.2: Go's map[interface {}]interface {} */
	bool backwards;		/* merge list: in the order of rules 1.1 */
	uint32_t at;		/* merge list: maps merged so far */
	struct yaml_item *of;	/* list, map, alias */
	struct yaml_item *child;	/* next item, or key of the pair */
	struct yaml_item *merge;	/* 1.2: value of the key "<<" */
	node out;		/* list or map */
	node key;
	node taken;		/* 1.2: keys that merged maps do not set; or nothing */
};

struct decode {
	struct arena *a, *scratch;
	const struct yaml_options *o;
	uint32_t base;		/* place of the first byte; 0: none */
	VEC(struct frame) frames;
	size_t count, alias_count, alias_depth;
	size_t nodes, max_nodes;
	node value;		/* the last one decoded */
	bool good;		/* whether it counts: false only next to complaints */
	struct buf complaints;
	size_t complaints_n;
	struct yaml_mark bad;
};

/* ---- errors ------------------------------------------------------------ */

static __attribute__((returns_nonnull)) err *failed(struct decode *d, const struct yaml_item *at,
						    const char *problem)
{
	d->bad = at->start;
	return err_new(ERR_INVALID, "yaml: %s", problem);
}

/* Complaints are gathered; there can be many more of them than lines. */
enum { COMPLAINTS_MAX = 1 << 20 };

static bool complain(struct decode *d, const struct yaml_item *at)
{
	d->good = false;
	if (!d->complaints_n++)
		d->bad = at->start;
	if (d->complaints.n > COMPLAINTS_MAX)
		return false;
	buf_addf(&d->complaints, "\n  line %d: ", at->start.line + 1);
	return true;
}

static err *no_map_to_merge(struct decode *d, const struct yaml_item *at)
{
	return failed(d, at, "map merge requires map or sequence of maps as the value");
}

/* ---- counting ---------------------------------------------------------- */

/* Up to 99 % of the calls in small documents, down to 10 % in large ones. */
static double allowed_share(size_t count)
{
	const size_t low = 400000, high = 4000000;

	if (count <= low)
		return 0.99;
	if (count >= high)
		return 0.10;
	return 0.99 - 0.89 * ((double)(count - low) / (double)(high - low));
}

static err *count_call(struct decode *d, const struct yaml_item *at)
{
	d->count++;
	if (d->alias_depth)
		d->alias_count++;
	if (d->alias_count > 100 && d->count > 1000 &&
	    (double)d->alias_count / (double)d->count > allowed_share(d->count))
		return failed(d, at, "document contains excessive aliasing");
	if (++d->nodes > d->max_nodes)
		return failed(d, at, "document has too many nodes");
	if (d->nodes % 256 == 0)
		TRY(arena_check(d->a, "yaml document"));
	return NULL;
}

static err *push(struct decode *d, struct frame f)
{
	if (d->frames.n >= YAML_DEPTH_MAX + 2) {
		d->bad = f.of->start;
		if (d->o->json)
			return err_new(ERR_INVALID, "error unmarshaling JSON: while decoding JSON: "
						    "exceeded max depth");
		return err_new(ERR_INVALID, "yaml: line %d: exceeded max depth of 10000",
			       f.of->start.line + 1);
	}
	vec_push(&d->frames, f);
	return NULL;
}

/* ---- scalars ----------------------------------------------------------- */

static bool fits_tag(enum yaml_tag tag, enum node_kind kind)
{
	switch (tag) {
	case TAG_BOOL:
		return kind == NODE_BOOL;
	case TAG_INT:
		return kind == NODE_INT || kind == NODE_UINT;
	case TAG_FLOAT:
		return kind == NODE_FLOAT || kind == NODE_INT;
	case TAG_NULL:
		return kind == NODE_NULL;
	case TAG_TIME:
		return kind == NODE_TIME;
	default:
		return true;
	}
}

static err *decode_binary(struct decode *d, const struct yaml_item *item, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = base64_read(&b, item->value, BASE64_STD);

	if (e) {
		err_free(e);
		return failed(d, item, "!!binary value contains invalid base64 data");
	}
	*out = node_copy_str(d->a, buf_str(&b));
	return NULL;
}

/* The kind that a scalar is by itself, whatever the tag says: under 1.2 the
 * tag "!" changes nothing, under 1.1 it makes a text. */
static bool is_text(const struct decode *d, const struct yaml_item *item)
{
	switch ((enum yaml_tag)item->tag) {
	case TAG_NONE:
		return item->style != STYLE_PLAIN;
	case TAG_LONE:
		return d->o->rules == YAML_1_1 || item->style != STYLE_PLAIN;
	case TAG_BOOL:
	case TAG_INT:
	case TAG_FLOAT:
	case TAG_NULL:
	case TAG_TIME:
		return false;
	default:
		return true;
	}
}

static err *decode_scalar(struct decode *d, const struct yaml_item *item, node *out)
{
	enum yaml_tag tag = (enum yaml_tag)item->tag;
	enum node_kind kind = NODE_STR;
	node value = { 0 };

	if (tag == TAG_BINARY)
		return decode_binary(d, item, out);
	if (!is_text(d, item)) {
		kind = yaml_plain(item->value, d->o->rules, tag == TAG_TIME || tag <= TAG_LONE,
				  &value);
		if (!fits_tag(tag, kind)) {
			d->bad = item->start;
			return err_new(ERR_INVALID, "yaml: cannot decode %.*s `%.*s` as a %.*s",
				       STR_ARG(yaml_kind_tag(kind)), STR_ARG(item->value),
				       STR_ARG(item->tag_text));
		}
		if (kind == NODE_TIME && d->o->rules == YAML_1_1)
			kind = NODE_STR;
		if (kind == NODE_INT && tag == TAG_FLOAT)
			value = node_from_float((double)value.i);
	}
	if (kind == NODE_STR || kind == NODE_TIME)
		*out = node_from_text(d->a, kind, item->value);
	else if (d->o->numbers == YAML_NUMBERS_TEXT)
		*out = node_from_text(d->a, (enum node_kind)value.kind, item->value);
	else
		*out = value;
	if (d->o->numbers == YAML_NUMBERS_TEXT)
		out->style = item->style & 15u;
	return NULL;
}

static uint32_t place_of(const struct decode *d, const struct yaml_item *item)
{
	return d->base ? d->base + (uint32_t)item->start.pos : 0;
}

/* ---- keys under 1.2 ---------------------------------------------------- */

static const struct yaml_item *behind_alias(const struct yaml_item *item)
{
	return item->kind == ITEM_ALIAS ? item->target : item;
}

/* Go-yaml's ShortTag is !!str or !!merge: also of a collection, if it was
 * tagged so. */
static bool is_string_key(const struct yaml_item *key)
{
	node value;

	key = behind_alias(key);
	if (key->tag == TAG_STR || key->tag == TAG_MERGE)
		return true;
	if (key->tag > TAG_LONE || key->kind != ITEM_SCALAR)
		return false;
	return key->style != STYLE_PLAIN ||
	       yaml_plain(key->value, YAML_1_2, true, &value) == NODE_STR;
}

static bool has_any_keys(const struct yaml_item *map)
{
	for (const struct yaml_item *key = map->first; key; key = key->next->next)
		if (!is_string_key(key))
			return true;
	return false;
}

static bool is_merge(const struct decode *d, const struct yaml_item *key)
{
	if (key->kind != ITEM_SCALAR || !str_eq(key->value, S("<<")))
		return false;
	if (d->o->rules == YAML_1_1)
		return key->implicit || key->tag == TAG_MERGE;
	return key->tag == TAG_MERGE || (key->tag <= TAG_LONE && key->style == STYLE_PLAIN);
}

static bool same_key(const struct yaml_item *a, const struct yaml_item *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == ITEM_SEQ || a->kind == ITEM_MAP || str_eq(a->value, b->value);
}

/* False when no more are wanted. */
static bool complain_of_twin(struct decode *d, const struct yaml_item *first,
			     const struct yaml_item *key)
{
	if (!complain(d, key))
		return false;
	buf_addf(&d->complaints, "mapping key ");
	quote_add(&d->complaints, key->kind == ITEM_SEQ || key->kind == ITEM_MAP ? STR_NONE : key->value,
		  QUOTE_PRINT);
	buf_addf(&d->complaints, " already defined at line %d", first->start.line + 1);
	return true;
}

static bool few_keys_differ(struct decode *d, const struct yaml_item *map)
{
	bool differ = true;

	for (const struct yaml_item *a = map->first; a; a = a->next->next)
		for (const struct yaml_item *b = a->next->next; b; b = b->next->next)
			if (same_key(a, b)) {
				complain_of_twin(d, a, b);
				differ = false;
			}
	return differ;
}

struct twin {
	struct yaml_item *key;
	struct twin *next;	/* the next equal key */
};

/* Each of a row of twins is the first one in turn. */
static void complain_of_twins(struct decode *d, const struct twin *twins, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (const struct twin *t = twins[i].next; t; t = t->next)
			if (!complain_of_twin(d, twins[i].key, t->key))
				return;
}

static bool many_keys_differ(struct decode *d, const struct yaml_item *map)
{
	CLEANUP(map_release) struct map scalars = MAP_INIT;
	CLEANUP(map_release) struct map others = MAP_INIT;	/* "[", "{", "*name" */
	struct arena_mark mark = arena_mark(d->scratch);
	struct twin *twins = arena_array(d->scratch, struct twin, map->n / 2), *t = twins;
	bool differ = true;

	for (struct yaml_item *key = map->first; key; key = key->next->next, t++) {
		struct twin *before;

		t->key = key;
		if (key->kind == ITEM_SCALAR)
			before = map_set(&scalars, key->value, t);
		else if (key->kind == ITEM_ALIAS)
			before = map_set(&others, arena_cat(d->scratch, S("*"), key->value), t);
		else
			before = map_set(&others, key->kind == ITEM_SEQ ? S("[") : S("{"), t);
		if (before) {
			before->next = t;
			differ = false;
		}
	}
	if (!differ)
		complain_of_twins(d, twins, map->n / 2);
	arena_rewind(d->scratch, mark);
	return differ;
}

/* Keys are equal when kind and text are: go-yaml does not look further. It
 * tells of all pairs of equals. */
static bool keys_differ(struct decode *d, const struct yaml_item *map)
{
	enum { FEW = 16 };

	return map->n <= FEW ? few_keys_differ(d, map) : many_keys_differ(d, map);
}

static err *cannot_unmarshal(struct decode *d, const struct yaml_item *item, const char *tag)
{
	str shown = item->tag > TAG_LONE ? item->tag_text : str_c(tag);

	if (!complain(d, item))
		return NULL;
	buf_addf(&d->complaints, "cannot unmarshal %.*s%s into string", STR_ARG(shown),
		 str_eq(shown, S("!!map")) || str_eq(shown, S("!!seq")) ? "" : " ``");
	return NULL;
}

/* A key that goes into a Go string: as its text, whatever it would be. Keys
 * that are null or a collection leave `good` false, and are passed over. */
static err *decode_string_key(struct decode *d, struct yaml_item *item, node *key)
{
	bool alias = item->kind == ITEM_ALIAS;
	node value;

	d->good = true;
	TRY(count_call(d, item));
	if (alias) {
		d->alias_depth++;
		item = item->target;
		TRY(count_call(d, item));
		d->alias_depth--;
	}
	if (item->kind == ITEM_SEQ)
		return cannot_unmarshal(d, item, "!!seq");
	if (item->kind == ITEM_MAP) {
		if (keys_differ(d, item))
			return cannot_unmarshal(d, item, "!!map");
		return NULL;
	}
	TRY(decode_scalar(d, item, &value));
	if (value.kind == NODE_NULL)
		d->good = false;
	else
		*key = item->tag == TAG_BINARY ? value : node_from_str(d->a, item->value);
	key->place = place_of(d, item);
	return NULL;
}

/* ---- starting ---------------------------------------------------------- */

static unsigned flow_style(const struct decode *d, const struct yaml_item *collection)
{
	return d->o->flow && collection->style == STYLE_FLOW ? STYLE_FLOW : STYLE_ANY;
}

static err *start_map(struct decode *d, struct yaml_item *map)
{
	bool any_keys = true;

	if (d->o->rules == YAML_1_2) {
		d->good = true;
		if (!keys_differ(d, map))
			return NULL;
		any_keys = has_any_keys(map);
	}
	node out = node_map(d->a, map->n / 2);

	out.style = (any_keys ? STYLE_ANY_KEYS : flow_style(d, map)) & 15u;
	out.place = place_of(d, map);
	return push(d, (struct frame){ .work = WORK_PAIR, .of = map, .child = map->first,
				       .out = out, .any_keys = any_keys });
}

static err *start(struct decode *d, struct yaml_item *item);

static err *follow(struct decode *d, struct yaml_item *alias)
{
	if (alias->busy) {
		d->bad = alias->start;
		return err_new(ERR_INVALID, "yaml: anchor '%.*s' value contains itself",
			       STR_ARG(alias->value));
	}
	alias->busy = true;
	d->alias_depth++;
	return push(d, (struct frame){ .work = WORK_ALIAS, .of = alias });
}

/* Decode an item: either the value is there at once, or a frame is. */
static err *start(struct decode *d, struct yaml_item *item)
{
	TRY(count_call(d, item));
	if (item->kind == ITEM_ALIAS) {
		TRY(follow(d, item));
		item = item->target;
		TRY(count_call(d, item));
	}
	if (item->kind == ITEM_MAP)
		return start_map(d, item);
	if (item->kind == ITEM_SEQ) {
		node out = node_seq(d->a, item->n);

		out.style = flow_style(d, item) & 15u;
		out.place = place_of(d, item);
		return push(d, (struct frame){ .work = WORK_SEQ, .of = item, .child = item->first,
					       .out = out });
	}
	d->good = true;
	TRY(decode_scalar(d, item, &d->value));
	d->value.place = place_of(d, item);
	return NULL;
}

static err *end(struct decode *d)
{
	d->value = d->frames.p[d->frames.n - 1].out;
	d->good = true;
	d->frames.n--;
	return NULL;
}

/* ---- merging ----------------------------------------------------------- */

/* Decode a map, or an alias of one, into `into`. */
static err *merge_one(struct decode *d, struct yaml_item *item, node into, bool any_keys,
		      node taken)
{
	if (behind_alias(item)->kind != ITEM_MAP)
		return no_map_to_merge(d, item);
	TRY(count_call(d, item));
	if (item->kind == ITEM_ALIAS) {
		TRY(follow(d, item));
		item = item->target;
		TRY(count_call(d, item));
	}
	if (d->o->rules == YAML_1_2 && !keys_differ(d, item))
		return NULL;
	return push(d, (struct frame){ .work = WORK_PAIR, .of = item, .child = item->first,
				       .out = into, .any_keys = any_keys, .taken = taken });
}

static err *merge(struct decode *d, struct yaml_item *item, node into, bool any_keys, node taken)
{
	if (item->kind != ITEM_SEQ)
		return merge_one(d, item, into, any_keys, taken);
	return push(d, (struct frame){ .work = WORK_MERGE_LIST, .of = item, .out = into,
				       .child = item->first, .any_keys = any_keys, .taken = taken,
				       .backwards = d->o->rules == YAML_1_1 });
}

/* Rules 1.1 go backwards, so that the earlier map has the last word. */
static err *merge_next(struct decode *d, struct frame *f)
{
	struct yaml_item *item = f->child;

	if (f->at == f->of->n)
		return end(d);
	if (f->backwards) {
		for (uint32_t i = f->at + 1; i < f->of->n; i++)
			item = item->next;
	} else {
		f->child = item->next;
	}
	f->at++;
	return merge_one(d, item, f->out, f->any_keys, f->taken);
}

/* Rules 1.2: what a merged map may not set, to begin with the map's own keys. */
static err *take_own_keys(struct decode *d, struct frame *f)
{
	f->taken = node_map(d->scratch, f->of->n / 2);
	for (struct yaml_item *key = f->of->first; key; key = key->next->next) {
		const struct yaml_item *item = behind_alias(key);
		node value;

		TRY(count_call(d, key));
		if (key->kind == ITEM_ALIAS) {
			d->alias_depth++;
			TRY(count_call(d, item));
			d->alias_depth--;
		}
		if (item->kind != ITEM_SCALAR)
			continue;
		TRY(decode_scalar(d, item, &value));
		node_put(d->scratch, f->taken, value, node_null());
	}
	return NULL;
}

/* ---- maps -------------------------------------------------------------- */

static err *bad_key(struct decode *d, const struct yaml_item *at, node key)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	goprint_add_syntax(&text, key);
	d->bad = at->start;
	return err_new(ERR_INVALID, "yaml: invalid map key: %s", buf_c(&text));
}

static void next_pair(struct frame *f)
{
	f->work = WORK_PAIR;
	f->child = f->child->next->next;
}

/* The key is there: go on to the value, unless the pair does not count. */
static err *with_key(struct decode *d, struct frame *f, node key)
{
	if (!d->good) {
		next_pair(f);
		return NULL;
	}
	bool collection = key.kind == NODE_SEQ || key.kind == NODE_MAP;

	if (f->taken.kind && !collection && !node_put(d->scratch, f->taken, key, node_null())) {
		next_pair(f);
		return NULL;
	}
	if (collection)
		return bad_key(d, f->child, key);
	f->key = key;
	f->work = WORK_VALUE;
	return start(d, f->child->next);
}

static err *pair(struct decode *d, struct frame *f)
{
	struct yaml_item *key = f->child;

	if (!key && f->merge) {
		f->work = WORK_MERGE;
		if (!f->taken.kind)
			TRY(take_own_keys(d, f));
		return merge(d, f->merge, f->out, f->any_keys, f->taken);
	}
	if (!key)
		return end(d);
	if (is_merge(d, key)) {
		struct yaml_item *value = key->next;

		next_pair(f);
		if (d->o->rules == YAML_1_1)
			return merge(d, value, f->out, true, NODE_NOTHING);
		f->merge = value;
		return NULL;
	}
	if (d->o->rules == YAML_1_2 && !f->any_keys) {
		node name = { 0 };

		TRY(decode_string_key(d, key, &name));
		return with_key(d, f, name);
	}
	f->work = WORK_KEY;
	return start(d, key);
}

static bool is_nan(node n)
{
	return n.kind == NODE_FLOAT && node_float(n) != node_float(n);
}

static void set(struct decode *d, struct frame *f)
{
	const struct yaml_item *value = f->child->next;

	if (!d->good)
		return;
	if (is_nan(f->key)) {	/* not even equal to itself */
		node_push(d->a, f->out, f->key, d->value);
		return;
	}
	if (d->o->strict && d->o->rules == YAML_1_1 &&
	    node_index_of(f->out, f->key) != STR_NPOS) {
		if (complain(d, value)) {
			buf_addf(&d->complaints, "key ");
			goprint_add_syntax(&d->complaints, f->key);
			buf_addf(&d->complaints, " already set in map");
		}
		d->good = true;
		return;
	}
	node_put(d->a, f->out, f->key, d->value);
}

/* ---- the machine ------------------------------------------------------- */

static err *next_item(struct decode *d, struct frame *f)
{
	struct yaml_item *item = f->child;

	if (!item)
		return end(d);
	f->work = WORK_ITEM;
	f->child = item->next;
	return start(d, item);
}

/* One step of the newest frame. It may be gone, or have moved, afterwards. */
static err *step(struct decode *d, struct frame *f)
{
	switch (f->work) {
	case WORK_ITEM:
		if (d->good)
			node_append(d->a, f->out, d->value);
		return next_item(d, f);
	case WORK_SEQ:
		return next_item(d, f);
	case WORK_ALIAS:
		f->of->busy = false;
		d->alias_depth--;
		d->frames.n--;
		return NULL;
	case WORK_PAIR:
		return pair(d, f);
	case WORK_KEY:
		return with_key(d, f, d->value);
	case WORK_VALUE:
		set(d, f);
		next_pair(f);
		return NULL;
	case WORK_MERGE:
		return end(d);
	case WORK_MERGE_LIST:
		return merge_next(d, f);
	}
	return NULL;
}

static err *run(struct decode *d, struct yaml_item *root)
{
	d->count++;		/* the document itself */
	TRY(start(d, root));
	while (d->frames.n)
		TRY(step(d, &d->frames.p[d->frames.n - 1]));
	if (!d->complaints_n)
		return NULL;
	return err_new(ERR_INVALID, "yaml: unmarshal errors:%s", buf_c(&d->complaints));
}

err *yaml_decode(struct arena *a, const struct yaml_document *doc, const struct yaml_options *o,
		 uint32_t base, node *out, struct yaml_mark *bad)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_BUDGET(a->budget);
	struct decode d = {
		.a = a, .scratch = &scratch, .o = o, .base = base, .complaints = BUF_INIT,
		.max_nodes = o->max_nodes ? o->max_nodes : YAML_NODES_MAX,
	};
	err *e = run(&d, doc->root);

	if (!e)
		*out = d.value;
	*bad = d.bad;
	buf_release(&d.complaints);
	vec_release(&d.frames);
	return e;
}
