/* bucketsource - a Bucket: from its spec and its Secrets to an artifact.
 *
 * All that a controller needs to know of object stores, in the manner of
 * source/gitsource.h:
 *
 *	CLEANUP(bucketsource_release) struct bucketsource s = { 0 };
 *	e = bucketsource_fetch(&s, env, &spec, &seen);
 *	if (!e && !s.unchanged) {
 *		... status: ArtifactOutdated, "new upstream revision 'REVISION'" ...
 *		e = bucketsource_store(&s, env, &spec);
 *	}
 *
 * Fetching lists the bucket: keys and etags of what the ignore rules leave
 * (the bucket's own .sourceignore, then spec.ignore), and their hash is the
 * revision, so that nothing is downloaded while nothing changed. Storing gets
 * the objects, a few at a time; one that has gone meanwhile is left out, and
 * one that has changed counts with its new etag, both in the revision.
 *
 * Errors have Flux's words and reasons. Worker-local; the environment is
 * shared and any thread's.
 */
#ifndef SOURCE_BUCKETSOURCE_H
#define SOURCE_BUCKETSOURCE_H

#include "base/vec.h"
#include "source/artifact.h"
#include "source/bucket.h"
#include "source/failure.h"

/* Bytes of all objects of an artifact, of one, and downloads at a time. */
#define BUCKETSOURCE_BYTES_MAX ((uint64_t)1 << 30)
enum { BUCKETSOURCE_OBJECT_MAX = 256 << 20, BUCKETSOURCE_PARALLEL = 4 };

struct bucketsource_env {
	struct net_client *net;
	struct artifact_store *store;
	const atomic_bool *cancel; /* of this pass; or NULL */
};

/* spec.sts: who gives temporary keys. */
struct bucketsource_sts {
	bool wanted;
	str provider, endpoint;
	bool has_secret, has_cert;	/* references are there */
	const struct credentials *secret, *cert;
};

struct bucketsource_spec {
	struct artifact_owner owner; /* .kind "Bucket" */
	str provider, bucket, endpoint, region, prefix;
	bool insecure;
	const str *ignore; /* spec.ignore; NULL: there is none */
	int64_t timeout;   /* nanoseconds; 0: 60 s; of the list and of the download each */
	const struct credentials *secret; /* NULL: no secretRef */
	const struct credentials *cert;   /* NULL: no certSecretRef */
	const struct credentials *proxy;  /* NULL: no proxySecretRef */
	const struct bucket_login *login; /* of a cloud, without secret; NULL: none */
	struct bucketsource_sts sts;
};

struct bucketsource_seen {
	const struct artifact *artifact; /* NULL: none, or not in the store any more */
};

struct bucketsource_object {
	str key, etag;
	bool gone;
};

struct bucketsource {
	struct arena mem;                        /* holds all texts below */
	VEC(struct bucketsource_object) objects; /* by key */
	str rules;                               /* of .sourceignore */
	bool has_rules;
	str revision; /* "sha256:..." */
	bool unchanged;
	str event; /* "stored artifact with 3 fetched files from 'x' bucket" */
	struct artifact artifact;
	str link; /* status.url; empty: the link could not be made */

	/* Its own. */
	struct bucket *client;
	struct net_tls tls;
	struct net_proxy proxy;
	struct ignore *ignore;
	struct bucket_login login;
};

/* Whether the Secret and spec.sts fit the provider: "STS provider 'x' is not supported for 'y'
 * bucket provider". Of a valid spec; bucketsource_fetch asks it as well. */
err *bucketsource_check(const struct bucketsource_spec *spec)
	__attribute__((warn_unused_result));

err *bucketsource_fetch(struct bucketsource *s, const struct bucketsource_env *env,
			const struct bucketsource_spec *spec, const struct bucketsource_seen *seen)
	__attribute__((warn_unused_result));
err *bucketsource_store(struct bucketsource *s, const struct bucketsource_env *env,
			const struct bucketsource_spec *spec) __attribute__((warn_unused_result));
void bucketsource_release(struct bucketsource *s);

#endif
