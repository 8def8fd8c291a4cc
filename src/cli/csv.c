#include "cli/csv.h"

#include "base/buf.h"
#include "base/die.h"

/* Where the reader stands; lines and columns are those of Go's messages. */
struct csv {
	struct arena *a;
	str rest;		/* lines not yet read */
	str line;		/* what is left of the line, its "\n" included */
	size_t line_n;		/* its length */
	unsigned number;	/* of the line */
	unsigned record;	/* line where the record began */
	struct buf field;
};

/* Lines keep their "\n"; "\r\n" becomes "\n", and a "\r" at the very end is
 * dropped. False at the end. */
static bool next_line(struct csv *c)
{
	if (!c->rest.n)
		return false;
	size_t end = str_find_char(c->rest, '\n');

	end = end == STR_NPOS ? c->rest.n : end + 1;
	str line = str_sub(c->rest, 0, end);

	c->rest = str_from(c->rest, end);
	if (str_ends(line, S("\r\n")))
		line = arena_cat(c->a, str_sub(line, 0, end - 2), S("\n"));
	else if (!c->rest.n && str_ends(line, S("\r")))
		line.n--;
	if (!line.n)
		return false;
	c->line = line;
	c->line_n = line.n;
	c->number++;
	return true;
}

static size_t column(const struct csv *c)
{
	return c->line_n - c->line.n + 1;
}

static err *fail(const struct csv *c, size_t col, const char *what)
{
	if (c->record != c->number)
		return err_new(ERR_INVALID, "record on line %u; parse error on line %u, column %zu: %s",
			       c->record, c->number, col, what);
	return err_new(ERR_INVALID, "parse error on line %u, column %zu: %s", c->number, col, what);
}

static str without_newline(str line)
{
	return str_ends(line, S("\n")) ? str_sub(line, 0, line.n - 1) : line;
}

/* A field without quotes; `more` tells whether a comma stands behind it. */
static err *take_plain(struct csv *c, bool *more)
{
	size_t comma = str_find_char(c->line, ',');
	str field = without_newline(str_sub(c->line, 0, comma));
	size_t quote = str_find_char(field, '"');

	if (quote != STR_NPOS)
		return fail(c, column(c) + quote, "bare \" in non-quoted-field");
	*more = comma != STR_NPOS;
	c->line = str_from(c->line, *more ? comma + 1 : c->line.n);
	buf_add(&c->field, field);
	return NULL;
}

/* Behind the opening quote. A quoted field may hold line ends. */
static err *take_quoted(struct csv *c, bool *more)
{
	for (;;) {
		size_t quote = str_find_char(c->line, '"');

		if (quote == STR_NPOS) {
			buf_add(&c->field, c->line);
			c->line = str_from(c->line, c->line.n);
			if (!next_line(c))
				return fail(c, column(c), "extraneous or missing \" in quoted-field");
			continue;
		}
		buf_add(&c->field, str_sub(c->line, 0, quote));
		c->line = str_from(c->line, quote + 1);
		if (str_take(&c->line, '"')) {
			buf_addc(&c->field, '"');
		} else if (str_take(&c->line, ',')) {
			*more = true;
			return NULL;
		} else if (!without_newline(c->line).n) {
			*more = false;
			return NULL;
		} else {
			return fail(c, column(c) - 1, "extraneous or missing \" in quoted-field");
		}
	}
}

err *csv_read(struct arena *a, str text, struct csv_fields *out)
{
	struct csv c = { .a = a, .rest = text, .field = BUF_INIT };
	bool more = true;
	err *e = NULL;

	do {
		if (!next_line(&c))
			return err_new(ERR_INVALID, "EOF");
	} while (!without_newline(c.line).n);
	c.record = c.number;
	while (more && !e) {
		buf_clear(&c.field);
		e = str_take(&c.line, '"') ? take_quoted(&c, &more) : take_plain(&c, &more);
		if (!e)
			avec_push(a, out, arena_str(a, buf_str(&c.field)));
	}
	buf_release(&c.field);
	return e;
}
