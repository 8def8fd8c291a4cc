#include "base/buf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"

enum { BUF_FIRST = 64 };

void buf_release(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
	b->full = false;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t max = b->max ? b->max : BUF_MAX;

	if (max > SIZE_MAX / 4)
		max = SIZE_MAX / 4;
	if (b->full || n > max || b->n > max - n) {
		b->full = true;
		return NULL;
	}
	if (b->n + n + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : BUF_FIRST;

		while (cap < b->n + n + 1)
			cap *= 2;
		if (cap > max + 1)
			cap = max + 1;
		b->p = mem_realloc(b->p, cap, 1);
		b->cap = cap;
		b->p[b->n] = 0;
	}
	return b->p + b->n;
}

void buf_bytes(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, p, n);
	b->n += n;
	b->p[b->n] = 0;
}

void buf_add(struct buf *b, str s)
{
	buf_bytes(b, s.p, s.n);
}

void buf_escape(struct buf *b, str text, const char *among)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] && strchr(among, text.p[i]))
			buf_addc(b, '\\');
		buf_addc(b, text.p[i]);
	}
}

void buf_fill(struct buf *b, char c, size_t count)
{
	char *to = buf_reserve(b, count);

	if (!to)
		return;
	memset(to, c, count);
	b->n += count;
	b->p[b->n] = 0;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	size_t before = b->n;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(b, fmt, ap);
	va_end(ap);
	if (b->full)
		buf_trim(b, before);	/* a write is dropped whole */
}

void buf_trim(struct buf *b, size_t n)
{
	if (n >= b->n)
		return;
	b->n = n;
	b->p[n] = 0;
}

char *buf_detach(struct buf *b, size_t *n)
{
	char *p = b->p ? b->p : mem_calloc(1, 1);

	if (n)
		*n = b->n;
	b->p = NULL;
	b->n = b->cap = 0;
	b->full = false;
	return p;
}

err *buf_check(const struct buf *b, const char *what)
{
	if (!b->full)
		return NULL;
	return err_new(ERR_INVALID, "%s is larger than %zu bytes", what, b->max ? b->max : BUF_MAX);
}
