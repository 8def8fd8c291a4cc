/* The validators of cel-go that Kubernetes turns on, and the one of formats,
 * which comes with the strings library. */
#include "cel/cel_check.h"
#include "cel/cel_text_format.h"
#include "text/regex.h"

struct validator {
	struct arena *a;
	const struct cel_env *env;
	struct cel_issues *issues;
	unsigned in_format;		/* calls of format() around the node */
	void (*visit)(struct validator *v, struct cel_expr *e);
};

/* ---- literals of a form ------------------------------------------------ */

static const struct cel_expr *literal_arg(const struct cel_expr *e, const char *function)
{
	if (e->kind != CEL_E_CALL || !str_eq(e->name, str_c(function)) || !e->n ||
	    e->args[0]->kind != CEL_E_LITERAL)
		return NULL;
	return e->args[0];
}

static void check_conversion(struct validator *v, const struct cel_expr *e, enum cel_kind to,
			     const char *function)
{
	const struct cel_expr *arg = literal_arg(e, function);
	struct cel_run r = { .a = v->a, .work = CEL_WORK_MAX, .held = v->a->held };

	if (arg && cel_is_fault(cel_convert(&r, arg->literal, to)))
		cel_issues_add(v->issues, arg->offset, "invalid %s argument", function);
}

static void visit_duration(struct validator *v, struct cel_expr *e)
{
	check_conversion(v, e, CEL_DURATION, "duration");
}

static void visit_timestamp(struct validator *v, struct cel_expr *e)
{
	check_conversion(v, e, CEL_TIMESTAMP, "timestamp");
}

static void visit_matches(struct validator *v, struct cel_expr *e)
{
	const struct cel_expr *arg = literal_arg(e, "matches");
	const struct regex *re;

	if (!arg || arg->literal.kind != CEL_STRING)
		return;
	err *wrong = regex_compile(v->a, arg->literal.s, &re);

	if (wrong)
		cel_issues_add(v->issues, arg->offset, "invalid matches argument");
	err_free(wrong);
}

/* ---- lists and maps of one type ---------------------------------------- */

static const struct cel_type *entry_type(const struct cel_entry *entry)
{
	const struct cel_type *t = entry->value->type;

	return entry->optional && t->n ? t->params[0] : t;
}

static bool differs(struct validator *v, const struct cel_expr *at, const struct cel_type *want,
		    const struct cel_type *got)
{
	CLEANUP(buf_release) struct buf w = BUF_INIT, g = BUF_INIT;

	if (cel_type_equal(want, got))
		return false;
	cel_type_print(&w, want);
	cel_type_print(&g, got);
	cel_issues_add(v->issues, at->offset, "expected type '%.*s' but found '%.*s'",
		       STR_ARG(buf_str(&w)), STR_ARG(buf_str(&g)));
	return true;
}

static void visit_list(struct validator *v, struct cel_expr *e)
{
	if (e->kind != CEL_E_LIST || v->in_format)
		return;
	for (size_t i = 1; i < e->n; i++)
		if (differs(v, e->entries[i].value, entry_type(&e->entries[0]),
			    entry_type(&e->entries[i])))
			return;
}

static void visit_map(struct validator *v, struct cel_expr *e)
{
	if (e->kind != CEL_E_MAP || v->in_format)
		return;
	for (size_t i = 1; i < e->n; i++) {
		differs(v, e->entries[i].key, e->entries[0].key->type, e->entries[i].key->type);
		differs(v, e->entries[i].value, entry_type(&e->entries[0]), entry_type(&e->entries[i]));
	}
}

/* ---- formats ----------------------------------------------------------- */

/* Kinds that a verb takes, by library. */
static bool takes(enum cel_library library, char verb, const struct cel_type *t)
{
	enum cel_kind k = t->kind;
	bool number = k == CEL_INT || k == CEL_UINT, flux = library == CEL_FLUX;

	if (k == CEL_DYN && !t->any)
		return true;
	switch (verb) {
	case 'd':
		return number || (flux && k == CEL_DOUBLE);
	case 'f':
	case 'e':
		return k == CEL_DOUBLE || (flux ? number : k == CEL_STRING);
	case 'b':
		return number || k == CEL_BOOL;
	case 'o':
		return number;
	case 'x':
	case 'X':
		return number || k == CEL_STRING || k == CEL_BYTES;
	default:
		return number || k == CEL_LIST || k == CEL_MAP || k == CEL_DOUBLE || k == CEL_BOOL ||
		       k == CEL_STRING || k == CEL_TIMESTAMP || k == CEL_BYTES || k == CEL_DURATION ||
		       k == CEL_TYPE || k == CEL_NULL;
	}
}

/* The first part of a %s argument that cannot be one. */
static const struct cel_expr *no_text(enum cel_library library, const struct cel_expr *e)
{
	const struct cel_expr *bad = takes(library, 's', e->type) ? NULL : e;

	if (bad || (e->kind != CEL_E_LIST && e->kind != CEL_E_MAP))
		return bad;
	for (size_t i = 0; i < e->n && !bad; i++) {
		if (e->entries[i].key)
			bad = no_text(library, e->entries[i].key);
		if (!bad)
			bad = no_text(library, e->entries[i].value);
	}
	return bad;
}

struct format_check {
	struct validator *v;
	const struct cel_expr *args;
	const struct cel_expr *bad;	/* where a clause does not fit */
	size_t asked;
};

static bool ask_arg(void *ctx, size_t i, str *wrong)
{
	struct format_check *f = ctx;

	f->asked = i + 1;
	(void)wrong;
	return true;
}

static str check_clause(void *ctx, size_t i, char verb, int precision, struct buf *out)
{
	struct format_check *f = ctx;
	enum cel_library library = f->v->env->library;
	const struct cel_expr *arg = f->args->entries[i].value, *bad = NULL;
	(void)precision;
	(void)out;

	if (verb == 's')
		bad = no_text(library, arg);
	else if (!takes(library, verb, arg->type))
		bad = arg;
	if (!bad)
		return STR_NONE;
	f->bad = bad;
	return cel_text_format_mismatch(f->v->a, library, verb, bad->type->name);
}

static void visit_format(struct validator *v, struct cel_expr *e)
{
	CLEANUP(buf_release) struct buf out = BUF_LIMIT(CEL_TEXT_MAX);

	if (e->kind != CEL_E_CALL || !e->member || !str_eq(e->name, S("format")) || e->n != 1 ||
	    e->target->kind != CEL_E_LITERAL || e->target->literal.kind != CEL_STRING ||
	    e->args[0]->kind != CEL_E_LIST)
		return;
	struct format_check f = { v, e->args[0], NULL, 0 };
	struct cel_format_reader reader = { &f, e->args[0]->n, ask_arg, check_clause };
	str wrong = cel_text_format_read(v->a, e->target->literal.s, &reader, &out);

	if (wrong.n)
		cel_issues_add(v->issues, f.bad ? f.bad->offset : e->offset, "%.*s", STR_ARG(wrong));
	else if (e->args[0]->n > f.asked)
		cel_issues_add(v->issues, e->offset,
			       "too many arguments supplied to string.format (expected %zu, got %u)",
			       f.asked, e->args[0]->n);
}

/* ---- all of them ------------------------------------------------------- */

static void visit(void *ctx, struct cel_expr *e)
{
	struct validator *v = ctx;

	v->visit(v, e);
}

static bool is_format(const struct cel_expr *e)
{
	return e->kind == CEL_E_CALL && str_eq(e->name, S("format"));
}

/* Like cel_ast_walk, but what format() is given may be of many types. */
static void walk_outside_format(struct validator *v, struct cel_expr *e)
{
	struct validator inner = *v;

	v->visit(v, e);
	inner.in_format += is_format(e);
	if ((e->kind == CEL_E_SELECT && !e->is_ident) || (e->kind == CEL_E_CALL && e->member))
		walk_outside_format(&inner, e->target);
	for (size_t i = 0; e->kind == CEL_E_CALL && i < e->n; i++)
		walk_outside_format(&inner, e->args[i]);
	if (e->kind == CEL_E_LIST || e->kind == CEL_E_MAP || e->kind == CEL_E_STRUCT)
		for (size_t i = 0; i < e->n; i++) {
			if (e->entries[i].key)
				walk_outside_format(&inner, e->entries[i].key);
			walk_outside_format(&inner, e->entries[i].value);
		}
	if (e->kind == CEL_E_FOLD) {
		walk_outside_format(&inner, e->fold->range);
		walk_outside_format(&inner, e->fold->init);
		walk_outside_format(&inner, e->fold->condition);
		walk_outside_format(&inner, e->fold->step);
		walk_outside_format(&inner, e->fold->result);
	}
}

void cel_validate(struct arena *a, const struct cel_env *env, const struct cel_expr *root,
		  struct cel_issues *issues)
{
	struct cel_expr *e = (struct cel_expr *)root;
	struct validator v = { .a = a, .env = env, .issues = issues };

	v.visit = visit_list;
	walk_outside_format(&v, e);
	v.visit = visit_map;
	walk_outside_format(&v, e);
	if (env->library == CEL_KUBERNETES) {
		v.visit = visit_duration;
		cel_ast_walk(e, visit, &v);
		v.visit = visit_timestamp;
		cel_ast_walk(e, visit, &v);
		v.visit = visit_matches;
		cel_ast_walk(e, visit, &v);
	}
	v.visit = visit_format;
	cel_ast_walk(e, visit, &v);
}
