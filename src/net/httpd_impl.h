/* httpd_impl - the two halves of the server: the listener and its
 * connections.
 */
#ifndef NET_HTTPD_IMPL_H
#define NET_HTTPD_IMPL_H

#include "net/httpd.h"

enum httpd_state {
	HTTPD_HEAD,		/* waits for a request, or for the rest of its head */
	HTTPD_READ_BODY,
	HTTPD_CALL,		/* the handler has it */
	HTTPD_REPLY,		/* an answer is on its way out */
	HTTPD_STREAM,		/* so is a stream */
	HTTPD_DRAIN,		/* what the client still sends is thrown away: then the end */
};

struct httpd_stream {
	struct httpd_conn *conn;
	struct httpd_source source;
	bool chunked;		/* else the end of the connection is the end */
	bool over;		/* the source has nothing more */
	bool filling;		/* its `fill` runs */
};

struct httpd_conn {
	struct httpd *h;
	struct httpd_conn *prev, *next;
	int fd;
	struct loop_fd *ready;
	struct tls *tls;
	char remote[64];
	bool peer_known;	/* peer and subject are set */
	enum tls_peer peer;
	struct tls_subject subject;
	struct arena arena;	/* of the subject */

	enum httpd_state state;
	struct buf in;		/* read, not used yet */
	size_t looked;		/* bytes of it without the end of a head */
	struct buf out;
	size_t out_at;
	struct httpd_call *call;	/* whose body is read, or that is handled */
	struct http1_chunks chunks;
	size_t reserved;	/* of the limit on all bodies */
	struct httpd_stream *stream;
	bool head_only;		/* HEAD: the answer has no body */
	bool close;		/* the connection ends behind this answer */
	bool no_more;		/* the client has said all it will */
	bool dead;		/* to be closed by the outermost caller */
	bool busy;		/* httpd_conn_go is at work */
	bool read_blocked;	/* TLS wants to write before it reads */
	int64_t deadline;	/* clock_mono */
};

struct httpd {
	struct loop *loop;
	struct httpd_options o;
	int fd;
	struct loop_fd *ready;
	struct loop_timer *sweep;
	char address[64];
	struct httpd_conn *conns;
	size_t conns_n;
	size_t bodies;		/* bytes reserved */
	int64_t date_second;
	char date[40];
	bool resting;		/* no descriptors left: accepts again at the next sweep */
	bool stopping;
	int64_t stop_at;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* Takes the socket. */
void httpd_conn_new(struct httpd *h, int fd, const char *remote);
/* Do what can be done now; may free the connection. */
void httpd_conn_go(struct httpd_conn *c);
/* Close and free, from whatever state. */
void httpd_conn_kill(struct httpd_conn *c);
/* End its stream in order, and then the connection. */
void httpd_conn_finish(struct httpd_conn *c);
/* No request is under way. */
bool httpd_conn_is_idle(const struct httpd_conn *c);

/* "Sun, 29 Nov 2026 04:56:00 GMT". */
const char *httpd_date(struct httpd *h);
/* A connection is gone. */
void httpd_conn_gone(struct httpd *h);

#endif
