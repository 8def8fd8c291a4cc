#include "cel/cel_issues.h"

#include <stdarg.h>

#include "base/fmt.h"
#include "base/sort.h"
#include "base/utf8.h"

/* Lines longer than this are not shown. */
enum { SNIPPET_MAX = 16384 };

static void place(const struct cel_issues *issues, uint32_t offset, struct cel_issue *out)
{
	str rest = issues->source;
	uint32_t rune;

	out->line = 1;
	out->column = issues->source.n ? 0 : -1;
	for (uint32_t i = 0; i < offset && utf8_take(&rest, &rune); i++) {
		out->column++;
		if (rune == '\n') {
			out->line++;
			out->column = 0;
		}
	}
}

void cel_issues_add(struct cel_issues *issues, uint32_t offset, const char *fmt, ...)
{
	struct cel_issue issue = { .line = -1, .column = -1 };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list args;

	if (issues->n++ >= CEL_ISSUES_MAX)
		return;
	if (offset != CEL_NOWHERE)
		place(issues, offset, &issue);
	va_start(args, fmt);
	fmt_add(&b, fmt, args);
	va_end(args);
	issue.text = arena_str(issues->a, buf_str(&b));
	avec_push(issues->a, &issues->list, issue);
}

static bool line_of(str source, int32_t line, str *out)
{
	for (int32_t i = 1; i < line; i++) {
		size_t end = str_find_char(source, '\n');

		if (end == STR_NPOS)
			return false;
		source = str_from(source, end + 1);
	}
	*out = str_sub(source, 0, str_find_char(source, '\n'));
	return line >= 1;
}

static void add_marks(struct buf *b, str line, int32_t column)
{
	size_t size = 0;

	for (int32_t i = 0; i < column && line.n; i++) {
		utf8_decode(line, &size);
		line = str_from(line, size);
		buf_add(b, size > 1 ? S("\xef\xbc\x8e") : S("."));
	}
	if (line.n)
		utf8_decode(line, &size);
	buf_add(b, line.n && size > 1 ? S("\xef\xbc\xbe") : S("^"));
}

static void add_issue(struct buf *b, str source, const struct cel_issue *issue)
{
	str line;

	buf_addf(b, "ERROR: <input>:%d:%d: %.*s", (int)issue->line, (int)issue->column + 1,
		 STR_ARG(issue->text));
	if (issue->column < 0 || !line_of(source, issue->line, &line) || line.n > SNIPPET_MAX)
		return;
	buf_add(b, S("\n | "));
	for (size_t i = 0; i < line.n; i++)
		buf_addc(b, line.p[i] == '\t' ? ' ' : line.p[i]);
	buf_add(b, S("\n | "));
	add_marks(b, line, issue->column);
}

static int by_place(const void *x, const void *y, void *ctx)
{
	const struct cel_issue *a = x, *b = y;
	(void)ctx;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

err *cel_issues_error(const struct cel_issues *issues)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!issues->n)
		return NULL;
	sort_stable(issues->list.p, issues->list.n, sizeof *issues->list.p, by_place, NULL);
	for (size_t i = 0; i < issues->list.n; i++) {
		if (i)
			buf_addc(&b, '\n');
		add_issue(&b, issues->source, &issues->list.p[i]);
	}
	if (issues->n > CEL_ISSUES_MAX)
		buf_addf(&b, "\n%zu more errors were truncated", issues->n - CEL_ISSUES_MAX);
	return err_new(ERR_INVALID, "%.*s", STR_ARG(buf_str(&b)));
}
