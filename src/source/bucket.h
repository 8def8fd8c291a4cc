/* bucket - object stores: S3 and all that speak it, Google's, Azure's.
 *
 * Three things are asked of a store: whether a bucket is there, what objects
 * are in it, and one of them. Requests are signed with static keys: Amazon's
 * signature version 4 (also Google's HMAC keys on its S3 side), a Google
 * service account's key, an Azure account's key, its shared access signature,
 * or an Azure application's secret; or with what the caller was given by a
 * cloud or by an STS server. Buckets are named in the path, which every
 * server understands.
 *
 * Etags are without their quotes. Errors are the store's own words where it
 * has any ("Access Denied."), else its status.
 *
 * A struct bucket is worker-local, but downloads of one may be under way at
 * the same time.
 */
#ifndef SOURCE_BUCKET_H
#define SOURCE_BUCKET_H

#include "archive/stream.h"
#include "net/client.h"
#include "source/credentials.h"

enum bucket_provider { BUCKET_GENERIC, BUCKET_AWS, BUCKET_GCP, BUCKET_AZURE };

/* "generic" or empty, "aws", "gcp", "azure". */
bool bucket_provider_parse(str name, enum bucket_provider *out);

/* Who we are without a Secret: temporary keys of S3, or a bearer token. */
struct bucket_login {
	str id, secret, session;
	str bearer;
};

struct bucket_options {
	struct net_client *net;
	enum bucket_provider provider;
	str endpoint; /* "host[:port]"; of azure a URL */
	str bucket;
	str region; /* empty: found out */
	bool insecure;
	const struct credentials *secret; /* NULL: nobody, where that can be */
	const struct bucket_login *login; /* instead of the secret; NULL: none */
	const struct net_tls *tls;
	const struct net_proxy *proxy;
	const atomic_bool *cancel;
};

/* Bytes of one page of a list, of a key; objects of a bucket that are looked at. */
enum {
	BUCKET_PAGE_MAX = 8 << 20,
	BUCKET_KEY_MAX = 1024,
	BUCKET_OBJECTS_MAX = 200000,
	BUCKET_PAGES_MAX = 10000
};

struct bucket;

/* "invalid 'name' secret data: required fields ..."; NULL is fine. */
err *bucket_check_secret(enum bucket_provider provider, const struct credentials *secret)
	__attribute__((warn_unused_result));
/* Looks at the Secret, too. Borrows all that `o` points to. Connects to nothing. */
err *bucket_open(struct bucket **out, const struct bucket_options *o)
	__attribute__((warn_unused_result));
void bucket_close(struct bucket *b);
/* For CLEANUP(bucket_drop) struct bucket *b = NULL. */
void bucket_drop(struct bucket **b);
/* Until when (clock_mono) requests may take from now on. */
void bucket_until(struct bucket *b, int64_t deadline);

err *bucket_exists(struct bucket *b, bool *exists) __attribute__((warn_unused_result));

/* All objects whose keys begin with the prefix, in the store's order. Texts
 * live until the callback returns. */
typedef err *bucket_visit(void *ctx, str key, str etag);
err *bucket_list(struct bucket *b, str prefix, bucket_visit *visit, void *ctx)
	__attribute__((warn_unused_result));

/* Begin to get an object; then take it, or net_drop it. */
err *bucket_start(struct bucket *b, str key, struct net_call **call)
	__attribute__((warn_unused_result));

struct bucket_take {
	str key;	 /* as it was started */
	struct sink *to; /* of its bytes */
	size_t max;	 /* of them */
	bool found;	 /* set: it is there */
	str etag;	 /* set; lives in the arena; empty: the store has none */
};
/* A transfer that is cut goes on where it was, if the store can do that and the
 * object is still the same. Frees the call. */
err *bucket_take(struct bucket *b, struct arena *a, struct net_call *call, struct bucket_take *t)
	__attribute__((warn_unused_result));

/* ---- STS servers ------------------------------------------------------------- */

struct bucket_sts {
	struct net_client *net;
	str endpoint; /* URL */
	str user, password;
	const struct net_tls *tls;
	const struct net_proxy *proxy;
	const atomic_bool *cancel;
	int64_t timeout;
};
/* Temporary keys for a user of a directory (MinIO's AssumeRoleWithLDAPIdentity). */
err *bucket_sts_ldap(struct arena *a, const struct bucket_sts *s, struct bucket_login *out)
	__attribute__((warn_unused_result));

#endif
