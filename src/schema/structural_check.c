/* What a CustomResourceDefinition may say in its schema, word by word. */
#include "schema/structural_check.h"

#include <stdio.h>

#include "schema/gostruct.h"

#define UNBOUNDED UINT64_MAX

enum { EXPENSIVE_MAX = 4 };

/* What all rules of a schema may cost, and the dearest of them. */
struct total {
	uint64_t cost;
	struct {
		str path;
		uint64_t cost;
	} dearest[EXPENSIVE_MAX];
	size_t n;
};

struct checker {
	struct arena *arena;
	struct fielderrs *errors;	/* of the schema */
	struct fielderrs *rules;	/* of CEL */
	struct total total;
};

/* What the places around have to say. */
struct state {
	bool root;
	bool no_defaults;
	const char *no_defaults_why;
	bool in_meta;
	const struct structural_where *apart;	/* from here on there is no old value */
	bool cel;
	bool in_scope;		/* of a rule */
	bool no_types;		/* CEL cannot see what is around */
	uint64_t cardinality;	/* how often this may be in an object */
};

str structural_check_path(struct arena *a, const struct structural_where *at, const char *word)
{
	struct structural_where w = { .up = at, .kind = WHERE_CHILD, .name = str_c(word) };

	return structural_where_path(a, &w);
}

static str place(const struct checker *c, const struct structural_where *at, const char *word)
{
	return structural_check_path(c->arena, at, word);
}

static void forbid(const struct checker *c, const struct structural_where *at, const char *word,
		   const char *why)
{
	fielderr_forbidden(c->errors, place(c, at, word), "%s", why);
}

static node text_node(const struct checker *c, str s)
{
	return node_from_str(c->arena, s);
}

/* ---- words ------------------------------------------------------------- */

static void check_unsupported(const struct checker *c, const struct type_rules *s,
			      const struct structural_where *at)
{
	static const struct {
		str word;
		bool text, map;
	} words[] = {
		{ S("id"), .text = true },
		{ S("additionalItems") },
		{ S("patternProperties"), .map = true },
		{ S("definitions"), .map = true },
		{ S("dependencies") },
		{ S("$ref") },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		node v = node_get(s->source, words[i].word);

		if (words[i].text ? node_str_or(v, STR_NONE).n > 0
		    : words[i].map ? node_len(v) > 0
				   : !node_is_nil(v))
			fielderr_forbidden(c->errors, place(c, at, words[i].word.p),
					   "%s is not supported", words[i].word.p);
	}
}

static void check_type(const struct checker *c, const struct type_rules *s,
		       const struct structural_where *at, const struct state *st)
{
	static const str types[] = {
		S("array"), S("boolean"), S("integer"), S("number"), S("object"), S("string"),
	};

	if (s->kind == STRUCTURAL_OTHER || s->kind == STRUCTURAL_NULL)
		fielderr_not_supported(c->errors, place(c, at, "type"),
				       text_node(c, structural_type_text(s)), types,
				       sizeof types / sizeof *types);
	if (s->fallback.kind && st->no_defaults)
		fielderr_forbidden(c->errors, place(c, at, "default"), "must not be set %s",
				   st->no_defaults_why);
	check_unsupported(c, s, at);
	if (s->kind == STRUCTURAL_NULL)
		forbid(c, at, "type", "type cannot be set to null, use nullable as an alternative");
	if (s->items_list)
		forbid(c, at, "items", "items must be a schema object and not an array");
	if (st->in_meta && s->embedded)
		forbid(c, at, "x-kubernetes-embedded-resource", "must not be used inside of resource meta");
	if (s->limits->unique_items)
		forbid(c, at, "uniqueItems",
		       "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
}

static void need_kind(const struct checker *c, const struct type_rules *s,
		      const struct structural_where *at, enum structural_kind kind, const char *why)
{
	if (s->kind == STRUCTURAL_UNTYPED)
		fielderr_required(c->errors, place(c, at, "type"), "%s", why);
	else if (s->kind != kind)
		fielderr_invalid(c->errors, place(c, at, "type"),
				 text_node(c, structural_type_text(s)), "%s", why);
}

static node list_type_node(const struct type_rules *s)
{
	return node_get(s->source, S("x-kubernetes-list-type"));
}

static void check_set_items(const struct checker *c, const struct type_rules *s,
			    const struct structural_where *at)
{
	static const char why[] = "must be atomic as item of a list with x-kubernetes-list-type=set";
	const struct type_rules *is = s->items;

	if (!is)
		return;
	if (is->kind == STRUCTURAL_ARRAY && is->list_type > STRUCTURAL_ATOMIC)
		fielderr_invalid(c->errors, place(c, at, "items.x-kubernetes-list-type"),
				 list_type_node(is), "%s", why);
	if (is->kind == STRUCTURAL_OBJECT && is->map_type != STRUCTURAL_ATOMIC)
		fielderr_invalid(c->errors, place(c, at, "items.x-kubernetes-map-type"),
				 list_type_node(is), "%s", why);
}

static void check_topology(const struct checker *c, const struct type_rules *s,
			   const struct structural_where *at)
{
	static const str maps[] = { S("atomic"), S("granular") };
	static const str lists[] = { S("atomic"), S("set"), S("map") };

	if (s->preserve_false)
		fielderr_invalid(c->errors, place(c, at, "x-kubernetes-preserve-unknown-fields"),
				 node_from_bool(false), "must be true or undefined");
	if (s->map_type != STRUCTURAL_PLAIN)
		need_kind(c, s, at, STRUCTURAL_OBJECT,
			  "must be object if x-kubernetes-map-type is specified");
	if (s->map_type != STRUCTURAL_PLAIN && s->map_type != STRUCTURAL_ATOMIC &&
	    s->map_type != STRUCTURAL_GRANULAR)
		fielderr_not_supported(c->errors, place(c, at, "x-kubernetes-map-type"),
				       node_get(s->source, S("x-kubernetes-map-type")), maps, 2);
	if (s->list_type != STRUCTURAL_PLAIN && s->kind != STRUCTURAL_ARRAY)
		need_kind(c, s, at, STRUCTURAL_ARRAY,
			  "must be array if x-kubernetes-list-type is specified");
	else if (s->list_type == STRUCTURAL_SET)
		check_set_items(c, s, at);
	if (s->list_type > STRUCTURAL_MAP)
		fielderr_not_supported(c->errors, place(c, at, "x-kubernetes-list-type"),
				       list_type_node(s), lists, 3);
}

static bool is_required(const struct type_rules *s, str name)
{
	for (size_t i = 0; i < s->required_n; i++)
		if (str_eq(s->required[i], name))
			return true;
	return false;
}

static void check_key_names(const struct checker *c, const struct type_rules *s,
			    const struct structural_where *at)
{
	node keys = node_get(s->source, S("x-kubernetes-list-map-keys"));

	for (size_t i = 0; i < s->keys_n; i++) {
		const struct type_rules *f = structural_field(s->items, s->keys[i]);
		size_t before = 0;

		if (!f)
			fielderr_invalid(c->errors, place(c, at, "x-kubernetes-list-map-keys"), keys,
					 "entries must all be names of item properties");
		else if (f->kind == STRUCTURAL_ARRAY || f->kind == STRUCTURAL_OBJECT)
			fielderr_invalid(c->errors,
					 fielderr_path(c->arena, place(c, at, "items.properties"),
						       "[%.*s].type", STR_ARG(s->keys[i])),
					 node_lit("object"),
					 "must be a scalar type if parent array's x-kubernetes-list-type "
					 "is map");
		while (!str_eq(s->keys[before], s->keys[i]))
			before++;
		if (before < i)
			fielderr_invalid(c->errors, place(c, at, "x-kubernetes-list-map-keys"), keys,
					 "must not contain duplicate entries");
	}
}

static void check_keys(const struct checker *c, const struct type_rules *s,
		       const struct structural_where *at)
{
	if (s->keys_n && s->list_type == STRUCTURAL_PLAIN)
		fielderr_required(c->errors, place(c, at, "x-kubernetes-list-type"),
				  "must be map if x-kubernetes-list-map-keys is non-empty");
	else if (s->keys_n && s->list_type != STRUCTURAL_MAP)
		fielderr_invalid(c->errors, place(c, at, "x-kubernetes-list-type"), list_type_node(s),
				 "must be map if x-kubernetes-list-map-keys is non-empty");
	if (s->list_type != STRUCTURAL_MAP)
		return;
	if (!s->keys_n)
		fielderr_required(c->errors, place(c, at, "x-kubernetes-list-map-keys"),
				  "must not be empty if x-kubernetes-list-type is map");
	if (!s->has_items)
		fielderr_required(c->errors, place(c, at, "items"),
				  "must have a schema if x-kubernetes-list-type is map");
	else if (!s->items)
		fielderr_invalid(c->errors, place(c, at, "items"), node_get(s->source, S("items")),
				 "must only have a single schema if x-kubernetes-list-type is map");
	else if (s->items->kind != STRUCTURAL_OBJECT)
		fielderr_invalid(c->errors, place(c, at, "items.type"),
				 text_node(c, structural_type_text(s->items)),
				 "must be object if parent array's x-kubernetes-list-type is map");
	else
		check_key_names(c, s, at);
}

/* Items of maps and sets are told apart by what they hold. */
static void check_identity(const struct checker *c, const struct type_rules *s,
			   const struct structural_where *at)
{
	bool map = s->list_type == STRUCTURAL_MAP;

	if (!s->items || (!map && s->list_type != STRUCTURAL_SET))
		return;
	if (s->items->nullable)
		fielderr_forbidden(c->errors, place(c, at, "items.nullable"),
				   "cannot be nullable when x-kubernetes-list-type is %s",
				   map ? "map" : "set");
	for (size_t i = 0; map && i < s->keys_n; i++) {
		const struct type_rules *f = structural_field(s->items, s->keys[i]);
		str path = fielderr_path(c->arena, place(c, at, "items.properties"), "[%.*s]",
					 STR_ARG(s->keys[i]));

		if (f && !is_required(s->items, s->keys[i]) && !f->fallback.kind)
			fielderr_required(c->errors, arena_cat(c->arena, path, S(".default")),
					  "this property is in x-kubernetes-list-map-keys, so it must have "
					  "a default or be a required property");
		if (f && f->nullable)
			fielderr_forbidden(c->errors, arena_cat(c->arena, path, S(".nullable")),
					   "this property is in x-kubernetes-list-map-keys, so it cannot "
					   "be nullable");
	}
}

/* ---- rules ------------------------------------------------------------- */

static bool has_newline(str s)
{
	return str_find_char(s, '\n') != STR_NPOS || str_find_char(s, '\r') != STR_NPOS;
}

static str rule_path(const struct checker *c, const struct structural_where *at, size_t i,
		     const char *word)
{
	return fielderr_path(c->arena, place(c, at, "x-kubernetes-validations"), "[%zu].%s", i, word);
}

static void check_message(const struct checker *c, const struct structural_rule *r,
			  const struct structural_where *at, size_t i)
{
	str rule = str_trim(r->rule), message = str_trim(r->message);
	str path = rule_path(c, at, i, "message");

	if (!rule.n)
		fielderr_required(c->errors, rule_path(c, at, i, "rule"), "rule is not specified");
	else if (r->message.n && !message.n)
		fielderr_invalid(c->errors, path, text_node(c, r->message),
				 "must be non-empty if specified");
	else if (has_newline(message))
		fielderr_invalid(c->errors, path, text_node(c, r->message),
				 "must not contain line breaks");
	else if (has_newline(rule) && !message.n)
		fielderr_required(c->errors, path,
				  "message must be specified if rule contains line breaks");
	if (r->message_expression.n && !str_trim(r->message_expression).n)
		fielderr_required(c->errors, rule_path(c, at, i, "messageExpression"),
				  "messageExpression must be non-empty if specified");
}

static bool is_path(const struct checker *c, const struct type_rules *s, str text)
{
	const struct type_rules *found;
	str path;
	err *e = structural_refused(s), *bad = NULL;

	if (!e)
		bad = structural_field_path(c->arena, s, text, true, &path, &found);
	bool good = e || !bad;

	err_free(e);
	err_free(bad);
	return good;
}

static void check_rule_words(const struct checker *c, const struct type_rules *s,
			     const struct structural_where *at, size_t i)
{
	static const str reasons[] = {
		S("FieldValueDuplicate"), S("FieldValueForbidden"), S("FieldValueInvalid"),
		S("FieldValueRequired"),
	};
	const struct structural_rule *r = &s->rules[i];
	str path = rule_path(c, at, i, "fieldPath");
	node value = text_node(c, r->field_path);
	bool known = !r->has_reason;

	check_message(c, r, at, i);
	for (size_t k = 0; k < 4; k++)
		known |= str_eq(r->reason, reasons[k]);
	if (!known)
		fielderr_not_supported(c->errors, rule_path(c, at, i, "reason"),
				       text_node(c, r->reason), reasons, 4);
	if (r->field_path.n && !str_trim(r->field_path).n)
		fielderr_invalid(c->errors, path, value, "must be non-empty if specified");
	if (has_newline(r->field_path))
		fielderr_invalid(c->errors, path, value, "must not contain line breaks");
	if (r->field_path.n && !is_path(c, s, r->field_path))
		fielderr_invalid(c->errors, path, value, "must be a valid path");
}

static uint64_t times(uint64_t cost, uint64_t count)
{
	uint64_t product;

	if (!cost)
		return 0;
	return __builtin_mul_overflow(cost, count, &product) ? UINT64_MAX : product;
}

static void say_cost(struct checker *c, str path, const char *what, uint64_t cost, uint64_t limit)
{
	double factor = (double)cost / (double)limit;
	char by[64];

	if (factor > 100)
		snprintf(by, sizeof by, "more than 100x");
	else
		snprintf(by, sizeof by, factor < 1.5 ? "%fx" : "%.1fx", factor);
	fielderr_forbidden(c->rules, path,
			   "%s exceeds budget by factor of %s (try simplifying the rule, or adding "
			   "maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
			   "declared)", what, by);
}

/* Keep the dearest rules in order; cheap ones do not count. */
static void observe(struct checker *c, str path, uint64_t cost)
{
	struct total *t = &c->total;
	size_t i;

	t->cost = t->cost > UINT64_MAX - cost ? UINT64_MAX : t->cost + cost;
	if (cost < STRUCTURAL_TOTAL_COST_MAX / 100)
		return;
	i = t->n < EXPENSIVE_MAX ? t->n++ : EXPENSIVE_MAX;
	while (i > 0 && t->dearest[i - 1].cost < cost) {
		if (i < EXPENSIVE_MAX)
			t->dearest[i] = t->dearest[i - 1];
		i--;
	}
	if (i < EXPENSIVE_MAX) {
		t->dearest[i].path = path;
		t->dearest[i].cost = cost;
	}
}

/* The whole rule is shown, as the server's own struct. */
static void say_fault(struct checker *c, str path, const struct type_rules *s, size_t i, str fault)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("Invalid value: "));
	gostruct_print(&b, node_at(node_get(s->source, S("x-kubernetes-validations")), i),
		       &gostruct_rule);
	buf_addf(&b, ": %.*s", STR_ARG(fault));
	fielderr_add(c->rules, FIELDERR_INVALID, path, arena_str(c->arena, buf_str(&b)));
}

static void check_costs(struct checker *c, const struct type_rules *s, size_t i,
			const struct structural_where *at, const struct state *st)
{
	const struct structural_rule *r = &s->rules[i];
	str path = rule_path(c, at, i, "rule");
	uint64_t count = st->cardinality == UNBOUNDED ? cel_decl_cardinality(s->decl)
						      : st->cardinality;
	uint64_t cost = r->program ? times(cel_estimate(r->program, s->decl).max, count) : 0;

	if (cost > STRUCTURAL_RULE_COST_MAX)
		say_cost(c, path, "estimated rule cost", cost, STRUCTURAL_RULE_COST_MAX);
	observe(c, path, cost);
	if (r->fault.n)
		say_fault(c, path, s, i, r->fault);
	path = rule_path(c, at, i, "messageExpression");
	if (r->message_fault.n) {
		say_fault(c, path, s, i, r->message_fault);
	} else if (r->message_program) {
		cost = cel_estimate(r->message_program, s->decl).max;
		if (cost > STRUCTURAL_RULE_COST_MAX)
			say_cost(c, path, "estimated messageExpression cost", cost,
				 STRUCTURAL_RULE_COST_MAX);
		observe(c, path, cost);
	}
}

static void check_old_self(struct checker *c, const struct structural_rule *r,
			   const struct structural_where *at, size_t i, const struct state *st)
{
	if (r->uses_old && st->apart) {
		str where = structural_where_path(c->arena, st->apart);

		fielderr_invalid(c->rules, rule_path(c, at, i, "rule"), text_node(c, r->rule),
				 "oldSelf cannot be used on the uncorrelatable portion of the schema "
				 "within %.*s", STR_ARG(where));
	} else if (!r->uses_old && r->has_optional) {
		fielderr_invalid(c->rules, rule_path(c, at, i, "optionalOldSelf"),
				 node_from_bool(r->optional_old_self),
				 "may not be set if oldSelf is not used in rule");
	}
}

static void check_rules(struct checker *c, const struct type_rules *s,
			const struct structural_where *at, const struct state *st, size_t before)
{
	for (size_t i = 0; i < s->rules_n; i++)
		check_rule_words(c, s, at, i);
	/* What is wrong with the schema here or below would only show again. */
	if (!s->rules_n || !st->cel || c->errors->n > before)
		return;
	if (st->no_types) {
		fielderr_add(c->rules, FIELDERR_INTERNAL, place(c, at, "x-kubernetes-validations"),
			     S("Internal error: internal error: failed to construct type information "
			       "for x-kubernetes-validations rules: unable to convert structural "
			       "schema to CEL declarations"));
		return;
	}
	for (size_t i = 0; i < s->rules_n; i++) {
		check_costs(c, s, i, at, st);
		check_old_self(c, &s->rules[i], at, i, st);
	}
}

/* ---- below ------------------------------------------------------------- */

static void check(struct checker *c, const struct type_rules *s, const struct structural_where *at,
		  struct state st);

static uint64_t bound(uint16_t has, uint16_t bit, int64_t max)
{
	return !(has & bit) ? UNBOUNDED : max < 0 ? 0 : (uint64_t)max;
}

/* How many values may be below one value of this schema. */
static uint64_t max_elements(const struct type_rules *s)
{
	const struct structural_limits *l = s->limits;

	if (s->kind == STRUCTURAL_OBJECT && s->additional != STRUCTURAL_NO_WORD)
		return bound(l->has, HAS_MAX_PROPERTIES, l->max_properties);
	if (s->kind == STRUCTURAL_ARRAY)
		return bound(l->has, HAS_MAX_ITEMS, l->max_items);
	return 1;
}

static struct state state_below(const struct type_rules *s, const struct state *st)
{
	struct state below = *st;
	uint64_t n = max_elements(s);

	below.root = false;
	if (st->cardinality == UNBOUNDED || n == UNBOUNDED)
		below.cardinality = UNBOUNDED;
	else
		below.cardinality = times(st->cardinality, n);
	return below;
}

static void check_properties(struct checker *c, const struct type_rules *s,
			     const struct structural_where *at, const struct state *st)
{
	static const struct {
		str name;
		const char *why;
	} metas[] = {
		{ S("apiVersion"), "in top-level apiVersion" },
		{ S("kind"), "in top-level kind" },
		{ S("metadata"), "in top-level metadata" },
	};
	struct structural_where of = { .up = at, .kind = WHERE_CHILD, .name = S("properties") };

	for (size_t i = 0; i < s->fields_n; i++) {
		str name = s->fields[i].name;
		struct structural_where w = { .up = &of, .kind = WHERE_KEY, .name = name };
		struct state below = state_below(s, st);

		if (s->map_type == STRUCTURAL_STRANGE && !below.apart)
			below.apart = at;
		for (size_t k = 0; (st->root || s->embedded) && k < 3; k++) {
			if (!str_eq(name, metas[k].name))
				continue;
			below.in_meta = true;
			if (st->root) {
				below.no_defaults = true;
				below.no_defaults_why = metas[k].why;
			}
		}
		check(c, s->fields[i].schema, &w, below);
	}
}

static void check_values(struct checker *c, const struct type_rules *s,
			 const struct structural_where *at, const struct state *st)
{
	struct structural_where w = { .up = at, .kind = WHERE_CHILD, .name = S("additionalProperties") };
	struct state below = state_below(s, st);

	if (s->fields_n &&
	    (s->additional == STRUCTURAL_FALSE || s->additional == STRUCTURAL_SCHEMA))
		forbid(c, at, "additionalProperties",
		       "additionalProperties and properties are mutual exclusive");
	if (st->in_meta) {
		below.no_defaults = true;
		below.no_defaults_why = "inside additionalProperties applying to object metadata";
	}
	if (s->values)
		check(c, s->values, &w, below);
}

static void check_items(struct checker *c, const struct type_rules *s,
			const struct structural_where *at, const struct state *st)
{
	struct structural_where w = { .up = at, .kind = WHERE_CHILD, .name = S("items") };
	struct state below = state_below(s, st);

	if (s->list_type != STRUCTURAL_MAP && !below.apart)
		below.apart = at;
	if (s->items)
		check(c, s->items, &w, below);
}

static void check_nested(struct checker *c, const struct structural_list *list, const char *word,
			 const struct structural_where *at, const struct state *st)
{
	struct structural_where of = { .up = at, .kind = WHERE_CHILD, .name = str_c(word) };
	struct state below = *st;

	below.root = below.cel = false;
	for (size_t i = 0; i < list->n; i++) {
		struct structural_where w = { .up = &of, .kind = WHERE_INDEX, .index = i };

		check(c, list->p[i], &w, below);
	}
}

static void check(struct checker *c, const struct type_rules *s, const struct structural_where *at,
		  struct state st)
{
	const struct structural_limits *l = s->limits;
	struct structural_where not_at = { .up = at, .kind = WHERE_CHILD, .name = S("not") };
	size_t before = c->errors->n;

	st.in_scope |= s->rules_n > 0;
	st.no_types |= st.in_scope && !(s->decl && s->decl->exposed);
	check_type(c, s, at, &st);
	if (s->additional != STRUCTURAL_NO_WORD)
		check_values(c, s, at, &st);
	check_properties(c, s, at, &st);
	if (l->not_) {
		struct state below = st;

		below.root = below.cel = false;
		check(c, l->not_, &not_at, below);
	}
	check_nested(c, &l->all_of, "allOf", at, &st);
	check_nested(c, &l->one_of, "oneOf", at, &st);
	check_nested(c, &l->any_of, "anyOf", at, &st);
	check_items(c, s, at, &st);
	check_topology(c, s, at);
	check_keys(c, s, at);
	check_identity(c, s, at);
	check_rules(c, s, at, &st, before);
}

static void check_total(struct checker *c, const struct structural_where *at)
{
	if (c->total.cost <= STRUCTURAL_TOTAL_COST_MAX)
		return;
	for (size_t i = 0; i < c->total.n; i++)
		fielderr_forbidden(c->rules, c->total.dearest[i].path,
				   "contributed to estimated rule cost total exceeding cost limit for "
				   "entire OpenAPIv3 schema");
	say_cost(c, structural_where_path(c->arena, at),
		 "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
		 c->total.cost, STRUCTURAL_TOTAL_COST_MAX);
}

void structural_check_words(struct fielderrs *e, const struct structural_where *at,
			    const struct type_rules *s, bool cel)
{
	struct fielderrs rules = { .arena = e->arena };
	struct checker c = { e->arena, e, &rules, { 0 } };
	struct state st = { .root = true, .cel = cel, .cardinality = 1 };

	check(&c, s, at, st);
	check_total(&c, at);
	for (size_t i = 0; i < rules.n; i++)
		fielderr_add(e, rules.list[i].type, rules.list[i].path, rules.list[i].text);
}

/* ---- all of it --------------------------------------------------------- */

/* What a root may say beside /status, in the order of the message. */
static const struct {
	const char *go, *word;
} root_words[] = {
	{ "Description", "description" },	{ "Type", "type" },
	{ "Format", "format" },			{ "Title", "title" },
	{ "Maximum", "maximum" },		{ "ExclusiveMaximum", "exclusiveMaximum" },
	{ "Minimum", "minimum" },		{ "ExclusiveMinimum", "exclusiveMinimum" },
	{ "MaxLength", "maxLength" },		{ "MinLength", "minLength" },
	{ "Pattern", "pattern" },		{ "MaxItems", "maxItems" },
	{ "MinItems", "minItems" },		{ "UniqueItems", "uniqueItems" },
	{ "MultipleOf", "multipleOf" },		{ "Required", "required" },
	{ "Items", "items" },			{ "Properties", "properties" },
	{ "ExternalDocs", "externalDocs" },	{ "Example", "example" },
	{ "XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields" },
	{ "XValidations", "x-kubernetes-validations" },
};

enum { ROOT_WORDS_N = sizeof root_words / sizeof *root_words };

static bool is_root_word(str word)
{
	for (size_t i = 0; i < ROOT_WORDS_N; i++)
		if (str_eq(word, str_c(root_words[i].word)))
			return true;
	return false;
}

static void check_root_words(struct fielderrs *e, const struct structural_where *at,
			     const struct type_rules *s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool bad = false;

	node_each_pair(p, s->source)
		bad |= !is_root_word(node_str(p->key)) && !structural_says_nothing(p->value);
	if (!bad)
		return;
	buf_add(&b, S("Invalid value: "));
	gostruct_print(&b, s->source, &gostruct_schema);
	buf_add(&b, S(": only ["));
	for (size_t i = 0; i < ROOT_WORDS_N; i++)
		buf_addf(&b, "%s%s", i ? " " : "", root_words[i].go);
	buf_add(&b, S("] fields are allowed at the root of the schema if the status subresource is "
		      "enabled"));
	fielderr_add(e, FIELDERR_INVALID, structural_where_path(e->arena, at),
		     arena_str(e->arena, buf_str(&b)));
}

/* With /status the root of a schema may only hold words that do not touch it. */
static void check_root(struct fielderrs *e, const struct structural_where *at,
		       const struct type_rules *s, bool status)
{
	if (status && s->kind != STRUCTURAL_OBJECT)
		fielderr_invalid(e, structural_check_path(e->arena, at, "type"),
				 node_from_str(e->arena, structural_type_text(s)),
				 "only \"object\" is allowed as the type at the root of the schema if the "
				 "status subresource is enabled");
	if (status)
		check_root_words(e, at, s);
	if (s->nullable)
		fielderr_forbidden(e, structural_check_path(e->arena, at, "nullable"),
				   "nullable cannot be true at the root");
}

err *structural_check_schema(const struct structural_schema *o, node schema)
{
	struct fielderrs own = { .arena = o->errors->arena }, *e = &own;
	struct structural_where at = { .kind = WHERE_START, .name = o->path };
	struct type_rules *s;
	size_t before;

	TRY(structural_read(e->arena, schema, &s));
	check_root(e, &at, s, o->status);
	err *refused = structural_refused(s);
	bool cel = false;

	before = e->n;
	if (!refused)
		structural_check_shape(e, &at, s);
	if (!refused && e->n == before) {
		structural_compile_rules(e->arena, s);
		structural_check_defaults(e, o->meta, &at, s);
		cel = e->n == before;
	}
	structural_check_words(e, &at, s, cel);
	if (refused && !e->n)
		fielderr_invalid(e, o->path, node_lit(""), "%s", err_msg(refused));
	err_free(refused);
	for (size_t i = 0; i < own.n; i++)
		fielderr_add(o->errors, own.list[i].type, own.list[i].path, own.list[i].text);
	return NULL;
}
