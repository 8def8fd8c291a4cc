#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "kube/canon.h"
#include "text/base64.h"

static err *restore(struct arena *a, node *place, const struct type *type, unsigned depth);

/* As Go's reflection calls what JSON values are. */
static const char *kind_of(node n)
{
	switch (n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
		return "int64";
	case NODE_UINT:
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

static err *unrecognized(const struct type *type)
{
	str kind = type->kind == TYPE_STRING ? S("string")
		   : type->kind == TYPE_BOOL ? S("bool")
		   : type->kind == TYPE_INT  ? type->format
					     : S("float64");

	return err_new(ERR_INVALID, "unrecognized type: %.*s", STR_ARG(kind));
}

static err *no_conversion(node n, const struct type *type)
{
	return err_new(ERR_INVALID, "cannot convert %s to %.*s", kind_of(n), STR_ARG(type->go));
}

/* Go's conversion of integers: what does not fit is cut off. */
static int64_t wrap(int64_t i, const struct type *type)
{
	return str_eq(type->format, S("int32")) ? (int64_t)(int32_t)(uint32_t)(uint64_t)i : i;
}

static int64_t int_from_float(double f)
{
	return f >= -0x1p63 && f < 0x1p63 ? (int64_t)f : INT64_MIN;
}

static err *restore_int(node *place, const struct type *type)
{
	node in = *place;

	if (!node_is_num(in))
		return unrecognized(type);
	if (!node_is(in, NODE_INT) && node_float(in) != trunc(node_float(in)))
		return no_conversion(in, type);
	int64_t i = node_is(in, NODE_INT) ? node_int(in) : int_from_float(node_float(in));

	if (!node_is(in, NODE_INT) || wrap(i, type) != i)
		*place = node_from_int(wrap(i, type));
	return NULL;
}

static err *restore_string(node in, const struct type *type)
{
	if (node_is(in, NODE_STR))
		return NULL;
	return node_is(in, NODE_INT) ? no_conversion(in, type) : unrecognized(type);
}

/* Numbers as they are after having been printed: 2 for 2.0. */
static void reprint(node *place)
{
	node n = *place;

	if (node_is(n, NODE_SEQ)) {
		node_each_item(i, n)
			reprint(i);
	} else if (node_is(n, NODE_MAP)) {
		node_each_pair(p, n)
			reprint(&p->value);
	} else if (node_is(n, NODE_FLOAT) || node_is(n, NODE_UINT)) {
		double f = node_float(n);
		bool whole = f == trunc(f) && fabs(f) < 0x1p53;

		*place = whole ? node_from_int((int64_t)f) : node_from_float(f);
	}
}

/* These read themselves, from JSON, and do not know where they are. */
static err *restore_itself(struct arena *a, node *place, const struct type *type)
{
	node out;

	reprint(place);
	return canon_object(a, *place, type, NULL, &out);
}

/* A list of numbers is bytes to this reader. */
static err *restore_byte_list(struct arena *a, node *place)
{
	static const struct type byte = { .kind = TYPE_INT, .format = { "uint8", 5 },
					  .go = { "uint8", 5 } };
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	node_each_item(i, *place) {
		node n = node_is_nil(*i) ? node_from_int(0) : *i;

		TRY(restore_int(&n, &byte));
		buf_addc(&raw, (char)(uint8_t)node_int(n));
	}
	base64_write(&text, buf_str(&raw), BASE64_STD);
	*place = node_copy_str(a, buf_str(&text));
	return NULL;
}

static err *restore_bytes(struct arena *a, node *place, const struct type *type)
{
	node out;

	if (node_is(*place, NODE_SEQ))
		return restore_byte_list(a, place);
	if (!node_is(*place, NODE_STR))
		return err_new(ERR_INVALID, "cannot restore slice from %s", kind_of(*place));
	err *e = canon_object(a, *place, type, NULL, &out);

	return e ? err_wrap(e, "error decoding from json") : NULL;
}

/* ---- what has something inside ----------------------------------------- */

static err *restore_list(struct arena *a, node in, const struct type *type, unsigned depth)
{
	if (!node_is(in, NODE_SEQ))
		return err_new(ERR_INVALID, "cannot restore slice from %s", kind_of(in));
	node_each_item(i, in)
		TRY(restore(a, i, type->items, depth));
	return NULL;
}

static err *restore_map(struct arena *a, node in, const struct type *type, unsigned depth)
{
	if (!node_is(in, NODE_MAP))
		return err_new(ERR_INVALID, "cannot restore map from %s", kind_of(in));
	node_each_pair(p, in)
		TRY(restore(a, &p->value, type->values, depth));
	return NULL;
}

static err *restore_object(struct arena *a, node in, const struct type *type, unsigned depth)
{
	if (!node_is(in, NODE_MAP))
		return err_new(ERR_INVALID, "cannot restore struct from: %s", kind_of(in));
	for (size_t i = 0; i < type->fields_n; i++) {
		node *value = node_find(in, type->fields[i].name);

		if (value)
			TRY(restore(a, value, type->fields[i].type, depth));
	}
	return NULL;
}

static err *restore(struct arena *a, node *place, const struct type *type, unsigned depth)
{
	node in = *place;

	if (!type || node_is_nil(in))
		return NULL;
	if (depth > CANON_DEPTH_MAX)
		return err_new(ERR_INVALID, "exceeded max depth");
	switch ((enum type_kind)type->kind) {
	case TYPE_OBJECT:
		return restore_object(a, in, type, depth + 1);
	case TYPE_MAP:
		return restore_map(a, in, type, depth + 1);
	case TYPE_LIST:
		return restore_list(a, in, type, depth + 1);
	case TYPE_STRING:
		return restore_string(in, type);
	case TYPE_INT:
		return restore_int(place, type);
	case TYPE_NUMBER:
		return node_is_num(in) ? NULL : unrecognized(type);
	case TYPE_BOOL:
		return node_is(in, NODE_BOOL) ? NULL : unrecognized(type);
	case TYPE_BYTES:
		return restore_bytes(a, place, type);
	case TYPE_ANY:
	case TYPE_INT_OR_STRING:
	case TYPE_QUANTITY:
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
	case TYPE_FIELDS:
		return restore_itself(a, place, type);
	}
	return NULL;
}

static int by_text(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

err *canon_restored(struct arena *a, node in, const struct type *type, struct canon_unknown *unknown,
		    node *out)
{
	if (!type) {
		*out = in;
		return NULL;
	}
	node copy = node_copy(a, in);

	TRY(arena_check(a, "the object"));
	TRY(restore(a, &copy, type, 0));
	if (unknown)
		unknown->no_keys = true;
	TRY(canon_object(a, copy, type, unknown, out));
	if (unknown)
		qsort(unknown->list, unknown->n, sizeof *unknown->list, by_text);
	return NULL;
}
