/* storage - what all source kinds do with their artifact in the store.
 *
 * The first step of a pass, before anything is fetched: is the artifact that
 * the status tells of still there, whole, and at today's address? And the
 * last one, when the object goes. Texts, reasons and events are those of
 * source.md §1.
 *
 * Of a pass's worker.
 */
#ifndef CONTROLLERS_STORAGE_H
#define CONTROLLERS_STORAGE_H

#include "controllers/pass.h"

/* The object's directory in the store. */
struct artifact_owner storage_owner(const struct pass *p);

/* Begin: progress messages, the check of the artifact, and the removal of old
 * ones. *have: there is one, in `out` (texts live in the pass's arena). When
 * it has gone, status.artifact, status.url and ArtifactInStorage go as well. */
void storage_begin(struct pass *p, struct artifact *out, bool *have);

/* The remote has `revision`, of which `text` tells. Where that is not what `before` has
 * (NULL: there was none): ArtifactOutdated=True, and the progress that something is built. */
void storage_announce(struct pass *p, const struct artifact *before, str revision, str text);

/* A new artifact, or the same: status.artifact, ArtifactInStorage=True with
 * `message`; what told of failures before goes (ArtifactOutdated,
 * FetchFailed, StorageOperationFailed and such). Gives whether one of them
 * told so when the pass began. */
bool storage_keep(struct pass *p, const struct artifact *artifact, str message);

/* Whether its bytes are others than those that the object told of when the pass began, also
 * where their file had gone. */
bool storage_is_new(const struct pass *p, const struct artifact *now);
/* After storage_keep: event NewArtifact when it is new, Succeeded when the object has
 * `recovered`, else none. */
void storage_tell(struct pass *p, const struct artifact *now, bool recovered, str message);

/* The remote has what we have: event ArtifactUpToDate, for those who read along. */
void storage_tell_up_to_date(struct pass *p, str revision);

/* For controller.finalize: all of the object's artifacts go. */
struct outcome storage_finalize(struct pass *p);

#endif
