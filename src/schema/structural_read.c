/* From the node of an openAPIV3Schema to struct type_rules. */
#include "schema/structural_impl.h"

#include "base/sort.h"
#include "base/vec.h"

static const str kind_names[] = {
	[STRUCTURAL_UNTYPED] = S(""),	      [STRUCTURAL_OBJECT] = S("object"),
	[STRUCTURAL_ARRAY] = S("array"),      [STRUCTURAL_STRING] = S("string"),
	[STRUCTURAL_INTEGER] = S("integer"),  [STRUCTURAL_NUMBER] = S("number"),
	[STRUCTURAL_BOOLEAN] = S("boolean"),  [STRUCTURAL_NULL] = S("null"),
};

static const struct structural_limits no_limits = { 0 };

/* The words that are looked at, sorted. */
enum word {
	W_ADDITIONAL_PROPERTIES,
	W_ALL_OF,
	W_ANY_OF,
	W_DEFAULT,
	W_ENUM,
	W_EXCLUSIVE_MAXIMUM,
	W_EXCLUSIVE_MINIMUM,
	W_FORMAT,
	W_ITEMS,
	W_MAX_ITEMS,
	W_MAX_LENGTH,
	W_MAX_PROPERTIES,
	W_MAXIMUM,
	W_MIN_ITEMS,
	W_MIN_LENGTH,
	W_MIN_PROPERTIES,
	W_MINIMUM,
	W_MULTIPLE_OF,
	W_NOT,
	W_NULLABLE,
	W_ONE_OF,
	W_PATTERN,
	W_PROPERTIES,
	W_REQUIRED,
	W_TYPE,
	W_UNIQUE_ITEMS,
	W_X_EMBEDDED_RESOURCE,
	W_X_INT_OR_STRING,
	W_X_LIST_MAP_KEYS,
	W_X_LIST_TYPE,
	W_X_MAP_TYPE,
	W_X_PRESERVE_UNKNOWN_FIELDS,
	W_X_VALIDATIONS,
	WORDS_N,
};

static const str words[WORDS_N] = {
	[W_ADDITIONAL_PROPERTIES] = S("additionalProperties"),
	[W_ALL_OF] = S("allOf"),
	[W_ANY_OF] = S("anyOf"),
	[W_DEFAULT] = S("default"),
	[W_ENUM] = S("enum"),
	[W_EXCLUSIVE_MAXIMUM] = S("exclusiveMaximum"),
	[W_EXCLUSIVE_MINIMUM] = S("exclusiveMinimum"),
	[W_FORMAT] = S("format"),
	[W_ITEMS] = S("items"),
	[W_MAX_ITEMS] = S("maxItems"),
	[W_MAX_LENGTH] = S("maxLength"),
	[W_MAX_PROPERTIES] = S("maxProperties"),
	[W_MAXIMUM] = S("maximum"),
	[W_MIN_ITEMS] = S("minItems"),
	[W_MIN_LENGTH] = S("minLength"),
	[W_MIN_PROPERTIES] = S("minProperties"),
	[W_MINIMUM] = S("minimum"),
	[W_MULTIPLE_OF] = S("multipleOf"),
	[W_NOT] = S("not"),
	[W_NULLABLE] = S("nullable"),
	[W_ONE_OF] = S("oneOf"),
	[W_PATTERN] = S("pattern"),
	[W_PROPERTIES] = S("properties"),
	[W_REQUIRED] = S("required"),
	[W_TYPE] = S("type"),
	[W_UNIQUE_ITEMS] = S("uniqueItems"),
	[W_X_EMBEDDED_RESOURCE] = S("x-kubernetes-embedded-resource"),
	[W_X_INT_OR_STRING] = S("x-kubernetes-int-or-string"),
	[W_X_LIST_MAP_KEYS] = S("x-kubernetes-list-map-keys"),
	[W_X_LIST_TYPE] = S("x-kubernetes-list-type"),
	[W_X_MAP_TYPE] = S("x-kubernetes-map-type"),
	[W_X_PRESERVE_UNKNOWN_FIELDS] = S("x-kubernetes-preserve-unknown-fields"),
	[W_X_VALIDATIONS] = S("x-kubernetes-validations"),
};

/* Where a number of a limit goes. */
static const struct {
	enum word word;
	uint16_t bit;
	bool whole;
	size_t offset;
} numbers[] = {
	{ W_MAXIMUM, HAS_MAXIMUM, false, offsetof(struct structural_limits, maximum) },
	{ W_MINIMUM, HAS_MINIMUM, false, offsetof(struct structural_limits, minimum) },
	{ W_MULTIPLE_OF, HAS_MULTIPLE_OF, false, offsetof(struct structural_limits, multiple_of) },
	{ W_MAX_LENGTH, HAS_MAX_LENGTH, true, offsetof(struct structural_limits, max_length) },
	{ W_MIN_LENGTH, HAS_MIN_LENGTH, true, offsetof(struct structural_limits, min_length) },
	{ W_MAX_ITEMS, HAS_MAX_ITEMS, true, offsetof(struct structural_limits, max_items) },
	{ W_MIN_ITEMS, HAS_MIN_ITEMS, true, offsetof(struct structural_limits, min_items) },
	{ W_MAX_PROPERTIES, HAS_MAX_PROPERTIES, true,
	  offsetof(struct structural_limits, max_properties) },
	{ W_MIN_PROPERTIES, HAS_MIN_PROPERTIES, true,
	  offsetof(struct structural_limits, min_properties) },
};

struct reader {
	struct arena *arena;
	size_t nodes;
};

static err *read(struct reader *r, node n, size_t depth, struct type_rules **out);

static str text(node n)
{
	return node_str_or(n, STR_NONE);
}

static str text_of(node n, str key)
{
	return text(node_get(n, key));
}

/* Pick the known words of a schema. */
static void pick(node n, node w[WORDS_N])
{
	memset(w, 0, WORDS_N * sizeof *w);
	node_each_pair(p, n) {
		size_t i = sort_search(words, WORDS_N, node_str(p->key));

		if (i < WORDS_N && str_eq(words[i], node_str(p->key)))
			w[i] = p->value;
	}
}

static size_t read_texts(struct arena *a, node list, const str **out)
{
	size_t n = node_len(list), k = 0;

	if (list.kind != NODE_SEQ || !n)
		return 0;
	str *texts = arena_array(a, str, n);

	node_each_item(item, list)
		texts[k++] = node_str_or(*item, STR_NONE);
	*out = texts;
	return k;
}

static uint8_t topology(node n)
{
	static const struct {
		str name;
		uint8_t type;
	} names[] = {
		{ S("atomic"), STRUCTURAL_ATOMIC },	{ S("set"), STRUCTURAL_SET },
		{ S("map"), STRUCTURAL_MAP },		{ S("granular"), STRUCTURAL_GRANULAR },
	};

	if (n.kind != NODE_STR)
		return STRUCTURAL_PLAIN;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(node_str(n), names[i].name))
			return names[i].type;
	return STRUCTURAL_STRANGE;
}

static uint8_t kind_of(str name)
{
	for (size_t i = 0; i < STRUCTURAL_OTHER; i++)
		if (str_eq(name, kind_names[i]))
			return (uint8_t)i;
	return STRUCTURAL_OTHER;
}

str structural_type_text(const struct type_rules *s)
{
	return s->kind == STRUCTURAL_OTHER ? text_of(s->source, S("type")) : kind_names[s->kind];
}

static err *read_list(struct reader *r, node list, size_t depth, struct structural_list *out)
{
	if (list.kind != NODE_SEQ || !node_len(list))
		return NULL;
	out->p = arena_array(r->arena, struct type_rules *, node_len(list));
	node_each_item(item, list)
		TRY(read(r, *item, depth, &out->p[out->n++]));
	return NULL;
}

/* A pattern that is none refuses every text. */
static void read_pattern(struct arena *a, struct structural_limits *l)
{
	err *e = regex_compile(a, l->pattern, &l->regex);

	if (e)
		l->pattern_fault = arena_str(a, err_text(e));
	err_free(e);
}

static void read_numbers(struct structural_limits *l, const node *w)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		node v = w[numbers[i].word];
		char *to = (char *)l + numbers[i].offset;

		if (!node_is_num(v) || (numbers[i].whole && v.kind == NODE_FLOAT))
			continue;
		l->has |= numbers[i].bit;
		if (numbers[i].whole)
			*(int64_t *)(void *)to = node_int(v);
		else
			*(double *)(void *)to = node_float(v);
	}
}

static bool has_limits(const node *w)
{
	static const enum word others[] = {
		W_ALL_OF, W_ANY_OF, W_ENUM, W_EXCLUSIVE_MAXIMUM, W_EXCLUSIVE_MINIMUM,
		W_NOT, W_ONE_OF, W_PATTERN, W_UNIQUE_ITEMS,
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (w[others[i]].kind)
			return true;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (w[numbers[i].word].kind)
			return true;
	return false;
}

static err *read_limits(struct reader *r, const node *w, size_t depth, struct type_rules *s)
{
	s->limits = &no_limits;
	if (!has_limits(w))
		return NULL;
	struct structural_limits *l = arena_new(r->arena, struct structural_limits);

	s->limits = l;
	read_numbers(l, w);
	l->exclusive_maximum = node_bool(w[W_EXCLUSIVE_MAXIMUM]);
	l->exclusive_minimum = node_bool(w[W_EXCLUSIVE_MINIMUM]);
	l->unique_items = node_bool(w[W_UNIQUE_ITEMS]);
	l->pattern = text(w[W_PATTERN]);
	if (l->pattern.n)
		read_pattern(r->arena, l);
	if (w[W_ENUM].kind == NODE_SEQ && node_len(w[W_ENUM]))
		l->enums = w[W_ENUM];
	TRY(read_list(r, w[W_ALL_OF], depth, &l->all_of));
	TRY(read_list(r, w[W_ANY_OF], depth, &l->any_of));
	TRY(read_list(r, w[W_ONE_OF], depth, &l->one_of));
	return w[W_NOT].kind == NODE_MAP ? read(r, w[W_NOT], depth, &l->not_) : NULL;
}

static void read_rules(struct reader *r, node list, struct type_rules *s)
{
	if (list.kind != NODE_SEQ || !node_len(list))
		return;
	s->rules = arena_array(r->arena, struct structural_rule, node_len(list));
	s->rules_below = true;
	node_each_item(item, list) {
		struct structural_rule *rule = &s->rules[s->rules_n++];
		node reason = node_get(*item, S("reason"));
		node optional = node_get(*item, S("optionalOldSelf"));

		rule->rule = text_of(*item, S("rule"));
		rule->message = text_of(*item, S("message"));
		rule->message_expression = text_of(*item, S("messageExpression"));
		rule->field_path = text_of(*item, S("fieldPath"));
		rule->reason = node_str_or(reason, STR_NONE);
		rule->has_reason = reason.kind == NODE_STR;
		rule->has_optional = optional.kind == NODE_BOOL;
		rule->optional_old_self = node_bool(optional);
	}
}

static int by_name(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct structural_field *)a)->name,
		       ((const struct structural_field *)b)->name);
}

static err *read_properties(struct reader *r, node map, size_t depth, struct type_rules *s)
{
	if (map.kind != NODE_MAP || !node_len(map))
		return NULL;
	struct structural_field *fields =
		arena_array(r->arena, struct structural_field, node_len(map));

	node_each_pair(p, map) {
		struct structural_field *f = &fields[s->fields_n++];

		f->name = node_str(p->key);
		TRY(read(r, p->value, depth, &f->schema));
		s->rules_below |= f->schema->rules_below;
	}
	sort_stable(fields, s->fields_n, sizeof *fields, by_name, NULL);
	s->fields = fields;
	return NULL;
}

static err *read_below(struct reader *r, const node *w, size_t depth, struct type_rules *s)
{
	node items = w[W_ITEMS], more = w[W_ADDITIONAL_PROPERTIES];

	TRY(read_properties(r, w[W_PROPERTIES], depth, s));
	s->has_items = !node_is_nil(items);
	s->items_list = items.kind == NODE_SEQ && node_len(items);
	if (items.kind == NODE_MAP) {
		TRY(read(r, items, depth, &s->items));
		s->rules_below |= s->items->rules_below;
	}
	if (more.kind == NODE_BOOL) {
		s->additional = node_bool(more) ? STRUCTURAL_TRUE : STRUCTURAL_FALSE;
	} else if (more.kind == NODE_MAP) {
		s->additional = STRUCTURAL_SCHEMA;
		TRY(read(r, more, depth, &s->values));
		s->rules_below |= s->values->rules_below;
	}
	return NULL;
}

static void read_words(struct reader *r, const node *w, struct type_rules *s)
{
	node preserve = w[W_X_PRESERVE_UNKNOWN_FIELDS];

	s->kind = kind_of(text(w[W_TYPE]));
	s->format = text(w[W_FORMAT]);
	s->nullable = node_bool(w[W_NULLABLE]);
	if (!node_is_nil(w[W_DEFAULT]))
		s->fallback = w[W_DEFAULT];
	s->int_or_string = node_bool(w[W_X_INT_OR_STRING]);
	s->embedded = node_bool(w[W_X_EMBEDDED_RESOURCE]);
	s->preserve = node_bool(preserve);
	s->preserve_false = preserve.kind == NODE_BOOL && !s->preserve;
	s->list_type = topology(w[W_X_LIST_TYPE]);
	s->map_type = topology(w[W_X_MAP_TYPE]);
	s->keys_n = read_texts(r->arena, w[W_X_LIST_MAP_KEYS], &s->keys);
	s->required_n = read_texts(r->arena, w[W_REQUIRED], &s->required);
	read_rules(r, w[W_X_VALIDATIONS], s);
}

static err *read(struct reader *r, node n, size_t depth, struct type_rules **out)
{
	struct type_rules *s = arena_new(r->arena, struct type_rules);
	node w[WORDS_N];

	if (depth > STRUCTURAL_DEPTH_MAX)
		return err_new(ERR_INVALID, "the schema is nested deeper than %d levels",
			       STRUCTURAL_DEPTH_MAX);
	if (++r->nodes > STRUCTURAL_NODES_MAX)
		return err_new(ERR_INVALID, "the schema has more than %d parts",
			       STRUCTURAL_NODES_MAX);
	*out = s;
	s->source = n;
	pick(n, w);
	read_words(r, w, s);
	TRY(read_limits(r, w, depth + 1, s));
	return read_below(r, w, depth + 1, s);
}

err *structural_read(struct arena *a, node schema, struct type_rules **out)
{
	struct reader r = { .arena = a };

	return read(&r, schema, 0, out);
}

/* ---- what is not structural at all ------------------------------------- */

static err *refused_word(const struct type_rules *s)
{
	static const str texts[] = { S("id"), S("$schema"), S("$ref") };
	static const str maps[] = { S("patternProperties"), S("dependencies") };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (text_of(s->source, texts[i]).n)
			return err_new(ERR_INVALID, "OpenAPIV3Schema '%s' is not supported",
				       i == 1 ? "schema" : texts[i].p);
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
		if (node_len(node_get(s->source, maps[i])))
			return err_new(ERR_INVALID, "OpenAPIV3Schema '%s' is not supported", maps[i].p);
	if (!node_is_nil(node_get(s->source, S("additionalItems"))))
		return err_new(ERR_INVALID, "OpenAPIV3Schema 'additionalItems' is not supported");
	if (node_len(node_get(s->source, S("definitions"))))
		return err_new(ERR_INVALID, "OpenAPIV3Schema 'definitions' is not supported");
	return NULL;
}

static err *refused_list(const struct structural_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		TRY(structural_refused(list->p[i]));
	return NULL;
}

err *structural_refused(const struct type_rules *s)
{
	if (!s)
		return NULL;
	TRY(refused_word(s));
	TRY(structural_refused(s->limits->not_));
	TRY(refused_list(&s->limits->all_of));
	TRY(refused_list(&s->limits->any_of));
	TRY(refused_list(&s->limits->one_of));
	if (s->preserve_false)
		return err_new(ERR_INVALID, "internal error: 'x-kubernetes-preserve-unknown-fields' "
					    "must be true or undefined");
	if (s->items_list)
		return err_new(ERR_INVALID, "OpenAPIV3Schema 'items' must be a schema, but is an array");
	TRY(structural_refused(s->items));
	for (size_t i = 0; i < s->fields_n; i++)
		TRY(structural_refused(s->fields[i].schema));
	return structural_refused(s->values);
}

/* ---- looking up -------------------------------------------------------- */

struct type_rules *structural_field(const struct type_rules *s, str name)
{
	size_t low = 0, high = s ? s->fields_n : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = str_cmp(s->fields[mid].name, name);

		if (c == 0)
			return s->fields[mid].schema;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct type_rules *structural_below(const struct type_rules *s, str key)
{
	struct type_rules *f = structural_field(s, key);

	return f || !s ? f : s->values;
}

bool structural_step(const struct type_rules *s, str key, const struct type_rules **below)
{
	*below = structural_field(s, key);
	if (*below)
		return true;
	if (!s || s->additional == STRUCTURAL_NO_WORD)
		return false;
	*below = s->values;
	return true;
}
