#include "helm/notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "text/quote.h"
#include "text/unicode.h"

static const char *const levels[] = { "INFO", "WARN", "ERROR" };

enum { NOTICE_MAX = 64 << 10 };

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

static void add_value(struct buf *b, str value)
{
	if (needs_quotes(value))
		quote_add(b, value, QUOTE_PRINT);
	else
		buf_add(b, value);
}

void notice_write(const struct notices *to, enum notice_level level, str msg,
		  const struct notice_field *fields, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(NOTICE_MAX);

	if (!to || !to->line)
		return;
	buf_addf(&b, "level=%s msg=", levels[level]);
	add_value(&b, msg);
	for (size_t i = 0; i < n; i++) {
		if (!fields[i].key)
			continue;
		buf_addf(&b, " %s=", fields[i].key);
		add_value(&b, fields[i].value);
	}
	to->line(to->ctx, level, buf_str(&b));
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
