/* oci - a client of OCI registries: manifests, blobs, tags.
 *
 * A struct oci is a session with one repository:
 *
 *	CLEANUP(oci_drop) struct oci *c = NULL;
 *	TRY(oci_open(&c, &(struct oci_options){ .net = net, .ref = ref, .auth = auth }));
 *	TRY(oci_image(c, a, ociref_wanted(&ref), NULL, &manifest));
 *	TRY(oci_blob(c, &manifest.parts[0], LAYER_MAX, &spool));
 *
 * Requests go out as they are; a registry that answers 401 gets what it asks
 * for, a token from its token server or basic auth. What was learned (scheme,
 * challenge, tokens, until when a registry wants to be left alone) is kept in
 * a struct oci_memory that sessions share, so that a poll is one request.
 *
 * Credentials go to the registry, and to a token server on the same host or
 * on a host beside it (registry.gitlab.com, gitlab.com); to another one only
 * when the configuration has an entry for that host, which is then the one
 * that is sent. Never from https to http, never along a redirect to another
 * host. Layers' own "urls" are not looked at.
 *
 * Nothing is handed out that does not have the digest it was asked for by.
 * A download that is cut goes on where it was, as long as the registry can do
 * that and bytes come. There are no other tries, and no waiting.
 *
 * Errors have the words of go-containerregistry: "GET URL: MANIFEST_UNKNOWN:
 * manifest unknown; map[Tag:x]", "Get "https://host/v2/": dial tcp ...". err_code is the status of the answer; 404
 * is ERR_NOT_FOUND, 401 and 403 ERR_FORBIDDEN, 429 and 5xx ERR_UNAVAILABLE.
 *
 * A session is worker-local; calls block until its deadline.
 */
#ifndef SOURCE_OCI_H
#define SOURCE_OCI_H

#include "net/client.h"
#include "source/ociauth.h"
#include "source/ocimanifest.h"
#include "source/spool.h"

struct oci_memory;

/* Any thread. */
struct oci_memory *oci_memory_new(void) __attribute__((returns_nonnull));
/* No session may use it any more. NULL is fine. */
void oci_memory_free(struct oci_memory *m);
/* The downloads that are shared: also those of other servers, under keys of their own. */
struct blobshare *oci_memory_blobs(struct oci_memory *m);

struct oci_options {
	struct net_client *net;
	struct oci_memory *memory;           /* NULL: one of its own */
	struct ociref ref;                   /* registry and repository are looked at */
	struct ociauth auth;                 /* empty: what `config` says */
	const struct ociauth_config *config; /* or NULL */
	const struct net_tls *tls;
	const struct net_proxy *proxy;
	bool plain_http; /* no TLS at all */
	/* With TLS, whatever the certificate (unless `tls` is given), or, where
	 * none is spoken, without: Flux's spec.insecure. */
	bool insecure;
	bool oras;   /* as ORAS, which Helm has: its words, and no HTTP for local registries */
	bool push;   /* tokens that allow writing */
	bool remove; /* and deleting */
	enum net_addresses addresses;
	int64_t deadline; /* clock_mono; 0: a minute from now */
	const atomic_bool *cancel;
};

/* Bytes of a page of tags and of all names, and how many; of one upload;
 * answers with errors. */
enum {
	OCI_PAGE_MAX = 4 << 20,
	OCI_TAGS_MAX = 200000,
	OCI_PAGES_MAX = 10000,
	OCI_REFERRERS_MAX = 10000,
	OCI_UPLOAD_MAX = 1 << 30,
	OCI_ERROR_MAX = 64 << 10,
};

struct oci;

/* Borrows all that `o` points to until it is closed. Connects to nothing. */
err *oci_open(struct oci **out, const struct oci_options *o) __attribute__((warn_unused_result));
void oci_close(struct oci *c);
/* For CLEANUP(oci_drop) struct oci *c = NULL. */
void oci_drop(struct oci **c);

/* What it was opened with. */
const struct oci_options *oci_opened_with(const struct oci *c);

/* How long the registry wants to be left alone from now on; 0: it does not. */
int64_t oci_wait(const struct oci *c);

/* ---- reading; results live in `a` -------------------------------------------- */

/* Media type, digest and size of what a tag or digest names now: one HEAD,
 * and a GET where that is not answered. */
err *oci_resolve(struct oci *c, struct arena *a, str wanted, struct ocidescriptor *out)
	__attribute__((warn_unused_result));
/* The manifest, image or index. */
err *oci_manifest(struct oci *c, struct arena *a, str wanted, struct ocimanifest *out)
	__attribute__((warn_unused_result));

struct oci_platform {
	str os, arch, variant;
};
/* The same; of an index, the image for the platform (NULL: linux/amd64, as
 * the original on every machine). */
err *oci_image(struct oci *c, struct arena *a, str wanted, const struct oci_platform *platform,
	       struct ocimanifest *out) __attribute__((warn_unused_result));

/* A blob of at most `max` bytes, checked, into a spool that is empty. */
err *oci_blob(struct oci *c, const struct ocidescriptor *d, uint64_t max, struct spool *to)
	__attribute__((warn_unused_result));
/* The same for a small one. */
err *oci_blob_text(struct oci *c, struct arena *a, const struct ocidescriptor *d, size_t max,
		   str *out) __attribute__((warn_unused_result));

/* All tags, as the registry orders them. */
err *oci_tags(struct oci *c, struct arena *a, str **out, size_t *n)
	__attribute__((warn_unused_result));
/* What refers to a manifest (signatures, attestations), from the referrers
 * API, or from the tag that stands in for it; empty `artifact_type`: all. */
err *oci_referrers(struct oci *c, struct arena *a, str digest, str artifact_type,
		   struct ocidescriptor **out, size_t *n) __attribute__((warn_unused_result));

/* ---- writing, with `push` ------------------------------------------------------ */

/* What bytes are as a part of a manifest; the digest lives in `a`. */
err *oci_describe(struct arena *a, str bytes, str media_type, struct ocidescriptor *out)
	__attribute__((warn_unused_result));

/* With `oras`, errors of these say which step of a copy it was, as ORAS does. */

/* Whether a tag or a digest names one, and which, as the registry says. */
err *oci_has_manifest(struct oci *c, struct arena *a, str wanted, bool *has, str *digest)
	__attribute__((warn_unused_result));
/* Unless the registry has it. The digest is that of the bytes, in `a`. */
err *oci_push_blob(struct oci *c, struct arena *a, str bytes, struct ocidescriptor *out)
	__attribute__((warn_unused_result));
/* Under a tag, or, when `tag` is empty, by its digest only. */
err *oci_push_manifest(struct oci *c, struct arena *a, str tag, str media_type, str bytes,
		       struct ocidescriptor *out) __attribute__((warn_unused_result));
/* Delete a manifest by digest, or a tag where the registry can do that. */
err *oci_delete(struct oci *c, str wanted) __attribute__((warn_unused_result));

/* Whether basic auth or a token is accepted for the registry as a whole, as
 * `helm registry login` asks. */
err *oci_ping(struct oci *c) __attribute__((warn_unused_result));

#endif
