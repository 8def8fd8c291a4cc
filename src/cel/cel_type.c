#include "cel/cel_type.h"

#include "cel/cel_decl.h"

#define SIMPLE(of, text) [of] = { .kind = of, .bare = true, .name = { text, sizeof(text) - 1 } }

const struct cel_type cel_types[] = {
	SIMPLE(CEL_DYN, "dyn"),
	SIMPLE(CEL_NULL, "null_type"),
	SIMPLE(CEL_BOOL, "bool"),
	SIMPLE(CEL_INT, "int"),
	SIMPLE(CEL_UINT, "uint"),
	SIMPLE(CEL_DOUBLE, "double"),
	SIMPLE(CEL_STRING, "string"),
	SIMPLE(CEL_BYTES, "bytes"),
	[CEL_LIST] = { .kind = CEL_LIST, .n = 1, .bare = true, .name = { "list", 4 },
		       .params = { &cel_types[CEL_DYN] } },
	[CEL_MAP] = { .kind = CEL_MAP, .n = 2, .bare = true, .name = { "map", 3 },
		      .params = { &cel_types[CEL_DYN], &cel_types[CEL_DYN] } },
	SIMPLE(CEL_TIMESTAMP, "google.protobuf.Timestamp"),
	SIMPLE(CEL_DURATION, "google.protobuf.Duration"),
	SIMPLE(CEL_TYPE, "type"),
	[CEL_OPTIONAL] = { .kind = CEL_OPTIONAL, .n = 1, .bare = true, .name = { "optional_type", 13 },
			   .params = { &cel_types[CEL_DYN] } },
	SIMPLE(CEL_QUANTITY, "kubernetes.Quantity"),
	SIMPLE(CEL_URL, "kubernetes.URL"),
	SIMPLE(CEL_IP, "net.IP"),
	SIMPLE(CEL_CIDR, "net.CIDR"),
	SIMPLE(CEL_FORMAT, "kubernetes.NamedFormat"),
	SIMPLE(CEL_SEMVER, "kubernetes.Semver"),
	SIMPLE(CEL_TYPE_ERROR, "error"),
	SIMPLE(CEL_UNKNOWN, "unknown"),
};

static const struct cel_type any_type = {
	.kind = CEL_DYN, .any = true, .bare = true, .name = { "google.protobuf.Any", 19 },
};

#define NULLABLE(of, text) { .kind = of, .bare = true, .nullable = true, \
			     .name = { text, sizeof(text) - 1 } }

static const struct cel_type nullable[] = {
	NULLABLE(CEL_BOOL, "bool"),	NULLABLE(CEL_INT, "int"),
	NULLABLE(CEL_UINT, "uint"),	NULLABLE(CEL_DOUBLE, "double"),
	NULLABLE(CEL_STRING, "string"), NULLABLE(CEL_BYTES, "bytes"),
};

static const struct cel_type struct_type = {
	.kind = CEL_MAP, .n = 2, .bare = true, .name = { "map", 3 },
	.params = { &cel_types[CEL_STRING], &cel_types[CEL_DYN] },
};

const struct cel_type *cel_type_of(enum cel_kind kind)
{
	return &cel_types[kind];
}

const struct cel_type *cel_type_any(void)
{
	return &any_type;
}

const struct cel_type *cel_type_nullable(enum cel_kind kind)
{
	for (size_t i = 0; i < sizeof nullable / sizeof *nullable; i++)
		if (nullable[i].kind == kind)
			return &nullable[i];
	return NULL;
}

/* Messages that have a meaning of their own. */
static const struct {
	const char *name;
	const struct cel_type *type;
} well_known[] = {
	{ "Any", &any_type },
	{ "BoolValue", &nullable[0] },
	{ "BytesValue", &nullable[5] },
	{ "DoubleValue", &nullable[3] },
	{ "Duration", &cel_types[CEL_DURATION] },
	{ "FloatValue", &nullable[3] },
	{ "Int32Value", &nullable[1] },
	{ "Int64Value", &nullable[1] },
	{ "ListValue", &cel_types[CEL_LIST] },
	{ "NullValue", &cel_types[CEL_NULL] },
	{ "StringValue", &nullable[4] },
	{ "Struct", &struct_type },
	{ "Timestamp", &cel_types[CEL_TIMESTAMP] },
	{ "UInt32Value", &nullable[2] },
	{ "UInt64Value", &nullable[2] },
	{ "Value", &cel_types[CEL_DYN] },
};

const struct cel_type *cel_type_named(str name, bool kubernetes)
{
	static const enum cel_kind named[] = {
		CEL_BOOL, CEL_BYTES, CEL_DOUBLE, CEL_INT,    CEL_LIST, CEL_MAP,
		CEL_NULL, CEL_STRING, CEL_TYPE,	 CEL_OPTIONAL, CEL_UINT,
	};
	str rest = name;

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (str_eq(cel_types[named[i]].name, name))
			return &cel_types[named[i]];
	if (kubernetes && str_eq(name, cel_types[CEL_IP].name))
		return &cel_types[CEL_IP];
	if (kubernetes && str_eq(name, cel_types[CEL_CIDR].name))
		return &cel_types[CEL_CIDR];
	if (!str_take_str(&rest, S("google.protobuf.")))
		return NULL;
	for (size_t i = 0; i < sizeof well_known / sizeof *well_known; i++)
		if (str_eq(str_c(well_known[i].name), rest))
			return well_known[i].type;
	return NULL;
}

static struct cel_type *made(struct arena *a, enum cel_kind kind, str name,
			     const struct cel_type *p0, const struct cel_type *p1)
{
	struct cel_type *t = arena_new(a, struct cel_type);

	t->kind = kind;
	t->name = name;
	t->params[0] = p0;
	t->params[1] = p1;
	t->n = p1 ? 2 : 1;
	t->bare = p0->bare && (!p1 || p1->bare);
	return t;
}

const struct cel_type *cel_type_list(struct arena *a, const struct cel_type *elem)
{
	return made(a, CEL_LIST, S("list"), elem, NULL);
}

const struct cel_type *cel_type_map(struct arena *a, const struct cel_type *key,
				    const struct cel_type *value)
{
	return made(a, CEL_MAP, S("map"), key, value);
}

const struct cel_type *cel_type_optional(struct arena *a, const struct cel_type *of)
{
	return made(a, CEL_OPTIONAL, S("optional_type"), of, NULL);
}

const struct cel_type *cel_type_type(struct arena *a, const struct cel_type *of)
{
	return made(a, CEL_TYPE, S("type"), of, NULL);
}

const struct cel_type *cel_type_object(struct arena *a, const struct cel_decl *decl)
{
	struct cel_type *t = arena_new(a, struct cel_type);

	*t = (struct cel_type){ .kind = CEL_OBJECT, .bare = true, .decl = decl };
	return t;
}

const struct cel_type *cel_type_param(struct arena *a, uint32_t var)
{
	struct cel_type *t = arena_new(a, struct cel_type);

	*t = (struct cel_type){ .kind = CEL_TYPE_PARAM, .var = var };
	return t;
}

bool cel_type_equal(const struct cel_type *a, const struct cel_type *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->n != b->n || a->any != b->any || a->var != b->var ||
	    a->decl != b->decl)
		return false;
	if ((a->kind == CEL_AUTHORIZER || a->kind == CEL_MADE) && !str_eq(a->name, b->name))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!cel_type_equal(a->params[i], b->params[i]))
			return false;
	return true;
}

/* Where the decl stands below the one whose type is named. */
static void print_place(struct buf *b, const struct cel_decl *decl)
{
	if (!decl->parent) {
		buf_add(b, S("selfType"));
		return;
	}
	print_place(b, decl->parent);
	buf_addc(b, '.');
	buf_add(b, decl->label);
}

static const char *short_name(const struct cel_type *t)
{
	switch (t->kind) {
	case CEL_DYN:
		return t->any ? "any" : NULL;
	case CEL_DURATION:
		return "duration";
	case CEL_TIMESTAMP:
		return "timestamp";
	case CEL_NULL:
		return "null";
	case CEL_TYPE_ERROR:
		return "!error!";
	default:
		return NULL;
	}
}

void cel_type_print(struct buf *b, const struct cel_type *t)
{
	const char *name = short_name(t);

	if (name) {
		buf_add(b, str_c(name));
	} else if (t->kind == CEL_OBJECT) {
		print_place(b, t->decl);
	} else if (t->kind == CEL_TYPE_PARAM) {
		buf_addf(b, "_var%u", t->var);
	} else if (t->nullable) {
		buf_addf(b, "wrapper(%.*s)", STR_ARG(t->name));
	} else {
		buf_add(b, t->name);
		for (size_t i = 0; i < t->n; i++) {
			buf_add(b, i ? S(", ") : S("("));
			cel_type_print(b, t->params[i]);
		}
		if (t->n)
			buf_addc(b, ')');
	}
}
