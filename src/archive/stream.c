#include "archive/stream.h"

static err *text_read(struct stream *s, char *to, size_t n, size_t *got)
{
	struct stream_text *t = (struct stream_text *)s;
	str piece = str_sub(t->rest, 0, n);

	if (piece.n)
		memcpy(to, piece.p, piece.n);
	t->rest = str_from(t->rest, piece.n);
	*got = piece.n;
	return NULL;
}

static bool text_take(struct stream *s, size_t n, str *out)
{
	struct stream_text *t = (struct stream_text *)s;

	if (t->rest.n < n)
		return false;
	*out = str_sub(t->rest, 0, n);
	t->rest = str_from(t->rest, n);
	return true;
}

void stream_text_init(struct stream_text *s, str text)
{
	*s = (struct stream_text){ { text_read, text_take }, text };
}

err *stream_fill(struct stream *s, char *to, size_t n, size_t *got)
{
	size_t done = 0, piece = 1;

	while (done < n && piece) {
		TRY(s->read(s, to + done, n - done, &piece));
		done += piece;
	}
	*got = done;
	return NULL;
}

static err *buf_write(struct sink *s, str bytes)
{
	struct sink_buf *to = (struct sink_buf *)s;

	buf_add(to->b, bytes);
	return buf_check(to->b, to->what);
}

void sink_buf_init(struct sink_buf *s, struct buf *b, const char *what)
{
	*s = (struct sink_buf){ { buf_write }, b, what };
}
