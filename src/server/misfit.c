#include "server/misfit.h"

enum { DEPTH_MAX = 1000 };

/* As Go's reflection calls what JSON values are. */
static const char *kind_of(node n)
{
	switch (n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
	case NODE_UINT:
		return "int64";
	case NODE_FLOAT:
		return "float64";
	case NODE_SEQ:
		return "slice";
	case NODE_MAP:
		return "map";
	default:
		return "string";
	}
}

static err *check(node n, const struct type *t, unsigned depth);

static err *check_object(node n, const struct type *t, unsigned depth)
{
	if (!node_is(n, NODE_MAP))
		return err_new(ERR_INVALID, "cannot restore struct from: %s", kind_of(n));
	node_each_pair(p, n) {
		const struct type_field *f = type_field(t, node_str(p->key));

		if (f)
			TRY(check(p->value, f->type, depth));
	}
	return NULL;
}

static err *check_map(node n, const struct type *t, unsigned depth)
{
	if (!node_is(n, NODE_MAP))
		return err_new(ERR_INVALID, "cannot restore map from %s", kind_of(n));
	node_each_pair(p, n)
		TRY(check(p->value, t->values, depth));
	return NULL;
}

static err *check_list(node n, const struct type *t, unsigned depth)
{
	if (!node_is(n, NODE_SEQ))
		return err_new(ERR_INVALID, "cannot restore slice from %s", kind_of(n));
	node_each_item(i, n)
		TRY(check(*i, t->items, depth));
	return NULL;
}

/* Numbers turn into each other, and into texts they must not; all else that
 * is not of one sort is unknown to the reader. */
static err *check_scalar(node n, bool fits, const struct type *t)
{
	if (fits)
		return NULL;
	if (node_is_num(n) && t->kind == TYPE_STRING)
		return err_new(ERR_INVALID, "cannot convert %s to %.*s", kind_of(n), STR_ARG(t->go));
	return err_new(ERR_INVALID, "unrecognized type: %s",
		       t->kind == TYPE_STRING ? "string"
		       : t->kind == TYPE_BOOL ? "bool"
		       : t->kind == TYPE_INT  ? "int32"
					      : "float64");
}

static err *check(node n, const struct type *t, unsigned depth)
{
	if (!t || node_is_nil(n) || depth > DEPTH_MAX)
		return NULL;
	switch ((enum type_kind)t->kind) {
	case TYPE_OBJECT:
		return check_object(n, t, depth + 1);
	case TYPE_MAP:
		return check_map(n, t, depth + 1);
	case TYPE_LIST:
		return check_list(n, t, depth + 1);
	case TYPE_STRING:
		return check_scalar(n, node_is(n, NODE_STR), t);
	case TYPE_BOOL:
		return check_scalar(n, node_is(n, NODE_BOOL), t);
	case TYPE_INT:
	case TYPE_NUMBER:
		return check_scalar(n, node_is_num(n), t);
	default:
		return NULL; /* these read JSON themselves */
	}
}

err *misfit_check(node object, const struct type *type)
{
	return check(object, type, 0);
}
