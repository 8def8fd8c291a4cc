/* chartrepo - a HelmRepository as others take charts from it.
 *
 * One of two kinds: a server with an index, whose artifact is in our store (or
 * which is fetched first), or an OCI registry, where tags are versions. Asked
 * for a chart by name and range, it tells which version that is and where it
 * lies, and gives its bytes.
 *
 * Charts that many HelmCharts want at the same time are downloaded once, for those
 * who read the same index and log in alike (source/blobshare.h). What an index said of a
 * chart, and that a chart is one, is kept in `facts`, by digest.
 *
 * Errors have the words of source-controller. Worker-local.
 */
#ifndef CONTROLLERS_CHARTREPO_H
#define CONTROLLERS_CHARTREPO_H

#include "controllers/configs.h"
#include "helm/repoindex.h"
#include "source/artifact.h"
#include "source/helmrepo.h"
#include "source/oci.h"

/* Flux's default for --helm-chart-max-size. */
enum { CHARTREPO_CHART_MAX = 10 << 20 };

struct chartrepo_env {
	struct net_client *net;
	struct artifact_store *store;
	struct oci_memory *memory; /* of registries; NULL: none */
	struct configs *facts;     /* NULL: none are kept */
	uint64_t index_max;        /* bytes; 0: REPOINDEX_SIZE_MAX */
	uint64_t chart_max;        /* bytes; 0: CHARTREPO_CHART_MAX */
	const atomic_bool *cancel;
};

/* What the object says. All borrowed. */
struct chartrepo_spec {
	str url;
	bool oci;
	bool insecure, pass_credentials;
	int64_t timeout; /* nanoseconds; 0: 60 s */
	const struct credentials *secret, *cert; /* NULL: none */
	const struct ociauth *provided; /* by a cloud, for oci without a secret; or NULL */
	const struct artifact *index; /* in our store; NULL: fetched from the server */
};

struct chartrepo_version {
	str name, version;
	str url;    /* absolute; empty: there is none */
	str newest; /* of those there are; for hints, empty when not known */
	str digest; /* of the manifest that was verified: what is got then; else empty */
};

/* Whether the manifest with that digest is signed as wanted: NULL, or why it
 * does not count as such. `ref` has repository, tag and digest. */
typedef err *chartrepo_check(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref);

struct chartrepo;

/* Before Secrets are read. */
err *chartrepo_check_url(struct arena *a, str url) __attribute__((warn_unused_result));
/* Asks nobody yet. Errors are marked: who we are, or a URL that is none. */
err *chartrepo_open(struct chartrepo **out, const struct chartrepo_env *env,
		    const struct chartrepo_spec *spec) __attribute__((warn_unused_result));
void chartrepo_close(struct chartrepo *r);
/* For CLEANUP(chartrepo_drop) struct chartrepo *r = NULL. */
void chartrepo_drop(struct chartrepo **r);

/* The version that is wanted. On errors *reference tells whether name or range
 * are to blame ("no 'x' chart with version matching 'y' found"), rather than
 * the server; `out` has `newest` then, when there is one. */
err *chartrepo_find(struct chartrepo *r, struct arena *a, str name, str range,
		    struct chartrepo_version *out, bool *reference)
	__attribute__((warn_unused_result));
/* Whether the version is signed as wanted (registries alone). What was looked
 * at is kept in `v`, so that a tag that moves meanwhile gets nothing unverified
 * through. */
err *chartrepo_verify(struct chartrepo *r, struct arena *a, struct chartrepo_version *v,
		      chartrepo_check *verify, void *ctx) __attribute__((warn_unused_result));
/* Its bytes. */
err *chartrepo_get(struct chartrepo *r, struct arena *a, const struct chartrepo_version *v,
		   str *out) __attribute__((warn_unused_result));

#endif
