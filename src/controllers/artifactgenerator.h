/* The inside of the controller of ArtifactGenerator (source.md §10).
 *
 * artifactgenerator.c          a pass: checks, drift, conditions, events
 * artifactgenerator_expand.c   spec.artifacts, and spec.pathPattern, as what is to be made
 * artifactgenerator_object.c   ExternalArtifacts in the cluster and in the store
 *
 * Of a pass's worker.
 */
#ifndef CONTROLLERS_ARTIFACTGENERATOR_H
#define CONTROLLERS_ARTIFACTGENERATOR_H

#include "base/vec.h"
#include "controllers/compose.h"
#include "controllers/pass.h"

#define GENERATOR_GROUP  "source.extensions.fluxcd.io"
#define GENERATOR_LABEL  GENERATOR_GROUP "/generator"
#define GENERATOR_ORIGIN "org.opencontainers.image.revision"

/* So many artifacts one object may stand for; its status names them all. */
enum { GENERATOR_ARTIFACTS_MAX = 5000 };

struct generator_source {
	str alias;
	struct artifact artifact;
	str origin;                 /* revision in the artifact's metadata; or empty */
	struct artifact_tree *tree; /* NULL until it is opened */
};

/* An artifact that is to be made. */
struct generator_request {
	str name;
	str revision, origin; /* aliases, without '@'; or empty */
	node labels;          /* what the path pattern caught; or NODE_NONE */
	struct compose_op *ops;
	size_t ops_n;
};

struct generator {
	struct pass *p;
	struct arena *a;
	str uid;
	VEC(struct generator_source) sources;
	VEC(struct generator_request) requests;
	node inventory; /* of this pass, for status */
};

const struct generator_source *artifactgenerator_source_of(const struct generator *g, str alias);

/* Into g->requests. *terminal: trying again does not help. */
err *artifactgenerator_expand(struct generator *g, bool *terminal)
	__attribute__((warn_unused_result));

/* The store's directory of an ExternalArtifact. */
struct artifact_owner artifactgenerator_owner(const struct generator *g, str name);
/* Let the ExternalArtifact in the cluster be so. */
err *artifactgenerator_apply(struct generator *g, const struct generator_request *r,
			     const struct artifact *made) __attribute__((warn_unused_result));
/* Whether each of the inventory is in the cluster, ours, and with that digest. */
bool artifactgenerator_is_applied(struct generator *g, node inventory);
/* Those of the status or the cluster that g->inventory does not have go, from
 * store and cluster. What cannot be removed is logged. */
void artifactgenerator_remove_orphans(struct generator *g);

#endif
