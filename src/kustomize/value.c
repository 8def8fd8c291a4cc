#include "kustomize/value.h"

#include <math.h>

#include "kustomize/scalar.h"
#include "value/yaml.h"

/* Deeper than any object; one level costs two small frames. */
enum { DEPTH_MAX = 10000 };

struct converter {
	struct arena *a;
	bool floats;
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

static err *convert_map(struct converter *c, node in, node *out)
{
	node map = node_map(c->a, node_len(in));

	node_each_pair(p, in) {
		node value;

		if (p->key.kind != NODE_STR)
			return err_new(ERR_INVALID,
				       "json: unsupported type: map[interface {}]interface {}");
		TRY(convert(c, p->value, &value));
		node_push(c->a, map, p->key, value);
	}
	map.place = in.place;
	*out = map;
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

err *value_of(struct arena *a, node object, bool floats, node *out)
{
	struct converter c = { .a = a, .floats = floats };

	return convert(&c, object, out);
}

node value_texts(struct arena *a, node map)
{
	node texts = node_map(a, node_len(map));

	/* Keys are set plain: one may turn out to be a number. */
	node_each_pair(p, map)
		node_put(a, texts,
			 yaml_resolve(a, scalar_text(a, p->key), YAML_1_2, YAML_NUMBERS_TEXT),
			 scalar_string(a, NODE_NOTHING, scalar_text(a, p->value)));
	texts.place = map.place;
	return texts;
}
