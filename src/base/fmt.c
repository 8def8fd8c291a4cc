#include "base/fmt.h"

#include <stdint.h>
#include <stdio.h>

#include "base/die.h"

enum length { LENGTH_CHAR, LENGTH_SHORT, LENGTH_INT, LENGTH_LONG, LENGTH_LLONG, LENGTH_SIZE,
	      LENGTH_MAX, LENGTH_DIFF };

/* One conversion: "%-08.3lx". */
struct spec {
	bool minus, plus, space, sharp, zero;
	bool exact;		/* the precision was '*': for 's', that many bytes */
	int width;		/* 0: none */
	int precision;		/* -1: none */
	enum length length;
	char verb;
};

/* va_list in a struct, so that helpers can take arguments off it. */
struct args {
	va_list list;
};

static int take_number(const char **p, struct args *args, bool *star)
{
	int n = 0;

	if (**p == '*') {
		++*p;
		if (star)
			*star = true;
		return va_arg(args->list, int);
	}
	for (; **p >= '0' && **p <= '9'; ++*p)
		n = n * 10 + (**p - '0');
	return n;
}

static bool take_flag(const char **p, struct spec *s)
{
	switch (**p) {
	case '-':
		s->minus = true;
		break;
	case '+':
		s->plus = true;
		break;
	case ' ':
		s->space = true;
		break;
	case '#':
		s->sharp = true;
		break;
	case '0':
		s->zero = true;
		break;
	default:
		return false;
	}
	++*p;
	return true;
}

static enum length take_length(const char **p)
{
	switch (*(*p)++) {
	case 'h':
		if (**p != 'h')
			return LENGTH_SHORT;
		++*p;
		return LENGTH_CHAR;
	case 'l':
		if (**p != 'l')
			return LENGTH_LONG;
		++*p;
		return LENGTH_LLONG;
	case 'z':
		return LENGTH_SIZE;
	case 'j':
		return LENGTH_MAX;
	case 't':
		return LENGTH_DIFF;
	default:
		--*p;
		return LENGTH_INT;
	}
}

/* Parse what follows a '%'. */
static struct spec take_spec(const char **p, struct args *args)
{
	struct spec s = { .precision = -1 };

	while (take_flag(p, &s))
		;
	s.width = take_number(p, args, NULL);
	if (s.width < 0) {
		s.minus = true;
		s.width = -s.width;
	}
	if (**p == '.') {
		++*p;
		s.precision = take_number(p, args, &s.exact);
	}
	s.length = take_length(p);
	s.verb = *(*p)++;
	return s;
}

static intmax_t take_signed(struct args *args, enum length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(args->list, int);
	case LENGTH_SHORT:
		return (short)va_arg(args->list, int);
	case LENGTH_INT:
		return va_arg(args->list, int);
	case LENGTH_LONG:
		return va_arg(args->list, long);
	case LENGTH_LLONG:
		return va_arg(args->list, long long);
	case LENGTH_SIZE:
		return va_arg(args->list, ssize_t);
	case LENGTH_MAX:
		return va_arg(args->list, intmax_t);
	case LENGTH_DIFF:
		return va_arg(args->list, ptrdiff_t);
	}
	return 0;
}

static uintmax_t take_unsigned(struct args *args, enum length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(args->list, unsigned);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(args->list, unsigned);
	case LENGTH_INT:
		return va_arg(args->list, unsigned);
	case LENGTH_LONG:
		return va_arg(args->list, unsigned long);
	case LENGTH_LLONG:
		return va_arg(args->list, unsigned long long);
	case LENGTH_SIZE:
		return va_arg(args->list, size_t);
	case LENGTH_MAX:
		return va_arg(args->list, uintmax_t);
	case LENGTH_DIFF:
		return (uintmax_t)va_arg(args->list, ptrdiff_t);
	}
	return 0;
}

/* `head` (a sign, "0x") stays before padding zeros. */
static void add_padded(struct buf *b, const struct spec *s, str head, str text)
{
	size_t n = head.n + text.n, width = (size_t)s->width;
	size_t pad = width > n ? width - n : 0;

	if (!s->minus && !s->zero)
		buf_fill(b, ' ', pad);
	buf_add(b, head);
	if (!s->minus && s->zero)
		buf_fill(b, '0', pad);
	buf_add(b, text);
	if (s->minus)
		buf_fill(b, ' ', pad);
}

static void add_number(struct buf *b, struct spec s, uintmax_t v, bool negative)
{
	const char *set = s.verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = s.verb == 'o' ? 8 : s.verb == 'x' || s.verb == 'X' ? 16 : 10;
	bool is_signed = s.verb == 'd' || s.verb == 'i';
	char digits[72], *p = digits + sizeof digits;
	int want = s.precision < 0 ? 1 : s.precision > 64 ? 64 : s.precision;
	str head = STR_NONE;

	if (is_signed && (negative || s.plus || s.space))
		head = negative ? S("-") : s.plus ? S("+") : S(" ");
	else if (base == 16 && s.sharp && v)
		head = s.verb == 'x' ? S("0x") : S("0X");
	if (s.precision >= 0)
		s.zero = false;
	for (int n = 0; v || n < want; n++, v /= base)
		*--p = set[v % base];
	add_padded(b, &s, head, str_of(p, (size_t)(digits + sizeof digits - p)));
}

static void add_signed(struct buf *b, const struct spec *s, intmax_t v)
{
	add_number(b, *s, v < 0 ? 0 - (uintmax_t)v : (uintmax_t)v, v < 0);
}

static void add_text(struct buf *b, struct spec s, const char *text)
{
	size_t n;

	s.zero = false;
	if (s.exact && s.precision >= 0)
		n = (size_t)s.precision;
	else
		n = s.precision >= 0 ? strnlen(text, (size_t)s.precision) : strlen(text);
	add_padded(b, &s, STR_NONE, str_of(text, n));
}

static void add_float(struct buf *b, const struct spec *s, double f)
{
	char text[400];
	int width = s->minus ? -s->width : s->width;
	int precision = s->precision < 0 ? 6 : s->precision > 60 ? 60 : s->precision;
	int n;

	if (width > 60 || width < -60)
		width = 0;
	if (s->verb == 'f')
		n = snprintf(text, sizeof text, "%*.*f", width, precision, f);
	else if (s->verb == 'e')
		n = snprintf(text, sizeof text, "%*.*e", width, precision, f);
	else
		n = snprintf(text, sizeof text, "%*.*g", width, precision, f);
	buf_bytes(b, text, (size_t)n);
}

static void add_spec(struct buf *b, const struct spec *s, struct args *args)
{
	switch (s->verb) {
	case 'd':
	case 'i':
		add_signed(b, s, take_signed(args, s->length));
		return;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		add_number(b, *s, take_unsigned(args, s->length), false);
		return;
	case 'c':
		add_padded(b, s, STR_NONE, str_of((char[]){ (char)va_arg(args->list, int) }, 1));
		return;
	case 's':
		add_text(b, *s, va_arg(args->list, const char *));
		return;
	case 'e':
	case 'f':
	case 'g':
		add_float(b, s, va_arg(args->list, double));
		return;
	case 'p':
		add_number(b, (struct spec){ .precision = -1, .sharp = true, .verb = 'x' },
			   (uintptr_t)va_arg(args->list, void *), false);
		return;
	case '%':
		buf_addc(b, '%');
		return;
	}
	die_bug("unknown verb '%c' in a format", s->verb);
}

void fmt_add(struct buf *b, const char *fmt, va_list ap)
{
	struct args args;

	va_copy(args.list, ap);
	for (;;) {
		const char *next = strchrnul(fmt, '%');

		buf_bytes(b, fmt, (size_t)(next - fmt));
		if (!*next)
			break;
		fmt = next + 1;
		struct spec s = take_spec(&fmt, &args);

		add_spec(b, &s, &args);
	}
	va_end(args.list);
}
