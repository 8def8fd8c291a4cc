/* From schema objects to steps. Schemas wait in a queue, so that references
 * may go round in circles and depth costs no stack. */
#include "schema/schema_impl.h"

/* One object on its way: its keywords by op, put in order at the end. */
struct draftsman {
	struct compiler *c;
	struct schema *s;
	struct place *place;
	node obj;
	uint64_t keys;		/* bits of those in `obj` */
	const struct dialect *dialect;
	bool has[OPS];
	struct step steps[OPS];
};

static const node *find_key(const struct draftsman *d, str key)
{
	return d->keys & schema_key_bit(key) ? node_find(d->obj, key) : NULL;
}

static node get_key(const struct draftsman *d, str key)
{
	const node *n = find_key(d, key);

	return n ? *n : NODE_NOTHING;
}

/* ---- the queue --------------------------------------------------------- */

static struct schema *enqueue(struct compiler *c, struct place *p)
{
	if (p->schema)
		return p->schema;
	struct schema *s = arena_new(c->a, struct schema);

	s->place = p;
	p->schema = s;
	vec_push(&c->queue, s);
	return s;
}

static const struct schema *enqueue_key(struct draftsman *d, str key)
{
	const node *slot = find_key(d, key);

	return slot ? enqueue(d->c, place_below(d->c, d->place, slot, key)) : NULL;
}

static bool enqueue_list(struct draftsman *d, str key, struct schema_list *out)
{
	const node *slot = find_key(d, key);

	if (!slot || slot->kind != NODE_SEQ)
		return false;
	struct place *list = place_below(d->c, d->place, slot, key);

	out->n = slot->seq->n;
	out->p = arena_array(d->c->a, const struct schema *, out->n);
	for (size_t i = 0; i < out->n; i++)
		out->p[i] = enqueue(d->c, place_item(d->c, list, i));
	return true;
}

/* The schemas of a map, in its order; `*map` is NODE_NONE without one. */
static void enqueue_map(struct draftsman *d, str key, node *map, struct schema_list *out)
{
	const node *slot = find_key(d, key);

	*map = NODE_NOTHING;
	if (!slot || slot->kind != NODE_MAP)
		return;
	struct place *at = place_below(d->c, d->place, slot, key);

	*map = *slot;
	out->p = arena_array(d->c->a, const struct schema *, slot->map->n);
	node_each_pair(p, *slot)
		out->p[out->n++] = enqueue(d->c, place_below(d->c, at, &p->value,
							     node_str(p->key)));
}

/* NULL without the keyword. */
static err *enqueue_reference(struct draftsman *d, str key, const struct schema **out)
{
	node reference = get_key(d, key);
	struct target target;

	*out = NULL;
	if (reference.kind != NODE_STR)
		return NULL;
	TRY(load_reference(d->c, d->place->near, node_str(reference), &target));
	if (target.place) {
		*out = enqueue(d->c, target.place);
		return NULL;
	}
	/* told when its turn comes: an earlier schema may have worse to tell */
	struct schema *s = arena_new(d->c->a, struct schema);

	s->missing = target;
	vec_push(&d->c->queue, s);
	*out = s;
	return NULL;
}

/* ---- values of keywords ------------------------------------------------ */

static struct step *set(struct draftsman *d, enum op op)
{
	d->has[op] = true;
	d->steps[op].op = (uint8_t)op;
	return &d->steps[op];
}

static void set_schema(struct draftsman *d, enum op op, str key)
{
	const struct schema *s = enqueue_key(d, key);

	if (s)
		set(d, op)->schema = s;
}

static void set_list(struct draftsman *d, enum op op, str key)
{
	struct schema_list list;

	if (enqueue_list(d, key, &list) && list.n)
		set(d, op)->list = list;
}

static bool get_bool(struct draftsman *d, str key)
{
	node n = get_key(d, key);

	return n.kind == NODE_BOOL && node_bool(n);
}

static bool get_number(struct draftsman *d, str key, node *out)
{
	struct number x;

	*out = get_key(d, key);
	if (!node_is_num(*out))
		return false;
	schema_number(&x, *out);
	return x.ok;
}

static bool get_int(struct draftsman *d, str key, int64_t *out)
{
	struct number x;
	node n;

	if (!get_number(d, key, &n))
		return false;
	schema_number(&x, n);
	if (!schema_number_is_int(&x))
		return false;
	*out = schema_number_int(&x);
	return true;
}

static void set_int(struct draftsman *d, enum op op, str key)
{
	int64_t n;

	if (get_int(d, key, &n))
		set(d, op)->n = n;
}

static void set_number(struct draftsman *d, enum op op, str key)
{
	node n;

	if (get_number(d, key, &n))
		set(d, op)->want = n;
}

/* The texts of a list; what is no text is passed over. */
static struct str_list get_strings(struct arena *a, node list)
{
	str *p = arena_array(a, str, node_len(list));
	size_t n = 0;

	node_each_item(item, list)
		if (item->kind == NODE_STR)
			p[n++] = node_str(*item);
	return (struct str_list){ p, n };
}

static unsigned type_bit(node n)
{
	static const char *const names[] = {
		"null", "boolean", "number", "integer", "string", "array", "object",
	};

	for (size_t i = 0; n.kind == NODE_STR && i < sizeof names / sizeof *names; i++)
		if (str_eq(node_str(n), str_c(names[i])))
			return 1u << i;
	return 0;
}

/* ---- keywords of all drafts -------------------------------------------- */

static err *bad_regex(struct draftsman *d, str key, str pattern, err *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, url = BUF_INIT;

	place_add_url(&url, d->place);
	buf_addf(&url, "/%.*s", STR_ARG(key));
	buf_add(&b, S("invalid regex "));
	print_go_quoted(&b, pattern);
	buf_add(&b, S(" at "));
	print_go_quoted(&b, buf_str(&url));
	return err_wrap(e, "%s", buf_c(&b));
}

/* additionalProperties and the like: a boolean says it without a schema. */
static enum rest get_rest(struct draftsman *d, str key, const struct schema **out)
{
	node n = get_key(d, key);

	if (n.kind == NODE_BOOL)
		return node_bool(n) ? REST_ALL : REST_NONE;
	*out = enqueue_key(d, key);
	return *out ? REST_SCHEMA : REST_ANY;
}

static err *set_members(struct draftsman *d)
{
	struct members *m = arena_new(d->c->a, struct members);
	node patterns;
	size_t i = 0;

	enqueue_map(d, S("properties"), &m->properties, &m->of);
	enqueue_map(d, S("patternProperties"), &patterns, &m->by_pattern);
	m->patterns = arena_array(d->c->a, const struct regex *, m->by_pattern.n);
	node_each_pair(p, patterns) {
		err *e = regex_compile(d->c->a, node_str(p->key), &m->patterns[i++]);

		if (e)
			return bad_regex(d, S("patternProperties"), node_str(p->key), e);
	}
	m->rest = get_rest(d, S("additionalProperties"), &m->rest_schema);
	d->s->all_members = m->rest != REST_ANY;
	if (m->of.n || m->by_pattern.n || m->rest != REST_ANY)
		set(d, OP_MEMBERS)->members = m;
	return NULL;
}

/* Of kinds that the keyword may have: lists of names, schemas. */
static void set_dependencies(struct draftsman *d, enum op op, str key, bool lists, bool schemas)
{
	const node *slot = find_key(d, key);
	size_t n = 0;

	if (!slot || slot->kind != NODE_MAP || !slot->map->n)
		return;
	struct place *at = place_below(d->c, d->place, slot, key);
	struct dependency *list = arena_array(d->c->a, struct dependency, slot->map->n);
	struct dependencies *all = arena_new(d->c->a, struct dependencies);

	node_each_pair(p, *slot) {
		struct dependency *dep = &list[n];
		bool is_list = p->value.kind == NODE_SEQ;

		dep->name = node_str(p->key);
		if (is_list && lists)
			dep->required = get_strings(d->c->a, p->value);
		else if (schemas)
			dep->schema = enqueue(d->c, place_below(d->c, at, &p->value, dep->name));
		else
			continue;
		n++;
	}
	*all = (struct dependencies){ list, n };
	set(d, op)->dependencies = all;
}

static void set_items_before_2020(struct draftsman *d)
{
	node n = get_key(d, S("items"));
	struct items *items = arena_new(d->c->a, struct items);

	if (!n.kind)
		return;
	if (n.kind == NODE_SEQ) {
		enqueue_list(d, S("items"), &items->first);
		items->rest = get_rest(d, S("additionalItems"), &items->rest_schema);
	} else {
		items->rest = REST_SCHEMA;
		items->rest_schema = enqueue_key(d, S("items"));
	}
	d->s->all_items = items->rest != REST_ANY;
	d->s->items_evaluated = items->first.n;
	set(d, OP_ITEMS)->items = items;
}

static err *set_applicators(struct draftsman *d)
{
	set_list(d, OP_ALL_OF, S("allOf"));
	set_list(d, OP_ANY_OF, S("anyOf"));
	set_list(d, OP_ONE_OF, S("oneOf"));
	set_schema(d, OP_NOT, S("not"));
	if (d->s->version < 2020)
		set_items_before_2020(d);
	TRY(set_members(d));
	set_dependencies(d, OP_DEPENDENCIES, S("dependencies"), true, true);
	return NULL;
}

static void set_types(struct draftsman *d)
{
	node type = get_key(d, S("type")), list = get_key(d, S("enum"));
	unsigned types = type_bit(type);

	node_each_item(item, type)
		types |= type_bit(*item);
	if (types)
		set(d, OP_TYPE)->types = (uint8_t)types;
	if (list.kind != NODE_SEQ)
		return;
	types = 0;
	node_each_item(item, list)
		types |= schema_type(*item);
	set(d, OP_ENUM)->want = list;
	d->steps[OP_ENUM].types = (uint8_t)types;
}

/* A bound, which draft 4 makes an exclusive one with a boolean. */
static void set_bound(struct draftsman *d, enum op op, str key, enum op exclusive, str flag)
{
	bool excluded = get_bool(d, flag);

	set_number(d, excluded ? exclusive : op, key);
	if (!excluded)
		set_number(d, exclusive, flag);
}

static err *set_validation(struct draftsman *d)
{
	node pattern = get_key(d, S("pattern")), required = get_key(d, S("required"));

	set_types(d);
	set_number(d, OP_MULTIPLE_OF, S("multipleOf"));
	set_bound(d, OP_MAXIMUM, S("maximum"), OP_EXCLUSIVE_MAXIMUM, S("exclusiveMaximum"));
	set_bound(d, OP_MINIMUM, S("minimum"), OP_EXCLUSIVE_MINIMUM, S("exclusiveMinimum"));
	set_int(d, OP_MIN_LENGTH, S("minLength"));
	set_int(d, OP_MAX_LENGTH, S("maxLength"));
	if (pattern.kind == NODE_STR) {
		const struct regex *re;
		err *e = regex_compile(d->c->a, node_str(pattern), &re);

		if (e)
			return bad_regex(d, S("pattern"), node_str(pattern), e);
		set(d, OP_PATTERN)->pattern = re;
	}
	set_int(d, OP_MIN_ITEMS, S("minItems"));
	set_int(d, OP_MAX_ITEMS, S("maxItems"));
	if (get_bool(d, S("uniqueItems")))
		set(d, OP_UNIQUE_ITEMS);
	set_int(d, OP_MAX_PROPERTIES, S("maxProperties"));
	set_int(d, OP_MIN_PROPERTIES, S("minProperties"));
	if (required.kind == NODE_SEQ) {
		struct str_list names = get_strings(d->c->a, required);

		if (names.n)
			set(d, OP_REQUIRED)->names = names;
	}
	return NULL;
}

static bool asserts_formats(const struct draftsman *d)
{
	if (d->c->formats || d->s->version < 2019)
		return true;
	return meta_has_vocab(d->dialect,
			   d->s->version == 2019 ? VOCAB_FORMAT : VOCAB_FORMAT_ASSERTION);
}

static void set_format(struct draftsman *d)
{
	node name = get_key(d, S("format"));
	const struct format *f = name.kind == NODE_STR ? format_find(node_str(name)) : NULL;

	if (f && asserts_formats(d))
		set(d, OP_FORMAT)->format = f;
}

/* ---- drafts, one upon the other ---------------------------------------- */

static err *set_draft_4(struct draftsman *d)
{
	const struct schema *ref;

	TRY(enqueue_reference(d, S("$ref"), &ref));
	if (ref && d->s->version < 2019) {
		set(d, OP_REF_ALONE)->schema = ref;
		return NULL;
	}
	if (ref)
		set(d, OP_REF)->schema = ref;
	if (meta_has_vocab(d->dialect, VOCAB_APPLICATOR))
		TRY(set_applicators(d));
	if (meta_has_vocab(d->dialect, VOCAB_VALIDATION))
		TRY(set_validation(d));
	set_format(d);
	return NULL;
}

static void set_contains(struct draftsman *d)
{
	struct contains *contains = arena_new(d->c->a, struct contains);

	contains->schema = enqueue_key(d, S("contains"));
	if (!contains->schema)
		return;
	contains->evaluates = d->s->version >= 2020;
	if (d->s->version >= 2019 && meta_has_vocab(d->dialect, VOCAB_VALIDATION)) {
		contains->has_min = get_int(d, S("minContains"), &contains->min);
		contains->has_max = get_int(d, S("maxContains"), &contains->max);
	}
	set(d, OP_CONTAINS)->contains = contains;
}

static void set_condition(struct draftsman *d)
{
	node test = get_key(d, S("if"));
	struct condition *condition = arena_new(d->c->a, struct condition);

	if (!test.kind)
		return;
	condition->test = enqueue_key(d, S("if"));
	if (test.kind != NODE_BOOL || node_bool(test))
		condition->yes = enqueue_key(d, S("then"));
	if (test.kind != NODE_BOOL || !node_bool(test))
		condition->no = enqueue_key(d, S("else"));
	set(d, OP_IF)->condition = condition;
}

static void set_draft_6_and_7(struct draftsman *d)
{
	if (d->s->version >= 6 && meta_has_vocab(d->dialect, VOCAB_APPLICATOR)) {
		set_contains(d);
		set_schema(d, OP_PROPERTY_NAMES, S("propertyNames"));
	}
	if (d->s->version >= 6 && meta_has_vocab(d->dialect, VOCAB_VALIDATION) &&
	    find_key(d, S("const")))
		set(d, OP_CONST)->want = get_key(d, S("const"));
	if (d->s->version >= 7 && meta_has_vocab(d->dialect, VOCAB_APPLICATOR))
		set_condition(d);
}

static err *set_draft_2019(struct draftsman *d)
{
	const struct schema *ref;

	TRY(enqueue_reference(d, S("$recursiveRef"), &ref));
	if (ref)
		set(d, OP_RECURSIVE_REF)->schema = ref;
	d->s->recursive_anchor = get_bool(d, S("$recursiveAnchor"));
	if (meta_has_vocab(d->dialect, VOCAB_VALIDATION))
		set_dependencies(d, OP_DEPENDENT_REQUIRED, S("dependentRequired"), true, false);
	if (meta_has_vocab(d->dialect, VOCAB_APPLICATOR))
		set_dependencies(d, OP_DEPENDENT_SCHEMAS, S("dependentSchemas"), false, true);
	if (meta_has_vocab(d->dialect,
			d->s->version == 2019 ? VOCAB_APPLICATOR : VOCAB_UNEVALUATED)) {
		set_schema(d, OP_UNEVALUATED_ITEMS, S("unevaluatedItems"));
		set_schema(d, OP_UNEVALUATED_PROPERTIES, S("unevaluatedProperties"));
		d->s->judges_items = d->has[OP_UNEVALUATED_ITEMS];
		d->s->judges_members = d->has[OP_UNEVALUATED_PROPERTIES];
	}
	return NULL;
}

static err *set_draft_2020(struct draftsman *d)
{
	const struct schema *ref;

	TRY(enqueue_reference(d, S("$dynamicRef"), &ref));
	if (ref) {
		struct dynamic_ref *dynamic = arena_new(d->c->a, struct dynamic_ref);
		str before, fragment;

		TRY(load_fragment(d->c->a, node_str(get_key(d, S("$dynamicRef"))), &before,
				   &fragment));
		dynamic->schema = ref;
		if (fragment.n && fragment.p[0] != '/')
			dynamic->anchor = fragment;
		set(d, OP_DYNAMIC_REF)->dynamic = dynamic;
	}
	d->s->dynamic_anchor = node_str_or(get_key(d, S("$dynamicAnchor")), STR_NONE);
	if (!meta_has_vocab(d->dialect, VOCAB_APPLICATOR))
		return NULL;
	struct items *items = arena_new(d->c->a, struct items);

	enqueue_list(d, S("prefixItems"), &items->first);
	items->rest_schema = enqueue_key(d, S("items"));
	items->rest = items->rest_schema ? REST_SCHEMA : REST_ANY;
	d->s->all_items = items->rest_schema;
	d->s->items_evaluated = items->first.n;
	if (items->first.n || items->rest_schema)
		set(d, OP_ITEMS)->items = items;
	return NULL;
}

static err *set_all(struct draftsman *d)
{
	TRY(set_draft_4(d));
	set_draft_6_and_7(d);
	if (d->s->version >= 2019)
		TRY(set_draft_2019(d));
	return d->s->version >= 2020 ? set_draft_2020(d) : NULL;
}

static void put_in_order(struct draftsman *d)
{
	/* what stands beside such a reference is not looked at, but for "const" */
	size_t end = d->has[OP_REF_ALONE] ? OP_REF_ALONE + 1 : OPS, n = 0;

	for (size_t op = 0; op < end; op++)
		n += d->has[op];
	struct step *steps = arena_array(d->c->a, struct step, n);

	d->s->steps = steps;
	d->s->steps_n = n;
	for (size_t op = 0; op < end; op++)
		if (d->has[op])
			*steps++ = d->steps[op];
}

static err *compile_object(struct compiler *c, struct schema *s, struct place *p)
{
	struct draftsman d = {
		.c = c,
		.s = s,
		.place = p,
		.obj = *p->at,
		.keys = schema_key_bits(*p->at),
		.dialect = &p->near->dialect,
	};

	TRY(set_all(&d));
	put_in_order(&d);
	return NULL;
}

/* ---- whole schemas ----------------------------------------------------- */

static void find_dynamic_anchors(struct compiler *c, struct schema *s, struct resource *r)
{
	struct anchor *anchors = arena_array(c->a, struct anchor, r->dynamic.n);

	for (size_t i = 0; i < r->dynamic.n; i++)
		anchors[i] = (struct anchor){ r->dynamic.p[i],
					      enqueue(c, map_get(&r->anchors, r->dynamic.p[i])) };
	s->anchors = anchors;
	s->anchors_n = r->dynamic.n;
}

static err *not_found(const struct target *target)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print_go_quoted(&b, target->bad);
	if (target->malformed)
		return err_new(ERR_INVALID, "invalid json-pointer %s", buf_c(&b));
	return err_new(ERR_INVALID, "json-pointer in %s not found", buf_c(&b));
}

static err *compile_one(struct compiler *c, struct schema *s)
{
	if (s->missing.bad.n)
		return not_found(&s->missing);
	struct place *p = (struct place *)s->place;

	TRY(load_place(c, p));
	struct resource *r = p->near;

	s->version = r->dialect.draft->version;
	s->boolean = -1;
	s->resource = enqueue(c, r->place);
	if (s->version >= 2020 && p == r->place)
		find_dynamic_anchors(c, s, r);
	if (p->at->kind == NODE_BOOL)
		s->boolean = node_bool(*p->at);
	else if (p->at->kind == NODE_MAP && !p->at->map->n)
		s->boolean = 1;
	else if (p->at->kind == NODE_MAP)
		TRY(compile_object(c, s, p));
	return arena_check(c->a, "schema");
}

err *schema_compile_place(struct compiler *c, struct place *p, const struct schema **out)
{
	*out = enqueue(c, p);
	for (size_t i = 0; i < c->queue.n; i++)
		TRY(compile_one(c, c->queue.p[i]));
	return NULL;
}

static void release_doc(struct doc *doc)
{
	for (size_t i = 0; i < doc->resources.n; i++)
		map_release(&doc->resources.p[i]->anchors);
	map_release(&doc->places);
	map_release(&doc->ids);
}

void compile_release(struct compiler *c)
{
	for (size_t i = 0; i < c->docs.n; i++)
		release_doc(c->docs.entries[i].value);
	map_release(&c->docs);
	vec_release(&c->queue);
}

void schema_add_url(struct buf *b, const struct schema *s)
{
	if (s->place)
		place_add_url(b, s->place);
	else
		buf_add(b, s->name);
}

err *schema_compile_node(struct arena *a, node root, const struct schema_options *o,
			 const struct schema **out)
{
	struct compiler c = { .a = a, .o = o };
	struct doc *doc;
	err *e = load_add(&c, o && o->url.n ? o->url : SCHEMA_VALUES_URL, root, &doc);

	if (!e)
		e = schema_compile_place(&c, doc->top, out);
	compile_release(&c);
	return e;
}

err *schema_compile(struct arena *a, str text, const struct schema_options *o,
		    const struct schema **out)
{
	node root;

	TRY(load_json(a, text, &root));
	return schema_compile_node(a, root, o, out);
}
