#include "cel/cel_text_format.h"

#include <math.h>

#include "base/ascii.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "cel/cel_type.h"
#include "text/number.h"
#include "text/quote.h"

/* ---- reading a format -------------------------------------------------- */

/* ".2" and the verb behind it. */
static str take_clause(struct arena *a, str *s, char *verb, int *precision)
{
	*precision = CEL_FORMAT_PRECISION;
	if (str_take(s, '.')) {
		str digits = str_span(s, ascii_is_digit);
		int64_t n = 0;

		if (!s->n)
			return S("could not parse formatting clause: error while parsing precision: "
				 "could not find end of precision specifier");
		err *e = number_parse_atoi(digits, &n);

		if (e) {
			str wrong = arena_printf(a,
						 "could not parse formatting clause: error while parsing "
						 "precision: error while converting precision to integer: "
						 "%s",
						 err_msg(e));

			err_free(e);
			return wrong;
		}
		*precision = n > INT32_MAX ? INT32_MAX : (int)n;
	}
	*verb = s->p[0];
	*s = str_from(*s, 1);
	if (*verb && strchr("sdfebxXo", *verb))
		return STR_NONE;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	utf8_add(&b, (unsigned char)*verb);
	return arena_printf(a, "could not parse formatting clause: unrecognized formatting clause \"%.*s\"",
			    STR_ARG(buf_str(&b)));
}

str cel_text_format_read(struct arena *a, str format, const struct cel_format_reader *reader,
			 struct buf *out)
{
	size_t i = 0;
	str wrong;

	while (format.n && !out->full) {
		size_t plain = str_find_char(format, '%');

		buf_add(out, str_sub(format, 0, plain));
		if (plain == STR_NPOS)
			break;
		format = str_from(format, plain + 1);
		if (str_take(&format, '%')) {
			buf_addc(out, '%');
			continue;
		}
		if (!reader->arg(reader->ctx, i, &wrong))
			return wrong;
		if (!format.n)
			return S("unexpected end of string");
		if (i >= reader->n)
			return arena_printf(a, "index %zu out of range", i);
		char verb = 0;
		int precision;

		wrong = take_clause(a, &format, &verb, &precision);
		if (wrong.n)
			return wrong;
		wrong = reader->clause(reader->ctx, i++, verb, precision, out);
		if (wrong.n)
			return arena_cat(a, S("error during formatting: "), wrong);
	}
	return STR_NONE;
}

static const struct {
	char verb;
	const char *kubernetes, *flux;
} mismatches[] = {
	{ 's',
	  "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
	  "durations, and timestamps",
	  NULL },
	{ 'd', "decimal clause can only be used on integers",
	  "decimal clause can only be used on ints, uints, and doubles" },
	{ 'f', "fixed-point clause can only be used on doubles",
	  "fixed-point clause can only be used on ints, uints, and doubles" },
	{ 'e', "scientific clause can only be used on doubles",
	  "scientific clause can only be used on ints, uints, and doubles" },
	{ 'b', "only integers and bools can be formatted as binary",
	  "only ints, uints, and bools can be formatted as binary" },
	{ 'x', "only integers, byte buffers, and strings can be formatted as hex",
	  "only ints, uints, bytes, and strings can be formatted as hex" },
	{ 'o', "octal clause can only be used on integers",
	  "octal clause can only be used on ints and uints" },
};

str cel_text_format_mismatch(struct arena *a, enum cel_library library, char verb, str type)
{
	size_t i = 0;

	while (mismatches[i].verb != (verb == 'X' ? 'x' : verb))
		i++;
	const char *what = library == CEL_FLUX && mismatches[i].flux ? mismatches[i].flux
								      : mismatches[i].kubernetes;

	return arena_printf(a, "%s, was given %.*s", what, STR_ARG(type));
}

/* ---- numbers ----------------------------------------------------------- */

/* Whole digits in groups of three. */
static void add_grouped(struct buf *b, str number)
{
	size_t digits = 0;

	if (str_take(&number, '-'))
		buf_addc(b, '-');
	while (digits < number.n && ascii_is_digit(number.p[digits]))
		digits++;
	for (size_t i = 0; i < digits; i++) {
		if (i && (digits - i) % 3 == 0)
			buf_addc(b, ',');
		buf_addc(b, number.p[i]);
	}
	buf_add(b, str_from(number, digits));
}

/* Go refuses longer ones. */
enum { PRECISION_MAX = 1000000 };

static void add_fixed(struct buf *b, enum cel_library library, double d, int precision)
{
	CLEANUP(buf_release) struct buf digits = BUF_INIT;

	if (precision > PRECISION_MAX) {
		buf_add(b, S("%!(BADPREC)"));
		precision = CEL_FORMAT_PRECISION;
	}
	number_add_format(&digits, d, 'f', precision);
	if (library == CEL_FLUX)
		buf_add(b, buf_str(&digits));
	else
		add_grouped(b, buf_str(&digits));
}

static void add_superscript(struct buf *b, char c)
{
	static const char *const digits[] = {
		"\xe2\x81\xb0", "\xc2\xb9",	"\xc2\xb2",	"\xc2\xb3",	"\xe2\x81\xb4",
		"\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8", "\xe2\x81\xb9",
	};

	if (ascii_is_digit(c))
		buf_add(b, str_c(digits[c - '0']));
	else if (c == '-')
		buf_add(b, S("\xe2\x81\xbb"));
}

/* "1.234568e+06" as 1.234568 times ten to the 06. */
static void add_scientific(struct buf *b, double d)
{
	CLEANUP(buf_release) struct buf digits = BUF_INIT;
	str mantissa, exponent;

	number_add_format(&digits, d, 'e', CEL_FORMAT_PRECISION);
	str_split(buf_str(&digits), 'e', &mantissa, &exponent);
	buf_add(b, mantissa);
	buf_add(b, S("\xc3\x97" "10"));
	for (size_t i = 0; i < exponent.n; i++)
		add_superscript(b, exponent.p[i]);
}

static str not_finite(enum cel_library library, double d)
{
	if (isnan(d))
		return S("NaN");
	if (library == CEL_FLUX)
		return d > 0 ? S("Infinity") : S("-Infinity");
	return d > 0 ? S("\xe2\x88\x9e") : S("-\xe2\x88\x9e");
}

static bool is_number_word(str s)
{
	return str_eq(s, S("NaN")) || str_eq(s, S("Infinity")) || str_eq(s, S("-Infinity"));
}

/* Go's complaint about a verb that an integer does not have. */
static void add_bad_verb(struct buf *b, cel_value v, char verb, int precision)
{
	CLEANUP(buf_release) struct buf digits = BUF_INIT;
	uint64_t u = v.kind == CEL_UINT || v.i >= 0 ? v.u : -v.u;

	number_add_uint(&digits, u);
	buf_addf(b, "%%!%c(%s=%s", verb, v.kind == CEL_UINT ? "uint64" : "int64", u == v.u ? "" : "-");
	if (precision <= PRECISION_MAX && (size_t)precision > digits.n)
		buf_fill(b, '0', (size_t)precision - digits.n);
	buf_add(b, buf_str(&digits));
	buf_addc(b, ')');
}

/* ---- values as texts, for Kubernetes ----------------------------------- */

struct writer {
	struct cel_run *r;
	struct buf *b;
	cel_value args;
};

static str write_clear(struct writer *w, cel_value v);

static str type_name(cel_value v)
{
	return cel_value_type_name(v);
}

/* A member of a list or map as an expression would write it. */
static str write_literal(struct writer *w, cel_value v)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	struct writer inner = { w->r, &b, w->args };
	str wrong = STR_NONE;

	switch ((enum cel_kind)v.kind) {
	case CEL_DOUBLE:
		number_add_format(&b, v.d, 'f', CEL_FORMAT_PRECISION);
		break;
	case CEL_INT:
	case CEL_UINT:
	case CEL_STRING:
	case CEL_BYTES:
	case CEL_BOOL:
	case CEL_NULL:
	case CEL_TYPE:
	case CEL_TIMESTAMP:
	case CEL_DURATION:
	case CEL_LIST:
	case CEL_MAP:
		wrong = write_clear(&inner, v);
		break;
	default:
		return arena_printf(w->r->a, "no formatting function for %.*s", STR_ARG(type_name(v)));
	}
	if (wrong.n)
		return wrong;
	if (v.kind == CEL_BYTES)
		buf_addc(w->b, 'b');
	if (v.kind == CEL_TIMESTAMP || v.kind == CEL_DURATION)
		buf_add(w->b, v.kind == CEL_DURATION ? S("duration(") : S("timestamp("));
	if (v.kind == CEL_STRING || v.kind == CEL_BYTES || v.kind == CEL_TIMESTAMP ||
	    v.kind == CEL_DURATION || (v.kind == CEL_DOUBLE && !isfinite(v.d)))
		quote_add(w->b, buf_str(&b), QUOTE_PRINT);
	else
		buf_add(w->b, buf_str(&b));
	if (v.kind == CEL_TIMESTAMP || v.kind == CEL_DURATION)
		buf_addc(w->b, ')');
	return STR_NONE;
}

static str write_list(struct writer *w, cel_value v, str (*each)(struct writer *w, cel_value v))
{
	buf_addc(w->b, '[');
	for (size_t i = 0; i < cel_list_n(v) && cel_run_work(w->r, 1); i++) {
		if (i)
			buf_add(w->b, S(", "));
		str wrong = each(w, cel_list_at(w->r, v, i));

		if (wrong.n)
			return wrong;
	}
	buf_addc(w->b, ']');
	return STR_NONE;
}

struct pair {
	str key, value;
};

static int by_key(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct pair *)x)->key, ((const struct pair *)y)->key);
}

static str write_to(struct writer *w, cel_value v, str (*each)(struct writer *w, cel_value v), str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	struct writer inner = { w->r, &b, w->args };
	str wrong = each(&inner, v);

	*out = arena_str(w->r->a, buf_str(&b));
	return wrong;
}

static bool is_key(cel_value v)
{
	return v.kind == CEL_STRING || v.kind == CEL_BOOL || v.kind == CEL_INT || v.kind == CEL_UINT;
}

/* Entries sorted by the texts of their keys. */
static str write_map(struct writer *w, cel_value v, str (*each)(struct writer *w, cel_value v),
		     bool any_key, str colon)
{
	VEC(struct pair) pairs = { 0 };
	cel_value key, value;
	struct pair p;

	for (size_t i = 0; i < cel_map_n(v) && cel_run_work(w->r, 1); i++) {
		if (!cel_map_at(w->r, v, i, &key, &value))
			continue;
		if (!any_key && !is_key(key))
			return arena_printf(w->r->a, "no formatting function for map key of type %.*s",
					    STR_ARG(type_name(key)));
		str wrong = write_to(w, key, each, &p.key);

		if (!wrong.n)
			wrong = write_to(w, value, each, &p.value);
		if (wrong.n)
			return wrong;
		avec_push(w->r->a, &pairs, p);
	}
	sort_stable(pairs.p, pairs.n, sizeof *pairs.p, by_key, NULL);
	buf_addc(w->b, '{');
	for (size_t i = 0; i < pairs.n; i++) {
		if (i)
			buf_add(w->b, S(", "));
		buf_add(w->b, pairs.p[i].key);
		buf_add(w->b, colon);
		buf_add(w->b, pairs.p[i].value);
	}
	buf_addc(w->b, '}');
	return STR_NONE;
}

/* %s. */
static str write_clear(struct writer *w, cel_value v)
{
	str wrong;

	switch ((enum cel_kind)v.kind) {
	case CEL_LIST:
	case CEL_MAP:
		if (++w->r->depth > CEL_VALUE_DEPTH_MAX)
			return S("values nest too deep");
		wrong = v.kind == CEL_LIST ? write_list(w, v, write_literal)
					   : write_map(w, v, write_literal, false, S(":"));
		w->r->depth--;
		return wrong;
	case CEL_NULL:
	case CEL_INT:
	case CEL_UINT:
	case CEL_DOUBLE:
	case CEL_BOOL:
	case CEL_STRING:
	case CEL_BYTES:
	case CEL_TIMESTAMP:
	case CEL_DURATION:
	case CEL_TYPE: {
		v = cel_convert(w->r, v, CEL_STRING);
		if (!cel_is_fault(v)) {
			buf_add(w->b, v.s);
			return STR_NONE;
		}
		return arena_printf(w->r->a, "could not convert argument %.*s to string",
				    STR_ARG(quote_str(w->r->a, v.box->text)));
	}
	default:
		return cel_text_format_mismatch(w->r->a, CEL_KUBERNETES, 's', type_name(v));
	}
}

/* ---- values as texts, for Flux ----------------------------------------- */

static str write_plain(struct writer *w, cel_value v)
{
	str wrong;

	switch ((enum cel_kind)v.kind) {
	case CEL_LIST:
	case CEL_MAP:
		if (++w->r->depth > CEL_VALUE_DEPTH_MAX)
			return S("values nest too deep");
		wrong = v.kind == CEL_LIST ? write_list(w, v, write_plain)
					   : write_map(w, v, write_plain, true, S(": "));
		w->r->depth--;
		return wrong;
	case CEL_DOUBLE:
		if (isfinite(v.d))
			number_add_format(w->b, v.d, 'f', -1);
		else
			buf_add(w->b, not_finite(CEL_FLUX, v.d));
		return STR_NONE;
	case CEL_BYTES:
		buf_add(w->b, v.s);
		return STR_NONE;
	case CEL_TIMESTAMP:
		v.time.offset = 0;
		return write_clear(w, v);
	case CEL_NULL:
	case CEL_INT:
	case CEL_UINT:
	case CEL_BOOL:
	case CEL_STRING:
	case CEL_DURATION:
	case CEL_TYPE:
		return write_clear(w, v);
	default:
		return cel_text_format_mismatch(w->r->a, CEL_FLUX, 's', type_name(v));
	}
}

/* ---- verbs ------------------------------------------------------------- */

static void write_bytes_hex(struct buf *b, str s, bool upper)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addf(b, upper ? "%02X" : "%02x", (unsigned)(unsigned char)s.p[i]);
}

static void write_base(struct buf *b, cel_value v, int base, bool upper)
{
	size_t from = b->n;

	if (v.kind == CEL_UINT)
		number_add_uint_base(b, v.u, base);
	else
		number_add_int_base(b, v.i, base);
	for (size_t i = from; i < b->n && upper; i++)
		if (b->p[i] >= 'a')
			b->p[i] = (char)(b->p[i] - 'a' + 'A');
}

static bool is_integer(cel_value v)
{
	return v.kind == CEL_INT || v.kind == CEL_UINT;
}

/* A double for %f and %e, which Kubernetes also takes as a word. */
static bool double_of(enum cel_library library, cel_value v, double *d)
{
	if (v.kind == CEL_DOUBLE)
		*d = v.d;
	else if (library == CEL_KUBERNETES && v.kind == CEL_STRING && is_number_word(v.s))
		*d = v.s.p[0] == 'N' ? NAN : v.s.p[0] == '-' ? -INFINITY : INFINITY;
	else
		return false;
	return true;
}

static bool write_double(struct writer *w, cel_value v, char verb, int precision)
{
	enum cel_library library = w->r->library;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	double d;

	if (library == CEL_FLUX && is_integer(v)) {
		add_bad_verb(w->b, v, verb, precision);
		return true;
	}
	if (!double_of(library, v, &d))
		return false;
	if (d == 0 && library == CEL_KUBERNETES)
		d = 0;		/* of -0 too the sign is not shown */
	if (!isfinite(d))
		buf_add(&b, not_finite(library, d));
	else if (verb == 'f')
		add_fixed(&b, library, d, precision);
	else if (library == CEL_FLUX)
		number_add_format(&b, d, 'e', precision > PRECISION_MAX ? CEL_FORMAT_PRECISION : precision);
	else
		add_scientific(&b, d);
	/* Kubernetes' edition takes the precision of %e for a width. */
	size_t runes = utf8_count(buf_str(&b));

	if (verb == 'e' && library == CEL_KUBERNETES && precision <= PRECISION_MAX &&
	    (size_t)precision > runes)
		buf_fill(w->b, ' ', (size_t)precision - runes);
	buf_add(w->b, buf_str(&b));
	return true;
}

static bool write_verb(struct writer *w, cel_value v, char verb, int precision)
{
	switch (verb) {
	case 'd':
		if (w->r->library == CEL_FLUX && v.kind == CEL_DOUBLE)
			return !write_plain(w, v).n;
		if (!is_integer(v))
			return false;
		write_base(w->b, v, 10, false);
		return true;
	case 'b':
		if (v.kind == CEL_BOOL)
			buf_addc(w->b, v.b ? '1' : '0');
		else if (is_integer(v))
			write_base(w->b, v, 2, false);
		return v.kind == CEL_BOOL || is_integer(v);
	case 'o':
		if (is_integer(v))
			write_base(w->b, v, 8, false);
		return is_integer(v);
	case 'x':
	case 'X':
		if (v.kind == CEL_STRING || v.kind == CEL_BYTES)
			write_bytes_hex(w->b, v.s, verb == 'X');
		else if (is_integer(v))
			write_base(w->b, v, 16, verb == 'X');
		return v.kind == CEL_STRING || v.kind == CEL_BYTES || is_integer(v);
	default:
		return write_double(w, v, verb, precision);
	}
}

static bool has_arg(void *ctx, size_t i, str *wrong)
{
	struct writer *w = ctx;

	if (i < cel_list_n(w->args))
		return true;
	*wrong = arena_printf(w->r->a, "index %zu out of range", i);
	return false;
}

static str write_clause(void *ctx, size_t i, char verb, int precision, struct buf *out)
{
	struct writer *w = ctx;
	cel_value v = cel_list_at(w->r, w->args, i);

	w->b = out;
	if (verb == 's')
		return w->r->library == CEL_FLUX ? write_plain(w, v) : write_clear(w, v);
	if (write_verb(w, v, verb, precision))
		return STR_NONE;
	return cel_text_format_mismatch(w->r->a, w->r->library, verb, type_name(v));
}

cel_value cel_text_format(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	struct writer w = { r, &b, v[1] };
	struct cel_format_reader reader = { &w, cel_list_n(v[1]), has_arg, write_clause };
	str wrong = cel_text_format_read(r->a, v[0].s, &reader, &b);
	(void)n;

	return wrong.n ? cel_fault(r, "%.*s", STR_ARG(wrong)) : cel_text(r, &b);
}
