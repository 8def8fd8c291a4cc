/* chartdir - a directory of charts, as a Helm repository.
 *
 * What `helm repo index` would find there (archives, and charts as folders,
 * which are packed), answered as an index and files without a copy on disk.
 * Read anew for each index, so that a changed chart is seen.
 *
 * One thread at a time.
 */
#ifndef CONTROLLERS_CHARTDIR_H
#define CONTROLLERS_CHARTDIR_H

#include "base/buf.h"
#include "base/err.h"

struct chartdir;

/* `dir` holds charts, or is one. Copies. */
err *chartdir_open(struct chartdir **out, str dir) __attribute__((warn_unused_result));
void chartdir_free(struct chartdir *d);
/* "index.yaml", or the file of a chart that the index named; ERR_NOT_FOUND. */
err *chartdir_get(struct chartdir *d, str file, struct buf *out)
	__attribute__((warn_unused_result));

#endif
