/* http1 - the head of an HTTP/1.x request, and bodies in chunks.
 *
 * Strict by RFC 9112, and stricter: whatever two readers could take in two
 * ways is refused, since behind that stands an attack. Lines end in CR LF; no
 * space before a colon, no folded lines, no bare CR or NUL; one Host, one
 * Content-Length of digits, no Content-Length beside Transfer-Encoding, and
 * no coding but "chunked". What is refused gets a status code, and the
 * connection ends.
 *
 * Nothing here allocates; the texts lie in the bytes that were parsed, with
 * header names made small. Any thread.
 */
#ifndef NET_HTTP1_H
#define NET_HTTP1_H

#include "base/buf.h"

enum { HTTP1_HEADERS_MAX = 128, HTTP1_HEAD_MAX = 64 << 10 };

struct http1_header {
	str name, value;
};

struct http1_head {
	str method, target;	/* target: "/path?query" */
	int minor;		/* HTTP/1.0 or 1.1 */
	struct http1_header headers[HTTP1_HEADERS_MAX];
	size_t headers_n;
	bool close;		/* the connection ends behind the answer */
	bool chunked;
	bool expect;		/* waits for "100 Continue" */
	bool upgrade;		/* asks for another protocol */
	uint64_t length;	/* of the body; 0 without one, or chunked */
};

/* Bytes of the head, blank line included, 0 while it is not whole, or
 * HTTP1_BAD for a line that does not end as it must. Begins looking at
 * `from`, up to where an earlier call found nothing. */
#define HTTP1_BAD ((size_t)-1)
size_t http1_find_end(str bytes, size_t from);
/* Parse a whole head. 0, or the code of the refusal: 400, 417, 431, 501, 505. */
int http1_parse(char *bytes, size_t n, struct http1_head *out);
/* The first header of that name (in small letters); empty when there is none. */
str http1_header(const struct http1_head *h, str name);

/* A body in chunks, taken as it comes. */
struct http1_chunks {
	uint8_t state;
	uint8_t digits;		/* of the size so far */
	uint64_t left;		/* bytes of the chunk that are to come */
	size_t trailer;		/* bytes of the trailer so far */
};

enum { HTTP1_MORE = 0, HTTP1_DONE = 1 };
/* Take what can be taken off `in` and add the data to `body`. HTTP1_MORE,
 * HTTP1_DONE, or the code of the refusal; 413 when the body is full. */
int http1_chunks_take(struct http1_chunks *c, str *in, struct buf *body);

#endif
