/* http_test - a client of plain HTTP for tests, which may go at any time. Of one thread. */
#ifndef SERVER_HTTP_TEST_H
#define SERVER_HTTP_TEST_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

enum { HTTP_PATIENCE = 30 /* seconds */, HTTP_CUT = 0 /* instead of a code */ };

struct http_ask {
	const char *method, *type, *accept;	/* the last two may be NULL */
	str path, body;
};

static inline void http_hang_up(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Unless *fd is a connection. False: nobody listens. */
static inline bool http_dial(int *fd, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = HTTP_PATIENCE };

	if (*fd >= 0)
		return true;
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (!connect(*fd, (struct sockaddr *)&to, sizeof to))
		return true;
	http_hang_up(fd);
	return false;
}

static inline bool http_put(int fd, str s)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		s = str_from(s, (size_t)n);
	}
	return true;
}

static inline void http_print(struct buf *b, const struct http_ask *q)
{
	buf_addf(b, "%s %.*s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer t\r\n", q->method,
		 STR_ARG(q->path));
	if (q->accept)
		buf_addf(b, "Accept: %s\r\n", q->accept);
	if (q->body.n)
		buf_addf(b, "Content-Type: %s\r\nContent-Length: %zu\r\n",
			 q->type ? q->type : "application/json", q->body.n);
	buf_add(b, S("\r\n"));
	buf_add(b, q->body);
}

static inline bool http_more(int fd, struct buf *in)
{
	enum { PIECE = 16 << 10 };
	char *to = buf_reserve(in, PIECE);
	ssize_t n = to ? recv(fd, to, PIECE, 0) : 0;

	in->n += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static inline uint64_t http_number(str from)
{
	uint64_t n = 0;

	str_to_u64(str_span(&from, ascii_is_digit), &n);
	return n;
}

/* An answer of a known length: its code, and the body in the arena. */
static inline int http_read(int fd, struct arena *a, str *body)
{
	CLEANUP(buf_release) struct buf in = BUF_INIT;
	size_t end, at;

	while ((end = str_find(buf_str(&in), S("\r\n\r\n"))) == STR_NPOS)
		if (!http_more(fd, &in))
			return HTTP_CUT;
	at = str_find(buf_str(&in), S("Content-Length: "));
	size_t length = at < end ? http_number(str_from(buf_str(&in), at + 16)) : 0;

	while (in.n < end + 4 + length)
		if (!http_more(fd, &in))
			return HTTP_CUT;
	*body = arena_str(a, str_from(buf_str(&in), end + 4));
	return (int)http_number(str_from(buf_str(&in), 9));
}

#endif
