/* httpd - an HTTP/1.1 server on a loop, with TLS or without.
 *
 * The whole request is read first, within limits; then the handler is called
 * with a struct httpd_call, and answers it now or later: once, by
 * httpd_reply, or piece by piece, by httpd_stream, whose source is asked for
 * bytes only when the client takes them. A client that goes away first is
 * not the handler's affair: its answer is dropped.
 *
 * Every wait has an end: for a handshake, a head, a body, the next request,
 * a client that takes its answer. Connections, heads, bodies and the bytes of
 * all bodies together are limited; what is over gets 431, 413 or 429, or is
 * closed.
 *
 * Loop thread only.
 */
#ifndef NET_HTTPD_H
#define NET_HTTPD_H

#include "base/arena.h"
#include "net/http1.h"
#include "net/loop.h"
#include "net/tls.h"

struct httpd;
struct httpd_conn;

struct httpd_limits {
	size_t connections;	/* 0: HTTPD_CONNECTIONS */
	size_t body;		/* bytes; 0: HTTPD_BODY */
	size_t bodies;		/* of all requests at a time; 0: HTTPD_BODIES */
	int64_t head_time;	/* nanoseconds from its first byte, or the handshake's; 0: 10 s */
	int64_t body_time;	/* 0: 60 s */
	int64_t idle_time;	/* between requests; 0: 3 min */
	int64_t write_time;	/* without the client taking a byte; 0: 60 s */
};

/* The body's limit is what kube-apiserver takes: 3 MiB. */
enum {
	HTTPD_CONNECTIONS = 8192,
	HTTPD_BODY = 3 << 20,
	HTTPD_BODIES = 64 << 20,
};

/* One request, and who waits for its answer. All of it is the call's own, or lies in its
 * arena: the connection may go at any time before the answer. */
struct httpd_call {
	struct httpd_conn *conn;	/* NULL: gone; the answer is dropped */
	struct arena arena;		/* of the request */
	struct http1_head head;
	str body;
	str remote;			/* "127.0.0.1:40000" */
	enum tls_peer peer;
	struct tls_subject subject;	/* of the client's certificate */
	bool too_large;			/* the body was over the limit, and is empty here */
	struct buf bytes;		/* of the body; the server's own */
};

struct httpd_options {
	str listen;			/* "127.0.0.1:0", "[::1]:6443" */
	struct tls_server *tls;		/* borrowed; NULL: plain HTTP */
	struct httpd_limits limits;
	/* Takes the call, and ends it by one answer. */
	void (*handle)(void *ctx, struct httpd_call *call);
	void *ctx;
};

err *httpd_new(struct httpd **out, struct loop *l, const struct httpd_options *o)
	__attribute__((warn_unused_result));
/* "127.0.0.1:41234", where it listens; lives with the server. */
str httpd_address(const struct httpd *h);
/* Listen no more, close what is idle; streams get their end. `done` is
 * called when the last connection is closed, at the latest after `grace`. */
void httpd_stop(struct httpd *h, int64_t grace, void (*done)(void *ctx), void *ctx);
/* After it stopped. NULL is fine. */
void httpd_free(struct httpd *h);

/* ---- answers ----------------------------------------------------------- */

struct httpd_reply {
	int code;
	str type;			/* Content-Type; empty: none */
	const struct http1_header *headers;
	size_t headers_n;
	str body;			/* copied */
	struct buf *take;		/* instead of `body`: taken, and empty afterwards */
	bool close;			/* end the connection behind it */
};

/* Ends the call. To a HEAD request no body is sent. */
void httpd_reply(struct httpd_call *c, const struct httpd_reply *r);

struct httpd_source {
	/* Add what there is to `b`, up to about HTTPD_PIECE bytes. False: the end.
	 * With nothing added it is asked again after httpd_wake. */
	bool (*fill)(void *ctx, struct buf *b);
	/* The last call: the stream ended, was ended, or the client is gone. */
	void (*end)(void *ctx);
	void *ctx;
};

enum { HTTPD_PIECE = 64 << 10 };

struct httpd_stream;
/* The head now (r->body is not used), the rest as the source gives it. Ends
 * the call. NULL when the client is gone: `end` was called. */
struct httpd_stream *httpd_stream(struct httpd_call *c, const struct httpd_reply *r,
				  const struct httpd_source *s);
/* There may be more. Valid until the source's `end` was called. Loop thread. */
void httpd_wake(struct httpd_stream *s);

#endif
