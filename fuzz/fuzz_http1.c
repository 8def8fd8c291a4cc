/* The head of a request, then a body in chunks that comes in pieces. */
#include <stdlib.h>

#include "net/http1.h"

static void take_chunks(str rest, size_t piece)
{
	struct buf body = BUF_LIMIT(4096);
	struct http1_chunks c = { 0 };
	int code = HTTP1_MORE;

	while (code == HTTP1_MORE && rest.n) {
		str part = str_sub(rest, 0, piece);
		size_t n = part.n;

		code = http1_chunks_take(&c, &part, &body);
		rest = str_from(rest, n - part.n);
		/* all of a piece is taken unless the body ends in it */
		if (code == HTTP1_MORE && part.n)
			__builtin_trap();
	}
	buf_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http1_head h;
	char *copy = malloc(size + 1);

	memcpy(copy, data, size);
	size_t n = http1_find_end(str_of(copy, size), 0);

	if (n && n != HTTP1_BAD) {
		int code = http1_parse(copy, n, &h);

		/* never both lengths, never a target that is no path */
		if (!code && ((h.chunked && h.length) || h.target.p[0] != '/'))
			__builtin_trap();
		take_chunks(str_of(copy + n, size - n), 1 + size % 7);
	}
	free(copy);
	return 0;
}
