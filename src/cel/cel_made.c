/* Object, Object.FIELD and JSONPatch: what expressions make patches of. */
#include "cel/cel_check.h"
#include "cel/cel_eval.h"
#include "cel/cel_func_impl.h"
#include "cel/cel_value.h"
#include "value/pointer.h"

/* ---- types ------------------------------------------------------------- */

const struct cel_type *cel_type_made(struct arena *a, str name)
{
	if (!str_eq(name, S("JSONPatch")) && !str_eq(name, S("Object")) &&
	    !str_starts(name, S("Object.")))
		return NULL;
	struct cel_type *t = arena_new(a, struct cel_type);

	*t = (struct cel_type){ .kind = CEL_MADE, .bare = true, .name = arena_str(a, name) };
	return t;
}

const struct cel_type *cel_made_field(const struct cel_type *made, str field)
{
	static const char *const texts[] = { "op", "path", "from" };

	if (!str_eq(made->name, S("JSONPatch")) || str_eq(field, S("value")))
		return &cel_types[CEL_DYN];
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (str_eq(field, str_c(texts[i])))
			return &cel_types[CEL_STRING];
	return NULL;
}

/* ---- values ------------------------------------------------------------ */

cel_value cel_made_value(struct cel_run *r, str name, const str *fields, const cel_value *values,
			 size_t n)
{
	cel_value made = cel_map_new(r, n);

	made.entries->made = name;
	for (size_t i = 0; i < n; i++)
		cel_map_set(r, made, cel_string(fields[i]), values[i]);
	return made;
}

/* ---- places ------------------------------------------------------------ */

struct made_check {
	struct cel_run run;
	struct buf why;
};

static void check_made(struct made_check *c, cel_value v, str place)
{
	cel_value key, value;

	if ((v.kind != CEL_LIST && v.kind != CEL_MAP) || c->run.depth >= CEL_VALUE_DEPTH_MAX)
		return;
	str made = v.kind == CEL_MAP && v.form == CEL_FORM_ENTRIES ? v.entries->made : STR_NONE;

	c->run.depth++;
	if (made.n && !str_eq(made, place))
		buf_addf(&c->why,
			 "%sunexpected type name \"%.*s\", expected \"%.*s\", which matches field "
			 "name path from root Object type",
			 c->why.n ? "\n" : "", STR_ARG(made), STR_ARG(place));
	if (v.kind == CEL_LIST) {
		for (size_t i = 0; i < cel_list_n(v) && cel_run_work(&c->run, 1); i++)
			check_made(c, cel_list_at(&c->run, v, i), place);
	} else if (v.form == CEL_FORM_ENTRIES) {
		for (size_t i = 0; i < cel_map_n(v) && cel_run_work(&c->run, 1); i++)
			if (cel_map_at(&c->run, v, i, &key, &value))
				check_made(c, value,
					   made.n ? arena_cat(c->run.a, place, S("."), key.s)
						  : place);
	}
	c->run.depth--;
}

/* The value of a JSONPatch is a root of its own, if it is an Object. */
static void check_root(struct made_check *c, cel_value v)
{
	cel_value of;

	if (!str_eq(v.entries->made, S("JSONPatch")))
		check_made(c, v, v.entries->made);
	else if (cel_map_find(&c->run, v, cel_string(S("value")), &of) && of.kind == CEL_MAP &&
		 of.form == CEL_FORM_ENTRIES && of.entries->made.n)
		check_made(c, of, of.entries->made);
}

bool cel_value_check_made(struct arena *a, cel_value v, str *why)
{
	struct made_check c = { .run = { .a = a, .work = CEL_WORK_MAX, .held = a->held },
				.why = BUF_LIMIT(1 << 16) };

	if (v.kind == CEL_MAP && v.form == CEL_FORM_ENTRIES && v.entries->made.n)
		check_root(&c, v);
	*why = arena_str(a, buf_str(&c.why));
	buf_release(&c.why);
	return !why->n;
}

/* ---- their function ---------------------------------------------------- */

static cel_value escape_key(struct cel_run *r, const cel_value *args, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);

	(void)n;
	pointer_add(&b, args[0].s);
	return cel_string(arena_str(r->a, str_from(buf_str(&b), 1)));	/* without the '/' */
}

ONE(o_escape_key, false, escape_key, "string_jsonpatch_escapeKey_string", T_STRING, T_STRING);

const struct cel_function cel_func_escape_key = KUBERNETES_FUNCTION("jsonpatch.escapeKey", o_escape_key);
