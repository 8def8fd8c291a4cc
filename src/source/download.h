/* download - an artifact of somebody else's store, over HTTP.
 *
 * Where sources are another process's affair, their artifacts are files on
 * its server; the object's status tells URL and digest. What comes is checked
 * against the digest before a byte of it is unpacked; one that does not fit
 * is asked for once more, as it may have been replaced just then. There are
 * no other tries and no waiting here: who called looks at the error's kind
 * and comes back later. Errors have the words of Flux.
 *
 * Worker threads.
 */
#ifndef SOURCE_DOWNLOAD_H
#define SOURCE_DOWNLOAD_H

#include "net/client.h"
#include "source/digest.h"
#include "source/unpack.h"

struct download_spec {
	str url, digest;
	str host;                     /* instead of the URL's, with port; empty: as it is */
	size_t max_bytes;             /* 0: DOWNLOAD_BYTES_MAX */
	struct unpack_options unpack; /* links are skipped in any case */
	int64_t timeout;              /* of each try, as in net_request */
	const atomic_bool *cancel;
};

enum { DOWNLOAD_BYTES_MAX = 512 << 20 };

/* Into `to`, which is empty. ERR_NOT_FOUND, "file not found": not there yet,
 * or not any more. */
err *download_archive(struct net_client *net, const struct download_spec *spec, const struct fs *to)
	__attribute__((warn_unused_result));
/* The same bytes as they are: an index, a chart. */
err *download_bytes(struct net_client *net, const struct download_spec *spec, struct arena *a,
		    str *out) __attribute__((warn_unused_result));

/* Whether the bytes are what the digest says; without an algorithm it is
 * taken for SHA-256. */
err *download_check(str bytes, str digest) __attribute__((warn_unused_result));

#endif
