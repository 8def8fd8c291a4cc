#include "cel/cel_unify.h"

/* Types nest no deeper than expressions do. */
enum { TYPE_DEPTH_MAX = 2000 };

static bool fits(struct cel_unifier *u, const struct cel_type *from, const struct cel_type *to);

const struct cel_type *cel_unify_var(struct cel_unifier *u)
{
	const struct cel_type *t = cel_type_param(u->a, (uint32_t)u->bound.n);

	avec_push(u->a, &u->bound, NULL);
	return t;
}

static void bind(struct cel_unifier *u, const struct cel_type *param, const struct cel_type *to)
{
	avec_reserve(u->a, &u->trail, 1);
	u->trail.p[u->trail.n].var = param->var;
	u->trail.p[u->trail.n].before = u->bound.p[param->var];
	u->trail.n++;
	u->bound.p[param->var] = to;
}

static bool is_dyn(const struct cel_type *t)
{
	return t->kind == CEL_DYN;
}

static bool is_dyn_or_error(const struct cel_type *t)
{
	return t->kind == CEL_DYN || t->kind == CEL_TYPE_ERROR;
}

static bool has_params(enum cel_kind kind)
{
	return kind == CEL_OPTIONAL || kind == CEL_LIST || kind == CEL_MAP;
}

static bool less_specific(const struct cel_type *a, const struct cel_type *b)
{
	if (is_dyn(a) || a->kind == CEL_TYPE_PARAM)
		return true;
	if (is_dyn(b) || b->kind == CEL_TYPE_PARAM || a->kind != b->kind)
		return false;
	if (a->kind == CEL_TYPE)
		return true;
	if (!has_params(a->kind))
		return cel_type_equal(a, b);
	for (size_t i = 0; i < a->n; i++)
		if (!less_specific(a->params[i], b->params[i]))
			return false;
	return true;
}

const struct cel_type *cel_unify_general(const struct cel_type *a, const struct cel_type *b)
{
	return less_specific(a, b) ? a : b;
}

/* Whether `param` does not occur within another type than itself. */
static bool is_outside(struct cel_unifier *u, const struct cel_type *param, const struct cel_type *t)
{
	if (cel_type_equal(param, t))
		return false;
	if (t->kind == CEL_TYPE_PARAM)
		return !u->bound.p[t->var] || is_outside(u, param, u->bound.p[t->var]);
	for (size_t i = 0; i < t->n; i++)
		if (!is_outside(u, param, t->params[i]))
			return false;
	return true;
}

/* Whether `param` may stand for `t`; `*has` becomes true when it is bound. */
static bool substitutes(struct cel_unifier *u, const struct cel_type *t, const struct cel_type *param,
			bool *has)
{
	const struct cel_type *bound = u->bound.p[param->var];

	*has = true;
	if (cel_type_equal(t, param))
		return true;
	if (bound && cel_type_equal(t, bound))
		return true;
	if (bound && fits(u, t, bound)) {
		const struct cel_type *general = cel_unify_general(t, bound);

		if (is_outside(u, param, general))
			bind(u, param, general);
		return true;
	}
	if (bound)
		return false;
	*has = false;
	if (!is_outside(u, param, t))
		return false;
	bind(u, param, t);
	return true;
}

static bool is_nullable(const struct cel_type *t)
{
	switch (t->kind) {
	case CEL_OPTIONAL:
	case CEL_IP:
	case CEL_CIDR:
	case CEL_OBJECT:
	case CEL_QUANTITY:
	case CEL_URL:
	case CEL_FORMAT:
	case CEL_SEMVER:
	case CEL_AUTHORIZER:
	case CEL_MADE:
	case CEL_DURATION:
	case CEL_TIMESTAMP:
	case CEL_NULL:
		return true;
	default:
		return t->nullable;
	}
}

static bool fits_kind(struct cel_unifier *u, const struct cel_type *from, const struct cel_type *to)
{
	if (from->kind == CEL_TYPE)
		return to->kind == CEL_TYPE;
	if (!has_params(from->kind))
		return cel_type_equal(from, to);
	if (from->kind != to->kind || from->n != to->n)
		return false;
	for (size_t i = 0; i < from->n; i++)
		if (!fits(u, from->params[i], to->params[i]))
			return false;
	return true;
}

static bool fits_now(struct cel_unifier *u, const struct cel_type *from, const struct cel_type *to)
{
	bool has;

	if (to->kind == CEL_TYPE_PARAM) {
		bool ok = substitutes(u, from, to, &has);

		if (ok || has)
			return ok;
	}
	if (from->kind == CEL_TYPE_PARAM)
		return substitutes(u, to, from, &has);
	if (is_dyn_or_error(from) || is_dyn_or_error(to))
		return true;
	if (from->kind == CEL_NULL || to->kind == CEL_NULL)
		return is_nullable(from->kind == CEL_NULL ? to : from);
	return fits_kind(u, from, to);
}

static bool fits(struct cel_unifier *u, const struct cel_type *from, const struct cel_type *to)
{
	if (u->depth > TYPE_DEPTH_MAX)
		return false;
	u->depth++;
	bool ok = fits_now(u, from, to);

	u->depth--;
	return ok;
}

static void undo(struct cel_unifier *u, size_t mark)
{
	while (u->trail.n > mark) {
		u->trail.n--;
		u->bound.p[u->trail.p[u->trail.n].var] = u->trail.p[u->trail.n].before;
	}
}

bool cel_unify_all(struct cel_unifier *u, const struct cel_type *const *from,
		   const struct cel_type *const *to, size_t n)
{
	size_t mark = u->trail.n;

	for (size_t i = 0; i < n; i++)
		if (!fits(u, from[i], to[i])) {
			undo(u, mark);
			return false;
		}
	return true;
}

bool cel_unify(struct cel_unifier *u, const struct cel_type *from, const struct cel_type *to)
{
	return cel_unify_all(u, &from, &to, 1);
}

static const struct cel_type *rebuild(struct arena *a, const struct cel_type *t,
				      const struct cel_type *p0, const struct cel_type *p1)
{
	switch (t->kind) {
	case CEL_LIST:
		return cel_type_list(a, p0);
	case CEL_MAP:
		return cel_type_map(a, p0, p1);
	case CEL_OPTIONAL:
		return cel_type_optional(a, p0);
	case CEL_TYPE:
		return cel_type_type(a, p0);
	default:
		return t;
	}
}

const struct cel_type *cel_unify_resolve(struct cel_unifier *u, const struct cel_type *t, bool to_dyn)
{
	const struct cel_type *p[2] = { NULL, NULL };

	if (t->bare)
		return t;
	if (t->kind == CEL_TYPE_PARAM) {
		if (u->bound.p[t->var])
			return cel_unify_resolve(u, u->bound.p[t->var], to_dyn);
		return to_dyn ? &cel_types[CEL_DYN] : t;
	}
	for (size_t i = 0; i < t->n; i++)
		p[i] = cel_unify_resolve(u, t->params[i], to_dyn);
	return rebuild(u->a, t, p[0], p[1]);
}

const struct cel_type *cel_unify_instance(struct cel_unifier *u, const struct cel_type *t,
					  const struct cel_type *const vars[2])
{
	const struct cel_type *p[2] = { NULL, NULL };

	if (t->bare)
		return t;
	if (t->kind == CEL_TYPE_PARAM)
		return vars[t->var - CEL_DECLARED_PARAM];
	for (size_t i = 0; i < t->n; i++)
		p[i] = cel_unify_instance(u, t->params[i], vars);
	return rebuild(u->a, t, p[0], p[1]);
}
