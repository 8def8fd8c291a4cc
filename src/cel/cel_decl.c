#include "cel/cel_decl.h"

#include "base/hash.h"
#include "base/map.h"
#include "cel/cel_type.h"

/* The largest request that the API server takes; it bounds all that has no
 * bound of its own. */
static const int64_t request_max = 3 * 1024 * 1024;

/* ---- names ------------------------------------------------------------- */

static const char *const reserved[] = {
	"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
	"if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
};

static bool is_reserved(str name)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (str_eq(str_c(reserved[i]), name))
			return true;
	return false;
}

static const struct {
	const char *plain, *word;
} escapes[] = { { "__", "underscores" }, { ".", "dot" }, { "-", "dash" }, { "/", "slash" } };

enum { ESCAPES = sizeof escapes / sizeof *escapes };

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool cel_decl_escape(struct arena *a, str name, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str rest = name;
	bool changed = false;

	if (!name.n || (name.p[0] >= '0' && name.p[0] <= '9'))
		return false;
	if (is_reserved(name)) {
		*out = arena_cat(a, S("__"), name, S("__"));
		return true;
	}
	while (rest.n) {
		size_t i = 0;

		while (i < ESCAPES && !str_starts(rest, str_c(escapes[i].plain)))
			i++;
		if (i < ESCAPES) {
			buf_addf(&b, "__%s__", escapes[i].word);
			rest = str_from(rest, strlen(escapes[i].plain));
			changed = true;
		} else if (is_name_char(rest.p[0])) {
			buf_addc(&b, rest.p[0]);
			rest = str_from(rest, 1);
		} else {
			return false;
		}
	}
	*out = changed ? arena_str(a, buf_str(&b)) : name;
	return true;
}

/* The escape at the front: "__", one or more bytes that are no '_', "__". */
static bool take_escape(str *rest, str *word)
{
	size_t end = 2;

	if (!str_starts(*rest, S("__")))
		return false;
	while (end < rest->n && rest->p[end] != '_')
		end++;
	if (end == 2 || !str_starts(str_from(*rest, end), S("__")))
		return false;
	*word = str_sub(*rest, 2, end);
	*rest = str_from(*rest, end + 2);
	return true;
}

bool cel_decl_unescape(struct arena *a, str escaped, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str rest = escaped, word;

	if (!str_has(escaped, S("__"))) {
		*out = escaped;
		return true;
	}
	while (rest.n) {
		size_t i = 0;

		if (!take_escape(&rest, &word)) {
			buf_addc(&b, rest.p[0]);
			rest = str_from(rest, 1);
			continue;
		}
		while (i < ESCAPES && !str_eq(str_c(escapes[i].word), word))
			i++;
		if (i < ESCAPES)
			buf_add(&b, str_c(escapes[i].plain));
		else if (is_reserved(word) && word.n + 4 == escaped.n)
			buf_add(&b, word);
		else
			return false;
	}
	*out = arena_str(a, buf_str(&b));
	return true;
}

/* ---- fields by name ---------------------------------------------------- */

enum { LINEAR_MAX = 8 };

static str field_name(const struct cel_decl_field *f, bool escaped)
{
	return escaped ? f->escaped : f->name;
}

static const uint32_t *index_fields(struct arena *a, const struct cel_decl *d, bool escaped)
{
	uint32_t *slots = arena_array(a, uint32_t, d->slots_n);

	for (size_t i = 0; i < d->n; i++) {
		size_t at = hash_bytes(field_name(&d->fields[i], escaped)) & (d->slots_n - 1);

		while (slots[at])
			at = (at + 1) & (d->slots_n - 1);
		slots[at] = (uint32_t)i + 1;
	}
	return slots;
}

static const struct cel_decl_field *find_field(const struct cel_decl *d, str name, bool escaped)
{
	const uint32_t *slots = escaped ? d->escaped_slots : d->slots;

	if (!name.n)
		return NULL;
	if (!slots) {
		for (size_t i = 0; i < d->n; i++)
			if (str_eq(field_name(&d->fields[i], escaped), name))
				return &d->fields[i];
		return NULL;
	}
	for (size_t at = hash_bytes(name) & (d->slots_n - 1); slots[at]; at = (at + 1) & (d->slots_n - 1))
		if (str_eq(field_name(&d->fields[slots[at] - 1], escaped), name))
			return &d->fields[slots[at] - 1];
	return NULL;
}

const struct cel_decl_field *cel_decl_field(const struct cel_decl *object, str name)
{
	return find_field(object, name, false);
}

const struct cel_decl_field *cel_decl_escaped(const struct cel_decl *object, str escaped)
{
	return find_field(object, escaped, true);
}

/* ---- reading a schema -------------------------------------------------- */

static struct cel_decl *read_decl(struct arena *a, node schema, bool resource,
				  const struct cel_decl *parent, str label, int depth);

static bool flag(node schema, str name)
{
	return node_bool(node_get(schema, name));
}

/* A bound of the schema that is there; not below zero. */
static bool bound(node schema, str name, int64_t *out)
{
	node n = node_get(schema, name);

	if (!node_is_num(n))
		return false;
	*out = node_int(n) < 0 ? 0 : node_int(n);
	return true;
}

/* maxLength counts runes, sizes are in bytes. */
static int64_t four_times(int64_t n)
{
	return (int64_t)((uint64_t)n * 4);
}

static void expose(struct cel_decl *d, const struct cel_type *type, int64_t min_size)
{
	d->exposed = true;
	d->cel_type = type;
	d->min_size = min_size;
}

static void read_int_or_string(struct cel_decl *d, node schema)
{
	int64_t n;

	d->kind = CEL_DECL_INT_OR_STRING;
	expose(d, cel_type_of(CEL_DYN), 1);
	d->max_elements = bound(schema, S("maxLength"), &n) ? four_times(n) : request_max - 2;
}

static void read_list(struct arena *a, struct cel_decl *d, node schema, int depth)
{
	node items = node_get(schema, S("items"));

	d->kind = CEL_DECL_LIST;
	if (items.kind != NODE_MAP)
		return;
	d->elem = read_decl(a, items, flag(items, S("x-kubernetes-embedded-resource")), d, S("@idx"),
			    depth + 1);
	if (!d->elem->exposed)
		return;
	expose(d, cel_type_list(a, d->elem->cel_type), 2);
	if (!bound(schema, S("maxItems"), &d->max_elements))
		d->max_elements = (request_max - 2) / (d->elem->min_size + 1);
}

static void read_map(struct arena *a, struct cel_decl *d, node schema, int depth)
{
	node values = node_get(schema, S("additionalProperties"));

	d->kind = CEL_DECL_MAP;
	d->elem = read_decl(a, values, flag(values, S("x-kubernetes-embedded-resource")), d,
			    S("@elem"), depth + 1);
	if (!d->elem->exposed)
		return;
	expose(d, cel_type_map(a, cel_type_of(CEL_STRING), d->elem->cel_type), 2);
	if (!bound(schema, S("maxProperties"), &d->max_elements))
		d->max_elements = (request_max - 2) / (d->elem->min_size + 6);
}

static bool is_type(node schema, const char *type)
{
	return str_eq(node_str(node_get(schema, S("type"))), str_c(type));
}

/* Whether the schema of a resource says itself what every resource has. */
static bool has_meta(node props)
{
	node meta = node_get(props, S("metadata")), inner = node_get(meta, S("properties"));

	return is_type(node_get(props, S("kind")), "string") &&
	       is_type(node_get(props, S("apiVersion")), "string") && is_type(meta, "object") &&
	       is_type(node_get(inner, S("name")), "string") &&
	       is_type(node_get(inner, S("generateName")), "string");
}

static node typed(struct arena *a, str type)
{
	node n = node_map(a, 1);

	node_set(a, n, S("type"), node_from_str(a, type));
	return n;
}

static node with_meta(struct arena *a, node props)
{
	node all = node_map(a, node_len(props) + 3), meta = typed(a, S("object"));
	node inner = node_map(a, 2);

	node_each_pair(p, props)
		node_put(a, all, p->key, p->value);
	node_set(a, inner, S("name"), typed(a, S("string")));
	node_set(a, inner, S("generateName"), typed(a, S("string")));
	node_set(a, meta, S("properties"), inner);
	node_set(a, all, S("kind"), typed(a, S("string")));
	node_set(a, all, S("apiVersion"), typed(a, S("string")));
	node_set(a, all, S("metadata"), meta);
	return all;
}

static void read_fields(struct arena *a, struct cel_decl *d, node schema, node props, int depth)
{
	CLEANUP(map_release) struct map required = MAP_INIT;

	node_each_item(item, node_get(schema, S("required")))
		map_set(&required, node_str(*item), NULL);
	d->fields = arena_array(a, struct cel_decl_field, node_len(props));
	node_each_pair(p, props) {
		struct cel_decl_field *f = &d->fields[d->n++];

		f->name = node_str(p->key);
		if (!cel_decl_escape(a, f->name, &f->escaped))
			f->escaped = STR_NONE;
		f->decl = read_decl(a, p->value, flag(p->value, S("x-kubernetes-embedded-resource")),
				    d, f->escaped, depth + 1);
		if (f->decl->exposed && node_is_nil(node_get(p->value, S("default"))) &&
		    map_has(&required, f->name))
			d->min_size += (int64_t)f->name.n + f->decl->min_size + 4;
	}
	if (d->n <= LINEAR_MAX)
		return;
	d->slots_n = 32;
	while (d->slots_n < 2 * d->n)
		d->slots_n *= 2;
	d->slots = index_fields(a, d, false);
	d->escaped_slots = index_fields(a, d, true);
}

static void read_object(struct arena *a, struct cel_decl *d, node schema, bool resource, int depth)
{
	node props = node_get(schema, S("properties"));

	if (node_get(schema, S("additionalProperties")).kind == NODE_MAP) {
		read_map(a, d, schema, depth);
		return;
	}
	d->kind = CEL_DECL_OBJECT;
	if (resource && !has_meta(props))
		props = with_meta(a, props);
	d->has_properties = node_len(props) > 0;
	expose(d, cel_type_object(a, d), 2);
	read_fields(a, d, schema, props, depth);
}

static int64_t longest_choice(node choices)
{
	size_t most = 0;

	node_each_item(item, choices)
		if (item->kind == NODE_STR && node_str(*item).n > most)
			most = node_str(*item).n;
	return (int64_t)most;
}

static void read_string(struct cel_decl *d, node schema)
{
	str format = node_str(node_get(schema, S("format")));
	int64_t n = 0;
	bool bounded = bound(schema, S("maxLength"), &n);

	if (str_eq(format, S("byte"))) {
		d->kind = CEL_DECL_BYTES;
		expose(d, cel_type_of(CEL_BYTES), 2);
		d->max_elements = bounded ? n : request_max - 2;
	} else if (str_eq(format, S("duration"))) {
		d->kind = CEL_DECL_DURATION;
		expose(d, cel_type_of(CEL_DURATION), 3);
		d->max_elements = 32;
	} else if (str_eq(format, S("date"))) {
		d->kind = CEL_DECL_DATE;
		expose(d, cel_type_of(CEL_TIMESTAMP), 12);
		d->max_elements = 12;
	} else if (str_eq(format, S("date-time"))) {
		d->kind = CEL_DECL_DATE_TIME;
		expose(d, cel_type_of(CEL_TIMESTAMP), 21);
		d->max_elements = 32;
	} else {
		node choices = node_get(schema, S("enum"));

		d->kind = CEL_DECL_STRING;
		expose(d, cel_type_of(CEL_STRING), 2);
		d->max_elements = bounded	       ? four_times(n)
				  : node_len(choices) ? longest_choice(choices)
						      : request_max - 2;
	}
}

static void read_list_type(struct arena *a, struct cel_decl *d, node schema)
{
	node keys = node_get(schema, S("x-kubernetes-list-map-keys"));
	str *names = arena_array(a, str, node_len(keys));

	d->list_type_name = node_str(node_get(schema, S("x-kubernetes-list-type")));
	if (!d->list_type_name.n)
		d->list_type = CEL_LIST_PLAIN;
	else if (str_eq(d->list_type_name, S("atomic")))
		d->list_type = CEL_LIST_ATOMIC;
	else if (str_eq(d->list_type_name, S("set")))
		d->list_type = CEL_LIST_SET;
	else if (str_eq(d->list_type_name, S("map")))
		d->list_type = CEL_LIST_MAP;
	else
		d->list_type = CEL_LIST_OTHER;
	/* Values are looked up by the escaped key, as the API server does. */
	node_each_item(item, keys)
		if (!cel_decl_escape(a, node_str(*item), &names[d->keys_n++]))
			names[d->keys_n - 1] = node_str(*item);
	d->keys = names;
}

static struct cel_decl *read_decl(struct arena *a, node schema, bool resource,
				  const struct cel_decl *parent, str label, int depth)
{
	struct cel_decl *d = arena_new(a, struct cel_decl);

	d->parent = parent;
	d->label = label;
	d->type = node_str(node_get(schema, S("type")));
	d->nullable = flag(schema, S("nullable"));
	d->preserves = flag(schema, S("x-kubernetes-preserve-unknown-fields"));
	if (depth >= CEL_DECL_DEPTH_MAX)
		return d;
	read_list_type(a, d, schema);
	if (flag(schema, S("x-kubernetes-int-or-string"))) {
		read_int_or_string(d, schema);
	} else if (str_eq(d->type, S("array"))) {
		read_list(a, d, schema, depth);
	} else if (str_eq(d->type, S("object"))) {
		read_object(a, d, schema, resource, depth);
	} else if (str_eq(d->type, S("string"))) {
		read_string(d, schema);
	} else if (str_eq(d->type, S("boolean"))) {
		d->kind = CEL_DECL_BOOL;
		expose(d, cel_type_of(CEL_BOOL), 4);
	} else if (str_eq(d->type, S("number"))) {
		d->kind = CEL_DECL_NUMBER;
		expose(d, cel_type_of(CEL_DOUBLE), 1);
	} else if (str_eq(d->type, S("integer"))) {
		d->kind = CEL_DECL_INT;
		expose(d, cel_type_of(CEL_INT), 1);
	}
	return d;
}

const struct cel_decl *cel_decl_read(struct arena *a, node schema, bool resource)
{
	return read_decl(a, schema, resource, NULL, STR_NONE, 0);
}

uint64_t cel_decl_cardinality(const struct cel_decl *decl)
{
	return (uint64_t)(request_max / (decl->min_size + 1));
}
