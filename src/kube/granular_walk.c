/* One object and its type: what is wrong, which paths there are, paths taken
 * out; and sets of paths beside types. */
#include "base/sort.h"
#include "base/vec.h"
#include "kube/granular_impl.h"
#include "value/goprint.h"

/* ---- validation -------------------------------------------------------- */

struct validation {
	struct arena *a;
	bool duplicates;
	unsigned depth;
	VEC(str) errors;
};

enum { ERRORS_MAX = 100, SHOWN_MAX = 64 << 10 };

static void complain(struct validation *v, const struct fieldset_path *at, const char *what,
		     const struct buf *shown)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (v->errors.n >= ERRORS_MAX)
		return;
	fieldset_print_path(&b, at);
	if (b.n)
		buf_add(&b, S(": "));
	buf_addf(&b, "%s%s", what, shown ? buf_c(shown) : "");
	avec_push(v->a, &v->errors, arena_str(v->a, buf_str(&b)));
}

static void wrong_kind(struct validation *v, const struct fieldset_path *at, const char *wanted, node found)
{
	CLEANUP(buf_release) struct buf shown = BUF_LIMIT(SHOWN_MAX);

	buf_add(&shown, S("&{"));
	goprint_add(&shown, found);
	buf_addc(&shown, '}');
	complain(v, at, wanted, &shown);
}

static const char *go_type(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_SEQ:
		return "[]interface {}";
	case NODE_MAP:
		return "map[string]interface {}";
	case NODE_INT:
		return "int64";
	case NODE_UINT:
		return "uint64";
	case NODE_FLOAT:
		return "float64";
	case NODE_NONE:
	case NODE_NULL:
	case NODE_STR:
	case NODE_TIME:
	case NODE_ALIAS:
	case NODE_OBJECT:
		break;
	}
	return "string";
}

static void validate_scalar(struct validation *v, const struct fieldset_path *at, uint8_t kind, node n)
{
	CLEANUP(buf_release) struct buf shown = BUF_LIMIT(SHOWN_MAX);

	if (node_is_nil(n))
		return;
	switch ((enum granular_scalar)kind) {
	case GRANULAR_NUMERIC:
		if (node_is_num(n))
			return;
		buf_add(&shown, str_c(go_type(n)));
		complain(v, at, "expected numeric (int or float), got ", &shown);
		return;
	case GRANULAR_STRING:
		if (node_is(n, NODE_STR) || node_is(n, NODE_TIME))
			return;
		buf_add(&shown, S("&value.valueUnstructured{Value:"));
		goprint_add_syntax(&shown, n);
		buf_addc(&shown, '}');
		complain(v, at, "expected string, got ", &shown);
		return;
	case GRANULAR_BOOLEAN:
		if (!node_is(n, NODE_BOOL))
			wrong_kind(v, at, "expected boolean, got ", n);
		return;
	case GRANULAR_UNTYPED:
		if (node_is(n, NODE_MAP) || node_is(n, NODE_SEQ))
			wrong_kind(v, at, "expected any scalar, got ", n);
		return;
	case GRANULAR_NO_SCALAR:
		return;
	}
}

static void validate(struct validation *v, const struct fieldset_path *at, struct granular_place p, node n);

static void validate_list(struct validation *v, const struct fieldset_path *at, struct granular_place p,
			  bool atomic, node n)
{
	struct fieldset *seen = fieldset_new(v->a);

	if (!node_is(n, NODE_SEQ)) {
		if (!node_is_nil(n))
			wrong_kind(v, at, "expected list, got ", n);
		return;
	}
	for (size_t i = 0; i < node_len(n); i++) {
		struct fieldset_path here = { at, { .kind = FIELDSET_INDEX, .index = (int64_t)i } };
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		if (!atomic) {
			const char *trouble = granular_step(v->a, p.type, node_at(n, i), &here.step);

			if (trouble) {
				buf_addf(&text, "element %zu: %s", i, trouble);
				complain(v, at, buf_c(&text), NULL);
				return;
			}
			struct fieldset_entry *e = fieldset_need(v->a, seen, &here.step);

			if (e->member && !v->duplicates) {
				fieldset_print_step(&text, &here.step);
				complain(v, at, "duplicate entries for key ", &text);
			}
			e->member = true;
		}
		validate(v, &here, granular_items(p), node_at(n, i));
	}
}

static int by_key(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(node_str((*(const struct node_pair *const *)x)->key),
		       node_str((*(const struct node_pair *const *)y)->key));
}

static void validate_map(struct validation *v, const struct fieldset_path *at, struct granular_place p,
			 node n)
{
	if (!node_is(n, NODE_MAP)) {
		if (!node_is_nil(n))
			wrong_kind(v, at, "expected map, got ", n);
		return;
	}
	const struct node_pair **pairs = arena_array(v->a, const struct node_pair *, node_len(n));
	size_t count = 0;

	node_each_pair(pair, n)
		pairs[count++] = pair;
	sort_stable(pairs, count, sizeof *pairs, by_key, NULL);
	for (size_t i = 0; i < count; i++) {
		str key = node_str(pairs[i]->key);
		struct fieldset_path here = { at, fieldset_field(key) };
		struct granular_place below;

		if (!granular_below(p, key, &below)) {
			complain(v, &here, "field not declared in schema", NULL);
			return;
		}
		validate(v, &here, below, pairs[i]->value);
	}
}

static void validate(struct validation *v, const struct fieldset_path *at, struct granular_place p, node n)
{
	struct granular_shape s = granular_deduce(granular_shape(p), n);

	if (++v->depth > GRANULAR_DEPTH_MAX) {
		if (v->depth == GRANULAR_DEPTH_MAX + 1)
			complain(v, NULL, "exceeded max depth", NULL);
	} else if (s.map) {
		validate_map(v, at, p, n);
	} else if (s.scalar) {
		validate_scalar(v, at, s.scalar, n);
	} else {
		validate_list(v, at, p, s.list_atomic, n);
	}
	v->depth--;
}

err *granular_validate(struct arena *a, node object, const struct type *type, bool duplicates)
{
	struct validation v = { .a = a, .duplicates = duplicates };

	validate(&v, NULL, (struct granular_place){ type, false }, object);
	if (!v.errors.n)
		return NULL;
	if (v.errors.n == 1)
		return err_new(ERR_INVALID, "%.*s", STR_ARG(v.errors.p[0]));
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("errors:"));
	for (size_t i = 0; i < v.errors.n; i++)
		buf_addf(&b, "\n  %.*s", STR_ARG(v.errors.p[i]));
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

/* ---- paths of an object ------------------------------------------------ */

/* What a place adds to the set above it. */
struct leaves {
	bool self;
	struct fieldset *below;
};

static struct leaves leaves_of(struct arena *a, struct granular_place p, node n);

static void add_leaves(struct arena *a, struct fieldset *to, const struct fieldset_step *step,
		       struct leaves l)
{
	if (!l.self && !l.below)
		return;
	struct fieldset_entry *e = fieldset_need(a, to, step);

	e->member |= l.self;
	e->below = l.below;
}

/* Items that are there twice are members and nothing more. */
static struct fieldset *leaves_of_list(struct arena *a, struct granular_place p, node n)
{
	struct fieldset *set = fieldset_new(a);
	struct granular_index index;

	granular_index_make(a, p.type, n, &index);
	for (size_t i = 0; i < index.n; i++) {
		size_t first;
		size_t times = granular_index_find(&index, &index.items[i].step, &first);
		struct leaves l = { .self = true };

		if (times == 1)
			l.below = leaves_of(a, granular_items(p), index.items[i].value).below;
		add_leaves(a, set, &index.items[i].step, l);
	}
	return set;
}

static struct fieldset *leaves_of_map(struct arena *a, struct granular_place p, node n)
{
	struct fieldset *set = fieldset_new(a);

	node_each_pair(pair, n) {
		str key = node_str(pair->key);
		struct fieldset_step step = fieldset_field(key);
		struct granular_place below;

		if (!granular_below(p, key, &below))
			continue;
		struct leaves l = leaves_of(a, below, pair->value);

		if (node_is_nil(pair->value) ||
		    (node_is(pair->value, NODE_MAP) && !node_len(pair->value)) ||
		    !granular_is_field(p, key))
			l.self = true;
		add_leaves(a, set, &step, l);
	}
	return set;
}

static struct leaves leaves_of(struct arena *a, struct granular_place p, node n)
{
	struct granular_shape s = granular_deduce(granular_shape(p), n);
	struct leaves l = { 0 };

	if (s.map) {
		if (s.map_atomic)
			l.self = true;
		else if (node_is(n, NODE_MAP))
			l.below = leaves_of_map(a, p, n);
	} else if (s.scalar || s.list_atomic) {
		l.self = true;
	} else if (node_is(n, NODE_SEQ)) {
		l.below = leaves_of_list(a, p, n);
	}
	if (l.below && !l.below->n)
		l.below = NULL;
	return l;
}

struct fieldset *granular_fields(struct arena *a, node object, const struct type *type)
{
	struct leaves l = leaves_of(a, (struct granular_place){ type, false }, object);

	return l.below ? l.below : fieldset_new(a);
}

/* ---- paths taken out --------------------------------------------------- */

static node remove_paths(struct arena *a, struct granular_place p, node n, const struct fieldset *paths);

static node remove_items(struct arena *a, struct granular_place p, node n, const struct fieldset *paths)
{
	node out = node_seq(a, node_len(n));

	node_each_item(item, n) {
		struct fieldset_step step;
		const struct fieldset_entry *e = NULL;
		node value = *item;

		if (!granular_step(a, p.type, *item, &step))
			e = fieldset_at(paths, &step);
		if (e && e->member)
			continue;
		if (e && !fieldset_is_empty(e->below))
			value = remove_paths(a, granular_items(p), *item, e->below);
		node_append(a, out, value);
	}
	return node_len(out) ? out : node_null();
}

static node remove_fields(struct arena *a, struct granular_place p, node n, const struct fieldset *paths)
{
	node out = node_map(a, node_len(n));

	node_each_pair(pair, n) {
		struct fieldset_step step = fieldset_field(node_str(pair->key));
		const struct fieldset_entry *e = fieldset_at(paths, &step);
		struct granular_place below = { 0 };
		node value = pair->value;

		if (e && e->member)
			continue;
		granular_below(p, step.name, &below);
		if (e && !fieldset_is_empty(e->below))
			value = remove_paths(a, below, value, e->below);
		node_push(a, out, pair->key, value);
	}
	return node_len(out) ? out : node_null();
}

/* What loses all it has becomes null, as in the original. */
static node remove_paths(struct arena *a, struct granular_place p, node n, const struct fieldset *paths)
{
	struct granular_shape s = granular_deduce(granular_shape(p), n);

	if (s.map) {
		if (!node_is(n, NODE_MAP) || !node_len(n) || s.map_atomic)
			return node_null();
		return remove_fields(a, p, n, paths);
	}
	if (s.scalar)
		return n;
	if (!node_is(n, NODE_SEQ) || !node_len(n) || s.list_atomic)
		return node_null();
	return remove_items(a, p, n, paths);
}

node granular_remove(struct arena *a, node object, const struct type *type, const struct fieldset *paths)
{
	return remove_paths(a, (struct granular_place){ type, false }, object, paths);
}

/* ---- sets beside types ------------------------------------------------- */

static const struct granular_place nowhere = { 0 };

/* Where a step of a set leads to in the type; false: nowhere. */
static bool step_into(const struct granular_place *p, const struct fieldset_step *step,
		      struct granular_place *below)
{
	struct granular_shape s;

	if (!p)
		return false;
	s = granular_shape(*p);
	if (step->kind == FIELDSET_FIELD && s.map)
		return granular_below(*p, step->name, below);
	if (step->kind == FIELDSET_KEYS && s.list) {
		*below = granular_items(*p);
		return true;
	}
	return false;
}

static struct fieldset *name_fields(struct arena *a, const struct fieldset *s,
				    const struct granular_place *p)
{
	struct fieldset *out = fieldset_new(a);

	for (uint32_t i = 0; s && i < s->n; i++) {
		const struct fieldset_entry *e = &s->entries[i];
		struct granular_place below = nowhere;
		bool known = step_into(p, &e->step, &below);
		struct fieldset_entry *to = fieldset_need(a, out, &e->step);

		to->member = e->member;
		if (!e->below)
			continue;
		if (e->step.kind == FIELDSET_FIELD && p && granular_shape(*p).map &&
		    granular_is_field(*p, e->step.name))
			to->member = true;
		to->below = name_fields(a, e->below, known ? &below : NULL);
	}
	return out;
}

struct fieldset *granular_name_fields(struct arena *a, const struct fieldset *s,
				      const struct type *type)
{
	return name_fields(a, s, &(struct granular_place){ type, false });
}

/* A map about whose keys nothing is known; what is atomic altogether is none. */
static bool is_free(const struct type *t)
{
	return !t || (!t->fields_n && !t->values && !(t->kind == TYPE_ANY && t->atomic));
}

/* Places that are atomic now: all below goes, and the place becomes a member. */
static void find_atomic(struct arena *a, const struct fieldset *s, struct granular_place p,
			const struct fieldset_path *at, bool leaf, struct fieldset *now)
{
	struct granular_shape shape = granular_shape(p);
	bool atomic = shape.map ? shape.map_atomic : shape.list_atomic;

	if (!shape.map && !shape.list)
		return;
	if (shape.map && is_free(p.type))
		return;
	if (!leaf && atomic && at) {
		if (!shape.map || !fieldset_is_empty(s))
			fieldset_add(a, now, at);
		return;
	}
	for (uint32_t i = 0; s && i < s->n; i++) {
		const struct fieldset_entry *e = &s->entries[i];
		struct fieldset_path here = { at, e->step };
		struct granular_place below;

		if (shape.map) {
			if (e->step.kind == FIELDSET_FIELD ? !granular_below(p, e->step.name, &below)
							   : !p.type || !p.type->values)
				continue;
			if (e->step.kind != FIELDSET_FIELD)
				below = (struct granular_place){ p.type->values, p.open };
		} else {
			below = granular_items(p);
		}
		find_atomic(a, e->below, below, &here, e->member && !e->below, now);
	}
}

const struct fieldset *granular_reconcile(struct arena *a, const struct fieldset *s,
					  const struct type *type)
{
	struct fieldset *now = fieldset_new(a);

	find_atomic(a, s, (struct granular_place){ type, false }, NULL, false, now);
	if (!now->n)
		return s;
	return fieldset_union(a, fieldset_without(a, s, now), now);
}
