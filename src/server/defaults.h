/* defaults - what the API sets where a built-in object says nothing.
 *
 * Most rules belong to a type, not to a kind: every PodSpec gets the same
 * dnsPolicy, wherever it stands. So one walk over the object follows its
 * types; plain values are rows of a table, the conditional ones functions, and
 * fields whose declaration has a default get that. What the original's
 * conversions do on the way in and out of its internal form is done here too
 * (serviceAccount mirrors serviceAccountName, stringData moves into data).
 *
 * The object is canonical (kube/canon.h) before and after, but for the order
 * of fields. Applying defaults twice changes nothing.
 *
 * Worker-local.
 */
#ifndef SERVER_DEFAULTS_H
#define SERVER_DEFAULTS_H

#include "server/kind.h"

/* The defaults hook of all built-in kinds. */
void defaults_apply(struct arena *a, const struct kind *k, node object);
/* What the way into the original's storage and back makes of an object: it gets its
 * defaults once more, and printed lists that are empty become null. */
void defaults_stored(struct arena *a, const struct kind *k, node object);
/* The same as defaults_apply below an object, for parts that are made later. */
void defaults_apply_type(struct arena *a, const struct type *type, node object);

#endif
