/* flux_newest - which version of a chart there is, where one was asked for that is not.
 *
 * The controller tells it by an event of the HelmChart; the statuses keep Flux's texts.
 * Worker-local.
 */
#ifndef CLI_FLUX_NEWEST_H
#define CLI_FLUX_NEWEST_H

#include "cli/flux.h"

/* "the newest version of 'podinfo' is '6.14.1'", of a HelmRelease or HelmChart whose version was
 * not found. Empty: of all others, and where it is not known. One request, for those alone. */
str flux_newest(struct cli *c, struct flux_server *s, enum flux_kind_id kind, node object);

#endif
