/* feed - an answer that goes on: a watch, a log that is followed.
 *
 * The function of the request makes it, on any thread; the loop asks it for
 * bytes as the client takes them, and ends it. Whoever has more to say calls
 * `wake`.
 */
#ifndef SERVER_FEED_H
#define SERVER_FEED_H

#include "base/buf.h"

struct feed {
	/* Loop thread: add what there is, up to about HTTPD_PIECE bytes; false at the
	 * end. With nothing added it is asked again when it was woken. */
	bool (*fill)(struct feed *s, struct buf *b);
	/* Loop thread: it is on its way; `wake(wake_ctx)` on the loop thread asks
	 * it again. May be NULL. */
	void (*start)(struct feed *s, void (*wake)(void *ctx), void *ctx);
	/* Any thread, once: free it. */
	void (*end)(struct feed *s);
};

#endif
