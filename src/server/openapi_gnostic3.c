/* A v3 document in gnostic's protobuf messages. A table says which member of the document
 * is which field of which message; what may be a reference instead is in a message of its
 * own, as are maps. */
#include "server/openapi_docs.h"
#include "server/openapi_wire.h"

enum shape {
	TEXT,
	TEXTS,
	BOOL,
	DOUBLE,
	INT,
	ANY, /* a value as YAML text */
	ANYS,
	DEFAULT, /* a number, truth or text */
	ONE,     /* a message */
	SOME,    /* several */
	CHOICE,  /* one, or a reference, or true or false */
	CHOICES,
	ITEMS,         /* the same in a message: schemas of items */
	NAMED,         /* a message of entries: name, message */
	NAMED_CHOICES, /* the same, each a message or a reference */
	RESPONSES,
};

enum message_id {
	DOCUMENT,
	INFO,
	COMPONENTS,
	PATH_ITEM,
	OPERATION,
	PARAMETER,
	REQUEST_BODY,
	RESPONSE,
	MEDIA_TYPE,
	SCHEMA,
	SECURITY,
	MESSAGES_N,
};

struct field {
	const char *key;
	uint8_t number, shape, message;
};

struct message {
	const struct field *fields;
	size_t n;
	uint8_t extensions; /* field of what begins with "x-" */
};

static const struct field document_fields[] = {
	{ "openapi", 1, TEXT, 0 },
	{ "info", 2, ONE, INFO },
	{ "paths", 4, NAMED, PATH_ITEM },
	{ "components", 5, ONE, COMPONENTS },
};
static const struct field info_fields[] = {
	{ "title", 1, TEXT, 0 },
	{ "description", 2, TEXT, 0 },
	{ "version", 6, TEXT, 0 },
};
static const struct field components_fields[] = {
	{ "schemas", 1, NAMED_CHOICES, SCHEMA },
	{ "parameters", 3, NAMED_CHOICES, PARAMETER },
	{ "securitySchemes", 7, NAMED_CHOICES, SECURITY },
};
static const struct field path_item_fields[] = {
	{ "description", 3, TEXT, 0 },
	{ "get", 4, ONE, OPERATION },
	{ "put", 5, ONE, OPERATION },
	{ "post", 6, ONE, OPERATION },
	{ "delete", 7, ONE, OPERATION },
	{ "options", 8, ONE, OPERATION },
	{ "head", 9, ONE, OPERATION },
	{ "patch", 10, ONE, OPERATION },
	{ "parameters", 13, CHOICES, PARAMETER },
};
static const struct field operation_fields[] = {
	{ "tags", 1, TEXTS, 0 },
	{ "summary", 2, TEXT, 0 },
	{ "description", 3, TEXT, 0 },
	{ "operationId", 5, TEXT, 0 },
	{ "parameters", 6, CHOICES, PARAMETER },
	{ "requestBody", 7, CHOICE, REQUEST_BODY },
	{ "responses", 8, RESPONSES, RESPONSE },
	{ "deprecated", 10, BOOL, 0 },
};
static const struct field parameter_fields[] = {
	{ "name", 1, TEXT, 0 },           { "in", 2, TEXT, 0 },
	{ "description", 3, TEXT, 0 },    { "required", 4, BOOL, 0 },
	{ "schema", 10, CHOICE, SCHEMA }, { "content", 13, NAMED, MEDIA_TYPE },
};
static const struct field body_fields[] = {
	{ "description", 1, TEXT, 0 },
	{ "content", 2, NAMED, MEDIA_TYPE },
	{ "required", 3, BOOL, 0 },
};
static const struct field response_fields[] = {
	{ "description", 1, TEXT, 0 },
	{ "content", 3, NAMED, MEDIA_TYPE },
};
static const struct field media_type_fields[] = {
	{ "schema", 1, CHOICE, SCHEMA },
};
static const struct field schema_fields[] = {
	{ "nullable", 1, BOOL, 0 },
	{ "example", 7, ANY, 0 },
	{ "title", 9, TEXT, 0 },
	{ "multipleOf", 10, DOUBLE, 0 },
	{ "maximum", 11, DOUBLE, 0 },
	{ "exclusiveMaximum", 12, BOOL, 0 },
	{ "minimum", 13, DOUBLE, 0 },
	{ "exclusiveMinimum", 14, BOOL, 0 },
	{ "maxLength", 15, INT, 0 },
	{ "minLength", 16, INT, 0 },
	{ "pattern", 17, TEXT, 0 },
	{ "maxItems", 18, INT, 0 },
	{ "minItems", 19, INT, 0 },
	{ "uniqueItems", 20, BOOL, 0 },
	{ "maxProperties", 21, INT, 0 },
	{ "minProperties", 22, INT, 0 },
	{ "required", 23, TEXTS, 0 },
	{ "enum", 24, ANYS, 0 },
	{ "type", 25, TEXT, 0 },
	{ "allOf", 26, CHOICES, SCHEMA },
	{ "oneOf", 27, CHOICES, SCHEMA },
	{ "anyOf", 28, CHOICES, SCHEMA },
	{ "not", 29, ONE, SCHEMA },
	{ "items", 30, ITEMS, SCHEMA },
	{ "properties", 31, NAMED_CHOICES, SCHEMA },
	{ "additionalProperties", 32, CHOICE, SCHEMA },
	{ "default", 33, DEFAULT, 0 },
	{ "description", 34, TEXT, 0 },
	{ "format", 35, TEXT, 0 },
};
static const struct field security_fields[] = {
	{ "type", 1, TEXT, 0 },
	{ "description", 2, TEXT, 0 },
	{ "name", 3, TEXT, 0 },
	{ "in", 4, TEXT, 0 },
};

#define FIELDS(of) (of), sizeof(of) / sizeof *(of)
static const struct message messages[MESSAGES_N] = {
	[DOCUMENT] = { FIELDS(document_fields), 9 },
	[INFO] = { FIELDS(info_fields), 7 },
	[COMPONENTS] = { FIELDS(components_fields), 10 },
	[PATH_ITEM] = { FIELDS(path_item_fields), 14 },
	[OPERATION] = { FIELDS(operation_fields), 13 },
	[PARAMETER] = { FIELDS(parameter_fields), 14 },
	[REQUEST_BODY] = { FIELDS(body_fields), 4 },
	[RESPONSE] = { FIELDS(response_fields), 5 },
	[MEDIA_TYPE] = { FIELDS(media_type_fields), 5 },
	[SCHEMA] = { FIELDS(schema_fields), 36 },
	[SECURITY] = { FIELDS(security_fields), 9 },
};

static void add_message(struct buf *b, unsigned number, node n, enum message_id id);

/* ---- shapes --------------------------------------------------------------- */

/* In field 1, a reference or a truth in field 2. */
static void add_choice(struct buf *b, unsigned number, node n, enum message_id id)
{
	CLEANUP(buf_release) struct buf choice = BUF_INIT;
	CLEANUP(buf_release) struct buf reference = BUF_INIT;
	node ref = node_get(n, S("$ref"));

	if (node_is(n, NODE_BOOL)) {
		openapi_wire_number(&choice, 2, node_bool(n));
	} else if (node_is(ref, NODE_STR)) {
		openapi_wire_bytes(&reference, 1, node_str(ref));
		openapi_wire_bytes(&choice, 2, buf_str(&reference));
	} else {
		add_message(&choice, 1, n, id);
	}
	openapi_wire_bytes(b, number, buf_str(&choice));
}

static void add_entry(struct buf *b, unsigned number, str name, node value, enum shape shape,
		      enum message_id id)
{
	CLEANUP(buf_release) struct buf entry = BUF_INIT;

	openapi_wire_bytes(&entry, 1, name);
	if (shape == NAMED)
		add_message(&entry, 2, value, id);
	else
		add_choice(&entry, 2, value, id);
	openapi_wire_bytes(b, number, buf_str(&entry));
}

static void add_map(struct buf *b, const struct field *f, node n)
{
	CLEANUP(buf_release) struct buf map = BUF_INIT;

	node_each_pair(p, n)
		add_entry(&map, 1, node_str(p->key), p->value, (enum shape)f->shape,
			  (enum message_id)f->message);
	openapi_wire_bytes(b, f->number, buf_str(&map));
}

static void add_responses(struct buf *b, const struct field *f, node n)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	node_each_pair(p, n)
		if (str_eq(node_str(p->key), S("default")))
			add_choice(&all, 1, p->value, RESPONSE);
		else
			add_entry(&all, 2, node_str(p->key), p->value, CHOICE, RESPONSE);
	openapi_wire_bytes(b, f->number, buf_str(&all));
}

/* One that is none of the three kinds leaves an empty message. */
static void add_default(struct buf *b, unsigned number, node n)
{
	CLEANUP(buf_release) struct buf value = BUF_INIT;

	if (node_is_num(n))
		openapi_wire_double(&value, 1, node_float(n));
	else if (node_is(n, NODE_BOOL))
		openapi_wire_number(&value, 2, node_bool(n));
	else if (node_is(n, NODE_STR))
		openapi_wire_bytes(&value, 3, node_str(n));
	openapi_wire_bytes(b, number, buf_str(&value));
}

static void add_list(struct buf *b, const struct field *f, node n)
{
	node_each_item(i, n)
		switch ((enum shape)f->shape) {
		case TEXTS:
			openapi_wire_bytes(b, f->number, node_str(*i));
			break;
		case ANYS:
			openapi_wire_any(b, f->number, *i);
			break;
		case SOME:
			add_message(b, f->number, *i, (enum message_id)f->message);
			break;
		default:
			add_choice(b, f->number, *i, (enum message_id)f->message);
		}
}

static void add_items(struct buf *b, const struct field *f, node n)
{
	CLEANUP(buf_release) struct buf items = BUF_INIT;

	add_choice(&items, 1, n, SCHEMA);
	openapi_wire_bytes(b, f->number, buf_str(&items));
}

/* What is nothing is left out. */
static void add_field(struct buf *b, const struct field *f, node n)
{
	switch ((enum shape)f->shape) {
	case TEXT:
		if (node_str(n).n)
			openapi_wire_bytes(b, f->number, node_str(n));
		break;
	case BOOL:
		if (node_bool(n))
			openapi_wire_number(b, f->number, 1);
		break;
	case DOUBLE:
		if (node_float(n) != 0)
			openapi_wire_double(b, f->number, node_float(n));
		break;
	case INT:
		if (node_int(n))
			openapi_wire_number(b, f->number, (uint64_t)node_int(n));
		break;
	case ANY:
		openapi_wire_any(b, f->number, n);
		break;
	case DEFAULT:
		add_default(b, f->number, n);
		break;
	case ONE:
		add_message(b, f->number, n, (enum message_id)f->message);
		break;
	case CHOICE:
		add_choice(b, f->number, n, (enum message_id)f->message);
		break;
	case ITEMS:
		add_items(b, f, n);
		break;
	case NAMED:
	case NAMED_CHOICES:
		add_map(b, f, n);
		break;
	case RESPONSES:
		add_responses(b, f, n);
		break;
	case TEXTS:
	case ANYS:
	case SOME:
	case CHOICES:
		add_list(b, f, n);
		break;
	}
}

/* ---- messages --------------------------------------------------------------- */

static void add_members(struct buf *b, node n, enum message_id id)
{
	const struct message *m = &messages[id];

	for (size_t i = 0; i < m->n; i++) {
		node value = node_get(n, str_c(m->fields[i].key));

		if (!node_is(value, NODE_NONE))
			add_field(b, &m->fields[i], value);
	}
	node_each_pair(p, n)
		if (str_starts(node_str(p->key), S("x-")))
			openapi_wire_extension(b, m->extensions, node_str(p->key), p->value);
}

static void add_message(struct buf *b, unsigned number, node n, enum message_id id)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;

	add_members(&message, n, id);
	openapi_wire_bytes(b, number, buf_str(&message));
}

void openapi_gnostic3(struct buf *b, node document)
{
	add_members(b, document, DOCUMENT);
}
