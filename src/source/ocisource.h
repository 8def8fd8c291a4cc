/* ocisource - an OCIRepository: from its spec and its Secrets to an artifact.
 *
 * All that a controller needs to know of registries, in the manner of
 * source/gitsource.h:
 *
 *	CLEANUP(ocisource_release) struct ocisource o = { 0 };
 *	e = ocisource_fetch(&o, env, &spec, &seen);
 *	if (!e && !o.unchanged) {
 *		... status: ArtifactOutdated, "new revision 'REVISION' for 'REFERENCE'" ...
 *		e = ocisource_store(&o, env, &spec);
 *	}
 *
 * Fetching finds the tag and asks for the digest behind it: one small request
 * where the tag is written out. It verifies, where the spec wants that and it
 * was not done for this revision. Storing pulls the manifest by that very
 * digest, so that a tag that moves meanwhile changes nothing, and the one
 * layer that is wanted, which is checked before it is looked into.
 *
 * A verification that is wanted happens or fails: without a verifier, or with
 * one that does not know the provider, nothing is stored.
 *
 * Errors have Flux's words and reasons. Worker-local; the environment is
 * shared and any thread's.
 */
#ifndef SOURCE_OCISOURCE_H
#define SOURCE_OCISOURCE_H

#include "source/artifact.h"
#include "source/credentials.h"
#include "source/failure.h"
#include "source/oci.h"

/* Bytes of a layer as it is sent. What it unpacks to is limited by unpack.h. */
enum { OCISOURCE_LAYER_MAX = 512 << 20 };

/* Whether the manifest with that digest is signed as wanted: NULL, or why it
 * does not count as such. `ref` has repository, tag and digest. */
typedef err *ocisource_verify(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref);

struct ocisource_env {
	struct net_client *net;
	struct artifact_store *store;
	struct oci_memory *memory; /* shared; NULL: none */
	const atomic_bool *cancel; /* of this pass; or NULL */
};

struct ocisource_spec {
	struct artifact_owner owner; /* .kind "OCIRepository" */
	str url;                     /* "oci://host/org/repo" */
	str tag, semver, semver_filter, digest;
	str layer;         /* layerSelector.mediaType */
	str operation;     /* "extract" or empty, "copy" */
	const str *ignore; /* spec.ignore; NULL: there is none */
	bool insecure;
	str provider;    /* "generic" or empty, "aws", "azure", "gcp" */
	int64_t timeout; /* nanoseconds; 0: 60 s */
	/* Of secretRef and of the service account: all count. */
	const struct credentials *secrets;
	size_t secrets_n;
	const struct credentials *cert;  /* NULL: no certSecretRef */
	const struct credentials *proxy; /* NULL: no proxySecretRef */
	/* For other providers than generic, where the caller asks the cloud. */
	const struct ociauth *provided;
	bool verify_wanted;
	str verify_provider; /* "cosign", "notation" */
	bool verify_keyless; /* no verify.secretRef */
	ocisource_verify *verify;
	void *verify_ctx;
};

/* What status says of the last pass. */
struct ocisource_seen {
	const struct artifact *artifact; /* NULL: none, or not in the store any more */
	bool changed;                    /* ignore or layerSelector is another than was observed */
	bool verified;                   /* SourceVerified is True, and of this generation */
	node metadata;                   /* of the artifact, as it was stored with it */
};

struct ocisource {
	struct arena mem; /* holds all texts below */
	struct ociref ref;
	str reference; /* "host/org/repo:tag", "host/org/repo@sha256:..." */
	str digest;    /* of the manifest the reference names */
	str revision;  /* "tag@sha256:...", "sha256:..." */
	/* The artifact is of this revision, and all else as observed: "artifact
	 * up-to-date with remote revision: '...'". */
	bool unchanged;
	str verified; /* message of SourceVerified; empty: not done this time */
	/* After ocisource_store: */
	node annotations; /* of the manifest: metadata of the artifact */
	str event;        /* "stored artifact with revision '...' from '...'..." */
	struct artifact artifact;
	str link; /* status.url; empty: the link could not be made */

	/* Its own. */
	struct oci *client;
	struct net_tls tls;
	struct net_proxy proxy;
	struct ociauth_config config;
};

err *ocisource_fetch(struct ocisource *o, const struct ocisource_env *env,
		     const struct ocisource_spec *spec, const struct ocisource_seen *seen)
	__attribute__((warn_unused_result));
err *ocisource_store(struct ocisource *o, const struct ocisource_env *env,
		     const struct ocisource_spec *spec) __attribute__((warn_unused_result));
void ocisource_release(struct ocisource *o);

/* Why a layer is not the compressed tar it should be, in words that help
 * ("the layer is compressed with zstd, ..."); empty when nothing is known. */
str ocisource_layer_hint(str bytes);

#endif
