#include "archive/gzip.h"

/* Both ways of reading must come to the same answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MAX = 1 << 20 };
	str text = str_of((const char *)data, size);
	CLEANUP(buf_release) struct buf out = BUF_INIT, again = BUF_INIT;
	struct gzip_reader *r;
	struct stream_text from;
	char piece[4096];
	size_t got = 1;
	err *e = gzip_read(text, MAX, &out);

	stream_text_init(&from, text);
	if (!e) {
		e = gzip_open(&r, &from.stream);
		if (e)
			__builtin_trap();
		while (!(e = gzip_stream(r)->read(gzip_stream(r), piece, sizeof piece, &got)) && got)
			buf_bytes(&again, piece, got);
		gzip_close(r);
		if (!e && !str_eq(buf_str(&out), buf_str(&again)))
			__builtin_trap();
	}
	err_free(e);
	return 0;
}
