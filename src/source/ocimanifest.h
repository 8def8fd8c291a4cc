/* ocimanifest - what an image, an artifact or an index consists of.
 *
 * A manifest is a small JSON text that names its parts (*descriptors*) by
 * digest and size. Read are OCI image manifests and indexes and Docker's
 * version 2 of both; what is of another kind, or says one kind outside and
 * another inside, is refused. So is every digest that is not of a known
 * algorithm, and every size below zero.
 *
 * Written are OCI image manifests, the same bytes for the same parts: keys in
 * the order of the specification, annotations sorted.
 *
 * Trees live in the arena and borrow from the text. Any thread.
 */
#ifndef SOURCE_OCIMANIFEST_H
#define SOURCE_OCIMANIFEST_H

#include "base/buf.h"
#include "value/node.h"

#define OCIMANIFEST_IMAGE        S("application/vnd.oci.image.manifest.v1+json")
#define OCIMANIFEST_INDEX        S("application/vnd.oci.image.index.v1+json")
#define OCIMANIFEST_DOCKER       S("application/vnd.docker.distribution.manifest.v2+json")
#define OCIMANIFEST_DOCKER_LIST  S("application/vnd.docker.distribution.manifest.list.v2+json")
#define OCIMANIFEST_EMPTY_CONFIG S("application/vnd.oci.empty.v1+json")

/* What Flux and Helm write. */
#define OCIMANIFEST_FLUX_CONFIG  S("application/vnd.cncf.flux.config.v1+json")
#define OCIMANIFEST_FLUX_CONTENT S("application/vnd.cncf.flux.content.v1.tar+gzip")
#define OCIMANIFEST_HELM_CONFIG  S("application/vnd.cncf.helm.config.v1+json")
#define OCIMANIFEST_HELM_CHART   S("application/vnd.cncf.helm.chart.content.v1.tar+gzip")
#define OCIMANIFEST_HELM_PROV    S("application/vnd.cncf.helm.chart.provenance.v1.prov")

/* Bytes of a manifest, and its parts. */
enum { OCIMANIFEST_MAX = 4 << 20, OCIMANIFEST_PARTS_MAX = 10000 };

struct ocidescriptor {
	str media_type;
	str digest; /* checked: "sha256:<hex>" */
	int64_t size;
	str artifact_type;
	node annotations;      /* texts by name, or NODE_NONE */
	str os, arch, variant; /* of its platform; empty: none */
};

struct ocimanifest {
	str bytes, digest; /* digest: filled in by who fetched it */
	str media_type;
	bool index;
	str artifact_type;
	struct ocidescriptor config; /* of an image */
	struct ocidescriptor *parts; /* layers of an image, manifests of an index */
	size_t parts_n;
	struct ocidescriptor subject; /* digest empty: none */
	node annotations;
};

/* The code of an error about the text of an image's manifest, in the words of its decoder. */
enum { OCIMANIFEST_MALFORMED = -1 };
/* `media_type` as the server says; empty: as the text says. Borrows `bytes`. */
err *ocimanifest_read(struct arena *a, str bytes, str media_type, struct ocimanifest *out)
	__attribute__((warn_unused_result));
/* Of media_type (empty: the OCI one), artifact_type, config, parts, subject, annotations. */
void ocimanifest_write(struct buf *b, const struct ocimanifest *m);

/* The part of an index for a platform; without a platform of its own a part
 * counts as linux/amd64. NULL: none. */
const struct ocidescriptor *ocimanifest_find(const struct ocimanifest *index, str os, str arch,
					     str variant);
/* Empty when there is none. */
str ocimanifest_annotation(node annotations, str name);

#endif
