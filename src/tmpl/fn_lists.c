/* Lists: every function takes any slice and gives a new []interface {}. */
#include <math.h>
#include <stdlib.h>

#include "tmpl/fn.h"

static err *no_list(const char *fmt, node v)
{
	if (node_is_nil(v))
		return err_new(ERR_INVALID,
			       "runtime error: invalid memory address or nil pointer dereference");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, str_c(fmt));
	buf_add(&b, value_kind_name(v));
	return err_new(ERR_INVALID, "%.*s", STR_ARG(buf_str(&b)));
}

static bool is_list(node v)
{
	return v.kind == NODE_SEQ || value_is_bytes(v);
}

static size_t length(node v)
{
	return (size_t)value_len(v);
}

static node item(node v, size_t i)
{
	return value_bare(value_item(v, i));
}

static err *new_list(struct tmpl_call *c, size_t n, node *out)
{
	TRY(tmpl_fits(c, n * sizeof(node)));
	TRY(tmpl_spend(c, n));
	*out = node_seq(c->a, n);
	return NULL;
}

static void push(node list, node v)
{
	list.seq->items[list.seq->n++] = v;
}

static err *run_list(struct tmpl_call *c)
{
	TRY(new_list(c, c->argc, &c->out));
	for (size_t i = 0; i < c->argc; i++)
		push(c->out, c->argv[i]);
	return NULL;
}

/* ---- parts ------------------------------------------------------------- */

enum { FIRST, LAST, REST, INITIAL };

static err *run_part(struct tmpl_call *c)
{
	static const char *const texts[] = {
		[FIRST] = "Cannot find first on type ",
		[LAST] = "Cannot find last on type ",
		[REST] = "Cannot find rest on type ",
		[INITIAL] = "Cannot find initial on type ",
	};
	node v = c->argv[0];

	if (!is_list(v))
		return no_list(texts[c->mode], v);
	size_t n = length(v), from = c->mode == REST;

	if (c->mode == FIRST || c->mode == LAST)
		return tmpl_give(c, n ? item(v, c->mode == LAST ? n - 1 : 0) : node_null());
	if (!n)
		return tmpl_give(c, value_seq(c->a, GO_NIL_SLICE, 0));
	TRY(new_list(c, n - 1, &c->out));
	for (size_t i = 0; i < n - 1; i++)
		push(c->out, item(v, i + from));
	return NULL;
}

/* strconv-like bounds of reflect's Slice. */
static err *run_slice(struct tmpl_call *c)
{
	node v = c->argv[0];

	if (!is_list(v))
		return no_list("list should be type of slice or array but ", v);
	size_t n = length(v);

	if (!n)
		return tmpl_give(c, node_null());
	int64_t start = c->argc > 1 ? tmpl_to_int(c->argv[1]) : 0;
	int64_t end = c->argc > 2 ? tmpl_to_int(c->argv[2]) : (int64_t)n;

	if (start < 0 || end < start || end > (int64_t)n)
		return err_new(ERR_INVALID, "reflect.Value.Slice: slice index out of bounds");
	if (value_is_bytes(v))
		return tmpl_give(c, value_bytes(c->a,
						str_sub(node_str(v), (size_t)start, (size_t)end)));
	node out = value_seq(c->a, v.type, 0);

	out.seq->items = v.seq->items + start;
	out.seq->n = out.seq->cap = (uint32_t)(end - start);
	return tmpl_give(c, out);
}

static err *run_chunk(struct tmpl_call *c)
{
	int64_t size = tmpl_arg_int(c, 0);
	node v = c->argv[1];

	if (!is_list(v))
		return no_list("Cannot chunk type ", v);
	size_t n = length(v);

	/* What the original's floats make of sizes that are none. */
	if (size < 0 && floor(((double)n - 1) / (double)size) == -1)
		return tmpl_give(c, value_seq(c->a, GO_SLICES, 0));
	if (size <= 0)
		return err_new(ERR_INVALID, "runtime error: makeslice: len out of range");
	size_t chunks = n ? (n - 1) / (size_t)size + 1 : 0;

	TRY(new_list(c, n, &c->out));
	c->out = value_seq(c->a, GO_SLICES, chunks);
	for (size_t at = 0; at < n; at += (size_t)size) {
		size_t m = n - at < (size_t)size ? n - at : (size_t)size;
		node part = node_seq(c->a, m);

		for (size_t i = 0; i < m; i++)
			push(part, item(v, at + i));
		push(c->out, part);
	}
	return NULL;
}

/* ---- growing ----------------------------------------------------------- */

enum { APPEND, PREPEND };

static err *run_push(struct tmpl_call *c)
{
	node v = c->argv[0];

	if (!is_list(v))
		return no_list(
			c->mode == APPEND ? "Cannot push on type " : "Cannot prepend on type ", v);
	size_t n = length(v);

	TRY(new_list(c, n + 1, &c->out));
	if (c->mode == PREPEND)
		push(c->out, c->argv[1]);
	for (size_t i = 0; i < n; i++)
		push(c->out, item(v, i));
	if (c->mode == APPEND)
		push(c->out, c->argv[1]);
	return NULL;
}

static err *run_concat(struct tmpl_call *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->argc; i++) {
		node v = c->argv[i];

		if (node_is_nil(v))
			return no_list("", v);
		if (!is_list(v)) {
			str kind = value_kind_name(v);

			return err_new(ERR_INVALID, "Cannot concat type %.*s as list",
				       STR_ARG(kind));
		}
		n += length(v);
	}
	if (!n)
		return tmpl_give(c, value_seq(c->a, GO_NIL_SLICE, 0));
	TRY(new_list(c, n, &c->out));
	for (size_t i = 0; i < c->argc; i++)
		for (size_t k = 0; k < length(c->argv[i]); k++)
			push(c->out, item(c->argv[i], k));
	return NULL;
}

static err *run_reverse(struct tmpl_call *c)
{
	node v = c->argv[0];

	if (!is_list(v))
		return no_list("Cannot find reverse on type ", v);
	size_t n = length(v);

	TRY(new_list(c, n, &c->out));
	for (size_t i = n; i > 0; i--)
		push(c->out, item(v, i - 1));
	return NULL;
}

/* ---- choosing ---------------------------------------------------------- */

static bool contains(node list, size_t n, node v)
{
	for (size_t i = 0; i < n; i++)
		if (value_equal(v, item(list, i)))
			return true;
	return false;
}

static err *run_compact(struct tmpl_call *c)
{
	node v = c->argv[0];

	if (!is_list(v))
		return no_list("Cannot compact on type ", v);
	TRY(new_list(c, length(v), &c->out));
	for (size_t i = 0; i < length(v); i++)
		if (value_true(item(v, i)))
			push(c->out, item(v, i));
	return NULL;
}

static err *run_uniq(struct tmpl_call *c)
{
	node v = c->argv[0];

	if (!is_list(v))
		return no_list("Cannot find uniq on type ", v);
	TRY(new_list(c, length(v), &c->out));
	for (size_t i = 0; i < length(v); i++) {
		TRY(tmpl_spend(c, node_len(c->out)));
		if (!contains(c->out, node_len(c->out), item(v, i)))
			push(c->out, item(v, i));
	}
	return NULL;
}

static err *run_without(struct tmpl_call *c)
{
	node v = c->argv[0];

	if (!is_list(v))
		return no_list("Cannot find without on type ", v);
	TRY(tmpl_spend(c, length(v) * c->argc));
	TRY(new_list(c, length(v), &c->out));
	for (size_t i = 0; i < length(v); i++) {
		bool omit = false;

		for (size_t k = 1; k < c->argc && !omit; k++)
			omit = value_equal(c->argv[k], item(v, i));
		if (!omit)
			push(c->out, item(v, i));
	}
	return NULL;
}

static err *run_has(struct tmpl_call *c)
{
	node v = c->argv[1];

	if (node_is_nil(v))
		return tmpl_give_bool(c, false);
	if (!is_list(v))
		return no_list("Cannot find has on type ", v);
	TRY(tmpl_spend(c, length(v)));
	return tmpl_give_bool(c, contains(v, length(v), c->argv[0]));
}

/* ---- order ------------------------------------------------------------- */

static int cmp_texts(const void *x, const void *y)
{
	const node *a = x, *b = y;

	return str_cmp(node_str(*a), node_str(*b));
}

static err *run_sort_alpha(struct tmpl_call *c)
{
	node list = tmpl_strings(c->a, c->argv[0]);

	if (node_is_nil(c->argv[0]))
		node_append(c->a, list, node_lit("<nil>"));

	TRY(tmpl_spend(c, node_len(list)));
	/* A []string is sorted in place, as Go's sort does. */
	if (node_len(list))
		qsort(list.seq->items, list.seq->n, sizeof(node), cmp_texts);
	return tmpl_give(c, list);
}

static const struct tmpl_func table[] = {
	{ "append", "aa", run_push, APPEND },
	{ "chunk", "ia", run_chunk },
	{ "compact", "a", run_compact },
	{ "concat", "a*", run_concat },
	{ "first", "a", run_part, FIRST },
	{ "has", "aa", run_has },
	{ "initial", "a", run_part, INITIAL },
	{ "last", "a", run_part, LAST },
	{ "list", "a*", run_list },
	{ "mustAppend", "aa", run_push, APPEND },
	{ "mustChunk", "ia", run_chunk },
	{ "mustCompact", "a", run_compact },
	{ "mustFirst", "a", run_part, FIRST },
	{ "mustHas", "aa", run_has },
	{ "mustInitial", "a", run_part, INITIAL },
	{ "mustLast", "a", run_part, LAST },
	{ "mustPrepend", "aa", run_push, PREPEND },
	{ "mustPush", "aa", run_push, APPEND },
	{ "mustRest", "a", run_part, REST },
	{ "mustReverse", "a", run_reverse },
	{ "mustSlice", "aa*", run_slice },
	{ "mustUniq", "a", run_uniq },
	{ "mustWithout", "aa*", run_without },
	{ "prepend", "aa", run_push, PREPEND },
	{ "push", "aa", run_push, APPEND },
	{ "rest", "a", run_part, REST },
	{ "reverse", "a", run_reverse },
	{ "slice", "aa*", run_slice },
	{ "sortAlpha", "a", run_sort_alpha },
	{ "tuple", "a*", run_list },
	{ "uniq", "a", run_uniq },
	{ "without", "aa*", run_without },
};

const struct tmpl_funcs fn_lists = { table, sizeof table / sizeof *table };
