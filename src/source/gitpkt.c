#include "source/gitpkt.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/fmt.h"

void gitpkt_init(struct gitpkt *g, struct gitpkt_input in)
{
	*g = (struct gitpkt){ .in = in, .p = mem_alloc(GITPKT_BUFFER) };
}

void gitpkt_release(struct gitpkt *g)
{
	free(g->p);
	g->p = NULL;
}

/* See that `need` bytes are there; *have tells how many are when the input
 * ends before. */
static err *fill(struct gitpkt *g, size_t need, size_t *have)
{
	if (g->at + need > GITPKT_BUFFER || g->at == g->n) {
		memmove(g->p, g->p + g->at, g->n - g->at);
		g->n -= g->at;
		g->at = 0;
	}
	while (g->n - g->at < need && !g->eof) {
		size_t got = 0;

		TRY(g->in.read(g->in.ctx, g->p + g->n, GITPKT_BUFFER - g->n, &got));
		g->n += got;
		g->eof = got == 0;
	}
	*have = g->n - g->at;
	return NULL;
}

static int read_length(const char *p)
{
	int length = 0;

	for (int i = 0; i < 4; i++) {
		int digit = ascii_hex(p[i]);

		if (digit < 0)
			return -1;
		length = length << 4 | digit;
	}
	return length;
}

static err *broken(void)
{
	return err_new(ERR_UNAVAILABLE, "unexpected EOF");
}

err *gitpkt_next_raw(struct gitpkt *g, enum gitpkt_kind *kind, str *bytes)
{
	size_t have;

	*bytes = STR_NONE;
	TRY(fill(g, 4, &have));
	if (have < 4) {
		if (have)
			return broken();
		*kind = GITPKT_EOF;
		return NULL;
	}
	int length = read_length(g->p + g->at);

	if (length < 0 || length == 3 || length > GITPKT_MAX)
		return err_new(ERR_INVALID, "invalid pkt-len found");
	if (length < 4) {
		static const enum gitpkt_kind marks[] = { GITPKT_FLUSH, GITPKT_DELIM, GITPKT_END };

		g->at += 4;
		*kind = marks[length];
		return NULL;
	}
	TRY(fill(g, (size_t)length, &have));
	if (have < (size_t)length)
		return broken();
	*bytes = str_of(g->p + g->at + 4, (size_t)length - 4);
	*kind = GITPKT_LINE;
	g->at += (size_t)length;
	return NULL;
}

err *gitpkt_next(struct gitpkt *g, enum gitpkt_kind *kind, str *line)
{
	TRY(gitpkt_next_raw(g, kind, line));
	if (line->n && line->p[line->n - 1] == '\n')
		line->n--;
	if (*kind == GITPKT_LINE && str_starts(*line, S("ERR ")))
		return err_new(ERR_INVALID, "%.*s", STR_ARG(str_trim(str_from(*line, 4))));
	return NULL;
}

err *gitpkt_rest(struct gitpkt *g, void *to, size_t max, size_t *n)
{
	size_t have;

	TRY(fill(g, 1, &have));
	*n = have < max ? have : max;
	memcpy(to, g->p + g->at, *n);
	g->at += *n;
	return NULL;
}

static err *read_text(void *ctx, void *to, size_t max, size_t *n)
{
	str *rest = ctx;

	*n = rest->n < max ? rest->n : max;
	if (*n)
		memcpy(to, rest->p, *n);
	*rest = str_from(*rest, *n);
	return NULL;
}

struct gitpkt_input gitpkt_text(str *rest)
{
	return (struct gitpkt_input){ read_text, rest };
}

void gitpkt_add(struct buf *b, str line)
{
	if (line.n > GITPKT_MAX - 4)
		die_bug("packet line of %zu bytes", line.n);
	buf_addf(b, "%04zx", line.n + 4);
	buf_add(b, line);
}

void gitpkt_addf(struct buf *b, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(&line, fmt, ap);
	va_end(ap);
	gitpkt_add(b, buf_str(&line));
}

void gitpkt_flush(struct buf *b)
{
	buf_add(b, S("0000"));
}

void gitpkt_delim(struct buf *b)
{
	buf_add(b, S("0001"));
}
