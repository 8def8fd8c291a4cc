/* canon - an object as the Go types of its kind print it. */
#include "api/kind_impl.h"
#include "base/buf.h"
#include "text/duration.h"

/* Fields that Go holds by pointer: a zero that is written out stays. */
static const char *const pointers[] = {
	"ignore",	 "ignoreTestFailures", "maxHistory", "persistentClient",
	"remediateLastFailure",
};

/* Where Go's order is not that of the alphabet. */
enum { ORDER_MAX = 8 };
static const struct {
	const char *in;		/* a field, or the list of them */
	const char *names[ORDER_MAX];
} orders[] = {
	{ "kustomize", { "patches", "patchesStrategicMerge", "patchesJson6902", "images" } },
	{ "images", { "name", "newName", "newTag", "digest" } },
	{ "target", { "group", "version", "kind", "namespace", "name", "annotationSelector",
		      "labelSelector" } },
};

struct canon {
	struct arena *arena;
	const struct api_kind *kind;
};

static bool is_pointer(str name)
{
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
		if (str_eq(str_c(pointers[i]), name))
			return true;
	return false;
}

/* What omitempty leaves out. A structure is never empty: it is held by pointer. */
static bool is_empty(const struct api_field *f, node value)
{
	switch (f->type) {
	case API_BOOLEAN:
		return node_is(value, NODE_BOOL) && !node_bool(value);
	case API_INTEGER:
		return node_is_num(value) && node_int(value) == 0;
	case API_STRING:
		return node_is(value, NODE_STR) && !node_str(value).n;
	case API_LIST:
	case API_MAP:
		return node_len(value) == 0;
	default:
		return false;
	}
}

static bool is_duration(const struct api_field *f)
{
	for (const struct api_limits *l = f->limits; l && l->in; l++)
		if (str_has(str_c(l->keywords), S("(ms|s|m")))
			return true;
	return false;
}

static node of_duration(struct canon *c, node value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t d;
	err *e = duration_parse(node_str(value), &d);

	if (e) {
		err_free(e);
		return value;
	}
	duration_add(&b, d);
	return node_copy_str(c->arena, buf_str(&b));
}

static node walk(struct canon *c, size_t at, node value);

static node of_items(struct canon *c, size_t at, node value)
{
	const struct api_kind *k = c->kind;
	bool below = at + 1 < k->fields_n && k->fields[at + 1].depth > k->fields[at].depth;
	node out = node_is(value, NODE_SEQ) ? node_seq(c->arena, node_len(value))
					    : node_map(c->arena, node_len(value));

	if (!below)
		return value;
	node_each_item(i, value)
		node_append(c->arena, out, walk(c, at + 1, *i));
	node_each_pair(p, value)
		node_push(c->arena, out, p->key, walk(c, at + 1, p->value));
	return out;
}

static node in_order(struct canon *c, size_t at, node fields)
{
	const struct api_field *f = &c->kind->fields[str_eq(c->kind->fields[at].name, S("*")) ? at - 1
											     : at];
	node out = node_map(c->arena, node_len(fields));

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		if (!str_eq(str_c(orders[i].in), f->name))
			continue;
		for (size_t k = 0; k < ORDER_MAX && orders[i].names[k]; k++) {
			str name = str_c(orders[i].names[k]);

			if (node_has(fields, name))
				node_set(c->arena, out, name, node_get(fields, name));
		}
	}
	node_each_pair(p, fields)
		node_put(c->arena, out, p->key, p->value);
	return out;
}

static node of_fields(struct canon *c, size_t at, node value)
{
	const struct api_kind *k = c->kind;
	size_t end = at + kind_extent(k, at);
	node out = node_map(c->arena, node_len(value));

	if (end == at + 1)
		return value;
	for (size_t i = at + 1; i < end; i += kind_extent(k, i)) {
		const struct api_field *f = &k->fields[i];
		node below = node_get(value, f->name);
		bool optional = !(f->required >> (k->versions_n - 1) & 1);

		if (node_is_nil(below) || node_has(out, f->name) ||
		    (optional && is_empty(f, below) && !is_pointer(f->name)))
			continue;
		node_set(c->arena, out, f->name, walk(c, i, below));
	}
	return in_order(c, at, out);
}

static node walk(struct canon *c, size_t at, node value)
{
	const struct api_field *f = &c->kind->fields[at];

	if (f->type == API_OBJECT && node_is(value, NODE_MAP))
		return of_fields(c, at, value);
	if ((f->type == API_LIST && node_is(value, NODE_SEQ)) ||
	    (f->type == API_MAP && node_is(value, NODE_MAP)))
		return of_items(c, at, value);
	if (f->type == API_STRING && node_is(value, NODE_STR) && is_duration(f))
		return of_duration(c, value);
	return value;
}

node api_kind_canonical(struct arena *a, const struct api_kind *k, node spec)
{
	struct canon c = { a, k };

	for (size_t i = 0; i < k->fields_n; i++)
		if (k->fields[i].depth == 0 && str_eq(k->fields[i].name, S("spec")))
			return walk(&c, i, spec);
	return spec;
}
