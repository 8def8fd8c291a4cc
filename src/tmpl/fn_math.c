/* Numbers. */
#include <math.h>

#include "text/number.h"
#include "tmpl/big.h"
#include "tmpl/fn.h"
#include "tmpl/printf.h"

/* ---- conversion -------------------------------------------------------- */

/* "5.0" reads as 5: zeros behind a point at the very end go. */
static str without_zero_decimals(str s)
{
	bool zero = false;

	for (size_t i = s.n; i > 0; i--) {
		if (s.p[i - 1] == '.')
			return zero ? str_sub(s, 0, i - 1) : s;
		if (s.p[i - 1] != '0')
			return s;
		zero = true;
	}
	return s;
}

static int64_t int_of_text(str s, int base)
{
	int64_t i = 0;
	err *e = number_parse_int(s, base, &i);

	err_free(e);
	return e ? 0 : i;
}

int64_t tmpl_parse_int(str s, int base)
{
	int64_t i = 0;
	err *e = number_parse_int(s, base, &i);

	if (e && str_ends(err_text(e), S("value out of range")))
		i = str_starts(s, S("-")) ? INT64_MIN : INT64_MAX;
	else if (e)
		i = 0;
	err_free(e);
	return i;
}

/* As the processors do that Go's answers were taken from. */
static int64_t int_of_float(double f)
{
	return f >= -9223372036854775808.0 && f < 9223372036854775808.0 ? (int64_t)f : INT64_MIN;
}

int64_t tmpl_to_int(node v)
{
	switch ((enum node_kind)v.kind) {
	case NODE_BOOL:
		return v.b;
	case NODE_INT:
		return v.type == GO_DURATION ? 0 : v.i;
	case NODE_UINT:
		return v.i;
	case NODE_FLOAT:
		return int_of_float(v.f);
	case NODE_STR:
		return v.type == GO_STRING ? int_of_text(without_zero_decimals(node_str(v)), 0) : 0;
	default:
		return 0;
	}
}

double tmpl_to_float(node v)
{
	double f = 0;

	if (v.kind == NODE_FLOAT)
		return v.f;
	if (v.kind == NODE_UINT)
		return (double)v.u;
	if (!value_is_str(v))
		return (double)tmpl_to_int(v);
	err *e = number_parse_float(node_str(v), &f);

	err_free(e);
	return e ? 0 : f;
}

enum { INT, INT64, FLOAT64 };

static err *run_convert(struct tmpl_call *c)
{
	if (c->mode == FLOAT64)
		return tmpl_give_float(c, tmpl_to_float(c->argv[0]));
	if (c->mode == INT)
		return tmpl_give_int(c, tmpl_to_int(c->argv[0]));
	return tmpl_give_int64(c, tmpl_to_int(c->argv[0]));
}

static err *run_atoi(struct tmpl_call *c)
{
	return tmpl_give_int(c, tmpl_parse_int(tmpl_arg_str(c, 0), 10));
}

static err *run_to_decimal(struct tmpl_call *c)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(4096);

	printf_print(&b, c->argv, 1);
	return tmpl_give_int64(c, b.full ? 0 : int_of_text(buf_str(&b), 8));
}

/* ---- integers ---------------------------------------------------------- */

enum { ADD, SUB, MUL, DIV, MOD, MAX, MIN };

/* Wraps around, as Go's int64 does. */
static err *apply(int op, int64_t *x, int64_t y)
{
	switch (op) {
	case ADD:
		*x = (int64_t)((uint64_t)*x + (uint64_t)y);
		return NULL;
	case SUB:
		*x = (int64_t)((uint64_t)*x - (uint64_t)y);
		return NULL;
	case MUL:
		*x = (int64_t)((uint64_t)*x * (uint64_t)y);
		return NULL;
	case MAX:
		*x = y > *x ? y : *x;
		return NULL;
	case MIN:
		*x = y < *x ? y : *x;
		return NULL;
	default:
		break;
	}
	if (!y)
		return err_new(ERR_INVALID, "runtime error: integer divide by zero");
	if (y == -1)
		*x = op == DIV ? (int64_t)(0 - (uint64_t)*x) : 0;
	else
		*x = op == DIV ? *x / y : *x % y;
	return NULL;
}

static err *run_ints(struct tmpl_call *c)
{
	int64_t x = c->argc ? tmpl_to_int(c->argv[0]) : 0;

	for (size_t i = 1; i < c->argc; i++)
		TRY(apply(c->mode, &x, tmpl_to_int(c->argv[i])));
	return tmpl_give_int64(c, x);
}

static err *run_add1(struct tmpl_call *c)
{
	int64_t x = tmpl_to_int(c->argv[0]);

	TRY(apply(ADD, &x, 1));
	return tmpl_give_int64(c, x);
}

/* ---- floats ------------------------------------------------------------ */

static err *to_big(struct tmpl_call *c, node v, struct big *out)
{
	double f = tmpl_to_float(v);

	if (big_from_float(c->a, f, out))
		return NULL;
	return err_new(ERR_INVALID, "Cannot create a Decimal from %s",
		       isnan(f) ? "NaN"
		       : f < 0  ? "-Inf"
				: "+Inf");
}

static err *apply_big(struct tmpl_call *c, struct big *x, struct big y)
{
	TRY(tmpl_spend(c, x->n / 8));
	switch (c->mode) {
	case ADD:
		*x = big_add(c->a, *x, y);
		return NULL;
	case SUB:
		*x = big_add(c->a, *x, big_minus(y));
		return NULL;
	case MUL:
		*x = big_mul(c->a, *x, y);
		return NULL;
	default:
		if (!y.n)
			return err_new(ERR_INVALID, "decimal division by 0");
		*x = big_div(c->a, *x, y);
		return NULL;
	}
}

static err *run_floats(struct tmpl_call *c)
{
	struct big x = { 0 }, y;

	if (c->argc)
		TRY(to_big(c, c->argv[0], &x));
	for (size_t i = 1; i < c->argc; i++) {
		TRY(to_big(c, c->argv[i], &y));
		TRY(apply_big(c, &x, y));
	}
	return tmpl_give_float(c, big_to_float(x));
}

static err *run_add1f(struct tmpl_call *c)
{
	struct big x, one;

	TRY(to_big(c, c->argv[0], &x));
	TRY(to_big(c, node_from_float(1), &one));
	return tmpl_give_float(c, big_to_float(big_add(c->a, x, one)));
}

/* math.Max and math.Min: NaN wins, and so does the right one of two zeros. */
static double larger(double x, double y)
{
	if (isnan(x) || isnan(y))
		return isinf(x) && x > 0 ? x : isinf(y) && y > 0 ? y : NAN;
	if (x == 0 && y == 0)
		return signbit(x) ? y : x;
	return x > y ? x : y;
}

static err *run_maxf(struct tmpl_call *c)
{
	double sign = c->mode == MAX ? 1 : -1, x = sign * tmpl_to_float(c->argv[0]);

	for (size_t i = 1; i < c->argc; i++)
		x = larger(x, sign * tmpl_to_float(c->argv[i]));
	return tmpl_give_float(c, sign * x);
}

static err *run_floor(struct tmpl_call *c)
{
	return tmpl_give_float(c, floor(tmpl_to_float(c->argv[0])));
}

static err *run_ceil(struct tmpl_call *c)
{
	return tmpl_give_float(c, ceil(tmpl_to_float(c->argv[0])));
}

static err *run_round(struct tmpl_call *c)
{
	double on = c->argc > 2 ? c->argv[2].f : .5, whole;
	double scale = pow(10, (double)tmpl_arg_int(c, 1));
	double digit = scale * tmpl_to_float(c->argv[0]);
	double part = modf(digit, &whole);

	return tmpl_give_float(c, (part >= on ? ceil(digit) : floor(digit)) / scale);
}

/* ---- sequences --------------------------------------------------------- */

/* From `start` to before `stop`; empty where `step` leads away from it. */
static err *steps(struct tmpl_call *c, int64_t start, int64_t stop, int64_t step, node *out)
{
	bool down = stop < start;
	uint64_t span = down ? (uint64_t)start - (uint64_t)stop : (uint64_t)stop - (uint64_t)start;
	uint64_t stride = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
	uint64_t n = !span || !step || down != (step < 0) ? 0 : (span - 1) / stride + 1;

	if (n > SIZE_MAX / sizeof(node))
		n = SIZE_MAX / sizeof(node);
	TRY(tmpl_fits(c, n * sizeof(node)));
	TRY(tmpl_spend(c, n));
	*out = value_seq(c->a, GO_INTS, n);
	for (uint64_t i = 0; i < n; i++)
		out->seq->items[i] = value_int((int64_t)((uint64_t)start + i * (uint64_t)step));
	out->seq->n = (uint32_t)n;
	return NULL;
}

static err *run_until(struct tmpl_call *c)
{
	int64_t stop = tmpl_arg_int(c, 0);

	return steps(c, 0, stop, stop < 0 ? -1 : 1, &c->out);
}

static err *run_until_step(struct tmpl_call *c)
{
	return steps(c, tmpl_arg_int(c, 0), tmpl_arg_int(c, 1), tmpl_arg_int(c, 2), &c->out);
}

/* As the shell's seq: END; START END; START STEP END. */
static err *run_seq(struct tmpl_call *c)
{
	if (!c->argc || c->argc > 3)
		return tmpl_give_str(c, STR_NONE);
	int64_t start = c->argc == 1 ? 1 : tmpl_arg_int(c, 0), end = tmpl_arg_int(c, c->argc - 1);
	int64_t one = end < start ? -1 : 1, step = c->argc == 3 ? tmpl_arg_int(c, 1) : one;
	node list;

	if (c->argc == 3 && one < 0 && step > 0)
		return tmpl_give_str(c, STR_NONE);
	TRY(steps(c, start, (int64_t)((uint64_t)end + (uint64_t)one), step, &list));
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < node_len(list); i++) {
		if (i)
			buf_addc(b, ' ');
		number_add_int(b, list.seq->items[i].i);
	}
	return tmpl_give_buf(c, b);
}

static err *run_rand_int(struct tmpl_call *c)
{
	int64_t low = tmpl_arg_int(c, 0);
	int64_t n = (int64_t)((uint64_t)tmpl_arg_int(c, 1) - (uint64_t)low);

	if (n <= 0)
		return err_new(ERR_INVALID, "invalid argument to Intn");
	return tmpl_give_int(c, (int64_t)((uint64_t)low + tmpl_random_below(c, (uint64_t)n)));
}

static const struct tmpl_func table[] = {
	{ "add", "a*", run_ints, ADD },
	{ "add1", "a", run_add1 },
	{ "add1f", "a", run_add1f },
	{ "addf", "a*", run_floats, ADD },
	{ "atoi", "s", run_atoi },
	{ "biggest", "aa*", run_ints, MAX },
	{ "ceil", "a", run_ceil },
	{ "div", "aa", run_ints, DIV },
	{ "divf", "aa*", run_floats, DIV },
	{ "float64", "a", run_convert, FLOAT64 },
	{ "floor", "a", run_floor },
	{ "int", "a", run_convert, INT },
	{ "int64", "a", run_convert, INT64 },
	{ "max", "aa*", run_ints, MAX },
	{ "maxf", "aa*", run_maxf, MAX },
	{ "min", "aa*", run_ints, MIN },
	{ "minf", "aa*", run_maxf, MIN },
	{ "mod", "aa", run_ints, MOD },
	{ "mul", "aa*", run_ints, MUL },
	{ "mulf", "aa*", run_floats, MUL },
	{ "randInt", "ii", run_rand_int },
	{ "round", "aif*", run_round },
	{ "seq", "i*", run_seq },
	{ "sub", "aa", run_ints, SUB },
	{ "subf", "aa*", run_floats, SUB },
	{ "toDecimal", "a", run_to_decimal },
	{ "until", "i", run_until },
	{ "untilStep", "iii", run_until_step },
};

const struct tmpl_funcs fn_math = { table, sizeof table / sizeof *table };
