/* The functions of the template language itself. */
#include "base/utf8.h"
#include "text/gourl.h"
#include "text/unicode.h"
#include "tmpl/fn.h"
#include "tmpl/printf.h"

/* reflect's Elem of an interface, as every builtin begins. */
static node arg(const struct tmpl_call *c, size_t i)
{
	return value_unwrap(c->argv[i]);
}

/* ---- comparison -------------------------------------------------------- */

enum basic {
	BASIC_NONE,
	BASIC_BOOL,
	BASIC_COMPLEX,
	BASIC_INT,
	BASIC_FLOAT,
	BASIC_STRING,
	BASIC_UINT
};

static enum basic basic_kind(node n)
{
	switch (value_kind(n)) {
	case KIND_BOOL:
		return BASIC_BOOL;
	case KIND_INT:
	case KIND_INT32:
	case KIND_INT64:
		return BASIC_INT;
	case KIND_UINT8:
	case KIND_UINT32:
	case KIND_UINT64:
		return BASIC_UINT;
	case KIND_FLOAT:
		return BASIC_FLOAT;
	case KIND_COMPLEX:
		return BASIC_COMPLEX;
	case KIND_STRING:
		return BASIC_STRING;
	case KIND_INVALID:
	case KIND_SLICE:
	case KIND_MAP:
	case KIND_STRUCT:
	case KIND_PTR:
		break;
	}
	return BASIC_NONE;
}

static err *incompatible(node a, node b)
{
	return err_new(ERR_INVALID, "incompatible types for comparison: %.*s and %.*s",
		       STR_ARG(value_type_name(a)), STR_ARG(value_type_name(b)));
}

static err *bad_comparison(void)
{
	return err_new(ERR_INVALID, "invalid type for comparison");
}

/* fmt's %s and %v of a reflect.Value. */
static void show(struct buf *b, node n, str verb)
{
	if (n.kind == NODE_NONE)
		buf_add(b, S("<nil>"));
	else
		printf_format(b, verb, &n, 1);
}

static bool is_nil_value(node n)
{
	return n.kind == NODE_NONE ||
	       (n.kind == NODE_SEQ && (n.type == GO_NIL_SLICE || n.type == GO_NIL_STRINGS)) ||
	       (n.kind == NODE_MAP &&
		(n.type == GO_NIL_MAP || n.type == GO_NIL_STRING_MAP));
}

static bool is_comparable(node n)
{
	enum value_kind k = value_kind(n);

	return k != KIND_SLICE && k != KIND_MAP;
}

/* Neither has a basic kind: lists, maps, structs, nil. */
static err *equal_others(node a, node b, bool *out)
{
	CLEANUP(buf_release) struct buf x = BUF_LIMIT(1 << 20);
	CLEANUP(buf_release) struct buf y = BUF_LIMIT(1 << 20);

	if (value_kind(a) != value_kind(b) && a.kind != NODE_NONE && b.kind != NODE_NONE) {
		show(&x, a, S("%s"));
		show(&y, b, S("%v"));
		return err_new(ERR_INVALID, "non-comparable types %.*s: %.*s, %.*s: %.*s",
			       STR_ARG(buf_str(&x)), STR_ARG(value_type_name(a)),
			       STR_ARG(value_type_name(b)), STR_ARG(buf_str(&y)));
	}
	if (is_nil_value(a) || is_nil_value(b)) {
		*out = is_nil_value(a) == is_nil_value(b);
		return NULL;
	}
	if (!is_comparable(b)) {
		show(&x, b, S("%s"));
		return err_new(ERR_INVALID, "non-comparable type %.*s: %.*s", STR_ARG(buf_str(&x)),
			       STR_ARG(value_type_name(b)));
	}
	*out = a.object == b.object || value_equal(a, b);
	return NULL;
}

static err *equal(node a, node b, bool *out)
{
	enum basic x = basic_kind(a), y = basic_kind(b);

	*out = false;
	if (x != y) {
		if (x == BASIC_INT && y == BASIC_UINT)
			*out = a.i >= 0 && a.u == b.u;
		else if (x == BASIC_UINT && y == BASIC_INT)
			*out = b.i >= 0 && a.u == b.u;
		else if (a.kind != NODE_NONE && b.kind != NODE_NONE)
			return incompatible(a, b);
		return NULL;
	}
	switch (x) {
	case BASIC_BOOL:
		*out = a.b == b.b;
		return NULL;
	case BASIC_INT:
	case BASIC_UINT:
		*out = a.u == b.u;
		return NULL;
	case BASIC_FLOAT:
		*out = a.f == b.f;
		return NULL;
	case BASIC_STRING:
		*out = str_eq(node_str(a), node_str(b));
		return NULL;
	case BASIC_COMPLEX:
		*out = value_equal(a, b);
		return NULL;
	case BASIC_NONE:
		break;
	}
	return equal_others(a, b, out);
}

static err *run_eq(struct tmpl_call *c)
{
	node first = arg(c, 0);
	bool same = false;

	if (c->argc < 2)
		return err_new(ERR_INVALID, "missing argument for comparison");
	for (size_t i = 1; i < c->argc && !same; i++)
		TRY(equal(first, arg(c, i), &same));
	return tmpl_give_bool(c, same);
}

static err *run_ne(struct tmpl_call *c)
{
	bool same;

	TRY(equal(arg(c, 0), arg(c, 1), &same));
	return tmpl_give_bool(c, !same);
}

static err *less(node a, node b, bool *out)
{
	enum basic x = basic_kind(a), y = basic_kind(b);

	if (!x || !y)
		return bad_comparison();
	if (x == BASIC_INT && y == BASIC_UINT)
		*out = a.i < 0 || a.u < b.u;
	else if (x == BASIC_UINT && y == BASIC_INT)
		*out = b.i >= 0 && a.u < b.u;
	else if (x != y)
		return incompatible(a, b);
	else if (x == BASIC_BOOL || x == BASIC_COMPLEX)
		return bad_comparison();
	else if (x == BASIC_FLOAT)
		*out = a.f < b.f;
	else if (x == BASIC_INT)
		*out = a.i < b.i;
	else if (x == BASIC_UINT)
		*out = a.u < b.u;
	else
		*out = str_cmp(node_str(a), node_str(b)) < 0;
	return NULL;
}

enum { LT, LE, GT, GE };

/* Go builds all four from "<" and "==", so NaN is >= everything. */
static err *run_order(struct tmpl_call *c)
{
	node a = arg(c, 0), b = arg(c, 1);
	bool lt = false, eq = false;

	TRY(less(a, b, &lt));
	if (!lt && (c->mode == LE || c->mode == GT))
		TRY(equal(a, b, &eq));
	switch (c->mode) {
	case LT:
		return tmpl_give_bool(c, lt);
	case LE:
		return tmpl_give_bool(c, lt || eq);
	case GT:
		return tmpl_give_bool(c, !(lt || eq));
	default:
		return tmpl_give_bool(c, !lt);
	}
}

/* ---- parts ------------------------------------------------------------- */

static err *run_not(struct tmpl_call *c)
{
	return tmpl_give_bool(c, !value_true(c->argv[0]));
}

static err *run_len(struct tmpl_call *c)
{
	node n = c->argv[0];

	if (n.kind == NODE_NULL)
		return err_new(ERR_INVALID, "len of nil pointer");
	if (n.kind == NODE_NONE)
		return err_new(ERR_INVALID, "reflect: call of reflect.Value.Type on zero Value");
	int64_t length = value_len(n);

	if (length < 0)
		return err_new(ERR_INVALID, "len of type %.*s", STR_ARG(value_type_name(n)));
	return tmpl_give_int(c, length);
}

static err *index_list(node list, node at, node *out)
{
	int64_t length = value_len(list);

	if (at.kind == NODE_NONE)
		return err_new(ERR_INVALID, "cannot index slice/array with nil");
	if (!value_is_int(at))
		return err_new(ERR_INVALID, "cannot index slice/array with type %.*s",
			       STR_ARG(value_type_name(at)));
	if (at.i < 0 || at.i > length)
		return err_new(ERR_INVALID, "index out of range: %lld", (long long)at.i);
	if (at.i == length)
		return err_new(ERR_INVALID, list.kind == NODE_STR && list.type == GO_STRING
						    ? "reflect: string index out of range"
						    : "reflect: slice index out of range");
	*out = value_item(list, (size_t)at.i);
	return NULL;
}

static err *index_map(node map, node key, node *out)
{
	if (key.kind == NODE_NONE)
		return err_new(ERR_INVALID, "value is nil; should be of type string");
	if (!value_is_str(key))
		return err_new(ERR_INVALID, "value has type %.*s; should be string",
			       STR_ARG(value_type_name(key)));
	*out = value_field(map, node_str(key));
	if (out->kind == NODE_NONE)
		*out = value_zero_elem(map);
	return NULL;
}

static err *run_index(struct tmpl_call *c)
{
	node item = arg(c, 0);

	if (item.kind == NODE_NONE)
		return err_new(ERR_INVALID, "index of untyped nil");
	for (size_t i = 1; i < c->argc; i++) {
		node at = arg(c, i);

		if (item.kind == NODE_NULL)
			return err_new(ERR_INVALID, "index of nil pointer");
		item = value_unwrap(item);
		if (item.kind == NODE_MAP)
			TRY(index_map(item, at, &item));
		else if (item.kind == NODE_SEQ || item.kind == NODE_STR)
			TRY(index_list(item, at, &item));
		else
			return err_new(ERR_INVALID, "can't index item of type %.*s",
				       STR_ARG(value_type_name(item)));
	}
	return tmpl_give(c, item);
}

/* ---- printing ---------------------------------------------------------- */

static err *run_print(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	printf_print(b, c->argv, c->argc);
	return tmpl_give_buf(c, b);
}

static err *run_println(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	printf_println(b, c->argv, c->argc);
	return tmpl_give_buf(c, b);
}

static err *run_printf(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	printf_format(b, tmpl_arg_str(c, 0), c->argv + 1, c->argc - 1);
	return tmpl_give_buf(c, b);
}

/* ---- escaping ---------------------------------------------------------- */

/* The arguments printed as by `print`, but nil as in an action. */
static str joined(struct tmpl_call *c)
{
	if (c->argc == 1 && value_is_str(c->argv[0]))
		return tmpl_arg_str(c, 0);
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(tmpl_scratch(c)->max);
	node *args = arena_alloc(c->a, (c->argc + 1) * sizeof *args);

	for (size_t i = 0; i < c->argc; i++)
		args[i] = node_is_nil(c->argv[i]) ? node_lit("<no value>") : c->argv[i];
	printf_print(&b, args, c->argc);
	return arena_str(c->a, buf_str(&b));
}

static err *run_html(struct tmpl_call *c)
{
	str s = joined(c);
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case 0:
			buf_add(b, S("\xef\xbf\xbd"));
			break;
		case '"':
			buf_add(b, S("&#34;"));
			break;
		case '\'':
			buf_add(b, S("&#39;"));
			break;
		case '&':
			buf_add(b, S("&amp;"));
			break;
		case '<':
			buf_add(b, S("&lt;"));
			break;
		case '>':
			buf_add(b, S("&gt;"));
			break;
		default:
			buf_addc(b, s.p[i]);
			break;
		}
	return tmpl_give_buf(c, b);
}

static void js_ascii(struct buf *b, char ch)
{
	switch (ch) {
	case '\\':
	case '\'':
	case '"':
		buf_addc(b, '\\');
		buf_addc(b, ch);
		return;
	case '<':
	case '>':
	case '&':
	case '=':
		buf_addf(b, "\\u%04X", (unsigned)ch);
		return;
	default:
		if (ch < ' ')
			buf_addf(b, "\\u%04X", (unsigned)ch);
		else
			buf_addc(b, ch);
		return;
	}
}

static err *run_js(struct tmpl_call *c)
{
	str s = joined(c);
	struct buf *b = tmpl_scratch(c);

	while (s.n) {
		str before = s;
		uint32_t rune;

		if ((unsigned char)s.p[0] < 0x80) {
			js_ascii(b, s.p[0]);
			s = str_from(s, 1);
			continue;
		}
		utf8_take(&s, &rune);
		if (unicode_is_print(rune))
			buf_add(b, str_sub(before, 0, before.n - s.n));
		else
			buf_addf(b, "\\u%04X", rune);
	}
	return tmpl_give_buf(c, b);
}

static err *run_urlquery(struct tmpl_call *c)
{
	str s = joined(c);
	struct buf *b = tmpl_scratch(c);

	gourl_escape_query(b, s);
	return tmpl_give_buf(c, b);
}

static const struct tmpl_func table[] = {
	{ "and", "vv*", NULL, TMPL_AND }, { "call", "vv*", NULL, TMPL_CALL },
	{ "eq", "vv*", run_eq },          { "ge", "vv", run_order, GE },
	{ "gt", "vv", run_order, GT },    { "html", "a*", run_html },
	{ "index", "vv*", run_index },    { "js", "a*", run_js },
	{ "le", "vv", run_order, LE },    { "len", "v", run_len },
	{ "lt", "vv", run_order, LT },    { "ne", "vv", run_ne },
	{ "not", "v", run_not },          { "or", "vv*", NULL, TMPL_OR },
	{ "print", "a*", run_print },     { "printf", "sa*", run_printf },
	{ "println", "a*", run_println }, { "urlquery", "a*", run_urlquery },
};

const struct tmpl_funcs fn_builtin = { table, sizeof table / sizeof *table };
