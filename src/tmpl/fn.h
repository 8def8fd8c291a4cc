/* fn - how template functions are written.
 *
 * A function is a row: its name, its parameters, its code. The parameters
 * are one letter each; a '*' at the end makes the last one variadic:
 *
 *	s string	i int		b bool		f float64	u uint32
 *	a interface {}	m map[string]interface {}	l []interface {}
 *	t time.Time	d time.Duration	c sprig.certificate	p *semver.Version
 *	v reflect.Value: the value as it was reached, the untyped nil included
 *
 * The caller counts the arguments and converts them, so that `run` sees what
 * its letters say: bare nodes, nil as NODE_NULL (as a GO_NIL_MAP or
 * GO_NIL_SLICE for m and l). It leaves its result in `out`. Its errors carry
 * the plain message; where it was called is put before it.
 *
 * `mode` lets rows share code. One file per family; fn.c joins the tables.
 */
#ifndef TMPL_FN_H
#define TMPL_FN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tmpl/value.h"

struct tmpl_exec;
struct tmpl_options;

struct tmpl_call {
	struct tmpl_exec *x;
	struct arena *a; /* of the render */
	int mode;
	node self; /* methods: the receiver */
	const node *argv;
	size_t argc;
	node out;
};

typedef err *tmpl_run(struct tmpl_call *c);

struct tmpl_func {
	const char *name;
	const char *params;
	tmpl_run *run;
	int mode;
};

struct tmpl_funcs {
	const struct tmpl_func *p;
	size_t n;
};

/* Modes of what is no ordinary function: its arguments are not all evaluated,
 * or it wants to see their source. */
enum { TMPL_AND = -1, TMPL_OR = -2, TMPL_CALL = -3 };

/* The functions of all families; NULL when there is none of the name. */
const struct tmpl_func *tmpl_func_find(str name);
/* Of a class or a typed map. */
const struct tmpl_func *tmpl_method_find(const struct tmpl_func *table, size_t n, str name);
/* Of an integer type that has methods: time.Duration, Month, Weekday. */
const struct tmpl_func *tmpl_method_find_int(enum value_int_type type, str name);

/* The families, joined by fn.c. */
extern const struct tmpl_funcs fn_builtin;
extern const struct tmpl_funcs fn_case;
extern const struct tmpl_funcs fn_crypto;
extern const struct tmpl_funcs fn_dates;
extern const struct tmpl_funcs fn_dicts;
extern const struct tmpl_funcs fn_durations;
extern const struct tmpl_funcs fn_encoding;
extern const struct tmpl_funcs fn_helm;
extern const struct tmpl_funcs fn_lists;
extern const struct tmpl_funcs fn_math;
extern const struct tmpl_funcs fn_paths;
extern const struct tmpl_funcs fn_reflect;
extern const struct tmpl_funcs fn_regex;
extern const struct tmpl_funcs fn_semver;
extern const struct tmpl_funcs fn_strings;
extern const struct tmpl_funcs fn_toml;
extern const struct tmpl_funcs fn_url;

/* ---- for the code of functions ----------------------------------------- */

const struct tmpl_options *tmpl_call_options(const struct tmpl_call *c);
static inline str tmpl_arg_str(const struct tmpl_call *c, size_t i)
{
	return node_str(c->argv[i]);
}
static inline int64_t tmpl_arg_int(const struct tmpl_call *c, size_t i)
{
	return c->argv[i].i;
}

/* Results. tmpl_give_str borrows, the others copy into the arena. */
static inline err *tmpl_give(struct tmpl_call *c, node n)
{
	c->out = n;
	return NULL;
}
static inline err *tmpl_give_str(struct tmpl_call *c, str s)
{
	c->out = node_from_str(c->a, s);
	return NULL;
}
static inline err *tmpl_give_bool(struct tmpl_call *c, bool b)
{
	c->out = node_from_bool(b);
	return NULL;
}
static inline err *tmpl_give_int(struct tmpl_call *c, int64_t i)
{
	c->out = value_int(i);
	return NULL;
}
static inline err *tmpl_give_int64(struct tmpl_call *c, int64_t i)
{
	c->out = node_from_int(i);
	return NULL;
}
static inline err *tmpl_give_float(struct tmpl_call *c, double f)
{
	c->out = node_from_float(f);
	return NULL;
}

/* An empty buffer for one result, limited as texts are; shared by all calls,
 * so what it holds is gone once another function runs. */
struct buf *tmpl_scratch(struct tmpl_call *c);
/* Its content as the result; fails when it ran over its limit. */
err *tmpl_give_buf(struct tmpl_call *c, struct buf *b) __attribute__((warn_unused_result));

/* Fail before making something of `bytes` bytes that the limits forbid. */
err *tmpl_fits(struct tmpl_call *c, uint64_t bytes) __attribute__((warn_unused_result));
/* Work of `steps` beyond the one that every call counts. */
err *tmpl_spend(struct tmpl_call *c, uint64_t steps) __attribute__((warn_unused_result));
/* Fail when the tree of a value is too large or deep to be written out; the
 * same map may stand in it any number of times. */
err *tmpl_check_tree(struct tmpl_call *c, node n) __attribute__((warn_unused_result));

/* sprig's strslice: a []string of anything. */
node tmpl_strings(struct arena *a, node v);
/* cast.ToInt64 and ToFloat64: 0 where there is no number. */
int64_t tmpl_to_int(node v);
double tmpl_to_float(node v);
/* strconv.ParseInt whose error nobody looks at: 0, or the nearest int64. */
int64_t tmpl_parse_int(str s, int base);
/* A random number below `n`, from the options. */
uint64_t tmpl_random_below(struct tmpl_call *c, uint64_t n);
/* The text without any "<no value>": a copy. */
#define TMPL_NO_VALUE S("<no value>")
str tmpl_without_no_value(struct arena *a, str s);
/* The text that sprig makes of anything: strval. Borrows or makes it in `a`. */
str tmpl_strval(struct arena *a, node n);

#endif
