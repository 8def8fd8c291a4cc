/* Whether a schema is structural: every value has its type on the spine, and
 * what combines schemas only restricts values. */
#include "schema/structural_check.h"

#include "base/sort.h"

enum level { LEVEL_ROOT, LEVEL_ITEM, LEVEL_FIELD };

struct shape {
	struct arena *arena;
	struct fielderrs *errors;
};

static str place(const struct shape *c, const struct structural_where *at, const char *below)
{
	return structural_check_path(c->arena, at, below);
}

static void forbid(const struct shape *c, const struct structural_where *at, const char *word,
		   const char *why)
{
	fielderr_forbidden(c->errors, place(c, at, word), "%s", why);
}

bool structural_says_nothing(node n)
{
	return n.kind <= NODE_NULL || (n.kind == NODE_BOOL && !node_bool(n)) ||
	       (n.kind == NODE_STR && !node_str(n).n) ||
	       ((n.kind == NODE_SEQ || n.kind == NODE_MAP) && !node_len(n));
}

/* Nothing but these words (and such as say nothing). */
static bool has_only(node schema, const str *words, size_t n)
{
	node_each_pair(p, schema) {
		size_t i = 0;

		while (i < n && !str_eq(words[i], node_str(p->key)))
			i++;
		if (i == n && !structural_says_nothing(p->value))
			return false;
	}
	return true;
}

static bool is_bare_type(const struct type_rules *s, enum structural_kind kind)
{
	static const str type = S("type");

	return s->kind == kind && has_only(s->source, &type, 1);
}

/* anyOf: [{type: integer}, {type: string}] */
static bool is_int_or_string(const struct type_rules *s)
{
	const struct structural_list *any = &s->limits->any_of;

	return any->n == 2 && is_bare_type(any->p[0], STRUCTURAL_INTEGER) &&
	       is_bare_type(any->p[1], STRUCTURAL_STRING);
}

/* ---- below allOf, anyOf, oneOf, not ------------------------------------ */

static void check_nested(const struct shape *c, const struct type_rules *s, bool skip_any,
			 const struct structural_where *at);

static void check_nested_list(const struct shape *c, const struct structural_list *list,
			      const char *word, bool skip_first_any,
			      const struct structural_where *at)
{
	struct structural_where of = { .up = at, .kind = WHERE_CHILD, .name = str_c(word) };

	for (size_t i = 0; i < list->n; i++) {
		struct structural_where w = { .up = &of, .kind = WHERE_INDEX, .index = i };

		check_nested(c, list->p[i], skip_first_any && !i, &w);
	}
}

static void check_limits(const struct shape *c, const struct type_rules *s, bool skip_any,
			 bool skip_first_any, const struct structural_where *at)
{
	const struct structural_limits *l = s->limits;
	struct structural_where not_at = { .up = at, .kind = WHERE_CHILD, .name = S("not") };
	const struct regex *re;

	if (!skip_any)
		check_nested_list(c, &l->any_of, "anyOf", false, at);
	check_nested_list(c, &l->all_of, "allOf", skip_first_any, at);
	check_nested_list(c, &l->one_of, "oneOf", false, at);
	if (l->not_)
		check_nested(c, l->not_, false, &not_at);
	if (!l->pattern.n || l->regex)
		return;
	err *e = regex_compile(c->arena, l->pattern, &re);

	if (e)
		fielderr_invalid(c->errors, place(c, at, "pattern"), node_from_str(c->arena, l->pattern),
				 "must be a valid regular expression, but isn't: %s", err_msg(e));
	err_free(e);
}

static void check_forbidden(const struct shape *c, const struct type_rules *s,
			    const struct structural_where *at)
{
	const struct {
		const char *word, *why;
		bool there;
	} words[] = {
		{ "type", "must be empty to be structural", s->kind != STRUCTURAL_UNTYPED },
		{ "additionalProperties", "must be undefined to be structural",
		  s->additional >= STRUCTURAL_TRUE },
		{ "default", "must be undefined to be structural", s->fallback.kind },
		{ "title", "must be empty to be structural",
		  !structural_says_nothing(node_get(s->source, S("title"))) },
		{ "description", "must be empty to be structural",
		  !structural_says_nothing(node_get(s->source, S("description"))) },
		{ "nullable", "must be false to be structural", s->nullable },
		{ "x-kubernetes-preserve-unknown-fields", "must be false to be structural",
		  s->preserve },
		{ "x-kubernetes-embedded-resource", "must be false to be structural", s->embedded },
		{ "x-kubernetes-int-or-string", "must be false to be structural", s->int_or_string },
		{ "x-kubernetes-list-map-keys", "must be empty to be structural", s->keys_n },
		{ "x-kubernetes-list-type", "must be undefined to be structural",
		  s->list_type != STRUCTURAL_PLAIN },
		{ "x-kubernetes-map-type", "must be undefined to be structural",
		  s->map_type != STRUCTURAL_PLAIN },
		{ "x-kubernetes-validations", "must be empty to be structural", s->rules_n },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].there)
			forbid(c, at, words[i].word, words[i].why);
}

static void check_nested(const struct shape *c, const struct type_rules *s, bool skip_any,
			 const struct structural_where *at)
{
	struct structural_where items = { .up = at, .kind = WHERE_CHILD, .name = S("items") };
	struct structural_where properties = { .up = at, .kind = WHERE_CHILD,
					       .name = S("properties") };

	check_limits(c, s, skip_any, false, at);
	if (s->items)
		check_nested(c, s->items, false, &items);
	for (size_t i = 0; i < s->fields_n; i++) {
		struct structural_where w = { .up = &properties, .kind = WHERE_KEY,
					      .name = s->fields[i].name };

		check_nested(c, s->fields[i].schema, false, &w);
	}
	check_forbidden(c, s, at);
	if (structural_field(s, S("metadata")))
		forbid(c, at, "properties[metadata]", "must not be specified in a nested context");
}

/* ---- the spine --------------------------------------------------------- */

static void need_type(const struct shape *c, const struct type_rules *s, enum level level,
		      const struct structural_where *at)
{
	static const char *const empty[] = {
		[LEVEL_ROOT] = "must not be empty at the root",
		[LEVEL_ITEM] = "must not be empty for specified array items",
		[LEVEL_FIELD] = "must not be empty for specified object fields",
	};
	node type = node_from_str(c->arena, structural_type_text(s));
	bool untyped = s->kind == STRUCTURAL_UNTYPED;

	if (s->embedded && untyped)
		fielderr_required(c->errors, place(c, at, "type"),
				  "must be object if x-kubernetes-embedded-resource is true");
	else if (s->embedded && s->kind != STRUCTURAL_OBJECT)
		fielderr_invalid(c->errors, place(c, at, "type"), type,
				 "must be object if x-kubernetes-embedded-resource is true");
	else if (untyped && !s->int_or_string && !s->preserve)
		fielderr_required(c->errors, place(c, at, "type"), "%s", empty[level]);
	if (s->embedded && s->additional != STRUCTURAL_NO_WORD)
		forbid(c, at, "additionalProperties",
		       "must not be used if x-kubernetes-embedded-resource is set");
	if (level == LEVEL_ROOT && !untyped && s->kind != STRUCTURAL_OBJECT)
		fielderr_invalid(c->errors, place(c, at, "type"), type, "must be object at the root");
}

/* At the root, metadata may only restrict names. */
static bool restricts_names_only(const struct type_rules *s)
{
	static const str words[] = { S("type"), S("default"), S("properties") };

	for (size_t i = 0; i < s->fields_n; i++)
		if (!str_eq(s->fields[i].name, S("name")) &&
		    !str_eq(s->fields[i].name, S("generateName")))
			return false;
	return has_only(s->source, words, sizeof words / sizeof *words);
}

static void check_metadata(const struct shape *c, const struct type_rules *s, enum level level,
			   const struct structural_where *at)
{
	static const char *const texts[] = { "kind", "apiVersion" };
	bool whole = level == LEVEL_ROOT || s->embedded;
	const struct type_rules *meta = structural_field(s, S("metadata"));

	for (size_t i = 0; whole && i < sizeof texts / sizeof *texts; i++) {
		const struct type_rules *f = structural_field(s, str_c(texts[i]));

		if (f && f->kind != STRUCTURAL_STRING)
			fielderr_invalid(c->errors,
					 fielderr_path(c->arena, place(c, at, "properties"),
						       "[%s].type", texts[i]),
					 node_from_str(c->arena, structural_type_text(f)),
					 "must be string");
	}
	if (!meta)
		return;
	str path = place(c, at, "properties[metadata]");

	if (whole && meta->kind != STRUCTURAL_OBJECT)
		fielderr_invalid(c->errors, fielderr_path(c->arena, path, ".type"),
				 node_from_str(c->arena, structural_type_text(meta)), "must be object");
	if (level == LEVEL_ROOT && !restricts_names_only(meta))
		fielderr_forbidden(c->errors, path,
				   "must not specify anything other than name and generateName, but "
				   "metadata is implicitly specified");
}

static void check_extensions(const struct shape *c, const struct type_rules *s,
			     const struct structural_where *at)
{
	if (s->int_or_string && s->preserve)
		fielderr_invalid(c->errors, place(c, at, "x-kubernetes-preserve-unknown-fields"),
				 node_from_bool(true),
				 "must be false if x-kubernetes-int-or-string is true");
	if (s->int_or_string && s->embedded)
		fielderr_invalid(c->errors, place(c, at, "x-kubernetes-embedded-resource"),
				 node_from_bool(true),
				 "must be false if x-kubernetes-int-or-string is true");
}

static void check_spine(const struct shape *c, const struct type_rules *s, enum level level,
			const struct structural_where *at);

static void check_below(const struct shape *c, const struct type_rules *s, enum level level,
			const struct structural_where *at)
{
	struct structural_where items = { .up = at, .kind = WHERE_CHILD, .name = S("items") };
	struct structural_where more = { .up = at, .kind = WHERE_CHILD,
					 .name = S("additionalProperties") };
	struct structural_where properties = { .up = at, .kind = WHERE_CHILD,
					       .name = S("properties") };

	if (s->kind == STRUCTURAL_ARRAY && !s->items)
		fielderr_required(c->errors, place(c, at, "items"), "must be specified");
	if (s->items)
		check_spine(c, s->items, LEVEL_ITEM, &items);
	for (size_t i = 0; i < s->fields_n; i++) {
		struct structural_where w = { .up = &properties, .kind = WHERE_KEY,
					      .name = s->fields[i].name };

		check_spine(c, s->fields[i].schema, LEVEL_FIELD, &w);
	}
	if (level == LEVEL_ROOT && s->additional != STRUCTURAL_NO_WORD)
		forbid(c, at, "additionalProperties", "must not be used at the root");
	if (s->values)
		check_spine(c, s->values, LEVEL_FIELD, &more);
}

static void check_spine(const struct shape *c, const struct type_rules *s, enum level level,
			const struct structural_where *at)
{
	const struct structural_list *all = &s->limits->all_of;

	check_below(c, s, level, at);
	check_extensions(c, s, at);
	check_limits(c, s, is_int_or_string(s), all->n && is_int_or_string(all->p[0]), at);
	need_type(c, s, level, at);
	check_metadata(c, s, level, at);
	if (s->embedded && !s->preserve && !s->fields_n)
		fielderr_required(c->errors, place(c, at, "properties"),
				  "must not be empty if x-kubernetes-embedded-resource is true without "
				  "x-kubernetes-preserve-unknown-fields");
}

/* ---- every restriction has something that it restricts ----------------- */

static void complete(const struct shape *c, const struct type_rules *v, const struct type_rules *s,
		     const struct structural_where *s_at, const struct structural_where *v_at);

static void complete_list(const struct shape *c, const struct structural_list *list,
			  const char *word, const struct type_rules *s,
			  const struct structural_where *s_at, const struct structural_where *v_at)
{
	struct structural_where of = { .up = v_at, .kind = WHERE_CHILD, .name = str_c(word) };

	for (size_t i = 0; i < list->n; i++) {
		struct structural_where w = { .up = &of, .kind = WHERE_INDEX, .index = i };

		complete(c, list->p[i], s, s_at, &w);
	}
}

static void complete_limits(const struct shape *c, const struct type_rules *v,
			    const struct type_rules *s, const struct structural_where *s_at,
			    const struct structural_where *v_at)
{
	const struct structural_limits *l = v->limits;
	struct structural_where not_at = { .up = v_at, .kind = WHERE_CHILD, .name = S("not") };

	if (l->not_)
		complete(c, l->not_, s, s_at, &not_at);
	complete_list(c, &l->all_of, "allOf", s, s_at, v_at);
	complete_list(c, &l->any_of, "anyOf", s, s_at, v_at);
	complete_list(c, &l->one_of, "oneOf", s, s_at, v_at);
}

static void complete(const struct shape *c, const struct type_rules *v, const struct type_rules *s,
		     const struct structural_where *s_at, const struct structural_where *v_at)
{
	if (!s) {
		str where = structural_where_path(c->arena, v_at);

		fielderr_required(c->errors, structural_where_path(c->arena, s_at),
				  "because it is defined in %.*s", STR_ARG(where));
		return;
	}
	struct structural_where s_items = { .up = s_at, .kind = WHERE_CHILD, .name = S("items") };
	struct structural_where v_items = { .up = v_at, .kind = WHERE_CHILD, .name = S("items") };
	struct structural_where s_fields = { .up = s_at, .kind = WHERE_CHILD, .name = S("properties") };
	struct structural_where v_fields = { .up = v_at, .kind = WHERE_CHILD, .name = S("properties") };

	complete_limits(c, v, s, s_at, v_at);
	if (v->items)
		complete(c, v->items, s->items, &s_items, &v_items);
	for (size_t i = 0; i < v->fields_n; i++) {
		str name = v->fields[i].name;
		struct structural_where s_w = { .up = &s_fields, .kind = WHERE_KEY, .name = name };
		struct structural_where v_w = { .up = &v_fields, .kind = WHERE_KEY, .name = name };

		complete(c, v->fields[i].schema, structural_field(s, name), &s_w, &v_w);
	}
}

/* ---- all of it --------------------------------------------------------- */

static int by_text(const void *a, const void *b, void *ctx)
{
	const struct fielderr *x = a, *y = b;
	int c = str_cmp(arena_cat(ctx, x->path, S(": "), x->text),
			arena_cat(ctx, y->path, S(": "), y->text));

	return c;
}

void structural_check_shape(struct fielderrs *e, const struct structural_where *at,
			    const struct type_rules *s)
{
	struct fielderrs own = { .arena = e->arena };
	struct shape c = { e->arena, &own };

	check_spine(&c, s, LEVEL_ROOT, at);
	complete_limits(&c, s, s, at, at);
	sort_stable(own.list, own.n, sizeof *own.list, by_text, e->arena);
	for (size_t i = 0; i < own.n; i++)
		fielderr_add(e, own.list[i].type, own.list[i].path, own.list[i].text);
}
