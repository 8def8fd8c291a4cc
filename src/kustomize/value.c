#include "kustomize/value.h"

#include <math.h>

#include "base/buf.h"
#include "kustomize/scalar.h"
#include "value/goprint.h"
#include "value/yaml.h"

/* Deeper than any object; one level costs two small frames. */
enum { DEPTH_MAX = 10000 };

struct converter {
	struct arena *a;
	bool floats;
	bool check_keys;	/* note in `twice` whether a map has equal keys, or a null one */
	bool twice;
	unsigned depth;
	unsigned flow;		/* how many of those are in brackets */
};

static err *convert(struct converter *c, node in, node *out);

static node number(struct converter *c, node in)
{
	node n = in.kind == NODE_INT	? node_from_int(node_int(in))
		 : in.kind == NODE_UINT ? node_from_uint(node_uint(in))
					: node_from_float(node_float(in));

	if (c->floats)
		n = node_from_float(node_float(n));
	n.place = in.place;
	return n;
}

static err *convert_seq(struct converter *c, node in, node *out)
{
	node list = node_seq(c->a, node_len(in));

	node_each_item(i, in) {
		node item;

		TRY(convert(c, *i, &item));
		node_append(c->a, list, item);
	}
	list.place = in.place;
	*out = list;
	return NULL;
}

static err *bad_key(void)
{
	return err_new(ERR_INVALID, "json: unsupported type: map[interface {}]interface {}");
}

/* Whether a key stands before the pair already. Most maps are small, and most of
 * their keys differ in length. */
static bool stands_before(node map, const struct node_pair *pair)
{
	enum { SMALL = 16 };
	const struct node_pair *pairs = map.map->pairs;
	str key = node_str(pair->key);

	if (map.map->n > SMALL)
		return node_index(map, key) != (size_t)(pair - pairs);
	for (const struct node_pair *q = pairs; q != pair; q++)
		if (q->key.n == pair->key.n && str_eq(node_str(q->key), key))
			return true;
	return false;
}

static err *convert_map(struct converter *c, node in, node *out)
{
	node map = node_map(c->a, node_len(in));

	node_each_pair(p, in) {
		node value;

		if (p->key.kind != NODE_STR)
			return bad_key();
		if (c->check_keys && stands_before(in, p))
			c->twice = true;
		TRY(convert(c, p->value, &value));
		node_push(c->a, map, p->key, value);
	}
	map.place = in.place;
	*out = map;
	return NULL;
}

/* Kustomize prints a tree as YAML and reads it again on the way to JSON, and
 * its library does not fold text as it unfolds it: lines that are indented
 * more than the first come back with empty lines around them. */
static err *refold(struct arena *a, node in, node *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	node map = node_map(a, 1), back;

	node_set(a, map, S("v"), in);
	TRY(yaml_write(&text, map, YAML_WRITE_KYAML));
	TRY(yaml_read(a, arena_str(a, buf_str(&text)), YAML_V3, &back));
	*out = node_get(back, S("v"));
	return NULL;
}

/* Kustomize prints a tree before that, and in brackets its library writes '' for nothing. */
static node no_value(const struct converter *c, node in)
{
	bool nothing = in.kind == NODE_NULL && in.style == STYLE_PLAIN && !node_str(in).n;

	return c->flow && nothing ? node_lit("") : node_null();
}

static err *convert_scalar(struct converter *c, node in, node *out)
{
	switch ((enum node_kind)in.kind) {
	case NODE_NONE:
	case NODE_NULL:
		*out = no_value(c, in);
		break;
	case NODE_BOOL:
		*out = node_from_bool(node_bool(in));
		break;
	case NODE_TIME: {
		char text[YAML_TIME_MAX];

		*out = node_copy_str(c->a, str_of(text, yaml_print_time(text, node_str(in))));
		break;
	}
	case NODE_FLOAT:
		if (isinf(node_float(in)) || isnan(node_float(in)))
			return err_new(ERR_INVALID, "json: unsupported value: %s",
				       isnan(node_float(in)) ? "NaN"
				       : node_float(in) > 0  ? "+Inf"
							     : "-Inf");
		*out = number(c, in);
		break;
	case NODE_INT:
	case NODE_UINT:
		*out = number(c, in);
		break;
	default:
		*out = in;
		if (in.style == STYLE_FOLDED)
			TRY(refold(c->a, in, out));
		break;
	}
	out->place = in.place;
	return NULL;
}

static err *convert(struct converter *c, node in, node *out)
{
	err *e;

	if (in.kind != NODE_MAP && in.kind != NODE_SEQ)
		return convert_scalar(c, in, out);
	if (c->depth >= DEPTH_MAX)
		return err_new(ERR_INVALID, "object is nested deeper than %d levels", DEPTH_MAX);
	c->depth++;
	c->flow += in.style == STYLE_FLOW;
	e = in.kind == NODE_MAP ? convert_map(c, in, out) : convert_seq(c, in, out);
	c->flow -= in.style == STYLE_FLOW;
	c->depth--;
	return e;
}

/* ---- keys -------------------------------------------------------------- */

/* The place of the first key that go-yaml will not have, 0 if there is none. */
static err *find_bad_key(node n, unsigned depth, uint32_t *place, bool *bad)
{
	if (depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "object is nested deeper than %d levels", DEPTH_MAX);
	node_each_item(i, n)
		TRY(find_bad_key(*i, depth + 1, place, bad));
	node_each_pair(p, n) {
		size_t at = (size_t)(p - n.map->pairs);
		bool odd = p->key.kind == NODE_SEQ || p->key.kind == NODE_MAP ||
			   p->key.kind == NODE_NULL || node_index_of(n, p->key) != at;

		if (odd && !*bad)
			*place = p->key.place;
		*bad |= odd;
		TRY(find_bad_key(p->value, depth + 1, place, bad));
	}
	return NULL;
}

/* Reading aliases away, kustomize enters null keys once more. */
static void double_null_keys(struct arena *a, node n)
{
	size_t count = node_len(n);

	node_each_item(i, n)
		double_null_keys(a, *i);
	for (size_t i = 0; n.kind == NODE_MAP && i < count; i++) {
		struct node_pair p = n.map->pairs[i];

		double_null_keys(a, p.value);
		if (p.key.kind == NODE_NULL)
			node_push(a, n, p.key, p.value);
	}
}

/* Kustomize has taken its own annotations away: the first map of them is there no more,
 * and what was in it stands in the second one, or last. */
static void renew_annotations(struct arena *a, node object)
{
	node metadata = node_get(object, S("metadata")), old = node_get(metadata, S("annotations")), new;

	if (old.kind != NODE_MAP)
		return;
	node_remove_at(metadata, node_index(metadata, S("annotations")));
	if (!node_len(old))
		return;
	new = node_need_map(a, metadata, S("annotations"));
	node_each_pair(p, old)
		if (new.kind == NODE_MAP)
			node_put(a, new, p->key, p->value);
}

/* What go-yaml says about the object's keys, or NULL. Kustomize prints the object and reads
 * that: the lines are those of its print. *again: what was read then; NODE_NONE: there is
 * nothing odd about the keys. */
static err *keys_fault(struct arena *a, struct sources *sources, node object, node *again)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct yaml_doc doc = { .root = node_copy_all(a, object) };
	uint32_t place = 0;
	bool bad = false;

	*again = NODE_NOTHING;
	TRY(find_bad_key(object, 0, &place, &bad));
	if (!bad)
		return NULL;
	double_null_keys(a, doc.root);
	renew_annotations(a, doc.root);
	TRY(yaml_write_doc(&text, &doc, YAML_WRITE_KYAML));
	CLEANUP(err_drop) err *e = yaml_read(a, arena_str(a, buf_str(&text)), YAML_V3, again);

	return e ? sources_err(sources, place, err_new(ERR_INVALID, "%s", err_msg(e))) : NULL;
}

/* An object that is no value, or has equal keys: what is wrong with its keys comes first.
 * Where nothing is, *out is what was read of its print. */
static err *unfit(const struct converter *c, struct sources *sources, node object, err *why,
		  node *out)
{
	struct converter anew = { .a = c->a, .floats = c->floats };
	node again;
	err *e = keys_fault(c->a, sources, object, &again);

	if (!e && (why || again.kind == NODE_NONE))
		return why;
	err_free(why);
	return e ? e : convert(&anew, again, out);
}

/* ---- values ------------------------------------------------------------ */

static err *settle(struct converter *c, node *n)
{
	err *e = NULL;

	if (n->kind != NODE_MAP && n->kind != NODE_SEQ)
		return convert_scalar(c, *n, n);
	if (c->depth >= DEPTH_MAX)
		return err_new(ERR_INVALID, "object is nested deeper than %d levels", DEPTH_MAX);
	c->depth++;
	c->flow += n->style == STYLE_FLOW;
	node_each_item(i, *n)
		if (!e)
			e = settle(c, i);
	node_each_pair(p, *n) {
		if (!e && p->key.kind != NODE_STR)
			e = bad_key();
		if (!e && stands_before(*n, p))
			c->twice = true;
		if (!e)
			e = settle(c, &p->value);
	}
	c->flow -= n->style == STYLE_FLOW;
	c->depth--;
	return e;
}

err *value_settle(struct arena *a, struct sources *sources, node *object, bool floats)
{
	struct converter c = { .a = a, .floats = floats };
	err *e = settle(&c, object);

	return e || c.twice ? unfit(&c, sources, *object, e, object) : NULL;
}

err *value_of(struct arena *a, node object, bool floats, node *out)
{
	struct converter c = { .a = a, .floats = floats };

	return convert(&c, object, out);
}

err *value_checked(struct arena *a, struct sources *sources, node object, node *out)
{
	struct converter c = { .a = a, .check_keys = true };
	err *e = convert(&c, object, out);

	return e || c.twice ? unfit(&c, sources, object, e, out) : NULL;
}

/* ---- printing ---------------------------------------------------------- */

/* An object whose keys cannot be read is shown as none. */
static err *cannot_print(const struct converter *c, struct sources *sources, node object, err *why,
			 node *out)
{
	CLEANUP(buf_release) struct buf shown = BUF_LIMIT(1 << 24);
	err *e = unfit(c, sources, object, why, out);

	if (!e)
		return NULL;
	if (e != why)
		return err_wrap(e, "map[string]interface {}(nil)");
	goprint_add_syntax(&shown, object);
	return err_wrap(why, "%s", buf_c(&shown));
}

err *value_to_print(struct arena *a, struct sources *sources, node object, node *out)
{
	struct converter c = { .a = a, .check_keys = true };
	err *e = convert(&c, object, out);

	return e || c.twice ? cannot_print(&c, sources, object, e, out) : NULL;
}

node value_texts(struct arena *a, node map)
{
	node texts = node_map(a, node_len(map));

	/* Keys are set plain: one may turn out to be a number. */
	node_each_pair(p, map) {
		node text = scalar_string(a, NODE_NOTHING, node_text(a, p->value));

		text.place = p->value.place;
		node_put(a, texts,
			 yaml_resolve(a, node_text(a, p->key), YAML_1_2, YAML_NUMBERS_TEXT), text);
	}
	texts.place = map.place;
	return texts;
}
