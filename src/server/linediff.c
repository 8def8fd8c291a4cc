#include "server/linediff.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

enum { CONTEXT = 3, POPULAR_FROM = 200, NONE = -1 };

/* Lines as numbers: equal lines have the same. */
struct side {
	str *lines;
	int *ids;
	int n;
};

struct block {
	int a, b, n;
};

struct change {
	char tag;	/* 'e'qual, 'r'eplace, 'd'elete, 'i'nsert */
	int a1, a2, b1, b2;
};

struct diff {
	struct arena *arena;
	struct side a, b;
	int *first, *next;	/* where a line stands in b: the first place, and the next after one */
	int *length[2];		/* of the match that ends at a place of b; 0 but where `touched` */
	VEC(int) touched[2];
	VEC(struct block) blocks;
	VEC(struct change) changes;
};

static struct side split(struct arena *a, str text, struct map *ids)
{
	struct side s = { 0 };
	size_t n = str_count_char(text, '\n') + 1;
	size_t at = 0;

	s.lines = arena_array(a, str, n);
	s.ids = arena_array(a, int, n);
	for (size_t i = 0; i < n; i++) {
		size_t end = str_find_char(str_from(text, at), '\n');
		str line = end == STR_NPOS ? str_from(text, at) : str_sub(text, at, at + end);

		at += line.n + 1;
		s.lines[i] = line;
		if (!map_has(ids, line))
			map_set(ids, line, (void *)(ids->n + 1));
		s.ids[i] = (int)(uintptr_t)map_get(ids, line) - 1;
	}
	s.n = (int)n;
	return s;
}

/* Lines of b by number; those that stand too often in it are left out. */
static void index_b(struct diff *d, int ids)
{
	int *count = arena_array(d->arena, int, ids);
	int most = d->b.n >= POPULAR_FROM ? d->b.n / 100 + 1 : d->b.n;

	d->first = arena_array(d->arena, int, ids);
	d->next = arena_array(d->arena, int, d->b.n);
	for (int i = 0; i < ids; i++)
		d->first[i] = NONE;
	for (int j = d->b.n; j-- > 0;) {
		int id = d->b.ids[j];

		d->next[j] = d->first[id];
		d->first[id] = j;
		count[id]++;
	}
	for (int i = 0; i < ids; i++)
		if (count[i] > most)
			d->first[i] = NONE;
}

static void forget(struct diff *d, int which)
{
	for (size_t i = 0; i < d->touched[which].n; i++)
		d->length[which][d->touched[which].p[i]] = 0;
	d->touched[which].n = 0;
}

static struct block longest(struct diff *d, struct block lo, struct block hi)
{
	struct block best = { lo.a, lo.b, 0 };

	for (int i = lo.a; i < hi.a; i++) {
		int now = i & 1, before = !now;

		forget(d, now);
		for (int j = d->first[d->a.ids[i]]; j != NONE && j < hi.b; j = d->next[j]) {
			if (j < lo.b)
				continue;
			int k = (j > 0 ? d->length[before][j - 1] : 0) + 1;

			d->length[now][j] = k;
			avec_push(d->arena, &d->touched[now], j);
			if (k > best.n)
				best = (struct block){ i - k + 1, j - k + 1, k };
		}
	}
	forget(d, 0);
	forget(d, 1);
	while (best.a > lo.a && best.b > lo.b && d->a.ids[best.a - 1] == d->b.ids[best.b - 1])
		best = (struct block){ best.a - 1, best.b - 1, best.n + 1 };
	while (best.a + best.n < hi.a && best.b + best.n < hi.b &&
	       d->a.ids[best.a + best.n] == d->b.ids[best.b + best.n])
		best.n++;
	return best;
}

/* Blocks left of the longest one, itself, and right of it; those that touch are one. */
static void add_blocks(struct diff *d, struct block lo, struct block hi)
{
	struct block best = longest(d, lo, hi);
	struct block end = { best.a + best.n, best.b + best.n, 0 };

	if (!best.n)
		return;
	if (lo.a < best.a && lo.b < best.b)
		add_blocks(d, lo, best);
	struct block *last = d->blocks.n ? &d->blocks.p[d->blocks.n - 1] : NULL;

	if (last && last->a + last->n == best.a && last->b + last->n == best.b)
		last->n += best.n;
	else
		avec_push(d->arena, &d->blocks, best);
	if (end.a < hi.a && end.b < hi.b)
		add_blocks(d, end, hi);
}

static void add_change(struct diff *d, int a1, int a2, int b1, int b2, bool equal)
{
	char tag = equal ? 'e' : a1 < a2 && b1 < b2 ? 'r' : a1 < a2 ? 'd' : 'i';

	if (a1 < a2 || b1 < b2)
		avec_push(d->arena, &d->changes, (struct change){ tag, a1, a2, b1, b2 });
}

static void find_changes(struct diff *d)
{
	int a = 0, b = 0;

	avec_push(d->arena, &d->blocks, (struct block){ d->a.n, d->b.n, 0 });
	for (size_t i = 0; i < d->blocks.n; i++) {
		struct block m = d->blocks.p[i];

		add_change(d, a, m.a, b, m.b, false);
		a = m.a + m.n;
		b = m.b + m.n;
		add_change(d, m.a, a, m.b, b, true);
	}
}

/* ---- printing ------------------------------------------------------------ */

static void add_range(struct buf *b, int start, int end)
{
	int n = end - start;

	if (n == 1)
		buf_addf(b, "%d", start + 1);
	else
		buf_addf(b, "%d,%d", n ? start + 1 : start, n);
}

static void add_lines(struct buf *b, char mark, const struct side *s, int from, int to)
{
	for (int i = from; i < to; i++) {
		buf_addc(b, mark);
		buf_add(b, s->lines[i]);
		buf_addc(b, '\n');
	}
}

static void add_group(struct buf *b, const struct diff *d, const struct change *list, size_t n)
{
	const struct change *last = &list[n - 1];

	buf_add(b, S("@@ -"));
	add_range(b, list->a1, last->a2);
	buf_add(b, S(" +"));
	add_range(b, list->b1, last->b2);
	buf_add(b, S(" @@\n"));
	for (size_t i = 0; i < n; i++) {
		const struct change *c = &list[i];

		if (c->tag == 'e') {
			add_lines(b, ' ', &d->a, c->a1, c->a2);
			continue;
		}
		add_lines(b, '-', &d->a, c->a1, c->a2);
		add_lines(b, '+', &d->b, c->b1, c->b2);
	}
}

static int later(int x, int y)
{
	return x > y ? x : y;
}

static int earlier(int x, int y)
{
	return x < y ? x : y;
}

/* Changes with their context; a long run of equal lines ends a group. */
static void add_groups(struct buf *b, struct diff *d)
{
	struct change *list = d->changes.p;
	VEC(struct change) group = { 0 };
	size_t n = d->changes.n;

	if (!n)
		return;
	if (list[0].tag == 'e') {
		list[0].a1 = later(list[0].a1, list[0].a2 - CONTEXT);
		list[0].b1 = later(list[0].b1, list[0].b2 - CONTEXT);
	}
	if (list[n - 1].tag == 'e') {
		list[n - 1].a2 = earlier(list[n - 1].a2, list[n - 1].a1 + CONTEXT);
		list[n - 1].b2 = earlier(list[n - 1].b2, list[n - 1].b1 + CONTEXT);
	}
	for (size_t i = 0; i < n; i++) {
		struct change c = list[i];

		if (c.tag == 'e' && c.a2 - c.a1 > 2 * CONTEXT) {
			avec_push(d->arena, &group,
				  (struct change){ 'e', c.a1, earlier(c.a2, c.a1 + CONTEXT), c.b1,
						   earlier(c.b2, c.b1 + CONTEXT) });
			add_group(b, d, group.p, group.n);
			group.n = 0;
			c.a1 = later(c.a1, c.a2 - CONTEXT);
			c.b1 = later(c.b1, c.b2 - CONTEXT);
		}
		avec_push(d->arena, &group, c);
	}
	if (group.n > 1 || (group.n == 1 && group.p[0].tag != 'e'))
		add_group(b, d, group.p, group.n);
}

str linediff_unified(struct arena *a, str from, str to)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(map_release) struct map ids = MAP_INIT;
	struct diff d = { .arena = a, .a = split(a, from, &ids), .b = split(a, to, &ids) };

	if (d.a.n <= LINEDIFF_LINES_MAX && d.b.n <= LINEDIFF_LINES_MAX) {
		index_b(&d, (int)ids.n);
		d.length[0] = arena_array(a, int, d.b.n);
		d.length[1] = arena_array(a, int, d.b.n);
		add_blocks(&d, (struct block){ 0, 0, 0 }, (struct block){ d.a.n, d.b.n, 0 });
	}
	find_changes(&d);
	add_groups(&b, &d);
	return arena_str(a, buf_str(&b));
}
