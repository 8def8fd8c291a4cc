/* table - objects as rows of cells: what `kubectl get` asks for.
 *
 * The columns are the kind's; the cells come from its rules (cells.h), or for
 * custom resources from the cells hook. Every row carries the object it is of: only
 * its metadata, all of it, or nothing, as the request wants.
 *
 *	struct table t;
 *	table_open(&t, &body, kind, TABLE_METADATA, S("v1"), list_metadata);
 *	for each object: table_row(&t, arena, object);
 *	table_close(&t);
 *
 * Objects are what the kind shows; the text is compact JSON without a final
 * newline. Worker-local.
 */
#ifndef SERVER_TABLE_H
#define SERVER_TABLE_H

#include "base/buf.h"
#include "server/kind.h"

enum table_include { TABLE_METADATA, TABLE_OBJECT, TABLE_NONE };

/* The query parameter includeObject; empty: TABLE_METADATA. The error is the
 * message of the Status (400). */
err *table_include_parse(str text, enum table_include *out) __attribute__((warn_unused_result));

struct table {
	struct buf *out;
	const struct kind *kind;
	enum table_include include;
	str version;		/* of meta.k8s.io: "v1" or "v1beta1" */
	size_t rows;
};

/* `metadata` is the list's, or that of the only object: resourceVersion, continue,
 * remainingItemCount are taken. Without `columns`, columnDefinitions is null: the events
 * of a watch after the first. */
void table_open(struct table *t, struct buf *out, const struct kind *k, enum table_include include,
		str version, node metadata, bool columns);
void table_row(struct table *t, struct arena *a, node object);
void table_close(struct table *t);

#endif
