/* helmsource - a HelmRepository: from its spec and its Secrets to an artifact.
 *
 * All that its controller needs to know of chart repositories, in the manner
 * of source/gitsource.h:
 *
 *	CLEANUP(helmsource_release) struct helmsource h = { 0 };
 *	e = helmsource_fetch(&h, env, &spec, &seen);
 *	if (!e && !h.unchanged) {
 *		... status: ArtifactOutdated, "new index revision 'REVISION'" ...
 *		e = helmsource_store(&h, env, &spec);
 *	}
 *
 * Fetching asks for the index, and by the server's etag only for a new one.
 * What comes is held in a file, gone through once, and its digest is the
 * revision. Storing writes it as JSON. None of it is in memory as a whole.
 *
 * Errors have Flux's words and reasons. Worker-local; the environment is
 * shared and any thread's.
 */
#ifndef CONTROLLERS_HELMSOURCE_H
#define CONTROLLERS_HELMSOURCE_H

#include "helm/repoindex.h"
#include "source/artifact.h"
#include "source/failure.h"
#include "source/helmrepo.h"

struct helmsource_env {
	struct net_client *net;
	struct artifact_store *store;
	uint64_t index_max;        /* bytes; 0: REPOINDEX_SIZE_MAX */
	const atomic_bool *cancel; /* of this pass; or NULL */
};

struct helmsource_spec {
	struct artifact_owner owner; /* .kind "HelmRepository" */
	str url;
	bool pass_credentials;
	int64_t timeout;                  /* nanoseconds; 0: 60 s */
	const struct credentials *secret; /* NULL: no secretRef */
	const struct credentials *cert;   /* NULL: no certSecretRef */
};

/* What the caller keeps per object from pass to pass; zero at first, and when
 * the spec changes. */
struct helmsource_hint {
	struct helmrepo_hint http;
	char revision[160]; /* of the index that has the etag */
};

/* What status says of the last pass. */
struct helmsource_seen {
	const struct artifact *artifact; /* NULL: none, or not in the store any more */
	struct helmsource_hint *hint;    /* or NULL */
};

struct helmsource {
	struct arena mem; /* holds all texts below */
	struct spool index;
	str revision;   /* "sha256:..." of the index as it was fetched */
	bool unchanged; /* it is the artifact's */
	/* After helmsource_store, or when nothing changed: */
	struct artifact artifact;
	str event; /* "stored fetched index of size 36.27kB from 'URL'" */
	str link;  /* status.url; empty: the link could not be made */

	/* Its own. */
	struct repoindex *ix;
};

err *helmsource_fetch(struct helmsource *h, const struct helmsource_env *env,
		      const struct helmsource_spec *spec, const struct helmsource_seen *seen)
	__attribute__((warn_unused_result));
err *helmsource_store(struct helmsource *h, const struct helmsource_env *env,
		      const struct helmsource_spec *spec) __attribute__((warn_unused_result));
void helmsource_release(struct helmsource *h);

/* Before Secrets are read, and between them: in the original's order. */
err *helmsource_check_url(struct arena *a, str url) __attribute__((warn_unused_result));
err *helmsource_check_cert(const struct credentials *cert) __attribute__((warn_unused_result));

/* How to speak to a repository with these Secrets; `tls` holds what the
 * second argument points to. Marked as the originals' authentication errors. */
err *helmsource_open_repo(struct helmrepo *out, struct net_tls *tls, str url,
			  const struct credentials *secret, const struct credentials *cert)
	__attribute__((warn_unused_result));

/* "36.27kB": decimal, four digits. */
str helmsource_size(struct arena *a, uint64_t n);

#endif
