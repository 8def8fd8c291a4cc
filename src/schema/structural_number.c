/* Limits of numbers. A number is an int64 or a float64 here, as the API
 * server reads JSON; bounds are float64, cut to int64 for int64 values.  */
#include "schema/structural_impl.h"

#include <float.h>
#include <math.h>

#include "text/number.h"

enum { EXACT_BITS = 53 };

/* Between these floats lie all whole numbers that a float can tell apart. */
#define EXACT_MAX ((double)((INT64_C(1) << EXACT_BITS) - 1))

/* What Go's conversion gives on amd64. */
static int64_t cut(double f)
{
	return f >= -9223372036854775808.0 && f < 9223372036854775808.0 ? (int64_t)f : INT64_MIN;
}

static bool whole(double f)
{
	if (isnan(f) || f < -EXACT_MAX || f > EXACT_MAX)
		return false;
	if (f == (double)cut(f))
		return true;
	/* The original compares with the value as an unsigned number: only above
	 * zero can that be near. */
	double near = f > 0 ? (double)(uint64_t)f : 0;

	if (near == 0)
		return false;
	return fabs(f - near) / (f + near) < 1e-9;
}

bool structural_is_whole(node value)
{
	return value.kind == NODE_INT || whole(node_float(value));
}

struct check {
	struct arena *arena;
	const struct structural_where *where;
	const char *type, *format;	/* "" where the schema is not clear about it */
	node value;
	struct structural_result *out;
};

static str name_of(const struct check *c)
{
	return structural_where_name(c->arena, c->where);
}

/* Whether a number is in the range of type and format; says so if not. */
static bool in_range(const struct check *c, node n, const char *what)
{
	double f = node_float(n);
	bool fits = true;

	if (!strcmp(c->type, "integer")) {
		int64_t i = n.kind == NODE_INT ? node_int(n) : cut(f);

		fits = n.kind == NODE_INT || (f == (double)i && i != INT64_MIN);
		if (fits && !strcmp(c->format, "int32"))
			fits = i >= INT32_MIN && i <= INT32_MAX;
	} else if (!strcmp(c->format, "float")) {
		fits = isfinite((double)(float)f);
	}
	if (fits)
		return true;
	str name = name_of(c);
	str message = *c->format
			      ? arena_printf(c->arena, "%s value must be of type %s with format %s in %.*s",
					     what, c->type, c->format, STR_ARG(name))
			      : arena_printf(c->arena, "%s value must be of type %s (default format) in %.*s",
					     what, c->type, STR_ARG(name));

	structural_result_add(c->arena, c->out,
			      (struct structural_finding){ .code = FOUND_OTHER, .message = message });
	return false;
}

/* "NAME in body WORDS NUMBER" */
static void say(const struct check *c, node value, const char *words, node number)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = name_of(c);

	buf_addf(&b, "%.*s in body %s ", STR_ARG(name), words);
	if (number.kind == NODE_INT)
		number_add_int(&b, number.i);
	else
		number_add_float(&b, number.f, NUMBER_V);
	structural_result_add(c->arena, c->out, (struct structural_finding){
		.code = FOUND_INVALID, .name = name, .value = value,
		.message = arena_str(c->arena, buf_str(&b)),
	});
}

static void say_not_positive(const struct check *c, node factor)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = name_of(c);

	buf_addf(&b, "factor MultipleOf declared for %.*s must be positive: ", STR_ARG(name));
	if (factor.kind == NODE_INT)
		number_add_int(&b, factor.i);
	else
		number_add_float(&b, factor.f, NUMBER_V);
	structural_result_add(c->arena, c->out, (struct structural_finding){
		.code = FOUND_INVALID, .name = name, .value = factor,
		.message = arena_str(c->arena, buf_str(&b)),
	});
}

/* The value as it is compared: an int64 stays one while the bound fits the type. */
static node compared(const struct check *c, bool fits)
{
	return fits && c->value.kind == NODE_INT ? node_from_int(node_int(c->value))
						 : node_from_float(node_float(c->value));
}

static void check_multiple(const struct check *c, double factor)
{
	bool fits = in_range(c, node_from_float(factor), "MultipleOf");
	node v = compared(c, fits);

	if (v.kind == NODE_INT) {
		int64_t by = cut(factor);

		if (by <= 0)
			say_not_positive(c, node_from_int(by));
		else if (v.i % by)
			say(c, v, "should be a multiple of", node_from_int(by));
		return;
	}
	if (factor <= 0)
		say_not_positive(c, node_from_float(factor));
	else if (!whole(factor < 1 ? 1 / factor * v.f : v.f / factor))
		say(c, v, "should be a multiple of", node_from_float(factor));
}

static bool above(node v, node bound, bool or_equal)
{
	if (v.kind == NODE_INT)
		return or_equal ? v.i >= bound.i : v.i > bound.i;
	return or_equal ? v.f >= bound.f : v.f > bound.f;
}

static void check_bound(const struct check *c, double bound, bool exclusive, bool upper)
{
	bool fits = in_range(c, node_from_float(bound),
			     upper ? "Maximum boundary" : "Minimum boundary");
	node v = compared(c, fits);
	node limit = v.kind == NODE_INT ? node_from_int(cut(bound)) : node_from_float(bound);

	if (upper && above(v, limit, exclusive))
		say(c, v, exclusive ? "should be less than" : "should be less than or equal to", limit);
	if (!upper && above(limit, v, exclusive))
		say(c, v,
		    exclusive ? "should be greater than" : "should be greater than or equal to",
		    limit);
}

/* Only one clear type makes a range. */
static void set_type(struct check *c, const struct type_rules *s, bool all_formats)
{
	static const char *const formats[] = { "int32", "int64", "float", "double" };
	bool integer = s->kind == STRUCTURAL_INTEGER;

	c->type = c->format = "";
	if ((!integer && s->kind != STRUCTURAL_NUMBER) || (s->int_or_string && !all_formats))
		return;
	c->type = integer ? "integer" : "number";
	for (size_t i = integer ? 0 : 2; i < (integer ? 2 : 4); i++)
		if (str_eq(s->format, str_c(formats[i])))
			c->format = formats[i];
}

void structural_check_number(struct arena *a, const struct type_rules *s, bool all_formats,
			     const struct structural_where *w, node value,
			     struct structural_result *out)
{
	const struct structural_limits *l = s->limits;
	struct check c = { a, w, NULL, NULL, value, out };

	set_type(&c, s, all_formats);
	in_range(&c, value.kind == NODE_INT ? value : node_from_float(node_float(value)), "Checked");
	if (l->has & HAS_MULTIPLE_OF)
		check_multiple(&c, l->multiple_of);
	if (l->has & HAS_MINIMUM)
		check_bound(&c, l->minimum, l->exclusive_minimum, false);
	if (l->has & HAS_MAXIMUM)
		check_bound(&c, l->maximum, l->exclusive_maximum, true);
	out->matches++;
}
