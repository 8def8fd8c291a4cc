/* gitpkt - Git's packet lines: four digits of length, then the bytes.
 *
 * Everything that Git's protocol says travels in them: "0009done\n". Lengths
 * below four are marks: 0000 ends a message, 0001 a section, 0002 a reply
 * over HTTP. A reader takes its bytes from a function, so that requests,
 * pipes and recorded bytes are read alike. Worker-local.
 */
#ifndef SOURCE_GITPKT_H
#define SOURCE_GITPKT_H

#include "base/buf.h"
#include "base/err.h"

/* The most that a line may hold, its length included. */
enum { GITPKT_MAX = 65520 };

enum gitpkt_kind { GITPKT_LINE, GITPKT_FLUSH, GITPKT_DELIM, GITPKT_END, GITPKT_EOF };

struct gitpkt_input {
	/* Up to `max` bytes; *n 0 at the end. */
	err *(*read)(void *ctx, void *to, size_t max, size_t *n);
	void *ctx;
};

struct gitpkt {
	struct gitpkt_input in;
	char *p;      /* GITPKT_BUFFER bytes */
	size_t at, n; /* unread: from `at` up to `n` */
	bool eof;
};

enum { GITPKT_BUFFER = 2 * GITPKT_MAX };

void gitpkt_init(struct gitpkt *g, struct gitpkt_input in);
void gitpkt_release(struct gitpkt *g);

/* The next packet. `line` is without its length and without a newline at its
 * end (`raw`: with it), and lives until the next call. The end of the input between two packets is
 * GITPKT_EOF, within one an error. An "ERR text" packet is an error, too. */
err *gitpkt_next(struct gitpkt *g, enum gitpkt_kind *kind, str *line)
	__attribute__((warn_unused_result));
err *gitpkt_next_raw(struct gitpkt *g, enum gitpkt_kind *kind, str *bytes)
	__attribute__((warn_unused_result));
/* What comes after the packets, unframed: at least a byte, or 0 at the end. */
err *gitpkt_rest(struct gitpkt *g, void *to, size_t max, size_t *n)
	__attribute__((warn_unused_result));

/* Reading from a text. Borrows it; `rest` is moved forward. */
struct gitpkt_input gitpkt_text(str *rest);

/* Writing: a line of at most GITPKT_MAX - 4 bytes, and the marks. */
void gitpkt_add(struct buf *b, str line);
void gitpkt_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gitpkt_flush(struct buf *b);
void gitpkt_delim(struct buf *b);

#endif
