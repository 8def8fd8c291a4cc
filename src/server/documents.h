/* documents - answers that change only with what is served.
 *
 * Discovery and OpenAPI are asked for again and again by every client, and
 * change when a CustomResourceDefinition does. A document is made from the
 * rows of the registry when it is asked for; its hash is kept until the
 * registry has another generation, small documents as a whole. So clients
 * that have one already are answered with 304 at once, by ETag or by time.
 *
 * The state belongs to one server (its `open` and `close` hooks are
 * documents_hooks). Any thread.
 */
#ifndef SERVER_DOCUMENTS_H
#define SERVER_DOCUMENTS_H

#include "server/discovery_docs.h"
#include "server/hooks.h"
#include "server/request.h"

struct document {
	str key;		/* what tells it from the others: "/openapi/v2" */
	str type;		/* Content-Type */
	bool keep;		/* it is small */
	/* Its bytes; `rows` are those of the moment. */
	void (*write)(struct request *r, const struct document *d, const struct discovery_rows *rows,
		      struct buf *b);
	str group, version;	/* for `write` */
	const struct document *tag_of;	/* another, whose hash is its ETag; NULL: its own */
};

enum { DOCUMENTS_HASH = 64 };

/* Answer with the document, or with 304. */
err *documents_answer(struct request *r, const struct document *d) __attribute__((warn_unused_result));
/* An answered document of JSON is indented, for those who want it so. */
err *documents_indent(struct request *r) __attribute__((warn_unused_result));
/* Its hash, in capital hex. */
err *documents_hash(struct request *r, const struct document *d, char out[DOCUMENTS_HASH + 1])
	__attribute__((warn_unused_result));
/* Compact JSON and a newline: how most of them are written. */
void documents_write_json(struct buf *b, node doc);

extern const struct hooks documents_hooks;

#endif
