/* ocichart - Helm charts in a registry, as Helm's client pulls and pushes them.
 *
 * A chart is an image whose config is of Helm's media type, with the archive as
 * a layer and perhaps its provenance file as another. Helm copies with ORAS;
 * which step fails is part of its words: "failed to perform "FetchReference" on
 * source: ...". The session is one with `oras`. Worker-local.
 */
#ifndef SOURCE_OCICHART_H
#define SOURCE_OCICHART_H

#include "source/oci.h"

/* What is fetched of a chart; bytes live in the arena. */
struct ocichart {
	struct ocimanifest manifest;
	str chart, prov;	/* prov: empty where there is none, or it is not wanted */
	bool old_type;		/* the layer is of OCICHART_OLD_TYPE */
};

#define OCICHART_OLD_TYPE S("application/tar+gzip")
enum { OCICHART_PROV_MAX = 1 << 20 };

/* `wanted` is a tag or a digest, `shown` the whole reference. The chart has at
 * most `max` bytes; `prov`: with its provenance file. */
err *ocichart_pull(struct oci *c, struct arena *a, str wanted, str shown, uint64_t max, bool prov,
		   struct ocichart *out) __attribute__((warn_unused_result));

/* Put the blobs and the manifest there, unless that is there already, and let
 * the tag name it. */
err *ocichart_push(struct oci *c, struct arena *a, const str *blobs, size_t n, str manifest, str tag,
		   struct ocidescriptor *out) __attribute__((warn_unused_result));

#endif
