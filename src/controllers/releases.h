/* releases - which revisions of which releases the storage has, without asking.
 *
 * One watch of the metadata of Helm's release Secrets (label owner=helm), begun
 * when somebody asks first. What a controller does not find here it need not ask
 * for, and what is here as it left it need not be read again.
 *
 * The runtime's own cluster only. Any thread.
 */
#ifndef CONTROLLERS_RELEASES_H
#define CONTROLLERS_RELEASES_H

#include "client/live.h"

struct releases;

/* What releases are stored as. */

/* `namespace`: the only one that is watched; empty: all. Takes a reference of the client. */
struct releases *releases_new(struct client *c, str namespace) __attribute__((returns_nonnull));
/* NULL is fine. */
void releases_free(struct releases *r);

struct release_revision {
	int64_t version;
	uint64_t stored;	/* resourceVersion */
	str status;		/* of the label */
};
struct release_revisions {
	struct release_revision *p;	/* oldest first */
	size_t n;
};

/* The revisions of a release. False: nothing is known (yet, or of that namespace). */
bool releases_find(struct releases *r, struct arena *a, str namespace, str name,
		   const atomic_bool *cancel, struct release_revisions *out);
/* "sh.helm.release.v1.NAME.vN" of a Secret; false: it is no such name. */
bool releases_split(str secret, str *name, int64_t *version);
/* An answer of the server: the metadata of a Secret that was written. */
void releases_note(struct releases *r, node object);

#endif
