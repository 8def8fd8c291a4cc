#include "cel/cel_check.h"

#include "cel/cel_decl.h"
#include "cel/cel_unify.h"

/* Variables of folds, innermost first. */
struct scope {
	const struct scope *outer;
	str name;
	const struct cel_type *type;
};

struct checker {
	struct arena *a;
	const struct cel_env *env;
	struct cel_issues *issues;
	struct cel_unifier types;
	const struct scope *scope;
};

#define ERROR_TYPE (&cel_types[CEL_TYPE_ERROR])
#define DYN_TYPE (&cel_types[CEL_DYN])

static void check(struct checker *c, struct cel_expr *e);

/* ---- complaints -------------------------------------------------------- */

static str shown(struct checker *c, const struct cel_type *t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	cel_type_print(&b, t);
	return arena_str(c->a, buf_str(&b));
}

static void mismatch(struct checker *c, uint32_t offset, const struct cel_type *want,
		     const struct cel_type *got)
{
	str w = shown(c, want), g = shown(c, got);

	cel_issues_add(c->issues, offset, "expected type '%.*s' but found '%.*s'", STR_ARG(w), STR_ARG(g));
}

static void undeclared(struct checker *c, uint32_t offset, str name)
{
	cel_issues_add(c->issues, offset, "undeclared reference to '%.*s' (in container '')",
		       STR_ARG(name));
}

static const struct cel_type *resolve(struct checker *c, const struct cel_type *t)
{
	return cel_unify_resolve(&c->types, t, false);
}

/* ---- names ------------------------------------------------------------- */

/* The name that a chain of selects spells; false when it is none. */
static bool spell(struct buf *b, const struct cel_expr *e)
{
	if (e->kind == CEL_E_IDENT) {
		buf_add(b, e->name);
		return true;
	}
	if (e->kind != CEL_E_SELECT || e->test || !spell(b, e->target))
		return false;
	buf_addc(b, '.');
	buf_add(b, e->name);
	return true;
}

static str without_dot(str name)
{
	str_take(&name, '.');
	return name;
}

static const struct cel_type *lookup(struct checker *c, str name)
{
	name = without_dot(name);
	for (const struct scope *s = c->scope; s; s = s->outer)
		if (str_eq(s->name, name))
			return s->type;
	size_t i = cel_env_find(c->env, name);

	if (i != STR_NPOS)
		return c->env->variables.p[i].type;
	const struct cel_type *t = cel_type_named(name, c->env->library == CEL_KUBERNETES);

	if (!t && c->env->patches)
		t = cel_type_made(c->a, name);
	if (t)
		return cel_type_type(c->a, t);
	return str_eq(name, S("google.protobuf.NullValue.NULL_VALUE")) ? &cel_types[CEL_INT] : NULL;
}

static const struct cel_function *lookup_function(struct checker *c, str name)
{
	name = without_dot(name);
	if (c->env->patches && str_eq(name, str_c(cel_func_escape_key.name)))
		return &cel_func_escape_key;
	return cel_func_find(c->env->library, name);
}

static void check_ident(struct checker *c, struct cel_expr *e)
{
	e->type = lookup(c, e->name);
	if (e->type) {
		e->name = without_dot(e->name);
		return;
	}
	e->type = ERROR_TYPE;
	undeclared(c, e->offset, e->name);
}

/* ---- fields ------------------------------------------------------------ */

static const struct cel_type *object_field(struct checker *c, const struct cel_expr *e,
					   const struct cel_type *object, str name)
{
	const struct cel_decl_field *f = cel_decl_escaped(object->decl, name);
	str escaped;

	/* words of the language may be written as they are */
	if (!f && cel_decl_escape(c->a, name, &escaped) && escaped.n == name.n + 4)
		f = cel_decl_escaped(object->decl, escaped);
	if (f && f->decl->exposed)
		return f->decl->cel_type;
	cel_issues_add(c->issues, e->offset, "undefined field '%.*s'", STR_ARG(name));
	return ERROR_TYPE;
}

static const struct cel_type *struct_field(struct checker *c, const struct cel_expr *e,
					   const struct cel_type *t, str name)
{
	if (t->kind == CEL_OBJECT)
		return object_field(c, e, t, name);
	if (t->kind == CEL_MADE) {
		const struct cel_type *of = cel_made_field(t, name);

		if (!of)
			cel_issues_add(c->issues, e->offset, "undefined field '%.*s'", STR_ARG(name));
		return of ? of : ERROR_TYPE;
	}
	cel_issues_add(c->issues, e->offset, "unexpected failed resolution of '%.*s'", STR_ARG(t->name));
	return ERROR_TYPE;
}

static bool is_struct(const struct cel_type *t)
{
	return t->kind == CEL_OBJECT || t->kind == CEL_QUANTITY || t->kind == CEL_URL ||
	       t->kind == CEL_FORMAT || t->kind == CEL_SEMVER || t->kind == CEL_AUTHORIZER ||
	       t->kind == CEL_MADE;
}

static const struct cel_type *select_field(struct checker *c, const struct cel_expr *e,
					   struct cel_expr *operand, str name, bool optional)
{
	check(c, operand);
	const struct cel_type *t = resolve(c, operand->type), *result = DYN_TYPE;

	if (t->kind == CEL_OPTIONAL) {
		t = t->params[0];
		optional = true;
	}
	if (t->kind == CEL_MAP) {
		result = t->params[1];
	} else if (is_struct(t)) {
		result = struct_field(c, e, t, name);
	} else if (t->kind == CEL_TYPE_PARAM) {
		cel_unify(&c->types, DYN_TYPE, t);
	} else if (t->kind != CEL_DYN && t->kind != CEL_TYPE_ERROR) {
		str s = shown(c, t);

		cel_issues_add(c->issues, e->offset, "type '%.*s' does not support field selection",
			       STR_ARG(s));
	}
	return optional ? cel_type_optional(c->a, result) : result;
}

static void check_select(struct checker *c, struct cel_expr *e)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;

	if (spell(&name, e)) {
		e->type = lookup(c, buf_str(&name));
		if (e->type) {
			e->is_ident = true;
			e->name = arena_str(c->a, without_dot(buf_str(&name)));
			return;
		}
	}
	const struct cel_type *t = select_field(c, e, e->target, e->name, false);

	e->type = e->test ? &cel_types[CEL_BOOL] : resolve(c, t);
}

static void check_opt_select(struct checker *c, struct cel_expr *e)
{
	const struct cel_type *t = select_field(c, e, e->args[0], e->args[1]->literal.s, true);

	e->args[1]->type = &cel_types[CEL_STRING];
	e->type = resolve(c, t);
	e->function = cel_func_find(c->env->library, e->name);
	e->overload = &e->function->overloads[0];
	e->overloads = 1;
}

/* ---- calls ------------------------------------------------------------- */

static void no_match(struct checker *c, const struct cel_expr *e, const struct cel_function *f,
		     const struct cel_type *const *types, size_t n, bool member)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t i = 0;

	if (member) {
		cel_type_print(&b, cel_unify_resolve(&c->types, types[i++], true));
		buf_addc(&b, '.');
	}
	buf_addc(&b, '(');
	for (size_t first = i; i < n; i++) {
		if (i > first)
			buf_add(&b, S(", "));
		cel_type_print(&b, cel_unify_resolve(&c->types, types[i], true));
	}
	cel_issues_add(c->issues, e->offset,
		       "found no matching overload for '%s' applied to '%.*s)'", f->name,
		       STR_ARG(buf_str(&b)));
}

/* && and || want booleans, and say so for each that is none. */
static void check_logic(struct checker *c, struct cel_expr *e)
{
	e->type = &cel_types[CEL_BOOL];
	for (size_t i = 0; i < e->n; i++)
		if (!cel_unify(&c->types, e->args[i]->type, &cel_types[CEL_BOOL])) {
			mismatch(c, e->args[i]->offset, &cel_types[CEL_BOOL], e->args[i]->type);
			e->type = ERROR_TYPE;
		}
	e->overload = &e->function->overloads[0];
	e->overloads = 1;
}

static bool names_param(const struct cel_type *t, uint32_t which)
{
	if (t->bare)
		return false;
	if (t->kind == CEL_TYPE_PARAM)
		return t->var == CEL_DECLARED_PARAM + which;
	for (size_t i = 0; i < t->n; i++)
		if (names_param(t->params[i], which))
			return true;
	return false;
}

/* New parameters for those that the overload declares. */
static void new_vars(struct checker *c, const struct cel_overload *o, const struct cel_type *vars[2])
{
	for (uint32_t which = 0; which < 2; which++) {
		bool used = names_param(o->result, which);

		for (size_t i = 0; i < o->n && !used; i++)
			used = names_param(o->args[i], which);
		vars[which] = used ? cel_unify_var(&c->types) : NULL;
	}
}

/* The result of one overload for arguments of those types, or NULL. */
static const struct cel_type *match(struct checker *c, const struct cel_overload *o,
				    const struct cel_type *const *types, size_t n)
{
	const struct cel_type *vars[2], *wanted[CEL_ARGS_MAX];

	new_vars(c, o, vars);
	if (n != o->n)
		return NULL;
	for (size_t i = 0; i < n; i++)
		wanted[i] = cel_unify_instance(&c->types, o->args[i], vars);
	if (!cel_unify_all(&c->types, types, wanted, n))
		return NULL;
	return resolve(c, cel_unify_instance(&c->types, o->result, vars));
}

static void check_overloads(struct checker *c, struct cel_expr *e)
{
	const struct cel_function *f = e->function;
	const struct cel_type **types = arena_array(c->a, const struct cel_type *, e->n + 1);
	const struct cel_type *result = NULL;
	size_t n = 0;

	if (e->member)
		types[n++] = e->target->type;
	for (size_t i = 0; i < e->n; i++)
		types[n++] = e->args[i]->type;
	if (str_eq(str_c(f->name), S("_&&_")) || str_eq(str_c(f->name), S("_||_"))) {
		check_logic(c, e);
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		const struct cel_overload *o = &f->overloads[i];

		if (!cel_func_has(o, c->env->library) || o->member != e->member)
			continue;
		const struct cel_type *t = match(c, o, types, n);

		if (!t)
			continue;
		e->overload = e->overloads ? NULL : o;
		e->overloads |= UINT64_C(1) << i;
		if (!result)
			result = t;
		else if (result->kind != CEL_DYN && !cel_type_equal(result, t))
			result = DYN_TYPE;
	}
	e->type = result ? result : ERROR_TYPE;
	if (!result)
		no_match(c, e, f, types, n, e->member);
}

static void check_call(struct checker *c, struct cel_expr *e)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;

	if (str_eq(e->name, S("_?._"))) {
		check_opt_select(c, e);
		return;
	}
	for (size_t i = 0; i < e->n; i++)
		check(c, e->args[i]);
	if (e->member && spell(&name, e->target)) {
		buf_addc(&name, '.');
		buf_add(&name, e->name);
		e->function = lookup_function(c, buf_str(&name));
		if (e->function) {
			e->member = false;
			e->name = str_c(e->function->name);
			check_overloads(c, e);
			return;
		}
	}
	if (e->member)
		check(c, e->target);
	e->function = lookup_function(c, e->name);
	if (e->function) {
		e->name = str_c(e->function->name);
		check_overloads(c, e);
		return;
	}
	e->type = ERROR_TYPE;
	undeclared(c, e->offset, e->name);
}

/* ---- lists, maps, messages --------------------------------------------- */

/* Items of different types are the validator's to complain of. */
static const struct cel_type *join(struct checker *c, const struct cel_type *before,
				   const struct cel_type *now)
{
	if (!before)
		return now;
	return cel_unify(&c->types, before, now) ? cel_unify_general(before, now) : DYN_TYPE;
}

/* What an optional item or value holds. */
static const struct cel_type *unwrapped(struct checker *c, const struct cel_entry *entry)
{
	const struct cel_type *t = entry->value->type;

	if (!entry->optional)
		return t;
	if (t->kind == CEL_OPTIONAL)
		return t->params[0];
	if (t->kind != CEL_DYN)
		mismatch(c, entry->value->offset, cel_type_optional(c->a, t), t);
	return t;
}

static void check_list(struct checker *c, struct cel_expr *e)
{
	const struct cel_type *elem = NULL;

	for (size_t i = 0; i < e->n; i++) {
		check(c, e->entries[i].value);
		elem = join(c, elem, unwrapped(c, &e->entries[i]));
	}
	e->type = cel_type_list(c->a, elem ? elem : cel_unify_var(&c->types));
}

static void check_map(struct checker *c, struct cel_expr *e)
{
	const struct cel_type *key = NULL, *value = NULL;

	for (size_t i = 0; i < e->n; i++) {
		check(c, e->entries[i].key);
		key = join(c, key, e->entries[i].key->type);
		check(c, e->entries[i].value);
		value = join(c, value, unwrapped(c, &e->entries[i]));
	}
	if (!key) {
		key = cel_unify_var(&c->types);
		value = cel_unify_var(&c->types);
	}
	e->type = cel_type_map(c->a, key, value);
}

/* `made`: of what patches are made of; NULL: a message of protobuf. */
static void check_message_fields(struct checker *c, struct cel_expr *e, str message,
				 const struct cel_type *made)
{
	for (size_t i = 0; i < e->n; i++) {
		struct cel_entry *f = &e->entries[i];
		const struct cel_type *want = made ? cel_made_field(made, f->field)
						   : cel_message_field(message, f->field);
		const struct cel_type *got;

		check(c, f->value);
		if (!made && !cel_message_exists(message))
			cel_issues_add(c->issues, f->offset, "unexpected failed resolution of '%.*s'",
				       STR_ARG(message));
		else if (!want)
			cel_issues_add(c->issues, f->offset, "undefined field '%.*s'", STR_ARG(f->field));
		got = unwrapped(c, f);
		want = want ? want : ERROR_TYPE;
		if (cel_unify(&c->types, want, got))
			continue;
		str w = shown(c, want), g = shown(c, got);

		cel_issues_add(c->issues, f->offset,
			       "expected type of field '%.*s' is '%.*s' but provided type is '%.*s'",
			       STR_ARG(f->field), STR_ARG(w), STR_ARG(g));
	}
}

/* The message that stands for a type with a meaning of its own. */
static str well_known_name(const struct cel_type *t)
{
	static const char *const plain[] = {
		[CEL_NULL] = "google.protobuf.NullValue",
		[CEL_TIMESTAMP] = "google.protobuf.Timestamp",
		[CEL_DURATION] = "google.protobuf.Duration",
	};
	static const char *const wrappers[] = {
		[CEL_BOOL] = "google.protobuf.BoolValue",     [CEL_INT] = "google.protobuf.Int64Value",
		[CEL_UINT] = "google.protobuf.UInt64Value",   [CEL_DOUBLE] = "google.protobuf.DoubleValue",
		[CEL_STRING] = "google.protobuf.StringValue", [CEL_BYTES] = "google.protobuf.BytesValue",
	};

	if (t->kind == CEL_DYN)
		return t->any ? S("google.protobuf.Any") : S("google.protobuf.Value");
	if (t->nullable)
		return str_c(wrappers[t->kind]);
	if (t->kind == CEL_LIST && t->params[0]->kind == CEL_DYN)
		return S("google.protobuf.ListValue");
	if (t->kind == CEL_MAP && t->params[0]->kind == CEL_STRING && t->params[1]->kind == CEL_DYN)
		return S("google.protobuf.Struct");
	return t->kind == CEL_NULL || t->kind == CEL_TIMESTAMP || t->kind == CEL_DURATION
		       ? str_c(plain[t->kind])
		       : STR_NONE;
}

static void check_struct(struct checker *c, struct cel_expr *e)
{
	str name = without_dot(e->name), message = name;
	const struct cel_type *t = lookup(c, e->name), *made = NULL;

	if (!t && !str_eq(name, S("google.protobuf.Empty"))) {
		undeclared(c, e->offset, e->name);
		e->type = ERROR_TYPE;
		return;
	}
	e->name = name;
	e->type = ERROR_TYPE;
	if (t && t->kind != CEL_TYPE) {
		cel_issues_add(c->issues, e->offset, "'%.*s' is not a type", STR_ARG(t->name));
	} else if (t && t->params[0]->kind == CEL_MADE) {
		e->type = made = t->params[0];
	} else if (t) {
		message = well_known_name(t->params[0]);
		if (message.n)
			e->type = t->params[0];
		else
			cel_issues_add(c->issues, e->offset, "'%.*s' is not a message type",
				       STR_ARG(t->params[0]->name));
	}
	if (!message.n)
		message = name;
	check_message_fields(c, e, message, made);
}

/* ---- folds ------------------------------------------------------------- */

static void range_types(struct checker *c, const struct cel_expr *range, bool two,
			const struct cel_type *out[2])
{
	const struct cel_type *t = resolve(c, range->type);

	out[0] = out[1] = DYN_TYPE;
	if (t->kind == CEL_LIST) {
		out[0] = two ? &cel_types[CEL_INT] : t->params[0];
		out[1] = t->params[0];
	} else if (t->kind == CEL_MAP) {
		out[0] = t->params[0];
		out[1] = t->params[1];
	} else if (t->kind == CEL_DYN || t->kind == CEL_TYPE_ERROR || t->kind == CEL_TYPE_PARAM) {
		cel_unify(&c->types, DYN_TYPE, t);
	} else {
		str s = shown(c, t);

		cel_issues_add(c->issues, range->offset,
			       "expression of type '%.*s' cannot be range of a comprehension (must be "
			       "list, map, or dynamic)",
			       STR_ARG(s));
		out[0] = out[1] = ERROR_TYPE;
	}
}

static void want_type(struct checker *c, const struct cel_expr *e, const struct cel_type *t)
{
	if (!cel_unify(&c->types, t, e->type))
		mismatch(c, e->offset, t, e->type);
}

static void check_fold(struct checker *c, struct cel_expr *e)
{
	const struct scope *outer = c->scope;
	const struct cel_type *vars[2];
	struct cel_fold *f = e->fold;

	check(c, f->range);
	check(c, f->init);
	const struct cel_type *accu_type = f->init->type;
	struct scope accu = { outer, f->accu, accu_type };

	range_types(c, f->range, f->var2.n > 0, vars);
	struct scope var = { &accu, f->var, vars[0] };
	struct scope var2 = { &var, f->var2, vars[1] };

	c->scope = f->var2.n ? &var2 : &var;
	check(c, f->condition);
	want_type(c, f->condition, &cel_types[CEL_BOOL]);
	check(c, f->step);
	want_type(c, f->step, accu_type);
	c->scope = &accu;
	check(c, f->result);
	c->scope = outer;
	e->type = resolve(c, f->result->type);
}

static void check(struct checker *c, struct cel_expr *e)
{
	switch (e->kind) {
	case CEL_E_LITERAL:
		e->type = &cel_types[e->literal.kind];
		return;
	case CEL_E_IDENT:
		check_ident(c, e);
		return;
	case CEL_E_SELECT:
		check_select(c, e);
		return;
	case CEL_E_CALL:
		check_call(c, e);
		return;
	case CEL_E_LIST:
		check_list(c, e);
		return;
	case CEL_E_MAP:
		check_map(c, e);
		return;
	case CEL_E_STRUCT:
		check_struct(c, e);
		return;
	case CEL_E_FOLD:
		check_fold(c, e);
		return;
	case CEL_E_NONE:
		e->type = ERROR_TYPE;
		return;
	}
}

void cel_ast_walk(struct cel_expr *e, void (*visit)(void *ctx, struct cel_expr *e), void *ctx)
{
	visit(ctx, e);
	if ((e->kind == CEL_E_SELECT && !e->is_ident) || (e->kind == CEL_E_CALL && e->member))
		cel_ast_walk(e->target, visit, ctx);
	for (size_t i = 0; e->kind == CEL_E_CALL && i < e->n; i++)
		cel_ast_walk(e->args[i], visit, ctx);
	if (e->kind == CEL_E_LIST || e->kind == CEL_E_MAP || e->kind == CEL_E_STRUCT)
		for (size_t i = 0; i < e->n; i++) {
			if (e->entries[i].key)
				cel_ast_walk(e->entries[i].key, visit, ctx);
			cel_ast_walk(e->entries[i].value, visit, ctx);
		}
	if (e->kind == CEL_E_FOLD) {
		cel_ast_walk(e->fold->range, visit, ctx);
		cel_ast_walk(e->fold->init, visit, ctx);
		cel_ast_walk(e->fold->condition, visit, ctx);
		cel_ast_walk(e->fold->step, visit, ctx);
		cel_ast_walk(e->fold->result, visit, ctx);
	}
}

static void finish(void *ctx, struct cel_expr *e)
{
	struct checker *c = ctx;

	e->type = cel_unify_resolve(&c->types, e->type, true);
}

void cel_check(struct arena *a, const struct cel_env *env, struct cel_expr *e,
	       struct cel_issues *issues)
{
	struct checker c = { .a = a, .env = env, .issues = issues, .types = { .a = a } };

	check(&c, e);
	if (!issues->n)
		cel_ast_walk(e, finish, &c);
}
