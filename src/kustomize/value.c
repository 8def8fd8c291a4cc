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

static err *convert_scalar(struct converter *c, node in, node *out)
{
	switch ((enum node_kind)in.kind) {
	case NODE_NONE:
	case NODE_NULL:
		*out = node_null();
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
	e = in.kind == NODE_MAP ? convert_map(c, in, out) : convert_seq(c, in, out);
	c->depth--;
	return e;
}

/* ---- keys -------------------------------------------------------------- */

static str key_text(struct arena *a, node key)
{
	return key.kind == NODE_NULL ? S("null") : node_text(a, key);
}

/* Lines count from the start of the document, which is where its first node
 * stands on line 1 at the least. */
static void complain(struct arena *a, struct sources *sources, node twice, node first,
		     struct buf *complaints)
{
	uint32_t line = 0, before = 0;

	if (sources) {
		line = sources_line_in_text(sources, twice.place);
		before = sources_line_in_text(sources, first.place);
	}
	buf_addf(complaints, "\n  line %u: mapping key \"%.*s\" already defined at line %u", line,
		 STR_ARG(key_text(a, twice)), before);
}

/* *place: of the first key that is there twice. */
static err *check_keys(struct arena *a, struct sources *sources, node n, unsigned depth,
		       struct buf *complaints, uint32_t *place)
{
	if (depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "object is nested deeper than %d levels", DEPTH_MAX);
	node_each_item(i, n)
		TRY(check_keys(a, sources, *i, depth + 1, complaints, place));
	node_each_pair(p, n) {
		size_t at = (size_t)(p - n.map->pairs), first = node_index_of(n, p->key);

		if (p->key.kind == NODE_SEQ || p->key.kind == NODE_MAP) {
			CLEANUP(buf_release) struct buf shown = BUF_INIT;

			goprint_add_syntax(&shown, p->key);
			return err_new(ERR_INVALID, "yaml: invalid map key: %s", buf_c(&shown));
		}
		/* Reading aliases away, kustomize enters null keys twice. */
		if (first != at || p->key.kind == NODE_NULL) {
			complain(a, sources, p->key, n.map->pairs[first].key, complaints);
			if (!*place)
				*place = p->key.place;
		}
		TRY(check_keys(a, sources, p->value, depth + 1, complaints, place));
	}
	return NULL;
}

/* What go-yaml says about the object's keys, or NULL. */
static err *keys_fault(struct arena *a, struct sources *sources, node object)
{
	CLEANUP(buf_release) struct buf complaints = BUF_LIMIT(1 << 20);
	uint32_t place = 0;

	TRY(check_keys(a, sources, object, 0, &complaints, &place));
	if (!complaints.n)
		return NULL;
	return sources_err(sources, place,
			   err_new(ERR_INVALID, "yaml: unmarshal errors:%s", buf_c(&complaints)));
}

/* What is wrong with an object that is no value: its keys come first. */
static err *unfit(struct arena *a, struct sources *sources, node object, err *why)
{
	err *e = keys_fault(a, sources, object);

	if (!e)
		return why;
	err_free(why);
	return e;
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
	c->depth--;
	return e;
}

err *value_settle(struct arena *a, struct sources *sources, node *object, bool floats)
{
	struct converter c = { .a = a, .floats = floats };
	err *e = settle(&c, object);

	return e || c.twice ? unfit(a, sources, *object, e) : NULL;
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

	return e || c.twice ? unfit(a, sources, object, e) : NULL;
}

/* ---- printing ---------------------------------------------------------- */

/* An object whose keys cannot be read is shown as none. */
static err *cannot_print(struct arena *a, struct sources *sources, node object, err *why)
{
	CLEANUP(buf_release) struct buf shown = BUF_LIMIT(1 << 24);
	err *e = keys_fault(a, sources, object);

	if (e) {
		err_free(why);
		return err_wrap(e, "map[string]interface {}(nil)");
	}
	if (!why)
		return NULL;
	goprint_add_syntax(&shown, object);
	return err_wrap(why, "%s", buf_c(&shown));
}

err *value_to_print(struct arena *a, struct sources *sources, node object, node *out)
{
	struct converter c = { .a = a, .check_keys = true };
	err *e = convert(&c, object, out);

	return e || c.twice ? cannot_print(a, sources, object, e) : NULL;
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
