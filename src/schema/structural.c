/* From a schema to the types of its objects. */
#include "schema/structural_impl.h"

struct builder {
	struct arena *arena;
	const struct type *metadata;
};

static const struct type text_type = { .kind = TYPE_STRING };
static const struct type any_type = { .kind = TYPE_ANY, .preserve = true };

static const struct type *build(struct builder *b, const struct type_rules *s, bool root);

static bool is_required(const struct type_rules *s, str name)
{
	for (size_t i = 0; i < s->required_n; i++)
		if (str_eq(s->required[i], name))
			return true;
	return false;
}

/* The schema's properties, and among them the implied ones of a whole object. */
static void build_fields(struct builder *b, const struct type_rules *s, bool whole, struct type *t)
{
	const struct type_field implied[] = {
		{ .name = S("apiVersion"), .type = &text_type },
		{ .name = S("kind"), .type = &text_type },
		{ .name = S("metadata"), .type = b->metadata ? b->metadata : &any_type },
	};
	size_t more = whole ? sizeof implied / sizeof *implied : 0, i = 0, k = 0, n = 0;
	struct type_field *fields = arena_array(b->arena, struct type_field, s->fields_n + more + 1);

	while (i < s->fields_n || k < more) {
		int c = i == s->fields_n ? 1
			: k == more	 ? -1
					 : str_cmp(s->fields[i].name, implied[k].name);

		if (c >= 0) {
			fields[n++] = implied[k++];
			i += c == 0;
			continue;
		}
		const struct type_rules *below = s->fields[i].schema;

		fields[n++] = (struct type_field){
			.name = s->fields[i].name,
			.type = build(b, below, false),
			.fallback = below->fallback,
			.required = is_required(s, s->fields[i].name),
		};
		i++;
	}
	t->fields = fields;
	t->fields_n = n;
}

static enum type_kind kind_of(const struct type_rules *s)
{
	static const enum type_kind kinds[] = {
		[STRUCTURAL_UNTYPED] = TYPE_ANY,	[STRUCTURAL_OBJECT] = TYPE_OBJECT,
		[STRUCTURAL_ARRAY] = TYPE_LIST,		[STRUCTURAL_STRING] = TYPE_STRING,
		[STRUCTURAL_INTEGER] = TYPE_INT,	[STRUCTURAL_NUMBER] = TYPE_NUMBER,
		[STRUCTURAL_BOOLEAN] = TYPE_BOOL,	[STRUCTURAL_NULL] = TYPE_ANY,
		[STRUCTURAL_OTHER] = TYPE_ANY,
	};

	if (s->int_or_string)
		return TYPE_INT_OR_STRING;
	if (s->kind == STRUCTURAL_OBJECT && !s->fields_n && !s->embedded &&
	    (s->additional == STRUCTURAL_SCHEMA || s->additional == STRUCTURAL_TRUE))
		return TYPE_MAP;
	return kinds[s->kind];
}

static const struct type *build(struct builder *b, const struct type_rules *s, bool root)
{
	static const uint8_t lists[] = {
		[STRUCTURAL_PLAIN] = TYPE_LIST_ATOMIC,	  [STRUCTURAL_ATOMIC] = TYPE_LIST_ATOMIC,
		[STRUCTURAL_SET] = TYPE_LIST_SET,	  [STRUCTURAL_MAP] = TYPE_LIST_MAP,
		[STRUCTURAL_GRANULAR] = TYPE_LIST_ATOMIC, [STRUCTURAL_STRANGE] = TYPE_LIST_ATOMIC,
	};
	struct type *t = arena_new(b->arena, struct type);

	t->kind = (uint8_t)kind_of(s);
	t->list = lists[s->list_type];
	t->atomic = s->map_type == STRUCTURAL_ATOMIC;
	t->preserve = s->preserve;
	t->embedded = s->embedded;
	t->nullable = s->nullable;
	t->format = s->format;
	t->rules = s;
	if (s->fields_n || root || s->embedded)
		build_fields(b, s, root || s->embedded, t);
	if (s->values)
		t->values = build(b, s->values, false);
	if (s->items)
		t->items = build(b, s->items, false);
	t->keys = s->keys;
	t->keys_n = s->keys_n;
	return t;
}

err *structural_compile(struct arena *a, node schema, const struct type *metadata,
			const struct type **out)
{
	struct builder b = { .arena = a, .metadata = metadata };
	struct type_rules *s;

	TRY(structural_read(a, schema, &s));
	TRY(structural_refused(s));
	structural_compile_rules(a, s);
	*out = build(&b, s, true);
	return NULL;
}

const struct type *structural_status(const struct type *t)
{
	const struct type_field *f = type_field(t, S("status"));

	return f ? f->type : NULL;
}

/* ---- checking objects -------------------------------------------------- */

/* Errors that may be the cause of others: rules are not run then. */
static bool blocks(const struct fielderrs *e)
{
	for (size_t i = 0; i < e->n; i++)
		switch (e->list[i].type) {
		case FIELDERR_NOT_SUPPORTED:
		case FIELDERR_REQUIRED:
		case FIELDERR_TOO_LONG:
		case FIELDERR_TOO_MANY:
		case FIELDERR_TYPE_INVALID:
			return true;
		default:
			break;
		}
	return false;
}

static void check_rules(const struct structural_check *c, const struct type_rules *s, node object,
			node old)
{
	struct structural_pair pair = { .value = object, .old = old, .schema = s };
	struct structural_cel run = { c->arena, c->errors, CEL_COST_BUDGET, c->kept };

	if (!s->rules_below)
		return;
	if (blocks(c->errors))
		fielderr_invalid(c->errors, S("<nil>"), NODE_NOTHING,
				 "some validation rules were not checked because the object was invalid; "
				 "correct the existing errors to complete validation");
	else
		structural_run_rules(&run, NULL, s, object, old, old.kind ? &pair : NULL);
}

/* Lists that had twins before may keep them. */
static void check_lists(const struct structural_check *c, const struct type_rules *s, node object,
			node old)
{
	struct fielderrs before = { .arena = c->arena };

	if (old.kind)
		structural_check_lists(&before, NULL, s, old);
	if (!before.n)
		structural_check_lists(c->errors, NULL, s, object);
}

static void check_status(const struct structural_check *c, const struct structural_run *run,
			 const struct type_rules *s, node object, node old)
{
	const struct structural_where at = { .kind = WHERE_START, .name = S("status") };
	struct type_rules *status = structural_field(s, S("status"));
	struct structural_pair whole = { .value = object, .old = old, .schema = s }, pair;
	node value = node_get(object, S("status"));

	if (!status || !value.kind)
		return;
	if (!structural_pair_key(&whole, S("status"), &pair))
		pair = (struct structural_pair){
			.value = value, .old = node_get(old, S("status")), .schema = status,
		};
	structural_run(run, c->errors, &at, status, value, &pair);
}

void structural_validate_values(const struct structural_check *c, node object, node old)
{
	const struct type_rules *s = c->type ? c->type->rules : NULL;
	struct structural_run run = { .arena = c->arena };
	struct structural_pair pair = { .value = object, .old = old, .schema = s };

	if (s && c->status)
		check_status(c, &run, s, object, old);
	else if (s)
		structural_run(&run, c->errors, NULL, s, object, old.kind ? &pair : NULL);
}

void structural_validate_rest(const struct structural_check *c, node object, node old)
{
	const struct type_rules *s = c->type ? c->type->rules : NULL;

	if (!s)
		return;
	if (!c->status)
		structural_check_embedded(c->errors, c->meta, NULL, s, object, false);
	check_lists(c, s, object, old);
	check_rules(c, s, object, old);
}
