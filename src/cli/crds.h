/* crds - the definitions of Flux's kinds, as one text. */
#ifndef CLI_CRDS_H
#define CLI_CRDS_H

#include "base/arena.h"
#include "base/err.h"

/* A list of CustomResourceDefinitions in JSON, all versions, labelled as Flux
 * installs them. */
err *crds_flux(struct arena *a, str *out) __attribute__((warn_unused_result));

#endif
