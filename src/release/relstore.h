/* relstore - where records of releases are kept: Secrets or ConfigMaps.
 *
 * One object a revision, "sh.helm.release.v1.NAME.vN", with the labels that
 * Helm looks for: owner, name, status, version, and those of the release. An
 * update replaces the object and its labels, as Helm does: what a record was
 * not read with is gone.
 *
 * What cannot be decoded is passed over in lists, as in Helm.
 *
 * Ownership: a struct relstore borrows its client and texts. Records live in
 * the caller's arena. Any thread that may use the client.
 */
#ifndef RELEASE_RELSTORE_H
#define RELEASE_RELSTORE_H

#include "client/client.h"
#include "release/record.h"
#include "release/relmemory.h"

enum relstore_driver { RELSTORE_SECRET, RELSTORE_CONFIGMAP, RELSTORE_MEMORY };

struct relstore {
	enum relstore_driver driver;
	struct client *client;
	struct relmemory *memory;	/* of RELSTORE_MEMORY */
	str ns;			/* empty: all, for lists only */
	str manager;		/* of the objects' fields; empty: by the name of the client */
	struct record_cache *cache;	/* NULL: records are packed as Helm packs them */
	/* After an object was written: its metadata, as the server has it. NULL. */
	void (*wrote)(void *ctx, node object);
	void *wrote_ctx;
};

struct record_list {
	struct record *p;
	size_t n, cap;
	size_t unread;		/* what could not be decoded */
};

/* By $HELM_DRIVER: "", "secret", "secrets", "configmap", "configmaps",
 * "memory". */
err *relstore_driver(str word, enum relstore_driver *out) __attribute__((warn_unused_result));

/* "sh.helm.release.v1.NAME.vN" */
str relstore_key(struct arena *a, str name, int64_t version);

/* All revisions of a name, or those with a status, or (with an empty name)
 * of all names that the selector fits: oldest revision first. */
err *relstore_find(const struct relstore *s, struct arena *a, str name, str status, str selector,
		   struct record_list *out) __attribute__((warn_unused_result));
/* "release: not found" */
err *relstore_get(const struct relstore *s, struct arena *a, str name, int64_t version,
		  struct record *out) __attribute__((warn_unused_result));
/* The same with all its labels, as a list has them: those go on to what comes after it. */
err *relstore_read(const struct relstore *s, struct arena *a, str name, int64_t version,
		   struct record *out) __attribute__((warn_unused_result));
/* "release: already exists". `size` (or NULL) gets the bytes of the value that the
 * object holds, before it comes to that. */
err *relstore_create(const struct relstore *s, const struct record *r, size_t *size)
	__attribute__((warn_unused_result));
err *relstore_update(const struct relstore *s, const struct record *r)
	__attribute__((warn_unused_result));
err *relstore_delete(const struct relstore *s, str name, int64_t version)
	__attribute__((warn_unused_result));
/* Make room: delete the oldest of `history` until `max` - 1 are left (0: no
 * limit); the newest deployed one stays. */
err *relstore_trim(const struct relstore *s, const struct record_list *history, int64_t max)
	__attribute__((warn_unused_result));

/* The newest deployed revision of a history, or NULL. */
struct record *relstore_deployed(const struct record_list *history);
/* The newest, or NULL. */
struct record *relstore_last(const struct record_list *history);
/* Why a history has no newest: "release: not found", or what there is cannot be decoded. */
err *relstore_no_last(const struct record_list *history, str name)
	__attribute__((warn_unused_result));

/* Whether a label belongs to the storage itself: name, owner, status, version,
 * createdAt, modifiedAt. */
bool relstore_is_own_label(str key);
/* Labels of a user's may be none of those. */
err *relstore_check_labels(node labels) __attribute__((warn_unused_result));

#endif
