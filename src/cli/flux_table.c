/* flux_table - tables as flux prints them: cells padded, a TAB behind each. */
#include "cli/flux.h"
#include "text/width.h"

void flux_table_add(struct flux_table *t, str cell)
{
	avec_push(t->arena, &t->cells, cell);
}

/* A color sequence takes no room. */
static size_t escape_length(str s)
{
	size_t n = 2;

	if (s.n < 2 || s.p[0] != '\033' || s.p[1] != '[')
		return 0;
	while (n < s.n && !(s.p[n] >= '@' && s.p[n] <= '~'))
		n++;
	return n < s.n ? n + 1 : s.n;
}

static size_t shown_width(str line)
{
	size_t width = 0, from = 0;

	for (size_t i = 0; i < line.n;) {
		size_t n = escape_length(str_from(line, i));

		if (!n) {
			i++;
			continue;
		}
		width += width_text(str_sub(line, from, i));
		i += n;
		from = i;
	}
	return width + width_text(str_from(line, from));
}

static void pad(struct buf *b, str text, size_t width)
{
	size_t is = shown_width(text);

	buf_add(b, text);
	if (is < width)
		buf_fill(b, ' ', width - is);
}

static size_t lines_of(str cell)
{
	return str_count_char(cell, '\n') + 1;
}

static str line_of(str cell, size_t at)
{
	str line = STR_NONE;

	for (size_t i = 0; i <= at; i++)
		if (!str_cut(&cell, &line, '\n'))
			return STR_NONE;
	return line;
}

static str header_text(struct arena *a, const char *word)
{
	str upper = arena_str(a, str_c(word));
	char *p = (char *)(uintptr_t)upper.p;

	for (size_t i = 0; i < upper.n; i++) {
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
		else if (p[i] == '_' || p[i] == '.')
			p[i] = ' ';
	}
	return upper;
}

static size_t column_width(const struct flux_table *t, size_t column)
{
	size_t width = t->header ? shown_width(header_text(t->arena, t->header[column])) : 0;

	for (size_t i = column; i < t->cells.n; i += t->columns) {
		str cell = t->cells.p[i], line;

		while (str_cut(&cell, &line, '\n')) {
			size_t w = shown_width(line);

			width = w > width ? w : width;
		}
	}
	return width;
}

static void print_row(struct buf *b, const struct flux_table *t, const str *cells,
		      const size_t *widths)
{
	size_t high = 1;

	for (size_t i = 0; i < t->columns; i++)
		if (lines_of(cells[i]) > high)
			high = lines_of(cells[i]);
	for (size_t line = 0; line < high; line++) {
		for (size_t i = 0; i < t->columns; i++) {
			pad(b, line_of(cells[i], line), widths[i]);
			buf_addc(b, '\t');
		}
		buf_addc(b, '\n');
	}
}

void flux_table_print(struct buf *b, const struct flux_table *t)
{
	size_t *widths = arena_array(t->arena, size_t, t->columns);

	for (size_t i = 0; i < t->columns; i++)
		widths[i] = column_width(t, i);
	for (size_t i = 0; t->header && i < t->columns; i++) {
		pad(b, header_text(t->arena, t->header[i]), widths[i]);
		buf_add(b, i + 1 < t->columns ? S("\t") : S(" \n"));
	}
	for (size_t i = 0; i + t->columns <= t->cells.n; i += t->columns)
		print_row(b, t, t->cells.p + i, widths);
}
