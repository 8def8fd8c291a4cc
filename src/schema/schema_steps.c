/* The keywords at work. */
#include "schema/schema_run.h"

#include "base/utf8.h"

typedef enum flow step_fn(struct run *r, struct frame *f, const struct step *s);

/* The verdict that the keyword waited for: NULL, or why not. */
static struct fail *take_result(struct run *r, struct frame *f)
{
	f->waiting = false;
	return r->result;
}

/* The schema itself fails, whatever its other keywords say. */
static enum flow fail_at_once(struct run *r, struct frame *f, const struct step *s)
{
	fail_add(f, fail_new(r, f, FAIL_STEP, s));
	return FLOW_FINISH;
}

static enum flow fail_unless(bool ok, struct run *r, struct frame *f, const struct step *s)
{
	if (!ok)
		fail_add(f, fail_new(r, f, FAIL_STEP, s));
	return FLOW_NEXT;
}

/* Keep a failure that a schema of the keyword gave. */
static void keep(struct frame *f, struct fail *fail)
{
	if (f->quiet)
		return;
	if (f->got_last)
		f->got_last->next = fail;
	else
		f->got = fail;
	f->got_last = fail;
}

static void add_kept(struct run *r, struct frame *f, enum fail_kind kind, const struct step *s)
{
	struct fail *fail = fail_new(r, f, kind, s);

	if (!f->quiet) {
		fail->first = f->got;
		fail->last = f->got_last;
	}
	fail_add(f, fail);
}

/* ---- any value --------------------------------------------------------- */

static enum flow run_type(struct run *r, struct frame *f, const struct step *s)
{
	unsigned type = schema_type(*f->v);
	struct number x;

	if (s->types & type)
		return FLOW_NEXT;
	if (s->types & TYPE_INTEGER && type == TYPE_NUMBER) {
		schema_number(&x, *f->v);
		if (schema_number_is_int(&x))
			return FLOW_NEXT;
	}
	return fail_at_once(r, f, s);
}

static enum flow run_const(struct run *r, struct frame *f, const struct step *s)
{
	return schema_equal(f->v, &s->want, &r->work) ? FLOW_NEXT : fail_at_once(r, f, s);
}

static enum flow run_enum(struct run *r, struct frame *f, const struct step *s)
{
	if (s->types & schema_type(*f->v))
		node_each_item(item, s->want)
			if (schema_equal(f->v, item, &r->work))
				return FLOW_NEXT;
	return fail_at_once(r, f, s);
}

static enum flow run_format(struct run *r, struct frame *f, const struct step *s)
{
	err *e = format_check(s->format, node_str(*f->v));

	if (!e)
		return FLOW_NEXT;
	struct fail *fail = fail_new(r, f, FAIL_STEP, s);

	if (!f->quiet)
		fail->text = arena_str(&r->arena, err_text(e));
	err_free(e);
	fail_add(f, fail);
	return FLOW_FINISH;
}

/* ---- references -------------------------------------------------------- */

static enum flow run_reference(struct run *r, struct frame *f, const struct step *s,
			       const struct schema *to, str keyword)
{
	if (!f->waiting)
		return call_self(r, to, keyword, false);
	struct fail *below = take_result(r, f);

	if (below) {
		struct fail *fail = fail_new(r, f, FAIL_STEP, s);

		fail_adopt(f, fail, below);
		fail_add(f, fail);
	}
	return s->op == OP_REF_ALONE ? FLOW_FINISH : FLOW_NEXT;
}

static enum flow run_ref(struct run *r, struct frame *f, const struct step *s)
{
	return run_reference(r, f, s, s->schema, S("$ref"));
}

/* The outermost schema on the way here that lets itself be recurred to. */
static enum flow run_recursive_ref(struct run *r, struct frame *f, const struct step *s)
{
	const struct schema *to = s->schema;

	for (size_t k = f->base; !f->waiting && s->schema->recursive_anchor && k < r->frames.n; k++)
		if (r->frames.p[k].scope->resource->recursive_anchor) {
			to = r->frames.p[k].scope;
			break;
		}
	return run_reference(r, f, s, to, S("$recursiveRef"));
}

static const struct schema *find_anchor(const struct schema *s, str name)
{
	for (size_t i = 0; i < s->anchors_n; i++)
		if (str_eq(s->anchors[i].name, name))
			return s->anchors[i].schema;
	return NULL;
}

/* The anchor in the outermost resource on the way here that has it. */
static enum flow run_dynamic_ref(struct run *r, struct frame *f, const struct step *s)
{
	const struct schema *to = s->dynamic->schema, *found = NULL;
	str anchor = s->dynamic->anchor;

	if (!f->waiting && anchor.n && str_eq(to->dynamic_anchor, anchor))
		for (size_t k = f->base; !found && k < r->frames.n; k++, r->work++)
			found = find_anchor(r->frames.p[k].scope->resource, anchor);
	return run_reference(r, f, s, found ? found : to, S("$dynamicRef"));
}

/* ---- objects ----------------------------------------------------------- */

static enum flow run_count(struct run *r, struct frame *f, const struct step *s)
{
	bool least = s->op == OP_MIN_PROPERTIES || s->op == OP_MIN_ITEMS;
	int64_t n = (int64_t)node_len(*f->v);

	if (least ? n >= s->n : n <= s->n)
		return FLOW_NEXT;
	struct fail *fail = fail_new(r, f, FAIL_STEP, s);

	fail->i = n;
	fail_add(f, fail);
	return FLOW_NEXT;
}

/* Demand members; `prop` is the one that asks for them, if any. */
static void demand(struct run *r, struct frame *f, const struct step *s, struct str_list names,
		   str prop)
{
	size_t missing = 0;

	for (size_t i = 0; i < names.n; i++)
		missing += !node_has(*f->v, names.p[i]);
	if (!missing)
		return;
	struct fail *fail = fail_new(r, f, FAIL_STEP, s);

	fail_add(f, fail);
	if (f->quiet)
		return;
	str *list = arena_array(&r->arena, str, missing);

	fail->names = (struct str_list){ list, missing };
	fail->text = prop;
	for (size_t i = 0; i < names.n; i++)
		if (!node_has(*f->v, names.p[i]))
			*list++ = names.p[i];
}

static enum flow run_required(struct run *r, struct frame *f, const struct step *s)
{
	demand(r, f, s, s->names, STR_NONE);
	return FLOW_NEXT;
}

static enum flow run_dependencies(struct run *r, struct frame *f, const struct step *s)
{
	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail)
			fail_add(f, fail);
	}
	while (f->i < s->dependencies->n && !(f->quiet && f->fails)) {
		const struct dependency *d = &s->dependencies->p[f->i++];

		if (!node_has(*f->v, d->name))
			continue;
		if (d->schema)
			return call_self(r, d->schema, STR_NONE, false);
		demand(r, f, s, d->required, d->name);
	}
	return FLOW_NEXT;
}

/* The next schema for the member at f->i; NULL when there is none left. */
static const struct schema *next_member_schema(struct run *r, struct frame *f,
					       const struct members *m, str key)
{
	while (f->j <= m->by_pattern.n + 1) {
		size_t stage = f->j++;

		if (stage == 0) {
			size_t at = m->of.n ? node_index(m->properties, key) : STR_NPOS;

			if (at == STR_NPOS)
				continue;
			f->hit = true;
			return m->of.p[at];
		}
		if (stage <= m->by_pattern.n) {
			if (!regex_test(m->patterns[stage - 1], key))
				continue;
			f->hit = true;
			return m->by_pattern.p[stage - 1];
		}
		if (f->hit || m->rest == REST_ANY)
			continue;
		f->hit = true;
		if (m->rest == REST_NONE)
			vec_push(&r->picks, (uint32_t)f->i);
		if (m->rest == REST_SCHEMA)
			return m->rest_schema;
	}
	return NULL;
}

static void fail_additional(struct run *r, struct frame *f, const struct step *s)
{
	size_t n = r->picks.n - f->picks;
	struct fail *fail = fail_new(r, f, FAIL_STEP, s);

	fail_add(f, fail);
	if (f->quiet)
		return;
	str *names = arena_array(&r->arena, str, n);

	for (size_t i = 0; i < n; i++)
		names[i] = node_str(f->v->map->pairs[r->picks.p[f->picks + i]].key);
	fail->names = (struct str_list){ names, n };
}

static enum flow run_members(struct run *r, struct frame *f, const struct step *s)
{
	const struct node_map *map = f->v->map;

	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail)
			fail_add(f, fail);
	}
	while (f->i < map->n && !(f->quiet && f->fails)) {
		const struct node_pair *pair = &map->pairs[f->i];
		const struct schema *next =
			next_member_schema(r, f, s->members, node_str(pair->key));

		if (next)
			return call_key(r, next, pair);
		if (f->hit)
			run_mark(r, f, f->i);
		f->hit = false;
		f->j = 0;
		f->i++;
		r->work++;
	}
	if (r->picks.n > f->picks)
		fail_additional(r, f, s);
	return FLOW_NEXT;
}

static enum flow run_property_names(struct run *r, struct frame *f, const struct step *s)
{
	const struct node_map *map = f->v->map;

	if (f->waiting) {
		struct fail *below = take_result(r, f);

		if (below) {
			struct fail *fail = fail_new(r, f, FAIL_PROPERTY_NAME, s);

			fail->text = node_str(map->pairs[f->i].key);
			fail_adopt(f, fail, below);
			fail_add(f, fail);
		}
		f->i++;
	}
	if (f->i < map->n && !(f->quiet && f->fails))
		return call_fresh(r, s->schema, &map->pairs[f->i].key);
	return FLOW_NEXT;
}

/* ---- lists ------------------------------------------------------------- */

static enum flow run_unique(struct run *r, struct frame *f, const struct step *s)
{
	size_t i, j;

	if (!schema_duplicates(&r->arena, *f->v, &i, &j, &r->work))
		return FLOW_NEXT;
	struct fail *fail = fail_new(r, f, FAIL_STEP, s);

	fail->i = (int64_t)i;
	fail->j = (int64_t)j;
	fail_add(f, fail);
	return FLOW_NEXT;
}

static enum flow run_items(struct run *r, struct frame *f, const struct step *s)
{
	const struct items *items = s->items;
	const struct node_seq *seq = f->v->seq;

	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail)
			fail_add(f, fail);
		f->i++;
	}
	if (f->i >= seq->n || (f->quiet && f->fails))
		return FLOW_NEXT;
	if (f->i < items->first.n)
		return call_index(r, items->first.p[f->i], &seq->items[f->i], f->i);
	if (items->rest == REST_SCHEMA)
		return call_index(r, items->rest_schema, &seq->items[f->i], f->i);
	if (items->rest == REST_NONE) {
		struct fail *fail = fail_new(r, f, FAIL_STEP, s);

		fail->i = (int64_t)(seq->n - f->i);
		fail_add(f, fail);
	}
	return FLOW_NEXT;
}

static const uint32_t *copy_picks(struct run *r, const struct frame *f, size_t n)
{
	uint32_t *copy = arena_array(&r->arena, uint32_t, n);

	if (n)
		memcpy(copy, r->picks.p + f->picks, n * sizeof *copy);
	return copy;
}

static enum flow count_contained(struct run *r, struct frame *f, const struct step *s)
{
	const struct contains *contains = s->contains;
	int64_t n = (int64_t)(r->picks.n - f->picks);
	const uint32_t *places = f->quiet ? NULL : copy_picks(r, f, (size_t)n);

	if (contains->has_min ? n < contains->min : n == 0) {
		add_kept(r, f, contains->has_min ? FAIL_MIN_CONTAINS : FAIL_STEP, s);
		if (f->last) {
			f->last->i = contains->min;
			f->last->j = n;
			f->last->places = places;
		}
	}
	if (contains->has_max && n > contains->max) {
		struct fail *fail = fail_new(r, f, FAIL_MAX_CONTAINS, s);

		fail->i = contains->max;
		fail->j = n;
		fail->places = places;
		fail_add(f, fail);
	}
	return FLOW_NEXT;
}

static enum flow run_contains(struct run *r, struct frame *f, const struct step *s)
{
	const struct node_seq *seq = f->v->seq;

	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail) {
			keep(f, fail);
		} else {
			vec_push(&r->picks, (uint32_t)f->i);
			if (s->contains->evaluates)
				run_mark(r, f, f->i);
		}
		f->i++;
	}
	if (f->i < seq->n)
		return call_index(r, s->contains->schema, &seq->items[f->i], f->i);
	return count_contained(r, f, s);
}

/* ---- texts and numbers ------------------------------------------------- */

static enum flow run_length(struct run *r, struct frame *f, const struct step *s)
{
	int64_t n = (int64_t)utf8_count(node_str(*f->v));

	if (s->op == OP_MIN_LENGTH ? n >= s->n : n <= s->n)
		return FLOW_NEXT;
	struct fail *fail = fail_new(r, f, FAIL_STEP, s);

	fail->i = n;
	fail_add(f, fail);
	return FLOW_NEXT;
}

static enum flow run_pattern(struct run *r, struct frame *f, const struct step *s)
{
	return fail_unless(regex_test(s->pattern, node_str(*f->v)), r, f, s);
}

/* A number that the original cannot hold makes it panic, and Helm says so. */
static bool take_number(struct run *r, const struct frame *f, struct number *x)
{
	schema_number(x, *f->v);
	if (!x->ok)
		r->fatal = err_new(ERR_INTERNAL,
				   "unable to validate schema: runtime error: invalid memory address "
				   "or nil pointer dereference");
	return x->ok;
}

static enum flow run_bound(struct run *r, struct frame *f, const struct step *s)
{
	struct number x, bound;

	if (!take_number(r, f, &x))
		return FLOW_FINISH;
	schema_number(&bound, s->want);
	int order = schema_number_cmp(&x, &bound);

	switch (s->op) {
	case OP_MINIMUM:
		return fail_unless(order >= 0, r, f, s);
	case OP_MAXIMUM:
		return fail_unless(order <= 0, r, f, s);
	case OP_EXCLUSIVE_MINIMUM:
		return fail_unless(order > 0, r, f, s);
	default:
		return fail_unless(order < 0, r, f, s);
	}
}

static enum flow run_multiple_of(struct run *r, struct frame *f, const struct step *s)
{
	struct number x, of;
	bool yes;

	if (!take_number(r, f, &x))
		return FLOW_FINISH;
	schema_number(&of, s->want);
	if (!of.n) {
		r->fatal = err_new(ERR_INTERNAL, "unable to validate schema: division by zero");
		return FLOW_FINISH;
	}
	r->fatal = schema_number_multiple(&x, &of, &yes);
	return r->fatal ? FLOW_FINISH : fail_unless(yes, r, f, s);
}

/* ---- combinations ------------------------------------------------------ */

static enum flow run_not(struct run *r, struct frame *f, const struct step *s)
{
	if (!f->waiting)
		return call_self(r, s->schema, STR_NONE, true);
	return fail_unless(take_result(r, f), r, f, s);
}

static enum flow run_all_of(struct run *r, struct frame *f, const struct step *s)
{
	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail) {
			f->hit = true;
			keep(f, fail);
		}
		f->i++;
	}
	if (f->i < s->list.n && !(f->quiet && f->hit))
		return call_self(r, s->list.p[f->i], STR_NONE, false);
	if (f->hit)
		add_kept(r, f, FAIL_STEP, s);
	return FLOW_NEXT;
}

static enum flow run_any_of(struct run *r, struct frame *f, const struct step *s)
{
	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail)
			keep(f, fail);
		else
			f->hit = true;
		f->i++;
	}
	/* one is enough, unless the others may evaluate more */
	if (f->i < s->list.n && !(f->hit && !f->left))
		return call_self(r, s->list.p[f->i], STR_NONE, false);
	if (!f->hit)
		add_kept(r, f, FAIL_STEP, s);
	return FLOW_NEXT;
}

static enum flow run_one_of(struct run *r, struct frame *f, const struct step *s)
{
	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail && f->matched < 0)
			keep(f, fail);
		if (!fail && f->matched >= 0) {
			struct fail *two = fail_new(r, f, FAIL_ONE_OF_TWO, s);

			two->i = f->matched;
			two->j = (int64_t)f->i;
			fail_add(f, two);
			return FLOW_NEXT;
		}
		if (!fail)
			f->matched = (int64_t)f->i;
		f->i++;
	}
	if (f->i < s->list.n)
		return call_self(r, s->list.p[f->i], STR_NONE, f->matched >= 0);
	if (f->matched < 0)
		add_kept(r, f, FAIL_STEP, s);
	return FLOW_NEXT;
}

static enum flow run_if(struct run *r, struct frame *f, const struct step *s)
{
	const struct schema *next = s->condition->test;
	struct fail *fail = NULL;

	if (f->waiting) {
		fail = take_result(r, f);
		f->i++;
		next = fail ? s->condition->no : s->condition->yes;
	}
	if (f->i < 2 && next)
		return call_self(r, next, STR_NONE, f->i == 0);
	if (f->i == 2 && fail)
		fail_add(f, fail);
	return FLOW_NEXT;
}

static enum flow run_unevaluated(struct run *r, struct frame *f, const struct step *s)
{
	bool map = s->op == OP_UNEVALUATED_PROPERTIES;

	if (f->waiting) {
		struct fail *fail = take_result(r, f);

		if (fail)
			fail_add(f, fail);
		f->i++;
	}
	while (f->i < node_len(*f->v) && !run_is_open(r, f, f->i))
		f->i++;
	if (f->i < node_len(*f->v) && !(f->quiet && f->fails)) {
		if (map)
			return call_key(r, s->schema, &f->v->map->pairs[f->i]);
		return call_index(r, s->schema, &f->v->seq->items[f->i], f->i);
	}
	run_mark_all(r, f);
	return FLOW_NEXT;
}

/* ---- the table --------------------------------------------------------- */

static const struct {
	step_fn *run;
	uint8_t types;		/* of the values that it looks at; 0: all */
} keywords[OPS] = {
	[OP_TYPE] = { run_type, 0 },
	[OP_CONST] = { run_const, 0 },
	[OP_ENUM] = { run_enum, 0 },
	[OP_FORMAT] = { run_format, TYPE_STRING },
	[OP_REF_ALONE] = { run_ref, 0 },
	[OP_REF] = { run_ref, 0 },
	[OP_MIN_PROPERTIES] = { run_count, TYPE_OBJECT },
	[OP_MAX_PROPERTIES] = { run_count, TYPE_OBJECT },
	[OP_REQUIRED] = { run_required, TYPE_OBJECT },
	[OP_DEPENDENCIES] = { run_dependencies, TYPE_OBJECT },
	[OP_MEMBERS] = { run_members, TYPE_OBJECT },
	[OP_PROPERTY_NAMES] = { run_property_names, TYPE_OBJECT },
	[OP_DEPENDENT_SCHEMAS] = { run_dependencies, TYPE_OBJECT },
	[OP_DEPENDENT_REQUIRED] = { run_dependencies, TYPE_OBJECT },
	[OP_MIN_ITEMS] = { run_count, TYPE_ARRAY },
	[OP_MAX_ITEMS] = { run_count, TYPE_ARRAY },
	[OP_UNIQUE_ITEMS] = { run_unique, TYPE_ARRAY },
	[OP_ITEMS] = { run_items, TYPE_ARRAY },
	[OP_CONTAINS] = { run_contains, TYPE_ARRAY },
	[OP_MIN_LENGTH] = { run_length, TYPE_STRING },
	[OP_MAX_LENGTH] = { run_length, TYPE_STRING },
	[OP_PATTERN] = { run_pattern, TYPE_STRING },
	[OP_MINIMUM] = { run_bound, TYPE_NUMBER },
	[OP_MAXIMUM] = { run_bound, TYPE_NUMBER },
	[OP_EXCLUSIVE_MINIMUM] = { run_bound, TYPE_NUMBER },
	[OP_EXCLUSIVE_MAXIMUM] = { run_bound, TYPE_NUMBER },
	[OP_MULTIPLE_OF] = { run_multiple_of, TYPE_NUMBER },
	[OP_RECURSIVE_REF] = { run_recursive_ref, 0 },
	[OP_DYNAMIC_REF] = { run_dynamic_ref, 0 },
	[OP_NOT] = { run_not, 0 },
	[OP_ALL_OF] = { run_all_of, 0 },
	[OP_ANY_OF] = { run_any_of, 0 },
	[OP_ONE_OF] = { run_one_of, 0 },
	[OP_IF] = { run_if, 0 },
	[OP_UNEVALUATED_PROPERTIES] = { run_unevaluated, TYPE_OBJECT },
	[OP_UNEVALUATED_ITEMS] = { run_unevaluated, TYPE_ARRAY },
};

enum flow steps_run(struct run *r, struct frame *f, const struct step *s)
{
	if (keywords[s->op].types && !(keywords[s->op].types & schema_type(*f->v)))
		return FLOW_NEXT;
	return keywords[s->op].run(r, f, s);
}
