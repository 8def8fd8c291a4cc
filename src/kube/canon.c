#include "kube/canon.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "kube/builtin.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "text/number.h"
#include "text/quantity.h"

#define JSON_SCHEMA S("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
#define RFC3339_MICRO S("2006-01-02T15:04:05.000000Z07:00")

/* The way to a place; it lives on the stack. */
struct step {
	const struct step *up;
	const char *through;	/* embedded structs on the way, or NULL */
	str name;
	size_t index;
	bool is_index, is_key;
};

struct canon {
	struct arena *a;
	struct canon_unknown *unknown;
	err *mismatch;		/* the first one; reading goes on, as in Go */
	unsigned depth;
};

/* A struct around a place, for the texts of errors. */
struct place {
	const struct step *way;
	const struct type *in;
};

static err *convert(struct canon *c, node in, const struct type *type, struct place at, node *out);

/* ---- errors ------------------------------------------------------------ */

enum {
	WAY_INDEXES = 1,
	WAY_KEYS = 2,
	WAY_EMBEDDED = 4,
};

static void add_way(struct buf *b, const struct step *s, unsigned parts)
{
	if (!s)
		return;
	add_way(b, s->up, parts);
	if (s->is_index) {
		if (parts & WAY_INDEXES)
			buf_addf(b, "[%zu]", s->index);
	} else if (!s->is_key || (parts & WAY_KEYS)) {
		buf_add(b, b->n ? S(".") : STR_NONE);
		if (s->through && (parts & WAY_EMBEDDED))
			buf_addf(b, "%s.", s->through);
		buf_add(b, s->name);
	}
}

static err *mismatch_error(struct place at, const char *what, str go)
{
	CLEANUP(buf_release) struct buf way = BUF_INIT;
	str owner = at.in ? at.in->go : STR_NONE;

	add_way(&way, at.way, WAY_EMBEDDED);
	if (!way.n || !owner.n)
		return err_new(ERR_INVALID, "json: cannot unmarshal %s into Go value of type %.*s", what,
			       STR_ARG(go));
	return err_new(ERR_INVALID,
		       "json: cannot unmarshal %s into Go struct field %.*s.%s of type %.*s", what,
		       STR_ARG(str_from(owner, str_rfind_char(owner, '.') + 1)), buf_c(&way),
		       STR_ARG(go));
}

static void mismatch(struct canon *c, struct place at, const char *what, const struct type *type)
{
	if (!c->mismatch)
		c->mismatch = mismatch_error(at, what, type->go);
}

static void unknown(struct canon *c, const struct step *way)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (!c->unknown || c->unknown->n >= CANON_UNKNOWN_MAX)
		return;
	add_way(&path, way, WAY_INDEXES | (c->unknown->no_keys ? 0 : WAY_KEYS));
	c->unknown->list[c->unknown->n++] = arena_str(c->a, buf_str(&path));
}

/* ---- scalars ----------------------------------------------------------- */

/* A whole number is an integer, however it was written. */
static void convert_number(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	double f = node_float(in);

	if (!node_is_num(in))
		mismatch(c, at, node_kind_name(in), type);
	if (!node_is_num(in))
		*out = node_from_int(0);
	else if (node_is(in, NODE_FLOAT) && f == trunc(f) && fabs(f) < 1e15)
		*out = node_from_int((int64_t)f);
	else
		*out = in;
}

enum int_size { INT_LONG, INT_NARROW, INT_BYTE };

static bool int_fits(int64_t n, enum int_size size)
{
	return size == INT_LONG || (size == INT_NARROW ? n == (int32_t)n : n == (uint8_t)n);
}

/* NULL when the number fits, else what it is called. */
static const char *int_trouble(node in, enum int_size size, char what[NODE_TEXT_MAX + 8])
{
	char text[NODE_TEXT_MAX];

	if (node_is(in, NODE_INT) && int_fits(node_int(in), size))
		return NULL;
	if (!node_is_num(in))
		return node_kind_name(in);
	str s = node_text_in(in, text);

	snprintf(what, NODE_TEXT_MAX + 8, "number %.*s", STR_ARG(s));
	return what;
}

static void convert_int(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	char buf[NODE_TEXT_MAX + 8];
	const char *what = int_trouble(in, str_eq(type->format, S("int32")) ? INT_NARROW : INT_LONG, buf);

	if (what)
		mismatch(c, at, what, type);
	*out = node_from_int(what ? 0 : node_int(in));
}

static err *convert_quantity(struct canon *c, node in, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct quantity q = { 0 };

	if (!node_is_nil(in)) {
		str text = node_is(in, NODE_SEQ) || node_is(in, NODE_MAP) ? S("{}") : node_text(c->a, in);

		TRY(quantity_parse(c->a, str_trim(text), &q));
	}
	quantity_add_text(&b, &q);
	*out = node_copy_str(c->a, buf_str(&b));
	return NULL;
}

static err *convert_time(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	str layout = type->kind == TYPE_TIME ? GOTIME_RFC3339 : RFC3339_MICRO;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t;

	if (!node_is(in, NODE_STR) && !node_is(in, NODE_TIME))
		return mismatch_error(at, node_kind_name(in), S("string"));
	TRY(gotime_parse(&t, layout, node_str(in), NULL));
	if (gotime_is_zero(t)) {
		*out = node_null();
		return NULL;
	}
	gotime_format(&b, gotime_in(t, NULL), layout);
	*out = node_copy_str(c->a, buf_str(&b));
	return NULL;
}

/* Bytes may come as a list of numbers, too; what is null there is 0. */
static void convert_byte_list(struct canon *c, node in, struct place at, node *out)
{
	static const struct type byte = { .kind = TYPE_INT, .go = { "uint8", 5 } };
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	node_each_item(i, in) {
		char buf[NODE_TEXT_MAX + 8];
		node n = node_is_nil(*i) ? node_from_int(0) : *i;
		const char *what = int_trouble(n, INT_BYTE, buf);

		if (what)
			mismatch(c, at, what, &byte);
		buf_addc(&raw, what ? 0 : (char)node_int(n));
	}
	base64_write(&text, buf_str(&raw), BASE64_STD);
	*out = node_copy_str(c->a, buf_str(&text));
}

static err *convert_bytes(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (node_is(in, NODE_SEQ)) {
		convert_byte_list(c, in, at, out);
		return NULL;
	}
	if (!node_is(in, NODE_STR)) {
		mismatch(c, at, node_kind_name(in), type);
		return NULL;
	}
	err *e = base64_read(&raw, node_str(in), BASE64_STD);

	if (e) {
		if (c->mismatch)
			err_free(e);
		else
			c->mismatch = e;
		return NULL;
	}
	base64_write(&text, buf_str(&raw), BASE64_STD);
	*out = str_eq(buf_str(&text), node_str(in)) ? in : node_copy_str(c->a, buf_str(&text));
	return NULL;
}

static err *convert_int_or_string(node in, struct place at, node *out)
{
	char buf[NODE_TEXT_MAX + 8];
	const char *what = node_is(in, NODE_STR) ? NULL : int_trouble(in, INT_NARROW, buf);

	if (what)
		return mismatch_error(at, what, S("int32"));
	*out = in;
	return NULL;
}

/* ---- lists, maps, structs ---------------------------------------------- */

/* What a place has that nothing was written to; NODE_NULL where Go has nil. */
static err *zero(struct canon *c, const struct type *type, struct place at, node *out)
{
	switch ((enum type_kind)type->kind) {
	case TYPE_OBJECT:
		return convert(c, node_map(c->a, 0), type, at, out);
	case TYPE_STRING:
		*out = node_lit("");
		return NULL;
	case TYPE_INT:
	case TYPE_NUMBER:
	case TYPE_INT_OR_STRING:
		*out = node_from_int(0);
		return NULL;
	case TYPE_BOOL:
		*out = node_from_bool(false);
		return NULL;
	case TYPE_QUANTITY:
		*out = node_lit("0");
		return NULL;
	case TYPE_ANY:
	case TYPE_MAP:
	case TYPE_LIST:
	case TYPE_BYTES:
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
	case TYPE_FIELDS:
		break;
	}
	*out = node_null();
	return NULL;
}

static err *convert_element(struct canon *c, node in, const struct type *type, struct place at,
			    node *out)
{
	if (!type)
		*out = in;
	else if (node_is_nil(in) && type->kind == TYPE_BYTES)
		*out = node_lit("");	/* they are kept so */
	else if (node_is_nil(in))
		return zero(c, type, at, out);
	else
		return convert(c, in, type, at, out);
	return NULL;
}

static err *convert_list(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	if (!node_is(in, NODE_SEQ)) {
		mismatch(c, at, node_kind_name(in), type);
		return NULL;
	}
	node list = node_seq(c->a, node_len(in));

	for (size_t i = 0; i < node_len(in); i++) {
		struct step way = { .up = at.way, .index = i, .is_index = true };
		node item = node_null();

		TRY(convert_element(c, node_at(in, i), type->items, (struct place){ &way, at.in }, &item));
		node_append(c->a, list, item);
	}
	*out = list;
	return NULL;
}

static err *convert_map(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	if (!node_is(in, NODE_MAP)) {
		mismatch(c, at, node_kind_name(in), type);
		return NULL;
	}
	node map = node_map(c->a, node_len(in));

	TRY(arena_check(c->a, "the object"));
	node_each_pair(p, in) {
		struct step way = { .up = at.way, .name = node_str(p->key), .is_key = true };
		node value = node_null();

		TRY(convert_element(c, p->value, type->values, (struct place){ &way, at.in }, &value));
		node_set(c->a, map, node_str(p->key), value);
	}
	*out = map;
	return NULL;
}

/* Whether a field is left out that has this value. */
static bool is_empty(node value, const struct type_field *f)
{
	switch ((enum type_kind)f->type->kind) {
	case TYPE_OBJECT:
	case TYPE_QUANTITY:
	case TYPE_INT_OR_STRING:
		return false;
	case TYPE_ANY:
		return false;
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
		return (f->go & TYPE_GO_OMIT_ZERO) && node_is_nil(value);
	case TYPE_STRING:
	case TYPE_BYTES:
		return node_is_nil(value) || !node_str(value).n;
	case TYPE_INT:
		return node_int(value) == 0;
	case TYPE_NUMBER:
		return node_float(value) == 0;
	case TYPE_BOOL:
		return !node_bool(value);
	case TYPE_MAP:
	case TYPE_LIST:
	case TYPE_FIELDS:
		return node_len(value) == 0;
	}
	return false;
}

static err *convert_field(struct canon *c, node in, const struct type_field *f, struct place at,
			  node *out)
{
	struct step way = { .up = at.way, .through = f->through, .name = f->name };
	struct place here = { &way, at.in };

	*out = node_null();
	if (!node_is_nil(in))
		return convert(c, in, f->type, here, out);
	if (!(f->go & TYPE_GO_POINTER))
		return zero(c, f->type, here, out);
	return NULL;
}

/* Fields are read in the order of the text, as errors are reported in it. */
static err *convert_object(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	if (!node_is(in, NODE_MAP)) {
		mismatch(c, at, node_kind_name(in), type);
		return NULL;
	}
	struct place here = { at.way, type };
	node *values = arena_array(c->a, node, type->fields_n);
	node map = node_map(c->a, node_len(in));

	TRY(arena_check(c->a, "the object"));
	node_each_pair(p, in) {
		const struct type_field *f = type_field(type, node_str(p->key));
		struct step way = { .up = at.way, .name = node_str(p->key) };

		if (f)
			TRY(convert_field(c, p->value, f, here, &values[f - type->fields]));
		else
			unknown(c, &way);
	}
	for (size_t i = 0; i < type->fields_n; i++) {
		const struct type_field *f = &type->fields[i];

		if (node_is(values[i], NODE_NONE))
			TRY(convert_field(c, NODE_NOTHING, f, here, &values[i]));
		bool empty = f->go & TYPE_GO_POINTER ? node_is_nil(values[i]) : is_empty(values[i], f);

		if (!empty || !(f->go & TYPE_GO_OMIT_EMPTY))
			node_push(c->a, map, node_from_str(c->a, f->name), values[i]);
	}
	*out = map;
	return NULL;
}

/* The three types of a JSON schema that are a schema or something else. */
static err *convert_schema_or(struct canon *c, node in, str what, struct place at, node *out)
{
	static const struct type text = { .kind = TYPE_STRING, .go = { "string", 6 } };
	const struct type *schema = builtin_named(JSON_SCHEMA);
	struct type list = { .kind = TYPE_LIST, .items = schema, .go = { "[]v1.JSONSchemaProps", 20 } };

	if (node_is(in, NODE_MAP))
		return convert(c, in, schema, at, out);
	if (str_eq(what, S("Bool"))) {
		if (!node_is(in, NODE_BOOL))
			return err_new(ERR_INVALID, "boolean or JSON schema expected");
		*out = in;
		return NULL;
	}
	if (!node_is(in, NODE_SEQ) || !node_len(in))
		return NULL;
	if (str_eq(what, S("StringArray")))
		list = (struct type){ .kind = TYPE_LIST, .items = &text, .go = { "[]string", 8 } };
	return convert_list(c, in, &list, at, out);
}

/* These have decoders of their own: what fails inside ends the whole reading, and nobody looks
 * for unknown fields there. */
static err *convert_any(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	str name = type->name;

	if (node_is_nil(in) || !str_take_str(&name, JSON_SCHEMA) || !str_take_str(&name, S("Or"))) {
		*out = in;
		return NULL;
	}
	struct canon own = { .a = c->a, .depth = c->depth };
	err *e = convert_schema_or(&own, in, name, at, out);

	if (!e)
		return own.mismatch;
	err_free(own.mismatch);
	return e;
}

static err *convert_plain(struct canon *c, node in, const struct type *type, struct place at,
			  bool right, node *out)
{
	if (right) {
		*out = in;
		return NULL;
	}
	mismatch(c, at, node_kind_name(in), type);
	return zero(c, type, at, out);
}

static err *convert(struct canon *c, node in, const struct type *type, struct place at, node *out)
{
	err *e = NULL;

	if (++c->depth > CANON_DEPTH_MAX)
		return err_new(ERR_INVALID, "exceeded max depth");
	switch ((enum type_kind)type->kind) {
	case TYPE_ANY:
		e = convert_any(c, in, type, at, out);
		break;
	case TYPE_OBJECT:
		e = convert_object(c, in, type, at, out);
		break;
	case TYPE_MAP:
		e = convert_map(c, in, type, at, out);
		break;
	case TYPE_LIST:
		e = convert_list(c, in, type, at, out);
		break;
	case TYPE_STRING:
		e = convert_plain(c, in, type, at, node_is(in, NODE_STR), out);
		break;
	case TYPE_INT:
		convert_int(c, in, type, at, out);
		break;
	case TYPE_NUMBER:
		convert_number(c, in, type, at, out);
		break;
	case TYPE_BOOL:
		e = convert_plain(c, in, type, at, node_is(in, NODE_BOOL), out);
		break;
	case TYPE_INT_OR_STRING:
		e = convert_int_or_string(in, at, out);
		break;
	case TYPE_QUANTITY:
		e = convert_quantity(c, in, out);
		break;
	case TYPE_BYTES:
		e = convert_bytes(c, in, type, at, out);
		break;
	case TYPE_TIME:
	case TYPE_MICRO_TIME:
		e = convert_time(c, in, type, at, out);
		break;
	case TYPE_FIELDS:
		*out = in;
		break;
	}
	c->depth--;
	return e;
}

err *canon_object(struct arena *a, node in, const struct type *type, struct canon_unknown *unknown,
		  node *out)
{
	struct canon c = { .a = a, .unknown = unknown };
	node made = NODE_NOTHING;

	if (!type) {
		*out = in;
		return NULL;
	}
	err *e = convert(&c, in, type, (struct place){ NULL, NULL }, &made);

	if (e) {
		err_free(c.mismatch);
		return e;
	}
	if (c.mismatch)
		return c.mismatch;
	*out = made;
	return NULL;
}
