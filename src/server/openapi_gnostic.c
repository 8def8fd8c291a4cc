/* The v2 document in gnostic's protobuf messages. A table says which member of
 * the document is which field of which message; what has a shape of its own
 * in the messages has a kind of its own here. */
#include "server/openapi_docs.h"
#include "server/openapi_wire.h"

enum shape {
	TEXT,
	TEXTS,
	BOOL,
	DOUBLE,
	INT,
	ANY,			/* a value as YAML text */
	ANYS,
	MESSAGE,
	MESSAGES,
	NAMED,			/* a map of messages: entries of name and value */
	WRAPPED,		/* a message in field 1 of another */
	TYPE,			/* a text in a list in a message */
	PARAMETERS,
	RESPONSES,
};

enum message_id {
	DOCUMENT,
	INFO,
	OPERATION,
	PATH_ITEM,
	RESPONSE,
	SCHEMA,
	BODY_PARAMETER,
	QUERY_PARAMETER,
	PATH_PARAMETER,
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
	uint8_t extensions;	/* field of what begins with "x-" */
};

static const struct field document_fields[] = {
	{ "swagger", 1, TEXT, 0 },
	{ "info", 2, MESSAGE, INFO },
	{ "paths", 8, NAMED, PATH_ITEM },
	{ "definitions", 9, NAMED, SCHEMA },
	{ "securityDefinitions", 13, NAMED, SECURITY },
};
static const struct field info_fields[] = {
	{ "title", 1, TEXT, 0 },
	{ "version", 2, TEXT, 0 },
};
static const struct field path_item_fields[] = {
	{ "get", 2, MESSAGE, OPERATION },   { "put", 3, MESSAGE, OPERATION },
	{ "post", 4, MESSAGE, OPERATION },  { "delete", 5, MESSAGE, OPERATION },
	{ "patch", 8, MESSAGE, OPERATION }, { "parameters", 9, PARAMETERS, 0 },
};
static const struct field operation_fields[] = {
	{ "tags", 1, TEXTS, 0 },	  { "description", 3, TEXT, 0 },
	{ "operationId", 5, TEXT, 0 },	  { "produces", 6, TEXTS, 0 },
	{ "consumes", 7, TEXTS, 0 },	  { "parameters", 8, PARAMETERS, 0 },
	{ "responses", 9, RESPONSES, 0 }, { "schemes", 10, TEXTS, 0 },
};
static const struct field response_fields[] = {
	{ "description", 1, TEXT, 0 },
	{ "schema", 2, WRAPPED, SCHEMA },
};
static const struct field schema_fields[] = {
	{ "$ref", 1, TEXT, 0 },
	{ "format", 2, TEXT, 0 },
	{ "title", 3, TEXT, 0 },
	{ "description", 4, TEXT, 0 },
	{ "default", 5, ANY, 0 },
	{ "multipleOf", 6, DOUBLE, 0 },
	{ "maximum", 7, DOUBLE, 0 },
	{ "exclusiveMaximum", 8, BOOL, 0 },
	{ "minimum", 9, DOUBLE, 0 },
	{ "exclusiveMinimum", 10, BOOL, 0 },
	{ "maxLength", 11, INT, 0 },
	{ "minLength", 12, INT, 0 },
	{ "pattern", 13, TEXT, 0 },
	{ "maxItems", 14, INT, 0 },
	{ "minItems", 15, INT, 0 },
	{ "uniqueItems", 16, BOOL, 0 },
	{ "maxProperties", 17, INT, 0 },
	{ "minProperties", 18, INT, 0 },
	{ "required", 19, TEXTS, 0 },
	{ "enum", 20, ANYS, 0 },
	{ "additionalProperties", 21, WRAPPED, SCHEMA },
	{ "type", 22, TYPE, 0 },
	{ "items", 23, WRAPPED, SCHEMA },
	{ "allOf", 24, MESSAGES, SCHEMA },
	{ "properties", 25, NAMED, SCHEMA },
	{ "example", 30, ANY, 0 },
};
static const struct field body_fields[] = {
	{ "description", 1, TEXT, 0 }, { "name", 2, TEXT, 0 },	       { "in", 3, TEXT, 0 },
	{ "required", 4, BOOL, 0 },    { "schema", 5, MESSAGE, SCHEMA },
};
static const struct field query_fields[] = {
	{ "required", 1, BOOL, 0 }, { "in", 2, TEXT, 0 },   { "description", 3, TEXT, 0 },
	{ "name", 4, TEXT, 0 },	    { "type", 6, TEXT, 0 }, { "uniqueItems", 20, BOOL, 0 },
};
static const struct field in_path_fields[] = {
	{ "required", 1, BOOL, 0 }, { "in", 2, TEXT, 0 },   { "description", 3, TEXT, 0 },
	{ "name", 4, TEXT, 0 },	    { "type", 5, TEXT, 0 }, { "uniqueItems", 19, BOOL, 0 },
};
static const struct field security_fields[] = {
	{ "type", 1, TEXT, 0 },
	{ "name", 2, TEXT, 0 },
	{ "in", 3, TEXT, 0 },
	{ "description", 4, TEXT, 0 },
};

#define FIELDS(of) (of), sizeof(of) / sizeof *(of)
static const struct message messages[MESSAGES_N] = {
	[DOCUMENT] = { FIELDS(document_fields), 16 },
	[INFO] = { FIELDS(info_fields), 7 },
	[OPERATION] = { FIELDS(operation_fields), 13 },
	[PATH_ITEM] = { FIELDS(path_item_fields), 10 },
	[RESPONSE] = { FIELDS(response_fields), 5 },
	[SCHEMA] = { FIELDS(schema_fields), 31 },
	[BODY_PARAMETER] = { FIELDS(body_fields), 6 },
	[QUERY_PARAMETER] = { FIELDS(query_fields), 23 },
	[PATH_PARAMETER] = { FIELDS(in_path_fields), 22 },
	[SECURITY] = { FIELDS(security_fields), 5 },
};

/* ---- messages ---------------------------------------------------------- */

static void add_message(struct buf *b, unsigned number, node n, enum message_id id);
static void add_members(struct buf *b, node n, enum message_id id);

/* An entry of a map. */
static void add_named(struct buf *b, unsigned number, str name, node value, enum message_id id)
{
	CLEANUP(buf_release) struct buf entry = BUF_INIT;

	openapi_wire_bytes(&entry, 1, name);
	if (id == SECURITY) {
		CLEANUP(buf_release) struct buf item = BUF_INIT;

		add_message(&item, 2, value, id);	/* an API key */
		openapi_wire_bytes(&entry, 2, buf_str(&item));
	} else {
		add_message(&entry, 2, value, id);
	}
	openapi_wire_bytes(b, number, buf_str(&entry));
}

/* Maps are messages that hold their entries: paths in field 2, others in 1. */
static void add_map(struct buf *b, unsigned number, node n, enum message_id id)
{
	CLEANUP(buf_release) struct buf map = BUF_INIT;

	node_each_pair(p, n)
		add_named(&map, id == PATH_ITEM ? 2 : 1, node_str(p->key), p->value, id);
	openapi_wire_bytes(b, number, buf_str(&map));
}

static void add_parameter(struct buf *b, unsigned number, node n)
{
	CLEANUP(buf_release) struct buf sub = BUF_INIT;
	CLEANUP(buf_release) struct buf parameter = BUF_INIT;
	CLEANUP(buf_release) struct buf item = BUF_INIT;
	str in = node_str(node_get(n, S("in")));

	if (str_eq(in, S("body"))) {
		add_message(&parameter, 1, n, BODY_PARAMETER);
	} else {
		if (str_eq(in, S("path")))
			add_message(&sub, 4, n, PATH_PARAMETER);
		else
			add_message(&sub, 3, n, QUERY_PARAMETER);
		openapi_wire_bytes(&parameter, 2, buf_str(&sub));
	}
	openapi_wire_bytes(&item, 1, buf_str(&parameter));
	openapi_wire_bytes(b, number, buf_str(&item));
}

static void add_responses(struct buf *b, unsigned number, node n)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	node_each_pair(p, n) {
		CLEANUP(buf_release) struct buf value = BUF_INIT;
		CLEANUP(buf_release) struct buf entry = BUF_INIT;

		add_message(&value, 1, p->value, RESPONSE);
		openapi_wire_bytes(&entry, 1, node_str(p->key));
		openapi_wire_bytes(&entry, 2, buf_str(&value));
		openapi_wire_bytes(&all, 1, buf_str(&entry));
	}
	openapi_wire_bytes(b, number, buf_str(&all));
}

/* A schema, or true or false in field 2, in a message of its own. */
static void add_wrapped(struct buf *b, unsigned number, node n, enum message_id id)
{
	CLEANUP(buf_release) struct buf item = BUF_INIT;

	if (node_is(n, NODE_BOOL)) {
		openapi_wire_number(&item, 2, node_bool(n));
	} else {
		add_message(&item, 1, n, id);
	}
	openapi_wire_bytes(b, number, buf_str(&item));
}

static void add_field(struct buf *b, const struct field *f, node n)
{
	enum message_id id = (enum message_id)f->message;

	switch ((enum shape)f->shape) {
	case TEXT:
		openapi_wire_bytes(b, f->number, node_str(n));
		break;
	case TEXTS:
		node_each_item(i, n)
			openapi_wire_bytes(b, f->number, node_str(*i));
		break;
	case BOOL:
		openapi_wire_number(b, f->number, node_bool(n));
		break;
	case DOUBLE:
		openapi_wire_double(b, f->number, node_float(n));
		break;
	case INT:
		openapi_wire_number(b, f->number, (uint64_t)node_int(n));
		break;
	case ANY:
		openapi_wire_any(b, f->number, n);
		break;
	case ANYS:
		node_each_item(i, n)
			openapi_wire_any(b, f->number, *i);
		break;
	case MESSAGE:
		add_message(b, f->number, n, id);
		break;
	case MESSAGES:
		node_each_item(i, n)
			add_message(b, f->number, *i, id);
		break;
	case NAMED:
		add_map(b, f->number, n, id);
		break;
	case WRAPPED:
		add_wrapped(b, f->number, n, id);
		break;
	case TYPE: {
		CLEANUP(buf_release) struct buf type = BUF_INIT;

		openapi_wire_bytes(&type, 1, node_str(n));
		openapi_wire_bytes(b, f->number, buf_str(&type));
		break;
	}
	case PARAMETERS:
		node_each_item(i, n)
			add_parameter(b, f->number, *i);
		break;
	case RESPONSES:
		add_responses(b, f->number, n);
		break;
	}
}

static const struct field *find_field(const struct message *m, str key)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(str_c(m->fields[i].key), key))
			return &m->fields[i];
	return NULL;
}

static void add_members(struct buf *b, node n, enum message_id id)
{
	const struct message *m = &messages[id];

	node_each_pair(p, n) {
		const struct field *f = find_field(m, node_str(p->key));

		if (f)
			add_field(b, f, p->value);
		else if (str_starts(node_str(p->key), S("x-")))
			openapi_wire_extension(b, m->extensions, node_str(p->key), p->value);
	}
}

static void add_message(struct buf *b, unsigned number, node n, enum message_id id)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;

	add_members(&message, n, id);
	openapi_wire_bytes(b, number, buf_str(&message));
}

void openapi_gnostic(struct buf *b, node document)
{
	add_members(b, document, DOCUMENT);
}
