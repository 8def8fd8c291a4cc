#include "helm/notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "value/json.h"

static const char *const levels[] = { "DEBUG", "INFO", "WARN", "ERROR" };

enum { NOTICE_MAX = 64 << 10, NOTICE_FIELDS_MAX = 16 };

static bool needs_quotes(str s)
{
	uint32_t rune;

	if (!s.n || !utf8_valid(s))
		return true;
	while (utf8_take(&s, &rune)) {
		if (rune == ' ' || rune == '=' || rune == '"' || rune < ' ' || rune == 0x7f)
			return true;
		if (rune >= 0x80 && (unicode_is_space(rune) || !unicode_is_print(rune)))
			return true;
	}
	return false;
}

static void add_text(struct buf *b, str value)
{
	if (needs_quotes(value))
		quote_add(b, value, QUOTE_PRINT);
	else
		buf_add(b, value);
}

static void add_list(struct buf *b, const struct notice_field *f)
{
	CLEANUP(buf_release) struct buf all = BUF_LIMIT(NOTICE_MAX);

	for (int64_t i = 0; i < f->number; i++)
		buf_addf(&all, "%s%s", i ? " " : "[", err_msg(f->causes[i]));
	buf_addc(&all, ']');
	add_text(b, buf_str(&all));
}

static void add_value(struct buf *b, const struct notice_field *f)
{
	switch (f->kind) {
	case NOTICE_TEXT:
		add_text(b, f->value);
		break;
	case NOTICE_NUMBER:
		buf_addf(b, "%lld", (long long)f->number);
		break;
	case NOTICE_TRUTH:
		buf_add(b, f->number ? S("true") : S("false"));
		break;
	case NOTICE_CAUSE:
		add_text(b, f->cause ? err_text(f->cause) : f->value);
		break;
	case NOTICE_CAUSES:
		add_list(b, f);
		break;
	}
}

void notice_write(const struct notices *to, enum notice_level level, str msg,
		  const struct notice_field *fields, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(NOTICE_MAX);

	if (!to || (level == NOTICE_DEBUG && !to->debug))
		return;
	if (to->parts) {
		to->parts(to->ctx, level, msg, fields, n);
		return;
	}
	if (!to->line)
		return;
	buf_addf(&b, "level=%s msg=", levels[level]);
	add_text(&b, msg);
	for (size_t i = 0; i < n; i++) {
		if (!fields[i].key)
			continue;
		buf_addf(&b, " %s=", fields[i].key);
		add_value(&b, &fields[i]);
	}
	to->line(to->ctx, level, buf_str(&b));
}

/* ---- JSON -------------------------------------------------------------- */

static int by_key(const void *x, const void *y, void *ctx)
{
	const struct notice_field *a = x, *b = y;

	(void)ctx;
	return strcmp(a->key, b->key);
}

static void add_json_cause(struct buf *b, const err *cause)
{
	if (cause && !err_cause(cause) && err_detail(cause).n)
		buf_addf(b, "{\"ErrStatus\":%.*s}", STR_ARG(str_trim(err_detail(cause))));
	else
		buf_add(b, S("{}"));
}

static void add_json_value(struct buf *b, const struct notice_field *f)
{
	switch (f->kind) {
	case NOTICE_TEXT:
		json_write_str(b, f->value, false);
		break;
	case NOTICE_NUMBER:
	case NOTICE_TRUTH:
		add_value(b, f);
		break;
	case NOTICE_CAUSE:
		add_json_cause(b, f->cause);
		break;
	case NOTICE_CAUSES:
		for (int64_t i = 0; i < f->number; i++) {
			buf_addc(b, i ? ',' : '[');
			add_json_cause(b, f->causes[i]);
		}
		buf_addc(b, ']');
		break;
	}
}

void notice_add_json(struct buf *b, const struct notice_field *fields, size_t n)
{
	struct notice_field sorted[NOTICE_FIELDS_MAX];
	size_t used = 0;

	for (size_t i = 0; i < n && used < NOTICE_FIELDS_MAX; i++)
		if (fields[i].key)
			sorted[used++] = fields[i];
	sort_stable(sorted, used, sizeof *sorted, by_key, NULL);
	buf_addc(b, '{');
	for (size_t i = 0; i < used; i++) {
		buf_add(b, i ? S(",\"") : S("\""));
		buf_add(b, str_c(sorted[i].key));
		buf_add(b, S("\":"));
		add_json_value(b, &sorted[i]);
	}
	buf_addc(b, '}');
}

void notice_printf(const struct notices *to, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (!to || !to->line)
		return;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);

	va_end(ap);
	if (n < 0)
		die_bug("no memory for a notice");
	notice_write(to, NOTICE_INFO, str_of(text, (size_t)n), NULL, 0);
	free(text);
}
