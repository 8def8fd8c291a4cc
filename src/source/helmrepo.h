/* helmrepo - a chart repository over HTTP: its index and its charts.
 *
 * A repository is a URL; below it lies index.yaml, which names charts by URLs
 * of their own: relative ones, absolute ones, ones on other hosts. Who we are
 * is told to the repository's own scheme and host and to nobody else, unless
 * passCredentials says so; along a redirect to another host it is never told.
 * Authorities count everywhere.
 *
 * What comes goes into a spool, up to a limit. Errors have Helm's words:
 * "failed to fetch URL : 404 Not Found", with err_code the status; 429 and
 * 5xx are ERR_UNAVAILABLE, with "; retry after 7s" where the server says so; until then its
 * host is not asked again (net/patience.h). A body that is cut goes on where it was when the
 * server gave a strong etag. There are no other tries and no waiting here.
 *
 * Worker threads; a struct helmrepo is constant.
 */
#ifndef SOURCE_HELMREPO_H
#define SOURCE_HELMREPO_H

#include "net/client.h"
#include "source/credentials.h"
#include "source/spool.h"

struct helmrepo {
	struct net_client *net;
	str url;
	str user, password;        /* sent when both are there */
	const struct net_tls *tls; /* NULL: as the system has it */
	bool pass_credentials;
	bool insecure; /* take any certificate: --insecure-skip-tls-verify */
	enum net_addresses addresses;
	int64_t timeout; /* of a request; 0: NET_TIMEOUT */
	const atomic_bool *cancel;
};

/* Kept in memory up to here; beyond, in a file without a name. */
enum { HELMREPO_HELD = 1 << 20, HELMREPO_ETAG_MAX = 512 };

/* What a server said about the index it gave last. Kept by the caller. */
struct helmrepo_hint {
	char etag[HELMREPO_ETAG_MAX];
	size_t etag_n;
};

/* "https://host/charts/": as Flux compares repositories. */
err *helmrepo_normalize(struct arena *a, str url, str *out) __attribute__((warn_unused_result));
/* NULL for http and https, else `scheme "ftp" not supported`. */
err *helmrepo_check_scheme(struct arena *a, str url) __attribute__((warn_unused_result));
/* Where a repository's index is, as Flux and as Helm find it. */
err *helmrepo_index_url(struct arena *a, str url, str *out) __attribute__((warn_unused_result));
/* An absolute URL of what an index names: `ref` as seen from the repository. */
err *helmrepo_resolve(struct arena *a, str url, str ref, str *out)
	__attribute__((warn_unused_result));

/* A Secret of spec.secretRef: user and password, and, where `tls` is not said
 * already by another one, certificates the old way. Texts are borrowed. */
err *helmrepo_credentials(struct helmrepo *r, const struct credentials *secret,
			  struct net_tls *tls) __attribute__((warn_unused_result));

/* The bytes behind a URL into a spool that is empty. More than `max`:
 * "WHAT exceeds the maximum WHAT file size of N bytes". With a hint, what was
 * had before is not sent again: *same, and nothing in the spool. */
err *helmrepo_fetch(const struct helmrepo *r, str url, const char *what, uint64_t max,
		    struct helmrepo_hint *hint, bool *same, struct spool *to)
	__attribute__((warn_unused_result));

#endif
