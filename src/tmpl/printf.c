#include "tmpl/printf.h"

#include "base/utf8.h"
#include "text/duration.h"
#include "text/gotime.h"
#include "text/number.h"
#include "tmpl/printf_impl.h"

/* One call. `arg` is what the verb was given, `value` the part of it that is
 * being printed; the text of a bad verb names one or the other. */
struct printer {
	struct format f;
	struct arena *a; /* for sorted keys */
	node arg, value;
	bool has_arg, has_value;
	bool erroring; /* inside a %!x(...): String methods are not asked */
	bool reordered, good_index;
};

static void print_arg(struct printer *p, node arg, uint32_t verb);
static void print_value(struct printer *p, node v, uint32_t verb, int depth);

/* ---- plain kinds ------------------------------------------------------- */

static void bad_verb(struct printer *p, uint32_t verb)
{
	struct buf *b = p->f.b;

	p->erroring = true;
	buf_add(b, S("%!"));
	utf8_add(b, verb);
	buf_addc(b, '(');
	if (p->has_arg) {
		buf_add(b, value_type_name(p->arg));
		buf_addc(b, '=');
		print_arg(p, p->arg, 'v');
	} else if (p->has_value) {
		buf_add(b, value_type_name(p->value));
		buf_addc(b, '=');
		print_value(p, p->value, 'v', 0);
	} else {
		buf_add(b, S("<nil>"));
	}
	buf_addc(b, ')');
	p->erroring = false;
}

static void print_hex(struct printer *p, uint64_t u, bool prefix)
{
	bool sharp = p->f.sharp;

	p->f.sharp = prefix;
	format_int(&p->f, u, 16, false, 'v', false);
	p->f.sharp = sharp;
}

static void print_int(struct printer *p, uint64_t u, bool is_signed, uint32_t verb)
{
	struct format *f = &p->f;

	switch (verb) {
	case 'v':
		if (f->sharp_v && !is_signed)
			print_hex(p, u, true);
		else
			format_int(f, u, 10, is_signed, verb, false);
		return;
	case 'd':
		format_int(f, u, 10, is_signed, verb, false);
		return;
	case 'b':
		format_int(f, u, 2, is_signed, verb, false);
		return;
	case 'o':
	case 'O':
		format_int(f, u, 8, is_signed, verb, false);
		return;
	case 'x':
	case 'X':
		format_int(f, u, 16, is_signed, verb, verb == 'X');
		return;
	case 'c':
		format_char(f, u);
		return;
	case 'q':
		format_quoted_char(f, u);
		return;
	case 'U':
		format_unicode(f, u);
		return;
	default:
		bad_verb(p, verb);
		return;
	}
}

static void print_float(struct printer *p, double v, uint32_t verb)
{
	switch (verb) {
	case 'v':
		format_float(&p->f, v, 'g', -1);
		return;
	case 'b':
	case 'g':
	case 'G':
	case 'x':
	case 'X':
		format_float(&p->f, v, (char)verb, -1);
		return;
	case 'f':
	case 'e':
	case 'E':
		format_float(&p->f, v, (char)verb, 6);
		return;
	case 'F':
		format_float(&p->f, v, 'f', 6);
		return;
	default:
		bad_verb(p, verb);
		return;
	}
}

static void print_complex(struct printer *p, const struct value_complex *c, uint32_t verb)
{
	bool plus = p->f.plus;

	if (verb > 0x7f || !verb || !strchr("vbgGxXfFeE", (int)verb)) {
		bad_verb(p, verb);
		return;
	}
	buf_addc(p->f.b, '(');
	print_float(p, c->re, verb);
	p->f.plus = true;
	print_float(p, c->im, verb);
	buf_add(p->f.b, S("i)"));
	p->f.plus = plus;
}

static void print_str(struct printer *p, str s, uint32_t verb)
{
	struct format *f = &p->f;

	switch (verb) {
	case 'v':
		if (f->sharp_v)
			format_quoted(f, s);
		else
			format_string(f, s);
		return;
	case 's':
		format_string(f, s);
		return;
	case 'x':
	case 'X':
		format_hex(f, s, verb == 'X');
		return;
	case 'q':
		format_quoted(f, s);
		return;
	default:
		bad_verb(p, verb);
		return;
	}
}

/* ---- methods ----------------------------------------------------------- */

/* What the String method of the value gives; false when it has none. */
static bool method_text(struct buf *b, node v)
{
	const struct value_class *c = value_class(v);

	if (c) {
		if (!c->text)
			return false;
		c->text(b, v.object);
		return true;
	}
	if (v.kind != NODE_INT)
		return false;
	if (v.type == GO_DURATION)
		duration_add(b, v.i);
	else if (v.type == GO_MONTH && v.i >= 1 && v.i <= 12)
		buf_add(b, gotime_month_name((int)v.i));
	else if (v.type == GO_WEEKDAY && v.i >= 0 && v.i <= 6)
		buf_add(b, gotime_weekday_name((int)v.i));
	else
		return false;
	return true;
}

static bool handle_methods(struct printer *p, node v, uint32_t verb)
{
	if (p->erroring || (v.kind != NODE_INT && v.kind != NODE_OBJECT))
		return false;
	if (p->f.sharp_v ||
	    (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q'))
		return false;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!method_text(&b, v))
		return false;
	print_str(p, buf_str(&b), verb);
	return true;
}

/* ---- lists, maps, structs ---------------------------------------------- */

static void separate(struct printer *p, bool first)
{
	if (!first)
		buf_add(p->f.b, p->f.sharp_v ? S(", ") : S(" "));
}

/* A part of a list, map or struct: nil is an interface's. */
static void print_part(struct printer *p, node v, uint32_t verb, int depth)
{
	if (node_is_nil(v))
		buf_add(p->f.b, p->f.sharp_v ? S("interface {}(nil)") : S("<nil>"));
	else
		print_value(p, value_bare(v), verb, depth);
}

static void print_map(struct printer *p, node v, uint32_t verb, int depth)
{
	struct buf *b = p->f.b;
	struct arena_mark mark = arena_mark(p->a);
	const struct node_pair *pairs = value_sorted(p->a, v);

	if (p->f.sharp_v) {
		buf_add(b, value_type_name(v));
		if (v.type == GO_NIL_MAP || v.type == GO_NIL_STRING_MAP) {
			buf_add(b, S("(nil)"));
			return;
		}
	}
	buf_add(b, p->f.sharp_v ? S("{") : S("map["));
	for (size_t i = 0; i < v.map->n && !b->full; i++) {
		separate(p, !i);
		print_value(p, pairs[i].key, verb, depth + 1);
		buf_addc(b, ':');
		print_part(p, pairs[i].value, verb, depth + 1);
	}
	buf_addc(b, p->f.sharp_v ? '}' : ']');
	arena_rewind(p->a, mark);
}

static void print_seq(struct printer *p, node v, uint32_t verb, int depth)
{
	struct buf *b = p->f.b;

	if (p->f.sharp_v) {
		buf_add(b, value_type_name(v));
		if (v.type == GO_NIL_SLICE || v.type == GO_NIL_STRINGS) {
			buf_add(b, S("(nil)"));
			return;
		}
	}
	buf_addc(b, p->f.sharp_v ? '{' : '[');
	for (size_t i = 0; i < v.seq->n && !b->full; i++) {
		separate(p, !i);
		print_part(p, v.seq->items[i], verb, depth + 1);
	}
	buf_addc(b, p->f.sharp_v ? '}' : ']');
}

static void print_bytes(struct printer *p, node v, uint32_t verb)
{
	struct buf *b = p->f.b;
	str s = node_str(v);

	switch (verb) {
	case 's':
		format_string(&p->f, s);
		return;
	case 'x':
	case 'X':
		format_hex(&p->f, s, verb == 'X');
		return;
	case 'q':
		format_quoted(&p->f, s);
		return;
	default:
		break;
	}
	buf_add(b, p->f.sharp_v ? S("[]byte{") : S("["));
	for (size_t i = 0; i < s.n && !b->full; i++) {
		separate(p, !i);
		print_value(p, value_typed_int((unsigned char)s.p[i], GO_UINT8), verb, 1);
	}
	buf_addc(b, p->f.sharp_v ? '}' : ']');
}

static void print_fields(struct printer *p, node v, uint32_t verb, int depth)
{
	const struct value_class *c = value_class(v);
	struct buf *b = p->f.b;
	const char *name = c->type_name + (c->type_name[0] == '*');

	if (p->f.sharp_v)
		buf_add(b, str_c(name));
	buf_addc(b, '{');
	for (size_t i = 0; i < c->fields_n && !b->full; i++) {
		separate(p, !i);
		if (p->f.plus_v || p->f.sharp_v) {
			buf_add(b, str_c(c->fields[i].name));
			buf_addc(b, ':');
		}
		print_part(p, c->fields[i].get(p->a, v.object), verb, depth + 1);
	}
	buf_addc(b, '}');
}

static void print_object(struct printer *p, node v, uint32_t verb, int depth)
{
	const struct value_class *c = value_class(v);

	if (c->kind == KIND_COMPLEX) {
		print_complex(p, v.object, verb);
		return;
	}
	if (c->kind == KIND_PTR && depth == 0) {
		buf_addc(p->f.b, '&');
	} else if (c->kind == KIND_PTR) {
		print_hex(p, (uint64_t)(uintptr_t)v.object, !p->f.sharp);
		return;
	}
	print_fields(p, v, verb, depth);
}

static void print_value(struct printer *p, node v, uint32_t verb, int depth)
{
	if (depth > VALUE_DEPTH_MAX)
		p->f.b->full = true;	/* refused as a text that has no end */
	if (p->f.b->full)
		return;
	if (depth > 0) {
		p->arg = v;
		p->has_arg = !node_is_nil(v);
		if (handle_methods(p, v, verb))
			return;
	}
	p->has_arg = false;
	p->value = v;
	p->has_value = !node_is_nil(v);
	switch ((enum node_kind)v.kind) {
	case NODE_BOOL:
		if (verb == 't' || verb == 'v')
			format_bool(&p->f, v.b);
		else
			bad_verb(p, verb);
		return;
	case NODE_INT:
		print_int(p, v.u, v.type != GO_UINT8 && v.type != GO_UINT32 && v.type != GO_UINT64,
			  verb);
		return;
	case NODE_UINT:
		print_int(p, v.u, false, verb);
		return;
	case NODE_FLOAT:
		print_float(p, v.f, verb);
		return;
	case NODE_STR:
	case NODE_TIME:
		if (v.type == GO_BYTES)
			print_bytes(p, v, verb);
		else
			print_str(p, node_str(v), verb);
		return;
	case NODE_SEQ:
		print_seq(p, v, verb, depth);
		return;
	case NODE_MAP:
		print_map(p, v, verb, depth);
		return;
	case NODE_OBJECT:
		print_object(p, v, verb, depth);
		return;
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
		break;
	}
	if (verb == 'v')
		buf_add(p->f.b, S("<nil>"));
	else
		bad_verb(p, verb);
}

/* ---- arguments --------------------------------------------------------- */

static void print_pointer(struct printer *p, node arg)
{
	if (arg.kind == NODE_SEQ || arg.kind == NODE_MAP || value_is_bytes(arg) ||
	    value_kind(arg) == KIND_PTR)
		print_hex(p, (uint64_t)(uintptr_t)arg.object, !p->f.sharp);
	else
		bad_verb(p, 'p');
}

static void print_arg(struct printer *p, node arg, uint32_t verb)
{
	p->arg = arg;
	p->has_arg = !node_is_nil(arg);
	p->has_value = false;
	if (!p->has_arg) {
		if (verb == 'T' || verb == 'v')
			format_pad(&p->f, S("<nil>"));
		else
			bad_verb(p, verb);
		return;
	}
	if (verb == 'T') {
		format_string(&p->f, value_type_name(arg));
		return;
	}
	if (verb == 'p') {
		print_pointer(p, arg);
		return;
	}
	if (!handle_methods(p, arg, verb))
		print_value(p, arg, verb, 0);
}

void printf_print(struct buf *b, const node *args, size_t n)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct printer p = { .f = { .b = b }, .a = &a };
	bool before = false;

	for (size_t i = 0; i < n; i++) {
		bool is_str = value_is_str(args[i]);

		if (i && !is_str && !before)
			buf_addc(b, ' ');
		print_arg(&p, args[i], 'v');
		before = is_str;
	}
}

void printf_println(struct buf *b, const node *args, size_t n)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct printer p = { .f = { .b = b }, .a = &a };

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, ' ');
		print_arg(&p, args[i], 'v');
	}
	buf_addc(b, '\n');
}

void printf_value(struct buf *b, node n)
{
	if (value_is_str(n))
		buf_add(b, node_str(n));
	else
		printf_print(b, &n, 1);
}

void printf_pointee(struct buf *b, node n)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct printer p = { .f = { .b = b }, .a = &a };
	const struct value_class *c = value_class(n);

	if (c && c->kind == KIND_PTR && !c->text)
		print_fields(&p, n, 'v', 0);
	else
		printf_value(b, n);
}

void printf_action(struct buf *b, node n)
{
	const struct value_class *c = value_class(n);

	if (value_is_str(n))
		buf_add(b, node_str(n));
	else if (n.kind == NODE_NONE)
		buf_add(b, S("<no value>"));
	else if (n.kind == NODE_INT && n.type < GO_UINT64)
		number_add_int(b, n.i);
	else if (c && c->text_by_address && (c->kind == KIND_PTR || (n.style & VALUE_ADDR)))
		c->text_by_address(b, n.object);
	else
		printf_pointee(b, n);
}

/* ---- formats ----------------------------------------------------------- */

static bool too_large(int64_t n)
{
	return n > FORMAT_NUMBER_MAX || n < -FORMAT_NUMBER_MAX;
}

/* A number from `*i` on; a crazy one ends the format, as in Go. */
static bool parse_number(str s, size_t *i, size_t end, int *number)
{
	bool is_number = false;

	*number = 0;
	for (; *i < end && s.p[*i] >= '0' && s.p[*i] <= '9'; (*i)++) {
		if (too_large(*number)) {
			*number = 0;
			*i = end;
			return false;
		}
		*number = *number * 10 + (s.p[*i] - '0');
		is_number = true;
	}
	return is_number;
}

/* "[3]" at `*i`. True when there is one; a bad one clears good_index. */
static bool parse_index(struct printer *p, str s, size_t *i, size_t *arg, size_t args_n)
{
	int number;

	if (*i >= s.n || s.p[*i] != '[')
		return false;
	p->reordered = true;
	str tail = str_from(s, *i);
	size_t close = str_find_char(tail, ']'), at = 1;

	if (tail.n < 3 || close == STR_NPOS) {
		p->good_index = false;
		*i += 1;
		return false;
	}
	bool ok = parse_number(tail, &at, close, &number) && at == close;

	*i += close + 1;
	if (ok && number >= 1 && (size_t)number <= args_n) {
		*arg = (size_t)number - 1;
		return true;
	}
	p->good_index = false;
	return ok;
}

/* The argument of a `*`. */
static bool int_arg(const node *args, size_t n, size_t *arg, int *out)
{
	*out = 0;
	if (*arg >= n)
		return false;
	node v = args[(*arg)++];

	if (v.kind != NODE_INT || too_large(v.i))
		return false;
	*out = (int)v.i;
	return true;
}

static void parse_flags(struct format *f, str s, size_t *i)
{
	for (; *i < s.n; (*i)++)
		switch (s.p[*i]) {
		case '#':
			f->sharp = true;
			break;
		case '0':
			f->zero = true;
			break;
		case '+':
			f->plus = true;
			break;
		case '-':
			f->minus = true;
			break;
		case ' ':
			f->space = true;
			break;
		default:
			return;
		}
}

struct args {
	const node *p;
	size_t n, at;
	bool after_index; /* the last thing in the format was an index like [3] */
};

static void parse_width(struct printer *p, str s, size_t *i, struct args *a)
{
	struct format *f = &p->f;

	if (*i < s.n && s.p[*i] == '*') {
		(*i)++;
		f->has_width = int_arg(a->p, a->n, &a->at, &f->width);
		if (!f->has_width)
			buf_add(f->b, S("%!(BADWIDTH)"));
		if (f->width < 0) {
			f->width = -f->width;
			f->minus = true;
			f->zero = false;
		}
		a->after_index = false;
		return;
	}
	f->has_width = parse_number(s, i, s.n, &f->width);
	if (a->after_index && f->has_width)
		p->good_index = false;
}

static void parse_prec(struct printer *p, str s, size_t *i, struct args *a)
{
	struct format *f = &p->f;

	if (*i + 1 >= s.n || s.p[*i] != '.')
		return;
	(*i)++;
	if (a->after_index)
		p->good_index = false;
	a->after_index = parse_index(p, s, i, &a->at, a->n);
	if (*i < s.n && s.p[*i] == '*') {
		(*i)++;
		f->has_prec = int_arg(a->p, a->n, &a->at, &f->prec);
		if (f->prec < 0) {
			f->prec = 0;
			f->has_prec = false;
		}
		if (!f->has_prec)
			buf_add(f->b, S("%!(BADPREC)"));
		a->after_index = false;
		return;
	}
	f->has_prec = parse_number(s, i, s.n, &f->prec);
	if (!f->has_prec) {
		f->prec = 0;
		f->has_prec = true;
	}
}

static void print_verb(struct printer *p, uint32_t verb, struct args *a)
{
	struct format *f = &p->f;

	if (verb == '%') {
		buf_addc(f->b, '%');
		return;
	}
	if (!p->good_index || a->at >= a->n) {
		buf_add(f->b, S("%!"));
		utf8_add(f->b, verb);
		buf_add(f->b, p->good_index ? S("(MISSING)") : S("(BADINDEX)"));
		return;
	}
	if (verb == 'v' || verb == 'w') {
		f->sharp_v = f->sharp;
		f->sharp = false;
		f->plus_v = f->plus;
		f->plus = false;
	}
	if (verb == 'w' && !node_is_nil(a->p[a->at])) {
		p->arg = a->p[a->at++];
		p->has_arg = true;
		bad_verb(p, verb);
		return;
	}
	print_arg(p, a->p[a->at++], verb);
}

/* One directive; `*i` stands behind its '%'. False at the end of the format. */
static bool print_directive(struct printer *p, str s, size_t *i, struct args *a)
{
	size_t size;

	format_clear(&p->f);
	p->good_index = true;
	parse_flags(&p->f, s, i);
	a->after_index = parse_index(p, s, i, &a->at, a->n);
	parse_width(p, s, i, a);
	parse_prec(p, s, i, a);
	if (!a->after_index)
		a->after_index = parse_index(p, s, i, &a->at, a->n);
	if (*i >= s.n) {
		buf_add(p->f.b, S("%!(NOVERB)"));
		return false;
	}
	uint32_t verb = utf8_decode(str_from(s, *i), &size);

	*i += size;
	print_verb(p, verb, a);
	return true;
}

static void print_extra(struct printer *p, const node *args, size_t n)
{
	struct buf *b = p->f.b;

	format_clear(&p->f);
	buf_add(b, S("%!(EXTRA "));
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add(b, S(", "));
		buf_add(b, value_type_name(args[i]));
		if (node_is_nil(args[i]))
			continue;
		buf_addc(b, '=');
		print_arg(p, args[i], 'v');
	}
	buf_addc(b, ')');
}

void printf_format(struct buf *b, str format, const node *args, size_t n)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct printer p = { .f = { .b = b }, .a = &arena };
	struct args a = { args, n, 0, false };
	size_t i = 0;

	while (i < format.n && !b->full) {
		str text = str_from(format, i);
		size_t percent = str_find_char(text, '%');

		buf_add(b, str_sub(text, 0, percent));
		if (percent == STR_NPOS)
			break;
		i += percent + 1;
		if (!print_directive(&p, format, &i, &a))
			break;
	}
	if (!p.reordered && a.at < n)
		print_extra(&p, args + a.at, n - a.at);
}
