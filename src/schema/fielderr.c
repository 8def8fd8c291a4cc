#include "schema/fielderr.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "text/quote.h"
#include "value/json.h"

static const struct {
	str reason, words;
} types[] = {
	[FIELDERR_NOT_FOUND] = { S("FieldValueNotFound"), S("Not found") },
	[FIELDERR_REQUIRED] = { S("FieldValueRequired"), S("Required value") },
	[FIELDERR_DUPLICATE] = { S("FieldValueDuplicate"), S("Duplicate value") },
	[FIELDERR_INVALID] = { S("FieldValueInvalid"), S("Invalid value") },
	[FIELDERR_NOT_SUPPORTED] = { S("FieldValueNotSupported"), S("Unsupported value") },
	[FIELDERR_FORBIDDEN] = { S("FieldValueForbidden"), S("Forbidden") },
	[FIELDERR_TOO_LONG] = { S("FieldValueTooLong"), S("Too long") },
	[FIELDERR_TOO_MANY] = { S("FieldValueTooMany"), S("Too many") },
	[FIELDERR_INTERNAL] = { S("InternalError"), S("Internal error") },
	[FIELDERR_TYPE_INVALID] = { S("FieldValueTypeInvalid"), S("Invalid value") },
};

str fielderr_reason(enum fielderr_type type)
{
	return types[type].reason;
}

static str print_in(struct arena *a, str start, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);

	assert(n >= 0);
	char *p = arena_alloc(a, start.n + (size_t)n + 1);

	if (start.n)
		memcpy(p, start.p, start.n);
	vsnprintf(p + start.n, (size_t)n + 1, fmt, again);
	va_end(again);
	return (str){ p, start.n + (size_t)n };
}

str fielderr_path(struct arena *a, str base, const char *fmt, ...)
{
	va_list args;

	if (!base.n && *fmt == '.')
		fmt++;
	va_start(args, fmt);
	str path = print_in(a, base, fmt, args);

	va_end(args);
	return path;
}

str fielderr_key(struct arena *a, str base, str key)
{
	return arena_cat(a, base, S("["), key, S("]"));
}

void fielderr_add(struct fielderrs *e, enum fielderr_type type, str path, str text)
{
	if (e->n == FIELDERR_MAX)
		return;
	if (e->n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 8;
		struct fielderr *list = arena_array(e->arena, struct fielderr, cap);

		if (e->n)
			memcpy(list, e->list, e->n * sizeof *list);
		e->list = list;
		e->cap = cap;
	}
	e->list[e->n++] = (struct fielderr){ type, path, text };
}

/* Values are cut nowhere: the objects they come from have their limit. */
static void add_value(struct buf *b, node value)
{
	if (value.kind == NODE_STR || value.kind == NODE_TIME) {
		quote_add(b, node_str(value), QUOTE_PRINT);
	} else if (value.kind == NODE_NONE) {
		buf_add(b, S("null"));
	} else if (value.kind == NODE_FLOAT || value.kind == NODE_UINT) {
		number_add_float(b, node_float(value), NUMBER_V);
	} else {
		err *e = json_write(b, value, &(struct json_style){ .raw_html = false });

		if (e) {
			buf_add(b, S("null"));
			err_free(e);
		}
	}
}

/* "TYPE[: VALUE][: DETAIL]" */
static void add(struct fielderrs *e, enum fielderr_type type, str path, const node *value,
		str detail)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, types[type].words);
	if (value) {
		buf_add(&b, S(": "));
		add_value(&b, *value);
	}
	if (detail.n) {
		buf_add(&b, S(": "));
		buf_add(&b, detail);
	}
	fielderr_add(e, type, path, arena_str(e->arena, buf_str(&b)));
}

#define DETAIL(into)                                            \
	va_list args_;                                          \
	va_start(args_, detail);                                \
	str into = print_in(e->arena, STR_NONE, detail, args_); \
	va_end(args_)

void fielderr_invalid(struct fielderrs *e, str path, node value, const char *detail, ...)
{
	DETAIL(text);
	add(e, FIELDERR_INVALID, path, &value, text);
}

void fielderr_type_invalid(struct fielderrs *e, str path, node value, const char *detail, ...)
{
	DETAIL(text);
	add(e, FIELDERR_TYPE_INVALID, path, &value, text);
}

void fielderr_required(struct fielderrs *e, str path, const char *detail, ...)
{
	DETAIL(text);
	add(e, FIELDERR_REQUIRED, path, NULL, text);
}

void fielderr_forbidden(struct fielderrs *e, str path, const char *detail, ...)
{
	DETAIL(text);
	add(e, FIELDERR_FORBIDDEN, path, NULL, text);
}

void fielderr_duplicate(struct fielderrs *e, str path, node value)
{
	add(e, FIELDERR_DUPLICATE, path, &value, STR_NONE);
}

void fielderr_not_found(struct fielderrs *e, str path, node value)
{
	add(e, FIELDERR_NOT_FOUND, path, &value, STR_NONE);
}

void fielderr_not_supported(struct fielderrs *e, str path, node value, const str *supported,
			    size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (n)
		buf_add(&b, S("supported values: "));
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add(&b, S(", "));
		quote_add(&b, supported[i], QUOTE_PRINT);
	}
	add(e, FIELDERR_NOT_SUPPORTED, path, &value, buf_str(&b));
}

void fielderr_invalid_bare(struct fielderrs *e, str path, const char *detail, ...)
{
	DETAIL(text);
	add(e, FIELDERR_INVALID, path, NULL, text);
}

void fielderr_duplicate_bare(struct fielderrs *e, str path)
{
	add(e, FIELDERR_DUPLICATE, path, NULL, STR_NONE);
}

void fielderr_too_long(struct fielderrs *e, str path, int64_t max)
{
	add(e, FIELDERR_TOO_LONG, path, NULL,
	    max < 0 ? S("value is too long")
		    : arena_printf(e->arena, "may not be more than %lld byte%s", (long long)max,
				   max == 1 ? "" : "s"));
}

void fielderr_too_many(struct fielderrs *e, str path, int64_t is, int64_t max)
{
	node value = node_from_int(is);

	add(e, FIELDERR_TOO_MANY, path, is < 0 ? NULL : &value,
	    max < 0 ? S("has too many items")
		    : arena_printf(e->arena, "must have at most %lld item%s", (long long)max,
				   max == 1 ? "" : "s"));
}

static bool same(const struct fielderr *a, const struct fielderr *b)
{
	return str_eq(a->path, b->path) && str_eq(a->text, b->text);
}

static bool is_repeated(const struct fielderrs *e, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same(&e->list[i], &e->list[at]))
			return true;
	return false;
}

void fielderr_print(struct buf *b, const struct fielderrs *e)
{
	size_t different = 0;

	for (size_t i = 0; i < e->n; i++)
		different += !is_repeated(e, i);
	if (different > 1)
		buf_addc(b, '[');
	for (size_t i = 0; i < e->n; i++) {
		if (is_repeated(e, i))
			continue;
		if (i)
			buf_add(b, S(", "));
		buf_add(b, e->list[i].path);
		buf_add(b, S(": "));
		buf_add(b, e->list[i].text);
	}
	if (different > 1)
		buf_addc(b, ']');
}
