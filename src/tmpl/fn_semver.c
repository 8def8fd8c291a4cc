/* Semantic versions: a value with methods, and constraints. */
#include "text/constraint.h"
#include "text/semver.h"
#include "tmpl/fn.h"
#include "tmpl/printf.h"

struct version {
	const struct value_class *class;
	struct semver v;
};

static const struct value_class version_class;

static const struct semver *semver_of(node n)
{
	return &((const struct version *)n.object)->v;
}

static err *give_version(struct tmpl_call *c, const struct semver *v)
{
	struct version *o = arena_new(c->a, struct version);

	*o = (struct version){ &version_class, *v };
	return tmpl_give(c, value_object(o));
}

enum { MAJOR, MINOR, PATCH };

static err *run_number(struct tmpl_call *c)
{
	const struct semver *v = semver_of(c->self);

	return tmpl_give(c, value_uint(c->mode == MAJOR   ? v->major
				       : c->mode == MINOR ? v->minor
							  : v->patch));
}

enum { PRERELEASE, METADATA, ORIGINAL, STRING };

static err *run_text(struct tmpl_call *c)
{
	const struct semver *v = semver_of(c->self);

	switch (c->mode) {
	case PRERELEASE:
		return tmpl_give_str(c, v->prerelease);
	case METADATA:
		return tmpl_give_str(c, v->build);
	case ORIGINAL:
		return tmpl_give_str(c, v->original);
	default:
		return tmpl_give_str(c, semver_text(c->a, v));
	}
}

enum { COMPARE, EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL };

static err *run_compare(struct tmpl_call *c)
{
	if (node_is_nil(c->argv[0]))
		return err_new(ERR_INVALID,
			       "runtime error: invalid memory address or nil pointer dereference");
	int cmp = semver_cmp(semver_of(c->self), semver_of(c->argv[0]));

	switch (c->mode) {
	case COMPARE:
		return tmpl_give_int(c, (cmp > 0) - (cmp < 0));
	case EQUAL:
		return tmpl_give_bool(c, cmp == 0);
	case LESS:
		return tmpl_give_bool(c, cmp < 0);
	case LESS_EQUAL:
		return tmpl_give_bool(c, cmp <= 0);
	case GREATER:
		return tmpl_give_bool(c, cmp > 0);
	default:
		return tmpl_give_bool(c, cmp >= 0);
	}
}

static err *run_next(struct tmpl_call *c)
{
	struct semver next;

	TRY(semver_next(c->a, semver_of(c->self), (enum semver_part)c->mode, &next));
	return give_version(c, &next);
}

static err *run_with(struct tmpl_call *c)
{
	struct semver v;

	if (c->mode == PRERELEASE)
		TRY(semver_with_prerelease(c->a, semver_of(c->self), tmpl_arg_str(c, 0), &v));
	else
		TRY(semver_with_build(c->a, semver_of(c->self), tmpl_arg_str(c, 0), &v));
	return give_version(c, &v);
}

static void add_text(struct buf *b, const void *object)
{
	semver_add(b, &((const struct version *)object)->v);
}

static bool same_version(const void *a, const void *b)
{
	const struct semver *x = &((const struct version *)a)->v;
	const struct semver *y = &((const struct version *)b)->v;

	return semver_cmp(x, y) == 0 && str_eq(x->build, y->build) &&
	       str_eq(x->original, y->original);
}

static const struct tmpl_func methods[] = {
	{ "Compare", "p", run_compare, COMPARE },
	{ "Equal", "p", run_compare, EQUAL },
	{ "GreaterThan", "p", run_compare, GREATER },
	{ "GreaterThanEqual", "p", run_compare, GREATER_EQUAL },
	{ "IncMajor", "", run_next, SEMVER_MAJOR },
	{ "IncMinor", "", run_next, SEMVER_MINOR },
	{ "IncPatch", "", run_next, SEMVER_PATCH },
	{ "LessThan", "p", run_compare, LESS },
	{ "LessThanEqual", "p", run_compare, LESS_EQUAL },
	{ "Major", "", run_number, MAJOR },
	{ "Metadata", "", run_text, METADATA },
	{ "Minor", "", run_number, MINOR },
	{ "Original", "", run_text, ORIGINAL },
	{ "Patch", "", run_number, PATCH },
	{ "Prerelease", "", run_text, PRERELEASE },
	{ "SetMetadata", "s", run_with, METADATA },
	{ "SetPrerelease", "s", run_with, PRERELEASE },
	{ "String", "", run_text, STRING },
};

/* Templates and encoders do not see these, printf does. */
static node major_field(struct arena *a, const void *object)
{
	(void)a;
	return value_uint(((const struct version *)object)->v.major);
}

static node minor_field(struct arena *a, const void *object)
{
	(void)a;
	return value_uint(((const struct version *)object)->v.minor);
}

static node patch_field(struct arena *a, const void *object)
{
	(void)a;
	return value_uint(((const struct version *)object)->v.patch);
}

static node prerelease_field(struct arena *a, const void *object)
{
	return node_from_str(a, ((const struct version *)object)->v.prerelease);
}

static node build_field(struct arena *a, const void *object)
{
	return node_from_str(a, ((const struct version *)object)->v.build);
}

static node original_field(struct arena *a, const void *object)
{
	return node_from_str(a, ((const struct version *)object)->v.original);
}

static const struct value_field fields[] = {
	{ "major", major_field },    { "minor", minor_field },	 { "patch", patch_field },
	{ "pre", prerelease_field }, { "metadata", build_field }, { "original", original_field },
};

static const struct value_class version_class = {
	.type_name = "*semver.Version",
	.kind = KIND_PTR,
	.fields = fields,
	.fields_n = sizeof fields / sizeof *fields,
	.methods = methods,
	.methods_n = sizeof methods / sizeof *methods,
	.text = add_text,
	.wire_text = add_text,
	.equal = same_version,
};

/* ---- functions --------------------------------------------------------- */

static err *run_semver(struct tmpl_call *c)
{
	struct semver v;

	TRY(semver_parse(&v, tmpl_arg_str(c, 0)));
	return give_version(c, &v);
}

static err *run_semver_compare(struct tmpl_call *c)
{
	struct constraint *constraint;
	struct semver v;

	TRY(constraint_parse(c->a, tmpl_arg_str(c, 0), &constraint));
	TRY(semver_parse(&v, tmpl_arg_str(c, 1)));
	return tmpl_give_bool(c, constraint_check(constraint, &v));
}

static const struct tmpl_func table[] = {
	{ "semver", "s", run_semver },
	{ "semverCompare", "ss", run_semver_compare },
};

const struct tmpl_funcs fn_semver = { table, sizeof table / sizeof *table };
