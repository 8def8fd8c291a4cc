#include "controllers/helmlog.h"

#include "base/clock.h"
#include "text/gotime.h"

enum { LINE_MAX = 16 << 10 };

void helmlog_clear(struct helmlog *l)
{
	for (size_t i = 0; i < HELMLOG_LINES; i++)
		buf_clear(&l->lines[i].text);
	l->n = 0;
}

void helmlog_release(struct helmlog *l)
{
	for (size_t i = 0; i < HELMLOG_LINES; i++)
		buf_release(&l->lines[i].text);
	l->n = 0;
}

static struct helmlog_line *line(struct helmlog *l, size_t i)
{
	return &l->lines[i % HELMLOG_LINES];
}

void helmlog_add(void *ctx, enum notice_level level, str msg, const struct notice_field *fields,
		 size_t n)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(LINE_MAX);
	struct helmlog *l = ctx;
	int64_t now = clock_wall();

	buf_add(&text, level == NOTICE_ERROR  ? S("error: ")
		       : level == NOTICE_WARN ? S("warning: ")
					      : STR_NONE);
	buf_addf(&text, "%.*s: ", STR_ARG(msg));
	notice_add_json(&text, fields, n);
	struct helmlog_line *before = l->n ? line(l, l->n - 1) : NULL;

	if (before && str_eq(buf_str(&before->text), buf_str(&text))) {
		before->more++;
		before->last = now;
		return;
	}
	struct helmlog_line *next = line(l, l->n++);

	buf_clear(&next->text);
	buf_add(&next->text, buf_str(&text));
	next->first = now;
	next->more = 0;
}

static void add_line(struct buf *b, int64_t at, str text)
{
	if (b->n)
		buf_addc(b, '\n');
	gotime_format(b, gotime_utc(0, at), GOTIME_RFC3339_NANO);
	buf_addf(b, ": %.*s", STR_ARG(text));
}

str helmlog_text(const struct helmlog *l, struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t from = l->n > HELMLOG_LINES ? l->n - HELMLOG_LINES : 0;

	for (size_t i = from; i < l->n; i++) {
		const struct helmlog_line *at = &l->lines[i % HELMLOG_LINES];
		int64_t left_out = at->more - 1;

		add_line(&b, at->first, buf_str(&at->text));
		if (at->more)
			add_line(&b, at->last, buf_str(&at->text));
		if (left_out > 0)
			buf_addf(&b, " (%lld duplicate line%s omitted)", (long long)left_out,
				 left_out > 1 ? "s" : "");
	}
	return arena_str(a, buf_str(&b));
}
