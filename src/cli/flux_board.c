#include "cli/flux_board.h"

#include <stdlib.h>

struct board_row {
	struct arena mem;
	str key;
	const str *cells;
	size_t n;
};

static struct board_row *row_new(str key, const str *cells, size_t n)
{
	struct board_row *r = mem_calloc(1, sizeof *r);
	str *copy = arena_array(&r->mem, str, n);

	r->key = arena_str(&r->mem, key);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_str(&r->mem, cells[i]);
	r->cells = copy;
	r->n = n;
	return r;
}

static void row_free(struct board_row *r)
{
	arena_release(&r->mem);
	free(r);
}

/* Where the row stands, or would. */
static size_t find(const struct flux_board *b, str key, bool *found)
{
	size_t low = 0, high = b->rows.n;

	*found = false;
	while (low < high && !*found) {
		size_t middle = low + (high - low) / 2;
		int d = str_cmp(b->rows.p[middle]->key, key);

		if (d < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < b->rows.n && str_eq(b->rows.p[low]->key, key);
	return low;
}

void flux_board_put(struct flux_board *b, str key, const str *cells, size_t n)
{
	bool found;
	size_t at = find(b, key, &found);

	b->changed = true;
	if (found)
		row_free(b->rows.p[at]);
	if (found && !n) {
		b->rows.n--;
		memmove(b->rows.p + at, b->rows.p + at + 1, (b->rows.n - at) * sizeof *b->rows.p);
	}
	if (!n)
		return;
	struct board_row *r = row_new(key, cells, n);

	if (!found) {
		vec_push(&b->rows, r);
		memmove(b->rows.p + at + 1, b->rows.p + at,
			(b->rows.n - 1 - at) * sizeof *b->rows.p);
	}
	b->rows.p[at] = r;
}

/* A TAB would jump; a line that is too long would be two. */
static void add_line(struct buf *out, str line, unsigned columns)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	str part;

	while (str_cut(&line, &part, '\t'))
		buf_addf(&plain, "%s%.*s", plain.n ? "  " : "", STR_ARG(part));
	screen_cell(out, str_trim_right_set(buf_str(&plain), S(" ")), columns, false);
	buf_addc(out, '\n');
}

void flux_board_draw(struct flux_board *b, struct output *o, const char *const *header,
		     size_t columns)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf table = BUF_INIT, lines = BUF_INIT;
	struct flux_table t = { .arena = &a, .header = header, .columns = columns };
	unsigned high, wide = screen_size(o, &high);
	str text, line;

	for (size_t i = 0; i < b->rows.n; i++)
		for (size_t k = 0; k < b->rows.p[i]->n; k++)
			flux_table_add(&t, b->rows.p[i]->cells[k]);
	flux_table_print(&table, &t);
	text = buf_str(&table);
	while (str_line(&text, &line))
		add_line(&lines, line, wide);
	screen_draw(&b->screen, o, buf_str(&lines));
	b->changed = false;
}

void flux_board_release(struct flux_board *b)
{
	for (size_t i = 0; i < b->rows.n; i++)
		row_free(b->rows.p[i]);
	vec_release(&b->rows);
}
