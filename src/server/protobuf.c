#include "server/protobuf.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "kube/gvk.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "value/json.h"

enum kind {
	STRING,
	INT32,
	INT64,
	BOOL,
	BYTES,
	DOUBLE,
	MESSAGE,
	TEXTS,			/* a message that holds one list of texts */
	TIME,
	MICRO_TIME,
	QUANTITY,
	INT_OR_STRING,
	JSON,			/* a message that holds JSON text */
	SCHEMA_OR_BOOL,
	SCHEMA_OR_ARRAY,
	SCHEMA_OR_TEXTS,
};

enum how { SINGLE, REPEATED, MAP, INLINE };

/* Names are places in one struct of texts, fields in one row: no pointers, which the
 * loader would have to make right at every start of every command. */
struct field {
	uint16_t name, number, message;
	uint8_t name_n, kind, how;
};

struct message {
	uint16_t name, first, n;
	uint8_t name_n;
};

#define TEXT_AT(word)                                                                    \
	.name = offsetof(struct words, word), .name_n = sizeof((struct words *)NULL)->word - 1
#define F(field_number, word, of, occurs, other)                                         \
	{ .number = (field_number), .kind = (of), .how = (occurs), .message = (other), TEXT_AT(word) },
#define M(word, at, count) { .first = (at), .n = (count), TEXT_AT(word) },

#include "server/protobuf_table.h"

_Static_assert(sizeof words <= UINT16_MAX, "the places of texts");

static str field_name(const struct field *f)
{
	return str_of((const char *)&words + f->name, f->name_n);
}

static str message_name(const struct message *m)
{
	return str_of((const char *)&words + m->name, m->name_n);
}

#define RFC3339_MICRO S("2006-01-02T15:04:05.000000Z07:00")

enum { DEPTH_MAX = 200 };

struct reader {
	struct arena *a;
	unsigned depth;
};

/* ---- the wire ---------------------------------------------------------- */

enum wire { VARINT, FIXED64, BYTES_WIRE, START_GROUP, END_GROUP, FIXED32 };

/* One field of a message as it was sent. */
struct sent {
	uint64_t number;
	enum wire wire;
	uint64_t value;		/* of VARINT, FIXED64 and FIXED32 */
	str bytes;
};

static err *short_text(void)
{
	return err_new(ERR_INVALID, "unexpected EOF");
}

static err *take_varint(str *s, uint64_t *out)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (!s->n)
			return short_text();
		uint8_t c = (uint8_t)*s->p;

		s->p++;
		s->n--;
		n |= (uint64_t)(c & 127) << shift;
		if (c < 128) {
			*out = n;
			return NULL;
		}
	}
	return err_new(ERR_INVALID, "proto: integer overflow");
}

static err *take_bytes(str *s, uint64_t n, str *out)
{
	if (n > s->n)
		return short_text();
	*out = str_sub(*s, 0, (size_t)n);
	*s = str_from(*s, (size_t)n);
	return NULL;
}

static err *take_fixed(str *s, size_t n, uint64_t *out)
{
	str bytes;

	TRY(take_bytes(s, n, &bytes));
	*out = 0;
	for (size_t i = n; i-- > 0;)
		*out = *out << 8 | (uint8_t)bytes.p[i];
	return NULL;
}

static err *take(str *s, struct sent *out)
{
	uint64_t tag, n;

	*out = (struct sent){ 0 };
	TRY(take_varint(s, &tag));
	out->number = tag >> 3;
	out->wire = (enum wire)(tag & 7);
	if (out->number == 0 || out->number > INT32_MAX)
		return err_new(ERR_INVALID, "proto: illegal tag %lld (wire type %d)",
			       (long long)out->number, (int)out->wire);
	switch (out->wire) {
	case VARINT:
		return take_varint(s, &out->value);
	case FIXED64:
		return take_fixed(s, 8, &out->value);
	case FIXED32:
		return take_fixed(s, 4, &out->value);
	case BYTES_WIRE:
		TRY(take_varint(s, &n));
		return take_bytes(s, n, &out->bytes);
	case START_GROUP:
	case END_GROUP:
		break;
	}
	return err_new(ERR_INVALID, "proto: illegal wireType %d", (int)out->wire);
}

/* ---- texts ------------------------------------------------------------- */

/* JSON has no other bytes than UTF-8. */
static node text_node(struct reader *r, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (utf8_valid(s))
		return node_copy_str(r->a, s);
	while (s.n) {
		size_t n;

		utf8_add(&b, utf8_decode(s, &n));
		s = str_from(s, n);
	}
	return node_copy_str(r->a, buf_str(&b));
}

static node bytes_node(struct reader *r, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, s, BASE64_STD);
	return node_copy_str(r->a, buf_str(&b));
}

/* ---- values with a form of their own ------------------------------------ */

/* The values of fields 1, 2 and 3, for the small messages. */
struct small {
	struct sent of[4];
};

static err *read_small(str s, struct small *out)
{
	struct sent f;

	*out = (struct small){ 0 };
	while (s.n) {
		TRY(take(&s, &f));
		if (f.number < 4)
			out->of[f.number] = f;
	}
	return NULL;
}

/* No bytes are the zero time; fractions of seconds count for MicroTime only. */
static err *read_time(struct reader *r, str s, bool micro, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct small m;

	*out = node_null();
	if (!s.n)
		return NULL;
	TRY(read_small(s, &m));
	struct gotime t = gotime_utc((int64_t)m.of[1].value,
				     micro ? (int32_t)m.of[2].value / 1000 * 1000 : 0);

	if (gotime_is_zero(t))
		return NULL;
	gotime_format(&b, t, micro ? RFC3339_MICRO : GOTIME_RFC3339);
	*out = node_copy_str(r->a, buf_str(&b));
	return NULL;
}

static err *read_int_or_string(struct reader *r, str s, node *out)
{
	struct small m;

	TRY(read_small(s, &m));
	*out = m.of[1].value ? text_node(r, m.of[3].bytes) : node_from_int((int32_t)m.of[2].value);
	return NULL;
}

static err *read_json(struct reader *r, str s, node *out)
{
	struct small m;

	TRY(read_small(s, &m));
	*out = node_null();
	if (!m.of[1].bytes.n)
		return NULL;
	return json_read(r->a, arena_str(r->a, m.of[1].bytes), NULL, out);
}

static err *read_texts(struct reader *r, str s, node *out)
{
	struct sent f;

	*out = node_seq(r->a, 0);
	while (s.n) {
		TRY(take(&s, &f));
		if (f.number == 1)
			node_append(r->a, *out, text_node(r, f.bytes));
	}
	return NULL;
}

static err *read_message(struct reader *r, str s, const struct message *m, node map);

static err *read_schema(struct reader *r, str s, node *out)
{
	*out = node_map(r->a, 0);
	return read_message(r, s, &messages[SCHEMA_MESSAGE], *out);
}

static err *read_schema_or(struct reader *r, str s, enum kind kind, node *out)
{
	bool allows = false;
	node schema = NODE_NOTHING, list = NODE_NOTHING;
	struct sent f;

	while (s.n) {
		node item = NODE_NOTHING;

		TRY(take(&s, &f));
		if (kind == SCHEMA_OR_BOOL && f.number == 1) {
			allows = f.value != 0;
		} else if (f.number == (kind == SCHEMA_OR_BOOL ? 2 : 1)) {
			TRY(read_schema(r, f.bytes, &schema));
		} else if (f.number == 2) {
			if (kind == SCHEMA_OR_ARRAY)
				TRY(read_schema(r, f.bytes, &item));
			else
				item = text_node(r, f.bytes);
			if (node_is(list, NODE_NONE))
				list = node_seq(r->a, 0);
			node_append(r->a, list, item);
		}
	}
	if (!node_is(list, NODE_NONE))
		*out = list;
	else if (!node_is(schema, NODE_NONE))
		*out = schema;
	else
		*out = kind == SCHEMA_OR_BOOL ? node_from_bool(allows) : node_null();
	return NULL;
}

/* ---- fields ------------------------------------------------------------ */

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d == d && d - d == 0 ? d : 0;	/* JSON has no infinities */
}

static err *read_value(struct reader *r, const struct field *f, const struct sent *s, node *out)
{
	struct small m;

	switch ((enum kind)f->kind) {
	case STRING:
		*out = text_node(r, s->bytes);
		return NULL;
	case BYTES:
		*out = bytes_node(r, s->bytes);
		return NULL;
	case INT32:
		*out = node_from_int((int32_t)s->value);
		return NULL;
	case INT64:
		*out = node_from_int((int64_t)s->value);
		return NULL;
	case BOOL:
		*out = node_from_bool(s->value != 0);
		return NULL;
	case DOUBLE:
		*out = node_from_float(double_of(s->value));
		return NULL;
	case MESSAGE:
		*out = node_map(r->a, 0);
		return read_message(r, s->bytes, &messages[f->message], *out);
	case TEXTS:
		return read_texts(r, s->bytes, out);
	case TIME:
	case MICRO_TIME:
		return read_time(r, s->bytes, f->kind == MICRO_TIME, out);
	case QUANTITY:
		TRY(read_small(s->bytes, &m));
		*out = m.of[1].bytes.n ? text_node(r, m.of[1].bytes) : node_lit("0");
		return NULL;
	case INT_OR_STRING:
		return read_int_or_string(r, s->bytes, out);
	case JSON:
		return read_json(r, s->bytes, out);
	case SCHEMA_OR_BOOL:
	case SCHEMA_OR_ARRAY:
	case SCHEMA_OR_TEXTS:
		break;
	}
	return read_schema_or(r, s->bytes, (enum kind)f->kind, out);
}

static bool wire_fits(const struct field *f, enum wire wire)
{
	if (f->how == MAP)
		return wire == BYTES_WIRE;
	if (f->kind == DOUBLE)
		return wire == FIXED64;
	if (f->kind == INT32 || f->kind == INT64 || f->kind == BOOL)
		return wire == VARINT || (wire == BYTES_WIRE && f->how == REPEATED);
	return wire == BYTES_WIRE;
}

/* An entry of a map: the key is field 1, the value field 2. */
static err *read_entry(struct reader *r, const struct field *f, str s, node map)
{
	struct sent part, value = { .wire = BYTES_WIRE };
	node key = node_lit(""), n = NODE_NOTHING;

	while (s.n) {
		TRY(take(&s, &part));
		if (part.number == 1)
			key = text_node(r, part.bytes);
		else if (part.number == 2)
			value = part;
	}
	TRY(read_value(r, f, &value, &n));
	node_put(r->a, map, key, n);
	return NULL;
}

/* Numbers in a row, as newer protocols pack them. */
static err *read_packed(struct reader *r, const struct field *f, str s, node list)
{
	while (s.n) {
		struct sent one = { .wire = VARINT };
		node n = NODE_NOTHING;

		TRY(take_varint(&s, &one.value));
		TRY(read_value(r, f, &one, &n));
		node_append(r->a, list, n);
	}
	return NULL;
}

static err *read_field(struct reader *r, const struct field *f, const struct sent *s, node map)
{
	node *there = node_find(map, field_name(f));
	node value = NODE_NOTHING;

	switch ((enum how)f->how) {
	case INLINE:
		return read_message(r, s->bytes, &messages[f->message], map);
	case SINGLE:
		TRY(read_value(r, f, s, &value));
		node_set(r->a, map, field_name(f), value);
		return NULL;
	case REPEATED:
		value = there ? *there : node_seq(r->a, 0);
		if (!there)
			node_set(r->a, map, field_name(f), value);
		if (f->kind <= BOOL && f->kind != STRING && s->wire == BYTES_WIRE)
			return read_packed(r, f, s->bytes, value);
		node item = NODE_NOTHING;

		TRY(read_value(r, f, s, &item));
		node_append(r->a, value, item);
		return NULL;
	case MAP:
		break;
	}
	value = there ? *there : node_map(r->a, 0);
	if (!there)
		node_set(r->a, map, field_name(f), value);
	return read_entry(r, f, s->bytes, value);
}

static const struct field *find_field(const struct message *m, uint64_t number)
{
	for (size_t i = 0; i < m->n; i++)
		if (fields[m->first + i].number == number)
			return &fields[m->first + i];
	return NULL;
}

static err *read_message(struct reader *r, str s, const struct message *m, node map)
{
	struct sent f;

	if (++r->depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "proto: exceeded max depth");
	while (s.n) {
		TRY(take(&s, &f));
		const struct field *known = find_field(m, f.number);

		if (known && !wire_fits(known, f.wire))
			return err_new(ERR_INVALID, "proto: wrong wireType = %d for field %.*s", (int)f.wire,
				       STR_ARG(field_name(known)));
		if (known)
			TRY(read_field(r, known, &f, map));
		TRY(arena_check(r->a, "the request"));
	}
	r->depth--;
	return NULL;
}

/* ---- whole objects ------------------------------------------------------ */

static const struct message *find_message(str name)
{
	size_t low = 0, high = sizeof messages / sizeof *messages;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = str_cmp(message_name(&messages[mid]), name);

		if (c == 0)
			return &messages[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Options and answers are the same message in every group. */
static bool is_meta(str kind)
{
	static const char *const kinds[] = { "DeleteOptions",	"Status",	 "CreateOptions",
					     "UpdateOptions",	"PatchOptions",	 "ListOptions",
					     "APIGroup",	"APIGroupList",	 "APIVersions",
					     "APIResourceList" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(str_c(kinds[i]), kind))
			return true;
	return false;
}

/* "apps/v1.Deployment", "rbac/v1.Role": groups go by their first word. */
static const struct message *message_of(struct arena *a, struct gvk g)
{
	str group, rest;

	if (is_meta(g.kind))
		return find_message(arena_cat(a, S("meta/v1."), g.kind));
	str_split(g.group, '.', &group, &rest);
	return find_message(arena_cat(a, group.n ? group : S("core"), S("/"), g.version, S("."), g.kind));
}

/* What the envelope does not say is taken from the kind that is expected. */
static struct gvk named(node api_version, node kind, struct gvk wanted)
{
	struct gvk g = gvk_parse(node_str(api_version), node_str(kind));

	if (!g.kind.n)
		g.kind = wanted.kind;
	if (!g.version.n && wanted.version.n)
		g = (struct gvk){ wanted.group, wanted.version, g.kind };
	return g;
}

err *protobuf_read(struct arena *a, str body, struct gvk wanted, node *out)
{
	struct reader r = { .a = a };
	struct small envelope, type;

	if (!body.n)
		return err_new(ERR_INVALID, "empty data");
	if (!str_take_str(&body, PROTOBUF_MAGIC))
		return err_new(ERR_INVALID, "provided data does not appear to be a protobuf message, "
					    "expected prefix [107 56 115 0]");
	if (!body.n)
		return err_new(ERR_INVALID, "empty body");
	TRY(read_small(body, &envelope));
	TRY(read_small(envelope.of[1].bytes, &type));
	node object = node_map(a, 8);
	node api_version = text_node(&r, type.of[1].bytes), kind = text_node(&r, type.of[2].bytes);
	struct gvk g = named(api_version, kind, wanted);
	const struct message *m = message_of(a, g);

	node_set(a, object, S("kind"), node_from_str(a, g.kind));
	node_set(a, object, S("apiVersion"), node_from_str(a, gvk_api_version(a, g)));
	if (m)
		TRY(read_message(&r, envelope.of[2].bytes, m, object));
	*out = object;
	return NULL;
}

/* ---- writing -------------------------------------------------------------- */

static void add_varint(struct buf *b, uint64_t n)
{
	for (; n > 127; n >>= 7)
		buf_addc(b, (char)(n | 128));
	buf_addc(b, (char)n);
}

static void add_tag(struct buf *b, unsigned number, enum wire wire)
{
	add_varint(b, (uint64_t)number << 3 | wire);
}

static void add_number(struct buf *b, unsigned number, uint64_t n)
{
	add_tag(b, number, VARINT);
	add_varint(b, n);
}

static void add_bytes(struct buf *b, unsigned number, str bytes)
{
	add_tag(b, number, BYTES_WIRE);
	add_varint(b, bytes.n);
	buf_add(b, bytes);
}

static err *write_message(struct buf *b, const struct message *m, node map, unsigned depth);
static err *write_value(struct buf *b, const struct field *f, unsigned number, node n, unsigned depth);

static err *write_time(struct buf *b, unsigned number, node n)
{
	CLEANUP(buf_release) struct buf in = BUF_INIT;
	struct gotime t;

	TRY(gotime_parse(&t, GOTIME_RFC3339, node_str(n), NULL));
	add_number(&in, 1, (uint64_t)t.sec);
	add_number(&in, 2, (uint64_t)t.nanos);
	add_bytes(b, number, buf_str(&in));
	return NULL;
}

static void write_int_or_string(struct buf *b, unsigned number, node n)
{
	CLEANUP(buf_release) struct buf in = BUF_INIT;
	bool text = node_is(n, NODE_STR);

	add_number(&in, 1, text);
	add_number(&in, 2, text ? 0 : (uint64_t)node_int(n));
	add_bytes(&in, 3, node_str_or(n, STR_NONE));
	add_bytes(b, number, buf_str(&in));
}

static err *write_json(struct buf *b, unsigned number, node n)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	CLEANUP(buf_release) struct buf in = BUF_INIT;

	TRY(json_write(&json, n, NULL));
	add_bytes(&in, 1, buf_str(&json));
	add_bytes(b, number, buf_str(&in));
	return NULL;
}

/* A schema, a list of schemas or texts, or a truth value. */
static err *write_schema_or(struct buf *b, const struct field *f, unsigned number, node n, unsigned depth)
{
	static const struct field schema = { .kind = MESSAGE, .message = SCHEMA_MESSAGE };
	CLEANUP(buf_release) struct buf in = BUF_INIT;
	unsigned at = f->kind == SCHEMA_OR_BOOL ? 2 : 1;

	if (f->kind == SCHEMA_OR_BOOL)
		add_number(&in, 1, !node_is(n, NODE_BOOL) || node_bool(n));
	if (node_is(n, NODE_MAP))
		TRY(write_value(&in, &schema, at, n, depth));
	node_each_item(item, n)
		if (f->kind == SCHEMA_OR_TEXTS)
			add_bytes(&in, 2, node_str(*item));
		else
			TRY(write_value(&in, &schema, 2, *item, depth));
	add_bytes(b, number, buf_str(&in));
	return NULL;
}

/* What is told in a message of its own. */
static err *write_small(struct buf *b, const struct field *f, unsigned number, node n, unsigned depth)
{
	CLEANUP(buf_release) struct buf in = BUF_INIT;

	switch ((enum kind)f->kind) {
	case MESSAGE:
		TRY(write_message(&in, &messages[f->message], n, depth + 1));
		break;
	case TEXTS:
		node_each_item(item, n)
			add_bytes(&in, 1, node_str(*item));
		break;
	case QUANTITY:
		add_bytes(&in, 1, node_str(n));
		break;
	case BYTES:
		TRY(base64_read(&in, node_str(n), BASE64_STD));
		break;
	default:
		break;
	}
	add_bytes(b, number, buf_str(&in));
	return NULL;
}

static err *write_value(struct buf *b, const struct field *f, unsigned number, node n, unsigned depth)
{
	double d = node_float(n);
	uint64_t bits;

	switch ((enum kind)f->kind) {
	case STRING:
		add_bytes(b, number, node_str(n));
		return NULL;
	case INT32:
	case INT64:
		add_number(b, number, (uint64_t)node_int(n));
		return NULL;
	case BOOL:
		add_number(b, number, node_bool(n));
		return NULL;
	case DOUBLE:
		memcpy(&bits, &d, sizeof bits);
		add_tag(b, number, FIXED64);
		for (unsigned i = 0; i < 64; i += 8)
			buf_addc(b, (char)(bits >> i));
		return NULL;
	case TIME:
	case MICRO_TIME:
		return write_time(b, number, n);
	case INT_OR_STRING:
		write_int_or_string(b, number, n);
		return NULL;
	case JSON:
		return write_json(b, number, n);
	case SCHEMA_OR_BOOL:
	case SCHEMA_OR_ARRAY:
	case SCHEMA_OR_TEXTS:
		return write_schema_or(b, f, number, n, depth);
	case BYTES:
	case MESSAGE:
	case TEXTS:
	case QUANTITY:
		break;
	}
	return write_small(b, f, number, n, depth);
}

static err *write_field(struct buf *b, const struct field *f, node map, unsigned depth)
{
	CLEANUP(buf_release) struct buf in = BUF_INIT;
	node value = f->how == INLINE ? map : node_get(map, field_name(f));

	if (node_is_nil(value))
		return NULL;
	switch ((enum how)f->how) {
	case INLINE:
		TRY(write_message(&in, &messages[f->message], map, depth + 1));
		if (in.n)
			add_bytes(b, f->number, buf_str(&in));
		return NULL;
	case SINGLE:
		return write_value(b, f, f->number, value, depth);
	case REPEATED:
		node_each_item(item, value)
			TRY(write_value(b, f, f->number, *item, depth));
		return NULL;
	case MAP:
		break;
	}
	node_each_pair(p, value) {
		CLEANUP(buf_release) struct buf entry = BUF_INIT;

		add_bytes(&entry, 1, node_str(p->key));
		TRY(write_value(&entry, f, 2, p->value, depth));
		add_bytes(b, f->number, buf_str(&entry));
	}
	return NULL;
}

static err *write_message(struct buf *b, const struct message *m, node map, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "proto: exceeded max depth");
	for (size_t i = 0; i < m->n; i++)
		TRY(write_field(b, &fields[m->first + i], map, depth));
	return NULL;
}

err *protobuf_write(struct arena *a, node object, struct buf *out)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	CLEANUP(buf_release) struct buf type = BUF_INIT;
	str api_version = node_str(node_get(object, S("apiVersion")));
	str kind = node_str(node_get(object, S("kind"))), group, rest;
	struct gvk g = gvk_parse(api_version, kind);
	const struct message *m;

	str_split(g.group, '.', &group, &rest);
	if (str_eq(g.group, S("meta.k8s.io")))
		g.group = S("meta");
	m = message_of(a, g);
	if (!m)
		return err_new(ERR_NOT_FOUND, "object %.*s has no protobuf form", STR_ARG(kind));
	TRY(write_message(&raw, m, object, 0));
	add_bytes(&type, 1, api_version);
	add_bytes(&type, 2, kind);
	buf_add(out, PROTOBUF_MAGIC);
	add_bytes(out, 1, buf_str(&type));
	add_bytes(out, 2, buf_str(&raw));
	add_bytes(out, 3, STR_NONE);
	add_bytes(out, 4, STR_NONE);
	return NULL;
}
